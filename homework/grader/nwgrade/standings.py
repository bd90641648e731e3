"""Where each student stands: what the grader found, and what people have made of it."""

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from nwgrade.gradebook import gradebook

OUTDATED = "outdated"  # graded by another version of the assignment
BROKEN_CHECK = "check broke"  # no score until a person has said what the answer is worth


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

    read : reads the stored result, which is not kept: a large class's would fill the memory.
    time : when the version came that counts, in the course's time zone.
    """

    student: str
    name: str
    status: str
    problem: str
    days_late: int
    parts: tuple
    cut: float
    read: Callable[[], dict]
    time: datetime | None = None

    @property
    def result(self):
        return self.read()

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
    def broken(self):
        """The cells of which a check broke."""
        return {one["cell"] for one in self.result.get("verdicts", ()) if one["is_broken"]}

    @property
    def lacks_words(self):
        """Whether an answer in words waits, which no check was to grade."""
        checked = {one["cell"] for one in self.result["verdicts"]} if self.parts else ()
        return any(part.cell not in checked for part in self.waiting)


def rows(course, assignment, students=()):
    """Return where each student stands, by id: all who have handed in, and those named.

    When each came and what that costs is put into the gradebook on the way: a date may have been
    corrected, and the cut depends on the points.
    """
    found, students = [], dict(students)
    submissions = course.submissions(assignment.name)
    with gradebook(course) as book:
        known = {entry.student.id: entry for entry in book.assignment_submissions(assignment.name)}
        for student in sorted(submissions.keys() | students.keys()):
            submission = submissions.get(student)
            name = submission.name if submission else students[student]
            entry = known.pop(student, None)
            row = _row(course, assignment, submission, student, name, entry)
            found.append(row)
            if row.parts:
                entry.timestamp = submission.time and submission.time.replace(tzinfo=None)
                entry.notebooks[0].late_submission_penalty = row.earned * row.cut
                book.db.flush()  # and so it lets the entry go
        book.db.commit()
    return found


def _row(course, assignment, submission, student, name, entry):
    if submission is None:
        return Row(student, name, "nothing submitted", "", 0, (), 0.0, dict)
    days = course.days_late(assignment.name, submission)
    time, cut = submission.time and submission.time.astimezone(course.zone), course.cut(days)
    read = partial(course.result, assignment.name, student)
    result, parts = read(), ()
    is_lost = "verdicts" in result and entry is None
    if result.get("version") != submission.version or is_lost:
        return Row(student, name, "not graded yet", "", days, parts, cut, read, time)
    if "verdicts" in result:
        parts = tuple(_parts(assignment, entry.notebooks[0]))
    problem = result.get("problem", "")
    row = Row(student, name, result["status"], problem, days, parts, cut, read, time)
    return replace(row, status=_status(assignment, result, row)) if "verdicts" in result else row


def _status(assignment, result, row):
    if result.get("assignment") != assignment.version:
        return OUTDATED
    if row.waiting and row.broken & {part.cell for part in row.waiting}:
        return BROKEN_CHECK
    return "partly" if row.waiting and row.status == "graded" else row.status


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
    """Return the files of the figure and the pictures of a written answer."""
    folder = course.root / "autograded" / row.student / assignment.name
    files = [folder / name for name in row.result.get("pictures", {}).get(cell, ())]
    return [file for file in files if file.is_file()]


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
