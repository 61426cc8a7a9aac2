"""axe-core finds no serious or critical violation of ours on any tab of the studio."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from bearkit import import_images
from bearkit.studio.steps import TABS
from tests.conftest import picture
from tests.studio.pages import FOLLOW

READY = {  # what a tab shows once it is filled
    "data": ".dt-grid figure img",
    "label": ".lb .rv-grid figure",
    "train": ".bk-matrix",
    "review": "#tab-review .rv-bar select",
    "predict": "#tab-predict input[type=file]",
    "publish": "#tab-publish button",
}
GRADIO = [  # parts of Gradio that cannot be given other names or colours
    ".empty",  # a <div> with a label, in a component without a value
]


@pytest.fixture
def running(one_studio, drawn, tmp_path):
    one_studio.show(drawn.root)
    (tmp_path / "more").mkdir()
    for n in range(4):
        (tmp_path / "more" / f"{n}.png").write_bytes(picture(900 + n))
    import_images(one_studio.project, tmp_path / "more", labelled=False)
    return one_studio


def test_no_tab_has_a_serious_violation_wide_and_light_or_narrow_and_dark(browser, running):
    page = browser.new_page()
    axe, found = Axe(), {}
    for scheme, width in (("light", 1280), ("dark", 390)):
        page.set_viewport_size({"width": width, "height": 844})
        page.emulate_media(color_scheme=scheme)
        page.goto(running.url)
        for tab in TABS:
            page.evaluate(FOLLOW, f"?tab={tab}")
            expect(page.locator(f"#tab-{tab}")).to_be_visible()
            expect(page.locator(READY[tab]).first).to_be_attached()
            violations = axe.run(page, {"exclude": [[one] for one in GRADIO]}).response["violations"]
            found[scheme, tab] = [
                f"{one['id']}: {node['html'][:200]}"
                for one in violations
                if one["impact"] in ("serious", "critical")
                for node in one["nodes"]
            ]
    assert found == {key: [] for key in found}
    assert len(found) == 2 * len(TABS)
