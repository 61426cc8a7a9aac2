"""Import optional packages when they are needed, or say how to install them."""

import importlib
from types import ModuleType

from bearkit.errors import ImportSourceError


def import_optional(name: str, extra: str) -> ModuleType:
    """Import a module of an optional package.

    Args:
        name: the module's name.
        extra: the extra of bearkit that installs it, as in `pip install 'bearkit[EXTRA]'`.

    Raises:
        ImportSourceError: the package is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        raise ImportSourceError(
            f"the package {package} is not installed", hint=f"pip install 'bearkit[{extra}]'"
        ) from error
