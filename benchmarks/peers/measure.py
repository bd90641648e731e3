"""What benchmarks/peers.py runs in the peers' environment: one task, reported in lines of JSON.

python benchmarks/peers/measure.py TASK '{"its": "arguments"}'
"""

import importlib.metadata
import json
import os
import re
import resource
import sys
import time
import warnings
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
from contestants import PREDICTORS, SELECTORS
from threadpoolctl import threadpool_limits

from nwlib import loss, true_function

TURN = 0.02  # seconds of calls in one turn of a quick contestant
CASE_SIZE, SHOWN = 2_000, 40
REPORTS = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # KeOps, for one, prints


def report(**found):
    print(json.dumps(found), file=REPORTS, flush=True)


def digits(number):
    return float(f"{number:.4g}")


def described(error):
    """Return the error as one short line without paths."""
    return f"{type(error).__name__}: {re.sub(r'/[^ ]*/', '', str(error))}".splitlines()[0][:160]


def make(n):
    """Return queries, keys, values, w: neither queries nor keys are sorted, h = n^(-1/5)."""
    rng = np.random.default_rng(n)
    keys, queries = rng.uniform(0, 5, n), rng.uniform(0, 5, n)
    return queries, keys, true_function(keys) + rng.normal(0, 0.5, n), np.float64(n) ** 0.2


# ---- Time ----


def timed(call, repeats=1, threads=None):
    """Return the seconds of a call; None is as many threads as it takes by itself."""
    with threadpool_limits(threads):
        start = time.perf_counter()
        for _ in range(repeats):
            call()
        return (time.perf_counter() - start) / repeats


def within(number, least, most):
    return int(min(max(number, least), most))


def take_turns(calls, rounds, patience):
    """Return the seconds of each call, one number a round, and why others have none.

    In each round everyone has one turn, with one thread if that is faster for it. A slow call has
    fewer rounds, in all some `patience` seconds; one that takes longer than that is called once.
    """
    seconds, failed, turns = {label: [] for label in calls}, {}, {}
    for label, call in calls.items():
        try:
            once = timed(call)
            if once < 10 * patience:  # fresh memory may cost more than the call itself
                once = min(once, timed(call))
            if once > patience:
                seconds[label] = [once]
                continue
            repeats = within(TURN / once, 1, 1000)
            trials = {threads: timed(call, repeats, threads) for threads in (None, 1)}
        except Exception as error:
            failed[label] = described(error)
        else:
            threads = min(trials, key=trials.get)
            repeats = within(TURN / trials[threads], 1, 1000)
            number = within(patience / trials[threads] / repeats, 1, rounds)
            turns[label] = number, repeats, threads
    for turn in range(rounds):
        for label, (number, repeats, threads) in turns.items():
            if turn < number and label not in failed:
                try:
                    seconds[label].append(timed(calls[label], repeats, threads))
                except Exception as error:  # such as a MemoryError, when others need more
                    failed[label] = described(error)
    measured = {label: taken for label, taken in seconds.items() if label not in failed}
    return {label: [*map(digits, taken)] for label, taken in measured.items()}, failed


def prediction(labels, sizes, rounds, patience, limit):
    """Time predictions; who would take more than `limit` seconds, if quadratic, is left out."""
    for label in labels:
        PREDICTORS[label](*make(50))  # imports, and KeOps compiles
    expected = dict.fromkeys(labels, 0.0)
    for n, larger in zip(sizes, [*sizes[1:], sizes[-1]], strict=True):
        runners = [label for label, wait in expected.items() if wait < limit]
        calls = {label: partial(PREDICTORS[label], *make(n)) for label in runners}
        seconds, failed = take_turns(calls, rounds, patience)
        report(n=n, seconds=seconds, failed=failed)
        expected = {label: np.median(taken) * (larger / n) ** 2 for label, taken in seconds.items()}


def choosing(labels, sizes, rounds, patience):
    for n in sizes:
        _, keys, values, _ = make(n)
        chosen = {}

        def choose(label, keys=keys, values=values, chosen=chosen):
            chosen[label] = float(SELECTORS[label](keys, values))

        calls = {label: partial(choose, label) for label in labels}
        for label in calls:
            with suppress(Exception):  # who fails is told so below
                SELECTORS[label](*make(50)[1:3])  # imports
        seconds, failed = take_turns(calls, rounds, patience)
        losses = {label: loss(chosen[label], keys, values) for label in seconds}
        report(n=n, seconds=seconds, failed=failed, w=chosen, loss=losses)


def scales(label, sizes, scales, rounds, patience):
    for n in sizes:
        queries, keys, values, _ = make(n)
        calls = {w: partial(PREDICTORS[label], queries, keys, values, float(w)) for w in scales}
        seconds, failed = take_turns(calls, rounds, patience)
        report(n=n, seconds=seconds, failed=failed)


# ---- Memory ----


def megabytes(file, key):
    """Return what the kernel says, in 10^6 bytes."""
    kilobytes = re.search(rf"^{key}:\s*(\d+) kB", Path(file).read_text(), re.MULTILINE)
    return int(kilobytes[1]) * 1024 / 1e6


def memory(label, n, select=False):
    """Measure the peak that one call adds to what the process holds, warmed by a small call."""

    def call(n):
        queries, keys, values, w = make(n)
        if select:
            return partial(SELECTORS[label], keys, values)
        return partial(PREDICTORS[label], queries, keys, values, w)

    call(100)()
    large = call(n)
    Path("/proc/self/clear_refs").write_text("5")  # VmHWM is what it is now
    before = megabytes("/proc/self/status", "VmRSS")
    try:
        seconds = timed(large)
    except Exception as error:
        report(failed=described(error))
    else:
        peak = megabytes("/proc/self/status", "VmHWM")
        report(megabytes=digits(peak - before), seconds=digits(seconds))


# ---- Error ----


def cases():
    """Return queries, keys, values, w by name. Queries that are compared are the first."""
    queries, keys, values, w = make(CASE_SIZE)
    away = 2.5 + 100 / w
    clusters = keys / 5 + np.where(keys < 2.5, 0, 4)  # in [0, 0.5] and [4.5, 5]
    return {
        "ordinary": (queries, keys, values, w),
        "x + 1e6": (queries + 1e6, keys + 1e6, values, w),
        "y + 1e8": (queries, keys, values + 1e8, w),
        "w = 0": (queries, keys, values, np.float64(0)),
        "w = 1e6": (queries, keys, values, np.float64(1e6)),
        "gap": (queries, clusters, values, w),
        "far": (np.where(queries < 2.5, queries - away, queries + away), keys, values, w),
        "ties": (np.round(queries, 1), np.round(keys, 1), values, w),
    }


def reference():
    """Report the exact predictions, each as the sum of two floats."""
    from mpmath import exp, fsum, mp, mpf

    mp.dps = 60
    for name, (queries, keys, values, w) in cases().items():
        exact = []
        keys, values, w = [*map(mpf, keys)], [*map(mpf, values)], mpf(w)
        for query in map(mpf, queries[:SHOWN]):
            scores = [-(((query - key) * w) ** 2) / 2 for key in keys]
            least = max(scores) - 150  # what is left out is less than 1e-60
            pairs = [(exp(s - least), v) for s, v in zip(scores, values, strict=True) if s > least]
            prediction = fsum(a * v for a, v in pairs) / fsum(a for a, _ in pairs)
            exact.append((float(prediction), float(prediction - mpf(float(prediction)))))
        report(case=name, exact=exact)


def errors(label, exact):
    """Report the largest error, and the part of it that is no rounding of the result."""
    for name, pairs in exact.items():
        queries, keys, values, w = cases()[name]
        high, low = np.transpose(pairs)
        try:
            found = PREDICTORS[label](queries, keys, values, w)[:SHOWN]
        except Exception as error:
            report(case=name, failed=described(error))
            continue
        error = np.abs(found - high - low)
        beyond = np.maximum(error - np.spacing(np.abs(high)) / 2, 0)
        error, beyond = (np.max(e) / np.ptp(values) for e in (error, beyond))
        if np.isfinite(error):
            report(case=name, error=digits(error), beyond=digits(beyond))
        else:
            report(case=name, failed="NaN")


def about(names):
    report(
        predictors=list(PREDICTORS),
        selectors=list(SELECTORS),
        versions={name: importlib.metadata.version(name) for name in names},
    )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    room = int(0.8e6 * megabytes("/proc/meminfo", "MemAvailable"))
    resource.setrlimit(resource.RLIMIT_DATA, (room, room))  # a MemoryError, not the end of others
    tasks = (prediction, choosing, scales, memory, reference, errors, about)
    {task.__name__: task for task in tasks}[sys.argv[1]](**json.loads(sys.argv[2]))
