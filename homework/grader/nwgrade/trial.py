"""Try an assignment before anybody is graded by it: its solutions earn all, the rest nothing."""

from dataclasses import asdict, replace

from nwgrade import grading
from nwgrade.assignment import faults, handed_out
from nwgrade.course import CourseError, Submission, write
from nwgrade.judge import judge
from nwgrade.sandbox import SandboxError


def before_release(assignment, make_sandbox):
    """Raise CourseError unless the assignment is fit to be handed out."""
    _refuse("released", assignment, faults(assignment) or list(_all(assignment, make_sandbox)))


def before_grading(course, assignment, kit, client, asked):
    """Raise CourseError unless the solutions, graded as a submission is, earn all points.

    That is tried once for each version of the assignment and of the grader.
    """
    version = grading.grader_version(assignment, kit)
    tried = course.root / "autograded" / f".{assignment.name}-tried"
    if tried.exists() and tried.read_bytes() == version.encode():
        return
    _refuse("graded", assignment, faults(assignment))
    folder = course.root / "source" / assignment.name
    solutions = Submission("", folder, folder / f"{assignment.name}.ipynb", None, {})
    work, kit = [(solutions, {"seed": 1})], replace(kit, drawings=())
    ((_, _, result),) = grading.run(work, kit, client, asked)
    if "verdicts" not in result:
        raise SandboxError(f"The solutions cannot be graded: {result['problem']}")
    _refuse("graded", assignment, list(_solved(result["verdicts"], result["cells"])))
    write(tried, version)


def _refuse(what, assignment, found):
    if found:
        raise CourseError("\n".join([f"{assignment.name} is not fit to be {what}.", *found]))


def _all(assignment, make_sandbox):
    """Yield what does not hold when the solutions and what is handed out are graded."""
    solved = judge(list(assignment.cells), assignment.checks, make_sandbox, seed=1)
    yield from _solved(map(asdict, solved.verdicts), solved.cells)
    plain = handed_out(assignment)
    for one in judge(plain, assignment.checks, make_sandbox, seed=1).verdicts:
        if one.earned:
            yield f"What is handed out passes {one.check}: it gives points for nothing."
    everything = [replace(cell, is_graded=False) for cell in plain]
    for position, message in judge(everything, [], make_sandbox, seed=1).cells:
        yield f"What is handed out: cell {position} stops with {message}"


def _solved(verdicts, cells):
    """Yield where the solutions do not earn all that checks give."""
    for one in verdicts:
        if one["earned"] < one["points"]:
            yield f"The solutions fail {one['check']}: {one['message']}"
    for position, message in cells:
        yield f"The solutions: cell {position} stops with {message}"
