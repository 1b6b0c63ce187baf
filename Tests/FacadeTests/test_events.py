"""Changes as server-sent events: in order, to their owners only, and across breaks nothing missed and nothing twice."""

from __future__ import annotations

import sys
import time
import unittest
from pathlib import Path
from typing import Any

import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "RealCluster"))
from event_reader import Event, EventReader, check_order, states_of  # noqa: E402
from original_client import OriginalClient  # noqa: E402
from real_cluster import Cluster  # noqa: E402

AGGREGATOR = "def aggregate(outputs):\n    yield 'x', b'y'\n"


class EventTests(unittest.TestCase):
    cluster: Cluster

    @classmethod
    def setUpClass(cls) -> None:
        cls.cluster = Cluster("events", workers=2)
        cls.addClassCleanup(cls.cluster.stop)
        cls.tokens: dict[str, str] = {}

    def token(self, name: str) -> str:
        if name not in self.tokens:
            answer = requests.post(f"{self.url}/api/auth/register", timeout=30, json={
                "username": name, "email": f"{name}@example.org", "password": "correct horse 9"})
            self.tokens[name] = answer.json()["access_token"]
        return self.tokens[name]

    @property
    def url(self) -> str:
        return str(self.cluster.ready["url"])

    def submit(self, name: str, script: str = "print(1)") -> int:
        answer = requests.post(f"{self.url}/api/job/submit", files={"script": ("s.py", script)}, timeout=60,
                               headers={"Authorization": f"Bearer {self.token(name)}"})
        self.assertEqual(answer.status_code, 201, answer.text)
        return int(answer.json()["job_id"])

    def reader(self, name: str, path: str = "/api/events", last: str | None = None) -> EventReader:
        reader = EventReader(self.url, path, self.token(name), last)
        self.addCleanup(reader.close)
        return reader

    def test_changes_come_in_order_and_to_their_owner_only(self) -> None:
        mine, other = self.reader("ada"), self.reader("eve")
        mine.wait_for_place()
        other.wait_for_place()
        jobs = [self.submit("ada") for _ in range(3)]
        events = mine.wait(12)
        check_order(events)
        for job in jobs:
            self.assertEqual(states_of(events, job), ["submitted", "pending_schedule", "running", "completed"])
        self.assertEqual({event.kind for event in events}, {"job"})
        time.sleep(0.5)
        self.assertEqual(other.events, [])

    def test_a_jobs_stream_begins_with_its_state_and_ends_with_it(self) -> None:
        job = self.submit("ada", "import time; time.sleep(1)")
        reader = self.reader("ada", f"/api/job/{job}/events")
        self.assertTrue(reader.has_ended.wait(60))
        states = states_of(reader.events, job)
        whole = ["submitted", "pending_schedule", "running", "completed"]
        self.assertEqual(states, whole[whole.index(states[0]):])
        check_order(reader.events)
        # One who comes later is told how it ended, and one who knows it that there is no more.
        late = self.reader("ada", f"/api/job/{job}/events")
        self.assertTrue(late.has_ended.wait(20))
        self.assertEqual(states_of(late.events, job), ["completed"])
        for last in (late.last, reader.last):
            over = self.reader("ada", f"/api/job/{job}/events", last)
            self.assertTrue(over.has_ended.wait(20))
            self.assertEqual(over.status, 204)
        # From the middle the rest comes.
        middle = self.reader("ada", f"/api/job/{job}/events", reader.events[0].id)
        self.assertTrue(middle.has_ended.wait(20))
        self.assertEqual(states_of(middle.events, job), states[1:])
        foreign = self.reader("eve", f"/api/job/{job}/events")
        self.assertTrue(foreign.has_ended.wait(20))
        self.assertEqual(foreign.status, 403)

    def test_a_groups_stream_has_its_members(self) -> None:
        client = OriginalClient(self.url)
        client.session.headers["Authorization"] = f"Bearer {self.token('ada')}"
        group: dict[str, Any] = client.post("/api/group/", data={"group_name": "g", "num_of_jobs": 2}, files={
            "python_file": ("s.py", "print(1)"), "aggregator_file": ("a.py", AGGREGATOR)})
        reader = self.reader("ada", f"/api/group/{group['group_id']}/events")
        self.assertEqual(reader.wait(1)[0].data["status"], "submitted")
        client.session.delete(f"{self.url}/api/group/{group['group_id']}", timeout=30)
        self.assertTrue(reader.has_ended.wait(30))
        own = [event.data["status"] for event in reader.events if event.kind == "group"]
        self.assertEqual((own[0], own[-1]), ("submitted", "failed"))
        late = self.reader("ada", f"/api/group/{group['group_id']}/events", reader.events[0].id)
        self.assertTrue(late.has_ended.wait(30))
        members = {member["job_id"] for member in group["jobs"]}
        seen = {event.data["job_id"] for event in late.events if event.kind == "job"}
        self.assertEqual(seen, members)

    def test_a_wrong_place_is_refused_and_a_foreign_one_is_now(self) -> None:
        headers = {"Authorization": f"Bearer {self.token('ada')}"}
        for last in ("x", "1", "99999999999999999999-1", "1-9999999999999999999"):
            answer = requests.get(f"{self.url}/api/events", headers={**headers, "Last-Event-ID": last}, timeout=20)
            self.assertEqual((answer.status_code, answer.json()["field"]), (422, "Last-Event-ID"), last)
        self.assertEqual(requests.get(f"{self.url}/api/events?after=x", headers=headers, timeout=20).status_code, 422)
        foreign = self.reader("ada", "/api/events", "9000000000000000000-1")
        job = 0
        for _ in range(20):
            job = self.submit("ada")
            if foreign.wait(1, 2):
                break
        self.assertIn(job, {event.data.get("job_id") for event in foreign.wait(1)})

    def test_breaks_and_a_crash_lose_nothing_and_repeat_nothing(self) -> None:
        first = self.reader("bob")
        first.wait_for_place()
        jobs = [self.submit("bob") for _ in range(4)]
        first.wait(5)
        first.close()
        seen, last = list(first.events), first.last
        jobs += [self.submit("bob") for _ in range(4)]
        second = self.reader("bob", "/api/events", last)
        second.wait(6)
        self.cluster.restart()
        self.assertTrue(second.has_ended.wait(20))
        seen += second.events
        jobs += [self.submit("bob") for _ in range(4)]
        third = self.reader("bob", "/api/events", second.last)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            events = seen + third.events
            if all(states_of(events, job)[-1:] == ["completed"] for job in jobs):
                break
            time.sleep(0.1)
        events = seen + third.events
        check_order(events)
        for job in jobs:
            states = states_of(events, job)
            self.assertEqual((states[0], states[-1]), ("submitted", "completed"), states)
            # A crash in the middle may set a job back, but what is said follows what was said.
            self.assertTrue(all(left != right for left, right in zip(states, states[1:])), states)
        # All that the store has is what came.
        whole = self.reader("bob", "/api/events", "0-0")
        whole.wait(len(events), 20)
        time.sleep(0.5)
        self.assertEqual([event.id for event in whole.events], [event.id for event in events])

    def test_a_server_that_ends_ends_its_streams_and_cuts_its_logs(self) -> None:
        job = self.submit("ada", "import time\nfor i in range(400):\n    print(i, flush=True)\n    time.sleep(0.05)\n")
        reader = self.reader("ada")
        reader.wait_for_place()
        command = self.cluster.start("logs", str(job), "--follow")
        time.sleep(3)
        begin = time.monotonic()
        self.cluster.process.terminate()
        self.cluster.process.wait(60)
        self.assertLess(time.monotonic() - begin, 30)
        self.assertTrue(reader.has_ended.is_set())
        command.kill()
        command.communicate()
        self.cluster.restart()

    def test_a_log_is_followed_across_a_break(self) -> None:
        job = self.submit("ada", "import time\nfor i in range(60):\n    print(i, flush=True)\n    time.sleep(0.05)\n")
        headers = {"Authorization": f"Bearer {self.token('ada')}"}
        text = b""
        while True:
            answer = requests.get(f"{self.url}/api/job/{job}/logs?follow=true&offset={len(text)}", headers=headers,
                                  stream=True, timeout=60)
            is_cut = False
            for piece in answer.iter_content(64):
                text += piece
                if len(text) < 120:
                    is_cut = True
                    break
            answer.close()
            if not is_cut:
                break
        self.assertEqual(text.decode().split(), [str(number) for number in range(60)])


if __name__ == "__main__":
    unittest.main()
