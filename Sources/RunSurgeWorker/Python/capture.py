"""What a chunk writes, kept until the driver writes it to the real handles."""

import codecs
import csv
import gc
import io
import os
import sys
from typing import Any

from _runsurge import replay, rows
from _runsurge.guards import Declined, GuardFailed

Json = dict[str, Any]

csv_writer = type(csv.writer(io.StringIO()))


class Channel:
    """One real handle in the driver."""

    def __init__(self, handle: Any, is_watched: bool) -> None:
        """`is_watched`: it may show where the standard streams' buffers are flushed."""
        self.handle = handle
        kind = type(handle)
        if getattr(handle, "closed", True):
            raise Declined("a closed file is written")
        if kind is io.TextIOWrapper:
            # Standard streams have no buffer under PYTHONUNBUFFERED.
            if type(handle.buffer) not in (io.BufferedWriter, io.BufferedRandom, io.FileIO):
                raise Declined("a file is written through unknown layers")
            is_joined = not is_watched and (handle is sys.__stdout__ or handle is sys.__stderr__)
            self.spec: Json = {"kind": "joined" if is_joined else "text", "encoding": handle.encoding,
                               "errors": handle.errors}
        elif kind is io.StringIO:
            self.spec = {"kind": "joined", "encoding": "utf-8", "errors": "surrogatepass"}
        elif kind in (io.BufferedWriter, io.BufferedRandom, io.BytesIO):
            self.spec = {"kind": "binary"}
        else:
            raise Declined(f"a {kind.__module__}.{kind.__qualname__} is written")

    def write(self, content: Any) -> None:
        if self.spec["kind"] == "joined":
            self.handle.write(content)
        else:
            replay.write(self.handle, content)


class Channels:
    """The handles that a region writes to, and the script's names for them."""

    def __init__(self, is_watched: bool) -> None:
        self.is_watched = is_watched
        self.channels: list[Channel] = []
        self.writers: dict[str, tuple] = {}
        self.streams: dict[str, int] = {}

    def channel(self, handle: Any) -> int:
        for index, known in enumerate(self.channels):
            if known.handle is handle:
                return index
        self.channels.append(Channel(handle, self.is_watched))
        return len(self.channels) - 1

    def add_stream(self, name: str) -> None:
        handle = getattr(sys, name)
        if type(handle) not in (io.TextIOWrapper, io.StringIO):
            raise Declined(f"sys.{name} has been replaced")
        self.streams[name] = self.channel(handle)

    def add_writer(self, name: str, writer: Any) -> None:
        """A handle, csv.writer or csv.DictWriter that the region knows as `name`."""
        try:
            self.writers[name] = self.describe(writer)
        except Declined as declined:
            declined.variable = name
            raise

    def describe(self, writer: Any) -> tuple:
        if type(writer) is csv_writer:
            bound = [part for part in gc.get_referents(writer)
                     if type(part) is type(print) and part.__name__ == "write"]
            if len(bound) != 1:
                raise Declined("where a csv writer writes is not known")
            return ("csv", self.channel(bound[0].__self__), rows.dialect_of(writer.dialect))
        if type(writer) is csv.DictWriter and type(writer.writer) is csv_writer:
            kind, channel, dialect = self.describe(writer.writer)
            return ("dicts", channel, dialect, writer.fieldnames, writer.restval, writer.extrasaction)
        return ("handle", self.channel(writer))

    def check_apart(self) -> None:
        """Two handles on one file would interleave by their buffers."""
        places = []
        for known in self.channels:
            try:
                found = os.fstat(known.handle.fileno())
            except (OSError, ValueError):
                continue
            places.append((found.st_dev, found.st_ino))
        if len(set(places)) < len(places):
            raise Declined("two handles write to one file")

    def check_not(self, source: Any) -> None:
        """Writing to the file that is read would show while reading."""
        read = os.fstat(source.fileno())
        for known in self.channels:
            try:
                found = os.fstat(known.handle.fileno())
            except (OSError, ValueError):
                continue
            if (found.st_dev, found.st_ino) == (read.st_dev, read.st_ino):
                raise Declined("the loop writes to the file that it reads")

    @property
    def spec(self) -> tuple:
        return ([known.spec for known in self.channels], self.writers, self.streams)


# MARK: in a chunk

class Captures:
    """The captured handles of one chunk."""

    def __init__(self, spec: tuple) -> None:
        specs, self.writers, self.streams = spec
        self.handles: list[Any] = [captured(each) for each in specs]

    def stream(self, name: str) -> Any:
        index = self.streams.get(name)
        return self.handles[index] if index is not None else forbidden()

    def bindings(self) -> dict[str, Any]:
        """The script's writers by name."""
        return {name: self.writer(spec) for name, spec in self.writers.items()}

    def writer(self, spec: tuple) -> Any:
        kind, channel = spec[:2]
        handle = self.handles[channel]
        if kind == "handle":
            return handle
        made = csv.writer(handle, **spec[2])
        if kind == "csv":
            return made
        rows = csv.DictWriter(handle, spec[3], spec[4], spec[5])
        rows.writer = made
        return rows

    def taken(self) -> dict[int, Any]:
        """What was written, by channel."""
        return {index: content for index, handle in enumerate(self.handles) if (content := handle.taken())}


def captured(spec: Json) -> Any:
    """What stands for a handle."""
    if spec["kind"] == "text":
        return TextCapture(spec["encoding"], spec["errors"])
    return BytesCapture() if spec["kind"] == "binary" else JoinedCapture(spec["encoding"], spec["errors"])


class Sink:
    """What a `TextCapture` writes to: keeps the pieces, and after how many of them they were flushed."""

    closed = False

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.flushes: list[int] = []
        # A bound C method: a script may print millions of times.
        self.write = self.pieces.append

    def flush(self) -> None:
        self.flushes.append(len(self.pieces))

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def close(self) -> None:
        """Nothing is held."""


def not_captured(*_: Any) -> Any:
    raise GuardFailed("more is asked of a file than to write")


class TextCapture(io.TextIOWrapper):
    """Stands for a text handle; keeps apart what was written apart."""

    encoding = property(lambda self: self.real_encoding)  # type: ignore[assignment]
    errors = property(lambda self: self.real_errors)  # type: ignore[assignment]
    buffer = name = mode = property(not_captured)  # type: ignore[assignment]
    fileno = isatty = detach = reconfigure = tell = seek = truncate = not_captured  # type: ignore[assignment]

    def __init__(self, encoding: str, errors: str) -> None:
        self.sink = Sink()
        self.real_encoding = encoding
        self.real_errors = errors
        self.is_plain = codecs.lookup(encoding).name == "utf-8"
        super().__init__(self.sink, "utf-8", errors if self.is_plain else "surrogatepass",  # type: ignore[arg-type]
                         newline="\n", write_through=True)

    def taken(self) -> Any:
        if self.closed:
            raise GuardFailed("a file is closed in the loop")
        pieces = self.sink.pieces
        if not self.is_plain:
            check_encodable(
                b"".join(pieces).decode("utf-8", "surrogatepass"), self.real_encoding, self.real_errors)
        return replay.recorded(pieces, self.sink.flushes)


class BytesCapture(io.BytesIO):
    """Stands for a binary handle."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []
        self.flushes: list[int] = []

    def write(self, data: Any) -> int:
        self.pieces.append(bytes(data))
        return len(self.pieces[-1])

    def flush(self) -> None:
        self.flushes.append(len(self.pieces))

    def taken(self) -> Any:
        return replay.recorded(self.pieces, self.flushes)


class JoinedCapture(io.StringIO):
    """Stands for a text handle of which it does not show in what pieces it is written."""

    encoding: Any = "utf-8"

    def __init__(self, encoding: str, errors: str) -> None:
        super().__init__()
        self.encoding = encoding
        self.real_errors = errors

    def taken(self) -> str:
        text = self.getvalue()
        check_encodable(text, self.encoding, self.real_errors)
        return text


def check_encodable(text: str, encoding: str, errors: str) -> None:
    try:
        text.encode(encoding, errors)
    except UnicodeError:
        raise GuardFailed("text can't be encoded as the output wants it")


class Forbidden(io.StringIO):
    """A stream that the analysis did not see: writing to it ends the chunk."""

    def write(self, text: str) -> int:
        raise GuardFailed("something is written that the analysis did not see")


unseen = Forbidden()


def forbidden() -> Forbidden:
    """One for all chunks, until one of them closes it."""
    global unseen
    if unseen.closed:
        unseen = Forbidden()
    return unseen
