"""Clean and check the text of labels, and find labels that look alike.

Everything that writes a label to the catalogue calls `valid_label`: `Catalog.record`, `Catalog.update_image` and
`DecisionLog.decide`.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache

from bearkit.errors import BearkitError

TO_LABEL = "label some pictures: `bearkit label next`, or the tab Label of `bearkit studio`"  # a hint
MAX_LENGTH = 500  # characters of a label
MAX_NOTES = 5  # pairs of labels that are listed
UNSEEN = (  # invisible characters, without joiners and variation selectors (see `_is_needed`)
    *map(ord, "\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\ufeff"),
    *range(0x202A, 0x202F), *range(0x2060, 0x2070), *range(0xFFF9, 0xFFFC), *range(0x1D173, 0x1D17B),
)  # fmt: skip
BLANK = "\u2028\u2029\u2800\u3164\uffa0"  # look like a space, but Unicode calls them letters or line ends
LIGATURES = {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0xFB00, 0xFB07)}
TIDY = dict.fromkeys(UNSEEN) | {ord(char): " " for char in BLANK} | LIGATURES
JOINERS = range(0x200C, 0x200E)
VARIANTS = (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))
TAGS = range(0xE0000, 0xE0080)  # they name the region of a flag
FLAG, KEYCAP = "\U0001f3f4", "\u20e3"
PLAIN_SCRIPTS = 0x58F  # end of the Latin, Greek, Cyrillic and Armenian letters, which need no joiners
INVISIBLE = {"Cc", "Cf", "Cs", "Mn", "Me", "Zs", "Zl", "Zp"}  # Unicode categories that show nothing on their own
# Pairs of a letter and the Latin letter it looks like. Source: a part of Unicode's confusables.txt.
LOOKS_LATIN = (
    "аa еe оo рp сc уy хx іi јj ѕs һh ԁd ԛq ԝw ӏl АA ВB ЕE КK МM НH ОO РP СC ТT УY ХX ІI ЈJ ЅS ԌG ԚQ ԜW ӀI "
    "ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX οo νv ϲc ϳj օo ոn սu ɑa ɡg ıi ‘' ’' ʼ' ´' `' “\" ”\" ×x −- ⁄/ ∕/"
)
LATIN = {ord(pair[0]): pair[1] for pair in LOOKS_LATIN.split()}
NO_LOOK = dict.fromkeys((*JOINERS, *VARIANTS, *TAGS, *UNSEEN))


@lru_cache(maxsize=10_000)
def clean_label(text: str) -> str:
    r"""Clean a label: Unicode's NFC form, no invisible characters, one space between words.

    >>> [clean_label(text) for text in (" gri\u200bzzly ", "\ufb01sh", "black\u00a0 bear", "cafe\u0301")]
    ['grizzly', 'fish', 'black bear', 'café']
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    before = None
    while text != before:  # removing a character can make its neighbour unneeded
        before, text = text, _tidy(text)
    return text


def _tidy(text: str) -> str:
    text = "".join(" " if unicodedata.category(char) == "Zs" else char for char in text.translate(TIDY))
    result = ""
    for char, after in zip(text, text[1:] + " ", strict=False):
        result += char if _is_needed(result[-1:] or " ", char, after, text) else ""
    return re.sub(" +", " ", unicodedata.normalize("NFC", result)).strip()


def _is_needed(before: str, char: str, after: str, text: str) -> bool:
    """Return whether a character is visible, or changes how its neighbours look."""
    code = ord(char)
    if code in JOINERS:
        return ord(before) > PLAIN_SCRIPTS and ord(before) not in JOINERS
    if code in VARIANTS:
        return ord(before) > PLAIN_SCRIPTS or after == KEYCAP
    return code not in TAGS or FLAG in text


@lru_cache(maxsize=10_000)
def label_problem(text: str) -> str:
    r"""Return why a text is not a valid label, even after cleaning; "" if it is valid, or empty.

    >>> label_problem("black"), label_problem("a\0b"), label_problem("\u200b")
    ('', "its label has a control character ('a\\x00b')", "its label has no visible characters ('\\u200b')")
    """
    label = clean_label(text)
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in label):
        return f"its label has a control character ({ascii(label) if _is_broken(label) else repr(label)})"
    if text and all(unicodedata.category(char) in INVISIBLE for char in label):
        return f"its label has no visible characters ({ascii(text[:20])})"
    if len(label) > MAX_LENGTH:
        return f"its label has {len(label):,} characters, and {MAX_LENGTH} is the most ({label[:20]!r} ...)"
    return ""


def _is_broken(text: str) -> bool:
    """Return whether a text holds half of a surrogate pair, which cannot be printed."""
    return any(unicodedata.category(char) == "Cs" for char in text)


def valid_label(text: str, error: type[BearkitError]) -> str:
    """Return the cleaned label to store; "" for an empty text.

    Args:
        text: the label as given.
        error: class of the error.

    Raises:
        BearkitError: the text is not a valid label. It is of the class `error`.
    """
    if problem := label_problem(text):
        raise error(f"this cannot be a label: {problem}", hint="use letters that can be seen")
    return clean_label(text)


def repair_label(label: str) -> str:
    r"""Make an invalid label valid: shorten it, and replace control characters by spaces; "" if nothing is visible.

    >>> repair_label("a\tb\x1b"), repair_label("\u200b")
    ('a b', '')
    """
    text = "".join(" " if unicodedata.category(char) in ("Cc", "Cs") else char for char in label)
    text = clean_label(clean_label(text)[:MAX_LENGTH])
    return "" if label_problem(text) else text


def visible_label(label: str) -> str:
    r"""Return a label with escapes in place of its invisible characters, for messages.

    >>> print(visible_label("ca\u200bt"))
    ca\u200bt
    """
    hidden = [not char.isprintable() or ord(char) in NO_LOOK or char in BLANK for char in label]
    return "".join(ascii(char)[1:-1] if is_hidden else char for char, is_hidden in zip(label, hidden, strict=True))


def cleaning_note(text: str) -> str:
    r"""Return a sentence if cleaning changes how a label looks; "" otherwise.

    >>> cleaning_note("cat "), cleaning_note("cat"), cleaning_note("cafe\u0301")
    ('`cat ` is stored as `cat`', '', '')
    """
    label = clean_label(text)
    if unicodedata.normalize("NFC", text) == label or not label:
        return ""
    return f"`{visible_label(text)}` is stored as `{label}`"


def describe_look_alikes(new: Iterable[str], labels: Iterable[str]) -> list[str]:
    """Return sentences about new labels that look like other labels, and may be typing errors.

    Args:
        new: the labels to report about.
        labels: all labels, with or without the new ones.

    >>> describe_look_alikes(["Cat"], ["cat", "dog"])
    ['`Cat` looks like `cat`, and is another label: they differ in upper and lower case']
    """
    new = set(new)
    groups: dict[tuple[str, str], set[str]] = defaultdict(set)
    for label in {*new, *labels} - {""}:
        for key in _looks(label):
            groups[key].add(label)
    pairs = {
        (one, other)
        for group in groups.values()
        for one in group & new
        for other in group
        if one != other and (other not in new or one < other)
    }
    rows = [
        f"`{visible_label(a)}` looks like `{visible_label(b)}`, and is another label: {_unlike(a, b)}"
        for a, b in sorted(pairs)
    ]
    more = [f"{len(rows) - MAX_NOTES} more pairs of labels look alike"] if len(rows) > MAX_NOTES else []
    return rows[:MAX_NOTES] + more


def _looks(label: str) -> Sequence[tuple[str, str]]:
    """Return two keys that labels that look alike share: by their shape, and by their words without case and dashes."""
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", label).translate(NO_LOOK).translate(LATIN))
    text = "".join("-" if unicodedata.category(char) == "Pd" else char for char in text)
    words = re.sub(r"(?<=\w)[-_ ]+(?=\w)", " ", text.casefold()).strip(" .")
    return ("look", text.replace("I", "l").replace("|", "l")), ("words", words)


def _unlike(one: str, other: str) -> str:
    """Return a phrase about the difference of two labels that look alike."""
    if one.casefold() == other.casefold():
        return "they differ in upper and lower case"
    differing = sorted({*one} ^ {*other})
    named = [f"{unicodedata.name(char, 'a character')} (U+{ord(char):04X})" for char in differing if ord(char) > 127]
    if named:
        return f"one of them has {', '.join(named[:3])}"
    return f"they differ in {' and '.join(f'`{char}`' for char in differing) or 'what is between their words'}"
