"""Provide onnxruntime-web for static Spaces: downloaded once from the npm registry, checked by its SHA-512."""

import io
import os
import tarfile
from pathlib import Path

from bearkit.core.atomic import atomic_write
from bearkit.errors import DownloadError, PublishError
from bearkit.sources.web.verified import download_verified

VERSION = "1.30.0"  # MIT licence, by Microsoft; the version that was tested
URL = f"https://registry.npmjs.org/onnxruntime-web/-/onnxruntime-web-{VERSION}.tgz"
SHA512 = (
    "ab4cbe26baedba45d2cec05610c71c55fa97db92d19a8b171c5f8269126683ca"
    "590a5cdc57bb2f35ce2b298de32f4d956fb42644c0ecd528a0a91e025c07ca61"
)
FILES = {  # in the package -> in the Space
    "package/dist/ort.wasm.bundle.min.mjs": "ort.mjs",
    "package/dist/ort-wasm-simd-threaded.wasm": "ort.wasm",
}
MAX_BYTES = 100 * 2**20


def web_runtime() -> dict[str, Path]:
    """Return the files that run a model in a browser, by their names in a Space. They are cached on this machine.

    Raises:
        PublishError: they are not cached and cannot be downloaded, or the download has another digest.
    """
    folder = (
        Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "bearkit" / f"onnxruntime-web-{VERSION}"
    )
    paths = {name: folder / name for name in FILES.values()}
    if not all(path.is_file() for path in paths.values()):
        for name, data in _download().items():
            with atomic_write(paths[name]) as part:
                part.write_bytes(data)
    return paths


def _download() -> dict[str, bytes]:
    """Download the files, by their names in a Space."""
    try:
        data = download_verified(URL, SHA512, MAX_BYTES)
    except DownloadError as error:
        text = f"a static Space needs onnxruntime-web, which is not on this machine and cannot be downloaded: {error}"
        raise PublishError(text, hint=error.hint) from error
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        members = {target: archive.extractfile(name) for name, target in FILES.items()}
        return {target: file.read() for target, file in members.items() if file is not None}
