"""Labels: what a text is as a label, why a text can be none, and which labels look alike.

Whatever writes a label into the catalogue (`Catalog.record`, `Catalog.amend`, `Ledger.decide`) calls `stored`.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache

from bearkit.errors import BearkitError

MOST = 500  # characters of a label
NAMED = 5  # sentences about labels that look alike
UNSEEN = (  # characters that nobody sees; those that join letters or vary an emoji are in `_is_needed`
    *map(ord, "\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\ufeff"),
    *range(0x202A, 0x202F), *range(0x2060, 0x2070), *range(0xFFF9, 0xFFFC), *range(0x1D173, 0x1D17B),
)  # fmt: skip
BLANK = "\u2028\u2029\u2800\u3164\uffa0"  # characters that look like a space, and are letters or line ends to Unicode
LIGATURES = {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0xFB00, 0xFB07)}
TIDY = dict.fromkeys(UNSEEN) | {ord(char): " " for char in BLANK} | LIGATURES
JOINERS = range(0x200C, 0x200E)
VARIANTS = (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))
TAGS = range(0xE0000, 0xE0080)  # they spell the region of a flag
FLAG, KEYCAP = "\U0001f3f4", "\u20e3"
PLAIN_SCRIPTS = 0x58F  # Latin, Greek, Cyrillic and Armenian letters end here: nothing joins them
INVISIBLE = {"Cc", "Cf", "Cs", "Mn", "Me", "Zs", "Zl", "Zp"}  # Unicode's categories of what is nothing by itself
# Letters of other alphabets that look like Latin ones, each before the Latin one (part of Unicode's confusables.txt).
LOOKS_LATIN = (
    "аa еe оo рp сc уy хx іi јj ѕs һh ԁd ԛq ԝw ӏl АA ВB ЕE КK МM НH ОO РP СC ТT УY ХX ІI ЈJ ЅS ԌG ԚQ ԜW ӀI "
    "ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX οo νv ϲc ϳj օo ոn սu ɑa ɡg ıi ‘' ’' ʼ' ´' `' “\" ”\" ×x −- ⁄/ ∕/"
)
LATIN = {ord(pair[0]): pair[1] for pair in LOOKS_LATIN.split()}
NO_LOOK = dict.fromkeys((*JOINERS, *VARIANTS, *TAGS, *UNSEEN))


@lru_cache(maxsize=10_000)
def label_of(text: str) -> str:
    r"""A text as a label: one form of each letter, no characters that nobody sees, one space between words.

    >>> label_of(" gri\u200bzzly "), label_of("\ufb01sh"), label_of("black\u00a0 bear"), label_of("cafe\u0301")
    ('grizzly', 'fish', 'black bear', 'café')
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    before = None
    while text != before:  # what was beside a character that is gone may not be needed any more
        before, text = text, _tidied(text)
    return text


def _tidied(text: str) -> str:
    text = "".join(" " if unicodedata.category(char) == "Zs" else char for char in text.translate(TIDY))
    kept = ""
    for char, after in zip(text, text[1:] + " ", strict=False):
        kept += char if _is_needed(kept[-1:] or " ", char, after, text) else ""
    return re.sub(" +", " ", unicodedata.normalize("NFC", kept)).strip()


def _is_needed(before: str, char: str, after: str, text: str) -> bool:
    """Whether a character can be seen, or changes how its neighbours look."""
    code = ord(char)
    if code in JOINERS:
        return ord(before) > PLAIN_SCRIPTS and ord(before) not in JOINERS
    if code in VARIANTS:
        return ord(before) > PLAIN_SCRIPTS or after == KEYCAP
    return code not in TAGS or FLAG in text


@lru_cache(maxsize=10_000)
def label_problem(text: str) -> str:
    r"""Why a text cannot be a label, also once it is tidied; "" where it can. No text is no label, and no problem.

    >>> label_problem("black"), label_problem("a\0b"), label_problem("\u200b")
    ('', "its label holds a control character ('a\\x00b')", "its label holds nothing that can be seen ('\\u200b')")
    """
    label = label_of(text)
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in label):
        return f"its label holds a control character ({ascii(label) if _is_broken(label) else repr(label)})"
    if text and all(unicodedata.category(char) in INVISIBLE for char in label):
        return f"its label holds nothing that can be seen ({ascii(text[:20])})"
    if len(label) > MOST:
        return f"its label has {len(label):,} characters, and {MOST} is the most ({label[:20]!r} ...)"
    return ""


def _is_broken(text: str) -> bool:
    """Whether a text holds half of a character, which cannot be printed."""
    return any(unicodedata.category(char) == "Cs" for char in text)


def stored(text: str, error: type[BearkitError]) -> str:
    """The label that a text is stored as; none for no text.

    Args:
        text: what came.
        error: what to raise where it can be no label.
    """
    if problem := label_problem(text):
        raise error(f"this cannot be a label: {problem}", hint="name a label with letters that can be seen")
    return label_of(text)


def mended(label: str) -> str:
    r"""What a label that is none would be as one; "" where nothing of it can be seen.

    >>> mended("a\tb\x1b"), mended("\u200b")
    ('a b', '')
    """
    text = "".join(" " if unicodedata.category(char) in ("Cc", "Cs") else char for char in label)
    text = label_of(label_of(text)[:MOST])
    return "" if label_problem(text) else text


def shown(label: str) -> str:
    r"""A label in which everything can be seen, for sentences about it.

    >>> print(shown("ca\u200bt"))
    ca\u200bt
    """
    unseen = [not char.isprintable() or ord(char) in NO_LOOK or char in BLANK for char in label]
    return "".join(ascii(char)[1:-1] if no else char for char, no in zip(label, unseen, strict=True))


def cleaning(text: str) -> str:
    r"""A sentence about a text that is stored as another label; "" where it is the same, or looks it.

    >>> cleaning("cat "), cleaning("cat"), cleaning("cafe\u0301")
    ('`cat ` is stored as `cat`', '', '')
    """
    label = label_of(text)
    if unicodedata.normalize("NFC", text) == label or not label:
        return ""
    return f"`{shown(text)}` is stored as `{label}`"


def look_alikes(new: Iterable[str], labels: Iterable[str]) -> list[str]:
    """Sentences about labels that look like others: nobody may have meant two.

    Args:
        new: the labels that are told of.
        labels: all labels, the new ones among them or not.

    >>> look_alikes(["Cat"], ["cat", "dog"])
    ['`Cat` looks like `cat`, and is another label: they differ in upper and lower case']
    """
    told = set(new)
    of: dict[tuple[str, str], set[str]] = defaultdict(set)
    for label in {*told, *labels} - {""}:
        for key in _looks(label):
            of[key].add(label)
    pairs = {
        (one, other)
        for group in of.values()
        for one in group & told
        for other in group
        if one != other and (other not in told or one < other)
    }
    rows = [f"`{shown(a)}` looks like `{shown(b)}`, and is another label: {_unlike(a, b)}" for a, b in sorted(pairs)]
    more = [f"{len(rows) - NAMED} more pairs of labels look alike"] if len(rows) > NAMED else []
    return rows[:NAMED] + more


def _looks(label: str) -> Sequence[tuple[str, str]]:
    """What the eye sees of a label, and what it sees without case, separators, and a dot at the end."""
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", label).translate(NO_LOOK).translate(LATIN))
    text = "".join("-" if unicodedata.category(char) == "Pd" else char for char in text)
    words = re.sub(r"(?<=\w)[-_ ]+(?=\w)", " ", text.casefold()).strip(" .")
    return ("look", text.replace("I", "l").replace("|", "l")), ("words", words)


def _unlike(one: str, other: str) -> str:
    """In what two labels that look alike differ."""
    if one.casefold() == other.casefold():
        return "they differ in upper and lower case"
    differing = sorted({*one} ^ {*other})
    named = [f"{unicodedata.name(char, 'a character')} (U+{ord(char):04X})" for char in differing if ord(char) > 127]
    if named:
        return f"one of them has {', '.join(named[:3])}"
    return f"they differ in {' and '.join(f'`{char}`' for char in differing) or 'what is between their words'}"
