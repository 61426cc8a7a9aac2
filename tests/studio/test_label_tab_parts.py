"""What the Label tab asks of the library: pages for several people, keys of labels, audits that people answer."""

import base64
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from bearkit import Project, import_images
from bearkit.catalog.decision_types import DecisionRequest
from bearkit.catalog.label_set import add_label, describe_label, label_set
from bearkit.catalog.settings import label_order
from bearkit.core.text import proposals_error_sentence
from bearkit.labelling import background_features, label_actions
from bearkit.labelling.audit import RestEstimate, read_audit
from bearkit.labelling.handed_out import SECONDS, HandedOut
from bearkit.labelling.image_map import ImageMap
from bearkit.labelling.label_keys import label_keys
from bearkit.labelling.label_queue import LabelQueue
from bearkit.labelling.map_labels import GONE, NONE, label_codes
from bearkit.studio.label import LabelTab
from bearkit.studio.label_map import ids_of, map_answer
from bearkit.studio.outbox import store
from bearkit.studio.review import ReviewTab
from bearkit.studio.shared_index import SharedIndex
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


def test_a_chosen_page_begins_with_what_is_to_label_and_proposes_the_labels_that_images_have(queue):
    ids = [image.image_id for image in queue.page(18, "random").images]
    label_actions.label_images(queue.index.project, {ids[0]: "one", ids[1]: "two", ids[2]: "one"}, "ann")
    whole = queue.page_of(ids[:8], "chosen").images
    assert [{image.image_id for image in part} for part in (whole[5:7], whole[7:])] == [{ids[0], ids[2]}, {ids[1]}]
    assert [image.proposed for image in whole[5:]] == ["one", "one", "two"]
    for label in ("one", "two"):
        sure = [image.probability for image in whole[:5] if image.proposed == label]
        assert sure == sorted(sure, reverse=True)
    assert queue.page_of(ids[:8], "chosen", 4).images == whole[:4]


def test_the_map_knows_labels_proposals_audits_and_deleted_images(queue):
    project = queue.index.project
    ids = [image.image_id for image in queue.page(18, "random").images]
    asked = {one["image_id"] for one in label_actions.audit_proposals(queue, 4)["images"]}
    first, second, third, *rest = (one for one in ids if one not in asked)
    codes = label_codes(queue, queue.index.snapshot())
    assert {*codes.tolist()} == {NONE}
    label_actions.label_images(project, {first: "one", second: "two"}, "ann")
    queue.index.decision_log.decide([DecisionRequest(third, "delete")], "ann")

    def code_of():
        snapshot = queue.index.snapshot()
        return dict(
            zip((image.image_id for image in snapshot.images), label_codes(queue, snapshot).tolist(), strict=True)
        )

    now = code_of()
    assert (now[first], now[second], now[third]) == (0, 1, GONE)
    assert {now[one] for one in asked} == {NONE}  # blind
    proposed = {image.image_id: -2 - ("one", "two").index(image.proposed) for image in queue.page(18, "random").images}
    assert {one: now[one] for one in rest} == {one: proposed[one] for one in rest}
    label_actions.accept_proposals(queue)
    assert {code_of()[one] for one in rest} <= {-2, -3}  # nobody has confirmed what the model gave


def test_the_review_shows_no_labelled_look_alikes_of_an_image_of_the_audit(queue):
    project = queue.index.project
    first, second, *_ = (image.image_id for image in queue.page(18).images)
    label_actions.label_images(project, {first: "one", second: "two"}, "ann")
    asked = label_actions.audit_proposals(queue, 4)["images"][0]["image_id"]
    tab = made(ReviewTab, project, SharedIndex(project))
    assert tab.details({"image_id": first})["neighbours"]
    assert tab.details({"image_id": asked})["neighbours"] == []
    label_actions.label_images(project, {asked: "one"}, "ann")
    assert tab.details({"image_id": asked})["neighbours"]


def test_an_image_costs_ten_bytes_once_and_two_after_each_page(queue):
    snapshot, shown = queue.index.snapshot(), ImageMap(queue)
    where = shown.positions(snapshot)
    answer = map_answer(queue, snapshot, where, "", known="")
    packed = base64.b64decode(answer["dots"])
    assert len(packed) == 10 * 18
    assert len(base64.b64decode(answer["codes"])) == 2 * 18
    places = np.frombuffer(packed, "<u2", 36).reshape(18, 2) / 65535
    assert np.abs(places - where.values).max() < 1e-5
    beginnings = [packed[72 + 6 * n : 78 + 6 * n].hex() for n in range(18)]
    assert ids_of(snapshot, [*beginnings, "f00f00f00f00"]) == [image.image_id for image in snapshot.images]
    again = map_answer(queue, snapshot, where, "", known=answer["version"])
    assert (again["dots"], again["codes"]) == ("", answer["codes"])


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
        proposals_error_sentence(guess.as_dict(), 900)
        == f"{begin} 8 % will be wrong. That is the model's own guess: an audit measures it."
    )
    assert (
        proposals_error_sentence(few.as_dict(), 900)
        == f"{begin} 10 % will be wrong (1.2 to 32 %; it rests on 20 images only: audit more)."
    )
    assert proposals_error_sentence(few.as_dict(), 0).startswith(
        "Of the labels that the model gave, about 10 % are wrong (1.2 to 32 %;"
    )
    assert proposals_error_sentence(RestEstimate(0, 0, 0, 0.0, (0.0, 1.0)).as_dict(), 0) == ""


def test_a_page_comes_while_other_images_have_no_features_and_says_how_many(queue, monkeypatch):
    go_on, extract = threading.Event(), background_features.extract_features
    monkeypatch.setattr(background_features, "FIRST", 8)
    monkeypatch.setattr(background_features, "extract_features", lambda *args: go_on.wait(60) and extract(*args))
    tab = made(LabelTab, queue.index.project, SharedIndex(queue.index.project))
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


def shown_ids(page):
    return {image["image_id"] for image in page["images"]}


def test_two_who_ask_at_the_same_moment_get_different_pages(queue):
    tab = made(LabelTab, queue.index.project, SharedIndex(queue.index.project))
    with ThreadPoolExecutor(2) as pool:
        ann, ben = pool.map(tab.next_page, [asked("ann", many="9"), asked("ben", many="9")])
    assert len(shown_ids(ann) | shown_ids(ben)) == 18


def test_the_page_of_one_who_left_comes_to_the_other_and_no_image_is_decided_twice(queue):
    now, project = 0.0, queue.index.project
    tab = made(LabelTab, project, SharedIndex(project))
    tab._handed_out = HandedOut(clock=lambda: now)
    ann, ben = tab.next_page(asked("ann")), tab.next_page(asked("ben"))
    assert (len(ann["images"]), len(ben["images"])) == (12, 6)
    assert set(store(project, entered(ben, "ben", "two"))["stored"]) == shown_ids(ben)
    now = SECONDS - 1
    assert tab.next_page(asked("ben"))["empty"] == "others"
    now = SECONDS
    again = tab.next_page(asked("ben"))
    assert shown_ids(again) == shown_ids(ann)
    store(project, entered(again, "ben", "two") | {"token": "ben2"})
    late = store(project, entered(ann, "ann", "one"))  # she had only closed her laptop
    assert late["stored"] == []
    history = queue.index.decision_log.history()
    assert sorted(row["image_id"] for row in history) == sorted(shown_ids(ann) | shown_ids(ben)), (
        "one decision an image"
    )
    assert {(row["reviewer"], row["to_label"]) for row in history} == {("ben", "two")}


def test_a_page_that_was_closed_comes_to_the_other_but_not_a_newer_one_of_the_same_person(queue):
    tab = made(LabelTab, queue.index.project, SharedIndex(queue.index.project))
    old = tab.next_page(asked("ann", many="6"))
    new = tab.next_page(asked("ann", many="12"))  # in another window
    tab.give_up({"reviewer": "ann", "images": sorted(shown_ids(old))})
    assert not shown_ids(tab.next_page(asked("ben", many="18"))) & shown_ids(new)
    tab.give_up({"reviewer": "ann", "images": sorted(shown_ids(new))})
    tab.give_up({"reviewer": "eve", "images": ["nothing"]})
    assert len(shown_ids(tab.next_page(asked("ben", many="18")))) == 18


def test_nobody_looks_at_the_images_of_a_catalogue_that_takes_the_place_of_another(queue, tmp_path):
    project = queue.index.project
    shutil.copytree(project.root, tmp_path / "copy")
    tab = made(LabelTab, project, SharedIndex(project))
    assert len(shown_ids(tab.next_page(asked("ann", many="18")))) == 18
    assert tab.next_page(asked("ben"))["empty"] == "others"
    shutil.rmtree(project.root)
    (tmp_path / "copy").rename(project.root)
    assert len(shown_ids(tab.next_page(asked("ben", many="18")))) == 18


def test_labels_that_are_no_plain_words_are_kept_as_they_are_typed(queue):
    odd = ("../../etc/passwd", "C:\\x", "x" * 200, "🐻‍❄️", "None", "007", "nan", "=1+1")
    project = queue.index.project
    tab = made(LabelTab, project, SharedIndex(project))
    for number, label in enumerate(odd):
        page = tab.next_page(asked("ann", many="1"))
        answer = store(project, entered(page, "ann", label) | {"token": str(number)})
        assert {*answer["labels"].values()} == {label}
    shown = tab.next_page(asked("ann"))["labels"]
    assert {row["label"]: row["images"] for row in shown} == dict.fromkeys(odd, 1)
    assert sorted(row["key"] for row in shown) == list("12345678")
    assert tab.next_page(asked("ann", proposed="../../etc/passwd"))["only"] == "../../etc/passwd"
