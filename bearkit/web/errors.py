"""Where errors meet people: a BearkitError becomes a toast with what helps; nothing else is caught."""

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
        hint = f"<br>What helps: {_said(error.hint)}" if error.hint else ""
        raise gr.Error(_said(str(error)) + hint, duration=15, print_exception=False) from error


def _said(text: str) -> str:
    return html.escape(uploads.as_given(text))


def show_errors(handler: F) -> F:
    """A handler, or one that yields what it shows, whose BearkitErrors are shown to the person, with their hints."""

    @functools.wraps(handler)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        with _toasts():
            return handler(*args, **kwargs)

    @functools.wraps(handler)
    def yielding(*args: Any, **kwargs: Any) -> Iterator[Any]:
        with _toasts():
            yield from handler(*args, **kwargs)

    return yielding if inspect.isgeneratorfunction(handler) else wrapped  # type: ignore[return-value]


def take_files(component: gr.Image | gr.File) -> None:
    """Give handlers the very file that was dropped or taken, which the Predictor and imports read as training would.

    Gradio would open it first, and it would fetch any address, of any size, that a client names instead of a file. (Set
    on the component: Gradio writes files beside the source of whoever subclasses one of its own.)
    """
    keep = component.async_move_resource_to_block_cache

    async def kept(path: Any) -> str | None:
        if "://" in str(path):
            raise gr.Error("send the file itself, not its address", print_exception=False)
        return await keep(path)

    if isinstance(component, gr.Image):
        component.preprocess = lambda payload: str(payload.path) if payload is not None else None  # type: ignore[method-assign]
    component.async_move_resource_to_block_cache = kept  # type: ignore[assignment, method-assign]
