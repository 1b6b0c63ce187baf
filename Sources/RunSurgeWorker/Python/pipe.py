"""Frames between this process and the agent: a JSON head and a binary body."""

import fcntl
import json
import os
from typing import Any

Json = dict[str, Any]

PIECE_BYTES = 16 << 20
INLINE_BYTES = 512 << 10
BODY_BYTES = 64 << 20
# Read at once where less is asked for.
AHEAD_BYTES = 16 << 10
# A script's own files get the descriptors that they would get natively.
FIRST_DESCRIPTOR = 200


def out_of_the_way(descriptor: int) -> int:
    """Moves a descriptor to a high number, where the limit allows."""
    try:
        moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, FIRST_DESCRIPTOR)
    except OSError:
        return descriptor
    os.close(descriptor)
    return moved


class Pipe:
    """Descriptors 3 (from the agent) and 4 (to the agent). Blocking; one thread only."""

    def __init__(self, source: int = 3, sink: int = 4) -> None:
        self.source = out_of_the_way(source)
        self.sink = out_of_the_way(sink)
        # Read, and not asked for yet.
        self.ahead = b""
        self.place = 0
        self.encode = json.JSONEncoder(separators=(",", ":")).encode
        self.blobs = 0
        # The agent closes its end of a chunk process to end it; a driver never outlives its agent.
        self.status_at_end = 70

    def read(self) -> tuple[Json, bytes]:
        """The next frame. The process ends when the agent is gone."""
        sizes = self._exactly(8)
        head = json.loads(self._exactly(int.from_bytes(sizes[:4], "little")))
        return head, self._exactly(int.from_bytes(sizes[4:], "little"))

    def write(self, head: Json, body: bytes = b"") -> None:
        """Sends a frame whole."""
        text = self.encode(head).encode()
        data = len(text).to_bytes(4, "little") + len(body).to_bytes(4, "little") + text
        if len(body) <= 1 << 16:
            self._send(data + body)
        else:
            self._send(data)
            self._send(body)

    def store(self, data: bytes) -> Json:
        """Gives the agent a blob to keep; returns its name and size."""
        self.blobs += 1
        name = f"b{self.blobs}"
        view = memoryview(data)
        for offset in range(0, max(len(data), 1), PIECE_BYTES):
            piece = view[offset:offset + PIECE_BYTES]
            last = offset + len(piece) >= len(data)
            self.write({"t": "blob", "id": name, "offset": offset, "last": last}, bytes(piece))
        head, _ = self.read()
        return {"sha256": head["sha256"], "size": head["size"]}

    def _send(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self.sink, view):]
        except OSError:
            os._exit(70)

    def is_waiting(self) -> bool:
        """Whether the next frame, or some of it, is here already."""
        return self.place < len(self.ahead)

    def _exactly(self, count: int) -> bytes:
        end = self.place + count
        if end <= len(self.ahead):
            data = self.ahead[self.place:end]
            self.place = end
            return data
        pieces = [self.ahead[self.place:]]
        count -= len(pieces[0])
        while count > 0:
            piece = os.read(self.source, max(min(count, 1 << 20), AHEAD_BYTES))
            if not piece:
                os._exit(self.status_at_end)
            pieces.append(piece)
            count -= len(piece)
        self.ahead = pieces[-1]
        self.place = len(self.ahead) + count
        pieces[-1] = self.ahead[:self.place]
        return b"".join(pieces)
