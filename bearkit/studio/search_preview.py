"""What a search found, as small pictures, before anything of it is kept."""

from contextlib import suppress
from typing import Any

from bearkit.collect.fetch import Limits, fetch
from bearkit.collect.search import Hit
from bearkit.errors import BearkitError
from bearkit.images import decode

SIDE = 320  # pixels of each


def thumbnail(hit: Hit, limits: Limits) -> Any:
    """A small picture of what was found, fetched as safely as the picture itself; None where there is none."""
    for url in filter(None, (hit.thumbnail, hit.url)):
        with suppress(BearkitError):
            image = decode(fetch(url, limits).data, at_least=SIDE).image
            image.thumbnail((SIDE, SIDE))
            return image
    return None


def caption(label: str, hit: Hit) -> str:
    """Its label, and whose it is."""
    return " · ".join(filter(None, (label, hit.credit.license, hit.credit.creator)))
