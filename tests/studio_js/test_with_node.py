"""Runs the unit tests of the studio's JavaScript, `*.test.js` beside this file, with node's own runner."""

import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from bearkit.catalog.label_set import KEYS

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("*.test.js"))
NODE = shutil.which("node")
RESULT = re.compile(r"^ *(not )?ok \d+ - (.*)$", re.MULTILINE)  # a line of TAP
pytestmark = pytest.mark.skipif(
    NODE is None, reason="no node on this machine; `make test` installs it when run as root on Debian"
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.removesuffix(".test.js"))
def test_a_module_does_what_its_tests_say(path):
    done = run(path)
    results = RESULT.findall(done.stdout)
    assert [name for failed, name in results if failed] == [], done.stdout
    assert done.returncode == 0, done.stdout + done.stderr
    assert results


def test_a_failing_test_is_reported_by_its_name(tmp_path):
    wrong = tmp_path / "wrong.test.js"
    wrong.write_text("require('node:test')('one is two', () => { require('node:assert').equal(1, 2); });")
    done = run(wrong)
    assert ("not ", "one is two") in RESULT.findall(done.stdout)
    assert done.returncode == 1


def test_no_key_of_a_label_does_anything_else_on_the_label_tab(tmp_path):
    asked = tmp_path / "keys.mjs"
    module = (HERE.parents[1] / "bearkit" / "studio" / "js" / "keys.js").as_uri()
    asked.write_text(
        f"import {{ labelAction }} from {json.dumps(module)};\n"
        f"console.log(JSON.stringify([...{json.dumps(KEYS)}].filter(labelAction)));"
    )
    done = subprocess.run([NODE, "--no-warnings", asked], capture_output=True, text=True, check=True, timeout=120)
    assert json.loads(done.stdout) == []


@cache
def run(path):
    command = [NODE, "--test", "--test-reporter=tap", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
