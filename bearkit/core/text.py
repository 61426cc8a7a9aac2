"""Turn values into text for people: numbers, lists and tables for the command line, the pages and the cards."""

from collections.abc import Mapping, Sequence
from typing import Any

MANY = 10  # rows of a list that are shown; the others are only counted


def error_rate_sentence(result: dict[str, Any]) -> str:
    """An error rate with what it is worth.

    >>> error_rate_sentence({"error_rate": 4 / 83, "valid_images": 83, "error_interval": [0.0133, 0.1188]})
    '4 of 83 validation pictures wrong: error rate 4.8 %, likely between 1.3 and 12 %'
    >>> error_rate_sentence({"error_rate": None, "valid_images": 83})
    'its error rate is not known'
    """
    if result.get("error_rate") is None or not result.get("valid_images"):
        return "its error rate is not known"
    wrong = round(result["error_rate"] * result["valid_images"])
    rate = f"error rate {percent(result['error_rate'])}"
    likely = f", likely between {interval(result)}" if result.get("error_interval") else ""
    return f"{wrong} of {result['valid_images']} validation pictures wrong: {rate}{likely}"


UNKNOWN = "none of these"  # shown instead of a label for a picture that is unlike the training pictures


def unknown_sentence(label: str, similarity: float | None, threshold: float | None) -> str:
    """Explain an answer of `UNKNOWN`.

    Args:
        label: the closest label.
        similarity: to the training images; None if it is not known.
        threshold: the similarity that a known image has at least; None if it is not known.

    >>> unknown_sentence("teddy", 0.412, 0.53)
    'unlike the training pictures; closest label: teddy; similarity 0.41, needs 0.53'
    """
    figures = "" if similarity is None or threshold is None else f"; similarity {similarity:.2f}, needs {threshold:.2f}"
    return f"unlike the training pictures; closest label: {label}{figures}"


def remaining_errors_sentence(left: dict[str, Any]) -> str:
    """Say how many label errors probably remain.

    >>> remaining_errors_sentence({"estimate": 3.2, "interval": [0, 9]})
    'about 3 wrong labels are probably left among those that nobody checked (95 % interval: 0 to 9)'
    >>> remaining_errors_sentence({"estimate": 0.1, "interval": [0, 0]})
    'probably no wrong label is left'
    """
    low, high = left["interval"]
    if high == 0:
        return "probably no wrong label is left"
    about = round(left["estimate"])
    are = "label is" if about == 1 else "labels are"
    return f"about {about} wrong {are} probably left among those that nobody checked (95 % interval: {low} to {high})"


def proposals_error_sentence(estimate: Mapping[str, Any], left: int, least: float = 0.0) -> str:
    """Say how many of the labels that the model proposes are probably wrong, or of those that it gave already.

    Args:
        estimate: `expected_error`, its 95 % `interval`, the number of `audited` images, and a `note`; "" is returned
            if it is about 0 `images`.
        left: the number of images without a label; 0 if the model labelled all.
        least: only proposals of at least this probability are meant.

    >>> estimate = {"expected_error": 0.03, "interval": [0.014, 0.055], "audited": 300, "note": ""}
    >>> proposals_error_sentence(estimate, 900)
    'If the rest takes what the model proposes, about 3 % will be wrong (1.4 to 5.5 %).'
    """
    if not estimate.get("images", True):
        return ""
    share = f"about {_percentage(estimate['expected_error'])} %"
    sure = f" with at least {_percentage(least)} %" if least else ""
    sentence = f"If the rest takes what the model proposes{sure}, {share} will be wrong"
    if not left:
        sentence = f"Of the labels that the model gave, {share} are wrong"
    note = str(estimate["note"])
    if not estimate["audited"]:
        why = "an audit measures it" if note.startswith("no audit") or not note else note
        return f"{sentence}. That is the model's own guess: {why}."
    low, high = map(_percentage, estimate["interval"])
    return f"{sentence} ({low} to {high} %{f'; {note}' if note else ''})."


def _percentage(share: float) -> str:
    return f"{100 * share:.1f}".removesuffix(".0") if share < 0.1 else f"{100 * share:.0f}"


def total_seconds(result: dict[str, Any]) -> float:
    """Return the seconds that a training took: computing the features, and all stages."""
    return float(result["features_seconds"] + sum(stage["seconds"] for stage in result["stages"]))


def interval(result: dict[str, Any]) -> str:
    """Return the bounds of an error rate's confidence interval in percent.

    >>> interval({"error_interval": [0.0133, 0.1188]})
    '1.3 and 12 %'
    """
    low, high = (f"{100 * bound:.2g}" if bound < 0.1 else f"{100 * bound:.0f}" for bound in result["error_interval"])
    return f"{low} and {high} %"


def percent(share: float | None) -> str:
    """Return a share (0 to 1) in percent, "-" for None.

    >>> percent(0.0482), percent(None)
    ('4.8 %', '-')
    """
    return "-" if share is None else f"{100 * share:.1f} %"


def whole_percent(share: float) -> str:
    """Return a share (0 to 1) as a whole percentage.

    >>> whole_percent(0.971)
    '97 %'
    """
    return f"{100 * share:.0f} %"


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    """Return the lines of a table: text columns aligned to the left, number columns to the right.

    >>> table(("label", "n"), [("black", 9), ("teddy", 10)])
    ['label   n', 'black   9', 'teddy  10']
    """
    cells = [[str(cell).replace("\n", "\N{REPLACEMENT CHARACTER}") for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = []
    for row in cells:
        first, *rest = (
            cell.ljust(width) if column == 0 or not _is_number(rows, column) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join([first, *rest]).rstrip())
    return lines


def _is_number(rows: Sequence[Sequence[Any]], column: int) -> bool:
    return all(str(row[column]).replace(" %", "").replace(".", "", 1).lstrip("-").isdigit() for row in rows) or not rows


def rejected(rows: Sequence[dict[str, str]]) -> list[str]:
    """Return a list of rejected files with their reasons; `rows` have `path` and `reason`."""
    return listed(f"{count(len(rows), 'file')} rejected:", [f"{row['path']}: {row['reason']}" for row in rows])


def listed(title: str, rows: Sequence[str]) -> list[str]:
    """Return a title and at most MANY rows; an empty list if there are no rows."""
    if not rows:
        return []
    rest = [f"  and {len(rows) - MANY} more (all of them with --json)"] if len(rows) > MANY else []
    lines = [row.replace("\n", "\N{REPLACEMENT CHARACTER}") for row in rows[:MANY]]
    return [title, *(f"  {line}" for line in lines), *rest]


def count(n: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun, in the plural if needed.

    >>> count(1, "file"), count(2, "file")
    ('1 file', '2 files')
    """
    return f"{n} {noun}" if n == 1 else f"{n} {plural or f'{noun}s'}"
