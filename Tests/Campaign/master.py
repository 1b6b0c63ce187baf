"""A master on a host of its own, with its link to the database."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import TYPE_CHECKING

from links.commits import CommitWatch
from links.tcp_proxy import Proxy
from network import Host
from postgres import NAME, USER, Database
from processes import OwnedProcess
from role import Role

if TYPE_CHECKING:
    from cluster import Cluster

WORK_PORT = 50_051
REST_PORT = 8_000
_PORTS_APART = 100


class Master(Role):
    def __init__(self, number: int, cluster: Cluster) -> None:
        self.host = Host(1 + number)
        self.work_port = WORK_PORT + number * _PORTS_APART
        self.rest_port = REST_PORT + number * _PORTS_APART
        self.commits = CommitWatch()
        self.database_link = Proxy(
            cluster.loop, (self.host.hub, Database.port), (cluster.database.address, Database.port),
            self.commits.connection, seed=number,
        )  # fmt: skip
        self.variables: dict[str, str] = {}
        self._cluster = cluster
        self._number = number
        super().__init__("master" if number == 0 else f"master {number + 1}", self._launch)

    @property
    def ports(self) -> list[int]:
        """What workers connect to: four endpoints and the REST facade, for files."""
        return [*range(self.work_port, self.work_port + 4), self.rest_port]

    @property
    def role(self) -> str | None:
        """leader or standby, as it says itself; None: it doesn't answer, or there is but one."""
        connection = http.client.HTTPConnection(self.host.address, self.rest_port, timeout=2)
        try:
            connection.request("GET", "/healthz")
            said = json.loads(connection.getresponse().read()).get("role")
        except (OSError, ValueError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        return None if said is None else str(said)

    @property
    def folder(self) -> Path:
        return self._cluster.settings.folder / f"master-{self._number}"

    def _launch(self) -> OwnedProcess:
        settings = self._cluster.settings
        data = self.folder
        data.mkdir(exist_ok=True)
        command = [
            settings.executable, "master", "--data", str(data), "--host", "0.0.0.0", "--port", str(self.rest_port),
            "--work-port", str(self.work_port),
        ]  # fmt: skip
        variables = {
            "DB_HOST": self.host.hub, "DB_PORT": str(Database.port), "DB_NAME": NAME, "DB_USER": USER,
            "SECRET_KEY": self._cluster.signing_key,
            "RUNSURGE_LEASE_SECONDS": str(settings.lease_seconds), "ACCESS_TOKEN_EXPIRE_MINUTES": "10000",
            "RUNSURGE_SERVER_KEYS": str(settings.folder / "server-keys.json"), **self.variables,
        }  # fmt: skip
        if self._cluster.features.stands_by:
            command += ["--blobs", str(self._cluster.blobs.folder)]
        elif not (data / "blobs").is_symlink():
            (data / "blobs").symlink_to(self._cluster.blobs.folder)
        return OwnedProcess(self.host.command(command), settings.folder / f"{self.name}.log", variables)
