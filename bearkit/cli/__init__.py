"""The command line: each command is one call of the library, and prints text or, with --json, one object.

A module for each panel of `bearkit --help`.
"""

import sys

from bearkit.cli.common import run


def main() -> None:
    """Run the command line. The exit code is 0, 1 after an error, or 2 for wrong usage."""
    run()


def studio_main() -> None:
    """Run `bearkit studio ...`, for `python app.py ...`."""
    sys.argv.insert(1, "studio")
    main()
