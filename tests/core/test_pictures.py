"""Which images of a catalogue have a file: one by one, and all at once."""

import pytest

from bearkit import Project


@pytest.fixture
def paths(tmp_path):
    """Paths as a catalogue may hold them, and whether each has a file that may be used: {path: bool}."""
    root = tmp_path / "project"
    for name in ("images/black/a.png", "images/b.png", "trash/c.png", "runs/d.png", "e.png"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "f.png").write_bytes(b"x")
    (root / "images" / "out.png").symlink_to(tmp_path / "outside" / "f.png")
    (root / "images" / "folder").symlink_to(tmp_path / "outside")
    (root / "images" / "in.png").symlink_to(root / "images" / "b.png")
    (root / "images" / "loop.png").symlink_to(root / "images" / "loop.png")
    return {
        "images/black/a.png": True, "images/b.png": True, "trash/c.png": True, "images/in.png": True,
        str(tmp_path / "outside" / "f.png"): True, str(tmp_path / "outside" / "none.png"): False,
        "images/none.png": False, "images/none/a.png": False, "runs/d.png": False, "e.png": False, "": False,
        "images/out.png": False, "images/folder/f.png": False, "images/loop.png": False, "images/black": False,
        "images/../e.png": False, "images/../images/b.png": False, "images/a\0.png": False, "x" * 5000: False,
    }  # fmt: skip


def test_all_files_at_once_are_those_that_are_there_one_by_one(paths, tmp_path):
    project = Project(tmp_path / "project")
    assert {path: project.has_picture(path) for path in paths} == paths
    assert project.existing_pictures(paths) == {path for path, there in paths.items() if there}
    assert Project(tmp_path / "nowhere").existing_pictures(["images/b.png"]) == set()
