"""Format results of a review (the objects that `--json` prints) as text for the terminal."""

from collections.abc import Sequence
from typing import Any

from bearkit.core.text import count, listed, percent, remaining_errors_sentence, table
from bearkit.labelling.review_candidate import SET_KINDS


def suspects(result: dict[str, Any], place: str = "", then: Sequence[str] = ()) -> str:
    """Format a page of candidates, and how many label errors remain.

    Args:
        result: `ReviewPage.as_dict()`.
        place: the option that names the project in the next command, such as " -p bears".
        then: what to do next if no candidate is left.
    """
    rows = [_candidate_row(candidate) for candidate in result["suspects"]]
    lines = (
        [*table(("image", "path", "split", "loss", "why"), rows), ""] if rows else ["nothing is left to review here"]
    )
    if not rows or result["suspects"][0]["kind"] not in SET_KINDS:
        lines += [remaining_errors_sentence(result["left"])]
    if result["done"] and result["calm"]:
        lines += [f"Few label errors remain: the last {result['calm']} pictures were fine."]
    if rows:
        action = "keep" if result["suspects"][0]["given"] else "relabel:LABEL"
        lines += [
            "",
            f"Next: bearkit review decide {rows[0][0]} {action}{place} (or in the browser: bearkit studio{place})",
        ]
        if not result["suspects"][0]["given"]:
            lines += [f"Pages of pictures that look alike, with a proposed label: bearkit label next{place}"]
        return "\n".join(lines)
    return "\n".join([*lines, *then])


def _candidate_row(candidate: dict[str, Any]) -> tuple[str, ...]:
    loss = "-" if candidate["loss"] is None else f"{candidate['loss']:.2f}"
    return candidate["image_id"][:12], candidate["path"], candidate["split"] or "-", loss, candidate["reason"]


def decided(result: dict[str, Any], place: str = "") -> str:
    """Format the decisions that were stored; `place` is as in `suspects`."""
    lines = [count(len(result["stored"]), "decision") + " stored"]
    lines += [
        f"`{label}` is a new label; `bearkit review undo{place}` if it is a mistake" for label in result["new_labels"]
    ]
    lines += [f"Note: {note}" for note in result["notes"]]
    unmatched = f"{count(len(result['unmatched']), 'row')} that match no picture of this project:"
    lines += listed(unmatched, result["unmatched"])
    if result["absent"]:
        lines.append(f"{count(result['absent'], 'picture')} of the project not in the file: left as they are")
    return "\n".join(lines)


def renamed(result: dict[str, Any], place: str = "") -> str:
    """Format the result of renaming labels; `place` is as in `suspects`."""
    pictures = count(len(result["stored"]), "picture")
    line = f"{pictures} now labelled `{result['label']}`; undo with `bearkit review undo{place}`"
    return "\n".join([line, *(f"Note: {note}" for note in result["notes"])])


def undone_or_redone(result: dict[str, Any]) -> str:
    """Format the decisions that were undone or redone."""
    (verb, rows), *_ = result.items()
    return "\n".join([f"{verb}:", *table(("image", "action", "label", "by"), [_decision_row(row) for row in rows])])


def history(result: dict[str, Any]) -> str:
    """Format all decisions, the newest first."""
    rows = [(row["time"], *_decision_row(row), "undone" if row["undone"] else "") for row in result["decisions"]]
    return "\n".join(table(("time", "image", "action", "label", "by", ""), rows)) if rows else "no decisions yet"


def _decision_row(row: dict[str, Any]) -> tuple[str, str, str, str]:
    labels = [label for label in (row["from_label"], row["to_label"]) if label]
    labels += ["no label"] if row["action"] == "unlabel" else []
    change = " -> ".join(dict.fromkeys(labels)) if row["action"] != "beside" else str(row["to_label"])[:12]
    return (row["image_id"] or f"step {row['step']}")[:12], row["action"], change, row["reviewer"]


def moved(result: dict[str, Any]) -> str:
    """Format how many files were moved."""
    lines = [f"{count(result['moved'], 'file')} moved, {result['trashed']} to trash/"]
    return "\n".join([*lines, *listed(f"{count(len(result['missing']), 'file')} not there:", result["missing"])])


def duplicates(result: dict[str, Any], place: str = "") -> str:
    """Format groups of near-duplicates; `place` is as in `suspects`."""
    lines = [f"{count(len(result['groups']), 'group')} of near-duplicates, {result['across_splits']} across splits"]
    lines += listed("", [", ".join(image_id[:12] for image_id in group) for group in result["groups"]])
    if result["mended"]:
        lines.append(f"{count(result['mended'], 'picture')} moved into the split of a near-duplicate")
    elif result["across_splits"]:
        lines.append(
            f"Next: bearkit duplicates --mend{place} (no near-duplicate of a validation picture is trained on)"
        )
    return "\n".join(lines)


def compared(result: dict[str, Any]) -> str:
    """Format the comparison of two models under the old and the corrected labels."""
    rows = [(name, *map(percent, row)) for name, row in zip(("old model", "new model"), result["table"], strict=True)]
    low, high = result["interval"]
    change = f"change between {100 * low:+.1f} and {100 * high:+.1f} % under the corrected labels"
    lines = table(("error rate", "old labels", "corrected labels"), rows)
    return "\n".join([*lines, "", f"p = {result['p_value']:.2g}; {change}", result["sentence"]])


def exported(result: dict[str, Any]) -> str:
    """Format where an exported data set is, and what was left out."""
    lines = [f"{count(result['images'], 'picture')} in {result['folder']}, split under seed {result['seed']}"]
    if result["unlabelled"]:
        lines.append(f"{count(result['unlabelled'], 'picture')} left out: they have no label")
    if result["unconfirmed"]:
        lines.append(f"{count(result['unconfirmed'], 'validation picture')} left out: only the model labelled them")
    lines += listed(
        "labels that cannot name a folder:", [f"{old} is in {new}/" for old, new in result["renamed"].items()]
    )
    return "\n".join([*lines, *listed(f"{count(len(result['missing']), 'file')} not there:", result["missing"])])
