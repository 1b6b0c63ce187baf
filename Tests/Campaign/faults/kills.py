"""kill -9 at random moments."""

from __future__ import annotations

import random
import time

from faults.stage import Facts, Stage
from processes import command_line, descendants, send


def worker(stage: Stage, chance: random.Random) -> Facts:
    """The agent; its Python processes die with it."""
    victim = stage.some_worker(chance)
    time.sleep(chance.uniform(0, 0.5))
    victim.kill()
    away = chance.choice([0.0, 0.0, 0.3, 1.0])
    time.sleep(away)
    victim.start()
    return {"worker": victim.name, "away": away}


def python(stage: Stage, chance: random.Random) -> Facts:
    """A sandbox of a worker, with the driver, chunk process or spare in it."""
    victim = stage.some_worker(chance)
    for _ in range(100):
        sandboxes = [
            pid for pid in descendants(victim.process.pid)
            if command_line(pid)[:1] and command_line(pid)[0].endswith("bwrap") and "--info-fd" in command_line(pid)
        ]  # fmt: skip
        if sandboxes:
            break
        time.sleep(0.05)
    else:
        return {"worker": victim.name, "missed": True}
    pid = chance.choice(sandboxes)
    send(pid, 9)
    return {"worker": victim.name, "sandboxes": len(sandboxes)}


def master(stage: Stage, chance: random.Random) -> Facts:
    victim = stage.cluster.master
    time.sleep(chance.uniform(0, 1))
    victim.kill()
    away = chance.choice([0.0, 0.0, 0.5, 2.0])
    time.sleep(away)
    victim.start()
    return {"away": away}


def database(stage: Stage, chance: random.Random) -> Facts:
    """The postmaster with all its children, and a start at once."""
    time.sleep(chance.uniform(0, 1))
    cluster = stage.cluster
    cluster.database_is_held = True
    try:
        cluster.database.kill()
        away = chance.choice([0.0, 0.0, 1.0])
        time.sleep(away)
        cluster.database.start()
    finally:
        cluster.database_is_held = False
    return {"away": away}
