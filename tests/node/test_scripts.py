"""The scripts of the figures in node's own test runner, with what nwlib says today at hand."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from .cases import table

TESTS = sorted(Path(__file__).parent.glob("*.test.mjs"))


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name.partition(".")[0])
def test_a_script_does_what_its_tests_say(path, tmp_path):
    if not shutil.which("node"):
        stop = pytest.fail if os.environ.get("CI") else pytest.skip
        stop("no node: apt-get install nodejs; the scripts of the figures were NOT tested")
    says = tmp_path / "nwlib.json"
    says.write_text(table())
    done = subprocess.run(
        ["node", "--test", "--test-reporter=tap", path],
        env=os.environ | {"NWLIB_SAYS": str(says)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "# pass 0\n" not in done.stdout
