"""Groups against a real cluster: both forms of aggregators, hostile archives, and what fails and is tried again."""

from __future__ import annotations

import io
import os
import signal
import stat
import sys
import time
import unittest
import zipfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "RealCluster"))
from original_client import OriginalClient  # noqa: E402
from real_cluster import Cluster  # noqa: E402

SCRIPT = '''\
import time
time.sleep(0.05)
with open("number.txt") as file:
    number = int(file.read())
if number < 0:
    raise SystemExit(3)
with open("square.txt", "w") as file:
    file.write(str(number * number))
'''

PARTS = '''\
####Code Before For Loop####
total = 0
##########Loop Code##########
total += int(file_bytes)
##########Code After For Loop##########
final_file = {"file_path": "total.txt", "file_bytes": str(total).encode()}
'''

FUNCTION = '''\
def aggregate(outputs):
    total = 0
    for output in outputs:
        total += int(output.file_bytes)
    yield "total.txt", str(total).encode()
'''

MEMBERS = 50


def archive(*entries: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in entries:
            file.writestr(name, data)
    return target.getvalue()


def numbered(number: int) -> bytes:
    return archive(("number.txt", str(number).encode()))


def special(kind: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("number.txt")
    info.create_system = 3
    info.external_attr = (kind | 0o644) << 16
    return info


def encrypted() -> bytes:
    """The bit that says so, in both headers."""
    data = bytearray(numbered(1))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def twice() -> bytes:
    """Two entries of one name."""
    data = archive(("number.txt", b"1"), ("numbex.txt", b"2"))
    return data.replace(b"numbex.txt", b"number.txt")


HOSTILE = {
    "absolute": archive(("/number.txt", b"1")),
    "outside": archive(("../number.txt", b"1")),
    "link": archive((special(stat.S_IFLNK), b"/etc/passwd")),
    "device": archive((special(stat.S_IFCHR), b"")),
    "twice": twice(),
    "bomb": archive(("number.txt", bytes(64 << 20))),
    "many": archive(*((f"{number}.txt", b"") for number in range(10_001))),
    "encrypted": encrypted(),
    "cut": numbered(1)[:-30],
    "none": b"no archive at all",
}


def processes_below(root: int) -> list[int]:
    found = [root]
    for pid in found:
        try:
            found += [int(child) for task in Path(f"/proc/{pid}/task").iterdir()
                      for child in (task / "children").read_text().split()]
        except OSError:
            continue
    return found[1:]


class GroupTests(unittest.TestCase):
    cluster: Cluster
    client: OriginalClient

    @classmethod
    def setUpClass(cls) -> None:
        cls.cluster = Cluster("groups", workers=2)
        cls.addClassCleanup(cls.cluster.stop)
        cls.url = cls.cluster.ready["url"]
        cls.client = OriginalClient(cls.url)
        cls.client.post("/api/auth/register", json={
            "username": "owner", "email": "owner@example.org", "password": "correct horse 9"})

    def make(self, members: int, aggregator: str, script: str = SCRIPT) -> Any:
        return self.client.post(
            "/api/group/", data={"group_name": "squares", "num_of_jobs": members},
            files={"python_file": ("square.py", script), "aggregator_file": ("sum.py", aggregator)})

    def send(self, group: int, member: int, data: bytes) -> list[Any]:
        return self.client.upload(
            f"/api/group/{group}/{member}/upload-zip-file", "part.zip", data, required_ram=32 << 20)

    def total(self, group: int) -> bytes:
        with zipfile.ZipFile(io.BytesIO(self.client.download(f"/api/group/{group}/result").content)) as file:
            self.assertEqual(file.namelist(), ["total.txt"])
            return file.read("total.txt")

    def end_of(self, group: int) -> Any:
        return self.client.poll(f"/api/group/{group}", {"completed", "failed"})

    def test_fifty_archives_and_a_kill_with_an_aggregator_of_three_parts(self) -> None:
        self.run_fifty(PARTS, kill=True)

    def test_fifty_archives_with_an_aggregator_that_is_a_function(self) -> None:
        self.run_fifty(FUNCTION, kill=False)

    def run_fifty(self, aggregator: str, kill: bool) -> None:
        group = self.make(MEMBERS, aggregator)
        identifier, members = group["group_id"], [member["job_id"] for member in group["jobs"]]
        for number, member in enumerate(members):
            self.send(identifier, member, numbered(number))
            if kill and number == MEMBERS // 2:
                self.kill_a_running_one(identifier)
        seen = self.end_of(identifier)
        self.assertEqual(seen["status"], "completed", seen.get("failure"))
        self.assertEqual({member["status"] for member in seen["jobs"]}, {"completed"})
        self.assertEqual(self.total(identifier), str(sum(number * number for number in range(MEMBERS))).encode())

    def kill_a_running_one(self, group: int) -> None:
        """The whole sandbox of a member, in mid-run: its worker sees it end, and it runs again."""
        deadline = time.monotonic() + 30
        while "running" not in {member["status"] for member in self.client.get(f"/api/group/{group}")["jobs"]}:
            self.assertLess(time.monotonic(), deadline, "no member came to run")
        killed = 0
        for pid in processes_below(self.cluster.process.pid):
            try:
                if b"bwrap" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]:
                    os.kill(pid, signal.SIGKILL)
                    killed += 1
            except (OSError, IndexError):
                continue
        self.assertGreater(killed, 0)

    def test_hostile_archives_are_refused_and_their_members_retried(self) -> None:
        group = self.make(len(HOSTILE), FUNCTION)
        identifier, members = group["group_id"], [member["job_id"] for member in group["jobs"]]
        for (kind, data), member in zip(HOSTILE.items(), members):
            with self.subTest(kind):
                pieces = self.refused(identifier, member, data)
                self.assertEqual(pieces.status_code, 400, pieces.text)
                shown = self.member(identifier, member)
                self.assertEqual((shown["status"], shown["failure"]), ("failed", pieces.json()["detail"]))
        self.assertEqual(self.end_of(identifier)["status"], "failed")
        for number, member in enumerate(members):
            again = self.client.post(f"/api/group/{identifier}/{member}/retry")["job_id"]
            self.assertNotEqual(again, member)
            self.send(identifier, again, numbered(number))
        seen = self.end_of(identifier)
        self.assertEqual(seen["status"], "completed", seen)
        self.assertEqual(self.total(identifier), str(sum(number * number for number in range(len(HOSTILE)))).encode())

    def refused(self, group: int, member: int, data: bytes) -> Any:
        """The answer to the piece that makes it whole."""
        size = 1 << 20
        pieces = [data[start : start + size] for start in range(0, len(data), size)]
        for index, piece in enumerate(pieces):
            answer = self.client.session.post(
                f"{self.url}/api/group/{group}/{member}/upload-zip-file", timeout=60,
                data={"chunk_index": index, "total_chunks": len(pieces), "required_ram": 32 << 20},
                files={"file": ("part.zip", piece)})
        return answer

    def member(self, group: int, job: int) -> Any:
        return next(
            member for member in self.client.get(f"/api/group/{group}")["jobs"] if member["job_id"] == job)

    def test_a_member_that_fails_is_shown_and_tried_again_alone(self) -> None:
        group = self.make(3, FUNCTION)
        identifier, members = group["group_id"], [member["job_id"] for member in group["jobs"]]
        for number, member in zip([2, -1, 3], members):
            self.send(identifier, member, numbered(number))
        self.assertEqual(self.end_of(identifier)["status"], "failed")
        self.assertEqual(self.member(identifier, members[1])["exit_status"], 3)
        again = self.client.post(f"/api/group/{identifier}/{members[1]}/retry")["job_id"]
        seen = self.client.poll(f"/api/group/{identifier}", {"failed"})
        # The others are as they were, and the one has run anew, with what was uploaded for it.
        self.assertEqual([member["job_id"] for member in seen["jobs"]], [members[0], again, members[2]])
        self.assertEqual(self.member(identifier, again)["exit_status"], 3)
        well = self.client.session.post(f"{self.url}/api/group/{identifier}/{members[0]}/retry", timeout=30)
        self.assertIn(well.status_code, {400, 409}, well.text)

    def test_an_aggregators_own_error_is_shown(self) -> None:
        group = self.make(1, "def aggregate(outputs):\n    raise ValueError('no luck')\n")
        self.send(group["group_id"], group["jobs"][0]["job_id"], numbered(1))
        seen = self.end_of(group["group_id"])
        self.assertEqual(seen["status"], "failed")
        self.assertIn("ValueError: no luck", seen["failure"])
        refused = self.client.session.get(f"{self.url}/api/group/{group['group_id']}/result", timeout=30)
        self.assertEqual(refused.status_code, 400)
        self.assertIn("no luck", refused.json()["detail"])

    def test_an_aggregator_of_no_form_is_refused_at_once(self) -> None:
        answer = self.client.session.post(
            f"{self.url}/api/group/", timeout=30, data={"group_name": "g", "num_of_jobs": 1},
            files={"python_file": ("s.py", SCRIPT), "aggregator_file": ("a.py", "print(1)\n")})
        self.assertEqual(answer.status_code, 400, answer.text)
        self.assertIn("aggregate(outputs)", answer.json()["detail"])


if __name__ == "__main__":
    unittest.main()
