"""Scripts whose results show at once what is lost, doubled or out of order, with what python3 makes of them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

SCRIPTS = Path(__file__).parent / "scripts"


@dataclass(frozen=True)
class Expectation:
    status: int
    output: bytes
    error: bytes
    files: dict[str, bytes]
    """What the script created or changed."""


@dataclass(frozen=True)
class Workload:
    """A script, the files beside it and its arguments."""

    script: str
    arguments: tuple[str, ...]
    inputs: dict[str, bytes] = field(hash=False)
    chunk_records: int
    expected: Expectation = field(hash=False)

    @property
    def source(self) -> bytes:
        return (SCRIPTS / self.script).read_bytes()


def workloads(scale: float = 1.0) -> list[Workload]:
    """The pool that submissions are drawn from. `scale` stretches all of them."""
    pool: list[Workload] = []
    for seed in range(3):
        lines = int((5000 + 700 * seed) * scale)
        data = "".join(f"entry {seed} {number}\n" for number in range(lines)).encode()
        before = b"earlier entry\n"
        pool.append(_workload("ledger.py", (f"s{seed}",), {"data.txt": data, "journal.txt": before}))
        table = "id,amount,kind\n" + "".join(
            f"{number},{number * 7 % 1000 / 8},{'abcd'[number % 4]}\n" for number in range(lines // 2)
        )
        pool.append(_workload("accounts.py", (f"t{seed}",), {"table.csv": table.encode()}))
        pool.append(_workload("spectrum.py", (str(lines // 2), f"u{seed}"), {}))
    pool.append(_workload("steps.py", ("30",), {"steps.txt": b"begin\n"}))
    return pool


def _workload(script: str, arguments: tuple[str, ...], inputs: dict[str, bytes]) -> Workload:
    return Workload(script, arguments, inputs, 100, expectation(SCRIPTS / script, arguments, inputs))


def expectation(script: Path, arguments: tuple[str, ...], inputs: dict[str, bytes]) -> Expectation:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name, content in inputs.items():
            (folder / name).write_bytes(content)
        (folder / script.name).write_bytes(script.read_bytes())
        environment = {
            name: value for name, value in os.environ.items()
            if name not in ("PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE")
        }  # fmt: skip
        done = subprocess.run(
            ["python3", script.name, *arguments], cwd=folder, capture_output=True, check=False,
            env={**environment, "PYTHONHASHSEED": "0"},
        )  # fmt: skip
        files = {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name != script.name and "__pycache__" not in path.parts
        }
        changed = {name: content for name, content in files.items() if inputs.get(name) != content}
        if done.returncode not in (0, 3):
            sys.exit(f"{script.name} does not run by itself: {done.stderr.decode(errors='replace')}")
        return Expectation(done.returncode, done.stdout, done.stderr, changed)
