"""Submissions made for the tests, right and wrong ones, and what the grader says of them.

A submission is the instructor's notebook in which some answers are other ones:

    cells = answered("hw1", truth=\"\"\"
    def truth(x):
        return np.cos(x)
    \"\"\")
    assert lost(grade("hw1", cells, sandbox)) == {"truth_has_the_right_values"}
"""

import contextlib
import json
import os
import shutil
import sys
import warnings
from contextlib import redirect_stdout
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from textwrap import dedent

import pytest

from nwgrade import wire
from nwgrade.assignment import faults as nwgrade_faults
from nwgrade.assignment import handed_out, load_assignment
from nwgrade.judge import judge
from nwgrade.notebooks import Cell
from nwgrade.sandbox import Limits, Sandbox

sys.modules["wire"] = wire  # as the worker's own folder has it
from nwgrade import worker  # noqa: E402

HOMEWORK = Path(__file__).parents[2] / "homework"
NAMES = sorted(path.stem for path in (HOMEWORK / "checks").glob("*.py"))
SEED = 11


def maker_of_sandboxes(name):
    """Return what makes sandboxes with the assignment's data files, one for each submission."""
    if shutil.which("bwrap") is None:
        no_sandbox = "NOTHING IS GRADED HERE: bubblewrap is missing (apt-get install bubblewrap)"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(no_sandbox)
    return partial(Sandbox, Limits(seconds=5), assignment(name).files)


class InThisProcess:
    """What answers as a sandbox does, and locks nothing in: for our own submissions, many of them.

    A sandbox takes a third of a second to start; what a check makes of an answer does not depend on
    it. `python -m tests.homework.catalogue` grades the same ones in sandboxes.
    """

    limits = Limits(seconds=60)  # nothing of ours has to be stopped

    def __init__(self, folder):
        self._folder = folder
        self._names = {"__name__": "__main__", "display": lambda *things: None}

    def start(self, draws=False):
        """Nothing is to be waited for."""

    def close(self):
        """Nothing is left behind."""

    def ask(self, message, seconds=None):
        with warnings.catch_warnings(), contextlib.chdir(self._folder), redirect_stdout(None):
            warnings.simplefilter("ignore")  # as in a notebook: told, and no error
            return wire.decode(worker.answer(wire.encode(message), self._names))


def in_this_process(name):
    """Return what makes such sandboxes, with the assignment's data files beside them."""
    return partial(InThisProcess, HOMEWORK / "source" / name)


@lru_cache
def assignment(name):
    """Return the assignment as the grader loads it."""
    return load_assignment(HOMEWORK, name)


def instructor(name):
    """Return the cells of the instructor's notebook, with all solutions."""
    return list(assignment(name).cells)


def release(name):
    """Return the cells as they are handed out: nbgrader's stubs in the place of solutions."""
    return handed_out(assignment(name))


def answered(name, *extra, **answers):
    """Return the instructor's cells with other answers, by grade_id, and extra cells in front.

    The extra cells stand behind the first code cell, where a student has the imports already.
    """
    cells = instructor(name)
    answers = {grade_id: dedent(text) for grade_id, text in answers.items()}
    known = {cell.grade_id for cell in cells if cell.is_solution}
    assert answers.keys() <= known, f"no such answers: {answers.keys() - known}"
    cells = [
        replace(cell, source=answers.get(cell.grade_id, cell.source)) if cell.is_solution else cell
        for cell in cells
    ]
    first = next(i for i, cell in enumerate(cells) if cell.kind == "code") + 1
    cells[first:first] = [Cell(0, "code", dedent(text)) for text in extra]
    return [replace(cell, position=i) for i, cell in enumerate(cells, start=1)]


def changed(name, grade_id, old, new):
    """Return the instructor's cells with one piece of one answer replaced."""
    (text,) = (cell.source for cell in instructor(name) if cell.grade_id == grade_id)
    assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {grade_id}"
    return answered(name, **{grade_id: text.replace(old, new)})


def grade(name, cells, sandbox, seed=SEED):
    """Return the Report on the cells, without pictures: they take time, and no check sees one."""
    if [cell.grade_id for cell in cells if "plt." in cell.source] == ["setup"]:
        cells = [replace(cell, source=_without_pictures(cell.source)) for cell in cells]
    return judge(cells, checks(name), sandbox, seed)


def _without_pictures(text):
    text = text.replace("import matplotlib.pyplot as plt\n", "")
    return text.replace("    _, ax = plt.subplots()\n", "    return\n")


def lost(report):
    """Return the names of the checks that failed."""
    return {verdict.check for verdict in report.verdicts if not verdict.earned}


def run_everything(cells, sandbox):
    """Run all code cells, the visible tests too; return (position, error) of each that fails."""
    return judge([replace(cell, is_graded=False) for cell in cells], [], sandbox, SEED).cells


def checks(name):
    """Return the assignment's checks."""
    return assignment(name).checks


def rubric(name):
    """Return the assignment's rubric: of each manually graded cell, what earns how many points."""
    return assignment(name).rubric


def faults(name):
    """Return what is wrong with the assignment itself, a sentence each."""
    notebook = json.loads((HOMEWORK / "source" / name / f"{name}.ipynb").read_text())
    nbgrader = [cell["metadata"].get("nbgrader", {}) for cell in notebook["cells"]]
    ids = [one.get("grade_id") for one in nbgrader]
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    found = {
        "a cell is not in nbgrader's format 3": any(
            one.get("schema_version") != 3
            or not {"grade", "solution", "locked", "task"} <= one.keys()
            for one in nbgrader
        ),
        "a cell's id is not its grade_id": ids != [cell.get("id") for cell in notebook["cells"]],
        "an output is stored": any(cell["outputs"] or cell["execution_count"] for cell in code),
    }
    return [*nwgrade_faults(assignment(name)), *(text for text, is_so in found.items() if is_so)]
