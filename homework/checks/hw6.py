"""Checks of homework 6: days alike along one direction, a whole day left out, a band's coverage.

The gradient builds on the weights and the coverage on the band, so each is asked for with right
ones, too.
"""

import numpy as np

import nwlib
from nwgrade.checks import SINGLE, check

# ---- The reference ----


def hat_matrix(keys, a):
    rows = [np.exp(-np.square((keys - key) @ a) / 2) for key in keys]
    return np.array([row / row.sum() for row in rows])


def other_days(hat, days):
    result = np.zeros(hat.shape)
    for i, day in enumerate(days):
        others = days != day
        result[i, others] = hat[i, others] / hat[i, others].sum()
    return result


def gradient(a, keys, values, days):
    weights = other_days(hat_matrix(keys, a), days)
    total = np.zeros(a.size)
    for row, key, value in zip(weights, keys, values, strict=True):
        slopes = ((keys - key) @ a)[:, np.newaxis] * (key - keys)  # of the scores
        total += 2 * (row @ values - value) * ((row * values) @ (slopes - row @ slopes))
    return total / values.size


def band(hat, values):
    predictions = hat @ values
    freedom = values.size - 2 * np.trace(hat) + np.sum(hat**2)
    variance = np.sum((values - predictions) ** 2) / freedom
    half = 2 * np.sqrt(variance) * np.linalg.norm(hat, axis=1)
    return np.array([predictions - half, predictions + half])


def coverage(hat, truth, winters):
    return np.mean(held(hat, truth, winters), axis=0)


def held(hat, what, winters):
    """Return whether each winter's band holds it, shape (m, n)."""
    bands = np.array([band(hat, values) for values in winters])
    return np.abs(what - bands.mean(axis=1)) <= np.ptp(bands, axis=1) / 2


# ---- hat_matrix ----


@check("hat_matrix-test", points=5)
def the_weights_are_those_of_the_distance_along_a(student, rng):
    hint = "Two keys are as far apart as their indices, which are one number each."
    expect_weights(student, rng.normal(size=(6, 3)), direction(rng, 3), hint)


@check("hat_matrix-test", points=3)
def a_move_across_a_changes_no_weight(student, rng):
    a = direction(rng, 4)
    keys, moves = np.outer(rng.normal(size=5), a), rng.normal(size=(5, 4))
    hint = "Which moves of a key leave its product with a as it is?"
    expect_weights(student, keys + moves - np.outer(moves @ a, a), a, hint)


@check("hat_matrix-test", points=2)
def a_longer_a_is_sharper(student, rng):
    for length in (rng.uniform(0.2, 0.5), rng.uniform(2, 4)):
        expect_weights(student, rng.normal(size=(5, 2)), length * direction(rng, 2))


def direction(rng, d):
    """Return a vector of length 1 with no small component."""
    a = rng.uniform(0.5, 1, d) * rng.choice([-1, 1], d)
    return a / np.linalg.norm(a)


def expect_weights(student, keys, a, hint=""):
    student.expect("hat_matrix", keys, a, equals=hat_matrix(keys, a), hint=hint)


# ---- other_days ----


@check("other_days-test", points=4)
def days_read_once_are_left_out_one_by_one(student, rng):
    hint = "The weights that are left sum to 1 in each row, and keep their ratios."
    expect_others(student, rng, rng.permutation(6), hint)


@check("other_days-test", points=5)
def days_read_twice_are_left_out_whole(student, rng):
    hint = "A reading sees neither itself nor the other one of its day. What do the rest sum to?"
    expect_others(student, rng, np.repeat(rng.permutation(4), 2), hint)


@check("other_days-test", points=3)
def days_of_any_length_in_any_order_are_left_out(student, rng):
    days = rng.permutation(np.repeat(rng.choice(20, 4, replace=False), [1, 2, 3, 1]))
    expect_others(student, rng, days, "The label tells the day, and not the place in the list.")


def expect_others(student, rng, days, hint):
    weights = rng.dirichlet(np.ones(days.size), size=days.size)
    student.expect("other_days", weights, days, equals=other_days(weights, days), hint=hint)


# ---- gradient ----


@check("gradient-test", points=5)
def with_one_entry_the_gradient_is_that_of_chapter_5(student, rng):
    keys, values, w = rng.uniform(0, 5, 8), rng.normal(size=8), rng.uniform(0.5, 1.5)
    expected = [nwlib.gradient(w, keys, values)]
    args = np.array([w]), keys[:, np.newaxis], values, np.arange(8)
    hint = "With one entry and days read once it is (5.4): factor, sign and all."
    expect_gradient(student, args, expected, hint)


@check("gradient-test", points=8)
def each_entry_of_a_has_a_derivative_of_its_own(student, rng):
    args = a_case(rng, rng.permutation(7))
    hint = "The score is the square of a sum. What is its derivative with respect to one a_c?"
    expect_gradient(student, args, gradient(*args), hint)


@check("gradient-test", points=5)
def the_own_day_has_no_part_in_the_gradient(student, rng):
    args = a_case(rng, rng.permutation(np.repeat(np.arange(4), 2)))
    hint = "With which weights does the loss predict?"
    expect_gradient(student, args, gradient(*args), hint)


@check("gradient-test", points=2)
def the_gradient_is_right_for_a_longer_a(student, rng):
    a, *rest = a_case(rng, np.repeat(np.arange(4), 2))
    args = 2 * a, *rest
    expect_gradient(student, args, gradient(*args), "How does the length of a enter the slope?")


def a_case(rng, days):
    """Return a, keys, values and days, so that no derivative is tiny."""
    while True:
        a, keys = direction(rng, 3), rng.normal(size=(days.size, 3))
        values = rng.normal(1, 2, days.size)
        if np.abs(gradient(a, keys, values, days)).min() > 0.05:
            return a, keys, values, days


def expect_gradient(student, args, expected, hint):
    right = {"equals": expected, "given": [hat_matrix, other_days], "rtol": SINGLE}
    student.expect("gradient", *args, **right, hint=hint)


# ---- band ----


@check("band-test", points=3)
def the_prediction_is_in_the_middle(student, rng):
    hint = "Seen here is the mean of the two rows."
    expect_band(student, rng, lambda edges: edges.mean(axis=0), hint)


@check("band-test", points=5)
def the_band_is_wide_where_few_have_the_weight(student, rng):
    hint = "Seen here are the widths in units of the first. Along which axis do you sum, and what?"
    expect_band(student, rng, lambda edges: widths(edges) / widths(edges)[0], hint)


@check("band-test", points=6)
def the_band_is_as_wide_as_two_standard_errors(student, rng):
    hint = "Which edge is first? What divides the squares? Is it sigma or its square?"
    expect_band(student, rng, lambda edges: edges, hint)


def widths(edges):
    return edges[1] - edges[0]


def expect_band(student, rng, part, hint):
    """Fail unless this part of the band, a function of its two edges, is right."""
    weights, values = sharp_weights(rng, 7), rng.normal(1, 3, 7)

    def see(got):
        is_band = isinstance(got, np.ndarray) and got.shape == (2, 7) and got.dtype.kind in "iuf"
        with np.errstate(all="ignore"):  # what a submission returns may be infinite
            return part(got.astype(float)) if is_band else got

    student.expect("band", weights, values, equals=see(band(weights, values)), see=see, hint=hint)


def sharp_weights(rng, n):
    """Return rows of weights that sum to 1, most of it on the diagonal, more or less sharply."""
    own = rng.uniform(0.2, 0.7, (n, 1))
    return own * np.eye(n) + (1 - own) * rng.dirichlet(np.ones(n), size=n)


# ---- coverage ----


@check("coverage-test", points=6)
def the_share_of_winters_is_right(student, rng):
    hint = "A winter counts if the truth is between the edges of that winter's band."
    expect_coverage(student, *some_winters(rng, 9), hint)


@check("coverage-test", points=2)
def a_single_winter_holds_the_truth_or_not(student, rng):
    expect_coverage(student, *some_winters(rng, 1), "One winter is a table with one row.")


@check("coverage-test", points=2)
def winters_are_rows_even_if_as_many_as_readings(student, rng):
    expect_coverage(student, *some_winters(rng, 6), "Over which axis do you count?")


def some_winters(rng, m):
    """Return weights, truth and m winters of 6 readings.

    The truth is outside above and below, and it matters what is held, and over what one counts.
    """
    while True:
        weights, truth = sharp_weights(rng, 6), rng.normal(0, 3, 6)
        winters = truth + rng.normal(size=(m, 6))
        lower, upper = np.transpose([band(weights, values) for values in winters], (1, 0, 2))
        outside = [(truth < lower).any(), (truth > upper).any()]
        shares = coverage(weights, truth, winters)
        wrong = [held(weights, winters, winters).mean(axis=0)]
        wrong += [held(weights, truth, winters).mean(axis=1)] if m == 6 else []
        if all(outside) and np.ptp(shares) > 0 and all(np.any(w != shares) for w in wrong):
            return weights, truth, winters


def expect_coverage(student, weights, truth, winters, hint):
    expected = coverage(weights, truth, winters)
    args = weights, truth, winters
    student.expect("coverage", *args, equals=expected, given=[band], hint=hint)


RUBRIC = {
    "derivation": [
        ("1: minus a . (x_i - x_j), times the difference in entry c", 4),
        ("2: it is put into (6.4), with the weights of part B", 3),
        ("3: the masked exponentials are 0 and leave the sum", 1),
        ("3: the whole sum, above and below, makes it H_ij over the sum of the seen", 2),
    ],
    "figure": [
        ("the means of the days as points, over the learned index", 2),
        ("the predictions from these means, as a line that runs from left to right", 2),
        ("the band of these predictions, shaded, and the truth as other marks", 3),
        ("axes named, the power with its unit; all is labelled; a title that says what to see", 3),
    ],
    "answers": [
        ("1: the longest: the other reading has the same weather, so it gets the weight", 3),
        ("1: and it shares the mood, so that it predicts the noise, too", 2),
        ("1: the readings of a day are not independent, and the formula takes them to be", 2),
        ("1: they are counted as two, so the band is too narrow", 1),
        ("2: in the middle, where the curve is steep or bends, not at its flat ends", 2),
        ("2: taken for granted: that there is no bias; or that the learned a is the true one", 2),
        ("2: no: a reading has its own mood and error around the curve", 2),
    ],
}
