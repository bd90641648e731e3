"""nbgrader's gradebook: what the grader found goes in, and what people add to it comes out.

nbgrader makes the release and holds the scores; its formgrader shows the notebooks that are written
here under autograded/. It never runs a submission.
"""

import base64
import json
import os
import re
import sys
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nwgrade.assignment import handed_out
from nwgrade.course import CourseError, digest, write, write_json
from nwgrade.notebooks import read_notebook

# nbgrader calls alembic by its name.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
# What would become a tag, an entity, a link or a picture in the instructor's browser. A link can
# run a script there with one click, and the server behind formgrader obeys the instructor.
OBEYED = re.compile(r"<(?=[a-zA-Z/!?])|&(?=#|\w+;)|\](?=[(:])|\\(?=href\b)")


@dataclass(frozen=True)
class Part:
    """A graded cell of one student: `earned` is None while it waits for a person."""

    cell: str
    points: float
    earned: float | None
    comment: str = ""


@dataclass(frozen=True)
class Row:
    """Where one student stands. `score` is None where there is nothing that could be scored."""

    student: str
    name: str
    status: str
    problem: str
    days_late: int
    parts: tuple
    cut: float
    result: dict

    @property
    def earned(self):
        return sum(part.earned or 0 for part in self.parts) if self.parts else None

    @property
    def score(self):
        return None if self.earned is None else round(self.earned * (1 - self.cut), 2)

    @property
    def waiting(self):
        """The parts that wait for a person."""
        return [part for part in self.parts if part.earned is None]


@contextmanager
def gradebook(course):
    """Hold the course's gradebook open."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what nbgrader uses of others
        from nbgrader.api import Gradebook

        with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as book:
            yield book


def release(course, assignment):
    """Make what students get under release/, with nbgrader; return the notebook's path."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from nbgrader.apps import NbGraderAPI
        from traitlets.config import Config

        config = Config()
        config.CourseDirectory.root = str(course.root)
        config.CourseDirectory.db_url = f"sqlite:///{course.root / 'gradebook.db'}"
        done = NbGraderAPI(config=config).generate_assignment(assignment.name, force=True)
    if not done["success"]:
        told = (done.get("error") or done.get("log") or "").strip().rpartition("\n")[2]
        raise CourseError(f"nbgrader could not make the release of {assignment.name}: {told}")
    return course.root / "release" / assignment.name / f"{assignment.name}.ipynb"


def is_registered(course, assignment):
    """Say whether the gradebook knows the assignment with the cells that it has now."""
    if not (course.root / "gradebook.db").exists():
        return False
    with gradebook(course) as book:
        from nbgrader.api import MissingEntry

        try:
            notebook = book.find_notebook(assignment.name, assignment.name)
        except MissingEntry:
            return False
        known = {cell.name: cell.max_score for cell in notebook.grade_cells}
    points = {name: cell.points for name, cell in assignment.written.items()}
    return known == assignment.tests | points


# ---- In ----


def store(course, assignment, submission, stamp, result, book, now):
    """Keep the result of grading a submission: in the gradebook, for formgrader, as a file.

    The file comes last, and says that the rest is there. Points that a person has given stay, as
    long as the answer is the one that they were given for, also when the machine fails meanwhile.
    """
    old = course.result(assignment.name, submission.student) or {}
    figures = result.get("figures", {})
    result = {key: value for key, value in result.items() if key != "figures"}
    answers = result.get("answers", {})
    shown = {
        name: digest((text + figures.get(name, "")).encode()) for name, text in answers.items()
    }
    is_same = old.get("version") == stamp["version"] and "verdicts" in old
    if is_same or "verdicts" not in result:  # a figure may look different each time it is drawn
        shown |= old.get("shown", {})
    result = {**stamp, **result, "shown": shown, "time": now}
    folder = course.root / "autograded" / submission.student / assignment.name
    if "verdicts" in result:
        _score(assignment, submission, result, old.get("shown", {}), book)
        notebook = _for_formgrader(assignment, submission, result, figures)
        write(folder / f"{assignment.name}.ipynb", json.dumps(notebook, indent=1))
    for name in assignment.drawings:
        (folder / f"{name}.png").unlink(missing_ok=True)
    for name, png in figures.items():
        write(folder / f"{name}.png", base64.b64decode(png))
    write_json(folder / "result.json", result)


def _score(assignment, submission, result, shown_before, book):
    """Write the points into the gradebook."""
    name = submission.received.get("name") or submission.student
    book.update_or_create_student(submission.student, last_name=name)
    entry = book.update_or_create_submission(assignment.name, submission.student)
    notebook = entry.notebooks[0]
    comments = {comment.name: comment for comment in notebook.comments}
    for grade in notebook.grades:
        verdicts = [one for one in result["verdicts"] if one["cell"] == grade.name]
        if verdicts:
            auto_score = sum(one["earned"] for one in verdicts)
            is_changed = grade.auto_score not in (None, auto_score)
            needs_person = any(one["is_broken"] for one in verdicts)
        else:
            needs_person = assignment.is_answered(grade.name, result["answers"].get(grade.name, ""))
            auto_score = None if needs_person else 0.0
            is_changed = result["shown"].get(grade.name) != shown_before.get(grade.name)
        grade.auto_score = auto_score
        if is_changed:
            grade.manual_score = grade.extra_credit = None
            if comments.get(grade.name):
                comments[grade.name].manual_comment = None
        grade.needs_manual_grade = needs_person and grade.manual_score is None
    book.db.commit()


def _for_formgrader(assignment, submission, result, figures):
    """Return the notebook that a person grades, as nbformat's JSON.

    It has the student's words and code, and the figures that the code drew in the sandbox, but none
    of the outputs that came with it, and no tag or link: a space keeps it from being one, which
    mathematics does not mind.
    """
    cells = read_notebook(submission.notebook.read_bytes())
    official = {cell.grade_id: cell for cell in assignment.cells}
    seen, shown = set(), []
    for cell in cells:
        mine = official.get(cell.grade_id)
        if mine is not None and cell.grade_id not in seen and cell.kind == mine.kind:
            seen.add(cell.grade_id)
            shown.append(_shown_cell(mine, cell.source, result, figures))
        else:
            shown.append(_shown_cell(None, cell.source, result, figures, kind=cell.kind))
    for cell in handed_out(assignment):
        if cell.is_graded and cell.grade_id not in seen:
            text = cell.source if cell.is_test else "The student's notebook has no such cell."
            shown.append(_shown_cell(cell, text, result, figures))
    for position, cell in enumerate(shown):
        cell["id"] = f"cell-{position}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": shown, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def _shown_cell(official, source, result, figures, kind=None):
    kind = official.kind if official else kind
    if kind != "code":
        kind = "markdown"
        source = OBEYED.sub(r"\g<0> ", source)
    cell = {"cell_type": kind, "metadata": {}, "source": source}
    outputs = []
    if official:
        cell["metadata"]["nbgrader"] = {
            "schema_version": 3,
            "grade": official.is_graded,
            "grade_id": official.grade_id,
            "locked": official.is_locked,
            "solution": official.is_solution,
            "task": False,
            "cell_type": official.kind,
            **({"points": official.points} if official.is_graded else {}),
        }
        told = [_told(one) for one in result["verdicts"] if one["cell"] == official.grade_id]
        if told:
            cell["source"] = official.source
            outputs.append({"output_type": "stream", "name": "stdout", "text": "\n".join(told)})
        if png := figures.get(official.grade_id):
            data = {"image/png": png}
            outputs.append({"output_type": "display_data", "data": data, "metadata": {}})
    if kind == "code":
        cell |= {"execution_count": None, "outputs": outputs}
    return cell


def _told(verdict):
    title = verdict["check"].replace("_", " ")
    told = f"{verdict['earned']:g}/{verdict['points']:g}  {title}"
    return f"{told}: {verdict['message']}" if verdict["message"] else told


# ---- Out ----


def rows(course, assignment, students=()):
    """Return where each student stands, by id: all who have handed in, and those named.

    When each came and what that costs is put into the gradebook on the way: a date may have been
    corrected, and the cut depends on the points.
    """
    found, students = [], dict(students)
    submissions = course.submissions(assignment.name)
    with gradebook(course) as book:
        entries = {entry.student.id: entry for entry in _entries(book, assignment.name)}
        for student in sorted(submissions.keys() | students.keys()):
            submission = submissions.get(student)
            name = submission.name if submission else students[student]
            result = course.result(assignment.name, student) if submission else {}
            row = _row(course, assignment, submission, student, name, result, entries.get(student))
            found.append(row)
            if row.parts:
                time = submission.time and submission.time.replace(tzinfo=None)
                entries[student].timestamp = time
                entries[student].notebooks[0].late_submission_penalty = row.earned * row.cut
        book.db.commit()
    return found


def _entries(book, name):
    from nbgrader.api import MissingEntry

    try:
        return book.assignment_submissions(name)
    except MissingEntry:
        return []


def _row(course, assignment, submission, student, name, result, entry):
    days = course.days_late(assignment.name, submission) if submission else 0
    cut = course.cut(days)
    if submission is None:
        return Row(student, name, "nothing submitted", "", 0, (), 0.0, {})
    if result is None or "status" not in result:
        return Row(student, name, "not graded yet", "", days, (), cut, {})
    status, parts = result["status"], ()
    if result["version"] != submission.version:
        status = "not graded yet"
    elif "verdicts" in result and entry is not None:
        parts = tuple(_parts(assignment, entry.notebooks[0]))
        if status == "graded" and any(part.earned is None for part in parts):
            status = "partly"
    return Row(student, name, status, result.get("problem", ""), days, parts, cut, result)


def _parts(assignment, notebook):
    """Yield the graded cells; comments on the code before one are told with it."""
    comments = {comment.name: comment.comment for comment in notebook.comments}
    grades = {grade.name: grade for grade in notebook.grades}
    told = []
    for cell in assignment.cells:
        told.append(comments.get(cell.grade_id))
        grade = grades.get(cell.grade_id) if cell.is_graded else None
        if grade is not None:
            earned = None if grade.needs_manual_grade else grade.score
            yield Part(cell.grade_id, cell.points, earned, "\n".join(filter(None, told)))
            told = []


def give(book, assignment, student, cell, points, comment):
    """Put a person's points and comment for a written answer into the gradebook."""
    notebook = book.find_submission_notebook(assignment.name, assignment.name, student)
    for grade in notebook.grades:
        if grade.name == cell:
            grade.manual_score, grade.needs_manual_grade = points, False
    for one in notebook.comments:
        if one.name == cell:
            one.manual_comment = comment or None
