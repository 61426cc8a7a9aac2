"""What has to be asked before a folder or zip is imported: how its folders are read, or whether they name labels."""

from dataclasses import dataclass, field
from typing import Any

from bearkit.collect.importing import preview_import
from bearkit.collect.scheme import Unsure, counted
from bearkit.project import Project

MOST = 4  # readings that are offered


@dataclass(frozen=True)
class Reading:
    """One way to read a source: what its button says, and the arguments of `import_images` for it."""

    words: str
    how: dict[str, Any] = field(default_factory=dict)


NO_LABELS = Reading("No labels yet", {"labelled": False})


def question(project: Project, source: str) -> tuple[str, list[Reading]]:
    """What to ask a person about a source, and the answers to choose from; "" and none where its folders are clear.

    Raises:
        ImportSourceError: the source cannot be read.
    """
    if "://" in source:  # a data set has its own labels
        return "", []
    try:
        preview = preview_import(project, source)
    except Unsure as unsure:
        ways = zip(unsure.schemes, unsure.details["readings"], strict=True)
        readings = [
            Reading(_in_words(reading), {"label_from": scheme.label_from, "splits": bool(scheme.splits)})
            for scheme, reading in ways
            if scheme.label_from != "root"
        ]
        return f"{unsure.why[:1].upper()}{unsure.why[1:]}. What are the labels?", [*readings[: MOST - 1], NO_LABELS]
    if len(preview.labels) != 1:
        return "", []
    (label,) = preview.labels
    text = f"All of these pictures would get one label, `{label}`. Is that right?"
    return text, [Reading(f"One label: {label}"), NO_LABELS]


def _in_words(reading: dict[str, Any]) -> str:
    """What a button says of a reading.

    >>> _in_words({"labels": {"cat": 5, "dog": 4}, "splits": {"train": 7, "test": 2}, "left_out": 0})
    'Labels: cat 5, dog 4 · splits: test 2, train 7'
    """
    parts = [f"Labels: {counted(reading['labels'])}"]
    parts += [f"splits: {counted(reading['splits'])}"] if reading["splits"] else []
    parts += [f"{reading['left_out']} left out"] if reading["left_out"] else []
    return " · ".join(parts)
