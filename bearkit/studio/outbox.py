"""Decisions on their way from browsers into the ledger: each is stored once, in order, into its own project only.

The page's half is `outbox.js`, which stands above the tabs: what was decided is sent from whichever tab is open. So
does `address.js`, by which the address names the open tab.
"""

from pathlib import Path
from typing import Any

import gradio as gr

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import DecisionContext, DecisionRequest
from bearkit.catalog.decisions import DecisionLog, labels_of
from bearkit.catalog.labels import clean_label
from bearkit.catalog.settings import catalog_name, label_order
from bearkit.core.project import Project
from bearkit.errors import BusyError, ReviewError
from bearkit.labelling.actions import given_labels, label_notes
from bearkit.studio import html
from bearkit.studio.server_functions import Ask, answered

JS = "\n".join((Path(__file__).parent / name).read_text() for name in ("outbox.js", "address.js"))


class Outbox:
    """The page's line about what is not stored yet, and the answers to its questions."""

    def __init__(self, project: Project) -> None:
        self.project = project
        answers = [answered(ask) for ask in (self.store, self.counts, self.whose)]
        gr.HTML(html_template="", js_on_load=JS, server_functions=answers, apply_default_css=False, elem_id="outbox")

    def store(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Store decisions in order; an answer for each: what was stored, or why not.

        Where the catalogue cannot be written just now, the answer says `again`, and so do those of all that follow.
        """
        answer: Ask = answered(lambda one: store(self.project, one))
        answers: list[dict[str, Any]] = []
        for one in asked["decisions"]:
            later = answers and answers[-1].get("again")
            answers.append(answers[-1] if later else answer(one))
        return {"answers": answers}

    def counts(self, asked: dict[str, Any]) -> dict[str, Any]:
        """How many pictures and labels there are now, for the line above the tabs."""
        del asked
        images = DecisionLog(Catalog(self.project)).images() if self.project.exists else []
        return {"head": html.counts(len(images), labels_of(images))}

    def whose(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The name of the project's catalogue, under which the browser keeps its decisions; "" before there is one.

        `called` is what people call the project.
        """
        del asked
        name = catalog_name(Catalog(self.project)) if self.project.exists else ""
        return {"project": name, "called": self.project.name}


def store(project: Project, asked: dict[str, Any]) -> dict[str, Any]:
    """Store what was decided on a page, one step; and what others decided about the same pictures since it was shown.

    The answer has each picture's label as it is stored, and notes about labels that were typed.

    What is only implied (the rest of the page is fine) leaves standing what others said.

    Args:
        project: where to.
        asked: `project`, as `catalog_name` calls it; `choices`, `reviewer`, `token`, `run`, `kind`, `view`, `since`,
            `implied`.

    Raises:
        BusyError: another project, or another catalogue, is served now.
        ReviewError: one of the decisions cannot be.
    """
    if not _is_decision(asked):
        raise ReviewError("what the page sent is no decision", hint="reload the page")
    catalog = Catalog(project)
    if asked["project"] != catalog_name(catalog):
        raise BusyError("this address serves another project now", hint="open the project in which this was decided")
    ledger = DecisionLog(catalog)
    choices = [DecisionRequest(one["image_id"], one["action"], one.get("to")) for one in asked["choices"]]
    if not choices:
        raise ReviewError("nothing was decided", hint="press a key on a picture")
    unless_since = asked["since"] if asked.get("implied") else None
    context = DecisionContext(asked.get("run"), asked["kind"], asked["view"], asked["token"], unless_since)
    known = label_order(catalog, ())
    if {clean_label(one.to or "") for one in choices if one.action in ("relabel", "label")} - {*known}:
        known = labels_of(ledger.images())
    rows = ledger.decide(choices, asked["reviewer"], context=context)
    others, given = ledger.overruled(rows, asked["since"]), given_labels(rows)
    said = {str(one.image_id): f"{one.reviewer} had said {one.to_label or one.action}" for one in others}
    return {
        "others": said,
        "stored": [row.image_id for row in rows],
        "order": label_order(catalog, given),
        "labels": {str(row.image_id): row.to_label for row in rows if row.action != "beside"},
        "notes": label_notes(choices, given - {*known}, known),
    }


def _is_decision(asked: Any) -> bool:
    """Whether a page sent all that is needed, of the right kinds."""
    if not isinstance(asked, dict) or not isinstance(asked.get("choices"), list):
        return False
    texts = [asked.get(name) for name in ("project", "reviewer", "token", "kind", "view")]
    texts += [text for text in (asked.get("run"),) if text is not None]
    for one in asked["choices"]:
        if not isinstance(one, dict):
            return False
        texts += [one.get("image_id"), one.get("action")] + [to for to in (one.get("to"),) if to is not None]
    return all(isinstance(text, str) for text in texts) and isinstance(asked.get("since"), int)
