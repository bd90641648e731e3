"""Time, memory and error of nwlib beside other implementations of the same prediction.

    python benchmarks/peers.py [--quick] [--write] [--again]

The peers of benchmarks/peers.txt get an environment of their own in _build/bench, made once. All
contestants (benchmarks/peers/contestants.py) take turns on the same data in one process; memory
and error are measured in a process for each. Writes benchmarks/results.json, the tables in
appendix/benchmarks.md and the picture beside it. --quick goes up to 2,000 points, and writes only
with --write. Linux only.
"""

import argparse
import datetime
import hashlib
import itertools
import json
import math
import os
import platform
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import venv
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parents[1]
PINS = ROOT / "benchmarks" / "peers.txt"
MEASURE = ROOT / "benchmarks" / "peers" / "measure.py"
RESULTS = ROOT / "benchmarks" / "results.json"
PAGE = ROOT / "appendix" / "benchmarks.md"
BEGIN, END = "<!-- measured -->\n", "<!-- end of what was measured -->"
PICTURE = ROOT / "appendix" / "benchmark_growth.svg"

SIZES = (50, 100, 1_000, 2_000, 10_000, 20_000, 100_000, 1_000_000)
SCALES = ("1", "10", "1e3", "1e6")
FAST, FIT = "nwlib.fast", "nwlib.fast.fit_w"
# Memory stays with the process: a virtual machine may take seconds for a fresh gigabyte, which
# would be counted against those who make matrices.
KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(10**12)}
# As light as #777777, which can be read on white and on black.
COLOURS = (
    *("#2b77e1", "#0e82a9", "#b96115", "#df3b22", "#917608", "#588518"),
    *("#238a45", "#0f8870", "#b14fc4", "#915fd7", "#b15d87", "#ec174c"),
)


# ---- The peers' environment ----


def environment():
    """Return its Python, the names of what it has, and why some peers are missing."""
    folder = ROOT / "_build" / "bench" / hashlib.sha256(PINS.read_bytes()).hexdigest()[:12]
    python, stamp = folder / "bin" / "python", folder / "missing.json"
    pins = re.findall(r"^[\w-]+==[^\s#]+", PINS.read_text(encoding="utf-8"), re.MULTILINE)
    if not stamp.exists():
        say("making the peers' environment")
        venv.create(folder, clear=True, with_pip=True)
        missing = {}
        if not_installed(python, pins):
            reasons = ((pin, not_installed(python, [pin])) for pin in pins)
            missing = {pin: reason for pin, reason in reasons if reason}
        stamp.write_text(json.dumps(missing), encoding="utf-8")
    missing = json.loads(stamp.read_text(encoding="utf-8"))
    return python, [pin.split("==")[0] for pin in pins if pin not in missing], missing


def not_installed(python, pins):
    """Install them; return the reason if that fails, None if not."""
    command = [python, "-m", "pip", "install", "--quiet", "--constraint", PINS, *pins]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    return last_error(done.stderr) if done.returncode else None


def last_error(said):
    lines = [line for line in said.splitlines() if "error" in line.lower()]
    return re.sub(r"/[^ ]*/", "", lines[-1] if lines else "no reason given")[:160]


def reports(python, task, seconds, **arguments):
    """Run a task of measure.py; return what it reports, and the reason if it did not finish."""
    settings = {"PYTHONPATH": str(ROOT), "KEOPS_CACHE_FOLDER": str(python.parents[1] / "keops")}
    settings |= KEEP_MEMORY if task != "memory" else {}
    command = [python, MEASURE, task, json.dumps(arguments)]
    found = []
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=said, text=True, env=os.environ | settings
        )
        timer = threading.Timer(seconds, process.kill)
        timer.start()
        for line in process.stdout:
            found.append(json.loads(line))
            if "n" in found[-1]:
                say(f"  {found[-1]['n']:,}")
        code, in_time = process.wait(), timer.is_alive()
        timer.cancel()
        said.seek(0)
        if code < 0:
            return found, signal.Signals(-code).name if in_time else f"more than {seconds} s"
        return found, last_error(said.read()) if code else None


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


# ---- Measuring ----


def measure(quick):
    """Return all that is measured. Who cannot make the ordinary prediction is left out."""
    python, names, missing = environment()
    effort = {"rounds": 7, "patience": 2} if quick else {"rounds": 15, "patience": 4}
    sizes = SIZES[:4] if quick else SIZES
    about, reason = reports(python, "about", 60, names=names)
    if reason:
        sys.exit(f"the peers' environment does not work: {reason}")
    about = about[0]
    results = {
        "date": datetime.date.today().isoformat(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "versions": {"python": platform.python_version()} | about["versions"],
        "missing": missing,
        "left out": {},
        "errors": {},
        "memory": {"n": min(sizes[-1], 20_000)},
    }
    say("exact predictions")
    exact = {one["case"]: one["exact"] for one in reports(python, "reference", 600)[0]}
    for label in about["predictors"]:
        say(f"error and memory: {label}")
        found, reason = reports(python, "errors", 120, label=label, exact=exact)
        by_case = {one.pop("case"): one for one in found}
        errors = {case: by_case.get(case, {"failed": reason}) for case in exact}
        if "failed" in errors["ordinary"]:
            results["left out"][label] = errors["ordinary"]["failed"]
            continue
        results["errors"][label] = errors
        found, reason = reports(python, "memory", 300, label=label, n=results["memory"]["n"])
        results["memory"][label] = found[0] if found else {"failed": reason}

    def by_size(task, seconds, **arguments):
        say(task)
        found, reason = reports(python, task, seconds, **arguments, **effort)
        if reason:
            results["left out"][task] = reason
        return {str(one.pop("n")): one for one in found}

    labels = list(results["errors"])
    results["prediction"] = by_size("prediction", 3600, labels=labels, sizes=sizes, limit=45)
    results["choosing"] = by_size("choosing", 1800, labels=about["selectors"], sizes=[50, 2_000])
    results["scales"] = {}
    if FAST in labels:
        sizes = [2_000] if quick else [2_000, 1_000_000]
        results["scales"] = by_size("scales", 1200, label=FAST, sizes=sizes, scales=SCALES)
    if not quick:
        say("choosing among a million")
        found, reason = reports(python, "memory", 600, label=FIT, n=1_000_000, select=True)
        results["choosing among a million"] = found[0] if found else {"failed": reason}
    return results


def processor():
    found = re.search(r"^model name\s*: (.*)", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()


# ---- What it comes to: a number, or None for what was not measured ----


def median(results, n, label):
    taken = results["prediction"].get(str(n), {}).get("seconds", {}).get(label)
    return taken and statistics.median(taken)


def ratio(seconds, ours, theirs):
    """Return the median over the rounds of the seconds of one divided by those of another."""
    if ours not in seconds or theirs not in seconds:
        return None
    pairs = zip(seconds[ours], seconds[theirs], strict=False)  # the slower has fewer rounds
    return statistics.median(a / b for a, b in pairs)


def growth(results):
    """Return the exponent of each decade from 100 to a million."""
    seconds = filter(None, (median(results, 10**k, FAST) for k in range(2, 7)))
    return [math.log10(later / first) for first, later in itertools.pairwise(seconds)]


def worst_error(results):
    """Return the largest error beyond one rounding, as a part of the range."""
    cases = results["errors"].get(FAST, {}).values()
    if any("failed" in case for case in cases):
        return math.nan
    return max((case["beyond"] for case in cases), default=None)


def to_reach(results):
    """Return what is aimed at: text, limit, measured."""

    def predicting(n, peer):
        return ratio(results["prediction"].get(str(n), {}).get("seconds", {}), FAST, peer)

    def choosing(n, *peers):
        seconds = results["choosing"].get(str(n), {}).get("seconds", {})
        ratios = [ratio(seconds, FIT, peer) for peer in peers or seconds if peer != FIT]
        return max((r for r in ratios if r is not None), default=None)  # to the fastest

    def loss(n):
        losses = dict(results["choosing"].get(str(n), {}).get("loss", {}))
        ours = losses.pop(FIT, None)
        return ours / min(losses.values()) if ours and losses else None

    def large_scale(n):
        return ratio(results["scales"].get(str(n), {}).get("seconds", {}), "1e6", "1")

    def megabytes(found):
        return found.get("megabytes")

    exponents = growth(results)
    worst = max(exponents) if len(exponents) == 4 else None
    million = results.get("choosing among a million", {})
    memory = results["memory"].get(FAST, {}) if results["memory"]["n"] == 20_000 else {}
    return [
        ("50 × 50, time to max-shifted NumPy's", 1.6, predicting(50, "NumPy, max-shifted")),
        ("50 × 50, to torch softmax's", 1.2, predicting(50, "torch softmax")),
        ("2,000 × 2,000, to naive NumPy's", 0.06, predicting(2_000, "NumPy, naive")),
        ("2,000 × 2,000, to torch attention's", 0.3, predicting(2_000, "torch attention")),
        ("2,000 × 2,000, to FIGTree's", 0.5, predicting(2_000, "FIGTree 1e-12")),
        ("20,000 × 20,000, to torch attention's", 0.01, predicting(20_000, "torch attention")),
        ("20,000 × 20,000, memory in MB", 16, megabytes(memory)),
        ("a million × a million, to FIGTree's", 0.12, predicting(1_000_000, "FIGTree 1e-12")),
        ("growth from 100 to a million, exponent of the worst decade", 1.05, worst),
        ("worst error beyond one rounding, to the range of values", 1e-14, worst_error(results)),
        ("choosing w, n = 50, to the fastest peer's", 0.3, choosing(50)),
        ("choosing w, n = 2,000, to kernelsmooth's", 0.1, choosing(2_000, "kernelsmooth")),
        ("choosing w, n = 2,000, to statsmodels's", 0.01, choosing(2_000, "statsmodels")),
        ("leave-one-out loss, n = 50, to the best peer's", 1, loss(50)),
        ("leave-one-out loss, n = 2,000, to the best peer's", 1, loss(2_000)),
        ("choosing w, a million keys, memory in MB", 300, megabytes(million)),
        ("2,000 × 2,000, w = 1e6 to w = 1", 1, large_scale(2_000)),
        ("a million × a million, w = 1e6 to w = 1", 1, large_scale(1_000_000)),
    ]


def reached(number):
    return "–" if number is None else f"{number:.3g}"


def short(number):
    """Return it with two digits, or a dash for what was not measured."""
    if number is None:
        return "–"
    if math.isnan(number):
        return "NaN"
    if number >= 10:
        return f"{float(f'{number:.2g}'):,.0f}"
    return f"{number:.1e}".replace("e-0", "e-") if 0 < number < 1e-3 else f"{number:.2g}"


# ---- The table and the picture ----


def row(*cells):
    return f"| {' | '.join(cells)} |"


def table(results):
    """Return the Markdown that a page of the book includes."""
    return "\n\n".join([*map("\n".join, parts(results))]) + "\n"


def parts(results):
    versions = results["versions"]
    yield [
        f"Measured on {results['date']} with Python {versions['python']} and NumPy "
        f"{versions['numpy']} on {results['cores']} cores ({results['processor']})."
    ]
    yield ["### Aims"]
    yield [
        row(f"`{FAST}`", "to reach, at most", "measured"),
        row("---", "---:", "---:"),
        *(row(what, f"{limit:g}", reached(number)) for what, limit, number in to_reach(results)),
    ]
    n = results["memory"]["n"]
    yield ["### Time and memory"]
    yield [f"Time divided by that of `{FAST}`, for as many queries as keys; memory for {n:,}."]
    sizes = [size for size in (50, 2_000, 20_000, 1_000_000) if str(size) in results["prediction"]]
    yield [
        row("program", *(f"{size:,}" for size in sizes), "memory, MB"),
        row("---", *["---:"] * (len(sizes) + 1)),
        *(row(label, *ratios(results, sizes, label, FAST)) for label in results["errors"]),
        row(f"seconds of {FAST}", *(short(median(results, n, FAST)) for n in sizes), ""),
    ]
    exponents = growth(results)
    if len(exponents) == 4:
        decades = ", ".join(f"{exponent:.2f}" for exponent in exponents)
        yield [f"From 100 to a million, the exponents of the four decades are {decades}."]
    yield ["### Error"]
    yield ["Largest error of 40 predictions of 2,000, divided by the range of values."]
    cases = list(results["errors"][FAST])
    yield [
        row("program", *cases),
        row("---", *["---:"] * len(cases)),
        *(
            row(label, *(error(found[case]) for case in cases))
            for label, found in results["errors"].items()
        ),
    ]
    sizes = list(results["choosing"])
    yield ["### Choosing w"]
    yield [
        "Time divided by that of `fast.fit_w`, and by what share the leave-one-out loss is above "
        "the best one's."
    ]
    yield [
        row("program", *(f"{what}, {int(n):,}" for n in sizes for what in ("time", "loss"))),
        row("---", *["---:"] * (2 * len(sizes))),
        *(row(label, *choice(results, sizes, label)) for label in selectors(results)),
    ]
    failed = {}
    for found in results["choosing"].values():
        failed |= found["failed"]
    absent = results["missing"] | results["left out"] | failed
    if absent:
        yield [f"- Left out: {what}. {reason}" for what, reason in absent.items()]


def ratios(results, sizes, label, ours):
    seconds = (results["prediction"][str(size)]["seconds"] for size in sizes)
    yield from (short(ratio(of_size, label, ours)) for of_size in seconds)
    yield short(results["memory"][label].get("megabytes"))


def error(found):
    """Return the error with one digit, or what came in its place."""
    if "failed" in found:
        return found["failed"].partition(":")[0]
    return f"{found['error']:.0e}".replace("e-0", "e-")


def selectors(results):
    return dict.fromkeys(
        label for found in results["choosing"].values() for label in found["seconds"]
    )


def choice(results, sizes, label):
    for size in sizes:
        found = results["choosing"][size]
        yield short(ratio(found["seconds"], label, FIT))
        best = min(found["loss"].values())
        yield short(found["loss"][label] / best - 1) if label in found["loss"] else "–"


def picture(results):
    """Return a log-log picture of seconds against n, each line labelled at the right."""
    grey = "#777777"
    style = {"text.color": grey, "axes.edgecolor": grey, "axes.labelcolor": grey}
    style |= {"xtick.color": grey, "ytick.color": grey, "font.size": 10}
    labels = list(results["errors"])
    sizes = [int(n) for n in results["prediction"]]
    with mpl.rc_context(style | {"svg.fonttype": "none", "svg.hashsalt": "nwlib"}):
        figure = Figure(figsize=(7, 4.6), layout="constrained")
        axes = figure.add_subplot(xscale="log", yscale="log")
        ends = []
        for label, colour in zip(labels, itertools.cycle(COLOURS), strict=False):
            line = [(n, s) for n in sizes if (s := median(results, n, label))]
            if line:
                wide = 3 if label.startswith("nwlib") else 1.5
                axes.plot(*zip(*line, strict=True), color=colour, lw=wide, marker="o", ms=wide)
                ends.append((*line[-1], label, colour))
        write_labels(axes, sorted(ends, key=lambda end: end[1]))
        axes.set(xlabel="number of queries, and of keys", ylabel="seconds for a prediction")
        axes.grid(color=grey, alpha=0.25, lw=0.5)
        axes.spines[["top", "right"]].set_visible(False)
        return figure


def write_labels(axes, ends, gap=0.062):
    """Write the labels in a column at the right, from the lowest end, none on another."""
    low, high = map(math.log, axes.get_ylim())
    top, height = 1 - gap * len(ends), -gap
    for n, seconds, label, colour in ends:
        top += gap
        height = min(max((math.log(seconds) - low) / (high - low), height + gap), top)
        leader = {"arrowstyle": "-", "color": colour, "alpha": 0.5, "lw": 0.7, "relpos": (0, 0.5)}
        axes.annotate(
            label,
            (n, seconds),
            (1.02, height),
            textcoords="axes fraction",
            arrowprops=leader | {"shrinkA": 1, "shrinkB": 3},
            color=colour,
            va="center",
            weight="bold" if label.startswith("nwlib") else "normal",
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="up to 2,000 points, few rounds")
    parser.add_argument("--write", action="store_true", help="write the files after --quick too")
    parser.add_argument("--again", action="store_true", help="only write table and picture anew")
    options = parser.parse_args()
    begun = time.monotonic()
    write = options.write or not options.quick
    if options.again:
        results = json.loads(RESULTS.read_text(encoding="utf-8"))
    else:
        results = measure(options.quick)
        if write:
            RESULTS.write_text(compact(results), encoding="utf-8")
    print(f"\n{table(results)}")
    if write:
        before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
        page = f"{before}{BEGIN}\n{table(results)}\n{END}{rest.split(END)[1]}"
        PAGE.write_text(page, encoding="utf-8")
        picture(results).savefig(PICTURE, transparent=True, metadata={"Date": None})
    print(f"{time.monotonic() - begun:.0f} s in all, load {os.getloadavg()[0]:.1f}")


def compact(results):
    """Return JSON with each list of numbers on one line."""
    text = json.dumps(results, indent=1, ensure_ascii=False)
    return re.sub(r"\[[^\[\]{}]*\]", lambda m: " ".join(m[0].split()), text) + "\n"


if __name__ == "__main__":
    main()
