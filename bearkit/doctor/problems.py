"""What the doctor finds."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from bearkit.core.text import count


@dataclass(frozen=True)
class Problem:
    """One thing that is not in order.

    Attributes:
        what: is wrong.
        where: the file or folder.
        hint: what helps; what was done, where it is mended.
        mended: whether it is in order now.
    """

    what: str
    where: str
    hint: str
    mended: bool = False

    def done(self, how: str) -> "Problem":
        """The same, mended."""
        return replace(self, hint=how, mended=True)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as the command line prints them."""
        return asdict(self)


def in_words(result: dict[str, Any], place: str = "") -> str:
    """What the doctor found, for people; `place` is how the next command names the project."""
    lines = []
    for problem in result["problems"]:
        word = "mended" if problem["mended"] else "hint"
        lines += [f"{problem['where']}: {problem['what']}", f"  {word}: {problem['hint']}"]
    lines += [f"Note: {note}" for note in result["notes"]]
    left = left_over(result, place)
    lines.append("Everything is in order." if result["ok"] else f"{left['error']}: {left['hint']}")
    return "\n".join(lines)


def left_over(result: dict[str, Any], place: str = "") -> dict[str, str]:
    """That there are problems left, as an error and its hint."""
    left = sum(not problem["mended"] for problem in result["problems"])
    return {"error": f"{count(left, 'problem')} left", "hint": f"bearkit doctor --mend{place}"}
