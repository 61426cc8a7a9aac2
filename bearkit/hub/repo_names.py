"""Check names of repositories by the Hub's rules, before any long work begins."""

import re

from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

from bearkit.errors import PublishError

MAX_LENGTH = 96  # characters of a user's or a repository's name
RULES = (
    "USER/NAME, such as me/which-bear: letters without accents, digits, -, _ and .; no - or . at either end, "
    f"no -- or .., no .git at the end; at most {MAX_LENGTH} characters each"
)


def check_name(repo: str) -> None:
    """Check the name of a repository.

    Raises:
        PublishError: the name breaks a rule; the error says which one, the hint lists all.
    """
    if not repo.strip():
        raise PublishError("the name on the Hub is empty", hint=RULES)
    problem = _broken_rule(repo)
    if not problem:
        try:  # the installed client may have more rules
            validate_repo_id(repo)
        except HFValidationError as error:
            problem = str(error)
    if problem:
        raise PublishError(f"`{repo}` is not a valid name on the Hub: {problem}", hint=RULES)


def _broken_rule(repo: str) -> str:
    """Describe the first rule that a name breaks; "" if it breaks none."""
    if repo.count("/") != 1:
        return f"there must be one slash, between the user and the name, but there are {repo.count('/')}"
    for owner, name in zip(("user", "repository"), repo.split("/"), strict=True):
        if not name:
            return f"the {owner} has no name"
        if wrong := re.search(r"[^A-Za-z0-9_.-]", name):
            return f"{wrong.group()!r} is not allowed"
        if len(name) > MAX_LENGTH:
            return f"the {owner}'s name has {len(name)} characters, and at most {MAX_LENGTH} are allowed"
        if name[0] in "-." or name[-1] in "-.":
            return f"the {owner}'s name begins or ends with - or ."
        if "--" in name or ".." in name:
            return "-- and .. are not allowed"
        if name.endswith(".git"):
            return f"the {owner}'s name ends in .git"
    return ""


def name_from(text: str) -> str:
    """Make a valid name of a repository from another text, e.g. a folder's name.

    >>> name_from("my bears!"), name_from("a--b..c.git"), name_from("熊")
    ('my-bears', 'a-b.c', 'model')
    """
    name = re.sub(r"[^A-Za-z0-9_.]+", "-", text)
    name = re.sub(r"\.{2,}", ".", name)[:MAX_LENGTH].strip("-.")
    while name.endswith(".git"):
        name = name.removesuffix(".git").strip("-.")
    return name or "model"
