"""What the command line says to people about a review: results (as `--json` would print them) to text."""

from typing import Any

from bearkit.core.text import count, listed, percent, table


def suspects(result: dict[str, Any], place: str = "") -> str:
    """A page of suspects, and what is left."""
    rows = [_suspect(one) for one in result["suspects"]]
    found = [*table(("image", "path", "split", "loss", "why"), rows), ""]
    lines = found if rows else ["nothing is left to look at here"]
    lines += [left_in_words(result["left"])]
    if result["done"] and result["calm"]:
        lines += [f"The worst is over: the last {result['calm']} pictures that were looked at were fine."]
    if rows:
        word = "keep" if result["suspects"][0]["given"] else "relabel:LABEL"
        lines += [
            "",
            f"Next: bearkit review decide {rows[0][0]} {word}{place} (or in the browser: bearkit studio{place})",
        ]
    return "\n".join(lines)


def _suspect(one: dict[str, Any]) -> tuple[str, ...]:
    loss = "-" if one["loss"] is None else f"{one['loss']:.2f}"
    return one["image_id"][:12], one["path"], one["split"] or "-", loss, one["reason"]


def left_in_words(left: dict[str, Any]) -> str:
    """How many wrong labels are left.

    >>> left_in_words({"estimate": 3.2, "interval": [0, 9]})
    'about 3 wrong labels are probably left among those that nobody checked, between 0 and 9'
    >>> left_in_words({"estimate": 0.1, "interval": [0, 0]})
    'probably no wrong label is left'
    """
    low, high = left["interval"]
    if high == 0:
        return "probably no wrong label is left"
    about = round(left["estimate"])
    are = "label is" if about == 1 else "labels are"
    return f"about {about} wrong {are} probably left among those that nobody checked, between {low} and {high}"


def decided(result: dict[str, Any], place: str = "") -> str:
    """What was written down."""
    lines = [count(len(result["stored"]), "decision") + " stored"]
    lines += [
        f"`{label}` is a new label; `bearkit review undo{place}` if that was a slip" for label in result["new_labels"]
    ]
    lines += [f"Note: {note}" for note in result["notes"]]
    lines += listed(f"{count(len(result['unmatched']), 'row')} about no picture of this project:", result["unmatched"])
    if result["absent"]:
        lines.append(
            f"{count(result['absent'], 'picture')} of the project that the file does not name: left as they are"
        )
    return "\n".join(lines)


def renamed(result: dict[str, Any], place: str = "") -> str:
    """What another name for labels came to."""
    line = (
        f"{count(len(result['stored']), 'picture')} `{result['label']}` now; `bearkit review undo{place}` takes it back"
    )
    return "\n".join([line, *(f"Note: {note}" for note in result["notes"])])


def turned(result: dict[str, Any]) -> str:
    """What was taken back or brought again."""
    (what, rows), *_ = result.items()
    return "\n".join([f"{what}:", *table(("image", "action", "label", "by"), [_row(row) for row in rows])])


def history(result: dict[str, Any]) -> str:
    """Every row, the newest first."""
    rows = [(row["time"], *_row(row), "taken back" if row["undone"] else "") for row in result["decisions"]]
    return "\n".join(table(("time", "image", "action", "label", "by", ""), rows)) if rows else "nothing was decided yet"


def _row(row: dict[str, Any]) -> tuple[str, str, str, str]:
    labels = [label for label in (row["from_label"], row["to_label"]) if label]
    labels += ["no label"] if row["action"] == "unlabel" else []
    change = " -> ".join(dict.fromkeys(labels)) if row["action"] != "beside" else str(row["to_label"])[:12]
    return (row["image_id"] or f"step {row['step']}")[:12], row["action"], change, row["reviewer"]


def moved(result: dict[str, Any]) -> str:
    """What became of the files."""
    lines = [f"{count(result['moved'], 'file')} moved, {result['trashed']} to trash/"]
    return "\n".join([*lines, *listed(f"{count(len(result['missing']), 'file')} not there:", result["missing"])])


def duplicates(result: dict[str, Any], place: str = "") -> str:
    """Groups of copies."""
    lines = [f"{count(len(result['groups']), 'group')} of near-duplicates, {result['across_splits']} across splits"]
    lines += listed("", [", ".join(one[:12] for one in group) for group in result["groups"]])
    if result["mended"]:
        lines.append(f"{count(result['mended'], 'picture')} put beside its copy into the same split")
    elif result["across_splits"]:
        lines.append(f"Next: bearkit duplicates --mend{place} (no copy of a validation picture trains any more)")
    return "\n".join(lines)


def compared(result: dict[str, Any]) -> str:
    """Two models under two sets of labels, and the verdict."""
    rows = [(name, *map(percent, row)) for name, row in zip(("old model", "new model"), result["table"], strict=True)]
    low, high = result["interval"]
    change = f"change between {100 * low:+.1f} and {100 * high:+.1f} % under the corrected labels"
    lines = table(("error rate", "old labels", "corrected labels"), rows)
    return "\n".join([*lines, "", f"p = {result['p_value']:.2g}; {change}", result["sentence"]])


def exported(result: dict[str, Any]) -> str:
    """Where the cleaned pictures are."""
    lines = [f"{count(result['images'], 'picture')} in {result['folder']}, split under seed {result['seed']}"]
    if result["unlabelled"]:
        lines.append(f"{count(result['unlabelled'], 'picture')} left out: they have no label")
    lines += listed(
        "labels that cannot name a folder:", [f"{old} is in {new}/" for old, new in result["renamed"].items()]
    )
    return "\n".join([*lines, *listed(f"{count(len(result['missing']), 'file')} not there:", result["missing"])])
