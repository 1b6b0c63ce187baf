"""What regions iterate over: recognised in the driver, described for the master, opened again in a chunk.

A *feed* is the live iterator of an entered region. At handover it gives a *slice*: what is left, as a
description. Units are bytes for files and records for everything in memory.
"""

import bisect
import collections
import csv
import gc
import io
import itertools
import operator
import os
import stat
import sys
import time
from typing import Any, Iterator, Optional

from _runsurge import environment, text
from _runsurge.guards import Declined
from _runsurge.text import Lines

Json = dict[str, Any]

PIECE_BYTES = 128 << 10
INLINE_BYTES = 192 << 10
SENT_BYTES = 1 << 30
MOST_CUTS = 40_000
# Quoted, so that it is one field whatever the delimiter; no text of a file is likely to hold it.
MARK = "\ue0f1runsurge\ue0f2"
csv_reader = type(csv.reader([]))


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


# MARK: sources in memory

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


def structure(iterator: Any) -> Any:
    """What is left of an iterator over things in memory, without taking anything from it."""
    kind = type(iterator)
    if kind is enumerate:
        inner, start = iterator.__reduce__()[1]
        return Counted(structure(inner), start)
    if kind is zip:
        reduced = iterator.__reduce__()
        if len(reduced) > 2:
            raise Declined("a strict zip is iterated")
        return Zipped([structure(part) for part in reduced[1]])
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


# MARK: files

class FileFeed(Feed):
    """Lines of a text or binary file."""

    kind = "lines"
    unit = "bytes"

    def __init__(self, iterator: Any, handle: Any) -> None:
        super().__init__(iterator)
        self.handle = handle
        self.raw = handle.buffer if type(handle) is io.TextIOWrapper else handle
        self.begun = 0

    def start(self) -> None:
        self.begun = self.raw.tell()

    def done(self, records: int) -> float:
        return self.raw.tell() - self.begun

    def left(self) -> Optional[float]:
        return os.fstat(self.raw.fileno()).st_size - self.raw.tell()

    def describe(self) -> str:
        name = self.handle.name
        return f"lines of {os.path.basename(name) if isinstance(name, str) else name}"

    def path(self, context: Handover) -> str:
        """The file's absolute path, when it is still the file that is open."""
        name = self.raw.name
        if self.handle is sys.stdin or name == 0:
            name = context.standard_input or os.readlink("/proc/self/fd/0")
        if not isinstance(name, (str, bytes)):
            raise Declined("the file has no name")
        path = os.path.abspath(os.fsdecode(name))
        try:
            known, held = os.stat(path), os.fstat(self.raw.fileno())
        except OSError:
            raise Declined("the file's name is gone")
        if not stat.S_ISREG(held.st_mode):
            raise Declined("the input is no regular file")
        if (known.st_dev, known.st_ino) != (held.st_dev, held.st_ino) and context.standard_input is None:
            raise Declined("the file's name means another file by now")
        return path

    def locate(self, context: Handover) -> tuple[Json, int, int]:
        """Description, position and end of the file."""
        path = self.name = self.path(context)
        size = os.fstat(self.raw.fileno()).st_size
        if type(self.handle) is io.TextIOWrapper:
            encoding = text.canonical(self.handle.encoding)
            if encoding is None:
                raise Declined(f"text in {self.handle.encoding} can't be cut")
            newline = text.newline_of(self.handle, path)
            spec = {"k": "lines", "path": path, "encoding": encoding, "errors": self.handle.errors, "newline": newline}
            first, spec["block"] = text.position(self.handle, path, encoding, newline)
        else:
            spec = {"k": "lines", "path": path, "encoding": None, "errors": None, "newline": "\n"}
            first = self.raw.tell()
        return spec, first, size

    def publish(self, context: Handover, sliced: Slice) -> None:
        """Sends the bytes themselves when no other machine has the file."""
        changed = os.fstat(self.raw.fileno()).st_ctime
        if changed < context.started - 0.01:
            return
        lines = Lines(sliced.spec["path"], "\n")
        try:
            blob = context.store(lines.read(sliced.first, sliced.last - sliced.first))
        finally:
            lines.close()
        sliced.spec.update(blob=blob["sha256"], base=sliced.first, path=None)
        sliced.blobs.append(blob)

    def slice(self, context: Handover) -> Slice:
        spec, first, last = self.locate(context)
        spec["first"], spec["last"] = first, last
        sliced = Slice(first, last, spec)
        sliced.unit = "bytes"
        if context.chunk_records:
            lines = Lines(spec["path"], spec["newline"])
            sliced.cuts = every(lines.starts(first, last), context.chunk_records)
            lines.close()
        self.publish(context, sliced)
        return sliced

    def resume(self, sliced: Slice, offset: int) -> None:
        self.place(sliced.spec, offset)

    def place(self, spec: Json, offset: int) -> None:
        """Lets the handle stand at a line start."""
        if type(self.handle) is not io.TextIOWrapper:
            self.handle.seek(offset)
            return
        text.place(self.handle, self.name, spec["encoding"], spec["newline"], offset, spec["block"])

    def finish(self, sliced: Slice) -> None:
        self.handle.seek(sliced.last)
        next(self.handle, None)


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


class CountedLinesFeed(FileFeed):
    """enumerate over the lines of a file: the driver cuts, because a chunk has to know its first number."""

    def slice(self, context: Handover) -> Slice:
        number = self.it.__reduce__()[1][1]
        spec, first, last = self.locate(context)
        spec["first"], spec["last"] = first, last
        lines = Lines(spec["path"], spec["newline"])
        if context.chunk_records:
            cuts = every(lines.starts(first, last), context.chunk_records)
        else:
            cuts = even_cuts(lines, first, last, context)
        numbers = [number]
        for left, right in zip(cuts, cuts[1:]):
            numbers.append(numbers[-1] + lines.count(left, right))
        lines.close()
        sliced = Slice(first, last, {"k": "numbered", "lines": spec, "cuts": cuts, "numbers": numbers})
        sliced.unit = "bytes"
        sliced.cuts = cuts
        outer, sliced.spec = sliced.spec, spec
        self.publish(context, sliced)
        sliced.spec = outer
        return sliced

    def resume(self, sliced: Slice, offset: int) -> None:
        self.place(sliced.spec["lines"], offset)
        lines = Lines(self.name, sliced.spec["lines"]["newline"])
        number = number_at(sliced.spec, lines, offset)
        lines.close()
        # Only iterating moves enumerate's own count.
        raise NeedsNewIterator(enumerate(self.handle, number))

    def describe(self) -> str:
        return f"enumerate of {super().describe()}"


def number_at(spec: Json, lines: Lines, offset: int) -> int:
    """What enumerate says at a line start."""
    known = bisect.bisect_right(spec["cuts"], offset) - 1
    return spec["numbers"][known] + lines.count(spec["cuts"][known], offset)


class NeedsNewIterator(Exception):
    """The native loop goes on with another iterator: nothing else holds the one before."""


def even_cuts(lines: Lines, first: int, last: int, context: Handover) -> list[int]:
    """Boundaries at line starts, for chunks of about half a second and four a slot at least."""
    step = int(max(min(0.5 / max(context.seconds_per_unit, 1e-12), (last - first) / (4 * context.slots)), 1 << 12))
    step = max(step, (last - first) // 20_000 + 1)
    cuts = [first]
    while cuts[-1] < last:
        cuts.append(lines.next_start(cuts[-1] + step, last) if cuts[-1] + step < last else last)
    return cuts


class CsvFeed(FileFeed):
    """Rows of a CSV file through csv.reader or csv.DictReader."""

    kind = "csv"

    def __init__(self, iterator: Any, handle: Any, reader: Any) -> None:
        super().__init__(iterator, handle)
        self.reader = reader
        # The first record reads the header too.
        self.needed = 1 if iterator is not reader and iterator._fieldnames is None else 0

    def describe(self) -> str:
        return super().describe().replace("lines of", "csv rows of", 1)

    def slice(self, context: Handover) -> Slice:
        if type(self.handle) is not io.TextIOWrapper:
            raise Declined("the rows do not come from a text file")
        dialect = dialect_of(self.reader.dialect)
        if dialect["quoting"] not in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONE):
            raise Declined("the dialect turns fields into numbers")
        detail: dict[str, Any] = {"dialect": dialect, "limit": csv.field_size_limit()}
        if self.it is not self.reader:
            names = self.it.fieldnames
            detail["fields"] = (names, self.it.restkey, self.it.restval)
            if names is None:
                raise Declined("the file has no header")
        spec, first, last = self.locate(context)
        spec["first"], spec["last"] = first, last
        sliced = Slice(first, last, {"k": "csv", "lines": spec})
        sliced.unit = "bytes"
        sliced.detail["csv"] = detail
        lines = Lines(spec["path"], spec["newline"])
        if context.chunk_records:
            sliced.cuts = every(row_starts(lines, spec, first, last, dialect), context.chunk_records)
        else:
            sliced.cuts = self.guessed_cuts(lines, first, last, dialect, context)
        lines.close()
        outer, sliced.spec = sliced.spec, spec
        self.publish(context, sliced)
        sliced.spec = outer
        return sliced

    def guessed_cuts(
        self, lines: Lines, first: int, last: int, dialect: Json, context: Handover
    ) -> Optional[list[int]]:
        """Boundaries where the quotes so far are paired. Chunks check them: a stray quote only costs a fallback."""
        quote = dialect["quotechar"]
        if quote is None or dialect["quoting"] == csv.QUOTE_NONE or ord(quote) > 127:
            return None
        byte = quote.encode()
        step = int(max(min(0.5 / max(context.seconds_per_unit, 1e-12), (last - first) / (4 * context.slots)), 1 << 12))
        step = max(step, (last - first) // 20_000 + 1)
        cuts = [first]
        any_quotes = False
        while cuts[-1] < last:
            position = cuts[-1]
            end = min(position + step, last)
            odd = 0
            while True:
                while position < end:
                    block = lines.read(position, min(text.BLOCK, end - position))
                    count = block.count(byte)
                    any_quotes = any_quotes or count > 0
                    odd ^= count & 1
                    position += len(block)
                if end >= last:
                    break
                line = lines.next_start(end, last)
                odd ^= lines.read(end, line - end).count(byte) & 1
                position = end = line
                if not odd or line >= last:
                    break
                end = lines.next_start(line + 1, last)
            cuts.append(min(end, last))
        return cuts if any_quotes else None

    def resume(self, sliced: Slice, offset: int) -> None:
        self.place(sliced.spec["lines"], offset)


def dialect_of(dialect: Any) -> Json:
    """A dialect's parameters."""
    return {name: getattr(dialect, name) for name in (
        "delimiter", "doublequote", "escapechar", "lineterminator", "quotechar", "quoting", "skipinitialspace",
        "strict")}


def row_starts(lines: Lines, spec: Json, first: int, last: int, dialect: Json) -> Iterator[int]:
    """Where every row begins, found by the csv module itself."""
    name = "utf-8" if spec["encoding"] == "utf-8-sig" and first else spec["encoding"]
    place = [first]

    def decoded() -> Iterator[str]:
        starts = lines.starts(first, last)
        begin = next(starts)
        for end in starts:
            place[0] = end
            yield lines.read(begin, end - begin).decode(name, spec["errors"])
            begin = end

    yield first
    for _ in csv.reader(decoded(), **dialect):
        if place[0] < last:
            yield place[0]
    yield last


def recognise(value: Any) -> Optional[Feed]:
    """The feed for what a region iterates over; None when it can only be iterated natively."""
    kind = type(value)
    if kind in (list, tuple, range, str, bytes, dict, set, frozenset, type({}.keys()), type({}.values()),
                type({}.items())):
        return MemoryFeed(iter(value))
    if kind in MEMORY_ITERATORS:
        return MemoryFeed(value)
    if kind is enumerate:
        inner = value.__reduce__()[1][0]
        if type(inner) in (io.TextIOWrapper, io.BufferedReader):
            return CountedLinesFeed(value, inner) if is_file(inner) else None
        return MemoryFeed(value)
    if kind is zip:
        return MemoryFeed(value)
    if kind in (io.TextIOWrapper, io.BufferedReader):
        return FileFeed(value, value) if is_file(value) else None
    if kind is csv_reader:
        return csv_feed(value, value)
    if kind is csv.DictReader and type(value.reader) is csv_reader:
        return csv_feed(value, value.reader)
    if kind in (collections.OrderedDict, collections.Counter, collections.defaultdict):
        return MemoryFeed(iter(value)) if kind is not collections.OrderedDict else None
    return None


def is_file(handle: Any) -> bool:
    """Whether a handle reads an ordinary file through the usual layers."""
    try:
        raw = handle.buffer if type(handle) is io.TextIOWrapper else handle
        return (type(raw) is io.BufferedReader and type(raw.raw) is io.FileIO and not handle.closed
                and handle.seekable() and handle.readable())
    except (ValueError, OSError):
        return False


def csv_feed(iterator: Any, reader: Any) -> Optional[Feed]:
    handles = [part for part in gc.get_referents(reader) if type(part) is io.TextIOWrapper]
    if len(handles) != 1 or not is_file(handles[0]):
        return None
    return CsvFeed(iterator, handles[0], reader)


# MARK: in a chunk

class Opened:
    """A source in a chunk process. `records` gives an iterator over the records that begin in [a, b)."""

    def records(self, first: int, last: int) -> Iterator[Any]:
        raise NotImplementedError

    def actual(self, first: int, last: int) -> tuple[int, int]:
        """Where the records of [a, b) really begin and end."""
        return first, last

    def check(self) -> Optional[str]:
        """After the records: why they were not those of the slice."""
        return None

    def record(self, index: int) -> Any:
        raise LookupError

    def close(self) -> None:
        """Lets the file go."""


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

    def close(self) -> None:
        if self.file is not None:
            self.file.close()


class OpenedCounted(Opened):
    def __init__(self, inner: Opened, start: int) -> None:
        self.inner = inner
        self.start = start

    def records(self, first: int, last: int) -> Iterator[Any]:
        return enumerate(self.inner.records(first, last), self.start + first)


class OpenedZip(Opened):
    def __init__(self, inner: list[Opened]) -> None:
        self.inner = inner

    def records(self, first: int, last: int) -> Iterator[Any]:
        return zip(*[part.records(first, last) for part in self.inner])


class OpenedLines(Opened):
    def __init__(self, spec: Json, blobs: dict[str, str]) -> None:
        self.spec = spec
        path = blobs[spec["blob"]] if spec.get("blob") else spec["path"]
        self.lines = Lines(path, spec["newline"], spec.get("base", 0))

    def actual(self, first: int, last: int) -> tuple[int, int]:
        start, end = self.spec["first"], self.spec["last"]
        if first > start:
            first = self.lines.next_start(first, end)
        if last < end:
            last = self.lines.next_start(last, end)
        return first, max(first, last)

    def check(self) -> Optional[str]:
        if self.spec["encoding"] is None or self.spec["errors"] != "strict":
            return None
        if text.is_decodable(self.lines, self.spec["encoding"], self.end, self.spec["block"], self.spec["last"]):
            return None
        return "text behind the chunk can't be decoded"

    def text(self, first: int, last: int) -> Any:
        """The bytes between two line starts as the driver's handle would read them."""
        self.end = last
        base = self.spec.get("base", 0)
        raw = text.Slice(self.lines.file.fileno(), first - base, last - base)
        buffer = io.BufferedReader(raw, 1 << 16)
        if self.spec["encoding"] is None:
            return buffer
        name = self.spec["encoding"]
        if name == "utf-8-sig" and first > 0:
            name = "utf-8"
        return io.TextIOWrapper(buffer, name, self.spec["errors"], self.spec["newline"])

    def records(self, first: int, last: int) -> Iterator[Any]:
        return iter(self.text(*self.actual(first, last)))

    def close(self) -> None:
        self.lines.close()


class OpenedNumbered(Opened):
    def __init__(self, spec: Json, inner: OpenedLines) -> None:
        self.spec = spec
        self.inner = inner
        self.actual = inner.actual  # type: ignore[method-assign]
        self.close = inner.close  # type: ignore[method-assign]
        self.check = inner.check  # type: ignore[method-assign]

    def records(self, first: int, last: int) -> Iterator[Any]:
        begin, end = self.inner.actual(first, last)
        number = number_at(self.spec, self.inner.lines, begin)
        return enumerate(iter(self.inner.text(begin, end)), number)


class OpenedCsv(Opened):
    """Rows of a slice; two marked rows behind it show whether the slice ended between rows."""

    def __init__(self, inner: OpenedLines, detail: Json) -> None:
        self.inner = inner
        self.detail = detail
        self.actual = inner.actual  # type: ignore[method-assign]
        self.close = inner.close  # type: ignore[method-assign]
        csv.field_size_limit(detail["limit"])

    def records(self, first: int, last: int) -> Iterator[Any]:
        begin, end = self.inner.actual(first, last)
        lines: Any = self.inner.text(begin, end)
        self.is_last = end == self.inner.spec["last"]
        if not self.is_last:
            dialect = self.detail["dialect"]
            quote = dialect["quotechar"] if dialect["quoting"] != csv.QUOTE_NONE else ""
            mark = f"{quote or ''}{MARK}{quote or ''}\n"
            lines = itertools.chain(lines, (mark, mark))
        self.reader = csv.reader(lines, **self.detail["dialect"])
        rows: Any = self.reader
        if not self.is_last:
            rows = itertools.takewhile([MARK].__ne__, rows)
        fields = self.detail.get("fields")
        return rows if fields is None else map(row_maker(*fields), filter(None, rows))

    def check(self) -> Optional[str]:
        if self.is_last or next(self.reader, None) == [MARK]:
            return self.inner.check()
        return "a quoted field goes over the end of the chunk"


def row_maker(names: Any, restkey: Any, restval: Any) -> Any:
    """Dicts as csv.DictReader makes them."""
    count = len(names)

    def row(fields: list[str]) -> dict[Any, Any]:
        made = dict(zip(names, fields))
        found = len(fields)
        if found > count:
            made[restkey] = fields[count:]
        elif found < count:
            for name in names[found:]:
                made[name] = restval
        return made

    return row


def reopen(spec: Json, detail: dict[str, Any], blobs: dict[str, str]) -> Opened:
    """The source that a description means."""
    kind = spec["k"]
    if kind == "range":
        return OpenedRange(spec)
    if kind == "items":
        return OpenedItems(spec, detail, blobs)
    if kind == "enumerate":
        return OpenedCounted(reopen(spec["inner"], detail, blobs), int(spec["start"]))
    if kind == "zip":
        return OpenedZip([reopen(part, detail, blobs) for part in spec["inner"]])
    if kind == "lines":
        return OpenedLines(spec, blobs)
    if kind == "numbered":
        return OpenedNumbered(spec, OpenedLines(spec["lines"], blobs))
    if kind == "csv":
        return OpenedCsv(OpenedLines(spec["lines"], blobs), detail["csv"])
    raise ValueError(f"unknown source {kind}")
