"""Sounds as pictures: each recording becomes its log-mel spectrogram, which a body that knows photographs reads well.

Also the example of an importer that a package can add (`bearkit.sources.plugins`): it finds files the way folders and
zips are read, and turns the bytes of each into those of a picture.
"""

import io
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
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
SECONDS = 30.0  # of a recording; what follows is left out
BANDS = 224  # mel bands: the picture's height
WIDEST = 1024  # pixels: a longer recording has longer steps
LOWEST, HIGHEST = 50.0, 16_000.0  # Hz
WINDOW = 0.046  # seconds
FASTEST, MOST_CHANNELS = 400_000, 32  # samples a second; above, a small file could ask for all of the memory
FLOOR = 80.0  # decibels below the loudest that are still shown
LOOKED_AT = 50  # files of a folder, to tell whether it holds sounds


class Sounds:
    """A folder or zip of recordings, or one of them."""

    def accepts(self, source: str) -> bool:
        """Whether there are sounds, and not mainly pictures."""
        path = Path(source)
        if path.is_dir():
            names = [one.name for one, _ in zip(_files(path), range(LOOKED_AT), strict=False)]
        elif is_zip(path):
            try:
                names = [one.name for one in archive.list_files(path, labelled=False)[:LOOKED_AT]]
            except ImportSourceError:
                return False
        else:
            names = [path.name] if path.is_file() else []
        return 2 * sum(_is_sound(name) for name in names) > len(names)

    def find(self, source: str, labelled: bool, leave_out: Collection[Path]) -> Sequence[SourceItem]:
        """See `Importer.find`."""
        path = real(source)
        if path.is_dir():
            found = folder.list_files(path, leave_out, labelled, tell=True)
        elif is_zip(path):
            found = archive.list_files(path, labelled, tell=True)
        else:
            found = [folder.single_file(path, labelled)]
        return [_as_picture(one) if _is_sound(one.name) and not one.ignored else one for one in found]


def spectrogram(sound: np.ndarray, rate: int) -> np.ndarray:
    """The log-mel spectrogram of a recording: time to the right, pitch upwards, the loudest white.

    Args:
        sound: (n,) samples, of any scale.
        rate: samples a second.

    Returns:
        (BANDS, n_steps) float32 in 0..1, the highest band first; all 0 for silence.
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
    shown: np.ndarray = np.clip(1 + decibels[::-1] / FLOOR, 0, 1).astype(np.float32)
    return shown


def picture(read: Callable[[], bytes]) -> bytes:
    """A recording's bytes as those of a PNG of its spectrogram.

    Raises:
        ImageError: it cannot be read as a sound.
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
        raise ImageError("a sound without a single sample")
    grey = Image.fromarray((255 * spectrogram(np.nan_to_num(sound), rate)).round().astype(np.uint8))
    out = io.BytesIO()
    grey.convert("RGB").save(out, "PNG")
    return out.getvalue()


def _mel_bands(size: int, rate: int) -> np.ndarray:
    """Triangles that gather frequencies as an ear does, (BANDS, size // 2 + 1); O'Shaughnessy's mel scale."""
    top = min(HIGHEST, rate / 2)
    edges = np.linspace(_mel(min(LOWEST, top / 4)), _mel(top), BANDS + 2)
    hertz = 700 * (10 ** (edges / 2595) - 1)
    bins = np.fft.rfftfreq(size, 1 / rate)
    width = np.maximum(np.diff(hertz), rate / size)  # of at least a bin, so that no band is empty
    rising = (bins - (hertz[1:-1] - width[:-1])[:, None]) / width[:-1, None]
    falling = ((hertz[1:-1] + width[1:])[:, None] - bins) / width[1:, None]
    bands = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    spread: np.ndarray = bands / np.maximum(bands.sum(axis=1, keepdims=True), 1e-9)
    return spread


def _mel(hertz: float) -> float:
    return float(2595 * np.log10(1 + hertz / 700))


def _as_picture(found: SourceItem) -> SourceItem:
    return replace(found, name=f"{PurePosixPath(found.name).stem}.png", read=partial(picture, found.read))


def _is_sound(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def _files(path: Path) -> Iterator[Path]:
    return (one for one in path.rglob("*") if one.is_file() and not one.name.startswith("."))
