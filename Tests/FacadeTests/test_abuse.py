"""What hostile and clumsy clients cost: bounded memory, and other users are served meanwhile."""

from __future__ import annotations

import resource
import socket
import statistics
import sys
import threading
import time
import unittest
from pathlib import Path
from urllib.parse import urlsplit

import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "RealCluster"))
from event_reader import EventReader  # noqa: E402
from real_cluster import Cluster  # noqa: E402

STREAMS = 2_000
HALF_OPEN = 100
SLOW = 300
FLOOD_SECONDS = 8
MEBIBYTE = 1 << 20
# Of resident memory, measured and doubled.
STREAM_BYTES = 160 << 10
GROWTH_BYTES = 256 * MEBIBYTE
PATIENCE_SECONDS = 10
"""Nobody else waits longer for an answer."""


class AbuseTests(unittest.TestCase):
    cluster: Cluster

    @classmethod
    def setUpClass(cls) -> None:
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        cls.cluster = Cluster("abuse", workers=1)
        cls.addClassCleanup(cls.cluster.stop)
        cls.url = cls.cluster.ready["url"]
        cls.target = urlsplit(cls.url)
        cls.abuser, cls.other = (cls.register(name) for name in ("abuser", "other"))
        # Code and caches that every process comes to have.
        for _ in range(3):
            cls.run_job(cls.other)

    @classmethod
    def register(cls, name: str) -> str:
        answer = requests.post(f"{cls.url}/api/auth/register", timeout=30, json={
            "username": name, "email": f"{name}@example.org", "password": "correct horse 9"})
        return str(answer.json()["access_token"])

    @classmethod
    def headers(cls, token: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token}"}

    @classmethod
    def run_job(cls, token: str) -> float:
        """Seconds from the submission to the end."""
        begin = time.monotonic()
        answer = requests.post(f"{cls.url}/api/job/submit", files={"script": ("s.py", "print(1)")}, timeout=60,
                               headers=cls.headers(token))
        assert answer.status_code == 201, answer.text
        path = f"{cls.url}/api/job/{answer.json()['job_id']}"
        while requests.get(path, headers=cls.headers(token), timeout=60).json()["status"] != "completed":
            assert time.monotonic() - begin < 60, "the job did not end"
            time.sleep(0.05)
        return time.monotonic() - begin

    def resident(self) -> int:
        for line in Path(f"/proc/{self.cluster.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) << 10
        raise AssertionError("there is no such process")

    def cpu(self) -> float:
        fields = Path(f"/proc/{self.cluster.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def connect(self) -> socket.socket:
        connection = socket.create_connection((self.target.hostname, self.target.port), timeout=30)
        self.addCleanup(connection.close)
        return connection

    def request(self, method: str, path: str, token: str, *more: str) -> bytes:
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.target.netloc}", f"Authorization: Bearer {token}", *more]
        return "\r\n".join([*lines, "", ""]).encode()

    def others_latencies(self, seconds: float) -> list[float]:
        """Of another user's requests."""
        latencies = []
        end = time.monotonic() + seconds
        session = requests.Session()
        while time.monotonic() < end:
            begin = time.monotonic()
            answer = session.get(f"{self.url}/api/users/jobs", headers=self.headers(self.other), timeout=60)
            latencies.append(time.monotonic() - begin)
            self.assertEqual(answer.status_code, 200)
            time.sleep(0.02)
        return latencies

    def report(self, what: str, before: int, latencies: list[float], job: float) -> None:
        grown = (self.resident() - before) / MEBIBYTE
        print(f"\n{what}: resident {before / MEBIBYTE:.0f} MiB + {grown:.1f} MiB; another user's requests: median "
              f"{statistics.median(latencies) * 1e3:.1f} ms, worst {max(latencies) * 1e3:.0f} ms, job {job:.2f} s",
              file=sys.stderr)

    def test_idle_streams_cost_little(self) -> None:
        before = self.resident()
        streams = [self.connect() for _ in range(STREAMS)]
        for stream in streams:
            stream.sendall(self.request("GET", "/api/events", self.abuser))
        for stream in streams:
            self.assertIn(b" 200 ", stream.recv(4096).split(b"\r\n")[0])
        time.sleep(2)
        grown = self.resident() - before
        begin, used = time.monotonic(), self.cpu()
        time.sleep(20)
        share = (self.cpu() - used) / (time.monotonic() - begin)
        latencies = self.others_latencies(3)
        job = self.run_job(self.other)
        self.report(f"{STREAMS} idle streams ({share:.1%} of a core)", before, latencies, job)
        self.assertLess(grown / STREAMS, STREAM_BYTES)
        self.assertLess(share, 0.25)
        self.assertLess(max(*latencies, job), PATIENCE_SECONDS)
        # They are alive: what happens comes to all of them.
        self.run_job(self.abuser)
        for stream in streams[:: STREAMS // 50]:
            text = b""
            while b'"status":"completed"' not in text:
                piece = stream.recv(65536)
                self.assertTrue(piece, text)
                text += piece

    def test_a_reader_that_takes_nothing_is_dropped_and_comes_back(self) -> None:
        before = self.resident()
        stuck = socket.socket()
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.addCleanup(stuck.close)
        stuck.connect((self.target.hostname, self.target.port))
        stuck.sendall(self.request("GET", "/api/events?after=0-0", self.abuser))
        reader = EventReader(self.url, "/api/events", self.abuser)
        self.addCleanup(reader.close)
        reader.wait_for_place()
        jobs = 0
        while len(reader.events) < 1_500 and not reader.has_ended.is_set():
            answer = requests.post(f"{self.url}/api/job/submit", files={"script": ("s.py", "")}, timeout=60,
                                   headers=self.headers(self.abuser))
            self.assertEqual(answer.status_code, 201, answer.text)
            requests.delete(f"{self.url}/api/job/{answer.json()['job_id']}", headers=self.headers(self.abuser),
                            timeout=60)
            jobs += 1
            if jobs >= 800:
                break
        self.assertFalse(reader.has_ended.is_set(), "one who reads is not dropped for one who does not")
        self.assertLess(self.resident() - before, GROWTH_BYTES)

    def test_half_open_uploads_keep_nobody_waiting(self) -> None:
        before = self.resident()
        start = (b'--b\r\nContent-Disposition: form-data; name="script"; filename="s.py"\r\n\r\n' + b"#" * (64 << 10))
        for _ in range(HALF_OPEN):
            connection = self.connect()
            connection.sendall(self.request(
                "POST", "/api/job/submit", self.abuser, "Content-Type: multipart/form-data; boundary=b",
                "Content-Length: 1000000000") + start)
        time.sleep(1)
        latencies = self.others_latencies(3)
        job = self.run_job(self.other)
        self.report(f"{HALF_OPEN} half-open uploads", before, latencies, job)
        self.assertLess(max(*latencies, job), PATIENCE_SECONDS)
        self.assertLess(self.resident() - before, GROWTH_BYTES)

    def test_slow_clients_keep_nobody_waiting(self) -> None:
        before = self.resident()
        slow = [self.connect() for _ in range(SLOW)]
        head = self.request("GET", "/api/users/jobs", self.abuser)
        for number in range(5):
            for connection in slow:
                connection.sendall(head[number : number + 1])
        latencies = self.others_latencies(3)
        job = self.run_job(self.other)
        self.report(f"{SLOW} slow clients", before, latencies, job)
        self.assertLess(max(*latencies, job), PATIENCE_SECONDS)
        self.assertLess(self.resident() - before, GROWTH_BYTES)

    def test_a_flood_of_requests_keeps_nobody_out(self) -> None:
        before = self.resident()
        end = time.monotonic() + FLOOD_SECONDS
        counts = [0] * 16

        def flood(index: int) -> None:
            connection = self.connect()
            one = self.request("GET", "/api/users/jobs", self.abuser)
            connection.settimeout(60)
            while time.monotonic() < end:
                # Many at once, whose answers are read late.
                connection.sendall(one * 50)
                answers = 0
                while answers < 50:
                    piece = connection.recv(1 << 20)
                    if not piece:
                        return
                    answers += piece.count(b"HTTP/1.1 ")
                counts[index] += answers

        threads = [threading.Thread(target=flood, args=(index,), daemon=True) for index in range(len(counts))]
        for thread in threads:
            thread.start()
        latencies = self.others_latencies(FLOOD_SECONDS - 1)
        for thread in threads:
            thread.join(120)
        job = self.run_job(self.other)
        self.report(f"a flood of {sum(counts) / FLOOD_SECONDS:.0f} requests a second", before, latencies, job)
        self.assertLess(max(latencies), PATIENCE_SECONDS)
        self.assertLess(self.resident() - before, GROWTH_BYTES)
        self.assertIsNone(self.cluster.process.poll())


if __name__ == "__main__":
    unittest.main()
