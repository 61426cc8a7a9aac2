"""Format results of labelling (the objects that `--json` prints) as text for the terminal."""

from collections.abc import Sequence
from typing import Any

from bearkit.core.text import count, percent, proposals_error_sentence, table


def page(result: dict[str, Any], place: str = "", then: Sequence[str] = ()) -> str:
    """Format a page of images to label.

    Args:
        result: `LabelPage.as_dict()`.
        place: the option that names the project in the next command.
        then: what to do next if no image is left.
    """
    progress = f"{count(result['labelled'], 'picture')} labelled, {result['unlabelled']} not labelled"
    if not result["images"]:
        return "\n".join([progress, *(["someone else looks at the rest"] if result["unlabelled"] else then)])
    rows = [
        (image["image_id"][:12], image["path"], image["proposed"] or "-", percent(image["probability"]))
        for image in result["images"]
    ]
    name = result["group"]["proposed"] or "LABEL"
    return "\n".join(
        [
            *table(("image", "path", "proposed", "probability"), rows),
            "",
            f"Why these: {result['group']['why']}",
            progress,
            f"Next: bearkit label decide {rows[0][0]} {name}{place} (or in the browser: bearkit studio{place})",
        ]
    )


def decided(result: dict[str, Any], place: str = "", then: Sequence[str] = ()) -> str:
    """Format how many labels were stored, and what to do `then`."""
    lines = [f"{count(result['stored'], 'label')} stored; undo with `bearkit review undo{place}`"]
    if unmatched := result.get("unmatched"):
        lines.append(f"{count(len(unmatched), 'row')} of the table match no picture, such as `{unmatched[0]}`")
    return "\n".join([*lines, *then])


def drawn_map(result: dict[str, Any], place: str = "") -> str:
    """Format where a map was drawn, and what it shows."""
    labelled, proposed = (sum(one[name] is not None for one in result["images"]) for name in ("label", "proposed"))
    neither = len(result["images"]) - labelled - proposed
    said = f"{labelled} labelled, {proposed} with a proposal, {neither} with neither"
    drawn = f"{result['output']}: a map of {count(len(result['images']), 'picture')}: {said}"
    return f"{drawn}\nto label what lies together: bearkit studio{place}, tab Label, Map"


def audit(result: dict[str, Any], place: str = "") -> str:
    """Format an audit: what is to label, or what it says."""
    if result["images"]:
        rows = [(image["image_id"][:12], image["path"]) for image in result["images"]]
        return "\n".join(
            [
                *table(("image", "path"), rows),
                "",
                f"{count(len(rows), 'picture')} to label for the audit: `bearkit label decide --from FILE.csv{place}`",
            ]
        )
    estimate = result["estimate"]
    if estimate is None:
        return "nothing can be proposed yet: label pictures of at least two labels"
    return rest_sentence(estimate, place)


def accepted(result: dict[str, Any], place: str = "") -> str:
    """Format how many proposals were accepted, and how many are probably wrong."""
    lines = [f"{count(result['accepted'], 'picture')} labelled by the model; undo with `bearkit review undo{place}`"]
    return "\n".join([*lines, proposals_error_sentence(result, 0), f"Next: bearkit review next{place}"])


def rest_sentence(estimate: dict[str, Any], place: str = "") -> str:
    """Say how many proposals for the rest are probably wrong."""
    if not estimate["images"]:
        return "every picture has a label"
    more = "" if estimate["audited"] else f" Run `bearkit label audit{place}`."
    rest = f"{count(estimate['images'], 'picture')} without a label."
    return f"{rest} {proposals_error_sentence(estimate, estimate['images'])}{more}"


def removed(result: dict[str, Any], place: str = "") -> str:
    """Format how many pictures lost their label, and the labels that are left."""
    undo = f"; undo with `bearkit review undo{place}`" if result["stored"] else ""
    return f"`{result['removed']}`: {count(result['stored'], 'picture')} without a label now{undo}\n{labels(result)}"


def labels(result: dict[str, Any]) -> str:
    """Format the set of labels."""
    if not result["labels"]:
        return "no labels yet\nNext: bearkit label next, or bearkit labels add NAME"
    rows = [
        (row["label"], row["images"], row["key"], f"{row['description']}{' (retired)' if row['retired'] else ''}")
        for row in result["labels"]
    ]
    return "\n".join(table(("label", "pictures", "key", "what it means"), rows))
