"""Record the contract again: `python -m tests.record_contract` writes tests/data/contract/*.json. Read their diff."""

import os
import sys

import pytest

from tests.contract import FOLDER, RECORD


def main():
    """Run the tests of the contract, which write what they find instead of comparing it."""
    for path in FOLDER.glob("*.json"):
        path.unlink()
    os.environ[RECORD] = "1"
    return pytest.main(["-q", "tests/test_contract.py"])


if __name__ == "__main__":
    sys.exit(main())
