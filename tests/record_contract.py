"""Record the contract again: `python -m tests.record_contract` writes tests/data/contract/*.json. Read their diff."""

import os
import subprocess
import sys
from pathlib import Path

from tests.contract import FOLDER, RECORD


def main():
    """Run the tests of the contract, which write what they find instead of comparing it."""
    for path in FOLDER.glob("*.json"):
        path.unlink()
    test = next(Path(__file__).parent.rglob("test_contract.py"))
    command = [sys.executable, "-m", "pytest", "-q", str(test)]  # this process has imported plugins of pytest's already
    return subprocess.run(command, env=os.environ | {RECORD: "1"}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
