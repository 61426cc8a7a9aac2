"""Read the LR finder's curve: the learning rates that it suggests, or why it suggests none. Arrays in, numbers out."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

NAMES = ("valley", "steepest", "minimum", "slide")
SMOOTHING = 3.0  # standard deviation of the Gaussian, in points; it is centred, so the curve does not shift
MIN_POINTS = 20  # a curve with fewer gives no suggestions
CUT_START, CUT_END = 0.1, 5  # not used: this share of the points at the start, and this many at the end
MIN_FALL = 0.05  # a curve is flat if it falls by less than this share of the loss at the start
SLOW = 0.1  # a step below this share of the steepest one is drift, not falling
RISEN = 1.1  # the loss rises where it is above this many times the loss at the start
NOISE = 3.0  # a fall of less than this many times the scatter of the points may be chance
SLIDE_POINTS, SLIDE_SLOPE = 15, 0.005  # fastai's


@dataclass(frozen=True)
class LRCurve:
    """The LR finder's curve and its suggestions.

    Attributes:
        lrs: learning rates that were tried, rising, float (N,); if layer groups differ, the highest group's.
        losses: loss of one batch at each rate in nats, float (N,).
        suggestions: a rate for each of NAMES, None if the curve does not give one.
        reason: why there are no suggestions, or how to use them; for people.
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
        """Return plain values."""
        return {
            "lrs": self.lrs.tolist(),
            "losses": self.losses.tolist(),
            "suggestions": self.suggestions,
            "reason": self.reason,
        }


def smooth(losses: np.ndarray) -> np.ndarray:
    """Smooth a curve (N,) with a Gaussian mean around each point; near the ends it has fewer points.

    >>> smooth(np.ones(30)).round(6).tolist() == [1.0] * 30
    True
    """
    offsets = np.arange(len(losses))[:, None] - np.arange(len(losses))
    weights = np.exp(-0.5 * (offsets / SMOOTHING) ** 2)
    result: np.ndarray = weights @ losses / weights.sum(axis=1)
    return result


def suggest(lrs: np.ndarray, losses: np.ndarray) -> LRCurve:
    """Suggest learning rates from the loss at each rate.

    Source: fastai's four suggestions. fastai smooths with a running mean, which shifts the minimum to the right; here
    the smoothing is centred.

    Args:
        lrs: learning rates that were tried, rising, float (N,).
        losses: loss of one batch at each rate in nats, float (N,).
    """
    no_suggestions: dict[str, float | None] = dict.fromkeys(NAMES)
    finite = np.isfinite(losses)
    if not finite.all():
        end = int(np.argmin(finite))
        lrs, losses = lrs[:end], losses[:end]
    if len(losses) < MIN_POINTS:
        reason = f"Cannot tell: the loss broke down after {len(losses)} steps. Are the pictures all right?"
        return LRCurve(lrs, losses, no_suggestions, reason)
    curve = smooth(losses)
    used = slice(math.ceil(CUT_START * len(curve)), len(curve) - CUT_END)
    if problem := _problem(losses, curve, used):
        return LRCurve(lrs, losses, no_suggestions, f"Cannot tell: {problem}{_rise(lrs, curve)}.")
    rates, curve = lrs[used], curve[used]
    rates_by_name = {
        "valley": _valley(rates, curve),
        "steepest": _steepest(rates, curve),
        "minimum": float(rates[curve.argmin()]) / 10,
        "slide": _slide(rates, curve),
    }
    suggestions = {name: None if rate is None else float(f"{rate:.3g}") for name, rate in rates_by_name.items()}
    return LRCurve(lrs, losses, suggestions, "Use the valley, or a rate near it; much higher rates diverge.")


def _problem(losses: np.ndarray, curve: np.ndarray, used: slice) -> str:
    """Say why the curve gives no suggestions, as half a sentence; "" if it does."""
    start, lowest = float(np.median(curve[: used.start + 1])), float(curve[used].min())
    falling = slice(0, used.start + int(curve[used].argmin()) + 1)
    scatter = float(np.std(losses[falling] - curve[falling]))
    fall = start - lowest
    if fall < MIN_FALL * abs(start):
        fell = round(max(fall, 0.0), 4)
        return f"the loss falls by only {fell:.2g} of {start:.2g}, as it does where a model was trained already"
    if fall < NOISE * scatter:
        return f"the loss falls by {fall:.2g} and jumps by {scatter:.2g} from batch to batch; take larger batches"
    return ""


def _rise(lrs: np.ndarray, curve: np.ndarray) -> str:
    """Say from which rate on the loss rises, as half a sentence; "" if it does not rise."""
    low = np.flatnonzero(curve <= RISEN * np.median(curve[: len(curve) // 2]))
    if not len(low) or low[-1] == len(curve) - 1:
        return ""
    return f". From {lrs[low[-1]]:.1g} on the loss rises: stay well below that, at a tenth or less"


def _valley(rates: np.ndarray, curve: np.ndarray) -> float | None:
    """Find the rate near the middle of the longest stretch in which the loss falls; drift does not count."""
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
    """Find the rate at which the loss falls fastest over the logarithm of the rate."""
    slopes = np.gradient(curve, np.log(rates))
    return float(rates[slopes.argmin()]) if slopes.min() < 0 else None


def _slide(rates: np.ndarray, curve: np.ndarray) -> float | None:
    """Find the rate before the loss breaks down, by two points that slide left until the slopes at both are equal.

    fastai requires a small difference of the slopes, and can miss that it crosses zero between two positions; here a
    crossing ends the slide too.
    """
    slopes = np.gradient(curve)
    right = len(curve) - 1
    left = right - SLIDE_POINTS
    while left > 0 and slopes[right] - slopes[left] > SLIDE_SLOPE:
        right, left = right - 1, left - 1
    return float(rates[left]) if left > 0 else None
