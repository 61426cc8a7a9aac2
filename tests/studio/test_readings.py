"""What the studio asks before it imports a folder or a zip: never where its folders are clear."""

import zipfile

import pytest

from bearkit.errors import ImportSourceError
from bearkit.sources.importing import import_images
from bearkit.studio.import_question import find_question
from tests.conftest import picture

ONE, TWO = "One label: photos", "No labels yet"


@pytest.mark.parametrize(
    ("files", "answers"),
    [
        (["1.png", "2.jpg", "notes.txt", ".hidden/3.png"], [ONE, TWO]),
        (["black/1.png", "teddy/2.png", "README.md"], []),
        (["black/1.png"], ["One label: black", TWO]),
        (["black/monday/1.png", "black/tuesday/2.png"], ["Labels: black 2", "Labels: monday 1, tuesday 1", TWO]),
        (["train/a/1.png", "test/a/2.png", "test/b/3.png"], []),
    ],
)
def test_what_is_asked_about_a_folder_and_about_a_zip_of_it(tmp_path, project, files, answers):
    for file in files:
        (tmp_path / "photos" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / file).write_bytes(b"")
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as zipped:
        for file in files:
            zipped.write(tmp_path / "photos" / file, file)
    for source in (tmp_path / "photos", tmp_path / "photos.zip"):
        asked = find_question(project, str(source))
        assert [way.words for way in (asked.ways if asked else [])] == answers
        assert asked is None or asked.shown
    assert not project.root.exists()


def test_a_folder_that_is_not_there_is_an_error(tmp_path, project):
    with pytest.raises(ImportSourceError, match="does not exist"):
        find_question(project, str(tmp_path / "nowhere"))


def test_a_data_set_of_the_hub_is_asked_about_only_if_nothing_gives_it_labels(project, with_hub):
    files = {f"{label}/{n}.png": picture(n, kind="PNG") for n, label in enumerate(("black", "teddy", "teddy"))}
    with_hub({"ann/bears": files, "ann/flat": {"0.png": picture(0), "1.png": picture(1)}})
    assert find_question(project, "hf://ann/bears") is None
    asked = find_question(project, "hf://ann/flat")
    assert [way.words for way in asked.ways] == [TWO]
    assert import_images(project, asked.source, **asked.ways[0].how).unlabelled == 2


def test_a_single_picture_is_not_answered_with_the_command_lines_options(tmp_path, project):
    (tmp_path / "1.png").write_bytes(b"")
    with pytest.raises(ImportSourceError, match=r"1\.png is a single file") as raised:
        find_question(project, str(tmp_path / "1.png"))
    assert raised.value.hint == "drop it under “Files & camera”, and choose its label"
