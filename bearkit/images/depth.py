"""Convert grey values of more than 8 bits, or floats, to 8 bits, ignoring values that mean "no data"."""

import re
from typing import Any

import numpy as np

from bearkit.errors import ImageError

DEPTHS = (8, 10, 12, 14)  # bits that cameras and microscopes write into 16
HUGE = 1e30  # a larger absolute value means no data; -3.4e38, the smallest float, is common
USUAL = {32767, -32767, -32768, -(2**31), 1 - 2**31, 2**31 - 1, 1e20, -1e20, float(np.float32(1e20))}
NINES = re.compile(r"-?9{2,}(\.0|\.9+|\.25)")  # -9999, 99, -999.25 ...: common codes for no data
REPEATED = 3  # a value above all others means no data only if this many pixels have it
SIGN_GAP = 0.1  # the same, if the value is a negative code and all other values are at least 0
USUAL_GAP = 0.5  # a common code means no data at this distance, in units of the range of all other values
GAP, ODD = 3.0, -100.0  # any other whole number up to ODD means no data at this distance
WIDE_GAP, LARGE = 20.0, 1000.0  # any other number from LARGE on means no data at this distance
OUTLIERS = 100.0  # there are outliers if the full range is this many times the range of TAILS
TAILS = (0.5, 99.5)  # percentiles
SAMPLE = 100_000  # pixels used for the percentiles
BLOCK = 2**16  # pixels scaled at once
MAX_ROUNDS = 8  # values at the two ends that are checked

Array = np.ndarray[Any, Any]


def to_8_bits(values: Array, no_data: object = None) -> Array:
    """Convert grey values to uint8.

    Whole numbers from 0 on are scaled by the smallest of 8, 10, 12, 14, 16, 17, ... 32 bits that holds the brightest
    value: microscopes write 12 bits into 16, and a division by 256 would make those black. Floats and negative numbers
    are stretched from the darkest value to the brightest; a few extreme outliers are clipped.

    Pixels without data do not count for this and become the median grey. Such a pixel is not finite, beyond 1e30,
    `no_data`, or a code like -9999 far from all other values (above them only if several pixels have that value).

    Args:
        values: whole numbers or floats, (H, W).
        no_data: value of pixels without data, as the file's metadata has it.

    Returns:
        Grey values, uint8 (H, W).

    Raises:
        ImageError: no pixel has data.

    >>> to_8_bits(np.array([[0, 4095]], dtype=np.uint16)).tolist()
    [[0, 255]]
    >>> to_8_bits(np.array([[-9999, 0, 1, 1, 2]], dtype=np.float32)).tolist()
    [[128, 0, 128, 128, 255]]
    """
    has_data = _has_data(values, no_data)
    if has_data is not None and not has_data.any():
        raise ImageError("not one pixel of the picture has data", hint="export it again, or leave it out")
    low, high = _range(values, has_data)
    if has_data is not None:
        has_data, low, high = _exclude_no_data(values, has_data, low, high)
    if values.dtype.kind in "iu" and low >= 0:
        depth = next((bits for bits in (*DEPTHS, *range(16, 33)) if high < 2**bits), 32)
        low, high = 0.0, float(2**depth - 1)
    elif has_data is not None:
        low, high = _clip_outliers(values[has_data], low, high)
    if low == high:
        return np.full(values.shape, 128, np.uint8)
    return _scaled(values, has_data, low, high)


def _has_data(values: Array, no_data: object) -> Array | None:
    """Return which pixels have data, bool (H, W); None if all have, and no value can be a code for no data."""
    has_data = None
    if values.dtype.kind == "f":
        has_data = (values > -HUGE) & (values < HUGE)  # both are false for NaN
    elif values.size and (values.dtype.kind == "i" or _is_nines(float(values.max()))):
        has_data = np.ones(values.shape, bool)
    try:
        code = float(str(no_data).strip("\0 ")) if no_data is not None else np.nan
    except ValueError:
        code = np.nan
    if np.isfinite(code):
        differs = values != values.dtype.type(code) if _fits(code, values.dtype) else np.ones(values.shape, bool)
        has_data = differs if has_data is None else has_data & differs
    return has_data


def _fits(value: float, dtype: np.dtype[Any]) -> bool:
    """Check whether an array of this type can hold a value."""
    if dtype.kind == "f":
        return True
    return value == int(value) and np.iinfo(dtype).min <= value <= np.iinfo(dtype).max


def _range(values: Array, has_data: Array | None) -> tuple[float, float]:
    """Return the darkest and the brightest value of the pixels with data."""
    if has_data is None:
        return float(values.min()), float(values.max())
    largest, smallest = values.max(), values.min()
    if values.dtype.kind == "f":
        largest, smallest = values.dtype.type(np.inf), values.dtype.type(-np.inf)
    low, high = values.min(where=has_data, initial=largest), values.max(where=has_data, initial=smallest)
    return float(low), float(high)


def _exclude_no_data(values: Array, has_data: Array, low: float, high: float) -> tuple[Array, float, float]:
    """Exclude the lowest and the highest values as long as they mean no data. Return the mask and the new range."""
    for _ in range(MAX_ROUNDS):
        above, below = has_data & (values > low), has_data & (values < high)
        if not above.any():
            break
        second, second_last = _range(values, above)[0], _range(values, below)[1]
        only_negative = _is_nines(low) and second >= 0 and _is_repeated(values, has_data, low)
        if _is_far(low, second - low, high - second, SIGN_GAP if only_negative else USUAL_GAP):
            has_data, low = above, second
        elif _is_far(high, high - second_last, second_last - low) and _is_repeated(values, has_data, high):
            has_data, high = below, second_last
        else:
            break
    return has_data, low, high


def _is_nines(value: float) -> bool:
    """Check whether a value, a float32 or float64, is a code of nines, which commonly means no data."""
    return bool(NINES.fullmatch(str(round(value, 3))))


def _is_repeated(values: Array, has_data: Array, value: float) -> bool:
    """Check whether several pixels have exactly this value; a single one may be a bright spot."""
    return bool(np.count_nonzero((values == value) & has_data) >= REPEATED)


def _is_far(value: float, gap: float, others: float, usual_gap: float = USUAL_GAP) -> bool:
    """Check whether the lowest or the highest value means no data.

    Args:
        value: the value.
        gap: its distance to the next value.
        others: the range of all other values.
        usual_gap: needed distance of a common code, in units of `others`.
    """
    if value in USUAL or _is_nines(value):
        return gap > usual_gap * others
    if value >= LARGE:
        return gap > WIDE_GAP * others > 0
    return value <= ODD and value == round(value) and gap > GAP * others > 0


def _clip_outliers(values: Array, low: float, high: float) -> tuple[float, float]:
    """Return the range of the values; without the outer 1 % if a few of those are very far off."""
    bottom, top = (float(end) for end in np.percentile(values[:: max(1, values.size // SAMPLE)], TAILS))
    return (bottom, top) if 0 < OUTLIERS * (top - bottom) < high - low else (low, high)


def _scaled(values: Array, has_data: Array | None, low: float, high: float) -> Array:
    """Scale the range low to high to 0 to 255, and give pixels without data the median grey; uint8 (H, W)."""
    result: Array = np.empty(values.shape, np.uint8)
    n = max(1, BLOCK // values.shape[1])
    for rows in (
        slice(at, at + n) for at in range(0, len(values), n)
    ):  # in blocks: float64 takes eight times the memory
        part = values[rows].astype(np.float64)
        part -= low
        part *= 255 / (high - low)
        if has_data is not None:
            part[~has_data[rows]] = 0
            part.clip(0, 255, out=part)
        result[rows] = part.round(out=part)
    if has_data is not None and not has_data.all():
        result[~has_data] = round(float(np.median(result[has_data])))
    return result
