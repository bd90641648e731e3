"""Homework 3: right answers keep all points, wrong ones lose those that they should."""

import re

import numpy as np
import pytest

import nwlib
from nwlib import sliders

from .submissions import answered, changed, grade, lost

NAME = "hw3"


WITHIN = {"kernel_has_the_right_values_within_reach"}
BEYOND = {"kernel_is_zero_beyond_one_bandwidth"}
OTHER_SIDE = {"kernel_is_the_same_on_the_other_side"}
DISTANCES = {
    "distances_on_the_map_are_right",
    "distances_from_a_single_place_are_a_row",
    "places_may_have_more_coordinates",
}
SHARES = {"shares_are_right", "shares_of_tiny_counts_are_right"}
UNDEFINED = {"shares_of_nothing_are_undefined"}
PREDICTIONS = {"predictions_are_right"}
SINGLE_KEY = {"a_single_key_in_reach_gives_its_value"}
NO_KEY = {"without_a_key_in_reach_there_is_no_prediction"}
OTHERS = {"predictions_from_the_others_are_right"}
TWO_ALONE = {"two_keys_alone_predict_each_other"}
LONELY = {"a_lonely_key_has_no_prediction"}
ALL_PREDICTIONS = PREDICTIONS | SINGLE_KEY | NO_KEY | OTHERS | TWO_ALONE | LONELY

DIVIDE = "np.divide(counts, total, out=np.full(counts.shape, np.nan), where=total > 0)"
PREDICT = "shares(tricube(distances(queries, keys) / h)) @ values"
LEAVE_OUT = """counts = tricube(distances(keys, keys) / h)
    np.fill_diagonal(counts, 0)
    return shares(counts) @ values"""
LEAVE_OUT_TOO_LATE = """weights = shares(tricube(distances(keys, keys) / h))
    np.fill_diagonal(weights, 0)
    return weights @ values"""

# What is wrong: the answer, the piece of it that a student gets wrong, how, and the checks lost.
WRONG = [
    ("kernel", "abs(u) ** 3", "abs(u) ** 2", WITHIN | OTHER_SIDE | PREDICTIONS | OTHERS),
    ("kernel", "abs(u) ** 3", "u**3", OTHER_SIDE),
    (
        "kernel",
        "np.maximum(0, 1 - abs(u) ** 3) ** 3",
        "(1 - abs(u) ** 3) ** 3",
        BEYOND | SINGLE_KEY | NO_KEY | TWO_ALONE,
    ),
    ("kernel", ") ** 3\n", ")\n", WITHIN | OTHER_SIDE | PREDICTIONS | OTHERS),
    (
        "kernel",
        "np.maximum(0, 1 - abs(u) ** 3) ** 3",
        "np.exp(-(u**2) / 2)",
        WITHIN | BEYOND | OTHER_SIDE | ALL_PREDICTIONS,
    ),
    (
        "distances",
        "np.linalg.norm(queries[:, np.newaxis, :] - keys, axis=2)",
        "np.sum((queries[:, None] - keys) ** 2, axis=2)",
        DISTANCES | PREDICTIONS | OTHERS,
    ),
    (
        "distances",
        "np.linalg.norm(queries[:, np.newaxis, :] - keys, axis=2)",
        "np.sum(abs(queries[:, None] - keys), axis=2)",
        DISTANCES | PREDICTIONS | OTHERS,
    ),
    ("distances", "axis=2)", "axis=2).T", DISTANCES | PREDICTIONS | SINGLE_KEY | NO_KEY),
    (
        "distances",
        "np.linalg.norm(queries[:, np.newaxis, :] - keys, axis=2)",
        "np.hypot(*(queries[:, None, :2] - keys[:, :2]).T).T",
        {"places_may_have_more_coordinates"},
    ),
    ("distances", "axis=2)", "axis=1)", DISTANCES | ALL_PREDICTIONS),
    ("shares", "axis=1", "axis=0", SHARES | UNDEFINED | ALL_PREDICTIONS - TWO_ALONE - LONELY),
    (
        "shares",
        "np.full(counts.shape, np.nan)",
        "np.zeros(counts.shape)",
        UNDEFINED | NO_KEY | LONELY,
    ),
    (
        "shares",
        DIVIDE,
        "counts / (total + 1e-9)",
        {"shares_of_tiny_counts_are_right"} | UNDEFINED | NO_KEY | LONELY,
    ),
    (
        "shares",
        DIVIDE,
        "np.exp(counts) / np.exp(counts).sum(axis=1, keepdims=True)",
        SHARES | UNDEFINED | ALL_PREDICTIONS,
    ),
    ("shares", DIVIDE, "counts / counts.sum()", SHARES | UNDEFINED | ALL_PREDICTIONS - LONELY),
    ("predict", "/ h", "* h", PREDICTIONS | SINGLE_KEY | NO_KEY),
    ("predict", PREDICT, "np.nan_to_num(" + PREDICT + ")", NO_KEY),
    (
        "predict",
        PREDICT,
        "tricube(distances(queries, keys) / h) @ values",
        PREDICTIONS | SINGLE_KEY | NO_KEY,
    ),
    ("predict", PREDICT, "values[distances(queries, keys).argmin(axis=1)]", PREDICTIONS | NO_KEY),
    ("loo", "    np.fill_diagonal(counts, 0)\n", "", OTHERS | TWO_ALONE | LONELY),
    (
        "loo",
        LEAVE_OUT,
        LEAVE_OUT_TOO_LATE,
        OTHERS | TWO_ALONE | LONELY,
    ),
    (
        "loo",
        "np.fill_diagonal(counts, 0)",
        "counts -= counts.mean() * np.eye(len(counts))",
        OTHERS | TWO_ALONE | LONELY,
    ),
    ("loo", "shares(counts) @ values", "np.nan_to_num(shares(counts)) @ values", LONELY),
    ("slider", "return 0.20", "return 0.15", {"bandwidth_without_gaps_is_right"}),
    ("slider", "return 0.20", "return 5.0", {"bandwidth_without_gaps_is_right"}),
    ("slider", "0.47 / 0.20", "0.20 / 0.47", {"ratio_of_the_best_bandwidths_is_right"}),
    ("slider", "0.47 / 0.20", "1 / 0.447", {"ratio_of_the_best_bandwidths_is_right"}),
]


@pytest.mark.parametrize("cell, old, new, checks", WRONG)
def test_a_plausible_mistake_costs_its_own_checks(cell, old, new, checks, sandbox):
    assert lost(grade(NAME, changed(NAME, cell, old, new), sandbox)) == checks


def test_loops_lists_and_single_precision_lose_nothing(sandbox):
    cells = answered(
        NAME,
        "import math\nimport warnings\n%matplotlib inline",
        """
        def one(query, keys, values, h):
            warnings.warn("one at a time")
            total = count = 0
            for key, value in zip(keys, values):
                k = float(tricube(np.array(math.dist(query, key) / h)))
                total, count = total + k * value, count + k
            return total / count if count else math.nan
        """,
        kernel="""
        def tricube(u):
            print("u is", u)
            return np.where(np.abs(u) < 1, (1 - np.abs(u**3)) ** 3, 0)
        """,
        distances="""
        def distances(queries, keys):
            plt.scatter(keys[:, 0], keys[:, 1])
            return np.array([[math.dist(a, b) for b in keys] for a in queries], dtype="float32")
        """,
        shares="""
        def shares(counts):
            rows = []
            for row in counts:
                s = sum(row)
                rows.append([c / s if s > 0 else float("nan") for c in row])
            return rows
        """,
        predict="""
        def predict(queries, keys, values, h):
            return [one(query, keys, values, h) for query in queries]
        """,
        loo="""
        def leave_one_out(keys, values, h):
            left = range(len(keys))
            return np.array([one(keys[i], np.delete(keys, i, 0), np.delete(values, i), h)
                             for i in left], dtype="float32")
        """,
        slider="""
        bandwidth_without_gaps = lambda: 0.2
        ratio_of_best_bandwidths = lambda: np.float64(2.35)
        """,
    )
    assert lost(grade(NAME, cells, sandbox)) == set()


def test_the_formula_of_the_derivation_may_do_the_work(sandbox):
    cells = answered(
        NAME,
        loo="""
        def leave_one_out(keys, values, h):
            own = np.diagonal(shares(tricube(distances(keys, keys) / h)))
            return (predict(keys, keys, values, h) - own * values) / (1 - own)
        """,
    )
    assert lost(grade(NAME, cells, sandbox)) == set()


def test_distances_may_come_from_a_scalar_product(sandbox):
    cells = answered(
        NAME,
        distances="""
        def distances(queries, keys):
            square = (queries**2).sum(axis=1)[:, None] + (keys**2).sum(axis=1)
            return np.sqrt(np.maximum(0, square - 2 * queries @ keys.T))
        """,
    )
    assert lost(grade(NAME, cells, sandbox)) == set()


def test_what_nwlib_has_fails_here(sandbox):
    cells = answered(
        NAME,
        kernel="""
        def tricube(u):
            return 0.75 * np.maximum(0.0, 1 - u**2)
        """,
        distances="""
        def distances(queries, keys):
            return abs(queries[:, np.newaxis] - keys)
        """,
    )
    assert lost(grade(NAME, cells, sandbox)) == WITHIN | OTHER_SIDE | DISTANCES | ALL_PREDICTIONS


def test_the_slider_shows_what_the_questions_ask_for():
    slider = sliders.kernel_slider(nwlib.make_dataset(np.random.default_rng(542)))
    kernels, bandwidths = (control.positions for control in slider.controls)

    def captions(kernel):
        return [slider.picture(kernels.index(kernel), i)[1] for i in range(len(bandwidths))]

    def best(kernel):
        errors = [float(re.search(r"error [a-z ]+: (\d\.\d+)", c)[1]) for c in captions(kernel)]
        assert errors.count(min(errors)) == 1
        return bandwidths[np.argmin(errors)]

    gaps = ["no key in reach" in caption for caption in captions("boxcar")]
    assert gaps == [h < 0.2 for h in bandwidths]
    assert (best("Gaussian"), best("Epanechnikov")) == (0.2, 0.47)
