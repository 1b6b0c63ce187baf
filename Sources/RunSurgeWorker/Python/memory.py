"""Sources in memory: sequences, ranges and dict views, and enumerate and zip over these."""

import collections
import itertools
import operator
import os
import time
from typing import Any, Iterator, Optional

from _runsurge import environment
from _runsurge.feeds import Feed, Handover, Opened, Slice, every
from _runsurge.guards import Declined
from _runsurge.pipe import Json

PIECE_BYTES = 128 << 10
INLINE_BYTES = 192 << 10
SENT_BYTES = 1 << 30


class Items:
    """A sequence from an index on."""

    def __init__(self, items: Any, start: int) -> None:
        self.items = items
        self.start = start
        self.length = max(len(items) - start, 0)

    def item(self, index: int) -> Any:
        return self.items[self.start + index]

    def spec(self, context: Handover, sliced: Slice) -> Json:
        """Pickles the records in pieces, into the environment or into a blob."""
        per = self.records_per_piece(context)
        pieces = []
        total = 0
        begun = time.perf_counter()
        for offset in range(self.start, self.start + self.length, per):
            piece = self.items[offset:offset + per]
            pieces.append(environment.records_bytes(list(piece), context.definitions))
            total += len(pieces[-1])
            if total > SENT_BYTES:
                raise Declined("the records are too large to be sent")
            spent = time.perf_counter() - begun
            share = (offset + len(piece) - self.start) * context.seconds_per_unit
            if not context.is_forced and spent > 0.02 and spent * 2.5 > share:
                raise Declined("sending the records would cost more than it saves")
        name = f"pieces{len(sliced.detail)}"
        if total <= INLINE_BYTES:
            sliced.detail[name] = pieces
            return {"k": "items", "detail": name, "per": per, "count": self.length}
        offsets = [0, *itertools.accumulate(map(len, pieces))]
        blob = context.store(b"".join(pieces))
        sliced.blobs.append(blob)
        return {"k": "items", "blob": blob["sha256"], "offsets": offsets, "per": per, "count": self.length}

    def records_per_piece(self, context: Handover) -> int:
        sample = self.items[self.start:self.start + 50]
        size = len(environment.records_bytes(list(sample), context.definitions)) / max(len(sample), 1)
        per = max(1, int(PIECE_BYTES / max(size, 1)))
        # No more pieces than a frame's head can list.
        return max(per, self.length // 20_000 + 1)


class Numbers:
    """A range."""

    def __init__(self, numbers: range) -> None:
        self.numbers = numbers
        self.length = len(numbers)

    def item(self, index: int) -> Any:
        return self.numbers[index]

    def spec(self, context: Handover, sliced: Slice) -> Json:
        return {"k": "range", "start": str(self.numbers.start), "stop": str(self.numbers.stop),
                "step": str(self.numbers.step)}


class Counted:
    """enumerate over something in memory."""

    def __init__(self, inner: Any, start: int) -> None:
        self.inner = inner
        self.start = start
        self.length = inner.length

    def item(self, index: int) -> Any:
        return (self.start + index, self.inner.item(index))

    def spec(self, context: Handover, sliced: Slice) -> Json:
        return {"k": "enumerate", "start": str(self.start), "inner": self.inner.spec(context, sliced)}


class Zipped:
    """zip over things in memory."""

    def __init__(self, inner: list[Any]) -> None:
        self.inner = inner
        self.length = min((part.length for part in inner), default=0)

    def item(self, index: int) -> Any:
        return tuple(part.item(index) for part in self.inner)

    def spec(self, context: Handover, sliced: Slice) -> Json:
        return {"k": "zip", "inner": [part.spec(context, sliced) for part in self.inner]}


SEQUENCES = (list, tuple, str, bytes)
MEMORY_ITERATORS = frozenset({
    type(iter([])), type(iter(())), type(iter(range(0))), type(iter(range(2**70))), type(iter("")), type(iter("é")),
    type(iter(b"")), type(iter({})), type(iter({}.values())), type(iter({}.items())), type(iter(set())),
    type(reversed([])), type(reversed({})), type(reversed({}.values())), type(reversed({}.items())),
})


def structure(iterator: Any, known: Optional[dict[int, Any]] = None) -> Any:
    """What is left of an iterator over things in memory, without taking anything from it.

    `known`: the iterators that are parts of the same source, by identity. One that is there twice gives its records
    to both in turn.
    """
    kind = type(iterator)
    known = {} if known is None else known
    if id(iterator) in known:
        raise Declined("one iterator is iterated in two places")
    known[id(iterator)] = iterator
    if kind is enumerate:
        inner, start = iterator.__reduce__()[1]
        return Counted(structure(inner, known), start)
    if kind is zip:
        reduced = iterator.__reduce__()
        if len(reduced) > 2:
            raise Declined("a strict zip is iterated")
        return Zipped([structure(part, known) for part in reduced[1]])
    if kind not in MEMORY_ITERATORS:
        raise Declined(f"{kind.__name__} objects can't be cut")
    reduced = iterator.__reduce__()
    held = reduced[1][0] if reduced[1] else ()
    start = reduced[2] if len(reduced) > 2 and reduced[2] is not None else 0
    if reduced[0] is reversed:
        return Items(held[start::-1] if start >= 0 else [], 0)
    if type(held) is range:
        return Numbers(held[start:])
    if type(held) not in SEQUENCES:
        raise Declined(f"records of a {type(held).__name__} can't be sent")
    return Items(held, start)


class MemorySlice(Slice):
    def __init__(self, held: Any) -> None:
        super().__init__(0, held.length, {})
        self.held = held

    def record(self, index: int) -> Any:
        return self.held.item(index)


class MemoryFeed(Feed):
    """Lists, ranges, dicts and the like."""

    def left(self) -> Optional[float]:
        hint = operator.length_hint(self.it, -1)
        if hint >= 0:
            return hint
        try:
            return structure(self.it).length
        except Declined:
            return None

    def slice(self, context: Handover) -> Slice:
        sliced = MemorySlice(structure(self.it))
        sliced.spec = sliced.held.spec(context, sliced)
        if context.chunk_records:
            sliced.cuts = every(iter(range(sliced.last + 1)), context.chunk_records)
        return sliced

    def resume(self, sliced: Slice, offset: int) -> None:
        collections.deque(itertools.islice(self.it, offset - sliced.first), maxlen=0)
        sliced.first = offset

    def finish(self, sliced: Slice) -> None:
        collections.deque(self.it, maxlen=0)

    def describe(self) -> str:
        return {"range_iterator": "range", "enumerate": "enumerate of records in memory",
                "zip": "zip of records in memory"}.get(type(self.it).__name__, "records in memory")


# MARK: in a chunk

class OpenedRange(Opened):
    def __init__(self, spec: Json) -> None:
        self.numbers = range(int(spec["start"]), int(spec["stop"]), int(spec["step"]))

    def records(self, first: int, last: int) -> Iterator[Any]:
        return iter(self.numbers[first:last])


class OpenedItems(Opened):
    """Pickled pieces; the last one used stays loaded."""

    def __init__(self, spec: Json, detail: dict[str, Any], blobs: dict[str, str]) -> None:
        self.per = spec["per"]
        self.pieces = detail.get(spec.get("detail"))
        self.offsets = spec.get("offsets")
        self.file = open(blobs[spec["blob"]], "rb", buffering=0) if self.pieces is None else None
        self.index = -1
        self.loaded: list[Any] = []

    def piece(self, index: int) -> list[Any]:
        if index != self.index:
            if self.pieces is not None:
                data = self.pieces[index]
            else:
                assert self.file is not None
                start, end = self.offsets[index], self.offsets[index + 1]
                data = os.pread(self.file.fileno(), end - start, start)
            self.loaded = environment.records_of(data)
            self.index = index
        return self.loaded

    def records(self, first: int, last: int) -> Iterator[Any]:
        # The records stay alive until the effects are written, as they would in the driver.
        self.held: list[Any] = []
        for index in range(first // self.per, (last - 1) // self.per + 1 if last > first else first // self.per):
            base = index * self.per
            self.held += self.piece(index)[max(first - base, 0):last - base]
        return iter(self.held)

    def forget(self) -> None:
        self.held = self.loaded = []
        self.index = -1

    def close(self) -> None:
        if self.file is not None:
            self.file.close()


class OpenedCounted(Opened):
    def __init__(self, inner: Opened, start: int) -> None:
        self.inner = inner
        self.start = start

    def records(self, first: int, last: int) -> Iterator[Any]:
        return enumerate(self.inner.records(first, last), self.start + first)

    def forget(self) -> None:
        self.inner.forget()


class OpenedZip(Opened):
    def __init__(self, inner: list[Opened]) -> None:
        self.inner = inner

    def records(self, first: int, last: int) -> Iterator[Any]:
        return zip(*[part.records(first, last) for part in self.inner])

    def forget(self) -> None:
        for part in self.inner:
            part.forget()
