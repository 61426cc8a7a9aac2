"""The Review tab: a page of suspects, decided with keys, mouse or touch; what it came to, once trained again.

The page itself is `review.js`, which asks the functions below; each takes and gives plain values.
"""

import functools
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr

from bearkit import jobs, runs, thumbnails
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.ledger import Choice, Ledger, me
from bearkit.catalog.tables import ImageRecord
from bearkit.errors import BearkitError, RunError
from bearkit.project import Project
from bearkit.review.before_after import compare_runs
from bearkit.review.folders import apply_decisions, unapply_decisions
from bearkit.review.queue import Page, Queue, View
from bearkit.review.report import left_in_words
from bearkit.review.suspects import Suspect
from bearkit.runs import LIVE
from bearkit.studio import html
from bearkit.studio.edge import told
from bearkit.training.config import TrainConfig

JS = (Path(__file__).parent / "review.js").read_text()
EVERY = "all"
POLL = 0.2  # seconds between two looks at a training
SHOW = "() => window.dispatchEvent(new Event('bearkit-review'))"  # the page asks anew when its tab is shown


class ReviewTab:
    """Layout, and the answers to the page's questions. All state is in the ledger and in the browser."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._queue: Queue | None = None
        self._looking: threading.Thread | None = None
        self._far = ""  # how far the first look at the pictures is
        answers = [_answered(ask) for ask in (self.suspects, self.decide, self.turn, self.look, self.how_far)]
        gr.HTML(
            html_template="", js_on_load=JS, server_functions=answers, apply_default_css=False, elem_id="review",
            reviewer=me(),
        )  # fmt: skip
        with gr.Row():
            again = gr.Button("Train again, and compare with before", variant="primary", scale=2)
            carry = gr.Button("Move the files as decided")
            back = gr.Button("Move all files back")
        self.outcome = gr.HTML()
        again.click(self.train_again, None, self.outcome, show_progress="hidden")
        carry.click(self.carry_out, None, self.outcome)
        back.click(self.bring_back, None, self.outcome)

    def suspects(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The next suspects of a view: kind, split, label, order and n, as in the address."""
        split, label = (None if asked[name] == EVERY else asked[name] for name in ("split", "label"))
        view = View(asked["kind"], split, label, asked["order"])
        queue = self._ready()
        known = {image.label for image in queue.material.ledger.images()}
        found = queue.page(View(view.kind, split, label if label in known else None, view.order), int(asked["n"]))
        suspects = found.suspects
        if view.kind == "unlabelled":  # one predicted label a page, so that the page can be accepted at once
            suspects = [one for one in suspects if one.predicted == suspects[0].predicted]
        self._look_at_pixels(queue)
        history = queue.material.ledger.history(1)
        return {
            "suspects": self._shown(suspects, queue),
            "labels": found.labels,
            "counts": queue.counts(),
            "done": found.done,
            "message": _message(view, found),
            "heading": f"Predicted: {suspects[0].predicted}" if view.kind == "unlabelled" and suspects else "",
            "left": left_in_words(found.left_as_dict()) if view.kind == "label" else "",
            "progress": _tally(queue.material.ledger),
            "run": next((run.id for run in reversed(runs.every(self.project)) if run.finished), None),
            "since": history[0]["id"] if history else 0,
        }

    def decide(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Store decisions, one step; who else decided about the same pictures since the page was shown."""
        choices = [Choice(one["image_id"], one["action"], one["to"]) for one in asked["choices"]]
        ledger = Ledger(Catalog(self.project))
        rows = ledger.decide(choices, asked["reviewer"], asked["run"], asked["kind"])
        others = ledger.overruled(rows, asked["since"])
        return {
            "others": {str(one.image_id): f"{one.reviewer} had said {one.to_label or one.action}" for one in others}
        }

    def turn(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Take back this reviewer's last step, or bring it again; the pictures that it is about."""
        ledger = Ledger(Catalog(self.project))
        rows = {"undo": ledger.undo, "redo": ledger.redo}[asked["action"]](1, asked["reviewer"])
        what = {"undo": "Taken back", "redo": "Brought again"}[asked["action"]]
        told = f"{what}: {', '.join(sorted({row.action for row in rows}))} of {len(rows)}."
        return {"images": [row.image_id for row in rows], "told": told}

    def look(self, asked: dict[str, Any]) -> dict[str, Any]:
        """One picture, large, with what is known of it."""
        queue = self._ready()
        state = queue.material.now()
        (row,) = state.rows_of([asked["image_id"]]).tolist()
        image = state.images[row]
        near = queue.neighbours(image.image_id)
        label = dict(zip((one.image_id for one in state.images), state.labels.tolist(), strict=True))
        history = queue.material.ledger.of(image.image_id)
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

    @told
    def train_again(self) -> Iterator[str]:
        """Train as the newest finished run was trained, and compare the two."""
        before = runs.finished(self.project)
        run = jobs.start(self.project, TrainConfig.from_dict(before.config))
        while run.state in LIVE:
            yield html.note("Training …")
            time.sleep(POLL)
        if not run.finished:
            raise RunError(f"run {run.id} is {run.state}: {run.failure or ''}", hint="the Train tab tells more")
        yield html.compared(compare_runs(self.project, before.id, run.id))

    @told
    def carry_out(self) -> str:
        """Move deleted pictures to the trash and relabelled ones to their folders."""
        done = apply_decisions(self.project)
        return html.note(f"{done.moved} files moved, {done.trashed} to trash/, {len(done.missing)} not there.")

    @told
    def bring_back(self) -> str:
        """Move every file back to where it was."""
        return html.note(f"{unapply_decisions(self.project).moved} files moved back. The decisions stay.")

    def _ready(self) -> Queue:
        if self._queue is None:
            self._queue = Queue(self.project, progress=self._follow)
        return self._queue

    def _follow(self, what: str, done: int, total: int) -> None:
        self._far = f"{what}: {done} of {total} …" if done < total else ""

    def _look_at_pixels(self, queue: Queue) -> None:
        """For the other kinds of suspects, while someone reviews labels."""
        if not queue.material.looked and not (self._looking and self._looking.is_alive()):
            self._looking = threading.Thread(target=queue.material.look, daemon=True)
            self._looking.start()

    def _shown(self, suspects: list[Suspect], queue: Queue) -> list[dict[str, Any]]:
        """Suspects with the addresses of their thumbnails, and of their twins'."""
        now = {image.image_id: image for image in queue.material.ledger.images()}
        wanted = [now[one] for suspect in suspects for one in (suspect.image_id, suspect.twin) if one]
        urls = dict(zip((image.image_id for image in wanted), self._urls(wanted), strict=True))
        rows = []
        for suspect in suspects:
            twin = now[suspect.twin] if suspect.twin else None
            other = twin and {
                "image_id": twin.image_id,
                "path": twin.path,
                "given": twin.label,
                "url": urls[twin.image_id],
            }
            rows.append({**suspect.as_dict(), "url": urls[suspect.image_id], "twin": other})
        return rows

    def _picture(self, image: ImageRecord, label: str, side: int = thumbnails.SIDE) -> dict[str, Any]:
        return {"path": image.path, "given": label, "url": self._urls([image], side)[0]}

    def _urls(self, images: list[ImageRecord], side: int = thumbnails.SIDE) -> list[str | None]:
        made = thumbnails.thumbnails(self.project, [(image.image_id, image.path) for image in images], side)
        return [f"/gradio_api/file={quote(str(path))}" if path else None for path in made]


def _answered(ask: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A function for the page, whose BearkitErrors are answers too."""

    @functools.wraps(ask)
    def answered(asked: dict[str, Any]) -> dict[str, Any]:
        try:
            return ask(asked)
        except BearkitError as error:
            return error.as_dict()

    return answered


def _message(view: View, found: Page) -> str:
    """What the page says above the pictures."""
    left = left_in_words(found.left_as_dict())
    if view.kind == "label" and found.done and found.calm:
        return f"The worst is over: the last {found.calm} pictures were fine. {left[0].upper()}{left[1:]}."
    return "" if found.suspects else "Nothing is left to look at here."


def _tally(ledger: Ledger) -> dict[str, int]:
    """How many pictures were looked at, and what came of it."""
    present = ledger.present().values()
    return {
        "looked": len(present),
        "changed": sum(one.action in ("relabel", "label") for one in present),
        "deleted": sum(one.action == "delete" for one in present),
    }
