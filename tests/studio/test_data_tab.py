"""The Data tab in a real browser: lists, search, the snippet, files, camera; the grid of all pictures."""

import re

import pytest
from playwright.sync_api import expect

from bearkit import Project
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog
from tests.conftest import picture
from tests.providers import Providers
from tests.servers import serving
from tests.studio.pages import SECONDS, Studio, shoot


@pytest.fixture(scope="module")
def server():
    with serving(latency=0.02, handler=Providers) as running:
        yield running


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One studio for all tests that leave it running; each brings pictures under labels of its own."""
    running = Studio(Project(tmp_path_factory.mktemp("data") / "bears"))
    yield running
    running.end()


@pytest.fixture
def page(browser, shared):
    return opened(browser, shared.url)


def opened(browser, url, **options):
    page = browser.new_page(**options)
    page.goto(url)
    expect(page.get_by_role("tab", name="Links")).to_be_visible()
    return page


def shown(page, text):
    expect(page.get_by_text(text).first).to_be_visible(timeout=SECONDS)


def fetch(page, label, addresses):
    page.get_by_role("tab", name="Links").click()
    page.get_by_label("Label", exact=True).first.fill(label)
    page.get_by_label("Links to pictures").fill("\n".join(addresses))
    page.get_by_label("Allow addresses on my own network").check()
    page.get_by_role("button", name="Download the pictures").click()


def images(running):
    return DecisionLog(Catalog(running.project)).images()


def labelled(running, label):
    return [image for image in images(running) if image.label == label]


def test_a_list_is_fetched_its_failures_grouped_and_tried_again(page, shared, server):
    good = [f"{server.url}/ok/{n}.png" for n in range(1000, 1012)]
    fetch(
        page,
        "grizzly",
        [*good, f"{server.url}/gone/1", f"{server.url}/gone/2", f"{server.url}/page/1.jpg", "junk", good[0]],
    )
    shown(page, "12 saved, 3 failed, 2 skipped")
    shown(page, re.compile(r"\d+ pictures · .*grizzly"))
    page.get_by_text("2 failed: 404 not found").click()
    shown(page, f"{server.url}/gone/1")
    expect(page.get_by_role("row", name="grizzly 12 3")).to_be_visible()
    page.get_by_text("Show problems").click()
    shown(page, "listed twice")
    shoot(page, "data-1-fetched")
    asked = len(server.asked)
    page.get_by_role("button", name="Retry failed").click()
    shown(page, "0 saved, 3 failed")
    assert len(server.asked) == asked + 3
    fetch(page, "grizzly", good)
    shown(page, "0 saved, 12 skipped")
    assert len(server.asked) == asked + 3
    assert len(labelled(shared, "grizzly")) == 12


def test_nothing_to_fetch_is_told(page):
    fetch(page, "grizzly", ["no address", "neither"])
    shown(page, "there are no links to download: 2 not an address")


def test_fetching_can_be_stopped_and_goes_on_after_a_kill(browser, tmp_path):
    with serving(latency=0.4, handler=Providers) as slow:
        running = Studio(Project(tmp_path / "bears"))
        page = opened(browser, running.url)
        fetch(page, "black", [f"{slow.url}/ok/{n}.png" for n in range(300)])
        shown(page, re.compile(r"[1-9]\d* of 300 links"))
        shoot(page, "data-2-running")
        page.get_by_role("button", name="Stop").click()
        shown(page, re.compile(r"Stopped: \d+ waiting"))
        running.process.kill()
        running.end()
        page.close()
        before = len(slow.asked)
        assert 0 < before < 300
        again = Studio(running.project)
        slow.latency = 0
        page = opened(browser, again.url)
        page.get_by_role("tab", name="Links").click()
        page.get_by_label("Allow addresses on my own network").check()
        page.get_by_role("button", name="Download the rest").click()
        shown(page, re.compile(r"^\d+ saved"))
        shown(page, re.compile("300 pictures"))
        assert sorted(set(slow.asked)) == sorted(f"/ok/{n}.png" for n in range(300))
        assert len(slow.asked) == 300  # none twice
        again.end()


def test_search_shows_what_it_found_before_it_is_fetched(page, shared, server):
    page.get_by_role("tab", name="Links").click()
    page.get_by_label("Allow addresses on my own network").check()
    page.get_by_role("tab", name="Search").click()
    page.get_by_label("What to search for").fill("teddy = teddy bear")
    page.get_by_label("Pictures per label").fill("9")
    ask = page.get_by_label("Search engines, in order")
    ask.click()
    for _ in range(2):
        page.keyboard.press("Backspace")
    for name in ("openverse=http://127.0.0.1:1", f"commons={server.url}"):
        page.keyboard.type(name)
        page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    before = len(images(shared))
    page.get_by_role("button", name="Preview results").click()
    shown(page, "Found teddy: 9")
    shown(page, "openverse (teddy): the connection was refused")
    expect(page.get_by_text("teddy · CC BY-SA 4.0 · Bo & Co").first).to_be_visible()
    shoot(page, "data-3-preview")
    assert len(images(shared)) == before
    page.get_by_role("button", name="Download these 9").click()
    shown(page, "9 saved")
    assert len(labelled(shared, "teddy")) == 9


def test_files_and_camera_for_a_label(page, shared, tmp_path):
    page.get_by_role("tab", name="Files & camera").click()
    for n in range(3):
        (tmp_path / f"{n}.png").write_bytes(picture(2000 + n, kind="PNG"))
    drop = page.locator("#label-files input[type=file]")
    drop.set_input_files(tmp_path / "0.png")
    shown(page, "choose a label for these files first")
    label = page.get_by_label("Label of these pictures (choose or type)", exact=True)
    label.fill("owl")
    page.keyboard.press("Enter")
    shown(page, "1 new picture")
    drop.set_input_files([tmp_path / f"{n}.png" for n in range(3)])
    shown(page, "2 new pictures, 1 already imported")
    assert len(labelled(shared, "owl")) == 3
    page.get_by_text("Click to Access Webcam").click()
    page.wait_for_function("document.querySelector('video')?.readyState >= 2")
    page.get_by_role("button", name="capture photo").click()
    expect(page.get_by_text(re.compile("^1 new picture"))).to_be_visible(timeout=SECONDS)
    origins = {source.origin for source in Catalog(shared.project).sources() if source.label == "owl"}
    assert sum(origin.startswith("camera/") for origin in origins) == 1
    assert sum(re.fullmatch(r"dropped/\w+/\d\.png", origin) is not None for origin in origins) == 3
    assert len(labelled(shared, "owl")) == 4


def test_pictures_without_a_label_come_in_as_files_by_camera_by_links_and_by_search(browser, server, tmp_path):
    running = Studio(Project(tmp_path / "new"))
    page = opened(browser, running.url)
    page.get_by_role("tab", name="Files & camera").click()
    for n in range(3):
        (tmp_path / f"{n}.png").write_bytes(picture(2000 + n, kind="PNG"))
    page.locator("#label-files input[type=file]").set_input_files([tmp_path / f"{n}.png" for n in range(3)])
    shown(page, "tick “No label yet”")
    page.get_by_label("No label yet").filter(visible=True).check()
    shown(page, "3 new pictures")
    shown(page, "3 pictures, none labelled yet")
    shoot(page, "data-8-no-label")
    page.get_by_text("Click to Access Webcam").click()
    page.wait_for_function("document.querySelector('video')?.readyState >= 2")
    page.get_by_role("button", name="capture photo").click()
    shown(page, "4 pictures, none labelled yet")
    page.get_by_role("tab", name="Links").click()
    page.get_by_label("Allow addresses on my own network").check()
    page.get_by_label("No label yet").filter(visible=True).check()
    page.get_by_label("Links to pictures").fill(f"{server.url}/ok/3.png")
    page.get_by_role("button", name="Download the pictures").click()
    shown(page, "5 pictures, none labelled yet")
    page.get_by_role("tab", name="Search").click()
    page.get_by_label("No label yet").filter(visible=True).check()
    page.get_by_label("What to search for").fill("teddy bear")
    page.get_by_label("Pictures per label").fill("2")
    page.get_by_label("Search engines, in order").click()
    for _ in range(2):
        page.keyboard.press("Backspace")
    page.keyboard.type(f"commons={server.url}")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Preview results").click()
    page.get_by_role("button", name="Download these 2").click()
    shown(page, "7 pictures, none labelled yet")
    assert {image.label for image in images(running)} == {""}
    running.end()


def cells(page):
    return page.locator(".dt-grid figure")


def counted(page, text):
    expect(page.locator(".dt-count")).to_have_text(text, timeout=SECONDS)


def test_pictures_are_found_opened_labelled_deleted_and_taken_back(page, shared, server, tmp_path):
    page.get_by_role("tab", name="Links").click()
    path = tmp_path / "list.csv"
    rows = [f"{server.url}/ok/{n}.png,fox,CC BY 4.0,Ann,https://example.org/fox" for n in range(3000, 3006)]
    path.write_text("\n".join(["url,label,license,creator,page", *rows]))
    page.get_by_label("Allow addresses on my own network").check()
    page.locator("#address-list input[type=file]").set_input_files(path)
    expect(page.get_by_role("cell", name="list.csv")).to_be_visible()
    page.get_by_role("button", name="Download the pictures").click()
    shown(page, "6 saved")
    page.get_by_role("searchbox", name="Search").fill("fox 300")
    expect(page).to_have_url(re.compile("find=fox"))
    expect(page.get_by_role("gridcell", name="fox, picture 6 of 6")).to_be_visible()
    cells(page).first.click()
    for text in ("CC BY 4.0", "Ann", re.compile(f"^{server.url}/ok/300"), "64 × 48 PNG", re.compile("^saved as `fox`")):
        shown(page, text)
    expect(page.get_by_role("link", name="https://example.org/fox")).to_have_attribute("rel", "noopener noreferrer")
    shoot(page, "data-4-picture")
    page.keyboard.press("ArrowRight")
    second = cells(page).nth(1).get_attribute("data-id")
    expect(page).to_have_url(re.compile(f"picture={second}"))
    page.go_back()
    expect(page.locator(".dt .rv-side")).to_be_hidden()
    cells(page).nth(1).hover()
    cells(page).nth(1).locator(".dt-check").click()
    cells(page).nth(4).click(modifiers=["Shift"])
    shown(page, "4 selected")
    page.keyboard.press("l")
    page.keyboard.type("red fox")
    page.keyboard.press("Enter")
    shown(page, "4 pictures: red fox.")
    expect(page.get_by_role("gridcell", name=re.compile("^red fox, picture"))).to_have_count(4, timeout=SECONDS)
    assert len(labelled(shared, "red fox")) == 4
    cells(page).first.hover()
    page.mouse.down()
    cells(page).nth(2).hover()
    page.mouse.up()
    shown(page, "3 selected")
    page.keyboard.press("d")
    expect(cells(page)).to_have_count(3, timeout=SECONDS)
    page.get_by_label("Show", exact=True).select_option("deleted")
    counted(page, "3 pictures")
    shoot(page, "data-4-deleted")
    cells(page).first.click(modifiers=["Control"])
    page.get_by_role("button", name="Restore").click()
    counted(page, "2 pictures")
    page.go_back()
    expect(cells(page)).to_have_count(4, timeout=SECONDS)
    page.keyboard.press("u")
    shown(page, re.compile("^Undone: 1 (kept|restored)"))
    expect(cells(page)).to_have_count(3, timeout=SECONDS)
    page.keyboard.press("u")
    expect(cells(page)).to_have_count(6, timeout=SECONDS)
    page.get_by_role("searchbox", name="Search").fill("no such picture")
    shown(page, "No picture fits.")
    page.get_by_role("button", name="Show all pictures").click()
    expect(page).not_to_have_url(re.compile("find="))


def test_labels_are_renamed_and_merged_in_one_step(page, shared, server):
    fetch(page, "wolf", [f"{server.url}/ok/{n}.png" for n in range(4000, 4003)])
    shown(page, "3 saved")
    fetch(page, "wolves", [f"{server.url}/ok/{n}.png" for n in range(4003, 4005)])
    shown(page, "2 saved")
    page.get_by_role("button", name="Rename or merge labels").click()
    page.get_by_label("All pictures labelled").click()
    page.get_by_role("option", name="wolf", exact=True).click()
    page.get_by_role("option", name="wolves", exact=True).click()
    page.keyboard.press("Escape")
    page.get_by_label("New label").fill("Canis lupus")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Rename", exact=True).click()
    shown(page, "Label of 5 pictures changed to `Canis lupus`.")
    assert len(labelled(shared, "Canis lupus")) == 5
    page.locator("#pictures").get_by_role("button", name="Undo", exact=True).click()
    shown(page, "Undone: 5 relabelled.")
    assert (len(labelled(shared, "wolf")), len(labelled(shared, "wolves"))) == (3, 2)


GALLERY = """<!doctype html><base href="/x/"><a href="/ok/1.png"><img src="/ok/500.png" width=150></a>
<img src="small.png" width=16 height=16><img data-src="/ok/2.png" src="data:image/gif;base64,R0lGOD">
<img src="/ok/3.png" srcset="/ok/3.png 320w, /ok/4.png 1280w" width=200 height=100>
<img src="data:image/png;base64,xx" width=200 height=100><img src="/ok/5.png?w=1,2" width=200 height=100>
<img src="/ok/5.png?w=1,2" width=200 height=100><a href="javascript:alert(1)"><img src="/ok/6.png" width=100></a>"""


def test_the_snippet_gathers_the_addresses_of_a_page(browser, shared, server, tmp_path):
    page = opened(browser, shared.url)
    page.get_by_role("tab", name="Links").click()
    page.get_by_text("Collect links from a page in your browser").click()
    bookmarklet = page.get_by_role("link", name="Gather pictures").get_attribute("href")
    shoot(page, "data-5-gather")
    assert bookmarklet.startswith("javascript:")
    server.replay["/file/gallery.html"] = GALLERY.encode()
    other = browser.new_page()
    other.route("**/gallery.html", lambda route: route.fulfill(body=GALLERY, content_type="text/html"))
    other.goto(f"{server.url}/gallery.html")
    with other.expect_download() as saved:
        other.evaluate("href => { location.href = href }", bookmarklet)
    saved.value.save_as(tmp_path / "urls.txt")
    names = [1, "2", 4, "5.png?w=1,2", 6]
    expected = [f"{server.url}/ok/{name if '?' in str(name) else f'{name}.png'}" for name in names]
    assert (tmp_path / "urls.txt").read_text().splitlines() == expected


SWIPE = """side => {
    const touch = (x) => new Touch({ identifier: 1, target: side, clientX: x, clientY: 300 });
    side.dispatchEvent(new TouchEvent('touchstart', { touches: [touch(300)], changedTouches: [touch(300)] }));
    side.dispatchEvent(new TouchEvent('touchend', { touches: [], changedTouches: [touch(100)] }));
}"""


def test_on_a_phone_one_picture_at_a_time_is_looked_at_with_a_swipe(browser, shared):
    phone = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark", "has_touch": True, "is_mobile": True}
    page = opened(browser, shared.url, **phone)
    shown(page, re.compile("pictures? ·"))
    cells(page).first.tap()
    shown(page, "imported as")
    side = page.locator(".dt .rv-side")
    assert side.bounding_box()["width"] == 390
    side.evaluate(SWIPE)
    expect(page.locator("figure.cur")).to_have_attribute("id", "dt-1")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    parts = page.locator("#pictures :is(button, select, input):visible").all()
    assert len(parts) > 5
    boxes = {part.evaluate("one => one.outerHTML"): part.bounding_box() for part in parts}
    small = [name for name, box in boxes.items() if min(box["width"], box["height"]) < 44]
    assert small == []
    shoot(page, "data-6-narrow")
    page.go_back()
    expect(side).to_be_hidden()
