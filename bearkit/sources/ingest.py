"""Puts pictures into the project, whichever way they came: each decoded whole, the same bytes once."""

import uuid
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import DecisionRequest
from bearkit.catalog.decisions import RENAMED, DecisionLog, labels_of, me
from bearkit.catalog.labels import label_of, label_problem
from bearkit.catalog.missing import missing_files, what_helps
from bearkit.catalog.schema import ImageRecord, SourceRecord
from bearkit.core.project import Project, settle, whole
from bearkit.core.text import count
from bearkit.errors import ImageError
from bearkit.images import content_id, suffixes
from bearkit.sources.decoded import DecodedSource
from bearkit.sources.layout import SourceItem, file_name
from bearkit.sources.own_folder import Strays, label_in_images, theirs_lie_in_images

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
    splits: dict[str, int] = field(default_factory=dict)  # pictures of this import that were given for one
    left_out: list[dict[str, str]] = field(default_factory=list)  # folders and systems' files that were not looked at
    moved: list[dict[str, str]] = field(default_factory=list)  # pictures that somebody had moved inside of images/
    notes: list[str] = field(default_factory=list)  # how the folders were read
    missing: list[dict[str, str]] = field(default_factory=list)  # pictures of the project whose files are gone
    hint: str = ""  # what to do about those that are missing

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as the command line prints them."""
        return asdict(self)


class Ingestor:
    """Puts looked-at files into the project, a batch a transaction."""

    def __init__(self, project: Project, link: bool = False) -> None:
        self.project, self.catalog, self.link = project, Catalog(project, create=True), link
        self.theirs = theirs_lie_in_images(self.catalog)
        self.known = {image.image_id: image for image in self.catalog.images()}
        self.strays, self.moves = Strays(project, self.known), Moves(self.catalog)
        self.report = ImportReport()
        self.splits: Counter[str] = Counter()
        self.touched: set[str] = set()
        self.relabelled: dict[str, SourceItem] = {}  # known pictures that came under another label
        self.homes = {first.casefold() for first, _ in self.catalog.moves().values()}  # names that are kept free
        self.copied = 0  # though they should be linked
        self.new: list[ImageRecord] = []
        self.seen: list[SourceRecord] = []

    def take(self, looked: DecodedSource) -> str:
        """Count one picture, copy it when it is new, and write to the catalogue now and then; what became of it."""
        if looked.found.aside:
            self.report.left_out.append({"path": looked.found.origin, "reason": looked.reason})
            return "left out"
        status, found, reason = self._take(_labelled(looked))
        if reason:
            self.report.rejected.append({"path": found.origin, "reason": reason})
        self.splits.update([found.split] if found.split and not reason else [])
        about = vars(looked.receipt) if looked.receipt else {}
        image_id = None if reason else looked.image_id
        self.seen.append(SourceRecord(found.origin, found.label, found.split, status, reason, image_id, **about))
        if len(self.seen) >= BATCH:
            self._write()
        return status

    def _take(self, looked: DecodedSource) -> tuple[str, SourceItem, str]:
        """What became of a file, the file as it is written down, and why it was refused."""
        refused = "failed" if looked.receipt else "rejected"
        if looked.reason:
            return refused, looked.found, looked.reason
        try:
            if looked.image_id in self.known:
                found = self._same_again(looked)
                self.report.duplicates += 1
                return "duplicate", found, ""
            self.known[looked.image_id] = self._store(looked)
        except ImageError as error:
            return refused, looked.found, str(error)
        self.report.imported += 1
        self.new.append(self.known[looked.image_id])
        return "saved" if looked.receipt else "imported", looked.found, ""

    def finish(self) -> ImportReport:
        """Write what is left and complete the report."""
        self._write()
        self.report.moved = self.moves.write()
        self.report.conflicts = [row for row in self.catalog.conflicts() if row["image_id"] in self.touched]
        for image_id in self.relabelled.keys() - {row["image_id"] for row in self.report.conflicts}:
            found, kept = self.relabelled[image_id], self.known[image_id].label  # the very same file as before
            labels = sorted({kept, str(found.label)})
            about = {"image_id": image_id, "labels": labels, "splits": [], "paths": [found.origin], "kept_label": kept}
            self.report.conflicts.append(about)
        if self.theirs:
            self.report.notes.append(
                "files of your own in images/ stay as they are; the project's copies lie beside them"
            )
        if self.copied:
            self.report.notes.append(
                f"{count(self.copied, 'picture was', 'pictures were')} copied, not linked: "
                "what is in an archive, or was made from another file, is no file of its own"
            )
        gone = missing_files(self.catalog)
        self.report.missing = [{"path": image.path, "label": image.label} for image in gone]
        self.report.hint = what_helps(gone, self.catalog)
        counts = Counter(image.label for image in DecisionLog(self.catalog).images())
        self.report.unlabelled = counts.pop("", 0)
        self.report.labels, self.report.splits = dict(sorted(counts.items())), dict(sorted(self.splits.items()))
        return self.report

    def _write(self) -> None:
        settle(self.project.root / image.path for image in self.new if not image.linked)
        self.catalog.record(self.new, self.seen)
        self.new, self.seen = [], []

    def _same_again(self, looked: DecodedSource) -> SourceItem:
        """Known bytes: a conflict when label or split differ. Given for validation or test, it never trains.

        Returns the file as it is written down: one that is the project's own copy says nothing new of its label.
        """
        known, split = self.known[looked.image_id], looked.found.split
        if not self._is_whole(known):  # it was lost or cut off
            known = self._bring_back(looked)
        if not self.theirs and looked.found.origin == str(self.catalog.path(known)) and not known.linked:
            return replace(looked.found, label=known.label)
        self.touched.add(looked.image_id)
        if looked.found.label and known.label and looked.found.label != known.label:
            self.relabelled[looked.image_id] = looked.found
        if not known.label and looked.found.label and looked.image_id not in self.moves:
            self._write()
            self.catalog.amend(looked.image_id, label=looked.found.label)
            self.known[looked.image_id] = known = replace(known, label=looked.found.label)
        if SPLIT_RANK[split] > SPLIT_RANK[known.given_split]:
            self._write()
            self.catalog.amend(looked.image_id, given_split=str(split))
            self.known[looked.image_id] = replace(known, given_split=split)
        return looked.found

    def _bring_back(self, looked: DecodedSource) -> ImageRecord:
        """Give a known picture its file again: where somebody moved it to, or a new copy."""
        known = self.known[looked.image_id]
        if known.linked or not self._is_inside(known):  # only ours are written: it is used where it is now
            again = self._store(replace(looked, found=replace(looked.found, label=known.label)))
            self._write()
            self.catalog.amend(known.image_id, path=again.path)
            known = replace(known, path=again.path)
        elif (stray := self._stray(known)) is not None:
            known = self.moves.add(known, stray)
        else:
            with whole(self.catalog.path(known)) as part:
                part.write_bytes(_content(looked))
        self.known[looked.image_id] = known
        return known

    def _stray(self, known: ImageRecord) -> Path | None:
        """Where somebody moved a known picture's file to, inside of images/."""
        return None if self.theirs or self.project.has_picture(known.path) else self.strays.find(known)

    def _is_inside(self, known: ImageRecord) -> bool:
        """Whether the catalogue names a place that is the project's; a foreign one may name any."""
        try:
            self.catalog.path(known)
        except ImageError:
            return False
        return True

    def _is_whole(self, known: ImageRecord) -> bool:
        """Whether a known picture's file is there, with all of its bytes."""
        return self.project.has_picture(known.path) and self.catalog.path(known).stat().st_size == known.bytes

    def _store(self, looked: DecodedSource) -> ImageRecord:
        """Copy a new picture into images/<label>/, unless it is there already or stays where it is, and describe it."""
        found, data = looked.found, _content(looked)
        assert found.label is not None
        path = Path(found.origin)
        linked = self.link and _is_file_of(path, data)
        ours = not self.theirs and path.is_relative_to(self.project.images) and _is_file_of(path, data)
        if not linked and not ours:
            self.copied += self.link
            path = self._free_path(looked)
            self.project.picture(path.relative_to(self.project.root).as_posix())  # a label's folder may be a link
            if not path.exists():
                with whole(path, durable=False) as part:
                    part.write_bytes(data)
        relative = (path if linked else path.relative_to(self.project.root)).as_posix()
        return ImageRecord(looked.image_id, relative, found.label, found.split, *looked.size, looked.format, len(data))

    def _free_path(self, looked: DecodedSource) -> Path:
        """The picture's own name in its label's folder, with a piece of its id where something else has that name.

        A file of these very bytes is one of ours, by an import that was cut off, unless files of others' lie there.
        """
        name = Path(file_name(looked.found.name))
        if name.suffix.lower() not in suffixes():
            name = Path(f"{name}.{SUFFIX.get(looked.format, looked.format.lower())}")
        label = str(looked.found.label)
        own = (self.project.images / file_name(label) if label else self.project.unlabelled) / name
        names = (own.with_name(f"{name.stem}-{looked.image_id[:n]}{name.suffix}") for n in (12, 24, 64))
        for path in (own, *names):
            home = path.relative_to(self.project.root).as_posix().casefold() in self.homes
            if not home and not path.exists():
                return path
            ours = not home and not (self.theirs and path == own) and path.is_file()
            if ours and content_id(path.read_bytes()) == looked.image_id:
                return path
        return own.with_name(f"{looked.image_id}-{uuid.uuid4().hex[:8]}{name.suffix}")


class Moves:
    """Pictures that somebody moved inside of images/ by hand, as `apply` would have, and the labels that it means."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._rows: dict[str, tuple[ImageRecord, str]] = {}

    def __contains__(self, image_id: str) -> bool:
        return image_id in self._rows

    def add(self, image: ImageRecord, path: Path) -> ImageRecord:
        """A picture whose file is at another place now; the record with it."""
        now = path.relative_to(self._catalog.project.root).as_posix()
        self._rows[image.image_id] = image, now
        return replace(image, path=now)

    def write(self) -> list[dict[str, str]]:
        """Write them down: first the labels, as one step that undo takes back, then where the files are."""
        if not self._rows:
            return []
        ledger, project = DecisionLog(self._catalog), self._catalog.project
        present = {image.image_id: image.label for image in ledger.images()}
        labels = labels_of(ledger.images())
        choices, report = [], []
        for image_id, (image, now) in self._rows.items():
            label = folder = present.get(image_id)
            if label is not None:
                folder = label_in_images(project, project.root / now, [label, *labels])
                folder = "" if label_problem(folder or "") else folder  # it keeps the label that it has
                choices += [DecisionRequest(image_id, "relabel", folder)] if folder and folder != label else []
            said = {"label_before": label or "", "label": folder or label or ""}
            report.append({"image_id": image_id, "from": image.path, "to": now, **said})
        if choices:
            ledger.decide(choices, me(), RENAMED)
        self._catalog.moved((image_id, image.path, now) for image_id, (image, now) in self._rows.items())
        return report


def _labelled(looked: DecodedSource) -> DecodedSource:
    """The same with its label as it is stored, or refused where that is none."""
    label = looked.found.label or ""
    if problem := label_problem(label):
        return replace(looked, reason=looked.reason or problem)
    return replace(looked, found=replace(looked.found, label=looked.found.label and label_of(label)))


def _content(looked: DecodedSource) -> bytes:
    """A picture's bytes, read again where they did not wait in memory.

    Raises:
        ImageError: the file was changed meanwhile.
    """
    data = looked.data or looked.found.read()
    if not looked.data and content_id(data) != looked.image_id:
        raise ImageError("it was changed while it was imported", hint="import it again")
    return data


def _is_file_of(path: Path, data: bytes) -> bool:
    """Whether a picture's bytes are those of a file by itself, and not made from one."""
    return path.is_absolute() and path.is_file() and path.read_bytes() == data
