"""The label set travels with an exported data set: descriptions, keys, colours, order, examples; and comes back."""

import json
import shutil
import zipfile
from collections import Counter

import pytest

from bearkit import Project, export_dataset, import_images
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import DecisionRequest
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.label_examples import EXAMPLES
from bearkit.catalog.label_set import add_label, describe_label, label_set, toggle_example
from bearkit.catalog.label_set_file import NAME, add_label_set
from bearkit.errors import ReviewError

FIELDS = ("label", "description", "key", "colour", "retired")


@pytest.fixture
def described(shapes):
    """Drawings whose labels are described, and their examples."""
    catalog = Catalog(shapes)
    log = DecisionLog(catalog)
    star = [image.image_id for image in log.images() if image.label == "star"]
    disc = [image.image_id for image in log.images() if image.label == "disc"]
    add_label(catalog, "zebra", description="none yet")
    describe_label(catalog, "star", description="five points: “*”", key="w", colour="#0a7")
    describe_label(catalog, "square", retired=True)
    toggle_example(catalog, "star", star[5])
    for one in disc[:5]:
        log.decide([DecisionRequest(one, "keep", "disc")], "ann")
    return shapes, star[5:6], disc[:EXAMPLES]


def rows(project):
    return [{name: row[name] for name in FIELDS} for row in label_set(Catalog(project))]


@pytest.mark.parametrize("form", ["folder", "imagefolder", "zip"])
def test_a_new_project_gets_the_descriptions_the_order_and_the_examples(described, tmp_path, form):
    project, star, disc = described
    export_dataset(project, tmp_path / "out", "imagefolder" if form == "zip" else form)
    source = tmp_path / "out"
    if form == "zip":
        source = shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path, "out")
        assert f"out/{NAME}" in zipfile.ZipFile(source).namelist()
    again = Project(tmp_path / "again")
    report = import_images(again, source)
    assert f"{NAME} describes 4 labels" in report.notes
    assert f"{NAME} retires 1 label, which the Label tab does not offer: `square`" in report.notes
    assert not any(NAME in row["path"] for row in report.as_dict()["rejected"])
    assert rows(again) == rows(project)
    examples = {row["label"]: list(row["examples"]) for row in label_set(Catalog(again))}
    assert examples == {"disc": disc, "square": [], "star": star, "zebra": []}
    assert import_images(again, source).notes.count(f"{NAME} describes 4 labels") == 0


def test_what_people_wrote_in_a_project_stays(described, tmp_path):
    project, *_ = described
    export_dataset(project, tmp_path / "out")
    other = Project(tmp_path / "other")
    catalog = Catalog(other, create=True)
    add_label(catalog, "disc", description="mine", key="w")
    import_images(other, tmp_path / "out")
    now = {row["label"]: row for row in label_set(catalog)}
    assert (now["disc"]["description"], now["disc"]["key"]) == ("mine", "w")
    assert (now["star"]["description"], now["star"]["key"]) == ("five points: “*”", "")


def test_a_file_of_somebody_else_retires_no_label_that_the_project_has(described, tmp_path):
    project, *_ = described
    export_dataset(project, tmp_path / "out", "imagefolder")
    about = json.loads((tmp_path / "out" / NAME).read_text())
    about["labels"] = [
        {**row, "retired": {"square": True, "disc": "false"}.get(row["label"])} for row in about["labels"]
    ]
    (tmp_path / "out" / NAME).write_text(json.dumps(about))
    other = Project(tmp_path / "other")
    add_label(Catalog(other, create=True), "square")
    report = import_images(other, tmp_path / "out")
    assert not [row["label"] for row in label_set(Catalog(other)) if row["retired"]]
    assert not [note for note in report.notes if "retire" in note]


def test_a_file_of_many_labels_reads_no_image_and_writes_once(shapes, monkeypatch):
    catalog, calls = Catalog(shapes), Counter()
    for owner, name in ((DecisionLog, "images"), (Catalog, "save_setting")):
        plain = getattr(owner, name)

        def counted(*args, name=name, plain=plain, **options):
            calls[name] += 1
            return plain(*args, **options)

        monkeypatch.setattr(owner, name, counted)
    labels = [{"label": f"kind {n:04d}", "description": "d", "key": "q"} for n in range(1000, 0, -1)]
    assert add_label_set(catalog, json.dumps({"labels": labels})) == [f"{NAME} describes 1000 labels"]
    assert calls == {"save_setting": 2}, "the order and the descriptions; the images are read for none"
    found = [row for row in label_set(catalog) if row["label"].startswith("kind")]
    assert [row["label"] for row in found] == [row["label"] for row in labels], "in the order of the file"
    assert [row["key"] for row in found] == ["q", *[""] * 999], "a key belongs to one label"


DAMAGED = {
    "a list": "[]",
    "cut off": "{",
    "a number": '{"labels": [{"label": 7}]}',
    "a control character": '{"labels": [{"label": "\\u0000"}]}',
    "a zero": "\0",
    "nested": '{"labels": ' + "[" * 100_000,
    "half a character": '{"labels": [{"label": "disc", "description": "\\ud800"}]}',
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_told_and_the_images_are_imported_all_the_same(described, tmp_path, text):
    project, *_ = described
    export_dataset(project, tmp_path / "out")
    (tmp_path / "out" / NAME).write_text(text)
    report = import_images(Project(tmp_path / "again"), tmp_path / "out")
    assert report.imported == 36
    assert any("is not a label set" in note for note in report.notes)


def test_the_package_datasets_loads_a_data_set_with_a_label_set(described, tmp_path):
    datasets = pytest.importorskip("datasets")
    project, *_ = described
    export_dataset(project, tmp_path / "out", "imagefolder")
    loaded = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert sum(len(split) for split in loaded.values()) == 36
    assert {*loaded["train"]["label"]} == {"disc", "square", "star"}


def test_the_file_names_only_images_that_have_the_label_now(described, tmp_path):
    project, star, disc = described
    DecisionLog(Catalog(project)).decide([DecisionRequest(star[0], "relabel", "disc")], "ann")
    DecisionLog(Catalog(project)).decide([DecisionRequest(disc[0], "delete")], "ann")
    export_dataset(project, tmp_path / "out", "csv")
    written = {row["label"]: row["examples"] for row in json.loads((tmp_path / "out" / NAME).read_text())["labels"]}
    assert written["star"] == []
    assert len(written["disc"]) == EXAMPLES
    assert disc[0] not in written["disc"]


def test_an_image_is_an_example_of_its_own_label_only(shapes):
    catalog, log = Catalog(shapes), DecisionLog(Catalog(shapes))
    disc = next(image.image_id for image in log.images() if image.label == "disc")
    with pytest.raises(ReviewError, match="has the label `disc`, so it is no example of `star`"):
        toggle_example(catalog, "star", disc)
    assert toggle_example(catalog, "disc", disc)
    log.decide([DecisionRequest(disc, "unlabel")], "ann")
    assert toggle_example(catalog, "disc", disc, wanted=True), "it stays one"
    assert not toggle_example(catalog, "disc", disc), "it can always be taken away again"
    with pytest.raises(ReviewError, match="has no label yet"):
        toggle_example(catalog, "disc", disc)


def test_examples_are_chosen_on_the_command_line_by_their_path(shapes, bearkit_json):
    first = DecisionLog(Catalog(shapes)).images()[0]
    result = bearkit_json("labels", "describe", first.label, "--example", first.path, "-p", shapes.root)
    assert {row["label"]: row["examples"] for row in result["labels"]}[first.label] == [first.image_id]
    error = bearkit_json("labels", "describe", first.label, "--example", "nothing.png", "-p", shapes.root, code=(1, 2))
    assert "there is no image `nothing.png`" in error["error"]
