"""Deep grey values (12 or 16 bits, floats) brought to 8 bits, without what stands for "no data here"."""

import re
from typing import Any

import numpy as np

from bearkit.errors import ImageError

DEPTHS = (8, 10, 12, 14)  # bits that cameras and microscopes write into 16
HUGE = 1e30  # beyond it a value stands for no data: -3.4e38 is the smallest float
USUAL = {32767, -32767, -32768, -(2**31), 1 - 2**31, 2**31 - 1, 1e20, -1e20, float(np.float32(1e20))}
NINES = re.compile(r"-?9{2,}(\.0|\.9+|\.25)")  # -9999, 99, -999.25 ...: what people write for no data
REPEATED = 3  # pixels that have such a value above all others, or any other one far above them
SIGN_GAP = 0.1  # and where it is below 0 and nothing else is, this suffices
USUAL_GAP = 0.5  # a usual value stands for no data where it is so far off, in ranges of all other values
GAP, ODD = 3.0, -100.0  # and so does any other whole number below ODD that is so far off
WIDE_GAP, LARGE = 20.0, 1000.0  # and any larger one that REPEATED pixels have, so far off
OUTLIERS = 100.0  # the range with outliers is so many times the range without
TAILS = (0.5, 99.5)  # percentiles of that range
SAMPLE = 100_000  # pixels that percentiles are computed from
BLOCK = 2**16  # pixels that are scaled at once
MAX_ROUNDS = 8  # values at either end that are looked at

Array = np.ndarray[Any, Any]


def to_8_bits(values: Array, no_data: object = None) -> Array:
    """Grey values of a deep picture as uint8, same shape.

    Whole numbers are taken as 8, 10, 12, 14, 16 or 32 bits deep, whichever first holds the brightest (microscopes write
    12 bits into 16, and a plain division by 256 leaves those black); floats and negative numbers are stretched from
    darkest to brightest. Pixels without data are left out of that, and come in the grey of the median: they are not
    finite, beyond 1e30, `no_data`, or a value like -9999 far off all others (one above all others counts only where
    some pixels have it exactly). A few very far-off pixels are cut.

    Args:
        values: whole numbers or floats, (H, W).
        no_data: the value of pixels without data, as the file says it.

    Raises:
        ImageError: not one pixel has data.

    >>> to_8_bits(np.array([[0, 4095]], dtype=np.uint16)).tolist()
    [[0, 255]]
    >>> to_8_bits(np.array([[-9999, 0, 1, 1, 2]], dtype=np.float32)).tolist()
    [[128, 0, 128, 128, 255]]
    """
    there = _there(values, no_data)
    if there is not None and not there.any():
        raise ImageError("not one pixel of the picture has data", hint="export it again, or leave it out")
    low, high = _ends(values, there)
    if there is not None:
        there, low, high = _without_no_data(values, there, low, high)
    if values.dtype.kind in "iu" and low >= 0:
        depth = next((bits for bits in (*DEPTHS, *range(16, 33)) if high < 2**bits), 32)
        low, high = 0.0, float(2**depth - 1)
    elif there is not None:
        low, high = _without_outliers(values[there], low, high)
    if low == high:
        return np.full(values.shape, 128, np.uint8)
    return _scaled(values, there, low, high)


def _there(values: Array, no_data: object) -> Array | None:
    """Which pixels have data, bool (H, W); None where nothing speaks against any."""
    there = None
    if values.dtype.kind == "f":
        there = (values > -HUGE) & (values < HUGE)  # NaN is neither
    elif values.size and (values.dtype.kind == "i" or _is_nines(float(values.max()))):
        there = np.ones(values.shape, bool)
    try:
        said = float(str(no_data).strip("\0 ")) if no_data is not None else np.nan
    except ValueError:
        said = np.nan
    if np.isfinite(said):
        has_data = values != values.dtype.type(said) if _fits(said, values.dtype) else np.ones(values.shape, bool)
        there = has_data if there is None else there & has_data
    return there


def _fits(value: float, dtype: np.dtype[Any]) -> bool:
    """Whether a value can be one of these numbers."""
    if dtype.kind == "f":
        return True
    return value == int(value) and np.iinfo(dtype).min <= value <= np.iinfo(dtype).max


def _ends(values: Array, there: Array | None) -> tuple[float, float]:
    """The darkest and the brightest value that there is."""
    if there is None:
        return float(values.min()), float(values.max())
    largest, smallest = values.max(), values.min()
    if values.dtype.kind == "f":
        largest, smallest = values.dtype.type(np.inf), values.dtype.type(-np.inf)
    low, high = values.min(where=there, initial=largest), values.max(where=there, initial=smallest)
    return float(low), float(high)


def _without_no_data(values: Array, there: Array, low: float, high: float) -> tuple[Array, float, float]:
    """Leave out the values at either end that stand for no data."""
    for _ in range(MAX_ROUNDS):
        above, below = there & (values > low), there & (values < high)
        if not above.any():
            break
        second, last = _ends(values, above)[0], _ends(values, below)[1]
        odd = _is_nines(low) and second >= 0 and _is_repeated(values, there, low)  # no other value is below 0
        if _is_far(low, second - low, high - second, SIGN_GAP if odd else USUAL_GAP):
            there, low = above, second
        elif _is_far(high, high - last, last - low) and _is_repeated(values, there, high):
            there, high = below, last
        else:
            break
    return there, low, high


def _is_nines(value: float) -> bool:
    """Whether it is a number that people write for no data, in 32 bits or 64."""
    return bool(NINES.fullmatch(str(round(value, 3))))


def _is_repeated(values: Array, there: Array, value: float) -> bool:
    """Whether some pixels have exactly this value; one alone may be a bright spot."""
    return bool(np.count_nonzero((values == value) & there) >= REPEATED)


def _is_far(value: float, gap: float, others: float, usual_gap: float = USUAL_GAP) -> bool:
    """Whether the value at an end stands for no data: by what it is, and how far off the range of all others."""
    if value in USUAL or _is_nines(value):
        return gap > usual_gap * others
    if value >= LARGE:
        return gap > WIDE_GAP * others > 0
    return value <= ODD and value == round(value) and gap > GAP * others > 0


def _without_outliers(some: Array, low: float, high: float) -> tuple[float, float]:
    """The ends of the values, or of nearly all of them where a few are very far off."""
    bottom, top = (float(end) for end in np.percentile(some[:: max(1, some.size // SAMPLE)], TAILS))
    return (bottom, top) if 0 < OUTLIERS * (top - bottom) < high - low else (low, high)


def _scaled(values: Array, there: Array | None, low: float, high: float) -> Array:
    result: Array = np.empty(values.shape, np.uint8)
    n = max(1, BLOCK // values.shape[1])
    for rows in (slice(at, at + n) for at in range(0, len(values), n)):  # all in float64 could fill the memory
        part = values[rows].astype(np.float64)
        part -= low
        part *= 255 / (high - low)
        if there is not None:
            part[~there[rows]] = 0
            part.clip(0, 255, out=part)
        result[rows] = part.round(out=part)
    if there is not None and not there.all():
        result[~there] = round(float(np.median(result[there])))
    return result
