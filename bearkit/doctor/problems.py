"""The problems that `bearkit doctor` finds, and how they are printed."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from bearkit.core.text import count


@dataclass(frozen=True)
class Problem:
    """A problem in a project.

    Attributes:
        what: a description.
        where: the file or folder.
        hint: how to fix it, or how it was fixed.
        mended: whether it was fixed.
    """

    what: str
    where: str
    hint: str
    mended: bool = False

    def done(self, how: str) -> "Problem":
        """Return the problem as fixed; `how` becomes its hint."""
        return replace(self, hint=how, mended=True)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as the command line prints them."""
        return asdict(self)


def in_words(result: dict[str, Any], place: str = "") -> str:
    """Write the doctor's result as text. `place` is the project option that the next command needs."""
    lines = []
    for problem in result["problems"]:
        word = "mended" if problem["mended"] else "hint"
        lines += [f"{problem['where']}: {problem['what']}", f"  {word}: {problem['hint']}"]
    lines += [f"Note: {note}" for note in result["notes"]]
    left = left_over(result, place)
    lines.append("Everything is in order." if result["ok"] else f"{left['error']}: {left['hint']}")
    return "\n".join(lines)


def left_over(result: dict[str, Any], place: str = "") -> dict[str, str]:
    """Return the number of problems left as an error, with its hint."""
    left = sum(not problem["mended"] for problem in result["problems"])
    return {"error": f"{count(left, 'problem')} left", "hint": f"bearkit doctor --mend{place}"}
