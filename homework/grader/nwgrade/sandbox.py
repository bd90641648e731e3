"""The sandbox: a bubblewrap with a Python in it, for one submission, and questions to it.

Everything that locks a submission in is made by others, and only put together here:

    bubblewrap   a file system of the system's libraries, the interpreter and the few packages that
                 submissions may import, all read-only; no network, no processes but its own
    mount        how many files there may be in the one place where it can write
    setpriv      a grader that is root makes its sandboxes as root, and runs them as nobody
    libseccomp   the kernel's calls that may be made: none for processes, sockets and namespaces
    prlimit      memory, processor time, threads, sizes of files

No course, no solutions, no nwlib, no home. A sandbox is never used again for another submission.
"""

import contextlib
import importlib.metadata
import logging
import os
import re
import select
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from nwgrade import wire
from nwgrade.calls import SandboxError, filter_of_calls

HERE, PREFIX = Path(__file__).parent, Path(sys.base_prefix).resolve()
INTERPRETER = PREFIX / "bin" / f"python{sysconfig.get_python_version()}"
PACKAGES = ("numpy", "matplotlib")  # with what they need; nwlib is not among them
START_SECONDS = 60
TMP, TMP_FILES = 64 * 2**20, 1000  # bytes and files that a submission may write
NOBODY = 65534  # the user and the group
CPU_TIME_IS_UP = 128 + 24, -24  # how bubblewrap tells that the kernel has sent SIGXCPU


@dataclass(frozen=True)
class Limits:
    """What one submission may use.

    seconds : wall-clock time for a cell or a call. cpu_seconds : processor time for all of it.
    megabytes : address space. processes : itself and its threads; it cannot start another.
    """

    seconds: float = 10
    cpu_seconds: int = 60
    megabytes: int = 2048
    processes: int = 4


class Gone(Exception):
    """The submission's process has ended without an answer: "timed out", "died" and so on."""


class Sandbox(contextlib.AbstractContextManager):
    """A sandbox that is starting: `ask` it, and `close` it.

    files : paths of the data files that a submission finds in its working directory.
    """

    def __init__(self, limits=None, files=(), unsafe=False):
        self.limits = limits or Limits()
        descriptor = None if unsafe else _descriptor_of_calls()
        command = _unsafe(self.limits) if unsafe else _isolated(self.limits, files, descriptor)
        self.folder = tempfile.TemporaryDirectory(prefix="nwgrade-") if unsafe else None
        options = dict.fromkeys(["stdin", "stdout", "stderr"], subprocess.PIPE)
        options |= {"pass_fds": () if unsafe else (descriptor,), "bufsize": 0, "env": ENVIRONMENT}
        # In a session of its own, since Ctrl-C is for the grader
        options |= {"cwd": self.folder and self.folder.name, "start_new_session": True}
        try:
            self._process = subprocess.Popen([str(word) for word in command], **options)
        except FileNotFoundError as error:
            raise SandboxError(f"{error.filename} is missing on this machine") from None
        finally:
            if descriptor is not None:
                os.close(descriptor)
        os.set_blocking(self._process.stdin.fileno(), False)
        self._rest = b""  # what has come since the last answer
        for file in files if unsafe else ():
            shutil.copy(file, self.folder.name)

    def __exit__(self, *_):
        self.close()

    def close(self):
        """End the submission, and with it all that it has left."""
        with self._process:  # which waits for its end, and closes the pipes
            self._process.kill()
        if self.folder:
            self.folder.cleanup()

    def start(self, draws=False):
        """Wait until it is ready; raise SandboxError if it will not be.

        draws : whether to import Matplotlib first, which is then not on the submission's time.
        """
        try:
            self.ask({"import": "matplotlib.pyplot" if draws else "numpy"}, START_SECONDS)
        except (Gone, wire.WireError) as error:
            self._process.kill()
            said = self._process.stderr.read().decode(errors="replace").strip()
            why = said.rpartition("\n")[2] or error
            raise SandboxError(f"the sandbox does not start: {why}") from None

    def ask(self, message, seconds=None):
        """Return the submission's answer; raise Gone without one, wire.WireError for nonsense."""
        deadline = time.monotonic() + (self.limits.seconds if seconds is None else seconds)
        question = memoryview(wire.encode(message))
        read, is_whole = bytearray(self._rest), b"\n" in self._rest
        while question or not is_whole:
            waiting = [self._process.stdin] if question else []
            left = max(0, deadline - time.monotonic())
            readable, writable, _ = select.select([self._process.stdout], waiting, [], left)
            if not left or not (readable or writable):
                raise self._gone("timed out")
            try:
                if writable:
                    question = question[self._process.stdin.write(question) or 0 :]
                piece = self._process.stdout.read(2**16) if readable else None
            except BrokenPipeError:
                piece = b""
            if piece == b"":
                raise self._gone("died")
            if piece:
                read += piece
                is_whole = is_whole or b"\n" in piece
            if len(read) > 2 * wire.MAX_LINE:
                raise self._gone("answered nonsense")
        answer, _, self._rest = bytes(read).partition(b"\n")
        return wire.decode(wire.measured(answer))

    def _gone(self, reason):
        """End the process; return why it has given no answer."""
        if reason == "died":  # how, if it has; it may only have closed its pipes
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(1)
        self._process.kill()
        return Gone("timed out" if self._process.wait() in CPU_TIME_IS_UP else reason)


ENVIRONMENT = {"HOME": "/tmp", "LANG": "C.UTF-8", "MPLBACKEND": "Agg"}
ENVIRONMENT |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
ENVIRONMENT["PATH"] = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# The outer bubblewrap: apart from the machine, and with the rights that arranging takes
APART = "--unshare-ipc --unshare-pid --unshare-net --unshare-uts --unshare-cgroup-try"
APART += " --hostname x --die-with-parent"
RIGHTS = "--cap-drop ALL --cap-add CAP_SYS_ADMIN"
ROOT = f"{RIGHTS} --cap-add CAP_SETUID --cap-add CAP_SETGID"
USER = f"--unshare-user --uid 0 --gid 0 {RIGHTS} --cap-add CAP_SETFCAP"
MOUNT = f'mount -i -o remount,nr_inodes={TMP_FILES} tmpfs /tmp && exec "$@"'
DROP = f"setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups --inh-caps=-all"
# The inner one: no /proc, no rights, and a user namespace in which threads are counted
INNER = f"bwrap --dev-bind / / --tmpfs /proc --remount-ro /proc --unshare-user --uid {NOBODY}"
INNER += f" --gid {NOBODY} --die-with-parent --new-session --chdir /tmp --seccomp"


def _isolated(limits, files, descriptor):
    """Return the command that starts the worker in two bubblewraps.

    The outer one arranges files and namespaces, with the rights that this takes, and bounds how
    many files there may be, for which bubblewrap has no option. The inner one has no rights at all.
    """
    bubblewrap = shutil.which("bwrap")
    if bubblewrap is None:
        raise SandboxError(
            "bubblewrap is missing: apt-get install bubblewrap. It keeps submissions away from "
            "your files, the network and each other; --unsafe does without, for work you trust"
        )
    is_root = os.geteuid() == 0
    outer = [*APART.split(), *_files(files), *(ROOT if is_root else USER).split()]
    prepare = ["sh", "-c", MOUNT, "sh", *DROP.split() * is_root]
    worker = _python(["/worker", "/packages"])
    inner = [*INNER.split(), descriptor, *_limited(limits), *worker]
    return [bubblewrap, *outer, *prepare, *inner]


def _unsafe(limits):
    """Return the command that starts the worker with the limits, but in the open."""
    paths = [HERE, *sorted({path.parent for path in _package_files()})]
    return [*_limited(limits), *_python(paths)]


def _limited(limits):
    bytes_, cpu = limits.megabytes * 2**20, limits.cpu_seconds
    # At the first of two limits the kernel says that the time is up, at the second it only kills
    yield from ("prlimit", f"--as={bytes_}", f"--cpu={cpu}:{cpu + 1}", "--core=0")
    yield from (f"--nproc={limits.processes}", "--nofile=64", f"--fsize={TMP // 4}", "--")


def _python(paths):
    start = f"import sys; sys.path += {[str(path) for path in paths]}; import worker; worker.main()"
    return [INTERPRETER, "-IS", "-c", start]


def shown_folders():
    """Return the folders of this machine that a submission sees whole."""
    return [Path("/usr"), PREFIX]


def _files(files):
    """Return bubblewrap's options for what a submission sees."""
    yield from ("--ro-bind", "/usr", "/usr", "--proc", "/proc")
    yield from ("--dev", "/dev", "--remount-ro", "/dev")
    for name in ("bin", "lib", "lib32", "lib64", "sbin"):
        if Path("/", name).is_symlink():
            yield from ("--symlink", f"usr/{name}", f"/{name}")
        elif Path("/", name).is_dir():
            yield from ("--ro-bind", f"/{name}", f"/{name}")
    if not PREFIX.is_relative_to("/usr"):
        for parent in list(PREFIX.parents)[-2::-1]:
            yield from ("--perms", "0755", "--dir", parent)
        yield from ("--ro-bind", PREFIX, PREFIX)
    for place in ("/usr", "/usr/local", PREFIX):  # what else is installed may be a solution
        for installed in sorted(Path(place).glob("lib*/python3*/*-packages")):
            yield from ("--tmpfs", installed, "--remount-ro", installed)
    for folder in ("/packages", "/worker"):
        yield from ("--perms", "0755", "--dir", folder)
    for source in sorted(_package_files()):
        yield from ("--ro-bind", source, f"/packages/{source.name}")
    for name in ("worker.py", "wire.py"):
        yield from ("--ro-bind", HERE / name, f"/worker/{name}")
    yield from ("--perms", "1777", "--size", TMP, "--tmpfs", "/tmp")
    for file in (*files, *_font_lists()):
        yield from ("--ro-bind", file, f"/tmp/{file.name}")
    yield from ("--setenv", "MPLCONFIGDIR", "/tmp", "--remount-ro", "/")


def _descriptor_of_calls():
    """Return a descriptor from which bubblewrap reads the filter of calls."""
    calls, descriptor = filter_of_calls(), os.memfd_create("calls")
    os.write(descriptor, calls)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


@lru_cache
def _font_lists():
    """Return Matplotlib's list of the machine's fonts, a file that it takes seconds to make."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # a home without it is no news here
    import matplotlib.font_manager

    return sorted(Path(matplotlib.get_cachedir()).glob("fontlist-*.json"))


@lru_cache
def _package_files():
    """Return the folders and modules of the packages that submissions may import."""
    wanted, found = list(PACKAGES), set()
    for name in wanted:  # which grows by what each needs
        distribution = importlib.metadata.distribution(name)
        root = Path(distribution.locate_file("")).resolve()
        tops = {Path(str(file)).parts[0] for file in distribution.files or ()}
        found |= {root / top for top in tops if _is_importable(top) and (root / top).exists()}
        needs = [one for one in distribution.requires or () if ";" not in one]
        names = [re.match(r"[\w.-]+", one)[0] for one in needs]
        wanted += [name for name in names if name not in wanted]
    return found


def _is_importable(top):
    return not top.startswith(("..", "__pycache__")) and not top.endswith((".dist-info", ".pth"))
