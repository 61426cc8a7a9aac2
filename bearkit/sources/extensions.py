"""Load the classes that other packages register as entry points."""

from importlib.metadata import EntryPoint
from typing import Any

from bearkit.errors import ImportSourceError


def load_extension(entry: EntryPoint, kind: str, hint: str = "") -> Any:
    """Load the class that an entry point names, and call it without arguments.

    Args:
        entry: the entry point.
        kind: what the class is, for the error: "importer" or "search provider".
        hint: how to go on without it, if there is a way.

    Raises:
        ImportSourceError: the class cannot be imported, or its constructor fails.
    """
    try:
        return entry.load()()
    except Exception as error:  # code of another package: it can raise anything
        raise ImportSourceError(
            f"the {kind} `{entry.name}` ({entry.value}) cannot be loaded: {error}",
            hint=f"upgrade or uninstall the package that it belongs to{f'; or {hint}' if hint else ''}",
        ) from error
