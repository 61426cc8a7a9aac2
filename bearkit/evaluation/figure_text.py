"""Labels as a figure can write them: nothing is taken for mathematics, and no letter becomes an empty box."""

import importlib
from collections.abc import Sequence
from functools import lru_cache

LONGEST = 40  # letters of a label in a figure
OWN_FONT = "DejaVu Sans"  # matplotlib brings it
NO_LETTERS = (
    "Last Resort",
    "STIXNonUnicode",
    "STIXSize",
    "cm",
)  # it brings these too: boxes, or other letters than named


def labels_and_fonts(labels: Sequence[str]) -> tuple[list[str], list[str]]:
    """What to write for labels, and the font families to write it in.

    A label that no font here can write is its number, `1.` for the first; `unwritable` says which those are.
    """
    fonts = _fonts("".join(sorted({letter for label in labels for letter in label})))
    numbered = unwritable_labels(labels)
    return [f"{n + 1}." if n in numbered else one_line(label) for n, label in enumerate(labels)], list(fonts)


def unwritable_labels(labels: Sequence[str]) -> dict[int, str]:
    """The labels that no font here can write, by their place in the list."""
    letters = "".join(sorted({letter for label in labels for letter in label}))
    written = set().union(*(_letters_of(font) for font in _fonts(letters)))
    return {n: label for n, label in enumerate(labels) if not _shown(label) <= written}


def text_and_fonts(text: str) -> tuple[str, list[str]]:
    """A line of text and the fonts for it; letters that no font here can write are spelled in ASCII (`U+9ED1`)."""
    fonts = _fonts("".join(sorted(set(text))))
    written = set().union(*(_letters_of(font) for font in fonts))
    letters = (letter if _shown(letter) <= written else f"U+{ord(letter):04X}" for letter in text)
    return one_line("".join(letters), longest=1000), list(fonts)


def one_line(text: str, longest: int = LONGEST) -> str:
    r"""A text on one line that matplotlib takes for no mathematics.

    >>> print(plain("$$ and more"))
    \$\$ and more
    """
    line = " ".join(text.split())
    return (line if len(line) <= longest else line[: longest - 1] + "…").replace("$", r"\$")


def _shown(text: str) -> set[int]:
    return {ord(letter) for letter in text if not letter.isspace()}


@lru_cache(maxsize=64)
def _fonts(letters: str) -> tuple[str, ...]:
    """The font families to write these letters in: matplotlib's own, and those installed that have what it lacks."""
    fonts, missing = [OWN_FONT], _shown(letters) - _letters_of(OWN_FONT)
    for family in _installed() if missing else ():
        if found := missing & _letters_of(family):
            fonts.append(family)
            missing = missing - found
        if not missing:
            break
    return tuple(fonts)


@lru_cache(maxsize=1)
def _installed() -> dict[str, str]:
    """The files of the upright fonts of normal weight here, by the name of their family."""
    entries = importlib.import_module("matplotlib.font_manager").fontManager.ttflist
    usable = [entry for entry in entries if entry.style == "normal" and entry.weight in (400, "normal", "regular")]
    named = sorted((str(entry.name), str(entry.fname)) for entry in usable)
    return {name: file for name, file in named if not name.startswith(NO_LETTERS)}


@lru_cache(maxsize=1024)
def _letters_of(family: str) -> frozenset[int]:
    """The letters that a font has; none where matplotlib cannot draw it, as with coloured emoji."""
    manager = importlib.import_module("matplotlib.font_manager")
    try:
        return frozenset(manager.get_font(_installed()[family]).get_charmap())
    except (KeyError, OSError, RuntimeError, ValueError):
        return frozenset()
