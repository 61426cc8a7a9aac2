"""The model card: what people should know before they trust a model, from what the run measured."""

from bearkit.bundle import ModelConfig
from bearkit.runs import Run

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

## Use

```python
from bearkit import Predictor

print(Predictor("FOLDER").predict("picture.jpg"))
```

`timm.create_model("local-dir:FOLDER", pretrained=True)` gives the same model in torch; `model.onnx` takes pictures
(batch, 3, {size}, {size}), normalised with mean {mean} and standard deviation {std}, and gives logits{outputs}.
The labels, in the order of the outputs, and the preprocessing are in `config.json`.
"""


def model_card(config: ModelConfig, run: Run) -> str:
    """The text of README.md in a model folder."""
    predictions, about, how = run.predictions(), config.about, config.preprocessing
    low, high = about["error_interval"]
    counts = {
        label: [int(((predictions.targets == n) & (predictions.splits == split)).sum()) for split in ("train", "valid")]
        for n, label in enumerate(config.vocab)
    }
    return TEMPLATE.format(
        title=" / ".join(config.vocab[:4]) + (" ..." if len(config.vocab) > 4 else ""),
        labels=", ".join(f"`{label}`" for label in config.vocab),
        n_train=sum(train for train, _ in counts.values()),
        n_valid=about["valid_images"],
        wrong=round(about["error_rate"] * about["valid_images"]),
        body=about["body"],
        tuned="which learnt too" if about["tuned"] else "whose own weights were left as they were",
        known=_known(about.get("threshold"), about.get("temperature", 1.0)),
        rate=about["error_rate"],
        low=low,
        high=high,
        rows="\n".join(f"| {_cell(label)} | {train} | {valid} |" for label, (train, valid) in counts.items()),
        outputs=" and the similarity with the training pictures" if about.get("threshold") is not None else "",
        size=how.size,
        mean=list(how.mean),
        std=list(how.std),
    )


def _known(threshold: float | None, temperature: float) -> str:
    """What the model says of a picture of something else, and how sure its probabilities are."""
    sure = f"The probabilities are calibrated on those validation pictures (temperature {temperature:.2f})."
    sure = sure if temperature != 1 else "The probabilities are as training left them, not calibrated."
    if threshold is None:
        return f"A picture of something else gets one of these labels too. {sure}"
    return (
        f"A picture unlike all that it was trained on is told to be none of these: its similarity is below "
        f"{threshold:.3f}, as is that of about 3.5 % of the pictures that belong here. {sure}"
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
