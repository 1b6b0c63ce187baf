"""PostgreSQL, masters and workers as separate processes, each on a host of its own, joined by links that can fail."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from pathlib import Path

from disks import Disk
from features import Features
from links.event_loop import EventLoop
from master import Master
from postgres import Database
from processes import wait_until
from rest import Away, Facade, Refused
from role import Role
from worker import Worker


@dataclass
class Settings:
    executable: str
    folder: Path
    workers: int = 3
    slots: int = 1
    lease_seconds: int = 3


class Cluster:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.features = Features.of(settings.executable)
        self.loop = EventLoop()
        self.signing_key = secrets.token_hex(32)
        self.blobs = Disk(settings.folder / "blobs", 512)
        self.database_disk = Disk(settings.folder / "database", 768)
        self.database = Database(self.database_disk.folder, "127.0.0.1")
        self.database_is_held = False
        self.database_restarts = 0
        self.masters = [Master(number, self) for number in range(2 if self.features.stands_by else 1)]
        self.workers = [Worker(number, self) for number in range(settings.workers)]
        self.facade = Facade([(master.host.address, master.rest_port) for master in self.masters])
        self._is_over = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, name="supervisor", daemon=True)

    @property
    def roles(self) -> list[Role]:
        return [*self.masters, *self.workers]

    @property
    def leader(self) -> Master:
        """The one that leads, or did when it was last known."""
        if len(self.masters) > 1:
            for master in self.masters:
                if master.role == "leader":
                    return master
        return self.masters[0]

    @property
    def standbys(self) -> list[Master]:
        return [master for master in self.masters if master.role == "standby"]

    def start(self) -> None:
        self.database.create()
        for master in self.masters:
            master.start()
            wait_until(self.answers, 60, f"{master.name} to answer")
        self.facade.register("campaign")
        for worker in self.workers:
            if self.features.enrols:
                worker.enrol()
            worker.start()
        self._supervisor.start()

    def answers(self) -> bool:
        try:
            self.facade.get("/readyz")
        except (Away, Refused):
            return False
        return True

    def fair_weather(self) -> None:
        """Undoes whatever a fault did to links and hosts."""
        for master in self.masters:
            master.commits.failpoint = None
            master.database_link.clear()
        for worker in self.workers:
            worker.sends.failpoint = None
            worker.host.restore()
            for link in worker.links:
                link.clear()

    def stop(self) -> None:
        self._is_over.set()
        if self._supervisor.is_alive():
            self._supervisor.join()
        for role in [*self.workers, *self.masters]:
            role.stop()
        self.database.stop()
        for host in [*(worker.host for worker in self.workers), *(master.host for master in self.masters)]:
            host.remove()
        for disk in [*(worker.disk for worker in self.workers), self.blobs, self.database_disk]:
            disk.remove()

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
