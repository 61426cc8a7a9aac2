"""Compare two models on the same images: is the new one better, or were only the labels corrected?"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import bdtr

from bearkit.core.text import percent
from bearkit.errors import ShapeError

BETTER, WORSE, CANNOT_TELL = "better", "worse", "cannot tell"
ONLY_LABELS = "the gain is the corrected validation labels, not the model"
SIGNIFICANT = 0.05  # p-values below this are a difference
DRAWS = 10_000  # of the bootstrap


@dataclass(frozen=True)
class Comparison:
    """The result of two models on the same images, under the labels before and after a review.

    Attributes:
        table: error rates; rows old and new model, columns old and corrected labels.
        p_value: of the exact McNemar test (1947) of the two models, under the corrected labels.
        interval: 95 % interval of the new error rate minus the old one under those labels, by paired bootstrap.
        verdict: BETTER, WORSE, CANNOT_TELL or ONLY_LABELS.
        sentence: the verdict with its numbers, for people.
        images: how many images were compared.
        relabelled: how many of them have another label after the review.
        gained: how many images only the new model predicts correctly.
        lost: how many images only the old model predicts correctly.
    """

    table: list[list[float]]
    p_value: float
    interval: tuple[float, float]
    verdict: str
    sentence: str
    images: int
    relabelled: int
    gained: int
    lost: int

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as `bearkit compare --json` prints them."""
        return asdict(self) | {"interval": list(self.interval)}


def compare_predictions(old: np.ndarray, new: np.ndarray, old_labels: np.ndarray, new_labels: np.ndarray) -> Comparison:
    """Compare the predictions of two models for N images that neither was trained on.

    Args:
        old: labels that the old model predicts, (N,).
        new: labels that the new model predicts, (N,).
        old_labels: labels before the review, (N,).
        new_labels: labels after the review, (N,).

    Raises:
        ShapeError: the four have different lengths, or are empty.

    >>> same = np.array(["black"] * 20)
    >>> compare_predictions(same, same, same, same).verdict
    'cannot tell'
    """
    if not len(old) or len({len(labels) for labels in (old, new, old_labels, new_labels)}) > 1:
        raise ShapeError("two models are compared on the same pictures, at least one", hint="one value a picture each")
    table = [[float((predicted != given).mean()) for given in (old_labels, new_labels)] for predicted in (old, new)]
    gained, lost = _discordant(old == new_labels, new == new_labels)
    p_value = mcnemar(gained, lost)
    p_labels = mcnemar(*_discordant(old == old_labels, old == new_labels))  # the old model under both labels
    if p_value < SIGNIFICANT:
        verdict = BETTER if gained > lost else WORSE
    elif p_labels < SIGNIFICANT and table[0][1] < table[0][0]:
        verdict = ONLY_LABELS
    else:
        verdict = CANNOT_TELL
    interval = bootstrap_interval(gained, lost, len(old))
    relabelled = int((old_labels != new_labels).sum())
    sentence = _sentence(verdict, table, p_value, (len(old), relabelled, gained, lost))
    return Comparison(table, p_value, interval, verdict, sentence, len(old), relabelled, gained, lost)


def mcnemar(gained: int, lost: int) -> float:
    """Compute the two-sided p-value of the exact McNemar test.

    Args:
        gained: images that only the new model predicts correctly.
        lost: images that only the old model predicts correctly.

    >>> mcnemar(6, 0)
    0.03125
    """
    n = gained + lost
    return min(1.0, 2 * float(bdtr(min(gained, lost), n, 0.5))) if n else 1.0


def bootstrap_interval(gained: int, lost: int, n: int) -> tuple[float, float]:
    """Compute the 95 % bootstrap interval of the change in error rate, (lost - gained) / n.

    Args:
        gained: images that only the new model predicts correctly.
        lost: images that only the old model predicts correctly.
        n: all images.
    """
    rng = np.random.default_rng(0)
    draws = rng.multinomial(n, [gained / n, lost / n, (n - gained - lost) / n], DRAWS)
    low, high = np.quantile((draws[:, 1] - draws[:, 0]) / n, [0.025, 0.975])
    return float(low), float(high)


def _discordant(before: np.ndarray, after: np.ndarray) -> tuple[int, int]:
    """Count the images that became right, and those that became wrong; bool (N,) and (N,)."""
    return int((after & ~before).sum()), int((before & ~after).sum())


def _sentence(
    verdict: str,
    table: list[list[float]],
    p_value: float,
    counts: tuple[int, int, int, int],
) -> str:
    images, relabelled, gained, lost = counts
    (old_old, old_new), (_, new_new) = table
    pictures = f"{images} validation pictures" + (f" ({relabelled} of them relabelled)" if relabelled else "")
    if gained or lost:
        evidence = f"only the new model is right on {gained} of {pictures}, only the old one on {lost}"
    else:
        evidence = f"both models are right on the same {images - round(old_new * images)} of {pictures}"
    if verdict == ONLY_LABELS:
        labels = f"by the corrected labels the old model's error is {percent(old_new)}, and it was {percent(old_old)}"
        return f"{verdict.capitalize()}: {labels}. By these labels {evidence}."
    if verdict == CANNOT_TELL:
        chance = f" Such a difference can be chance (p = {p_value:.2g})." if gained or lost else ""
        return f"Cannot tell: {evidence}.{chance}"
    change = f"{percent(new_new)} are wrong now, {percent(old_new)} were before, both by the corrected labels"
    return f"{verdict.capitalize()}: {change}. {evidence[0].upper()}{evidence[1:]} (p = {p_value:.2g})."
