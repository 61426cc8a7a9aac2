"""The question before an import that can be read in several ways: which folders are labels, or are there none?"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import gradio as gr

from bearkit.core.paths import expand_user
from bearkit.core.project import Project
from bearkit.errors import ImportSourceError
from bearkit.sources.importing import preview_import
from bearkit.sources.layout import archive_problem
from bearkit.sources.plugins import File, find_importer
from bearkit.sources.scheme import AmbiguousLayoutError, NoLabelsError, list_counts
from bearkit.web import uploads
from bearkit.web.prediction_html import note

MAX_ANSWERS = 4
ONE_AT_A_TIME = "import"  # Gradio runs one of these handlers at a time, so a question is answered only once


@dataclass(frozen=True)
class Reading:
    """One way to read a source.

    Attributes:
        words: the text of its button.
        how: the arguments of `import_images` for it.
    """

    words: str
    how: dict[str, Any] = field(default_factory=dict)


NO_LABELS = Reading("No labels yet", {"labelled": False})


@dataclass(frozen=True)
class OpenQuestion:
    """A question about a source.

    Attributes:
        source: the path that is imported.
        link: whether the files are used in place.
        shown: the question as HTML.
        ways: the answers to choose from.
    """

    source: str
    link: bool
    shown: str
    ways: list[Reading]


class Question:
    """The layout of a question: its text, and a button for each answer."""

    def __init__(self) -> None:
        self.text = gr.HTML()
        self.question: gr.State = gr.State(None)
        with gr.Row():
            self.buttons = [gr.Button(visible=False, min_width=120) for _ in range(MAX_ANSWERS)]
        self.shown = [self.text, self.question, *self.buttons]

    def answered_by(self, handler: Callable[..., Iterator[Any]], inputs: list[Any], outputs: list[Any]) -> None:
        """Let the buttons call `handler(number, text, question, *inputs)`.

        Args:
            handler: receives the number of the button, the question's text on this page, and the `OpenQuestion`.
            inputs: more components whose values it receives.
            outputs: the components that it updates.
        """
        for number, button in enumerate(self.buttons):
            button.click(
                partial(handler, number), [self.text, self.question, *inputs], outputs, concurrency_id=ONE_AT_A_TIME
            )


def hide_question() -> list[Any]:
    """Return values of `Question.shown` that hide the question."""
    return ["", None, *[gr.update(visible=False)] * MAX_ANSWERS]


def show_question(question: OpenQuestion) -> list[Any]:
    """Return values of `Question.shown` for a question."""
    buttons = [gr.update(value=way.words, visible=True) for way in question.ways]
    return [question.shown, question, *buttons, *[gr.update(visible=False)] * (MAX_ANSWERS - len(buttons))]


def import_arguments(number: int, on_page: str, question: OpenQuestion | None) -> dict[str, Any]:
    """Return the arguments of `import_images` for an answer.

    Args:
        number: which button was clicked.
        on_page: the question's text on that page.
        question: the question that was asked last.

    Raises:
        ImportSourceError: The page shows another question than the last one.
    """
    if question is None or question.shown != on_page or number >= len(question.ways):
        raise ImportSourceError("this question is no longer open", hint="import the folder or zip again")
    return {"source": question.source, "link": question.link, **question.ways[number].how}


def find_question(project: Project, source: str, link: bool = False) -> OpenQuestion | None:
    """Return the question that a source raises; None if its labels are clear.

    Args:
        project: where the images go.
        source: a path, or the URL of a data set.
        link: whether the files are used in place.

    Raises:
        ImportSourceError: The source cannot be read, or is a single picture.
    """
    if "://" not in source and _is_single_file(source):
        raise ImportSourceError(
            f"{uploads.with_given_names(source)} is a single file",
            hint="drop it under “Files & camera”, and choose its label",
        )
    try:
        preview = preview_import(project, source)
    except AmbiguousLayoutError as unsure:
        if unsure.schemes and unsure.schemes[-1].label_from == "none":
            return _ask_about_one_label(source, link, next(iter(unsure.details["readings"][0]["labels"])))
        ways = zip(unsure.schemes, unsure.details["readings"], strict=True)
        readings = [
            Reading(_describe(reading), {"label_from": scheme.label_from, "splits": bool(scheme.splits)})
            for scheme, reading in ways
            if scheme.label_from != "root"
        ]
        text = f"{unsure.why[:1].upper()}{unsure.why[1:]}. What are the labels?"
        return OpenQuestion(source, link, _about(source, text), [*readings[: MAX_ANSWERS - 1], NO_LABELS])
    except NoLabelsError as error:
        return OpenQuestion(source, link, _about(source, f"{error}. Import it without labels?"), [NO_LABELS])
    if len(preview.labels) != 1 or "://" in source:
        return None
    (label,) = preview.labels
    return _ask_about_one_label(source, link, label)


def _ask_about_one_label(source: str, link: bool, label: str) -> OpenQuestion:
    text = f"All of these pictures would get one label, `{label}`. Is that right?"
    return OpenQuestion(
        source, link, _about(source, text), [Reading(f"One label: {label}", {"label": label}), NO_LABELS]
    )


def _is_single_file(source: str) -> bool:
    path = expand_user(source)
    return path.is_file() and not archive_problem(path.name) and isinstance(find_importer(str(path)), File)


def _about(source: str, text: str) -> str:
    return note(f"{uploads.with_given_names(source)}: {text}")


def _describe(reading: dict[str, Any]) -> str:
    """Return the text of a reading's button.

    >>> _describe({"labels": {"cat": 5, "dog": 4}, "splits": {"train": 7, "test": 2}, "left_out": 0})
    'Labels: cat 5, dog 4 · splits: test 2, train 7'
    """
    parts = [f"Labels: {list_counts(reading['labels'])}"]
    parts += [f"splits: {list_counts(reading['splits'])}"] if reading["splits"] else []
    parts += [f"{reading['left_out']} left out"] if reading["left_out"] else []
    return " · ".join(parts)
