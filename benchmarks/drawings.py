"""Drawings unlike any photograph: wobbly polygons of three to seven corners, on paper of many colours.

python -m benchmarks.drawings FOLDER            writes FOLDER/<label>/<n>.png
"""

import math
import random
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

LABELS = {"triangle": 3, "square": 4, "pentagon": 5, "hexagon": 6, "heptagon": 7}
EACH = 100
SIDE = 256


def drawing(corners, rng):
    """One polygon, turned, stretched, and drawn by an unsteady hand."""
    paper = tuple(rng.randrange(140, 256) for _ in range(3))
    image = Image.new("RGB", (SIDE, SIDE), paper)
    pen = ImageDraw.Draw(image)
    turn, radius = rng.uniform(0, 2 * math.pi), rng.uniform(40, 110)
    x, y = (rng.uniform(radius * 0.9, SIDE - radius * 0.9) for _ in range(2))
    stretch = rng.uniform(0.75, 1.0)
    points = []
    for n in range(corners):
        angle = turn + 2 * math.pi * (n + rng.uniform(-0.12, 0.12)) / corners
        far = radius * rng.uniform(0.88, 1.1)
        points.append((x + far * math.cos(angle), y + far * stretch * math.sin(angle)))
    ink = tuple(rng.randrange(0, 120) for _ in range(3))
    for _ in range(rng.randrange(0, 6)):  # stray strokes
        pen.line([(rng.uniform(0, SIDE), rng.uniform(0, SIDE)) for _ in range(2)], fill=ink, width=1)
    filled = tuple(rng.randrange(60, 256) for _ in range(3)) if rng.random() < 0.5 else None
    pen.polygon(points, fill=filled)
    pen.line([*points, points[0], points[1]], fill=ink, width=rng.randrange(2, 7), joint="curve")
    return image.filter(ImageFilter.GaussianBlur(rng.uniform(0, 1)))


def write(folder, each=EACH, seed=0):
    """Draw them all, the same ones each time."""
    rng = random.Random(seed)
    for label, corners in LABELS.items():
        (folder / label).mkdir(parents=True, exist_ok=True)
        for n in range(each):
            drawing(corners, rng).save(folder / label / f"{n:03d}.png")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
