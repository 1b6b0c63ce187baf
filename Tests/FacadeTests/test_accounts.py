"""Sessions, tokens of scripts, roles, quotas and the audit, against a real cluster."""

from __future__ import annotations

import http.client
import json
import sys
import time
import unittest
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "RealCluster"))
from original_client import OriginalClient  # noqa: E402
from real_cluster import Cluster  # noqa: E402

PASSWORD = "correct horse 9"


class AccountTests(unittest.TestCase):
    cluster: Cluster
    administrator: OriginalClient

    @classmethod
    def setUpClass(cls) -> None:
        cls.cluster = Cluster("accounts", workers=1)
        cls.addClassCleanup(cls.cluster.stop)
        cls.url = cls.cluster.ready["url"]
        # The first account is the administrator's.
        cls.administrator = cls.register("root")[0]

    @classmethod
    def register(cls, name: str) -> tuple[OriginalClient, dict[str, Any]]:
        client = OriginalClient(cls.url)
        session = client.post("/api/auth/register", json={
            "username": name, "email": f"{name}@example.org", "password": PASSWORD})
        return client, session

    def login(self, name: str, password: str = PASSWORD, agent: str = "test") -> requests.Response:
        return requests.post(f"{self.url}/api/auth/login", headers={"User-Agent": agent}, timeout=30,
                             json={"username_or_email": name, "password": password})

    def refresh(self, token: str) -> requests.Response:
        return requests.post(f"{self.url}/api/auth/refresh", json={"refresh_token": token}, timeout=30)

    def call(self, method: str, path: str, token: str, **content: Any) -> requests.Response:
        return requests.request(method, self.url + path, headers={"Authorization": f"Bearer {token}"}, timeout=30,
                                **content)

    def test_sessions_are_seen_and_ended(self) -> None:
        client, _ = self.register("seer")
        other = self.login("seer", agent="browser/2").json()
        sessions = client.get("/api/users/sessions")["sessions"]
        self.assertEqual([session["user_agent"] for session in sessions][0], "browser/2")
        self.assertEqual([session["address"] for session in sessions], ["127.0.0.1"] * 2)
        page = client.get("/api/users/sessions?limit=1")
        rest = client.get(f"/api/users/sessions?limit=1&cursor={page['next_cursor']}")
        self.assertEqual([page["sessions"][0], rest["sessions"][0]], sessions)
        path = f"/api/users/sessions/{sessions[0]['session_id']}"
        stranger, _ = self.register("stranger")
        self.assertEqual(stranger.session.delete(self.url + path, timeout=30).status_code, 404)
        self.assertEqual(client.session.delete(self.url + path, timeout=30).status_code, 200)
        self.assertEqual(client.session.delete(self.url + path, timeout=30).status_code, 404)
        self.assertEqual(self.refresh(other["refresh_token"]).status_code, 401)
        self.assertEqual(len(client.get("/api/users/sessions")["sessions"]), 1)
        self.assertIn("session revoked", [entry["action"] for entry in client.get("/api/users/audit")["entries"]])

    def test_a_spent_refresh_token_ends_its_session(self) -> None:
        client, first = self.register("thief")
        second = self.refresh(first["refresh_token"]).json()
        third = self.refresh(second["refresh_token"]).json()
        self.assertEqual(self.refresh(first["refresh_token"]).status_code, 401)
        self.assertEqual(self.refresh(third["refresh_token"]).status_code, 401)
        actions = [entry["action"] for entry in client.get("/api/users/audit")["entries"]]
        self.assertIn("session revoked, a spent token was used", actions)
        # Other sessions of the same account live on.
        alive = self.login("thief").json()
        self.assertEqual(self.refresh(alive["refresh_token"]).status_code, 200)

    def test_logout_ends_the_session(self) -> None:
        client, first = self.register("leaver")
        second = self.refresh(first["refresh_token"]).json()
        client.post("/api/auth/logout", json={"refresh_token": second["refresh_token"]})
        self.assertEqual(self.refresh(second["refresh_token"]).status_code, 401)
        self.assertEqual(len(client.session.cookies), 0)

    def test_who_am_i_is_never_refused(self) -> None:
        for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eA=="}, {"Authorization": "Bearer"},
                        {"Authorization": "Bearer runsurge_" + "a" * 43}, {"Cookie": "access_token=x.y.z"}):
            answer = requests.get(f"{self.url}/api/users/me", headers=headers, timeout=30)
            self.assertEqual((answer.status_code, answer.json()["status"], answer.json()["user"]),
                             (200, "unauthenticated", None), headers)

    def test_a_script_may_work_and_nothing_more(self) -> None:
        client, session = self.register("maker")
        made = client.post("/api/users/tokens", json={"name": "nightly", "lifetime_seconds": 3600})
        token = made["token"]
        self.assertRegex(token, r"^runsurge_[A-Za-z0-9_-]{43}$")
        self.assertEqual(self.call("GET", "/api/users/jobs", token).status_code, 200)
        known = self.call("GET", "/api/users/me", token).json()
        self.assertEqual(known["user"], session["user"])
        submitted = self.call("POST", "/api/job/submit", token, files={"script": ("s.py", "print(1)")})
        self.assertEqual(submitted.status_code, 201, submitted.text)
        listed = client.get("/api/users/tokens")["tokens"]
        self.assertEqual([entry["name"] for entry in listed], ["nightly"])
        self.assertIsNotNone(listed[0]["last_used_at"])
        self.assertNotIn(token, json.dumps(listed))
        for method, path, body in (
            ("POST", "/api/users/tokens", {"name": "more"}), ("GET", "/api/users/tokens", None),
            ("DELETE", f"/api/users/tokens/{made['token_id']}", None), ("GET", "/api/users/sessions", None),
            ("DELETE", "/api/users/sessions/1", None), ("POST", "/api/node/enroll-token", {}),
            ("GET", "/api/users/audit", None), ("GET", "/api/admin/audit", None),
        ):
            answer = self.call(method, path, token, json=body)
            self.assertEqual((answer.status_code, answer.json()["code"]), (403, "login_needed"), path)
        # As a cookie it is nothing: browsers have sessions.
        cookie = requests.get(f"{self.url}/api/users/jobs", cookies={"access_token": token}, timeout=30)
        self.assertEqual(cookie.status_code, 401)
        stranger, _ = self.register("stranger2")
        path = f"{self.url}/api/users/tokens/{made['token_id']}"
        self.assertEqual(stranger.session.delete(path, timeout=30).status_code, 404)
        self.assertEqual(client.session.delete(path, timeout=30).status_code, 200)
        self.assertEqual(self.call("GET", "/api/users/jobs", token).status_code, 401)
        self.assertIsNotNone(client.get("/api/users/tokens")["tokens"][0]["revoked_at"])

    def test_a_token_expires(self) -> None:
        client, _ = self.register("brief")
        token = client.post("/api/users/tokens", json={"name": "short", "lifetime_seconds": 10})["token"]
        self.assertEqual(self.call("GET", "/api/users/jobs", token).status_code, 200)
        time.sleep(10.5)
        self.assertEqual(self.call("GET", "/api/users/jobs", token).status_code, 401)

    def test_roles(self) -> None:
        client, session = self.register("worker")
        user = session["user"]["user_id"]
        for method, path, body in (
            ("PUT", "/api/admin/roles/worker", {"role": "administrator"}), ("GET", "/api/admin/audit", None),
            ("GET", f"/api/admin/users/{user}/quota", None), ("PUT", f"/api/admin/users/{user}/quota", {}),
        ):
            answer = client.session.request(method, self.url + path, json=body, timeout=30)
            self.assertEqual((answer.status_code, answer.json()["code"]), (403, "forbidden"), path)
        changed = self.administrator.session.put(
            f"{self.url}/api/admin/roles/worker", json={"role": "administrator"}, timeout=30).json()
        self.assertEqual((changed["user_id"], changed["role"]), (user, "administrator"))
        self.assertIn(f"user {user} is administrator", [
            entry["subject"] for entry in client.get("/api/admin/audit")["entries"]])
        # Taken away, it is gone at once, whatever the caller's token says.
        command = self.cluster.start("role", "worker", "user")
        output, error = command.communicate(timeout=60)
        self.assertEqual(command.returncode, 0, error)
        self.assertIn(b"an ordinary user now", output)
        self.assertEqual(client.session.get(f"{self.url}/api/admin/audit", timeout=30).status_code, 403)
        unknown = self.cluster.start("role", "nobody-there", "user")
        self.assertNotEqual((unknown.communicate(timeout=60), unknown.returncode)[1], 0)

    def set_quota(self, user: int, **quota: int) -> dict[str, Any]:
        answer = self.administrator.session.put(
            f"{self.url}/api/admin/users/{user}/quota", json=quota, timeout=30)
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer.json()

    def test_quotas_are_kept(self) -> None:
        client, session = self.register("greedy")
        user = session["user"]["user_id"]
        usual = self.administrator.get(f"/api/admin/users/{user}/quota")
        self.assertEqual((usual["used_jobs"], usual["used_blob_bytes"]), (0, 0))
        self.set_quota(user, blob_bytes=1 << 30, jobs=2)

        def submit(content: str, name: str = "s.py") -> requests.Response:
            return client.session.post(f"{self.url}/api/job/submit", files={"script": (name, content)}, timeout=60)

        answers = [submit("import time; time.sleep(60)") for _ in range(3)]
        self.assertEqual([answer.status_code for answer in answers], [201, 201, 429], [a.text for a in answers])
        self.assertEqual(answers[2].json()["code"], "job_quota")
        self.assertIn("Retry-After", answers[2].headers)
        for answer in answers[:2]:
            client.session.delete(f"{self.url}/api/job/{answer.json()['job_id']}", timeout=30)
        # What was freed can be used within the time that a refusal is remembered.
        time.sleep(0.6)
        self.assertEqual(submit("print(1)").status_code, 201)
        self.set_quota(user, blob_bytes=4096, jobs=100)
        time.sleep(5.1)
        refused = submit("#" * 5000)
        self.assertEqual((refused.status_code, refused.json()["code"]), (413, "storage_quota"))
        # Another user has room.
        other, _ = self.register("modest")
        self.assertEqual(other.session.post(
            f"{self.url}/api/job/submit", files={"script": ("s.py", "#" * 5000)}, timeout=60).status_code, 201)
        wrong = self.administrator.session.put(
            f"{self.url}/api/admin/users/{user}/quota", json={"jobs": 1}, timeout=30)
        self.assertEqual((wrong.status_code, wrong.json()["field"]), (422, "blob_bytes"))
        self.assertEqual(self.set_quota(user)["jobs"], usual["jobs"])

    def test_refused_logins_are_noted_and_bounded(self) -> None:
        client, _ = self.register("target")
        answers = [self.login("target", f"guess number {number}") for number in range(11)]
        self.assertEqual([answer.status_code for answer in answers], [401] * 10 + [429])
        self.assertGreater(int(answers[10].headers["Retry-After"]), 0)
        # The right password is no way around, and others are not hindered.
        self.assertEqual(self.login("target").status_code, 429)
        self.assertEqual(self.login("root").status_code, 200)
        refused = [entry for entry in client.get("/api/users/audit")["entries"] if entry["action"] == "login refused"]
        self.assertEqual(len(refused), 10)
        self.assertEqual((refused[0]["subject"], refused[0]["address"]), ("account target", "127.0.0.1"))
        self.login("no-such-account")
        seen = self.administrator.get("/api/admin/audit")["entries"]
        self.assertIn("account no-such-account", [entry["subject"] for entry in seen])

    def test_one_address_has_a_bound_of_its_own(self) -> None:
        target = urlsplit(self.url)

        def login(address: str) -> int:
            connection = http.client.HTTPConnection(target.hostname, target.port, source_address=(address, 0))
            connection.request(
                "POST", "/api/auth/login", json.dumps({"username_or_email": "root", "password": PASSWORD}),
                {"Content-Type": "application/json"})
            status = connection.getresponse().status
            connection.close()
            return status

        def guess(address: str) -> int:
            connection = http.client.HTTPConnection(target.hostname, target.port, source_address=(address, 0))
            connection.request(
                "POST", "/api/node/enroll", json.dumps({"token": "guess", "public_key": "0" * 64, "name": "n"}),
                {"Content-Type": "application/json"})
            status = connection.getresponse().status
            connection.close()
            return status

        statuses = {guess("127.0.0.9") for _ in range(130)}
        self.assertEqual(statuses, {403, 429})
        self.assertEqual(login("127.0.0.9"), 429)
        self.assertEqual(login("127.0.0.8"), 200)


if __name__ == "__main__":
    unittest.main()
