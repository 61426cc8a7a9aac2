"""Find the modules of bearkit that a Space needs, by reading imports: a Space carries copies of them."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent  # the package's folder


def vendored_modules(source: str) -> list[Path]:
    """Return the files of bearkit that Python source imports, directly or indirectly, relative to bearkit's folder."""
    needed: set[Path] = set()
    pending = list(_imports(source))
    while pending:
        for path in _files(pending.pop()):
            if path not in needed:
                needed.add(path)
                if path != Path("__init__.py"):  # it imports lazily, so it needs no other module
                    pending += _imports_of(path)
    return sorted(needed)


@cache
def _imports_of(path: Path) -> list[str]:
    """Return what a file of bearkit may import; the files of a running program do not change."""
    return list(_imports((ROOT / path).read_text(encoding="utf-8")))


def _imports(source: str) -> Iterator[str]:
    """Yield every module of bearkit that source may import: `from a import b` imports a, and perhaps a.b."""
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        yield from (name for name in names if name.partition(".")[0] == ROOT.name)


def _files(module: str) -> Iterator[Path]:
    """Yield the file of a module, and the `__init__` files of its packages."""
    parts = module.split(".")[1:]
    for n in range(len(parts) + 1):
        package = Path(*parts[:n])
        if (ROOT / package / "__init__.py").is_file():
            yield package / "__init__.py"
    if parts and (ROOT / Path(*parts).with_suffix(".py")).is_file():
        yield Path(*parts).with_suffix(".py")
