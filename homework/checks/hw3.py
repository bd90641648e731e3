"""Checks of homework 3: Nadaraya-Watson regression on a map, with the tricube kernel.

Predictions build on kernel, distances and shares, so they are asked for with right ones, too.
"""

import numpy as np

import nwlib
from nwgrade.checks import check

BANDWIDTHS = np.geomspace(0.05, 2.5, 15).round(2)  # the positions of chapter 3's slider
ANSWER = {"rtol": 0, "atol": 0.0051, "secret": True}  # it has two digits, and is everybody's


def tricube(u):
    return np.where(np.abs(u) < 1, (1 - np.minimum(np.abs(u), 1) ** 3) ** 3, 0)


def distances(queries, keys):
    squares = [(a[:, np.newaxis] - b) ** 2 for a, b in zip(queries.T, keys.T, strict=True)]
    return np.sqrt(sum(squares))


def shares(counts):
    rows = [row / row.sum() if row.any() else np.full(row.size, np.nan) for row in counts]
    return np.array(rows)


def predict(queries, keys, values, h):
    return shares(tricube(distances(queries, keys) / h)) @ values


BASE = [tricube, distances, shares]


def lonely(rng, n):
    """Return n places, no two nearer than 4 from west to east, in no order."""
    places = 5.0 * np.column_stack([np.arange(n), rng.integers(0, 2, n)])
    return rng.permutation(places + rng.uniform(-0.5, 0.5, (n, 2)))


@check("kernel-test", points=4)
def kernel_has_the_right_values_within_reach(student, rng):
    u = rng.uniform(0.05, 0.95, 7)
    hint = "Compare the powers with those of the formula."
    student.expect("tricube", u, equals=tricube(u), hint=hint)


@check("kernel-test", points=3)
def kernel_is_zero_beyond_one_bandwidth(student, rng):
    def reaches(got):
        return (got != 0).astype(float) if isinstance(got, np.ndarray) else got

    u = np.append(rng.uniform(1.1, 5, 5), [1.0, 0.5])
    hint = "Seen here is a 1 where the kernel is not 0."
    student.expect("tricube", u, equals=reaches(tricube(u)), see=reaches, hint=hint)


@check("kernel-test", points=3)
def kernel_is_the_same_on_the_other_side(student, rng):
    u = -rng.uniform(0.3, 0.9, (2, 3))
    student.expect("tricube", u, equals=tricube(u))


@check("distances-test", points=6)
def distances_on_the_map_are_right(student, rng):
    queries, keys = rng.uniform(0, 5, (3, 2)), rng.uniform(0, 5, (5, 2))
    hint = "The shape is (queries, keys)."
    student.expect("distances", queries, keys, equals=distances(queries, keys), hint=hint)


@check("distances-test", points=3)
def distances_from_a_single_place_are_a_row(student, rng):
    queries, keys = rng.uniform(0, 5, (1, 2)), rng.uniform(0, 5, (4, 2))
    hint = "As the crow flies, it is 5 km from (0, 0) to (3, 4)."
    student.expect("distances", queries, keys, equals=distances(queries, keys), hint=hint)


@check("distances-test", points=3)
def places_may_have_more_coordinates(student, rng):
    queries, keys = rng.uniform(0, 5, (2, 4)), rng.uniform(0, 5, (3, 4))
    student.expect("distances", queries, keys, equals=distances(queries, keys))


@check("shares-test", points=6)
def shares_are_right(student, rng):
    counts = rng.uniform(0.1, 4, (3, 5))
    hint = "Each row is divided by its own sum."
    student.expect("shares", counts, equals=shares(counts), hint=hint)


@check("shares-test", points=4)
def shares_of_nothing_are_undefined(student, rng):
    counts = rng.uniform(0.1, 4, (4, 3))
    counts[[0, 2]] = 0
    hint = "Rows 0 and 2 have only zeros, and nothing to share out."
    student.expect("shares", counts, equals=shares(counts), hint=hint)


@check("shares-test", points=2)
def shares_of_tiny_counts_are_right(student, rng):
    counts = rng.uniform(0.1, 4, (3, 4)) * 1e-12
    hint = "Nothing may be added to a sum that is small and not 0."
    student.expect("shares", counts, equals=shares(counts), hint=hint)


@check("predict-test", points=6)
def predictions_are_right(student, rng):
    queries, keys = rng.uniform(0, 2, (4, 2)), rng.uniform(0, 2, (12, 2))
    expect_predictions(student, queries, keys, rng.normal(size=12), rng.uniform(2.9, 3.5))


@check("predict-test", points=4)
def a_single_key_in_reach_gives_its_value(student, rng):
    keys, values = lonely(rng, 6), rng.normal(size=6)
    nearest = np.array([3, 0, 5])
    angle = rng.uniform(0, 6, 3)
    queries = keys[nearest] + 1.3 * np.column_stack([np.cos(angle), np.sin(angle)])
    expect_predictions(student, queries, keys, values, 2.0)


@check("predict-test", points=4)
def without_a_key_in_reach_there_is_no_prediction(student, rng):
    keys, values = lonely(rng, 4), rng.normal(size=4)
    queries = np.concatenate([keys[:1] + 0.5, keys + np.array([0.0, 2.5])])
    expect_predictions(student, queries, keys, values, 2.0)


def expect_predictions(student, queries, keys, values, h):
    expected = predict(queries, keys, values, h)
    hint = "Distances are counted in bandwidths, and keys in reach share the whole."
    student.expect("predict", queries, keys, values, h, equals=expected, given=BASE, hint=hint)


@check("loo-test", points=6)
def predictions_from_the_others_are_right(student, rng):
    keys, values, h = rng.uniform(0, 2, (9, 2)), rng.normal(size=9), rng.uniform(2.9, 3.5)
    expect_left_out(student, keys, values, h)


@check("loo-test", points=3)
def two_keys_alone_predict_each_other(student, rng):
    places, values = lonely(rng, 3), rng.normal(size=6)
    expect_left_out(student, np.concatenate([places, places + 0.5]), values, 2.0)


@check("loo-test", points=3)
def a_lonely_key_has_no_prediction(student, rng):
    places = lonely(rng, 5)
    keys = np.concatenate([places, places[:1] + 0.5])  # and two that are not lonely
    expect_left_out(student, keys, rng.normal(size=6), 2.0)


def expect_left_out(student, keys, values, h):
    expected = [
        predict(keys[[i]], np.delete(keys, i, axis=0), np.delete(values, i), h)[0]
        for i in range(len(keys))
    ]
    hint = "A key may not count for itself, and the others share the whole."
    student.expect(
        "leave_one_out", keys, values, h, equals=expected, given=[*BASE, predict], hint=hint
    )


def slider():
    """Return the data of the book's slider, and the weights of one of its kernels."""
    data = nwlib.make_dataset(np.random.default_rng(542))

    def weights(kernel, bandwidth):
        return nwlib.kernel_weights(data.x_test, data.x_train, kernel, 1 / bandwidth)

    return data, weights


def best_bandwidth(kernel):
    """Return the position of the slider with the smallest error where there is a prediction."""
    data, weights = slider()
    return min(
        BANDWIDTHS,
        key=lambda h: np.nanmean((weights(kernel, h) @ data.y_train - data.y_true) ** 2),
    )


@check("slider-test", points=4)
def bandwidth_without_gaps_is_right(student, rng):
    _, weights = slider()
    expected = min(h for h in BANDWIDTHS if not np.isnan(weights(nwlib.boxcar, h)).any())
    why = "Which captions say that there are queries without a key in reach?"
    student.expect("bandwidth_without_gaps", equals=expected, hint=why, **ANSWER)


@check("slider-test", points=4)
def ratio_of_the_best_bandwidths_is_right(student, rng):
    expected = best_bandwidth(nwlib.epanechnikov) / best_bandwidth(nwlib.gaussian)
    why = "Which bandwidth has the smallest test error, for each kernel by itself?"
    student.expect("ratio_of_best_bandwidths", equals=expected, hint=why, **ANSWER)


RUBRIC = {
    "derivation": [
        ("1: leaving out takes one term from the sum above and one from the sum below", 4),
        ("1: both divided by the whole sum, so that alpha_ii appears, without a gap", 4),
        ("2: the residual is brought to the factor 1 / (1 - alpha_ii)", 2),
        ("2: the factor grows without bound as the bandwidth gets very small", 1),
        ("2: ordinary residuals would choose the smallest bandwidth, which repeats the noise", 2),
        ("3: 0 is a number like any other and cannot be told from a prediction", 2),
        ("3: NaN says that nothing is known there, and cannot be overlooked", 1),
        ("3: a sensible way to fill holes: wider bandwidth, nearest key, said openly", 2),
    ],
    "figure": [
        ("a map of the predictions, the right way up, on a grid of at least 60 x 60", 5),
        ("places without an answer are blank", 2),
        ("the keys on top", 2),
        ("both axes named, with units", 2),
        ("a colour bar with a label", 2),
        ("the title says how many places have no answer", 1),
    ],
}
