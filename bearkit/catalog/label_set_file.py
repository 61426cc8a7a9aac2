"""The file `label_set.json` of an exported data set: what each label means. An import of the data set reads it.

    {"labels": [{"label", "description", "key", "colour", "examples": [image ids], "retired"}, ...]}

The labels are in the order of their keys. The image ids are those that the exported files have: the SHA-256 of their
bytes.
"""

import json
from collections.abc import Collection, Mapping
from typing import Any

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.label_examples import label_examples
from bearkit.catalog.label_set import LabelInfo, add_described, label_set
from bearkit.catalog.labels import clean_label, label_problem
from bearkit.core.text import count
from bearkit.errors import ReviewError

NAME = "label_set.json"
FIELDS = ("description", "key", "colour", "examples", "retired")
MOST_LABELS, MOST_LETTERS, MOST_EXAMPLES = 10_000, 2_000, 10  # of a file, a text, a label: anyone can write them
MOST_NAMED = 5  # retired labels that are named


def label_set_text(catalog: Catalog, changed: Mapping[str, str] | None = None) -> str:
    """Return the label set of a project as the text of the file.

    Args:
        catalog: the project's catalogue.
        changed: {image id: new id} of images whose exported files are not those of the project.
    """
    changed = changed or {}
    log, rows = DecisionLog(catalog), label_set(catalog)
    labels = {image.image_id: image.label for image in log.images() if image.label}
    examples = label_examples({row["label"]: row["examples"] for row in rows}, labels, log.current())
    described = [
        {"label": row["label"]}
        | {name: row[name] for name in FIELDS}
        | {"examples": [changed.get(image_id, image_id) for image_id in examples.get(row["label"], [])]}
        for row in rows
    ]
    return json.dumps({"labels": described}, ensure_ascii=False, indent=1) + "\n"


def add_label_set(catalog: Catalog, text: str, own: Collection[str] = ()) -> list[str]:
    """Add the labels of a file to a project. What people wrote about a label of the project already stays.

    Args:
        catalog: of the project.
        text: of the file.
        own: labels that the project had before the import: no file of somebody else can retire these.

    Returns:
        Sentences about it; none if nothing was added.

    Raises:
        ReviewError: the text is not a label set.
    """
    try:
        described = dict(_checked(row) for row in json.loads(text)["labels"][:MOST_LABELS])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ReviewError(f"{NAME} is not a label set", hint="export the data set again") from error
    new = add_described(catalog, described, keep=own)
    retired = [f"`{label}`" for label in new if described[label].retired and label not in own]
    names = ", ".join([*retired[:MOST_NAMED], *(["…"] if len(retired) > MOST_NAMED else [])])
    told = f"{NAME} retires {count(len(retired), 'label')}, which the Label tab does not offer: {names}"
    return [*([f"{NAME} describes {count(len(new), 'label')}"] if new else []), *([told] if retired else [])]


def _checked(row: Any) -> tuple[str, LabelInfo]:
    """Return a label of the file, and what it says about it, with values of the right types.

    Raises:
        TypeError, ValueError or KeyError: it has others.
    """
    label, examples = row["label"], row.get("examples", [])
    texts = [label, *(row.get(name, "") for name in ("description", "key", "colour")), *examples]
    if not all(isinstance(text, str) for text in texts) or not label.strip() or label_problem(label):
        raise TypeError("a label needs a name, and its fields are texts")
    "".join(texts).encode()  # half a character, as JSON can have, raises a ValueError
    description, key, colour = (row.get(name, "")[:MOST_LETTERS] for name in ("description", "key", "colour"))
    retired = row.get("retired") is True  # a text such as "false" is none
    return clean_label(label), LabelInfo(description, key, colour, tuple(examples[:MOST_EXAMPLES]), retired=retired)
