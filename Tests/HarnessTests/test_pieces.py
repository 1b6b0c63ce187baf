"""Chunks that are run in pieces, because their processes have little memory, against plain Python."""

import subprocess
import sys
import unittest
from typing import Any

import test_harness
from agent import ENVIRONMENT, Agent, Json, plan

ROWS = "name,text\n" + "".join(f'n{number},"line {number}\nof ""two"""\n\n' for number in range(30))


class PiecesTest(unittest.TestCase):
    folder = test_harness.HarnessTest.folder

    def check(self, source: str, given: Json, data: str, **settings: Any) -> Agent:
        folder = self.folder(source, data)
        native = subprocess.run([sys.executable, "script.py"], cwd=folder, env=ENVIRONMENT, capture_output=True)
        agent = Agent(folder, given, settings.pop("chunk_records", 9))
        for name, value in settings.items():
            setattr(agent, name, value)
        output, error, status, self.finished = agent.run()
        self.assertEqual((output, error, status), (native.stdout, native.stderr, native.returncode))
        return agent

    def test_every_source_is_cut_between_its_records(self) -> None:
        for lines in (
            ["for x in open('data.txt'):", "    print(x)"],
            ["for x in open('data.txt', newline=''):", "    print(repr(x))"],
            ["for x in open('data.txt', 'rb'):", "    print(x)"],
            ["for x in enumerate(open('data.txt'), 5):", "    print(x)"],
            ["import csv", "for x in csv.reader(open('data.txt', newline='')):", "    print(x)"],
            ["import csv", "for x in csv.DictReader(open('data.txt', newline='')):", "    print(x)"],
            ["for x in range(7, 400, 4):", "    print(x)"],
            ["for x in [[i] for i in range(70)]:", "    print(x)"],
            ["for x in enumerate('abcdefghij' * 5, 3):", "    print(x)"],
            ["for x in zip(range(50), 'abcdefghij' * 4):", "    print(x)"],
        ):
            source = "\n".join(lines) + "\n"
            for data in (ROWS, ROWS.replace("\n", "\r\n")[:-5]):
                for cutting in ({"sizes": [4, 1], "most": None}, {"sizes": [], "most": 2}):
                    with self.subTest(source=source, data=data[-9:], cutting=cutting):
                        given = plan(source, len(lines) - 1, [], streams=["stdout"])
                        agent = self.check(source, given, data, cutting=dict(cutting))
                        self.assertEqual(set(agent.statuses), {1})
                        self.assertGreater(max(agent.pieces), 1)

    def test_kept_records_of_pieces_are_the_objects_of_the_list(self) -> None:
        source = (
            "rows = [[i] for i in range(20)]\nkept = []\n"
            "for row in rows:\n    kept.append(row)\nkept[3].append('x')\nprint(rows[3], kept[5] is rows[5])\n")
        given = plan(source, 3, [{"name": "kept", "role": "list_append", "shares": ["record"]}])
        agent = self.check(source, given, "", cutting={"sizes": [], "most": 2})
        self.assertGreater(max(agent.pieces), 2)

    def test_a_piece_that_cannot_be_put_in_place_leaves_those_before_it(self) -> None:
        source = (
            "d = {'x': 0, 'a': 0.5}\nseen = []\n"
            "for k in 'xxxxxxxxxxxxxxxxaxxaxx':\n    seen.append(k)\n    d[k] += 1\nprint(d, seen)\n")
        site = {"node": 5, "form": "aug"}
        given = plan(source, 3, [{"name": "seen", "role": "list_append"},
                                 {"name": "d", "role": "keyed_fold", "op": "Add", "sites": [site], "zero": 0}])
        for chunk_records in (5, 40):
            agent = self.check(source, given, "", cutting={"sizes": [], "most": 3}, chunk_records=chunk_records)
            # Handed over again from the record behind the pieces that are in place.
            self.assertGreater(len(agent.requests), 1)
            self.assertEqual(agent.requests[1]["prefix_records"], 15)

    def test_an_exception_in_a_piece_is_the_genuine_one(self) -> None:
        source = "for line in open('data.txt'):\n    print(100 // (13 - len(line)))\n"
        agent = self.check(source, plan(source, 1, [], streams=["stdout"]), ROWS, cutting={"sizes": [1], "most": 1})
        self.assertEqual(agent.statuses[-1], 3)

    def test_a_process_ends_its_pieces_before_its_memory_does(self) -> None:
        source = (
            "out = []\ntotal = 0\n"
            "for line in open('data.txt'):\n    out.append(line * 30000)\n    total += len(line)\n"
            "print(len(out), total, hash(''.join(out)))\n")
        variables: list[Any] = [{"name": "out", "role": "list_append"},
                                {"name": "total", "role": "fold", "op": "Add", "sites": [5]}]
        data = "".join(f"line {number} {'x' * 40}\n" for number in range(60))
        agent = self.check(source, plan(source, 3, variables), data, memory=80 << 20, chunk_records=30)
        self.assertEqual(set(agent.statuses), {1})
        self.assertGreater(max(agent.pieces), 1)
        # In one piece it would be half as much again; how soon memory is looked at depends on how busy the machine is.
        self.assertLess(agent.peak, 110 << 20)


if __name__ == "__main__":
    unittest.main()
