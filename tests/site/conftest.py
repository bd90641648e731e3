"""The built book, for the tests that look at its pages."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def build(tmp_path_factory):
    """The finished `jupyter-book build` of this book, and the folder with its pages."""
    out = tmp_path_factory.mktemp("book")
    command = [Path(sys.executable).with_name("jupyter-book"), "build", ROOT, "--path-output", out]
    finished = subprocess.run(
        [*command, "-W", "--keep-going", "-n", "-q"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return finished, out / "_build" / "html"


@pytest.fixture(scope="session")
def site(build):
    """The folder with the pages of the book."""
    return build[1]
