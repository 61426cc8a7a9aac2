"""What the browser tests have in common: a studio in a process of its own, and what one does on its page."""

import json
import os
import socket
import tempfile
import time
from collections import Counter
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from bearkit import runs
from bearkit.engine import jobs
from bearkit.runs import LIVE
from bearkit.studio.modules import PLACE
from tests.processes import process

SECONDS = 60_000  # milliseconds that a step may take on a busy machine
OUTBOX = f"await import('{PLACE}outbox.js').then((module) => module.opened)"  # the page's, for JavaScript
REVIEWER = f"import('{PLACE}reviewer.js').then((module) => module.reviewer())"
WIDE = {"width": 1280, "height": 900}


@cache
def own_port():
    """The port of this process's studios: a browser that has seen one has the files of the next in its cache."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Browser:
    """Chromium, and what a test opens in it.

    Contexts stay, for they have Gradio's files in their caches, which saves a second of processor time a page; nothing
    else of earlier tests is left in them. Each further page of a test is of another person.
    """

    def __init__(self, chromium):
        self._chromium = chromium
        self._contexts = {}  # by what a page is asked for with, and by person
        self._persons = Counter()  # of this test, by what their pages are asked for with
        self._origins = set()

    def new_page(self, viewport=WIDE, **options):
        asked = json.dumps([viewport, options] if options else [], sort_keys=True)
        person = asked, self._persons[asked]
        self._persons[asked] += 1
        if person not in self._contexts:
            self._contexts[person] = self._chromium.new_context(viewport=viewport, **options)
            self._contexts[person].on("page", lambda page: page.on("framenavigated", self._note))
        page = self._contexts[person].new_page()
        page.set_viewport_size(viewport)
        page.set_default_timeout(SECONDS)
        return page

    def forget(self):
        """Close all pages: each open one draws sixty times a second. Forget what they stored."""
        used = [context for (asked, n), context in self._contexts.items() if n < self._persons[asked]]
        for context in used:
            blank = context.new_page()
            for page in context.pages:
                if page is not blank:
                    page.close()
            storage = context.new_cdp_session(blank)
            for origin in self._origins:
                storage.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
            context.set_offline(False)
            context.clear_cookies()
            blank.close()
        self._persons.clear()
        self._origins.clear()

    def _note(self, frame):
        parts = urlsplit(frame.url)
        if parts.scheme in ("http", "https"):
            self._origins.add(f"{parts.scheme}://{parts.netloc}")


class Studio:
    """A studio of a project in a process of its own."""

    def __init__(self, project, port=None):
        self.project = project
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "out"
            words = ("studio", project.root, "--no-browser", "--json", "--port", port or own_port())
            self.process = process(words, out, Path(folder) / "err")
            while not (out.exists() and out.read_text().endswith("\n")) and self.process.is_alive():
                time.sleep(0.02)
            printed = json.loads(out.read_text())
            assert "url" in printed, printed
            self.url = printed["url"]

    def end(self):
        """Stop it, and its trainings, which would outlive it.

        The first Ctrl-C lets pages that are still open finish, for five seconds; the next one ends the waiting.
        """
        for run in runs.list_usable(self.project):
            if run.state in LIVE:
                jobs.stop(run)
        while self.process.is_alive():
            self.process.terminate()
            self.process.join(0.2)


def is_outside(url):
    return not url.startswith(("http://127.0.0.1", "http://localhost", "data:", "blob:"))


def shoot(page, name):
    """Keep a screenshot where BEARKIT_SCREENSHOTS says."""
    if folder := os.environ.get("BEARKIT_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def import_folder(page, folder):
    page.get_by_label("Folder or .zip on the computer running bearkit").fill(str(folder))
    page.get_by_role("button", name="Import", exact=True).click()
