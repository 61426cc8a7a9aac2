"""Labels as they come, and as they are stored: what an import tidies, and what it says about it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog, labels_of
from bearkit.catalog.labels import cleaning, label_of, label_problem, look_alikes
from bearkit.core.project import Project
from bearkit.sources.layout import SourceItem

NAMED = 5  # labels whose tidying is told


def tidy_labels(found: Sequence[SourceItem]) -> tuple[list[SourceItem], list[str]]:
    """Files with their labels as they are stored, or why not; and sentences about labels that change."""
    result = [_tidied(one) for one in found]
    return result, tidying_notes(one.label or "" for one in found)


def _tidied(one: SourceItem) -> SourceItem:
    if not one.label:
        return one
    problem = one.problem or label_problem(one.label)
    return replace(one, label=None if problem and not one.problem else label_of(one.label), problem=problem)


def tidying_notes(texts: Iterable[str]) -> list[str]:
    """A sentence for each text that is stored as another label, up to a few of them."""
    rows = sorted({cleaning(text) for text in set(texts) if not label_problem(text)} - {""})
    return rows[:NAMED] + ([f"{len(rows) - NAMED} more labels are tidied so"] if len(rows) > NAMED else [])


def look_alike_notes(project: Project, new: Iterable[str]) -> list[str]:
    """A sentence for each label that comes and looks like another one of them, or of the project."""
    there = labels_of(DecisionLog(Catalog(project)).images()) if project.exists else []
    return look_alikes(new, there)
