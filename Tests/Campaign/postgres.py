"""A PostgreSQL server that can be killed: the postmaster with all its children, and started again at once."""

from __future__ import annotations

import pwd
import shutil
import socket
import subprocess
from pathlib import Path

from processes import OwnedProcess, wait_until

USER = "runsurge"
NAME = "runsurge"


class Database:
    """Trusts whoever comes: who can reach `address` is the test's."""

    port = 5432

    def __init__(self, folder: Path, address: str) -> None:
        self.folder = folder
        self.address = address
        self._log = folder.parent / "postgresql.log"
        self._binaries = _binaries()
        self._account = _unprivileged_account()
        self._process: OwnedProcess | None = None

    def create(self) -> None:
        """`folder` exists, empty."""
        shutil.chown(self.folder, self._account[0], self._account[1])
        self._run(
            "initdb", "-D", str(self.folder / "data"), f"--username={USER}", "--auth=trust", "--encoding=UTF8",
            "--locale=C", "--no-sync", "--no-instructions",
        )  # fmt: skip
        with (self.folder / "data" / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 0.0.0.0/0 trust\n")
        self.start()
        self._run("createdb", "-h", self.address, "-p", str(self.port), "-U", USER, NAME)

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.is_running

    def start(self, patience: float = 60) -> None:
        """Returns when it takes connections, after recovery."""
        settings = [
            f"listen_addresses={self.address}", f"port={self.port}", f"unix_socket_directories={self.folder}",
            "max_connections=100", "shared_buffers=64MB", "max_wal_size=64MB", "min_wal_size=32MB",
            "wal_level=minimal", "max_wal_senders=0", "jit=off", "log_min_messages=warning",
        ]  # fmt: skip
        command = [f"{self._binaries}/postgres", "-D", str(self.folder / "data")]
        for setting in settings:
            command += ["-c", setting]
        process = OwnedProcess(command, self._log, account=self._account)
        self._process = process
        wait_until(lambda: self._answers() or not process.is_running, patience, "PostgreSQL to take connections")
        if not process.is_running:
            raise RuntimeError(f"PostgreSQL did not start:\n{process.last_words()}")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill_with_descendants()

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()

    def _answers(self) -> bool:
        ready = subprocess.run(
            [f"{self._binaries}/pg_isready", "-q", "-h", self.address, "-p", str(self.port)], check=False
        )
        return ready.returncode == 0

    def _run(self, program: str, *arguments: str) -> None:
        user, group = self._account
        done = subprocess.run(
            [f"{self._binaries}/{program}", *arguments], capture_output=True, text=True, check=False, user=user,
            group=group, extra_groups=[], cwd="/",
        )  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(f"{program}: {done.stderr.strip()}")


def _binaries() -> str:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise RuntimeError("PostgreSQL's server is not installed: apt-get install postgresql")
    return str(found[-1].parent)


def _unprivileged_account() -> tuple[int, int]:
    entry = pwd.getpwnam("postgres")
    return entry.pw_uid, entry.pw_gid


def can_connect(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=1):
            return True
    except OSError:
        return False
