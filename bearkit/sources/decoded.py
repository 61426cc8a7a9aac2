"""Read and decode one file of a source."""

from dataclasses import dataclass

from bearkit.errors import ImageError
from bearkit.images import content_id, decode
from bearkit.sources.layout import SourceItem


@dataclass(frozen=True)
class FetchRecord:
    """Result of one download: size, final URL, duration, and the image's licence and creator.

    Attributes:
        bytes: size of the answer.
        address: the URL after all redirects.
        seconds: how long the download took.
        license: as the list or the search provider gave it; "" if it is not known.
        creator: likewise.
        page: the web page that shows the image; likewise.
    """

    bytes: int
    address: str
    seconds: float
    license: str = ""
    creator: str = ""
    page: str = ""


@dataclass(frozen=True)
class DecodedSource:
    """A file after it was read and decoded: its content, or the reason why it cannot be used.

    Attributes:
        item: the file.
        data: its bytes; empty if they are not held in memory, then `item.read` returns them again.
        image_id: sha256 of the bytes, hexadecimal.
        size: width and height in pixels.
        format: Pillow's name of the format, such as JPEG.
        reason: why it cannot be used; "" if it can.
        fetch: how it was downloaded; None for a file that was not.
    """

    item: SourceItem
    data: bytes = b""
    image_id: str = ""
    size: tuple[int, int] = (0, 0)
    format: str = ""
    reason: str = ""
    fetch: FetchRecord | None = None


def decode_source(item: SourceItem) -> DecodedSource:
    """Read and decode one image; runs in a thread. A failure is the `reason` of the result."""
    if item.problem:
        return DecodedSource(item, reason=item.problem)
    try:
        data = item.read()
        image = decode(data, at_least=1)  # fast, and reads all of the data: a file that is cut off is found
        return DecodedSource(item, data, content_id(data), (image.width, image.height), image.format)
    except ImageError as error:
        return DecodedSource(item, reason=str(error))
