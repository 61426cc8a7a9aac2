"""Packages that only some sources need: imported when one is used, with a word on how to get them."""

import importlib
from types import ModuleType

from bearkit.errors import ImportSourceError


def import_optional(name: str, extra: str) -> ModuleType:
    """A module of a package that bearkit can do without.

    Args:
        name: the module's.
        extra: bearkit's extra that installs it.

    Raises:
        ImportSourceError: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        top = name.partition(".")[0]
        raise ImportSourceError(
            f"the package {top} is not installed", hint=f"pip install 'bearkit[{extra}]'"
        ) from error
