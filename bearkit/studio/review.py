"""The Review tab: a page of suspects, decided with keys, mouse or touch; what it came to, once trained again.

The page itself is `review*.js`, which asks the functions below; each takes and gives plain values. What is decided
goes through the outbox.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr

from bearkit import runs
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import RENAMED
from bearkit.catalog.schema import Decision, ImageRecord
from bearkit.catalog.settings import catalog_name, label_order
from bearkit.core.project import Project
from bearkit.engine import jobs
from bearkit.errors import BearkitError, ReviewError, RunError
from bearkit.evaluation.compare_runs import compare_runs
from bearkit.images import thumbnails
from bearkit.labelling.apply import apply_decisions, unapply_decisions
from bearkit.labelling.candidate import Candidate
from bearkit.labelling.queue import Page, Queue, View
from bearkit.labelling.report import left_in_words
from bearkit.labelling.snapshot import Snapshot
from bearkit.runs import LIVE
from bearkit.studio import html
from bearkit.studio.server_functions import answered
from bearkit.training.config import TrainConfig
from bearkit.web.errors import show_errors
from bearkit.web.prediction_html import note

PARTS = ("review_parts.js", "review_decide.js", "review_label.js", "review.js")
JS = "\n".join((Path(__file__).parent / name).read_text() for name in PARTS)
POLL = 0.2  # seconds between two looks at a training


class ReviewTab:
    """Layout, and the answers to the page's questions. All state is in the ledger and in the browser."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._lock = threading.Lock()
        self._queue: Queue | None = None
        self._name = ""  # of the catalogue that the queue reads
        self._looking: threading.Thread | None = None
        self._far = ""  # how far the first look at the pictures is
        answers = [answered(ask) for ask in (self.suspects, self.turn, self.look, self.how_far)]
        gr.HTML(html_template="", js_on_load=JS, server_functions=answers, apply_default_css=False, elem_id="review")
        with gr.Row():
            again = gr.Button("Train again, and compare with before", variant="primary", scale=2)
            carry = gr.Button("Move the files as decided")
            back = gr.Button("Move all files back")
        self.outcome = gr.HTML()
        again.click(self.train_again, None, self.outcome, show_progress="hidden")
        carry.click(self.carry_out, None, self.outcome)
        back.click(self.bring_back, None, self.outcome)

    def suspects(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The next suspects of a view: kind, split, label, order and n, as in the address; "" for every one.

        Once no label is in doubt, pictures whose labels are not doubted come only when `rest` asks for them.
        """
        queue = self._ready()
        now = queue.index.snapshot()  # everything below is of this moment
        view = View(asked["kind"], asked["split"] or None, asked["label"] or None, asked["order"])
        if view.kind == "label" and now.probs is None and (now.present & (now.targets < 0)).any():
            view = View("unlabelled")  # no label can be in doubt yet: first there must be some
        found = queue.page(view, int(asked["n"]), now)
        suspects, rest = found.suspects, 0
        if view.kind == "unlabelled":  # one predicted label a page, so that the page can be accepted at once
            suspects = [one for one in suspects if one.predicted == suspects[0].predicted]
        over = view.kind == "label" and not queue.doubted(view, now)
        if over and not asked.get("rest"):
            suspects, rest = [], found.remaining
        order = label_order(queue.index.catalog, found.labels)
        self._look_at_pixels(queue)
        return {
            "suspects": self._shown(suspects, now),
            "kind": view.kind,
            "project": catalog_name(queue.index.catalog),
            "labels": [label for label in order if label in found.labels],
            "order": order,
            "counts": queue.counts(now),
            "done": found.done or over,
            "message": _message(view, found, over, _tally(now.history.latest)),
            "rest": rest,
            "heading": _heading(view, suspects),
            "left": left_in_words(found.left_as_dict()) if view.kind == "label" and found.remaining else "",
            "progress": _tally(now.history.latest),
            "run": now.run,
            "since": now.history.newest_id,
            "view": view.name,
        }

    def turn(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Take back this reviewer's last step, or bring it again.

        Of each picture that it is about: what was decided in that step, and the decision that counts `now`.
        """
        ledger = self._ready().index.decision_log
        rows = {"undo": ledger.undo, "redo": ledger.redo}[asked["action"]](1, asked["reviewer"])
        now = ledger.current()
        return {
            "rows": [
                {"image_id": row.image_id, "action": row.action, "now": _standing(now.get(str(row.image_id)))}
                for row in rows
            ],
            "told": html.turned(asked["action"], [row.action for row in rows]),
        }

    def look(self, asked: dict[str, Any]) -> dict[str, Any]:
        """One picture, large, with what is known of it."""
        queue = self._ready()
        state = queue.index.snapshot()
        (row,) = state.rows_of([asked["image_id"]]).tolist()
        if row < 0:
            raise ReviewError("that picture is not there any more", hint="ask for another page")
        image = state.images[row]
        near = queue.neighbours(image.image_id, snapshot=state)
        label = {one.image_id: str(state.labels[at]) for at, one in enumerate(state.images)}
        history = queue.index.decision_log.of_image(image.image_id)
        return {
            **self._picture(image, str(state.labels[row]), thumbnails.LARGE),
            "split": str(state.splits[row]) or "no split",
            "width": image.width,
            "height": image.height,
            "neighbours": [self._picture(one, label[one.image_id]) for one in near],
            "decisions": [f"{one.reviewer}: {one.action} {one.to_label or ''}" for one in history],
        }

    def how_far(self, asked: dict[str, Any]) -> dict[str, Any]:
        """What takes long at the moment, for people; "" where nothing does."""
        del asked
        return {"text": self._far}

    @show_errors
    def train_again(self) -> Iterator[str]:
        """Train as the newest finished run was trained, and compare the two."""
        before = runs.find_finished(self.project)
        run = jobs.start(self.project, TrainConfig.from_dict(before.config))
        while run.state in LIVE:
            yield note("Training …")
            time.sleep(POLL)
        if not run.finished:
            raise RunError(f"run {run.id} is {run.state}: {run.failure or ''}", hint="the Train tab tells more")
        yield html.compared(compare_runs(self.project, before.id, run.id))

    @show_errors
    def carry_out(self) -> str:
        """Move deleted pictures to the trash and relabelled ones to their folders."""
        done = apply_decisions(self.project)
        return note(f"{done.moved} files moved, {done.trashed} to trash/, {len(done.missing)} not there.")

    @show_errors
    def bring_back(self) -> str:
        """Move every file back to where it was."""
        return note(f"{unapply_decisions(self.project).moved} files moved back. The decisions stay.")

    def _ready(self) -> Queue:
        with self._lock:
            if not (self.project.exists and Catalog(self.project).images()):
                raise ReviewError("there are no pictures to review yet", hint="Import some in the Data tab")
            name = catalog_name(Catalog(self.project))
            if self._queue is None or self._name != name:  # another catalogue may be there than before
                self._name = name
                self._queue = Queue(self.project, progress=self._follow)
            return self._queue

    def _follow(self, what: str, done: int, total: int) -> None:
        self._far = f"{what}: {done} of {total} …" if done < total else ""

    def _look_at_pixels(self, queue: Queue) -> None:
        """For the other kinds of suspects, while someone reviews labels."""
        with self._lock:
            if not queue.index.has_pixel_stats and not (self._looking and self._looking.is_alive()):
                self._looking = threading.Thread(target=_look_quietly, args=[queue], daemon=True)
                self._looking.start()

    def _shown(self, suspects: list[Candidate], state: Snapshot) -> list[dict[str, Any]]:
        """Suspects with the addresses of their thumbnails, and of their twins'."""
        ids = [one for suspect in suspects for one in (suspect.image_id, suspect.twin) if one]
        rows = [row for row in state.rows_of(ids).tolist() if row >= 0]
        urls = self._urls([state.images[row] for row in rows])
        known = {
            state.images[row].image_id: {
                "image_id": state.images[row].image_id,
                "path": state.images[row].path,
                "given": str(state.labels[row]),
                "url": url,
            }
            for row, url in zip(rows, urls, strict=True)
        }
        return [
            {**suspect.as_dict(), "url": known[suspect.image_id]["url"], "twin": known.get(suspect.twin or "")}
            for suspect in suspects
            if suspect.image_id in known
        ]

    def _picture(self, image: ImageRecord, label: str, side: int = thumbnails.SIDE) -> dict[str, Any]:
        return {"path": image.path, "given": label, "url": self._urls([image], side)[0]}

    def _urls(self, images: list[ImageRecord], side: int = thumbnails.SIDE) -> list[str | None]:
        made = thumbnails.thumbnails(self.project, [(image.image_id, image.path) for image in images], side)
        return [f"/gradio_api/file={quote(str(path))}" if path else None for path in made]


def _look_quietly(queue: Queue) -> None:
    """Whoever asks for those kinds hears of an error; whoever reviews labels need not."""
    with suppress(BearkitError):
        queue.index.pixel_stats()


def _message(view: View, found: Page, over: bool, tally: dict[str, int]) -> str:
    """What the page says above the pictures."""
    if view.kind == "unlabelled":
        return "" if found.suspects else "Nothing is left to look at here: every picture has a label."
    left = left_in_words(found.left_as_dict())
    left = f" {left[0].upper()}{left[1:]}." if found.remaining else " Every label was looked at."
    if over:
        came_of = f"{tally['changed']} relabelled, {tally['deleted']} deleted"
        return f"Done: no label is in doubt any more ({came_of}).{left}"
    if view.kind == "label" and found.done and found.calm:
        return f"The worst is over: the last {found.calm} pictures were fine.{left}"
    return "" if found.suspects else "Nothing is left to look at here."


def _heading(view: View, suspects: list[Candidate]) -> str:
    """What the pictures of a page have in common."""
    if view.kind != "unlabelled" or not suspects:
        return ""
    if suspects[0].predicted:
        return f"Predicted: {suspects[0].predicted}"
    return (
        "Label some pictures one by one: press l, type the label, press Enter. "
        "From two labels on, the others are predicted."
    )


def _standing(decision: Decision | None) -> dict[str, Any] | None:
    """The decision that counts, as the page shows it."""
    if decision is None:
        return None
    return {"id": decision.id, "action": decision.action, "to": decision.to_label, "by": decision.reviewer}


def _tally(decisions: dict[str, Decision]) -> dict[str, int]:
    """How many pictures were looked at, and what came of it."""
    present = [one for one in decisions.values() if one.kind != RENAMED]
    return {
        "looked": len(present),
        "changed": sum(one.action in ("relabel", "label", "unlabel") for one in present),
        "deleted": sum(one.action == "delete" for one in present),
    }
