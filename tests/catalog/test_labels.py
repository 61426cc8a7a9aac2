"""Labels: whichever way one comes in, it is tidied and checked by the same rules, and people are told."""

import csv
import sqlite3
import threading
import unicodedata
from itertools import pairwise, product

import pytest

from bearkit import decide_file, decide_one, export_dataset, import_images, merge_labels, preview_import
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import DecisionRequest
from bearkit.catalog.decisions import DecisionLog, labels_of
from bearkit.catalog.labels import (
    MAX_LENGTH,
    clean_label,
    cleaning_note,
    describe_look_alikes,
    label_problem,
    repair_label,
)
from bearkit.catalog.schema import ImageRecord
from bearkit.catalog.settings import catalog_name
from bearkit.errors import ImportSourceError, ReviewError
from bearkit.sources.label_notes import tidy_labels
from bearkit.sources.layout import SourceItem
from bearkit.sources.web.url_list import UrlList
from bearkit.studio.outbox import store
from bearkit.studio.rename import RenameLabels
from tests.conftest import picture, write_pictures

# What people or programs write, and the label that it is.
SAME = [
    ("cat ", "cat"), (" \t cat\n", "cat"), ("c\u200bat", "cat"), ("c\u200dat", "cat"), ("cat\ufe0f", "cat"),
    ("\ufeffcat", "cat"), ("\u202ecat\u202c", "cat"), ("c\u2060at", "cat"), ("cat\u3164", "cat"),
    ("cat\U000e0063", "cat"), ("polar\u00a0bear", "polar bear"), ("polar  bear", "polar bear"),
    ("polar\u3000bear", "polar bear"), ("polar\u2028bear", "polar bear"), ("cafe\u0301", "caf\u00e9"),
    ("\ufb01sh", "fish"),
]  # fmt: skip
KEPT = [
    "None", "nan", "007", "-", "a/b", "../etc", "C:\\cats", "a:b", "{x}", "\U0001f43b", "\u2764\ufe0f", "1\ufe0f\u20e3",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "cat.", "Cat",
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "\uff43\uff41\uff54", "x" * MAX_LENGTH,
]  # fmt: skip
NONE = ["\u200b", "\u3164", "\u2800\u00ad", "\u0301", "\ufe0f", "a\tb", "a\nb", "\x1b[2Jcat", "a\0b", "a\x85b",
        "x" * (MAX_LENGTH + 1), "\ud800"]  # fmt: skip


@pytest.fixture
def pets(pictured, tmp_path):
    """A project with two pictures of each of two labels."""
    return pictured(tmp_path, "pets", {"cat": 2, "dog": 2})


def labels(project):
    return labels_of(DecisionLog(Catalog(project)).images())


def first(project):
    return DecisionLog(Catalog(project)).images()[0].image_id


def put_in(project, label):
    """Let a picture have a label that an older bearkit let in."""
    with sqlite3.connect(project.catalog) as connection:
        connection.execute("UPDATE images SET label = ? WHERE image_id = ?", (label, first(project)))


# ------------------------------------------------------------------------------------------------------------ the rules


@pytest.mark.parametrize(("text", "label"), SAME)
def test_what_nobody_sees_is_no_part_of_a_label(text, label):
    assert (clean_label(text), label_problem(text)) == (label, "")
    assert bool(cleaning_note(text)) == (unicodedata.normalize("NFC", text) != label)


@pytest.mark.parametrize("text", KEPT)
def test_what_is_seen_is_kept_as_it_is_typed(text):
    assert (clean_label(text), label_problem(text), cleaning_note(text)) == (text, "", "")


@pytest.mark.parametrize("text", NONE)
def test_what_cannot_be_seen_or_stored_is_no_label(text):
    assert label_problem(text)
    fixed = repair_label(text)
    assert not label_problem(fixed)
    assert clean_label(fixed) == fixed


def test_a_label_that_was_tidied_is_tidy():
    alphabet = "ab \u0301\u200b\u200d\ufe0f\u20e3\u2764\u0915\u094d\u3164\u00a0\U0001f3f4\U000e0067"
    for text in map("".join, product(alphabet, repeat=3)):
        assert clean_label(clean_label(text)) == clean_label(text), ascii(text)


@pytest.mark.parametrize(
    ("new", "there", "why"),
    [
        ("Cat", "cat", "upper and lower case"),
        ("c\u0430t", "cat", "CYRILLIC SMALL LETTER A (U+0430)"),
        ("\uff43\uff41\uff54", "cat", "FULLWIDTH LATIN SMALL LETTER A (U+FF41)"),
        ("cat.", "cat", "`.`"),
        ("polar_bear", "polar bear", "`_`"),
        ("Al", "AI", "`I` and `l`"),
        ("\u041c\u0410\u041a", "MAK", "CYRILLIC CAPITAL LETTER"),
        ("\u2764", "\u2764\ufe0f", "VARIATION SELECTOR-16"),
        ("T\u2011shirt", "T-shirt", "NON-BREAKING HYPHEN"),
    ],
)
def test_labels_that_look_alike_are_told_with_what_differs(new, there, why):
    (told,) = describe_look_alikes([new], [there, "dog"])
    assert "looks like" in told
    assert why in told
    assert describe_look_alikes([there], [there, "dog"]) == []


@pytest.mark.parametrize(("one", "other"), [("A", "A+"), ("1", "-1"), ("cat", "cats"), ("a b", "ab"), ("0", "o")])
def test_labels_that_differ_to_the_eye_are_not_told(one, other):
    assert describe_look_alikes([one], [other]) == []


def test_many_look_alikes_are_counted():
    letters = "ABCDEFGHJK"
    told = describe_look_alikes(letters, [*letters, *letters.lower()])
    assert len(told) == 6
    assert told[-1] == "5 more pairs of labels look alike"


# ------------------------------------------------------------------------------------------------------------ the doors


def by_ledger(project, text, tmp_path):
    DecisionLog(Catalog(project)).decide([DecisionRequest(first(project), "relabel", text)], "ann")


def by_command(project, text, tmp_path):
    decide_one(project, first(project), f"relabel:{text}", "ann")


def by_csv(project, text, tmp_path):
    with (tmp_path / "d.csv").open("w", newline="", encoding="utf-8", errors="surrogatepass") as file:
        csv.writer(file).writerows([("image_id", "label"), (first(project), text)])
    decide_file(project, tmp_path / "d.csv", "ann")


def by_action_in_csv(project, text, tmp_path):
    with (tmp_path / "d.csv").open("w", newline="", encoding="utf-8", errors="surrogatepass") as file:
        csv.writer(file).writerows([("image_id", "action"), (first(project), f"relabel:{text}")])
    decide_file(project, tmp_path / "d.csv", "ann")


def by_rename(project, text, tmp_path):
    merge_labels(project, ["dog"], text, "ann")


def by_browser(project, text, tmp_path):
    chosen = {"image_id": first(project), "action": "relabel", "to": text}
    asked = {"project": catalog_name(Catalog(project)), "reviewer": "ann", "token": "t", "kind": "label", "view": "v"}
    store(project, asked | {"since": 0, "choices": [chosen]})


def by_option(project, text, tmp_path):
    (tmp_path / "9.png").write_bytes(picture(9, kind="PNG"))
    import_images(project, tmp_path / "9.png", label=text)


def by_catalog(project, text, tmp_path):
    Catalog(project).record([ImageRecord("0" * 64, "images/x.png", text, None, 1, 1, "PNG", 1)], [])


def by_amending(project, text, tmp_path):
    Catalog(project).update_image(first(project), label=text)


DOORS = [by_ledger, by_command, by_csv, by_action_in_csv, by_rename, by_browser, by_option, by_catalog, by_amending]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("text", ["ow\u200bl\u00a0", " o\u200dwl", "owl\ufeff"])
def test_a_label_is_tidied_at_every_door(pets, tmp_path, door, text):
    door(pets, text, tmp_path)
    assert "owl" in labels(pets)
    assert set(labels(pets)) <= {"cat", "dog", "owl"}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("text", ["\u200b", "a\tb", "\x1b[2Jcat", "x" * (MAX_LENGTH + 1)])
def test_what_is_no_label_comes_in_by_no_door(pets, tmp_path, door, text):
    before = DecisionLog(Catalog(pets)).newest_id(), DecisionLog(Catalog(pets)).images()
    with pytest.raises((ReviewError, ImportSourceError), match=r"its label (holds|has)"):
        door(pets, text, tmp_path)
    assert (DecisionLog(Catalog(pets)).newest_id(), DecisionLog(Catalog(pets)).images()) == before


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("text", ["None", "007", "nan", "a/b", "\U0001f43b", "\uff43\uff41\uff54"])
def test_words_that_programs_misread_are_labels_at_every_door(pets, tmp_path, door, text):
    if (door, text) in product([by_csv], ["None", "nan"]):
        pytest.skip("a cell of this kind says that there is no label")
    door(pets, text, tmp_path)
    assert text in labels(pets)


@pytest.mark.parametrize("action", ["relabel", "label", "keep"])
def test_a_label_that_is_no_text_is_refused(pets, action):
    with pytest.raises(ReviewError, match="5 is not a text"):
        DecisionLog(Catalog(pets)).decide([DecisionRequest(first(pets), action, 5)], "ann")


def test_the_same_letters_written_otherwise_are_the_label_that_a_picture_has(pets):
    decide_one(pets, first(pets), "relabel:caf\u00e9 noir", "ann")
    image = next(one.image_id for one in DecisionLog(Catalog(pets)).images() if one.label == "caf\u00e9 noir")
    result = decide_one(pets, image, "relabel:cafe\u0301\u00a0noir", "ann")
    assert [(row["action"], row["to_label"]) for row in result["stored"]] == [("keep", "caf\u00e9 noir")]


# ------------------------------------------------------------------------------------------------- what people are told


def test_a_decision_tells_what_was_tidied_and_what_looks_alike(pets, bearkit_json, tmp_path):
    said = bearkit_json("review", "decide", first(pets), "relabel:c\u0430t\u200b", "-p", pets.root)
    assert said["stored"][0]["to_label"] == "c\u0430t"
    assert said["notes"] == [
        "`c\u0430t\\u200b` is stored as `c\u0430t`",
        "`c\u0430t` looks like `cat`, and is another label: one of them has CYRILLIC SMALL LETTER A (U+0430)",
    ]
    again = bearkit_json("review", "decide", first(pets), "relabel:dog ", "-p", pets.root)
    assert again["notes"] == ["`dog ` is stored as `dog`"]


def test_the_browser_hears_which_label_was_stored(pets):
    chosen = [{"image_id": one.image_id, "action": "relabel", "to": "Do\u200bg"} for one in catalogued(pets)[:2]]
    asked = {"project": catalog_name(Catalog(pets)), "reviewer": "ann", "token": "t", "kind": "label", "view": "v"}
    answer = store(pets, asked | {"since": 0, "choices": chosen})
    assert set(answer["labels"].values()) == {"Dog"}
    assert "Dog" in answer["order"]
    assert [note.partition(",")[0] for note in answer["notes"]] == [
        "`Do\\u200bg` is stored as `Dog`", "`Dog` looks like `dog`",
    ]  # fmt: skip
    chosen[0]["to"] = "Dog"
    assert store(pets, asked | {"since": 0, "choices": chosen[:1], "token": "u"})["notes"] == []  # it is known by now


def catalogued(project):
    return DecisionLog(Catalog(project)).images()


def test_the_data_tab_says_the_label_that_was_stored(pets):
    tab = RenameLabels.__new__(RenameLabels)
    tab.project = pets
    by_browser(pets, "owl", None)
    said, _ = tab.rename(["dog"], "Owl\u00a0", 0, "ann")
    assert "Label of 2 pictures changed to `Owl`." in said
    assert "`Owl` looks like `owl`" in said


def test_an_import_tells_of_folders_that_become_one_label_and_of_those_that_look_alike(project, tmp_path):
    source = write_pictures(tmp_path / "s", {"cat": 1, "cat\u200b": 1, "c\u0430t": 1, "\u200b": 1})
    notes = preview_import(project, source).notes
    assert "`cat\\u200b` is stored as `cat`" in notes
    report = import_images(project, source)
    assert report.labels == {"cat": 2, "c\u0430t": 1}
    assert [row["reason"] for row in report.rejected] == ["its label has no visible characters ('\\u200b')"]
    assert report.notes == notes
    assert any("CYRILLIC" in note for note in notes)


def test_an_import_is_compared_with_the_labels_that_are_there(pets, tmp_path):
    source = write_pictures(tmp_path / "more", {"Cat": 1, "owl": 1}, start=20)
    assert any("`Cat` looks like `cat`" in note for note in import_images(pets, source).notes)
    assert not any("looks like" in note for note in import_images(pets, tmp_path / "more" / "owl", label="owl").notes)


def test_labels_of_any_importer_are_tidied_or_refused():
    found = [
        SourceItem(str(n), "x.png", text, None, bytes) for n, text in enumerate(["cat ", "\u200b", "a\tb", "", None])
    ]
    result, notes = tidy_labels(found)
    assert [(one.label, bool(one.problem)) for one in result] == [
        ("cat", False), (None, True), (None, True), ("", False), (None, False),
    ]  # fmt: skip
    assert notes == ["`cat ` is stored as `cat`"]


def test_a_list_of_addresses_skips_what_is_no_label_before_it_is_fetched():
    asked = UrlList()
    for n, label in enumerate(["cat\u200b", "\u200b", "a\tb"]):
        asked.add(f"https://e.org/{n}.jpg", label)
    assert asked.urls == {"https://e.org/0.jpg": "cat"}
    assert sum(asked.skipped.values()) == 2


def test_a_folder_in_images_whose_name_nobody_sees_is_no_label(pets):
    write_pictures(pets.images, {"\u200b": 1}, start=30)
    report = import_images(pets, pets.images)
    assert [row["reason"] for row in report.rejected] == ["it is in no label's folder"]
    assert labels(pets) == ["cat", "dog"]


def test_a_picture_moved_into_a_folder_that_is_no_label_keeps_the_one_it_has(pets, tmp_path):
    (pets.images / "\x1bcat").mkdir()
    image = catalogued(pets)[0]
    (pets.root / image.path).rename(pets.images / "\x1bcat" / "0.png")
    report = import_images(pets, tmp_path / "pets")
    assert [(row["label_before"], row["label"]) for row in report.moved] == [("cat", "cat")]
    assert labels(pets) == ["cat", "dog"]


# ------------------------------------------------------------------------------------------------- labels of before


@pytest.mark.parametrize(
    ("old", "now"),
    [("cat\u200b", ["cat", "dog"]), ("a\tb", ["a b", "cat", "dog"]), ("\u200b", ["cat", "dog"]), ("x" * 600, 3)],
)
def test_doctor_names_a_bad_label_and_mends_it_with_a_decision(pets, bearkit_json, old, now):
    put_in(pets, old)
    assert old in labels(pets)
    bearkit_json("status", "-p", pets.root)
    (problem,) = bearkit_json("doctor", "-p", pets.root, code=1)["problems"]
    assert problem["what"].startswith("1 picture with")
    assert old in labels(pets)
    (problem,) = bearkit_json("doctor", "--mend", "-p", pets.root)["problems"]
    assert problem["mended"]
    assert labels(pets) == now if isinstance(now, list) else len(labels(pets)) == now
    assert len(catalogued(pets)) == 4
    assert bearkit_json("doctor", "-p", pets.root)["ok"]
    bearkit_json("review", "undo", "-p", pets.root)
    assert old in labels(pets)
    bearkit_json("review", "redo", "-p", pets.root)
    assert old not in labels(pets)


def test_a_bad_label_can_be_renamed_kept_and_undone(pets):
    put_in(pets, "cat\u200b")
    bad = next(one for one in catalogued(pets) if one.label == "cat\u200b")
    assert decide_one(pets, bad.image_id, "keep", "ann")["stored"][0]["to_label"] == "cat\u200b"
    assert len(merge_labels(pets, ["cat\u200b"], "cat", "ann")["stored"]) == 1
    assert labels(pets) == ["cat", "dog"]
    DecisionLog(Catalog(pets)).undo()
    assert labels(pets) == ["cat", "cat\u200b", "dog"]


def test_a_row_that_names_a_label_of_before_changes_nothing(pets, tmp_path):
    put_in(pets, "cat\u200b")
    bad = next(one for one in catalogued(pets) if one.label == "cat\u200b")
    (tmp_path / "d.csv").write_text(f"image_id,label\n{bad.image_id},cat\u200b\n", encoding="utf-8")
    assert decide_file(pets, tmp_path / "d.csv", "ann")["stored"] == []


def test_doctor_notes_labels_that_look_alike_and_finds_nothing_wrong_with_them(pets, bearkit_json):
    decide_one(pets, first(pets), "relabel:Cat", "ann")
    found = bearkit_json("doctor", "-p", pets.root)
    assert (found["ok"], found["problems"]) == (True, [])
    assert found["notes"][0].startswith("`Cat` looks like `cat`")


def test_what_was_tidied_and_renamed_is_exported_under_its_label(pets, tmp_path):
    decide_one(pets, first(pets), "relabel:ow\u200bl", "ann")
    merge_labels(pets, ["dog"], "cafe\u0301\u00a0noir", "ann")
    for form in ("folder", "imagefolder", "csv"):
        result = export_dataset(pets, tmp_path / form, form)
        assert result["labels"] == {"caf\u00e9 noir": 2, "cat": 1, "owl": 1}
    assert {path.name for path in (tmp_path / "folder").iterdir() if path.is_dir()} == {"caf\u00e9 noir", "cat", "owl"}
    for table in ("labels.csv", "decisions.csv"):  # what goes out asks for no change when it comes back
        before = catalogued(pets)
        decide_file(pets, tmp_path / "csv" / table, "ben")
        assert catalogued(pets) == before


# ------------------------------------------------------------------------------------------------- renaming, and others


def test_rename_merges_labels_tells_what_was_not_there_and_is_one_step(pets, bearkit_json):
    said = bearkit_json("review", "rename", "dog", "cta", "--to", " cat", "-p", pets.root)
    assert (said["label"], len(said["stored"])) == ("cat", 2)
    assert said["notes"] == ["` cat` is stored as `cat`", "no picture had the label `cta`"]
    assert labels(pets) == ["cat"]
    bearkit_json("review", "undo", "-p", pets.root)
    assert labels(pets) == ["cat", "dog"]
    refused = bearkit_json("review", "rename", "x", "--to", "y", "-p", pets.root, code=1)
    assert "no picture would change" in refused["error"]


def test_a_rename_leaves_pictures_without_a_label_alone(pets):
    image = first(pets)
    decide_one(pets, image, "unlabel", "ann")
    assert len(merge_labels(pets, ["", "\u200b", "dog"], "owl", "ann")["stored"]) == 2
    assert {one.image_id: one.label for one in catalogued(pets)}[image] == ""


def test_a_list_of_labels_brings_no_deleted_picture_back_unless_it_asks_for_a_change(pets, tmp_path):
    image = first(pets)
    decide_one(pets, image, "delete", "ann")
    (tmp_path / "same.csv").write_text(f"image_id,label\n{image},cat\n")
    (tmp_path / "other.csv").write_text(f"image_id,label\n{image},dog\n")
    assert decide_file(pets, tmp_path / "same.csv", "ben")["stored"] == []
    assert len(catalogued(pets)) == 3
    assert decide_file(pets, tmp_path / "other.csv", "ben")["notes"] == ["1 picture that had been deleted came back"]
    assert len(catalogued(pets)) == 4


@pytest.mark.parametrize("other", ["f" * 64, "nowhere.png"])
def test_a_picture_is_beside_no_picture_that_is_not_there(pets, tmp_path, other):
    image = first(pets)
    with pytest.raises(ReviewError, match="there is no picture"):
        decide_one(pets, image, f"beside:{other}", "ann")
    with pytest.raises(ReviewError, match="there is no picture"):
        DecisionLog(Catalog(pets)).decide([DecisionRequest(image, "beside", other)], "ann")
    (tmp_path / "d.csv").write_text(f"image_id,action\n{image},beside:{other}\n{image},keep\n")
    assert decide_file(pets, tmp_path / "d.csv", "ann")["unmatched"] == [other]
    with pytest.raises(ReviewError, match="beside itself"):
        decide_one(pets, image, f"beside:{image[:9]}", "ann")
    assert DecisionLog(Catalog(pets)).same_split_as() == {}


def test_a_picture_is_beside_another_one_by_the_beginning_of_its_id(pets, tmp_path):
    one, other, *_ = [image.image_id for image in catalogued(pets)]
    (tmp_path / "d.csv").write_text(f"image_id,action\n{one},beside:{other[:9]}\n")
    decide_file(pets, tmp_path / "d.csv", "ann")
    assert DecisionLog(Catalog(pets)).same_split_as() == {one: other}


def test_decisions_about_pictures_whose_rows_are_lost_are_left_out_of_tables(pets, tmp_path):
    one, other, *_ = [image.image_id for image in catalogued(pets)]
    for image in (one, other):
        decide_one(pets, image, "relabel:owl", "ann")
    with sqlite3.connect(pets.catalog) as connection:
        connection.execute("DELETE FROM images WHERE image_id = ?", (one,))
    export_dataset(pets, tmp_path / "out", "csv")
    rows = csv.DictReader((tmp_path / "out" / "decisions.csv").read_text().splitlines())
    assert [row["image_id"] for row in rows] == [other]


def test_a_rename_and_relabels_at_once_lose_nothing(pets):
    ids = [one.image_id for one in catalogued(pets) if one.label == "dog"]
    errors, both = [], threading.Barrier(2)

    def rename():
        both.wait()
        try:
            for _ in range(10):
                merge_labels(pets, ["dog", "owl"], "hound", "ann")
                merge_labels(pets, ["hound"], "dog", "ann")
        except ReviewError as error:
            errors.append(error)

    def relabel():
        both.wait()
        for _ in range(20):
            DecisionLog(Catalog(pets)).decide([DecisionRequest(ids[0], "relabel", "owl")], "ben")

    threads = [threading.Thread(target=rename), threading.Thread(target=relabel)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    rows = DecisionLog(Catalog(pets)).of_image(ids[0])
    for before, after in pairwise(rows):
        assert after.from_label == before.to_label  # each decided on what the one before had left
    assert len([row for row in rows if row.reviewer == "ben"]) == 20
    renamed = [row for row in rows if row.reviewer == "ann"]
    assert all(row.from_label in ("dog", "owl", "hound") and row.to_label != row.from_label for row in renamed)
