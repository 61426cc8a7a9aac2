"""Labels read from any folders: a clear tree is read exactly, and no file of an unclear one gets lost."""

from pathlib import PurePosixPath

from hypothesis import assume, given
from hypothesis import strategies as st

from bearkit.catalog.labels import clean_label, label_problem
from bearkit.errors import ImportSourceError
from bearkit.sources.folder_names import batch_kind, is_series, same_name, split_of
from bearkit.sources.label_reading import read_labels
from bearkit.sources.layout import SourceItem, is_system_file
from bearkit.sources.scheme import LABEL_FROM, ReadingOptions, label_in_name

LABELS = ("black", "grizzly", "teddy", "polar bear", "B\u00e4r")
WORDS = (*LABELS, "train", "Testing", "val", "images", "monday", "set1", "set2", "data", "2021", "100APPLE", "runs")
NAMES = st.one_of(st.sampled_from(WORDS), st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=6))
SPLITS = {"train": ("train", "Training"), "valid": ("val", "valid2017", "dev"), "test": ("test", "Testing_set")}


def items(paths):
    return [SourceItem(path, PurePosixPath(path).name, None, None, bytes, inside=PurePosixPath(path)) for path in paths]


@st.composite
def trees(draw):
    """Up to twelve files at any depth."""
    folders = st.lists(NAMES, max_size=3).map("/".join)
    paths = draw(st.lists(st.tuples(folders, NAMES, st.sampled_from((".png", ".jpg", ".txt", ""))), max_size=12))
    plain = {str(PurePosixPath(folder, f"{name}{suffix}")) for folder, name, suffix in paths}
    return sorted(
        path for path in plain if ".." not in PurePosixPath(path).parts and not is_system_file(PurePosixPath(path))
    )


@given(trees(), st.sampled_from((None, *LABEL_FROM)), st.sampled_from((None, True, False)))
def test_each_file_of_any_tree_has_a_label_or_a_reason_or_the_tree_is_asked_about(paths, label_from, splits):
    files = items(paths)
    try:
        read, notes = read_labels(files, "source", ReadingOptions(label_from, splits))
    except ImportSourceError as error:
        assert error.hint
        return
    assert [one.origin for one in read] == paths
    for one in read:
        assert one.split in (None, "train", "valid", "test")
        if one.label is None:
            assert one.problem
        else:
            assert (one.problem, label_problem(one.label), clean_label(one.label)) == ("", "", one.label)
    assert all(notes)


@given(trees(), st.randoms(use_true_random=False))
def test_the_order_of_the_files_means_nothing(paths, random):
    def outcome(files):
        try:
            return {
                one.origin: (one.label, one.split, one.problem) for one in read_labels(files, "s", ReadingOptions())[0]
            }
        except ImportSourceError as error:
            return str(error)

    shuffled = items(paths)
    random.shuffle(shuffled)
    assert outcome(items(paths)) == outcome(shuffled)


@given(
    st.dictionaries(st.sampled_from(LABELS), st.integers(1, 4), min_size=2),
    st.sets(st.sampled_from(sorted(SPLITS))),
    st.sampled_from(((), ("bears",), ("data",), ("bears", "images"))),
    st.data(),
)
def test_a_clear_tree_is_read_exactly(counts, splits, around, data):
    assume(len(splits) != 1)
    expected = {}
    folders = [(split, data.draw(st.sampled_from(SPLITS[split]))) for split in sorted(splits)] or [(None, "")]
    for split, folder in folders:
        for label, n in counts.items():
            for number in range(n):
                expected[str(PurePosixPath(*around, folder, label, f"{number}.jpg"))] = (label, split)
    read, _ = read_labels(items(expected), "bears", ReadingOptions())
    assert {one.origin: (one.label, one.split) for one in read} == expected


@given(st.text(max_size=15), st.text(max_size=15))
def test_any_name_can_be_asked_what_it_means(name, other):
    assert split_of(name) in (None, "train", "valid", "test")
    assert split_of(name) == split_of(name.upper()) or not name.isascii()
    assert isinstance(batch_kind({name, other}), str)
    assert is_series({name, other}) in (True, False)
    assert same_name(name, other) == same_name(other, name)
    assert label_in_name(name) in name
