"""What regions iterate over: recognised in the driver, opened again in a chunk."""

import collections
import csv
import io
from typing import Any, Optional

from _runsurge.feeds import Feed, Opened
from _runsurge.lines import LinesFeed, OpenedLines, is_file
from _runsurge.memory import MEMORY_ITERATORS, MemoryFeed, OpenedCounted, OpenedItems, OpenedRange, OpenedZip
from _runsurge.numbered import NumberedFeed, OpenedNumbered
from _runsurge.pipe import Json
from _runsurge.rows import OpenedCsv, csv_feed, csv_reader


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
            return NumberedFeed(value, inner) if is_file(inner) else None
        return MemoryFeed(value)
    if kind is zip:
        return MemoryFeed(value)
    if kind in (io.TextIOWrapper, io.BufferedReader):
        return LinesFeed(value, value) if is_file(value) else None
    if kind is csv_reader:
        return csv_feed(value, value)
    if kind is csv.DictReader and type(value.reader) is csv_reader:
        return csv_feed(value, value.reader)
    if kind in (collections.OrderedDict, collections.Counter, collections.defaultdict):
        return MemoryFeed(iter(value)) if kind is not collections.OrderedDict else None
    return None


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
