"""The set of labels of a project: what each means, its key, its colour, and whether it is still in use.

It is one JSON object in the catalogue's settings, by label. Labels that people only typed are not in it and have no
description; `label_set` lists them too.
"""

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.labels import valid_label
from bearkit.catalog.settings import label_order
from bearkit.errors import ReviewError

SETTING = "label_set"
KEYS = "0123456789abcefghijmnopqstvwyz"  # keys that the Label tab does not use otherwise


@dataclass(frozen=True)
class LabelInfo:
    """What people wrote about a label.

    Attributes:
        description: what it means, for those who label; "" for none.
        key: one character that gives this label on the Label tab; "" for the next free digit.
        colour: a CSS colour such as `#0a7`; "" for none.
        examples: ids of images that show it well.
        added: whether it belongs to the set although no image may have it.
        retired: whether it is not offered any more; images keep it.
    """

    description: str = ""
    key: str = ""
    colour: str = ""
    examples: tuple[str, ...] = ()
    added: bool = False
    retired: bool = False


PLAIN = LabelInfo()  # of a label about which nobody wrote anything


def label_set(catalog: Catalog, counts: Mapping[str, int] | None = None) -> list[dict[str, Any]]:
    """List the labels in the order of their keys: `label`, `images` (their number) and the fields of `LabelInfo`.

    Args:
        catalog: whose labels.
        counts: the number of images of each label, if it is known already.
    """
    known = _read(catalog)
    counts = (
        Counter(image.label for image in DecisionLog(catalog).images() if image.label) if counts is None else counts
    )
    listed = set(counts) | {label for label, info in known.items() if info.added}
    return [
        {"label": label, "images": counts.get(label, 0), **asdict(known.get(label, PLAIN))}
        for label in label_order(catalog, listed)
        if label in listed
    ]


def add_label(catalog: Catalog, label: str, **fields: Any) -> str:
    """Add a label to the set, or describe it again. Returns it as it is stored. See `describe_label`."""
    label = valid_label(label, ReviewError)
    if not label:
        raise ReviewError("the label is empty", hint="type a name")
    with catalog.connection(write=True):
        known = _read(catalog)
        _save(catalog, known | {label: replace(known.get(label, PLAIN), added=True, retired=False)})
        return describe_label(catalog, label, **fields)


def describe_label(catalog: Catalog, label: str, **fields: Any) -> str:
    """Change fields of `LabelInfo`. Returns the label.

    Args:
        catalog: whose label.
        label: one that an image has, or that was added.
        fields: of `LabelInfo`; the others stay.

    Raises:
        ReviewError: there is no such label, or its key is not one character, or another label's.
    """
    with catalog.connection(write=True):
        known, listed = _read(catalog), [row["label"] for row in label_set(catalog)]
        if label not in listed:
            names = ", ".join(f"`{one}`" for one in listed) or "none yet"
            raise ReviewError(f"there is no label `{label}`", hint=f"the labels: {names}; `bearkit labels add NAME`")
        _check_key(label, fields.get("key") or "", known)
        _save(catalog, known | {label: replace(known.get(label, PLAIN), **fields)})
    return label


def add_described(catalog: Catalog, described: Mapping[str, LabelInfo], keep: Collection[str] = ()) -> list[str]:
    """Add labels with what somebody else wrote about them, in one step. What people wrote here stays.

    Args:
        catalog: of the project.
        described: by label, in the order of their keys. A key that is another label's here is left out.
        keep: labels that are not retired, whatever `described` says.

    Returns:
        The labels about which nothing was written here before.
    """
    described = {valid_label(label, ReviewError): info for label, info in described.items()}
    with catalog.connection(write=True):
        label_order(catalog, [*described], as_given=True)
        known = _read(catalog)
        new = {
            label: info for label, info in described.items() if replace(known.get(label, PLAIN), added=False) == PLAIN
        }
        keys = {info.key for info in known.values()}
        for label, info in new.items():
            key = info.key if len(info.key) == 1 and info.key in KEYS and info.key not in keys else ""
            keys.add(key)
            known[label] = replace(info, key=key, added=True, retired=info.retired and label not in keep)
        _save(catalog, known)
    return [*new]


def example_ids(catalog: Catalog) -> set[str]:
    """Return the ids of all images that people chose as an example."""
    return {one for info in _read(catalog).values() for one in info.examples}


def toggle_example(catalog: Catalog, label: str, image_id: str, wanted: bool = False) -> bool:
    """Make an image an example of its label, or no example any more. Returns whether it is one now.

    Args:
        catalog: of the project.
        label: the image's label.
        image_id: of the image.
        wanted: leave it an example if it is one already.

    Raises:
        ReviewError: there is no such label, or the image has another one or none.
    """
    with catalog.connection(write=True):
        examples = _read(catalog).get(label, PLAIN).examples
        is_new = image_id not in examples
        if wanted and not is_new:
            return True
        if is_new and (own := DecisionLog(catalog).label_of(image_id)) != label:
            has = f"has the label `{own}`" if own else "has no label yet"
            raise ReviewError(f"this picture {has}, so it is no example of `{label}`", hint="give it that label first")
        left = tuple(one for one in examples if one != image_id)
        describe_label(catalog, label, examples=(*left, image_id) if is_new else left)
    return is_new


def rename_in_set(catalog: Catalog, old: str, new: str) -> None:
    """Give a renamed label the description of its old name, unless it has one; call it inside a transaction."""
    known = _read(catalog)
    if old in known:
        info = known[old]
        _save(catalog, {new: info} | known | {old: replace(info, added=False, key="")})


def remove_from_set(catalog: Catalog, label: str) -> None:
    """Take a label out of the set. Its description stays, in case an image gets the label again."""
    with catalog.connection(write=True):
        known = _read(catalog)
        if label in known:
            _save(catalog, known | {label: replace(known[label], added=False, key="")})


def _check_key(label: str, key: str, known: Mapping[str, LabelInfo]) -> None:
    if not key:
        return
    if len(key) != 1 or key not in KEYS:
        raise ReviewError(f"`{key}` cannot be the key of a label", hint=f"one of {' '.join(KEYS)}")
    others = [one for one, info in known.items() if info.key == key and one != label]
    if others:
        raise ReviewError(f"the key {key} is that of `{others[0]}`", hint="choose another key")


def _read(catalog: Catalog) -> dict[str, LabelInfo]:
    rows = json.loads(catalog.setting(SETTING) or "{}")
    return {label: LabelInfo(**row | {"examples": tuple(row["examples"])}) for label, row in rows.items()}


def _save(catalog: Catalog, known: Mapping[str, LabelInfo]) -> None:
    rows = {label: asdict(info) for label, info in known.items()}
    catalog.save_setting(SETTING, json.dumps(rows, ensure_ascii=False))
