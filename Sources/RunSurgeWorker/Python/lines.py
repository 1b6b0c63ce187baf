"""Lines of a text or binary file."""

import io
import os
import stat
import sys
from typing import Any, Iterator, Optional

from _runsurge import text
from _runsurge.feeds import Feed, Handover, Opened, Slice, every
from _runsurge.guards import Declined
from _runsurge.pipe import Json
from _runsurge.text import Lines


class LinesFeed(Feed):
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


def is_file(handle: Any) -> bool:
    """Whether a handle reads an ordinary file through the usual layers."""
    try:
        raw = handle.buffer if type(handle) is io.TextIOWrapper else handle
        return (type(raw) is io.BufferedReader and type(raw.raw) is io.FileIO and not handle.closed
                and handle.seekable() and handle.readable())
    except (ValueError, OSError):
        return False


# MARK: in a chunk

class OpenedLines(Opened):
    counts_records = False

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

    def after(self, first: int, last: int, count: int) -> int:
        return self.lines.after(*self.actual(first, last), count)

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
