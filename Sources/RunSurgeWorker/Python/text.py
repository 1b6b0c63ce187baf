"""Positions in text files: where lines begin, and where a handle stands."""

import codecs
import gc
import io
import itertools
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
            block = self.read(position, min(BLOCK, last - position))
            if not self.is_simple(block):
                break
            base = start = 0
            while (at := block.find(b"\n", start)) >= 0:
                yield position + base
                base = start = at + 1
            if base == 0:
                # A line that is longer than the block.
                yield position
                base = self.next_start(position + 1, last) - position
            position += base
        while position < last:
            yield position
            position = self.next_start(position + 1, last)
        yield last

    def is_simple(self, block: bytes) -> bool:
        """Whether lines end with a line feed here, and with nothing else."""
        return self.newline == "\n" or (self.newline in (None, "") and b"\r" not in block)

    def after(self, first: int, last: int, count: int) -> int:
        """The line start behind `count` lines from `first` on, a line start itself."""
        position = first
        while count and position < last:
            block = self.read(position, min(BLOCK, last - position))
            found = block.count(b"\n") if self.is_simple(block) else 0
            if not found:
                break
            if found >= count:
                return position + len(block) - len(block.split(b"\n", count)[-1])
            count -= found
            position += block.rfind(b"\n") + 1
        return next(itertools.islice(self.starts(position, last), count, None), last)

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


def position(handle: Any, path: str, encoding: str, newline: Any) -> tuple[int, int]:
    """The byte offset at which a text handle stands: at a line start, whatever it has read ahead.

    `tell` is of no use once lines have been iterated. What is decoded but not read is taken out, and the place
    where it begins is looked for in the file. Leaves the handle standing there. Also gives the end of a block that
    the handle has read: it decodes in blocks, and says in errors where in a block it met them.
    """
    limit = handle.buffer.tell()
    if os.fstat(handle.fileno()).st_size < limit:
        # The handle's text is in its memory alone.
        raise Declined("the file has become shorter while it was read")
    try:
        text = drained(handle, limit)
        start = limit if not text else before(path, encoding, handle.errors, newline, limit, text)
        if start is not None:
            place(handle, path, encoding, newline, start, limit)
            return start, limit
        give_back(handle, path, encoding, newline, limit, text)
    except Exception as error:
        raise LostPosition(f"{type(error).__name__}: {error}")
    raise Declined("the file is read on from within a line")


def drained(handle: Any, limit: int) -> str:
    """Takes out what a text handle has decoded ahead, of the bytes before `limit`."""
    ahead = []
    while True:
        try:
            character = handle.read(1)
        except UnicodeError:
            # Of the bytes behind; the seek that follows undoes it, and the loop will meet it again in its turn.
            break
        if handle.buffer.tell() != limit or not character:
            break
        ahead.append(character)
    return "".join(ahead)


def give_back(handle: Any, path: str, encoding: str, newline: Any, limit: int, text: str) -> None:
    """Lets a text handle hold `text`, decoded from the bytes before `limit`, to be read next.

    Any place will do from which the bytes decode to something that ends with it: `seek` skips what is before.
    """
    reach = 0
    with open(path, "rb") as file:
        is_end = file.seek(0, 2) == limit
        while reach < limit:
            reach = min(limit, reach * 4 or 4 * len(text) + 64)
            file.seek(limit - reach)
            window = file.read(reach)
            block = decodable_end(window, encoding, handle.errors, reach == limit)
            start = limit - len(block)
            decoded = incremental_decoder(encoding, handle.errors, newline, start).decode(block, is_end)
            if decoded.endswith(text):
                handle.seek(start | len(block) << 96 | (len(decoded) - len(text)) << 128 | int(is_end) << 160)
                return
    raise ValueError("the text that was read ahead is no longer in the file")


def decodable_end(window: bytes, encoding: str, errors: str, is_whole: bool) -> bytes:
    """The longest end of some bytes that begins with a character and can be decoded."""
    start = 0
    if encoding in ("utf-8", "utf-8-sig") and not is_whole:
        while start < min(len(window), 3) and 0x80 <= window[start] < 0xC0:
            start += 1
    while True:
        try:
            codecs.getincrementaldecoder(encoding)(errors).decode(window[start:])
            return window[start:]
        except UnicodeDecodeError as error:
            start += error.end


def incremental_decoder(encoding: str, errors: str, newline: Any, start: int) -> Any:
    """A decoder as a text handle has it that begins to read at an offset: a BOM is one at the beginning only."""
    decoder: Any = codecs.getincrementaldecoder(
        "utf-8" if encoding == "utf-8-sig" and start > 0 else encoding)(errors)
    return io.IncrementalNewlineDecoder(decoder, newline is None) if newline in (None, "") else decoder


def place(handle: Any, path: str, encoding: str, newline: Any, offset: int, limit: int) -> None:
    """Lets a text handle stand at a line start as if it had read there, block by block.

    `limit` is the end of any block that it has really read.
    """
    size = handle._CHUNK_SIZE
    with open(path, "rb") as file:
        end = file.seek(0, 2)
        # At the end of the file the last block may be short; files are read from their beginning then.
        phase = limit % size if limit < end else 0
        base = phase + (offset - phase) // size * size
        if offset <= base or base < 0:
            handle.seek(offset)
            return
        file.seek(max(base - 4, 0))
        window = file.read(size + base - file.tell())
        before_base = window[:base - max(base - 4, 0)]
    pending = unfinished(before_base, encoding)
    start = base - pending
    block = window[len(before_base) - pending:]
    is_universal = newline in (None, "")
    held = is_universal and pending == 0 and before_base.endswith(b"\r")
    decoder = incremental_decoder(encoding, handle.errors, newline, start)
    if held:
        decoder.setstate((b"", 1))
    try:
        characters = len(decoder.decode(block[:offset - start], True))
        handle.seek(start | int(held) << 64 | len(block) << 96 | characters << 128)
    except UnicodeError:
        # The native loop would not have come so far: the chunk before has looked.
        handle.seek(offset)


def unfinished(before: bytes, encoding: str) -> int:
    """Bytes at the end that begin a character of UTF-8 and do not end it."""
    if encoding not in ("utf-8", "utf-8-sig"):
        return 0
    for count in range(1, min(len(before), 3) + 1):
        byte = before[-count]
        if byte >= 0xC0:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return count if length > count else 0
        if byte < 0x80:
            return 0
    return 0


def is_decodable(lines: Lines, encoding: str, offset: int, limit: int, last: int) -> bool:
    """Whether the block that a native loop would have read to come to a line start decodes to its end.

    A native loop meets an undecodable byte when it reads the block, before the lines in front of it.
    """
    size = io.DEFAULT_BUFFER_SIZE
    end = min(limit + -(-(offset - limit) // size) * size, last)
    if end <= offset:
        return True
    decoder = codecs.getincrementaldecoder("utf-8" if encoding == "utf-8-sig" else encoding)("strict")
    try:
        decoder.decode(lines.read(offset, end - offset), end == last)
    except UnicodeError:
        return False
    return True


class LostPosition(Exception):
    """Text was taken out of a handle and could not be given back: this process must not go on."""


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
        decoder = incremental_decoder(encoding, errors, newline, limit - reach + at)
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
