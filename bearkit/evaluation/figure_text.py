"""Text in figures: matplotlib must not read it as mathematics, and every character needs a font that has it."""

import importlib
from collections.abc import Sequence
from functools import lru_cache

MAX_LABEL_LENGTH = 40  # characters of a label in a figure
DEFAULT_FONT = "DejaVu Sans"  # comes with matplotlib
# Fonts of matplotlib's that draw boxes, or other characters than the text has.
UNUSABLE_FONTS = ("Last Resort", "STIXNonUnicode", "STIXSize", "cm")


def labels_and_fonts(labels: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return labels as a figure can show them, and the font families to draw them with.

    A label that no installed font can draw becomes its number, `1.` for the first; see `unwritable_labels`.
    """
    fonts = _fonts(_characters(labels))
    numbered = unwritable_labels(labels)
    return [f"{n + 1}." if n in numbered else one_line(label) for n, label in enumerate(labels)], list(fonts)


def unwritable_labels(labels: Sequence[str]) -> dict[int, str]:
    """Return the labels that no installed font can draw, by their place in the list."""
    drawable = set().union(*(_code_points_of_font(font) for font in _fonts(_characters(labels))))
    return {n: label for n, label in enumerate(labels) if not _code_points(label) <= drawable}


def text_and_fonts(text: str) -> tuple[str, list[str]]:
    """Return a line of text as a figure can show it, and the font families to draw it with.

    A character that no installed font can draw is written as its code point, like `U+9ED1`.
    """
    fonts = _fonts(_characters([text]))
    drawable = set().union(*(_code_points_of_font(font) for font in fonts))
    characters = (c if _code_points(c) <= drawable else f"U+{ord(c):04X}" for c in text)
    return one_line("".join(characters), max_length=1000), list(fonts)


def one_line(text: str, max_length: int = MAX_LABEL_LENGTH) -> str:
    r"""Return a text on one line, shortened, with `$` escaped so that matplotlib reads no mathematics.

    >>> print(one_line("$$ and more"))
    \$\$ and more
    """
    line = " ".join(text.split())
    return (line if len(line) <= max_length else line[: max_length - 1] + "…").replace("$", r"\$")


def _characters(texts: Sequence[str]) -> str:
    """All characters of texts, once each and sorted: the key of `_fonts`' cache."""
    return "".join(sorted({character for text in texts for character in text}))


def _code_points(text: str) -> set[int]:
    return {ord(character) for character in text if not character.isspace()}


@lru_cache(maxsize=64)
def _fonts(characters: str) -> tuple[str, ...]:
    """Choose font families to draw these characters: the default one, then installed ones that have the rest."""
    fonts, missing = [DEFAULT_FONT], _code_points(characters) - _code_points_of_font(DEFAULT_FONT)
    for family in _installed_fonts() if missing else ():
        if drawn := missing & _code_points_of_font(family):
            fonts.append(family)
            missing = missing - drawn
        if not missing:
            break
    return tuple(fonts)


@lru_cache(maxsize=1)
def _installed_fonts() -> dict[str, str]:
    """The files of the installed upright fonts of normal weight, by family name."""
    entries = importlib.import_module("matplotlib.font_manager").fontManager.ttflist
    usable = [entry for entry in entries if entry.style == "normal" and entry.weight in (400, "normal", "regular")]
    files = sorted((str(entry.name), str(entry.fname)) for entry in usable)
    return {family: file for family, file in files if not family.startswith(UNUSABLE_FONTS)}


@lru_cache(maxsize=1024)
def _code_points_of_font(family: str) -> frozenset[int]:
    """The code points that a font has; none if matplotlib cannot draw it, as with coloured emoji."""
    manager = importlib.import_module("matplotlib.font_manager")
    try:
        return frozenset(manager.get_font(_installed_fonts()[family]).get_charmap())
    except (KeyError, OSError, RuntimeError, ValueError):
        return frozenset()
