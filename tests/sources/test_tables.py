"""Tables of labels beside pictures: read where they are clear, asked about where not, and never ignored in silence."""

import json
import unicodedata
from pathlib import Path

import pytest

from bearkit import Project, import_images, preview_import
from bearkit.catalog.catalog import Catalog
from bearkit.errors import ImportSourceError
from bearkit.sources.image_names import ImageIndex
from bearkit.sources.scheme import AmbiguousLayoutError
from bearkit.sources.table_columns import split_word
from tests.samples import write

LABELS = {"0": "cat", "1": "dog", "2": "cat", "3": "dog"}
PARTS = {"images_part_1/0.png": None, "images_part_1/1.png": None, "images_part_2/2.png": None,
         "images_part_2/3.png": None}  # fmt: skip
FLAT = {f"pics/{n}.png": None for n in range(4)}


def rows(form, labels=LABELS, header="file_name,label"):
    return "\n".join([header, *(f"{form.format(name)},{label}" for name, label in labels.items()), ""])


def seen(project, root, **how):
    found = preview_import(project, root, **how)
    return found.labels, found.splits


def notes(project, root, **how):
    return " | ".join(preview_import(project, root, **how).notes)


# --- tables beside several folders


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("metadata.csv", rows("{}.png")),
        ("metadata.csv", rows("{}")),
        ("labels.csv", rows("{}.png", header="image,diagnosis")),
        ("tables/train.csv", rows("{}.jpg", header="id,class")),
        ("labels.csv", rows("{}", {f"images_part_{1 + int(n) // 2}/{n}.png": label for n, label in LABELS.items()})),
        ("labels.csv", rows("/x/{}", {f"s/images_part_{1 + int(n) // 2}/{n}": label for n, label in LABELS.items()})),
    ],
)  # fmt: skip
def test_a_table_beside_numbered_folders_gives_the_labels(name, text, tmp_path, project):
    root = write(tmp_path / "s", PARTS | {name: text})
    assert seen(project, root)[0] == {"cat": 2, "dog": 2}


def test_folders_that_may_be_labels_and_a_table_that_says_others_are_asked_about(tmp_path, project):
    files = {"left/0.png": None, "left/1.png": None, "right/2.png": None, "right/3.png": None}
    root = write(tmp_path / "s", files | {"labels.csv": rows("{}.png")})
    with pytest.raises(AmbiguousLayoutError, match="say different things") as asked:
        seen(project, root)
    assert [one["labels"] for one in asked.value.details["readings"]] == [{"left": 2, "right": 2}, {"cat": 2, "dog": 2}]
    assert seen(project, root, label_from="metadata")[0] == {"cat": 2, "dog": 2}
    assert seen(project, root, label_from="folder")[0] == {"left": 2, "right": 2}


def test_a_table_that_names_nearly_all_pictures_gives_the_labels_and_the_others_are_listed(tmp_path, project):
    pictures = {f"images_part_{1 + n % 2}/{n}.png": None for n in range(20)}
    labels = {str(n): ("cat", "dog")[n % 3 == 0] for n in range(19)}
    root = write(tmp_path / "s", pictures | {"metadata.csv": rows("{}.png", labels)})
    report = import_images(project, root)
    assert report.labels == {"cat": 12, "dog": 7}
    assert [Path(row["path"]).name for row in report.rejected] == ["19.png"]
    few = write(tmp_path / "few", pictures | {"metadata.csv": rows("{}.png", dict(list(labels.items())[:8]))})
    with pytest.raises(AmbiguousLayoutError):
        seen(Project(tmp_path / "p2"), few)


def test_the_same_file_name_in_two_folders_is_not_guessed(tmp_path, project):
    files = {"images_1/0.png": None, "images_2/0.png": None, "images_2/1.png": None, "labels.csv": rows("{}.png")}
    root = write(tmp_path / "s", files)
    with pytest.raises(AmbiguousLayoutError, match=r"1 row may mean several pictures, the first is `0.png` in line 2"):
        seen(project, root)


def test_a_list_of_labels_or_a_table_of_a_few_pictures_does_not_outvote_folders(tmp_path, project):
    files = {f"{('cat', 'dog')[n % 3 == 1]}/{n}.png": None for n in range(22)}
    root = write(tmp_path / "s", files | {"classes.csv": "id,label\n0,dog\n1,cat\n"})
    assert seen(project, root)[0] == {"cat": 15, "dog": 7}
    assert "classes.csv is not used: it lists the labels" in notes(project, root)
    root = write(tmp_path / "t", files | {"odd.csv": "file,class\n0.png,blurry\n2.png,blurry\n"})
    assert seen(project, root)[0] == {"cat": 15, "dog": 7}
    assert "odd.csv is not used: it gives 2 of 22 pictures a label" in notes(project, root)


# --- bearkit's own data sets, changed by hand


@pytest.mark.parametrize("label", ["a:b", "Cat", "line\u2028end", "2024-01-01"])
def test_a_data_set_of_bearkits_keeps_its_labels_when_pictures_are_added(label, tmp_path, project, bearkit_json):
    labels = {"cat": "cat", "other": "2024-01-02" if label.startswith("2024") else label.replace("\u2028", " ")}
    for n, name in enumerate(labels.values()):
        source = write(tmp_path / f"from{n}", [f"x/{n}{k}.png" for k in range(4)])
        for k, path in enumerate(sorted(source.rglob("*.png"))):
            path.write_bytes(path.read_bytes() + bytes([n, k]))
        import_images(project, source, label=name)
    bearkit_json("export-dataset", tmp_path / "out", "--format", "imagefolder", "-p", project.root)
    again = seen(Project(tmp_path / "p2"), tmp_path / "out")
    assert again[0] == dict.fromkeys(labels.values(), 4)
    folder = next((tmp_path / "out" / "train").glob("[!c]*/")) if label != "Cat" else tmp_path / "out" / "train" / "Cat"
    write(folder, {"added.png": None})
    write(tmp_path / "out", {"train/stray.png": None})
    report = import_images(Project(tmp_path / "p3"), tmp_path / "out")
    assert report.labels == {"cat": 4, labels["other"]: 4} or report.labels == {"cat": 4, labels["other"]: 5}
    assert [Path(row["path"]).name for row in report.rejected if row["path"].endswith("png")] == ["stray.png"]
    assert any("added.png" in note for note in report.notes)
    assert sum(report.splits.values()) == sum(report.labels.values())


def test_a_data_set_of_bearkits_with_a_new_label_folder_is_asked_about_where_folders_are_no_labels(tmp_path, project):
    table = "file_name,label,split,image_id,imported_as\na_b/0.png,a:b,train,x,a\ncat/1.png,cat,train,y,cat\n"
    files = {"a_b/0.png": None, "cat/1.png": None, "metadata.csv": table}
    root = write(tmp_path / "s", files | {"panda/2.png": None})
    with pytest.raises(AmbiguousLayoutError, match="names no picture in the folders `panda`"):
        seen(project, root)
    plain = write(tmp_path / "t", {"cat/0.png": None, "dog/1.png": None, "panda/2.png": None,
                                   "metadata.csv": "file_name,label\ncat/0.png,cat\ndog/1.png,dog\n"})  # fmt: skip
    assert seen(project, plain)[0] == {"cat": 1, "dog": 1, "panda": 1}
    assert "1 picture that the table metadata.csv does not name" in notes(project, plain)


def test_the_tables_of_an_export_as_csv_are_read_beside_the_pictures(tmp_path, project):
    table = "file_name,label,split,image_id,imported_as\nimages/black/0.png,teddy,valid,x,black\n"
    table += "images/black/1.png,black,train,y,black\nimages/teddy/2.png,teddy,train,z,teddy\n"
    decisions = "image_id,path,action,imported_as\nx,images/black/0.png,relabel:teddy,black\n"
    files = {"images/black/0.png": None, "images/black/1.png": None, "images/teddy/2.png": None}
    root = write(tmp_path / "s", files | {"labels.csv": table, "decisions.csv": decisions})
    assert seen(project, root) == ({"black": 1, "teddy": 2}, {"train": 2, "valid": 1})
    assert "decisions.csv is not used" in notes(project, root)


# --- broken and unusual tables


def test_a_cut_off_table_is_used_as_far_as_it_goes_and_the_rest_is_named(tmp_path, project):
    lines = "".join(json.dumps({"file_name": f"{n}.png", "label": label}) + "\n" for n, label in LABELS.items())
    root = write(tmp_path / "s", FLAT | {"pics/metadata.jsonl": lines[:-8]})
    with pytest.raises(AmbiguousLayoutError, match="1 line that cannot be read, the first is line 4"):
        seen(project, root)
    report = import_images(project, root, label_from="metadata")
    assert report.labels == {"cat": 2, "dog": 1}
    assert [Path(row["path"]).name for row in report.rejected] == ["3.png"]
    root = write(tmp_path / "t", FLAT | {"labels.csv": rows("{}.png")[:-2]})
    report = import_images(Project(tmp_path / "p2"), root)
    assert report.labels == {"cat": 2, "dog": 1}
    assert [row["reason"] for row in report.rejected] == ["line 5 of labels.csv is the last one and cut off: `do`"]
    root = write(tmp_path / "u", FLAT | {"labels.csv": rows("{}.png")[:-1]})
    assert seen(project, root)[0] == {"cat": 2, "dog": 2}, "a last line without its end is whole"


def test_a_huge_cell_hides_no_table(tmp_path, project):
    huge = "file_name,label,thumbnail\n" + "".join(f"{n}.png,{v},{'A' * 200_000}\n" for n, v in LABELS.items())
    assert seen(project, write(tmp_path / "s", FLAT | {"labels.csv": huge}))[0] == {"cat": 2, "dog": 2}


def test_a_quotation_mark_without_an_end_makes_no_label(tmp_path, project):
    text = rows("{}.png").replace("1.png,dog", '1.png,"dog')
    root = write(tmp_path / "s", FLAT | {"labels.csv": text})
    with pytest.raises(AmbiguousLayoutError):
        seen(project, root)
    report = import_images(project, root, label_from="metadata")
    assert report.labels == {"cat": 1}
    assert any("a quotation mark that does not end" in row["reason"] for row in report.rejected)


@pytest.mark.parametrize(
    "header",
    ["image,diagnosis", "image,choice", "image,dx", "image,class_name", "Image Index,Finding Labels", "photo,Species",
     "isic_id,benign_malignant:label", "image,ground_truth.label"],
)  # fmt: skip
def test_columns_by_other_names_are_understood(header, tmp_path, project):
    header = header.partition(":")[0].replace("benign_malignant", "label")
    root = write(tmp_path / "s", PARTS | {"table.csv": rows("{}", header=header)})
    assert seen(project, root)[0] == {"cat": 2, "dog": 2}


@pytest.mark.parametrize(("yes", "no"), [("1", "0"), ("1.0", "0.0"), ("True", "False"), ("x1"[1:], "")])
def test_a_column_of_0_and_1_a_label_is_read_with_the_names_as_written(yes, no, tmp_path, project):
    text = "image,MEL,NV,train\n" + f"0,{yes},{no},{no}\n1,{no},{yes},{no}\n2,{no},{no},{yes}\n3,{yes},{no},{no}\n"
    assert seen(project, write(tmp_path / "s", PARTS | {"truth.csv": text}))[0] == {"MEL": 2, "NV": 1, "train": 1}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("labels.csv", rows("{}.png").partition("\n")[2]),
        ("labels.tsv", rows("{}.png").partition("\n")[2].replace(",", "\t")),
        ("labels.json", json.dumps({f"{name}.png": label for name, label in LABELS.items()})),
        ("labels.json", json.dumps({"cat": ["0.png", "2.png"], "dog": ["1.png", "3.png"]})),
        ("labels.json", json.dumps([{"image": f"{name}.png", "class": label} for name, label in LABELS.items()])),
    ],
)
def test_tables_without_a_header_and_json_are_understood(name, text, tmp_path, project):
    assert seen(project, write(tmp_path / "s", PARTS | {name: text}))[0] == {"cat": 2, "dog": 2}


@pytest.mark.parametrize("header", ["", "file,category\n"])
def test_credits_and_captions_beside_folders_of_labels_are_no_labels(header, tmp_path, project):
    files = {f"{('cat', 'dog')[n % 2]}/{n}.png": None for n in range(12)}
    credit = header + "".join(f"{name},by Ann - page {n}\n" for n, name in enumerate(files))
    root = write(tmp_path / "s", files | {"credits.csv": credit})
    assert seen(project, root)[0] == {"cat": 6, "dog": 6}
    assert "the table credits.csv is not used" in notes(project, root)


def test_json_that_is_no_table_of_these_pictures_is_no_matter(tmp_path, project):
    files = FLAT | {"config.json": '{"name": "x", "size": 3}', "list.json": "[1, 2]", "broken.json": '{"a": '}
    assert notes(project, write(tmp_path / "s", files)).count("not used") == 0


def test_several_ones_in_a_row_are_no_label(tmp_path, project):
    text = "image,cat,dog\n0,1,1\n1,1,1\n2,0,1\n3,1,0\n"
    root = write(tmp_path / "s", FLAT | {"truth.csv": text})
    with pytest.raises(AmbiguousLayoutError, match="hold 0 and 1, but not one 1 in each row"):
        seen(project, root)


def test_a_column_that_only_looks_like_labels_is_asked_about(tmp_path, project):
    root = write(tmp_path / "s", FLAT | {"faces.csv": rows("{}.png", header="image,mood")})
    with pytest.raises(AmbiguousLayoutError, match="its column `mood` may be the labels: call it `label`"):
        seen(project, root)
    assert seen(project, root, label_from="metadata")[0] == {"cat": 2, "dog": 2}
    root = write(tmp_path / "t", {"a/0.png": None, "a/1.png": None, "b/2.png": None, "b/3.png": None,
                                  "faces.csv": rows("{}.png", header="image,mood")})  # fmt: skip
    assert seen(project, root)[0] == {"a": 2, "b": 2}
    assert "`mood` may be the labels" in notes(project, root)


def test_two_columns_of_labels_are_named_unless_they_say_the_same(tmp_path, project):
    text = "image,species,breed\n0,cat,lynx\n1,dog,husky\n2,cat,tabby\n3,dog,husky\n"
    with pytest.raises(AmbiguousLayoutError, match="`breed`, `species` may all be labels: call one of them `label`"):
        seen(project, write(tmp_path / "s", FLAT | {"t.csv": text}))
    text = "image,class,class_name\n0,5,cat\n1,7,dog\n2,5,cat\n3,7,dog\n"
    assert seen(project, write(tmp_path / "t", FLAT | {"t.csv": text}))[0] == {"cat": 2, "dog": 2}


@pytest.mark.parametrize(
    ("file", "named"),
    [
        ("1.JPG", "1.jpg"),
        ("1.png", "1.PNG"),
        (unicodedata.normalize("NFD", "Bär.png"), unicodedata.normalize("NFC", "Bär.png")),
        ("1.png", "1"),
        ("a.b.png", "a.b"),
        ("1.png", "1.jpg"),
        ("1.png", "C:\\\\data\\\\pics\\\\1.png"),
        ("1.png", "./1.png"),
        ("1.png", "../pics/1.png"),
        ("1.png", "/data/upload/7/1a2b3c4d-1.png"),
        ("1.png", "https://e.org/x/1.png?w=2"),
    ],
)
def test_a_picture_is_found_by_the_name_that_other_tools_give_it(file, named, tmp_path, project):
    files = {f"pics/{file}": None, "pics/2.png": None, "pics/labels.csv": f"file_name,label\n{named},cat\n2.png,dog\n"}
    assert seen(project, write(tmp_path / "s", files))[0] == {"cat": 1, "dog": 1}


def test_upper_case_counts_where_two_names_differ_in_nothing_else():
    paths = [Path("1.JPG"), Path("1.jpg"), Path("a/2.png"), Path("b/2.png")]
    find = ImageIndex("s", paths).find
    assert find("1.JPG", Path()) == [paths[0]]
    assert find("1.jpg", Path()) == [paths[1]]
    assert find("2.png", Path()) == paths[2:]
    assert find("2.png", Path("b")) == [paths[3]]
    assert find("x/a/2.png", Path()) == [paths[2]]
    assert find("c/2.png", Path()) == []


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("labels.csv", "file_name,label\nx.png,cat\n", "no row of it names a picture here"),
        ("labels.xlsx", "PK", "save it as CSV"),
        ("labels.csv", "PK\x03\x04", "spreadsheet"),
        ("metadata.csv", "file_name,text\n0.png,a\n1.png,b\n2.png,c\n3.png,d\n", "of its columns `file_name`, `text`"),
        ("sample_submission.csv", rows("{}.png"), "a submission to a competition"),
        ("p.csv", rows("{}.png,0.9,True,1", header="path,probability,known,similarity,label"), "it holds predictions"),
        ("metadata.jsonl", '{"file_name": \n', "no row of it names a picture"),
        ("metadata.parquet", "PAR1", "cannot be read as parquet"),
        ("labels.csv", "", "no row of it names a picture here"),
    ],
)  # fmt: skip
def test_a_table_that_is_not_used_is_named(name, text, why, tmp_path, project):
    root = write(tmp_path / "s", {"a/0.png": None, "a/1.png": None, "b/2.png": None, "b/3.png": None, name: text})
    assert seen(project, root)[0] == {"a": 2, "b": 2}
    said = notes(project, root)
    assert f"the table {name} is not used: " in said
    assert why in said


# --- splits


@pytest.mark.parametrize(
    ("column", "values", "split"),
    [
        ("is_valid", "True False False False", "valid"),
        ("is_valid", "1 0 0 0", "valid"),
        ("set", "val train train train", "valid"),
        ("subset", "Test Train Train Train", "test"),
        ("holdout", "yes no no no", "test"),
        ("hold_out", "1 0 0 0", "test"),
        ("is_test", "true false false false", "test"),
        ("is_train", "0 1 1 1", "test"),
        ("Usage", "PublicTest Training Training Training", "test"),
        ("role", "validation training training training", "valid"),
        ("partition", "hold-out train train train", "test"),
    ],
)
@pytest.mark.parametrize("labelled", [True, False])
def test_pictures_that_a_table_holds_out_are_never_trained_on(column, values, split, labelled, tmp_path, project):
    table = f"file_name,{'label,' if labelled else ''}{column}\n"
    for n, value in enumerate(values.split()):
        table += f"{n}.png,{'cat,' if labelled else ''}{value}\n"
    folder = "images" if labelled else "cat"
    root = write(tmp_path / "s", {f"{folder}/{n}.png": None for n in range(4)} | {"table.csv": table})
    report = import_images(project, root)
    assert (report.labels, report.splits) == ({"cat": 4}, {"train": 3, split: 1})
    given = {Path(image.path).name: image.given_split for image in Catalog(project).images()}
    assert given == {"0.png": split, "1.png": "train", "2.png": "train", "3.png": "train"}
    assert any(f"splits come from table.csv (`{column}`)" in note for note in report.notes)


def test_splits_of_a_table_count_with_folders_of_labels_and_what_is_held_out_anywhere_stays_so(tmp_path, project):
    table = "file_name,label,is_valid,split\ncat/0.png,cat,0,test\ncat/1.png,cat,1,train\ndog/2.png,dog,0,train\n"
    files = {"cat/0.png": None, "cat/1.png": None, "dog/2.png": None, "table.csv": table}
    root = write(tmp_path / "s", files)
    assert seen(project, root) == ({"cat": 2, "dog": 1}, {"test": 1, "valid": 1, "train": 1})
    assert seen(project, root, label_from="folder")[1] == {"test": 1, "valid": 1, "train": 1}
    assert seen(project, root, splits=False)[1] == {}
    inside = {f"test/{name}": text for name, text in files.items()}
    assert seen(project, write(tmp_path / "t", inside))[1] == {"test": 3}


def test_tables_called_train_and_test_say_splits(tmp_path, project):
    files = FLAT | {
        "train.csv": rows("{}.png", {"0": "cat", "1": "dog", "2": "cat"}),
        "test_labels.csv": rows("{}", {"3": "dog"}),
    }
    assert seen(project, write(tmp_path / "s", files)) == ({"cat": 2, "dog": 2}, {"train": 3, "test": 1})


@pytest.mark.parametrize(
    ("column", "values"), [("fold", "0123"), ("split", "1213"), ("kfold_5", "0101"), ("Set", "ABAB")]
)
def test_a_column_that_may_be_a_split_and_cannot_be_read_as_one_is_named(column, values, tmp_path, project):
    table = f"file_name,label,{column}\n" + "".join(f"{n}.png,{LABELS[str(n)]},{v}\n" for n, v in enumerate(values))
    root = write(tmp_path / "s", FLAT | {"table.csv": table})
    assert seen(project, root) == ({"cat": 2, "dog": 2}, {})
    assert f"the column `{column}` is not used as a split, its values are" in notes(project, root)


def test_a_value_that_is_no_split_is_named(tmp_path, project):
    table = "file_name,label,split\n0.png,cat,train\n1.png,dog,test\n2.png,cat,extra\n3.png,dog,train\n"
    root = write(tmp_path / "s", FLAT | {"table.csv": table})
    assert seen(project, root)[1] == {"train": 2, "test": 1}
    assert "`extra` in the column `split` is read as no split" in notes(project, root)


def test_labels_called_as_splits_stay_labels():
    assert split_word("bus") is None
    assert split_word("latest") is None


# --- two rows about one picture


def test_rows_that_say_the_same_are_one_and_rows_that_differ_are_left_out_by_name(tmp_path, project):
    table = rows("{}.png", header="image,choice") + "0.png,cat\n1.png,cat\n2.png,\n1.png,dog\n"
    report = import_images(project, write(tmp_path / "s", FLAT | {"labels.csv": table}))
    assert report.labels == {"cat": 2, "dog": 1}
    assert [(Path(row["path"]).name, row["reason"]) for row in report.rejected] == [
        ("1.png", "its rows give it different labels: `dog` (line 3 of labels.csv), `cat` (line 7 of labels.csv)")
    ]


def test_two_tables_that_differ_are_a_conflict_too(tmp_path, project):
    files = FLAT | {"a.csv": rows("{}.png"), "b.csv": "file,class\n0.png,bird\n1.png,dog\n"}
    report = import_images(project, write(tmp_path / "s", files))
    assert report.labels == {"cat": 1, "dog": 2}
    assert "`cat` (line 2 of a.csv), `bird` (line 2 of b.csv)" in report.rejected[0]["reason"]


def test_a_table_with_no_label_for_any_picture_takes_none_away(tmp_path, project):
    table = "file_name,label\n0.png,\n1.png,\n2.png,\n3.png,\n"
    files = {"a/0.png": None, "a/1.png": None, "b/2.png": None, "b/3.png": None, "labels.csv": table}
    root = write(tmp_path / "s", files)
    assert seen(project, root)[0] == {"a": 2, "b": 2}
    assert "labels.csv is not used" in notes(project, root)


def test_no_table_names_these_pictures(tmp_path, project):
    root = write(tmp_path / "s", FLAT | {"labels.csv": "file_name,label\nx.png,cat\n"})
    with pytest.raises(ImportSourceError, match="no row of it names a picture here"):
        seen(project, root, label_from="metadata")


# --- folders that are no labels


@pytest.mark.parametrize(
    "names",
    [("batch1", "batch2"), ("monday", "tuesday"), ("camera1", "camera2"), ("part_1", "part_2"), ("Batch A", "Batch B"),
     ("session-01", "session-02"), ("monday", "sunday"), ("2019", "2020"), ("batch1", "batch2", "extra"),
     ("March 2024", "April 2024"), ("New folder", "New folder (2)"), ("images1", "images2"), ("Mon_am", "Tue_pm")],
)  # fmt: skip
def test_batches_and_days_are_asked_about(names, tmp_path, project):
    root = write(tmp_path / "s", {f"{name}/{n}.png": None for n, name in enumerate(names)})
    with pytest.raises(AmbiguousLayoutError) as asked:
        seen(project, root)
    assert "--unlabelled" in asked.value.hint
    assert seen(project, root, label_from="folder")[0] == dict.fromkeys(sorted(names), 1)


@pytest.mark.parametrize(
    "names",
    [("camera", "lens"), ("day", "night"), ("summer", "winter"), ("black", "grizzly", "teddy"), ("0", "1", "2"),
     ("class1", "class2"), ("grade_1", "grade_2"), ("n02086240", "n02087394"), ("001.ak47", "002.american-flag"),
     ("sun", "moon"), ("may", "oak"), ("passport", "card"), ("monday", "cat"), ("type_a", "type_b"),
     ("batch1", "other"), ("full", "empty"), ("stage1", "stage2"), ("Beagle", "american_bulldog"), ("train", "bus")],
)  # fmt: skip
def test_labels_are_never_asked_about(names, tmp_path, project):
    root = write(tmp_path / "s", {f"{name}/{n}.png": None for n, name in enumerate(names)})
    assert seen(project, root)[0] == dict.fromkeys(sorted(names), 1)


def test_labels_inside_batches_are_offered(tmp_path, project):
    names = ("batch1/cat", "batch1/dog", "batch2/cat", "batch2/dog")
    root = write(tmp_path / "s", {f"{name}/{n}.png": None for n, name in enumerate(names)})
    with pytest.raises(AmbiguousLayoutError) as asked:
        seen(project, root)
    assert {"cat": 2, "dog": 2} in [one["labels"] for one in asked.value.details["readings"]]
