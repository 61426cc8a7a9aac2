"""Take pictures of the studio's screens: `python docs/make_screenshots.py`, or `make screenshots`.

It makes a project of the sample birds, opens its studio in chromium, and writes docs/screens/*.webp. They are not in
the repository, because the birds are other people's photographs (docs/screens/CREDITS.txt names them).
"""

import shutil
import sys
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from bearkit import Learner, Project, import_images, launch_studio
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import DecisionRequest
from bearkit.labelling.label_queue import LabelQueue
from bearkit.labelling.review_actions import store_decisions
from bearkit.sources.samples import project as sample

SCREENS = Path(__file__).parent / "screens"
SIZE: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
NAMED = 60  # images that have a label on the Label tab's picture
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def main() -> None:
    """Make the projects, and a picture of each screen."""
    if CHROMIUM is None:
        sys.exit("There is no chromium on this machine: install it (Debian: apt-get install chromium).")
    SCREENS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        birds = Project(Path(folder) / "birds")
        sample.prepare_sample(birds)
        pictures = sample.sample_folder(birds)
        draw_labelling(browser, Project(Path(folder) / "unsorted"), pictures)
        draw_trained(browser, birds, pictures)
        shutil.copy(birds.root / "CREDITS.md", SCREENS / "CREDITS.txt")


def draw_labelling(browser: Browser, project: Project, pictures: Path) -> None:
    """Draw the Label tab of a project where some images have a label, and the map."""
    import_images(project, pictures, labelled=False)
    catalog = Catalog(project)
    truth = [(source.image_id, Path(source.origin).parent.name) for source in catalog.origins() if source.image_id]
    store_decisions(
        catalog, [DecisionRequest(name, "label", label) for name, label in truth[:: len(truth) // NAMED]], "ann"
    )
    LabelQueue(project).page()  # reads all images, so that the page does not wait for them
    page = open_tab(browser, project, "label")
    page.locator("#label figure img").first.wait_for()
    save(page, "label")
    page.get_by_role("button", name="Map").click()
    page.get_by_role("img", name="map of").wait_for()
    page.wait_for_timeout(3000)  # the map is drawn
    save(page, "map")


def draw_trained(browser: Browser, project: Project, pictures: Path) -> None:
    """Draw the tabs of a trained project."""
    import_images(project, pictures)
    Learner(project).fit_one_cycle()
    for tab, content in (("train", ".bk-matrix"), ("review", "#review figure img")):
        page = open_tab(browser, project, tab)
        page.locator(content).first.wait_for()
        save(page, tab)
    page.set_viewport_size(PHONE)
    save(page, "review-phone")
    page = open_tab(browser, project, "predict", dark=True)
    page.get_by_role("tab", name="Many pictures").click()
    page.get_by_label("Or a folder or .zip").fill(str(pictures / "owl"))
    page.get_by_role("button", name="Predict", exact=True).click()
    page.get_by_text("pictures predicted").wait_for()
    save(page, "predict-dark")


def open_tab(browser: Browser, project: Project, tab: str, dark: bool = False) -> Page:
    """Open a tab of a project's studio."""
    _, url = launch_studio(project, open_browser=False)
    page = browser.new_page(viewport=SIZE, color_scheme="dark" if dark else "light")
    page.set_default_timeout(120_000)
    page.goto(f"{url}?tab={tab}")
    return page


def save(page: Page, name: str) -> None:
    """Save what the page shows, once its images are loaded."""
    page.wait_for_function(
        "() => [...document.images].filter((one) => one.loading !== 'lazy').every((one) => one.complete)"
    )
    page.wait_for_timeout(1000)  # lazy images in sight
    Image.open(BytesIO(page.screenshot())).convert("RGB").save(SCREENS / f"{name}.webp", quality=80, method=6)
    print(SCREENS / f"{name}.webp")


if __name__ == "__main__":
    main()
