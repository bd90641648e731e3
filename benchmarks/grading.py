"""Seconds and memory that grading takes, beside stock nbgrader's autograder.

    python benchmarks/grading.py [--class N] [--beside N] [--most N] [--json FILE]

Each assignment is handed in by a class of N (100), and graded by `nwgrade grade`, then
the first of them (--beside, 4) by `nbgrader autograde` in a copy of the course, which runs the
visible tests. Both are timed as a user would: the whole command, from its start to its end. Then
ever larger classes hand in the first assignment, up to --most (1,000).

No two submissions are alike. Each is the solution with other names, comments and extra cells; a
third has loops in the place of array code, half have a mistake or two, a sixth are unfinished. Of
a hundred, one has a loop without an end and one crashes Python; nbgrader gets none of these two.
Memory is the kernel's own peak (VmHWM): of the command, and of the largest process inside the
sandboxes. The default run takes about ten minutes on two idle cores.
"""

import argparse
import ast
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from nwgrade.assignment import CODE_STUB, SOLUTION

ROOT = Path(__file__).resolve().parents[1]
HOMEWORK = ROOT / "homework"
NAMES = sorted(path.stem for path in (HOMEWORK / "checks").glob("*.py"))
TO_REACH = 0.6
ENDLESS, CRASH = 41, 83  # the submission of each hundred that does it
WORDS = ["alpha", "answer", "arr", "diff", "foo", "mat", "my", "out", "result", "step", "tmp", "v"]
EXTRA = [
    "np.linspace(0, {n}, 7).mean()",
    "print('checking', {n})\nfor k in range({n} % 9):\n    print(k, k**2)",
    "plt.plot(np.sin(np.arange({n} % 50 + 2)))\nplt.show()",
    "# old attempt, number {n}\n# (did not work)",
    "test_{n} = np.random.default_rng({n}).normal(size=(50, 50))\ntest_{n} @ test_{n}",
]
LOOPS = {
    "squared_errors": "return np.array([sum((p - v) ** 2 for p, v in zip(prediction, row)) "
    "/ len(row) for row in y])",
    "make_inputs": "return np.array(sorted([rng.uniform(0, 6) for _ in range(n)]))",
    "absolute_loss": "return [sum(abs(c - v) for v in values) / len(values) for c in candidates]",
    "leave_one_out_means": "return np.array([np.mean(np.delete(values, i)) "
    "for i in range(len(values))])",
    "distances": "return np.array([np.sqrt(((q - keys) ** 2).sum(axis=1)) for q in queries])",
    "laplace_scores": "return np.array([[-w * sum(abs(q - k)) for k in keys] for q in queries])",
    "cost": "return sum(abs(value - np.median(group)) for value in group)",
}


# ---- A class hands in ----


class Rename(ast.NodeTransformer):
    """Give the local variables of functions other names."""

    def __init__(self, rng):
        self.rng, self.names = rng, {}

    def visit_FunctionDef(self, node):
        for one in ast.walk(node):
            if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
                other = f"{self.rng.choice(WORDS)}_{one.id}_{len(self.names)}"
                self.names.setdefault(one.id, other)
        taken = {one.arg for one in ast.walk(node) if isinstance(one, ast.arg)}
        for one in ast.walk(node):
            if isinstance(one, ast.Name) and one.id not in taken:
                one.id = self.names.get(one.id, one.id)
        return node


def with_loops(tree):
    for one in ast.walk(tree):
        if isinstance(one, ast.FunctionDef) and one.name in LOOPS:
            one.body = ast.parse(LOOPS[one.name]).body


def with_mistake(tree, rng):
    """Turn an operator or a number into another one."""
    places = [one for one in ast.walk(tree) if isinstance(getattr(one, "value", None), int | float)]
    places += [one for one in ast.walk(tree) if isinstance(one, ast.BinOp)]
    place = rng.choice(places or [None])
    if place is None:
        return
    if isinstance(place, ast.Constant):
        place.value += 1
    else:
        place.op = ast.Sub() if isinstance(place.op, ast.Add) else ast.Add()


def submission(source, number):
    """Return the notebook that the student of this number hands in."""
    rng = random.Random(f"{number} {len(source)}")
    notebook = json.loads(source)
    answers = [cell for cell in notebook["cells"] if cell["metadata"]["nbgrader"]["solution"]]
    code = [cell for cell in answers if cell["cell_type"] == "code"]
    unfinished = rng.sample(code, rng.randint(1, 3)) if rng.random() < 1 / 6 else []
    wrong = rng.sample(code, rng.randint(1, 2)) if rng.random() < 1 / 2 else []
    has_loops = rng.random() < 1 / 3
    for cell in answers:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            cell["source"] = f"{text}\n\nAs I see it, number {number}, {rng.choice(WORDS)}."
            continue
        if cell in unfinished:
            cell["source"] = SOLUTION.sub(CODE_STUB, text)
            continue
        tree = ast.parse(text)
        if has_loops:
            with_loops(tree)
        if cell in wrong:
            with_mistake(tree, rng)
        cell["source"] = f"# {rng.choice(WORDS)} {number}\n{ast.unparse(Rename(rng).visit(tree))}"
    first = ast.parse("".join(code[0]["source"])).body[0]
    if number % 100 in (ENDLESS, CRASH):
        does = "while True: pass" if number % 100 == ENDLESS else "import os; os._exit(1)"
        code[0]["source"] = f"def {first.name}(*arguments):\n    {does}\n"
    for place in sorted(rng.sample(range(3, len(notebook["cells"])), rng.randint(0, 3))):
        extra = {"cell_type": "code", "id": f"extra-{place}", "metadata": {}, "outputs": []}
        extra |= {"execution_count": None, "source": rng.choice(EXTRA).format(n=number)}
        notebook["cells"].insert(place, extra)
    return notebook


def hand_in(course, name, numbers):
    """Put the submissions of these students where `nwgrade collect` would."""
    source = (HOMEWORK / "source" / name / f"{name}.ipynb").read_text(encoding="utf-8")
    for number in numbers:
        folder = course / "submitted" / f"s{number:04}" / name
        folder.mkdir(parents=True)
        content = json.dumps(submission(source, number))
        (folder / f"{name}.ipynb").write_text(content, encoding="utf-8")
        for data in (HOMEWORK / "source" / name).glob("*.csv"):
            shutil.copy(data, folder)


# ---- What it takes ----


def ran(*command):
    """Run a command; return the seconds, and the peak of memory of each kind of process in MB."""
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", *map(str, command)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
    )
    peaks = {}
    watch = threading.Thread(target=keep_watch, args=(process, peaks))
    watch.start()
    _, said = process.communicate()
    seconds = time.monotonic() - started
    watch.join()
    if process.returncode:
        sys.exit(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{said}")
    return seconds, peaks


def keep_watch(process, peaks):
    while process.poll() is None:
        for pid in family(process.pid):
            try:
                command = Path(f"/proc/{pid}/cmdline").read_bytes()
                status = Path(f"/proc/{pid}/status").read_text()
            except OSError:  # it has just ended
                continue
            kind = "command" if pid == process.pid else "other"
            kind = "sandbox" if b"worker.main" in command else kind
            for line in status.splitlines():
                if line.startswith("VmHWM"):
                    peaks[kind] = max(peaks.get(kind, 0), int(line.split()[1]) / 1000)
        time.sleep(0.1)


def family(pid):
    """Return the process and all below it."""
    found = [pid]
    for one in found:
        try:
            for thread in Path(f"/proc/{one}/task").iterdir():
                found += map(int, (thread / "children").read_text().split())
        except OSError:
            continue
    return found


def grade(course, name):
    return ran("nwgrade", "grade", name, "--course", course, "--json")


def beside_nbgrader(folder, size, beside):
    """Grade all assignments with both; return seconds a submission of each."""
    rows = []
    print(f"{size} submissions, seconds each: {'ours':>8} {'nbgrader':>9} {'ratio':>6}")
    for name in NAMES:
        ours, theirs = new_course(folder / f"{name}-ours", name), folder / f"{name}-theirs"
        shutil.copytree(ours, theirs)
        hand_in(ours, name, range(size))
        hand_in(theirs, name, range(min(beside, ENDLESS)))
        mine = grade(ours, name)[0] / size
        stock = ran("nbgrader", "autograde", name, f"--CourseDirectory.root={theirs}")[0] / beside
        rows.append({"assignment": name, "ours": mine, "nbgrader": stock})
        print(f"  {name:28} {mine:8.3f} {stock:9.2f} {stock / mine:6.1f}", flush=True)
        report(ours, name)
    mine, stock = (statistics.median(row[key] for row in rows) for key in ("ours", "nbgrader"))
    ratio = statistics.median(row["nbgrader"] / row["ours"] for row in rows)
    print(f"  {'median':28} {mine:8.3f} {stock:9.2f} {ratio:6.1f}   (to reach: {TO_REACH})")
    return rows


def new_course(root, name):
    shutil.copytree(HOMEWORK / "source" / name, root / "source" / name)
    (root / "checks").mkdir()
    shutil.copy(HOMEWORK / "checks" / f"{name}.py", root / "checks")
    ran("nwgrade", "release", name, "--course", root)
    return root


def report(course, name):
    """Say how the class has done, for it should be a class like any other."""
    found = [json.loads(path.read_text()) for path in course.glob(f"autograded/*/{name}/*.json")]
    counts = statistics.multimode(one["status"] for one in found)
    statuses = {status: sum(one["status"] == status for one in found) for status in counts}
    earned = sorted(sum(v["earned"] for v in one.get("verdicts", ())) for one in found)
    quarters = ", ".join(f"{earned[len(earned) * k // 4]:g}" for k in (1, 2, 3))
    others = len(found) - sum(statuses.values())
    print(f"    {statuses}, others {others}; quartiles of the points by checks: {quarters}")


def growth(folder, most):
    """Grade ever larger classes; return seconds and peaks of memory."""
    rows = []
    print("Students  seconds each   peak MB:  command  sandbox")
    size = 10
    while size <= most:
        course = new_course(folder / f"growth-{size}", NAMES[0])
        hand_in(course, NAMES[0], range(size))
        seconds, peaks = grade(course, NAMES[0])
        rows.append({"students": size, "seconds": seconds, **peaks})
        memory = "".join(f"{peaks.get(key, 0):9.0f}" for key in ("command", "sandbox"))
        print(f"{size:8}  {seconds / size:12.3f} {memory:>28}", flush=True)
        size *= 10
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--class", dest="size", type=int, default=100)
    parser.add_argument("--beside", type=int, default=4)
    parser.add_argument("--most", type=int, default=1000)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the start")
    with tempfile.TemporaryDirectory(prefix="grading-") as folder:
        found = {
            "beside": beside_nbgrader(Path(folder), options.size, options.beside),
            "growth": growth(Path(folder), options.most),
        }
    print(f"load {os.getloadavg()[0]:.1f} at the end")
    if options.json:
        Path(options.json).write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
