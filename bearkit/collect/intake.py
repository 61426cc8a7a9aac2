"""Puts pictures into the project, whichever way they came: each decoded whole, the same bytes once."""

import re
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.ledger import Ledger
from bearkit.catalog.tables import ImageRecord, SourceRecord
from bearkit.collect.layout import Found
from bearkit.errors import ImageError
from bearkit.images import content_id, decode, suffixes
from bearkit.project import Project, settle, whole

BATCH = 64  # pictures a transaction
SUFFIX = {"JPEG": "jpg", "MPO": "jpg", "JPEG2000": "jp2", "TIFF": "tif", "DIB": "bmp", "HEIF": "heic"}
SPLIT_RANK = {None: 0, "train": 1, "valid": 2, "test": 3}


@dataclass
class ImportReport:
    """What became of every file that was looked at: imported + duplicates + rejected is their number."""

    imported: int = 0
    duplicates: int = 0
    conflicts: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[dict[str, str]] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)  # of the whole project, afterwards
    unlabelled: int = 0  # of the whole project, afterwards

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as the command line prints them."""
        return asdict(self)


@dataclass(frozen=True)
class Receipt:
    """What fetching an address came to: how many bytes came, from where in the end, in what time, and whose it is."""

    bytes: int
    address: str
    seconds: float
    license: str = ""
    creator: str = ""
    page: str = ""


@dataclass(frozen=True)
class Looked:
    """A file after it was read and decoded: either its content, or the reason why not."""

    found: Found
    data: bytes = b""
    image_id: str = ""
    size: tuple[int, int] = (0, 0)  # width, height
    format: str = ""
    reason: str = ""
    receipt: Receipt | None = None


def look(found: Found) -> Looked:
    """Read and decode one picture; runs in a thread."""
    if found.problem:
        return Looked(found, reason=found.problem)
    try:
        data = found.read()
        decoded = decode(data, at_least=1)
        return Looked(found, data, content_id(data), (decoded.width, decoded.height), decoded.format)
    except ImageError as error:
        return Looked(found, reason=str(error))


class Intake:
    """Puts looked-at files into the project, a batch a transaction."""

    def __init__(self, project: Project, link: bool = False) -> None:
        self.project, self.catalog, self.link = project, Catalog(project, create=True), link
        self.known = {image.image_id: image for image in self.catalog.images()}
        self.report = ImportReport()
        self.touched: set[str] = set()
        self.relabelled: dict[str, Found] = {}  # known pictures that came under another label
        self.homes = {first.casefold() for first, _ in self.catalog.moves().values()}  # names that are kept free
        self.new: list[ImageRecord] = []
        self.seen: list[SourceRecord] = []

    def take(self, looked: Looked) -> str:
        """Count one picture, copy it when it is new, and write to the catalogue now and then; what became of it."""
        found = looked.found
        status, image_id = "failed" if looked.receipt else "rejected", looked.image_id or None
        if looked.reason:
            self.report.rejected.append({"path": found.origin, "reason": looked.reason})
        elif looked.image_id in self.known:
            status = "duplicate"
            self.report.duplicates += 1
            self._same_again(looked)
        else:
            status = "saved" if looked.receipt else "imported"
            self.report.imported += 1
            self.known[looked.image_id] = self._store(looked)
            self.new.append(self.known[looked.image_id])
        about = vars(looked.receipt) if looked.receipt else {}
        self.seen.append(SourceRecord(found.origin, found.label, found.split, status, looked.reason, image_id, **about))
        if len(self.seen) >= BATCH:
            self._write()
        return status

    def finish(self) -> ImportReport:
        """Write what is left and complete the report."""
        self._write()
        self.report.conflicts = [row for row in self.catalog.conflicts() if row["image_id"] in self.touched]
        for image_id in self.relabelled.keys() - {row["image_id"] for row in self.report.conflicts}:
            found, kept = self.relabelled[image_id], self.known[image_id].label  # the very same file as before
            labels = sorted({kept, str(found.label)})
            about = {"image_id": image_id, "labels": labels, "splits": [], "paths": [found.origin], "kept_label": kept}
            self.report.conflicts.append(about)
        counts = Counter(image.label for image in Ledger(self.catalog).images())
        self.report.unlabelled = counts.pop("", 0)
        self.report.labels = dict(sorted(counts.items()))
        return self.report

    def _write(self) -> None:
        settle(self.project.root / image.path for image in self.new if not image.linked)
        self.catalog.record(self.new, self.seen)
        self.new, self.seen = [], []

    def _same_again(self, looked: Looked) -> None:
        """Known bytes: a conflict when label or split differ. Given for validation or test, it never trains."""
        self.touched.add(looked.image_id)
        known, split = self.known[looked.image_id], looked.found.split
        if looked.found.label and known.label and looked.found.label != known.label:
            self.relabelled[looked.image_id] = looked.found
        if not self._is_whole(known):  # it was lost or cut off
            if known.linked or not self._is_inside(known):  # only ours are written: it is used where it is
                again = self._store(replace(looked, found=replace(looked.found, label=known.label)))
                self._write()
                self.catalog.amend(known.image_id, path=again.path)
                self.known[looked.image_id] = known = replace(known, path=again.path)
            else:
                with whole(self.catalog.path(known)) as part:
                    part.write_bytes(looked.data)
        if not known.label and looked.found.label:
            self._write()
            self.catalog.amend(looked.image_id, label=looked.found.label)
            self.known[looked.image_id] = known = replace(known, label=looked.found.label)
        if SPLIT_RANK[split] > SPLIT_RANK[known.given_split]:
            self._write()
            self.catalog.amend(looked.image_id, given_split=str(split))
            self.known[looked.image_id] = replace(known, given_split=split)

    def _is_inside(self, known: ImageRecord) -> bool:
        """Whether the catalogue names a place that is the project's; a foreign one may name any."""
        try:
            self.catalog.path(known)
        except ImageError:
            return False
        return True

    def _is_whole(self, known: ImageRecord) -> bool:
        """Whether a known picture's file is there, with all of its bytes."""
        there = self.project.has_picture(known.path)
        return there and self.catalog.path(known).stat().st_size == known.bytes

    def _store(self, looked: Looked) -> ImageRecord:
        """Copy a new picture into images/<label>/, unless it is there already or stays where it is, and describe it."""
        found = looked.found
        assert found.label is not None
        path = Path(found.origin)
        linked = self.link and _is_file_of(path, looked.data)
        if not linked and not path.is_relative_to(self.project.images):
            path = self._free_path(looked)
            if not path.exists():
                with whole(path, durable=False) as part:
                    part.write_bytes(looked.data)
        relative = (path if linked else path.relative_to(self.project.root)).as_posix()
        about = (*looked.size, looked.format, len(looked.data))
        return ImageRecord(looked.image_id, relative, found.label, found.split, *about)

    def _free_path(self, looked: Looked) -> Path:
        """The picture's own name in its label's folder, with a piece of its id where another picture has that name."""
        name = Path(file_name(looked.found.name))
        if name.suffix.lower() not in suffixes():
            name = Path(f"{name}.{SUFFIX.get(looked.format, looked.format.lower())}")
        label = str(looked.found.label)
        path = (self.project.images / file_name(label) if label else self.project.unlabelled) / name
        home = path.relative_to(self.project.root).as_posix().casefold() in self.homes
        if home or (path.exists() and content_id(path.read_bytes()) != looked.image_id):
            return path.with_name(f"{name.stem}-{looked.image_id[:12]}{name.suffix}")
        return path


def _is_file_of(path: Path, data: bytes) -> bool:
    """Whether a picture's bytes are those of a file by itself, and not made from one."""
    return path.is_absolute() and path.is_file() and path.read_bytes() == data


def file_name(name: str) -> str:
    """A name that every system accepts.

    >>> file_name('a:b?.jpg'), file_name("..")
    ('a_b_.jpg', '_')
    """
    name = re.sub(r'[\x00-\x1f<>:"/\\|?*]', "_", name).strip(" .")
    stem, dot, suffix = name.rpartition(".")
    return (f"{_cut(stem, 150)}.{_cut(suffix, 16)}" if dot else _cut(name, 150)) or "_"


def _cut(text: str, n_bytes: int) -> str:
    """The beginning of a text that fits into so many bytes."""
    return text.encode("utf-8", "replace")[:n_bytes].decode("utf-8", "ignore")
