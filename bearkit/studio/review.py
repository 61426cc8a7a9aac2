"""The Review tab: a page of suspects, decided with keys, mouse or touch; what it came to, once trained again.

The page itself is `review.js`, which asks the functions below; each takes and gives plain values.
"""

import functools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr

from bearkit import jobs, runs, thumbnails
from bearkit.catalog.choices import Choice, Context
from bearkit.catalog.ledger import RENAMED, me
from bearkit.catalog.tables import Decision, ImageRecord
from bearkit.errors import BearkitError, ReviewError, RunError
from bearkit.page.answer import note
from bearkit.page.edge import told
from bearkit.project import Project
from bearkit.review.before_after import compare_runs
from bearkit.review.folders import apply_decisions, unapply_decisions
from bearkit.review.queue import Page, Queue, View
from bearkit.review.report import left_in_words
from bearkit.review.state import State
from bearkit.review.suspects import Suspect
from bearkit.runs import LIVE
from bearkit.studio import html
from bearkit.training.config import TrainConfig

JS = (Path(__file__).parent / "review.js").read_text()
POLL = 0.2  # seconds between two looks at a training
SHOW = "() => window.dispatchEvent(new Event('bearkit-review'))"  # the page asks anew when its tab is shown


class ReviewTab:
    """Layout, and the answers to the page's questions. All state is in the ledger and in the browser."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._lock = threading.Lock()
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
        """The next suspects of a view: kind, split, label, order and n, as in the address; "" for every one."""
        queue = self._ready()
        since = queue.material.ledger.newest()
        view = View(asked["kind"], asked["split"] or None, asked["label"] or None, asked["order"])
        found = queue.page(view, int(asked["n"]))
        suspects = found.suspects
        if view.kind == "unlabelled":  # one predicted label a page, so that the page can be accepted at once
            suspects = [one for one in suspects if one.predicted == suspects[0].predicted]
        state = queue.material.now()
        self._look_at_pixels(queue)
        return {
            "suspects": self._shown(suspects, state),
            "labels": found.labels,
            "counts": queue.counts(),
            "done": found.done,
            "message": _message(view, found),
            "heading": f"Predicted: {suspects[0].predicted}" if view.kind == "unlabelled" and suspects else "",
            "left": left_in_words(found.left_as_dict()) if view.kind == "label" else "",
            "progress": _tally(state.decisions),
            "run": next((run.id for run in reversed(runs.every(self.project)) if run.finished), None),
            "since": since,
            "view": view.name,
        }

    def decide(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Store decisions, one step; and what others decided about the same pictures since the page was shown.

        What is only implied (the rest of the page is fine) leaves standing what others said.
        """
        ledger = self._ready().material.ledger
        choices = [Choice(one["image_id"], one["action"], one["to"]) for one in asked["choices"]]
        unless_since = asked["since"] if asked["implied"] else None
        context = Context(asked["run"], asked["kind"], asked["view"], asked["token"], unless_since)
        rows = ledger.decide(choices, asked["reviewer"], context=context)
        others = ledger.overruled(rows, asked["since"])
        said = {str(one.image_id): f"{one.reviewer} had said {one.to_label or one.action}" for one in others}
        return {"others": said, "stored": [row.image_id for row in rows]}

    def turn(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Take back this reviewer's last step, or bring it again; the pictures that it is about."""
        ledger = self._ready().material.ledger
        rows = {"undo": ledger.undo, "redo": ledger.redo}[asked["action"]](1, asked["reviewer"])
        what = {"undo": "Taken back", "redo": "Brought again"}[asked["action"]]
        told = f"{what}: {', '.join(sorted({row.action for row in rows}))} of {len(rows)}."
        return {"images": [row.image_id for row in rows], "told": told}

    def look(self, asked: dict[str, Any]) -> dict[str, Any]:
        """One picture, large, with what is known of it."""
        queue = self._ready()
        state = queue.material.now()
        (row,) = state.rows_of([asked["image_id"]]).tolist()
        if row < 0:
            raise ReviewError("that picture is not there any more", hint="ask for another page")
        image = state.images[row]
        near = queue.neighbours(image.image_id)
        label = {one.image_id: str(state.labels[at]) for at, one in enumerate(state.images)}
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
            yield note("Training …")
            time.sleep(POLL)
        if not run.finished:
            raise RunError(f"run {run.id} is {run.state}: {run.failure or ''}", hint="the Train tab tells more")
        yield html.compared(compare_runs(self.project, before.id, run.id))

    @told
    def carry_out(self) -> str:
        """Move deleted pictures to the trash and relabelled ones to their folders."""
        done = apply_decisions(self.project)
        return note(f"{done.moved} files moved, {done.trashed} to trash/, {len(done.missing)} not there.")

    @told
    def bring_back(self) -> str:
        """Move every file back to where it was."""
        return note(f"{unapply_decisions(self.project).moved} files moved back. The decisions stay.")

    def _ready(self) -> Queue:
        with self._lock:
            if self._queue is None:
                self._queue = Queue(self.project, progress=self._follow)
            return self._queue

    def _follow(self, what: str, done: int, total: int) -> None:
        self._far = f"{what}: {done} of {total} …" if done < total else ""

    def _look_at_pixels(self, queue: Queue) -> None:
        """For the other kinds of suspects, while someone reviews labels."""
        with self._lock:
            if not queue.material.looked and not (self._looking and self._looking.is_alive()):
                self._looking = threading.Thread(target=_look_quietly, args=[queue], daemon=True)
                self._looking.start()

    def _shown(self, suspects: list[Suspect], state: State) -> list[dict[str, Any]]:
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
        queue.material.look()


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


def _tally(decisions: dict[str, Decision]) -> dict[str, int]:
    """How many pictures were looked at, and what came of it."""
    present = [one for one in decisions.values() if one.kind != RENAMED]
    return {
        "looked": len(present),
        "changed": sum(one.action in ("relabel", "label") for one in present),
        "deleted": sum(one.action == "delete" for one in present),
    }
