"""Many submissions, many workers, and all that may go wrong: no grade is lost or doubled."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import distributed
import pytest

from nwgrade import grading, sandbox
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
    with_gradebook,
)

CLUSTER = ("--trust-the-network", "--dask")
STUDENTS = [f"s{i:02}" for i in range(6)]
SLOW = "import time\ntime.sleep(0.4)"
WRONG = """
def noise_floor(sigma):
    return np.mean(sigma)


def standardized_errors(prediction, y, sigma):
    return np.mean(((prediction - y) / sigma) ** 2, axis=1)
"""


@pytest.fixture(scope="module", autouse=True)
def _sandbox():
    need_bubblewrap()


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    """A course in which students have handed in, all of them slow, some wrong."""
    course = with_gradebook(make_course(tmp_path_factory.mktemp("collected"), "hw1"), "hw1")
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


def sandboxes_of(process):
    """Return the ids of the processes that a running command has started."""
    children = Path(f"/proc/{process.pid}/task").glob("*/children")
    return [int(one) for path in children for one in path.read_text().split()]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Dask's settings for TLS, as environment variables, with a certificate of our own."""
    folder = tmp_path_factory.mktemp("tls")
    make = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=grading -keyout key -out cert"
    )
    subprocess.run(make.split(), cwd=folder, check=True, capture_output=True)
    parts = {"CA_FILE": "cert"}
    for who in ("SCHEDULER", "WORKER", "CLIENT"):
        parts |= {f"{who}__CERT": "cert", f"{who}__KEY": "key"}
    return {f"DASK_DISTRIBUTED__COMM__TLS__{name}": f"{folder / x}" for name, x in parts.items()}


@contextmanager
def cluster(certificate, **options):
    """Hold a Dask cluster of processes on this machine, which only speaks to who has the key."""
    import dask
    from distributed import LocalCluster

    with (
        pytest.MonkeyPatch.context() as patch,
        dask.config.set(),
    ):
        for name, value in certificate.items():
            patch.setenv(name, value)
        dask.config.refresh()
        quiet = {"dashboard_address": "127.0.0.1:0", "silence_logs": 50}
        with LocalCluster(protocol="tls://", processes=True, **quiet, **options) as cluster:
            yield cluster
    dask.config.refresh()


# ---- A worker is killed ----


def test_a_cluster_with_tls_loses_a_worker_but_no_grade(graded, certificate, tmp_path):
    course = copied(graded, tmp_path)
    began = time.time_ns()
    with (
        cluster(certificate, n_workers=2, threads_per_worker=1) as dask,
        running(
            course, "grade", "hw1", "--again", "--dask", dask.scheduler_address, **certificate
        ) as run,
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


def test_nobody_else_may_grade_a_course_that_is_being_graded(graded, tmp_path):
    course = copied(graded, tmp_path)
    began = time.time_ns()
    with running(course, "grade", "hw1", "--again") as run:
        wait_for_results(course, run, 2, since=began)
        second = nwgrade_here(course, "grade", "hw1")
        assert run.poll() is None
        done = finished(run)
    assert second.code == 1
    assert second.err == "nwgrade: This course is being graded already: wait until it is done.\n"
    assert done.code == 0
    assert_each_is_there_once(course)
    assert results(course) == results(graded)


# ---- The command is stopped ----


def test_an_interrupted_run_goes_on_where_it_was(collected, tmp_path):
    course, temporary = copied(collected, tmp_path), tmp_path / "tmp"
    temporary.mkdir()
    with running(course, "grade", "hw1", TMPDIR=str(temporary)) as run:
        wait_for_results(course, run, 1)
        os.killpg(run.pid, signal.SIGINT)  # as Ctrl-C does
        done = finished(run)
    assert done.code == 130
    assert done.err.endswith("nwgrade: interrupted; the same command goes on from here.\n")
    assert "Grading" in done.err
    assert done.out == ""
    assert not list(temporary.glob("nwgrade-*"))
    first = times(course)

    with running(course, "grade", "hw1", TMPDIR=str(temporary)) as run:
        wait_for_results(course, run, len(first) + 1)
        sandboxes = sandboxes_of(run)
        assert sandboxes
        run.kill()
    wait_until(lambda: not any(Path(f"/proc/{one}").exists() for one in sandboxes), "their end")
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
        for what in ("grader", "assignment"):
            assert again[name].pop(what) != after[name].pop(what)
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


@pytest.mark.parametrize("part", ["LocalCluster", "Client"])
def test_what_is_graded_is_graded_when_dask_takes_long_to_end(one, monkeypatch, part):
    """It gives its threads 10 seconds, which a busy machine may exceed, then raises an error."""

    class Late(getattr(distributed, part)):
        is_late = True

        def close(self, *args, **options):
            super().close(*args, **options)
            if self.is_late:  # once: what is left of it is closed again when Python drops it
                self.is_late = False
                raise TimeoutError("join timed out")

    monkeypatch.setattr(distributed, part, Late)
    done = nwgrade_here(one, "grade", "hw1", "--json")
    assert (done.code, done.err) == (0, "")
    assert [row["status"] for row in done.json] == ["partly"]


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense", "http://127.0.0.1:9"])
def test_an_address_without_a_cluster_is_said_in_one_line(one, monkeypatch, address):
    monkeypatch.setattr(grading, "SECONDS_TO_REACH", 1)
    done = nwgrade_here(one, "grade", "hw1", *CLUSTER, address)
    assert done.code == 1
    assert done.err.startswith(f"nwgrade: There is no Dask cluster at {address}: ")
    assert done.err.count("\n") == 1


def test_a_cluster_without_tls_must_be_asked_for(one):
    done = nwgrade_here(one, "grade", "hw1", "--dask", "tcp://127.0.0.1:9")
    assert done.code == 1
    assert done.err.startswith("nwgrade: Whoever can reach the Dask cluster at tcp://127.0.0.1:9 ")
    assert "--trust-the-network" in done.err
    assert done.err.count("\n") == 1


def test_a_course_that_submissions_could_read_is_refused(one, monkeypatch):
    monkeypatch.setattr(grading, "shown_folders", lambda: [one.parent])
    done = nwgrade_here(one, "grade", "hw1")
    assert done.code == 1
    assert done.err.startswith(f"nwgrade: Submissions see what lies in {one.parent}, and ")
    assert done.err.count("\n") == 1
    assert not results(one)


def test_sandboxes_show_the_systems_folder_and_pythons():
    assert {Path("/usr"), Path(sys.base_prefix).resolve()} == set(sandbox.shown_folders())


def test_tls_without_a_certificate_is_said_in_one_line(one):
    done = nwgrade_here(one, "grade", "hw1", "--dask", "tls://127.0.0.1:9")
    assert done.code == 1
    assert done.err.startswith("nwgrade: tls:// needs a certificate: ")
    assert done.err.count("\n") == 1


def test_a_kit_says_nothing_about_this_machine(graded):
    course = Course(graded)
    kit = grading.make_kit(course, course.assignment("hw1"), Limits())
    assert str(graded) not in repr(kit)
    assert str(Path.home()) not in repr(kit)
