"""How much memory a chunk process may still take, and how far it has come: what keeps it from being killed, and what
its agent learns when it is."""

import itertools
import mmap
import os
import re
import resource
import time
from typing import Any, Iterator, Optional

# Of what the limit leaves above the process's own memory: a piece ends when its records have taken this much, for its
# effects are written down in the rest.
SHARE = 0.35
# What may stay behind of a piece before the process is better replaced.
REMAINDER = 0.15
# Seconds between two looks.
LOOK = 0.002
# Records handed on at once: few at first, for one may be large.
FIRST_BATCH = 8
BATCH = 256
# Seconds of a batch below which larger ones are made, and above which smaller ones: what one may allocate unseen.
QUICK_BATCH = 0.0005
SLOW_BATCH = 0.002
PAGE = os.sysconf("SC_PAGE_SIZE")
NOTHING = object()


class Room:
    """The memory of this process against its limit."""

    def __init__(self, limit: int, progress: Optional[str]) -> None:
        """`limit` in bytes, 0 when there is none; `progress`: a file that the agent reads when the process is gone."""
        self.limit = limit
        self.file = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
        # The chunk at hand, counted from 1; the records of its piece that the body is done with, and has been given.
        self.progress: Any = [0, 0, 0]
        if progress:
            descriptor = os.open(progress, os.O_RDWR | os.O_CLOEXEC)
            self.progress = memoryview(mmap.mmap(descriptor, mmap.PAGESIZE)).cast("q")
            os.close(descriptor)
        self.base = 0
        self.bound = 0
        # The system lets a process begin with the peak of the one that started it.
        self.inherited = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        self.last_peak = 0

    def resident(self) -> int:
        """Bytes."""
        return int(os.pread(self.file, 100, 0).split()[1]) * PAGE

    def begin(self, index: int) -> None:
        """A piece of a chunk begins."""
        self.progress[1] = self.progress[2] = 0
        self.progress[0] = index + 1

    def measure(self) -> None:
        """What is resident now is the process's own, and no chunk's."""
        self.base = self.resident()
        self.bound = self.base + int((self.limit - self.base) * SHARE)

    def peak(self, is_short: bool) -> int:
        """The most bytes that were resident since the peak was forgotten, about. `is_short`: not long ago."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        if peak > self.inherited:
            return peak * 1024
        if not is_short or not self.last_peak:
            with open("/proc/self/status", "rb", buffering=0) as file:
                found = re.search(rb"VmHWM:\s*(\d+)", file.read(4096))
            self.last_peak = int(found.group(1)) * 1024 if found else peak * 1024
        return self.last_peak

    def forget_peak(self) -> None:
        """Lets the peak be that of the next piece alone, where the system can."""
        try:
            with open("/proc/self/clear_refs", "wb", buffering=0) as file:
                file.write(b"5")
        except OSError:
            pass

    def is_short(self) -> bool:
        """Whether the piece at hand had better end here."""
        return self.resident() > self.bound

    def is_stuck(self, sending: int) -> bool:
        """Whether too much of the last piece has stayed, besides the bytes that are sent."""
        return self.limit > 0 and self.resident() - sending > self.base + (self.limit - self.base) * REMAINDER


class Counter:
    """Hands records on in batches, and counts them; ends early when memory gets short, or after so many."""

    def __init__(self, room: Room, most: Optional[int], is_exact: bool) -> None:
        """`is_exact`: the progress is to be that of each record, and no record is read before it is needed."""
        self.room = room
        self.most = most
        self.largest = 1 if is_exact else BATCH
        self.count = 0
        # The source has more.
        self.has_more = False

    def anew(self) -> "Counter":
        """For the same piece once more."""
        self.count = 0
        self.has_more = False
        return self

    def batches(self, records: Iterator[Any], total: Optional[int]) -> Iterator[list[Any]]:
        """`total`: how many there are; None when they have to be read to know it."""
        room, most, clock = self.room, self.most, time.perf_counter
        size = min(FIRST_BATCH, self.largest, most or BATCH)
        begun = clock()
        next_look = begun + LOOK if room.limit else float("inf")
        while batch := list(itertools.islice(records, size)):
            self.count += len(batch)
            room.progress[2] = self.count
            yield batch
            # The body is done with them.
            del batch
            room.progress[1] = self.count
            now = clock()
            if now - begun > SLOW_BATCH:
                size = max(size // 4, 1)
            elif size < self.largest and now - begun < QUICK_BATCH:
                size *= 2
            begun = now
            if most is not None:
                size = min(size, most - self.count)
            is_short = False
            if now > next_look:
                next_look = now + LOOK
                is_short = room.is_short()
            if is_short or size == 0:
                if total is None:
                    self.has_more = next(records, NOTHING) is not NOTHING
                else:
                    self.has_more = self.has_more or self.count < total
                return
