"""Submissions that cheat, break out or break down, graded in one batch with honest ones.

Each is the notebook as it is handed out, with a right answer to the first task, which is worth 14
points, and a cell that attacks. So all that it may get is known: 14, or less where the attack has
spoiled that answer.
"""

import contextlib
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from nwgrade.checks import Failed, compare
from nwgrade.sandbox import Gone, Limits, Sandbox

from .classroom import as_bytes, hand_in, make_course, need_bubblewrap, notebook, nwgrade, untouched

NAME = "hw1"
SECRET = "only-the-grader-knows"
RIGHT = """
def truth(x):
    return 3 * np.exp(-x / 2) + np.cos(2 * x)


def noise_std(x):
    return 0.2 + 0.15 * np.maximum(0, x - 3)
"""
ZEROS = """
def truth(x):
    return 0 * x


noise_std = truth
"""
OTHER = ("def make_inputs(rng, n):", "def observe(rng, f, sigma, readings):", "def fresh_error():")


@dataclass
class Hostile:
    """A submission, and what is to come of it; `died` and such is its status in the table."""

    content: object
    status: str = "graded"
    points: float | None = 14


def cell(code, kind="code", **metadata):
    """Return a cell of a notebook."""
    made = {"cell_type": kind, "id": "extra", "metadata": metadata, "source": dedent(code)}
    return made | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def partly(*extra, **answers):
    """Return the notebook as handed out, with some answers, and cells behind the first of code."""
    made = untouched(NAME)
    answers = {"world": RIGHT} | answers
    for one in made["cells"]:
        grade_id = one["metadata"]["nbgrader"]["grade_id"]
        one["source"] = dedent(answers.get(grade_id, "".join(one["source"])))
    first = next(i for i, one in enumerate(made["cells"]) if one["cell_type"] == "code") + 1
    made["cells"][first:first] = [cell(code) for code in extra]
    return made


def edited(change, **answers):
    """Return a notebook whose list of cells was changed by a function, given them by grade_id."""
    made = partly(**answers)
    by_id = {one["metadata"]["nbgrader"]["grade_id"]: one for one in made["cells"]}
    made["cells"] = change(made["cells"], by_id)
    return made


def hostile(*extra, status="graded", points=14, **answers):
    return Hostile(partly(*extra, **answers), status, points)


def reaching(code):
    """Return a submission that tries many ways out; what it reached stands in its last error."""
    return hostile(REACH + dedent(code) + "\nraise SystemExit(f'reached {reached}')\n")


REACH = """
import ctypes, glob, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
reached = []


def reach(what, function, *args):
    try:
        result = function(*args)
    except BaseException:
        return
    if not (isinstance(result, int) and result < 0):
        reached.append(what)
"""
SAY = """
import json, os, random, stat, struct


def say(data):
    for descriptor in range(3, 256):
        try:
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                while data:
                    data = data[os.write(descriptor, data):]
        except OSError:
            pass


def frame(message):
    return struct.pack("<I", len(message)) + message


def value(content, data=b""):
    return frame(json.dumps({"dict": {"value": content}}).encode() + bytes(1) + data)
"""

CHEATS = {
    "patches-numpy": hostile(
        """
        import numpy.testing
        for module in (np, np.testing):
            for name in ("isclose", "allclose", "array_equal", "assert_allclose", "assert_equal"):
                setattr(module, name, lambda *args, **options: True)
        np.asarray = np.ascontiguousarray = lambda *args, **options: np.zeros(9)
        """,
        world=ZEROS,
        points=0,
    ),
    "array-that-lies": hostile(
        """
        class Liar(np.ndarray):
            def __eq__(self, other):
                return np.ones(self.shape, bool)

            def __array__(self, *args, **options):
                return np.ones(self.shape)

            def __array_function__(self, *args):
                return True

            def __array_ufunc__(self, *args, **options):
                return np.ones(self.shape, bool)
        """,
        world="""
        def truth(x):
            return (0 * x).view(Liar)


        noise_std = truth
        """,
        points=0,
    ),
    "object-with-array": hostile(
        """
        class Any:
            __array__ = __float__ = __eq__ = lambda *args, **options: True
        """,
        world="""
        def truth(x):
            return Any()


        def noise_std(x):
            return (s for s in 0 * x)
        """,
        points=0,
    ),
    "float-that-lies": hostile(
        """
        class Any(float):
            __eq__ = __le__ = lambda self, other: True
            __repr__ = __str__ = lambda self: "1.0], [2.0"
            __sub__ = __rsub__ = __abs__ = lambda *args: 0.0
        """,
        world="""
        def truth(x):
            return [Any() for _ in x]


        def noise_std(x):
            return Any()
        """,
        points=0,
    ),
    "nan-and-inf": hostile(
        world="""
        def truth(x):
            return x + np.nan


        def noise_std(x):
            return x + np.inf
        """,
        points=0,
    ),
    "words-for-numbers": hostile(
        world="""
        def truth(x):
            return [str(t) for t in 3 * np.exp(-x / 2) + np.cos(2 * x)]


        def noise_std(x):
            return np.array([str(0.2)] * x.size)
        """,
        points=0,
    ),
    "truths-for-numbers": hostile(
        world="""
        def truth(x):
            return x > 0


        noise_std = truth
        """,
        points=0,
    ),
    "patches-builtins": hostile(
        """
        import builtins
        for name in ("all", "any", "abs", "round", "max", "sum", "sorted", "hash"):
            setattr(builtins, name, lambda *args, **options: True)
        """,
        world=ZEROS,
        points=0,
    ),
    "patches-the-grader": hostile(
        """
        import ast, importlib.abc, sys
        class Hook(ast.NodeTransformer, importlib.abc.MetaPathFinder):
            def visit_Assert(self, node):
                return ast.Pass()
            def find_spec(self, *args):
                return None
        sys.meta_path.insert(0, Hook())
        for module in [one for name, one in sys.modules.items() if name in ("wire", "worker")]:
            module.MAX_FRAME = module.MAX_TEXT = 2**40
            module.judge = module.compare = lambda *args, **options: None
        sys.settrace(lambda *args: None)
        """,
        world=ZEROS,
        points=0,
    ),
    "leaks-the-generator": hostile(
        """
        class Known:
            def __getattr__(self, name):
                return lambda *args, **options: np.zeros(9)
        np.random.default_rng = lambda *args: Known()
        """,
        inputs="def make_inputs(rng, n):\n    return np.sort(rng.uniform(0, 6, n))",
    ),
}

FORGERS = {
    "answers-before-the-question": hostile(SAY + "say(value(0.0) * 40)", points=0),
    "answers-twice": hostile(
        SAY,
        world=RIGHT + "\n_truth = truth\ndef truth(x):\n    say(value(1.0))\n    return _truth(x)",
        points=0,
    ),
    "claims-a-verdict": hostile(
        SAY
        + """
verdict = {"check": "truth", "cell": "world-test", "points": 68, "earned": 68}
say(value({"dict": verdict}) + frame(json.dumps({"dict": verdict}).encode() + bytes(1)) * 30)
""",
        points=0,
    ),
    "says-garbage": hostile(
        SAY + "random.seed(1)\nfor n in range(30):\n    say(frame(random.randbytes(50 * n)))",
        points=0,
    ),
    "says-the-letters": hostile(SAY + 'say(b"R" * 999 + b"X" * 999 + b"E" * 999)', status="died"),
    "says-2-GB": hostile(SAY + 'say(struct.pack("<I", 2**31))', status="died"),
    "says-one-byte-too-much": hostile(
        SAY + "say(frame(bytes(32 * 2**20)))\nwhile True: pass", status="died"
    ),
    "nests-31-MB-of-lists": hostile(
        SAY + 'say(frame(b"[" + b"[]," * 10_000_000 + b"0]" + bytes(1)))', points=0
    ),
    "nests-deep": hostile(
        SAY
        + """
deep = b"[" * 99_999 + b"]" * 99_999
say(frame(deep + bytes(1)) * 9 + frame(b'{"dict":{"value":' + deep + b"}}" + bytes(1)) * 9)
""",
        points=0,
    ),
    "arrays-that-cannot-be": hostile(
        SAY
        + """
shapes = [[2**32, 2**32], [2**64], [-1], [0, 2**63], [1e9], [[2]], 7, None, [1] * 99, ["9"]]
for shape in shapes:
    for dtype in ("<f8", "|O", "object", "V9", "<M8[s]", None, ["f8"]):
        say(value({"array": [dtype, shape]}, bytes(64)))
""",
        points=0,
    ),
    "names-one-array-often": hostile(
        SAY + 'say(value([{"array": ["|u1", [2**24]]}] * 9999, bytes(2**24)) * 2)', points=0
    ),
    "returns-31-MB": hostile(
        world="""
        def truth(x):
            return np.zeros(31 * 2**17)


        def noise_std(x):
            return [0.5] * 500_000
        """,
        points=0,
    ),
    "returns-deep-lists": hostile(
        world="""
        def truth(x):
            for _ in range(100_000):
                x = [x]
            return x


        def noise_std(x):
            x = []
            x.append(x)
            return x
        """,
        points=0,
    ),
}

FOREVER = "while True:\n    try:\n        while True: pass\n    except BaseException: pass\n"
BREAKERS = {
    "leaves-at-once": hostile("import os\nos._exit(0)", status="died"),
    "leaves-when-called": hostile(
        world=RIGHT + "\ndef noise_std(x):\n    import os\n    os._exit(0)\n",
        status="died",
        points=7,
    ),
    "exits": hostile("import sys\nsys.exit(0)"),
    "kills-all": hostile(
        """
        import os, signal
        for target in (0, -1, 1, 2, os.getppid(), os.getpid()):
            for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGSEGV, signal.SIGHUP):
                for kill in (os.kill, os.killpg):
                    try:
                        kill(target, number)
                    except OSError:
                        pass
        """
    ),
    "never-ends": hostile(FOREVER, status="timed out"),
    "never-ends-at-any-signal": hostile(
        """
        import ctypes, signal, threading
        for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
        ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)  # no signal when the parent dies
        threading.Thread(target=lambda: [None for _ in iter(int, 1)]).start()
        """
        + FOREVER.replace("\n", "\n        "),
        status="timed out",
    ),
    "answers-late": hostile(
        world=RIGHT + "\ndef noise_std(x):\n    import time\n    time.sleep(3)\n    return 0.2\n",
        status="timed out",
        points=7,
    ),
    "dawdles": hostile(
        "import time\n_sleep = time.sleep",
        *["_sleep(1.7)"] * 15,
        status="timed out",
        points=0,
    ),
    "message-that-never-ends": hostile(
        "class Wrong(Exception):\n    def __str__(self):\n        while True: pass\nraise Wrong",
        status="timed out",
    ),
    "eats-memory": hostile("eaten = []\nwhile True:\n    eaten.append(np.zeros(2 * 10**7))"),
    "forks": hostile("import os\nwhile True:\n    os.fork()"),
    "starts-threads": hostile(
        """
        import threading, time
        while True:
            threading.Thread(target=time.sleep, args=(99,), daemon=True).start()
        """
    ),
    "prints-100-MB": hostile(
        """
        import os, sys
        for _ in range(100):
            print("x" * 2**20)
            print("x" * 2**20, file=sys.__stderr__)
            os.write(1, bytes(2**20))
        """
    ),
    "huge-message": hostile(
        """
        raise type("N" * 10**7, (Exception,), {})("x" * 10**8)
        """
    ),
    "message-that-raises": hostile(
        """
        class Wrong(BaseException):
            def __str__(self):
                raise self
            __repr__ = __format__ = __str__
        raise Wrong
        """
    ),
    "segmentation-fault": hostile("import ctypes\nctypes.string_at(0)", status="died"),
    "overflows-the-stack": hostile(
        "import ctypes\nf = ctypes.CFUNCTYPE(None)(lambda: f())\nimport sys\n"
        "sys.setrecursionlimit(10**9)\nf()",
        status="died",
    ),
    "fills-the-disk": hostile(
        """
                for folder in ("/tmp", "/dev/shm", "/proc", "/dev"):
            for n in range(200):
                try:
                    with open(f"{folder}/{n}", "wb") as file:
                        file.write(bytes(15 * 2**20))
                except OSError:
                    pass
        """
    ),
    "huge-figure": hostile(
        figure="""
        def draw_world(ax):
            ax.figure.set_size_inches(10**4, 10**4)
        """,
        status="partly",  # a person looks at it
    ),
    "figure-of-another-kind": hostile(
        figure="""
        def draw_world(ax):
            ax.figure.savefig = lambda file, **options: file.write(b"<script>alert(1)</script>")
        """,
        status="partly",
    ),
}

ESCAPES = {
    "reads-the-course": reaching(
        """
        for root in ("COURSE", os.path.dirname("COURSE"), "/etc", "/home", "/var", "/sys", "/run",
                     "/proc/1", "/proc/self", "/boot", "/opt", "/mnt", "/srv"):
            reach(root, lambda: os.listdir(root)[0])
        for file in ("checks/hw1.py", "source/hw1/hw1.ipynb", "gradebook.db", "submitted"):
            reach(file, os.stat, f"COURSE/{file}")
            reach(file, open, f"/tmp/../../../../../..COURSE/{file}", "a")
        """
    ),
    "searches-everything": reaching(
        """
        for folder, folders, files in os.walk("/"):
            if folder.count("/") > 7:
                folders.clear()
            folders[:] = {*folders} - {"share", "include", "__pycache__"}
            for name in folders + files:
                if any(word in name for word in ("nwlib", "nwgrade", "gradebook", "hw1")):
                    reached.append(f"{folder}/{name}")
        """
    ),
    "imports-the-answers": reaching(
        """
        for prefix in ("/usr", "/usr/local", sys.prefix):
            sys.path += glob.glob(f"{prefix}/lib*/python3*/*-packages")
        for folder in sys.path:  # what else is installed may be a solution
            reached += glob.glob(f"{folder}/*") if folder.endswith("-packages") else []
        sys.path += ["COURSE", "."]
        for name in ("nwlib", "nwgrade", "nwgrade.checks", "homework", "checks.hw1", "nbgrader"):
            reach(name, __import__, name)
        """
    ),
    "writes-everywhere": reaching(
        """
        for folder in ("/", "/packages", "/packages/numpy", "/worker", "/worker/files", "/usr",
                       "/usr/bin", "/lib", "/dev", "/proc", sys.prefix, "COURSE"):
            reach(folder, open, f"{folder}/new", "w")
        for file in ("/worker/worker.py", np.__file__, os.__file__, "/worker/files/data.csv"):
            reach(file, open, file, "a")
            reach(file, os.chmod, file, 0o777)
            reach(file, os.remove, file)
        """
    ),
    "swaps-the-data": reaching(
        """
        os.remove("data.csv")
        os.symlink("/worker/files", "there")
        for target in ("/etc/passwd", "COURSE/gradebook.db", "/proc/self/environ"):
            os.symlink(target, "data.csv")
            reach(target, open, "data.csv")
            os.remove("data.csv")
        reach("there", open, "there/data.csv", "a")
        reach("rename", os.rename, "there/data.csv", "there/other.csv")
        """
    ),
    "opens-sockets": reaching(
        """
        for family in range(50):
            for kind in (1, 2, 3, 5):
                reach((family, kind), socket.socket, family, kind)
        """
    ),
    "looks-around": reaching(
        f"""
        reach("proc", lambda: os.listdir("/proc")[0])
        reached += [name for name, text in os.environ.items() if "{SECRET}" in text]
        reached += [name for name in os.environ if "nwgrade" in os.environ[name]]
        reached += [one for one in (os.getuid(), os.geteuid(), os.getgid()) if one != 65534]
        reached += [one for one in (os.getpid(), os.getsid(0)) if one != 1]
        reach("parent", os.kill, os.getppid() or 2, 0)
        for descriptor in range(3, 256):
            reach("descriptor", os.listdir, descriptor)
        """
    ),
    "calls-the-kernel": reaching(
        """
        space = ctypes.create_string_buffer(4096)
        for flag in (0x20000, 0x8000000, 0x10000000, 0x20000000, 0x40000000, 0x10020000):
            reach("unshare", libc.unshare, flag)
            reach("setns", libc.setns, 0, flag)
            reach("clone", libc.syscall, 56 if os.uname().machine == "x86_64" else 220, flag, 0, 0)
            reach("clone3", libc.syscall, 435, space, 88)
        reach("mount", libc.mount, b"none", b"/tmp", b"tmpfs", 0, None)
        reach("remount", libc.mount, None, b"/usr", None, 32 | 4096, None)
        reach("umount", libc.umount2, b"/proc", 2)
        reach("chroot", libc.chroot, b"/tmp")
        reach("pivot_root", libc.syscall, 155, b".", b".")
        for request in (0, 16, 0x4206):
            reach("ptrace", libc.ptrace, request, 1, 0, 0)
        reach("shmget", libc.shmget, 0, 2**30, 0o1600)
        reach("semget", libc.semget, 0, 9, 0o1600)
        reach("msgget", libc.msgget, 0, 0o1600)
        reach("memfd", libc.memfd_create, b"x", 0)
        reach("io_uring", libc.syscall, 425, 8, space)
        keys = (248, 249, 250) if os.uname().machine == "x86_64" else (217, 218, 219)
        reach("add_key", libc.syscall, keys[0], b"user", b"nw", b"answer", 6, -3)
        reach("request_key", libc.syscall, keys[1], b"user", b"nw", None, 0)
        reach("keyctl", libc.syscall, keys[2], 1, None)
        reach("bpf", libc.syscall, 321 if os.uname().machine == "x86_64" else 280, 0, space, 72)
        reach("root", os.setuid, 0)
        reach("nice", os.nice, -1)
        """
    ),
    **{
        f"leaves-traces-{n}": reaching(
            """
            import builtins, signal, threading, time, multiprocessing.shared_memory as shared
            for place in ("/tmp", "/dev/shm", "/var/tmp", "/dev"):
                reach(place, os.stat, f"{place}/trace")
                try:
                    open(f"{place}/trace", "w").close()
                except OSError:
                    pass
            reached += [module for module in (builtins, np, ctypes) if hasattr(module, "a_trace")]
            builtins.a_trace = np.a_trace = ctypes.a_trace = np.zeros = np.float64 = 1
            libc.sem_open.restype = ctypes.c_void_p
            reach("semaphore", lambda: int(libc.sem_open(b"/trace", 0) or -1))
            libc.sem_open(b"/trace", os.O_CREAT, 0o600, 1)
            libc.prctl(1, 0, 0, 0, 0)
            threading.Thread(target=time.sleep, args=(99,)).start()
            for again in (os.fork, lambda: os.spawnv(os.P_NOWAIT, sys.executable, ["python"])):
                reach("daemon", again)
            """
        )
        for n in range(4)
    },
}
ESCAPES["reads-a-neighbour"] = reaching(
    'reach("neighbour", open, "COURSE/submitted/honest-full/hw1/hw1.ipynb")'
)


def _copied(cells, by_id):
    wrong = by_id["world"] | {"source": ZEROS}
    return [*cells, by_id["world-test"], wrong]


def _raised(cells, by_id):
    for one in cells:
        one["metadata"]["nbgrader"] |= {"points": 1000, "grade": True}
    return cells


def _overwritten(cells, by_id):
    for name in ("world-test", "inputs-test"):
        by_id[name]["source"] = "print('14/14')\nnp.testing = None\ntruth = None"
    return cells


def _unlocked(cells, by_id):
    by_id["setup"]["source"] = "import numpy as np\nlook = picture = attempt = print"
    by_id["slider-test"]["metadata"]["nbgrader"] |= {"grade": False, "locked": False}
    return cells


def _paths(cells, by_id):
    for number, one in enumerate(cells):
        if one["metadata"]["nbgrader"]["grade_id"] != "world":
            one["metadata"]["nbgrader"]["grade_id"] = "../" * number + "gradebook.db"
            one["id"] = "/etc/passwd"
    return [*cells, cell("1", nbgrader={"grade_id": "N" * 10**6, "points": 1e308 * 10})]


def _format_3():
    made = partly()
    for one in made["cells"]:
        if one["cell_type"] == "code":
            one["input"] = one.pop("source")
    return {"worksheets": [{"cells": made["cells"]}], "nbformat": 3, "metadata": {}}


MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>\x1b[31m\x07\x00\ud800\u202e"
NOTEBOOKS = {
    "cells-twice": Hostile(edited(lambda cells, by_id: cells + cells), "partly"),
    "cells-copied-and-wrong": Hostile(edited(_copied), points=0),
    "cells-deleted": Hostile(
        edited(lambda cells, by_id: [one for one in cells if one not in (by_id["world-test"],)])
    ),
    "nothing-but-the-answer": Hostile(
        edited(lambda cells, by_id: [cell("import numpy as np"), by_id["world"]])
    ),
    "no-cells": Hostile({"cells": [], "metadata": {}, "nbformat": 4}, points=0),
    "points-raised": Hostile(edited(_raised), points=0),
    "tests-overwritten": Hostile(edited(_overwritten)),
    "locked-cells-edited": Hostile(edited(_unlocked)),
    "ids-are-paths": Hostile(edited(_paths)),
    "format-3": Hostile(_format_3()),
    "markup": hostile(
        world=f"def truth(x):\n    raise ValueError({MARKUP!r})\n\n\nnoise_std = truth",
        derivation=MARKUP,
        points=0,
        status="partly",
    ),
    "empty": Hostile("", "unreadable", None),
    "no-json": Hostile("%PDF-1.7 \xff", "unreadable", None),
    "no-notebook": Hostile('["cells"]', "unreadable", None),
    "null": Hostile("null", "unreadable", None),
    "cells-of-no-kind": Hostile('{"cells": {"0": []}}', "unreadable", None),
    "deep-json": Hostile("[" * 10**6, "unreadable", None),
    "deep-source": Hostile(
        '{"cells": [{"cell_type": "code", "source": ' + "[" * 900 + "]" * 900 + "}]}",
        "graded",
        0,
    ),
    "large-number": Hostile(
        '{"cells": [{"cell_type": "code", "metadata": {"nbgrader": {"points": 1'
        + "0" * 999
        + "}}}]}",
        "unreadable",
        None,
    ),
    "60-MB": Hostile('{"cells": ["' + "x" * (60 * 2**20) + '"]}', "unreadable", None),
    "many-cells": Hostile(json.dumps({"cells": [cell("1")] * 100_000}), "unreadable", None),
    "many-parts": Hostile('{"cells": [' + "{}," * 3_000_000 + "0]}", "unreadable", None),
}

ALL = CHEATS | FORGERS | BREAKERS | ESCAPES | NOTEBOOKS
HONEST = {
    "honest-full": notebook(NAME),
    "honest-part": partly(),
    "honest-zero": untouched(NAME),
}


def digests(folder):
    """Return the digest of each file of the course that grading has no business with."""
    return {
        path.relative_to(folder): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
        and path.relative_to(folder).parts[0] not in ("autograded", "gradebook.db")
    }


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    """Grade the honest ones alone, then all; return what there is to be compared."""
    need_bubblewrap()
    course = make_course(tmp_path_factory.mktemp("course"), NAME)
    (course / "source" / NAME / "data.csv").write_text("1,2\n")
    scratch = tmp_path_factory.mktemp("scratch")
    limits = ("--seconds", 2, "--megabytes", 1024, "--workers", 2, "--json")
    for student, content in HONEST.items():
        hand_in(course, NAME, student, content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(scratch))
        patch.setenv("HOSTILE_SECRET", SECRET)
        alone = nwgrade(course, "grade", NAME, *limits)
        for student, one in ALL.items():
            content = as_bytes(one.content).replace(b"COURSE", str(course).encode())
            hand_in(course, NAME, student, content)
        before = digests(course)
        ran = nwgrade(course, "grade", NAME, "--again", *limits)
    assert not list(scratch.iterdir())
    return Batch(course, scratch, before, {row["student"]: row for row in alone.json}, ran)


@dataclass
class Batch:
    course: Path
    scratch: Path
    before: dict
    alone: dict
    ran: object

    @property
    def rows(self):
        return {row["student"]: row for row in self.ran.json}

    def result(self, student):
        return json.loads((self.course / "autograded" / student / NAME / "result.json").read_text())


def test_the_batch_ends_and_nothing_of_it_has_failed(batch):
    assert batch.ran.code == 0
    assert batch.rows.keys() == ALL.keys() | HONEST.keys()


def test_honest_submissions_have_the_points_that_they_have_alone(batch):
    assert {student: batch.rows[student] for student in HONEST} == batch.alone
    assert [batch.rows[student]["earned"] for student in HONEST] == [68, 14, 0]


@pytest.mark.parametrize("student", ALL)
def test_a_hostile_submission_gets_what_its_honest_part_deserves(batch, student):
    row, expected = batch.rows[student], ALL[student]
    assert (row["status"], row["earned"]) == (expected.status, expected.points)


@pytest.mark.parametrize("student", ESCAPES)
def test_there_is_no_way_out(batch, student):
    errors = [message for _, message in batch.result(student)["cells"]]
    assert [one.partition(" (cell")[0] for one in errors if "reached" in one] == [
        "SystemExit: reached []"
    ]


def test_no_file_of_the_course_has_changed(batch):
    assert digests(batch.course) == batch.before


def test_nothing_of_the_sandboxes_is_left(batch):
    assert not list(batch.scratch.iterdir())
    commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not [one for one in commands if bytes(batch.scratch) in one]


def test_a_submission_cannot_outlive_its_end():
    need_bubblewrap()
    code = dedent(BREAKERS["never-ends-at-any-signal"].content["cells"][2]["source"])
    with Sandbox(Limits(seconds=0.5)) as sandbox:
        alone = descendants(sandbox._process.pid)
        sandbox.start()
        assert len(descendants(sandbox._process.pid)) == len(alone) + 2
        with pytest.raises(Gone, match="timed out"):
            sandbox.ask({"run": code, "name": "cell 1"})
        assert descendants(sandbox._process.pid) == alone


def descendants(pid):
    """Return the processes that a process has started, and those that these have started."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    found = {pid}
    while more := {one for one, parent in parents.items() if parent in found} - found:
        found |= more
    return found


@pytest.mark.parametrize(
    ("student", "said"),
    {
        "empty": "is empty",
        "no-json": "cannot be read as JSON",
        "deep-json": "cannot be read as JSON",
        "null": "is JSON, but not a notebook",
        "60-MB": "has more than 50 MB",
        "many-cells": "has more than 2000 cells",
        "many-parts": "has too many parts",
    }.items(),
)
def test_the_student_is_told_why_a_notebook_cannot_be_read(batch, student, said):
    assert said in batch.rows[student]["problem"]


@pytest.mark.parametrize("got", [True, [True, False], np.array([True, False])])
def test_truths_are_no_numbers_unless_they_are_expected(got):
    expected = np.asarray(got)
    compare(got, expected, "f()")
    with pytest.raises(Failed, match="should return numbers"):
        compare(got, expected.astype(float), "f()")


def test_a_secret_number_is_not_told():
    with pytest.raises(Failed, match=r"^f\(\) is not what was asked for. Look again.$"):
        compare(3.0, 0.375, "f()", hint="Look again.", secret=True)


def test_what_submissions_say_is_short_and_printable(batch):
    for student in ALL:
        result = batch.result(student)
        told = [message for _, message in result.get("cells", ())]
        told += [verdict["message"] for verdict in result.get("verdicts", ())]
        assert all(len(message) <= 1000 and message.isprintable() for message in told), student


def test_pages_show_markup_as_text(batch):
    assert nwgrade(batch.course, "feedback", NAME).code == 0
    for student in ("markup", "figure-of-another-kind"):
        page = (batch.course / "feedback" / student / NAME / "feedback.html").read_text()
        assert "<script" not in page
        assert "onerror" not in page or "&lt;img src=x onerror" in page
    shown = (batch.course / "autograded" / "markup" / NAME / f"{NAME}.ipynb").read_text()
    markdown = [c for c in json.loads(shown)["cells"] if c["cell_type"] == "markdown"]
    assert "alert(1)" in str(markdown)
    assert "<script" not in str(markdown)
    assert "<img" not in str(markdown)
