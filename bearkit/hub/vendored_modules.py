"""Which of bearkit's own files a module needs, read from its imports: what a Space carries of bearkit."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent  # the package's folder


def vendored_modules(source: str) -> list[Path]:
    """The files of bearkit, relative to its folder, that Python source needs, directly or not."""
    found: set[Path] = set()
    waiting = list(_imports(source))
    while waiting:
        for path in _files(waiting.pop()):
            if path not in found:
                found.add(path)
                if path != Path("__init__.py"):  # lazy: it brings nothing by itself
                    waiting += _imports((ROOT / path).read_text(encoding="utf-8"))
    return sorted(found)


def _imports(source: str) -> Iterator[str]:
    """Every module of bearkit that source may mean: `from a import b` names a, and perhaps a.b."""
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        yield from (name for name in names if name.partition(".")[0] == ROOT.name)


def _files(module: str) -> Iterator[Path]:
    """A module's own file, and those of the packages that it is in."""
    parts = module.split(".")[1:]
    for n in range(len(parts) + 1):
        inside = Path(*parts[:n])
        if (ROOT / inside / "__init__.py").is_file():
            yield inside / "__init__.py"
    if parts and (ROOT / Path(*parts).with_suffix(".py")).is_file():
        yield Path(*parts).with_suffix(".py")
