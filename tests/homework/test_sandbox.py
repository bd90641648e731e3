"""The sandbox itself: one process for one submission, which ends with it."""

import contextlib
import json
from functools import partial
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace

import pytest

from nwgrade import judge
from nwgrade.sandbox import Gone, Limits, Sandbox

from .classroom import (
    hand_in,
    make_course,
    need_bubblewrap,
    need_user,
    nwgrade,
    wait_until,
    with_gradebook,
)
from .hostile import BREAKERS, MEET, NAME
from .submissions import answered, grade


@pytest.fixture(scope="module", autouse=True)
def _sandbox():
    need_bubblewrap()


def test_a_submission_cannot_outlive_its_end():
    code = dedent(BREAKERS["never-ends-at-any-signal"].content["cells"][2]["source"])
    sandbox = Sandbox(Limits(seconds=0.5))
    sandbox.start()
    with_it = descendants(sandbox._process.pid)
    assert len(with_it) > 1
    with pytest.raises(Gone, match="timed out"):
        sandbox.ask({"run": code, "name": "cell 1"})
    wait_until(lambda: not any(map(is_alive, with_it)), "the end of all processes")
    sandbox.close()


def test_the_next_sandbox_waits_unharmed_while_the_one_before_attacks():
    attacks = ["kills-all", "starts-threads", "fills-the-disk-with-links", "fills-shared-memory"]
    look = "import os, threading\nfound = len(os.listdir('/tmp')) + threading.active_count()"
    found = []
    with Sandbox(Limits(seconds=20)) as first, Sandbox(Limits(seconds=20)) as following:
        for sandbox in (first, following):
            sandbox.start()
        for code in [look, *(BREAKERS[name].content["cells"][2]["source"] for name in attacks)]:
            first.ask({"run": code, "name": "cell 1"})
        for sandbox in (following, first):
            assert sandbox.ask({"run": look, "name": "cell 2"}) == {"value": None}
            found.append(sandbox.ask({"get": "found"})["value"])
    assert found[0] < 9  # its lists of fonts, and one thread
    assert found[1] > 900


def is_alive(pid):
    """Say whether a process is there, and not only its entry, which nobody has read."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def descendants(pid):
    """Return the processes that a process has started, and those that these have started."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    found = {pid}
    while more := {one for one, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def test_fonts_are_not_sought_anew_in_each_sandbox():
    code = "import logging; logging.basicConfig(filename='log', level=10)\nimport matplotlib.pyplot"
    look = "said = [line for line in open('log') if 'fontManager' in line or 'font cache' in line]"
    with Sandbox(Limits(seconds=20)) as sandbox:
        for source in (code, look):
            assert sandbox.ask({"run": source, "name": "cell 1"}) == {"value": None}
        (said,) = sandbox.ask({"get": "said"})["value"]
    assert "Using fontManager instance from /tmp/fontlist" in said


def test_a_submission_whose_processor_time_is_up_is_told_so():
    with Sandbox(Limits(seconds=60, cpu_seconds=1)) as sandbox:
        sandbox.start()
        with pytest.raises(Gone, match="timed out"):
            sandbox.ask({"run": "while True: pass", "name": "cell 1"})


def test_which_cell_has_stopped_python_stays_known_when_a_check_stops_it_again():
    leave = "__import__('os')._exit(0)"
    cells = answered("hw1", leave, world=f"def truth(x):\n    {leave}")
    position = next(cell.position for cell in cells if cell.source == leave)
    report = grade("hw1", cells, partial(Sandbox, Limits(seconds=5)))
    assert report.verdicts[0].message == "Calling truth: it made Python stop (died)."
    assert (position, "it made Python stop (died).") in report.cells


class Endless:
    """A sandbox in which each call is a loop without an end, and for which nobody has to wait."""

    limits = Limits(seconds=2)

    def __init__(self, given):
        self._given = given

    def start(self, draws=False):
        """Nothing is to be waited for."""

    close = start

    def ask(self, message, seconds):
        if "call" in message:
            self._given.append(seconds)
            raise Gone("timed out")
        return {"value": None}


def test_a_loop_without_an_end_has_less_time_at_each_call(monkeypatch):
    given, still = [], SimpleNamespace(monotonic=lambda: 0.0)  # a clock on which no load shows
    monkeypatch.setattr(judge, "time", still)
    report = grade("hw1", answered("hw1"), partial(Endless, given))
    assert given == [2, 1, 0.5, 0.25, 0.25]
    assert report.deaths == ("timed out",) * 5


@pytest.mark.parametrize("user", ["root", "ordinary"])
def test_no_submission_finds_what_another_was_or_left(tmp_path, user):
    """One worker grades them all, so that what one process keeps would be there for the next."""
    need_user(user)
    course = with_gradebook(make_course(tmp_path, NAME), NAME)
    for student, content in MEET.items():
        hand_in(course, NAME, student, content)
    ran = nwgrade(course, "grade", NAME, "--workers", 1, "--json", user=user)
    assert ran.code == 0
    said = {}
    for student in MEET:
        result = json.loads((course / "autograded" / student / NAME / "result.json").read_text())
        ((_, said[student]),) = result["cells"]
    assert {one.partition(" (cell")[0] for one in said.values()} == {
        "SystemExit: found my own True, of others [], writable ['/tmp']"
    }
