"""Record the contract again: `python -m tests.record_contract` writes tests/data/contract/*.json. Read their diff."""

import os
import sys
from pathlib import Path

import pytest

from tests.contract import FOLDER, RECORD


def main():
    """Run the tests of the contract, which write what they find instead of comparing it."""
    for path in FOLDER.glob("*.json"):
        path.unlink()
    os.environ[RECORD] = "1"
    return pytest.main(["-q", str(next(Path(__file__).parent.rglob("test_contract.py")))])


if __name__ == "__main__":
    sys.exit(main())
