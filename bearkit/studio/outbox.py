"""The outbox: stores decisions that browsers send, each once, in order, and only in its own project.

The page's half is `js/outbox.js`. It is placed above the tabs, so that it sends decisions from any open tab; it also
starts `js/address.js`, which keeps the open tab in the page's address.
"""

from typing import Any

import gradio as gr

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import DecisionContext, DecisionRequest
from bearkit.catalog.decisions import DecisionLog, labels_of
from bearkit.catalog.labels import clean_label
from bearkit.catalog.schema import Decision
from bearkit.catalog.settings import catalog_name, label_order
from bearkit.core.project import Project
from bearkit.errors import BusyError, ReviewError
from bearkit.labelling.review_actions import given_labels, label_notes
from bearkit.studio import html
from bearkit.studio.modules import open_module
from bearkit.studio.server_functions import ServerFunction, errors_as_answers

JS = open_module("outbox.js", events=["counted"])


class Outbox:
    """The page's line about decisions that are not stored yet, and the functions that it calls.

    Attributes:
        counted: the event that follows decisions, once none has come for a moment.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        answers = [errors_as_answers(ask) for ask in (self.store, self.counts, self.project_name)]
        line = gr.HTML(
            html_template="", js_on_load=JS, server_functions=answers, apply_default_css=False, elem_id="outbox"
        )
        self.counted = line.counted

    def store(self, request: dict[str, Any]) -> dict[str, Any]:
        """Store decisions in order.

        Returns:
            An answer for each: what was stored, or why not. If the catalogue cannot be written now, the answer has
            `again`, and so have the answers of all later decisions.
        """
        answer: ServerFunction = errors_as_answers(lambda decision: store(self.project, decision))
        answers: list[dict[str, Any]] = []
        for decision in request["decisions"]:
            wait = answers and answers[-1].get("again")
            answers.append(answers[-1] if wait else answer(decision))
        return {"answers": answers}

    def counts(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the present number of images and labels as HTML, for the line above the tabs."""
        del request
        images = DecisionLog(Catalog(self.project)).images() if self.project.exists else []
        return {"head": html.counts(len(images), labels_of(images))}

    def project_name(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return which project this is.

        Returns:
            `project`, the name of its catalogue, under which the browser keeps decisions ("" before there is one);
            `called`, the project's name for people.
        """
        del request
        name = catalog_name(Catalog(self.project)) if self.project.exists else ""
        return {"project": name, "called": self.project.name}


def store(project: Project, step: dict[str, Any]) -> dict[str, Any]:
    """Store one step: the decisions that a reviewer made at once.

    Args:
        project: where the decisions go.
        step: `choices`, a list of {image_id, action, to}; `project`, the name of its catalogue; `reviewer`, `token`,
            `run`, `kind` and `view` as in `DecisionContext`; `since`, the newest decision when the page was shown;
            `implied`, true for images that were only confirmed with the rest of the page: later decisions of other
            reviewers about these stay valid.

    Returns:
        `stored` image ids; `labels`, the stored label of each image; `others`, what other reviewers decided about the
        same images since the page was shown; `notes` about typed labels; `order`, the labels in the order of their
        keys.

    Raises:
        BusyError: This address serves another project now.
        ReviewError: One of the decisions is not possible.
    """
    if not _is_decision(step):
        raise ReviewError("the page sent something that is not a decision", hint="reload the page")
    catalog = Catalog(project)
    if step["project"] != catalog_name(catalog):
        raise BusyError("this address serves another project now", hint="open the project in which this was decided")
    log = DecisionLog(catalog)
    requests = [DecisionRequest(one["image_id"], one["action"], one.get("to")) for one in step["choices"]]
    if not requests:
        raise ReviewError("nothing was decided", hint="press a key on a picture")
    unless_since = step["since"] if step.get("implied") else None
    context = DecisionContext(step.get("run"), step.get("kind"), step.get("view"), step["token"], unless_since)
    labels = label_order(catalog, ())
    if {clean_label(one.to or "") for one in requests if one.action in ("relabel", "label")} - {*labels}:
        labels = labels_of(log.images())
    rows = log.decide(requests, step["reviewer"], context=context)
    overruled, given = log.overruled(rows, step["since"]), given_labels(rows)
    return {
        "others": {str(one.image_id): _before(one) for one in overruled},
        "stored": [row.image_id for row in rows],
        "order": label_order(catalog, given),
        "labels": {str(row.image_id): row.to_label for row in rows if row.action != "beside"},
        "notes": label_notes(requests, given - {*labels}, labels),
    }


def _before(decision: Decision) -> str:
    """Return another reviewer's decision in words, for the picture whose decision it was."""
    return f"before: {decision.to_label or html.DONE.get(decision.action, decision.action)}, by {decision.reviewer}"


def _is_decision(step: Any) -> bool:
    """Return whether a page sent every value that `store` needs, with the right types."""
    if not isinstance(step, dict) or not isinstance(step.get("choices"), list):
        return False
    texts = [step.get(name) for name in ("project", "reviewer", "token")]
    texts += [text for name in ("run", "kind", "view") if (text := step.get(name)) is not None]
    for one in step["choices"]:
        if not isinstance(one, dict):
            return False
        texts += [one.get("image_id"), one.get("action")] + [to for to in (one.get("to"),) if to is not None]
    return all(isinstance(text, str) for text in texts) and isinstance(step.get("since"), int)
