"""The key of each label on the Label tab."""

from collections.abc import Mapping, Sequence
from typing import Any

DIGITS = "123456789"


def label_keys(rows: Sequence[Mapping[str, Any]], order: Sequence[str]) -> dict[str, str]:
    """Return the key of each label that has one; retired labels have none.

    A label keeps its key when other labels come: first count the keys that people chose, then a label's place in the
    order, then the digits that are left.

    Args:
        rows: of `label_set`: `label`, `key` and `retired` are used.
        order: all labels that the project ever had, of `label_order`.

    >>> rows = [{"label": label, "key": key, "retired": False} for label, key in (("owl", ""), ("cat", "1"))]
    >>> label_keys(rows, ["owl", "cat"])
    {'cat': '1', 'owl': '2'}
    """
    offered = [row for row in rows if not row["retired"]]
    keys = {str(row["label"]): str(row["key"]) for row in offered if row["key"]}
    rest = [str(row["label"]) for row in offered if not row["key"]]
    place = dict(zip(order, DIGITS, strict=False))
    own = {*keys.values()}
    keys |= {label: place[label] for label in rest if label in place and place[label] not in own}
    free = [digit for digit in DIGITS if digit not in keys.values()]
    return keys | dict(zip((label for label in rest if label not in keys), free, strict=False))
