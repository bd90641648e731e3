"""An assignment: the instructor's notebook, its checks and its rubric, and whether they agree."""

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from traceback import extract_tb

from nwgrade.checks import load_checks
from nwgrade.notebooks import Unreadable, read_notebook

SOLUTION = re.compile(r"(?ms)^([ \t]*)### BEGIN SOLUTION\n.*?^[ \t]*### END SOLUTION$")
CODE_STUB = r"\1# YOUR CODE HERE\n\1raise NotImplementedError()"
TEXT_STUB = "YOUR ANSWER HERE"
PICTURE = re.compile(r'(?m)^picture\("(\w+)"\)')
HEADING = re.compile(r"(?m)^#+ +(.+?)(?: \(\d+ points\))?$")


class AssignmentError(Exception):
    """The assignment is not as it should be; says what to mend."""


@dataclass(frozen=True)
class Assignment:
    """What an instructor has written: cells with solutions, checks, rubric, data files.

    rubric : of each answer that a person grades, by grade_id, its criteria with their points.
    """

    name: str
    cells: tuple
    checks: tuple
    rubric: dict
    files: tuple
    version: str

    @property
    def tests(self):
        """The points of each cell that is graded by checks, by grade_id."""
        return {cell.grade_id: cell.points for cell in self.cells if cell.is_test}

    @property
    def written(self):
        """The cells that a person grades, by grade_id."""
        graded = (cell for cell in self.cells if cell.is_graded and not cell.is_test)
        return {cell.grade_id: cell for cell in graded}

    @property
    def points(self):
        return sum(self.tests.values()) + sum(cell.points for cell in self.written.values())

    @property
    def drawings(self):
        """The function that draws the figure of a cell, by the cell's grade_id."""
        found = [(name, PICTURE.search(cell.source)) for name, cell in self.written.items()]
        return {name: match[1] for name, match in found if match}

    def title(self, grade_id):
        """Return the heading that the cell stands under."""
        heading = ""
        for cell in self.cells:
            if cell.kind == "markdown" and not cell.is_solution:
                heading = next(iter(HEADING.findall(cell.source)), heading)
            if cell.grade_id == grade_id:
                return heading or grade_id
        return grade_id

    def is_answered(self, grade_id, text):
        """Say whether the text of a written answer is more than what was handed out."""
        return bool(text.strip()) and text.split() != stub(self.written[grade_id]).source.split()


def load_assignment(folder, name):
    """Return the assignment of a course folder, from source/NAME/NAME.ipynb and checks/NAME.py."""
    source, checks = Path(folder, "source", name), Path(folder, "checks", f"{name}.py")
    notebook = source / f"{name}.ipynb"
    for path in (notebook, checks):
        if not path.is_file():
            raise AssignmentError(f"{name} needs both {notebook} and {checks}: there is no {path}.")
    try:
        cells = tuple(read_notebook(notebook.read_bytes()))
    except Unreadable as error:
        raise AssignmentError(f"{notebook}: {error}") from None
    files = tuple(_data(source))
    try:
        text = checks.read_text(encoding="utf-8")
        found, rubric = load_checks(text, checks)
    except Exception as error:  # whatever the instructor's own module may raise
        raise AssignmentError(_told(error, checks)) from None
    parts = [notebook.read_bytes(), text.encode(), *(path.read_bytes() for path in files)]
    version = hashlib.sha256(b"\0".join(parts)).hexdigest()
    return Assignment(name, cells, found, rubric, files, version)


def _told(error, path):
    """Return what a module has raised, and in which line of it, if it did there."""
    steps = [step.lineno for step in extract_tb(error.__traceback__) if step.filename == str(path)]
    line, text = steps[-1] if steps else None, str(error)
    if isinstance(error, SyntaxError):
        line, text = error.lineno, error.msg
    return f"{path}{f', line {line}' if line else ''}: {type(error).__name__}: {text}"


def _data(source):
    """Return the data files of an assignment's folder."""
    names, notebook = sorted(source.glob("[!.]*")), f"{source.name}.ipynb"
    return [path for path in names if path.is_file() and path.name != notebook]


def stub(cell):
    """Return an answer's cell as it is handed out, without its solution."""
    return replace(cell, source=_stub(cell.kind, cell.source))


def _stub(kind, text):
    return TEXT_STUB if kind == "markdown" else SOLUTION.sub(CODE_STUB, text)


def handed_out(assignment):
    """Return the cells as students get them."""
    return [stub(cell) if cell.is_solution else cell for cell in assignment.cells]


def handout(source):
    """Return what students get of the assignment in a folder, as (file name, bytes).

    The notebook is what nbgrader makes of the instructor's.
    """
    name = f"{source.name}.ipynb"
    notebook = json.loads((source / name).read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            text = _stub(cell["cell_type"], "".join(cell["source"]))
            cell["source"] = text.splitlines(keepends=True)
    text = json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"
    return [(name, text.encode()), *((path.name, path.read_bytes()) for path in _data(source))]


def faults(assignment):
    """Return what is wrong with the assignment itself, a sentence each."""
    ids = [cell.grade_id for cell in assignment.cells]
    found = [f"Cell {ids.index('') + 1} has no grade_id."] if "" in ids else []
    twice = sorted(one for one, times in Counter(ids).items() if times > 1)
    found += [f"Two cells have the grade_id {one}." for one in twice]
    if assignment.points != 100:
        found.append(f"The points sum to {assignment.points:g}, not to 100.")
    checked = Counter()
    for check in assignment.checks:
        checked[check.cell] += check.points
    rubric = {name: sum(p for _, p in rows) for name, rows in assignment.rubric.items()}
    written = {name: cell.points for name, cell in assignment.written.items()}
    found += _unequal(assignment.tests, checked, "its checks")
    found += _unequal(written, rubric, "its rubric")
    for cell in assignment.cells:
        if cell.is_solution and cell.kind == "code" and not SOLUTION.search(cell.source):
            found.append(f"Cell {cell.grade_id} has no ### BEGIN SOLUTION and ### END SOLUTION.")
        if cell.kind == "code" and re.search(r"(?m)^\s*(import|from) nwlib\b", cell.source):
            found.append(f"Cell {cell.grade_id} imports nwlib, which the sandbox does not have.")
    return found


def _unequal(points, summed, what):
    """Say where the points that a cell gives are not those of what they are given for."""
    points, summed = Counter(points), Counter(summed)
    unequal = [one for one in sorted({*points, *summed}) if points[one] != summed[one]]
    return [f"Cell {one} gives {points[one]:g} points, {what} {summed[one]:g}." for one in unequal]
