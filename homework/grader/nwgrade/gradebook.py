"""nbgrader's gradebook: what the grader found goes in, and what people add to it comes out.

nbgrader makes the release and holds the scores; its formgrader shows the notebooks that are written
here under autograded/. It never runs a submission.
"""

import base64
import json
import os
import sys
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from nwgrade import formgrader
from nwgrade.answers import read_answers
from nwgrade.course import CourseError, digest, write, write_json
from nwgrade.notebooks import read_notebook

# nbgrader calls alembic by its name.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
OUTDATED = "outdated"  # graded by another version of the assignment
BROKEN_CHECK = "check broke"  # no score until a person has said what the answer is worth
GO_ON = "Then run the same command again."
RESTORE = "Put a copy from before in its place, or move it away; then nwgrade grade goes on."
TROUBLE = {  # a word of SQLite's: what to do
    "database is locked": f"another program holds it: close that. {GO_ON}",
    "not a database": f"it is no gradebook. {RESTORE}",
    "malformed": f"it is damaged. {RESTORE}",
    "no such": "another version of nbgrader has made it: run nbgrader db upgrade in its folder.",
    "disk is full": f"the disk is full. Make room. {GO_ON}",
    "readonly": f"it cannot be written. Make it and its folder writable. {GO_ON}",
    "unable to open": f"it cannot be opened. Make it and its folder writable. {GO_ON}",
    "disk i/o": f"the disk fails. {GO_ON}",
}


@dataclass(frozen=True)
class Part:
    """A graded cell of one student: `earned` is None while it waits for a person."""

    cell: str
    points: float
    earned: float | None
    comment: str = ""


@dataclass(frozen=True)
class Row:
    """Where one student stands. `score` is None where there is nothing that could be scored.

    time : when the version came that counts, in the course's time zone.
    """

    student: str
    name: str
    status: str
    problem: str
    days_late: int
    parts: tuple
    cut: float
    result: dict
    time: datetime | None = None

    @property
    def earned(self):
        return sum(part.earned or 0 for part in self.parts) if self.parts else None

    @property
    def so_far(self):
        """What has been earned by now, less what lateness costs."""
        return None if self.earned is None else round(self.earned * (1 - self.cut), 2)

    @property
    def score(self):
        return None if self.status == BROKEN_CHECK else self.so_far

    @property
    def waiting(self):
        """The parts that wait for a person."""
        return [part for part in self.parts if part.earned is None]

    @property
    def lacks_words(self):
        """Whether an answer in words waits, which no check was to grade."""
        checked = {one["cell"] for one in self.result["verdicts"]} if self.parts else ()
        return any(part.cell not in checked for part in self.waiting)


@contextmanager
def gradebook(course):
    """Hold the course's gradebook open; raise CourseError where it cannot be used."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what nbgrader uses of others
        from nbgrader.api import Gradebook
        from sqlalchemy.exc import SQLAlchemyError

        path = course.root / "gradebook.db"
        try:
            with Gradebook(f"sqlite:///{path}") as book:
                yield book
        except SQLAlchemyError as error:
            raise CourseError(f"{path}: {_trouble(str(getattr(error, 'orig', error)))}") from None


def _trouble(said):
    """Return what is wrong with the gradebook, and what to do, from what SQLite has said of it."""
    known = (sentence for word, sentence in TROUBLE.items() if word in said.lower())
    return next(known, said.strip().rpartition("\n")[2])


def release(course, assignment):
    """Make what students get under release/, with nbgrader; return the notebook's path."""
    with gradebook(course):  # what is wrong with it is told here
        from nbgrader.apps import NbGraderAPI
        from traitlets.config import Config

    config = Config()
    config.CourseDirectory.root = str(course.root)
    config.CourseDirectory.db_url = f"sqlite:///{course.root / 'gradebook.db'}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        done = NbGraderAPI(config=config).generate_assignment(assignment.name, force=True)
    if not done["success"]:
        why = _trouble(done.get("error") or done.get("log") or "")
        raise CourseError(f"nbgrader could not make the release of {assignment.name}: {why}")
    return course.root / "release" / assignment.name / f"{assignment.name}.ipynb"


def prepare(course, assignment):
    """Make the gradebook know the assignment, and have that graded again which it has lost."""
    if not _is_registered(course, assignment):
        release(course, assignment)
    with gradebook(course) as book:
        known = {entry.student.id for entry in _entries(book, assignment.name)}
    for student in course.submissions(assignment.name).keys() - known:
        result = course.result(assignment.name, student) or {}
        if "verdicts" in result:
            problem = "The gradebook does not know it."
            path = course.root / "autograded" / student / assignment.name / "result.json"
            write_json(path, {**result, "status": "failed", "problem": problem})


def _is_registered(course, assignment):
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
    if submission.version != stamp["version"]:
        return  # handed in anew meanwhile
    old = course.result(assignment.name, submission.student) or {}
    shown, files = {}, {}
    figures = result.get("figures", {})
    result = {key: value for key, value in result.items() if key != "figures"}
    if "verdicts" in result:
        cells = read_notebook(submission.notebook.read_bytes())
        answers = read_answers(assignment, cells)
        result["answers"] = {name: answer.text for name, answer in answers.items()}
        for name, answer in answers.items():
            figure = figures.get(name, "")
            kept = "".join(digest(data) for _, data in answer.pictures)
            shown[name] = digest(f"{answer.text}{figure}{kept}".encode())
            files[name] = {f"{name}.png": base64.b64decode(figure)} if figure else {}
            for number, (kind, data) in enumerate(answer.pictures, start=1):
                files[name][f"{name}-{number}.{kind}"] = data
    is_same = old.get("version") == stamp["version"] and "verdicts" in old
    if is_same or not shown:  # a figure may look different each time it is drawn
        shown |= old.get("shown", {})
    result = {**stamp, "assignment": assignment.version, **result, "shown": shown, "time": now}
    folder = course.root / "autograded" / submission.student / assignment.name
    if "verdicts" in result:
        _score(assignment, submission, result, old.get("shown", {}), book)
        notebook = formgrader.notebook(assignment, cells, result["verdicts"], files)
        write(folder / f"{assignment.name}.ipynb", json.dumps(notebook, indent=1))
    for path in [*folder.glob("*.png"), *folder.glob("*.jpg")]:
        path.unlink()
    for own in files.values():
        for file, data in own.items():
            write(folder / file, data)
    result["pictures"] = {name: list(own) for name, own in files.items()}
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


def give(book, assignment, student, cell, points, comment):
    """Put a person's points and comment for a written answer into the gradebook."""
    notebook = book.find_submission_notebook(assignment.name, assignment.name, student)
    for grade in notebook.grades:
        if grade.name == cell:
            grade.manual_score, grade.needs_manual_grade = points, False
    for one in notebook.comments:
        if one.name == cell:
            one.manual_comment = comment or None


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
    if submission is None:
        return Row(student, name, "nothing submitted", "", 0, (), 0.0, {})
    days = course.days_late(assignment.name, submission)
    result, parts = result or {}, ()
    is_lost = "verdicts" in result and entry is None
    if result.get("version") != submission.version or is_lost:
        status, problem = "not graded yet", ""
    else:
        status, problem = result["status"], result.get("problem", "")
        if "verdicts" in result:
            parts = tuple(_parts(assignment, entry.notebooks[0]))
            status = _status(assignment, result, parts)
    time, cut = submission.time and submission.time.astimezone(course.zone), course.cut(days)
    return Row(student, name, status, problem, days, parts, cut, result, time)


def _status(assignment, result, parts):
    waiting = {part.cell for part in parts if part.earned is None}
    if result.get("assignment") != assignment.version:
        return OUTDATED
    if waiting & {one["cell"] for one in result["verdicts"] if one["is_broken"]}:
        return BROKEN_CHECK
    return "partly" if waiting and result["status"] == "graded" else result["status"]


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


def pictures(course, assignment, row, cell):
    """Yield the files of the figure and the pictures of a written answer."""
    folder = course.root / "autograded" / row.student / assignment.name
    for name in row.result.get("pictures", {}).get(cell, ()):
        if (folder / name).is_file():
            yield folder / name


@contextmanager
def watched(course, assignment, tell):
    """Tell whose score has changed meanwhile, from what to what; also when it was interrupted."""
    before = {row.student: row for row in rows(course, assignment) if row.score is not None}
    try:
        yield
    finally:
        for row in rows(course, assignment):
            old = before.get(row.student)
            if old and old.score != row.score:
                parts = {part.cell: part.earned for part in old.parts}
                told = [
                    f"{part.cell} {_points(parts.get(part.cell))} to {_points(part.earned)}"
                    for part in row.parts
                    if part.earned != parts.get(part.cell)
                ]
                why = ", ".join(told) or row.status
                tell(f"{row.student} had {old.score:g}, has {_points(row.score)}: {why}.")


def _points(number):
    return "none yet" if number is None else f"{number:g}"
