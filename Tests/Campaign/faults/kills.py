"""kill -9 at random moments."""

from __future__ import annotations

import random
import signal
import time

from faults.stage import Facts, Stage
from master import Master
from processes import children, command_line, send, wait_until


def worker(stage: Stage, chance: random.Random) -> Facts:
    """The agent; its Python processes die with it."""
    victim = stage.some_worker(chance)
    time.sleep(chance.uniform(0, 0.5))
    victim.kill()
    away = chance.choice([0.0, 0.0, 0.3, 1.0])
    time.sleep(away)
    victim.start()
    return {"worker": victim.name, "away": away}


def sandbox(stage: Stage, chance: random.Random) -> Facts:
    """A sandbox of a worker, with the driver, chunk process or spare in it.

    From outside: a signal to the Python inside could as well be the script's own doing, and is then its result.
    """
    victim = stage.some_worker(chance)
    sandboxes: list[int] = []

    def are_there() -> bool:
        sandboxes[:] = [pid for pid in children(victim.process.pid) if _is_sandbox(pid)]
        return bool(sandboxes)

    wait_until(are_there, 20, f"a sandbox of {victim.name}")
    pid = chance.choice(sandboxes)
    send(pid, signal.SIGKILL)
    return {"worker": victim.name, "sandboxes": len(sandboxes)}


def _is_sandbox(pid: int) -> bool:
    words = command_line(pid)
    return bool(words) and words[0].endswith("bwrap") and "--info-fd" in words


def master(stage: Stage, chance: random.Random) -> Facts:
    """The one that leads; a standby takes over when there is one."""
    time.sleep(chance.uniform(0, 1))
    return _kill_master(stage.cluster.leader, chance)


def standby(stage: Stage, chance: random.Random) -> Facts:
    victims: list[Master] = []

    def is_there() -> bool:
        victims[:] = stage.cluster.standbys
        return bool(victims)

    # The one that was killed last may still be starting.
    wait_until(is_there, 60, "a master to stand by")
    return _kill_master(victims[0], chance)


def _kill_master(victim: Master, chance: random.Random) -> Facts:
    victim.kill()
    away = chance.choice([0.0, 0.0, 0.5, 2.0])
    time.sleep(away)
    victim.start()
    return {"master": victim.name, "away": away}


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
