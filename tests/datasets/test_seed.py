"""The seed of a project: the split that is shown and given away is the one that was trained on."""

import csv
import json
import sqlite3

import pytest

from bearkit import Learner, Project, import_images
from bearkit.catalog.catalog import Catalog
from bearkit.datasets.seed import project_seed
from bearkit.labelling.image_index import ImageIndex
from bearkit.studio.pictures import Pictures
from bearkit.studio.shared_index import SharedIndex
from bearkit.studio.train_form import TrainForm
from bearkit.training import warm_start
from bearkit.training.config import TrainConfig
from tests.conftest import write_pictures
from tests.gradio_parts import made


def forget_seed(project):
    """Leave the catalogue as a bearkit wrote it that did not keep the seed."""
    connection = sqlite3.connect(project.catalog)
    connection.execute("DELETE FROM meta WHERE key = 'seed'")
    connection.commit()
    connection.close()


def trained_on(learn):
    """{split: image ids} that a run trained on and was checked on, as its predictions say."""
    told = learn.run.predictions()
    return {split: set(told.image_ids[told.splits == split].tolist()) for split in ("train", "valid")}


def published(folder):
    """{split: image ids} of a data set in the Hub's layout."""
    found = {}
    for name, hub in (("train", "train"), ("valid", "validation")):
        lines = (folder / hub / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
        found[name] = {json.loads(line)["image_id"] for line in lines}
    return found


def handlers(tab, project):
    """A tab of the studio without its layout, which would need a page."""
    made = tab.__new__(tab)
    made.project = project
    return made


@pytest.mark.parametrize("seed", [1, 42])
def test_no_published_validation_picture_was_trained_on(shapes, tmp_path, bearkit_json, seed):
    learn = Learner(shapes, seed=seed)
    learn.fit_one_cycle(1)
    run = trained_on(learn)
    told = bearkit_json("push-dataset", "me/x", "--dry-run", tmp_path / "push", "-p", shapes.root)
    assert published(tmp_path / "push") == run
    assert told["seed"] == seed
    assert f"(run 002, seed {seed}) was trained on none of these" in (tmp_path / "push" / "README.md").read_text()
    bearkit_json("export-dataset", tmp_path / "hub", "--format", "imagefolder", "-p", shapes.root)
    assert published(tmp_path / "hub") == run
    bearkit_json("export-dataset", tmp_path / "csv", "--format", "csv", "-p", shapes.root)
    rows = csv.DictReader((tmp_path / "csv" / "labels.csv").read_text(encoding="utf-8").splitlines())
    assert {row["image_id"] for row in rows if row["split"] == "valid"} == run["valid"]


def test_every_screen_shows_the_split_of_the_last_training(shapes, bearkit_json):
    learn = Learner(shapes, seed=1)
    learn.fit_one_cycle(1)
    run = trained_on(learn)
    status = bearkit_json("status", "-p", shapes.root)
    assert status["seed"] == 1
    assert sum(n["valid"] for n in status["labels"].values()) == len(run["valid"])
    now = ImageIndex(shapes).snapshot()
    assert {i.image_id for i, split in zip(now.images, now.splits, strict=True) if split == "valid"} == run["valid"]
    grid = made(Pictures, shapes, SharedIndex(shapes))
    assert {one["image_id"] for one in grid.pictures({"n": 100, "part": "valid"})["images"]} == run["valid"]
    assert ("split", "valid") in grid.details({"image_id": min(run["valid"])})["facts"]
    assert "--seed" not in handlers(TrainForm, shapes).command(TrainConfig(seed=1))
    assert "--seed 42" in handlers(TrainForm, shapes).command(TrainConfig(seed=42))


def test_a_training_that_changes_the_seed_says_so_once(shapes, bearkit_json):
    told = bearkit_json("train", "--epochs", "1", "--seed", "7", "-p", shapes.root)
    assert told["seed"] == 7
    assert told["seed_changed"].startswith("The project's seed is 7 now; it was 42.")
    told = bearkit_json("train", "--epochs", "1", "-p", shapes.root)
    assert (told["seed"], told["seed_changed"]) == (7, ""), "left out, it is the project's"


def test_a_project_that_did_not_keep_its_seed_has_the_one_of_its_newest_run(shapes, project, tmp_path):
    Learner(shapes, seed=9).fit_one_cycle(1)
    forget_seed(shapes)
    assert project_seed(Catalog(shapes)) == 9
    assert Learner(shapes).config.seed == 9
    (shapes.runs / "002" / "result.json").unlink()  # it never finished
    assert project_seed(Catalog(shapes)) == 42
    import_images(project, write_pictures(tmp_path / "new", {"black": 3, "teddy": 3}))
    assert project_seed(Catalog(project)) == 42
    assert Learner(Project(tmp_path / "nothing")).config.seed == 42


def test_the_card_says_when_its_split_is_not_the_models(shapes, tmp_path, bearkit_json):
    learn = Learner(shapes, seed=1)
    learn.fit_one_cycle(1)
    told = bearkit_json("push-dataset", "me/x", "--seed", "42", "--dry-run", tmp_path / "push", "-p", shapes.root)
    aside = published(tmp_path / "push")["valid"]
    seen = aside & trained_on(learn)["train"]
    assert seen
    assert f"(run 002, seed 1) was trained on {len(seen)} of these {len(aside)} pictures" in told["splits"]
    assert told["splits"] in (tmp_path / "push" / "README.md").read_text()


def test_beginning_with_a_run_takes_its_seed_where_none_was_named(shapes):
    Learner(shapes, seed=1).fit_one_cycle(1)
    assert Learner(shapes).start_from("001").config.seed == 42


def test_a_training_that_does_not_finish_leaves_the_seed(shapes):
    warm_start.create_run(shapes, TrainConfig(seed=5))
    assert project_seed(Catalog(shapes)) == 42
