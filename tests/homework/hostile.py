"""Submissions that cheat, break out or break down, and a few honest ones.

Each is the notebook as it is handed out, with a right answer to the first task, which is worth 14
points, and a cell that attacks. So all that it may get is known: 14, or less where the attack has
spoiled that answer. And each leaves a sign that it did what it is meant to do.
"""

import json
from dataclasses import dataclass
from textwrap import dedent

import pyseccomp

from nwgrade.calls import ALLOWED, SOME

from .classroom import notebook, untouched

NAME = "hw1"
PYPLOT = "import matplotlib.pyplot as plt\n"
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


@dataclass
class Hostile:
    """A submission, and what is to come of it; `died` and such is its status in the table.

    sign : a pattern of what it says when it has done what it is meant to, cells before checks.
    """

    content: object
    status: str = "graded"
    points: float | None = 14
    sign: str = ""


def cell(code, kind="code", **metadata):
    """Return a cell of a notebook."""
    made = {"cell_type": kind, "id": "extra", "metadata": metadata, "source": dedent(code)}
    return made | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def partly(*extra, **answers):
    """Return the notebook as handed out, with some answers, and cells behind the first of code."""
    made = untouched(NAME)
    answers = {"world": RIGHT, "figure": ""} | answers
    for one in made["cells"]:
        grade_id = one["metadata"]["nbgrader"]["grade_id"]
        text = dedent(answers.get(grade_id, "".join(one["source"])))
        # Matplotlib takes time: those who draw import it.
        one["source"] = text.replace(PYPLOT, "") if grade_id == "setup" else text
    first = next(i for i, one in enumerate(made["cells"]) if one["cell_type"] == "code") + 1
    made["cells"][first:first] = [cell(code) for code in extra]
    return made


def edited(change, **answers):
    """Return a notebook whose list of cells was changed by a function, given them by grade_id."""
    made = partly(**answers)
    by_id = {one["metadata"]["nbgrader"]["grade_id"]: one for one in made["cells"]}
    made["cells"] = change(made["cells"], by_id)
    return made


def hostile(*extra, status="graded", points=14, sign="", **answers):
    return Hostile(partly(*extra, **answers), status, points, sign)


def reaching(code, refused="'E"):
    """Return a submission that tries many ways out.

    What it has reached stands in its last error, with how often it was refused and why; this must
    begin with `refused`.
    """
    end = "\nraise SystemExit(f'reached {reached}, refused {dict(refused)}')\n"
    sign = rf"^cell 3: SystemExit: reached \[\], refused {{{refused}"
    return hostile(REACH + dedent(code) + end, sign=sign)


REACH = """
import collections, ctypes, errno, glob, os, re, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
reached, refused = [], collections.Counter()


def reach(what, function, *args):
    try:
        result = function(*args)
        number = ctypes.get_errno()
    except BaseException as error:
        result, number = -1, getattr(error, "errno", None) or type(error).__name__
    if isinstance(result, int) and result < 0:
        refused[errno.errorcode.get(number, number)] += 1
    else:
        reached.append(what)
"""
SAY = """
import base64, fcntl, json, os, random, stat


def say(data):
    for descriptor in range(3, 64):
        try:
            is_pipe = stat.S_ISFIFO(os.fstat(descriptor).st_mode)
            if is_pipe and fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_WRONLY:
                while data:
                    data = data[os.write(descriptor, data):]
        except OSError:
            pass


def value(content):
    return json.dumps({"dict": {"value": content}}).encode() + b"\\n"
"""

NATIVE = pyseccomp.Arch.NATIVE
CALLS = {pyseccomp.resolve_syscall(NATIVE, name) for name in (*ALLOWED, *SOME, "clone")}
CHEATS = {
    "patches-numpy": hostile(
        """
        import numpy.testing
        for module in (np, np.testing):
            for name in ("isclose", "allclose", "array_equal", "assert_allclose", "assert_equal"):
                setattr(module, name, lambda *args, **options: True)
        np.asarray = np.ascontiguousarray = lambda *args, **options: np.zeros(9)
        raise SystemExit(f"patched {np.isclose(1, 2)}, {np.asarray(1).size}")
        """,
        world=ZEROS,
        points=0,
        sign=r"patched True, 9.*truth\(.* gave 0 at",
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

        zeros = np.zeros(2).view(Liar)
        raise SystemExit(f"lied {(zeros == 5).all()}, {np.isclose(zeros, 5)}")
        """,
        world="""
        def truth(x):
            return (0 * x).view(Liar)


        noise_std = truth
        """,
        points=0,
        sign=r"lied True, True.*truth\(.* gave 0 at",
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
        sign="a Any cannot be sent.*a generator cannot be sent",
    ),
    "float-that-lies": hostile(
        """
        class Any(float):
            __eq__ = __le__ = lambda self, other: True
            __repr__ = __str__ = lambda self: "1.0], [2.0"
            __sub__ = __rsub__ = __abs__ = lambda *args: 0.0

        raise SystemExit(f"lied {Any() == 7}, {Any()}")
        """,
        world="""
        def truth(x):
            return [Any() for _ in x]


        def noise_std(x):
            return Any()
        """,
        points=0,
        sign=r"lied True, 1.0\], \[2.0.*truth\(.* gave 0 at .*noise_std\(.* should have the shape",
    ),
    "nan-and-inf": hostile(
        world="""
        def truth(x):
            return x + np.nan


        def noise_std(x):
            return x + np.inf
        """,
        points=0,
        sign="gave nan .*gave inf ",
    ),
    "words-for-numbers": hostile(
        world="""
        def truth(x):
            return [str(t) for t in 3 * np.exp(-x / 2) + np.cos(2 * x)]


        def noise_std(x):
            return np.array([str(0.2)] * x.size)
        """,
        points=0,
        sign=r"should return numbers, but returned \['.*arrays of <U3 cannot be sent",
    ),
    "truths-for-numbers": hostile(
        world="""
        def truth(x):
            return x > 0


        noise_std = truth
        """,
        points=0,
        sign=r"should return numbers, but returned \[True",
    ),
    "patches-builtins": hostile(
        """
        import builtins
        for name in ("all", "any", "abs", "round", "max", "sum", "sorted", "hash"):
            setattr(builtins, name, lambda *args, **options: True)
        raise SystemExit(f"patched {all([0])}, {max(5, 6)}")
        """,
        world=ZEROS,
        points=0,
        sign=r"patched True, True.*truth\(.* gave 0 at",
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
        found = [one for name, one in sys.modules.items() if name in ("wire", "worker")]
        for module in found:
            module.MAX_FRAME = module.MAX_TEXT = 2**40
            module.judge = module.compare = lambda *args, **options: None
        sys.settrace(lambda *args: None)
        raise SystemExit(f"patched {sorted(one.__name__ for one in found)}")
        """,
        world=ZEROS,
        points=0,
        sign=r"patched \['wire', 'worker'\].*truth\(.* gave 0 at",
    ),
    "changes-what-it-is-asked": hostile(
        world="""
        def truth(x):
            x[...] = 0
            return x + 4  # what is right at 0


        def noise_std(x):
            x[...] = 0.2
            return x
        """,
        points=3,
        sign=r"truth\(.* gave 4 at .*noise_grows_.* gave 0.2 at",
    ),
    "answers-as-before": hostile(
        world="""
        def truth(x, before={}):
            return before.setdefault("it", 3 * np.exp(-x / 2) + np.cos(2 * x))


        def noise_std(x):
            return truth(x) * 0 + 0.2
        """,
        points=4,
        sign=r"truth\(.* should have the shape \(2, 4\), but has \(9,\)",
    ),
    "predicts-what-it-is-asked": hostile(
        world="""
        def truth(x):
            import os, time, zlib
            seeds = {*range(300), int(time.time()), os.getpid(), id(x)}
            for name in ("truth_has_the_right_values", "truth_takes_arrays_of_any_shape"):
                for seed in seeds:
                    for key in (seed, [seed], [seed, zlib.crc32(name.encode())]):
                        if np.isin(np.random.default_rng(key).uniform(0, 6, x.shape), x).any():
                            return 3 * np.exp(-x / 2) + np.cos(2 * x)
            raise ValueError(f"none of {len(seeds)} seeds")


        noise_std = truth
        """,
        points=0,
        sign=r"truth_has.* none of 30\d seeds.*noise_grows.* none of 30\d seeds",
    ),
    "tries-twice": hostile(
        errors="""
        def squared_errors(prediction, y):
            return np.mean((y - prediction) ** 2, axis=1)
        """,
        floor="""
        def noise_floor(sigma):
            return np.mean(sigma**2)


        def standardized_errors(prediction, y, sigma):
            is_second = "_kept" in globals()  # so the first answer was wrong
            return np.mean(((y - prediction) / sigma**is_second) ** 2, axis=1)
        """,
        points=30,
        sign=r"standardized_errors\(.* gave .* where .* Each error is counted in units",
    ),
    "leaks-the-generator": hostile(
        """
        class Known:
            def __getattr__(self, name):
                return lambda *args, **options: np.zeros(9)
        np.random.default_rng = lambda *args: Known()
        """,
        inputs="def make_inputs(rng, n):\n    return np.sort(rng.uniform(0, 6, n))",
        sign=r"make_inputs\(.* should have the shape .*, but has \(9,\)",
    ),
}

NONSENSE = r"^cell 3: it made Python stop \(answered nonsense\)"
NO_ANSWER = "cell 3: it gave no answer that can be read"
FORGERS = {
    "answers-before-the-question": hostile(
        SAY + "say(value(0.0))",
        points=0,
        sign=r"truth\(.* returned None.*has \(9,\).*",
    ),
    "answers-twice": hostile(
        SAY,
        world=RIGHT + "\n_truth = truth\ndef truth(x):\n    say(value(1.0))\n    return _truth(x)",
        points=0,
        sign=r"truth\(.* but has \(\)",
    ),
    "answers-forty-times": hostile(
        SAY + "say(value(0.0) * 40)",
        points=0,
        sign=r"truth\(.* but has \(\).*fresh_error\(\) is not what was asked for",
    ),
    "claims-a-verdict": hostile(
        SAY
        + """
verdict = {"check": "truth", "cell": "world-test", "points": 68, "earned": 68}
say(json.dumps({"dict": verdict}).encode() + b"\\n")
""",
        points=0,
        sign="truth.* returned None",
    ),
    "says-garbage": hostile(
        SAY + "random.seed(1)\nsay(random.randbytes(5000).replace(b'\\n', b'') + b'\\n')",
        points=0,
        sign=NO_ANSWER,
    ),
    "says-nothing-but-ends": hostile(SAY + 'say(b"\\n" * 999)', points=0, sign=NO_ANSWER),
    "says-100-MB": hostile(SAY + 'say(b"0" * 100 * 2**20)', status="died", sign=NONSENSE),
    "answers-from-another-program": hostile(
        """
        import os, sys
        for old, new in ((3, 0), (4, 1)):
            os.dup2(old, new)
        answer = '{"dict": {"error": "another program"}}'
        loop = f"import sys\\nfor line in sys.stdin: print({answer!r}, flush=True)"
        os.execv(sys.executable, ["python", "-c", f"print({answer!r}, flush=True)\\n{loop}"])
        """,
        points=0,
        sign="^cell 3: another program.*truth.* raised another program",
    ),
    "steers-a-terminal": hostile(
        SAY
        + r"""
error = "\x1b]0;title\x07\x1b[2J\r\n\u202e\u2028<b>[red]{{ 7 * 7 }}\0" + "\ud800" * 5
say(json.dumps({"dict": {"error": error}}).encode() + b"\n")
""",
        points=0,
        sign=r"^cell 3:  \]0;title  \[2J {4}<b>\[red\]{{ 7 \* 7 }} \?{5}$",
    ),
    "of-two-kinds": hostile(
        SAY + 'say(b\'{"dict": {"value": 4}, "array": ["<f8", [], ""]}\\n\')',
        points=0,
        sign=NO_ANSWER,
    ),
    "truths-that-are-none": hostile(
        SAY,
        world="""
        def truth(x):
            wrong = ["|b1", list(x.shape), base64.b64encode(b"\x02" * x.size).decode()]
            say(value({"array": wrong}))


        noise_std = truth
        """,
        points=0,
        sign=r"truth\(.* should return numbers, but returned \[ ?True",
    ),
    "says-it-without-an-end": hostile(
        SAY + 'say(b"[")\nwhile True: pass', status="timed out", sign="^cell 3: it took too long"
    ),
    "says-it-in-drops": hostile(
        SAY + 'import time\nwhile True:\n    say(b" ")\n    time.sleep(0.01)',
        status="timed out",
        sign="^cell 3: it took too long",
    ),
    "nests-3-MB-of-lists": hostile(
        SAY + 'say(b"[" + b"[]," * 1_000_000 + b"0]\\n")', points=0, sign=NO_ANSWER
    ),
    "an-error-that-is-no-text": hostile(
        SAY
        + """
error = {"dict": {"\\u0100" * 10**6: 0}}
say(json.dumps({"dict": {"error": error}}).encode() + b"\\n")
""",
        points=0,
        sign="truth.* returned None",
    ),
    "a-dict-that-is-a-list": hostile(SAY + "say(b'{\"dict\": [1]}\\n')", points=0, sign=NO_ANSWER),
    "a-generator-of-anything": hostile(
        world="""
        def truth(x):
            return {"generator": "x" * 10**6}


        def noise_std(x):
            return [[[[[x] * 9] * 9] * 9], None]
        """,
        points=0,
        sign=r"returned {'generator': 'x{27}\.\.\.x{28}'}.*returned \[\[\[",
    ),
    "says-it-a-sign-at-a-time": hostile(
        SAY
        + """
for descriptor in range(3, 64):
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETFL, os.O_WRONLY | os.O_DIRECT)
    except OSError:
        pass
while True:
    say(b" ")
""",
        status="timed out",
        sign="^cell 3: it took too long",
    ),
    "nests-deep": hostile(
        SAY + 'say(b"[" * 49_999 + b"]" * 49_999 + b"\\n")', points=0, sign=NO_ANSWER
    ),
    "arrays-that-cannot-be": hostile(
        SAY
        + """
shapes = [[2**32, 2**32], [2**64], [-1], [0, 2**63], [1e9], [[2]], 7, None, [1] * 99, ["9"]]
wrong = [{"array": [dtype, shape, "AAAA" * 16]} for shape in shapes
         for dtype in ("<f8", "|O", "object", "V9", "<M8[s]", None, ["f8"])]
_sent = iter(wrong)
""",
        world="""
        def truth(x):
            for one in _sent:
                say(value(one))
                return 0


        noise_std = truth
        """,
        points=0,
        sign="truth: .*Its answer cannot be read|Its answer cannot be read",
    ),
    "an-array-of-no-bytes": hostile(
        SAY + 'say(value({"array": ["<f8", [2**40], ""]}))', points=0, sign=NO_ANSWER
    ),
    "a-number-of-a-million-digits": hostile(
        SAY + 'say(b\'{"dict": {"value": 1\' + b"0" * 10**6 + b"}}\\n")', points=0, sign=NO_ANSWER
    ),
    "texts-for-numbers": hostile(
        world="""
        def truth(x):
            return ["x" * 10**6] + ["y"] * 9999


        def noise_std(x):
            return ["x"] * 10**6
        """,
        points=0,
        sign=r"truth\(.* raised MemoryError.*noise_std\(.* cannot be sent: it is too large",
    ),
    "returns-3-MB": hostile(
        world="""
        def truth(x):
            return np.zeros(350_000)


        def noise_std(x):
            return [None] * 500_000
        """,
        points=0,
        sign=r"but has \(350000,\).*it cannot be sent: it is too large",
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
        sign=r"truth\(.* nested too deep.*noise_std\(.* nested too deep",
    ),
}

TOO_LONG = "^cell 3: it took too long"
STOPPED = r"^cell 3: it made Python stop \(died\)"
FOREVER = "while True:\n    try:\n        while True: pass\n    except BaseException: pass\n"
BREAKERS = {
    "leaves-at-once": hostile("import os\nos._exit(0)", status="died", sign=STOPPED),
    "leaves-when-called": hostile(
        world=RIGHT + "\ndef noise_std(x):\n    import os\n    os._exit(0)\n",
        status="died",
        points=7,
        sign="Calling noise_std: it made Python stop",
    ),
    "exits": hostile("import sys\nsys.exit(0)", sign="^cell 3: SystemExit: 0"),
    "kills-all": hostile(
        """
        import os, signal
        sent = missed = 0
        for target in (0, -1, 1, 2, os.getppid(), os.getpid()):
            for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGSEGV, signal.SIGHUP):
                for kill in (os.kill, os.killpg):
                    try:
                        kill(target, number)
                        sent += 1
                    except OSError:
                        missed += 1
        raise SystemExit(f"sent {sent} and missed {missed}")
        """,
        sign="sent 0 and missed 48",
    ),
    "leaves-again-and-again": hostile(
        "import os\nos._exit(0)",
        world=RIGHT + "\ndef noise_std(x):\n    import os\n    os._exit(0)\n",
        status="died",
        points=7,
        sign=STOPPED + ".*Calling noise_std: it made Python stop.*Calling noise_std",
    ),
    "leaves-as-if-time-were-up": hostile(
        "import os\nos._exit(128 + 24)", status="timed out", sign=TOO_LONG
    ),
    "hangs-up": hostile(
        "import os, time\nos.closerange(3, 64)\ntime.sleep(99)",
        status="timed out",
        sign=TOO_LONG,
    ),
    "aborts": hostile("import os\nos.abort()", status="died", sign=STOPPED),
    "never-ends": hostile(FOREVER, status="timed out", sign=TOO_LONG),
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
        sign=TOO_LONG,
    ),
    "answers-late": hostile(
        world=RIGHT + "\ndef noise_std(x):\n    import time\n    time.sleep(3)\n    return 0.2\n",
        status="timed out",
        points=7,
        sign="Calling noise_std: it took too long",
    ),
    "dawdles": hostile(
        "import time\n_sleep = time.sleep",
        *["_sleep(1.1)"] * 15,  # each is in time
        status="timed out",
        points=0,
        sign="^cell 1[5-9]: it took too long.*Not tried",
    ),
    "message-that-never-ends": hostile(
        "class Wrong(Exception):\n    def __str__(self):\n        while True: pass\nraise Wrong",
        status="timed out",
        sign=TOO_LONG,
    ),
    "eats-memory": hostile(
        "eaten = []\nwhile True:\n    eaten.append(np.zeros(2 * 10**7))",
        sign="^cell 3: MemoryError",
    ),
    "forks": hostile("import os\nwhile True:\n    os.fork()", sign="^cell 3: PermissionError"),
    "starts-threads": hostile(
        """
        import threading, time
        while True:
            threading.Thread(target=time.sleep, args=(99,), daemon=True).start()
        """,
        sign="^cell 3: RuntimeError: can't start new thread",
    ),
    "prints-100-MB": hostile(
        """
        import os, sys
        for _ in range(100):
            print("x" * 2**20)
            print("x" * 2**20, file=sys.__stderr__)
            os.write(1, bytes(2**20))
        raise SystemExit("printed it all")
        """,
        sign="^cell 3: SystemExit: printed it all",
    ),
    "huge-message": hostile(
        """
        raise type("N" * 10**7, (Exception,), {})("x" * 10**8)
        """,
        sign="^cell 3: N{100}: x{298}$",
    ),
    "message-that-raises": hostile(
        """
        class Wrong(BaseException):
            def __str__(self):
                raise self
            __repr__ = __format__ = __str__
        raise Wrong
        """,
        sign="^cell 3: an error that cannot be shown",
    ),
    "segmentation-fault": hostile(
        "import ctypes\nctypes.string_at(0)", status="died", sign=STOPPED
    ),
    "overflows-the-stack": hostile(
        "import ctypes\nf = ctypes.CFUNCTYPE(None)(lambda: f())\nimport sys\n"
        "sys.setrecursionlimit(10**9)\nf()",
        status="died",
        sign=STOPPED,
    ),
    "fills-the-disk": hostile(
        """
        import os
        written = {}
        for folder, folders, _ in os.walk("/"):
            if folder.count("/") > 2:
                folders.clear()
            for n in range(9):
                try:
                    with open(f"{folder}/{n}", "wb", buffering=0) as file:
                        while size := file.write(bytes(2**16)):
                            written[folder] = written.get(folder, 0) + size
                except OSError:
                    if folder not in written:
                        break
        raise SystemExit(f"written {({name: written[name] >> 20 for name in sorted(written)})}")
        """,
        sign=r"^cell 3: SystemExit: written {'/tmp': 6[34]}",
    ),
    "fills-the-disk-with-names": hostile(
        """
        n = 0
        try:
            while True:
                open(f"/tmp/{n}", "w").close()
                n += 1
        except OSError as error:
            raise SystemExit(f"made {n} files: {error.strerror}")
        """,
        sign="^cell 3: SystemExit: made 99[0-9] files: No space left on device",
    ),
    "fills-the-disk-with-links": hostile(
        """
        import os
        open("first", "w").close()
        n = 0
        try:
            while True:
                os.link("first", f"link-{n}")
                n += 1
        except OSError as error:
            raise SystemExit(f"made {n} links: {error.strerror}")
        """,
        sign="^cell 3: SystemExit: made 99[0-9] links: No space left on device",
    ),
    "fills-shared-memory": hostile(
        """
        import mmap
        taken = []
        try:
            while True:
                taken.append(mmap.mmap(-1, 2**26))  # shared, and of no file
                np.frombuffer(taken[-1], np.uint8)[:: 2**20] = 1
        except OSError as error:
            raise SystemExit(f"took {len(taken) * 64} MB: {error.strerror}")
        """,
        sign=r"^cell 3: SystemExit: took [5-9]\d\d MB: Cannot allocate memory",
    ),
    "huge-figure": hostile(
        figure="""
        import io
        import matplotlib.pyplot as plt

        def draw_world(ax):
            ax.figure.set_size_inches(700, 700)

        draw_world(plt.gca())
        plt.savefig(io.BytesIO(), dpi=90)
        """,
        status="partly",  # a person looks at it
        sign=r"cell \d+: MemoryError.*figures: \[\]",
    ),
    "figure-of-another-kind": hostile(
        figure="""
        def draw_world(ax):
            ax.figure.savefig = lambda file, **options: file.write(b"<script>alert(1)</script>")

        import io
        import matplotlib.pyplot as plt
        draw_world(plt.gca())
        raise SystemExit(f"drawn {plt.gcf().savefig(io.BytesIO())} bytes")
        """,
        status="partly",
        sign=r"SystemExit: drawn 25 bytes.*figures: \[\]",
    ),
}

ESCAPES = {
    "reads-the-course": reaching(
        """
        for root in ("COURSE", os.path.dirname("COURSE"), "/etc", "/home", "/var", "/sys", "/run",
                     "/proc/1", "/proc/self", "/proc", "/boot", "/opt", "/mnt", "/srv"):
            reach(root, lambda: os.listdir(root)[0])
        for file in ("checks/hw1.py", "source/hw1/hw1.ipynb", "gradebook.db", "submitted"):
            reach(file, os.stat, f"COURSE/{file}")
            reach(file, open, f"/tmp/../../../../../..COURSE/{file}", "a")
        """
    ),
    "searches-everything": reaching(
        """
        for folder, folders, files in os.walk("/"):
            if folder.count("/") > (4 if folder.startswith("/usr/") else 7):
                folders.clear()  # what the machine has of its own below /usr may be anything
            folders[:] = {*folders} - {"share", "include", "__pycache__"}
            refused["folder"] += 1
            names = "\\n".join(folders + files)
            for name in re.findall(".*(?:nwlib|nwgrade|gradebook|hw1).*", names):
                reached.append(f"{folder}/{name}")
        """,
        refused=r"'folder': \d{3}",
    ),
    "takes-leases": reaching(
        """
        import fcntl
        for file in (np.__file__, os.__file__, "/worker/worker.py", "/worker/wire.py", "data.csv"):
            with open(file) as opened:
                for lease in (fcntl.F_RDLCK, fcntl.F_WRLCK):
                    reach(file, fcntl.fcntl, opened, fcntl.F_SETLEASE, lease)
                    reach(file, fcntl.fcntl, opened, fcntl.F_SETLEASE | 2**32, lease)
                reach(file, fcntl.flock, opened, fcntl.LOCK_EX)
                reach(file, fcntl.lockf, opened, fcntl.LOCK_SH)
                reach(file, fcntl.ioctl, opened, 0x5412, b"x")
                reach(file, os.fchmod, opened.fileno(), 0o777)
                reach(file, os.utime, opened.fileno())
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
        """,
        refused="'ModuleNotFoundError': 6}",
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
        for target in ("/etc/passwd", "COURSE/gradebook.db", "/proc/self/environ"):
            os.symlink(target, f"my-{os.path.basename(target)}")
            reach(target, open, f"my-{os.path.basename(target)}")
        reach("open", open, "data.csv", "a")
        reach("remove", os.remove, "data.csv")
        reach("rename", os.rename, "data.csv", "other.csv")
        reach("over", os.rename, "my-passwd", "data.csv")
        reach("mode", os.chmod, "data.csv", 0o666)
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
        reached += [name for name, text in os.environ.items() if "{SECRET}" in text]
        reached += [name for name in os.environ if "nwgrade" in os.environ[name]]
        reached += [one for one in (os.getuid(), os.geteuid(), os.getgid()) if one != 65534]
        reached += os.listdir("/proc")
        for name in ("environ", "cmdline", "maps", "mem"):
            reach(name, open, f"/proc/1/{{name}}", "rb")
        for descriptor in range(3, 256):
            reach("descriptor", os.listdir, descriptor)
        """,
        refused="'ENOENT': 4, 'ENOTDIR': 3, 'EBADF': 250}",
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
    "makes-all-other-calls": reaching(
        f"""
        for number in {{*range(512)}} - {{335, 336, *{sorted(CALLS)}}}:  # those pass any filter
            reach(number, libc.syscall, number, -1, -1, -1, -1, -1, -1)
        if os.uname().machine == "x86_64":  # which has numbers of another kind
            for number in range(512):
                reach(f"x32 {{number}}", libc.syscall, 2**30 + number, -1, -1, -1, -1, -1, -1)
        """,
        refused=r"'EPERM': \d{3}, 'ENOSYS': 1}",  # clone3, so that clone is tried instead
    ),
    "signals-those-around": reaching(
        """
        tgkill = 234 if os.uname().machine == "x86_64" else 131
        for process in {*range(1, 40)} - {os.getpid()}:
            for number in (0, 9, 15, 19):
                reach((process, number), libc.syscall, tgkill, process, process, number)
        """,
        refused=r"'EPERM': 15\d}",
    ),
    "raises-its-limits": reaching(
        """
        import resource
        for name in ("AS", "CPU", "CORE", "FSIZE", "NOFILE", "NPROC"):
            kind = getattr(resource, f"RLIMIT_{name}")
            soft, hard = resource.getrlimit(kind)
            reached += [name] if hard < 0 else []
            for more in (hard + 1, 2**40, resource.RLIM_INFINITY):
                reach(name, resource.setrlimit, kind, (soft, more))
        """,
        refused="'ValueError': 18}",
    ),
    "opens-terminals": reaching(
        """
        import fcntl
        keys = os.open("/dev/ptmx", os.O_RDWR)
        reach("unlock", fcntl.ioctl, keys, 0x40045431, bytes(4))
        for request in (0x5412, 0x540E, 0x5423, 0x541C, 0x5412 + 2**32):
            reach(request, libc.ioctl, keys, ctypes.c_ulong(request), b"x")
        for terminal in ("/dev/pts/0", "/dev/tty", "/dev/console", "/dev/tty0", "/dev/pts/new"):
            reach(terminal, os.open, terminal, os.O_RDWR | os.O_CREAT)
        """
    ),
    "looks-for-what-was-left-open": reaching(
        """
        import stat
        for descriptor in range(1024):
            try:
                mode = os.fstat(descriptor).st_mode
                kind = "pipe" if stat.S_ISFIFO(mode) else os.path.samestat(
                    os.fstat(descriptor), os.stat("/dev/null")) and "nothing"
                refused[f"{kind}"] += 1
            except OSError:
                pass
        """,
        refused="'nothing': 4, 'pipe': 2}",
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
        if one["metadata"]["nbgrader"]["grade"]:
            one["metadata"]["nbgrader"]["points"] = 1000
    return cells


def _overwritten(cells, by_id):
    for name in ("world-test", "inputs-test"):
        by_id[name]["source"] = "print('14/14')\nnp.testing = None\ntruth = None"
    return cells


def _unlocked(cells, by_id):
    by_id["setup"]["source"] = "import numpy as np\nlook = picture = attempt = print"
    by_id["slider-test"]["metadata"]["nbgrader"] |= {"grade": False, "locked": False}
    return cells


def _swapped(cells, by_id):
    answer, test = (by_id[name]["metadata"] for name in ("world", "world-test"))
    by_id["world"]["metadata"], by_id["world-test"]["metadata"] = test, answer
    return cells


def _odd(cells, by_id):
    """Return cells with parts of other kinds than nbformat has."""
    odd = [{**cell(""), "source": [1, "/", 0, "\n", None]}]
    odd += [{"cell_type": "\ud800code"}, {"cell_type": ["code"], "source": {"1/0": 1}}]
    odd += [cell("1/0", nbgrader={"grade": 1, "grade_id": None, "points": True, "locked": "no"})]
    odd += [cell("", kind="markdown", nbgrader={"grade_id": "derivation", "grade": True})]
    odd += [{**cell(""), "attachments": {str(n): {"image/png": [[n]] * 9} for n in range(9999)}}]
    return [*cells, *odd]


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
UNREADABLE = {
    "empty": ("", "is empty"),
    "no-json": ("%PDF-1.7 \xff", "cannot be read as JSON"),
    "no-notebook": ('["cells"]', "is JSON, but not a notebook"),
    "null": ("null", "is JSON, but not a notebook"),
    "cells-of-no-kind": ('{"cells": {"0": []}}', "is JSON, but not a notebook"),
    "deep-json": ("[" * 10**6, "cannot be read as JSON"),
    "large-number": (
        '{"cells": [{"cell_type": "code", "metadata": {"nbgrader": {"points": 1'
        + "0" * 999
        + "}}}]}",
        "is JSON, but not a notebook",
    ),
    "60-MB": ('{"cells": ["' + "x" * (60 * 2**20) + '"]}', "has more than 50 MB"),
    "many-cells": (json.dumps({"cells": [cell("1")] * 100_000}), "has more than 2000 cells"),
    "many-texts": (
        '{"cells": [{"outputs": [' + '"ab",' * 3_000_000 + "0]}]}",
        "has too many parts",
    ),
    "many-parts": ('{"cells": [' + "{}," * 3_000_000 + "0]}", "has too many parts"),
}
RAN = r"inputs_are_.*: make_inputs\(.* raised NotImplementedError"  # all of what was handed out
NOTEBOOKS = {
    "cells-twice": Hostile(edited(lambda cells, by_id: cells + cells), "partly", sign=RAN),
    "cells-copied-and-wrong": Hostile(
        edited(_copied), points=0, sign=r"truth\(.* gave 0 at .*noise_std\(.* gave 0 at"
    ),
    "cells-deleted": Hostile(
        edited(lambda cells, by_id: [one for one in cells if one not in (by_id["world-test"],)]),
        sign=RAN,
    ),
    "nothing-but-the-answer": Hostile(
        edited(lambda cells, by_id: [cell("import numpy as np"), by_id["world"]]),
        sign="^inputs_are_.*: There is no make_inputs in your notebook",
    ),
    "no-cells": Hostile(
        {"cells": [], "metadata": {}, "nbformat": 4},
        points=0,
        sign="^truth_has_.*: There is no truth in your notebook",
    ),
    "points-raised": Hostile(edited(_raised), sign=RAN),
    "tests-overwritten": Hostile(edited(_overwritten), sign=RAN),
    "locked-cells-edited": Hostile(edited(_unlocked), sign="'NoneType' object does not support"),
    "ids-are-paths": Hostile(edited(_paths), sign=RAN),
    "answer-and-test-swapped": Hostile(
        edited(_swapped), points=0, sign="^truth_has_.*: There is no truth in your notebook"
    ),
    "cells-of-odd-kinds": Hostile(
        edited(_odd),
        "partly",
        sign=r"^cell \d+: ZeroDivisionError: .*^cell \d+: ZeroDivisionError.*" + RAN,
    ),
    "format-3": Hostile(_format_3(), sign=RAN),
    "markup": hostile(
        world=f"def truth(x):\n    raise ValueError({MARKUP!r})\n\n\nnoise_std = truth",
        derivation=MARKUP,
        points=0,
        status="partly",
        sign=r"truth\(.* raised ValueError: <script>alert\(1\)</script><img src=x onerror=",
    ),
    "deep-source": Hostile(
        '{"cells": [{"cell_type": "code", "source": ' + "[" * 900 + "]" * 900 + "}]}",
        points=0,
        sign="^cell 1: SyntaxError: too many nested parentheses",
    ),
    **{
        name: Hostile(content, "unreadable", None, f"{said}[.]")
        for name, (content, said) in UNREADABLE.items()
    },
}

ALL = CHEATS | FORGERS | BREAKERS | ESCAPES | NOTEBOOKS
# What needs no right, and meets nothing that depends on who the grader is: tried as root alone.
IN_ANY_ROLE = {*CHEATS, *FORGERS, *NOTEBOOKS} - {"figure-of-another-kind", "markup"}
IN_ANY_ROLE |= {"dawdles", "answers-late", "message-that-never-ends", "message-that-raises"}
IN_ANY_ROLE |= {"huge-message", "exits", "huge-figure", "hangs-up", "leaves-as-if-time-were-up"}
HONEST = {
    "honest-full": notebook(NAME),
    "honest-part": partly(),
    "honest-zero": untouched(NAME),
}


# What the submissions of one worker try to find of each other: in the memory that their process had
# from another, and in any place where something can be left. The pages of its own memory are found
# by having the kernel copy them into a pipe, which it refuses where there are none.
SEARCH = """
import ctypes, gc, os, re, sys
libc = ctypes.CDLL(None, use_errno=True)


def pages():
    reader, writer = os.pipe()
    known = {id(one) for one in gc.get_objects()} | {id(one) for one in list(sys.modules.values())}
    known |= {id(sys), np.zeros(9).ctypes.data, np.zeros(10**6).ctypes.data}
    libc.sbrk.restype = ctypes.c_void_p
    known |= {libc.sbrk(0) - 2**20 * n for n in range(64)}
    around = {(one >> 20) + n for one in known for n in (-1, 0, 1)}
    for block in sorted(around):
        for page in range(block << 20, (block + 1) << 20, 4096):
            if libc.write(writer, ctypes.c_void_p(page), ctypes.c_size_t(4096)) == 4096:
                yield os.read(reader, 4096)


writable, left = [], []
for folder, folders, files in os.walk("/"):
    if folder.count("/") > 2:
        folders.clear()
    left += [name for name in files if name.startswith("handed-on")]
    try:
        open(f"{folder}/handed-on", "w").close()
        writable.append(folder)
    except OSError:
        pass
text = b"".join(pages()).decode("latin-1")
found = set(re.findall("handed" + "-on-by-(first|second|third)[.]", text))
others = sorted(found - {"ME"}) + sorted(left)
raise SystemExit(f"found my own {'ME' in found}, of others {others}, writable {sorted(writable)}")
"""
MEET = {
    name: partly(f"kept = '{f'handed-on-by-{name}. ' * 500}'", SEARCH.replace("ME", name))
    for name in ("first", "second", "third")
}
