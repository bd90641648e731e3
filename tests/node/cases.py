"""What nwlib says of a table of cases, for the tests of the figures' scripts to compare with."""

import json

import numpy as np

import nwlib
from nwlib.kernels import KERNELS

DATA = nwlib.make_dataset(np.random.default_rng(542))
BOOK = DATA.x_train, DATA.y_train
# name: keys, values, scales, queries
CASES = {
    "ordinary": (*BOOK, [0.5, 1.0, 4.0, 16.0], DATA.x_test),
    "far queries": (*BOOK, [1.0, 4.0], [-30.0, 20.0, 50.0, 1e6]),
    "w = 0": (*BOOK, [0.0], [-1.0, 2.0, 9.0]),
    "huge w": (*BOOK, [1e3, 1e6], DATA.x_test[::7]),
    "negative w": (*BOOK, [-4.0], [2.0]),
    "one point": ([2.0], [3.0], [0.0, 1.0, 1e6], [-5.0, 2.0, 2.5]),
    "two points": ([2.0, 3.5], [3.0, -1.0], [0.0, 1.0, 40.0], [2.0, 2.75, 9.0]),
    "duplicate keys": ([1.0, 1.0, 1.0, 2.0], [0.0, 4.0, 5.0, 2.0], [0.0, 1.0, 30.0], [1.0, 1.8]),
    "all at one place": ([1.0] * 5, [1.0, 2.0, 3.0, 4.0, 9.0], [0.0, 2.0], [1.0, 3.0]),
    "no key in reach": ([0.0, 0.5, 4.0], [1.0, 2.0, 3.0], [1.0, 2.0], [0.25, 1.0, 2.5, 4.0, 9.0]),
}

DESCENTS = [(1.0, 0.2, 20), (1.0, 5.0, 20), (1.0, 25.0, 20), (0.74, 25.0, 5), (-2.0, 5.0, 3)]


def descents():
    """Return paths of gradient descent on the book's data."""
    names = "w", "learning_rate", "n_steps"
    for start in DESCENTS:
        chosen = dict(zip(names, start, strict=True))
        yield chosen | {"path": nwlib.train(*BOOK, **chosen).w}


def say(keys, values, scales, queries):
    """Return a case with what nwlib makes of it; what is not to be told is None, as NaN in JSON."""
    keys, values, queries = map(np.asarray, (keys, values, queries))
    results = []
    for w in scales:
        weights = {
            name: nwlib.attention_weights(queries, keys, w)
            if name == "Gaussian"
            else nwlib.kernel_weights(queries, keys, kernel, w)
            for name, kernel in KERNELS.items()
        }
        alone = keys.size < 2
        results.append(
            {
                "w": w,
                "scores": nwlib.scores(queries, keys, w),
                "weights": weights,
                "predictions": {
                    name: nwlib.attention_pooling(rows, values) for name, rows in weights.items()
                },
                "loss": np.nan if alone else nwlib.loss(w, keys, values),
                "gradient": np.nan if alone else nwlib.gradient(w, keys, values),
                "left out": np.full((1, 1), np.nan)
                if alone
                else nwlib.leave_one_out_weights(keys, w),
            }
        )
    return {"keys": keys, "values": values, "queries": queries, "results": results}


def table():
    """Return all cases, the kernels by themselves and the descents, as JSON."""
    u = np.array([-1e3, -1.0, -0.3, 0.0, 0.5, 1.0, np.nextafter(1.0, 2.0), 5.0, 38.0])
    kernels = {name: kernel(u) for name, kernel in KERNELS.items()}
    cases = {name: say(*case) for name, case in CASES.items()}
    book = {"keys": BOOK[0], "values": BOOK[1], "best": nwlib.fit_w(*BOOK)}
    says = {"u": u, "kernels": kernels, "cases": cases, "book": book, "descents": [*descents()]}
    return json.dumps(_plain(says), allow_nan=False)


def _plain(thing):
    """Return the same of dicts, lists and numbers, with None for NaN."""
    if isinstance(thing, dict):
        return {key: _plain(value) for key, value in thing.items()}
    if isinstance(thing, list | np.ndarray):
        return [_plain(entry) for entry in thing]
    return None if np.isnan(thing) else float(thing)
