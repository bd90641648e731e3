"""Ctrl-C at any moment: one line, the code 130, no traceback, and the next run goes on."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from nwgrade import interrupt

from .classroom import (
    LIGHT,
    hand_in,
    make_course,
    need_bubblewrap,
    notebook,
    nwgrade_here,
    with_gradebook,
)

# Raises the signal, twice, when a module is imported, or when a function of it is called first.
AT = """
import importlib, signal, sys
from importlib.abc import MetaPathFinder
module, _, name = sys.argv.pop(1).partition(":")


def interrupt():
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)


def watch(owner):
    *path, last = name.split(".")
    for one in path:
        owner = getattr(owner, one)
    real = getattr(owner, last)

    def called(*args, **options):
        setattr(owner, last, real)
        interrupt()
        return real(*args, **options)

    setattr(owner, last, called)


class Finder(MetaPathFinder):
    def find_spec(self, wanted, path, target=None):
        if wanted == module:
            sys.meta_path.remove(self)
            spec = importlib.util.find_spec(wanted)
            load = spec.loader.exec_module
            then = watch if name else lambda made: interrupt()
            spec.loader.exec_module = lambda made: load(made) or then(made)
            return spec


if module in sys.modules:
    watch(sys.modules[module])
else:
    sys.meta_path.insert(0, Finder())
from nwgrade.__main__ import main
sys.exit(main())
"""
MOMENTS = {
    "imports": "nwgrade.cli",
    "the-command-line": "argparse:ArgumentParser.parse_args",
    "the-first-sandbox": "nwgrade.sandbox:Sandbox.__init__",
    "fonts": "matplotlib.font_manager",
    "a-process-starts": "subprocess:Popen._execute_child",
    "imports-of-nbgrader": "nbgrader.api",
    "the-workers-start": "distributed:LocalCluster.__init__",
    "waiting": "nwgrade.grading:judge",
    "a-result-is-stored": "nwgrade.gradebook:store",
    "a-transaction": "sqlalchemy.orm.session:Session.commit",
    "the-workers-end": "nwgrade.grading:leave",
    "the-end-of-python": "threading:_shutdown",
}
DONE = ("the-workers-end", "the-end-of-python")  # there was nothing left to do


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory):
    """Return what a run has printed that is interrupted at each moment, and what it has left."""
    need_bubblewrap()
    first = with_gradebook(make_course(tmp_path_factory.mktemp("first"), "hw1"), "hw1")
    hand_in(first, "hw1", "ada", notebook("hw1", **LIGHT))

    def run(moment):
        folder = tmp_path_factory.mktemp(moment)
        course, temporary = shutil.copytree(first, folder / "course"), folder / "tmp"
        temporary.mkdir()
        command = [sys.executable, "-c", AT, MOMENTS[moment], "grade", "hw1", "--workers", "1"]
        done = subprocess.run(
            [*command, "--course", course],
            capture_output=True,
            text=True,
            env=os.environ | {"TMPDIR": str(temporary)},
            # A job that a script has put in the background ignores Ctrl-C.
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.default_int_handler),
        )
        return course, done, list(temporary.iterdir())

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(MOMENTS, pool.map(run, MOMENTS), strict=True))


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_interrupted_command_says_one_line_and_leaves_nothing(interrupted, moment):
    _, done, left = interrupted[moment]
    said = [line for line in done.stderr.splitlines() if not line.startswith("Grading")]
    if moment in DONE:
        assert (done.returncode, said) == (0, [])
        assert "1 graded in" in done.stdout
    else:
        assert (done.returncode, said) == (interrupt.INTERRUPTED, [interrupt.LINE])
        assert done.stdout == ""
    assert not left


def test_what_was_interrupted_goes_on(interrupted):
    for moment in ("the-workers-start", "a-result-is-stored", "a-transaction", "the-end-of-python"):
        course, *_ = interrupted[moment]
        done = nwgrade_here(course, "grade", "hw1", "--json")
        assert (done.code, [row["earned"] for row in done.json]) == (0, [68])


def test_who_was_started_to_ignore_ctrl_c_goes_on_ignoring_it():
    assert threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        interrupt.listen()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        assert not interrupt.asked().done()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
