"""The outside of the sandbox: starts it with bubblewrap, and asks a submission for values.

Each submission has a bubblewrap of its own (see worker.py), which is started before anything of the
submission is known to it, and is never used again. What it can see is made of three parts: the
system's libraries, the interpreter, and the few packages that submissions may import. No course, no
solutions, no nwlib, no home, no network.
"""

import contextlib
import importlib.metadata
import json
import logging
import os
import re
import select
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from nwgrade import wire

HERE = Path(__file__).parent
PACKAGES = ("numpy", "matplotlib")  # with what they need; nwlib is not among them
START_SECONDS = 60


@dataclass(frozen=True)
class Limits:
    """What one submission may use.

    seconds : wall-clock time for a cell or a call. cpu_seconds : processor time for all of it.
    megabytes : address space. processes : itself, and threads at one time; it cannot fork.
    """

    seconds: float = 10
    cpu_seconds: int = 60
    megabytes: int = 2048
    processes: int = 16


class SandboxError(Exception):
    """The machine cannot isolate, or the sandbox has failed: nobody's submission is to blame."""


class Gone(Exception):
    """The submission's process has ended without an answer: "timed out", "died" and so on."""


class Sandbox:
    """A context manager for one submission; entered again, it is another sandbox.

    files : paths of the data files that a submission finds in its working directory.
    """

    def __init__(self, limits=None, files=(), unsafe=False):
        self.limits = limits or Limits()
        self.files = files
        self.unsafe = unsafe

    def __enter__(self):
        pipe = subprocess.PIPE
        command = unsafe_command() if self.unsafe else isolated_command(self.files)
        self._process = subprocess.Popen(
            command,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            env=ENVIRONMENT,
            start_new_session=True,  # Ctrl-C is for the grader
        )
        return self

    def __exit__(self, *_):
        with contextlib.suppress(BrokenPipeError):  # it may have ended, with a frame to read
            self._process.stdin.close()
        try:
            self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._process.stderr.close()

    def start(self, seconds=None, draws=False):
        """Begin the submission, or begin it anew, with another limit of time for each answer.

        draws : whether to import Matplotlib first, which is then not on the submission's time.
        """
        limits = asdict(self.limits) | ({} if seconds is None else {"seconds": seconds})
        limits["draws"] = draws
        try:
            answer = self._ask(b"S" + json.dumps(limits).encode(), START_SECONDS)
            if answer[:1] == b"X":
                raise SandboxError(answer[1:].decode())
        except SandboxError as error:
            raise SandboxError(f"the sandbox does not start: {error}") from None

    def ask(self, message):
        """Return the submission's answer; raise Gone without one, wire.WireError for nonsense."""
        answer = self._ask(b"M" + wire.encode(message), self.limits.seconds + START_SECONDS)
        if answer[:1] == b"X":
            raise Gone(answer[1:].decode(errors="replace"))
        return wire.decode(answer[1:])

    def _ask(self, frame, seconds):
        try:
            wire.write_frame(self._process.stdin, frame)
            if not select.select([self._process.stdout], [], [], seconds)[0]:
                raise SandboxError("it does not answer")
            return wire.read_frame(self._process.stdout)
        except (EOFError, BrokenPipeError):
            said = self._process.stderr.read().decode(errors="replace").strip()
            raise SandboxError(said.rpartition("\n")[2] or "it has ended") from None


ENVIRONMENT = {
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
    "MPLBACKEND": "Agg",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PATH": "/usr/bin:/bin",
    "PYTHONDONTWRITEBYTECODE": "1",
}


def isolated_command(files):
    """Return the command that starts the warm process in bubblewrap, where it can write nowhere."""
    bubblewrap = shutil.which("bwrap")
    if bubblewrap is None:
        raise SandboxError(
            "bubblewrap is missing: apt-get install bubblewrap. It keeps submissions away from "
            "your files, the network and each other; --unsafe does without, for work you trust"
        )
    command = [bubblewrap, "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    command += ["--unshare-cgroup-try", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    if os.geteuid() == 0:  # the warm process becomes a nobody by itself
        command += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        command += ["--unshare-user"]
    command += ["--ro-bind", "/usr", "/usr", "--proc", "/proc"]
    command += ["--dev", "/dev", "--remount-ro", "/dev"]
    for name in ("bin", "lib", "lib32", "lib64", "sbin"):
        if Path("/", name).is_symlink():
            command += ["--symlink", f"usr/{name}", f"/{name}"]
        elif Path("/", name).is_dir():
            command += ["--ro-bind", f"/{name}", f"/{name}"]
    prefix = Path(sys.base_prefix).resolve()
    if not prefix.is_relative_to("/usr"):
        for parent in list(prefix.parents)[-2::-1]:
            command += ["--perms", "0755", "--dir", parent]
        command += ["--ro-bind", prefix, prefix]
    for place in ("/usr", "/usr/local", prefix):  # what else is installed may be a solution
        for installed in sorted(Path(place).glob("lib*/python3*/*-packages")):
            command += ["--tmpfs", installed, "--remount-ro", installed]
    command += ["--perms", "0755", "--dir", "/packages"]
    for source in sorted(_package_files()):
        command += ["--ro-bind", source, f"/packages/{source.name}"]
    command += ["--perms", "0755", "--dir", "/worker", "--perms", "0755", "--dir", "/worker/files"]
    for name in ("worker.py", "wire.py"):
        command += ["--ro-bind", HERE / name, f"/worker/{name}"]
    for file in (*files, *_font_lists()):  # the worker links to them in /tmp
        command += ["--ro-bind", file, f"/worker/files/{file.name}"]
    command += ["--dir", "/tmp", "--setenv", "MPLCONFIGDIR", "/tmp"]
    command += ["--remount-ro", "/", "--chdir", "/", _interpreter(prefix), "-IS", "-c"]
    return [*command, START.format(["/worker", "/packages"])]


START = "import sys; sys.path += {}; import worker; worker.main()"


def unsafe_command():
    """Return the command that starts the warm process with the limits, but in the open."""
    paths = [str(HERE), *sorted({str(path.parent) for path in _package_files()})]
    interpreter = _interpreter(Path(sys.base_prefix))
    return [interpreter, "-IS", "-c", START.format(paths), "--unsafe"]


@lru_cache
def _font_lists():
    """Return Matplotlib's list of the machine's fonts, a file that it takes seconds to make."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # a home without it is no news here
    import matplotlib.font_manager

    return sorted(Path(matplotlib.get_cachedir()).glob("fontlist-*.json"))


def _interpreter(prefix):
    return prefix / "bin" / f"python{sysconfig.get_python_version()}"


@lru_cache
def _package_files():
    """Return the folders and modules of the packages that submissions may import."""
    wanted, found = list(PACKAGES), set()
    names = set()
    while wanted:
        name = wanted.pop()
        if name in names:
            continue
        names.add(name)
        distribution = importlib.metadata.distribution(name)
        root = Path(distribution.locate_file("")).resolve()
        tops = {Path(str(file)).parts[0] for file in distribution.files or ()}
        found |= {root / top for top in tops if _is_importable(top) and (root / top).exists()}
        for requirement in distribution.requires or ():
            if ";" not in requirement:
                wanted.append(re.match(r"[\w.-]+", requirement)[0])
    return found


def _is_importable(top):
    return not top.startswith(("..", "__pycache__")) and not top.endswith((".dist-info", ".pth"))
