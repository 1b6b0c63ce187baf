import os
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

AGGREGATE = Path(__file__).resolve().parents[2] / "Sources" / "RunSurgeAnalysis" / "Python" / "aggregate.py"
MARKERS = ("####Code Before For Loop####", "##########Loop Code##########", "##########Code After For Loop##########")


class AggregateTests(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        for name in ("outputs", "work"):
            (self.folder / name).mkdir()

    def archive(self, number: int, files: dict[str, str]) -> None:
        with zipfile.ZipFile(self.folder / "outputs" / f"{number}.zip", "w") as archive:
            for name, text in files.items():
                archive.writestr(name, text)

    def run_aggregator(self, source: str) -> "subprocess.CompletedProcess[str]":
        path = self.folder / "my_aggregator.py"
        path.write_text(source)
        lines = [str(source.splitlines().index(marker) + 1) for marker in MARKERS[1:] if marker in source]
        return subprocess.run(
            [sys.executable, "-B", AGGREGATE, path, self.folder / "outputs", *lines], cwd=self.folder / "work",
            capture_output=True, text=True, timeout=60)

    def made(self) -> dict[str, str]:
        work = self.folder / "work"
        return {str(path.relative_to(work)): path.read_text() for path in work.rglob("*") if path.is_file()}

    def parts(self, first: str, second: str, third: str) -> "subprocess.CompletedProcess[str]":
        return self.run_aggregator("\n".join([MARKERS[0], first, MARKERS[1], second, MARKERS[2], third]))

    def test_three_parts_share_their_names(self) -> None:
        for number in (1, 2, 10):
            self.archive(number, {"b/": "", "b/x.tar.gz": f"{number}", "a": "0"})
        result = self.parts(
            "import os\nlines = []\ndef add(text):\n    lines.append(text)",
            "add(f'{job_counter} {os.path.basename(zip_path)} {file_path} {folder_name} {file_name} "
            "{file_name_without_ext} {file_extension} {file_bytes}')\n"
            "if file_name == 'a':\n    continue\n"
            "iteration_file = {'file_path': f'each/{job_counter}', 'file_bytes': file_bytes * 2}",
            "final_file = {'file_path': 'all.txt', 'file_bytes': '\\n'.join(lines).encode()}")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        made = self.made()
        self.assertEqual(made.pop("all.txt").splitlines(), [
            line for number in (1, 2, 10) for line in (
                f"{number} {number}.zip b/x.tar.gz b x.tar.gz x.tar .gz b'{number}'",
                f"{number} {number}.zip a  a a  b'0'")])
        self.assertEqual(made, {"each/1": "11", "each/2": "22", "each/10": "1010"})

    def test_a_break_keeps_what_the_step_set(self) -> None:
        self.archive(1, {"a": "1", "b": "2"})
        result = self.parts("", "iteration_file = {'file_path': file_name, 'file_bytes': file_bytes}\nbreak",
                            "print(job_counter, iteration_file)\nimport sys\nsys.exit()")
        self.assertEqual((result.stdout, result.stderr, self.made()), ("1 None\n", "", {"a": "1"}))

    def test_empty_parts_and_no_outputs_make_nothing(self) -> None:
        result = self.parts("", "", "")
        self.assertEqual((result.returncode, result.stderr, self.made()), (0, "", {}))

    def test_a_function_yields_files(self) -> None:
        self.archive(1, {"a": "1"})
        self.archive(2, {"a": "2"})
        result = self.run_aggregator(
            "from __future__ import annotations\n"
            "def aggregate(outputs: Unknown):\n"
            "    kept = list(outputs)\n"
            "    for one in reversed(kept):\n"
            "        yield f'{one.job_counter}/{one.file_path}', one.file_bytes\n"
            "    yield 'name', __name__.encode()\n")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(self.made(), {"1/a": "1", "2/a": "2", "name": "__main__"})

    def test_outputs_of_many_archives_can_be_kept(self) -> None:
        for number in range(1, 40):
            self.archive(number, {"a": str(number)})
        result = self.run_aggregator(
            "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (24, 24))\n"
            "def aggregate(outputs):\n"
            "    return [('sum', str(sum(int(one.file_bytes) for one in list(outputs))).encode())]\n")
        self.assertEqual((result.stderr, self.made()), ("", {"sum": "780"}))

    def test_errors_point_at_the_aggregators_lines(self) -> None:
        self.archive(1, {"a": "1"})
        self.archive(2, {"a": "2"})
        path = f'  File "{self.folder}/my_aggregator.py", line '
        twice = "iteration_file = {'file_path': 'same', 'file_bytes': b''}"
        for parts, line, text in [
                (("x = 1\n1 / 0", "", ""), 3, "ZeroDivisionError: division by zero"),
                (("", "\nnothing", ""), 5, "NameError: name 'nothing' is not defined"),
                (("", "", "raise KeyError('last')"), 6, "KeyError: 'last'"),
                (("", "", "def f(:"), 6, "SyntaxError: invalid syntax"),
                (("", twice, ""), 3, "ValueError: there are two output files 'same'; each needs a path of its own"),
                (("", "iteration_file = 5", ""), 3,
                 'TypeError: iteration_file is no dict with "file_path" and "file_bytes"'),
        ]:
            with self.subTest(text):
                result = self.parts(*parts)
                self.assertEqual(result.returncode, 1)
                self.assertIn(f"{path}{line}", result.stderr)
                self.assertEqual(result.stderr.splitlines()[-1], text)
                self.assertNotIn("aggregate.py", result.stderr)

    def test_paths_stay_in_the_working_directory(self) -> None:
        for path in ("/etc/x", "../x", "a/../x", "", "a//b", "./a", "a/", "a\0b"):
            with self.subTest(path):
                result = self.run_aggregator(f"def aggregate(outputs):\n    yield {path!r}, b''\n")
                self.assertEqual(result.returncode, 1)
                self.assertIn("is no plain relative path", result.stderr)
        self.assertEqual(os.listdir(self.folder / "work"), [])

    def test_what_is_no_pair_is_named(self) -> None:
        for body, text in [("return None", "gave NoneType"), ("yield 'a'", "pairs"), ("yield 'a', 5", "'a' are int"),
                           ("yield 5, b''", "a str, not int")]:
            with self.subTest(body):
                result = self.run_aggregator(f"def aggregate(outputs):\n    {body}\n")
                self.assertEqual(result.returncode, 1)
                self.assertIn(text, result.stderr)

    def test_its_own_exit_status_is_kept(self) -> None:
        self.assertEqual(self.parts("", "", "import sys\nsys.exit(7)").returncode, 7)


if __name__ == "__main__":
    unittest.main()
