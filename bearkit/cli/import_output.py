"""What the command line says to people about pictures that come in, and what to do next."""

from collections.abc import Sequence
from typing import Any

from bearkit.core.text import MANY, count, listed, rejected, table


def understood(result: dict[str, Any]) -> str:
    """What an import is about to do: labels, splits, and how the folders were read."""
    labels = ", ".join(f"{label} {n}" for label, n in list(result["labels"].items())[:MANY])
    more = f" and {len(result['labels']) - MANY} more labels" if len(result["labels"]) > MANY else ""
    lines = [f"Labels: {labels or 'none'}{more}"]
    lines += [f"Without a label: {count(result['unlabelled'], 'picture')}"] if result["unlabelled"] else []
    if result["splits"]:
        lines.append(f"Splits: {', '.join(f'{split} {n}' for split, n in result['splits'].items())}")
    return "\n".join([*lines, *(f"Note: {note}" for note in result["notes"])])


def previewed(result: dict[str, Any]) -> str:
    """What an import would bring, and what it would leave out."""
    out = listed(f"{count(len(result['left_out']), 'file or folder', 'files or folders')} left out:", _reasons(result))
    return "\n".join([understood(result), *out, "Nothing was copied: leave out --dry-run for that."])


def _reasons(result: dict[str, Any]) -> list[str]:
    return [f"{row['path']}: {row['reason']}" for row in result["left_out"]]


def imported(result: dict[str, Any], counts: dict[str, dict[str, int]], place: str = "") -> str:
    """What became of the files; `counts` are the project's pictures by label and split."""
    lines = [f"{count(result['imported'], 'new picture')}, {count(result['duplicates'], 'file')} known already"]
    lines += rejected(result["rejected"])
    lines += listed(
        f"{count(len(result['left_out']), 'file or folder', 'files or folders')} left out:", _reasons(result)
    )
    if moved := result["moved"]:
        lines += listed(f"{count(len(moved), 'picture')} found at a new place in the project:", _moved(moved))
        lines += [f"bearkit review undo{place} takes the new labels back"] if _changed(moved) else []
    lines += listed(
        f"{count(len(result['conflicts']), 'picture')} found under two labels or splits:",
        [f"{', '.join(row['paths'])}: kept as `{row['kept_label']}`" for row in result["conflicts"]],
    )
    if missing := result["missing"]:
        lines += listed(f"{count(len(missing), 'picture file')} not there:", [row["path"] for row in missing])
        lines.append(f"What helps: {result['hint']}")
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
    """What can be done with the pictures that there are.

    Args:
        counts: pictures by label and split.
        unlabelled: how many have no label.
        place: how commands name the project.

    >>> next_steps({"black": {"train": 4}, "teddy": {"train": 4}}, 0)
    ['Next: bearkit train']
    """
    single = [label for label, n in counts.items() if sum(n.values()) < 2]
    untaught = [label for label, n in counts.items() if sum(n.values()) > 1 and not n.get("train")]
    lines = [f"{count(unlabelled, 'picture')} without a label"] if unlabelled else []
    browser = f'bearkit studio{place}, tab Review, "without a label"'
    if not counts and unlabelled:
        return [*lines, f"Next: give some of each label their label: {browser}"]
    if not counts:
        return [f"Next: bring pictures in: bearkit import FOLDER{place}"]
    if len(counts) == 1:
        return [
            *lines,
            f"Next: give others another label: {browser}"
            if unlabelled
            else f"One label so far: import another one's pictures too: bearkit import FOLDER{place}",
        ]
    if single:
        return [*lines, f"Next: a second picture of {', '.join(single[:MANY])}: bearkit import FOLDER{place}"]
    if untaught:
        where = f"bearkit import FOLDER{place}"
        return [*lines, f"Next: training pictures of {', '.join(untaught[:MANY])}, which has none: {where}"]
    more = f"bearkit review next --kind unlabelled{place}"
    return [*([f"{lines[0]}: {more}"] if lines else []), f"Next: bearkit train{place}"]
