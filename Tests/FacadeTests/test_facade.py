"""The REST facade against its own document: whether it is one, and whether the routes do as it says.

Needs schemathesis and openapi-spec-validator from PyPI, and a built executable (RUNSURGE_EXECUTABLE).
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

from openapi_spec_validator import OpenAPIV31SpecValidator

ROOT = Path(__file__).resolve().parents[2]
EXECUTABLE = os.environ.get("RUNSURGE_EXECUTABLE", str(ROOT / ".build/debug/runsurge"))
SEED = os.environ.get("SEED", "1")
EXAMPLES = os.environ.get("EXAMPLES", "10")


class Cluster:
    """`runsurge up` in a folder of its own."""

    def __init__(self) -> None:
        # Below /tmp, where the unprivileged account of PostgreSQL may go.
        self.folder = Path(tempfile.mkdtemp(prefix="runsurge-facade-", dir="/tmp"))
        self.folder.chmod(0o755)
        ready = self.folder / "ready.json"
        self.log = self.folder / "up.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [EXECUTABLE, "up", "--data", str(self.folder / "data"), "--workers", "1", "--port", "0",
                 "--work-port", "0", "--ready-file", str(ready), "--stop-with-parent"], stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + 180
            while not ready.exists():
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"the cluster did not start: {self.log.read_text()}")
                time.sleep(0.05)
            answer = json.loads(ready.read_text())
        except BaseException:
            self.stop()
            raise
        self.url: str = answer["url"]
        self.token: str = answer["token"]

    def run(self, script: str) -> None:
        path = self.folder / "script.py"
        path.write_text(script)
        environment = {
            **os.environ, "RUNSURGE_URL": self.url, "RUNSURGE_TOKEN": self.token,
            # Keys and sessions of this cluster stay with it.
            "XDG_CONFIG_HOME": str(self.folder / "config")}
        subprocess.run([EXECUTABLE, "run", str(path)], cwd=self.folder, env=environment, check=True, timeout=120)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class FacadeTests(unittest.TestCase):
    cluster: Cluster

    @classmethod
    def setUpClass(cls) -> None:
        cls.cluster = Cluster()
        cls.addClassCleanup(cls.cluster.stop)
        # The first job and the first node are what schemathesis asks about when it tries the least number.
        cls.cluster.run("open('0', 'w').write('left')")

    def test_the_document_is_openapi(self) -> None:
        with urllib.request.urlopen(self.cluster.url + "/openapi.json", timeout=10) as answer:
            document = json.load(answer)
        self.assertEqual([str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()], [])

    def test_routes_do_as_the_document_says(self) -> None:
        schemathesis = Path(sys.executable).with_name("schemathesis")
        run = subprocess.run(
            [schemathesis, "--config-file", Path(__file__).with_name("schemathesis.toml"), "run",
             self.cluster.url + "/openapi.json", "--header", f"Authorization: Bearer {self.cluster.token}",
             "--max-examples", EXAMPLES, "--seed", SEED, "--generation-database", "none", "--no-color",
             "--suppress-health-check", "all", "--request-timeout", "20", "--continue-on-failure"],
            cwd=self.cluster.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=1500)
        self.assertEqual(run.returncode, 0, f"SEED={SEED} EXAMPLES={EXAMPLES}\n{run.stdout}")
        self.assertIsNone(self.cluster.process.poll(), self.cluster.log.read_text())


if __name__ == "__main__":
    unittest.main()
