"""`runsurge up`, as the tests in Python start it."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXECUTABLE = os.environ.get("RUNSURGE_EXECUTABLE", str(ROOT / ".build/debug/runsurge"))
START_SECONDS = 180


class Cluster:
    """`runsurge up` in a folder of its own."""

    def __init__(self, purpose: str, workers: int, **settings: str) -> None:
        """Settings are further variables of its environment."""
        # Below /tmp, where the unprivileged account of PostgreSQL may go.
        self.folder = Path(tempfile.mkdtemp(prefix=f"runsurge-{purpose}-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.log = self.folder / "up.log"
        self._workers = workers
        self._settings = settings
        self._launch()

    def restart(self) -> None:
        """Ends it as a crash does, and starts it on the same data, at another address."""
        self.process.kill()
        self.process.wait()
        self._launch()

    def _launch(self) -> None:
        ready = self.folder / "ready.json"
        ready.unlink(missing_ok=True)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [EXECUTABLE, "up", "--data", str(self.folder / "data"), "--workers", str(self._workers), "--port", "0",
                 "--work-port", "0", "--ready-file", str(ready), "--stop-with-parent"], stdout=log, stderr=log,
                env={**os.environ, **self._settings})
        try:
            deadline = time.monotonic() + START_SECONDS
            while not ready.exists():
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"the cluster did not start: {self.log.read_text()}")
                time.sleep(0.05)
            self.ready = json.loads(ready.read_text())
        except BaseException:
            self.stop()
            raise
        self.environment = {
            **os.environ, "RUNSURGE_URL": self.ready["url"], "RUNSURGE_TOKEN": self.ready["token"],
            # Keys and sessions of this cluster stay with it.
            "XDG_CONFIG_HOME": str(self.folder / "config")}

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [EXECUTABLE, *arguments], cwd=self.folder, env=self.environment, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
