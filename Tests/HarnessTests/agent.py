"""An agent of one process: runs a script through the harness over real pipes, with fixed plans."""

import ast
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Optional

HARNESS = Path(__file__).resolve().parents[2] / "Sources" / "RunSurgeWorker" / "Python"
MODULES = sorted(path for path in HARNESS.glob("*.py") if path.name not in ("bootstrap.py", "export.py"))
ENVIRONMENT = {"PATH": os.environ.get("PATH", ""), "PYTHONHASHSEED": "0", "LANG": "C.UTF-8"}

Json = dict[str, Any]


class Process:
    """A harness process: frames on its descriptors 3 and 4."""

    def __init__(self, output: Any = subprocess.DEVNULL, error: Any = subprocess.DEVNULL) -> None:
        (read_in, self.sink), (self.source, write_out) = os.pipe(), os.pipe()
        # A shell moves the pipes to their places, wherever they are here.
        command = f'exec 3<&{read_in} 4>&{write_out}; exec "$0" -c "$1"'
        self.child = subprocess.Popen(
            ["/bin/bash", "-c", command, sys.executable, (HARNESS / "bootstrap.py").read_text()], cwd="/",
            env=ENVIRONMENT, pass_fds=(read_in, write_out), stdin=subprocess.DEVNULL, stdout=output, stderr=error)
        os.close(read_in)
        os.close(write_out)
        texts = [path.read_bytes() for path in MODULES]
        entries = [{"name": path.stem, "size": len(text)} for path, text in zip(MODULES, texts)]
        self.write({"t": "load", "modules": entries}, b"".join(texts))

    def write(self, head: Json, body: bytes = b"") -> None:
        text = json.dumps(head).encode()
        data = memoryview(len(text).to_bytes(4, "little") + len(body).to_bytes(4, "little") + text + body)
        while data:
            data = data[os.write(self.sink, data):]

    def read(self) -> Optional[tuple[Json, bytes]]:
        sizes = self.exactly(8)
        if sizes is None:
            return None
        head = self.exactly(int.from_bytes(sizes[:4], "little"))
        body = self.exactly(int.from_bytes(sizes[4:], "little"))
        return json.loads(head or b""), body or b""

    def exactly(self, count: int) -> Optional[bytes]:
        data = b""
        while len(data) < count:
            piece = os.read(self.source, count - len(data))
            if not piece:
                return None
            data += piece
        return data

    def end(self) -> int:
        os.close(self.sink)
        status = self.child.wait()
        os.close(self.source)
        return status


class Agent:
    """One driver and one chunk process."""

    def __init__(self, folder: Path, plan: Json, chunk_records: int, typed: str = "script.py") -> None:
        """`typed`: the script as on a command line in the folder."""
        self.folder = folder
        self.typed = typed
        self.plan = plan
        self.chunk_records = chunk_records
        self.requests: list[Json] = []
        # Chunks go to their process as one run; results that came together, by frame.
        self.is_together = False
        self.frames: list[int] = []
        self.statuses: list[int] = []
        # How chunks are to be cut in pieces, and in how many they were.
        self.cutting: Json = {}
        self.pieces: list[int] = []
        # Bytes: the limit that chunk processes are told, and the most that one has used.
        self.memory = 0
        # Environment variables of chunk processes alone.
        self.elsewhere: dict[str, str] = {}
        self.peak = 0
        self.chunks: Optional[Process] = None

    def start(self, role: str) -> Json:
        return {"t": "start", "role": role, "script": str(self.folder / "script.py"), "arguments": [],
                "argv0": self.typed, "directory": str(self.folder), "slots": 2, "min_split_seconds": 0,
                "chunk_records": self.chunk_records, "split": True, "resume": [], "memory": self.memory,
                "environment": self.elsewhere if role == "chunk" else {}}

    def run(self) -> tuple[bytes, bytes, int, Json]:
        """Standard output, standard error, exit status, the last frame."""
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as error:
            driver = Process(output, error)
            driver.write(self.start("driver"), json.dumps(self.plan).encode())
            finished: Json = {}
            while (frame := driver.read()) is not None:
                head, body = frame
                if head["t"] == "region":
                    self.region(driver, head, body)
                elif head["t"] == "acquire":
                    driver.write({"t": "granted"})
                elif head["t"] == "finished":
                    finished = head
            status = driver.end()
            if self.chunks is not None and self.chunks.child.poll() is None:
                self.chunks.end()
            output.seek(0)
            error.seek(0)
            return output.read(), error.read(), status, finished

    def region(self, driver: Process, head: Json, environment: bytes) -> None:
        number = len(self.requests) + 1
        self.requests.append(head)
        ranges = list(zip(head["cuts"], head["cuts"][1:]))
        driver.write({"t": "answer", "request": head["request"], "region": number, "chunks": len(ranges), "reason": ""})
        if self.chunks is None:
            self.chunks = self.chunk_process()
        region = {"t": "region", "region": number, "node": head["node"], "source": head["source"],
                  "modes": head["modes"], "blobs": {}}
        self.chunks.write(region, environment)
        if self.is_together:
            return self.together(driver, region, ranges)
        for index, (first, last) in enumerate(ranges):
            chunk = {"t": "chunk", "region": number, "index": index, "first": first, "last": last, **self.cutting}
            result, effects = self.answer(chunk, region, environment)
            self.statuses.append(result["status"])
            result["size"] = len(effects)
            driver.write({"t": "results", "region": number, "outcomes": [result]}, effects)
            if result["status"] != 1:
                break

    def chunk_process(self) -> Process:
        process = Process()
        process.write(self.start("chunk"))
        return process

    def together(self, driver: Process, region: Json, ranges: list[tuple[int, int]]) -> None:
        """Runs all chunks as one run, and passes their results on as they come."""
        assert self.chunks is not None
        self.chunks.write({"t": "chunks", "region": region["region"], "index": 0,
                           "bounds": [first for first, _ in ranges] + [ranges[-1][1]]})
        done = 0
        while done < len(ranges):
            frame = self.chunks.read()
            assert frame is not None, "the chunk process died"
            head, effects = frame
            assert head["index"] == done, head
            if head["t"] == "result":
                head["size"] = len(effects)
                self.statuses.append(head["status"])
                driver.write({"t": "results", "region": head["region"], "outcomes": [head]}, effects)
                done += 1
                if head["status"] != 1:
                    return
            else:
                self.frames.append(len(head["records"]))
                self.statuses += [1] * len(head["records"])
                driver.write({"t": "results", "region": head["region"], "index": done, "last": head["units"][1:],
                              "records": head["records"], "cpu_us": head["cpu_us"], "sizes": head["sizes"]}, effects)
                done += len(head["records"])

    def answer(self, chunk: Json, region: Json, environment: bytes) -> tuple[Json, bytes]:
        """The result of one chunk, its pieces joined."""
        assert self.chunks is not None
        self.chunks.write(chunk)
        pieces = []
        while True:
            frame = self.chunks.read()
            assert frame is not None, "the chunk process died"
            result, effects = frame
            if result["t"] == "record":
                continue
            pieces.append((result, effects))
            self.peak = max(self.peak, result["peak_bytes"])
            if result["t"] == "result":
                break
            if result["leaves"]:
                self.chunks.end()
                self.chunks = self.chunk_process()
                self.chunks.write(region, environment)
                self.chunks.write({**chunk, "first": result["last"]})
        self.pieces.append(len(pieces))
        if len(pieces) == 1 or result["status"] != 1:
            return result, effects
        joined = b"s" + b"".join(
            len(body).to_bytes(4, "little") + head["last"].to_bytes(8, "little") + head["records"].to_bytes(8, "little")
            + body for head, body in pieces)
        records = sum(head["records"] for head, _ in pieces)
        return {**result, "first": pieces[0][0]["first"], "records": records}, joined


def plan(source: str, line: int, variables: list[Json], **more: Any) -> Json:
    """A plan with one `for` region, at a line. Sites may be given by line, too."""
    tree = ast.parse(source)
    numbers: dict[int, int] = {}
    stack: list[ast.AST] = [tree]
    index = 0
    while stack:
        node = stack.pop()
        if isinstance(node, ast.stmt):
            numbers[node.lineno] = index
        index += 1
        stack.extend(reversed(list(ast.iter_child_nodes(node))))
    for variable in variables:
        variable.setdefault("live_out", True)
        variable.setdefault("shares", [])
        if variable["role"] == "fold":
            variable["sites"] = [numbers[site] for site in variable["sites"]]
        for site in variable["sites"] if variable["role"] == "keyed_fold" else []:
            site["node"] = numbers[site["node"]]
    region = {"node": numbers[line], "line": line, "kind": "for", "scope": "module", "source_text": "", "target": [],
              "globals": [], "reads": [], "variables": variables, "streams": [], "record_mutated": False, "merge": "",
              "modules": [], **more}
    verdict = {"node": numbers[line], "line": line, "kind": "for", "source": "", "merge": "", "reason": None,
               "variable": None, "parallel": True}
    return {"version": 1, "whole_script_reason": None, "regions": [region], "verdicts": [verdict]}
