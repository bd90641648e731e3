"""Settings of every test, and the built book for the tests that look at its pages."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import settings
from once import copy_project, once
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).parents[1]
# There is a worker for each processor: threads of their own would only wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Hypothesis tries the same examples on each run and machine.
settings.register_profile("stable", derandomize=True, deadline=None, database=None, max_examples=40)
settings.load_profile("stable")


def pytest_configure(config):
    """Measure no coverage in the kernels of nbval: the tests alone must reach all of nwlib."""
    config.option.cov_source = None


# Steps that make nothing of where the repository is.
NOT_LINKED = ["write_search"]

# What takes minutes begins first, so that no worker waits at the end for another; and beside the
# build of the book, that the first of them needs, what can do without it.
LONG = (
    "tests/browser/test_pdf.py",
    "tests/browser/test_lab.py",
    "tests/test_lowest.py",
    "tests/browser/test_pyodide.py",
    "tests/browser/test_engines.py",
    "tests/browser/test_lite.py",
    "tests/homework",
    "tests/browser",
    "tests/site",
    "tests/test_fast",
)
# Modules whose tests go to any worker, one by one; those of others stay with their fixtures.
APART = (
    "tests/browser/test_lab.py",
    "tests/test_fast",
    "tests/test_lowest.py",
    "tests/site/test_problems.py",
)


def pytest_collection_modifyitems(items):
    """Put what takes long first."""
    items.sort(key=lambda item: [not item.nodeid.startswith(prefix) for prefix in LONG])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Trace the quick tests of nwlib only: they reach all of it, and tracing halves the speed."""
    cov = item.config.pluginmanager.getplugin("_cov")
    controller = getattr(cov, "cov_controller", None)
    is_quick = item.path.parent.name in ("nwlib", "tests") and not item.get_closest_marker("slow")
    if not controller or is_quick:
        return (yield)
    controller.pause()
    try:
        return (yield)
    finally:
        controller.resume()


class Scheduling(LoadScopeScheduling):
    """Sends a module's or a class's tests to one worker, unless they may go apart."""

    def _split_scope(self, nodeid):
        return nodeid if nodeid.startswith(APART) else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config, log):
    return Scheduling(config, log) if config.getvalue("dist") == "loadscope" else None


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
def shared(tmp_path_factory, worker_id):
    """A folder that all workers of this session have."""
    folder = tmp_path_factory.getbasetemp()
    return folder if worker_id == "master" else folder.parent


@pytest.fixture(scope="session")
def build(shared):
    """The finished `jupyter-book build` of this book, and the folder with its pages."""

    def make(folder):
        command = [Path(sys.executable).with_name("jupyter-book"), "build", ROOT]
        finished = subprocess.run(
            [*command, "--path-output", folder, "-W", "--keep-going", "-n", "-q"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        (folder / "said.json").write_text(json.dumps([finished.returncode, finished.stdout]))

    folder = once(shared / "book", make)
    returncode, said = json.loads((folder / "said.json").read_text())
    finished = subprocess.CompletedProcess("jupyter-book build", returncode, said)
    return finished, folder / "_build" / "html"


@pytest.fixture(scope="session")
def site(build):
    """The folder with the pages of the book."""
    return build[1]


@pytest.fixture(scope="session")
def linked_build(shared):
    """What the build says to somebody who tells it where the repository is; and its pages."""

    def make(folder):
        copy_project(folder)
        config = yaml.safe_load((folder / "_config.yml").read_text(encoding="utf-8"))
        config["sphinx"]["config"]["steps_left_out"] = NOT_LINKED
        (folder / "_config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
        variables = {
            "BOOK_REPOSITORY_URL": "https://github.com/ada/attention",
            "BOOK_REPOSITORY_BRANCH": "winter",
        }
        finished = subprocess.run(
            [sys.executable, folder / "pages" / "build.py", folder],
            env={**os.environ, **variables},
            check=True,
            capture_output=True,
            text=True,
        )
        (folder / "said.txt").write_text(finished.stderr)

    folder = once(shared / "linked", make)
    return (folder / "said.txt").read_text(), folder / "_build" / "html"


@pytest.fixture(scope="session")
def linked(linked_build):
    """The folder with the pages of the book whose repository is known."""
    return linked_build[1]
