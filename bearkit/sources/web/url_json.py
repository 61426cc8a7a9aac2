"""Find URLs in JSON: lists, objects with a URL, tables by column, and lists by label."""

from collections.abc import Iterator, Mapping
from typing import Any

from bearkit.sources.folder_names import split_of
from bearkit.sources.web.address_text import (  # fmt: skip
    ABOUT,
    ANOTHER,
    BEGINS,
    CREDIT_COLUMNS,
    LABEL_COLUMNS,
    UNKNOWN,
    URL_COLUMNS,
    Credit,
    Line,
    addresses_in,
    is_address,
    is_no_label,
)


def lines_in(value: Any, label: str | None) -> list[Line] | None:
    """Return the URLs in a JSON value with their labels; None if the value has no labels.

    Args:
        value: the parsed JSON.
        label: the label of all URLs, if the user gave one.

    >>> lines_in({"cat": ["https://e.org/1.jpg"]}, None)
    [('https://e.org/1.jpg', 'cat', Credit(license='', creator='', page=''))]
    """
    lines = list(_walk(value, label or "", label or "", UNKNOWN))
    named = any(not isinstance(line, str) for line in lines)
    return lines if named or "no label" not in lines else None


def _walk(value: Any, given: str, label: str, credit: Credit) -> Iterator[Line]:
    """Yield the URLs in a value. `given` is the user's label, `label` the one of the value around it."""
    if isinstance(value, str):
        for one in addresses_in(value):
            if not is_address(one):
                yield "not an address" if one else "blank"
            else:
                yield (one, label, credit) if label else "no label"
    elif isinstance(value, list):
        for one in value:
            yield from _walk(one, given, label, credit)
    elif isinstance(value, dict):
        yield from _object(value, given, label, credit)
    else:
        yield "blank" if value is None else "not an address"


def _object(value: Mapping[str, Any], given: str, label: str, credit: Credit) -> Iterator[Line]:
    keys = {key.strip().casefold(): key for key in value}
    url, of = _first(URL_COLUMNS, keys), _first(LABEL_COLUMNS, keys)
    if url is not None and (rows := _by_column(value)) is not None:
        for row in rows:
            yield from _object(row, given, label, credit)
        return
    if of is not None and not isinstance(value[of], list | dict):
        label = given or str(value[of] if value[of] is not None else "").strip()
    if url is not None:
        about = [_first(names, keys) for names in CREDIT_COLUMNS]
        credit = Credit(*(_text(value[key]) if key else "" for key in about))
        yield from _walk(value[url], given, label, credit)
        for name, key in keys.items():
            if key != url and name not in ABOUT and isinstance(value[key], str) and BEGINS.match(value[key]):
                yield ANOTHER
        return
    for key, inside in value.items():
        if key == of:
            continue
        if is_address(key) and not isinstance(inside, list | dict):  # {address: label}
            named = given or _text(inside)
            yield (key, named, credit) if named else "no label"
        else:
            says = not (is_no_label(key) or split_of(key)) or (of is not None and not label)
            yield from _walk(inside, given, given or (label if of is not None or not says else key.strip()), credit)


def _by_column(value: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Return the rows of a table by column; None if it is none.

    It is written as `{"url": [...], "label": [...]}` or `{"url": {"0": ...}, "label": {"0": ...}}`.
    """
    lists = {key: inside for key, inside in value.items() if isinstance(inside, list)}
    dicts = {key: inside for key, inside in value.items() if isinstance(inside, dict)}
    if len(lists) == len(value) > 1 and len({len(one) for one in lists.values()}) == 1:
        return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]
    if len(dicts) == len(value) and dicts and len({tuple(one) for one in dicts.values()}) == 1:
        rows = next(iter(dicts.values()))
        return [{key: one[row] for key, one in dicts.items()} for row in rows]
    return None


def _first(names: tuple[str, ...], keys: Mapping[str, str]) -> str | None:
    return next((keys[name] for name in names if name in keys), None)


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()
