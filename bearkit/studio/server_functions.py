"""Python functions that a page's JavaScript calls: plain values in and out, errors as answers."""

import functools
import logging
from collections.abc import Callable
from typing import Any

from bearkit.errors import BearkitError, BusyError

ServerFunction = Callable[[dict[str, Any]], dict[str, Any]]


def errors_as_answers(ask: ServerFunction) -> ServerFunction:
    """Wrap a function so that it returns its errors as an answer.

    Returns:
        A function that returns what `ask` returns, or {error, hint}; a BusyError also has `again`: true, since the
        same question may work later.
    """

    @functools.wraps(ask)
    def answer(request: dict[str, Any]) -> dict[str, Any]:
        try:
            return ask(request)
        except BusyError as error:
            return error.as_dict() | {"again": True}
        except BearkitError as error:
            return error.as_dict()
        except (KeyError, TypeError, ValueError, AttributeError):
            logging.getLogger("bearkit.studio").warning("unreadable request from a page", exc_info=True)
            return {"error": "the studio cannot read what the page sent", "hint": "reload the page"}

    return answer
