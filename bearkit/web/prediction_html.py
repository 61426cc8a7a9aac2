"""HTML of the Predict page from plain values. Every text is escaped here."""

import base64
from collections.abc import Sequence
from html import escape
from typing import Any

from bearkit.core.text import UNKNOWN, error_rate_sentence, percent, unknown_sentence
from bearkit.inference.model_info import ModelInfo
from bearkit.inference.occlusion import Explanation
from bearkit.inference.predictor import Neighbour, Prediction

LONG = 30  # letters of a label; longer ones are cut where space is short


def head(labels: str, info: ModelInfo, links: Sequence[tuple[str, str]] = ()) -> str:
    """Return the heading of a model's page: its labels, its error rate, and links.

    Args:
        labels: the labels as one text.
        info: what the model folder says about its training.
        links: (address, text) pairs.
    """
    error = error_rate_sentence(info.as_dict())
    more = "".join(f'<a href="{escape(address)}">{escape(words)}</a>' for address, words in links)
    return f'<div class="bk-head"><h1>{escape(labels)}</h1><span>{escape(error)}</span>{more}</div>'


class Safe(str):
    """HTML in which every text is escaped already."""


def cut(text: Any) -> str:
    """Return a text that is shown in at most a few lines, and in full on hover; `Safe` HTML stays as it is."""
    if isinstance(text, Safe):
        return text
    shown = escape(str(text))
    return f'<span class="bk-cut" title="{shown}">{shown}</span>' if len(str(text)) > LONG else shown


def note(text: str, good: bool = True) -> str:
    """Return a sentence with a coloured mark: green for good news, red for a problem."""
    return f'<div class="{"bk-ok" if good else "bk-bad"}">{escape(text)}</div>'


def prediction(found: Prediction, milliseconds: float) -> str:
    """Return the predicted label in large letters, or "none of these" for an unknown picture."""
    spent = f'<span class="bk-quiet">in {milliseconds:.0f} ms</span>'
    if found.known:
        sure = f"{percent(found.probability)} sure"
        return f'<div class="bk-big">{cut(found.label)}</div><div>{sure}, {spent}</div>'
    closest = unknown_sentence(cut(found.label), found.similarity, found.threshold)
    return f'<div class="bk-big">{UNKNOWN}</div><div>{closest}, {spent}</div>'


def small_copy(picture: bytes, frame: str) -> str:
    """Return a small JPEG of a picture that browsers cannot show, for the answer and for the field that it is in.

    Args:
        picture: the JPEG.
        frame: the CSS class of the field.
    """
    words = "This is how your picture was read; browsers cannot show files of this type."
    image = f'<img alt="your picture" src="{_embedded(picture)}">'
    instead = f'<style>.{frame} img {{ content: url("{_embedded(picture)}"); }}</style>'  # not a broken image
    return f'{instead}<div class="bk-pictures"><figure>{image}<figcaption>{words}</figcaption></figure></div>'


def explanation(found: Explanation, near: Sequence[Neighbour]) -> str:
    """Return the heat map of an explanation, and the most similar training images."""
    label = escape(found.prediction.label)
    caption = f"Orange: areas that pointed to <b>{label}</b>. The model sees only this part of the picture."
    shown = (
        f'<figure><img alt="heat map" src="{_embedded(found.as_jpeg())}"><figcaption>{caption}</figcaption></figure>'
        if found.evidence.max() > 0
        else note(f"No single area of the picture pointed to {found.prediction.label}.")
    )
    pictures = "".join(
        f'<figure><img alt="" src="{_embedded(one.thumbnail)}"><figcaption>{cut(one.label)}'
        f'<br><span class="bk-quiet">{one.cosine:.2f}</span></figcaption></figure>'
        for one in near
    )
    like = f'<div>Most similar training pictures:</div><div class="bk-pictures bk-near">{pictures}</div>'
    return f'<div class="bk-why">{shown}{like if near else ""}</div>'


def _embedded(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
