"""What the browser tests have in common: a studio in a process of its own, and what one does on its page."""

import json
import os
import shutil
import socket
import tempfile
import time
from collections import Counter
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import expect

from bearkit import runs
from bearkit.engine import jobs
from bearkit.runs import LIVE
from bearkit.studio.modules import PLACE
from tests.processes import process

SECONDS = 60_000  # milliseconds that a step may take on a busy machine
OUTBOX = f"await import('{PLACE}outbox.js').then((module) => module.opened)"  # the page's, for JavaScript
REVIEWER = f"import('{PLACE}reviewer.js').then((module) => module.reviewer())"
WIDE = {"width": 1280, "height": 900}
TOUCH = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "color_scheme": "dark"}
PHONE = TOUCH | {"is_mobile": True}
FOLLOW = """address => {  // a link to a tab opens it without another load of the page, which costs two seconds
    const link = Object.assign(document.createElement('a'), { href: address });
    document.body.append(link);
    link.click();
    link.remove();
}"""
UNSTORED = ".lb figure[data-choice]:not([data-choice=''])"  # pictures whose choice holds a page of the Label tab
CLEAR = """() => {
    document.querySelectorAll('dialog[open]').forEach((one) => one.close());
    document.querySelectorAll('.rv-close').forEach((one) => one.click());
    localStorage.clear();
    sessionStorage.clear();
}"""


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
        self._kept = {}  # by address of the studio, tab, and what the page was asked for with
        self._file = None

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

    def begin(self, file):
        """Close the kept pages of another file of tests."""
        if file != self._file:
            self.drop_kept()
        self._file = file

    def kept_page(self, url, address, viewport=WIDE, **options):
        """The page of a tab, as an earlier test left it, at `address`, such as "?tab=label&many=12"; or a new one."""
        asked = json.dumps([url, address.split("&")[0], options], sort_keys=True)
        if page := self._kept.get(asked):
            page.set_viewport_size(viewport)
            expect(page.locator(".rv-busy")).to_have_count(0)  # a tab that waits for an answer does not ask anew
            page.evaluate(FOLLOW, address)
        else:
            self._kept[asked] = page = self._chromium.new_page(viewport=viewport, **options)
            page.set_default_timeout(SECONDS)
            page.goto(f"{url}{address}")
        return page

    def drop_kept(self):
        """Close the kept pages."""
        for page in self._kept.values():
            page.close()
        self._kept.clear()

    def forget(self, failed=False):
        """Close all pages but the kept ones: each open one draws sixty times a second. Forget what they stored."""
        if failed or any(page.locator(UNSTORED).count() for page in self._kept.values()):
            self.drop_kept()
        for page in self._kept.values():
            page.context.set_offline(False)
            page.unroute_all()
            page.evaluate(CLEAR)
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

    def show(self, root):
        """Put a copy of another project in the place of this one; pages show it once they ask for something anew."""
        self._stop_trainings()
        here = self.project.root
        fresh = shutil.copytree(root, here.with_name("fresh"), copy_function=_copy)
        old = here.rename(here.with_name("old")) if here.exists() else None
        fresh.rename(here)
        if old:
            shutil.rmtree(old)

    def end(self):
        """Stop it, and its trainings, which would outlive it.

        The first Ctrl-C lets pages that are still open finish, for five seconds; the next one ends the waiting.
        """
        self._stop_trainings()
        while self.process.is_alive():
            self.process.terminate()
            self.process.join(0.2)

    def _stop_trainings(self):
        for run in runs.list_usable(self.project):
            if run.state in LIVE:
                jobs.stop(run)


def port_of(studio):
    return int(studio.url.rstrip("/").rpartition(":")[2])


def _copy(source, target):
    """Copy a file, or link it where it is large and never written to."""
    if Path(source).suffix in (".onnx", ".safetensors"):
        return os.link(source, target)
    return shutil.copy2(source, target)


def is_outside(url):
    return not url.startswith(("http://127.0.0.1", "http://localhost", "data:", "blob:"))


def shoot(page, name):
    """Keep a screenshot where BEARKIT_SCREENSHOTS says."""
    if folder := os.environ.get("BEARKIT_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def import_folder(page, folder):
    page.get_by_label("Folder or .zip on the computer running bearkit").fill(str(folder))
    page.get_by_role("button", name="Import", exact=True).click()
