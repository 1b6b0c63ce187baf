"""What a fault may touch, and what it says of itself."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from client import Client
from cluster import Cluster
from worker import Worker

Facts = dict[str, Any]


@dataclass
class Stage:
    cluster: Cluster
    client: Client

    @property
    def lease(self) -> float:
        return self.cluster.settings.lease_seconds

    def some_worker(self, chance: random.Random) -> Worker:
        return chance.choice(self.cluster.workers)


@dataclass(frozen=True)
class Fault:
    name: str
    inject: Callable[[Stage, random.Random], Facts]
    """Returns when the disturbance is over: what was killed is started again, what was cut is whole."""
    full: int
    """How often in a full campaign."""
    short: int
    """How often in the one that CI runs."""
    needs_standby: bool = False
