"""The static Space in a real browser: it answers as the Predictor, to people with mouse, keys or camera."""

import functools
import io
import threading
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import numpy as np
import pytest
from PIL import Image

from bearkit import Predictor, push_space
from bearkit.sources.samples import pictures as sample
from tests.conftest import encoded
from tests.studio.pages import SECONDS, is_outside, shoot

ANSWERS = """async n => {
    const { load } = await import("./classifier.js");
    const model = await load();
    const said = [];
    for (let i = 0; i < n; i++) said.push(await model.predict(await (await fetch("/pictures/" + i)).blob()));
    return said;
}"""


class Handler(SimpleHTTPRequestHandler):
    """A Space's files, and `/pictures/N` beside them."""

    extensions_map: ClassVar = {
        **SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }
    pictures = ()

    def log_message(self, *_):
        """Keep quiet."""

    def do_GET(self):
        if not self.path.startswith("/pictures/"):
            super().do_GET()
            return
        data = self.pictures[int(self.path.rpartition("/")[2])]
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def served(folder, pictures=()):
    handler = type("Serving", (Handler,), {"pictures": pictures})
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def space(trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("static") / "space"
    drawings = sorted(trained.project.images.rglob("*.png"))
    push_space(trained.model, "me/shapes", "static", examples=[drawings[0], drawings[-1]], dry_run=folder)
    return folder


def various(n):
    """Drawings as people have them: JPEG and PNG, small and large, wide and tall, turned, transparent."""
    rng = np.random.default_rng(3)
    drawings = [Image.open(io.BytesIO(data)).convert("RGB") for _, _, data in sample.drawings()]
    for number in range(n):
        image = drawings[number % len(drawings)]
        width, height = rng.integers(150, 700, 2).tolist()
        image = image.resize((width, height), Image.Resampling.LANCZOS)
        noise = rng.normal(0, 6, (height, width, 3))
        image = Image.fromarray((np.asarray(image) + noise).clip(0, 255).astype(np.uint8))
        if number % 5 == 4:
            image.putalpha(200)
            yield encoded(image, "PNG")
        elif number % 5 == 3:
            exif = Image.Exif()
            exif[0x0112] = 6
            yield encoded(image, "JPEG", quality=90, exif=exif)
        else:
            yield encoded(image, ("JPEG", "WEBP", "PNG")[number % 5], quality=90)


def compared(browser, space, model, pictures):
    """Share of the pictures with the Predictor's label, and the mean difference of the probabilities."""
    context = browser.new_context(bypass_csp=True)  # the question is put as text, which the page's policy forbids
    page = context.new_page()
    page.set_default_timeout(SECONDS)
    with served(space, pictures) as url:
        page.goto(url)
        said = page.evaluate(ANSWERS, len(pictures))
    context.close()
    predictor = Predictor(model)
    expected = [predictor.predict(data) for data in pictures]
    assert {one["threshold"] for one in said} == {predictor.threshold}
    same = [one["label"] == other.label for one, other in zip(said, expected, strict=True)]
    known = [one["known"] == other.known for one, other in zip(said, expected, strict=True)]
    pairs = zip(said, expected, strict=True)
    off = [np.mean([abs(one["probs"][label] - p) for label, p in other.probs.items()]) for one, other in pairs]
    return float(np.mean(same)), float(np.mean(known)), float(np.mean(off))


def test_it_answers_as_the_predictor(browser, space, trained):
    same, known, off = compared(browser, space, trained.model, list(various(60)))
    assert same >= 0.99
    assert known >= 0.99
    assert off < 0.02


@pytest.fixture
def page(browser, space):
    context = browser.new_context(viewport={"width": 1100, "height": 800}, permissions=["camera"])
    page = context.new_page()
    page.set_default_timeout(SECONDS)
    page.wrong = []
    page.on("request", lambda request: page.wrong.append(request.url) if is_outside(request.url) else None)
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.on("console", lambda line: page.wrong.append(line.text) if line.type == "error" else None)
    with served(space) as url:
        page.goto(url)
        page.get_by_text("Drop a picture.").wait_for()
        yield page
    context.close()


def drop(page, data, kind="dispatch"):
    """Drop a file on the page, or paste it, as a browser tells a page of it."""
    page.evaluate(
        """([bytes, kind]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], "picture.png", { type: "image/png" }));
            const event = kind === "paste" ? new ClipboardEvent("paste", { clipboardData: transfer })
                : new DragEvent("drop", { dataTransfer: transfer, cancelable: true });
            window.dispatchEvent(event);
        }""",
        [list(data), kind],
    )


def label(page):
    return page.locator("#label").inner_text()


def test_a_picture_by_drop_paste_file_example_and_keys(page, trained, tmp_path):
    predictor = Predictor(trained.model)
    drawings = sorted(trained.project.images.rglob("*.png"))
    said = lambda path: predictor.predict(path).label  # noqa: E731
    drop(page, drawings[0].read_bytes())
    page.get_by_text("sure, in").wait_for()
    assert label(page) == said(drawings[0])
    assert page.locator("#bars meter").count() == 3
    shoot(page, "static-wide")
    page.emulate_media(color_scheme="dark")
    shoot(page, "static-dark")
    drop(page, drawings[-1].read_bytes(), "paste")
    page.locator("#label", has_text=said(drawings[-1])).wait_for()
    page.locator("#file").set_input_files(drawings[14])
    page.locator("#label", has_text=said(drawings[14])).wait_for()
    page.set_viewport_size({"width": 390, "height": 800})
    page.emulate_media(color_scheme="light")
    shoot(page, "static-narrow")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("#choose").focus()
    for _ in range(3):
        page.keyboard.press("Tab")  # camera, then the two examples
    assert page.evaluate("document.activeElement.title").startswith("Example")
    page.keyboard.press("Enter")
    page.locator("#label", has_text=said(drawings[-1])).wait_for()
    assert page.wrong == []


def test_what_is_no_picture_is_told_and_the_next_one_answered(page, trained):
    drop(page, b"<html></html>")
    page.get_by_text("This browser cannot read that picture").wait_for()
    drawing = sorted(trained.project.images.rglob("*.png"))[0]
    drop(page, drawing.read_bytes())
    page.locator("#label", has_text=Predictor(trained.model).predict(drawing).label).wait_for()


def test_something_else_is_none_of_these(page):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (300, 300, 3), np.uint8))
    drop(page, encoded(noise, "PNG"))
    page.get_by_text("none of these").wait_for()
    page.get_by_text("unlike the training pictures").wait_for()


def test_the_camera(page):
    page.get_by_role("button", name="Camera").click()
    page.get_by_role("button", name="Take the picture").click()
    page.locator("#picture:visible").wait_for()
    page.get_by_text(" ms").wait_for()
    assert label(page)
    assert page.evaluate("document.getElementById('video').srcObject") is None
    assert page.wrong == []


def test_a_model_that_answers_otherwise_than_it_should_is_not_used(browser, space, tmp_path):
    folder = tmp_path / "space"
    folder.mkdir()
    for path in space.iterdir():
        if path.is_file():
            (folder / path.name).write_bytes(path.read_bytes())
    Image.new("RGB", (320, 240), "red").save(folder / "golden-1.png")
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(SECONDS)
    with served(folder) as url:
        page.goto(url)
        page.get_by_text("This browser does not compute the outputs").wait_for()
    context.close()
