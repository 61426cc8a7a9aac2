"""The Label tab: pages of images that belong together, labelled with keys, mouse or touch.

The page is built by `js/label*.js`, which calls the functions below with plain values. Decisions are stored through the
outbox.
"""

import threading
from typing import Any

import gradio as gr
import numpy as np

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.label_examples import label_examples
from bearkit.catalog.label_set import label_set
from bearkit.catalog.settings import catalog_name, label_order
from bearkit.core.project import Project
from bearkit.core.text import proposals_error_sentence
from bearkit.errors import NoImagesError, ReviewError
from bearkit.labelling import label_actions
from bearkit.labelling.audit import read_audit
from bearkit.labelling.handed_out import HandedOut
from bearkit.labelling.image_map import ImageMap
from bearkit.labelling.label_keys import label_keys
from bearkit.labelling.label_queue import LabelPage, LabelQueue, Proposal
from bearkit.labelling.snapshot import Snapshot
from bearkit.studio.grid_answers import large_picture, mark_example, thumbnail_urls, undo_or_redo
from bearkit.studio.label_map import ids_of, map_answer
from bearkit.studio.modules import open_module
from bearkit.studio.server_functions import errors_as_answers
from bearkit.studio.shared_index import SharedIndex

JS = open_module("label.js")
AUDIT = 50  # images of an audit
MOST = 200  # images of a page
NEAR = 6  # images beside a large one
NO_IMAGES = {"images": [], "labels": [], "labelled": 0, "unlabelled": 0, "waiting": 0, "empty": "pictures"}


class LabelTab:
    """The Label tab's layout, and the functions that its page calls.

    Only which images each reviewer looks at is kept here; all else is in the catalogue and the browser.
    """

    def __init__(self, project: Project, index: SharedIndex) -> None:
        self.project, self._index = project, index
        self._turn = threading.Lock()  # one page at a time, or two reviewers could get the same one
        self._opening = threading.Lock()  # one queue for all that ask at once
        self._handed_out = HandedOut()
        self._queue: LabelQueue | None = None
        self._map: ImageMap | None = None
        functions = (
            self.next_page, self.undo_or_redo, self.details, self.progress, self.rest, self.audit, self.accept,
            self.example, self.map_dots, self.map_picture, self.give_up,
        )  # fmt: skip
        answers = [errors_as_answers(ask) for ask in functions]
        gr.HTML(html_template="", js_on_load=JS, server_functions=answers, apply_default_css=False, elem_id="label")

    def next_page(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return a page of images to label.

        Args:
            request: `reviewer`; the view as in the page's address: `by` (the order), `proposed` (only images with this
                proposal), `like` (an image id), `many`, `audit`; "" for none; and ids to show instead: `images`, of a
                step that was undone, or `chosen`, the beginnings of those that were chosen on the map.

        Returns:
            The images and everything else that the page shows. `empty` says why there are none: "pictures" (the
            project has none), "done" (each has a label), "waiting" (the others have no features yet), "proposed" (none
            has this proposal), "audit" (only those of the audit are left) or "others" (others look at the rest).
            `waiting` is the number of images without features.
        """
        queue = self._ready()
        if queue is None:
            return NO_IMAGES
        try:
            snapshot = queue.index.snapshot()
            with self._turn:
                page, audit = self._choose(queue, snapshot, request)
                self._handed_out.give(request["reviewer"], [image.image_id for image in page.images])
        except NoImagesError:
            return NO_IMAGES
        return {
            **page.as_dict()["group"],
            "project": catalog_name(queue.index.catalog),
            "images": self._shown(page.images, snapshot),
            "labels": self._labels(queue.index.catalog, page.labels, snapshot),
            "labelled": page.labelled,
            "unlabelled": page.unlabelled,
            "waiting": queue.index.waiting,
            "audit": audit,
            "only": request["proposed"] if request["proposed"] in page.labels else "",
            "empty": "" if page.images else _why_empty(page, snapshot, queue, request),
            "since": snapshot.history.newest_id,
            "view": f"label:{'audit' if audit else page.order}",
        }

    def give_up(self, request: dict[str, Any]) -> dict[str, Any]:
        """Give a page that its reviewer has closed to others: `images` are the ids of its images."""
        self._handed_out.give_up(request["reviewer"], request["images"])
        return {}

    def undo_or_redo(self, request: dict[str, Any]) -> dict[str, Any]:
        """Undo or redo the reviewer's last step, or the model's if `accepted` is true. See `grid_answers`."""
        queue = self._ready()
        if queue is None:
            raise ReviewError(f"there is nothing to {request['action']}", hint="Import pictures in the Data tab")
        reviewer = label_actions.MODEL if request.get("accepted") else request["reviewer"]
        return undo_or_redo(queue.index.decision_log, request["action"], reviewer, request["reviewer"])

    def details(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the large version of one image, its facts, and the most similar images."""
        queue = self._ready()
        snapshot = queue.index.snapshot() if queue else None
        row = snapshot.row_of.get(request["image_id"]) if snapshot else None
        if queue is None or snapshot is None or row is None:
            raise ReviewError("this picture is no longer in the project", hint="reload the page")
        if row in snapshot.rows_of(read_audit(queue.index.catalog).pending(snapshot)):  # blind: no labels of others
            return large_picture(self.project, snapshot, row, [], queue.index.decision_log)
        likeness = queue.reduced(snapshot) @ queue.reduced(snapshot)[row]
        likeness[~snapshot.present] = likeness[row] = -np.inf
        near = [snapshot.images[other] for other in np.argsort(-likeness)[:NEAR] if np.isfinite(likeness[other])]
        return large_picture(self.project, snapshot, row, near, queue.index.decision_log)

    def map_dots(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return what the map shows. See `map_answer`; `known` is the version of the positions that the page has."""
        queue = self._ready()
        if queue is None or self._map is None:
            raise ReviewError("there are no pictures yet", hint="Import some in the Data tab")
        snapshot = queue.index.snapshot()
        return map_answer(queue, snapshot, self._map.positions(snapshot), self._map.news, request["known"])

    def map_picture(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the path and the thumbnail of an image, from the beginning of its id."""
        queue = self._ready()
        snapshot = queue.index.snapshot() if queue else None
        found = ids_of(snapshot, [request["image_id"]]) if snapshot else []
        if snapshot is None or not found:
            raise ReviewError("this picture is no longer in the project", hint="reload the page")
        image = snapshot.images[snapshot.row_of[found[0]]]
        return {"path": image.path, "url": thumbnail_urls(self.project, [image])[0]}

    def example(self, request: dict[str, Any]) -> dict[str, Any]:
        """Make an image an example of a label, or no example any more. See `grid_answers`."""
        queue = self._ready()
        if queue is None:
            raise ReviewError("there are no pictures yet", hint="Import some in the Data tab")
        return mark_example(queue.index.catalog, request)

    def progress(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the progress of the task that the page waits for; "" if there is none."""
        del request
        return {"text": self._index.progress}

    def rest(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return how many proposals for the rest are probably wrong, and how far the audit is.

        Args:
            request: `least`, the probability of proposals to accept.

        Returns:
            `sentence`, "" where nothing can be proposed; `left`, the number of images without a label, and `acceptable`
            of those whose proposal is as probable; `accepted`, the number of images whose label is the model's;
            `pending`, images of the audit without an answer.
        """
        least = float(request["least"])
        queue = self._ready()
        if queue is None or queue.index.waiting:  # the rest is not known before each image has features
            return {"sentence": "", "left": 0, "acceptable": 0, "accepted": 0, "pending": 0}
        snapshot = queue.index.snapshot()
        state, left = queue.state(snapshot), int(snapshot.unlabelled.sum())
        estimate = label_actions.estimate_proposals(queue, snapshot, state, least)
        return {
            "sentence": proposals_error_sentence(estimate.as_dict(), left, least) if estimate else "",
            "left": left,
            "acceptable": len(label_actions.acceptable_rows(snapshot, state, least)) if least else left,
            "accepted": int(snapshot.by_model.sum()),
            "pending": len(read_audit(queue.index.catalog).pending(snapshot)),
        }

    def audit(self, request: dict[str, Any]) -> dict[str, Any]:
        """Draw an audit, or go on with one that is not finished. Returns the number of images to label."""
        del request
        queue = self._ready()
        started = read_audit(queue.index.catalog).pending(queue.index.snapshot()) if queue else []
        if queue is None or not (started or queue.index.snapshot().unlabelled.any()):
            raise ReviewError("there is no picture left to audit", hint="every picture has a label")
        return {"pending": len(label_actions.audit_proposals(queue, AUDIT, new=not started)["images"])}

    def accept(self, request: dict[str, Any]) -> dict[str, Any]:
        """Give the images without a label the one that is proposed, as one step by the model; see `rest`."""
        queue = self._ready()
        if queue is None:
            raise ReviewError("there are no pictures yet", hint="Import some in the Data tab")
        return label_actions.accept_proposals(queue, float(request["least"]))

    def _ready(self) -> LabelQueue | None:
        """Return the queue of the project's present catalogue; None if there is no project."""
        index = self._index.get()
        if index is None:
            return None
        with self._opening:
            if self._queue is None or self._queue.index is not index:
                if self._queue is not None:
                    self._handed_out = HandedOut()  # nobody looks at images of this catalogue yet
                self._queue = LabelQueue(self.project, index=index)
                self._map = ImageMap(self._queue, wait=False)
            return self._queue

    def _choose(self, queue: LabelQueue, snapshot: Snapshot, request: dict[str, Any]) -> tuple[LabelPage, int]:
        """Return the page that was asked for, and the number of images that the audit still needs, 0 outside of it."""
        many = min(max(int(request["many"]), 1), MOST)
        others = self._handed_out.to_others(request["reviewer"])
        wanted = request.get("images") or []
        pending = read_audit(queue.index.catalog).pending(snapshot)
        if pending and (request["audit"] or {*wanted} & {*pending}):  # blind: nothing is proposed for these
            free = [one for one in pending if one not in others] or pending
            page = queue.page_of(free[:many], "drawn at random for the audit")
            blind = [Proposal(image.image_id, image.path, None, None) for image in page.images]
            return LabelPage("audit", None, page.why, blind, page.labels, page.labelled, page.unlabelled), len(pending)
        if wanted:
            return queue.page_of(wanted[:MOST], "you took these labels back"), 0
        if chosen := ids_of(snapshot, request.get("chosen") or []):
            held = {*chosen} & {*pending}
            kept = f"; {len(held)} more wait for the audit" if held else ""
            return queue.page_of({*chosen} - held, f"chosen on the map{kept}", many), 0
        only = request["proposed"] if request["proposed"] in snapshot.vocab else None
        like = request["like"] if request["like"] in snapshot.row_of else None
        return queue.page(many, request["by"], only, like, others), 0

    def _shown(self, images: list[Proposal], snapshot: Snapshot) -> list[dict[str, Any]]:
        """Return images as plain values, with the addresses of their thumbnails."""
        row_of = snapshot.row_of
        rows = {image.image_id: row_of[image.image_id] for image in images if image.image_id in row_of}
        urls = thumbnail_urls(self.project, [snapshot.images[row] for row in rows.values()])
        given = (snapshot.labelled & ~snapshot.by_model)[list(rows.values())].tolist()
        known = {one: {"url": url, "given": done} for one, url, done in zip(rows, urls, given, strict=True)}
        return [vars(image) | known.get(image.image_id, {"url": None, "given": False}) for image in images]

    def _labels(self, catalog: Catalog, counts: dict[str, int], snapshot: Snapshot) -> list[dict[str, Any]]:
        """Return the labels that are offered, with their keys and the addresses of their examples."""
        rows = label_set(catalog, counts)
        order = label_order(catalog, [row["label"] for row in rows])
        keys = label_keys(rows, order)
        rows = [row for row in rows if not row["retired"]]
        present = zip(snapshot.images, snapshot.labels.tolist(), snapshot.present.tolist(), strict=True)
        labels = {image.image_id: label for image, label, here in present if here}
        chosen = {row["label"]: row["examples"] for row in rows}
        found = label_examples(chosen, labels, snapshot.history.latest)
        ids = [one for row in rows for one in found.get(row["label"], [])]
        urls = thumbnail_urls(self.project, [snapshot.images[snapshot.row_of[one]] for one in ids])
        url = dict(zip(ids, urls, strict=True))
        return [
            {name: row[name] for name in ("label", "images", "description", "colour")}
            | {"key": keys.get(row["label"], ""), "place": order.index(row["label"])}
            | {"examples": [url[one] for one in found.get(row["label"], []) if url[one]]}
            for row in rows
        ]


def _why_empty(page: LabelPage, snapshot: Snapshot, queue: LabelQueue, request: dict[str, Any]) -> str:
    """Return why a page has no images. See `LabelTab.next_page`."""
    if not page.labelled + page.unlabelled:
        return "pictures"
    if not page.unlabelled:
        return "waiting" if queue.index.waiting else "done"
    pending = snapshot.mask_of(read_audit(queue.index.catalog).pending(snapshot))
    if not (snapshot.unlabelled & ~pending).any():
        return "audit"
    return "proposed" if request["proposed"] in snapshot.vocab else "others"
