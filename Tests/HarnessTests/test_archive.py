"""What `archive.py` takes, and what it makes."""

import io
import json
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path
from typing import Any
from unittest import mock

import archives

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Sources" / "RunSurgeWorker" / "Python"))
import archive as program  # type: ignore[import-not-found]  # noqa: E402
sys.path.pop(0)

LIMITS = {"entries": 10_000, "entry_bytes": 4 << 30, "total_bytes": 8 << 30, "ratio": 500, "name_bytes": 1024,
          "depth": 32}


class ArchiveTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = self.folder.name + "/archive"

    def run_program(self, task: str, **limits: int) -> list[tuple[dict[str, Any], bytes]]:
        written = io.BytesIO()
        with mock.patch.object(sys, "stdout", io.TextIOWrapper(written, write_through=True)):
            program.main(self.folder.name, task, json.dumps(LIMITS | limits))
            frames = []
            source = io.BytesIO(written.getvalue())
        while size := source.read(4):
            body = int.from_bytes(source.read(4), "little")
            head = json.loads(source.read(int.from_bytes(size, "little")))
            frames.append((head, source.read(body)))
        return frames

    def refusal(self, **limits: int) -> str:
        head = self.run_program("inflate", **limits)[-1][0]
        self.assertEqual(head["t"], "refused", head)
        return str(head["reason"])

    def test_each_bad_kind_is_refused_in_words(self) -> None:
        for name, (sentence, make) in archives.KINDS.items():
            with self.subTest(kind=name):
                make(self.path)
                self.assertIn(sentence, self.refusal())

    def test_a_cut_archive_is_never_taken(self) -> None:
        with zipfile.ZipFile(self.path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.txt", "alpha\n" * 100)
            archive.writestr("b/c.txt", "beta\n" * 100)
        whole = Path(self.path).read_bytes()
        for size in range(len(whole)):
            Path(self.path).write_bytes(whole[:size])
            self.refusal()

    def test_a_flipped_byte_never_gives_other_contents(self) -> None:
        with zipfile.ZipFile(self.path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.txt", "alpha\n" * 100)
        whole = Path(self.path).read_bytes()
        for place in range(0, len(whole), 3):
            changed = bytearray(whole)
            changed[place] ^= 0x55
            Path(self.path).write_bytes(changed)
            frames = self.run_program("inflate")
            self.assertIn(frames[-1][0]["t"], ("refused", "end"))
            if frames[-1][0]["t"] == "end":
                self.assertEqual(b"".join(body for _, body in frames), b"alpha\n" * 100, place)

    def test_bounds_are_kept(self) -> None:
        with zipfile.ZipFile(self.path, "w") as archive:
            archive.writestr("first", b"1" * 600)
            archive.writestr("second", b"2" * 600)
        self.assertIn('"first" has 600 bytes; at most 599', self.refusal(entry_bytes=599))
        self.assertIn('"second" makes the archive inflate to more than 1199 bytes', self.refusal(total_bytes=1199))
        self.assertIn("has 2 entries; at most 1", self.refusal(entries=1))
        self.assertEqual(self.run_program("inflate", entries=2, entry_bytes=600, total_bytes=1200)[-1][0]["t"], "end")

    def test_what_honest_programs_make_is_taken(self) -> None:
        info = zipfile.ZipInfo("run.sh", (2024, 2, 29, 12, 30, 10))
        info.external_attr = 0o100755 << 16
        odd = zipfile.ZipInfo("data/Ünïcode 1.csv", (1980, 0, 0, 0, 0, 0))
        with zipfile.ZipFile(self.path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(info, "#!/bin/sh\n")
            archive.writestr("data/", "")
            archive.writestr(odd, "a,b\n")
            archive.writestr("empty", "")
        # In front of it may be a program that unpacks it.
        Path(self.path).write_bytes(b"#!/usr/bin/env unpack\n" + Path(self.path).read_bytes())
        frames = self.run_program("inflate")
        entries = [{key: value for key, value in head.items() if key != "t"} for head, _ in frames if "name" in head]
        modified = entries[3].pop("modified")
        self.assertGreater(modified, 1_700_000_000)
        entries[1].pop("modified")
        self.assertEqual(entries, [
            {"name": "run.sh", "folder": False, "size": 10, "mode": 0o755, "modified": 1709209810},
            {"name": "data", "folder": True, "size": 0, "mode": 0o775},
            {"name": "data/Ünïcode 1.csv", "folder": False, "size": 4, "mode": 0o600, "modified": 315532800},
            {"name": "empty", "folder": False, "size": 0, "mode": 0o600}])
        self.assertEqual(b"".join(body for _, body in frames), b"#!/bin/sh\na,b\n")

    def test_names_in_utf8_need_no_mark(self) -> None:
        archives.one(self.path, "é.txt".encode())
        self.assertEqual(self.run_program("inflate")[0][0]["name"], "é.txt")

    def pack(self, files: dict[str, bytes]) -> bytes:
        listed = []
        for number, (name, content) in enumerate(files.items()):
            Path(self.folder.name, f"blob{number}").write_bytes(content)
            listed.append({"name": name.rstrip("/"), "folder": name.endswith("/"), "blob": f"blob{number}",
                           "size": len(content), "mode": 0o644})
        Path(self.folder.name, "list").write_text(json.dumps(listed))
        frames = self.run_program("pack")
        self.assertEqual(frames[-1][0], {"t": "end"})
        return b"".join(body for _, body in frames)

    def test_packs_what_others_can_read(self) -> None:
        files = {"a.txt": b"alpha\n" * 1000, "b/": b"", "b/é.bin": bytes(range(256)) * 4000, "empty": b""}
        data = self.pack(files)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            self.assertIsNone(archive.testzip())
            self.assertEqual({name: archive.read(name) for name in archive.namelist()}, files)
        self.assertEqual(data, self.pack(files))
        Path(self.path).write_bytes(data)
        self.assertEqual(self.run_program("inflate")[-1][0], {"t": "end"})

    def test_an_archive_of_nothing_is_one(self) -> None:
        Path(self.path).write_bytes(self.pack({}))
        self.assertEqual([head["t"] for head, _ in self.run_program("inflate")], ["end"])


if __name__ == "__main__":
    unittest.main()
