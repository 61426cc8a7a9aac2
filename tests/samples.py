"""Images, sounds, folders and features that several files of tests use."""

import io
import wave

import numpy as np
import pillow_heif
from PIL import Image

from bearkit.images import decode
from tests.conftest import picture


def scene():
    """Left half red, right half blue, the top green."""
    image = Image.new("RGB", (60, 40), "blue")
    image.paste("red", (0, 0, 30, 40))
    image.paste("lime", (0, 0, 60, 10))
    return image


def is_scene(data):
    found = decode(data)
    same = np.abs(np.asarray(found.image, int) - np.asarray(scene(), int)).mean() < 12
    return bool(same) and (found.width, found.height) == (60, 40)


def turned(image):
    """As a camera that was held sideways stores it, with orientation 6."""
    return image.transpose(Image.Transpose.ROTATE_90)


def heic(image, **options):
    out = io.BytesIO()
    pillow_heif.from_pillow(image).save(out, quality=-1, chroma=444, **options)
    return out.getvalue()


def sound(hertz, seconds=1.0, rate=16_000):
    """A WAV file of one tone."""
    wave_form = np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((20_000 * wave_form).astype("<i2").tobytes())
    return out.getvalue()


def write(root, files):
    """Make files: names of pictures, or {name: text}. Pictures are all different."""
    for number, name in enumerate(files):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = files[name] if isinstance(files, dict) else None
        path.write_bytes(picture(number, kind="PNG") if text is None else text.encode())
    return root


def blobs(n=200, n_views=1, seed=0, spread=1.0):
    """Features of three overlapping clouds, float32 (n, n_views, 8), and their targets."""
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, 3, n)
    centres = np.random.default_rng(99).normal(0, 1, (3, 8))
    values = centres[targets][:, None] + rng.normal(0, spread, (n, n_views, 8))
    return (5 + 3 * values).astype(np.float32), targets
