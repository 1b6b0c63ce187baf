"""A long-running part of the cluster, started again whenever it has ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from processes import OwnedProcess


class Role:
    """What supervises it is the campaign; what kills it is a fault."""

    def __init__(self, name: str, start: Callable[[], OwnedProcess]) -> None:
        self.name = name
        self.unexpected: list[str] = []
        """How it has ended without having been killed."""
        self._start = start
        self._lock = threading.RLock()
        self._process: OwnedProcess | None = None
        self._is_held = True
        self._last_start = 0.0

    @property
    def process(self) -> OwnedProcess:
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._process

    def start(self) -> None:
        with self._lock:
            self._is_held = False
            self._process = self._start()
            self._last_start = time.monotonic()

    def kill(self) -> None:
        """With -9, and it stays away until `start`."""
        with self._lock:
            self._is_held = True
            self.process.kill()

    def kill_at_once(self) -> None:
        """As `kill`, for a failpoint: it doesn't wait for the end."""
        self._is_held = True
        self.process.kill_without_waiting()

    def stop(self) -> None:
        with self._lock:
            self._is_held = True
            if self._process is not None:
                self._process.resume()
                self._process.stop()

    def tend(self) -> None:
        """Starts it again when it has ended by itself."""
        with self._lock:
            if self._is_held or self._process is None or self._process.is_running:
                return
            if time.monotonic() - self._last_start < 1:
                return
            self.unexpected.append(f"status {self._process.status}: {self._process.last_words(300).strip()}")
            self.start()

    @property
    def crashes(self) -> list[str]:
        """Ends by a signal that nobody sent."""
        return [text for text in self.unexpected if text.startswith("status -")]
