"""What folder names mean: splits, dates and numbered batches, and words that are not labels."""

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
WEEKDAYS = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}
_PART = r"(?:[-_ ]?(?:am|pm|early|late|morning|noon|afternoon|evening|night))?"
_SHORT = r"mon|tues?|wed|thur?s?|fri|sat|sun"
_MONTH = r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
_MONTH += r"|nov(?:ember)?|dec(?:ember)?"
_TIME = re.compile(rf"(?:{'|'.join(sorted(WEEKDAYS))}|{_SHORT}|{_MONTH})(?:[-_ ]?(?:\d{{1,2}}|(?:19|20)\d\d))?{_PART}")
BATCHES = {  # words that are numbered when images are taken or sorted; they seldom name what an image shows
    "batch", "part", "set", "subset", "chunk", "shard", "camera", "cam", "phone", "device", "sensor", "drone", "flight",
    "session", "day", "week", "month", "year", "run", "roll", "round", "visit", "trip", "shoot", "take", "folder",
    "collection", "import", "upload", "export", "download", "backup", "dump", "disk", "disc", "sd", "sdcard", "site",
    "album", "split", "fold", "annotator", "dir",
}  # fmt: skip
REST = {"rest", "extra", "extras", "more", "misc", "new", "old", "other", "others", "unsorted", "unknown", "last"}
_ORDER = "one|two|three|four|five|six|seven|eight|nine|ten|i{1,3}|iv|vi{0,3}|ix|x|[a-h]"
_BATCH = re.compile(
    rf"(?:.*[\W_])?([a-z]+)[\W_]*(?:\d{{1,4}}|(?<=[\W_])(?:{_ORDER}))(?:[\W_]*of[\W_]*\d+)?\W*"
    r"|(?:new|untitled)[-_ ](folder)"
)
_DATE = r"(?:19|20)\d\d(?:[-_. ]?(?:0[1-9]|1[0-2])(?:[-_. ]?\d\d(?:[-_. t]?\d{4,6})?)?|[-_. ]\d{1,2}[-_. ]\d{1,2})"
_DATE += r"|\d{1,2}[-_.]\d{1,2}[-_.](?:(?:19|20)\d\d|\d\d)"
_CAMERA = r"\d{3}(?=\w{0,4}[a-z_])\w{5}"  # 100APPLE, 101_PANA: what cameras call their folders
_YEAR = re.compile(r"(?:19|20)\d\d")
_ROLL = re.compile(rf"{_DATE}|{_CAMERA}|photos from (?:19|20)\d\d")


@lru_cache(maxsize=10_000)
def split_of(folder: str) -> str | None:
    """Return the split that a folder's name means; None if it means none.

    >>> split_of("Training"), split_of("val2017"), split_of("test_set"), split_of("trains")
    ('train', 'valid', 'test', None)
    """
    found = _SPLIT.fullmatch(folder.strip().casefold())
    return SPLIT_FOLDERS[found[1]] if found else None


def is_series(names: Iterable[str]) -> bool:
    """Return whether names are times, or one word with different numbers: such folders are not labels.

    >>> is_series({"monday", "friday"}), is_series({"2021-05", "2021-06"}), is_series({"set1", "set2"})
    (True, True, True)
    >>> is_series({"a", "b"})
    False
    """
    folded = {name.strip().casefold() for name in names}
    stems = {re.sub(r"[\W_]*\d[\d\W_]*$", "", name) for name in folded}
    return folded <= TIMES or (len(stems) == 1 and any(char.isdigit() for name in folded for char in name))


def batch_kind(names: Iterable[str]) -> str:
    """Return the kind of names that say when or how images were taken; "" if the names may be labels.

    >>> batch_kind({"2021-05-03", "100APPLE"}), batch_kind({"monday", "friday"})
    ('dates or folders of a camera', 'days or months')
    >>> batch_kind({"batch1", "batch2", "rest"})
    'numbered batches'
    >>> [batch_kind(names) for names in ({"day", "night"}, {"001.Albatross", "0"}, {"grade1", "grade2"}, {"sun"})]
    ['', '', '', '']
    """
    folded = {name.strip().casefold() for name in names}
    if not folded:
        return ""
    if len(folded) > 1 and all(map(_YEAR.fullmatch, folded)):
        return "years"
    kind_of = {name: _batch_kind_of_one(name) for name in folded}
    kinds = set(kind_of.values()) - {""}
    unknown = {name for name, kind in kind_of.items() if not kind}
    n_known = len(folded) - len(unknown)
    if not kinds or not (not unknown or (n_known > 1 and unknown <= REST)):
        return ""
    if len(folded) == 1 and kinds == {"days or months"} and not folded <= WEEKDAYS:
        return ""  # a single `sun` or `may` may be a label
    return " and ".join(sorted(kinds))


def _batch_kind_of_one(name: str) -> str:
    if _ROLL.fullmatch(name):
        return "dates or folders of a camera"
    if _TIME.fullmatch(name):
        return "days or months"
    batch = _BATCH.fullmatch(name)
    return "numbered batches" if batch and (batch[1] or batch[2]) in BATCHES | GENERIC else ""


def all_generic(names: Iterable[str]) -> bool:
    """Return whether all of these words say nothing about what the images show.

    >>> all_generic({"images", "JPEG"}), all_generic({"images", "bears"})
    (True, False)
    """
    return all(name.casefold() in GENERIC for name in names)


def same_name(folder: str, root: str) -> bool:
    """Return whether a folder has the name of the archive or folder that holds it.

    >>> same_name("bears", "bears (1)"), same_name("bears-main", "bears"), same_name("black", "bears")
    (True, True, False)
    """
    plain = [re.sub(r"(?:main|master|\d)*$", "", re.sub(r"[\W_]", "", name.casefold())) for name in (folder, root)]
    return bool(plain[0]) and plain[0] == plain[1]


def quoted(names: Iterable[str]) -> str:
    """Return at most four of the names in quotation marks, and the number of the others.

    >>> quoted("edcba")
    '`a`, `b`, `c`, `d` and 1 more'
    """
    ordered = sorted(names)
    rest = f" and {len(ordered) - 4} more" if len(ordered) > 4 else ""
    return ", ".join(f"`{name}`" for name in ordered[:4]) + rest
