"""What the browser tests have in common: a studio in a process of its own, and what one does on its page."""

import json
import os
import tempfile
import time
from pathlib import Path

from bearkit import runs
from bearkit.engine import jobs
from bearkit.runs import LIVE
from tests.processes import process

SECONDS = 60_000  # milliseconds that a step may take on a busy machine


class Studio:
    """A studio of a project in a process of its own."""

    def __init__(self, project, port=0):
        self.project = project
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "out"
            words = ("studio", project.root, "--no-browser", "--json", "--port", port)
            self.process = process(words, out, Path(folder) / "err")
            while not (out.exists() and out.read_text().endswith("\n")) and self.process.is_alive():
                time.sleep(0.02)
            printed = json.loads(out.read_text())
            assert "url" in printed, printed
            self.url = printed["url"]

    def end(self):
        """Stop it, and its trainings, which would outlive it."""
        for run in runs.list_usable(self.project):
            if run.state in LIVE:
                jobs.stop(run)
        self.process.terminate()
        self.process.join()


def is_outside(url):
    return not url.startswith(("http://127.0.0.1", "http://localhost", "data:", "blob:"))


def shoot(page, name):
    """Keep a screenshot where BEARKIT_SCREENSHOTS says."""
    if folder := os.environ.get("BEARKIT_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def import_folder(page, folder):
    page.get_by_label("Folder or .zip on the computer running bearkit").fill(str(folder))
    page.get_by_role("button", name="Import", exact=True).click()
