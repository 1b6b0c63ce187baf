"""Rows of a CSV file through csv.reader or csv.DictReader."""

import csv
import gc
import io
import itertools
from typing import Any, Iterator, Optional

from _runsurge import text
from _runsurge.feeds import Feed, Handover, Opened, Slice, every
from _runsurge.guards import Declined
from _runsurge.lines import LinesFeed, OpenedLines, is_file
from _runsurge.pipe import Json
from _runsurge.text import Lines

# Quoted, so that it is one field whatever the delimiter; no text of a file is likely to hold it.
MARK = "\ue0f1runsurge\ue0f2"
csv_reader = type(csv.reader([]))


class CsvFeed(LinesFeed):
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
        if b"line_num" in context.definitions.script.source:
            # The chunks have readers of their own, and this one can't be told how far they came.
            raise Declined("the number of the reader's line may be asked for")
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
    """Where every row begins, and the end."""
    yield first
    for _, end in rows_with_ends(lines, spec, first, last, dialect):
        if end < last:
            yield end
    yield last


def rows_with_ends(
    lines: Lines, spec: Json, first: int, last: int, dialect: Json
) -> Iterator[tuple[list[str], int]]:
    """Every row and where it ends, found by the csv module itself."""
    name = "utf-8" if spec["encoding"] == "utf-8-sig" and first else spec["encoding"]
    place = [first]

    def decoded() -> Iterator[str]:
        starts = lines.starts(first, last)
        begin = next(starts)
        for end in starts:
            place[0] = end
            yield lines.read(begin, end - begin).decode(name, spec["errors"])
            begin = end

    for row in csv.reader(decoded(), **dialect):
        yield row, place[0]


def csv_feed(iterator: Any, reader: Any) -> Optional[Feed]:
    handles = [part for part in gc.get_referents(reader) if type(part) is io.TextIOWrapper]
    if len(handles) != 1 or not is_file(handles[0]):
        return None
    return CsvFeed(iterator, handles[0], reader)


# MARK: in a chunk

class OpenedCsv(Opened):
    """Rows of a slice; two marked rows behind it show whether the slice ended between rows."""

    counts_records = False

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

    def after(self, first: int, last: int, count: int) -> int:
        begin, end = self.inner.actual(first, last)
        found = rows_with_ends(self.inner.lines, self.inner.spec, begin, end, self.detail["dialect"])
        is_counted = self.detail.get("fields") is None
        ends = (place for row, place in found if is_counted or row)
        return begin if count == 0 else next(itertools.islice(ends, count - 1, None), end)

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
