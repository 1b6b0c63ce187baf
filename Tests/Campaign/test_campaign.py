"""The campaign's own parts: a checker that can't find anything would find nothing."""

from __future__ import annotations

import copy
import struct
import tempfile
import unittest
from pathlib import Path

from checker import Found, violations
from faults.catalogue import CATALOGUE
from journal import Journal
from links.commits import CommitWatch, Failpoint, Moment
from links.sends import SendFailpoint, SendWatch
from plan import plan
from workloads import SCRIPTS, Expectation, expectation

EXPECTED = Expectation(0, b"one\ntwo\n", b"", {"journal.txt": b"a\nb\n"})
REGION = {"line": 3, "node": 7, "entry": 0, "chunks": 4, "completed": 4}


def identical() -> Found:
    return Found(
        "completed", None, 0, b"one\ntwo\n", b"", {"journal.txt": b"a\nb\n"}, [], [dict(REGION)],
        {"attempts": {"total": 5, "lost": 1}},
    )  # fmt: skip


class CheckerTests(unittest.TestCase):
    def test_finds_nothing_wrong_with_what_is_identical(self) -> None:
        self.assertEqual(violations(identical(), EXPECTED), [])

    def test_finds_every_difference(self) -> None:
        changes: dict[str, object] = {
            "state": "failed", "status": 137, "output": b"one\n", "error": b"Traceback", "deleted": ["data.txt"],
            "files": {}, "regions": [REGION | {"completed": 5}],
        }  # fmt: skip
        for name, value in changes.items():
            found = copy.deepcopy(identical())
            setattr(found, name, value)
            self.assertNotEqual(violations(found, EXPECTED), [], name)

    def test_finds_doubles(self) -> None:
        found = identical()
        found.files["journal.txt"] = b"a\nb\nb\n"
        self.assertIn("journal.txt", violations(found, EXPECTED)[0])
        found = identical()
        found.regions.append(dict(REGION))
        self.assertIn("twice", violations(found, EXPECTED)[0])

    def test_finds_files_that_should_not_be_there(self) -> None:
        found = identical()
        found.files["more.txt"] = b""
        self.assertIn("should not be there", violations(found, EXPECTED)[0])


class WorkloadTests(unittest.TestCase):
    def test_a_doubled_record_shows_in_the_output(self) -> None:
        once = expectation(SCRIPTS / "ledger.py", ("x",), {"data.txt": b"a\nb\n", "journal.txt": b""})
        twice = expectation(SCRIPTS / "ledger.py", ("x",), {"data.txt": b"a\nb\nb\n", "journal.txt": b""})
        self.assertNotEqual(once.output, twice.output)
        self.assertNotEqual(once.files, twice.files)


class PlanTests(unittest.TestCase):
    def test_a_seed_repeats_a_plan(self) -> None:
        counts = {fault.name: 3 for fault in CATALOGUE}
        self.assertEqual(plan(CATALOGUE, counts, 5), plan(CATALOGUE, counts, 5))
        self.assertNotEqual(plan(CATALOGUE, counts, 5), plan(CATALOGUE, counts, 6))
        self.assertEqual(len(plan(CATALOGUE, counts, 5)), 3 * len(CATALOGUE))

    def test_the_full_campaign_has_what_was_asked_for(self) -> None:
        full = {fault.name: fault.full for fault in CATALOGUE}
        self.assertGreaterEqual(full["worker killed"], 500)
        self.assertGreaterEqual(sum(count for name, count in full.items() if name.startswith("master killed")), 100)
        self.assertGreaterEqual(full["PostgreSQL killed"], 30)
        self.assertGreaterEqual(sum(count for name, count in full.items() if name.endswith("zombie")), 50)
        self.assertGreaterEqual(full["worker partitioned"], 50)
        self.assertGreaterEqual(full["disk full"], 20)


class JournalTests(unittest.TestCase):
    def test_what_was_cut_short_is_left_out(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "journal"
            journal = Journal(path)
            journal.write("begin", seed=3)
            journal.close()
            with path.open("a") as file:
                file.write('{"event": "fau')
            self.assertEqual([event["seed"] for event in Journal.read(path)], [3])


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


STARTUP = struct.pack("!ii", 8, 196_608)
PARSE = message(b"P", b"s1\0INSERT INTO chunk_result VALUES (1)\0\0\0")
BIND = message(b"B", b"\0s1\0\0\0\0\0\0\0")
SYNC = message(b"S", b"")
READY = message(b"Z", b"I")


class CommitTests(unittest.TestCase):
    def setUp(self) -> None:
        self.watch = CommitWatch()
        self.connection = self.watch.connection()
        self.killed = 0
        self.assertEqual(self.connection.from_client(STARTUP), STARTUP)

    def arm(self, moment: Moment, countdown: int = 1, write: str = "result") -> None:
        self.watch.failpoint = Failpoint(write, moment, countdown, self.kill)

    def kill(self) -> None:
        self.killed += 1

    def test_before_a_commit_it_never_reaches_the_server(self) -> None:
        self.arm(Moment.BEFORE_COMMIT)
        self.assertEqual(self.connection.from_client(PARSE + BIND + SYNC), PARSE + BIND)
        self.assertEqual(self.killed, 1)
        self.assertEqual(self.connection.from_client(SYNC), b"")

    def test_after_a_commit_nobody_hears_of_it(self) -> None:
        self.arm(Moment.BEFORE_ACKNOWLEDGEMENT)
        self.assertEqual(self.connection.from_client(PARSE + BIND + SYNC), PARSE + BIND + SYNC)
        complete = message(b"C", b"INSERT 0 1\0")
        self.assertEqual(self.connection.from_server(complete + READY[:3]), b"")
        self.assertEqual(self.killed, 0)
        self.assertEqual(self.connection.from_server(READY[3:]), b"")
        self.assertEqual(self.killed, 1)

    def test_it_counts_commits_and_looks_at_what_they_write(self) -> None:
        self.arm(Moment.BEFORE_COMMIT, countdown=2)
        self.assertEqual(self.connection.from_client(PARSE + BIND + SYNC), PARSE + BIND + SYNC)
        self.assertEqual(self.connection.from_client(SYNC + SYNC), SYNC + SYNC)
        # The statement is prepared by now: only its name is bound.
        self.assertEqual(self.connection.from_client(BIND + SYNC), BIND)
        self.assertEqual(self.killed, 1)

    def test_a_message_in_pieces_passes_whole(self) -> None:
        bytes_of = PARSE + BIND + SYNC
        passed = b"".join(self.connection.from_client(bytes_of[at : at + 1]) for at in range(len(bytes_of)))
        self.assertEqual(passed, bytes_of)

    def test_an_explicit_transaction_ends_with_its_commit(self) -> None:
        self.arm(Moment.BEFORE_COMMIT)
        begin, commit = message(b"Q", b"BEGIN\0"), message(b"Q", b"COMMIT\0")
        passed = begin + PARSE + BIND + SYNC
        self.assertEqual(self.connection.from_client(passed), passed)
        self.assertEqual(self.connection.from_client(commit), b"")
        self.assertEqual(self.killed, 1)


class SendTests(unittest.TestCase):
    def test_heartbeats_are_no_sends(self) -> None:
        watch = SendWatch()
        connection = watch.connection()
        killed: list[int] = []
        watch.failpoint = SendFailpoint(2, lambda: killed.append(1))
        self.assertEqual(connection.from_server(b"ping"), b"ping")
        self.assertEqual(connection.from_server(bytes(500)), bytes(500))
        self.assertEqual(connection.from_server(bytes(500)), b"")
        self.assertEqual(killed, [1])


if __name__ == "__main__":
    unittest.main()
