"""The file that an importer lists, and what the names of files and folders mean."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from bearkit.images import suffixes

# Files and folders of operating systems and programs, in lower case; others begin with a dot or with "~$".
SYSTEM_NAMES = {
    "__macosx", "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "@eadir", "$recycle.bin",
    "system volume information", "#recycle", "#snapshot", "@recycle", "@recently-snapshot", "@tmp", "picasa.ini",
    "lost+found", "icon\r", "network trash folder", "temporary items", "found.000",
}  # fmt: skip
ALSO_IMAGES = {".heic", ".heif", ".hif", ".jxl"}  # read with an optional package, or rejected with a reason
NOT_IMAGES = {
    ".txt", ".csv", ".tsv", ".json", ".jsonl", ".md", ".rst", ".xml", ".yaml", ".yml", ".html", ".htm", ".pdf", ".doc",
    ".docx", ".xls", ".xlsx", ".py", ".ipynb", ".js", ".css", ".sh", ".toml", ".ini", ".cfg", ".log", ".db", ".sqlite",
    ".npy", ".npz", ".pkl", ".h5", ".mat", ".parquet", ".pt", ".pth", ".onnx", ".zip", ".gz", ".tar", ".tgz", ".rar",
    ".7z", ".mp4", ".mov", ".avi", ".mkv", ".lnk", ".url", ".names", ".bak",
}  # fmt: skip
NOT_IMAGE_NAMES = {"readme", "license", "licence", "copying", "makefile", "authors", "changelog", "notice", "credits"}
ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".tbz2", ".xz", ".txz", ".zst", ".7z", ".rar")


@dataclass(frozen=True)
class SourceItem:
    """One file that an importer lists. It is all that the project needs to know of a source.

    Attributes:
        origin: where the file is, to show and to store: a path, ARCHIVE!MEMBER, or a URL. No two files share one.
        name: its file name.
        label: its label; "" for no label; None to read it from the layout (`bearkit.sources.label_reading`), which
            needs `inside`.
        split: "train", "valid" or "test" if the source says so, otherwise None.
        read: returns the bytes of the file, or raises ImageError. It is called in a thread, perhaps twice.
        problem: why the file is not read at all; "" if it is read.
        inside: its path inside the source.
        ignored: whether it is listed as left out instead of rejected, and not counted.
    """

    origin: str
    name: str
    label: str | None
    split: str | None
    read: Callable[[], bytes]
    problem: str = ""
    inside: PurePosixPath | None = None
    ignored: bool = False

    @property
    def place(self) -> PurePosixPath:
        """Its path inside the source; its name if the path is not known."""
        return self.inside or PurePosixPath(self.name)


def left_out_item(origin: str, reason: str) -> SourceItem:
    """Return an item for a file or folder that an import leaves out."""
    return SourceItem(origin, PurePosixPath(origin).name, None, None, bytes, reason, ignored=True)


def system_part(path: PurePosixPath) -> PurePosixPath | None:
    """Return the beginning of a path up to a file or folder of an operating system; None if there is none.

    >>> system_part(PurePosixPath("black/@eaDir/1.jpg/SYNO.jpg")), system_part(PurePosixPath("black/1.jpg"))
    (PurePosixPath('black/@eaDir'), None)
    """
    for number, part in enumerate(path.parts, start=1):
        if part.casefold() in SYSTEM_NAMES or part.startswith((".", "~$")):
            return PurePosixPath(*path.parts[:number])
    return None


def is_system_file(path: PurePosixPath) -> bool:
    """Return whether a path is a file of an operating system (`.DS_Store`, `__MACOSX`, `Thumbs.db`), or inside one.

    >>> is_system_file(PurePosixPath("__MACOSX/black/._1.jpg")), is_system_file(PurePosixPath("black/1.jpg"))
    (True, False)
    """
    return system_part(path) is not None


def left_out_system_files(
    paths: Iterable[PurePosixPath], origin_of: Callable[[PurePosixPath], str]
) -> list[SourceItem]:
    """List the system's files among these paths, each folder of them once."""
    parts = dict.fromkeys(part for path in paths if (part := system_part(path)) is not None)
    return [left_out_item(origin_of(part), f"`{part.name}` is a name of the system's own files") for part in parts]


def look_like_images(names: Sequence[str]) -> list[bool]:
    """Return for each file whether its name is that of an image. Only those decide what is a label.

    If no name has an image's suffix, all count except those that are known to be something else.

    >>> look_like_images(["1.jpg", "README.md", "x.part"]), look_like_images(["1", "README"])
    ([True, False, False], [True, False])
    """
    image_suffixes = suffixes() | ALSO_IMAGES
    own_suffixes = [PurePosixPath(name).suffix.lower() for name in names]
    certain = [suffix in image_suffixes for suffix in own_suffixes]
    if any(certain):
        return certain
    return [
        suffix not in NOT_IMAGES and PurePosixPath(name).stem.lower() not in NOT_IMAGE_NAMES
        for name, suffix in zip(names, own_suffixes, strict=True)
    ]


def archive_problem(name: str) -> str:
    """Return why an archive among the images is not read, by its name; "" for other files."""
    if not name.lower().endswith(ARCHIVES):
        return ""
    return "it is an archive: unpack it first, or import it by itself if it is a zip"


def readable_path(path: str) -> str:
    """Return a path as text that can be stored and shown: bytes that are not UTF-8 become backslash escapes."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def file_name(name: str) -> str:
    r"""Return a file name that every operating system accepts.

    >>> file_name('a:b?.jpg'), file_name("..")
    ('a_b_.jpg', '_')
    >>> file_name("\udcff.jpg")  # a byte that is not UTF-8, as `os.listdir` returns it
    '_.jpg'
    """
    name = re.sub(r'[\x00-\x1f<>:"/\\|?*\ud800-\udfff]', "_", name).strip(" .")
    stem, dot, suffix = name.rpartition(".")
    return (f"{_cut(stem, 150)}.{_cut(suffix, 16)}" if dot else _cut(name, 150)).rstrip(" .") or "_"


def folder_name(label: str) -> str:
    """Return the name of a label's folder in a data set; `datasets` ignores folders that begin with two underscores.

    >>> folder_name("a:b"), folder_name("__init__")
    ('a_b', '_init__')
    """
    return re.sub("^__+", "_", file_name(label))


def _cut(text: str, n_bytes: int) -> str:
    """Return the beginning of a text that fits into `n_bytes` of UTF-8."""
    return text.encode("utf-8", "replace")[:n_bytes].decode("utf-8", "ignore")
