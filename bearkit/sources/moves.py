"""Images whose files somebody moved inside images/ by hand."""

from dataclasses import replace
from pathlib import Path

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import DecisionRequest
from bearkit.catalog.decisions import RENAMED, DecisionLog, current_user, labels_of
from bearkit.catalog.labels import label_problem
from bearkit.catalog.schema import ImageRecord
from bearkit.sources.own_folder import label_in_images


class HandMoves:
    """Collects moved files, then records them in the catalogue: a move into a label's folder relabels the image."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._rows: dict[str, tuple[ImageRecord, str]] = {}  # image_id: the record before the move, the new path

    def __contains__(self, image_id: str) -> bool:
        return image_id in self._rows

    def add(self, image: ImageRecord, path: Path) -> ImageRecord:
        """Add a moved image.

        Args:
            image: its record, with the old path.
            path: where the file is now.

        Returns:
            The record with the new path.
        """
        new_path = path.relative_to(self._catalog.project.root).as_posix()
        self._rows[image.image_id] = image, new_path
        return replace(image, path=new_path)

    def write(self) -> list[dict[str, str]]:
        """Record all moves: first the new labels, as one step that undo reverts, then the new paths.

        Returns:
            For each image: image_id, from, to, label_before, label.
        """
        if not self._rows:
            return []
        log, project = DecisionLog(self._catalog), self._catalog.project
        current = {image.image_id: image.label for image in log.images()}
        labels = labels_of(log.images())
        requests, report = [], []
        for image_id, (image, new_path) in self._rows.items():
            label = new_label = current.get(image_id)
            if label is not None:
                new_label = label_in_images(project, project.root / new_path, [label, *labels])
                if label_problem(new_label or ""):
                    new_label = ""  # the folder's name cannot be a label: the image keeps its label
                if new_label and new_label != label:
                    requests.append(DecisionRequest(image_id, "relabel", new_label))
            change = {"label_before": label or "", "label": new_label or label or ""}
            report.append({"image_id": image_id, "from": image.path, "to": new_path, **change})
        if requests:
            log.decide(requests, current_user(), RENAMED)
        self._catalog.record_moves(
            (image_id, image.path, new_path) for image_id, (image, new_path) in self._rows.items()
        )
        return report
