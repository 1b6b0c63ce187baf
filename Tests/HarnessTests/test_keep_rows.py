import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Optional

FRAGMENT = Path(__file__).resolve().parents[2] / "Sources" / "RunSurgeAnalysis" / "Python" / "keep_rows.py"


class KeepRowsTests(unittest.TestCase):
    def run_script(self, source: str) -> Optional[str]:
        """The rows that are kept of a script, which says nothing and succeeds."""
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder, "script.py")
            script.write_bytes(source.encode() + FRAGMENT.read_bytes())
            result = subprocess.run(
                [sys.executable, "-B", script], cwd=folder, capture_output=True, text=True, timeout=60)
            self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))
            kept = Path(folder, ".runsurge-output.csv")
            return kept.read_text() if kept.exists() else None

    def test_lists_are_rows(self) -> None:
        self.assertEqual(self.run_script("output = [[1, 'a,b'], (2, 'ü')]"), '1,"a,b"\n2,ü\n')

    def test_dicts_have_a_head(self) -> None:
        self.assertEqual(self.run_script("output = [{'a': 1}, {'b': 2, 'a': 3}]"), "a,b\n1,\n3,2\n")

    def test_other_values_are_rows_of_one(self) -> None:
        self.assertEqual(self.run_script("output = ['abc', 5]\n# the end"), "abc\n5\n")

    def test_nothing_is_kept_without_rows(self) -> None:
        for source in ("", "output = []", "output = 'text'", "output = None", "if 0:\n    output = [1]",
                       "def output(): pass"):
            with self.subTest(source):
                self.assertIsNone(self.run_script(source))


if __name__ == "__main__":
    unittest.main()
