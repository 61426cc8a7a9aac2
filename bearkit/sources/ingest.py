"""Store decoded files in a project: copy each new image, and record every file in the catalogue."""

import uuid
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.labels import clean_label, label_problem
from bearkit.catalog.missing import missing_files, missing_hint
from bearkit.catalog.schema import ImageRecord, SourceRecord
from bearkit.core.atomic import atomic_write, sync_files
from bearkit.core.project import Project
from bearkit.core.text import count
from bearkit.errors import ImageError
from bearkit.images import content_id, suffixes
from bearkit.sources.decoded import DecodedSource
from bearkit.sources.layout import SourceItem, file_name
from bearkit.sources.moves import HandMoves
from bearkit.sources.own_folder import StrayFiles, images_hold_user_files

BATCH = 64  # files that are recorded in one transaction
SUFFIX = {"JPEG": "jpg", "MPO": "jpg", "JPEG2000": "jp2", "TIFF": "tif", "DIB": "bmp", "HEIF": "heic"}
SPLIT_RANK = {None: 0, "train": 1, "valid": 2, "test": 3}  # an image that comes in several splits gets the highest


@dataclass
class ImportReport:
    """Result of an import. The number of files is imported + duplicates + rejected.

    Attributes:
        imported: images that are new in the project.
        duplicates: files with the bytes of an image that the project has.
        conflicts: images that came with several labels or splits, with the ones that the project uses.
        rejected: files that are not usable images, each with its path and reason.
        labels: images of each label in the whole project, after the import.
        unlabelled: images without a label in the whole project, after the import.
        splits: files of this import that the source gave for train, valid or test.
        left_out: files and folders that were not read, each with its path and reason.
        moved: images that somebody had moved inside images/ by hand.
        notes: sentences about how the folders were read.
        missing: images of the project whose files are missing.
        hint: what to do about missing files.
    """

    imported: int = 0
    duplicates: int = 0
    conflicts: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[dict[str, str]] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    unlabelled: int = 0
    splits: dict[str, int] = field(default_factory=dict)
    left_out: list[dict[str, str]] = field(default_factory=list)
    moved: list[dict[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    missing: list[dict[str, str]] = field(default_factory=list)
    hint: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as the command line prints them."""
        return asdict(self)


class Ingestor:
    """Stores decoded files in a project, and records them in batches of one transaction each.

    Args:
        project: the project; its catalogue is created if it does not exist.
        link: use the files where they are instead of copying them, where that is possible.
    """

    def __init__(self, project: Project, link: bool = False) -> None:
        self.catalog = Catalog(project, create=True)
        self.report = ImportReport()
        self._project, self._link = project, link
        self._has_user_files = images_hold_user_files(self.catalog)  # files in images/ that must not be touched
        self._known = {image.image_id: image for image in self.catalog.images()}
        self._strays, self._moves = StrayFiles(project, self._known), HandMoves(self.catalog)
        # Paths that a moved image had first: `unapply` may move it back there.
        self._reserved = {first.casefold() for first, _ in self.catalog.moves().values()}
        self._splits: Counter[str] = Counter()
        self._seen_again: set[str] = set()  # image ids; those with a conflict are in the report
        self._relabelled: dict[str, SourceItem] = {}  # known images that came with another label
        self._not_linked = 0  # files that were copied though `link` is set
        self._new_images: list[ImageRecord] = []  # not yet recorded
        self._new_sources: list[SourceRecord] = []  # not yet recorded

    def add(self, decoded: DecodedSource) -> str:
        """Store one file, and write to the catalogue once every BATCH files.

        Returns:
            Its status: imported, duplicate or rejected; saved, duplicate or failed for a download; or left out.
        """
        if decoded.item.ignored:
            self.report.left_out.append({"path": decoded.item.origin, "reason": decoded.reason})
            return "left out"
        status, item, reason = self._store(_with_stored_label(decoded))
        if reason:
            self.report.rejected.append({"path": item.origin, "reason": reason})
        elif item.split:
            self._splits[item.split] += 1
        download = vars(decoded.fetch) if decoded.fetch else {}
        image_id = None if reason else decoded.image_id
        self._new_sources.append(
            SourceRecord(item.origin, item.label, item.split, status, reason, image_id, **download)
        )
        if len(self._new_sources) >= BATCH:
            self._write()
        return status

    def close(self) -> ImportReport:
        """Write what is not yet recorded, and complete the report."""
        self._write()
        report = self.report
        report.moved = self._moves.write()
        report.conflicts = self._conflicts()
        if self._has_user_files:
            report.notes.append("your own files in images/ stay as they are; the project's copies are next to them")
        if self._not_linked:
            report.notes.append(
                f"{count(self._not_linked, 'picture was', 'pictures were')} copied, not linked: "
                "a picture from an archive, or converted from another file, has no file to link to"
            )
        missing = missing_files(self.catalog)
        report.missing = [{"path": image.path, "label": image.label} for image in missing]
        report.hint = missing_hint(missing, self.catalog)
        counts = Counter(image.label for image in DecisionLog(self.catalog).images())
        report.unlabelled = counts.pop("", 0)
        report.labels, report.splits = dict(sorted(counts.items())), dict(sorted(self._splits.items()))
        return report

    def _conflicts(self) -> list[dict[str, Any]]:
        """List the images of this import that came with several labels or splits."""
        conflicts = [row for row in self.catalog.conflicts() if row["image_id"] in self._seen_again]
        # The catalogue has one row for each file. It does not show that the same file had another label before.
        for image_id in self._relabelled.keys() - {row["image_id"] for row in conflicts}:
            item, kept_label = self._relabelled[image_id], self._known[image_id].label
            conflicts.append({
                "image_id": image_id, "labels": sorted({kept_label, str(item.label)}), "splits": [],
                "paths": [item.origin], "kept_label": kept_label,
            })  # fmt: skip
        return conflicts

    def _store(self, decoded: DecodedSource) -> tuple[str, SourceItem, str]:
        """Store one file; return its status, the file as it is recorded, and why it was refused ("" if not)."""
        refused = "failed" if decoded.fetch else "rejected"
        if decoded.reason:
            return refused, decoded.item, decoded.reason
        try:
            if decoded.image_id in self._known:
                item = self._update_known(decoded)
                self.report.duplicates += 1
                return "duplicate", item, ""
            self._known[decoded.image_id] = self._place_file(decoded)
        except ImageError as error:
            return refused, decoded.item, str(error)
        self.report.imported += 1
        self._new_images.append(self._known[decoded.image_id])
        return "saved" if decoded.fetch else "imported", decoded.item, ""

    def _write(self) -> None:
        sync_files(self._project.root / image.path for image in self._new_images if not image.linked)
        self.catalog.record(self._new_images, self._new_sources)
        self._new_images, self._new_sources = [], []

    def _update_known(self, decoded: DecodedSource) -> SourceItem:
        """Update an image that the project has: repair its file, add a missing label, and raise its split.

        An image that any source gives for validation or test is never used for training.

        Returns:
            The file as it is recorded. The project's own copy of an image is recorded with the image's label.
        """
        image, split = self._known[decoded.image_id], decoded.item.split
        if not self._is_whole(image):  # its file was lost or cut off
            image = self._restore_file(decoded)
        own_copy = decoded.item.origin == str(self.catalog.path(image)) and not image.linked
        if own_copy and not self._has_user_files:
            return replace(decoded.item, label=image.label)
        self._seen_again.add(decoded.image_id)
        if decoded.item.label and image.label and decoded.item.label != image.label:
            self._relabelled[decoded.image_id] = decoded.item
        if not image.label and decoded.item.label and decoded.image_id not in self._moves:
            self._write()
            self.catalog.update_image(decoded.image_id, label=decoded.item.label)
            self._known[decoded.image_id] = image = replace(image, label=decoded.item.label)
        if SPLIT_RANK[split] > SPLIT_RANK[image.given_split]:
            self._write()
            self.catalog.update_image(decoded.image_id, given_split=str(split))
            self._known[decoded.image_id] = replace(image, given_split=split)
        return decoded.item

    def _restore_file(self, decoded: DecodedSource) -> ImageRecord:
        """Give a known image a file again: the file that somebody moved, or a new copy. Return its record."""
        image = self._known[decoded.image_id]
        if image.linked or not self._is_inside(image):  # bearkit writes only into the project's own folders
            again = self._place_file(replace(decoded, item=replace(decoded.item, label=image.label)))
            self._write()
            self.catalog.update_image(image.image_id, path=again.path)
            image = replace(image, path=again.path)
        elif (stray := self._find_stray(image)) is not None:
            image = self._moves.add(image, stray)
        else:
            with atomic_write(self.catalog.path(image)) as part:
                part.write_bytes(_content(decoded))
        self._known[decoded.image_id] = image
        return image

    def _find_stray(self, image: ImageRecord) -> Path | None:
        """Return where somebody moved an image's file inside images/; None if it was not moved there."""
        if self._has_user_files or self._project.has_picture(image.path):
            return None
        return self._strays.find(image)

    def _is_inside(self, image: ImageRecord) -> bool:
        """Return whether an image's path is inside the project; a foreign catalogue may name any path."""
        try:
            self.catalog.path(image)
        except ImageError:
            return False
        return True

    def _is_whole(self, image: ImageRecord) -> bool:
        """Return whether an image's file exists and has the right size."""
        return self._project.has_picture(image.path) and self.catalog.path(image).stat().st_size == image.bytes

    def _place_file(self, decoded: DecodedSource) -> ImageRecord:
        """Copy an image into images/LABEL/, unless it is linked or is there already. Return its record."""
        item, data = decoded.item, _content(decoded)
        assert item.label is not None
        path = Path(item.origin)
        linked = self._link and _is_file_with(path, data)
        in_images = not self._has_user_files and path.is_relative_to(self._project.images)
        in_place = in_images and _is_file_with(path, data)
        if not linked and not in_place:
            self._not_linked += self._link
            path = self._free_path(decoded)
            self._project.picture(path.relative_to(self._project.root).as_posix())  # a label's folder may be a link
            if not path.exists():
                with atomic_write(path, durable=False) as part:
                    part.write_bytes(data)
        stored_path = (path if linked else path.relative_to(self._project.root)).as_posix()
        return ImageRecord(
            decoded.image_id, stored_path, item.label, item.split, *decoded.size, decoded.format, len(data)
        )

    def _free_path(self, decoded: DecodedSource) -> Path:
        """Return a path in the label's folder: the image's own name, with a part of its id if the name is taken.

        A file with the same bytes is a copy from an import that was interrupted, and its path is used again, unless
        images/ holds files of the user.
        """
        name = Path(file_name(decoded.item.name))
        if name.suffix.lower() not in suffixes():
            name = Path(f"{name}.{SUFFIX.get(decoded.format, decoded.format.lower())}")
        label = str(decoded.item.label)
        own = (self._project.images / file_name(label) if label else self._project.unlabelled) / name
        with_id = (own.with_name(f"{name.stem}-{decoded.image_id[:n]}{name.suffix}") for n in (12, 24, 64))
        for path in (own, *with_id):
            if path.relative_to(self._project.root).as_posix().casefold() in self._reserved:
                continue
            if not path.exists():
                return path
            may_be_ours = not (self._has_user_files and path == own) and path.is_file()
            if may_be_ours and content_id(path.read_bytes()) == decoded.image_id:
                return path
        return own.with_name(f"{decoded.image_id}-{uuid.uuid4().hex[:8]}{name.suffix}")


def _with_stored_label(decoded: DecodedSource) -> DecodedSource:
    """Return the file with its label as the catalogue stores it, or with a reason if the text cannot be a label."""
    label = decoded.item.label or ""
    if problem := label_problem(label):
        return replace(decoded, reason=decoded.reason or problem)
    return replace(decoded, item=replace(decoded.item, label=decoded.item.label and clean_label(label)))


def _content(decoded: DecodedSource) -> bytes:
    """Return an image's bytes; read them again if they are not held in memory.

    Raises:
        ImageError: the file was changed meanwhile.
    """
    data = decoded.data or decoded.item.read()
    if not decoded.data and content_id(data) != decoded.image_id:
        raise ImageError("it was changed while it was imported", hint="import it again")
    return data


def _is_file_with(path: Path, data: bytes) -> bool:
    """Return whether a path is a file with exactly these bytes: not a file in an archive, nor a converted one."""
    return path.is_absolute() and path.is_file() and path.read_bytes() == data
