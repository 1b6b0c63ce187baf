"""An agent on a host of its own, with its disk and its links to every master."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from disks import Disk
from links.sends import SendWatch
from links.tcp_proxy import Proxy
from network import Host
from processes import OwnedProcess
from role import Role

if TYPE_CHECKING:
    from cluster import Cluster


class Worker(Role):
    def __init__(self, number: int, cluster: Cluster) -> None:
        self.host = Host(10 + number)
        self.disk = Disk(cluster.settings.folder / f"worker-{number}", 192)
        self.sends = SendWatch()
        self.links = [
            Proxy(
                cluster.loop, (self.host.hub, port), (master.host.address, port),
                self.sends.connection if port == master.work_port else None, seed=number * 100_000 + port,
            )
            for master in cluster.masters
            for port in master.ports
        ]  # fmt: skip
        self.variables: dict[str, str] = {}
        self._cluster = cluster
        self._number = number
        super().__init__(f"worker {number}", self._launch)

    def enrol(self) -> None:
        """Gets the key that lets it in, once."""
        master = self._cluster.masters[0]
        done = subprocess.run(
            [
                self._cluster.settings.executable, "enroll", "--master",
                f"http://{master.host.address}:{master.rest_port}", "--name", f"worker-{self._number}",
                "--folder", self._folder,
            ],
            capture_output=True, text=True, check=False,
            env={**os.environ, "RUNSURGE_TOKEN": self._cluster.facade.token},
        )  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(f"{self.name} can't be enrolled: {done.stderr.strip()}")

    @property
    def _folder(self) -> str:
        return str(self.disk.folder / "agent")

    def _launch(self) -> OwnedProcess:
        settings = self._cluster.settings
        endpoints = [f"tcp://{self.host.hub}:{master.work_port}" for master in self._cluster.masters]
        command = [
            settings.executable, "worker", "--connect", ",".join(endpoints), "--slots", str(settings.slots),
            "--name", f"worker-{self._number}", "--memory", f"{settings.slots}G", "--folder", self._folder,
        ]  # fmt: skip
        return OwnedProcess(
            self.host.command(command),
            settings.folder / f"worker-{self._number}.log",
            self.variables,
        )
