"""Tidy labels as they are stored, and say which ones change or look alike."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog, labels_of
from bearkit.catalog.labels import clean_label, cleaning_note, describe_look_alikes, label_problem
from bearkit.core.project import Project
from bearkit.sources.layout import SourceItem

NAMED = 5  # labels whose tidying is reported one by one


def tidy_labels(items: Sequence[SourceItem]) -> tuple[list[SourceItem], list[str]]:
    """Give files their labels as they are stored, or a `problem` if a text cannot be a label.

    Returns:
        The files, and a sentence for each label that changes.
    """
    return [_tidy_label(item) for item in items], tidying_notes(item.label or "" for item in items)


def _tidy_label(item: SourceItem) -> SourceItem:
    if not item.label:
        return item
    if not item.problem and (problem := label_problem(item.label)):
        return replace(item, label=None, problem=problem)
    return replace(item, label=clean_label(item.label))


def tidying_notes(texts: Iterable[str]) -> list[str]:
    """Return a sentence for each text that is stored as another label, up to NAMED of them."""
    rows = sorted({cleaning_note(text) for text in set(texts) if not label_problem(text)} - {""})
    return rows[:NAMED] + ([f"{len(rows) - NAMED} more labels are tidied in the same way"] if len(rows) > NAMED else [])


def look_alike_notes(project: Project, new: Iterable[str]) -> list[str]:
    """Return a sentence for each new label that looks like another new one, or one of the project."""
    known = labels_of(DecisionLog(Catalog(project)).images()) if project.exists else []
    return describe_look_alikes(new, known)
