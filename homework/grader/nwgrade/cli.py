"""The command line: release, collect, grade, give back, send on."""

import argparse
import os
import sys
import time
import zipfile
from contextlib import contextmanager
from functools import partial

from nwgrade import export, feedback, gradebook, grading, interrupt, items, similar, standings, tell
from nwgrade.assignment import AssignmentError
from nwgrade.collect import collect
from nwgrade.course import Course, CourseError, on_disk
from nwgrade.roster import known_students
from nwgrade.sandbox import Limits, Sandbox, SandboxError
from nwgrade.trial import before_grading, before_release
from nwgrade.written import answers

DESCRIPTION = """\
Release, collect, grade and give back homework, as in: nwgrade collect hw1 downloads/hw1.zip
A course is a folder with source/ and checks/; the book's chapter "For instructors" goes through
all of it."""
ENDINGS = """\
exit codes:
  0    done
  1    not done: the message says why
  2    the command is not one
  3    graded, but not all: the machine or a check has failed, and no score was made up
  130  interrupted; what was done is kept, and the same command goes on
"""
BROKEN = 3


def main(arguments=None):
    """Obey the command line; return the exit code."""
    options = _parser().parse_args(arguments)
    if options.unsafe:
        tell.warn("--unsafe: submissions can read, change and send away all that you can.")
    try:
        with on_disk():
            course = Course(options.course)
            assignment = course.assignment(options.assignment)
            rows = [options.rows(course, assignment)] if options.rows else []
            return options.run(course, assignment, *rows, options) or 0
    except (CourseError, AssignmentError, SandboxError) as error:
        tell.warn(error)
        return 1
    except KeyboardInterrupt:
        print(interrupt.LINE, file=sys.stderr)
        return interrupt.INTERRUPTED


def _parser():
    parser = argparse.ArgumentParser("nwgrade", description=DESCRIPTION, epilog=ENDINGS)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name, run, rows=None):
        """Add a command; `rows` returns where the students stand whom it is given."""
        summary = run.__doc__.splitlines()[0]
        told = summary[0].lower() + summary[1:].rstrip(".")
        one = commands.add_parser(name, help=told, description=summary)
        one.set_defaults(run=run, rows=rows, unsafe=False)
        one.add_argument("assignment", help="its name, like hw1")
        one.add_argument("--course", default=".", metavar="FOLDER", help="default: this folder")
        flag = partial(one.add_argument, action="store_true")
        flag("--json", help="print results as JSON")
        return one, flag

    def number(one, name, kind, default, what):
        def positive(text):
            if not 0 < (value := kind(text)) < 1e6:
                raise argparse.ArgumentTypeError(f"must be more than 0, not {text}")
            return value

        told = f"{what} (default %(default)g)"
        one.add_argument(name, type=positive, default=default, help=told)

    def limits(one, flag):
        flag("--unsafe", help="without a sandbox: submissions can read and write all that you can")
        number(one, "--seconds", float, Limits.seconds, "wall-clock time of a cell or a call")
        number(one, "--megabytes", int, Limits.megabytes, "memory of a submission")

    limits(*command("release", release))
    one, _ = command("collect", collected)
    where = "a folder, a zip of Moodle or Canvas, or a version in archive/ to take back"
    one.add_argument("source", help=where)
    lists = "Moodle's grading worksheet, or Canvas' gradebook: times (Moodle), and who is missing"
    one.add_argument("--worksheet", help=lists)
    one, flag = command("grade", grade)
    limits(one, flag)
    what = "submissions at a time, as many as this machine has processors"
    number(one, "--workers", int, os.cpu_count(), what)
    where = "grade on a Dask cluster: tls://host:8786"
    one.add_argument("--dask", metavar="ADDRESS", default="", help=where)
    risk = "use a cluster without TLS: whoever can reach it can run code and change grades"
    flag("--trust-the-network", help=risk)
    flag("--again", help="grade all anew, with the same inputs")
    command("status", status, _rows)
    one, flag = command("written", answers, _current_rows)
    one.add_argument("--read", metavar="SHEET", help="take in the points of a sheet")
    flag("--all", help="also answers that have points already")
    flag("--names", help="say whose each answer is")
    command("feedback", feedback.hand_back, _current_rows)
    one, flag = command("export", export.send_on, _current_rows)
    way = one.add_mutually_exclusive_group()
    way.add_argument("--moodle", metavar="WORKSHEET", help="fill in Moodle's grading worksheet")
    what = "for Canvas' import, after its gradebook export if that is given"
    way.add_argument("--canvas", metavar="GRADEBOOK", nargs="?", const="", help=what)
    flag("--partial", help="also while answers wait for points")
    one.add_argument("--output", metavar="FILE", help="default: in export/")
    command("items", items.show, _rows)
    command("similar", similar.show)
    return parser


# ---- The commands ----


def release(course, assignment, options):
    """Make what students get, and check that all of it holds."""
    limits = Limits(seconds=options.seconds, megabytes=options.megabytes)
    make_sandbox = partial(Sandbox, limits, assignment.files, options.unsafe)
    before_release(assignment, make_sandbox)
    notebook = gradebook.release(course, assignment)
    packed = course.root / "release" / f"{assignment.name}.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in [notebook, *assignment.files]:
            archive.write(file, f"{assignment.name}/{file.name}")
    told = {"notebook": str(notebook), "zip": str(packed), "points": assignment.points}
    most, tests = assignment.points, sum(assignment.tests.values())
    by = f"{tests:g} by {len(assignment.checks)} checks and {most - tests:g} by a person."
    people = [f"{assignment.name}: {most:g} points, {by}"]
    people.append("The solutions earn all that checks give.")
    people.append("What is handed out earns none of it, and runs from top to bottom.")
    tell.tell(options, told, *people, f"For students: {packed}")


def collected(course, assignment, options):
    """Take in what students have handed in."""
    lines, account = collect(course, assignment, options.source, options.worksheet)
    students = [line for line in lines if line["student"]]
    columns = ["student", "name", "file", "outcome", "note"]
    rows = ([line[name] for name in columns] for line in students)
    table = tell.table(f"{assignment.name}, collected", columns, rows, whole=["outcome"])
    count = sum(line["outcome"] in ("collected", "resubmitted", "taken back") for line in students)
    new = f"{count} new of {len(students)}. Next: nwgrade grade {assignment.name}"
    tell.tell(options, lines, table, *account, new)


def grade(course, assignment, options):
    """Grade what is new or has changed."""
    _refuse_nothing(course, assignment)
    limits = Limits(seconds=options.seconds, megabytes=options.megabytes)
    kit = grading.make_kit(course, assignment, limits, options.unsafe)
    workers = grading.workers(kit, options.workers, options.dask, options.trust_the_network)
    asked = interrupt.asked()
    with _alone(course), workers as client:
        before_grading(course, assignment, kit, client, asked)
        gradebook.prepare(course, assignment)
        work = list(grading.needed(course, assignment, kit, options.again))
        started = time.monotonic()
        watched = standings.watched(course, assignment, tell.warn)
        progress = tell.progress(len(work), options)
        with watched, gradebook.gradebook(course) as book, progress as step:
            for submission, stamp, result in grading.run(work, kit, client, asked):
                gradebook.store(course, assignment, submission, stamp, result, book, grading.now())
                step()
    seconds = time.monotonic() - started
    done = f"{len(work)} graded in {seconds:.1f} s, {seconds / max(1, len(work)):.2f} s each."
    rows = _rows(course, assignment)
    tell.standings(options, assignment, rows, done if work else "Nothing was new.")
    return BROKEN if any(row.status == "failed" or row.broken for row in rows) else 0


def status(course, assignment, rows, options):
    """Show where each student stands."""
    tell.standings(options, assignment, rows)
    if told := _outdated(assignment, rows):
        tell.warn(told)


def _refuse_nothing(course, assignment):
    if not course.submissions(assignment.name):
        raise CourseError(f"Nothing has been collected yet: nwgrade collect {assignment.name} ...")


def _rows(course, assignment):
    """Return where each student of the course stands."""
    _refuse_nothing(course, assignment)
    return standings.rows(course, assignment, known_students(course, assignment.name))


def _current_rows(course, assignment):
    """Return where each student stands; refuse grades of another version of the assignment."""
    rows = _rows(course, assignment)
    if told := _outdated(assignment, rows):
        raise CourseError(told)
    return rows


def _outdated(assignment, rows):
    """Say how many grades are of another version of the assignment, and what to do."""
    count, name = sum(row.status == standings.OUTDATED for row in rows), assignment.name
    which = tell.count_of(count, "grade is", "grades are")
    return f"{which} of an older version of {name}: nwgrade grade {name}" if count else ""


@contextmanager
def _alone(course):
    """Let nobody else grade in the course."""
    import fcntl  # which Windows does not have

    path = course.root / "autograded" / ".lock"
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            told = "This course is being graded already: wait until it is done."
            raise CourseError(told) from None
        yield
