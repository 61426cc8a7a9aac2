"""What the studio asks about a source: the question ends with the next source, and its buttons mean what it names."""

import zipfile

import gradio as gr
import pytest

from bearkit import Project
from bearkit.catalog.catalog import Catalog
from bearkit.sources.importing import import_images
from bearkit.studio.sources import Sources
from bearkit.web import uploads
from tests.conftest import write_pictures
from tests.processes import run_async

BROKEN = b"PK\x03\x04 and no more"


@pytest.fixture
def sources(project):
    async def make():
        with gr.Blocks(analytics_enabled=False):
            return Sources(project)

    return run_async(make())


def on_screen(steps, before=None):
    """What stands in (receipt, question, its buttons) after the steps of a handler, and whether it failed."""
    screen, failure = before or ["", "", None], ""
    try:
        for receipt, _, text, asked, *_ in steps:
            screen = [receipt, text, asked]
    except gr.Error as error:
        failure = error.message
    return screen, failure


def test_a_question_names_its_source_and_goes_away_with_one_that_fails(sources, tmp_path):
    folder = write_pictures(tmp_path, {"photos": 3}) / "photos"
    asked, _ = on_screen(sources.take(str(folder), False, 0))
    assert f"{folder}: All of these pictures would get one label, `photos`." in asked[1]
    assert [way.words for way in asked[2].ways] == ["One label: photos", "No labels yet"]
    (tmp_path / "broken.zip").write_bytes(BROKEN)
    for wrong in (tmp_path / "nowhere", tmp_path / "broken.zip", "", "hf://nobody"):
        screen, failure = on_screen(sources.take(str(wrong), False, 0), asked)
        assert failure
        assert screen == ["", "", None]


@pytest.mark.parametrize("number", [0, 1])
def test_an_answer_counts_only_for_the_question_on_the_page(sources, tmp_path, number):
    write_pictures(tmp_path, {"first": 3})
    write_pictures(tmp_path, {"second": 2}, start=50)
    (_, first, asked_first), _ = on_screen(sources.take(str(tmp_path / "first"), False, 0))
    (_, second, asked_second), _ = on_screen(sources.take(str(tmp_path / "second"), False, 0))
    for on_page, asked in ((first, asked_second), (second, asked_first), (first, None), ("", None), ("", asked_first)):
        _, failure = on_screen(sources.answer(number, on_page, asked, 0))
        assert "no longer open" in failure
    assert not sources.project.exists or not Catalog(sources.project).images()
    screen, failure = on_screen(sources.answer(number, second, asked_second, 0))
    assert not failure
    assert "2 new pictures" in screen[0]
    assert screen[1:] == ["", None]
    assert {image.label for image in Catalog(sources.project).images()} == {("second", "")[number]}


def test_an_answer_that_fails_ends_the_question(sources, tmp_path):
    folder = write_pictures(tmp_path, {"photos": 3}) / "photos"
    before, _ = on_screen(sources.take(str(folder), False, 0))
    folder.rename(tmp_path / "elsewhere")
    screen, failure = on_screen(sources.answer(0, before[1], before[2], 0), before)
    assert "photos" in failure
    assert screen == ["", "", None]


def test_an_upload_that_cannot_be_read_is_named_as_its_owner_named_it(sources):
    with uploads.upload_folder() as folder:
        kept = folder / ("0123456789abcdef" * 4)
        kept.mkdir()
        (kept / "my bears.zip").write_bytes(BROKEN)
        _, failure = on_screen(sources.take_dropped(str(kept / "my bears.zip"), 0))
        write_pictures(kept, {"photos": 2})
        with zipfile.ZipFile(kept / "bears.zip", "w") as whole:
            for path in (kept / "photos").iterdir():
                whole.write(path, path.name)
        (_, text, _), _ = on_screen(sources.take_dropped(str(kept / "bears.zip"), 0))
    assert failure.startswith("my bears.zip cannot be opened")
    assert "bears.zip: All of these pictures" in text
    assert str(folder) not in failure + text


def test_only_paths_of_uploads_are_shortened():
    with uploads.upload_folder() as folder:
        upload = folder / ("a0" * 32) / "a b.zip"
        assert (
            uploads.with_given_names(f"{upload} is no zip, {upload}!x.jpg is") == "a b.zip is no zip, a b.zip!x.jpg is"
        )
    assert uploads.with_given_names("/tmp/mine/a b.zip is no zip") == "/tmp/mine/a b.zip is no zip"


def test_a_folder_of_clear_labels_is_not_asked_about(sources, tmp_path):
    write_pictures(tmp_path / "pets", {"cat": 2, "dog": 2})
    screen, failure = on_screen(sources.take(str(tmp_path / "pets"), False, 0))
    assert not failure
    assert "4 new pictures" in screen[0]
    other = Project(tmp_path / "other")
    import_images(other, tmp_path / "pets")
    assert [i.label for i in Catalog(sources.project).images()] == [i.label for i in Catalog(other).images()]
