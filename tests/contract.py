"""What users' scripts depend on, as plain values: commands and options, shapes of `--json`, public Python names.

It is recorded in tests/data/contract/*.json. `python -m tests.record_contract` makes those files again.
"""

import contextlib
import difflib
import enum
import inspect
import io
import json
import os
import sys
from functools import cached_property

import pytest
import typer

import bearkit
from bearkit.cli.common import app, load_commands, run
from tests.conftest import ROOT

FOLDER = ROOT / "tests" / "data" / "contract"
RECORD = "BEARKIT_RECORD_CONTRACT"  # set by tests/record_contract.py
AGAIN = "if that is meant, record it: python -m tests.record_contract"
KINDS = {bool: "boolean", int: "number", float: "number", str: "string", type(None): "null"}
BY_REASON = {"reasons"}  # objects whose keys are sentences


def check(name, section, found):
    """Fail with the lines that differ unless this section of a file is as recorded; write it when recording."""
    path = FOLDER / f"{name}.json"
    recorded = json.loads(path.read_text()) if path.exists() else {}
    if os.environ.get(RECORD):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_text(recorded | {section: found}))
    elif lines := difference(recorded.get(section), found):
        pytest.fail(f"{path.name}, {section}: not as recorded; {AGAIN}\n{lines}", pytrace=False)


def difference(recorded, found):
    """The lines in which two values differ, with what is around them; nothing where they are equal."""
    lines = [[line.rstrip(",") for line in _text(value).splitlines()] for value in (recorded, found)]
    return "\n".join(difflib.unified_diff(*lines, "recorded", "now", lineterm="", n=4))


def sections(name):
    """The sections of a file."""
    return set(json.loads((FOLDER / f"{name}.json").read_text()))


def _text(value):
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def commands():
    """Every command's parameters: {"review next": {"--n": "int, at least 1, default 20"}}; arguments by their place."""
    load_commands()
    found, waiting = {}, [("", typer.main.get_command(app))]
    while waiting:
        name, command = waiting.pop()
        waiting += [(f"{name} {word}".strip(), one) for word, one in getattr(command, "commands", {}).items()]
        if not hasattr(command, "commands") or command.params:
            found[name] = dict(_parameters(command))
    return found


def _parameters(command):
    place = 0
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            place += 1
            yield f"{place} {parameter.name}", _described(parameter)
        else:
            yield " ".join([*parameter.opts, *parameter.secondary_opts]), _described(parameter)


def _described(parameter):
    kind = parameter.type_descriptor.annotation
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        words = ["one of " + "|".join(one.value for one in kind)]
    else:
        words = [kind.__name__ if kind in (bool, int, float, str) else str(kind).split(".")[-1].strip("'>")]
    for word in ("min", "max"):
        if (limit := getattr(parameter, word, None)) is not None:
            words.append(f"{word} {limit:g}")
    words += ["several"] * (parameter.nargs == -1 or parameter.multiple)
    words.append("required" if parameter.required else f"default {plain(parameter.default)}")
    return ", ".join(words)


def plain(value):
    """A default as text that is the same on every machine."""
    value = getattr(value, "value", value)
    return getattr(value, "__name__", None) or (str(value) if isinstance(value, os.PathLike) else repr(value))


def names():
    """The public names: a function's parameters, or a class's with those of its public methods and properties."""
    found = {}
    for name in bearkit.__all__:
        value = getattr(bearkit, name)
        if inspect.isclass(value):
            members = {one: _member(value, one) for one in _own(value) if not one.startswith("_")}
            found[name] = {"()": signature(value)} | members
        else:
            found[name] = signature(value) if callable(value) else type(value).__name__
    return found


def _own(owner):
    """The names that a class and its bases in bearkit define."""
    return {name for base in owner.__mro__ if base.__module__.startswith("bearkit.") for name in vars(base)}


def _member(owner, name):
    member = inspect.getattr_static(owner, name)
    if isinstance(member, property | cached_property):
        return "property"
    return signature(getattr(owner, name)) if callable(getattr(owner, name)) else "attribute"


def signature(function):
    """A function's parameters as they are called: names, order, kinds and defaults, without annotations."""
    known = inspect.signature(function).parameters.values()
    parts = []
    for one in known:
        star = {one.VAR_POSITIONAL: "*", one.VAR_KEYWORD: "**"}.get(one.kind, "")
        default = "" if one.default is one.empty else f"={plain(one.default)}"
        if one.kind is one.KEYWORD_ONLY and not any(part.startswith("*") for part in parts):
            parts.append("*")
        parts.append(f"{star}{one.name}{default}")
    return f"({', '.join(parts)})"


def shape(values, labels=(), inside=""):
    """What several JSON values have in common: the types in place of what varies.

    A key that only some have ends in `?`. An object by label is one of `<label>`. A list is one of its elements' shape.

    >>> shape([{"n": 1, "of": {"disc": 2.5}, "why": None}, {"n": 2, "of": {}, "why": "it", "more": []}], {"disc"})
    {'more?': [], 'n': 'number', 'of': {'<label>': 'number'}, 'why': 'null or string'}
    """
    objects = [value for value in values if isinstance(value, dict)]
    lists = [value for value in values if isinstance(value, list)]
    single = sorted({KINDS[type(value)] for value in values if not isinstance(value, dict | list)})
    if lists:
        elements = [one for value in lists for one in value]
        return [*[f"or {kind}" for kind in single], *([shape(elements, labels, inside)] if elements else [])]
    if not objects:
        return " or ".join(single)
    keys = {key for value in objects for key in value}
    result = {f"or {kind}": True for kind in single}
    if keys and (keys <= set(labels) or inside in BY_REASON):
        word = "<reason>" if inside in BY_REASON else "<label>"
        return result | {word: shape([one for value in objects for one in value.values()], labels)}
    for key in sorted(keys):
        there = [value[key] for value in objects if key in value]
        result[key if len(there) == len(objects) else f"{key}?"] = shape(there, labels, key)
    return result


def said(*words, as_json=True):
    """Run a command in this process: its exit code, and the object that it prints, if it prints one."""
    before, out = sys.argv, io.StringIO()
    sys.argv = ["bearkit", *map(str, words), *(["--json"] if as_json else [])]
    try:
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(io.StringIO()),
            pytest.raises(SystemExit) as end,
        ):
            run()
    finally:
        sys.argv = before
    return end.value.code or 0, json.loads(out.getvalue()) if out.getvalue() else None
