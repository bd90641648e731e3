"""Settings of every test, and the built book for the tests that look at its pages."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

ROOT = Path(__file__).parents[1]

# Hypothesis tries the same examples on each run and machine.
settings.register_profile("stable", derandomize=True, deadline=None, database=None, max_examples=40)
settings.load_profile("stable")


def pytest_configure(config):
    """Measure no coverage in the kernels of nbval: the tests alone must reach all of nwlib."""
    config.option.cov_source = None


def pytest_terminal_summary(terminalreporter):
    """Say aloud, once each, why tests were skipped."""
    skipped = terminalreporter.stats.get("skipped", [])
    for reason in sorted({report.longrepr[2] for report in skipped}):
        terminalreporter.write_line(reason, red=True)


@pytest.fixture(autouse=True)
def close_figures():
    """Leave no figure open, where a test has made one."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(scope="session")
def build(tmp_path_factory, worker_id):
    """The finished `jupyter-book build` of this book, and the folder with its pages.

    The first worker that needs it builds; the others wait for that, and use the same pages.
    """
    shared = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        shared = shared.parent
    record = shared / "build.json"
    with FileLock(f"{record}.lock"):
        if not record.exists():
            command = [Path(sys.executable).with_name("jupyter-book"), "build", ROOT]
            finished = subprocess.run(
                [*command, "--path-output", shared / "book", "-W", "--keep-going", "-n", "-q"],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            record.write_text(json.dumps([finished.returncode, finished.stdout]))
    returncode, said = json.loads(record.read_text())
    finished = subprocess.CompletedProcess("jupyter-book build", returncode, said)
    return finished, shared / "book" / "_build" / "html"


@pytest.fixture(scope="session")
def site(build):
    """The folder with the pages of the book."""
    return build[1]


@pytest.fixture(scope="session")
def linked_build(tmp_path_factory, worker_id):
    """What the build says to somebody who tells it where the repository is; and its pages."""
    shared = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        shared = shared.parent
    folder = shared / "linked"
    record = shared / "linked.txt"
    with FileLock(f"{record}.lock"):
        if not record.exists():
            leave = shutil.ignore_patterns(".venv", ".git", ".*_cache", "_build", "*.egg-info")
            shutil.copytree(ROOT, folder, ignore=leave)
            variables = {
                "BOOK_REPOSITORY_URL": "https://github.com/ada/attention",
                "BOOK_REPOSITORY_BRANCH": "winter",
            }
            finished = subprocess.run(
                [sys.executable, folder / "scripts" / "build.py", folder],
                env={**os.environ, **variables},
                check=True,
                capture_output=True,
                text=True,
            )
            record.write_text(finished.stderr)
    return record.read_text(), folder / "_build" / "html"


@pytest.fixture(scope="session")
def linked(linked_build):
    """The folder with the pages of the book whose repository is known."""
    return linked_build[1]
