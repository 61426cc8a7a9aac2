"""Read image files: find the format by the content, decode to upright RGB, or refuse with a clear reason."""

from bearkit.images.decoding import Decoded, decode, from_pillow, has_gps_position
from bearkit.images.files import (
    MAX_BYTES,
    content_id,
    is_shown_by_browsers,
    read_file,
    read_verified,
    suffixes,
    too_big_error,
)
from bearkit.images.location import without_location
from bearkit.images.pixels import crop_long_ends, is_our_jpeg, small_jpeg, to_rgb

__all__ = [
    "MAX_BYTES",
    "Decoded",
    "content_id",
    "crop_long_ends",
    "decode",
    "from_pillow",
    "has_gps_position",
    "is_our_jpeg",
    "is_shown_by_browsers",
    "read_file",
    "read_verified",
    "small_jpeg",
    "suffixes",
    "to_rgb",
    "too_big_error",
    "without_location",
]
