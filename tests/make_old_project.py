"""Make tests/data/old_project.zip: a project as commit 386584d wrote it, and what that code said of it.

Its imports are those of the old layout, so it runs with the code of 386584d only. From a checkout of this repository:

    git worktree add ../old 386584d
    PYTHONPATH=../old python tests/make_old_project.py tests/data/old_project.zip
    git worktree remove ../old

The zip in the repository was made so. Ids, times and weights differ from run to run, the answers in `expected.json`
with them: a new zip replaces both.

The project has 24 drawings with three labels and three without one, decisions of two people that were carried into the
folders and one that was not, a run of the default body (001), one of a tiny body (002), the same with its last layers
unfrozen (003), and a model folder of 003 with thumbnails. `expected.json`, beside the project in the zip, holds what
the old code printed; paths in it are relative to the project. Caches are left out.
"""

# ruff: noqa: I001  (some of these modules are not there today)
import contextlib
import gc
import importlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from PIL import Image, ImageDraw

import bearkit
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.choices import Choice
from bearkit.catalog.ledger import Ledger
from bearkit.cli.common import run
from bearkit.training.timm_import import import_timm

COMMIT = "386584d"
INK = {"blue": (40, 70, 220), "green": (30, 160, 60), "red": (220, 40, 40)}
EACH = 9
COMMANDS = {
    "status": ["status"],
    "interpret": ["interpret", "--run", "1"],
    "next": ["review", "next", "--n", "40"],
    "history": ["review", "history"],
    "sources": ["sources"],
    "compare": ["compare", "2", "3"],
}
TINY = "bearkit_tiny"  # the body of `tests/tiny_body.py`, as timm knows it: there was no `register_body` yet
default_cfgs = {
    TINY: {
        "url": "", "num_classes": 1000, "input_size": (3, 32, 32), "pool_size": (1, 1), "crop_pct": 1.0,
        "interpolation": "bilinear", "mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5), "first_conv": "conv1",
        "classifier": "fc",
    }
}  # fmt: skip


def bearkit_tiny(pretrained=False, **options):
    """What `timm.create_model("bearkit_tiny")` makes; timm reads `default_cfgs` beside it."""
    models = importlib.import_module("timm.models")
    how = {"block": models.resnet.BasicBlock, "layers": (1, 1, 1, 1), "channels": (8, 8, 8, 16)}
    how |= {"stem_type": "deep", "stem_width": 8, "zero_init_last": False}
    return models.build_model_with_cfg(models.ResNet, TINY, pretrained, **{**how, **options})


def main(target):
    """Make the project in a temporary folder, and pack it."""
    there = Path(bearkit.__file__).parent.parent
    asked = ["git", "-C", str(there), "rev-parse", "--short=7", "HEAD"]
    found = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    if found != COMMIT:
        sys.exit(f"{there} is at {found or 'no commit'}, not at {COMMIT}: set PYTHONPATH, as the docstring says")
    import_timm()
    importlib.import_module("timm.models").register_model(bearkit_tiny)
    with tempfile.TemporaryDirectory(prefix="bearkit-old-") as folder:
        project = bearkit.Project(Path(folder) / "old")
        make(project, Path(folder) / "given")
        expected = {name: said(project, *words) for name, words in COMMANDS.items()}
        images = sorted(str(path) for path in project.images.rglob("*.png"))
        expected["predict"] = said(project, "predict", "003", *images)
        gc.collect()  # the catalogue's connections
        with sqlite3.connect(project.catalog) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        shutil.rmtree(project.cache)
        pack(project.root, expected, Path(target))


def make(project, given):
    """Import, train, decide, apply, train again, export."""
    draw(given)
    bearkit.import_images(project, given / "photos")
    bearkit.import_images(project, given / "without", labelled=False)
    bearkit.Learner(project).fit_one_cycle(3)
    images = {image.path: image.image_id for image in Catalog(project).images()}
    ledger = Ledger(Catalog(project))
    ledger.decide([Choice(images["images/blue/blue-0.png"], "delete")], "ann")
    ledger.decide([Choice(images["images/green/green-1.png"], "relabel", "red")], "ben")
    ledger.decide([Choice(images["images/red/red-1.png"], "keep")], "ann")
    bearkit.apply_decisions(project)
    learn = bearkit.Learner(project, TINY, weights="none")
    learn.fit_one_cycle(20)
    learn.unfreeze(2)
    learn.fit_one_cycle(2)
    bearkit.export_model(project, run_id=learn.run.id, thumbnails=True)
    ledger.decide([Choice(images["images/blue/blue-3.png"], "relabel", "green")], "ben")


def draw(given):
    """Draw a disc of another size and place in each picture; the last have no label, and one file is no picture."""
    for shade, (label, ink) in enumerate(INK.items()):
        for number in range(EACH):
            image = Image.new("RGB", (64, 48), (250 - 10 * number, 240 - 20 * shade, 245))
            x, y, radius = 14 + 4 * number, 12 + 3 * (number % 7), 8 + number % 5
            ImageDraw.Draw(image).ellipse((x - radius, y - radius, x + radius, y + radius), fill=ink)
            folder = given / "photos" / label if number < EACH - 1 else given / "without"
            folder.mkdir(parents=True, exist_ok=True)
            image.save(folder / f"{label}-{number}.png")
    (given / "photos" / "red" / "page.jpg").write_text("<!doctype html><html></html>")


def said(project, *words):
    """What `bearkit WORDS --json` prints, with paths as in the project."""
    sys.argv = ["bearkit", *words, "-p", str(project.root), "--json"]
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
        run()
    return json.loads(out.getvalue().replace(f"{project.root}{os.sep}", "").replace(str(project.root), "."))


def pack(root, expected, target):
    """Write the project's files and the answers, in the order of their names."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("expected.json", json.dumps(expected, indent=1, sort_keys=True))
        for path in sorted(root.rglob("*")):
            if path.is_file() and path.suffix != ".lock":
                archive.write(path, f"old/{path.relative_to(root).as_posix()}")
    print(f"{target}: {target.stat().st_size / 1000:.0f} KB, {len(archive.namelist())} files")


if __name__ == "__main__":
    main(sys.argv[1])
