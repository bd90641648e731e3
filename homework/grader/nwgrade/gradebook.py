"""nbgrader's gradebook: what the grader found goes in, beside what people add to it.

nbgrader makes the release and holds the scores; its formgrader shows the notebooks that are written
here under autograded/. It never runs a submission.
"""

import base64
import json
import os
import sys
import warnings
from contextlib import contextmanager, suppress
from pathlib import Path

from nwgrade import formgrader
from nwgrade.answers import read_answers
from nwgrade.course import CourseError, digest, write, write_json
from nwgrade.notebooks import read_notebook

# nbgrader calls alembic by its name.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
# Grammars of addresses in all scripts: jsonschema does without, and they take a second to load.
sys.modules.setdefault("rfc3987_syntax", None)
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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from nbgrader.apps import NbGraderAPI
        from traitlets.config import Config

        config = Config()
        config.CourseDirectory.root = str(course.root)
        config.CourseDirectory.db_url = f"sqlite:///{course.root / 'gradebook.db'}"
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
        known = {entry.student.id for entry in book.assignment_submissions(assignment.name)}
    for student in course.submissions(assignment.name).keys() - known:
        result = course.result(assignment.name, student)
        if "verdicts" in result:
            problem = "The gradebook does not know it."
            path = course.root / "autograded" / student / assignment.name / "result.json"
            write_json(path, {**result, "status": "failed", "problem": problem})


def _is_registered(course, assignment):
    """Say whether the gradebook knows the assignment with the cells that it has now."""
    with gradebook(course) as book:
        from nbgrader.api import MissingEntry

        known = {}
        with suppress(MissingEntry):
            notebook = book.find_notebook(assignment.name, assignment.name)
            known = {cell.name: cell.max_score for cell in notebook.grade_cells}
    points = {name: cell.points for name, cell in assignment.written.items()}
    return known == assignment.tests | points


def store(course, assignment, submission, stamp, result, book, now):
    """Keep the result of grading a submission: in the gradebook, for formgrader, as a file.

    The file comes last, and says that the rest is there. Points that a person has given stay, as
    long as the answer is the one that they were given for, also when the machine fails meanwhile.
    """
    if submission.version != stamp["version"]:
        return  # handed in anew meanwhile
    old = course.result(assignment.name, submission.student)
    known = {"assignment": assignment.version, "shown": old.get("shown", {}), "time": now}
    result = {**stamp, **result, **known}
    figures = result.pop("figures", {})
    folder = course.root / "autograded" / submission.student / assignment.name
    for path in [*folder.glob("*.png"), *folder.glob("*.jpg")]:
        path.unlink()
    if "verdicts" in result:
        cells = read_notebook(submission.notebook.read_bytes())
        answers = read_answers(assignment, cells)
        shown = {name: _digest(one, figures.get(name, "")) for name, one in answers.items()}
        if old.get("version") == stamp["version"] and "verdicts" in old:
            shown |= old["shown"]  # a figure may look different each time it is drawn
        files = {name: _files(name, one, figures.get(name)) for name, one in answers.items()}
        result["answers"] = {name: one.text for name, one in answers.items()}
        result["pictures"] = {name: list(own) for name, own in files.items()}
        result["shown"] = shown
        _score(assignment, submission, result, old.get("shown", {}), book)
        for own in files.values():
            for file, data in own.items():
                write(folder / file, data)
        notebook = formgrader.notebook(assignment, cells, result["verdicts"], files)
        write(folder / f"{assignment.name}.ipynb", json.dumps(notebook, indent=1))
    write_json(folder / "result.json", result)


def _digest(answer, figure):
    """Return what tells an answer, and what it shows, from any other."""
    pictures = "".join(digest(data) for _, data in answer.pictures)
    return digest(f"{answer.text}{figure}{pictures}".encode())


def _files(name, answer, figure):
    """Return the figure and the pictures of an answer, by the names that they are kept under."""
    drawn = {f"{name}.png": base64.b64decode(figure)} if figure else {}
    pasted = enumerate(answer.pictures, start=1)
    return drawn | {f"{name}-{number}.{kind}": data for number, (kind, data) in pasted}


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
    place = cell, assignment.name, assignment.name, student
    grade = book.find_grade(*place)
    grade.manual_score, grade.needs_manual_grade = points, False
    book.find_comment(*place).manual_comment = comment or None
