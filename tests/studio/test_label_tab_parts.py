"""What the Label tab asks of the library: pages for several people, keys of labels, audits that people answer."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from bearkit import Project, import_images
from bearkit.catalog.label_set import add_label, describe_label, label_set
from bearkit.catalog.settings import label_order
from bearkit.labelling import background_features, label_actions
from bearkit.labelling.audit import RestEstimate, read_audit
from bearkit.labelling.handed_out import SECONDS, HandedOut
from bearkit.labelling.label_keys import label_keys
from bearkit.labelling.label_queue import LabelQueue
from bearkit.studio.label import LabelTab, rest_sentence
from bearkit.studio.outbox import store
from tests.conftest import drawings
from tests.gradio_parts import made


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawings") / "photos"
    folder.mkdir()
    for _, name, content in drawings():
        if int("".join(c for c in name if c.isdigit())) < 6:
            (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def queue(tmp_path, with_body, source):
    """Eighteen drawings without labels."""
    project = with_body(Project(tmp_path / "shapes"))
    import_images(project, source, labelled=False)
    return LabelQueue(project)


def test_a_page_is_given_up_for_the_next_one_and_after_two_minutes():
    now = 0.0
    pages = HandedOut(clock=lambda: now)
    pages.give("ann", ["a", "b"])
    pages.give("ann", ["c"])
    assert pages.to_others("ben") == {"c"}
    assert pages.to_others("ann") == set()
    now = SECONDS - 1
    pages.give("ben", ["d"])
    assert pages.to_others("cem") == {"c", "d"}
    now = SECONDS
    assert pages.to_others("cem") == {"d"}


def test_a_label_keeps_its_key_when_others_come_are_retired_or_have_keys_of_their_own(queue):
    catalog = queue.index.catalog

    def keys():
        rows = label_set(catalog)
        return label_keys(rows, label_order(catalog, [row["label"] for row in rows]))

    for label in ("owl", "cat", "ant"):
        add_label(catalog, label)
    assert keys() == {"owl": "1", "cat": "2", "ant": "3"}
    describe_label(catalog, "cat", retired=True)
    assert keys() == {"owl": "1", "ant": "3"}
    add_label(catalog, "bee", key="1")
    assert keys() == {"bee": "1", "ant": "3", "owl": "2"}
    for n in range(7):
        add_label(catalog, f"more {n}")
    assert sorted(keys().values()) == list("123456789")
    assert {label: key for label, key in keys().items() if label in ("bee", "ant")} == {"bee": "1", "ant": "3"}


def test_a_page_of_chosen_images_has_proposals_and_leaves_out_what_is_unknown(queue):
    ids = [image.image_id for image in queue.page(18, "random").images]
    label_actions.label_images(queue.index.project, {ids[0]: "one", ids[1]: "two"}, "ann")
    page = queue.page_of([ids[5], ids[1], "f00"], "you asked for them")
    assert {image.image_id for image in page.images} == {ids[5], ids[1]}
    assert {image.proposed for image in page.images} <= {"one", "two"}
    assert (page.why, page.labelled, page.unlabelled) == ("you asked for them", 2, 16)


def test_labels_that_the_model_gave_are_no_answers_to_the_audit(queue):
    project = queue.index.project
    first, *_, last = (image.image_id for image in queue.page(18).images)
    label_actions.label_images(project, {first: "one", last: "two"}, "ann")
    asked = label_actions.audit_proposals(queue, 5)["images"]
    label_actions.accept_proposals(queue)
    snapshot = queue.index.snapshot()
    assert sorted(read_audit(queue.index.catalog).pending(snapshot)) == sorted(one["image_id"] for one in asked)
    estimate = label_actions.estimate_for_rest(queue)
    assert (estimate.audited, estimate.interval) == (0, (0.0, 1.0))
    label_actions.label_images(project, {one["image_id"]: "three" for one in asked}, "ann")
    estimate = label_actions.estimate_for_rest(queue)
    assert (estimate.audited, estimate.note) == (5, "it rests on 5 images only: audit more")


def test_the_sentence_about_the_rest_says_what_it_rests_on():
    guess = RestEstimate(900, 0, 0, 0.08, (0.0, 1.0), "no audit: the model's own guess")
    few = RestEstimate(900, 20, 2, 0.1, (0.012, 0.317), "it rests on 20 images only: audit more")
    begin = "If the rest takes what the model proposes, about"
    assert (
        rest_sentence(guess, 900) == f"{begin} 8 % will be wrong. That is the model's own guess: an audit measures it."
    )
    assert (
        rest_sentence(few, 900) == f"{begin} 10 % will be wrong (1.2 to 32 %; it rests on 20 images only: audit more)."
    )
    assert rest_sentence(few, 0).startswith("Of the labels that the model gave, about 10 % are wrong (1.2 to 32 %;")
    assert rest_sentence(RestEstimate(0, 0, 0, 0.0, (0.0, 1.0)), 0) == ""


def test_a_page_comes_while_other_images_have_no_features_and_says_how_many(queue, monkeypatch):
    go_on, extract = threading.Event(), background_features.extract_features
    monkeypatch.setattr(background_features, "FIRST", 8)
    monkeypatch.setattr(background_features, "extract_features", lambda *args: go_on.wait(60) and extract(*args))
    tab = made(LabelTab, queue.index.project)
    request = {"reviewer": "ann", "by": "random", "proposed": "", "like": "", "many": "24", "audit": ""}
    page = tab.next_page(request)
    assert (len(page["images"]), page["waiting"], page["empty"]) == (8, 10, "")
    assert tab.rest({"least": "0"})["sentence"] == ""
    labels = {image["image_id"]: "drawing" for image in page["images"]}
    label_actions.label_images(queue.index.project, labels, "ann")
    assert tab.next_page(request)["empty"] == "waiting"
    go_on.set()
    tab._queue.index._background._thread.join(60)
    page = tab.next_page(request)
    assert (page["labelled"], page["unlabelled"], page["waiting"]) == (8, 10, 0)


def asked(reviewer, **view):
    """What the page of a reviewer asks for."""
    return {"reviewer": reviewer, "by": "random", "proposed": "", "like": "", "many": "12", "audit": ""} | view


def entered(page, reviewer, label):
    """What the outbox sends when a reviewer gives a whole page its label."""
    choices = [{"image_id": image["image_id"], "action": "label", "to": label} for image in page["images"]]
    about = {name: page[name] for name in ("project", "since", "view")}
    return about | {"choices": choices, "reviewer": reviewer, "run": None, "kind": "label", "token": f"{reviewer}1",
                    "implied": True}  # fmt: skip


def ids_of(page):
    return {image["image_id"] for image in page["images"]}


def test_two_who_ask_at_the_same_moment_get_different_pages(queue):
    tab = made(LabelTab, queue.index.project)
    with ThreadPoolExecutor(2) as pool:
        ann, ben = pool.map(tab.next_page, [asked("ann", many="9"), asked("ben", many="9")])
    assert len(ids_of(ann) | ids_of(ben)) == 18


def test_the_page_of_one_who_left_comes_to_the_other_and_no_image_is_decided_twice(queue):
    now, project = 0.0, queue.index.project
    tab = made(LabelTab, project)
    tab._handed_out = HandedOut(clock=lambda: now)
    ann, ben = tab.next_page(asked("ann")), tab.next_page(asked("ben"))
    assert (len(ann["images"]), len(ben["images"])) == (12, 6)
    assert set(store(project, entered(ben, "ben", "two"))["stored"]) == ids_of(ben)
    now = SECONDS - 1
    assert tab.next_page(asked("ben"))["empty"] == "others"
    now = SECONDS
    again = tab.next_page(asked("ben"))
    assert ids_of(again) == ids_of(ann)
    store(project, entered(again, "ben", "two") | {"token": "ben2"})
    late = store(project, entered(ann, "ann", "one"))  # she had only closed her laptop
    assert late["stored"] == []
    history = queue.index.decision_log.history()
    assert sorted(row["image_id"] for row in history) == sorted(ids_of(ann) | ids_of(ben)), "one decision an image"
    assert {(row["reviewer"], row["to_label"]) for row in history} == {("ben", "two")}


def test_labels_that_are_no_plain_words_are_kept_as_they_are_typed(queue):
    odd = ("../../etc/passwd", "C:\\x", "x" * 200, "🐻‍❄️", "None", "007", "nan", "=1+1")
    project = queue.index.project
    tab = made(LabelTab, project)
    for number, label in enumerate(odd):
        page = tab.next_page(asked("ann", many="1"))
        answer = store(project, entered(page, "ann", label) | {"token": str(number)})
        assert {*answer["labels"].values()} == {label}
    shown = tab.next_page(asked("ann"))["labels"]
    assert {row["label"]: row["images"] for row in shown} == dict.fromkeys(odd, 1)
    assert sorted(row["key"] for row in shown) == list("12345678")
    assert tab.next_page(asked("ann", proposed="../../etc/passwd"))["only"] == "../../etc/passwd"
