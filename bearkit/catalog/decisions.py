"""The ledger: what people decided about pictures, in rows that are only ever added; the present follows from them.

    keep      the picture stays, under the label that the reviewer saw
    delete    it is left out from now on
    relabel   it has another label
    label     it had none
    unlabel   its label was taken away: it has none now
    beside    it is in the split of another picture, of which it is a copy
    undo      a step is taken back; redo brings it again

What one call decides is one step. Of the decisions about a picture that were not taken back, the last one counts.
"""

import getpass
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import (
    ABOUT_LABELS,
    ACTIONS,
    DEFAULT_CONTEXT,
    DecisionContext,
    DecisionRequest,
    to_row,
    validate,
)
from bearkit.catalog.schema import Decision, ImageRecord, decisions, images, make_record, read_images
from bearkit.errors import ReviewError

RENAMED = "renamed"  # the kind of decisions about a label, not about pictures
MAX_IDS_IN_QUERY = 500  # pictures that are asked for by name; more are read with all the others


class DecisionLog:
    """The decisions about the pictures of a project. Each method is one transaction."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def decide(
        self,
        choices: Sequence[DecisionRequest],
        reviewer: str,
        kind: str | None = None,
        context: DecisionContext = DEFAULT_CONTEXT,
    ) -> list[Decision]:
        """Write decisions down, all of them or none; one step.

        Args:
            choices: what was decided.
            reviewer: who decided.
            kind: short for `DecisionContext(kind=...)`.
            context: how it came about.

        Returns:
            The rows, in order; fewer than the choices only with `unless_since`.

        Raises:
            ReviewError: no such picture or action, no label to give, or one that cannot be.
        """
        validate(choices, reviewer)
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        ids = [choice.image_id for choice in choices]
        with self.catalog.connection(write=True) as connection:
            if context.token and (again := _read(connection, _in_order(decisions.c.token == context.token))):
                return again
            known, before = self._known(connection, ids), self._last(connection, ABOUT_LABELS, ids)
            self._known(connection, [str(choice.to) for choice in choices if choice.action == "beside"])
            if context.unless_since is not None:
                theirs = (decisions.c.id > context.unless_since, decisions.c.reviewer != reviewer)
                standing = set(
                    connection.scalars(_only(sa.select(decisions.c.image_id), ids).where(*theirs, _counts()))
                )
                choices = [choice for choice in choices if choice.image_id not in standing]
            step = (connection.scalar(sa.select(sa.func.max(sa.cast(decisions.c.step, sa.Integer)))) or 0) + 1
            common = {"step": step, "time": now, "reviewer": reviewer, "run": context.run, "kind": kind or context.kind}
            common |= {"view": context.view, "token": context.token}
            rows = [
                common | to_row(choice, _label(before.get(choice.image_id), known[choice.image_id]))
                for choice in choices
            ]
            if rows:
                connection.execute(decisions.insert(), rows)
            return _read(connection, _in_order(decisions.c.step == step))

    def undo(self, n: int = 1, reviewer: str | None = None, by: str | None = None) -> list[Decision]:
        """Take back the last `n` steps, of anyone or of one reviewer; the decisions that no longer count.

        Args:
            n: how many steps, at most.
            reviewer: whose; anyone's if left out.
            by: who takes them back, if another one than the reviewer.

        Raises:
            ReviewError: there is nothing to take back.
        """
        return self._turn("undo", n, reviewer, by)

    def redo(self, n: int = 1, reviewer: str | None = None, by: str | None = None) -> list[Decision]:
        """Bring the last `n` steps that were taken back again, until something else was decided.

        Raises:
            ReviewError: there is nothing to bring back.
        """
        return self._turn("redo", n, reviewer, by)

    def _turn(self, action: str, n: int, reviewer: str | None, by: str | None) -> list[Decision]:
        find = _last_step if action == "undo" else _last_undone
        found: list[Decision] = []
        with self.catalog.connection(write=True) as connection:
            for _ in range(n):
                step = connection.scalar(find(reviewer))
                if step is None:
                    break
                of_step = sa.select(decisions).where(decisions.c.step == step, decisions.c.action.in_(ACTIONS))
                found += _read(connection, of_step.order_by(decisions.c.id))
                now = datetime.now(UTC).isoformat(timespec="milliseconds")
                row = {"step": step, "time": now, "reviewer": by or reviewer or "", "action": action}
                connection.execute(decisions.insert(), row)
        if not found:
            whose = f" of {reviewer}" if reviewer else ""
            raise ReviewError(f"there is nothing{whose} to {action}", hint="`bearkit review history` lists all steps")
        return found

    def history(self, last: int | None = None) -> list[dict[str, Any]]:
        """Every row, the newest first, and for each decision whether it counts (it was not taken back)."""
        query = sa.select(decisions, decisions.c.step.in_(_undone()).label("undone")).order_by(decisions.c.id.desc())
        with self.catalog.connection() as connection:
            return [dict(row) for row in connection.execute(query.limit(last)).mappings()]

    def current(self) -> dict[str, Decision]:
        """The decision about its label, or its being there, that counts for each picture that has one."""
        with self.catalog.connection() as connection:
            return self._last(connection, ABOUT_LABELS)

    def overruled(self, rows: Sequence[Decision], since: int) -> list[Decision]:
        """What others decided about the same pictures after row `since` and before these rows, which count now."""
        mine = {row.image_id: row for row in rows}
        query = _only(sa.select(decisions).where(_counts(), decisions.c.id > since), list(mine))
        with self.catalog.connection() as connection:
            found = [row for row in _read(connection, query.order_by(decisions.c.id)) if row.image_id in mine]
        return [row for row in found if row.id < mine[row.image_id].id and row.reviewer != mine[row.image_id].reviewer]

    def newest_id(self) -> int:
        """The id of the newest row; 0 before the first."""
        with self.catalog.connection() as connection:
            return connection.scalar(sa.select(sa.func.max(decisions.c.id))) or 0

    def of_image(self, image_id: str) -> list[Decision]:
        """Every decision about a picture that counts, oldest first."""
        query = sa.select(decisions).where(_counts(), decisions.c.image_id == image_id).order_by(decisions.c.id)
        with self.catalog.connection() as connection:
            return _read(connection, query)

    def reviewed(self, kind: str) -> dict[str, tuple[str, bool]]:
        """The pictures that someone decided about as this kind of suspect, or as none in particular.

        With the label that each had before, and whether it was changed: {image_id: (label, changed)}.
        """
        of_kind = sa.or_(decisions.c.kind.is_(None), decisions.c.kind == kind)
        query = sa.select(decisions).where(_counts(), of_kind, decisions.c.action.in_(ABOUT_LABELS))
        found: dict[str, tuple[str, bool]] = {}
        with self.catalog.connection() as connection:
            for row in _read(connection, query.order_by(decisions.c.id)):
                before, _ = found.get(str(row.image_id), (row.from_label or "", False))
                found[str(row.image_id)] = before, row.to_label != before
        return found

    def recent(self, kind: str, view: str, last: int) -> list[Decision]:
        """The last decisions of this kind and view that count, the newest first; lists from files are left out."""
        alone = sa.select(decisions.c.step).where(_counts()).group_by(decisions.c.step).having(sa.func.count() == 1)
        on_a_page = sa.and_(decisions.c.view == view, decisions.c.kind == kind)
        one_by_one = sa.and_(decisions.c.view.is_(None), decisions.c.kind.is_(None), decisions.c.step.in_(alone))
        query = sa.select(decisions).where(_counts(), sa.or_(on_a_page, one_by_one))
        query = query.where(decisions.c.action.in_(ABOUT_LABELS)).order_by(decisions.c.id.desc()).limit(last)
        with self.catalog.connection() as connection:
            return _read(connection, query)

    def same_split_as(self) -> dict[str, str]:
        """The pictures that belong into the split of another one, {image_id: the other one's}."""
        with self.catalog.connection() as connection:
            return {image_id: str(row.to_label) for image_id, row in self._last(connection, ("beside",)).items()}

    def images(self, came: Iterable[ImageRecord] | None = None) -> list[ImageRecord]:
        """The pictures that are there now, with their present labels, by label, then path; "" where there is none.

        Args:
            came: the pictures as they came, where they were read already.
        """
        with self.catalog.connection() as connection:
            decided = self._last(connection, ABOUT_LABELS)
            pictures = read_images(connection) if came is None else came
        now = [
            replace(image, label=_label(decided.get(image.image_id), image.label))
            for image in pictures
            if image.image_id not in decided or decided[image.image_id].action != "delete"
        ]
        return sorted(now, key=lambda image: (image.label, image.path))

    def _known(self, connection: sa.Connection, image_ids: Collection[str]) -> dict[str, str]:
        """The labels that these pictures were imported with."""
        query = _only(sa.select(images.c.image_id, images.c.label), image_ids, images.c.image_id)
        known = {row.image_id: row.label for row in connection.execute(query)}
        for image_id in image_ids:
            if image_id not in known:
                raise ReviewError(f"there is no picture {image_id}", hint="`bearkit review next --json` names them")
        return known

    def _last(
        self, connection: sa.Connection, actions: Sequence[str], image_ids: Collection[str] | None = None
    ) -> dict[str, Decision]:
        """The last decision with one of these actions that counts, of each picture."""
        newest = sa.select(sa.func.max(decisions.c.id)).where(_counts(), decisions.c.action.in_(actions))
        newest = _only(newest, image_ids).group_by(decisions.c.image_id)
        rows = _read(connection, sa.select(decisions).where(decisions.c.id.in_(newest)))
        return {str(row.image_id): row for row in rows}


def current_user() -> str:
    """The name of whoever runs this program."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # an account without a name, as in some containers
        return "someone"


def labels_of(pictures: Iterable[ImageRecord]) -> list[str]:
    """The labels that there are, in order.

    >>> labels_of([])
    []
    """
    return sorted({picture.label for picture in pictures if picture.label})


def _read(connection: sa.Connection, query: sa.Select[Any]) -> list[Decision]:
    return [make_record(Decision, row) for row in connection.execute(query)]


def _in_order(where: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return sa.select(decisions).where(where).order_by(decisions.c.id)


def _only(
    query: sa.Select[Any], image_ids: Collection[Any] | None, column: sa.Column[Any] = decisions.c.image_id
) -> sa.Select[Any]:
    """Only these pictures' rows; when they are many, all rows, which is what asking for each would come to."""
    return query if image_ids is None or len(image_ids) > MAX_IDS_IN_QUERY else query.where(column.in_(image_ids))


def _undone() -> sa.Select[Any]:
    """The steps that are taken back at present."""
    turns = sa.select(sa.func.max(decisions.c.id)).where(decisions.c.action.in_(("undo", "redo")))
    last = turns.group_by(decisions.c.step)
    return sa.select(decisions.c.step).where(decisions.c.id.in_(last), decisions.c.action == "undo")


def _counts() -> sa.ColumnElement[bool]:
    return sa.and_(decisions.c.action.in_(ACTIONS), decisions.c.step.not_in(_undone()))


def _of(reviewer: str | None) -> sa.ColumnElement[bool]:
    """Rows about a reviewer's own steps, whoever took them back."""
    own = sa.select(decisions.c.step).where(decisions.c.action.in_(ACTIONS), decisions.c.reviewer == reviewer)
    return sa.true() if reviewer is None else decisions.c.step.in_(own)


def _last_step(reviewer: str | None) -> sa.Select[Any]:
    """The last step that counts."""
    return sa.select(sa.func.max(decisions.c.step)).where(_counts(), _of(reviewer))


def _last_undone(reviewer: str | None) -> sa.Select[Any]:
    """The step that was taken back last, unless something was decided since."""
    decided = sa.select(sa.func.coalesce(sa.func.max(decisions.c.id), 0))
    decided = decided.where(decisions.c.action.in_(ACTIONS), _of(reviewer))
    since = sa.and_(decisions.c.action == "undo", decisions.c.id > decided.scalar_subquery(), _of(reviewer))
    query = sa.select(decisions.c.step).where(since, decisions.c.step.in_(_undone()))
    return query.order_by(decisions.c.id.desc()).limit(1)


def _label(decision: Decision | None, imported: str) -> str:
    """A picture's label; that of a deleted one is what it would come back with."""
    if decision is None:
        return imported
    return (decision.from_label if decision.action == "delete" else decision.to_label) or ""
