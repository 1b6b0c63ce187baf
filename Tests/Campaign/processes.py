"""Processes that the campaign starts, and may therefore kill."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


class OwnedProcess:
    """One process and its log."""

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        environment: Mapping[str, str] | None = None,
        account: tuple[int, int] | None = None,
    ) -> None:
        self.log = log
        user, group = account or (None, None)
        with log.open("ab") as stream:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
                user=user,
                group=group,
                extra_groups=[] if account else None,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    @property
    def status(self) -> int | None:
        return self._process.poll()

    def kill(self) -> None:
        self.kill_without_waiting()
        self._process.wait()

    def kill_without_waiting(self) -> None:
        self._send(signal.SIGKILL)

    def kill_with_descendants(self) -> None:
        """The process first, so that it neither replaces nor ends the others in order."""
        below = descendants(self.pid)
        self.kill()
        for pid in below:
            send(pid, signal.SIGKILL)
        wait_until(lambda: not any(is_alive(pid) for pid in below), 10, "the killed processes to be gone")

    def stop(self, patience: float = 20) -> None:
        """Asks it to end in order."""
        self._send(signal.SIGTERM)
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()

    def pause(self, with_descendants: bool = False) -> None:
        for pid in [self.pid, *(descendants(self.pid) if with_descendants else [])]:
            send(pid, signal.SIGSTOP)

    def resume(self) -> None:
        for pid in [*descendants(self.pid), self.pid]:
            send(pid, signal.SIGCONT)

    def resident_bytes(self) -> int:
        try:
            pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        except (OSError, IndexError):
            return 0
        return pages * os.sysconf("SC_PAGE_SIZE")

    def last_words(self, characters: int = 2000) -> str:
        return self.log.read_text(errors="replace")[-characters:]

    def _send(self, number: int) -> None:
        if self.is_running:
            send(self.pid, number)


def send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def is_alive(pid: int) -> bool:
    """Whether it still does anything: a dead one that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def children(parent: int) -> list[int]:
    return _families().get(parent, [])


def descendants(root: int) -> list[int]:
    """Children and theirs, parents first."""
    families = _families()
    found: list[int] = []
    waiting = [root]
    while waiting:
        below = families.get(waiting.pop(0), [])
        found += below
        waiting += below
    return found


def _families() -> dict[int, list[int]]:
    families: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
        families.setdefault(parent, []).append(int(entry.name))
    return families


def command_line(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    except OSError:
        return []


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Raises TimeoutError naming what was waited for."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s for {what}")
        time.sleep(0.02)
