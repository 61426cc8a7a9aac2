"""What has to be asked before a folder or zip is imported: how its folders are read, or whether they name labels."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import gradio as gr

from bearkit.core.project import Project
from bearkit.errors import ImportSourceError
from bearkit.sources.importing import preview_import
from bearkit.sources.scheme import AmbiguousLayoutError, list_counts
from bearkit.web import uploads
from bearkit.web.prediction_html import note

MOST = 4  # readings that are offered
ONE_AT_A_TIME = "import"  # so that a second answer to a question comes when the first has taken it away


@dataclass(frozen=True)
class Reading:
    """One way to read a source: what its button says, and the arguments of `import_images` for it."""

    words: str
    how: dict[str, Any] = field(default_factory=dict)


NO_LABELS = Reading("No labels yet", {"labelled": False})


@dataclass(frozen=True)
class Asked:
    """A question on a page: the source that it is about, its text as shown, and the answers."""

    source: str
    link: bool
    shown: str
    ways: list[Reading]


class Question:
    """The layout of a question: its text, and a button for each answer."""

    def __init__(self) -> None:
        self.text = gr.HTML()
        self.asked: gr.State = gr.State(None)
        with gr.Row():
            self.buttons = [gr.Button(visible=False, min_width=120) for _ in range(MOST)]
        self.shown = [self.text, self.asked, *self.buttons]

    def answered_by(self, handler: Callable[..., Iterator[Any]], inputs: list[Any], outputs: list[Any]) -> None:
        """Call a handler with the number of the answer, the question's text on the page, what was asked, and inputs."""
        for number, button in enumerate(self.buttons):
            button.click(
                partial(handler, number), [self.text, self.asked, *inputs], outputs, concurrency_id=ONE_AT_A_TIME
            )


def nothing_asked() -> list[Any]:
    """What the question shows where there is none."""
    return ["", None, *[gr.update(visible=False)] * MOST]


def shown(asked: Asked) -> list[Any]:
    """What the question shows."""
    buttons = [gr.update(value=way.words, visible=True) for way in asked.ways]
    return [asked.shown, asked, *buttons, *[gr.update(visible=False)] * (MOST - len(buttons))]


def answer(number: int, on_page: str, asked: Asked | None) -> dict[str, Any]:
    """The arguments of `import_images` that an answer stands for.

    Raises:
        ImportSourceError: the question on the page is not the one that was asked last.
    """
    if asked is None or asked.shown != on_page or number >= len(asked.ways):
        raise ImportSourceError("this question is not open any more", hint="import the source again")
    return {"source": asked.source, "link": asked.link, **asked.ways[number].how}


def question(project: Project, source: str, link: bool = False) -> Asked | None:
    """What to ask a person about a source, and the answers to choose from; None where its folders are clear.

    Raises:
        ImportSourceError: the source cannot be read.
    """
    if "://" in source:  # a data set has its own labels
        return None
    try:
        preview = preview_import(project, source)
    except AmbiguousLayoutError as unsure:
        ways = zip(unsure.schemes, unsure.details["readings"], strict=True)
        readings = [
            Reading(_in_words(reading), {"label_from": scheme.label_from, "splits": bool(scheme.splits)})
            for scheme, reading in ways
            if scheme.label_from != "root"
        ]
        text = f"{unsure.why[:1].upper()}{unsure.why[1:]}. What are the labels?"
        return Asked(source, link, _about(source, text), [*readings[: MOST - 1], NO_LABELS])
    if len(preview.labels) != 1:
        return None
    (label,) = preview.labels
    text = f"All of these pictures would get one label, `{label}`. Is that right?"
    return Asked(source, link, _about(source, text), [Reading(f"One label: {label}"), NO_LABELS])


def _about(source: str, text: str) -> str:
    return note(f"{uploads.as_given(source)}: {text}")


def _in_words(reading: dict[str, Any]) -> str:
    """What a button says of a reading.

    >>> _in_words({"labels": {"cat": 5, "dog": 4}, "splits": {"train": 7, "test": 2}, "left_out": 0})
    'Labels: cat 5, dog 4 · splits: test 2, train 7'
    """
    parts = [f"Labels: {list_counts(reading['labels'])}"]
    parts += [f"splits: {list_counts(reading['splits'])}"] if reading["splits"] else []
    parts += [f"{reading['left_out']} left out"] if reading["left_out"] else []
    return " · ".join(parts)
