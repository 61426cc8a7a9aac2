"""Format the results of imports as text."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from bearkit.cli.next_steps import next_steps
from bearkit.core.text import MANY, count, listed, rejected, table
from bearkit.images import suffixes
from bearkit.labelling.next_step import ProjectProgress

WITHOUT_LABEL = ("it is in no label's folder", "the table gives it no label", "no table of labels names it")


def understood(result: dict[str, Any]) -> str:
    """Describe what an import is about to do: labels, splits, and notes on how the folders were read."""
    labels = ", ".join(f"{label} {n}" for label, n in list(result["labels"].items())[:MANY])
    more = f" and {len(result['labels']) - MANY} more labels" if len(result["labels"]) > MANY else ""
    lines = [f"Labels: {labels or 'none'}{more}"]
    lines += [f"Without a label: {count(result['unlabelled'], 'picture')}"] if result["unlabelled"] else []
    if result["splits"]:
        lines.append(f"Splits: {', '.join(f'{split} {n}' for split, n in result['splits'].items())}")
    return "\n".join([*lines, *(f"Note: {note}" for note in result["notes"])])


def previewed(result: dict[str, Any]) -> str:
    """Describe what an import would bring, and what it would leave out."""
    left_out = listed(
        f"{count(len(result['left_out']), 'file or folder', 'files or folders')} left out:", _reasons(result)
    )
    return "\n".join([understood(result), *left_out, "Nothing was copied. To import, leave out --dry-run."])


def _reasons(result: dict[str, Any]) -> list[str]:
    return [f"{row['path']}: {row['reason']}" for row in result["left_out"]]


def imported(result: dict[str, Any], progress: ProjectProgress, place: str = "") -> str:
    """Describe what an import did. `progress` is that of the project."""
    lines = [f"{count(result['imported'], 'new picture')}, {count(result['duplicates'], 'file')} already known"]
    lines += rejected(result["rejected"])
    lines += listed(
        f"{count(len(result['left_out']), 'file or folder', 'files or folders')} left out:", _reasons(result)
    )
    if n := sum(map(_lacks_label, [*result["rejected"], *result["left_out"]])):
        lines.append(f"{count(n, 'picture')} left out: no label found; to import them too, repeat it with --unlabelled")
    if moved := result["moved"]:
        lines += listed(f"{count(len(moved), 'picture')} found at a new place in the project:", _moved(moved))
        lines += [f"To undo the new labels: bearkit review undo{place}"] if _changed(moved) else []
    lines += listed(
        f"{count(len(result['conflicts']), 'picture')} found with two labels or splits:",
        [f"{', '.join(row['paths'])}: `{row['kept_label']}` is used" for row in result["conflicts"]],
    )
    if missing := result["missing"]:
        lines += listed(f"{count(len(missing), 'picture file')} missing:", [row["path"] for row in missing])
        lines.append(f"Hint: {result['hint']}")
    lines += ["", *table(("label", "pictures"), list(result["labels"].items()))] if result["labels"] else []
    return "\n".join([*lines, "", *next_steps(progress, place)])


def _lacks_label(row: dict[str, str]) -> bool:
    """Return whether a picture was left out only since nothing gave it a label."""
    return row["reason"].startswith(WITHOUT_LABEL) and PurePath(row["path"]).suffix.lower() in suffixes()


def _moved(rows: Sequence[dict[str, str]]) -> list[str]:
    return [
        f"{row['from']} -> {row['to']}"
        + (
            f", `{row['label_before'] or 'no label'}` -> `{row['label']}`"
            if row["label"] != row["label_before"]
            else ""
        )
        for row in rows
    ]


def _changed(rows: Sequence[dict[str, str]]) -> bool:
    return any(row["label"] != row["label_before"] for row in rows)
