"""Labels and file names of any text: one form, nothing unseen, and no way out of the project's folder."""

import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

from hypothesis import given
from hypothesis import strategies as st

from bearkit.catalog.labels import (
    clean_label,
    describe_look_alikes,
    label_problem,
    repair_label,
    valid_label,
    visible_label,
)
from bearkit.datasets.layouts import label_folders
from bearkit.errors import ImportSourceError
from bearkit.sources.layout import file_name, folder_name, readable_path

# Characters that are joined, vary an emoji, are seen by nobody, or mean something in a path.
TRICKY = "aB \t\n\0\u00ad\u200b\u200c\u200d\ufe0f\u20e3\u0301\u00e9\ufb01\u3164\u2028\U000e0067\U0001f3f4/\\.:~_-\ud800"
TEXTS = st.one_of(
    st.text(max_size=20), st.text(TRICKY, max_size=8), st.text("ab./\\ \u4e2d", min_size=100, max_size=300)
)


@given(TEXTS)
def test_a_label_that_is_tidied_again_stays_the_same(text):
    label = clean_label(text)
    assert clean_label(label) == label
    assert label == label.strip()
    assert "  " not in label


@given(TEXTS)
def test_both_ways_to_write_a_letter_are_one_label(text):
    composed, decomposed = unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)
    assert clean_label(composed) == clean_label(decomposed)


@given(TEXTS)
def test_what_is_stored_as_a_label_is_one(text):
    if label_problem(text):
        return
    label = valid_label(text, ImportSourceError)
    assert valid_label(label, ImportSourceError) == label
    assert all(unicodedata.category(char) not in ("Cc", "Cs") for char in label)
    label.encode()


@given(TEXTS)
def test_any_text_is_mended_to_a_label_or_to_none(text):
    label = repair_label(text)
    assert label_problem(label) == ""
    assert clean_label(label) == label


@given(TEXTS)
def test_a_label_is_shown_with_nothing_that_cannot_be_seen(text):
    assert visible_label(text).isprintable()


@given(st.lists(TEXTS, max_size=6))
def test_sentences_about_labels_that_look_alike_can_be_printed(texts):
    labels = [clean_label(text) for text in texts if not label_problem(text)]
    assert all(sentence.isprintable() for sentence in describe_look_alikes(labels, labels))


@given(TEXTS)
def test_a_file_name_is_one_part_of_a_path_on_every_system(text):
    for name in (file_name(text), folder_name(text)):
        assert PurePosixPath(name).parts == PureWindowsPath(name).parts == (name,)
        assert name not in (".", "..")
        assert not set(name) & set('<>:"/\\|?*\0\n')
        assert not name.endswith((".", " "))
        assert len(name.encode()) <= 167


@given(TEXTS)
def test_a_file_name_is_not_changed_again(text):
    assert file_name(file_name(text)) == file_name(text)
    assert folder_name(folder_name(text)) == folder_name(text)


@given(st.sets(TEXTS, max_size=8))
def test_each_label_has_a_folder_of_its_own_on_every_disk(labels):
    folders = label_folders(labels)
    assert folders.keys() == labels
    assert len({name.casefold() for name in folders.values()}) == len(labels)
    for name in folders.values():
        assert (PurePosixPath("/project/images") / name).parent == PurePosixPath("/project/images")


@given(st.binary(max_size=12))
def test_any_name_of_a_file_can_be_stored(name):
    path = readable_path(name.decode("utf-8", "surrogateescape"))
    assert path.encode().decode() == path
