"""Where errors meet people: a BearkitError becomes a toast with what helps; nothing else is caught."""

import functools
import html
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import gradio as gr

from bearkit.errors import BearkitError

P = ParamSpec("P")
R = TypeVar("R")


def told(handler: Callable[P, R]) -> Callable[P, R]:
    """A handler whose BearkitErrors are shown to the person, with their hints."""

    @functools.wraps(handler)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return handler(*args, **kwargs)
        except BearkitError as error:
            hint = f"<br>What helps: {html.escape(error.hint)}" if error.hint else ""
            raise gr.Error(html.escape(str(error)) + hint, duration=15, print_exception=False) from error

    return wrapped
