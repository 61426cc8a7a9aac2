"""Write the model card, the README.md of a model folder."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bearkit.catalog.statistics import CurationStats
from bearkit.core.text import UNKNOWN, error_rate_sentence, percent
from bearkit.evaluation.ood import FALSE_ALARMS
from bearkit.inference.model_folder import ModelConfig
from bearkit.inference.model_info import Int8Result, ModelInfo

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

**{error}.** The model did not train on these pictures. The range is the 95 % confidence interval for pictures like
them, judged by their labels, some of which may be wrong.
{known}

| label | training pictures | validation pictures |
|---|---|---|
{rows}
{matrix}
## Data

{data}

## Limits

- It knows only these labels. The figures hold only for pictures like those that it was trained on.
- The validation pictures come from the same collection as the training pictures. Pictures from elsewhere, of other
  cameras, places or times, may be harder.
- {few}{rare}
- It was not tested for uses where a mistake can hurt people.

{use}
`model.onnx` is the same model for onnxruntime. Its input is pictures (batch, 3, {size}, {size}), normalised with mean
{mean} and standard deviation {std}; its outputs are logits{outputs}.{int8} `config.json` has the labels, in the order
of the logits, and the preprocessing. `golden.npz` has test pictures with the outputs that they must give.
"""
MAX_LABELS_IN_SENTENCE = 60
MAX_CONFUSED = 20  # rows of the table of confused labels
FEW = 20  # validation images of a label; with fewer, its errors may not have shown
RARE = 6  # training and validation images of a label; with fewer, "none of these" is unreliable for it


@dataclass(frozen=True)
class Facts:
    """The content of a card that is not in config.json.

    Attributes:
        counts: training and validation images of each label.
        has_matrix: whether the folder has a confusion_matrix.png.
        cleaned: statistics of the review before the training.
        confused: (given label, predicted label, number of images), the most frequent first.
        numbered: the labels that confusion_matrix.png shows as numbers, by their index in the vocab.
    """

    counts: dict[str, tuple[int, int]]
    has_matrix: bool
    cleaned: CurationStats
    confused: Sequence[tuple[str, str, int]] = ()
    numbered: Mapping[int, str] = field(default_factory=dict)


def model_card(config: ModelConfig, facts: Facts) -> str:
    """Return the text of README.md in a model folder."""
    info, preprocessing = config.info, config.preprocessing
    error = error_rate_sentence(info.as_dict())
    return TEMPLATE.format(
        title=cell(title(config.vocab)),
        labels=_listed(config.vocab),
        n_train=sum(train for train, _ in facts.counts.values()),
        error=error[0].upper() + error[1:],
        body=info.body or "unknown",
        tuned="fine-tuned" if info.tuned else "whose weights were not changed",
        known=_known(info),
        rows="\n".join(f"| {cell(label)} | {train} | {valid} |" for label, (train, valid) in facts.counts.items()),
        matrix=(MATRIX + _numbered(facts.numbered) if facts.has_matrix else "") + _confused(facts.confused),
        data=f"{facts.cleaned.summary} {facts.cleaned.license_summary}{_seed(info.seed)}",
        few=_few(facts.counts),
        rare=_rare(facts.counts) if info.threshold is not None else "",
        use=use(),
        outputs=", the similarity to training pictures, and the cosines with each of them"
        if info.threshold is not None
        else "",
        int8=_int8(info.int8),
        size=preprocessing.size,
        mean=list(preprocessing.mean),
        std=list(preprocessing.std),
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
    """Change a card for the Hub: its examples then load the model by its name there."""
    text = text.replace(use(), use(repo))
    for folder, name in (  # older cards, and those that somebody edited
        ('Predictor("FOLDER")', f'Predictor(huggingface_hub.snapshot_download("{repo}"))'),
        ("local-dir:FOLDER", f"hf-hub:{repo}"),
        ('"FOLDER"', f'"{repo}"'),
    ):
        text = text.replace(folder, name)
    return text


def use(repo: str | None = None) -> str:
    """Return the section that shows how to use the model, from its folder or from the Hub (USER/NAME)."""
    return IN_FOLDER if repo is None else ON_HUB.format(repo=repo)


def title(vocab: Sequence[str]) -> str:
    """Return a title made of the first labels."""
    return " / ".join(vocab[:4]) + (" ..." if len(vocab) > 4 else "")


def _known(info: ModelInfo) -> str:
    """Describe the answer for images of something else, and whether the probabilities are calibrated."""
    if info.temperature in (None, 1):
        calibrated = "The probabilities are not calibrated."
    else:
        calibrated = (
            f"The probabilities are calibrated on the validation pictures (temperature {info.temperature:.2f})."
        )
    calibrated = " ".join([calibrated, *(f"Warning: {warning}." for warning in info.warnings)])
    if info.threshold is None:
        return f"A picture of something else gets one of these labels too. {calibrated}"
    return (
        f'For pictures unlike the training pictures (similarity below {info.threshold:.3f}) the answer is "{UNKNOWN}". '
        f"About {percent(FALSE_ALARMS)} of the pictures that do have one of these labels fall below it too. "
        f"{calibrated}"
    )


def _seed(seed: int | None) -> str:
    """Write the seed of the split; an empty text if it is not known."""
    return "" if seed is None else f" Seed {seed} decided which pictures were set aside for validation."


def _int8(int8: Int8Result | None) -> str:
    """Describe the 8-bit weights of model.onnx and their error; an empty text if it has none."""
    if int8 is None or not int8.kept:
        return ""
    error = error_rate_sentence({"error_rate": int8.error_rate, "valid_images": int8.valid_images})
    return (
        f" Most of its weights are 8-bit integers; with them: {error}. `model.safetensors` has them as floats, so its "
        "probabilities differ a little."
    )


def _few(counts: dict[str, tuple[int, int]]) -> str:
    """Name the labels with few validation images."""
    few = [label for label, (_, valid) in counts.items() if valid < FEW]
    if not few:
        return f"Each label has {FEW} validation pictures or more."
    named = ", ".join(map(code, few[:10])) + (" and others" if len(few) > 10 else "")
    return f"These labels have fewer than {FEW} validation pictures, too few to show all mistakes: {named}."


def _rare(counts: dict[str, tuple[int, int]]) -> str:
    """Warn of labels with too few images for "none of these" to be reliable."""
    rare = {label: sum(both) for label, both in counts.items() if 0 < sum(both) < RARE}
    if not rare:
        return ""
    named = ", ".join(f"{code(label)} ({n})" for label, n in list(rare.items())[:10])
    named += " and others" if len(rare) > 10 else ""
    return (
        f"\n- Warning: these labels have fewer than {RARE} pictures each: {named}. That is too few to know what new "
        f'pictures of them look like. For many of those the answer may be "{UNKNOWN}", and pictures of something else '
        "that look a little like them may get the label."
    )


def cell(text: str) -> str:
    r"""Escape a text for one line of Markdown, or for a cell of a table.

    >>> cell("a|b *c*")
    'a\\|b \\*c\\*'
    """
    return re.sub(r"([\\`*_{}\[\]<>()#!|~$&])", r"\\\1", " ".join(text.split()))


def code(text: str) -> str:
    """Write a text as code in Markdown; it may hold backticks.

    >>> code("black"), code("a`b")
    ('`black`', '`` a`b ``')
    """
    line = " ".join(text.split())
    fence = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    return f"{fence} {line} {fence}" if "`" in line else f"{fence}{line}{fence}"


def _listed(vocab: Sequence[str]) -> str:
    """Name the labels in a sentence; only the first ones where there are many, since the table has all."""
    named = ", ".join(map(code, vocab[:MAX_LABELS_IN_SENTENCE]))
    return (
        named if len(vocab) <= MAX_LABELS_IN_SENTENCE else f"{named} and {len(vocab) - MAX_LABELS_IN_SENTENCE} others"
    )


def _numbered(labels: Mapping[int, str]) -> str:
    if not labels:
        return ""
    named = ", ".join(f"{n + 1}. {cell(label)}" for n, label in labels.items())
    return f"\nNo font could write these labels, so the confusion matrix shows their numbers: {named}.\n"


def _confused(pairs: Sequence[tuple[str, str, int]]) -> str:
    """Write the most confused labels as a table."""
    if not pairs:
        return ""
    rows = "\n".join(
        f"| {cell(given)} | {cell(predicted)} | {count} |" for given, predicted, count in pairs[:MAX_CONFUSED]
    )
    return f"\nMost often confused:\n\n| given | predicted | pictures |\n|---|---|---|\n{rows}\n"
