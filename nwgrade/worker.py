"""The inside of the sandbox: a process that is kept warm, and one child for each submission.

The warm process runs no code of a student. It imports NumPy once, forks a child for each
submission, and passes frames between the grader (its stdin and stdout) and that child. The child
moves into namespaces of its own, so that it sees neither the warm process nor what an earlier
child has left, gives up what rights it has there, limits itself, and then obeys: it runs cells and
calls functions. It can do nothing but answer.

From the grader come frames that begin with one letter:
    S  start a child, with the limits as JSON        -> R, empty
    M  a message for the child                       -> R and its answer
    E  end the child                                 -> R, empty
When there is no answer, X and the reason comes instead of R, and the child is gone:
    "timed out", "out of memory", "died", "answered nonsense".
"""

import builtins
import contextlib
import ctypes
import io
import json
import os
import re
import resource
import select
import signal
import socket
import sys
import time
import traceback

import wire

UNPRIVILEGED = 65534
FILES = "/worker/files"
CLONE_NEW = 0x00020000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000  # ns ipc user pid net
MS_NOSUID_NODEV, MS_PRIVATE_REC, MS_RDONLY = 2 | 4, 0x4000 | 0x40000, 1
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
libc = ctypes.CDLL(None, use_errno=True)


# ---- The warm process ----


def serve(isolated):
    """Obey the grader until it closes the pipe."""
    stdin, stdout = os.fdopen(0, "rb"), os.fdopen(1, "wb")
    child = None
    while True:
        try:
            frame = wire.read_frame(stdin)
        except EOFError:
            return
        order, content = frame[:1], frame[1:]
        if order == b"S":
            child = Child(json.loads(content), isolated, [stdin, stdout])
            answer = b"R"
        elif order == b"M":
            try:
                answer = b"R" + child.ask(content)
            except Gone as gone:
                answer = b"X" + str(gone).encode()
        else:
            child.end()
            answer = b"R"
        wire.write_frame(stdout, answer)


class Gone(Exception):
    """Says why there is no answer."""


class Child:
    """One submission's process, as the warm process sees it."""

    def __init__(self, limits, isolated, not_for_it):
        self.seconds = limits["seconds"]
        self.socket, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self.socket.close()
                for stream in not_for_it:
                    os.close(stream.fileno())
                live(theirs, limits, isolated)
            finally:
                os._exit(70)
        theirs.close()

    def ask(self, message):
        """Return the child's answer to a message; end the child and raise Gone without one."""
        deadline = time.monotonic() + self.seconds
        try:
            self.socket.settimeout(self.seconds)
            self.socket.sendall(wire.LENGTH.pack(len(message)) + message)
            (length,) = wire.LENGTH.unpack(self._receive(wire.LENGTH.size, deadline))
            if length > wire.MAX_FRAME:
                raise Gone("answered nonsense")
            return self._receive(length, deadline)
        except TimeoutError:
            self._gone("timed out")
        except (EOFError, OSError):
            self._gone(None)
        except Gone as gone:
            self._gone(str(gone))

    def _receive(self, size, deadline):
        pieces = []
        while size:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                raise TimeoutError
            piece = self.socket.recv(min(size, 2**20))
            if not piece:
                raise EOFError
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def _gone(self, reason):
        status = self.end()
        if reason is None:
            reason = "timed out" if status == signal.SIGXCPU else "died"
        raise Gone(reason)

    def end(self):
        """Kill what is left of the child; return the signal it had died of, if any."""
        if self.pid is None:
            return 0
        done, status = os.waitpid(self.pid, os.WNOHANG)
        if not done:
            time.sleep(0.02)  # for a child that is just dying, to learn of what
            done, status = os.waitpid(self.pid, os.WNOHANG)
        if not done:
            os.kill(self.pid, signal.SIGKILL)
            _, status = os.waitpid(self.pid, 0)
            status = 0
        self.pid = None
        self.socket.close()
        return status >> 8 if os.WIFEXITED(status) else 0


# ---- The child: how it is locked in ----


def live(channel, limits, isolated):
    """Become the process of one submission, and answer until the grader has no more questions."""
    if isolated:
        os.closerange(3, channel.fileno())
        os.closerange(channel.fileno() + 1, 256)
        _enter_namespaces()
    null = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    _limit(limits)
    stream = channel.makefile("rwb")
    answer(stream)
    os._exit(0)


def _enter_namespaces():
    """Leave the warm process's world: this process stays outside to wait, its child goes on."""
    uid, gid = os.geteuid(), os.getegid()
    _check(libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))  # else its files in /proc are not its own
    _check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))
    _check(libc.unshare(CLONE_NEW))
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{UNPRIVILEGED} {uid} 1"),
        ("gid_map", f"{UNPRIVILEGED} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    os.setsid()  # so that a signal to "my group" does not reach the warm process
    inner = os.fork()
    if inner:
        _, status = os.waitpid(inner, 0)
        os._exit(os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0)
    os.setsid()
    _check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))
    _check(libc.mount(b"none", b"/", None, MS_PRIVATE_REC, None))
    for place, size in (
        (b"/tmp", b"size=64m"),
        (b"/dev/shm", b"size=1m"),
        (b"/proc", b"size=0"),
    ):
        _check(libc.mount(b"tmpfs", place, b"tmpfs", MS_NOSUID_NODEV, size))
    os.chdir("/tmp")
    for name in os.listdir(FILES):
        os.symlink(f"{FILES}/{name}", name)
    _check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    _check(libc.capset(header, (ctypes.c_uint32 * 6)()))


def _limit(limits):
    megabyte = 2**20
    for name, value in (
        ("AS", limits["megabytes"] * megabyte),
        ("CPU", limits["cpu_seconds"]),
        ("NPROC", limits["processes"]),
        ("FSIZE", 16 * megabyte),
        ("NOFILE", 64),
        ("CORE", 0),
    ):
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))


def _check(result):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


# ---- The child: what it does ----


def answer(stream):
    """Obey messages: {"run": source, "name": ...}, {"call": name, "args": [...]}, {"get": name},
    {"draw": name}."""
    names = {"__name__": "__main__", "__builtins__": builtins, "display": lambda *things: None}
    sys.stdout = sys.stderr = _Nowhere()
    sys.stdin = io.StringIO()
    while True:
        try:
            message = wire.decode(wire.read_frame(stream))
        except EOFError:
            return
        try:
            result = _obey(message, names)
            reply = wire.encode(result)
        except wire.WireError as error:
            reply = wire.encode({"error": f"the result is not one: {error}"})
        except MemoryError:
            reply = wire.encode({"error": "MemoryError: it needs more memory than there is"})
        except BaseException as error:
            reply = wire.encode({"error": _told(error)})
        wire.write_frame(stream, reply)


def _obey(message, names):
    if "run" in message:
        source = re.sub(r"(?m)^(\s*)[%!].*$", r"\1pass", message["run"])
        exec(compile(source, message["name"], "exec"), names)
        return {"value": None}
    if "get" in message:
        name = message["get"]
        return {"value": names[name]} if name in names else {"missing": name}
    if "draw" in message:
        name = message["draw"]
        return {"value": _drawn(names[name])} if callable(names.get(name)) else {"missing": name}
    name = message["call"]
    if not callable(names.get(name)):
        return {"missing": name}
    options = {key: _argument(value) for key, value in message["options"].items()}
    return {"value": names[name](*map(_argument, message["args"]), **options)}


def _drawn(function):
    """Return the bytes of the PNG of what a function draws on axes."""
    import matplotlib.pyplot as plt
    import numpy as np

    figure, axes = plt.subplots()
    function(axes)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=90)
    plt.close("all")
    return np.frombuffer(picture.getvalue(), dtype=np.uint8)


def _argument(value):
    """Return the argument as the student's function gets it: writable, random where it says so."""
    import numpy as np

    if isinstance(value, dict) and set(value) == {"generator"}:
        return np.random.default_rng(value["generator"])
    return value.copy() if isinstance(value, np.ndarray) else value


def _told(error):
    """Return one line about an error, with its place in the student's cell."""
    with contextlib.suppress(BaseException):
        lines = [frame for frame in traceback.extract_tb(error.__traceback__) if "cell" in frame[0]]
        where = f" ({lines[-1].filename}, line {lines[-1].lineno})" if lines else ""
        return f"{type(error).__name__}: {str(error)[:300]}{where}"
    return "an error that cannot be shown"


class _Nowhere(io.TextIOBase):
    def write(self, text):
        return len(text)


def main():
    isolated = "--unsafe" not in sys.argv
    if os.geteuid() == 0 and isolated:
        os.setgroups([])
        os.setresgid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED)
        os.setresuid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED)
    _check(libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))  # nobody with the same uid may look inside
    with contextlib.suppress(ImportError):
        import matplotlib.pyplot  # noqa: F401  # the figures of submissions need it
    serve(isolated)


if __name__ == "__main__":
    main()
