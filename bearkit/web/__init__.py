"""What all pages share: the Predict page, and a guarded server. Used by the studio, `bearkit serve` and Gradio Spaces.

Gradio is imported here first, without proxy variables that its HTTP client does not support: with them, its import
fails. And without the type stubs that it writes anew at each import, which take 1.2 of 3 seconds.
"""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bearkit.core.proxies import usable_proxies


@contextmanager
def _no_type_stubs() -> Iterator[None]:
    """Inside the block, Gradio writes no stubs: it writes none for a component whose file is unknown."""
    getfile = inspect.getfile

    def file_of(thing: Any) -> str:
        if isinstance(thing, type) and thing.__module__.startswith("gradio."):
            raise OSError("not needed")
        return getfile(thing)

    inspect.getfile = file_of  # type: ignore[assignment]
    try:
        yield
    finally:
        inspect.getfile = getfile


with usable_proxies(), _no_type_stubs():
    import gradio as gradio
