"""What the names of folders mean: splits, times and numbered batches, words that are no labels."""

import re
from collections.abc import Iterable
from functools import lru_cache

SPLIT_FOLDERS = {
    "train": "train", "training": "train",
    "valid": "valid", "val": "valid", "validation": "valid", "dev": "valid", "eval": "valid", "evaluation": "valid",
    "test": "test", "testing": "test",
}  # fmt: skip
_THINGS = "images?|imgs?|pictures?|photos?|data|dataset|set|split|folder"
_SPLIT = re.compile(rf"(?:(?:{_THINGS})[-_ ]?)?({'|'.join(SPLIT_FOLDERS)})(?:[-_ ]?(?:{_THINGS}))?[-_ ]?\d{{0,4}}")
GENERIC = {
    "data", "dataset", "datasets", "images", "image", "img", "imgs", "pictures", "picture", "pics", "photos", "photo",
    "jpg", "jpeg", "jpegs", "jpegimages", "png", "raw", "original", "originals", "files", "input", "archive", "all",
    "classes", "labels", "cropped", "resized", "content", "full",
}  # fmt: skip
TIMES = {
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "mon", "tue", "wed", "thu", "fri",
    "sat", "sun", "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
    "november", "december", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "spring",
    "summer", "autumn", "fall", "winter", "morning", "noon", "afternoon", "evening", "night", "day", "today",
    "yesterday", "dawn", "dusk",
}  # fmt: skip
_DATE = r"(?:19|20)\d\d[-_. ]?(?:0[1-9]|1[0-2])(?:[-_. ]?\d\d)?"
_CAMERA = r"\d{3}(?=\w{0,4}[a-z_])\w{5}"  # 100APPLE, 101_PANA: what cameras call their folders
_ROLL = re.compile(rf"{_DATE}|{_CAMERA}|photos from (?:19|20)\d\d")


@lru_cache(maxsize=10_000)
def split_of(folder: str) -> str | None:
    """The split that a folder's name means; None for any other name.

    >>> split_of("Training"), split_of("val2017"), split_of("test_set"), split_of("trains")
    ('train', 'valid', 'test', None)
    """
    found = _SPLIT.fullmatch(folder.strip().casefold())
    return SPLIT_FOLDERS[found[1]] if found else None


def series(names: Iterable[str]) -> bool:
    """Whether names are times or numbered: days and batches, no labels.

    >>> series({"monday", "friday"}), series({"2021-05", "2021-06"}), series({"set1", "set2"}), series({"a", "b"})
    (True, True, True, False)
    """
    low = {name.strip().casefold() for name in names}
    stems = {re.sub(r"[\W_]*\d[\d\W_]*$", "", name) for name in low}
    return low <= TIMES or (len(stems) == 1 and any(char.isdigit() for name in low for char in name))


def rolls(names: Iterable[str]) -> bool:
    """Whether all names are dates or folders of a camera: when a picture was taken, and not what is in it.

    >>> rolls({"2021-05-03", "100APPLE"}), rolls({"day", "night"}), rolls({"001.Albatross", "0", "n01440764"})
    (True, False, False)
    """
    return all(_ROLL.fullmatch(name.strip().casefold()) for name in names)


def generic(names: Iterable[str]) -> bool:
    """Whether these words say nothing of what is in the pictures.

    >>> generic({"images", "JPEG"}), generic({"images", "bears"})
    (True, False)
    """
    return all(name.casefold() in GENERIC for name in names)


def alike(folder: str, root: str) -> bool:
    """Whether a folder has the name of the archive (or folder) that it came in.

    >>> alike("bears", "bears (1)"), alike("bears-main", "bears"), alike("black", "bears")
    (True, True, False)
    """
    one, other = (re.sub(r"(?:main|master|\d)*$", "", re.sub(r"[\W_]", "", name.casefold())) for name in (folder, root))
    return bool(one) and one == other


def quoted(names: Iterable[str]) -> str:
    """A few of some names.

    >>> quoted("edcba")
    '`a`, `b`, `c`, `d` and 1 more'
    """
    every = sorted(names)
    rest = f" and {len(every) - 4} more" if len(every) > 4 else ""
    return ", ".join(f"`{name}`" for name in every[:4]) + rest
