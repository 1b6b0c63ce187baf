"""Processes that stop, are given up, and come back in the belief that nothing has happened."""

from __future__ import annotations

import random
import time

from faults.stage import Facts, Stage


def worker(stage: Stage, chance: random.Random) -> Facts:
    victim = stage.some_worker(chance)
    with_scripts = chance.random() < 0.5
    seconds = stage.lease + chance.uniform(0.5, 3)
    victim.process.pause(with_descendants=with_scripts)
    time.sleep(seconds)
    victim.process.resume()
    return {"worker": victim.name, "seconds": round(seconds, 2), "with_scripts": with_scripts}


def master(stage: Stage, chance: random.Random) -> Facts:
    """The one that leads: with a standby there are two of them for a while, and the terms decide."""
    victim = stage.cluster.leader
    seconds = stage.lease + chance.uniform(0.5, 3)
    victim.process.pause()
    time.sleep(seconds)
    victim.process.resume()
    return {"master": victim.name, "seconds": round(seconds, 2)}
