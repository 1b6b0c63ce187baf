"""PostgreSQL, a master and workers as separate processes, each on a host of its own, joined by links that can fail."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from pathlib import Path

from disks import Disk
from links.commits import CommitWatch
from links.event_loop import EventLoop
from links.sends import SendWatch
from links.tcp_proxy import Proxy
from network import Host
from postgres import NAME, USER, Database
from processes import OwnedProcess, wait_until
from rest import Away, Facade, Refused
from role import Role

WORK_PORT = 50_051
REST_PORT = 8_000


@dataclass
class Settings:
    executable: str
    folder: Path
    workers: int = 3
    slots: int = 1
    lease_seconds: int = 3


class Worker(Role):
    """An agent on a host of its own, with its disk and its four links."""

    def __init__(self, number: int, cluster: Cluster) -> None:
        self.host = Host(10 + number)
        self.disk = Disk(cluster.settings.folder / f"worker-{number}", 192)
        self.sends = SendWatch()
        self.links = [
            Proxy(
                cluster.loop,
                (self.host.hub, WORK_PORT + offset),
                (cluster.master_host.address, WORK_PORT + offset),
                self.sends.connection if offset == 0 else None,
                seed=number * 10 + offset,
            )
            for offset in range(4)
        ]
        self._cluster = cluster
        self._number = number
        self.variables: dict[str, str] = {}
        super().__init__(f"worker {number}", self._launch)

    def _launch(self) -> OwnedProcess:
        settings = self._cluster.settings
        command = [
            settings.executable, "worker", "--connect", f"tcp://{self.host.hub}:{WORK_PORT}",
            "--slots", str(settings.slots), "--name", f"worker-{self._number}", "--memory", f"{settings.slots}G",
            "--folder", str(self.disk.folder / "agent"),
        ]  # fmt: skip
        return OwnedProcess(
            self.host.command(command),
            settings.folder / f"worker-{self._number}.log",
            {"RUNSURGE_WORKER_TOKEN": self._cluster.worker_token, **self.variables},
        )


class Cluster:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.loop = EventLoop()
        self.worker_token = secrets.token_hex(16)
        self._signing_key = secrets.token_hex(32)
        self.blobs = Disk(settings.folder / "blobs", 512)
        self.database_disk = Disk(settings.folder / "database", 768)
        self.database = Database(self.database_disk.folder, "127.0.0.1")
        self.database_is_held = False
        self.database_restarts = 0
        self.links_are_encrypted = False
        self.master_host = Host(1)
        self.commits = CommitWatch()
        self.database_link = Proxy(
            self.loop, (self.master_host.hub, 5432), ("127.0.0.1", Database.port), self.commits.connection
        )
        self.master_variables: dict[str, str] = {}
        self.master = Role("master", self._launch_master)
        self.workers = [Worker(number, self) for number in range(settings.workers)]
        self.facade = Facade([(self.master_host.address, REST_PORT)])
        self._is_over = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, name="supervisor", daemon=True)

    @property
    def roles(self) -> list[Role]:
        return [self.master, *self.workers]

    def start(self) -> None:
        self.database.create()
        self.master.start()
        wait_until(self.answers, 60, "the master to answer")
        for worker in self.workers:
            worker.start()
        self._supervisor.start()
        self.facade.register("campaign")

    def answers(self) -> bool:
        try:
            self.facade.get("/readyz")
        except (Away, Refused):
            return False
        return True

    def restart_database(self) -> None:
        self.database.kill()
        self.database.start()

    def fair_weather(self) -> None:
        """Undoes whatever a fault did to links and hosts."""
        self.commits.failpoint = None
        self.database_link.clear()
        for worker in self.workers:
            worker.sends.failpoint = None
            worker.host.restore()
            for link in worker.links:
                link.clear()

    def stop(self) -> None:
        self._is_over.set()
        self._supervisor.join()
        for worker in self.workers:
            worker.stop()
        self.master.stop()
        self.database.stop()
        for worker in self.workers:
            worker.host.remove()
        self.master_host.remove()

    def _supervise(self) -> None:
        while not self._is_over.wait(0.2):
            if not self.database_is_held and not self.database.is_running:
                self.database_restarts += 1
                try:
                    self.database.start()
                except (RuntimeError, TimeoutError):
                    continue
            for role in self.roles:
                role.tend()

    def _launch_master(self) -> OwnedProcess:
        settings = self.settings
        data = settings.folder / "master"
        data.mkdir(exist_ok=True)
        if not (data / "blobs").is_symlink():
            (data / "blobs").symlink_to(self.blobs.folder)
        command = [
            settings.executable, "master", "--data", str(data), "--host", "0.0.0.0", "--port", str(REST_PORT),
            "--work-port", str(WORK_PORT),
        ]  # fmt: skip
        variables = {
            "DB_HOST": self.master_host.hub, "DB_PORT": str(Database.port), "DB_NAME": NAME, "DB_USER": USER,
            "SECRET_KEY": self._signing_key, "RUNSURGE_WORKER_TOKEN": self.worker_token,
            "RUNSURGE_LEASE_SECONDS": str(settings.lease_seconds), "ACCESS_TOKEN_EXPIRE_MINUTES": "10000",
            **self.master_variables,
        }  # fmt: skip
        return OwnedProcess(self.master_host.command(command), settings.folder / "master.log", variables)
