"""`python -m bearkit` is `bearkit`."""

from bearkit.cli import main

main()
