"""Download a file whose sha512 digest is known, from a package registry.

Unlike `fetch`, whose URLs can come from anybody, it uses the environment's proxies and certificates.
"""

import hashlib

import requests

from bearkit.errors import DownloadError

TIMEOUT = 60  # seconds between two bytes
CHUNK = 2**20


def download_verified(url: str, sha512: str, max_bytes: int) -> bytes:
    """Download a URL and check the digest.

    Args:
        url: the file.
        sha512: its digest, hexadecimal.
        max_bytes: stop the download after this many bytes; the digest differs then.

    Raises:
        DownloadError: the download failed, or the digest differs.
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
        raise DownloadError(f"{url} cannot be downloaded: {error}", hint="check the network, and try again") from error
    if hashlib.sha512(data).hexdigest() != sha512:
        raise DownloadError(f"{url} is not the file that bearkit was tested with", hint="try again later")
    return bytes(data)
