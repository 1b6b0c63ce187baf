"""What a chunk process makes of a driver that ran on another kind of host."""

import subprocess
import sys
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import test_harness
from agent import ENVIRONMENT, Agent, plan

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Sources" / "RunSurgeWorker"))
sys.modules.setdefault("_runsurge", __import__("types").ModuleType("_runsurge"))
sys.modules["_runsurge"].__path__ = [str(Path(sys.path[0]) / "Python")]  # type: ignore[attr-defined]

from _runsurge import host  # type: ignore[import-not-found]  # noqa: E402


class HostTest(unittest.TestCase):
    folder = test_harness.HarnessTest.folder

    def test_chunks_in_another_time_zone_are_of_no_use(self) -> None:
        source = "import time\nfor i in range(9):\n    print(time.strftime('%H', time.localtime(i * 4000)))\n"
        folder = self.folder(source, "")
        native = subprocess.run([sys.executable, "script.py"], cwd=folder, env=ENVIRONMENT, capture_output=True)
        for zone, statuses in (("", [1, 1, 1]), ("XYZ-5", [6])):
            agent = Agent(folder, plan(source, 2, [], streams=["stdout"], reads=["time"]), 3)
            agent.elsewhere = {"TZ": zone} if zone else {}
            output, error, status, _ = agent.run()
            self.assertEqual((output, error, status), (native.stdout, native.stderr, native.returncode))
            self.assertEqual(agent.statuses, statuses)

    def test_the_processor_counts_where_floats_may_be_computed(self) -> None:
        for source, imports, expected in (
            (b"for x in f: n += 1", ["csv"], False), (b"y = x ** 0.5", [], True), (b"from math import sin", ["math"], True),
            (b"import numpy", ["numpy"], True), (b"import helper", ["helper"], True), (b"pow(x, 2)", [], True),
        ):
            with self.subTest(source=source):
                self.assertEqual(host.may_compute(source, imports), expected)

    def test_the_library_and_the_processor_are_known(self) -> None:
        with_floats, without = host.identity(True), host.identity(False)
        self.assertEqual(with_floats[:5], without[:5])
        self.assertEqual(without[0], sys.version)
        self.assertEqual(without[5], ())
        self.assertTrue(set(with_floats[5]) <= set(host.FEATURES))

    def test_another_hosts_path_is_found_below_this_interpreter(self) -> None:
        path: list[Any] = ["/job", "/opt/py/lib/python3.11", "/opt/py", "/opt/python"]
        with mock.patch.object(sys, "prefix", "/usr"), mock.patch.object(sys, "base_prefix", "/usr"):
            moved = host.moved(path, ("/opt/py", "/opt/py"))
        self.assertEqual(moved, ["/job", "/usr/lib/python3.11", "/usr", "/opt/python"])


if __name__ == "__main__":
    unittest.main()
