"""enumerate over the lines of a file."""

import bisect
from typing import Any, Iterator

from _runsurge.feeds import Handover, NeedsNewIterator, Opened, Slice, every
from _runsurge.lines import LinesFeed, OpenedLines
from _runsurge.pipe import Json
from _runsurge.text import Lines


class NumberedFeed(LinesFeed):
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


def even_cuts(lines: Lines, first: int, last: int, context: Handover) -> list[int]:
    """Boundaries at line starts, for chunks of about half a second and four a slot at least."""
    step = int(max(min(0.5 / max(context.seconds_per_unit, 1e-12), (last - first) / (4 * context.slots)), 1 << 12))
    step = max(step, (last - first) // 20_000 + 1)
    cuts = [first]
    while cuts[-1] < last:
        cuts.append(lines.next_start(cuts[-1] + step, last) if cuts[-1] + step < last else last)
    return cuts


# MARK: in a chunk

class OpenedNumbered(Opened):
    counts_records = False

    def __init__(self, spec: Json, inner: OpenedLines) -> None:
        self.spec = spec
        self.inner = inner
        self.after = inner.after  # type: ignore[method-assign]
        self.actual = inner.actual  # type: ignore[method-assign]
        self.close = inner.close  # type: ignore[method-assign]
        self.check = inner.check  # type: ignore[method-assign]

    def records(self, first: int, last: int) -> Iterator[Any]:
        begin, end = self.inner.actual(first, last)
        number = number_at(self.spec, self.inner.lines, begin)
        return enumerate(iter(self.inner.text(begin, end)), number)
