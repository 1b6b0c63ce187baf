"""What the runsurge under test can do."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass


@dataclass(frozen=True)
class Features:
    enrols: bool
    """Workers have keys, and links are encrypted."""
    stands_by: bool
    """Several masters may share a database."""

    @staticmethod
    def of(executable: str) -> Features:
        return Features(
            enrols="--enroll-token" in _help(executable, "worker"),
            stands_by="--no-standby" in _help(executable, "master"),
        )


def _help(executable: str, command: str) -> str:
    return subprocess.run([executable, command, "--help"], capture_output=True, text=True, check=True).stdout
