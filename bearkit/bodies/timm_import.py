"""Import timm even if torchvision is a CUDA build and torch is a CPU build.

Plain pip installs that pair on many machines. There `import torchvision` fails with "operator torchvision::nms does
not exist": it registers shape rules for compiled operators that this torch could not load. bearkit uses none of those
operators (Pillow decodes), so their rules are skipped during this one import.
"""

import importlib
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import torch

_IMPORT_LOCK = threading.RLock()


@contextmanager
def _missing_operators_skipped() -> Iterator[None]:
    register = torch.library.register_fake

    def skip_missing(op: Any, func: Callable[..., Any] | None = None, /, **options: Any) -> Any:
        if isinstance(op, str) and op.startswith("torchvision::") and not _is_defined(op):
            return (lambda rule: rule) if func is None else func
        return register(op, func, **options)

    torch.library.register_fake = skip_missing
    try:
        yield
    finally:
        torch.library.register_fake = register


def _is_defined(operator: str) -> bool:
    namespace, name = operator.split("::")
    return hasattr(getattr(torch.ops, namespace), name)


def import_timm() -> ModuleType:
    """Import and return timm. Thread-safe: one thread patches torch during the first import, then restores it."""
    with _IMPORT_LOCK:
        if "torchvision" not in sys.modules:
            with _missing_operators_skipped():
                importlib.import_module("torchvision")
    return importlib.import_module("timm")
