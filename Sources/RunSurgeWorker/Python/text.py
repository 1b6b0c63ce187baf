"""Positions in text files: where lines begin, and where a handle stands."""

import codecs
import gc
import io
import os
import sys
import weakref
from typing import Any, Iterator, Optional

from _runsurge.guards import Declined

UNKNOWN = object()
# `newline` as given to open(), by handle.
newlines: "weakref.WeakKeyDictionary[Any, Any]" = weakref.WeakKeyDictionary()

BLOCK = 1 << 20


def opened(handle: Any, newline: Any) -> Any:
    """Notes how a text file was opened: handles don't tell."""
    if type(handle) is io.TextIOWrapper:
        newlines[handle] = newline
    return handle


# Encodings in which a byte 10 or 13 is always a line end, and no state is carried from line to line.
PLAIN = frozenset({"utf-8", "ascii", "iso8859-1", "latin-1"})


def canonical(encoding: str) -> Optional[str]:
    """The codec's name when files in it can be cut at line ends."""
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        return None
    plain = name in PLAIN or name.startswith(("iso8859-", "cp125", "koi8")) \
        or name in ("utf-8-sig", "cp437", "cp850", "cp852", "cp866", "mac-roman", "tis-620", "hp-roman8")
    return name if plain else None


def newline_of(handle: Any, path: str) -> Any:
    """The newline mode of a text handle; '' and None are alike in a file without carriage returns."""
    known = newlines.get(handle, UNKNOWN)
    if known is not UNKNOWN:
        return known
    if handle is sys.__stdin__ and sys.platform != "win32":
        return "\n"
    if any(type(part) is io.IncrementalNewlineDecoder for part in gc.get_referents(handle)):
        with open(path, "rb", buffering=0) as file:
            while block := file.read(BLOCK):
                if b"\r" in block:
                    raise Declined("how the file's line ends are read is not known")
        return None
    raise Declined("how the file's line ends are read is not known")


class Lines:
    """Where lines begin in a file, by its newline mode. All offsets are bytes."""

    def __init__(self, path: str, newline: Any, base: int = 0) -> None:
        self.file = open(path, "rb", buffering=0)
        self.newline = newline
        self.base = base

    def close(self) -> None:
        self.file.close()

    def read(self, offset: int, count: int) -> bytes:
        """Bytes at an offset, fewer only at the end of the file."""
        pieces = []
        offset -= self.base
        while count > 0:
            piece = os.pread(self.file.fileno(), min(count, 64 << 20), offset)
            if not piece:
                break
            pieces.append(piece)
            offset += len(piece)
            count -= len(piece)
        return b"".join(pieces)

    def next_start(self, offset: int, last: int) -> int:
        """The first line start at or after `offset`, looking at the byte before it; `last` when there is none."""
        position = offset - 1
        size = 1 << 16
        while position < last:
            block = self.read(position, min(size, last - position + 1))
            if not block:
                return last
            end = self.line_end(block, 0)
            if end is not None and (end < len(block) or position + end >= last
                                    or block[end - 1:end] != b"\r" or self.newline not in (None, "")):
                return min(position + end, last)
            if end is not None:
                # A carriage return at the end of the block: the next byte decides.
                following = self.read(position + end, 1)
                return min(position + end + (following == b"\n"), last)
            # The last byte may be half of a line end.
            position += max(len(block) - 1, 1)
            size = min(size * 4, 16 << 20)
        return last

    def line_end(self, block: bytes, start: int) -> Optional[int]:
        """The offset after the first line end of a block, from `start`."""
        mode = self.newline
        if mode in ("\n", "\r"):
            at = block.find(mode.encode(), start)
            return None if at < 0 else at + 1
        if mode == "\r\n":
            at = block.find(b"\r\n", start)
            return None if at < 0 else at + 2
        line = block.find(b"\n", start)
        if line < 0:
            carriage = block.find(b"\r", start)
        else:
            carriage = block.find(b"\r", start, line)
        if carriage < 0:
            return None if line < 0 else line + 1
        return carriage + 2 if block[carriage + 1:carriage + 2] == b"\n" else carriage + 1

    def starts(self, first: int, last: int) -> Iterator[int]:
        """Every line start in [first, last), `first` being one, and the end."""
        position = first
        while position < last:
            yield position
            position = self.next_start(position + 1, last)
        yield last

    def count(self, first: int, last: int) -> int:
        """Lines that begin in [first, last), both being line starts or the end."""
        total = 0
        if self.newline in (None, "", "\n", b"\n"):
            position = first
            tail = b""
            while position < last:
                block = self.read(position, min(BLOCK, last - position))
                if b"\r" in block and self.newline != "\n":
                    return sum(1 for _ in self.starts(first, last)) - 1
                total += block.count(b"\n")
                tail = block[-1:]
                position += len(block)
            return total + (1 if tail and tail != b"\n" else 0)
        return sum(1 for _ in self.starts(first, last)) - 1


def position(handle: Any, path: str, encoding: str, newline: Any) -> int:
    """The byte offset at which a text handle stands: at a line start, whatever it has read ahead.

    `tell` is of no use once lines have been iterated. What is decoded but not read is taken out, and the place
    where it begins is looked for in the file. Leaves the handle standing there.
    """
    buffer = handle.buffer
    limit = buffer.tell()
    ahead = []
    while True:
        try:
            character = handle.read(1)
        except UnicodeError:
            # Of the bytes behind; the seek below undoes it, and the loop will meet it again in its turn.
            break
        if buffer.tell() != limit or not character:
            break
        ahead.append(character)
    text = "".join(ahead)
    start = limit if not text else before(path, encoding, handle.errors, newline, limit, text)
    if start is None:
        raise LostPosition(limit)
    handle.seek(start)
    return start


class LostPosition(Exception):
    """A handle's place was not found after its text had been taken out of it."""


def before(path: str, encoding: str, errors: str, newline: Any, limit: int, text: str) -> Optional[int]:
    """The line start from which the bytes up to `limit` decode to `text`."""
    reach = min(limit, 4 * len(text) + 64)
    with open(path, "rb") as file:
        file.seek(limit - reach)
        window = file.read(reach)
        size = os.fstat(file.fileno()).st_size
    lines = Lines.__new__(Lines)
    lines.newline = newline
    candidates = [0] if reach == limit else []
    at = lines.line_end(window, 0)
    while at is not None and at < len(window):
        candidates.append(at)
        at = lines.line_end(window, at)
    for at in reversed(candidates):
        name = "utf-8" if encoding == "utf-8-sig" and (limit - reach + at) > 0 else encoding
        decoder: Any = codecs.getincrementaldecoder(name)(errors)
        if newline in (None, ""):
            decoder = io.IncrementalNewlineDecoder(decoder, newline is None)
        try:
            decoded = decoder.decode(window[at:], limit == size)
        except UnicodeError:
            continue
        if decoded == text:
            return limit - reach + at
        if len(decoded) > len(text):
            return None
    return None


class Slice(io.RawIOBase):
    """The bytes [start, end) of a file, as a file."""

    def __init__(self, descriptor: int, start: int, end: int) -> None:
        self.descriptor = descriptor
        self.offset = start
        self.end = end

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        wanted = min(len(target), self.end - self.offset)
        if wanted <= 0:
            return 0
        count = os.preadv(self.descriptor, [memoryview(target)[:wanted]], self.offset)
        self.offset += count
        return count
