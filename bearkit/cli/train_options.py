"""Build the options of training commands from the fields of `TrainConfig`."""

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
    """Add options for fields of `TrainConfig` to a command, before its own options.

    The command's first parameter receives the options that differ from their defaults, by field name.

    Args:
        names: the fields; all of them if none is named.
    """
    fields = names or tuple(OPTIONS)

    def decorate(command: Command) -> Command:
        _, *own = inspect.signature(command).parameters.values()

        @functools.wraps(command)
        def run(**values: Any) -> None:
            chosen = {name: _value(name, values.pop(name)) for name in fields}
            defaults = {name: None if name == "seed" else getattr(TrainConfig, name) for name in fields}
            command({name: value for name, value in chosen.items() if value != defaults[name]}, **values)

        own = [parameter.replace(kind=Parameter.KEYWORD_ONLY) for parameter in own]
        parameters = [*map(_parameter, fields), *own]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # Typer reads it
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return run

    return decorate


def _parameter(name: str) -> Parameter:
    """Build the parameter that Typer reads for one field."""
    option, kind, default = OPTIONS[name], TYPES[name], getattr(TrainConfig, name)
    if name == "seed":
        kind, default = int | None, None  # None: the project's seed
    elif option.parse is not None:
        kind, default = str, option.as_text(default)
    least = int(option.least) if kind is int else None
    info = typer.Option(flag(name), help=option.help, metavar=option.metavar, min=least)
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, info])


def _value(name: str, value: Any) -> Any:
    """Parse the value of a field.

    Raises:
        typer.BadParameter: the text cannot be parsed.
    """
    parse = OPTIONS[name].parse
    if parse is None:
        return value
    try:
        return parse(value)
    except RunError as error:
        raise typer.BadParameter(f"{flag(name)}: {error}; {error.hint}") from error
