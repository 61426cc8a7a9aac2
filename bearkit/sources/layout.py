"""What an importer finds, and what the names of files and folders say: litter, splits, labels, pictures."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from bearkit.images import suffixes

# What systems and programs leave in folders, in any case; so are names that begin with a dot or with "~$".
LITTER = {
    "__macosx", "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "@eadir", "$recycle.bin",
    "system volume information", "#recycle", "#snapshot", "@recycle", "@recently-snapshot", "@tmp", "picasa.ini",
    "lost+found", "icon\r", "network trash folder", "temporary items", "found.000",
}  # fmt: skip
ALSO_PICTURES = {".heic", ".heif", ".hif", ".jxl"}  # read with a package more, or refused with a reason
NO_PICTURES = {
    ".txt", ".csv", ".tsv", ".json", ".jsonl", ".md", ".rst", ".xml", ".yaml", ".yml", ".html", ".htm", ".pdf", ".doc",
    ".docx", ".xls", ".xlsx", ".py", ".ipynb", ".js", ".css", ".sh", ".toml", ".ini", ".cfg", ".log", ".db", ".sqlite",
    ".npy", ".npz", ".pkl", ".h5", ".mat", ".parquet", ".pt", ".pth", ".onnx", ".zip", ".gz", ".tar", ".tgz", ".rar",
    ".7z", ".mp4", ".mov", ".avi", ".mkv", ".lnk", ".url", ".names", ".bak",
}  # fmt: skip
NO_PICTURE_NAMES = {"readme", "license", "licence", "copying", "makefile", "authors", "changelog", "notice", "credits"}
ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".tbz2", ".xz", ".txz", ".zst", ".7z", ".rar")


@dataclass(frozen=True)
class SourceItem:
    """One file that an importer found: the whole interface between where pictures come from and the project.

    `read` gives its bytes (or raises ImageError); `problem` says why it cannot even be tried. A file with a place
    `inside` the source, and no label, gets its label from the layout (`bearkit.sources.label_reading`).
    """

    origin: str  # where it is, for people: a path, or ARCHIVE!member
    name: str  # its file name
    label: str | None
    split: str | None
    read: Callable[[], bytes]
    problem: str = ""
    inside: PurePosixPath | None = None
    aside: bool = False  # a folder or file that is left out, and not counted as rejected

    @property
    def place(self) -> PurePosixPath:
        """Where it is inside of its source."""
        return self.inside or PurePosixPath(self.name)


def left_out(origin: str, reason: str) -> SourceItem:
    """Something that an import leaves out, to be named."""
    return SourceItem(origin, PurePosixPath(origin).name, None, None, bytes, reason, aside=True)


def litter(path: PurePosixPath) -> PurePosixPath | None:
    """The part of a path that an operating system put there; None where there is none.

    >>> litter(PurePosixPath("black/@eaDir/1.jpg/SYNO.jpg")), litter(PurePosixPath("black/1.jpg"))
    (PurePosixPath('black/@eaDir'), None)
    """
    for number, part in enumerate(path.parts, start=1):
        if part.casefold() in LITTER or part.startswith((".", "~$")):
            return PurePosixPath(*path.parts[:number])
    return None


def is_litter(path: PurePosixPath) -> bool:
    """Whether an operating system put this file there.

    >>> is_litter(PurePosixPath("__MACOSX/black/._1.jpg")), is_litter(PurePosixPath("black/1.jpg"))
    (True, False)
    """
    return litter(path) is not None


def litter_left_out(places: Iterable[PurePosixPath], called: Callable[[PurePosixPath], str]) -> list[SourceItem]:
    """Name the litter among these files, each folder of it once."""
    every = dict.fromkeys(place for path in places if (place := litter(path)) is not None)
    return [left_out(called(place), f"`{place.name}` is a name of the system's own files") for place in every]


def look_like_pictures(names: Sequence[str]) -> list[bool]:
    """Which of these files can be pictures, by their names: only those decide what is a label.

    Where no name ends as a picture's does, all count but those that never are one.

    >>> look_like_pictures(["1.jpg", "README.md", "x.part"]), look_like_pictures(["1", "README"])
    ([True, False, False], [True, False])
    """
    endings = suffixes() | ALSO_PICTURES
    ends = [PurePosixPath(name).suffix.lower() for name in names]
    sure = [end in endings for end in ends]
    if any(sure):
        return sure
    return [
        end not in NO_PICTURES and PurePosixPath(name).stem.lower() not in NO_PICTURE_NAMES
        for name, end in zip(names, ends, strict=True)
    ]


def archive_problem(name: str) -> str:
    """Why a file that is an archive by its name is not read where it lies among pictures; "" for other files."""
    if not name.lower().endswith(ARCHIVES):
        return ""
    return "it is an archive: unpack it first, and import the folder or the zip by itself"


def readable(path: str) -> str:
    """A path as text that can be stored and shown: bytes that are no UTF-8 become backslash escapes."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def file_name(name: str) -> str:
    """A name that every system accepts.

    >>> file_name('a:b?.jpg'), file_name("..")
    ('a_b_.jpg', '_')
    """
    name = re.sub(r'[\x00-\x1f<>:"/\\|?*]', "_", name).strip(" .")
    stem, dot, suffix = name.rpartition(".")
    return (f"{_cut(stem, 150)}.{_cut(suffix, 16)}" if dot else _cut(name, 150)) or "_"


def folder_name(label: str) -> str:
    """The name of a label's folder in a data set; `datasets` looks into no folder that begins with two underscores.

    >>> folder_name("a:b"), folder_name("__init__")
    ('a_b', '_init__')
    """
    return re.sub("^__+", "_", file_name(label))


def _cut(text: str, n_bytes: int) -> str:
    """The beginning of a text that fits into so many bytes."""
    return text.encode("utf-8", "replace")[:n_bytes].decode("utf-8", "ignore")
