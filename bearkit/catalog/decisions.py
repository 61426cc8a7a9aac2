"""The log of decisions about images. Rows are only added; an image's current label follows from them.

    keep      the image keeps the label that the reviewer saw
    delete    the image is left out
    relabel   the image gets another label
    label     an image without a label gets one
    unlabel   the image loses its label
    beside    the image belongs to the split of another image, of which it is a copy
    undo      a step is taken back
    redo      an undone step counts again

All decisions of one call are one step. The last decision about an image that was not undone counts.
"""

import getpass
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_queries import (
    counts,
    current_label,
    in_order,
    last_step,
    last_undone_step,
    only_images,
    read_decisions,
    undone_steps,
)
from bearkit.catalog.decision_types import (
    ABOUT_LABELS,
    ACCEPTED,
    ACTIONS,
    DEFAULT_CONTEXT,
    DecisionContext,
    DecisionRequest,
    to_row,
    validate,
)
from bearkit.catalog.schema import Decision, ImageRecord, decisions, images, read_images
from bearkit.errors import ReviewError

RENAMED = "renamed"  # kind of the decisions that rename a label


class DecisionLog:
    """The decisions about a project's images. Each method is one transaction."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def decide(
        self,
        requests: Sequence[DecisionRequest],
        reviewer: str,
        kind: str | None = None,
        context: DecisionContext = DEFAULT_CONTEXT,
    ) -> list[Decision]:
        """Store decisions as one step, all or nothing.

        Args:
            requests: the decisions.
            reviewer: name of the person who decided.
            kind: short for `DecisionContext(kind=...)`.
            context: the circumstances.

        Returns:
            The stored rows, in order; fewer than `requests` only with `unless_since`.

        Raises:
            ReviewError: an image or action is unknown, or a label is missing or not valid.
        """
        validate(requests, reviewer)
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        ids = [request.image_id for request in requests]
        with self.catalog.connection(write=True) as connection:
            if context.token and (stored := read_decisions(connection, in_order(decisions.c.token == context.token))):
                return stored
            imported, before = self._imported(connection, ids), self._last(connection, ABOUT_LABELS, ids)
            self._imported(connection, [str(request.to) for request in requests if request.action == "beside"])
            if context.unless_since is not None:
                by_others = (decisions.c.id > context.unless_since, decisions.c.reviewer != reviewer)
                taken = set(
                    connection.scalars(only_images(sa.select(decisions.c.image_id), ids).where(*by_others, counts()))
                )
                requests = [request for request in requests if request.image_id not in taken]
            step = (connection.scalar(sa.select(sa.func.max(sa.cast(decisions.c.step, sa.Integer)))) or 0) + 1
            common = {"step": step, "time": now, "reviewer": reviewer, "run": context.run, "kind": kind or context.kind}
            common |= {"view": context.view, "token": context.token}
            rows = [
                common | to_row(request, current_label(before.get(request.image_id), imported[request.image_id]))
                for request in requests
            ]
            if rows:
                connection.execute(decisions.insert(), rows)
            return read_decisions(connection, in_order(decisions.c.step == step))

    def undo(self, n: int = 1, reviewer: str | None = None, by: str | None = None) -> list[Decision]:
        """Undo the last steps.

        Args:
            n: maximum number of steps.
            reviewer: undo only this person's steps.
            by: name of the person who undoes them, if it is not the reviewer.

        Returns:
            The decisions that no longer count.

        Raises:
            ReviewError: there is nothing to undo.
        """
        return self._undo_or_redo("undo", n, reviewer, by)

    def redo(self, n: int = 1, reviewer: str | None = None, by: str | None = None) -> list[Decision]:
        """Redo the last undone steps, as long as nothing else was decided since; the arguments are those of `undo`.

        Returns:
            The decisions that count again.

        Raises:
            ReviewError: there is nothing to redo.
        """
        return self._undo_or_redo("redo", n, reviewer, by)

    def _undo_or_redo(self, action: str, n: int, reviewer: str | None, by: str | None) -> list[Decision]:
        find_step = last_step if action == "undo" else last_undone_step
        changed: list[Decision] = []
        with self.catalog.connection(write=True) as connection:
            for _ in range(n):
                step = connection.scalar(find_step(reviewer))
                if step is None:
                    break
                of_step = sa.select(decisions).where(decisions.c.step == step, decisions.c.action.in_(ACTIONS))
                changed += read_decisions(connection, of_step.order_by(decisions.c.id))
                now = datetime.now(UTC).isoformat(timespec="milliseconds")
                row = {"step": step, "time": now, "reviewer": by or reviewer or "", "action": action}
                connection.execute(decisions.insert(), row)
        if not changed:
            whose = f" of {reviewer}" if reviewer else ""
            raise ReviewError(f"there is nothing{whose} to {action}", hint="`bearkit review history` lists all steps")
        return changed

    def history(self, last: int | None = None) -> list[dict[str, Any]]:
        """Return all rows, newest first, each with `undone`: whether its step was undone.

        Args:
            last: maximum number of rows.
        """
        query = sa.select(decisions, decisions.c.step.in_(undone_steps()).label("undone")).order_by(
            decisions.c.id.desc()
        )
        with self.catalog.connection() as connection:
            return [dict(row) for row in connection.execute(query.limit(last)).mappings()]

    def current(self) -> dict[str, Decision]:
        """Return the decision that counts for each image: {image_id: decision about its label or its deletion}."""
        with self.catalog.connection() as connection:
            return self._last(connection, ABOUT_LABELS)

    def overruled(self, rows: Sequence[Decision], since: int) -> list[Decision]:
        """Return other people's decisions that these rows replaced.

        Args:
            rows: the new decisions.
            since: id of the newest row that their reviewer knew.
        """
        mine = {row.image_id: row for row in rows}
        query = only_images(sa.select(decisions).where(counts(), decisions.c.id > since), list(mine))
        with self.catalog.connection() as connection:
            same = [row for row in read_decisions(connection, query.order_by(decisions.c.id)) if row.image_id in mine]
        return [row for row in same if row.id < mine[row.image_id].id and row.reviewer != mine[row.image_id].reviewer]

    def newest_id(self) -> int:
        """Return the id of the newest row; 0 if there is none."""
        with self.catalog.connection() as connection:
            return connection.scalar(sa.select(sa.func.max(decisions.c.id))) or 0

    def of_image(self, image_id: str) -> list[Decision]:
        """Return all decisions about an image that were not undone, oldest first."""
        query = sa.select(decisions).where(counts(), decisions.c.image_id == image_id).order_by(decisions.c.id)
        with self.catalog.connection() as connection:
            return read_decisions(connection, query)

    def label_of(self, image_id: str) -> str:
        """Return an image's current label, "" for none; see `current_label`.

        Raises:
            ReviewError: there is no such image.
        """
        with self.catalog.connection() as connection:
            decided = self._last(connection, ABOUT_LABELS, [image_id])
            return current_label(decided.get(image_id), self._imported(connection, [image_id])[image_id])

    def reviewed(self, kind: str) -> dict[str, tuple[str, bool]]:
        """Return the images that were reviewed as this kind of candidate, or without a kind.

        Returns:
            {image_id: (label before the first decision, whether the last decision changed it)}.
        """
        of_kind = sa.or_(decisions.c.kind.is_(None), decisions.c.kind == kind)
        query = sa.select(decisions).where(counts(), of_kind, decisions.c.action.in_(ABOUT_LABELS))
        result: dict[str, tuple[str, bool]] = {}
        with self.catalog.connection() as connection:
            for row in read_decisions(connection, query.order_by(decisions.c.id)):
                before, _ = result.get(str(row.image_id), (row.from_label or "", False))
                result[str(row.image_id)] = before, row.to_label != before
        return result

    def recent(self, kind: str, view: str, last: int) -> list[Decision]:
        """Return the last decisions that were made on a page of this kind and view, or one by one; newest first.

        Decisions from a file are left out: many in one step, without a view.
        """
        alone = sa.select(decisions.c.step).where(counts()).group_by(decisions.c.step).having(sa.func.count() == 1)
        on_a_page = sa.and_(decisions.c.view == view, decisions.c.kind == kind)
        one_by_one = sa.and_(decisions.c.view.is_(None), decisions.c.kind.is_(None), decisions.c.step.in_(alone))
        query = sa.select(decisions).where(counts(), sa.or_(on_a_page, one_by_one))
        query = query.where(decisions.c.action.in_(ABOUT_LABELS)).order_by(decisions.c.id.desc()).limit(last)
        with self.catalog.connection() as connection:
            return read_decisions(connection, query)

    def same_split_as(self) -> dict[str, str]:
        """Return the images that belong to the split of another image, {image_id: id of the other image}."""
        with self.catalog.connection() as connection:
            return {image_id: str(row.to_label) for image_id, row in self._last(connection, ("beside",)).items()}

    def images(
        self, imported: Iterable[ImageRecord] | None = None, current: Mapping[str, Decision] | None = None
    ) -> list[ImageRecord]:
        """Return the images that were not deleted, with their current labels ("" for none), by label, then path.

        Args:
            imported: the images as they were imported, if they were read already.
            current: what `current` returns, if that was read already.
        """
        with self.catalog.connection() as connection:
            decided = self._last(connection, ABOUT_LABELS) if current is None else current
            records = read_images(connection) if imported is None else imported
        present = [  # most images have no decision, and stay the same objects
            replace(image, label=current_label(decided[image.image_id], image.label))
            if image.image_id in decided
            else image
            for image in records
            if image.image_id not in decided or decided[image.image_id].action != "delete"
        ]
        return sorted(present, key=lambda image: (image.label, image.path))

    def _imported(self, connection: sa.Connection, image_ids: Collection[str]) -> dict[str, str]:
        """Return the labels that these images were imported with.

        Raises:
            ReviewError: there is no such image.
        """
        query = only_images(sa.select(images.c.image_id, images.c.label), image_ids, images.c.image_id)
        labels = {row.image_id: row.label for row in connection.execute(query)}
        for image_id in image_ids:
            if image_id not in labels:
                raise ReviewError(f"there is no picture {image_id}", hint="`bearkit review next --json` names them")
        return labels

    def _last(
        self, connection: sa.Connection, actions: Sequence[str], image_ids: Collection[str] | None = None
    ) -> dict[str, Decision]:
        """Return the last decision of each image with one of these actions that was not undone."""
        newest = sa.select(sa.func.max(decisions.c.id)).where(counts(), decisions.c.action.in_(actions))
        newest = only_images(newest, image_ids).group_by(decisions.c.image_id)
        rows = read_decisions(connection, sa.select(decisions).where(decisions.c.id.in_(newest)))
        return {str(row.image_id): row for row in rows}


def accepted_ids(current: Mapping[str, Decision]) -> set[str]:
    """Return the ids of the images whose label the model gave, and that nobody has confirmed.

    Args:
        current: the decision that counts for each image, as `DecisionLog.current` returns them.
    """
    return {image_id for image_id, decision in current.items() if decision.kind == ACCEPTED}


def current_user() -> str:
    """Return the name of the user who runs this program; "someone" if the account has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # some containers have accounts without a name
        return "someone"


def labels_of(pictures: Iterable[ImageRecord]) -> list[str]:
    """Return the labels of some images, each once, sorted.

    >>> labels_of([])
    []
    """
    return sorted({image.label for image in pictures if image.label})
