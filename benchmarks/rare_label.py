"""How often a rare label's own pictures are refused as none of these, beside a common label's, and strangers'.

    python -m benchmarks.rare_label [--rare 14] [--common 400] [--makings 5]

Each making draws its pictures anew: a common label (stripes of one colour), a rare one (waves of another, of many
brightnesses), as many new ones of the rare label, and strangers (rings, checks and noise). A model is trained and
exported, and asked through the Predictor.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from bearkit import Learner, Predictor, Project, import_images, predict_files

SIDE = 64  # pixels
COMMON, RARE = (200, 40, 40), (40, 160, 60)


def drawn(kind: str, random: np.random.Generator) -> Image.Image:
    """One picture of a kind, like no other: its colour, frequency, phase, brightness and noise vary."""
    y, x = np.mgrid[:SIDE, :SIDE] + random.uniform(0, 20)
    wave = random.uniform(3, 6)
    if kind == "common":
        pattern, colour, light = np.sin(x / wave), COMMON, random.uniform(0.9, 1.1)
    elif kind == "rare":
        pattern, colour, light = np.sin(x / wave) * np.sin(y / wave), RARE, random.uniform(0.5, 1.6)
    else:
        rings, checks = np.sin(np.hypot(x - 40, y - 40) / wave), np.sign(np.sin(x / wave)) * np.sign(np.sin(y / wave))
        pattern = (rings, checks, random.normal(0, 1, x.shape))[random.integers(3)]
        colour, light = random.uniform(30, 230, 3), random.uniform(0.5, 1.5)
    values = np.asarray(colour) * light * (0.75 + 0.25 * pattern[..., None]) + random.normal(0, 12, (SIDE, SIDE, 3))
    return Image.fromarray(values.clip(0, 255).astype(np.uint8))


def draw(folder: Path, kind: str, n: int, random: np.random.Generator) -> Path:
    """Draw pictures of a kind into a folder."""
    folder.mkdir(parents=True)
    for number in range(n):
        drawn(kind, random).save(folder / f"{number}.png")
    return folder


def refused(predictor: Predictor, folder: Path) -> int:
    """How many of its pictures are none of these."""
    return sum(not row["known"] for row in predict_files(predictor, [folder]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rare", type=int, default=14)
    parser.add_argument("--common", type=int, default=400)
    parser.add_argument("--makings", type=int, default=5)
    args = parser.parse_args()
    for making in range(args.makings):
        random = np.random.default_rng(making)
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            common = draw(folder / "own" / "common", "common", args.common, random)
            rare = draw(folder / "own" / "rare", "rare", args.rare, random)
            new = draw(folder / "new", "rare", args.rare, random)
            strangers = draw(folder / "strangers", "strangers", 30, random)
            project = Project(folder / "project")
            import_images(project, folder / "own")
            learn = Learner(project)
            learn.fit_one_cycle()
            predictor = Predictor(learn.export())
            row = {"making": making, "rare_refused": refused(predictor, rare), "of": args.rare}
            row |= {"new_rare_refused": refused(predictor, new), "common_refused": refused(predictor, common)}
            print(
                json.dumps(row | {"strangers_refused": refused(predictor, strangers), "of_strangers": 30}), flush=True
            )


if __name__ == "__main__":
    main()
