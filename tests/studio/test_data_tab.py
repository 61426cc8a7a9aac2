"""The Data tab in a real browser: lists, search, the snippet, files, camera; provenance, labels, deletes and undo."""

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


def test_a_picture_tells_where_it_came_from_and_a_delete_can_be_undone(page, shared, server, tmp_path):
    page.get_by_role("tab", name="Links").click()
    path = tmp_path / "list.csv"
    path.write_text(
        f"url,label,license,creator,page\n{server.url}/ok/3000.png,fox,CC BY 4.0,Ann,https://example.org/fox\n"
    )
    page.get_by_label("Allow addresses on my own network").check()
    page.locator("#address-list input[type=file]").set_input_files(path)
    expect(page.get_by_role("cell", name="list.csv")).to_be_visible()
    page.get_by_role("button", name="Download the pictures").click()
    shown(page, "1 saved")
    expect(page.get_by_text(re.compile("pictures? · .*fox"))).to_be_visible()
    page.get_by_label("Label", exact=True).last.click()
    page.get_by_role("option", name="fox").click()
    expect(page.locator(".thumbnail-item")).to_have_count(1)
    page.locator(".thumbnail-item").click()
    for text in ("CC BY 4.0", "Ann", f"{server.url}/ok/3000.png", "64 × 48 PNG"):
        shown(page, text)
    expect(page.get_by_role("link", name="https://example.org/fox")).to_have_attribute("rel", "noopener noreferrer")
    expect(page.get_by_label("Label (choose or type)")).to_have_value("fox")
    shoot(page, "data-4-picture")
    page.get_by_role("button", name="Delete picture").click()
    shown(page, "Deleted. Undo restores it.")
    assert labelled(shared, "fox") == []
    page.get_by_role("button", name="Undo my last change").click()
    shown(page, "Undone: 1 deleted.")
    assert len(labelled(shared, "fox")) == 1
    page.get_by_label("Label (choose or type)").fill("red fox")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Save label").click()
    shown(page, "Label saved: `red fox`.")
    assert len(labelled(shared, "red fox")) == 1
    shown(page, re.compile("relabelled `fox` to `red fox`"))


def test_labels_are_renamed_and_merged_in_one_step(page, shared, server):
    fetch(page, "wolf", [f"{server.url}/ok/{n}.png" for n in range(4000, 4003)])
    shown(page, "3 saved")
    fetch(page, "wolves", [f"{server.url}/ok/{n}.png" for n in range(4003, 4005)])
    shown(page, "2 saved")
    page.get_by_role("button", name="Rename or merge labels").click()
    page.get_by_label("All pictures labelled").click()
    page.get_by_role("option", name="wolf", exact=True).click()
    page.get_by_role("option", name="wolves").click()
    page.keyboard.press("Escape")
    page.get_by_label("New label").fill("Canis lupus")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Rename", exact=True).click()
    shown(page, "Label of 5 pictures changed to `Canis lupus`.")
    assert len(labelled(shared, "Canis lupus")) == 5
    page.get_by_role("button", name="Undo my last change").click()
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


def test_narrow_and_dark(browser, shared):
    page = opened(browser, shared.url, viewport={"width": 390, "height": 844}, color_scheme="dark", has_touch=True)
    shown(page, re.compile("pictures? ·"))
    page.locator(".thumbnail-item").first.click()
    shown(page, "imported as")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    shoot(page, "data-6-narrow")
