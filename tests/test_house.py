"""The house rules of CONTRIBUTING.md, checked on the code itself."""

import ast
import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT

# A room imports only rooms of a lower level; what a room's own files import of each other is its own affair.
LEVELS = {
    -1: ("errors",),
    0: (
        "json_text",
        "onnx_check",
        "onnx_session",
        "parallel",
        "paths",
        "processes",
        "proxies",
        "text",
        "swap",
        "turns",
    ),
    1: ("project", "images", "report", "import_report", "model_files", "text_table"),
    2: ("preprocessing", "catalog", "predictions", "thumbnails"),
    3: ("runs", "bundle", "collect"),
    4: ("dataset", "interpretation", "predict", "card", "sample_project", "leftovers"),
    5: ("training", "predict_many", "explain"),
    6: ("doctor", "stages", "results", "review", "page"),
    7: ("export", "fitting", "publish"),
    8: ("learner", "job_process"),
    9: ("jobs", "demo"),
    10: ("studio",),
    11: ("serve",),
    12: ("cli",),
    13: ("__main__",),
}
LEVEL_OF = {room: level for level, rooms in LEVELS.items() for room in rooms}
# Which rooms may import what is heavy, or talks to the outside.
ALLOWED = {
    "torch": {"training", "export"},
    "timm": {"training"},
    "torchvision": {"training"},
    "gradio": {"page", "serve", "studio"},
    "onnxruntime": {"onnx_session"},
    "matplotlib": {"interpretation"},
    "typer": {"cli"},
    "sqlalchemy": {"catalog"},
    "pandas": {"studio"},
    "requests": {"collect"},
    "urllib3": {"collect"},
    "urllib.request": {"collect"},
    "subprocess": {"collect", "jobs", "publish"},
    "pickle": {"training"},  # only for the name of an error: weights are loaded without running code
    "huggingface_hub": {"training", "publish"},
    "gradio_client": {"publish"},
}
FILES = sorted((ROOT / "bearkit").rglob("*.py"))


def room_of(path):
    return path.relative_to(ROOT / "bearkit").with_suffix("").parts[0]


def imported(path):
    """Every module that a file names in an import, in full."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_only_lower_levels(path):
    room = room_of(path)
    if room == "__init__":
        return
    for module in imported(path):
        parts = module.split(".")
        if parts[0] == "bearkit" and len(parts) > 1 and parts[1] in LEVEL_OF and parts[1] != room:
            assert LEVEL_OF[parts[1]] < LEVEL_OF[room], f"{room} imports {parts[1]}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_heavy_things_stay_in_their_rooms(path):
    for module in imported(path):
        for heavy, rooms in ALLOWED.items():
            if module == heavy or module.startswith(f"{heavy}."):
                assert room_of(path) in rooms, f"{path} imports {heavy}"


def test_every_room_has_a_level():
    assert {room_of(path) for path in FILES} - {"__init__"} == set(LEVEL_OF)


@pytest.mark.parametrize(
    ("code", "not_loaded"),
    [
        ("import bearkit", {"torch", "gradio", "onnxruntime", "PIL", "numpy", "sqlalchemy"}),
        ("import bearkit.predict", {"torch", "gradio", "timm", "sqlalchemy", "matplotlib"}),
        ("import bearkit.cli", {"torch", "gradio", "timm", "matplotlib", "onnxruntime"}),
        ("import bearkit.learner", {"gradio", "timm", "torchvision", "matplotlib", "pandas"}),
    ],
)
@pytest.mark.slow
def test_importing_a_room_brings_only_what_it_needs(code, not_loaded):
    command = f"import sys; {code}; print(sorted({not_loaded!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_training_a_head_does_not_wait_for_torchs_compiler(trained):
    code = (
        "import sys; from bearkit import Learner, Project\n"
        f"Learner(Project({str(trained.project.root)!r})).out_of_fold_probs()\n"
        "print('torch._dynamo' in sys.modules, 'timm' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False False"


@pytest.mark.slow
def test_a_cuda_torchvision_beside_a_cpu_torch_is_survived():
    code = "from bearkit.training.timm_import import import_timm; print(import_timm().__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "timm", done.stderr


@pytest.mark.slow
def test_public_names_are_there_and_others_are_not():
    import_all = "import bearkit; print([getattr(bearkit, n).__name__ for n in bearkit.__all__ if n[0] != '_'])"
    done = subprocess.run([sys.executable, "-c", import_all], capture_output=True, text=True, check=True)
    assert all(name in done.stdout for name in ("Project", "Learner", "Interpretation", "Predictor"))
    done = subprocess.run([sys.executable, "-c", "import bearkit; bearkit.nothing"], capture_output=True, text=True)
    assert "has no attribute 'nothing'" in done.stderr


def test_torch_is_pinned_and_every_requirement_is_exact():
    lines = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if line and line[0] != "#"]
    assert "torch==2.13.0" in lines
    assert "torchvision==0.28.0" in lines
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][^,;]*", line) for line in lines)


def test_files_are_short_enough_to_read_at_a_sitting():
    long = {str(path.relative_to(ROOT)): n for path in FILES if (n := len(path.read_text().splitlines())) > 300}
    assert long == {}


def test_nothing_is_left_for_later_in_the_code():
    words = re.compile(r"\b(TODO|FIXME|XXX|raise NotImplementedError)\b")
    assert [str(path) for path in FILES if words.search(path.read_text())] == []
