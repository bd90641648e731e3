"""The command line: release, collect, grade, give back, send on."""

import argparse
import os
import shutil
import sys
import time
import zipfile
from contextlib import contextmanager
from functools import partial

from rich.text import Text

from nwgrade import (
    export,
    feedback,
    gradebook,
    grading,
    interrupt,
    items,
    similar,
    standings,
    tell,
    trial,
    written,
)
from nwgrade.assignment import AssignmentError
from nwgrade.collect import collect
from nwgrade.course import Course, CourseError
from nwgrade.roster import known_students
from nwgrade.sandbox import Limits, Sandbox, SandboxError

DESCRIPTION = """\
Release, collect, grade and give back homework. A course is a folder with source/ and checks/; the
book's chapter "For instructors" goes through all of it.

    nwgrade release hw1                      what students get, checked, in release/
    nwgrade collect hw1 downloads/hw1.zip    a zip of Moodle or Canvas, or a folder
    nwgrade grade hw1                        each submission in a sandbox
    nwgrade written hw1                      a sheet for the answers in words
    nwgrade feedback hw1                     a page for each student
    nwgrade export hw1 --moodle grades.csv   scores for the learning platform
    nwgrade items hw1                        how each check went
    nwgrade similar hw1                      pairs that share much
"""
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
    try:
        course = Course(options.course)
        return options.run(course, course.assignment(options.assignment), options) or 0
    except (CourseError, AssignmentError, SandboxError) as error:
        print(f"nwgrade: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        if error.errno is None:  # not of the system
            raise
        what = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
        print(f"nwgrade: {what}. Mend that, then run the same command again.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(interrupt.LINE, file=sys.stderr)
        return interrupt.INTERRUPTED


def _parser():
    parser = argparse.ArgumentParser(
        "nwgrade",
        description=DESCRIPTION,
        epilog=ENDINGS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name, run, summary):
        one = commands.add_parser(name, help=summary, description=summary.capitalize() + ".")
        one.set_defaults(run=run)
        one.add_argument("assignment", help="its name, like hw1")
        one.add_argument("--course", default=".", metavar="FOLDER", help="default: this folder")
        one.add_argument("--json", action="store_true", help="print results as JSON")
        return one

    def limits(one):
        default = Limits()
        one.add_argument(
            "--unsafe",
            action="store_true",
            help="without a sandbox: submissions can read and write all that you can",
        )
        one.add_argument(
            "--seconds",
            type=_positive,
            default=default.seconds,
            help="wall-clock time of a cell or a call (default %(default)g)",
        )
        one.add_argument(
            "--megabytes",
            type=_count,
            default=default.megabytes,
            help="memory of a submission (default %(default)d)",
        )

    one = command("release", release, "make what students get, and check that all of it holds")
    limits(one)
    one = command("collect", collected, "take in what students have handed in")
    one.add_argument(
        "source", help="a folder, a zip of Moodle or Canvas, or a version in archive/ to take back"
    )
    one.add_argument(
        "--worksheet",
        help="Moodle's grading worksheet, or Canvas' gradebook: times (Moodle), and who is missing",
    )
    one = command("grade", grade, "grade what is new or has changed")
    limits(one)
    one.add_argument(
        "--workers",
        type=_count,
        default=os.cpu_count(),
        help="submissions at a time (default %(default)d, the processors of this machine)",
    )
    one.add_argument(
        "--dask", metavar="ADDRESS", default="", help="grade on a Dask cluster: tls://host:8786"
    )
    one.add_argument(
        "--trust-the-network",
        action="store_true",
        help="use a cluster without TLS: whoever can reach it can run code and change grades",
    )
    one.add_argument("--again", action="store_true", help="grade all anew, with the same inputs")
    command("status", status, "show where each student stands")
    one = command("written", answers, "write a sheet for the answers in words, or read it back")
    one.add_argument("--read", metavar="SHEET", help="take in the points of a sheet")
    one.add_argument("--all", action="store_true", help="also answers that have points already")
    one.add_argument("--names", action="store_true", help="say whose each answer is")
    command("feedback", give_back, "write a page for each student, and a zip for the platform")
    one = command("export", send_on, "write the scores as CSV, for Moodle or for Canvas")
    way = one.add_mutually_exclusive_group()
    way.add_argument("--moodle", metavar="WORKSHEET", help="fill in Moodle's grading worksheet")
    way.add_argument(
        "--canvas",
        metavar="GRADEBOOK",
        nargs="?",
        const="",
        help="for Canvas' import, after its gradebook export if that is given",
    )
    one.add_argument("--partial", action="store_true", help="also while answers wait for points")
    one.add_argument("--output", metavar="FILE", help="default: in export/")
    command("items", show_items, "show how each check went, and what came instead of right answers")
    command("similar", similar.show, "show pairs that share more than the handout explains")
    return parser


def _count(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, not {number}")
    return number


def _positive(text):
    number = float(text)
    if not 0 < number < 1e6:
        raise argparse.ArgumentTypeError(f"must be more than 0, not {text}")
    return number


def _limits(options):
    return Limits(seconds=options.seconds, megabytes=options.megabytes)


# ---- The commands ----


def release(course, assignment, options):
    tell.warn_if_unsafe(options)
    make_sandbox = partial(Sandbox, _limits(options), assignment.files, options.unsafe)
    trial.before_release(assignment, make_sandbox)
    notebook = gradebook.release(course, assignment)
    for file in assignment.files:
        shutil.copy(file, notebook.parent)
    packed = course.root / "release" / f"{assignment.name}.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in [notebook, *assignment.files]:
            archive.write(file, f"{assignment.name}/{file.name}")
    told = {"notebook": str(notebook), "zip": str(packed), "points": assignment.points}
    tests = sum(assignment.tests.values())
    tell.tell(
        options,
        told,
        f"{assignment.name}: {assignment.points:g} points, {tests:g} by {len(assignment.checks)} "
        f"checks and {assignment.points - tests:g} by a person.",
        "The solutions earn all that checks give.",
        "What is handed out earns none of it, and runs from top to bottom.",
        f"For students: {packed}",
    )


def collected(course, assignment, options):
    lines, account = collect(course, assignment, options.source, options.worksheet)
    columns = ["student", "name", "file", "outcome", "note"]
    table = tell.quiet_table(f"{assignment.name}, collected")
    for name in columns:
        table.add_column(name, overflow="fold", no_wrap=name == "outcome")
    students = [line for line in lines if line["student"]]
    for line in students:
        table.add_row(*(Text(line[name]) for name in columns))
    count = sum(line["outcome"] in ("collected", "resubmitted", "taken back") for line in students)
    new = f"{count} new of {len(students)}. Next: nwgrade grade {assignment.name}"
    tell.tell(options, lines, table, *account, new)


def grade(course, assignment, options):
    if not course.submissions(assignment.name):
        raise CourseError(f"Nothing has been collected yet: nwgrade collect {assignment.name} ...")
    limits = _limits(options)
    kit = grading.make_kit(course, assignment, limits, options.unsafe)
    workers = grading.workers(kit, options.workers, options.dask, options.trust_the_network)
    tell.warn_if_unsafe(options)
    asked = interrupt.asked()
    with _alone(course), workers as client:
        trial.before_grading(course, assignment, kit, client, asked)
        gradebook.prepare(course, assignment)
        work = list(grading.needed(course, assignment, limits, options.unsafe, options.again))
        started = time.monotonic()
        watched = standings.watched(course, assignment, tell.warn)
        progress = tell.progress(len(work), options)
        with watched, gradebook.gradebook(course) as book, progress as step:
            for submission, stamp, result in grading.run(work, kit, client, asked):
                gradebook.store(course, assignment, submission, stamp, result, book, grading.now())
                step()
    seconds = time.monotonic() - started
    rows = standings.rows(course, assignment, known_students(course, assignment.name))
    if work:
        each = f"{seconds / len(work):.2f} s each"
        done = f"{len(work)} graded in {seconds:.1f} s, {each}."
    else:
        done = "Nothing was new."
    tell.tell(options, [tell.line(row) for row in rows], tell.table(assignment, rows), done)
    is_broken = any(row.status == "failed" or _has_broken_check(row) for row in rows)
    return BROKEN if is_broken else 0


def status(course, assignment, options):
    rows = _rows(course, assignment)
    tell.tell(options, [tell.line(row) for row in rows], tell.table(assignment, rows))
    if told := _outdated(assignment, rows):
        tell.warn(told)


def answers(course, assignment, options):
    written.answers(course, assignment, _current_rows(course, assignment), options)


def give_back(course, assignment, options):
    feedback.hand_back(course, assignment, _current_rows(course, assignment), options)


def send_on(course, assignment, options):
    export.send_on(course, assignment, _current_rows(course, assignment), options)


def show_items(course, assignment, options):
    items.show(course, assignment, _rows(course, assignment), options)


def _rows(course, assignment):
    """Return where each student of the course stands."""
    if not course.submissions(assignment.name):
        raise CourseError(f"Nothing has been collected yet: nwgrade collect {assignment.name} ...")
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


# ---- Grading ----


@contextmanager
def _alone(course):
    """Let nobody else grade in the course."""
    import fcntl

    path = course.root / "autograded" / ".lock"
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CourseError(
                "This course is being graded already: wait until it is done."
            ) from None
        yield


def _has_broken_check(row):
    return any(one["is_broken"] for one in row.result.get("verdicts", ()))
