"""Reads PostgreSQL's protocol as it passes and stops the world at a chosen commit."""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable
from enum import Enum


class Moment(Enum):
    BEFORE_COMMIT = "before commit"
    """The transaction is complete but for its commit, which never reaches the server."""
    BEFORE_ACKNOWLEDGEMENT = "between commit and acknowledgement"
    """The server has committed; nobody hears of it."""


WRITES = {
    "submission": b"INSERT INTO job (",
    "lease": b"INSERT INTO chunk_lease",
    "region": b"INSERT INTO region (",
    "result": b"INSERT INTO chunk_result",
    "outcome": b"UPDATE job SET state = $2::job_state",
}
"""What a transaction writes, by what its statements contain."""


class Failpoint:
    """Fires once: at the `countdown`-th commit of a transaction that writes what `write` names."""

    def __init__(self, write: str, moment: Moment, countdown: int, action: Callable[[], None]) -> None:
        self.write = write
        self.moment = moment
        self.fired = threading.Event()
        self._countdown = countdown
        self._action = action

    def reached(self, writes: set[str]) -> bool:
        """Whether this commit is the one."""
        if self.fired.is_set() or self.write not in writes or self._countdown <= 0:
            return False
        self._countdown -= 1
        return self._countdown == 0

    def fire(self) -> None:
        self._action()
        self.fired.set()


class CommitWatch:
    """The failpoint that all connections of a proxy look at; none: they only pass bytes on."""

    def __init__(self) -> None:
        self.failpoint: Failpoint | None = None

    def connection(self) -> PostgresConnection:
        return PostgresConnection(self)


class PostgresConnection:
    """A connection's two streams, cut into messages. What is incomplete waits for its rest."""

    _negotiations = (80_877_103, 80_877_104)
    """The codes that ask for TLS and GSSAPI: the answer is one byte, not a message."""
    _cancellation = 80_877_102

    def __init__(self, watch: CommitWatch) -> None:
        self._watch = watch
        self._client = bytearray()
        self._server = bytearray()
        self._has_started = False
        self._negotiating = 0
        self._statements: dict[bytes, set[str]] = {}
        self._writes: set[str] = set()
        self._is_explicit = False
        self._is_held = False
        self._awaited: Failpoint | None = None

    def from_client(self, piece: bytes) -> bytes:
        self._client += piece
        passed = bytearray()
        while not self._is_held:
            message = self._next_client_message()
            if message is None:
                break
            failpoint = self._failpoint_at(message)
            if failpoint is not None and failpoint.moment is Moment.BEFORE_COMMIT:
                self._is_held = True
                failpoint.fire()
                break
            if failpoint is not None:
                self._awaited = failpoint
            passed += message
        return bytes(passed)

    def from_server(self, piece: bytes) -> bytes:
        if self._negotiating:
            self._negotiating -= 1
            return piece
        if self._awaited is None:
            return b"" if self._is_held else piece
        self._server += piece
        while len(self._server) >= 5:
            length = 1 + struct.unpack_from("!i", self._server, 1)[0]
            if len(self._server) < length:
                break
            is_ready = self._server[0:1] == b"Z"
            del self._server[:length]
            if is_ready:
                failpoint, self._awaited, self._is_held = self._awaited, None, True
                failpoint.fire()
                break
        return b""

    def _next_client_message(self) -> bytes | None:
        start = 1 if self._has_started else 0
        if len(self._client) < start + 4:
            return None
        length = start + struct.unpack_from("!i", self._client, start)[0]
        if len(self._client) < length:
            return None
        message = bytes(self._client[:length])
        del self._client[:length]
        if not self._has_started:
            code = struct.unpack_from("!i", message, 4)[0]
            if code in self._negotiations:
                self._negotiating += 1
            elif code != self._cancellation:
                self._has_started = True
        return message

    def _failpoint_at(self, message: bytes) -> Failpoint | None:
        """Follows what the transaction writes; the failpoint when this message commits what it waits for."""
        kind = message[0:1]
        if kind == b"P":
            name, _, rest = message[5:].partition(b"\0")
            self._statements[name] = _writes(rest)
        elif kind == b"B":
            statement = message[5:].split(b"\0", 2)[1]
            self._writes |= self._statements.get(statement, set())
        elif kind == b"Q":
            text = message[5:].upper()
            self._writes |= _writes(message[5:])
            if text.startswith(b"BEGIN"):
                self._is_explicit = True
            elif text.startswith((b"COMMIT", b"ROLLBACK")):
                self._is_explicit = False
        if kind not in (b"S", b"Q") or self._is_explicit:
            return None
        writes, self._writes = self._writes, set()
        failpoint = self._watch.failpoint
        return failpoint if failpoint is not None and failpoint.reached(writes) else None


def _writes(sql: bytes) -> set[str]:
    return {name for name, mark in WRITES.items() if mark in sql}
