"""Turn the arguments of `Learner.fit` and `fit_one_cycle` into fields of `TrainConfig`."""

from typing import Any

from bearkit.training.config import TrainConfig

UNFROZEN_EPOCHS = 6  # of an unfrozen fit that names none


def fit_options(config: TrainConfig, frozen: bool, epochs: int | None, lr: float | slice | None) -> dict[str, Any]:
    """Translate epochs and learning rates in fastai's words.

    Args:
        config: has the values of what is left out.
        frozen: whether the head alone learns.
        epochs: number of epochs.
        lr: a rate, or `slice(a, b)` for the first and the last layer group.

    >>> fit_options(TrainConfig(), True, 3, 0.01)
    {'epochs': 3, 'lr': 0.01, 'unfreeze': 0}
    """
    if frozen:
        epochs = (config.epochs or TrainConfig.epochs) if epochs is None else epochs
        return {"epochs": epochs, "lr": config.lr if lr is None else slice_rates(lr)[1], "unfreeze": 0}
    epochs = (config.unfreeze or UNFROZEN_EPOCHS) if epochs is None else epochs
    rates = config.lr_unfrozen if lr is None else slice_rates(lr)
    return {"epochs": 0, "unfreeze": epochs, "lr_unfrozen": rates}


def slice_rates(lr: float | slice) -> tuple[float, float]:
    """Return the rates of the first and the last layer group, from a number or a slice as in fastai.

    >>> slice_rates(1e-3), slice_rates(slice(1e-5, 1e-3)), slice_rates(slice(1e-3))
    ((0.001, 0.001), (1e-05, 0.001), (0.0001, 0.001))
    """
    if not isinstance(lr, slice):
        return lr, lr
    return (lr.start, lr.stop) if lr.start is not None else (lr.stop / 10, lr.stop)
