"""What work costs, who earns it and who pays, against a real cluster with a node of one user's own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "RealCluster"))
from original_client import OriginalClient  # noqa: E402
from real_cluster import Cluster  # noqa: E402

# Enough for a micro-unit.
SCRIPT = "data = bytearray(64 << 20)\ntotal = 0\nfor i in range(3_000_000):\n    total += i * i\nprint(total)\n"
AGGREGATOR = "def aggregate(outputs):\n    yield 'x', b'y'\n"
START_SECONDS = 60


class UsageTests(unittest.TestCase):
    cluster: Cluster

    @classmethod
    def setUpClass(cls) -> None:
        cls.cluster = Cluster("usage", workers=0)
        cls.addClassCleanup(cls.cluster.stop)
        cls.url = cls.cluster.ready["url"]
        cls.payer = cls.register("payer")
        cls.earner = cls.register("earner")
        machine = {"ram": 8, "ip_address": "192.0.2.1", "port": 1, "machine_fingerprint": "f", "is_alive": True}
        cls.announced = cls.earner.post("/api/node/", json={"node_name": "attic", **machine})
        cls.again = cls.earner.post("/api/node", json={"node_name": "attic", **machine})
        token = cls.earner.post("/api/node/enroll-token", json={})["token"]
        environment = {**cls.cluster.environment, "RUNSURGE_TOKEN": ""}
        cls.worker = subprocess.Popen(
            [os.environ.get("RUNSURGE_EXECUTABLE", str(Path(__file__).resolve().parents[2] / ".build/debug/runsurge")),
             "worker", "--master", cls.url, "--enroll-token", token, "--name", "attic", "--slots", "1", "--folder",
             str(cls.cluster.folder / "worker"), "--drain", "1"],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        cls.addClassCleanup(cls.end_worker)
        deadline = time.monotonic() + START_SECONDS
        while not cls.earner.get("/api/users/nodes")["nodes"][0]["is_alive"]:
            if time.monotonic() > deadline:
                raise AssertionError("the worker did not attach")
            time.sleep(0.2)

    @classmethod
    def end_worker(cls) -> None:
        cls.worker.send_signal(signal.SIGTERM)
        try:
            cls.worker.wait(20)
        except subprocess.TimeoutExpired:
            cls.worker.kill()
            cls.worker.wait()

    @classmethod
    def register(cls, name: str) -> OriginalClient:
        client = OriginalClient(cls.url)
        client.post("/api/auth/register", json={
            "username": name, "email": f"{name}@example.org", "password": "correct horse 9"})
        return client

    def submit(self, script: str = SCRIPT) -> int:
        return self.payer.post("/api/job/submit", files={"script": ("s.py", script)})["job_id"]

    def pay(self, path: str, client: OriginalClient | None = None, key: str | None = None) -> requests.Response:
        headers = {"Idempotency-Key": key} if key else {}
        return (client or self.payer).session.post(self.url + path, headers=headers, timeout=60)

    def test_a_registered_node_is_what_is_enrolled_by_its_name(self) -> None:
        self.assertFalse(self.announced["is_alive"], "what was not seen working does not live")
        self.assertEqual(self.again["node_id"], self.announced["node_id"])
        own = self.earner.get("/api/users/nodes")
        self.assertEqual((own["number_of_nodes"], own["nodes"][0]["node_id"]), (1, self.announced["node_id"]))
        self.assertTrue(own["nodes"][0]["is_alive"])
        wrong = self.earner.session.post(f"{self.url}/api/node/", json={"ram": 1}, timeout=30)
        self.assertEqual((wrong.status_code, wrong.json()["field"]), (422, "node_name"))

    def test_a_job_is_paid_once_and_earned_by_the_nodes_owner(self) -> None:
        node = self.announced["node_id"]
        job = self.submit()
        self.payer.poll(f"/api/job/{job}", {"completed"})
        path = f"/api/job/{job}/payment"
        bill = self.payer.get(path)
        self.assertGreater(bill["amount"], 0)
        self.assertEqual((bill["status"], bill["payment_date"]), ("pending", None))
        self.assertEqual(bill["num_of_tasks"], len(bill["tasks"]))
        self.assertAlmostEqual(sum(task["task_payment_amount"] for task in bill["tasks"]), bill["amount"], places=6)
        for number in re.findall(r'amount":([^,}]+)', self.payer.download(path).text):
            self.assertRegex(number, r"^\d+(\.\d{1,6})?$|^\d(\.\d)?e-0[56]$")
        before = self.earner.get("/api/users/nodes")
        with ThreadPoolExecutor(8) as threads:
            statuses = sorted(threads.map(lambda _: self.pay(path).status_code, range(8)))
        self.assertEqual(statuses, [200] + [400] * 7)
        paid = self.payer.get(path)
        self.assertEqual((paid["status"], paid["amount"]), ("paid", bill["amount"]))
        self.assertIsNotNone(paid["payment_date"])
        self.assertEqual(self.pay(path).json()["code"], "already_paid")
        after = self.earner.get("/api/users/nodes")
        self.assertAlmostEqual(after["paid_earnings"] - before["paid_earnings"], bill["amount"], places=6)
        self.assertAlmostEqual(after["pending_earnings"] + after["paid_earnings"], after["total_earnings"], places=6)
        detail = self.earner.get(f"/api/node/{node}")
        task = {task["task_id"]: task for task in detail["tasks"]}[bill["tasks"][0]["task_id"]]
        self.assertLessEqual({"started_at", "completed_at", "total_active_time", "avg_memory_bytes", "status",
                              "earning_amount", "earning_status"}, task.keys())
        self.assertEqual((task["status"], task["earning_status"]), ("completed", "paid"))
        # Another's node shows nothing, and its price can't be set.
        self.assertEqual(self.payer.session.get(f"{self.url}/api/node/{node}", timeout=30).status_code, 403)
        self.assertEqual(self.payer.session.put(
            f"{self.url}/api/node/{node}/factor", json={"factor": 0}, timeout=30).status_code, 403)

    def test_a_repeated_payment_is_answered_again(self) -> None:
        job = self.submit()
        self.payer.poll(f"/api/job/{job}", {"completed"})
        first = self.pay(f"/api/job/{job}/payment", key="pay-1")
        again = self.pay(f"/api/job/{job}/payment/", key="pay-1")
        self.assertEqual((first.status_code, again.status_code), (200, 200), again.text)
        self.assertEqual(first.json(), again.json())

    def test_what_has_not_ended_is_not_due(self) -> None:
        job = self.submit("import time; time.sleep(30)")
        answer = self.pay(f"/api/job/{job}/payment")
        self.assertEqual((answer.status_code, answer.json()["code"]), (400, "not_due"))
        self.assertEqual(self.pay(f"/api/job/{job}/payment", self.earner).status_code, 403)
        self.assertEqual(self.pay("/api/job/999999/payment").status_code, 404)
        self.assertEqual(self.pay("/api/group/999999/payment").status_code, 404)
        self.payer.session.delete(f"{self.url}/api/job/{job}", timeout=30)

    def test_a_group_is_paid_as_a_whole(self) -> None:
        group = self.payer.post("/api/group/", data={"group_name": "g", "num_of_jobs": 1}, files={
            "python_file": ("s.py", "print(1)"), "aggregator_file": ("a.py", AGGREGATOR)})
        member = group["jobs"][0]["job_id"]
        answer = self.pay(f"/api/job/{member}/payment")
        self.assertEqual((answer.status_code, answer.json()["code"]), (404, "paid_with_group"))
        path = f"/api/group/{group['group_id']}/payment"
        self.assertEqual(self.pay(path).json()["code"], "not_due")
        self.assertEqual(self.pay(path, self.earner).status_code, 403)
        self.payer.session.delete(f"{self.url}/api/group/{group['group_id']}", timeout=30)
        self.payer.poll(f"/api/group/{group['group_id']}", {"failed"})
        self.assertEqual(self.pay(path, key="g").json()["success"], True)
        self.assertEqual(self.pay(path, key="g").json()["success"], True)
        self.assertEqual(self.pay(path).json()["code"], "already_paid")

    def test_an_owner_sets_the_factor_of_a_node(self) -> None:
        path = f"{self.url}/api/node/{self.announced['node_id']}/factor"
        self.assertEqual(self.earner.session.put(path, json={"factor": 2.5}, timeout=30).json(), {"factor": 2.5})
        self.assertEqual(self.earner.session.put(path, json={"factor": -1}, timeout=30).status_code, 422)
        job = self.submit()
        self.payer.poll(f"/api/job/{job}", {"completed"})
        dear = self.payer.get(f"/api/job/{job}/payment")
        work = sum(task["avg_memory_bytes"] * task["total_active_time"] for task in dear["tasks"])
        self.assertEqual(self.earner.session.put(path, json={"factor": 1}, timeout=30).json(), {"factor": 1})
        # Each task's share is rounded down to a millionth.
        rounded = 1e-6 * (len(dear["tasks"]) + 1)
        self.assertAlmostEqual(dear["amount"], work * 2.5 / (100 * 2**20 * 60), delta=rounded)

    def test_statistics_are_for_everybody(self) -> None:
        figures: dict[str, Any] = requests.get(f"{self.url}/api/statistics/", timeout=30).json()
        self.assertLessEqual({"nodes", "earnings", "alive_nodes", "users", "jobs", "groups", "chunks"}, figures.keys())
        self.assertGreaterEqual(figures["nodes"], 1)


if __name__ == "__main__":
    unittest.main()
