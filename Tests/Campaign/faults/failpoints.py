"""kill -9 of the master at the moments that matter, which the links see as they pass."""

from __future__ import annotations

import random
import time

from faults.stage import Facts, Stage
from links.commits import WRITES, Failpoint, Moment
from links.sends import SendFailpoint

PATIENCE = 20.0


def commit(stage: Stage, chance: random.Random) -> Facts:
    """Before a commit, or after it and before anybody hears of it."""
    master = stage.cluster.leader
    write = chance.choice(sorted(WRITES))
    moment = chance.choice(list(Moment))
    # Single writes come seldom; results come with every batch.
    countdown = chance.randint(1, 20) if write in ("result", "lease") else chance.randint(1, 2)
    failpoint = Failpoint(write, moment, countdown, master.kill_at_once)
    master.commits.failpoint = failpoint
    reached = failpoint.fired.wait(PATIENCE)
    master.commits.failpoint = None
    master.kill()
    # What the proxy still holds of the dead master's transactions must not arrive later.
    master.database_link.reset()
    time.sleep(chance.choice([0.0, 0.5]))
    master.start()
    return {"write": write, "moment": moment.value, "countdown": countdown, "reached": reached}


def send(stage: Stage, chance: random.Random) -> Facts:
    """What the master has just written to a worker never arrives."""
    master = stage.cluster.leader
    worker = stage.some_worker(chance)
    failpoint = SendFailpoint(chance.randint(1, 30), master.kill_at_once)
    worker.sends.failpoint = failpoint
    reached = failpoint.fired.wait(PATIENCE)
    worker.sends.failpoint = None
    master.kill()
    for link in worker.links:
        link.reset()
    time.sleep(chance.choice([0.0, 0.5]))
    master.start()
    return {"worker": worker.name, "reached": reached}
