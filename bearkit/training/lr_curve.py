"""Reading the curve of the LR finder: which rates it suggests, or why it cannot tell. Arrays in, numbers out."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

NAMES = ("valley", "steepest", "minimum", "slide")
SMOOTHING = 3.0  # standard deviation of the smoothing, in points; it looks both ways, so that nothing moves
FEWEST = 20  # points that a curve must have
CUT_START, CUT_END = 0.1, 5  # the share at the start and the points at the end that are not trusted
LEAST_FALL = 0.05  # of the loss at the start: a curve that falls by less is flat
SLOW = 0.1  # of its steepest step: slower than that it only drifts
RISEN = 1.1  # times the loss at the start: from there on it rises
NOISE = 3.0  # a fall of less than so many times the scatter of the points may be chance
SLIDE_POINTS, SLIDE_SLOPE = 15, 0.005  # fastai's


@dataclass(frozen=True)
class LRCurve:
    """What the finder saw and makes of it.

    Attributes:
        lrs: the rates that were tried, rising; float (N,). The highest group's, where groups differ.
        losses: of one batch at each; nats, (N,).
        suggestions: a rate for each of NAMES, None where the curve does not tell.
        reason: why it does not tell; or how to take the suggestions.
    """

    lrs: np.ndarray
    losses: np.ndarray
    suggestions: dict[str, float | None]
    reason: str

    @property
    def smoothed(self) -> np.ndarray:
        """The losses, smoothed."""
        return smooth(self.losses)

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "lrs": self.lrs.tolist(),
            "losses": self.losses.tolist(),
            "suggestions": self.suggestions,
            "reason": self.reason,
        }


def smooth(losses: np.ndarray) -> np.ndarray:
    """A Gaussian mean around each point, which at the ends sees fewer points.

    >>> smooth(np.ones(30)).round(6).tolist() == [1.0] * 30
    True
    """
    offsets = np.arange(len(losses))[:, None] - np.arange(len(losses))
    weights = np.exp(-0.5 * (offsets / SMOOTHING) ** 2)
    result: np.ndarray = weights @ losses / weights.sum(axis=1)
    return result


def suggest(lrs: np.ndarray, losses: np.ndarray) -> LRCurve:
    """Make suggestions from the loss at each rate.

    Source: fastai's four suggestions, on a curve smoothed around each point: its running mean moves the minimum right.
    """
    nothing: dict[str, float | None] = dict.fromkeys(NAMES)
    finite = np.isfinite(losses)
    if not finite.all():
        end = int(np.argmin(finite))
        lrs, losses = lrs[:end], losses[:end]
    if len(losses) < FEWEST:
        why = f"Cannot tell: the loss broke down after {len(losses)} steps. Are the pictures all right?"
        return LRCurve(lrs, losses, nothing, why)
    curve = smooth(losses)
    kept = slice(math.ceil(CUT_START * len(curve)), len(curve) - CUT_END)
    if problem := _problem(losses, curve, kept):
        return LRCurve(lrs, losses, nothing, f"Cannot tell: {problem}{_rise(lrs, curve)}.")
    rates, curve = lrs[kept], curve[kept]
    found = {
        "valley": _valley(rates, curve),
        "steepest": _steepest(rates, curve),
        "minimum": float(rates[curve.argmin()]) / 10,
        "slide": _slide(rates, curve),
    }
    suggestions = {name: None if rate is None else float(f"{rate:.3g}") for name, rate in found.items()}
    return LRCurve(
        lrs, losses, suggestions, "Take the valley, or a rate near it; far to the right of it the loss rises."
    )


def _problem(losses: np.ndarray, curve: np.ndarray, kept: slice) -> str:
    """What keeps the curve from telling anything; empty where nothing does."""
    start, lowest = float(np.median(curve[: kept.start + 1])), float(curve[kept].min())
    falling = slice(0, kept.start + int(curve[kept].argmin()) + 1)
    scatter = float(np.std(losses[falling] - curve[falling]))
    fall = start - lowest
    if fall < LEAST_FALL * abs(start):
        fell = round(max(fall, 0.0), 4)
        return f"the loss falls by only {fell:.2g} of {start:.2g}, as it does where a model was trained already"
    if fall < NOISE * scatter:
        return f"the loss falls by {fall:.2g} and jumps by {scatter:.2g} from batch to batch; take larger batches"
    return ""


def _rise(lrs: np.ndarray, curve: np.ndarray) -> str:
    """Where the loss begins to rise for good, as half a sentence; empty where it does not."""
    low = np.flatnonzero(curve <= RISEN * np.median(curve[: len(curve) // 2]))
    if not len(low) or low[-1] == len(curve) - 1:
        return ""
    return f". From {lrs[low[-1]]:.1g} on the loss rises: stay well below that, at a tenth or less"


def _valley(rates: np.ndarray, curve: np.ndarray) -> float | None:
    """About the middle of the longest stretch in which the loss keeps falling; drifting down is not falling."""
    falls = -np.diff(curve)
    falling = falls > max(SLOW * falls.max(), 0)
    best_start, best_length, start = 0, 0, 0
    for n in range(len(falling) + 1):
        if n == len(falling) or not falling[n]:
            if n - start > best_length:
                best_start, best_length = start, n - start
            start = n + 1
    return float(rates[best_start + best_length // 3 + best_length // 6]) if best_length else None


def _steepest(rates: np.ndarray, curve: np.ndarray) -> float | None:
    """Where the loss falls most for a rate so many times as high."""
    slopes = np.gradient(curve, np.log(rates))
    return float(rates[slopes.argmin()]) if slopes.min() < 0 else None


def _slide(rates: np.ndarray, curve: np.ndarray) -> float | None:
    """From the right, two points go left until the curve is as steep at both: to before where it breaks down.

    The difference of the slopes may pass zero between two points; fastai's rule, that it must be small, can miss that.
    """
    slopes = np.gradient(curve)
    right = len(curve) - 1
    left = right - SLIDE_POINTS
    while left > 0 and slopes[right] - slopes[left] > SLIDE_SLOPE:
        right, left = right - 1, left - 1
    return float(rates[left]) if left > 0 else None
