"""Format the results of imports as text, and suggest the next step."""

from collections.abc import Sequence
from typing import Any

from bearkit.core.text import MANY, count, listed, rejected, table


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


def imported(result: dict[str, Any], counts: dict[str, dict[str, int]], place: str = "") -> str:
    """Describe what an import did. `counts` are the project's pictures by label and split."""
    lines = [f"{count(result['imported'], 'new picture')}, {count(result['duplicates'], 'file')} already known"]
    lines += rejected(result["rejected"])
    lines += listed(
        f"{count(len(result['left_out']), 'file or folder', 'files or folders')} left out:", _reasons(result)
    )
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
    lines += ["", *table(("label", "pictures"), list(result["labels"].items())), ""]
    return "\n".join([*lines, *next_steps(counts, result["unlabelled"], place)])


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


def next_steps(counts: dict[str, dict[str, int]], unlabelled: int, place: str = "") -> list[str]:
    """Suggest what to do next with the pictures of a project.

    Args:
        counts: pictures by label and split.
        unlabelled: how many have no label.
        place: the option that names the project in commands.

    >>> next_steps({"black": {"train": 4}, "teddy": {"train": 4}}, 0)
    ['Next: bearkit train']
    """
    single = [label for label, n in counts.items() if sum(n.values()) < 2]
    without_train = [label for label, n in counts.items() if sum(n.values()) > 1 and not n.get("train")]
    lines = [f"{count(unlabelled, 'picture')} without a label"] if unlabelled else []
    browser = f'bearkit studio{place}, tab Review, "without a label"'
    if not counts and unlabelled:
        return [*lines, f"Next: label some pictures of each kind: {browser}"]
    if not counts:
        return [f"Next: import pictures: bearkit import FOLDER{place}"]
    if len(counts) == 1:
        return [
            *lines,
            f"Next: give other pictures a second label: {browser}"
            if unlabelled
            else f"One label so far. Next: import pictures of another one: bearkit import FOLDER{place}",
        ]
    if single:
        return [*lines, f"Next: import a second picture of {', '.join(single[:MANY])}: bearkit import FOLDER{place}"]
    if without_train:
        where = f"bearkit import FOLDER{place}"
        return [*lines, f"Next: import training pictures of {', '.join(without_train[:MANY])}, which has none: {where}"]
    more = f"bearkit review next --kind unlabelled{place}"
    return [*([f"{lines[0]}: {more}"] if lines else []), f"Next: bearkit train{place}"]
