"""Grade many submissions: each is work of its own, on this machine or on those of a Dask cluster.

What goes to a worker is a notebook, its seed, and a `Kit`, plain data that holds all else that
grading takes; what comes back is a plain dict. Nothing is stored there, so a submission that is
graded twice, because a machine was lost, has one grade all the same.
"""

import base64
import logging
import secrets
import tempfile
import threading
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue

from nwgrade.checks import load_checks
from nwgrade.course import CourseError, digest, write
from nwgrade.judge import judge
from nwgrade.notebooks import Unreadable, read_notebook
from nwgrade.sandbox import Limits, Sandbox, SandboxError, shown_folders

AHEAD = 4  # submissions that wait at each worker
MODULES = ("answers", "calls", "checks", "judge", "notebooks", "sandbox", "wire", "worker")
SECONDS_TO_REACH = 10  # a cluster


@dataclass(frozen=True)
class Kit:
    """What it takes to grade submissions of an assignment.

    files : the bytes of its checks and its data, by their path in the course. drawings : of each
    cell with a figure, the function that draws it. run : a name that no other command's run has.
    """

    files: dict
    drawings: tuple
    limits: Limits
    unsafe: bool
    run: str


def make_kit(course, assignment, limits, unsafe=False):
    """Return the kit of an assignment; refuse a course that submissions could read."""
    for folder in [] if unsafe else shown_folders():
        if course.root.is_relative_to(folder):
            raise CourseError(
                f"Submissions see what lies in {folder}, and {course.root} does, with its checks "
                "and solutions. Move the course: into your home folder, say."
            )
    paths = [course.root / "checks" / f"{assignment.name}.py", *assignment.files]
    files = {path.relative_to(course.root).as_posix(): path.read_bytes() for path in paths}
    drawings = tuple(assignment.drawings.items())
    return Kit(files, drawings, limits, unsafe, run=secrets.token_hex(8))


# ---- One submission ----


def grade(notebook, seed, kit):
    """Return what came of grading: status, verdicts, cells that did not run, answers, figures.

    status is "graded", "unreadable", "timed out", "died", or "failed" when the machine was at
    fault, and then there is no score.
    """
    try:
        cells = read_notebook(notebook)
    except Unreadable as error:
        return {"status": "unreadable", "problem": str(error)}
    for _ in range(2):
        try:
            room = _room(kit)
            report = judge(cells, room.checks, room.next_sandbox, seed, kit.drawings)
        except Exception as error:  # the machine's fault: judge answers for what students do
            problem = str(error) if isinstance(error, SandboxError) else repr(error)
            continue
        status = "died" if report.deaths else "graded"
        status = "timed out" if "timed out" in report.deaths else status
        figures = {name: base64.b64encode(png).decode() for name, png in report.figures}
        return {"status": status, "problem": "", **asdict(report), "figures": figures}
    return {"status": "failed", "problem": problem}


# ---- Where a worker's thread grades ----


class _Room:
    """What a thread grades with: the checks, the data files, and the next sandbox.

    The files lie as in a course, since checks may read data from beside their module. A sandbox is
    started while the one before it answers, when nothing is known of the submission it is for.
    """

    def __init__(self, kit):
        self._kit = kit
        self._folder = tempfile.TemporaryDirectory(prefix="nwgrade-")
        module, *self._files = [Path(self._folder.name, name) for name in kit.files]
        for path, content in zip([module, *self._files], kit.files.values(), strict=True):
            write(path, content)
        with _loading:
            self.checks, _ = load_checks(module.read_text(encoding="utf-8"), module)
        self._sandboxes = [self._start()]

    def _start(self):
        if self._kit.run in _left:
            raise SandboxError("the grader was stopped")
        return Sandbox(self._kit.limits, self._files, self._kit.unsafe)

    def next_sandbox(self):
        self._sandboxes = [self._sandboxes[-1], self._start()]
        return self._sandboxes[0]

    def close(self):
        for sandbox in self._sandboxes:
            sandbox.close()
        self._folder.cleanup()


_loading = threading.Lock()  # checks are collected in one place
_rooms = {}  # by run and thread
_left = set()  # runs that are over


def _room(kit):
    key = kit.run, threading.get_ident()
    if key not in _rooms:
        _rooms[key] = _Room(kit)
    return _rooms[key]


def leave(run):
    """Tidy up after a run; what is still being graded is dropped."""
    _left.add(run)
    for key in [key for key in _rooms if key[0] == run]:
        _rooms.pop(key).close()


def ready(limits, unsafe):
    """Return the version of the grader on this machine; raise SandboxError if it cannot isolate."""
    with Sandbox(limits, (), unsafe) as sandbox:
        sandbox.start()
    return code_version()


# ---- All submissions of an assignment ----


def needed(course, assignment, kit, again=False):
    """Yield (submission, stamp) of what is not graded as it stands.

    The stamp is what the grade is of: the version of the submission and that of the grader, and the
    seed of all inputs. A version's seed is drawn once: grading it again asks the same questions.
    """
    grader = grader_version(assignment, kit)
    for submission in course.submissions(assignment.name).values():
        old = course.result(assignment.name, submission.student)
        version = submission.version
        is_same = old.get("version") == version
        if is_same and old["grader"] == grader and old["status"] != "failed" and not again:
            continue
        seed = old["seed"] if is_same else secrets.randbits(63)
        yield submission, {"version": version, "seed": seed, "grader": grader}


def grader_version(assignment, kit):
    """Return what a grade depends on besides the submission: assignment, grader and limits."""
    parts = [assignment.version, repr((kit.limits, kit.unsafe)), code_version()]
    return digest("\0".join(parts).encode())


def code_version():
    """Return the version of the code that decides on points."""
    here = Path(__file__).parent
    return digest(b"\0".join((here / f"{name}.py").read_bytes() for name in MODULES))


def run(work, kit, client, asked, function=grade):
    """Yield (submission, stamp, result) as they come; few notebooks are in memory at a time.

    client : of Dask, whose workers are threads of this process or anywhere. A submission whose
    worker is lost is graded by another one; when that has happened some times, it has failed.

    asked : a future; once it is done, KeyboardInterrupt is raised between two results.
    """
    work, running, done = iter(work), {}, SimpleQueue()
    asked.add_done_callback(done.put)
    capacity = AHEAD * sum(client.nthreads().values())
    while not asked.done():
        while len(running) < capacity and (item := next(work, None)):
            submission, stamp = item
            if submission.notebook is None:
                problem = submission.received.get("problem") or "There is no notebook."
                yield submission, stamp, {"status": "unreadable", "problem": problem}
                continue
            notebook = submission.notebook.read_bytes()
            future = client.submit(function, notebook, stamp["seed"], kit, pure=False)
            running[future.key] = submission, stamp
            future.add_done_callback(done.put)
        if not running:
            return
        future = done.get()
        if future is not asked:
            submission, stamp = running.pop(future.key)
            yield submission, stamp, _result(future)
    raise KeyboardInterrupt


def _result(future):
    if future.status == "finished":
        return future.result()
    if future.status == "error":
        return {"status": "failed", "problem": f"its worker was lost: {future.exception()!r}"}
    told = "The Dask cluster is gone. What was graded is kept, and the same command goes on."
    raise CourseError(told)


# ---- Who does it ----


@contextmanager
def workers(kit, count, address="", trusted=False):
    """Give a Dask client: of so many threads of this process, or of the cluster at an address.

    Machines that cannot isolate say so here, once, before anything is graded.

    trusted : whether a network is trusted on which anybody can give the cluster orders.
    """
    with _local(count) if not address else _cluster(address, trusted) as client:
        answers = client.run(ready, kit.limits, kit.unsafe, on_error="return")
        if not answers:
            raise CourseError(f"The Dask cluster at {address} has no worker.")
        for worker, answer in answers.items():
            if isinstance(answer, SandboxError) and not address:
                raise answer
            if answer != code_version():
                is_error = isinstance(answer, Exception)
                why = answer if is_error else "its nwgrade is another version than the one here"
                raise CourseError(f"The Dask worker {worker} cannot grade: {why}.")
        try:
            yield client
        finally:
            with suppress(Exception):  # the cluster may be gone
                client.run(leave, kit.run)


@contextmanager
def _local(count):
    import dask
    from distributed import Client, LocalCluster

    options = {"processes": False, "n_workers": 1, "threads_per_worker": count}
    options |= {"silence_logs": logging.CRITICAL, "memory_limit": None}
    # Its web servers cannot be left out: here they have no page, and nobody else reaches them.
    options |= dict.fromkeys(["dashboard_address", "worker_dashboard_address"], "127.0.0.1:0")
    settings = {f"distributed.{node}.http.routes": [] for node in ("scheduler", "worker")}
    settings["distributed.admin.low-level-log-length"] = 100  # of 1,000, which hold 40 MB
    with (
        tempfile.TemporaryDirectory(prefix="nwgrade-") as folder,
        dask.config.set({"temporary-directory": folder, **settings}),
        _ending(LocalCluster(**options)) as cluster,
        _ending(Client(cluster, set_as_default=False)) as client,
    ):
        yield client


@contextmanager
def _ending(part):
    """Give a part of Dask, and end it; threads that take their time end with the process."""
    try:
        yield part
    finally:
        with suppress(TimeoutError):
            part.close()


@contextmanager
def _cluster(address, trusted):
    from distributed import Client, Security
    from distributed.comm.addressing import resolve_address

    for name in ("distributed", "distributed.client"):  # what fails is said below
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if not address.startswith("tls://") and not trusted:
        raise CourseError(
            f"Whoever can reach the Dask cluster at {address} can run any code there, read all "
            "submissions and change all grades. Give it TLS, and an address with tls://, or say "
            "--trust-the-network if nobody but you can reach it."
        )
    security = Security()
    if address.startswith("tls://") and not security.get_connection_args("client")["ssl_context"]:
        raise CourseError(
            "tls:// needs a certificate: name it as ca-file, and for the client, under "
            "distributed.comm.tls in ~/.config/dask/distributed.yaml."
        )
    try:
        resolve_address(address)  # Client takes long to give up what is no address
        client = Client(address, security=security, timeout=SECONDS_TO_REACH, set_as_default=False)
    except (OSError, TimeoutError, TypeError, ValueError) as error:
        raise CourseError(f"There is no Dask cluster at {address}: {error}") from None
    with client:
        yield client


def now():
    return datetime.now(UTC).isoformat(timespec="seconds")
