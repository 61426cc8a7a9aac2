"""The house rules of CONTRIBUTING.md, checked on the code itself."""

import ast
import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT

FILES = sorted((ROOT / "bearkit").rglob("*.py"))


@pytest.mark.parametrize(
    ("code", "not_loaded"),
    [
        ("import bearkit", {"torch", "gradio", "onnxruntime", "PIL", "numpy", "sqlalchemy"}),
        ("import bearkit.inference.predictor", {"torch", "gradio", "timm", "sqlalchemy", "matplotlib"}),
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
    code = "from bearkit.bodies.timm_import import import_timm; print(import_timm().__name__)"
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


def test_functions_fit_a_screen():
    """Their code does; a docstring that lists arguments and errors is not counted."""
    long = {}
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                docstring = node.body[0] if ast.get_docstring(node) is not None else None
                spared = docstring.end_lineno - docstring.lineno + 1 if docstring else 0
                n = node.end_lineno - node.lineno + 1 - spared
                if n > 50:
                    long[f"{path.relative_to(ROOT)}:{node.name}"] = n
    assert long == {}


def is_private(name):
    return name.startswith("_") and not name.startswith("__")


def test_no_package_uses_what_is_private_to_another():
    """Neither a module nor a name of another package that begins with an underscore, imported or reached by a dot."""
    found = []
    for path in FILES:
        own = path.relative_to(ROOT).parts[1]
        tree, modules = ast.parse(path.read_text()), set()
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bearkit"):
                parts = (node.module or "").split(".")
                if len(parts) > 1 and parts[1] == own:
                    continue
                names = [*parts, *(alias.name for alias in node.names)]
                found += [f"{path.name}: {node.module}.{name}" for name in names if is_private(name)]
                modules |= {alias.asname or alias.name for alias in node.names}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and is_private(node.attr):
                found += [f"{path.name}: {node.value.id}.{node.attr}"] if node.value.id in modules else []
    assert found == []


def test_nothing_is_left_for_later_in_the_code():
    words = re.compile(r"\b(TODO|FIXME|XXX|raise NotImplementedError)\b")
    assert [str(path) for path in FILES if words.search(path.read_text())] == []
