"""Every route that takes an id, of objects of one user, tried by another and by nobody: refused, and nothing leaks.

The routes come from the document, so that a new one can't be forgotten: an id that this test does not know fails it.
"""

from __future__ import annotations

import re
import sys
import unittest
from pathlib import Path
from typing import Any

import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "RealCluster"))
from original_client import OriginalClient  # noqa: E402
from real_cluster import Cluster  # noqa: E402
from test_original_client import AGGREGATOR, GROUP_SCRIPT, archive  # noqa: E402

SECRET = "zebra"
"""In every name and content of the first user's, in lower case."""

SCRIPT = f'print("{SECRET}")\nopen("{SECRET}.txt", "w").write("{SECRET}")\nfor i in range(1000): pass\n'

FORMS: dict[str, dict[str, Any]] = {
    "upload-data": {"data": {"chunk_index": 0, "total_chunks": 1}, "files": {"file": ("a.csv", b"1,2\n")}},
    "upload-zip-file": {"data": {"chunk_index": 0, "total_chunks": 1, "required_ram": 1 << 20},
                        "files": {"file": ("a.zip", archive(["x"]))}},
}
"""What a form needs to be understood, by the last part of its path."""
BODIES: dict[str, Any] = {"factor": {"factor": 2.0}}
"""The same of JSON."""


class SecondUserTests(unittest.TestCase):
    cluster: Cluster
    ids: dict[str, dict[str, str]]

    @classmethod
    def setUpClass(cls) -> None:
        cls.cluster = Cluster("second-user", workers=1)
        cls.addClassCleanup(cls.cluster.stop)
        first = cls._user("first")
        cls.second = cls._user("second")
        job = cls._job(first)
        group, member = cls._group(first)
        node = first.post("/api/node/", json={
            "node_name": SECRET, "ram": 1 << 30, "ip_address": "192.0.2.1", "port": 1, "machine_fingerprint": SECRET,
            "is_alive": True})["node_id"]
        enrolment = first.post("/api/node/enroll-token", json={})["token"]
        first.post("/api/node/enroll", json={"token": enrolment, "public_key": "ab" * 32, "name": SECRET})
        key = first.get("/api/node/keys")["keys"][0]["key_id"]
        token = first.post("/api/users/tokens", json={"name": SECRET})["token_id"]
        session = first.get("/api/users/sessions")["sessions"][0]["session_id"]
        outputs = first.get(f"/api/job/{job}/outputs")["outputs"]
        cls.ids = {
            "/api/job/": {"id": job, "path": outputs[0]["path"].lstrip("/")},
            "/api/group/": {"id": group, "job_id": member, "path": "total.txt"},
            "/api/node/": {"id": node}, "/api/node/keys/": {"key": key},
            "/api/blob/": {"sha256": outputs[0]["sha256"]},
            "/api/users/tokens/": {"id": token}, "/api/users/sessions/": {"id": session},
        }

    @classmethod
    def _user(cls, name: str) -> OriginalClient:
        client = OriginalClient(cls.cluster.ready["url"])
        client.post("/api/auth/register",
                    json={"username": name, "email": f"{name}@example.org", "password": "correct horse 9"})
        return client

    @staticmethod
    def _job(client: OriginalClient) -> int:
        job = client.post("/api/job/", data={"job_name": SECRET, "job_type": "simple"},
                          files={"file": (f"{SECRET}.py", SCRIPT)})["job_id"]
        client.upload(f"/api/job/{job}/upload-data", f"{SECRET}.csv", SECRET.encode())
        client.poll(f"/api/job/{job}", {"completed"})
        return int(job)

    @staticmethod
    def _group(client: OriginalClient) -> tuple[int, int]:
        group = client.post(
            "/api/group/", data={"group_name": SECRET, "num_of_jobs": 1},
            files={"python_file": (f"{SECRET}.py", GROUP_SCRIPT), "aggregator_file": (f"{SECRET}.py", AGGREGATOR)})
        member = group["jobs"][0]["job_id"]
        client.upload(f"/api/group/{group['group_id']}/{member}/upload-zip-file", f"{SECRET}.zip", archive([SECRET]))
        client.poll(f"/api/group/{group['group_id']}", {"completed"})
        return int(group["group_id"]), int(member)

    def _routes(self) -> list[tuple[str, str]]:
        """Method and path with the first user's ids in it."""
        document = requests.get(self.cluster.ready["url"] + "/openapi.json", timeout=10).json()
        routes = []
        for path, operations in document["paths"].items():
            names = re.findall(r"\{(\w+)\}", path)
            if not names:
                continue
            ids = self._ids_of(path, names)
            if ids is None:
                continue
            target = path
            for name in names:
                target = target.replace("{" + name + "}", str(ids[name]))
            routes += [(method.upper(), target) for method in operations if method != "parameters"]
        return routes

    def _ids_of(self, path: str, names: list[str]) -> dict[str, str] | None:
        if path.startswith(("/api/admin/", "/docs", "/redoc")):
            return None
        # The longest beginning knows best: a member's own routes have an id more.
        known = [beginning for beginning in self.ids if path.startswith(beginning)]
        self.assertTrue(known, f"this test knows no ids for {path}: give it some")
        ids = self.ids[max(known, key=len)]
        self.assertLessEqual(set(names), ids.keys(), f"this test does not know all ids of {path}: give it some")
        return ids

    def test_another_user_is_refused_everywhere(self) -> None:
        routes = self._routes()
        self.assertGreater(len(routes), 25)
        for method, path in routes:
            with self.subTest(f"{method} {path}"):
                answer = self._call(self.second.session, method, path)
                # Whoever stores a blob must have its bytes.
                refusals = {422} if method == "PUT" and path.startswith("/api/blob/") else {403, 404}
                self.assertIn(answer.status_code, refusals, answer.text[:500])
                self._check_nothing_leaks(answer)

    def test_nobody_is_refused_everywhere(self) -> None:
        for method, path in self._routes():
            with self.subTest(f"{method} {path}"):
                answer = self._call(requests.Session(), method, path)
                self.assertEqual(answer.status_code, 401, answer.text[:500])
                self._check_nothing_leaks(answer)

    def test_administrators_routes_are_refused(self) -> None:
        document = requests.get(self.cluster.ready["url"] + "/openapi.json", timeout=10).json()
        paths = [path for path in document["paths"] if path.startswith("/api/admin/")]
        self.assertTrue(paths)
        for path in paths:
            target = re.sub(r"\{\w+\}", "1", path)
            for method in document["paths"][path]:
                with self.subTest(f"{method} {path}"):
                    answer = self._call(self.second.session, method.upper(), target)
                    self.assertEqual((answer.status_code, answer.json()["code"]), (403, "forbidden"))

    def test_lists_show_nothing_of_others(self) -> None:
        document = requests.get(self.cluster.ready["url"] + "/openapi.json", timeout=10).json()
        lists = [path for path in document["paths"] if path.startswith("/api/users/") and "{" not in path]
        self.assertGreater(len(lists), 4)
        for path in lists:
            if "get" in document["paths"][path]:
                with self.subTest(path):
                    self._check_nothing_leaks(self._call(self.second.session, "GET", path))

    def _call(self, session: requests.Session, method: str, path: str) -> requests.Response:
        last = path.rsplit("/", 1)[-1]
        content: dict[str, Any] = FORMS.get(last, {"json": BODIES.get(last)} if last in BODIES else {})
        if method == "PUT" and path.startswith("/api/blob/"):
            content = {"data": b"something else", "headers": {"Content-Type": "application/octet-stream"}}
        # A stream that is not refused would be read for as long as this waits.
        return session.request(method, self.cluster.ready["url"] + path, timeout=20, **content)

    def _check_nothing_leaks(self, answer: requests.Response) -> None:
        self.assertNotIn(SECRET, answer.text.lower())
        self.assertNotIn(SECRET, str(answer.headers).lower())


if __name__ == "__main__":
    unittest.main()
