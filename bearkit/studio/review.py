"""The Review tab: pages of candidates to decide with keys, mouse or touch; then retrain and compare.

The page is built by `js/review*.js`, which calls the functions below with plain values. Decisions are stored through
the outbox.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import gradio as gr

from bearkit import runs
from bearkit.catalog.decisions import RENAMED
from bearkit.catalog.schema import Decision
from bearkit.catalog.settings import catalog_name, label_order
from bearkit.core.project import Project
from bearkit.core.text import count, remaining_errors_sentence
from bearkit.engine import jobs
from bearkit.errors import BearkitError, ReviewError, RunError
from bearkit.evaluation.compare_runs import compare_runs
from bearkit.labelling.apply import apply_decisions, unapply_decisions
from bearkit.labelling.audit import read_audit
from bearkit.labelling.review_candidate import Candidate
from bearkit.labelling.review_queue import ReviewPage, ReviewQueue
from bearkit.labelling.review_view import View
from bearkit.labelling.snapshot import Snapshot
from bearkit.runs import LIVE
from bearkit.studio import mistakes, train_progress
from bearkit.studio.grid_answers import in_words, large_picture, mark_example, thumbnail_urls, undo_or_redo
from bearkit.studio.image_sets import title
from bearkit.studio.modules import open_module
from bearkit.studio.server_functions import errors_as_answers
from bearkit.studio.shared_index import SharedIndex
from bearkit.training.config import TrainConfig
from bearkit.web.errors import show_errors
from bearkit.web.prediction_html import note

JS = open_module("review.js")
POLL = 0.2  # seconds between two checks of a training


class ReviewTab:
    """The Review tab's layout, and the functions that its page calls. All state is in the catalogue and the browser."""

    def __init__(self, project: Project, index: SharedIndex) -> None:
        self.project, self._index = project, index
        self._lock = threading.Lock()
        self._pixels: threading.Thread | None = None  # reads the images' pixels
        answers = [
            errors_as_answers(ask)
            for ask in (self.suspects, self.undo_or_redo, self.details, self.progress, self.example)
        ]
        gr.HTML(html_template="", js_on_load=JS, server_functions=answers, apply_default_css=False, elem_id="review")
        with gr.Row(elem_id="after-review"):
            again = gr.Button("Retrain and compare", variant="primary", scale=0, min_width=220, elem_id="retrain")
            carry = gr.Button("Apply to files", scale=0)
            back = gr.Button("Restore files", scale=0)
        self.outcome = gr.HTML()
        again.click(self.retrain, None, self.outcome, show_progress="hidden")
        carry.click(self.apply_to_files, None, self.outcome)
        back.click(self.restore_files, None, self.outcome)

    def suspects(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return a page of candidates.

        Args:
            request: the view as in the page's address: `kind`, `split`, `label`, `order` and `n`; "" for all. `rest`
                asks for images whose labels are not suspicious, once no suspicious ones are left.

        Returns:
            The candidates and everything else that the page shows: labels, counts, messages and progress.
        """
        queue = self._ready()
        now = queue.index.snapshot(complete=True)  # everything below is of this moment
        view = _view(request)
        if view.kind == "label" and now.probs is None and now.unlabelled.any():
            view = View("unlabelled")  # there are too few labels to find suspicious ones
        start, n = int(request.get("start") or 0) if view.is_set else 0, int(request["n"])
        page = queue.page(view, n, now, start)
        if left := max(0, int(request.get("was") or 0) - page.remaining):  # images left the set: later ones moved up
            start = max(0, start - left)
            page = queue.page(view, n, now, start)
        candidates, rest = page.suspects, 0
        if view.kind == "unlabelled":  # one proposed label a page, so that the page can be accepted at once
            candidates = [one for one in candidates if one.predicted == candidates[0].predicted]
        over = view.kind == "label" and not queue.doubted(view, now)
        if over and not request.get("rest"):
            candidates, rest = [], page.remaining
        order = label_order(queue.index.catalog, page.labels)
        self._read_pixels(queue)
        return {
            "suspects": self._shown(candidates, now, view),
            "kind": view.kind,
            "decided_as": view.decided_as,
            "set": title(view) if view.is_set else "",
            "start": start,
            "total": page.remaining,
            "project": catalog_name(queue.index.catalog),
            "labels": [label for label in order if label in page.labels],
            "order": order,
            "counts": queue.counts(now),
            "done": page.done or over,
            "message": _message(view, page, over, _tally(now.history.latest)),
            "rest": rest,
            "heading": _heading(view, page, candidates),
            "left": _left(page) if view.kind == "label" and not (over or page.done) else "",  # else the message says it
            "progress": _tally(now.history.latest),
            "run": now.run,
            "since": now.history.newest_id,
            "view": view.name,
        }

    def undo_or_redo(self, request: dict[str, Any]) -> dict[str, Any]:
        """Undo or redo a reviewer's last step.

        Args:
            request: `action`, "undo" or "redo", and `reviewer`.

        Returns:
            `rows`, for each image of the step: its action in that step, and the decision that is valid `now`; and
            `message`, a sentence about the step.
        """
        return undo_or_redo(self._ready().index.decision_log, request["action"], request["reviewer"])

    def details(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the large version of one image, its facts, and the most similar images."""
        queue = self._ready()
        state = queue.index.snapshot()
        (row,) = state.rows_of([request["image_id"]]).tolist()
        if row < 0:
            raise ReviewError("this picture is no longer in the project", hint="reload the page")
        blind = state.images[row].image_id in read_audit(queue.index.catalog).pending(state)  # no labels of others
        near = [] if blind else queue.neighbours(state.images[row].image_id, snapshot=state)
        return large_picture(self.project, state, row, near, queue.index.decision_log)

    def example(self, request: dict[str, Any]) -> dict[str, Any]:
        """Make an image an example of a label, or no example any more. See `grid_answers`."""
        return mark_example(self._ready().index.catalog, request)

    def progress(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the progress of the task that the page waits for; "" if there is none."""
        del request
        return {"text": self._index.progress}

    @show_errors
    def retrain(self) -> Iterator[str]:
        """Train with the options of the newest finished run, and compare the two."""
        before = runs.find_finished(self.project)
        config = TrainConfig.from_dict(before.config)
        run = jobs.start(self.project, config)
        while (state := run.state) in LIVE:
            yield train_progress.sentence(run, state, run.events(), config)
            time.sleep(POLL)
        if not run.finished:
            raise RunError(f"run {run.id} is {run.state}: {run.failure or ''}", hint="see the Train tab")
        yield mistakes.comparison(compare_runs(self.project, before.id, run.id))

    @show_errors
    def apply_to_files(self) -> str:
        """Move deleted pictures to the trash and relabelled ones to their folders."""
        done = apply_decisions(self.project)
        return note(f"{done.moved} files moved, {done.trashed} to trash/, {len(done.missing)} not found.")

    @show_errors
    def restore_files(self) -> str:
        """Move every file back to its original place."""
        return note(f"{unapply_decisions(self.project).moved} files moved back. The decisions are kept.")

    def _ready(self) -> ReviewQueue:
        """Return the queue of the project's present catalogue.

        Raises:
            ReviewError: The project has no images.
        """
        index = self._index.get()
        if index is None or not index.catalog.images():
            raise ReviewError("there are no pictures to review yet", hint="Import some in the Data tab")
        return ReviewQueue(self.project, index=index)

    def _read_pixels(self, queue: ReviewQueue) -> None:
        """Read the images' pixels in a thread while someone reviews labels; other kinds of candidates need them."""
        with self._lock:
            if not queue.index.has_pixel_stats and not (self._pixels and self._pixels.is_alive()):
                self._pixels = threading.Thread(target=_read_quietly, args=[queue], daemon=True)
                self._pixels.start()

    def _shown(self, candidates: list[Candidate], state: Snapshot, view: View) -> list[dict[str, Any]]:
        """Return candidates as plain values, with the addresses of their thumbnails and their duplicates'.

        Images of a set also have the decision that holds now, in words.
        """
        latest = state.history.latest if view.is_set else {}
        ids = [image_id for one in candidates for image_id in (one.image_id, one.twin) if image_id]
        rows = [row for row in state.rows_of(ids).tolist() if row >= 0]
        urls = thumbnail_urls(self.project, [state.images[row] for row in rows])
        shown = {
            state.images[row].image_id: {
                "image_id": state.images[row].image_id,
                "path": state.images[row].path,
                "given": str(state.labels[row]),
                "url": url,
            }
            for row, url in zip(rows, urls, strict=True)
        }
        return [
            {
                **one.as_dict(),
                "url": shown[one.image_id]["url"],
                "twin": shown.get(one.twin or ""),
                "decided": in_words(latest[one.image_id]) if one.image_id in latest else "",
            }
            for one in candidates
            if one.image_id in shown
        ]


def _read_quietly(queue: ReviewQueue) -> None:
    """Read the pixels; pages that need them report errors themselves."""
    with suppress(BearkitError):
        queue.index.pixel_stats()


def _message(view: View, page: ReviewPage, over: bool, tally: dict[str, int]) -> str:
    """Return the message above the candidates; "" for none.

    Args:
        view: which candidates the page shows.
        page: the candidates, and how many remain.
        over: whether no suspicious labels are left.
        tally: counts of decisions, as of `_tally`.
    """
    if view.is_set:
        if page.suspects:
            return ""
        return "That was the last picture here." if page.remaining else "No picture is here any more."
    if view.kind == "unlabelled":
        return "" if page.suspects else "Nothing left to review here: every picture has a label."
    left = _left(page)
    left = f" {left[0].upper()}{left[1:]}." if left else " Every label was checked."
    if over:
        changes = f"{tally['changed']} relabelled, {tally['deleted']} deleted"
        return f"Done: no suspicious labels left ({changes}).{left}"
    if view.kind == "label" and page.done and page.calm:
        return f"Few label errors remain: the last {page.calm} pictures were fine.{left}"
    return "" if page.suspects else "Nothing left to review here."


def _left(page: ReviewPage) -> str:
    """Return how many wrong labels are probably left, in words; "" if every label was checked."""
    return remaining_errors_sentence(page.left_as_dict()) if page.remaining else ""


def _view(request: dict[str, Any]) -> View:
    """Return the view that a page asks for; "" stands for all."""
    label, predicted, run = (request.get(name) or None for name in ("label", "predicted", "run"))
    return View(request["kind"], request["split"] or None, label, request["order"], predicted, run)


def _heading(view: View, page: ReviewPage, candidates: list[Candidate]) -> str:
    """Return the heading of a set, or of a page of unlabelled images; "" for other pages."""
    if view.is_set:
        name = title(view)
        name = name if view.label and name.startswith(view.label) else f"{name[0].upper()}{name[1:]}"
        return f"{name}: {count(page.remaining, 'picture')}"
    if view.kind != "unlabelled" or not candidates:
        return ""
    if candidates[0].predicted:
        return f"Proposed: {candidates[0].predicted}"
    if len(page.labels) > 1:
        return "Drawn at random for the audit, so nothing is proposed for these: press l and type the label of each."
    return (
        "Label some pictures one by one: press l, type the label, press Enter. "
        "Once there are two labels, labels are proposed for the others. "
        "The tab Label is faster: it shows pages of pictures that look alike."
    )


def _tally(decisions: dict[str, Decision]) -> dict[str, int]:
    """Return how many images were decided, relabelled and deleted; renamed labels do not count."""
    reviewed = [decision for decision in decisions.values() if decision.kind != RENAMED]
    return {
        "decided": len(reviewed),
        "changed": sum(decision.action in ("relabel", "label", "unlabel") for decision in reviewed),
        "deleted": sum(decision.action == "delete" for decision in reviewed),
    }
