"""Carries `spaces/` into the wheel, as `bearkit/_spaces`. All else is in pyproject.toml."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithSpaces(build_py):
    """Builds the package with what `bearkit space` writes."""

    def run(self) -> None:
        """Build, and copy; an editable install finds `spaces/` where it stands."""
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib, "bearkit", "_spaces")
            shutil.copytree("spaces", target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))


setup(cmdclass={"build_py": BuildWithSpaces})
