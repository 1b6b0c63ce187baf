"""Reads server-sent events off a socket, as `EventSource` does, and remembers where it was."""

from __future__ import annotations

import json
import socket
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Event:
    id: str
    kind: str
    data: dict[str, Any]


def states_of(events: list[Event], job: int) -> list[str]:
    """What was said of one job, in its order."""
    return [event.data["status"] for event in events if event.data.get("job_id") == job]


def check_order(events: list[Event]) -> None:
    places = [tuple(map(int, event.id.split("-"))) for event in events]
    if places != sorted(set(places)):
        raise AssertionError(f"not in order, or twice: {places}")


class EventReader:
    """One stream in a thread of its own, from `last` on."""

    def __init__(self, url: str, path: str, token: str, last: str | None = None) -> None:
        self.events: list[Event] = []
        self.last = last
        self.status = 0
        self.has_ended = threading.Event()
        target = urlsplit(url)
        self._socket = socket.create_connection((target.hostname, target.port), timeout=120)
        headers = [f"GET {path} HTTP/1.1", f"Host: {target.netloc}", f"Authorization: Bearer {token}"]
        if last:
            headers.append(f"Last-Event-ID: {last}")
        self._socket.sendall("\r\n".join([*headers, "", ""]).encode())
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def wait(self, count: int, seconds: float = 60) -> list[Event]:
        deadline = time.monotonic() + seconds
        while len(self.events) < count and time.monotonic() < deadline and not self.has_ended.is_set():
            time.sleep(0.02)
        return self.events

    def wait_for_place(self, seconds: float = 30) -> str:
        deadline = time.monotonic() + seconds
        while self.last is None and time.monotonic() < deadline:
            time.sleep(0.02)
        if self.last is None:
            raise AssertionError(f"no place came: {self.status}")
        return self.last

    def close(self) -> None:
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()
        self._thread.join(20)

    def _read(self) -> None:
        try:
            with self._socket.makefile("rb") as file:
                self.status = int(file.readline().split()[1])
                while file.readline().strip():
                    pass
                if self.status == 200:
                    self._read_events(file)
        except (OSError, ValueError, IndexError):
            pass
        self.has_ended.set()

    def _read_events(self, file: Any) -> None:
        fields: dict[str, str] = {}
        for line in self._lines(file):
            if not line:
                self.last = fields.get("id", self.last)
                if "data" in fields:
                    self.events.append(Event(fields["id"], fields["event"], json.loads(fields["data"])))
                fields = {}
            elif not line.startswith(":"):
                name, _, value = line.partition(": ")
                fields[name] = value

    @staticmethod
    def _lines(file: Any) -> Any:
        """Of a chunked body."""
        rest = b""
        while size := int(file.readline().strip() or b"0", 16):
            rest += file.read(size)
            file.readline()
            *lines, rest = rest.split(b"\n")
            yield from (line.decode() for line in lines)
