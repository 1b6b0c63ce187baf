"""Which faults come in which order: all of it follows from the seed."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass

from faults.stage import Fault


@dataclass(frozen=True)
class Step:
    number: int
    fault: Fault
    seed: int
    """Of everything that the fault chooses."""


def plan(catalogue: Iterable[Fault], counts: dict[str, int], seed: int) -> list[Step]:
    names = [fault for fault in catalogue for _ in range(counts.get(fault.name, 0))]
    chance = random.Random(seed)
    chance.shuffle(names)
    return [Step(number, fault, chance.getrandbits(48)) for number, fault in enumerate(names)]
