"""Read JSON, JSON lines and plain lines as other programs write them."""

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any


def split_lines(text: str) -> list[str]:
    r"""Split a text at \n, \r\n and \r only; `str.splitlines` also splits at characters that file names may contain.

    >>> split_lines("a\r\nb\u2028c\rd\n")
    ['a', 'b\u2028c', 'd']
    """
    lines = re.split(r"\r\n|\n|\r", text)
    return lines[:-1] if lines[-1] == "" else lines


def parse_json(text: str) -> Any:
    r"""Parse JSON or JSON lines; return None for any other text. An object's lists with the same key are joined.

    >>> parse_json('{"a": [1], "a": [2]}'), parse_json("[1]\n[2]"), parse_json("a,b")
    ({'a': [1, 2]}, [[1], [2]], None)
    """
    if not text.lstrip("\ufeff \t\r\n").startswith(("[", "{")):
        return None
    text = text.lstrip("\ufeff")
    with suppress(ValueError, RecursionError):
        return json.loads(text, object_pairs_hook=_object)
    with suppress(ValueError, RecursionError):
        return [json.loads(line, object_pairs_hook=_object) for line in split_lines(text) if line.strip()]
    return None


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Make a dict of an object's pairs, and join the lists that have the same key."""
    result: dict[str, Any] = {}
    for key, value in pairs:
        both_lists = isinstance(value, list) and isinstance(result.get(key), list)
        result[key] = result[key] + value if both_lists else value
    return result


def parse_records(text: str) -> list[Any] | None:
    r"""Return the records of a JSON array, a JSON object or JSON lines; None for any other text.

    An object with one list of objects gives that list. An object of lists of equal length is a table of columns.

    >>> parse_records('["a", "b"]'), parse_records('{"a": 1}\n{"a": 2}'), parse_records("a,b")
    (['a', 'b'], [{'a': 1}, {'a': 2}], None)
    """
    content = parse_json(text)
    if isinstance(content, dict):  # {"log_history": [...]}, or columns: {"loss": [...], "val_loss": [...]}
        lists = {key: value for key, value in content.items() if isinstance(value, list)}
        nested = [value for value in lists.values() if value and all(isinstance(item, dict) for item in value)]
        if len(nested) == 1:
            return nested[0]
        if lists and len({len(value) for value in lists.values()}) == 1:
            return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]
        return [content]
    return content if isinstance(content, list) else None
