"""The command line: each command is one call of the library, and prints text or, with --json, one object.

A module for each panel of `bearkit --help`.
"""

import sys

from bearkit.cli import data as data
from bearkit.cli import label as label
from bearkit.cli import models as models
from bearkit.cli import project as project
from bearkit.cli import publishing as publishing
from bearkit.cli import review as review
from bearkit.cli import start as start
from bearkit.cli import training as training
from bearkit.cli.common import run


def main() -> None:
    """Run the command line. The exit code is 0, 1 after an error, or 2 for wrong usage."""
    run()


def studio_main() -> None:
    """Run `bearkit studio ...`, for `python app.py ...`."""
    sys.argv.insert(1, "studio")
    main()
