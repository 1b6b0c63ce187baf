"""The harness against plain Python, with plans written by hand: `python3 -m unittest` in this folder."""

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

from agent import ENVIRONMENT, Agent, Json, plan

LINES = "".join(f"line {number}\n" for number in range(40))


class HarnessTest(unittest.TestCase):
    def check(
        self, source: str, given: Json, chunk_records: int = 7, data: str = LINES, typed: str = "script.py"
    ) -> Agent:
        """Runs both ways and compares all that shows."""
        folder = self.folder(source, data)
        native = subprocess.run([sys.executable, typed], cwd=folder, env=ENVIRONMENT, capture_output=True,
                                stdin=subprocess.DEVNULL)
        # Whole chunks at last: that agent is what the caller looks at.
        for cutting, is_together in (({"sizes": [1], "most": 2}, False), ({}, True), ({}, False)):
            (folder / "data.txt").write_bytes(data.encode())
            agent = Agent(folder, given, chunk_records, typed)
            agent.cutting, agent.is_together = cutting, is_together
            output, error, status, self.finished = agent.run()
            self.assertEqual((output, error, status), (native.stdout, native.stderr, native.returncode), cutting)
        return agent

    def folder(self, source: str, data: str) -> Path:
        """A new folder with the script and its data."""
        folder = Path(tempfile.mkdtemp(prefix="harness"))
        self.addCleanup(shutil.rmtree, folder)
        (folder / "script.py").write_text(source)
        (folder / "data.txt").write_bytes(data.encode())
        return folder

    def assert_split(self, agent: Agent) -> None:
        self.assertGreaterEqual(len(agent.statuses), 2, self.finished)
        self.assertTrue(self.finished["regions"][0]["parallel"])

    def test_appends_counts_and_prints_in_order(self) -> None:
        source = (
            "out = ['before']\nn = 5\n"
            "for line in open('data.txt'):\n    out.append(line.strip())\n    n += 1\n    print(len(line))\n"
            "print(out, n, line)\n")
        variables: list[Any] = [
            {"name": "out", "role": "list_append"}, {"name": "n", "role": "fold", "op": "Add", "sites": [5]},
            {"name": "line", "role": "last_value"}]
        for chunk_records in (1, 2, 7):
            with self.subTest(chunk_records=chunk_records):
                given = plan(source, 3, [dict(variable) for variable in variables], streams=["stdout"])
                self.assert_split(self.check(source, given, chunk_records))

    def test_results_of_quick_chunks_travel_together(self) -> None:
        source = "out = []\nfor i in range(300):\n    out.append(i)\nprint(out)\n"
        given = plan(source, 2, [{"name": "out", "role": "list_append"}, {"name": "i", "role": "last_value"}])
        agent = Agent(self.folder(source, ""), given, 1)
        agent.is_together = True
        output, error, status, _ = agent.run()
        self.assertEqual((output, error, status), (f"{list(range(300))}\n".encode(), b"", 0))
        self.assertEqual(len(agent.statuses), 300)
        # However slow the machine is, some of them are over at once.
        self.assertGreater(max(agent.frames, default=0), 1)

    def test_folds_floats_in_the_order_of_the_records(self) -> None:
        source = "t = 0.1\nfor i in range(50):\n    t += i / 7\nprint(repr(t))\n"
        given = plan(source, 2, [{"name": "t", "role": "fold", "op": "Add", "sites": [3]}])
        self.assert_split(self.check(source, given))

    def test_an_integer_sum_that_meets_a_float_is_folded_in_order(self) -> None:
        source = "t = 0\nfor x in [1, 2, 3] * 5 + [0.1] + [1, 2] * 9:\n    t += x\nprint(repr(t))\n"
        given = plan(source, 2, [{"name": "t", "role": "fold", "op": "Add", "sites": [3]}])
        agent = self.check(source, given)
        self.assert_split(agent)
        self.assertEqual(set(agent.statuses), {1})

    def test_gives_the_genuine_traceback_after_the_records_before_it(self) -> None:
        source = "for line in open('data.txt'):\n    print(100 // (30 - int(line.split()[1])))\n"
        agent = self.check(source, plan(source, 1, [], streams=["stdout"]))
        self.assertEqual(agent.statuses[-1], 3)

    def test_missing_keys_of_a_plain_dict_raise_at_their_record(self) -> None:
        source = "d = {'a': 0, 'b': 0}\nfor k in 'abab' * 5 + 'c' + 'ab':\n    d[k] += 1\n"
        site = {"node": 3, "form": "aug"}
        given = plan(source, 2, [{"name": "d", "role": "keyed_fold", "op": "Add", "sites": [site], "zero": 0}])
        self.assert_split(self.check(source, given))

    def test_kept_records_are_the_objects_of_the_list(self) -> None:
        source = (
            "rows = [[i] for i in range(20)]\nkept = []\n"
            "for row in rows:\n    kept.append(row)\nkept[3].append('x')\nprint(rows[3], kept[5] is rows[5])\n")
        given = plan(source, 3, [{"name": "kept", "role": "list_append", "shares": ["record"]}])
        self.assert_split(self.check(source, given))

    def test_leaves_a_file_where_a_native_loop_would(self) -> None:
        source = (
            "f = open('data.txt')\nnext(f)\nn = 0\n"
            "for line in f:\n    n += len(line)\nprint(n, f.tell(), repr(f.read()))\n")
        for data in (LINES, LINES.replace("\n", "\r\n"), LINES.rstrip("\n") + " é", "one line\n", ""):
            with self.subTest(data=data[-12:]):
                given = plan(source, 4, [{"name": "n", "role": "fold", "op": "Add", "sites": [5]}])
                self.check(source, given, data=data)

    def test_text_that_was_read_ahead_is_never_lost(self) -> None:
        read = "next(f)\nprint(repr(f.read(3)))\nn = 0\n"
        loop = "for line in f:\n    print(repr(line))\nprint(f.tell())\n"
        for arguments, data in (
            ("", LINES), ("", LINES.replace("\n", "\r\n")), ("", LINES.rstrip("\n")), ("", "é" * 9000 + "\nüüüü\n"),
            (", newline=''", LINES.replace("\n", "\r\n") + "a\n\r"), (", newline='\\r'", LINES.replace("\n", "\r")),
            (", encoding='utf-8-sig'", "\ufeffab\ncdefé\nx\n"), (", encoding='latin-1'", LINES + "é\n"),
            (", encoding='ascii', errors='ignore'", "a\nbcdef" + "é" * 3000 + "\nx\n"),
            (", encoding='ascii', errors='replace'", "a\nbcdéf" + "é" * 3000 + "\nx\né"),
        ):
            with self.subTest(arguments=arguments, data=data[-12:]):
                source = f"f = open('data.txt'{arguments})\n" + read + loop
                agent = self.check(source, plan(source, 5, [], streams=["stdout"]), data=data)
                # Chunks begin at lines, and this place is within one.
                self.assertEqual(agent.requests, [])

    def test_text_that_is_in_memory_alone_is_never_lost(self) -> None:
        source = (
            "f = open('data.txt')\nnext(f)\nopen('data.txt', 'w').close()\n"
            "for line in f:\n    print(repr(line))\n")
        self.check(source, plan(source, 4, [], streams=["stdout"]))

    def test_text_that_cannot_be_given_back_ends_the_driver(self) -> None:
        source = (
            "f = open('data.txt')\nnext(f)\nopen('data.txt', 'w').write('another text\\n' * 99)\n"
            "for line in f:\n    print(repr(line))\n")
        folder = self.folder(source, LINES)
        output, error, status, finished = Agent(folder, plan(source, 4, [], streams=["stdout"]), 7).run()
        self.assertEqual((output, status, finished), (b"", 70, {}))

    def test_files_are_flushed_where_a_native_loop_would(self) -> None:
        source = (
            "import os\nf = open('o.txt', 'w')\n"
            "for i in range(900):\n    f.write('%d is a number\\n' % i)\n    print(i, 'x' * 30, flush=i % 300 == 9)\n"
            "print(os.path.getsize('o.txt'))\nos.system('echo child')\n")
        for chunk_records in (1, 50):
            with self.subTest(chunk_records=chunk_records):
                given = plan(source, 3, [{"name": "f", "role": "writer"}], streams=["stdout"])
                self.assert_split(self.check(source, given, chunk_records))

    def test_an_environment_that_cannot_be_sent_is_declined(self) -> None:
        source = "g = (x for x in 'abc')\nout = []\nfor i in range(9):\n    out.append(g is None)\nprint(out)\n"
        given = plan(source, 3, [{"name": "out", "role": "list_append"}], reads=["g"])
        agent = self.check(source, given)
        self.assertEqual(agent.requests, [])
        self.assertIn("generator", self.finished["regions"][0]["reason"])

    def test_an_iterator_that_is_there_twice_is_declined(self) -> None:
        for iterable in ("zip(it, it)", "zip(it, enumerate(it))", "enumerate(zip(*[it] * 3))"):
            with self.subTest(iterable=iterable):
                source = f"it = iter(range(20))\nfor x in {iterable}:\n    print(x)\nprint(list(it))\n"
                self.assertEqual(self.check(source, plan(source, 2, [], streams=["stdout"])).requests, [])
        source = "numbers = [1, 2, 3] * 5\nfor x in zip(numbers, numbers):\n    print(x)\n"
        self.assert_split(self.check(source, plan(source, 2, [], streams=["stdout"])))

    def test_a_reader_that_is_asked_for_its_line_is_declined(self) -> None:
        source = (
            "import csv\nreader = csv.reader(open('data.txt'))\n"
            "for row in reader:\n    print(row)\nprint(reader.line_num)\n")
        self.assertEqual(self.check(source, plan(source, 3, [], streams=["stdout"])).requests, [])

    def test_names_the_script_as_it_was_typed(self) -> None:
        source = "import sys\nprint(__file__, sys.argv, sys.path[0])\nfor i in range(20):\n    print(9 // (i - 15))\n"
        for typed in ("script.py", "./script.py", ".//./script.py"):
            with self.subTest(typed=typed):
                self.check(source, plan(source, 3, [], streams=["stdout"]), typed=typed)

    def test_warnings_above_the_script_are_the_interpreters(self) -> None:
        source = (
            "import warnings\nwarnings.warn('a')\nwarnings.warn('b', stacklevel=2)\n"
            "warnings.warn('c', UserWarning, 3)\n"
            "def f():\n    warnings.warn('d', stacklevel=2)\nf()\n")
        self.check(source, {"regions": [], "verdicts": [], "whole_script_reason": None})

    def test_ends_as_python_ends(self) -> None:
        empty: Json = {"regions": [], "verdicts": [], "whole_script_reason": None}
        for source in (
            "import sys\nprint('x')\nsys.exit('a message')\n",
            "import atexit\natexit.register(print, 'bye')\nraise SystemExit(7)\n",
            "def f(:\n    pass\n",
            "raise KeyboardInterrupt\n",
            "def f(n):\n    return f(n + 1)\nf(0)\n",
            "class A:\n    def __del__(self):\n        print('gone')\na = A()\nprint(__name__, list(globals()))\n",
            "import sys\nprint(sys.argv, sys.path[0] == __import__('os').getcwd(), sys.getrecursionlimit())\n",
        ):
            with self.subTest(source=source):
                self.check(source, empty)


if __name__ == "__main__":
    unittest.main()
