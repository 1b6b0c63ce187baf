"""Two masters on one database: both serve the same, and when one is killed the other shows all that there was to see."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
import time
import unittest
from pathlib import Path

import requests

for neighbour in ("RealCluster", "Campaign"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / neighbour))
from event_reader import Event, EventReader, check_order, states_of  # noqa: E402
from postgres import NAME, USER, Database  # noqa: E402
from processes import OwnedProcess, wait_until  # noqa: E402
from real_cluster import EXECUTABLE  # noqa: E402

ADDRESS = "127.0.0.1"
SECONDS = 60
STATES = ["submitted", "pending_schedule", "running", "completed"]


def free_ports(count: int) -> int:
    """The first of so many that are free together, one after the other."""
    for first in range(30_000, 60_000, count):
        sockets = [socket.socket() for _ in range(count)]
        try:
            for number, one in enumerate(sockets):
                one.bind((ADDRESS, first + number))
            return first
        except OSError:
            continue
        finally:
            for one in sockets:
                one.close()
    raise AssertionError("no ports are free")


class TwoMasterTests(unittest.TestCase):
    def setUp(self) -> None:
        # Below /tmp, where the unprivileged account of PostgreSQL may go.
        self.folder = Path(tempfile.mkdtemp(prefix="runsurge-masters-", dir="/tmp"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.folder.chmod(0o755)
        ports = free_ports(11)
        (self.folder / "postgresql").mkdir()
        self.database = Database(self.folder / "postgresql", ADDRESS)
        self.database.port = ports
        self.addCleanup(self.database.stop)
        self.database.create()
        self.urls: list[str] = []
        self.work_endpoints: list[str] = []
        self.masters = [self.start_master(ports + 1 + number * 5, role)
                        for number, role in enumerate(["leader", "standby"])]
        answer = requests.post(f"{self.urls[0]}/api/auth/register", timeout=30, json={
            "username": "ada", "email": "ada@example.org", "password": "correct horse 9"})
        self.token = answer.json()["access_token"]
        self.headers = {"Authorization": f"Bearer {self.token}"}
        worker = OwnedProcess(
            [EXECUTABLE, "worker", "--master", self.urls[0], "--connect", ",".join(self.work_endpoints), "--slots", "1",
             "--folder", str(self.folder / "worker")], self.folder / "worker.log", {"RUNSURGE_TOKEN": self.token})
        self.addCleanup(worker.stop)

    def start_master(self, port: int, role: str) -> OwnedProcess:
        """Returns when it has the role."""
        url = f"http://{ADDRESS}:{port + 4}"
        self.urls.append(url)
        self.work_endpoints.append(f"tcp://{ADDRESS}:{port}")
        process = OwnedProcess(
            [EXECUTABLE, "master", "--data", str(self.folder / role), "--blobs", str(self.folder / "blobs"),
             "--port", str(port + 4), "--work-port", str(port)], self.folder / f"{role}.log",
            {"DB_HOST": ADDRESS, "DB_PORT": str(self.database.port), "DB_NAME": NAME, "DB_USER": USER,
             "SECRET_KEY": "a secret of both masters, as long as it has to be",
             "RUNSURGE_SERVER_KEYS": str(self.folder / "server-keys.json")})
        self.addCleanup(process.stop)
        wait_until(lambda: self.role(url) == role or not process.is_running, SECONDS, f"the {role}")
        self.assertTrue(process.is_running, process.last_words())
        return process

    @staticmethod
    def role(url: str) -> str | None:
        try:
            said = requests.get(f"{url}/healthz", timeout=5).json().get("role")
        except (OSError, ValueError):
            return None
        return None if said is None else str(said)

    def submit(self, url: str, script: str = "print(1)") -> int:
        answer = requests.post(f"{url}/api/job/submit", files={"script": ("s.py", script)}, timeout=SECONDS,
                               headers=self.headers)
        self.assertEqual(answer.status_code, 201, answer.text)
        return int(answer.json()["job_id"])

    def reader(self, url: str, last: str | None = None) -> EventReader:
        reader = EventReader(url, "/api/events", self.token, last)
        self.addCleanup(reader.close)
        return reader

    @staticmethod
    def of_jobs(events: list[Event]) -> list[Event]:
        return [event for event in events if event.kind == "job"]

    def test_both_show_the_same_and_a_reader_may_go_from_one_to_the_other(self) -> None:
        streams = [self.reader(url) for url in self.urls]
        for stream in streams:
            stream.wait_for_place()
        jobs = [self.submit(url) for url in self.urls + self.urls]
        wait_until(lambda: all(len(self.of_jobs(stream.events)) == 16 for stream in streams), SECONDS, "all changes")
        whole = streams[0].events
        check_order(whole)
        self.assertEqual(whole, streams[1].events)
        for job in jobs:
            self.assertEqual(states_of(whole, job), STATES)
        for url in self.urls:
            rest = self.reader(url, whole[6].id)
            self.assertEqual(rest.wait(len(whole) - 7), whole[7:])
        for url in self.urls:
            seen = [requests.get(f"{url}/api/job/{job}", headers=self.headers, timeout=30).json() for job in jobs]
            self.assertEqual([view["status"] for view in seen], ["completed"] * 4)

    def test_what_one_is_told_the_other_shows_at_once(self) -> None:
        for first, second in (self.urls, self.urls[::-1]):
            job = self.submit(first)
            shown = requests.get(f"{second}/api/job/{job}", headers=self.headers, timeout=30)
            self.assertEqual((shown.status_code, shown.json()["job_id"]), (200, job))
            followed = requests.get(f"{second}/api/job/{job}/logs?follow=true", headers=self.headers, timeout=SECONDS)
            self.assertEqual(followed.text, "1\n")
            ended = [requests.get(f"{url}/api/job/{job}", headers=self.headers, timeout=30).json()
                     for url in (first, second)]
            self.assertEqual(ended[0], ended[1])
            self.assertEqual(ended[0]["status"], "completed")

    def test_the_leaders_end_is_no_end_of_what_is_seen(self) -> None:
        stream = self.reader(self.urls[0])
        stream.wait_for_place()
        jobs = [self.submit(self.urls[0], "import time; time.sleep(2); print(1)")]
        wait_until(lambda: "running" in states_of(stream.events, jobs[0]), SECONDS, "the job to run")
        self.masters[0].kill()
        self.assertTrue(stream.has_ended.wait(SECONDS))
        # It is not the leader yet, and takes what it is given.
        jobs += [self.submit(self.urls[1]) for _ in range(3)]
        rest = self.reader(self.urls[1], stream.last)
        wait_until(lambda: all(states_of(rest.events, job)[-1:] == ["completed"] for job in jobs), 2 * SECONDS,
                   "all jobs to end")
        self.assertEqual(self.role(self.urls[1]), "leader")
        events = stream.events + rest.events
        check_order(events)
        for job in jobs:
            self.assertEqual(states_of(events, job), STATES)
            output = requests.get(f"{self.urls[1]}/api/job/{job}/logs", headers=self.headers, timeout=30)
            self.assertEqual(output.text, "1\n")


if __name__ == "__main__":
    unittest.main()
