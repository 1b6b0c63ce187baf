"""Stops the world at a chosen send of the master: what it has just written to a worker never arrives."""

from __future__ import annotations

import threading
from collections.abc import Callable


class SendFailpoint:
    """Fires once, at the `countdown`-th piece that is more than a heartbeat: the bytes may be encrypted."""

    _heartbeat_bytes = 128

    def __init__(self, countdown: int, action: Callable[[], None]) -> None:
        self.fired = threading.Event()
        self._countdown = countdown
        self._action = action

    def reached(self, piece: bytes) -> bool:
        if self.fired.is_set() or len(piece) <= self._heartbeat_bytes:
            return False
        self._countdown -= 1
        if self._countdown > 0:
            return False
        self._action()
        self.fired.set()
        return True


class SendWatch:
    """The failpoint that all connections of a proxy look at; none: they only pass bytes on."""

    def __init__(self) -> None:
        self.failpoint: SendFailpoint | None = None

    def connection(self) -> WorkConnection:
        return WorkConnection(self)


class WorkConnection:
    def __init__(self, watch: SendWatch) -> None:
        self._watch = watch

    def from_client(self, piece: bytes) -> bytes:
        return piece

    def from_server(self, piece: bytes) -> bytes:
        failpoint = self._watch.failpoint
        return b"" if failpoint is not None and failpoint.reached(piece) else piece
