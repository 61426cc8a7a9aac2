"""Functions that a page's own script asks: plain values in and out, and errors are answers too."""

import functools
import logging
from collections.abc import Callable
from typing import Any

from bearkit.errors import BearkitError, BusyError

Ask = Callable[[dict[str, Any]], dict[str, Any]]


def answered(ask: Ask) -> Ask:
    """A function for a page, whose BearkitErrors are answers; `again` says that it may work later."""

    @functools.wraps(ask)
    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        try:
            return ask(asked)
        except BusyError as error:
            return error.as_dict() | {"again": True}
        except BearkitError as error:
            return error.as_dict()
        except (KeyError, TypeError, ValueError, AttributeError):
            logging.getLogger("bearkit.studio").warning("a question that cannot be read", exc_info=True)
            return {"error": "the studio cannot read what the page asked", "hint": "load the page again"}

    return answer
