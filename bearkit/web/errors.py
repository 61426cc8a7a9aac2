"""Show errors on a page: a BearkitError becomes a toast with its hint; other errors are not caught."""

import functools
import html
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import gradio as gr

from bearkit.errors import BearkitError
from bearkit.web import uploads

F = TypeVar("F", bound=Callable[..., Any])


@contextmanager
def _toasts() -> Iterator[None]:
    try:
        yield
    except BearkitError as error:
        hint = f"<br>Hint: {_shown(error.hint)}" if error.hint else ""
        raise gr.Error(_shown(str(error)) + hint, duration=15, print_exception=False) from error


def _shown(text: str) -> str:
    return html.escape(uploads.with_given_names(text))


def show_errors(handler: F) -> F:
    """Decorate a Gradio handler, a function or a generator, so that its BearkitErrors become toasts."""

    @functools.wraps(handler)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        with _toasts():
            return handler(*args, **kwargs)

    @functools.wraps(handler)
    def yielding(*args: Any, **kwargs: Any) -> Iterator[Any]:
        with _toasts():
            yield from handler(*args, **kwargs)

    return yielding if inspect.isgeneratorfunction(handler) else wrapped  # type: ignore[return-value]


def take_original_files(component: gr.Image | gr.File) -> None:
    """Let a component pass handlers the original file, so that it is read as training reads it.

    By default Gradio decodes the file itself, and downloads any address, of any size, that a client sends instead of a
    file. The methods are replaced on the component, since Gradio writes files next to the source of a subclass.
    """
    keep = component.async_move_resource_to_block_cache

    async def kept(path: Any) -> str | None:
        if "://" in str(path):
            raise gr.Error("send the file itself, not its address", print_exception=False)
        return await keep(path)

    if isinstance(component, gr.Image):
        component.preprocess = lambda payload: str(payload.path) if payload is not None else None  # type: ignore[method-assign]
    component.async_move_resource_to_block_cache = kept  # type: ignore[assignment, method-assign]
