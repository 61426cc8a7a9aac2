"""bearkit: an image classifier of your own, from a folder of images to a model that others can use.

Importing it costs nothing: each public name imports its module when it is first used. `__init__.pyi` lists them.
"""

import importlib
import pkgutil
from contextlib import suppress
from typing import Any

__version__ = "0.1.0"

_MODULES: dict[str, str] = {}  # module of each public name
with suppress(OSError):  # a Space carries only the modules that it needs, and not the list
    for _line in (pkgutil.get_data(__name__, "__init__.pyi") or b"").decode().splitlines():
        if _line.startswith("from "):  # from MODULE import NAME as NAME
            _, _module, _, _name, *_ = _line.split()
            _MODULES[_name] = _module

__all__ = [*_MODULES, "__version__"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _MODULES:
        raise AttributeError(f"module 'bearkit' has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
