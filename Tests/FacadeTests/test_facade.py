"""The REST facade against its own document: whether it is one, and whether the routes do as it says.

Needs schemathesis and openapi-spec-validator from PyPI, and a built executable (RUNSURGE_EXECUTABLE).
"""

import json
import os
import subprocess
import sys
import unittest
import urllib.request
from pathlib import Path

from openapi_spec_validator import OpenAPIV31SpecValidator

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "RealCluster"))
from real_cluster import Cluster  # noqa: E402

SEED = os.environ.get("SEED", "1")
EXAMPLES = os.environ.get("EXAMPLES", "10")


class FacadeTests(unittest.TestCase):
    cluster: Cluster

    @classmethod
    def setUpClass(cls) -> None:
        cls.cluster = Cluster("facade", workers=1)
        cls.addClassCleanup(cls.cluster.stop)
        # The first job and the first node are what schemathesis asks about when it tries the least number.
        (cls.cluster.folder / "script.py").write_text("open('0', 'w').write('left')")
        first = cls.cluster.start("run", "script.py")
        _, error = first.communicate(timeout=120)
        if first.returncode != 0:
            raise AssertionError(f"the first job ended with {first.returncode}: {error.decode()}")

    def test_the_document_is_openapi(self) -> None:
        with urllib.request.urlopen(self.cluster.ready["url"] + "/openapi.json", timeout=10) as answer:
            document = json.load(answer)
        self.assertEqual([str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()], [])

    def test_routes_do_as_the_document_says(self) -> None:
        schemathesis = Path(sys.executable).with_name("schemathesis")
        run = subprocess.run(
            [schemathesis, "--config-file", Path(__file__).with_name("schemathesis.toml"), "run",
             self.cluster.ready["url"] + "/openapi.json",
             "--header", f"Authorization: Bearer {self.cluster.ready['token']}",
             "--max-examples", EXAMPLES, "--seed", SEED, "--generation-database", "none", "--no-color",
             "--suppress-health-check", "all", "--request-timeout", "20", "--continue-on-failure"],
            cwd=self.cluster.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=1500)
        self.assertEqual(run.returncode, 0, f"SEED={SEED} EXAMPLES={EXAMPLES}\n{run.stdout}")
        self.assertIsNone(self.cluster.process.poll(), self.cluster.log.read_text())


if __name__ == "__main__":
    unittest.main()
