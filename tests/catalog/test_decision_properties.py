"""Decisions: any table of them, and the log under any sequence of calls by two reviewers, against a plain model."""

import csv
import io
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bearkit import Project
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import DecisionContext, DecisionRequest
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.labels import clean_label, label_problem
from bearkit.catalog.schema import ImageRecord
from bearkit.errors import ReviewError
from bearkit.images import content_id
from bearkit.labelling.decisions_csv import parse_decision, read_decisions

IMAGES = [
    ImageRecord(content_id(b"%d" % n), f"images/{label or 'none'}/{n}.png", label, None, 8, 8, "PNG", 100)
    for n, label in enumerate(("black", "black", "teddy", ""))
]
IDS = [image.image_id for image in IMAGES]
LABELS = st.sampled_from(("black", "teddy", "polar bear"))
REQUESTS = st.builds(
    lambda image_id, action: DecisionRequest(image_id, *action),
    st.sampled_from(IDS),
    st.one_of(
        st.sampled_from((("keep", None), ("delete", None), ("unlabel", None))),
        st.tuples(st.sampled_from(("relabel", "label", "keep")), LABELS),
    ),
)
BESIDE = st.permutations(IDS).map(lambda ids: DecisionRequest(ids[0], "beside", ids[1]))


def new_log(folder):
    catalog = Catalog(Project(folder), create=True)
    catalog.record(IMAGES, [])
    return DecisionLog(catalog)


# --- the log


@dataclass
class Row:
    image_id: str
    action: str
    before: str
    after: str


@dataclass
class Step:
    reviewer: str
    rows: list[Row]
    undone: bool = False
    decided: int = 0  # when it was decided, and when it was taken back: on one count of all events
    taken_back: int = 0


@dataclass
class Model:
    """What the log should do, as a list of steps. Slow, and short."""

    steps: list[Step] = field(default_factory=list)
    events: int = 0

    def rows(self, actions=("keep", "delete", "relabel", "label", "unlabel")):
        return [row for step in self.steps if not step.undone for row in step.rows if row.action in actions]

    def last(self, image_id):
        return next((row for row in reversed(self.rows()) if row.image_id == image_id), None)

    def label(self, image_id):
        """The label that an image has, or would come back with."""
        row = self.last(image_id)
        imported = next(image.label for image in IMAGES if image.image_id == image_id)
        return imported if row is None else row.before if row.action == "delete" else row.after

    def labels(self):
        there = [i for i in IDS if (row := self.last(i)) is None or row.action != "delete"]
        return {image_id: self.label(image_id) for image_id in there}

    def beside(self):
        return {row.image_id: row.after for row in self.rows(("beside",))}

    def decide(self, requests, reviewer):
        self.events += 1
        self.steps.append(Step(reviewer, [self._row(one) for one in requests], decided=self.events))

    def _row(self, request):
        before, to = self.label(request.image_id), request.to or ""
        if request.action in ("delete", "beside"):
            return Row(request.image_id, request.action, before, to)
        after = {"keep": to or before, "unlabel": ""}.get(request.action, to)
        if request.action == "keep" or after == before:
            return Row(request.image_id, "keep", before, after)
        return Row(request.image_id, "unlabel" if not after else "relabel" if before else "label", before, after)

    def undo(self, reviewer):
        """Take back the last step that counts; None if there is none."""
        step = next((s for s in reversed(self.steps) if not s.undone and reviewer in (None, s.reviewer)), None)
        if step is not None:
            self.events += 1
            step.undone, step.taken_back = True, self.events
        return step

    def redo(self, reviewer):
        """Bring back the step that was taken back last, unless something was decided since."""
        own = [step for step in self.steps if reviewer in (None, step.reviewer)]
        since = max((step.decided for step in own), default=0)
        undone = [step for step in own if step.undone and step.taken_back > since]
        step = max(undone, key=lambda step: step.taken_back, default=None)
        if step is not None:
            self.events += 1
            step.undone = False
        return step


REVIEWERS = st.sampled_from(("ann", "ben"))


class DecisionLogMachine(RuleBasedStateMachine):
    """Runs the log and the model side by side."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.log, self.model, self.tokens = new_log(self.folder / "project"), Model(), 0

    def teardown(self):
        shutil.rmtree(self.folder)

    @rule(
        requests=st.lists(REQUESTS | BESIDE, min_size=1, max_size=3, unique_by=lambda one: one.image_id), who=REVIEWERS
    )
    def decide(self, requests, who):
        rows = self.log.decide(requests, who)
        self.model.decide(requests, who)
        assert [Row(row.image_id, row.action, row.from_label, row.to_label or "") for row in rows] == (
            self.model.steps[-1].rows
        )

    @rule(request=REQUESTS, who=REVIEWERS)
    def decide_by_a_call_that_is_sent_twice(self, request, who):
        self.tokens += 1
        context = DecisionContext(token=str(self.tokens))
        assert self.log.decide([request], who, context=context) == self.log.decide([request], who, context=context)
        self.model.decide([request], who)

    @rule(request=REQUESTS, who=REVIEWERS, back=st.integers(0, 3))
    def decide_unless_the_other_did(self, request, who, back):
        since = max(0, self.log.newest_id() - back)
        rows = [row for row in self.log.of_image(request.image_id) if row.id > since and row.reviewer != who]
        stored = self.log.decide([request], who, context=DecisionContext(unless_since=since))
        assert bool(stored) != bool(rows)
        if stored:
            self.model.decide([request], who)

    @rule(
        wrong=st.sampled_from((("0" * 64, "keep", None), (IDS[0], "rename", "a"), (IDS[0], "relabel", " \t"))),
        who=REVIEWERS,
    )
    def decide_something_that_cannot_be(self, wrong, who):
        newest = self.log.newest_id()
        with pytest.raises(ReviewError):
            self.log.decide([DecisionRequest(IDS[1], "delete"), DecisionRequest(*wrong)], who)
        assert self.log.newest_id() == newest, "all or none"

    @rule(whose=st.none() | REVIEWERS, n=st.integers(1, 3))
    def undo(self, whose, n):
        self._turn(self.log.undo, self.model.undo, whose, n)

    @rule(whose=st.none() | REVIEWERS, n=st.integers(1, 3))
    def redo(self, whose, n):
        self._turn(self.log.redo, self.model.redo, whose, n)

    def _turn(self, turn, expect, whose, n):
        steps = []
        for _ in range(n):
            if (step := expect(whose)) is None:
                break
            steps.append(step)
        if not steps:
            with pytest.raises(ReviewError, match="there is nothing"):
                turn(n, whose)
            return
        expected = [(step.reviewer, row.image_id, row.action) for step in steps for row in step.rows]
        assert [(row.reviewer, row.image_id, row.action) for row in turn(n, whose)] == expected

    @invariant()
    def the_present_is_that_of_the_model(self):
        assert {image.image_id: image.label for image in self.log.images()} == self.model.labels()
        assert self.log.same_split_as() == self.model.beside()
        present = {image_id: row.action for image_id, row in self.log.current().items()}
        assert present == {image_id: row.action for image_id in IDS if (row := self.model.last(image_id))}

    @invariant()
    def history_tells_what_counts(self):
        told = [row["undone"] for row in reversed(self.log.history()) if row["image_id"]]
        assert told == [step.undone for step in self.model.steps for _ in step.rows]


TestDecisionLog = DecisionLogMachine.TestCase
TestDecisionLog.settings = settings(max_examples=15, stateful_step_count=15)


# --- tables of decisions


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """A log that no test writes to."""
    return new_log(tmp_path_factory.mktemp("decisions") / "project")


def read(log, content):
    path = log.catalog.project.root.parent / "decisions.csv"
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    return read_decisions(log.catalog, path)


@given(
    st.dictionaries(
        st.sampled_from(range(4)), st.sampled_from(("", "keep", "delete", "unlabel", "relabel:teddy", "relabel:a,b"))
    ),
    st.sampled_from((",", ";", "\t")),
    st.sampled_from(("image_id", "path")),
)
def test_a_table_of_decisions_is_read_as_it_was_written(log, rows, separator, column):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator)
    writer.writerow([column, "action"])
    for n, action in rows.items():
        writer.writerow([getattr(IMAGES[n], column), action])
    found = read(log, text.getvalue())
    assert found.requests == [parse_decision(IDS[n], action) for n, action in rows.items() if action]
    assert (found.unmatched, found.absent) == ([], len(IDS) - len(rows))


PIECES = st.sampled_from((
    "image_id,action", "path,label", "name,label", "path,is_label_issue,predicted_label", "image,choice", *IDS,
    IDS[0][:6], "0.png", "images/black/0.png", "none/3.png", "keep", "delete", "relabel:", "beside:", "true", "black",
    "new", '{"choices": ["black"]}', '[', ",", ",", "\n", "\n", '"', "\r", " ", "\ufffd", "\u200b", "-", "\0",
))  # fmt: skip


@given(text=st.one_of(st.text(max_size=30), st.lists(PIECES, max_size=14).map("".join)))
def test_any_table_gives_decisions_that_can_be_stored_or_a_clear_error(log, text):
    try:
        found = read(log, text)
    except ReviewError as error:
        assert error.hint
        return
    for request in found.requests:
        assert request.image_id in IDS
        assert request.action in ("keep", "delete", "unlabel", "relabel", "beside")
        if request.action == "relabel":
            assert (label_problem(request.to), clean_label(request.to)) == ("", request.to)


@given(
    st.text(max_size=20)
    | st.sampled_from(("keep", "relabel", "unlabel")).flatmap(lambda w: st.text(max_size=5).map(f"{w}:".__add__))
)
def test_any_word_is_a_decision_or_is_refused(action):
    try:
        request = parse_decision(IDS[0], action)
    except ReviewError as error:
        assert error.hint
        return
    assert bool(request.to) == (request.action in ("relabel", "beside"))
