"""The command line: release, collect, grade, give back, send on."""

import argparse
import os
import shutil
import sys
import time
import zipfile
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from shlex import quote

from rich.text import Text

from nwgrade import export, feedback, gradebook, grading, interrupt, tell, written
from nwgrade.assignment import AssignmentError, faults, handed_out
from nwgrade.collect import collect
from nwgrade.course import Course, CourseError, read_table, write
from nwgrade.judge import judge
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
UNGRADED = ("failed", "not graded yet")


def main(arguments=None):
    """Obey the command line; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        course = Course(options.course)
        return options.run(course, course.assignment(options.assignment), options) or 0
    except (CourseError, AssignmentError, SandboxError) as error:
        print(f"nwgrade: {error}", file=sys.stderr)
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
    found = faults(assignment) or list(_tried(assignment, make_sandbox))
    if found:
        raise CourseError("\n".join([f"{assignment.name} is not fit to be released.", *found]))
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


def _tried(assignment, make_sandbox):
    """Return what does not hold when the solutions and what is handed out are graded."""
    solved = judge(list(assignment.cells), assignment.checks, make_sandbox, seed=1)
    for one in solved.verdicts:
        if one.earned < one.points:
            yield f"The solutions fail {one.check}: {one.message}"
    for position, message in solved.cells:
        yield f"The solutions: cell {position} stops with {message}"
    plain = handed_out(assignment)
    for one in judge(plain, assignment.checks, make_sandbox, seed=1).verdicts:
        if one.earned:
            yield f"What is handed out passes {one.check}: it gives points for nothing."
    everything = [replace(cell, is_graded=False) for cell in plain]
    for position, message in judge(everything, [], make_sandbox, seed=1).cells:
        yield f"What is handed out: cell {position} stops with {message}"


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
    with _alone(course), workers as client:
        if not gradebook.is_registered(course, assignment):
            gradebook.release(course, assignment)
        work = list(grading.needed(course, assignment, limits, options.unsafe, options.again))
        started = time.monotonic()
        with gradebook.gradebook(course) as book, tell.progress(len(work), options) as step:
            for submission, stamp, result in grading.run(work, kit, client, interrupt.asked()):
                gradebook.store(course, assignment, submission, stamp, result, book, grading.now())
                step()
    seconds = time.monotonic() - started
    rows = gradebook.rows(course, assignment, _roster(course))
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


def answers(course, assignment, options):
    rows = _rows(course, assignment)
    if options.read:
        count = written.read_sheet(course, assignment, rows, options.read)
        tell.tell(
            options,
            {"graded": count},
            tell.count_of(count, "answer has points now.", "answers have points now."),
        )
        return
    path = course.root / "export" / f"{assignment.name}-written.csv"
    count = written.write_sheet(assignment, rows, path, options.all)
    told = {"sheet": str(path), "answers": count}
    if count:
        to_do = (
            f"{tell.count_of(count, 'answer waits', 'answers wait')} in {path}. Fill in the "
            f"points, then: nwgrade written {assignment.name} --read {quote(str(path))}"
        )
    else:
        to_do = f"No answer waits for points. Next: nwgrade feedback {assignment.name}"
    tell.tell(options, told, to_do)


def give_back(course, assignment, options):
    rows = _rows(course, assignment)
    count, path = feedback.give_back(course, assignment, rows)
    waiting = [row.student for row in rows if row.waiting]
    without = [row.student for row in rows if row.status in UNGRADED]
    told = {"pages": count, "zip": str(path), "waiting": len(waiting), "not_graded": without}
    tell.tell(
        options,
        told,
        f"{tell.count_of(count, 'page', 'pages')} in feedback/, and all of them in {path}.",
    )
    if waiting:
        tell.warn(f"{len(waiting)} of them have parts that still wait for points.")
    if without:
        tell.warn(f"No page for those who are not graded: {', '.join(without[:9])}.")


def send_on(course, assignment, options):
    rows = _rows(course, assignment)
    unready = [row for row in rows if row.waiting or row.status in UNGRADED]
    if unready and not options.partial:
        names = ", ".join(f"{row.student} ({row.status})" for row in unready[:5])
        raise CourseError(
            f"{tell.count_of(len(unready), 'submission is', 'submissions are')} not graded to the "
            f"end: {names}{', ...' if len(unready) > 5 else ''}. Finish them, or export what there is "
            "with --partial."
        )
    left, kind = [], "scores"
    if options.moodle:
        text, left = export.moodle(assignment, rows, options.moodle)
        kind = "moodle"
    elif options.canvas is not None:
        text, left = export.canvas(assignment, rows, options.canvas or None)
        kind = "canvas"
    else:
        text = export.plain_csv(assignment, rows)
    path = Path(options.output or course.root / "export" / f"{assignment.name}-{kind}.csv")
    write(path, text)
    blank = [row.student for row in rows if row.score is None]
    told = {"file": str(path), "without_score": blank, "not_in_the_list": left}
    tell.tell(
        options,
        told,
        f"{tell.count_of(len(rows) - len(blank), 'score is', 'scores are')} in {path}.",
    )
    if blank:
        tell.warn(f"No score, and nothing in the file, for {len(blank)}: {', '.join(blank[:9])}.")
    if left:
        tell.warn(f"Graded, but not in the list that was to be filled in: {', '.join(left)}.")


def _rows(course, assignment):
    """Return where each student of the course stands."""
    if not course.submissions(assignment.name):
        raise CourseError(f"Nothing has been collected yet: nwgrade collect {assignment.name} ...")
    return gradebook.rows(course, assignment, _roster(course))


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


def _roster(course):
    path = course.root / "students.csv"
    return [(row["id"], row["name"]) for row in read_table(path)] if path.exists() else []
