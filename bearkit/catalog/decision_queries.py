"""SQL of the decision log: which rows count, and which step an undo or a redo is about."""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from bearkit.catalog.decision_types import ACTIONS
from bearkit.catalog.schema import Decision, decisions, make_record

MAX_IDS_IN_QUERY = 500  # for more images than this, a query reads all rows


def read_decisions(connection: sa.Connection, query: sa.Select[Any]) -> list[Decision]:
    """Run a query for all columns of the decisions."""
    return [make_record(Decision, row) for row in connection.execute(query)]


def in_order(where: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Select the rows that fulfil a condition, oldest first."""
    return sa.select(decisions).where(where).order_by(decisions.c.id)


def only_images(
    query: sa.Select[Any], image_ids: Collection[Any] | None, column: sa.Column[Any] = decisions.c.image_id
) -> sa.Select[Any]:
    """Limit a query to some images; for more than MAX_IDS_IN_QUERY it stays as it is, and callers get all rows."""
    return query if image_ids is None or len(image_ids) > MAX_IDS_IN_QUERY else query.where(column.in_(image_ids))


def undone_steps() -> sa.Select[Any]:
    """Select the steps that are undone now."""
    turns = sa.select(sa.func.max(decisions.c.id)).where(decisions.c.action.in_(("undo", "redo")))
    last = turns.group_by(decisions.c.step)
    return sa.select(decisions.c.step).where(decisions.c.id.in_(last), decisions.c.action == "undo")


def counts() -> sa.ColumnElement[bool]:
    """The condition for decisions that were not undone."""
    return sa.and_(decisions.c.action.in_(ACTIONS), decisions.c.step.not_in(undone_steps()))


def _of(reviewer: str | None) -> sa.ColumnElement[bool]:
    """The condition for rows of a reviewer's own steps, also where somebody else undid them."""
    own = sa.select(decisions.c.step).where(decisions.c.action.in_(ACTIONS), decisions.c.reviewer == reviewer)
    return sa.true() if reviewer is None else decisions.c.step.in_(own)


def last_step(reviewer: str | None) -> sa.Select[Any]:
    """Select the last step that was not undone."""
    return sa.select(sa.func.max(decisions.c.step)).where(counts(), _of(reviewer))


def last_undone_step(reviewer: str | None) -> sa.Select[Any]:
    """Select the step that was undone last, unless something was decided since."""
    decided = sa.select(sa.func.coalesce(sa.func.max(decisions.c.id), 0))
    decided = decided.where(decisions.c.action.in_(ACTIONS), _of(reviewer))
    since = sa.and_(decisions.c.action == "undo", decisions.c.id > decided.scalar_subquery(), _of(reviewer))
    query = sa.select(decisions.c.step).where(since, decisions.c.step.in_(undone_steps()))
    return query.order_by(decisions.c.id.desc()).limit(1)


def current_label(decision: Decision | None, imported: str) -> str:
    """Return an image's current label; for a deleted image, the label it had before."""
    if decision is None:
        return imported
    return (decision.from_label if decision.action == "delete" else decision.to_label) or ""
