"""A host of its own for a process: a network namespace with one cable to the campaign's."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

from processes import wait_until


class Host:
    """10.77.N.2, seen from the campaign's own namespace, which is 10.77.N.1 to it."""

    def __init__(self, number: int) -> None:
        self.hub = f"10.77.{number}.1"
        self.address = f"10.77.{number}.2"
        self._near = f"hub{number}"
        self._far = f"host{number}"
        self._holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"], stdin=subprocess.DEVNULL)
        self._wait_for_namespace()
        _run("ip", "link", "add", self._near, "type", "veth", "peer", "name", self._far, "netns", str(self._holder.pid))
        _run("ip", "address", "add", f"{self.hub}/24", "dev", self._near)
        _run("ip", "link", "set", self._near, "up")
        self._inside("ip", "address", "add", f"{self.address}/24", "dev", self._far)
        self._inside("ip", "link", "set", "lo", "up")
        self._inside("ip", "link", "set", self._far, "up")

    def command(self, words: Sequence[str]) -> list[str]:
        """The same command on this host."""
        return ["nsenter", f"--net=/proc/{self._holder.pid}/ns/net", "--", *words]

    def cut(self) -> None:
        _run("ip", "link", "set", self._near, "down")

    def cut_towards_host(self) -> None:
        """What is sent to the host is lost; what it sends arrives."""
        _run("tc", "qdisc", "replace", "dev", self._near, "root", *_SWALLOW)

    def cut_from_host(self) -> None:
        self._inside("tc", "qdisc", "replace", "dev", self._far, "root", *_SWALLOW)

    def restore(self) -> None:
        """Undoes every cut."""
        _run("ip", "link", "set", self._near, "up")
        for run, device in ((_run, self._near), (self._inside, self._far)):
            run("tc", "qdisc", "delete", "dev", device, "root", check=False)

    def remove(self) -> None:
        self._holder.kill()
        self._holder.wait()

    def _inside(self, *words: str, check: bool = True) -> None:
        _run(*self.command(words), check=check)

    def _wait_for_namespace(self) -> None:
        own = _namespace("self")
        wait_until(lambda: _namespace(str(self._holder.pid)) != own, 5, "a network namespace")


# A bucket too small for any packet: the kernel drops them all, as a broken cable would.
_SWALLOW = ("tbf", "rate", "8bit", "burst", "1", "limit", "1")


def _namespace(pid: str) -> str:
    return os.readlink(f"/proc/{pid}/ns/net")


def _run(*words: str, check: bool = True) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")
