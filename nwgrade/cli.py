"""The command line: release, collect, grade, give back, send on."""

import argparse
import json
import logging
import os
import shutil
import sys
import time
import zipfile
from concurrent.futures import CancelledError
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from shlex import quote

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from nwgrade import export, feedback, gradebook, grading, interrupt, written
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
DASK_SECONDS = 10  # to reach a cluster
UNGRADED = ("failed", "not graded yet")
STYLES = {
    "graded": "green",
    "partly": "yellow",
    "not graded yet": "dim",
    "nothing submitted": "dim",
}


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
    one.add_argument("source", help="a folder, or a zip of Moodle or Canvas")
    one.add_argument(
        "--worksheet", help="Moodle's grading worksheet: times of submission, and who is missing"
    )
    one = command("grade", grade, "grade what is new or has changed")
    limits(one)
    one.add_argument(
        "--workers",
        type=_count,
        default=os.cpu_count(),
        help="submissions at a time (default %(default)d, the processors of this machine)",
    )
    one.add_argument("--dask", metavar="ADDRESS", help="grade on a Dask cluster: tcp://host:8786")
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
    found = faults(assignment)
    with _warned(options):
        sandbox = Sandbox(_limits(options), assignment.files, options.unsafe)
        found = found or list(_tried(assignment, sandbox))
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
    _tell(
        options,
        told,
        f"{assignment.name}: {assignment.points:g} points, {tests:g} by {len(assignment.checks)} "
        f"checks and {assignment.points - tests:g} by a person.",
        "The solutions earn all that checks give.",
        "What is handed out earns none of it, and runs from top to bottom.",
        f"For students: {packed}",
    )


def _tried(assignment, sandbox):
    """Return what does not hold when the solutions and what is handed out are graded."""
    solved = judge(list(assignment.cells), assignment.checks, sandbox, seed=1)
    for one in solved.verdicts:
        if one.earned < one.points:
            yield f"The solutions fail {one.check}: {one.message}"
    for position, message in solved.cells:
        yield f"The solutions: cell {position} stops with {message}"
    plain = handed_out(assignment)
    for one in judge(plain, assignment.checks, sandbox, seed=1).verdicts:
        if one.earned:
            yield f"What is handed out passes {one.check}: it gives points for nothing."
    everything = [replace(cell, is_graded=False) for cell in plain]
    for position, message in judge(everything, [], sandbox, seed=1).cells:
        yield f"What is handed out: cell {position} stops with {message}"


def collected(course, assignment, options):
    lines = collect(course, assignment, options.source, options.worksheet)
    columns = ["student", "name", "file", "outcome", "note"]
    table = _quiet_table(f"{assignment.name}, collected")
    for name in columns:
        table.add_column(name, overflow="fold", no_wrap=name == "outcome")
    for line in lines:
        table.add_row(*(Text(str(line.get(name, ""))) for name in columns))
    count = sum(line["outcome"] in ("collected", "resubmitted") for line in lines)
    _tell(
        options, lines, table, f"{count} new of {len(lines)}. Next: nwgrade grade {assignment.name}"
    )


def grade(course, assignment, options):
    if not course.submissions(assignment.name):
        raise CourseError(f"Nothing has been collected yet: nwgrade collect {assignment.name} ...")
    limits = _limits(options)
    with _alone(course), _warned(options), _executor(options, limits) as (make_executor, n_workers):
        if not gradebook.is_registered(course, assignment):
            gradebook.release(course, assignment)
        work = list(grading.needed(course, assignment, limits, options.unsafe, options.again))
        jobs = grading.jobs(course, assignment, work, limits, options.unsafe)
        started, asked = time.monotonic(), interrupt.asked()
        with (
            gradebook.gradebook(course) as book,
            _progress(len(work), options) as step,
            closing(grading.run(jobs, make_executor, n_workers, asked=asked)) as results,
        ):
            for submission, stamp, result in results:
                gradebook.store(course, assignment, submission, stamp, result, book, grading.now())
                step()
    seconds = time.monotonic() - started
    rows = gradebook.rows(course, assignment, _roster(course))
    if work:
        each = f"{seconds / len(work):.2f} s each"
        done = f"{len(work)} graded in {seconds:.1f} s, {each}."
    else:
        done = "Nothing was new."
    _tell(options, [_line(row) for row in rows], _table(assignment, rows), done)
    is_broken = any(row.status == "failed" or _has_broken_check(row) for row in rows)
    return BROKEN if is_broken else 0


def status(course, assignment, options):
    rows = _rows(course, assignment)
    _tell(options, [_line(row) for row in rows], _table(assignment, rows))


def answers(course, assignment, options):
    rows = _rows(course, assignment)
    if options.read:
        count = written.read_sheet(course, assignment, rows, options.read)
        _tell(
            options,
            {"graded": count},
            _count_of(count, "answer has points now.", "answers have points now."),
        )
        return
    path = course.root / "export" / f"{assignment.name}-written.csv"
    count = written.write_sheet(assignment, rows, path, options.all)
    told = {"sheet": str(path), "answers": count}
    if count:
        to_do = (
            f"{_count_of(count, 'answer waits', 'answers wait')} in {path}. Fill in the points, "
            f"then: nwgrade written {assignment.name} --read {quote(str(path))}"
        )
    else:
        to_do = f"No answer waits for points. Next: nwgrade feedback {assignment.name}"
    _tell(options, told, to_do)


def give_back(course, assignment, options):
    rows = _rows(course, assignment)
    count, path = feedback.give_back(course, assignment, rows)
    waiting = [row.student for row in rows if row.waiting]
    without = [row.student for row in rows if row.status in UNGRADED]
    told = {"pages": count, "zip": str(path), "waiting": len(waiting), "not_graded": without}
    _tell(
        options,
        told,
        f"{_count_of(count, 'page', 'pages')} in feedback/, and all of them in {path}.",
    )
    if waiting:
        _warn(f"{len(waiting)} of them have parts that still wait for points.")
    if without:
        _warn(f"No page for those who are not graded: {', '.join(without[:9])}.")


def send_on(course, assignment, options):
    rows = _rows(course, assignment)
    unready = [row for row in rows if row.waiting or row.status in UNGRADED]
    if unready and not options.partial:
        names = ", ".join(f"{row.student} ({row.status})" for row in unready[:5])
        raise CourseError(
            f"{_count_of(len(unready), 'submission is', 'submissions are')} not graded to the end: "
            f"{names}{', ...' if len(unready) > 5 else ''}. Finish them, or export what there is "
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
    _tell(
        options, told, f"{_count_of(len(rows) - len(blank), 'score is', 'scores are')} in {path}."
    )
    if blank:
        _warn(f"No score, and nothing in the file, for {len(blank)}: {', '.join(blank[:9])}.")
    if left:
        _warn(f"Graded, but not in the list that was to be filled in: {', '.join(left)}.")


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


@contextmanager
def _executor(options, limits):
    """Give a function that makes an executor, and how many workers it has.

    Machines that cannot isolate say so here, once, before anything is graded.
    """
    if not options.dask:
        grading.ready(limits, options.unsafe)
        yield partial(grading.Workers, options.workers), options.workers
        return
    try:
        from distributed import Client
        from distributed.comm.addressing import resolve_address
    except ImportError:
        raise CourseError("--dask needs Dask: pip install distributed") from None
    for name in ("distributed", "distributed.client"):  # what fails is said below
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        resolve_address(options.dask)  # Client takes long to give up what is no address
        client = Client(options.dask, timeout=DASK_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, TypeError, ValueError) as error:
        raise CourseError(f"There is no Dask cluster at {options.dask}: {error}") from None
    with client:
        answers = client.run(grading.ready, limits, options.unsafe, on_error="return")
        if not answers:
            raise CourseError(f"The Dask cluster at {options.dask} has no worker.")
        for address, answer in answers.items():
            if answer != grading.code_version():
                is_error = isinstance(answer, Exception)
                why = answer if is_error else "its nwgrade is another version than the one here"
                raise CourseError(f"The Dask worker {address} cannot grade: {why}.")
        try:
            yield partial(client.get_executor, pure=False), sum(client.nthreads().values())
        except CancelledError:
            raise CourseError(
                f"The Dask cluster at {options.dask} is gone. What was graded is kept, and the "
                "same command goes on."
            ) from None


@contextmanager
def _progress(total, options):
    """Give a function to call after each submission."""
    if options.json or not total:
        yield lambda: None
        return
    columns = [TextColumn("Grading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=total)
        yield lambda: progress.advance(task)


def _has_broken_check(row):
    return any(one["is_broken"] for one in row.result.get("verdicts", ()))


def _roster(course):
    path = course.root / "students.csv"
    return [(row["id"], row["name"]) for row in read_table(path)] if path.exists() else []


# ---- What is printed ----


@contextmanager
def _warned(options):
    if options.unsafe:
        _warn("--unsafe: submissions can read, change and send away all that you can.")
    yield


def _line(row):
    """Return a row for machines."""
    return {
        "student": row.student,
        "name": row.name,
        "status": row.status,
        "problem": row.problem,
        "days_late": row.days_late,
        "parts": {part.cell: part.earned for part in row.parts},
        "earned": row.earned,
        "score": row.score,
        "seed": row.result.get("seed"),
        "version": row.result.get("version"),
    }


def _table(assignment, rows):
    title = f"{assignment.name}, {assignment.points:g} points"
    table = _quiet_table(title)
    table.add_column("student", overflow="fold")
    table.add_column("name", overflow="fold")
    table.add_column("status", no_wrap=True)
    for name in ("checks", "written", "late", "score"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        checks = [part for part in row.parts if part.cell in assignment.tests]
        by_hand = [part for part in row.parts if part.cell not in assignment.tests]
        table.add_row(
            Text(row.student),
            Text(row.name),
            Text(row.status, style=STYLES.get(row.status, "red")),
            _sum(checks),
            _sum(by_hand),
            f"{row.days_late} d" if row.days_late else "",
            "" if row.score is None else f"{row.score:g}",
        )
    return table


def _quiet_table(title):
    look = {"box": SIMPLE_HEAD, "pad_edge": False, "padding": (0, 1, 0, 0)}
    return Table(title=title, title_justify="left", **look)


def _count_of(number, one, many):
    return f"{number} {one if number == 1 else many}"


def _sum(parts):
    """Return what has been earned, and what still may be."""
    if not parts:
        return ""
    waiting = sum(part.points for part in parts if part.earned is None)
    earned = f"{sum(part.earned or 0 for part in parts):g}"
    return f"{earned} + {waiting:g}?" if waiting else earned


def _tell(options, machine, *people):
    """Print for a machine or for people."""
    if options.json:
        print(json.dumps(machine, indent=1))
        return
    console = Console()
    for one in people:
        console.print(one, markup=False, highlight=False, soft_wrap=isinstance(one, str))


def _warn(text):
    print(f"nwgrade: {text}", file=sys.stderr)
