"""What chunks have written, written again in the very pieces: where a buffer is flushed depends on them.

It shows when another process writes to the same place, when a file is looked at that is not closed yet, and when
the process is killed.
"""

import array
import bisect
import codecs
import collections
import gc
import io
import itertools
import sys
from typing import Any, Optional

from _runsurge import text

# Between two flushes: all bytes, and the length of every piece.
Section = tuple[bytes, bytes]


def recorded(pieces: list[bytes], flushes: list[int]) -> list[Section]:
    """Pieces as they travel. `flushes`: after how many of them there was a flush, in order."""
    if not flushes:
        return [section(pieces)] if pieces else []
    return [section(pieces[start:end]) for start, end in zip([0, *flushes], [*flushes, len(pieces)])]


def section(pieces: list[bytes]) -> Section:
    return b"".join(pieces), array.array("I", map(len, pieces)).tobytes()


def write(handle: Any, sections: list[Section]) -> None:
    """Writes to a real handle what was recorded."""
    is_text = type(handle) is io.TextIOWrapper
    for index, (data, lengths) in enumerate(sections):
        if index:
            handle.flush()
        if not data:
            continue
        sizes = array.array("I")
        sizes.frombytes(lengths)
        ends = list(itertools.accumulate(sizes))
        if not is_text:
            every(handle.write, data, ends)
            continue
        errors = decoding_errors(handle)
        if pending_bytes(handle) is None:
            every(lambda piece: handle.write(piece.decode("utf-8", errors)), data, ends)
        else:
            in_blocks(handle, data, ends, errors)


def every(put: Any, data: bytes, ends: list[int]) -> None:
    """Writes piece by piece."""
    collections.deque(map(put, map(data.__getitem__, map(slice, [0, *ends], ends))), maxlen=0)


def in_blocks(handle: Any, data: bytes, ends: list[int], errors: str) -> None:
    """Writes together what the handle collects without giving it on; alone, the piece that fills its block.

    What that piece leaves behind in the handle is another matter in every version of Python, and so asked for.
    """
    index = place = 0
    while index < len(ends):
        fitting = bisect.bisect_left(ends, place + handle._CHUNK_SIZE - (pending_bytes(handle) or 0), index)
        for last in (fitting, fitting + 1):
            if index < last <= len(ends):
                end = ends[last - 1]
                handle.write(data[place:end].decode("utf-8", errors))
                index, place = last, end


def decoding_errors(handle: Any) -> str:
    """How the recorded bytes become the text that the handle encodes to the same bytes."""
    return "surrogateescape" if is_plain(handle) and handle.errors == "surrogateescape" else "surrogatepass"


def is_plain(handle: Any) -> bool:
    return codecs.lookup(handle.encoding).name == "utf-8"


def pending_bytes(handle: Any) -> Optional[int]:
    """What a text handle has collected and not yet given to its buffer; None when each piece counts on its own."""
    if handle.line_buffering or handle.write_through or not is_plain(handle):
        return None
    is_standard = handle is sys.__stdout__ or handle is sys.__stderr__
    if text.newlines.get(handle, None if is_standard else text.UNKNOWN) not in (None, "", "\n"):
        # Its line ends may be longer than the recorded ones.
        return None
    # Two more pieces of nothing make it keep a list.
    handle.write("")
    handle.write("")
    held = [part for part in gc.get_referents(handle) if type(part) is list]
    return sum(map(len, held[0])) if len(held) == 1 else None
