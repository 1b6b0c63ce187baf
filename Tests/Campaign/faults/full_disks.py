"""No byte left: on a worker's disk, where the blobs are, where the database is."""

from __future__ import annotations

import random
import time

from faults.stage import Facts, Stage


def full_disk(stage: Stage, chance: random.Random) -> Facts:
    cluster = stage.cluster
    place = chance.choice(["spool", "blobs", "database"])
    worker = stage.some_worker(chance)
    disk = {"spool": worker.disk, "blobs": cluster.blobs, "database": cluster.database_disk}[place]
    seconds = chance.uniform(2, 5)
    try:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            # What is freed meanwhile is taken again.
            disk.fill()
            time.sleep(0.1)
    finally:
        disk.empty()
    return {"place": place, "worker": worker.name if place == "spool" else None, "seconds": round(seconds, 2)}
