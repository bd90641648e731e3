"""The inside of the sandbox: a process that is kept warm for one submission, and a child of it.

The warm process runs no code of a student. It imports NumPy, forks a child, and passes frames
between the grader (its stdin and stdout) and that child. What it has passed on stays in its memory,
which each new child inherits: so all of its children are one submission, begun anew when it has
died. A child moves into namespaces of its own, so that it sees neither the warm process nor what an
earlier child has left, gives up what rights it has there, limits itself, and then obeys: it runs
cells and calls functions. It can do nothing but answer.

From the grader come frames that begin with one letter:
    S  start a child, in place of one that is there, with the limits as JSON
                                                     -> R, empty, once it is locked in
    M  a message for the child                       -> R and its answer
When there is no answer, X and the reason comes instead of R, and the child is gone:
    "timed out", "died", "answered nonsense", or why it could not be locked in.
"""

import builtins
import contextlib
import ctypes
import errno
import io
import json
import os
import re
import resource
import select
import signal
import socket
import struct
import sys
import time
import traceback

import wire

UNPRIVILEGED = 65534
FILES = "/worker/files"
CLONE_NEW = 0x00020000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000  # ns ipc user pid net
MS_NOSUID_NODEV, MS_PRIVATE_REC, MS_RDONLY = 2 | 4, 0x4000 | 0x40000, 1
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
START_SECONDS = 30
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
            break
        order, content = frame[:1], frame[1:]
        try:
            if order == b"S":
                if child:
                    child.end()
                child = Child(json.loads(content), isolated, [stdin, stdout])
                answer = child.locked_in()
            else:
                answer = child.ask(content)
            answer = b"R" + answer
        except Gone as gone:
            answer = b"X" + str(gone).encode()
        wire.write_frame(stdout, answer)
    if child:
        child.end()


class Gone(Exception):
    """Says why there is no answer."""


class Child:
    """One submission's process, as the warm process sees it."""

    def __init__(self, limits, isolated, not_for_it):
        self.seconds = limits["seconds"]
        # The outer process passes SIGTERM on as SIGKILL; without one, kill the child itself.
        self.stop = signal.SIGTERM if isolated else signal.SIGKILL
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

    def locked_in(self):
        """Wait until no code of a student could do harm; raise Gone with the reason otherwise."""
        if problem := self._receive(time.monotonic() + START_SECONDS):
            self.end()
            raise Gone(problem.decode())
        return b""

    def ask(self, message):
        """Return the child's answer to a message; end the child and raise Gone without one."""
        deadline = time.monotonic() + self.seconds
        try:
            self.socket.settimeout(self.seconds)
            self.socket.sendall(wire.LENGTH.pack(len(message)) + message)
        except TimeoutError:
            self._gone("timed out")
        except OSError:
            self._gone("died")
        return self._receive(deadline)

    def _receive(self, deadline):
        """Return the next frame of the child."""
        try:
            (length,) = wire.LENGTH.unpack(self._exactly(wire.LENGTH.size, deadline))
            if length >= wire.MAX_FRAME:  # on its way to the grader it gets a letter in front
                self._gone("answered nonsense")
            return self._exactly(length, deadline)
        except TimeoutError:
            self._gone("timed out")
        except (EOFError, OSError):
            self._gone("died")

    def _exactly(self, size, deadline):
        data = bytearray()
        while len(data) < size:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                raise TimeoutError
            piece = self.socket.recv(min(size - len(data), 2**20))
            if not piece:
                raise EOFError
            data += piece
        return bytes(data)

    def _gone(self, reason):
        is_out_of_time = self.end() == signal.SIGXCPU
        raise Gone("timed out" if is_out_of_time else reason)

    def end(self):
        """Kill the child and all that is in its namespaces; return the signal it had died of."""
        if self.pid is None:
            return 0
        os.kill(self.pid, self.stop)
        _, status = os.waitpid(self.pid, 0)
        self.pid = None
        self.socket.close()
        return os.WEXITSTATUS(status) if os.WIFEXITED(status) else os.WTERMSIG(status)


# ---- The child: how it is locked in ----


def live(channel, limits, isolated):
    """Become the process of one submission, and answer until the grader has no more questions."""
    stream = channel.makefile("rwb")
    try:
        _check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))
        if isolated:
            os.closerange(3, channel.fileno())
            os.closerange(channel.fileno() + 1, 256)
            _enter_namespaces(limits["cpu_seconds"])
        null = os.open("/dev/null", os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        _limit(limits)
        if isolated:
            _refuse_system_calls()
        if limits["draws"]:
            with contextlib.suppress(ImportError, MemoryError):
                import matplotlib.pyplot  # noqa: F401
    except OSError as error:
        wire.write_frame(stream, f"a submission cannot be locked in: {error}".encode())
        os._exit(0)
    wire.write_frame(stream, b"")
    answer(stream)
    os._exit(0)


def _enter_namespaces(cpu_seconds):
    """Leave the warm process's world: this process stays outside to wait, its child goes on."""
    uid, gid = os.geteuid(), os.getegid()
    _check(libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))  # else its files in /proc are not its own
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
        _watch(inner, cpu_seconds)
    os.setsid()
    _check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))
    _check(libc.mount(b"none", b"/", None, MS_PRIVATE_REC, None))
    for place, flags, size in (
        (b"/tmp", MS_NOSUID_NODEV, b"size=64m,nr_inodes=4k"),
        (b"/dev/shm", MS_NOSUID_NODEV, b"size=1m,nr_inodes=64"),
        (b"/proc", MS_NOSUID_NODEV | MS_RDONLY, b"size=4k"),
    ):
        _check(libc.mount(b"tmpfs", place, b"tmpfs", flags, size))
    os.chdir("/tmp")
    for name in os.listdir(FILES):
        os.symlink(f"{FILES}/{name}", name)
    _check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    _check(libc.capset(header, (ctypes.c_uint32 * 6)()))


def _watch(inner, cpu_seconds):
    """Wait for the first process of the namespaces, whose end is the end of all in them.

    The warm process cannot rely on its own death for that: a process may choose to survive it.
    """

    def kill(*_):
        with contextlib.suppress(ProcessLookupError):
            os.kill(inner, signal.SIGKILL)

    signal.signal(signal.SIGTERM, kill)
    _, status, used = os.wait4(inner, 0)
    if used.ru_utime + used.ru_stime > cpu_seconds - 0.5:
        os._exit(signal.SIGXCPU)  # the kernel spares the first process this signal, and kills it
    os._exit(os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0)


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


# What no homework needs: processes, sockets, namespaces, memory that no limit counts, keys that
# stay, and the corners of the kernel where most holes were found. By the name of the processor: its
# number, those of clone and clone3, and of the calls refused.
SYSTEM_CALLS = {
    "x86_64": (
        *(0xC000003E, 56, 435),
        {
            **{"fork": 57, "vfork": 58, "unshare": 272, "socket": 41, "ptrace": 101},
            **{"shmget": 29, "semget": 64, "msgget": 68, "memfd_create": 319, "memfd_secret": 447},
            **{"add_key": 248, "request_key": 249, "keyctl": 250, "io_uring_setup": 425},
            **{"bpf": 321, "perf_event_open": 298, "userfaultfd": 323},
        },
    ),
    "aarch64": (
        *(0xC00000B7, 220, 435),
        {
            **{"unshare": 97, "socket": 198, "ptrace": 117},
            **{"shmget": 194, "semget": 190, "msgget": 186, "memfd_create": 279},
            **{"add_key": 217, "request_key": 218, "keyctl": 219, "io_uring_setup": 425},
            **{"bpf": 280, "perf_event_open": 241, "userfaultfd": 282, "memfd_secret": 447},
        },
    ),
}
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # of the filter's language
NUMBER, PROCESSOR, FIRST_ARGUMENT = 0, 4, 16  # places of what it loads
ALLOW, REFUSE, UNKNOWN = 0x7FFF0000, 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS
CLONE_THREAD, OTHER_CALLS = 0x10000, 0x40000000


def _refuse_system_calls():
    """Have the kernel refuse the calls above to this process; threads are the one kind of clone."""
    if os.uname().machine not in SYSTEM_CALLS:
        raise OSError(f"no filter of system calls is known for {os.uname().machine}")
    processor, clone, clone3, refused = SYSTEM_CALLS[os.uname().machine]
    refuse, allow = (RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)
    program = [(LOAD, 0, 0, PROCESSOR), (EQUAL, 1, 0, processor), refuse, (LOAD, 0, 0, NUMBER)]
    program += [(AT_LEAST, 0, 1, OTHER_CALLS), refuse]
    for number in refused.values():
        program += [(EQUAL, 0, 1, number), refuse]
    program += [(EQUAL, 0, 1, clone3), (RETURN, 0, 0, UNKNOWN)]  # then clone is tried instead
    program += [(EQUAL, 1, 0, clone), allow]
    program += [(LOAD, 0, 0, FIRST_ARGUMENT), (ANY_BIT, 1, 0, CLONE_THREAD), refuse, allow]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
    head = struct.pack("HP", len(program), ctypes.addressof(code))
    _check(libc.prctl(PR_SET_SECCOMP, 2, head, 0, 0))


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
            frame = wire.read_frame(stream)
        except EOFError:
            return
        try:
            reply = wire.encode(_obey(wire.decode(frame), names))
        except wire.WireError as error:
            reply = wire.encode({"error": f"it cannot be sent: {error}"})
        except MemoryError:
            reply = wire.encode({"error": "MemoryError: it needs more memory than there is"})
        except BaseException as error:
            reply = wire.encode({"error": _told(error)})
        wire.write_frame(stream, reply)


def _obey(message, names):
    if "run" in message:
        exec(_compiled(message["run"], message["name"]), names)
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


def _compiled(source, name):
    """Return the code of a cell; lines like %matplotlib, which only Jupyter knows, are left out."""
    try:
        return compile(source, name, "exec")
    except SyntaxError:
        return compile(re.sub(r"(?m)^(\s*)[%!].*$", r"\1pass", source), name, "exec")


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
        where = f" ({lines[-1].filename[:20]}, line {lines[-1].lineno})" if lines else ""
        return f"{type(error).__name__[:100]}: {str(error)[:300]}{where}"
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
    serve(isolated)
    os._exit(0)  # at once: nothing is left to be tidied


if __name__ == "__main__":
    main()
