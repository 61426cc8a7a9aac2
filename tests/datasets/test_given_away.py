"""Data sets that are given away: what the card says loads them, and labels, splits and counts are the catalogue's."""

import csv
import shutil
from collections import Counter
from contextlib import chdir

import pytest
from datasets import config, load_dataset

from bearkit import Project, apply_decisions, decide_one, import_images
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.schema import SourceRecord
from bearkit.datasets import dataset
from bearkit.datasets.layouts import HUB_SPLITS, label_folders
from tests.conftest import picture, write_pictures

ODD = [
    "test", "train", "covid test", "crash-test", "eval", "validation", "nan", "None", "null", "NA", "007", "1e5",
    "True", "-", "😀", "黑熊", "a,b", 'say "no"', "Cat", "cat", "a:b", "a?b", "__init__", "[x]", "#1",
    "100%", "{y}", "- item", "key: value", "...", "x" * 200, "2024-01-01",
]  # fmt: skip
NUMBERS = ["007", "008", "010"]
DATES = ["2024-01-01", "2024-01-02T10:30", "2024-01-03 10:30:00Z"]


@pytest.fixture(autouse=True)
def offline(tmp_path, monkeypatch):
    """`datasets` sees no network, and keeps what it makes for one test alone."""
    monkeypatch.setattr(config, "HF_DATASETS_CACHE", tmp_path / "hf")
    monkeypatch.setattr(config, "HF_HUB_OFFLINE", True)


def load(folder):
    """What the card says a reader should run, where the data set is this folder: the data set that it makes."""
    blocks = (folder / "README.md").read_text(encoding="utf-8").split("```python\n")[1:]
    code = "".join(block.split("```")[0] for block in blocks)
    found = {}
    with chdir(folder.parent):
        exec(code.replace('"me/x"', repr(str(folder))), found)
    return found.get("pictures") or found["labels"]


def bring(project, tmp_path, labels, each=3):
    """Import `each` pictures of every label, whatever it is called."""
    for number, label in enumerate(labels):
        folder = write_pictures(tmp_path / f"source-{number}", {"x": each}, start=number * each)
        import_images(project, folder, label=label)


def expected(project):
    """{(split, label): how many} of a project's catalogue, in the Hub's words."""
    catalog = Catalog(project)
    split = dataset.splits(catalog)
    images = [image for image in DecisionLog(catalog).images() if image.label and project.has_picture(image.path)]
    return Counter((HUB_SPLITS[split[image.image_id]], image.label) for image in images)


def loaded(found):
    """The same of a data set that was loaded, every picture decoded."""
    seen = Counter()
    for split, part in found.items():
        feature = part.features["label"]
        for row in part:
            assert row["image"].size == (64, 48)
            label = row["label"]
            seen[split, label if isinstance(label, str) else feature.int2str(label)] += 1
    return seen


def plain(project, tmp_path):
    bring(project, tmp_path, ["black", "teddy"], 10)


def decided(project, tmp_path):
    """One decision about a training picture: reviewed_by is empty in validation throughout."""
    plain(project, tmp_path)
    train = [image_id for image_id, split in dataset.splits(Catalog(project)).items() if split == "train"]
    decide_one(project, train[0], "keep", "ann")
    decide_one(project, train[1], "relabel:grizzly", "ann")
    decide_one(project, train[2], "delete", "ann")


def odd(project, tmp_path):
    bring(project, tmp_path, ODD)


def numbers(project, tmp_path):
    bring(project, tmp_path, NUMBERS, 5)


def dates(project, tmp_path):
    bring(project, tmp_path, DATES, 5)


def given_splits(project, tmp_path):
    for number, split in enumerate(("train", "valid", "test")):
        write_pictures(tmp_path / "given" / split, {"pass": 4, "test": 3}, start=10 * number)
    import_images(project, tmp_path / "given")


def licensed(project, tmp_path):
    """A picture with a licence, in validation alone; and one without a label."""
    plain(project, tmp_path)
    valid = [image_id for image_id, split in dataset.splits(Catalog(project)).items() if split == "valid"]
    about = {"license": "CC BY 4.0", "creator": "2024-01-01", "page": "https://example.org/1"}
    Catalog(project).record(
        [], [SourceRecord("https://example.org/1.jpg", "black", None, "saved", "", valid[0], **about)]
    )
    import_images(project, write_pictures(tmp_path / "more", {"x": 2}, start=90), labelled=False)


def carried_out(project, tmp_path):
    """After `apply`, with a picture whose file is gone."""
    decided(project, tmp_path)
    apply_decisions(project)
    image = DecisionLog(Catalog(project)).images()[-1]
    (project.root / image.path).unlink()


def linked(project, tmp_path):
    folder = write_pictures(tmp_path / "theirs", {"black": 6, "teddy": 6})
    (folder / "black" / "0.png").rename(folder / "black" / "a.csv.b:c\\d")  # a name that no program would guess from
    import_images(project, folder, link=True)


def one_split(project, tmp_path):
    """Nothing to check on: a single picture of each label."""
    bring(project, tmp_path, ["black", "teddy"], 1)


KINDS = [plain, decided, odd, numbers, dates, given_splits, licensed, carried_out, linked, one_split]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.slow
def test_a_published_data_set_loads_as_its_card_says(project, tmp_path, bearkit_json, kind):
    kind(project, tmp_path)
    told = bearkit_json("push-dataset", "me/x", "--dry-run", tmp_path / "push", "-p", project.root)
    found = load(tmp_path / "push")
    assert loaded(found) == expected(project)
    texts = load_dataset(str(tmp_path / "push"))["train"].features
    assert {str(feature.dtype) for name, feature in texts.items() if name != "image"} == {"string"}
    assert told["missing"] == [image.path for image in Catalog(project).images() if not project.has_picture(image.path)]
    assert told["unlabelled"] == sum(not image.label for image in DecisionLog(Catalog(project)).images())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["imagefolder", "folder", "csv"])
@pytest.mark.slow
def test_an_exported_data_set_loads_as_its_readme_says(project, tmp_path, kind, form, bearkit_json):
    if kind is odd and form == "folder":
        pytest.skip("labels that would share a folder are refused")
    kind(project, tmp_path)
    told = bearkit_json("export-dataset", tmp_path / "out", "--format", form, "-p", project.root)
    found = load(tmp_path / "out")
    counts = expected(project)
    assert told["images"] == counts.total()
    if form == "imagefolder":
        assert loaded(found) == counts
    elif form == "folder":
        assert told["renamed"] == {label: label.replace(":", "_") for label in told["labels"] if ":" in label}
        of_label = Counter(told["renamed"].get(label, label) for _, label in counts.elements())
        assert loaded(found) == Counter({("train", label): n for label, n in of_label.items()})
    else:
        rows = list(found["train"])
        assert Counter((HUB_SPLITS[row["split"]], row["label"]) for row in rows) == counts
        with (tmp_path / "out" / "labels.csv").open(newline="", encoding="utf-8") as file:
            assert [row["label"] for row in csv.DictReader(file)] == [row["label"] for row in rows]


@pytest.mark.parametrize("kind", [plain, decided, odd, numbers, given_splits, licensed, dates])
def test_an_exported_data_set_is_imported_again_as_it_was(project, tmp_path, kind, bearkit_json):
    kind(project, tmp_path)
    bearkit_json("export-dataset", tmp_path / "out", "--format", "imagefolder", "-p", project.root)
    again = Project(tmp_path / "again")
    report = bearkit_json("import", tmp_path / "out", "-p", again.root)
    assert report["imported"] == expected(project).total()
    assert expected(again) == expected(project)
    theirs, ours = (dataset.splits(Catalog(one)) for one in (again, project))
    assert theirs == ours


def test_another_data_set_in_the_same_folder_is_not_taken_for_the_first(project, tmp_path, bearkit_json):
    plain(project, tmp_path)
    for label in ("grizzly", "panda"):  # as many pictures, other labels
        image = DecisionLog(Catalog(project)).images()[0]
        decide_one(project, image.image_id, f"relabel:{label}", "ann")
        bearkit_json("export-dataset", tmp_path / "out", "--format", "imagefolder", "-p", project.root)
        assert loaded(load(tmp_path / "out")) == expected(project)
        shutil.rmtree(tmp_path / "out")


def test_a_picture_whose_file_is_gone_or_another_is_named_and_left_out(project, tmp_path, bearkit_json):
    plain(project, tmp_path)
    gone, changed = (image.path for image in Catalog(project).images()[:2])
    (project.root / gone).unlink()
    (project.root / changed).write_bytes(picture(999, kind="PNG"))
    told = bearkit_json("export-dataset", tmp_path / "out", "--format", "imagefolder", "-p", project.root)
    assert (told["images"], told["missing"]) == (18, [gone, changed])
    assert sum(loaded(load(tmp_path / "out")).values()) == 18
    for image in Catalog(project).images():
        (project.root / image.path).unlink(missing_ok=True)
    failed = bearkit_json("export-dataset", tmp_path / "none", "-p", project.root, code=1)
    assert "the files of all 20 pictures" in failed["error"]
    assert not (tmp_path / "none").exists()


def test_every_label_has_a_folder_of_its_own_that_any_disk_can_hold():
    labels = [*ODD, "CAT", "a|b", "a_b", "cat-2", "_init__", "..", "/", "con" * 90, "x" * 199]
    folders = label_folders(labels)
    assert set(folders) == set(labels)
    assert len({name.casefold() for name in folders.values()}) == len(set(labels))
    for name in folders.values():
        assert name and not name.startswith((".", "__")) and not set(name) & set('/\\:*?"<>|\n')
        assert len(name.encode()) <= 255


def test_labels_that_would_share_a_folder_are_refused_where_folders_are_all_there_is(project, tmp_path, bearkit_json):
    bring(project, tmp_path, ["Cat", "cat"])
    failed = bearkit_json("export-dataset", tmp_path / "out", "-p", project.root, code=1)
    assert "`Cat` and `cat` would share a folder" in failed["error"]
    assert "--format imagefolder or csv" in failed["hint"]
    assert bearkit_json("export-dataset", tmp_path / "csv", "--format", "csv", "-p", project.root)["images"] == 6
