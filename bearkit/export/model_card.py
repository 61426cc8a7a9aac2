"""The model card: what people should know before they trust a model, from what the run measured."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bearkit.catalog.statistics import CurationStats
from bearkit.inference.model_folder import ModelConfig

TEMPLATE = """---
library_name: timm
pipeline_tag: image-classification
tags:
- image-classification
- timm
- bearkit
---
# {title}

Tells {labels} apart.
Made with bearkit from {n_train} training pictures: a new head on `{body}`, {tuned}.

On {n_valid} validation pictures, which it did not train on, **{wrong}** were wrong: an error rate of {rate:.1%}, and
with 95 % confidence between {low:.1%} and {high:.1%} for pictures like these, judged by the labels they were given.
{known}

| label | training pictures | validation pictures |
|---|---|---|
{rows}
{matrix}
## Data

{data}

## Limits

- It knows these labels only, and pictures like those it was trained on: the figures hold for no others.
- The validation pictures come from the same collection as the training pictures. Pictures from elsewhere, of other
  cameras, places or times, may be harder.
- {few}{rare}
- Nobody has checked it for use where a mistake would hurt somebody.

{use}
The model also lies here as `model.onnx`: pictures (batch, 3, {size}, {size}), normalised with mean {mean} and standard
deviation {std}, give logits{outputs}.{int8} The labels, in the order of the outputs, and the preprocessing are in
`config.json`; `golden.npz` has drawn pictures with the answers that a faithful copy gives.
"""
MANY = 60  # labels up to which a sentence names them all
CONFUSED = 20  # pairs of labels that are told
FEW = 20  # validation pictures of a label below which its errors may not have shown
RARE = 6  # pictures of a label, of both kinds, below which what others of it look like is hardly known


@dataclass(frozen=True)
class Facts:
    """What a card says beyond the model folder's config.

    Attributes:
        counts: training and validation pictures of each label.
        has_matrix: whether confusion_matrix.png lies in the folder.
        cleaned: what was done with the pictures before the training.
        confused: given and predicted label, and how often, the most frequent first.
        numbered: the labels that confusion_matrix.png has as numbers, by their place.
    """

    counts: dict[str, tuple[int, int]]
    has_matrix: bool
    cleaned: CurationStats
    confused: Sequence[tuple[str, str, int]] = ()
    numbered: Mapping[int, str] = field(default_factory=dict)


def model_card(config: ModelConfig, facts: Facts) -> str:
    """The text of README.md in a model folder."""
    about, how = config.about, config.preprocessing
    low, high = about["error_interval"]
    return TEMPLATE.format(
        title=cell(title(config.vocab)),
        labels=_listed(config.vocab),
        n_train=sum(train for train, _ in facts.counts.values()),
        n_valid=about["valid_images"],
        wrong=round(about["error_rate"] * about["valid_images"]),
        body=about["body"],
        tuned="which learnt too" if about["tuned"] else "whose own weights were left as they were",
        known=_known(about.get("threshold"), about.get("temperature", 1.0), about.get("warnings", [])),
        rate=about["error_rate"],
        low=low,
        high=high,
        rows="\n".join(f"| {cell(label)} | {train} | {valid} |" for label, (train, valid) in facts.counts.items()),
        matrix=(MATRIX + _numbered(facts.numbered) if facts.has_matrix else "") + _confused(facts.confused),
        data=f"{facts.cleaned.summary} {facts.cleaned.license_summary}{_seed(about.get('seed'))}",
        few=_few(facts.counts),
        rare=_rare(facts.counts) if about.get("threshold") is not None else "",
        use=use(),
        outputs=", how like training pictures it is, and the cosines with them"
        if about.get("threshold") is not None
        else "",
        int8=_int8(about.get("int8", {})),
        size=how.size,
        mean=list(how.mean),
        std=list(how.std),
    )


MATRIX = """
![Confusion matrix of the validation pictures: rows given, columns predicted](confusion_matrix.png)
"""
IN_FOLDER = """## Use

```python
from bearkit import Predictor

print(Predictor("FOLDER").predict("picture.jpg"))
```

`timm.create_model("local-dir:FOLDER", pretrained=True)` gives the same model in torch, and
`transformers.pipeline("image-classification", "FOLDER")` the same probabilities.
"""
THUMBNAILS = """
`thumbnails.npz` holds small copies of the training pictures, to show those most like a new one.
"""
ON_HUB = """## Use

```python
from transformers import pipeline

print(pipeline("image-classification", "{repo}")("picture.jpg"))
```

`timm.create_model("hf-hub:{repo}", pretrained=True)` gives the same model in torch. With bearkit, which also says
when a picture is none of these, and needs no torch:

```python
from bearkit import Predictor
from huggingface_hub import snapshot_download

print(Predictor(snapshot_download("{repo}")).predict("picture.jpg"))
```
"""


def for_hub(text: str, repo: str) -> str:
    """A card as the Hub should show it: how to use the model by its name there."""
    text = text.replace(use(), use(repo))
    for folder, name in (  # older cards, and those that somebody edited
        ('Predictor("FOLDER")', f'Predictor(huggingface_hub.snapshot_download("{repo}"))'),
        ("local-dir:FOLDER", f"hf-hub:{repo}"),
        ('"FOLDER"', f'"{repo}"'),
    ):
        text = text.replace(folder, name)
    return text


def use(repo: str | None = None) -> str:
    """How to use the model, from its folder, or from the Hub as USER/NAME."""
    return IN_FOLDER if repo is None else ON_HUB.format(repo=repo)


def title(vocab: Sequence[str]) -> str:
    """A name for what tells these labels apart."""
    return " / ".join(vocab[:4]) + (" ..." if len(vocab) > 4 else "")


def _known(threshold: float | None, temperature: float, warnings: Sequence[str]) -> str:
    """What the model says of a picture of something else, and how sure its probabilities are."""
    sure = f"The probabilities are calibrated on those validation pictures (temperature {temperature:.2f})."
    sure = sure if temperature != 1 else "The probabilities are as training left them, not calibrated."
    sure = " ".join([sure, *(f"Warning: {warning}." for warning in warnings)])
    if threshold is None:
        return f"A picture of something else gets one of these labels too. {sure}"
    return (
        f"A picture unlike all that it was trained on is told to be none of these: its similarity is below "
        f"{threshold:.3f}, as is that of about 3.5 % of the pictures that belong here. {sure}"
    )


def _seed(seed: int | None) -> str:
    """Whose split it was; nothing where the model was written by a bearkit that did not say."""
    return "" if seed is None else f" Seed {seed} decided which pictures were set aside for validation."


def _int8(int8: Mapping[str, Any]) -> str:
    """How the 8-bit weights of model.onnx do, where it has some."""
    if not int8.get("kept"):
        return ""
    n = int8["valid_images"]
    return (
        f" Most of its weights are 8-bit integers; with them {round(int8['error_rate'] * n)} of the {n} validation "
        "pictures were wrong. `model.safetensors` has them as floats, so its probabilities differ a little."
    )


def _few(counts: dict[str, tuple[int, int]]) -> str:
    few = [label for label, (_, valid) in counts.items() if valid < FEW]
    if not few:
        return f"Each label was checked on {FEW} pictures or more."
    named = ", ".join(map(code, few[:10])) + (" and others" if len(few) > 10 else "")
    return f"Checked on fewer than {FEW} pictures, so that mistakes may not have shown: {named}."


def _rare(counts: dict[str, tuple[int, int]]) -> str:
    """What "none of these" cannot know of labels with hardly any pictures."""
    rare = {label: sum(both) for label, both in counts.items() if 0 < sum(both) < RARE}
    if not rare:
        return ""
    named = ", ".join(f"{code(label)} ({n})" for label, n in list(rare.items())[:10])
    named += " and others" if len(rare) > 10 else ""
    return (
        f"\n- Warning: fewer than {RARE} pictures show each of these labels: {named}. From so few nobody can tell what "
        "new pictures of the label look like: many of them may be told to be none of these, and pictures of something "
        "else that look a little like them may get the label."
    )


def cell(text: str) -> str:
    r"""A text on one line of Markdown, or in a cell of a table, as it is: no letter of it is a sign of Markdown's.

    >>> cell("a|b *c*")
    'a\\|b \\*c\\*'
    """
    return re.sub(r"([\\`*_{}\[\]<>()#!|~$&])", r"\\\1", " ".join(text.split()))


def code(text: str) -> str:
    """A text as code in Markdown, whatever backticks are in it.

    >>> code("black"), code("a`b")
    ('`black`', '`` a`b ``')
    """
    line = " ".join(text.split())
    fence = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    return f"{fence} {line} {fence}" if "`" in line else f"{fence}{line}{fence}"


def _listed(vocab: Sequence[str]) -> str:
    """The labels in a sentence, the first ones where there are many: all are in the table."""
    named = ", ".join(map(code, vocab[:MANY]))
    return named if len(vocab) <= MANY else f"{named} and {len(vocab) - MANY} others"


def _numbered(labels: Mapping[int, str]) -> str:
    if not labels:
        return ""
    named = ", ".join(f"{n + 1}. {cell(label)}" for n, label in labels.items())
    return f"\nNo font could write these labels, so the picture has their numbers: {named}.\n"


def _confused(pairs: Sequence[tuple[str, str, int]]) -> str:
    """The most confused labels, as a table."""
    if not pairs:
        return ""
    rows = "\n".join(f"| {cell(given)} | {cell(predicted)} | {count} |" for given, predicted, count in pairs[:CONFUSED])
    return f"\nMost often confused:\n\n| given | predicted | pictures |\n|---|---|---|\n{rows}\n"
