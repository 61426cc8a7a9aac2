"""Names on the Hub: the rules that huggingface_hub documents, and the errors that say which one is broken."""

import pytest
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id

from bearkit import push_model
from bearkit.errors import PublishError
from bearkit.hub.repo_names import check_name, name_from

GOOD = ["me/bears", "me/Which_bear.v2", "m/b", "an-org/x-1", "me/_x_", "me/123", f"me/{'a' * 96}", "me/bears.gitx"]
BAD = {
    "": "is empty",
    "  ": "is empty",
    "bears": "one slash",
    "datasets/me/bears": "there are 2",
    "https://huggingface.co/me/bears": "one slash",
    "/bears": "the user has no name",
    "me/": "the repository has no name",
    "/": "the user has no name",
    "me/a b": "' ' is not allowed",
    " me/a": "' ' is not allowed",
    "me/a\n": "is not allowed",
    "mé/a": "'é' is not allowed",
    "me/熊": "'熊' is not allowed",
    "me/a\u200bb": "is not allowed",
    "me/a:b": "':' is not allowed",
    "me/a--b": "-- and ..",
    "me/a..b": "-- and ..",
    "m--e/a": "-- and ..",
    "me/-a": "begins or ends",
    "me/a-": "begins or ends",
    "me/.a": "begins or ends",
    "me/a.": "begins or ends",
    "-me/a": "begins or ends",
    "me-/a": "begins or ends",
    "me/..": "begins or ends",
    "me/bears.git": "ends in .git",
    f"me/{'a' * 97}": "has 97 characters",
    f"{'m' * 97}/a": "has 97 characters",
}


@pytest.mark.parametrize("repo", GOOD)
def test_a_good_name_is_one_to_us_and_to_the_client(repo):
    check_name(repo)
    validate_repo_id(repo)


@pytest.mark.parametrize(("repo", "rule"), BAD.items(), ids=repr)
def test_a_bad_name_is_refused_with_the_rule_that_it_breaks(repo, rule):
    with pytest.raises(PublishError) as raised:
        check_name(repo)
    assert rule in str(raised.value)
    assert "USER/NAME" in raised.value.hint


@pytest.mark.parametrize("repo", ["me/a--b", "me/a..b", "me/x.git", "me/-a", "me/é", f"me/{'a' * 97}", "a/b/c"])
def test_no_name_that_the_client_refuses_is_let_through(repo):
    with pytest.raises(HFValidationError):
        validate_repo_id(repo)
    with pytest.raises(PublishError):
        check_name(repo)


@pytest.mark.parametrize(
    "text", ["my bears!", "a--b..c", "bears.git", "x.git.git", "-.-", "熊", "a" * 300, "", "..", "a_-"]
)
def test_a_name_made_from_a_folders_is_a_good_one(text):
    check_name(f"me/{name_from(text)}")


def test_a_bad_name_is_refused_before_anything_is_read_or_written(tmp_path):
    with pytest.raises(PublishError, match=r"ends in .git"):
        push_model(tmp_path / "no model here", "me/bears.git", dry_run=tmp_path / "dry")
    assert list(tmp_path.iterdir()) == []
