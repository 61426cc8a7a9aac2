"""What the Predict page says, as pieces of page from plain values. Every text is escaped here."""

import base64
from collections.abc import Sequence
from html import escape
from typing import Any

from bearkit.core.text import UNKNOWN, error_rate_sentence, percent, unknown_sentence
from bearkit.inference.model_info import ModelInfo
from bearkit.inference.occlusion import Explanation
from bearkit.inference.predictor import Neighbour, Prediction

LONG = 30  # letters of a label; a longer one is cut where there is little room


def head(labels: str, info: ModelInfo, links: Sequence[tuple[str, str]] = ()) -> str:
    """What a model tells apart, and how well."""
    error = error_rate_sentence(info.as_dict())
    more = "".join(f'<a href="{escape(address)}">{escape(name)}</a>' for address, name in links)
    return f'<div class="bk-head"><h1>{escape(labels)}</h1><span>{escape(error)}</span>{more}</div>'


def cut(text: Any) -> str:
    """A text that is shown in a few lines at most, and whole where one points at it."""
    shown = escape(str(text))
    return f'<span class="bk-cut" title="{shown}">{shown}</span>' if len(str(text)) > LONG else shown


def note(text: str, good: bool = True) -> str:
    """A sentence that stands out."""
    return f'<div class="{"bk-ok" if good else "bk-bad"}">{escape(text)}</div>'


def prediction(found: Prediction, milliseconds: float) -> str:
    """One label in large letters, or none of these."""
    spent = f'<span class="bk-quiet">in {milliseconds:.0f} ms</span>'
    if found.known:
        sure = f"{percent(found.probability)} sure"
        return f'<div class="bk-big">{cut(found.label)}</div><div>{sure}, {spent}</div>'
    unlike = unknown_sentence(cut(found.label))
    return f'<div class="bk-big">{UNKNOWN}</div><div>{unlike}; {spent}</div>'


def seen(picture: bytes, frame: str) -> str:
    """A small JPEG of a picture that browsers do not show, here and in the frame (a class of CSS) where it was put."""
    words = "This is how your picture was read; browsers do not show files of its kind."
    image = f'<img alt="your picture" src="{_embedded(picture)}">'
    instead = f'<style>.{frame} img {{ content: url("{_embedded(picture)}"); }}</style>'  # or there is a broken image
    return f'{instead}<div class="bk-pictures"><figure>{image}<figcaption>{words}</figcaption></figure></div>'


def why(found: Explanation, near: Sequence[Neighbour]) -> str:
    """Where the evidence was, and the training pictures most like this one."""
    label = escape(found.prediction.label)
    shown = (
        f'<figure><img alt="heat map" src="{_embedded(found.as_jpeg())}"><figcaption>Orange: what spoke for <b>{label}'
        "</b>. The model sees this part of the picture only.</figcaption></figure>"
        if found.evidence.max() > 0
        else note(f"No one place of the picture spoke for {found.prediction.label}.")
    )
    pictures = "".join(
        f'<figure><img alt="" src="{_embedded(one.thumbnail)}"><figcaption>{cut(one.label)}'
        f'<br><span class="bk-quiet">{one.cosine:.2f}</span></figcaption></figure>'
        for one in near
    )
    like = f'<div>Training pictures most like it:</div><div class="bk-pictures bk-near">{pictures}</div>'
    return f'<div class="bk-why">{shown}{like if near else ""}</div>'


def _embedded(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
