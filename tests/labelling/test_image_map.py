"""The map: look-alikes lie together, it is kept, and new images find their place."""

import colorsys
import shutil
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors

from bearkit import Project, import_images
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import DecisionRequest
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.label_set import describe_label
from bearkit.cli.common import run
from bearkit.errors import ReviewError
from bearkit.labelling import image_map, label_actions
from bearkit.labelling.image_map import ImageMap
from bearkit.labelling.label_queue import LabelQueue
from bearkit.labelling.label_space import reduce_features
from bearkit.labelling.map_file import map_images
from bearkit.labelling.map_layout import BESIDE, flat_layout, map_layout, place_beside
from tests.conftest import write_drawings


def features(n, seed=0):
    """Short features of n images of twelve kinds, and the kind of each."""
    rng = np.random.default_rng(seed)
    centres, kinds = rng.normal(size=(12, 40)), rng.integers(0, 12, n)
    return reduce_features((centres[kinds] + 0.4 * rng.normal(size=(n, 40))).astype(np.float32)), kinds


@pytest.fixture(scope="module")
def known_project(tmp_path_factory, with_body):
    """24 drawings without labels, with features and a map."""
    folder = tmp_path_factory.mktemp("map")
    project = with_body(Project(folder / "project"))
    import_images(project, write_drawings(folder / "source", 8), labelled=False)
    queue = LabelQueue(project)
    ImageMap(queue).positions(queue.index.snapshot())
    return project


@pytest.fixture
def project(known_project, tmp_path):
    """The same project for one test alone."""
    return Project(shutil.copytree(known_project.root, tmp_path / "project"))


@pytest.fixture
def layouts(monkeypatch):
    """The number of images of each map that is computed from here on."""
    sizes = []
    monkeypatch.setattr(image_map, "map_layout", lambda rows, *args: sizes.append(len(rows)) or map_layout(rows, *args))
    return sizes


def by_id(queue, positions):
    ids = [image.image_id for image in queue.index.snapshot().images]
    return dict(zip(ids, map(tuple, positions.values.tolist()), strict=True))


def test_neighbours_stay_neighbours_far_better_than_by_chance_and_better_than_on_the_flat_map():
    rows, _ = features(240)
    positions = map_layout(rows, seed=0)
    shuffled = np.random.default_rng(0).permutation(positions)
    kept, flat, chance = (trustworthiness(rows, one) for one in (positions, flat_layout(rows), shuffled))
    assert kept > 0.95
    assert kept > flat > chance + 0.2
    assert positions.dtype == np.float32
    assert (positions.min(), positions.max()) == (0, 1)


def test_the_same_seed_gives_the_same_map_and_says_how_far_it_is():
    rows, _ = features(60)
    far = []
    first = map_layout(rows, 3, lambda _, done, total: far.append((done, total)))
    assert np.array_equal(first, map_layout(rows, 3))
    assert far[0] == (0, 750)
    assert far[-1] == (750, 750)
    assert far == sorted(far)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 8, 12])
def test_a_few_images_have_a_map_too(n):
    positions = map_layout(features(n)[0], 0)
    assert positions.shape == (n, 2)
    assert np.isfinite(positions).all()
    assert 0 <= positions.min() <= positions.max() <= 1


def test_images_without_any_difference_have_a_map():
    assert np.isfinite(map_layout(reduce_features(np.ones((20, 8), np.float32)), 0)).all()


def test_a_new_image_lies_beside_the_one_that_it_is_most_like():
    rows, kinds = features(300)
    known = np.arange(300) < 260
    positions = np.where(known[:, None], np.random.default_rng(0).random((300, 2)), np.nan).astype(np.float32)
    placed = place_beside(rows, positions, known)
    assert np.array_equal(placed[known], positions[known])
    nearest = NearestNeighbors(n_neighbors=1).fit(rows[known]).kneighbors(rows[~known], return_distance=False)[:, 0]
    assert (kinds[known][nearest] == kinds[~known]).all()
    assert np.linalg.norm(placed[~known] - positions[known][nearest], axis=1).max() <= BESIDE * 1.001
    assert len(np.unique(placed[~known], axis=0)) == 40


def test_a_map_is_computed_once_and_kept_for_other_processes(project, layouts):
    first, second = LabelQueue(project), LabelQueue(project)
    positions = ImageMap(first).positions(first.index.snapshot())
    assert layouts == []
    assert by_id(first, positions) == by_id(second, ImageMap(second).positions(second.index.snapshot()))
    shutil.rmtree(project.cache / "map")
    again = ImageMap(LabelQueue(project)).positions(first.index.snapshot())
    assert layouts == [24]
    assert np.array_equal(again.values, positions.values)
    assert again.version == positions.version


def test_a_damaged_map_is_computed_again(project, layouts):
    (file,) = (project.cache / "map").iterdir()
    content = file.read_bytes()
    for damaged in (b"", content[:100], b"not a map"):
        file.write_bytes(damaged)
        queue = LabelQueue(project)
        ImageMap(queue).positions(queue.index.snapshot())
        assert file.read_bytes() == content
    assert layouts == [24] * 3


def test_new_images_are_placed_at_once_and_the_map_is_computed_again_when_a_tenth_is_new(project, layouts, tmp_path):
    queue = LabelQueue(project)
    known = ImageMap(queue, wait=False)
    before = by_id(queue, known.positions(queue.index.snapshot()))
    source = write_drawings(tmp_path / "more", 9)
    later = [*source.rglob("*8.*")]
    assert len(later) == 3
    for path in later[1:]:
        path.rename(tmp_path / path.name)
    import_images(project, source, labelled=False)
    one_more = known.positions(queue.index.snapshot())
    now = by_id(queue, one_more)
    assert {image_id: now[image_id] for image_id in before} == before
    (new,) = now.keys() - before.keys()
    snapshot = queue.index.snapshot()
    likeness = queue.reduced(snapshot) @ queue.reduced(snapshot)[snapshot.row_of[new]]
    likeness[snapshot.row_of[new]] = -1
    beside = snapshot.images[int(likeness.argmax())].image_id
    assert np.hypot(*np.subtract(now[new], before[beside])) <= BESIDE * 1.001
    assert (one_more.new, known.news, layouts) == (1, "", [])
    for path in later[1:]:
        (tmp_path / path.name).rename(source / path.name)
    import_images(project, source, labelled=False)
    assert known.positions(queue.index.snapshot()).new == 3  # of 24: they lie beside others until the new map is there
    known._thread.join(60)
    assert layouts == [27]
    assert known.positions(queue.index.snapshot()).new == 0
    assert known.news == ""


def test_before_there_is_a_map_the_first_two_components_are_shown(project, layouts):
    shutil.rmtree(project.cache / "map")
    queue = LabelQueue(project)
    first, snapshot = ImageMap(queue, wait=False), queue.index.snapshot()
    now = first.positions(snapshot)
    assert np.array_equal(now.values, flat_layout(queue.reduced(snapshot)))
    first._thread.join(60)
    then = first.positions(snapshot)
    assert layouts == [24]
    assert then.version != now.version
    assert then.new == 0


def labelled_map(project):
    """A queue of a project with two labels, one of them blue; an image is deleted, and three wait for an audit."""
    queue, catalog = LabelQueue(project), Catalog(project)
    first, second, third, *_ = (image.image_id for image in catalog.images())
    label_actions.label_images(project, {first: "one", second: "two"}, "ann")
    describe_label(catalog, "two", colour="#00f")
    DecisionLog(catalog).decide([DecisionRequest(third, "delete")], "ann")
    audited = {image["image_id"] for image in label_actions.audit_proposals(queue, 3)["images"]}
    return queue, {first: "one", second: "two"}, third, audited


def test_the_places_labels_and_proposals_of_the_map_as_plain_values(project, layouts):
    queue, given, deleted, audited = labelled_map(project)
    found = map_images(queue)
    rows, places = {one["image_id"]: one for one in found["images"]}, by_id(queue, positions_of(queue))
    assert found["output"] is None and layouts == []
    assert rows.keys() == places.keys() - {deleted}
    assert all(np.allclose((one["x"], one["y"]), places[image_id], atol=1e-5) for image_id, one in rows.items())
    assert {image_id: one["label"] for image_id, one in rows.items() if one["label"]} == given
    proposed = {image.image_id: image.proposed for image in queue.page(50, "random").images}
    assert len(proposed) == 24 - 3 - 3
    assert {image_id: one["proposed"] for image_id, one in rows.items() if one["proposed"]} == proposed
    assert not audited & proposed.keys()


def positions_of(queue):
    return ImageMap(queue).positions(queue.index.snapshot())


def test_the_map_is_drawn_in_the_colours_of_the_labels(project, tmp_path, bearkit_json):
    queue, *_ = labelled_map(project)
    for name in ("map.png", "map.svg", "MAP.PNG"):
        printed = bearkit_json("label", "map", "--output", tmp_path / name, "-p", project.root)
        assert printed == map_images(queue) | {"output": str(tmp_path / name)}
    with Image.open(tmp_path / "map.png") as drawn:
        pixels = np.array(drawn.convert("RGB")).reshape(-1, 3)
    hue = np.rint(255 * np.array(colorsys.hls_to_rgb(0, 0.5, 0.6))).astype(int)  # of the first label, as on the page
    assert (pixels == (0, 0, 255)).all(axis=1).any() and (np.abs(pixels - hue) <= 1).all(axis=1).any()
    assert ElementTree.parse(tmp_path / "map.svg").getroot().tag.endswith("svg")


def test_a_map_is_not_drawn_where_it_cannot_be(project, tmp_path):
    queue = LabelQueue(project)
    with pytest.raises(ReviewError, match=r"`map.jpg` is no name of an SVG or PNG file"):
        map_images(queue, tmp_path / "map.jpg")
    (tmp_path / "map.png").mkdir()
    with pytest.raises(ReviewError, match="cannot be written"):
        map_images(queue, tmp_path / "map.png")


def test_without_a_name_the_map_is_drawn_here_and_said_in_words(project, tmp_path, monkeypatch, capsys):
    labelled_map(project)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["bearkit", "label", "map", "-p", str(project.root)])
    with pytest.raises(SystemExit) as ended:
        run()
    assert not ended.value.code
    assert "map.png: a map of 23 pictures: 2 labelled, 18 with a proposal, 3 with neither" in capsys.readouterr().out
    assert (tmp_path / "map.png").is_file()
