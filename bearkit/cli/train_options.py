"""The options of commands that train, made from the fields of `TrainConfig`."""

import functools
import inspect
from collections.abc import Callable
from inspect import Parameter
from typing import Annotated, Any, get_type_hints

import typer

from bearkit.errors import RunError
from bearkit.training.config import OPTIONS, TrainConfig, flag

Command = Callable[..., None]
TYPES = get_type_hints(TrainConfig)


def train_options(*names: str) -> Callable[[Command], Command]:
    """Give a command options for these fields of `TrainConfig`, before its own; for all of them if none is named.

    The command's first parameter gets the values that a person chose, by field; what was left out is not in it.
    """
    taken = names or tuple(OPTIONS)

    def decorate(command: Command) -> Command:
        _, *own = inspect.signature(command).parameters.values()

        @functools.wraps(command)
        def run(**values: Any) -> None:
            chosen = {name: _value(name, values.pop(name)) for name in taken}
            defaults = {name: None if name == "seed" else getattr(TrainConfig, name) for name in taken}
            command({name: value for name, value in chosen.items() if value != defaults[name]}, **values)

        parameters = [*map(_parameter, taken), *(one.replace(kind=Parameter.KEYWORD_ONLY) for one in own)]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # Typer reads it
        run.__annotations__ = {one.name: one.annotation for one in parameters}
        return run

    return decorate


def _parameter(name: str) -> Parameter:
    """One option, as Typer reads it."""
    option, kind, default = OPTIONS[name], TYPES[name], getattr(TrainConfig, name)
    if name == "seed":
        kind, default = int | None, None  # left out, it is the project's
    elif option.parse is not None:
        kind, default = str, option.as_text(default)
    least = int(option.least) if kind is int else None
    said = typer.Option(flag(name), help=option.help, metavar=option.metavar, min=least)
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, said])


def _value(name: str, given: Any) -> Any:
    """A field's value from what the command line got.

    Raises:
        typer.BadParameter: the text is no row of numbers.
    """
    parse = OPTIONS[name].parse
    if parse is None:
        return given
    try:
        return parse(given)
    except RunError as error:
        raise typer.BadParameter(f"{flag(name)}: {error}; {error.hint}") from error
