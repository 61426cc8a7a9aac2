"""A file that is known by its digest, from a package registry: whoever hands it over, it is the one that was tested.

Unlike `fetch`, which goes to servers that strangers name, it uses the environment's proxies and certificates.
"""

import hashlib

import requests

from bearkit.errors import DownloadError

TIMEOUT = 60  # seconds of silence
CHUNK = 2**20


def download_verified(url: str, sha512: str, max_bytes: int) -> bytes:
    """The bytes at an address.

    Raises:
        DownloadError: they cannot be had, or are not the ones with this digest.
    """
    data = bytearray()
    try:
        with requests.get(url, stream=True, timeout=TIMEOUT) as answer:
            answer.raise_for_status()
            for chunk in answer.iter_content(CHUNK):
                data += chunk
                if len(data) > max_bytes:
                    break
    except requests.RequestException as error:
        raise DownloadError(f"{url} cannot be had: {error}", hint="check the network, and try again") from error
    if hashlib.sha512(data).hexdigest() != sha512:
        raise DownloadError(f"{url} is not the file that was tested", hint="try again later; do not use it")
    return bytes(data)
