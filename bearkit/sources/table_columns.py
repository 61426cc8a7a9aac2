"""Find the columns of a table that hold the label and the split of an image."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from bearkit.core.text_table import Row, Table, parse_bool, parse_number
from bearkit.sources.folder_names import SPLIT_FOLDERS, quoted, split_of

FILES = (
    "file_name", "filename", "file", "image_path", "path", "image_name", "image", "image_id", "id", "name", "filepath",
    "file_path", "img", "img_path", "img_name", "picture", "photo", "image_index", "fname", "url",
)  # fmt: skip
LABELS = (
    "label", "labels", "class", "class_name", "classname", "category", "category_name", "species", "breed", "target",
    "diagnosis", "dx", "choice", "disease", "finding", "findings", "finding_labels", "tag", "tags", "label_name",
    "class_label", "image_label", "ground_truth", "ground_truth_label", "gt", "annotation", "type", "kind", "emotion",
)  # fmt: skip
SPLITS = {"split", "splits", "set", "subset", "partition", "phase", "usage", "fold", "folds", "kfold", "cv", "stage"}
HELD_OUT = {"holdout", "heldout"}
HELD = {"train": "train", "valid": "valid", "test": "test"}
OURS = {"file_name", "label", "split", "image_id", "imported_as"}  # columns that `bearkit export-dataset` writes
PREDICTIONS = {"label", "probability", "known", "similarity"}  # columns that `bearkit predict --csv` writes
MOST_SPLITS = 20  # values of a column that may be a split, or folds
Reading = tuple[str, str]  # the label of a row, and why it has none


@dataclass(frozen=True)
class LabelColumns:
    """The columns of a table that hold labels.

    Attributes:
        of: returns a row's label, or why it has none; None if no column holds labels.
        sure: whether the column's name says that it holds labels; otherwise only its values look like it.
        why: why there are no labels, or why that is not certain.
        unclear: whether there are labels, but it is not clear in which column.
        columns: the columns with the labels.
    """

    of: Callable[[Row], Reading] | None = None
    sure: bool = True
    why: str = ""
    unclear: bool = False
    columns: Sequence[str] = ()


@dataclass(frozen=True)
class SplitColumns:
    """The columns of a table that hold splits.

    Attributes:
        columns: the columns.
        of: returns a row's split; None if it has none.
        notes: sentences about columns and values that are not read as splits.
    """

    columns: Sequence[str] = ()
    of: Callable[[Row], str | None] = lambda row: None
    notes: Sequence[str] = field(default_factory=list)


def plain_name(column: str) -> str:
    """Return a column's name in lower case, with underscores between words.

    >>> plain_name("Finding Labels"), plain_name("ground-truth.label")
    ('finding_labels', 'ground_truth_label')
    """
    return re.sub(r"[\W_]+", "_", column.strip().casefold()).strip("_")


def find_labels(table: Table, file: str) -> LabelColumns:
    """Find the columns with the labels of the images that the column `file` names."""
    if set(table.columns) >= PREDICTIONS:
        return LabelColumns(why="it holds predictions, which nobody has checked")
    others = [name for name in table.columns if name and name != file]
    known = sorted(
        (name for name in others if plain_name(name) in LABELS), key=lambda name: LABELS.index(plain_name(name))
    )
    known = [name for name in known if any(row.cells[name] for row in table.rows)]
    if known and (plain_name(known[0]) == "label" or len(known) == 1):
        return _of(known[0])
    if known:
        texts = [name for name in known if not _numbers(table, name)] or known
        if all(_one_to_one(table, texts[0], name) for name in known):
            return _of(texts[0])
        return LabelColumns(
            why=f"its columns {quoted(known)} may all be labels: call one of them `label`", unclear=True
        )
    ones = _one_hot(table, others)
    if len(ones) > 1 and _one_each(table, ones):
        return LabelColumns(lambda row: _hot(row, ones, table), columns=ones)
    guesses = [name for name in others if name not in ones and _looks_like_labels(table, name)]
    if len(guesses) == 1:
        written = table.written.get(guesses[0], guesses[0])
        why = f"its column `{written}` may be the labels: call it `label`"
        return LabelColumns(_of(guesses[0]).of, False, why, True, guesses)
    if guesses:
        return LabelColumns(why=f"its columns {quoted(guesses)} may be labels: call one of them `label`", unclear=True)
    if len(ones) > 1:
        why = f"its columns {quoted(ones)} hold 0 and 1, but not one 1 in each row"
        return LabelColumns(why=why, unclear=True)
    listed = ", ".join(f"`{table.written.get(name, name)}`" for name in table.columns[:8])
    return LabelColumns(why=f"none of its columns {listed} is known to hold labels: call it `label`")


def find_splits(table: Table, out: Collection[str]) -> SplitColumns:
    """Find the columns that hold splits, among the columns that are not in `out`.

    If several columns differ about an image, the split furthest from training is used.
    """
    readers, notes = {}, []
    for name in table.columns:
        if name and name not in out and plain_name(name) not in LABELS:
            reader = _split_column(table, name)
            if reader is not None:
                readers[name] = reader
            elif note := _unknown_split(table, name):
                notes.append(note)
    for name, reader in readers.items():
        strange = {row.cells[name] for row in table.rows if row.cells[name] and reader(row.cells[name]) is None}
        if strange:
            notes.append(f"{quoted(strange)} in the column `{table.written.get(name, name)}` is read as no split")
    columns = [table.written.get(name, name) for name in readers]
    return SplitColumns(
        columns, lambda row: most_held_out([reader(row.cells[name]) for name, reader in readers.items()]), notes
    )


def most_held_out(splits: Sequence[str | None]) -> str | None:
    """Return the split furthest from training.

    >>> most_held_out(["train", None, "valid"]), most_held_out([None])
    ('valid', None)
    """
    return max(splits, key=[None, *HELD].index, default=None)


def split_word(text: str) -> str | None:
    """Return the split that a cell or a file's name means, in any spelling; None if it means none, or several.

    >>> split_word("PublicTest"), split_word("train_labels"), split_word("hold-out"), split_word("trainval")
    ('test', 'train', 'test', None)
    """
    if (whole := split_of(text)) is not None:
        return whole
    words = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).casefold())
    joined = {a + b for a, b in pairwise(words)}
    found = {SPLIT_FOLDERS[word] for word in words if word in SPLIT_FOLDERS}
    found |= {"test"} if HELD_OUT & ({*words} | joined) else set()
    return next(iter(found)) if len(found) == 1 else None


# --- labels


def _of(column: str) -> LabelColumns:
    return LabelColumns(lambda row: (row.cells[column], ""), columns=[column])


def _numbers(table: Table, name: str) -> bool:
    return all(parse_number(row.cells[name]) is not None for row in table.rows if row.cells[name])


def _one_to_one(table: Table, one: str, other: str) -> bool:
    pairs = {(row.cells[one], row.cells[other]) for row in table.rows}
    return len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


def _is_binary(table: Table, name: str) -> bool:
    values = {row.cells[name] for row in table.rows}
    return any(values) and all(parse_bool(value) is not None for value in values) and len(values - {""}) <= 2


def _one_hot(table: Table, names: Sequence[str]) -> list[str]:
    """Return the columns of 0 and 1 that may be one label each.

    A column that is named like a split is among them only if each row has exactly one 1 with it.
    """
    ones = [name for name in names if plain_name(name) not in FILES and _is_binary(table, name)]
    no_splits = [name for name in ones if _split_column(table, name) is None]
    return ones if no_splits and _one_each(table, ones) else no_splits


def _one_each(table: Table, names: Sequence[str]) -> bool:
    """Return whether nearly every row has exactly one 1 in these columns."""
    ones = sum(len(_yes(row, names)) == 1 for row in table.rows)
    return ones >= 0.9 * len(table.rows)


def _yes(row: Row, names: Sequence[str]) -> list[str]:
    return [name for name in names if parse_bool(row.cells[name])]


def _hot(row: Row, names: Sequence[str], table: Table) -> Reading:
    """Return the column with the 1 in a row as its label."""
    columns = [table.written.get(name, name) for name in _yes(row, names)]
    if len(columns) == 1:
        return columns[0], ""
    return "", f"its row has a 1 in {quoted(columns)}" if columns else "its row has no 1"


def _looks_like_labels(table: Table, name: str) -> bool:
    """Return whether a column has few different texts that repeat."""
    if plain_name(name) in FILES or plain_name(name) in SPLITS or _split_column(table, name) or _numbers(table, name):
        return False
    return has_few_values(table, name, at_least=2)


def has_few_values(table: Table, name: str, at_least: int = 1) -> bool:
    """Return whether a column has few and short different values for its number of rows."""
    values = Counter(row.cells[name] for row in table.rows if row.cells[name])
    most = max(2, values.total() // 2) if at_least == 1 else values.total() // 2
    return at_least <= len(values) <= most and all(len(value) <= 100 for value in values)


# --- splits


def _split_column(table: Table, name: str) -> Callable[[str], str | None] | None:
    """Return the function that reads a column's cells as splits; None if the column has no splits."""
    values = {row.cells[name] for row in table.rows if row.cells[name]}
    if not values or len(values) > MOST_SPLITS:
        return None
    word = split_word(re.sub(r"[\W_]+", " ", name)) or split_word(re.sub(r"^(is|in)_?", "", plain_name(name)))
    if word and all(parse_bool(value) is not None for value in values):
        if not any(map(parse_bool, values)):
            return None  # no image is held out
        other = "test" if word == "train" else "train"
        return lambda text: word if parse_bool(text) else other
    known = {value for value in values if split_word(value)}
    if known == values and len({split_word(value) for value in known}) > 1:
        return split_word
    return split_word if known and (word or SPLITS & set(plain_name(name).split("_"))) else None


def _unknown_split(table: Table, name: str) -> str:
    """Return a sentence about a column that is named like a split but cannot be read as one; "" for other columns."""
    values = {row.cells[name] for row in table.rows if row.cells[name]}
    is_named_split = SPLITS & set(re.sub(r"\d+", "", plain_name(name)).split("_")) or split_word(name)
    if not is_named_split or not 2 <= len(values) <= MOST_SPLITS:
        return ""
    written = table.written.get(name, name)
    return (
        f"the column `{written}` is not used as a split, its values are {quoted(values)}: "
        "write train, valid or test to hold images out"
    )
