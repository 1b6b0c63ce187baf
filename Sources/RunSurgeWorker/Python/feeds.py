"""What every source is to the driver and to a chunk.

A *feed* is the live iterator of an entered region. At handover it gives a *slice*: what is left, as a
description, which a chunk process has *opened* again. Units are bytes for files and records for everything in
memory.
"""

from typing import Any, Iterator, Optional

from _runsurge import environment
from _runsurge.guards import Declined
from _runsurge.pipe import Json

MOST_CUTS = 40_000


class Slice:
    """What is left of a source when it is handed over."""

    unit = "records"

    def __init__(self, first: int, last: int, spec: Json) -> None:
        self.first = first
        self.last = last
        self.spec = spec
        self.cuts: Optional[list[int]] = None
        self.blobs: list[Json] = []
        # Goes with the environment.
        self.detail: dict[str, Any] = {}

    def record(self, index: int) -> Any:
        """The driver's own record, for sources in memory."""
        raise Declined("records of a file are not shared")


class Feed:
    """A live iterator that is known well enough to be handed over."""

    kind = "memory"
    unit = "records"
    # Records that have to be taken natively before anything else is known.
    needed = 0

    def __init__(self, iterator: Any) -> None:
        self.it = iterator

    def start(self) -> None:
        """Notes where the native loop begins, for measuring."""

    def done(self, records: int) -> float:
        """Units the native loop has taken, nearly."""
        return records

    def left(self) -> Optional[float]:
        """Units that are left, nearly; None when that can't be known."""
        return None

    def slice(self, context: "Handover") -> Slice:
        raise NotImplementedError

    def resume(self, sliced: Slice, offset: int) -> None:
        """Lets the native loop go on at a unit."""
        raise NotImplementedError

    def finish(self, sliced: Slice) -> None:
        """Leaves everything as the native loop would at its end."""
        self.resume(sliced, sliced.last)

    def describe(self) -> str:
        return "records in memory"


class NeedsNewIterator(Exception):
    """The native loop goes on with another iterator: nothing else holds the one before."""


class Handover:
    """What slicing needs to know."""

    def __init__(self, definitions: environment.Definitions, chunk_records: Optional[int], seconds_per_unit: float,
                 slots: int, is_forced: bool, started: float, store: Any, standard_input: Optional[str]) -> None:
        self.definitions = definitions
        self.chunk_records = chunk_records
        self.seconds_per_unit = seconds_per_unit
        self.slots = slots
        self.is_forced = is_forced
        # Wall-clock time at which the script began: a file changed since is no input of the job.
        self.started = started
        self.store = store
        self.standard_input = standard_input


class Opened:
    """A source in a chunk process. `records` gives an iterator over the records that begin in [a, b)."""

    # Units are records.
    counts_records = True

    def records(self, first: int, last: int) -> Iterator[Any]:
        raise NotImplementedError

    def actual(self, first: int, last: int) -> tuple[int, int]:
        """Where the records of [a, b) really begin and end."""
        return first, last

    def after(self, first: int, last: int, count: int) -> int:
        """The unit behind the first `count` records of [first, last)."""
        return first + count

    def check(self) -> Optional[str]:
        """After the records: why they were not those of the slice."""
        return None

    def record(self, index: int) -> Any:
        raise LookupError

    def forget(self) -> None:
        """Lets go of records that live as long as their chunk."""

    def close(self) -> None:
        """Lets the file go."""


def every(offsets: Iterator[int], count: int) -> list[int]:
    """Each `count`th offset, and the last; coarser when there would be more than a frame's head can list."""
    kept: list[int] = []
    last = 0
    for position, last in enumerate(offsets):
        if position % count:
            continue
        kept.append(last)
        if len(kept) > MOST_CUTS:
            kept = kept[::2]
            count *= 2
    if kept and kept[-1] != last:
        kept.append(last)
    return kept
