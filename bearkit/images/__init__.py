"""Pictures of every kind: known by their content, opened safely, upright and in RGB, or refused in words."""

from bearkit.images.decoding import Decoded, decode, from_pillow, is_located
from bearkit.images.files import (
    MAX_BYTES,
    content_id,
    is_shown_by_browsers,
    read_file,
    read_verified,
    suffixes,
    too_big,
)
from bearkit.images.pixels import is_our_jpeg, small_jpeg, to_rgb, without_long_ends

__all__ = [
    "MAX_BYTES",
    "Decoded",
    "content_id",
    "decode",
    "from_pillow",
    "is_located",
    "is_our_jpeg",
    "is_shown_by_browsers",
    "read_file",
    "read_verified",
    "small_jpeg",
    "suffixes",
    "to_rgb",
    "too_big",
    "without_long_ends",
]
