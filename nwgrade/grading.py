"""Grade many submissions: each is work of its own for any `concurrent.futures.Executor`.

What goes to a worker is a `Job`, plain data that holds all that grading takes; what comes back is a
plain dict. Nothing is stored there, so a job that is done twice, because a machine was lost, is one
grade all the same: the seed lies in the job.
"""

import base64
import os
import pickle
import secrets
import shutil
import signal
import tempfile
import threading
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

from nwgrade.checks import load_checks
from nwgrade.course import digest
from nwgrade.judge import judge
from nwgrade.notebooks import Unreadable, read_notebook
from nwgrade.sandbox import Limits, Sandbox, SandboxError

ATTEMPTS = 3  # of a job whose worker was lost
AHEAD = 4  # jobs that wait at each worker
MODULES = ("checks", "judge", "notebooks", "sandbox", "wire", "worker")


@dataclass(frozen=True)
class Job:
    """One submission to grade, with all that it takes.

    name : of the assignment. checks : the text of its module. files : (name, bytes) of its data.
    written : the grade_ids of answers that a person grades. drawings : of each cell with a figure,
    the function that draws it.
    """

    notebook: bytes
    name: str
    checks: str
    files: tuple
    written: tuple
    drawings: tuple
    seed: int
    limits: Limits
    unsafe: bool = False


def grade(job):
    """Return what came of grading: status, verdicts, cells that did not run, answers, figures.

    status is "graded", "unreadable", "timed out", "died", or "failed" when the machine was at
    fault, and then there is no score.
    """
    try:
        cells = read_notebook(job.notebook)
    except Unreadable as error:
        return {"status": "unreadable", "problem": str(error)}
    for _ in range(2):
        try:
            with _laid_out(job) as (checks, files):
                sandbox = Sandbox(job.limits, files, job.unsafe)
                report = judge(cells, checks, sandbox, job.seed, job.drawings)
        except Exception as error:  # the machine's fault: judge answers for what students do
            problem = str(error) if isinstance(error, SandboxError) else repr(error)
            continue
        return {
            "status": _status(report),
            "problem": "",
            "verdicts": [asdict(verdict) for verdict in report.verdicts],
            "cells": [list(line) for line in report.cells],
            "deaths": list(report.deaths),
            "answers": {name: _answer(cells, name) for name in job.written},
            "figures": {name: base64.b64encode(png).decode() for name, png in report.figures},
        }
    return {"status": "failed", "problem": problem}


def _status(report):
    if not report.deaths:
        return "graded"
    return "timed out" if "timed out" in report.deaths else "died"


def _answer(cells, grade_id):
    """Return the text of a written answer; of a copied cell, all that is in the copies."""
    return "\n\n".join(cell.source for cell in cells if cell.grade_id == grade_id)


# ---- Where a worker grades ----


@contextmanager
def _laid_out(job):
    """Give the checks of a job and its data files, laid out as in a course.

    Checks may read data from beside their module, and find it so on any machine.
    """
    with tempfile.TemporaryDirectory(prefix="nwgrade-") as course:
        module = Path(course, "checks", f"{job.name}.py")
        data = Path(course, "source", job.name)
        for folder in (module.parent, data):
            folder.mkdir(parents=True)
        module.write_text(job.checks, encoding="utf-8")
        for name, content in job.files:
            (data / name).write_bytes(content)
        with _loading:
            checks = load_checks(job.checks, module)
        yield checks, sorted(data.iterdir())


_loading = threading.Lock()  # checks are collected in one place; a Dask worker may have threads


class Workers(ProcessPoolExecutor):
    """So many processes of this machine, that end with it, and leave nothing behind.

    Each holds one end of a pipe. When the other end is closed, by `shutdown` or because this
    process is no more, they end at once, and their temporary files with them.

    Work and results travel as files. What goes through the executor's own pipes is so short that it
    never fills one: in Debian 12's Python, 3.11.2, who writes to a full pipe waits for ever if the
    worker at its other end is lost (https://github.com/python/cpython/issues/94777).
    """

    def __init__(self, count):
        self._folder = tempfile.TemporaryDirectory(prefix="nwgrade-")
        context = get_context("spawn")
        theirs, self._pipe = context.Pipe(duplex=False)
        super().__init__(count, context, _follow, (theirs, self._folder.name))

    def submit(self, function, job):
        """Submit work; a process that is started for it never hears of Ctrl-C."""
        name = _packed(job, self._folder.name)
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().submit(_do, function, name)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def shutdown(self, wait=True, *, cancel_futures=True):
        """End at once: what is being done is dropped."""
        self._pipe.close()
        super().shutdown(wait=True, cancel_futures=True)
        self._folder.cleanup()


class _Parcel:
    """A thing that is sent to another process by way of a file, and arrives there unpacked."""

    def __init__(self, content):
        self._content = content

    def __reduce__(self):
        return _unpacked, (_packed(self._content),)


def _packed(content, folder=None):
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
        pickle.dump(content, file)
    return file.name


def _unpacked(name):
    path = Path(name)
    content = path.read_bytes()
    path.unlink()
    return pickle.loads(content)


def _do(function, name):
    """Do a piece of work in a worker process, whose temporary files are in the folder of all.

    It is unpacked here, where an error is the answer: when all end, another worker may have cleared
    the folder already, and what goes wrong outside of the work is printed with a traceback.
    """
    return _Parcel(function(_unpacked(name)))


def _follow(pipe, folder):
    """Begin a worker process: keep its files in the folder, end when the pipe is closed."""
    tempfile.tempdir = folder

    def end():
        with suppress(EOFError, OSError):
            pipe.recv_bytes()
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(1)

    threading.Thread(target=end, daemon=True).start()


def ready(limits, unsafe):
    """Return the version of the grader on this machine; raise SandboxError if it cannot isolate."""
    with Sandbox(limits, (), unsafe) as sandbox:
        sandbox.start()
    return code_version()


# ---- All submissions of an assignment ----


def needed(course, assignment, limits, unsafe=False, again=False):
    """Yield (submission, stamp) of what is not graded as it stands.

    The stamp is what the grade is of: the version of the submission and that of the grader, and the
    seed of all inputs. A version's seed is drawn once: grading it again asks the same questions.
    """
    grader = grader_version(assignment, limits, unsafe)
    for submission in course.submissions(assignment.name).values():
        old = course.result(assignment.name, submission.student) or {}
        version = submission.version
        is_same = old.get("version") == version
        if is_same and old["grader"] == grader and old["status"] != "failed" and not again:
            continue
        seed = old["seed"] if is_same else secrets.randbits(63)
        yield submission, {"version": version, "seed": seed, "grader": grader}


def jobs(course, assignment, work, limits, unsafe=False):
    """Yield (submission, stamp, job) of the work; the job is None where there is no notebook.

    Notebooks are read when their turn comes, so that few are in memory.
    """
    checks = (course.root / "checks" / f"{assignment.name}.py").read_text(encoding="utf-8")
    files = tuple((path.name, path.read_bytes()) for path in assignment.files)
    written, drawings = tuple(assignment.written), tuple(assignment.drawings.items())
    for submission, stamp in work:
        job = None
        if submission.notebook:
            notebook = submission.notebook.read_bytes()
            job = Job(
                notebook,
                assignment.name,
                checks,
                files,
                written,
                drawings,
                stamp["seed"],
                limits,
                unsafe,
            )
        yield submission, stamp, job


def grader_version(assignment, limits, unsafe):
    """Return what a grade depends on besides the submission: assignment, grader and limits."""
    parts = [assignment.version, repr((limits, unsafe)), code_version()]
    return digest("\0".join(parts).encode())


def code_version():
    """Return the version of the code that decides on points."""
    here = Path(__file__).parent
    return digest(b"\0".join((here / f"{name}.py").read_bytes() for name in MODULES))


def run(jobs, make_executor, n_workers, function=grade, asked=None):
    """Yield (submission, stamp, result) as they come; few jobs are held in memory at a time.

    make_executor : makes an executor that drops what it does on `shutdown(wait=False)`. When one
    breaks, because a process of it was killed, what it had in hand is done again in a new one. A
    job that does this `ATTEMPTS` times, alone, has failed.

    asked : a future; once it is done, KeyboardInterrupt is raised between two results.
    """
    asked = asked or Future()
    jobs, again = iter(jobs), deque()
    executor, running = make_executor(), {}
    try:
        while True:
            if asked.done():
                raise KeyboardInterrupt
            # After a loss one at a time, so that it is seen which job it was that does it.
            while len(running) < (1 if again else AHEAD * n_workers):
                item = again.popleft() if again else next(jobs, None)
                if item is None:
                    break
                submission, stamp, job, *tries = item
                if job is None:
                    problem = submission.received.get("problem") or "There is no notebook."
                    yield submission, stamp, {"status": "unreadable", "problem": problem}
                else:
                    running[executor.submit(function, job)] = submission, stamp, job, *tries
            if not running:
                return
            done = wait({*running, asked}, return_when=FIRST_COMPLETED).done - {asked}
            lost = [future for future in done if future.exception()]
            for future in done.difference(lost):
                submission, stamp, *_ = running.pop(future)
                yield submission, stamp, future.result()
            if not lost:
                continue
            problem = repr(lost[0].exception())
            in_hand = list(running.values())
            running.clear()
            executor.shutdown(wait=False)
            executor = make_executor()
            for submission, stamp, job, *tries in in_hand:
                tries = sum(tries) + (len(in_hand) == 1)
                if tries < ATTEMPTS:
                    again.append((submission, stamp, job, tries))
                else:
                    problem = f"its worker was lost {ATTEMPTS} times: {problem}"
                    yield submission, stamp, {"status": "failed", "problem": problem}
    finally:
        executor.shutdown(wait=False)


def now():
    return datetime.now(UTC).isoformat(timespec="seconds")
