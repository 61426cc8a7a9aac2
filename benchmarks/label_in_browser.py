"""How many actions, and how much time of the machine, lie between unlabelled photographs and a prediction.

    python -m benchmarks.label_in_browser FOLDER [IMAGES]

FOLDER has a folder of images for each label. IMAGES of them (300 by default), as many of each label as there are, go
into one flat zip under new names. A browser drops it into an empty project's studio, says that there are no labels yet,
and labels page after page, with a script in the place of a person that knows the truth: it clicks each picture that is
different, presses the key of its label (or types a new one), and confirms the page. Each click, key, typed name and
drop is an action. The time is the machine's: from each action until what the next one needs is there. At the end every
label must be the true one; then it trains, and predicts an image that it did not have.
"""

import json
import random
import re
import sys
import tempfile
import time
import zipfile
from collections import Counter
from itertools import chain, zip_longest
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from bearkit import Project, launch_studio
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog
from bearkit.core.text import table
from bearkit.images import suffixes
from benchmarks.first_prediction import CHROMIUM, TIMEOUT

MOST_PAGES = 200


def choose(folder: Path, n: int) -> list[tuple[str, Path]]:
    """Return n images as (label, file), label after label in turn, and one more to predict."""
    files = [
        [(label.name, path) for path in sorted(label.iterdir()) if path.suffix.lower() in suffixes()]
        for label in sorted(folder.iterdir())
        if label.is_dir()
    ]
    mixed = [one for one in chain.from_iterable(zip_longest(*files)) if one]
    return mixed[: n + 1]


class Annotator:
    """A person who knows the truth, on the Label tab."""

    def __init__(self, page: Page, truth: dict[str, str]) -> None:
        self.page, self.truth = page, truth
        self.actions = 0

    def label_all(self) -> int:
        """Label page after page, and return the number of pages."""
        figures = self.page.locator(".lb figure")
        done = self.page.locator(".lb .rv-done").first
        for number in range(MOST_PAGES):
            expect(figures.first.or_(done)).to_be_visible()
            if not figures.count():
                return number
            expect(self.page.locator(".lb .rv-confirm")).to_be_enabled()
            self._label_page([figure.get_attribute("data-id") or "" for figure in figures.all()])
        raise SystemExit("the pages do not end")

    def _label_page(self, ids: list[str]) -> None:
        proposed = {
            figure.get_attribute("data-id"): group.get_attribute("aria-label") or ""
            for group in self.page.locator(".lb-group[aria-label]").all()
            for figure in group.locator("figure").all()
        }
        most = Counter(self.truth[one] for one in ids).most_common(1)[0][0]
        for label in sorted({self.truth[one] for one in ids}):
            wrong = [one for one in ids if self.truth[one] == label != (proposed.get(one) or most)]
            for one in wrong:
                self.page.locator(f".lb figure[data-id='{one}']").click()
            self.actions += len(wrong)
            if wrong:
                self._give(label)
        if proposed:
            self.actions += 1
            self.page.keyboard.press("Enter")
        else:
            self._give(most)
        expect(self.page.locator(f".lb figure[data-id='{ids[0]}']")).to_have_count(0)

    def _give(self, label: str) -> None:
        """Press the key of a label, or type a label that is new."""
        self.actions += 1
        named = self.page.locator(".lb-text", has_text=re.compile(f"^{re.escape(label)}$"))
        key = self.page.locator(".lb-label").filter(has=named).locator("kbd")
        if key.count():
            self.page.keyboard.press(key.inner_text())
        else:
            self.page.keyboard.press("l")
            self.page.locator(".lb .rv-palette input").fill(label)
            self.page.keyboard.press("Enter")


def main():
    folder, n = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 300
    *chosen, (_, new) = choose(folder, n)
    random.Random(0).shuffle(chosen)
    names = {f"{number:04}{path.suffix.lower()}": (label, path) for number, (label, path) in enumerate(chosen)}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place, sync_playwright() as playwright:
        flat = Path(place) / "photographs.zip"
        with zipfile.ZipFile(flat, "w") as file:
            for name, (_, path) in names.items():
                file.write(path, name)
        project = Project(Path(place) / "project")
        _, url = launch_studio(project, open_browser=False)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(TIMEOUT)
        expect.set_options(timeout=TIMEOUT)
        rows = []

        def timed(what, action, ready, actions=1):
            start = time.monotonic()
            action()
            expect(ready).to_be_visible()
            rows.append((what, actions, round(time.monotonic() - start, 1)))

        upload = page.locator("[role=tabpanel]:visible input[type=file]").first
        page.goto(url)
        page.get_by_text("Bring in your pictures").wait_for()
        unlabelled = page.get_by_role("button", name="No labels yet")
        timed("drop the zip", lambda: upload.set_input_files(flat), unlabelled)
        link = page.get_by_role("tabpanel").get_by_role("link", name="Label", exact=True).first
        timed("no labels yet", unlabelled.click, link)
        timed("follow the link to Label", link.click, page.locator(".lb figure").first)
        sources = Catalog(project).sources()
        truth = {one.image_id: names[one.origin.rpartition("!")[2]][0] for one in sources if one.image_id}
        annotator = Annotator(page, truth)
        start = time.monotonic()
        pages = annotator.label_all()
        rows.append((f"label {pages} pages", annotator.actions, round(time.monotonic() - start, 1)))
        given = {image.image_id: image.label for image in DecisionLog(Catalog(project)).images()}
        wrong = sum(given[one] != label for one, label in truth.items())
        onwards = page.locator(".lb .rv-done a").first
        button = page.get_by_role("button", name="Train: about")
        timed("follow the link to Train", onwards.click, button)
        tried = page.get_by_role("link", name="Try it on a picture")
        timed("train", button.click, tried)
        model = page.get_by_label("Model").first
        timed("follow the link to Predict", tried.click, model)
        expect(model).to_have_value(re.compile("^run 001"))
        answer = page.get_by_text(re.compile("% sure, in|unlike the training pictures")).first
        timed("drop a picture", lambda: upload.set_input_files(new), answer)
    total, seconds = (round(sum(row[n] for row in rows), 1) for n in (1, 2))
    print("\n".join(table(("what", "actions", "seconds"), [*rows, ("in all", total, seconds)])))
    print(json.dumps({"images": len(truth), "labels": len({*truth.values()}), "wrong": wrong, "actions": total}))


if __name__ == "__main__":
    main()
