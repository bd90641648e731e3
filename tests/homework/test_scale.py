"""Many submissions, many workers, and all that may go wrong: no grade is lost or doubled."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from nwgrade import cli, grading
from nwgrade.course import Course
from nwgrade.sandbox import Limits

from .classroom import (
    LIGHT,
    Ran,
    hand_in,
    make_course,
    need_bubblewrap,
    notebook,
    nwgrade_here,
    standings,
    wait_until,
)

STUDENTS = [f"s{i:02}" for i in range(6)]
SLOW = "import time\ntime.sleep(0.4)"
WRONG = """
def noise_floor(sigma):
    return np.mean(sigma)


def standardized_errors(prediction, y, sigma):
    return np.mean(((prediction - y) / sigma) ** 2, axis=1)
"""
KILLS_ITS_GRADER = """
import os, signal
from pathlib import Path
warm = os.getppid()
grader = int(Path(f"/proc/{warm}/stat").read_text().rpartition(")")[2].split()[1])
os.kill(grader, signal.SIGKILL)
"""


@pytest.fixture(scope="module", autouse=True)
def _sandbox():
    need_bubblewrap()


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    """A course in which students have handed in, all of them slow, some wrong."""
    course = make_course(tmp_path_factory.mktemp("collected"), "hw1")
    assert nwgrade_here(course, "release", "hw1").code == 0
    for number, student in enumerate(STUDENTS):
        answers = LIGHT | ({"floor": WRONG} if number % 3 == 0 else {})
        hand_in(course, "hw1", student, notebook("hw1", SLOW, f"mine = {number}", **answers))
    return course


@pytest.fixture(scope="module")
def graded(collected, tmp_path_factory):
    """The same course, graded by this machine's processes."""
    course = copied(collected, tmp_path_factory.mktemp("graded"))
    done = nwgrade_here(course, "grade", "hw1", "--json")
    assert (done.code, done.err) == (0, "")
    assert [row["student"] for row in done.json] == STUDENTS
    assert len({row["seed"] for row in done.json}) == len(STUDENTS)
    assert {row["parts"]["floor-test"] for row in done.json} == {8, 14}
    return course


def copied(course, folder):
    return shutil.copytree(course, folder / "course")


def results(course):
    """Return what is stored of each student, without the time."""
    found = {}
    for path in (course / "autograded").glob("*/hw1/result.json"):
        found[path.parts[-3]] = json.loads(path.read_text())
        del found[path.parts[-3]]["time"]
    return found


def times(course):
    """Return when each result was stored."""
    paths = (course / "autograded").glob("*/hw1/result.json")
    return {path.parts[-3]: path.stat().st_mtime_ns for path in paths}


def assert_each_is_there_once(course):
    assert sorted(results(course)) == STUDENTS
    with closing(sqlite3.connect(course / "gradebook.db")) as book:
        (entries,) = book.execute("select count(*) from submitted_assignment").fetchone()
        (notebooks,) = book.execute("select count(*) from submitted_notebook").fetchone()
    assert entries == notebooks == len(STUDENTS)


@contextmanager
def running(course, *arguments, **environment):
    """Run the command line in the background, as the foreground job of a terminal of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "nwgrade", *arguments, "--course", str(course)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
        start_new_session=True,
        # A job that a script has put in the background ignores Ctrl-C.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.default_int_handler),
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def finished(process):
    out, err = process.communicate(timeout=100)
    assert "Traceback" not in err, err
    return Ran(process.returncode, out, err)


def wait_for_results(course, process, count, since=0):
    """Wait until so many results are stored anew, while the others are still to come."""

    def stored():
        assert process.poll() is None, process.communicate()
        return sum(when > since for when in times(course).values())

    wait_until(lambda: stored() >= count, f"result {count}")
    assert stored() < len(STUDENTS), "all is done already"


def workers_of(process):
    """Return the ids of the worker processes of a running command."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [
        int(one) for one in children if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()
    ]


@contextmanager
def cluster(**options):
    """Hold a Dask cluster of processes on this machine."""
    from distributed import LocalCluster

    with LocalCluster(
        processes=True, dashboard_address=None, silence_logs=50, **options
    ) as cluster:
        yield cluster


# ---- A worker is killed ----


def test_dask_loses_a_worker_but_no_grade(graded, tmp_path):
    course = copied(graded, tmp_path)
    began = time.time_ns()
    with (
        cluster(n_workers=2, threads_per_worker=1) as dask,
        running(course, "grade", "hw1", "--again", "--dask", dask.scheduler_address) as run,
    ):
        wait_for_results(course, run, 2, since=began)
        os.kill(dask.workers[0].pid, signal.SIGKILL)
        done = finished(run)
    assert done.code == 0
    assert done.err.count("\n") == 1
    assert f"{len(STUDENTS)}/{len(STUDENTS)}" in done.err
    assert min(times(course).values()) > began
    assert_each_is_there_once(course)
    assert results(course) == results(graded)


def test_the_local_pool_loses_a_worker_but_no_grade_and_nobody_else_may_grade(graded, tmp_path):
    course, temporary = copied(graded, tmp_path), tmp_path / "tmp"
    temporary.mkdir()
    began = time.time_ns()
    with running(course, "grade", "hw1", "--again", TMPDIR=str(temporary)) as run:
        wait_for_results(course, run, 2, since=began)
        os.kill(workers_of(run)[0], signal.SIGKILL)
        second = nwgrade_here(course, "grade", "hw1")
        assert run.poll() is None
        done = finished(run)
    assert second.code == 1
    assert second.err == "nwgrade: This course is being graded already: wait until it is done.\n"
    assert done.code == 0
    assert min(times(course).values()) > began
    assert_each_is_there_once(course)
    assert results(course) == results(graded)
    assert not list(temporary.glob("nwgrade-*"))


def test_a_submission_that_kills_every_worker_gets_no_score_and_stops_nobody(collected, tmp_path):
    course = copied(collected, tmp_path)
    for student in STUDENTS[2:]:
        shutil.rmtree(course / "submitted" / student)
    hand_in(course, "hw1", "killer", notebook("hw1", KILLS_ITS_GRADER, **LIGHT))
    done = nwgrade_here(course, "grade", "hw1", "--unsafe", "--json")
    assert done.code == 3
    rows = {row["student"]: row for row in done.json}
    assert (rows["killer"]["status"], rows["killer"]["score"]) == ("failed", None)
    assert "its worker was lost 3 times" in rows["killer"]["problem"]
    assert {row["status"] for name, row in rows.items() if name != "killer"} == {"partly"}


@pytest.mark.parametrize("number", [1, 2])
def test_a_lost_worker_keeps_nobody_waiting_however_large_the_work(number):
    workers = grading.Workers(number)
    folder = Path(workers._folder.name)
    assert workers.submit(bytes, 10**6).result(60) == bytes(10**6)
    assert not list(folder.iterdir())
    lost = workers.submit(os._exit, 1)
    with suppress(BrokenProcessPool):  # the loss may be known already
        others = [workers.submit(len, bytes(10**6)) for _ in range(8)]
        assert others[-1].result(60) == 10**6  # another worker may have done it
    with pytest.raises(BrokenProcessPool):
        lost.result(60)
    workers.shutdown()
    assert not folder.exists()


# ---- The command is stopped ----


def test_an_interrupted_run_goes_on_where_it_was(collected, tmp_path):
    course, temporary = copied(collected, tmp_path), tmp_path / "tmp"
    temporary.mkdir()
    with running(course, "grade", "hw1", TMPDIR=str(temporary)) as run:
        wait_for_results(course, run, 1)
        os.killpg(run.pid, signal.SIGINT)  # as Ctrl-C does: to the workers too
        done = finished(run)
    assert done.code == 130
    assert done.err.endswith("nwgrade: interrupted; the same command goes on from here.\n")
    assert "Grading" in done.err
    assert done.out == ""
    assert not list(temporary.glob("nwgrade-*"))
    first = times(course)

    with running(course, "grade", "hw1", TMPDIR=str(temporary)) as run:
        wait_for_results(course, run, len(first) + 1)
        workers = workers_of(run)
        assert workers
        run.kill()
    wait_until(lambda: not any(Path(f"/proc/{one}").exists() for one in workers), "their end")
    wait_until(lambda: not list(temporary.glob("nwgrade-*")), "the end of their files")
    second = times(course)
    assert first.items() <= second.items()

    done = nwgrade_here(course, "grade", "hw1")
    assert done.code == 0
    assert f"{len(STUDENTS) - len(second)} graded in" in done.out
    assert second.items() <= times(course).items()
    assert_each_is_there_once(course)
    assert {row["status"] for row in standings(course, "hw1").values()} == {"partly"}


# ---- The command is run again ----


def test_only_what_has_changed_is_graded_again(graded, tmp_path):
    course = copied(graded, tmp_path)
    for student in STUDENTS[2:]:
        shutil.rmtree(course / "submitted" / student)
    before, stored = results(graded), times(course)
    done = nwgrade_here(course, "grade", "hw1")
    assert (done.code, done.err) == (0, "")
    assert "Nothing was new." in done.out
    assert times(course) == stored

    changed, other = STUDENTS[:2]
    hand_in(course, "hw1", changed, notebook("hw1", "mine = 'a second version'", **LIGHT))
    assert nwgrade_here(course, "grade", "hw1").code == 0
    assert {name for name, when in times(course).items() if when != stored[name]} == {changed}
    after, stored = results(course), times(course)
    assert after[changed]["seed"] != before[changed]["seed"]
    assert after[changed]["verdicts"][-3]["earned"] == 6
    assert before[changed]["verdicts"][-3]["earned"] == 0

    checks = course / "checks" / "hw1.py"
    checks.write_text(checks.read_text() + "\n# another version\n")
    assert nwgrade_here(course, "grade", "hw1").code == 0
    again, stored_again = results(course), times(course)
    for name in (changed, other):
        assert stored_again[name] > stored[name]
        assert again[name].pop("grader") != after[name].pop("grader")
        assert again[name] == after[name]


# ---- The machine cannot isolate ----

NO_NAMESPACES = (
    "bwrap: No permissions to create new namespace, likely because the kernel does not allow "
    "non-privileged user namespaces. On e.g. debian this can be enabled with 'sysctl "
    "kernel.unprivileged_userns_clone=1'."
)


@pytest.fixture
def one(collected, tmp_path):
    """A course with one submission."""
    course = copied(collected, tmp_path)
    for student in STUDENTS[1:]:
        shutil.rmtree(course / "submitted" / student)
    return course


@pytest.mark.parametrize(
    "bubblewrap, reason",
    [(None, "bubblewrap is missing"), (NO_NAMESPACES, "No permissions to create new namespace")],
)
def test_without_isolation_nothing_is_graded(one, tmp_path, monkeypatch, bubblewrap, reason):
    tools = tmp_path / "bin"
    tools.mkdir()
    if bubblewrap:
        script = tools / "bwrap"
        script.write_text(f'#!/bin/sh\necho "{bubblewrap}" >&2\nexit 1\n')
        script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tools))
    done = nwgrade_here(one, "grade", "hw1")
    assert done.code == 1
    assert done.out == ""
    assert done.err.count("\n") == 1
    assert reason in done.err
    assert not results(one)


def test_unsafe_grades_without_bubblewrap_but_warns(one, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    done = nwgrade_here(one, "grade", "hw1", "--unsafe", "--json")
    assert done.code == 0
    assert done.err == (
        "nwgrade: --unsafe: submissions can read, change and send away all that you can.\n"
    )
    assert [row["status"] for row in done.json] == ["partly"]


# ---- Dask ----


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense", "http://127.0.0.1:9"])
def test_an_address_without_a_cluster_is_said_in_one_line(one, monkeypatch, address):
    monkeypatch.setattr(cli, "DASK_SECONDS", 1)
    done = nwgrade_here(one, "grade", "hw1", "--dask", address)
    assert done.code == 1
    assert done.err.startswith(f"nwgrade: There is no Dask cluster at {address}: ")
    assert done.err.count("\n") == 1


def test_threads_of_one_process_have_a_sandbox_each(graded):
    course = Course(graded)
    assignment = course.assignment("hw1")
    work = list(grading.needed(course, assignment, Limits(), again=True))[:3]
    jobs = list(grading.jobs(course, assignment, work, Limits()))
    before = results(graded)
    with closing(grading.run(jobs, partial(ThreadPoolExecutor, 2), 2)) as done:
        verdicts = {submission.student: result["verdicts"] for submission, _, result in done}
    assert verdicts == {name: before[name]["verdicts"] for name in STUDENTS[:3]}


def test_a_job_says_nothing_about_this_machine(graded):
    course = Course(graded)
    assignment = course.assignment("hw1")
    work = list(grading.needed(course, assignment, Limits(), again=True))[:1]
    ((_, _, job),) = grading.jobs(course, assignment, work, Limits())
    assert str(graded) not in repr(job)
    assert str(Path.home()) not in repr(job)
