"""Wall clocks that jump, forwards and back, under a running process."""

from __future__ import annotations

import random
import time
from pathlib import Path

from faults.stage import Facts, Stage
from master import Master
from worker import Worker

_LIBRARIES = "/usr/lib/*/faketime/libfaketime.so.1"


def clock_step(stage: Stage, chance: random.Random) -> Facts:
    """The process starts anew under libfaketime, its clock jumps three times, and it starts anew without."""
    cluster = stage.cluster
    roles: list[Master | Worker] = [cluster.leader, stage.some_worker(chance)]
    role = chance.choice(roles)
    clock = cluster.settings.folder / "clock"
    clock.write_text("+0")
    variables = {
        "LD_PRELOAD": _library(), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_CACHE_DURATION": "1",
        # A clock that jumps leaves the times of files as they are.
        "NO_FAKE_STAT": "1",
    }  # fmt: skip
    steps = [chance.choice(["+3600", "-3600", "+90000", "-90000", "+7", "-7"]) for _ in range(3)]
    role.variables.update(variables)
    try:
        role.kill()
        role.start()
        time.sleep(1.5)
        for step in steps:
            clock.write_text(step)
            time.sleep(1.5)
    finally:
        for name in variables:
            role.variables.pop(name)
        role.kill()
        role.start()
    return {"role": role.name, "steps": steps}


def _library() -> str:
    found = sorted(Path("/").glob(_LIBRARIES[1:]))
    if not found:
        raise RuntimeError("libfaketime is not installed: apt-get install faketime")
    return str(found[0])
