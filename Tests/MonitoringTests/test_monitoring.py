"""What monitoring tools see of a cluster of real processes: /metrics as Prometheus parses it, and the example subscriber.

Needs prometheus_client, pyzmq and protobuf from PyPI, protoc, and a built executable (RUNSURGE_EXECUTABLE).
"""

import json
import shutil
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path
from typing import Callable, Optional

from prometheus_client.parser import text_string_to_metric_families

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "RealCluster"))
from real_cluster import EXECUTABLE, ROOT, Cluster  # noqa: E402

SCRIPT = "import hashlib\nn = 0\nfor i in range(6000):\n    n += hashlib.sha256(b'x' * 20000).digest()[0]\nprint(n)\n"

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def eventually(what: str, condition: Callable[[], object], seconds: float = 60) -> object:
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited too long for {what}")
        time.sleep(0.05)


def get(cluster: Cluster, path: str, headers: Optional[dict[str, str]] = None) -> tuple[int, str]:
    request = urllib.request.Request(cluster.ready["url"] + path, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class MonitoringTests(unittest.TestCase):
    cluster: Cluster

    @classmethod
    def setUpClass(cls) -> None:
        cls.cluster = Cluster("monitoring", workers=2)
        cls.addClassCleanup(cls.cluster.stop)

    def scrape(self) -> tuple[Samples, dict[str, str]]:
        """Every sample, and the type of every metric; each line of the text is one or the other."""
        status, text = get(self.cluster, "/metrics")
        self.assertEqual(status, 200, text)
        families = list(text_string_to_metric_families(text))
        samples: Samples = {}
        types: dict[str, str] = {}
        for family in families:
            self.assertNotIn(family.name, types, "a metric is one block")
            types[family.name] = family.type
            for sample in family.samples:
                key = (sample.name, tuple(sorted(sample.labels.items())))
                self.assertNotIn(key, samples, "a series is there once")
                samples[key] = sample.value
        lines = [line for line in text.split("\n") if line and not line.startswith("#")]
        self.assertEqual(len(lines), len(samples), "every line is a sample")
        self.assertNotIn("unknown", types.values(), "every metric says its type")
        return samples, types

    def check_histograms(self, samples: Samples) -> int:
        buckets: dict[tuple[str, tuple[tuple[str, str], ...]], list[tuple[float, float]]] = {}
        for (name, labels), value in samples.items():
            if name.endswith("_bucket"):
                rest = tuple(label for label in labels if label[0] != "le")
                buckets.setdefault((name[: -len("_bucket")], rest), []).append((float(dict(labels)["le"]), value))
        for (name, labels), counts in buckets.items():
            counts.sort()
            values = [count for _, count in counts]
            self.assertEqual(values, sorted(values), f"{name} is cumulative")
            self.assertEqual(counts[-1][0], float("inf"))
            self.assertEqual(values[-1], samples[(name + "_count", labels)], name)
            self.assertGreaterEqual(samples[(name + "_sum", labels)], 0, name)
        return len(buckets)

    def test_metrics_parse_and_counters_only_grow_while_a_job_runs(self) -> None:
        (self.cluster.folder / "s.py").write_text(SCRIPT)
        job = self.cluster.start("run", "--min-split-seconds", "0", "--chunk-records", "10", "s.py")
        scrapes = [self.scrape()]
        while job.poll() is None:
            scrapes.append(self.scrape())
            time.sleep(0.3)
        output, error = job.communicate()
        self.assertEqual(job.returncode, 0, error.decode())
        accepted = ("runsurge_results_total", (("verdict", "accepted"),))
        # What is looked at once a second may be a second late.
        time.sleep(1.5)
        scrapes.append(self.scrape())
        self.assertGreater(len(scrapes), 3)
        for (before, _), (after, types) in zip(scrapes, scrapes[1:]):
            self.assertGreater(self.check_histograms(after), 0)
            for (name, labels), value in before.items():
                isCounter = types.get(name.removesuffix("_total")) == "counter" or name.endswith(("_bucket", "_count"))
                if isCounter:
                    self.assertGreaterEqual(after[(name, labels)], value, f"{name}{labels} went back")
        last, types = scrapes[-1]
        self.assertGreater(last[accepted], 100, "chunks were split and accepted")
        self.assertGreater(last[("runsurge_units_assigned_total", ())], last[accepted])
        self.assertEqual(last[("runsurge_jobs_ended_total", (("state", "completed"),))], 1)
        self.assertEqual(last[("runsurge_leader", ())], 1)
        self.assertGreaterEqual(last[("runsurge_term", ())], 1)
        self.assertEqual(last[("runsurge_nodes", (("state", "attached"),))], 1)
        self.assertGreater(last[("runsurge_store_commit_seconds_count", (("write", "results"),))], 0)
        for socket in ("work", "results", "heartbeats"):
            self.assertGreater(last[("runsurge_zeromq_received_total", (("socket", socket),))], 0, socket)
        eventually("the blobs to be counted", lambda: self.scrape()[0][("runsurge_blobs_bytes", ())] > 0)
        self.assertGreater(last[("process_resident_memory_bytes", ())], 10 << 20)
        self.assertGreater(last[("process_cpu_seconds_total", ())], 0)
        self.assertGreater(last[("process_open_fds", ())], 10)
        self.assertIn("runsurge_build_info", types)
        routes = {dict(labels).get("http_route") for name, labels in last if name == "hb_requests_total"}
        self.assertIn("/api/job/submit", routes)

    def test_metrics_are_not_for_those_behind_a_proxy(self) -> None:
        status, text = get(self.cluster, "/metrics", {"X-Forwarded-For": "10.0.0.1"})
        self.assertEqual((status, json.loads(text)["code"]), (401, "unauthenticated"))
        token = {"X-Forwarded-For": "10.0.0.1", "Authorization": f"Bearer {self.cluster.ready['token']}"}
        self.assertEqual(get(self.cluster, "/metrics", token)[0], 200)

    def test_health_tells_of_the_database_and_the_master(self) -> None:
        status, text = get(self.cluster, "/readyz")
        self.assertEqual(status, 200)
        answer = json.loads(text)
        self.assertEqual((answer["status"], answer["database"], answer["role"]), ("ready", "ok", "leader"))
        self.assertEqual(get(self.cluster, "/healthz")[0], 200)

    def test_the_example_subscriber_prints_every_kind_of_event(self) -> None:
        example = ROOT / "Examples" / "monitoring"
        place = self.cluster.folder / "subscriber"
        place.mkdir()
        shutil.copy(example / "subscriber.py", place)
        self.assertLessEqual(len((place / "subscriber.py").read_text().splitlines()), 20)
        subprocess.run(
            ["protoc", f"--proto_path={ROOT / 'Protos'}", f"--python_out={place}", "events.proto"], check=True)
        target = self.enrolled_key(place)
        printed = open(place / "out", "w+")
        subscriber = subprocess.Popen(
            [sys.executable, "subscriber.py", target], cwd=place, stdout=printed, stderr=subprocess.STDOUT)
        try:
            seen = lambda: {line.split(" ")[0].split("/")[0] for line in (place / "out").read_text().splitlines()}
            eventually("beacon and nodes", lambda: {"beacon", "node", "node-state"} <= seen())
            (self.cluster.folder / "t.py").write_text("print(1)\n")
            job = self.cluster.start("run", "t.py")
            self.assertEqual(job.communicate()[0], b"1\n")
            eventually("the job", lambda: "job" in seen())
            text = (place / "out").read_text()
            self.assertIn("state: ATTACHED", text)
            self.assertIn("slots: 2", text)
            self.assertIsNone(subscriber.poll())
        finally:
            subscriber.kill()
            subscriber.wait()
            printed.close()

    def enrolled_key(self, place: Path) -> str:
        key = place / "key.json"
        enrolled = subprocess.run(
            [EXECUTABLE, "enroll", "--monitor", "--output", str(key)], env=self.cluster.environment,
            capture_output=True, text=True)
        self.assertEqual(enrolled.returncode, 0, enrolled.stderr)
        return str(key)


if __name__ == "__main__":
    unittest.main()
