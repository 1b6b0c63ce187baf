"""The pages that show the REST document, in a real browser, with the assets that the README says to install.

Needs Chromium with its driver, and selenium from PyPI.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import element_to_be_clickable, presence_of_element_located
from selenium.webdriver.support.wait import WebDriverWait

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "RealCluster"))
from real_cluster import Cluster  # noqa: E402

PATIENCE_SECONDS = 30


class DocumentPageTests(unittest.TestCase):
    cluster: Cluster
    browser: webdriver.Chrome

    @classmethod
    def setUpClass(cls) -> None:
        assets = tempfile.TemporaryDirectory(prefix="runsurge-docs-", dir="/tmp")
        cls.addClassCleanup(assets.cleanup)
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", assets.name,
                        "drf-spectacular-sidecar"], check=True, timeout=300)
        cls.cluster = Cluster("docs", workers=1, RUNSURGE_DOCS_ASSETS=assets.name)
        cls.addClassCleanup(cls.cluster.stop)
        options = webdriver.ChromeOptions()
        for option in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                       "--window-size=1280,2000"):
            options.add_argument(option)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        cls.browser = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
        cls.addClassCleanup(cls.browser.quit)

    def test_swagger_ui_shows_the_routes_and_makes_a_request(self) -> None:
        self.browser.get(self.cluster.ready["url"] + "/docs")
        summary = self._find("#operations-accounts-me .opblock-summary-control")
        # Every route of the document is there.
        document = self.browser.execute_async_script(
            "const done = arguments[0]; fetch('/openapi.json').then(answer => answer.json()).then(done)")
        routes = sum(len([key for key in item if key != "parameters"]) for item in document["paths"].values())
        self.assertEqual(len(self.browser.find_elements(By.CSS_SELECTOR, ".opblock")), routes)
        summary.click()
        self._find("#operations-accounts-me .try-out__btn").click()
        self._find("#operations-accounts-me .execute").click()
        answer = self._find("#operations-accounts-me .live-responses-table .response")
        self.assertIn("200", answer.text)
        self.assertIn("unauthenticated", answer.text)
        self._check_console()

    def test_redoc_shows_the_routes(self) -> None:
        self.browser.get(self.cluster.ready["url"] + "/redoc")
        self._find("[id='tag/jobs']")
        self.assertIn("Submits a script with its files.", self.browser.find_element(By.TAG_NAME, "body").text)
        self._check_console()

    def _find(self, selector: str):  # type: ignore[no-untyped-def]
        wait = WebDriverWait(self.browser, PATIENCE_SECONDS)
        wait.until(presence_of_element_located((By.CSS_SELECTOR, selector)))
        return wait.until(element_to_be_clickable((By.CSS_SELECTOR, selector)))

    def _check_console(self) -> None:
        errors = [entry["message"] for entry in self.browser.get_log("browser") if entry["level"] == "SEVERE"]
        # Browsers ask for an icon that nobody has named, and ReDoc for its maker's picture, which the policy forbids.
        self.assertEqual([text for text in errors if not ("favicon" in text or "redoc/logo" in text)], [])


if __name__ == "__main__":
    unittest.main()
