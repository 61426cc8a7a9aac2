"""The decisions that count at one moment, read from the catalogue in one query."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from bearkit.catalog.decision_types import ABOUT_LABELS, ACTIONS
from bearkit.catalog.schema import Decision, make_record

COLUMNS = [field.name for field in fields(Decision)]


@dataclass(frozen=True)
class DecisionHistory:
    """All decisions in effect at one moment. Decisions that were undone are left out.

    Attributes:
        decisions: the oldest first.
        newest_id: the id of the newest row of any action, `undo` and `redo` included; 0 where there is none.
    """

    decisions: list[Decision]
    newest_id: int

    @cached_property
    def latest(self) -> dict[str, Decision]:
        """The decision that counts for each image: the last one about its label or its deletion, by image id."""
        return {str(one.image_id): one for one in self.decisions if one.action in ABOUT_LABELS}

    @cached_property
    def same_split(self) -> dict[str, str]:
        """The images that belong in the split of another image (`beside`): {image id: id of the other image}."""
        return {str(one.image_id): str(one.to_label) for one in self.decisions if one.action == "beside"}

    @cached_property
    def _rows_of_step(self) -> dict[int, int]:
        """The number of decisions of each step."""
        counts: dict[int, int] = {}
        for one in self.decisions:
            counts[one.step] = counts.get(one.step, 0) + 1
        return counts

    def reviewed(self, kind: str) -> dict[str, tuple[str, bool]]:
        """The images that someone decided about as candidates of this kind, or without any kind.

        Returns:
            {image id: (its label before the first such decision, whether the last one left it with another label)}.
        """
        result: dict[str, tuple[str, bool]] = {}
        for one in self.decisions:
            if one.kind in (None, kind) and one.action in ABOUT_LABELS:
                before, _ = result.get(str(one.image_id), (one.from_label or "", False))
                result[str(one.image_id)] = before, one.to_label != before
        return result

    def recent(self, kind: str, view: str, limit: int) -> list[Decision]:
        """The last decisions about labels in one view, the newest first.

        Args:
            kind: the kind of candidates that the reviewer looked at.
            view: the view's name (`View.name`).
            limit: how many to return at most. Decisions without a view count if their step has no other decision: a
                step with many was read from a file, and is not a person's way through a page.
        """
        result = []
        for one in reversed(self.decisions):
            on_page = one.view == view and one.kind == kind
            single = one.view is None and one.kind is None and self._rows_of_step[one.step] == 1
            if one.action in ABOUT_LABELS and (on_page or single):
                result.append(one)
                if len(result) == limit:
                    break
        return result


def decision_history(rows: Iterable[Mapping[str, Any]]) -> DecisionHistory:
    """Build the history from the rows of `DecisionLog.history`, which come newest first.

    Raises:
        ProjectError: a value in the catalogue has the wrong type.
    """
    newest_first = list(rows)
    decisions = [
        make_record(Decision, [row[name] for name in COLUMNS])
        for row in reversed(newest_first)
        if row["action"] in ACTIONS and not row["undone"]
    ]
    return DecisionHistory(decisions, newest_first[0]["id"] if newest_first else 0)
