"""What folders say of labels and splits: the clear is read, the unclear is asked about, and no file gets lost."""

import random
from pathlib import Path

import pytest

from bearkit import import_images, preview_import
from bearkit.catalog.catalog import Catalog
from bearkit.errors import ImportSourceError
from bearkit.sources.scheme import AmbiguousLayoutError
from tests.samples import write


def each(*folders, n=2):
    return [f"{folder}/{folder.replace('/', '-')}{k}.png" for folder in folders for k in range(n)]


def read(project, root, **how):
    seen = preview_import(project, root, **how)
    assert not project.root.exists(), "a preview makes nothing"
    return seen.labels, seen.splits


OURS = ("trash", "models", "runs", "cache", "images", "unlabelled")
CLEAR = {
    "labels": (each("black", "teddy"), {"black": 2, "teddy": 2}, {}),
    "other words for splits": (
        each("Training/a", "Training/b", "Testing/a", "Testing/b"),
        {"a": 4, "b": 4}, {"train": 4, "test": 4}),
    "mixed words": (each("TRAIN/a", "Test/a", "Dev/a"), {"a": 6}, {"train": 2, "test": 2, "valid": 2}),
    "years of challenges": (
        each("train2017/a", "train2017/b", "val2017/a"),
        {"a": 4, "b": 2}, {"train": 4, "valid": 2}),
    "words around splits": (
        each("train_set/a", "test-images/a", "eval/a"),
        {"a": 6}, {"train": 2, "test": 2, "valid": 2}),
    "splits in a folder around": (
        each("data/train/a", "data/train/b", "data/val/a"),
        {"a": 4, "b": 2}, {"train": 4, "valid": 2}),
    "splits inside labels": (each("a/train", "a/test", "b/train", "b/test"), {"a": 4, "b": 4}, {"train": 4, "test": 4}),
    "a folder inside the splits": (
        each("train/images/a", "train/images/b", "test/images/a"),
        {"a": 4, "b": 2}, {"train": 4, "test": 2}),
    "labels called as splits": (each("train", "bus"), {"train": 2, "bus": 2}, {}),
    "a label called test": (each("pass", "test"), {"pass": 2, "test": 2}, {}),
    "labels called as our folders": (each(*OURS), dict.fromkeys(OURS, 2), {}),
    "days inside labels": (each("black/monday", "black/friday", "teddy/monday"), {"black": 4, "teddy": 2}, {}),
    "batches inside labels": (each("black/set1", "black/set2", "teddy/set1"), {"black": 4, "teddy": 2}, {}),
    "one folder inside each label": (each("black/images", "teddy/images"), {"black": 2, "teddy": 2}, {}),
    "a deep folder in one label": ([*each("black", "teddy"), *each("black/old/older")], {"black": 4, "teddy": 2}, {}),
    "folders around": (each("a/b/black", "a/b/teddy"), {"black": 2, "teddy": 2}, {}),
}  # fmt: skip


@pytest.mark.parametrize("case", CLEAR)
def test_a_clear_layout_is_read(case, tmp_path, project):
    files, labels, splits = CLEAR[case]
    assert read(project, write(tmp_path / "s", files)) == (labels, splits)


TEXTS = ("README.txt", "classes.txt", "labels.npy", "LICENSE", "annotations.xml", "clip.mp4")


@pytest.mark.parametrize("where", ["", "bears/", "bears/black/"])
def test_files_that_are_no_pictures_decide_nothing(where, tmp_path, project):
    root = write(tmp_path / "s", each("bears/black", "bears/teddy"))
    for name in TEXTS:
        (root / where / name).write_text("about")
    report = import_images(project, root)
    assert report.labels == {"black": 2, "teddy": 2}
    assert sorted(Path(row["path"]).name for row in report.rejected) == sorted(TEXTS)


UNSURE = {
    "one label or a folder around": (
        each("black/monday", "black/tuesday"), [{"black": 4}, {"monday": 2, "tuesday": 2}]
    ),
    "the same with one folder": (each("black/best"), [{"black": 2}, {"best": 2}]),
    "the same folders in each": (each("site1/cat", "site1/dog", "site2/cat", "site2/dog"),
                                 [{"site1": 4, "site2": 4}, {"cat": 4, "dog": 4}]),
    "the same folders in each, deeper": (
        each("seg_train/seg_train/a", "seg_train/seg_train/b", "seg_test/seg_test/a", "seg_test/seg_test/b"),
        [{"seg_train": 4, "seg_test": 4}, {"a": 4, "b": 4}],
    ),
    "two levels of labels": (each("cats/tabby", "cats/lynx", "dogs/husky", "dogs/corgi"),
                             [{"cats": 4, "dogs": 4}, dict.fromkeys(("tabby", "lynx", "husky", "corgi"), 2)]),
    "flat splits": (each("train", "test"), [{"train": 2, "test": 2}]),
    "flat splits with names": (["train/cat.0.png", "train/dog.1.png", "test/cat.2.png", "test/dog.3.png"],
                               [{"train": 2, "test": 2}, {"cat": 2, "dog": 2}]),
    "one flat split": (each("train"), [{"train": 2}]),
    "splits with one folder that says nothing": (each("train/images", "test/images"), [{"train": 2, "test": 2}]),
    "a split beside a label": (each("train/cat", "train/dog", "bus"), [{"train": 4, "bus": 2}, {"cat": 2, "dog": 2}]),
    "splits without a common label": (each("train/cat", "train/dog", "test/unknown"),
                                      [{"cat": 2, "dog": 2, "unknown": 2}, {"train": 4, "test": 2}]),
    "more pictures beside the folders than in them": (["1.png", "2.png", "3.png", "best/4.png"], [{"best": 1}]),
    "pictures beside what may be labels": (["bears/cover.png", *each("bears/black", "bears/teddy")],
                                           [{"bears": 5}, {"bears": 1, "black": 2, "teddy": 2}]),
}  # fmt: skip


@pytest.mark.parametrize("case", UNSURE)
def test_an_unclear_layout_is_asked_about_and_each_answer_does_what_it_says(case, tmp_path, project, bearkit_json):
    files, readings = UNSURE[case]
    root = write(tmp_path / "s", files)
    asked = bearkit_json("import", root, "-p", project.root, code=1)
    assert [reading["labels"] for reading in asked["readings"]] == readings
    assert not project.exists
    for reading in asked["readings"]:
        assert reading["options"] in asked["hint"]
        seen = bearkit_json("import", root, "--dry-run", *reading["options"].split(), "-p", project.root)
        assert (seen["labels"], seen["splits"]) == (reading["labels"], reading["splits"])


@pytest.mark.parametrize(
    ("how", "labels"),
    [
        ({"label_from": "folder"}, {"pets": 3}),
        ({"label_from": "parent"}, {"tabby": 2, "lynx": 1}),
        ({"label_from": "name"}, {"cat": 2, "big_dog": 1}),
        ({"label": "x"}, {"x": 3}),
        ({"labelled": False}, {}),
    ],
)
def test_labels_are_read_from_where_it_was_said(how, labels, tmp_path, project):
    root = write(tmp_path / "s", ["pets/1/tabby/cat.0.png", "pets/1/tabby/big_dog_17.png", "pets/2/lynx/cat-1.png"])
    assert read(project, root, **how)[0] == labels


def test_what_cannot_be_read_from_anywhere_is_an_error(tmp_path, project):
    root = write(tmp_path / "s", each("a", "b"))
    for how in ({"label_from": "colour"}, {"label_from": "metadata"}, {"label_from": "name", "label": "x"}):
        with pytest.raises(ImportSourceError) as caught:
            import_images(project, root, **how)
        assert caught.value.hint
    assert not project.exists


# --- tables of labels


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("train/metadata.csv", "file_name,label\n0.png,cat\n1.png,dog\n"),
        ("train/metadata.jsonl", '{"file_name": "0.png", "label": "cat"}\n{"file_name": "1.png", "label": "dog"}\n'),
        ("labels.csv", "\ufefffilename;class\n0.png;cat\n1.png;dog\n"),
        ("train.csv", "id,breed\n0,cat\n1,dog\n"),
    ],
)
def test_labels_of_a_table_are_read(name, text, tmp_path, project):
    root = write(tmp_path / "s", {"train/0.png": None, "train/1.png": None, name: text})
    report = import_images(project, root)
    assert (report.labels, report.splits, report.rejected) == ({"cat": 1, "dog": 1}, {"train": 2}, [])
    assert [Path(row["path"]).name for row in report.left_out] == [Path(name).name]
    assert any(name in note for note in report.notes)


def test_a_table_that_says_something_else_than_the_folders_is_asked_about(tmp_path, project):
    table = "file_name,label\na/0.png,cat\nb/1.png,dog\n"
    root = write(tmp_path / "s", {"a/0.png": None, "b/1.png": None, "metadata.csv": table})
    with pytest.raises(ImportSourceError, match="say different things") as caught:
        import_images(project, root)
    assert [one["labels"] for one in caught.value.details["readings"]] == [{"a": 1, "b": 1}, {"cat": 1, "dog": 1}]
    assert read(project, root, label_from="metadata")[0] == {"cat": 1, "dog": 1}
    assert read(project, root, label_from="folder")[0] == {"a": 1, "b": 1}


def test_a_table_that_names_some_of_the_pictures_is_asked_about(tmp_path, project):
    root = write(tmp_path / "s", {"0.png": None, "1.png": None, "metadata.csv": "file_name,label\n0.png,cat\n"})
    with pytest.raises(ImportSourceError, match="several ways"):
        import_images(project, root)
    report = import_images(project, root, label_from="metadata")
    assert report.labels == {"cat": 1}
    assert {Path(row["path"]).name: row["reason"] for row in report.rejected} == {
        "1.png": "no table of labels names it"
    }


def test_a_table_beside_one_folder_of_pictures_gives_the_labels(tmp_path, project):
    table = "image,label\n0,melanoma\n1,nevus\n"
    root = write(tmp_path / "isic", {"images/0.png": None, "images/1.png": None, "labels.csv": table})
    assert read(project, root)[0] == {"melanoma": 1, "nevus": 1}
    root = write(tmp_path / "s", {"skin/0.png": None, "skin/1.png": None, "labels.csv": table})
    with pytest.raises(AmbiguousLayoutError, match="say different things"):
        read(project, root)
    root = write(tmp_path / "own", {"black/0.png": None, "metadata.csv": "file_name,label\nblack/0.png,black\n"})
    assert read(project, root)[0] == {"black": 1}


@pytest.mark.parametrize("rolls", [("100APPLE", "101APPLE"), ("2021-05-03", "2021-05-04"), ("202105", "100_PANA")])
def test_dates_and_folders_of_a_camera_are_asked_about(tmp_path, project, rolls):
    root = write(tmp_path / "DCIM", {f"{roll}/{n}.png": None for n, roll in enumerate(rolls)})
    with pytest.raises(AmbiguousLayoutError, match="folders of a camera") as caught:
        read(project, root)
    assert "--unlabelled" in caught.value.hint
    assert read(project, root, label_from="folder")[0] == dict.fromkeys(sorted(rolls), 1)


def test_a_table_is_read_in_the_encoding_and_with_the_separator_of_a_spreadsheet(tmp_path, project):
    root = write(tmp_path / "s", {"0.png": None, "1.png": None})
    (root / "labels.csv").write_bytes("image;label\n0.png;d\u00f6g\n1.png;cat\n".encode("cp1252"))
    assert read(project, root)[0] == {"cat": 1, "d\u00f6g": 1}


def test_a_row_about_another_folders_file_labels_nothing(tmp_path, project):
    root = write(
        tmp_path / "s", {"test/0.png": None, "test/1.png": None, "labels.csv": "file,label\ntrain/0.png,cat\n"}
    )
    with pytest.raises(ImportSourceError):
        read(project, root, label_from="metadata")


def test_a_table_names_what_its_folders_cannot(tmp_path, project):
    table = "file_name,label\na_b/0.png,a:b\ncat-2/1.png,cat\n"
    root = write(tmp_path / "s", {"a_b/0.png": None, "cat-2/1.png": None, "metadata.csv": table})
    assert read(project, root)[0] == {"a:b": 1, "cat": 1}


def test_a_table_that_swaps_the_folders_labels_is_asked_about(tmp_path, project):
    table = "file_name,label\ncat/0.png,dog\ndog/1.png,cat\n"
    root = write(tmp_path / "s", {"cat/0.png": None, "dog/1.png": None, "metadata.csv": table})
    with pytest.raises(AmbiguousLayoutError, match="say different things"):
        read(project, root)


def test_a_table_of_captions_changes_nothing(tmp_path, project):
    table = "file_name,text\na/0.png,a cat\nb/1.png,a dog\n"
    root = write(tmp_path / "s", {"a/0.png": None, "b/1.png": None, "metadata.csv": table})
    assert read(project, root)[0] == {"a": 1, "b": 1}


# --- nothing is lost


PARTS = ("black", "teddy", "train", "Testing", "val", "images", "monday", "set1", "data", "@eaDir", ".hidden", "runs")


@pytest.mark.parametrize("seed", range(40))
def test_every_file_of_any_tree_is_imported_or_named(seed, tmp_path, project):
    rng = random.Random(seed)
    names = {
        "/".join([*rng.choices(PARTS, k=rng.randint(0, 3)), f"{n}{rng.choice(('.png', '.png', '.txt', ''))}"])
        for n in range(12)
    }
    root = write(tmp_path / "s", sorted(names))
    try:
        report = import_images(project, root)
    except ImportSourceError as asked:
        assert asked.hint, "it was asked"
        assert not project.exists
        return
    named = [row["path"] for row in (*report.rejected, *report.left_out)]
    imported = {source.origin for source in Catalog(project).sources() if source.image_id}
    for name in names:
        path = str(root / name)
        assert path in imported or any(path == one or path.startswith(f"{one}/") for one in named), name
    assert len(imported) == report.imported
    assert sum(report.labels.values()) == report.imported


LITTER = ("@eaDir", "@EADIR", "$RECYCLE.BIN", "#recycle", ".@__thumb", "System Volume Information", ".picasaoriginals")


@pytest.mark.parametrize("litter", LITTER)
def test_folders_of_systems_are_left_out_and_named(litter, tmp_path, project):
    root = write(tmp_path / "s", [*each("black", "teddy"), *each(f"black/{litter}", f"{litter}/x")])
    for name in ("THUMBS.DB", "ehthumbs.db", "Desktop.ini", "Picasa.ini"):
        (root / "black" / name).write_bytes(b"\0")
    report = import_images(project, root)
    assert (report.labels, report.rejected) == ({"black": 2, "teddy": 2}, [])
    left = {Path(row["path"]).relative_to(root).as_posix() for row in report.left_out}
    assert left >= {f"black/{litter}", litter, "black/THUMBS.DB"}


def test_links_that_leave_the_folder_are_named_and_others_work(tmp_path, project):
    secret = write(tmp_path / "elsewhere", ["private/1.png"])
    root = write(tmp_path / "s", each("black", "teddy"))
    (root / "black" / "out.png").symlink_to(secret / "private" / "1.png")
    (root / "outside").symlink_to(secret)
    (root / "black" / "inside.png").symlink_to(root / "black" / "black0.png")
    (tmp_path / "link").symlink_to(root)
    report = import_images(project, tmp_path / "link")
    assert (report.imported, report.duplicates, report.labels) == (4, 1, {"black": 2, "teddy": 2})
    assert sorted(Path(row["path"]).name for row in report.rejected) == ["out.png", "outside"]
    assert all("leaves the folder" in row["reason"] for row in report.rejected)


def test_labels_that_look_alike_are_one_and_control_characters_are_refused(tmp_path, project):
    root = write(tmp_path / "s", ["gri\u200bzzly/1.png", "grizzly/2.png", "\ufb01sh/3.png", "fish/4.png", "a\tb/5.png"])
    report = import_images(project, root)
    assert report.labels == {"fish": 2, "grizzly": 2}
    assert [row["reason"] for row in report.rejected] == ["its label has a control character ('a\\tb')"]
    with pytest.raises(ImportSourceError, match="control character"):
        import_images(project, root, label="a\0b")
