"""How many actions, and how much time of the machine, lie between an empty studio and a prediction.

    python -m benchmarks.first_prediction FOLDER

FOLDER has a folder of images for each label. A browser drops it as a zip into an empty project's studio, follows the
links to the next step, and drops one of the images to predict. Each click or drop is an action; the time of the machine
is what it takes from an action until what the next one needs is there. No person is as quick as the script, so their
own time is not counted. The last row compares what the Train button estimated with what the training took.
"""

import json
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from bearkit import Project, launch_studio
from bearkit.core.text import table
from bearkit.images import suffixes

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
TIMEOUT = 300_000  # milliseconds


def main():
    source = Path(sys.argv[1])
    images = [path for path in sorted(source.rglob("*")) if path.suffix.lower() in suffixes()]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        zipped = shutil.make_archive(str(Path(folder) / source.name), "zip", source)
        _, url = launch_studio(Project(Path(folder) / "project"), open_browser=False)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(TIMEOUT)
        expect.set_options(timeout=TIMEOUT)
        rows, results = [], {"images": len(images)}

        def act(what, action, ready):
            start = time.monotonic()
            action()
            expect(ready).to_be_visible()
            rows.append((what, round(time.monotonic() - start, 2)))

        upload = page.locator("[role=tabpanel]:visible input[type=file]").first
        page.goto(url)
        page.get_by_text("Bring in your pictures").wait_for()
        train = page.get_by_role("link", name="Train", exact=True)
        act("drop the zip", lambda: upload.set_input_files(zipped), train)
        button = page.get_by_role("button", name="Train: about")
        act("follow the link to Train", train.click, button)
        estimate = button.inner_text()
        tried = page.get_by_role("link", name="Try it on a picture")
        act("train", button.click, tried)
        model = page.get_by_label("Model").first
        act("follow the link to Predict", tried.click, model)
        expect(model).to_have_value(re.compile("^run 001"))
        act("drop a picture", lambda: upload.set_input_files(images[0]), page.get_by_text(" sure").first)
        results |= {"actions": len(rows), "seconds": round(sum(seconds for _, seconds in rows), 1)}
        results |= {"estimate": estimate, "training": dict(rows)["train"]}
    print("\n".join(table(("action", "seconds"), rows)))
    print(json.dumps(results))


if __name__ == "__main__":
    main()
