"""JSON and JSON lines as other programs write them, also several objects of one name; and the lines of a text."""

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any


def split_lines(text: str) -> list[str]:
    r"""The lines of a text, as files have them: other characters that Python takes for a line's end are in names too.

    >>> lines_of("a\r\nb\u2028c\rd\n")
    ['a', 'b\u2028c', 'd']
    """
    lines = re.split(r"\r\n|\n|\r", text)
    return lines[:-1] if lines[-1] == "" else lines


def parse_json(text: str) -> Any:
    r"""What JSON, or JSON lines, hold; None where it is no JSON. Lists of the same name in an object are one.

    >>> json_of('{"a": [1], "a": [2]}'), json_of("[1]\n[2]"), json_of("a,b")
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
    found: dict[str, Any] = {}
    for key, value in pairs:
        lists = isinstance(value, list) and isinstance(found.get(key), list)
        found[key] = found[key] + value if lists else value
    return found


def parse_records(text: str) -> list[Any] | None:
    r"""What a JSON array, a JSON object or JSON lines hold; None where it is no JSON.

    >>> json_values('["a", "b"]'), json_values('{"a": 1}\n{"a": 2}'), json_values("a,b")
    (['a', 'b'], [{'a': 1}, {'a': 2}], None)
    """
    whole = parse_json(text)
    if isinstance(whole, dict):  # {"log_history": [...]}, or {"loss": [...], "val_loss": [...]}: a list for each column
        lists = {key: value for key, value in whole.items() if isinstance(value, list)}
        nested = [value for value in lists.values() if value and all(isinstance(one, dict) for one in value)]
        if len(nested) == 1:
            return nested[0]
        if lists and len({len(value) for value in lists.values()}) == 1:
            return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]
        return [whole]
    return whole if isinstance(whole, list) else None
