"""The command line: each command is one call of the library, and prints text for people or, with --json, one object."""

import sys

from bearkit.cli import commands as commands
from bearkit.cli import data as data
from bearkit.cli import doctor as doctor
from bearkit.cli import publishing as publishing
from bearkit.cli import review as review
from bearkit.cli import training as training
from bearkit.cli.common import run


def main() -> None:
    """Run the command line. Exit code 0, 1 with an error object, or 2 for wrong usage."""
    run()


def studio_main() -> None:
    """`python app.py ...` is `bearkit studio ...`."""
    sys.argv.insert(1, "studio")
    main()
