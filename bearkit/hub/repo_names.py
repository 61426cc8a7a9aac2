"""What a repository on the Hub can be called: the Hub's rules, so that nothing long begins under a name it refuses."""

import re

from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

from bearkit.errors import PublishError

LONGEST = 96  # characters of a user's or a repository's name
RULES = (
    "USER/NAME, such as me/which-bear: letters without accents, digits, -, _ and .; no - or . at either end, "
    f"no -- or .., no .git at the end; at most {LONGEST} characters each"
)


def check_name(repo: str) -> None:
    """See that something can be a repository's name.

    Raises:
        PublishError: it cannot; the error says which rule it breaks, the hint all of them.
    """
    if not repo.strip():
        raise PublishError("the name on the Hub is empty", hint=RULES)
    broken = _broken(repo)
    if not broken:
        try:  # what the client of today refuses beyond these rules
            validate_repo_id(repo)
        except HFValidationError as error:
            broken = str(error)
    if broken:
        raise PublishError(f"`{repo}` is no name on the Hub: {broken}", hint=RULES)


def _broken(repo: str) -> str:
    """The first rule that a name breaks; "" for none."""
    if repo.count("/") != 1:
        return f"there must be one slash, between the user and the name, but there are {repo.count('/')}"
    for what, name in zip(("user", "repository"), repo.split("/"), strict=True):
        if not name:
            return f"the {what} has no name"
        if wrong := re.search(r"[^A-Za-z0-9_.-]", name):
            return f"{wrong.group()!r} is not allowed"
        if len(name) > LONGEST:
            return f"the {what}'s name has {len(name)} characters, and at most {LONGEST} are allowed"
        if name[0] in "-." or name[-1] in "-.":
            return f"the {what}'s name begins or ends with - or ."
        if "--" in name or ".." in name:
            return "-- and .. are not allowed"
        if name.endswith(".git"):
            return f"the {what}'s name ends in .git"
    return ""


def name_from(text: str) -> str:
    """A repository's name made from another one, a folder's for example.

    >>> name_from("my bears!"), name_from("a--b..c.git"), name_from("熊")
    ('my-bears', 'a-b.c', 'model')
    """
    name = re.sub(r"[^A-Za-z0-9_.]+", "-", text)
    name = re.sub(r"\.{2,}", ".", name)[:LONGEST].strip("-.")
    while name.endswith(".git"):
        name = name.removesuffix(".git").strip("-.")
    return name or "model"
