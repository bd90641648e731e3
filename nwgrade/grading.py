"""Grade many submissions: each is work of its own for any `concurrent.futures.Executor`.

What goes to a worker is a `Job`, plain data that holds all that grading takes; what comes back is a
plain dict. A worker keeps one warm sandbox. Nothing is stored there, so a job that is done twice,
because a machine was lost, is one grade all the same: the seed lies in the job.
"""

import base64
import hashlib
import secrets
import tempfile
import threading
from collections import deque
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache
from multiprocessing.util import Finalize
from pathlib import Path

from nwgrade.checks import load_checks
from nwgrade.judge import judge
from nwgrade.notebooks import Unreadable, read_notebook
from nwgrade.sandbox import Limits, Sandbox, SandboxError

ATTEMPTS = 3  # of a job whose worker was lost
AHEAD = 4  # jobs that wait at each worker
MODULES = ("checks", "judge", "notebooks", "sandbox", "wire", "worker")


@dataclass(frozen=True)
class Job:
    """One submission to grade, with all that it takes.

    written : the grade_ids of answers that a person grades. drawings : of each cell with a figure,
    the function that draws it. files : (name, bytes) of the data files.
    """

    notebook: bytes
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
            sandbox = _warm_sandbox(job.files, job.limits, job.unsafe)
            report = judge(cells, _checks(job.checks), sandbox, job.seed, job.drawings)
        except (SandboxError, OSError) as error:
            _end_sandbox()
            problem = str(error)
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


# ---- A worker's warm sandbox ----

_warm = threading.local()


def _warm_sandbox(files, limits, unsafe):
    """Return this thread's sandbox, a new one if the work is other work than before."""
    key = (files, limits, unsafe)
    if getattr(_warm, "key", None) != key:
        _end_sandbox()
        with tempfile.TemporaryDirectory() as folder:
            paths = []
            for name, content in files:
                paths.append(Path(folder, name))
                paths[-1].write_bytes(content)
            _warm.sandbox = Sandbox(limits, paths, unsafe).__enter__()
        _warm.key = key
        _warm.goodbye = Finalize(None, _warm.sandbox.__exit__, exitpriority=1)
    return _warm.sandbox


def _end_sandbox():
    if getattr(_warm, "key", None):
        _warm.goodbye()
        _warm.key = None


@lru_cache(maxsize=8)
def _checks(text):
    return tuple(load_checks(text, "checks"))


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
            job = Job(notebook, checks, files, written, drawings, stamp["seed"], limits, unsafe)
        yield submission, stamp, job


def grader_version(assignment, limits, unsafe):
    """Return what a grade depends on besides the submission: assignment, grader and limits."""
    here = Path(__file__).parent
    code = [(here / f"{name}.py").read_bytes() for name in MODULES]
    parts = [assignment.version.encode(), repr((limits, unsafe)).encode(), *code]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def run(jobs, make_executor, n_workers, function=grade):
    """Yield (submission, stamp, result) as they come; few jobs are held in memory at a time.

    make_executor : makes an executor. When one breaks, because a process of it was killed, what it
    had in hand is done again in a new one, at most `ATTEMPTS` times.
    """
    jobs, again = iter(jobs), deque()
    executor, running = make_executor(), {}
    try:
        while True:
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
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            lost = [future for future in done if future.exception()]
            for future in done.difference(lost):
                submission, stamp, *_ = running.pop(future)
                yield submission, stamp, future.result()
            if not lost:
                continue
            problem = repr(lost[0].exception())
            in_hand = list(running.values())
            running.clear()
            executor.shutdown(cancel_futures=True)
            executor = make_executor()
            for submission, stamp, job, *tries in in_hand:
                tries = sum(tries) + (len(in_hand) == 1)
                if tries < ATTEMPTS:
                    again.append((submission, stamp, job, tries))
                else:
                    problem = f"its worker was lost {ATTEMPTS} times: {problem}"
                    yield submission, stamp, {"status": "failed", "problem": problem}
    finally:
        executor.shutdown(cancel_futures=True)


def now():
    return datetime.now(UTC).isoformat(timespec="seconds")
