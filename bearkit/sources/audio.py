"""Import recordings as images: each becomes its log-mel spectrogram.

A body that was trained on photographs gives useful features for spectrograms too.

This is also an example of an importer of another package (see `bearkit.sources.plugins`): it lists the files of
folders and zips, and converts the bytes of each file to those of an image.
"""

import io
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from bearkit.core.optional import import_optional
from bearkit.core.paths import real
from bearkit.errors import ImageError, ImportSourceError
from bearkit.sources import archive, folder
from bearkit.sources.layout import SourceItem
from bearkit.sources.zip_names import is_zip

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif", ".opus")
SECONDS = 30.0  # the part of a recording that is used, from its beginning
BANDS = 224  # mel bands: the height of the image
WIDEST = 1024  # pixels; a longer recording has longer steps
LOWEST, HIGHEST = 50.0, 16_000.0  # Hz
WINDOW = 0.046  # seconds
FASTEST, MOST_CHANNELS = 400_000, 32  # samples a second; above, a small damaged file could fill the memory
FLOOR = 80.0  # decibels below the loudest: black
CHECKED = 50  # files of a folder that decide whether it holds sounds


class Sounds:
    """A folder or zip of recordings, or a single recording."""

    def accepts(self, source: str) -> bool:
        """Return whether most of the first files are sounds."""
        path = Path(source)
        if path.is_dir():
            names = [file.name for file in islice(_files(path), CHECKED)]
        elif is_zip(path):
            try:
                names = [item.name for item in archive.list_files(path, labelled=False)[:CHECKED]]
            except ImportSourceError:
                return False
        else:
            names = [path.name] if path.is_file() else []
        return 2 * sum(_is_sound(name) for name in names) > len(names)

    def find(self, source: str, labelled: bool, leave_out: Collection[Path]) -> Sequence[SourceItem]:
        """See `Importer.find`."""
        path = real(source)
        if path.is_dir():
            items = folder.list_files(path, leave_out, labelled, include_left_out=True)
        elif is_zip(path):
            items = archive.list_files(path, labelled, include_left_out=True)
        else:
            items = [folder.single_file(path, labelled)]
        return [_as_image(item) if _is_sound(item.name) and not item.ignored else item for item in items]


def spectrogram(sound: np.ndarray, rate: int) -> np.ndarray:
    """Compute the log-mel spectrogram of a recording: time to the right, pitch upwards, the loudest white.

    Args:
        sound: samples of any scale, (n,).
        rate: samples a second.

    Returns:
        Float32 (BANDS, n_steps) in [0, 1], the highest band first; all 0 for silence.
    """
    sound = sound[: int(SECONDS * rate)].astype(np.float32)
    size = 1 << max(5, round(WINDOW * rate).bit_length())
    step = max(1, size // 4, -(-len(sound) // WIDEST))
    sound = np.pad(sound, (size // 2, size // 2 + size), mode="constant")
    frames = np.lib.stride_tricks.sliding_window_view(sound, size)[: len(sound) - 2 * size + 1 : step]
    power = np.abs(np.fft.rfft(frames * np.hanning(size).astype(np.float32), axis=1)) ** 2
    mel = _mel_bands(size, rate) @ power.T
    if not mel.max() > 0:
        return np.zeros(mel.shape, np.float32)
    decibels = 10 * np.log10(np.maximum(mel / mel.max(), 1e-10))
    grey: np.ndarray = np.clip(1 + decibels[::-1] / FLOOR, 0, 1).astype(np.float32)
    return grey


def picture(read: Callable[[], bytes]) -> bytes:
    """Read a recording and return a PNG of its spectrogram.

    Args:
        read: returns the bytes of a sound file.

    Raises:
        ImageError: the bytes cannot be read as a sound.
        ImportSourceError: the package soundfile is not installed.
    """
    data, soundfile = read(), import_optional("soundfile", "sound")
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            if file.samplerate > FASTEST or file.channels > MOST_CHANNELS:
                raise ImageError(f"a sound of {file.samplerate} samples a second in {file.channels} channels: too much")
            sound = file.read(int(SECONDS * file.samplerate), dtype="float32", always_2d=True).mean(axis=1)
            rate = file.samplerate
    except (soundfile.LibsndfileError, ValueError, TypeError) as error:
        raise ImageError(f"not a sound that can be read ({error})") from error
    if len(sound) == 0:
        raise ImageError("a sound without samples")
    grey = Image.fromarray((255 * spectrogram(np.nan_to_num(sound), rate)).round().astype(np.uint8))
    out = io.BytesIO()
    grey.convert("RGB").save(out, "PNG")
    return out.getvalue()


def _mel_bands(size: int, rate: int) -> np.ndarray:
    """Return triangular filters on O'Shaughnessy's mel scale, float32 (BANDS, size // 2 + 1); each sums to 1."""
    top = min(HIGHEST, rate / 2)
    edges = np.linspace(_mel(min(LOWEST, top / 4)), _mel(top), BANDS + 2)
    hertz = 700 * (10 ** (edges / 2595) - 1)
    bins = np.fft.rfftfreq(size, 1 / rate)
    width = np.maximum(np.diff(hertz), rate / size)  # at least one bin, so that no band is empty
    rising = (bins - (hertz[1:-1] - width[:-1])[:, None]) / width[:-1, None]
    falling = ((hertz[1:-1] + width[1:])[:, None] - bins) / width[1:, None]
    bands = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    spread: np.ndarray = bands / np.maximum(bands.sum(axis=1, keepdims=True), 1e-9)
    return spread


def _mel(hertz: float) -> float:
    return float(2595 * np.log10(1 + hertz / 700))


def _as_image(item: SourceItem) -> SourceItem:
    return replace(item, name=f"{PurePosixPath(item.name).stem}.png", read=partial(picture, item.read))


def _is_sound(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def _files(path: Path) -> Iterator[Path]:
    return (file for file in path.rglob("*") if file.is_file() and not file.name.startswith("."))
