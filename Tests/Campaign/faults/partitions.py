"""A worker's cable: cut, cut one way, or loose."""

from __future__ import annotations

import random
import time

from faults.stage import Facts, Stage


def partition(stage: Stage, chance: random.Random) -> Facts:
    worker = stage.some_worker(chance)
    host = worker.host
    shape = chance.choice(["cut", "towards the worker", "from the worker", "flapping"])
    seconds = stage.lease + chance.uniform(0, 4)
    end = time.monotonic() + seconds
    try:
        if shape == "towards the worker":
            host.cut_towards_host()
        elif shape == "from the worker":
            host.cut_from_host()
        elif shape == "cut":
            host.cut()
        while (now := time.monotonic()) < end:
            if shape == "flapping":
                host.cut()
                time.sleep(chance.uniform(0.05, 0.7))
                host.restore()
                time.sleep(chance.uniform(0.05, 0.7))
            else:
                time.sleep(min(0.1, end - now))
    finally:
        host.restore()
    return {"worker": worker.name, "shape": shape, "seconds": round(seconds, 2)}
