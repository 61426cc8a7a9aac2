"""Is a model better than the one before, or were only the labels corrected? Arrays in, figures out."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import bdtr

from bearkit.errors import ShapeError

BETTER, WORSE, CANNOT_TELL = "better", "worse", "cannot tell"
ONLY_LABELS = "the gain is the corrected validation labels, not the model"
SURE = 0.05  # a smaller p-value is called a difference
DRAWS = 10_000  # of the bootstrap


@dataclass(frozen=True)
class Comparison:
    """Two models on the same pictures, under the labels before and after a review.

    Attributes:
        table: error rates; rows old and new model, columns old and corrected labels.
        p_value: exact McNemar (1947) test of the two models, on the corrected labels.
        interval: of the new model's error rate minus the old one's there, 95 %, by paired bootstrap.
        verdict: BETTER, WORSE, CANNOT_TELL or ONLY_LABELS.
        sentence: the same for people, with its numbers.
        images: how many pictures were compared.
        relabelled: how many of them have another label now.
        gained: pictures that only the new model gets right.
        lost: pictures that only the old one gets right.
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
        """Plain values, as the command line prints them."""
        return asdict(self) | {"interval": list(self.interval)}


def compare_predictions(old: np.ndarray, new: np.ndarray, old_labels: np.ndarray, new_labels: np.ndarray) -> Comparison:
    """Compare what two models predicted for the same N pictures, none of which they trained on.

    Args:
        old: the old model's predicted labels, (N,).
        new: the new model's.
        old_labels: given before the review.
        new_labels: given now.

    Raises:
        ShapeError: they are not all of one length, or empty.

    >>> same = np.array(["black"] * 20)
    >>> compare(same, same, same, same).verdict
    'cannot tell'
    """
    if not len(old) or len({len(one) for one in (old, new, old_labels, new_labels)}) > 1:
        raise ShapeError("two models are compared on the same pictures, at least one", hint="one value a picture each")
    table = [[float((predicted != given).mean()) for given in (old_labels, new_labels)] for predicted in (old, new)]
    gained, lost = _discordant(old == new_labels, new == new_labels)
    p_value = mcnemar(gained, lost)
    corrected = mcnemar(*_discordant(old == old_labels, old == new_labels))
    if p_value < SURE:
        verdict = BETTER if gained > lost else WORSE
    elif corrected < SURE and table[0][1] < table[0][0]:
        verdict = ONLY_LABELS
    else:
        verdict = CANNOT_TELL
    interval = bootstrap_interval(gained, lost, len(old))
    relabelled = int((old_labels != new_labels).sum())
    sentence = _sentence(verdict, table, p_value, interval, (len(old), relabelled, gained, lost))
    return Comparison(table, p_value, interval, verdict, sentence, len(old), relabelled, gained, lost)


def mcnemar(gained: int, lost: int) -> float:
    """Two-sided exact p-value that so many pictures gained and lost are chance.

    >>> mcnemar(6, 0)
    0.03125
    """
    n = gained + lost
    return min(1.0, 2 * float(bdtr(min(gained, lost), n, 0.5))) if n else 1.0


def bootstrap_interval(gained: int, lost: int, n: int) -> tuple[float, float]:
    """The 95 % interval of the change in error rate, (lost - gained) / n, when the n pictures are drawn again."""
    rng = np.random.default_rng(0)
    draws = rng.multinomial(n, [gained / n, lost / n, (n - gained - lost) / n], DRAWS)
    low, high = np.quantile((draws[:, 1] - draws[:, 0]) / n, [0.025, 0.975])
    return float(low), float(high)


def _discordant(before: np.ndarray, after: np.ndarray) -> tuple[int, int]:
    return int((after & ~before).sum()), int((before & ~after).sum())


def _sentence(
    verdict: str,
    table: list[list[float]],
    p_value: float,
    interval: tuple[float, float],
    counts: tuple[int, int, int, int],
) -> str:
    images, relabelled, gained, lost = counts
    (old_old, old_new), (_, new_new) = table
    found = (
        f"on {images} validation pictures, {relabelled} of them relabelled, the new model alone is right on {gained}"
    )
    evidence = f"{found}, the old one alone on {lost} (p = {p_value:.2g})"
    if verdict == ONLY_LABELS:
        fall = f"they alone take the old model's error from {old_old:.1%} to {old_new:.1%}"
        return f"{verdict.capitalize()}: {fall}; {evidence}."
    if verdict == CANNOT_TELL:
        low, high = interval
        return f"Cannot tell: {evidence}; the error may have changed by {low:+.1%} to {high:+.1%}."
    change = f"{verdict.capitalize()}: the error goes from {old_new:.1%} to {new_new:.1%} under the same labels"
    return f"{change}; {evidence}."
