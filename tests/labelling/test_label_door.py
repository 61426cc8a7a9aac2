"""Pictures without a label come in at every door, and every next step says what fits them."""

import csv
import re
import sys

import pytest

from bearkit import Project, import_images
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import ACCEPTED, DecisionContext, DecisionRequest
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.label_set import add_label, label_set
from bearkit.cli.common import run
from bearkit.datasets import dataset
from bearkit.errors import ReviewError, TooFewImagesError, TooFewLabelsError
from bearkit.labelling.label_actions import label_images, remove_label
from bearkit.labelling.next_step import STEPS, ProjectProgress, next_step, read_progress
from bearkit.studio import html
from tests.conftest import write_pictures
from tests.providers import Providers
from tests.servers import serving

FULL = {"train": 4, "valid": 1}


@pytest.fixture
def spoken(monkeypatch, capsys):
    """Call the command line; return what people read, on both streams."""

    def call(*arguments, code=0):
        monkeypatch.setattr(sys, "argv", ["bearkit", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            run()
        assert (ended.value.code or 0) == code
        return capsys.readouterr()

    return call


@pytest.fixture
def unlabelled(project, tmp_path):
    """A project of six pictures without a label."""
    import_images(project, write_pictures(tmp_path / "photos", {"x": 6}), labelled=False)
    return project


def ids(project):
    return [image.image_id for image in DecisionLog(Catalog(project)).images()]


def labels(project):
    return sorted(image.label for image in DecisionLog(Catalog(project)).images())


# --- what to do next


@pytest.mark.parametrize(
    ("progress", "step"),
    [
        (ProjectProgress(), "import"),
        (ProjectProgress(unlabelled=3), "label"),
        (ProjectProgress({"a": FULL}), "import"),
        (ProjectProgress({"a": FULL}, unlabelled=3), "label"),
        (ProjectProgress({"a": FULL, "b": {"train": 1}}), "import"),
        (ProjectProgress({"a": FULL, "b": {"train": 1}}, unlabelled=1), "label"),
        (ProjectProgress({"a": FULL, "b": {"valid": 2}}, unlabelled=1), "label"),
        (ProjectProgress({"a": {"train": 2}, "b": {"train": 2}}), "import"),
        (ProjectProgress({"a": FULL, "b": FULL}, unlabelled=3), "train"),
        (ProjectProgress({"a": FULL, "b": FULL}, trained=True, changed=True, reviewed=True), "train"),
        (ProjectProgress({"a": FULL, "b": FULL}, trained=True), "review"),
        (ProjectProgress({"a": FULL, "b": FULL}, trained=True, reviewed=True), "export"),
        (ProjectProgress({"a": FULL, "b": FULL}, 9, trained=True, reviewed=True, exported=True), "label"),
        (ProjectProgress({"a": FULL, "b": FULL}, trained=True, reviewed=True, exported=True), "predict"),
        (ProjectProgress({"a": FULL}, trained=True, reviewed=True, exported=True), "import"),
    ],
)
def test_the_next_step_fits_what_is_there(progress, step):
    assert next_step(progress).step == step
    assert step in STEPS
    trainable = step not in ("import", "label") or not next_step(progress).why
    assert (html.first_step(progress) == "") == trainable
    assert (html.train_button(progress) == "") == trainable


def test_what_is_called_trainable_is_what_a_training_accepts(unlabelled):
    """The rule of `next_step` and that of `check_trainable` agree while labels come one by one."""
    catalog, todo = Catalog(unlabelled), ids(unlabelled)
    for image_id, label in zip(todo, ("a", "b", "b", "c", "a", "c"), strict=True):
        label_images(unlabelled, {image_id: label}, "ann")
        if next_step(read_progress(unlabelled)).step == "train":
            assert dataset.load(catalog).vocab
        else:
            with pytest.raises((TooFewLabelsError, TooFewImagesError)):
                dataset.load(catalog)
    assert next_step(read_progress(unlabelled)).step == "train"


def test_a_finished_run_is_looked_at_until_a_label_changes(shapes):
    assert (read_progress(shapes).trained, read_progress(shapes).changed) == (True, False)
    assert next_step(read_progress(shapes)).step == "review"
    first = ids(shapes)[0]
    DecisionLog(Catalog(shapes)).decide([DecisionRequest(first, "keep")], "ann", kind="label")
    assert not read_progress(shapes).changed
    assert next_step(read_progress(shapes)).step in ("export", "predict")
    label_images(shapes, {first: "another"}, "ann")
    assert read_progress(shapes).changed


def test_the_status_counts_labels_that_only_the_model_gave(unlabelled, bearkit_json):
    a, b, c, *_ = ids(unlabelled)
    assert bearkit_json("status", "-p", unlabelled.root)["next"] == "label"
    log = DecisionLog(Catalog(unlabelled))
    label_images(unlabelled, {a: "x", b: "y"}, "ann")
    log.decide([DecisionRequest(c, "label", "x")], "model", context=DecisionContext(kind=ACCEPTED))
    status = bearkit_json("status", "-p", unlabelled.root)
    assert (status["unlabelled"], status["by_model"], status["next"]) == (3, 1, "label")
    log.decide([DecisionRequest(c, "keep")], "ann")
    assert bearkit_json("status", "-p", unlabelled.root)["by_model"] == 0


def test_every_command_names_the_label_command_while_nothing_has_a_label(unlabelled, with_body, spoken, tmp_path):
    where = ("-p", with_body(unlabelled).root)
    for command in (("status",), ("review", "next", "--kind", "unlabelled"), ("label", "next", "--n", "2")):
        assert "bearkit label " in spoken(*command, *where).out.splitlines()[-1]
    for command in (("review", "next"), ("train",), ("interpret",), ("export",), ("export-dataset", tmp_path / "out")):
        assert "label some pictures: `bearkit label next`" in spoken(*command, *where, code=1).err, command
    assert "bearkit label next" in spoken("label", "decide", ids(unlabelled)[0], "x", *where).out.splitlines()[-1]


def test_when_all_have_one_label_another_ones_pictures_are_needed(project, with_body, tmp_path, spoken):
    import_images(with_body(project), write_pictures(tmp_path, {"black": 3}) / "black", label="black")
    last = spoken("label", "next", "-p", project.root).out.splitlines()[-1]
    assert "pictures of another one" in last
    assert "bearkit train" not in last


# --- a training that cannot be


def test_a_training_without_labels_is_an_error_with_the_way_out(unlabelled, spoken, bearkit_json):
    said = spoken("train", "-p", unlabelled.root, code=1).err
    assert "none of the 6 pictures has a label" in said
    assert "`bearkit label next`" in said
    label_images(unlabelled, dict.fromkeys(ids(unlabelled)[:2], "x"), "ann")
    said = spoken("train", "-p", unlabelled.root, code=1).err
    assert "all 2 labelled pictures have the label `x`" in said
    assert "`bearkit label next`" in said
    label_images(unlabelled, {ids(unlabelled)[0]: "y"}, "ann")
    assert "`bearkit label next`" in spoken("train", "-p", unlabelled.root, code=1).err


# --- a label given by mistake


def test_a_label_is_removed_from_its_pictures_and_from_the_set_in_one_step(unlabelled, spoken, bearkit_json):
    label_images(unlabelled, dict.fromkeys(ids(unlabelled)[:4], "photos") | {ids(unlabelled)[4]: "bear"}, "ann")
    add_label(Catalog(unlabelled), "photos", description="a mistake", key="f")
    result = bearkit_json("labels", "remove", "photos", "-p", unlabelled.root)
    assert (result["removed"], result["stored"]) == ("photos", 4)
    assert [row["label"] for row in result["labels"]] == ["bear"]
    assert labels(unlabelled) == [""] * 5 + ["bear"]
    assert "`bearkit review undo" in spoken("labels", "remove", "bear", "-p", unlabelled.root).out
    spoken("review", "undo", "--n", "2", "-p", unlabelled.root)
    assert labels(unlabelled) == ["", "bear", "photos", "photos", "photos", "photos"]
    assert {row["label"]: row["description"] for row in label_set(Catalog(unlabelled))}["photos"] == "a mistake"


def test_a_label_without_pictures_is_removed_and_one_that_is_not_there_is_an_error(unlabelled):
    add_label(Catalog(unlabelled), "bear")
    assert remove_label(unlabelled, "bear", "ann") == 0
    assert label_set(Catalog(unlabelled)) == []
    with pytest.raises(ReviewError, match="there is no label `bear`"):
        remove_label(unlabelled, "bear", "ann")
    assert DecisionLog(Catalog(unlabelled)).history() == []


def test_one_picture_loses_its_label_on_the_command_line(unlabelled, bearkit_json):
    label_images(unlabelled, {ids(unlabelled)[0]: "x"}, "ann")
    bearkit_json("review", "decide", ids(unlabelled)[-1], "unlabel", "-p", unlabelled.root)
    assert labels(unlabelled) == [""] * 6


# --- pictures with and without a label


def test_pictures_beside_the_labels_folders_come_in_by_a_second_import(project, tmp_path, spoken):
    source = write_pictures(tmp_path / "s", {"black": 3, "teddy": 3})
    write_pictures(tmp_path, {"loose": 2}, start=20)
    for path in (tmp_path / "loose").iterdir():
        path.rename(source / path.name)
    (source / "README.md").write_text("bears")
    said = spoken("import", source, "-p", project.root).out
    assert "2 pictures left out: no label found; to import them too, repeat it with --unlabelled" in said
    said = spoken("import", source, "--unlabelled", "-p", project.root).out
    assert "2 new pictures" in said
    assert "2 pictures without a label: bearkit label next" in said
    assert labels(project) == ["", "", *["black"] * 3, *["teddy"] * 3]


# --- what the Data tab says


@pytest.mark.parametrize(
    ("progress", "links"),
    [
        (ProjectProgress(unlabelled=3), ["label", "data"]),
        (ProjectProgress({"a": FULL}, unlabelled=1), ["label", "data"]),
        (ProjectProgress({"a": FULL}), ["data"]),
        (ProjectProgress({"a": FULL, "b": FULL}, unlabelled=3), ["label", "train"]),
        (ProjectProgress({"a": FULL, "b": FULL}), ["train"]),
        (ProjectProgress({"a": FULL, "b": FULL}, trained=True), ["review"]),
        (ProjectProgress({"a": FULL, "b": FULL}, trained=True, reviewed=True), ["publish"]),
        (ProjectProgress({"a": FULL, "b": FULL}, trained=True, reviewed=True, exported=True), ["predict"]),
    ],
)
def test_the_data_tab_links_to_the_next_step(progress, links):
    text = html.data_counts(progress)
    assert re.findall(r'href="\?tab=(\w+)"', text) == links
    assert ("<table" in text) == bool(progress.labels)
    assert html.data_counts(ProjectProgress()) == ""


# --- lists and searches without labels


@pytest.fixture
def server():
    with serving(handler=Providers) as running:
        yield running


def test_a_list_of_addresses_brings_pictures_without_a_label(project, tmp_path, server, bearkit_json, spoken):
    plain, table = tmp_path / "urls.txt", tmp_path / "urls.csv"
    plain.write_text("".join(f"{server.url}/ok/{n}.png\n" for n in range(2)))
    table.write_text(f"url,label\n{server.url}/ok/7.png,bear\n")
    where = ("-p", project.root, "--allow-private")
    assert "--unlabelled" in spoken("collect", plain, *where, code=1).err
    assert not project.exists
    assert bearkit_json("collect", plain, "--unlabelled", *where)["saved"] == 2
    assert bearkit_json("collect", table, *where)["saved"] == 1
    assert labels(project) == ["", "", "bear"]
    table.write_text(f"url,label\n{server.url}/ok/8.png,owl\n")
    said = spoken("collect", table, "--unlabelled", *where).out
    assert labels(project) == ["", "", "", "bear"]
    assert "bearkit label next" in said.splitlines()[-1]


def test_a_search_brings_pictures_without_a_label_and_each_query_its_number(project, server, bearkit_json, spoken):
    where = ("-p", project.root, "--allow-private", "--provider", f"openverse={server.url}", "--max", "2")
    said = spoken("search", "bear", *where, code=1).err
    assert "--unlabelled" in said
    assert not project.exists
    result = bearkit_json("search", "bear", "--unlabelled", *where)
    assert (result["found"], result["saved"]) == ({"": 2}, 2)
    assert labels(project) == ["", ""]
    assert "no label yet: 2 pictures found" in spoken("search", "a = b", "--unlabelled", "--dry-run", *where).out


# --- labels that are no plain words

FORMS = ("folder", "imagefolder", "csv")
ODD = ("../../etc/passwd", "/images/a\\b", "x" * 200, "🐻‍❄️", "None", "007", "=1+1", 'a,b;"c"')


@pytest.mark.slow
def test_odd_labels_stay_as_they_are_typed_from_a_decision_to_a_prediction(tmp_path, with_body, bearkit_json):
    """Half of the labels come from a table, half one by one; all are in the model and in the data set."""
    project, n = with_body(Project(tmp_path / "p")), 3
    import_images(project, write_pictures(tmp_path / "photos", {"x": n * len(ODD)}), labelled=False)
    where, todo = ("-p", project.root), ids(project)
    given = {image_id: ODD[number % len(ODD)] for number, image_id in enumerate(todo)}
    half = len(todo) // 2
    for image_id in todo[:half]:
        bearkit_json("label", "decide", image_id, given[image_id], *where)
    with (tmp_path / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("image_id", "label"), *((one, given[one]) for one in todo[half:])])
    assert bearkit_json("label", "decide", "--from", tmp_path / "labels.csv", *where)["stored"] == len(todo) - half
    assert {image.image_id: image.label for image in DecisionLog(Catalog(project)).images()} == given
    for label in ("nan", "C:\\x", "NULL"):
        bearkit_json("labels", "add", label, *where)
    assert {row["label"] for row in bearkit_json("labels", *where)["labels"]} == {*ODD, "nan", "C:\\x", "NULL"}
    assert bearkit_json("train", "--epochs", "1", *where)["run"]
    assert set(bearkit_json("status", *where)["labels"]) == set(ODD)
    model = bearkit_json("export", *where)["model"]
    picture = next((tmp_path / "photos").rglob("*.png"))
    (row,) = bearkit_json("predict", model, picture, "--top", str(len(ODD)))["predictions"]
    assert {one["label"] for one in row["top"]} <= set(ODD)
    for form in FORMS:
        bearkit_json("export-dataset", tmp_path / form, "--format", form, *where)
    again = bearkit_json("import", tmp_path / "imagefolder", "-p", tmp_path / "again")
    assert again["labels"] == dict.fromkeys(sorted(ODD), n)
    with (tmp_path / "csv" / "labels.csv").open(newline="", encoding="utf-8") as file:
        assert {row["image_id"]: row["label"] for row in csv.DictReader(file)} == given
    folders = [path for path in (tmp_path / "folder").iterdir() if path.is_dir()]
    assert len(folders) == len(ODD), "a folder cannot have each name, but each label has one"
    assert {*tmp_path.iterdir()} == {tmp_path / name for name in ("p", "photos", "labels.csv", *FORMS, "again")}
