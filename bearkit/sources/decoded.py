"""A file after it was read and decoded, on its way into the project."""

from dataclasses import dataclass

from bearkit.errors import ImageError
from bearkit.images import content_id, decode
from bearkit.sources.layout import SourceItem


@dataclass(frozen=True)
class FetchRecord:
    """What fetching an address came to: how many bytes came, from where in the end, in what time, and whose it is."""

    bytes: int
    address: str
    seconds: float
    license: str = ""
    creator: str = ""
    page: str = ""


@dataclass(frozen=True)
class DecodedSource:
    """A file after it was read and decoded: either its content, or the reason why not."""

    found: SourceItem
    data: bytes = b""
    image_id: str = ""
    size: tuple[int, int] = (0, 0)  # width, height
    format: str = ""
    reason: str = ""
    receipt: FetchRecord | None = None


def decode_source(found: SourceItem) -> DecodedSource:
    """Read and decode one picture; runs in a thread."""
    if found.problem:
        return DecodedSource(found, reason=found.problem)
    try:
        data = found.read()
        decoded = decode(data, at_least=1)
        return DecodedSource(found, data, content_id(data), (decoded.width, decoded.height), decoded.format)
    except ImageError as error:
        return DecodedSource(found, reason=str(error))
