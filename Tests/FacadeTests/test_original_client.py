"""A session of the original system's web client, call by call in its order, against a real cluster."""

from __future__ import annotations

import csv
import io
import os
import random
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "RealCluster"))
from original_client import OriginalClient  # noqa: E402
from real_cluster import Cluster  # noqa: E402

SCRIPT = '''\
import csv
from collections import Counter

FILE_NAME = "sales.csv"
RESULT = "totals.csv"

totals = Counter()
with open(FILE_NAME, newline="") as file:
    for row in csv.DictReader(file):
        totals[row["city"]] += int(row["amount"])
with open(RESULT, "w", newline="") as file:
    writer = csv.writer(file)
    for city in sorted(totals):
        writer.writerow([city, totals[city]])
print("done")
'''

GROUP_SCRIPT = '''\
import os
from collections import Counter

words = Counter()
for folder, _, names in sorted(os.walk("texts")):
    for name in sorted(names):
        with open(os.path.join(folder, name)) as file:
            words.update(file.read().split())
with open("words.txt", "w") as file:
    for word in sorted(words):
        file.write(f"{word} {words[word]}\\n")
'''

AGGREGATOR = '''\
####Code Before For Loop####
from collections import Counter
words = Counter()
##########Loop Code##########
if file_extension != ".txt":
    continue
for line in file_bytes.decode().splitlines():
    word, count = line.split()
    words[word] += int(count)
iteration_file = {"file_path": f"{job_counter}/{file_name}", "file_bytes": file_bytes}
##########Code After For Loop##########
lines = [f"{word} {words[word]}" for word in sorted(words)]
final_file = {"file_path": "total.txt", "file_bytes": "\\n".join(lines).encode()}
'''

TEXTS = [["one two two", "three"], ["two three three"], ["one", "one four", "two"]]


def archive(texts: list[str]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        for number, text in enumerate(texts):
            file.writestr(f"texts/{number}.txt", text)
    return target.getvalue()


def sales(rows: int) -> bytes:
    chance = random.Random(7)
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    writer.writerow(["city", "amount"])
    for _ in range(rows):
        writer.writerow([chance.choice(["Aarhus", "Bergen", "Cork", "Dijon"]), chance.randrange(1000)])
    return target.getvalue().encode()


def run_alone(data: bytes) -> bytes:
    """What `python3 script.py` gives in a folder with the data."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "script.py").write_text(SCRIPT)
        Path(folder, "sales.csv").write_bytes(data)
        subprocess.run([sys.executable, "script.py"], cwd=folder, check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "PYTHONHASHSEED": "0"})
        return Path(folder, "totals.csv").read_bytes()


class OriginalClientTests(unittest.TestCase):
    """One test: the calls build on each other."""

    cluster: Cluster
    client: OriginalClient

    @classmethod
    def setUpClass(cls) -> None:
        cls.cluster = Cluster("original", workers=2)
        cls.addClassCleanup(cls.cluster.stop)
        cls.client = OriginalClient(cls.cluster.ready["url"])

    def test_a_session(self) -> None:
        self._come_in()
        self._run_a_simple_job()
        self._run_a_group()
        self._look_at_nodes()
        self._leave()

    def _come_in(self) -> None:
        stranger = self.client.get("/api/users/me")
        self.assertEqual((stranger["status"], stranger["user"]), ("unauthenticated", None))
        account = {"username": "ada", "email": "ada@example.org", "password": "correct horse 9"}
        new = self.client.post("/api/auth/register", json=account)
        self.assertTrue(new["success"])
        self.assertLessEqual({"user_id", "username", "email"}, new["user"].keys())
        self.client.session.cookies.clear()
        self.client.post("/api/auth/login", json={"username_or_email": "ada", "password": "correct horse 9"})
        for name in ("access_token", "refresh_token"):
            cookie = next(cookie for cookie in self.client.session.cookies if cookie.name == name)
            self.assertTrue(cookie.has_nonstandard_attr("HttpOnly"), name)
        known = self.client.get("/api/users/me/")
        self.assertEqual((known["status"], known["user"]["username"]), ("authenticated", "ada"))
        fresh = self.client.post("/api/auth/refresh", json={})
        self.assertEqual(fresh["token_type"], "bearer")
        self.assertEqual(self.client.get("/api/users/me")["status"], "authenticated")

    def _run_a_simple_job(self) -> None:
        data = sales(40_000)
        new = self.client.post(
            "/api/job/", data={"job_name": "sales", "job_type": "simple"}, files={"file": ("totals.py", SCRIPT)})
        job = new["job_id"]
        self.assertEqual((new["status"], new["job_name"], new["job_type"], new["script_name"]),
                         ("submitted", "sales", "simple", "totals.py"))
        answers = self.client.upload(f"/api/job/{job}/upload-data", "upload.csv", data)
        self.assertGreater(len(answers), 3)
        for index, answer in enumerate(answers):
            self.assertEqual((answer["success"], answer["data_chunk_index"], answer["job_id"]), (True, index, job))
        self.client.poll(f"/api/job/{job}", {"completed"})
        seen = self.client.get(f"/api/job/{job}/")
        self.assertEqual(seen["input_file_name"], "upload.csv")
        result = self.client.download(f"/api/job/{job}/result")
        self.assertEqual(result.content, run_alone(data))
        self.assertIn(f"job_{job}_result.csv", result.headers["Content-Disposition"])
        listed = self.client.get("/api/users/jobs")
        self.assertTrue(listed["success"])
        self.assertEqual([entry["job_id"] for entry in listed["jobs"]], [job])
        self._pay_for_the_job(job, seen["payment_amount"])

    def _pay_for_the_job(self, job: int, amount: float) -> None:
        bill = self.client.get(f"/api/job/{job}/payment")
        self.assertGreater(bill["amount"], 0)
        self.assertEqual((bill["job_id"], bill["amount"]), (job, amount))
        self.assertEqual(bill["num_of_tasks"], len(bill["tasks"]))
        shares = [task["task_payment_amount"] for task in bill["tasks"]]
        self.assertAlmostEqual(sum(shares), bill["amount"], places=5)
        for task in bill["tasks"]:
            self.assertGreater(task["avg_memory_bytes"], 1 << 20)
            self.assertGreater(task["total_active_time"], 0)
        paid = self.client.post(f"/api/job/{job}/payment")
        self.assertNotEqual(paid["status"], bill["status"])
        self.assertIsNotNone(paid["payment_date"])
        again = self.client.session.post(f"{self.cluster.ready['url']}/api/job/{job}/payment", timeout=60)
        self.assertEqual(again.status_code, 400)

    def _run_a_group(self) -> None:
        new = self.client.post(
            "/api/group/", data={"group_name": "words", "num_of_jobs": len(TEXTS)},
            files={"python_file": ("count.py", GROUP_SCRIPT), "aggregator_file": ("merge.py", AGGREGATOR)})
        group = new["group_id"]
        self.assertEqual((new["python_file_name"], new["aggregator_file_name"], new["num_of_jobs"], new["status"]),
                         ("count.py", "merge.py", len(TEXTS), "submitted"))
        members = [member["job_id"] for member in new["jobs"]]
        self.assertEqual(len(members), len(TEXTS))
        early = self.client.session.get(f"{self.cluster.ready['url']}/api/group/{group}/result", timeout=60)
        self.assertEqual(early.status_code, 400)
        for number, (member, texts) in enumerate(zip(members, TEXTS)):
            answers = self.client.upload(
                f"/api/group/{group}/{member}/upload-zip-file", f"part{number}.zip", archive(texts),
                required_ram=64 << 20)
            self.assertEqual([answer["job_id"] for answer in answers], [member])
        done = self.client.poll(f"/api/group/{group}", {"completed", "failed"})
        self.assertEqual(done["status"], "completed", done)
        self.assertEqual([member["input_file_name"] for member in done["jobs"]],
                         [f"part{number}.zip" for number in range(len(TEXTS))])
        result = self.client.download(f"/api/group/{group}/result")
        self.assertIn("group_output.zip", result.headers["Content-Disposition"])
        with zipfile.ZipFile(io.BytesIO(result.content)) as file:
            self.assertEqual(sorted(file.namelist()), ["1/words.txt", "2/words.txt", "3/words.txt", "total.txt"])
            self.assertEqual(file.read("total.txt"), b"four 1\none 3\nthree 3\ntwo 4")
        self.assertIn(group, [entry["group_id"] for entry in self.client.get("/api/users/groups")])
        self.assertGreater(done["payment_amount"], 0)
        self.assertTrue(self.client.post(f"/api/group/{group}/payment")["success"])
        self.assertNotEqual(self.client.get(f"/api/group/{group}")["payment_status"], done["payment_status"])

    def _look_at_nodes(self) -> None:
        node = self.client.post(
            "/api/node/", json={"node_name": "attic", "ram": 8 << 30, "ip_address": "192.0.2.7", "port": 9000,
                                "machine_fingerprint": "f" * 32, "is_alive": True})
        self.assertLessEqual(
            {"node_id", "created_at", "user_id", "is_alive", "total_node_earnings", "num_of_completed_tasks"},
            node.keys())
        self.assertIn(node["node_id"], [entry["node_id"] for entry in self.client.get("/api/node/")])
        own = self.client.get("/api/users/nodes")
        self.assertEqual(own["number_of_nodes"], 1)
        self.assertLessEqual({"total_earnings", "paid_earnings", "pending_earnings", "nodes"}, own.keys())
        self.assertEqual(self.client.get(f"/api/node/{node['node_id']}")["tasks"], [])
        statistics = self.client.get("/api/statistics/")
        self.assertGreaterEqual(statistics["nodes"], 1)
        self.assertGreater(statistics["earnings"], 0)

    def _leave(self) -> None:
        self.client.post("/api/auth/logout")
        self.assertEqual(self.client.get("/api/users/me")["status"], "unauthenticated")


if __name__ == "__main__":
    unittest.main()
