"""Commands to learn with: stochastic gradient descent on a line."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bearkit.cli.common import JsonOption, app, show
from bearkit.core.text import table
from bearkit.learn import sgd as line
from bearkit.learn.sgd_animation import save_gif

SHOWN = 10  # steps in the table


@app.command()
def sgd(
    lr: Annotated[float, typer.Option(metavar="RATE", help="The learning rate.")] = 0.1,
    batch_size: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Dots per step; by default all 100 of them.")
    ] = None,
    steps: Annotated[int, typer.Option(min=1, metavar="N", help="How many steps.")] = 100,
    gif: Annotated[
        Path | None, typer.Option(metavar="FILE.gif", help="Draw it: the line, the loss, the path over the loss.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Fit a line by gradient descent, to see how training works.

    The dots lie around y = 3 x + 2, and each is higher by a random number from
    0 to 1. So the best line is near y = 3 x + 2.5.

    Example: bearkit sgd --lr 0.1 --gif line.gif
    Example: bearkit sgd --lr 1.1
    """
    X, y = line.dots()
    fit = line.descend(X, y, lr=lr, steps=steps, batch_size=batch_size)
    if gif is not None:
        save_gif(X, y, fit, gif)
    show(as_json, fit.as_dict(), _describe(fit, line.largest_rate(X)))


def _describe(fit: line.Fit, largest: float) -> str:
    """Describe a descent: some of its steps, the line at its end, and what the learning rate did."""
    last = len(fit.path) - 1
    rows: list[tuple[Any, ...]] = [
        (step, *(f"{a:.3f}" for a in fit.path[step]), f"{fit.losses[step]:.4g}")
        for step in sorted({round(last * n / SHOWN) for n in range(SHOWN + 1)})
    ]
    slope, intercept = fit.parameters
    end = f"After {last} steps: y = {slope:.2f} x + {intercept:.2f}"
    if fit.diverged:
        end = f"The loss grows: the learning rate is too high. On all dots it must be below {largest:.2f}."
    return "\n".join([*table(("step", "slope", "intercept", "loss"), rows), "", end])
