"""Checks of homework 5: a Laplace kernel's scale, learned under absolute errors; the Nile.

Each function builds on earlier ones, so it is asked for with right ones, too.
"""

from functools import cache
from pathlib import Path

import numpy as np

import nwlib
from nwgrade.checks import SINGLE, check

NILE = Path(__file__).parents[1] / "source" / "hw5" / "nile.csv"
SLIDER = np.geomspace(0.1, 100, 31).round(2)  # the positions of nwlib.sliders.w_slider
HALF_A_STEP = 10**0.05 - 1  # of the slider, as a share of w


# ---- The reference ----


def leave_one_out_weights(keys, w):
    result = np.zeros((keys.size, keys.size))
    for i, key in enumerate(keys):
        others = np.arange(keys.size) != i
        scores = -w * np.abs(keys[others] - key)
        exponentials = np.exp(scores - scores.max())
        result[i, others] = exponentials / exponentials.sum()
    return result


def loss(w, keys, values):
    return np.mean(np.abs(leave_one_out_weights(keys, w) @ values - values))


def gradient(w, keys, values):
    weights = leave_one_out_weights(keys, w)
    predictions = weights @ values
    centred = values - predictions[:, np.newaxis]
    moves = np.sum(weights * centred * -np.abs(np.subtract.outer(keys, keys)), axis=1)
    return np.mean(np.sign(predictions - values) * moves)


def descend(keys, values, w, learning_rate, n_steps):
    path = [w]
    for _ in range(n_steps):
        slope = path[-1] * gradient(path[-1], keys, values)
        path.append(np.exp(np.log(path[-1]) - learning_rate * slope))
    return np.array(path)


def best_break(keys, values):
    return keys[break_of(values, np.median, np.abs)]


# ---- leave_one_out_weights ----


@check("weights-test", points=5)
def the_other_keys_have_the_right_weights(student, rng):
    hint = "Near keys get most, none gets any of its own, and each row sums to 1."
    expect_weights(student, rng.uniform(0, 5, 6), 1.0, hint)


@check("weights-test", points=3)
def w_multiplies_the_distances(student, rng):
    for w in (rng.uniform(0.2, 0.6), rng.uniform(2, 4)):
        expect_weights(student, rng.uniform(0, 3, 5), w)


@check("weights-test", points=3)
def a_key_sees_its_twin_but_not_itself(student, rng):
    keys = rng.permutation(np.repeat(rng.uniform(0, 3, 4), [1, 2, 1, 3]))
    expect_weights(student, keys, 1.0, "Equal keys are two keys. Which one is masked?")


@check("weights-test", points=3)
def a_key_far_from_all_others_has_weights_too(student, rng):
    keys = np.append(rng.uniform(0, 2, 4), [rng.uniform(1e4, 1e5)])
    hint = "Which is the largest score of the row, once it is masked?"
    expect_weights(student, keys, 1.0, hint)


def expect_weights(student, keys, w, hint=""):
    expected = leave_one_out_weights(keys, w)
    student.expect("leave_one_out_weights", keys, w, equals=expected, hint=hint)


# ---- loss ----


def data(rng, n=9):
    """Return n keys in no order, and their values."""
    return rng.uniform(0, 5, n), rng.normal(2, 3, n)


@check("loss-test", points=5)
def the_loss_is_the_mean_of_the_absolute_errors(student, rng):
    expect_loss(student, 1.0, *data(rng))


@check("loss-test", points=3)
def the_loss_is_right_at_other_scales(student, rng):
    for w in (0.0, rng.uniform(2, 4)):
        expect_loss(student, w, *data(rng, 7))


def expect_loss(student, *args):
    right = {"equals": loss(*args), "given": [leave_one_out_weights], "rtol": SINGLE}
    student.expect("loss", *args, **right, hint="Predictions are weighted means of the others.")


# ---- gradient ----


@check("gradient-test", points=7)
def the_gradient_is_right_at_w_1(student, rng):
    expect_gradient(student, 1.0, *data(rng))


@check("gradient-test", points=4)
def the_gradient_is_right_at_other_scales(student, rng):
    for w in (rng.uniform(0.2, 0.6), rng.uniform(2, 3)):
        expect_gradient(student, w, *data(rng, 7))


@check("gradient-test", points=3)
def the_gradient_does_not_vanish_at_w_0(student, rng):
    expect_gradient(student, 0.0, *data(rng))


def expect_gradient(student, *args):
    right = {"equals": gradient(*args), "given": [leave_one_out_weights], "rtol": SINGLE}
    hint = "Which of the three layers, loss, softmax and score, has changed, and how?"
    student.expect("gradient", *args, **right, hint=hint)


# ---- descend ----


@check("descend-test", points=5)
def one_step_goes_downhill_in_ln_w(student, rng):
    expect_path(student, rng, 1, "What does the chain rule put in front of dL/dw?")


@check("descend-test", points=3)
def each_step_uses_the_gradient_where_it_stands(student, rng):
    expect_path(student, rng, 4)


@check("descend-test", points=2)
def without_a_step_the_path_is_its_start(student, rng):
    keys, values = data(rng)
    start = rng.uniform(0.3, 3)
    student.expect("descend", keys, values, start, 0.1, 0, equals=[start])


def expect_path(student, rng, n_steps, hint=""):
    args = *a_slope(rng), n_steps
    base = [leave_one_out_weights, gradient]
    student.expect("descend", *args, equals=descend(*args), given=base, rtol=SINGLE, hint=hint)


def a_slope(rng):
    """Return data, start and learning rate, so that steps are neither tiny nor huge, nor alike."""
    while True:
        keys, values = data(rng)
        start = rng.uniform(0.3, 0.8)
        rate = rng.uniform(0.2, 0.4) / abs(start * gradient(start, keys, values))
        lengths = np.diff(np.log(descend(keys, values, start, rate, 4)))
        if np.abs(lengths).max() < 1 and np.ptp(lengths) > 0.05:
            return keys, values, start, rate


# ---- best_break ----


@check("best_break-test", points=4)
def a_clean_step_is_found(student, rng):
    n = int(rng.integers(8, 15))
    first = int(rng.integers(2, n - 2))
    values = np.where(np.arange(n) < first, *rng.normal(0, 5, 2))
    keys = np.cumsum(rng.uniform(0.5, 2, n))
    hint = "What is asked for is the first key of the second group."
    student.expect("best_break", keys, values, equals=keys[first], hint=hint)


@check("best_break-test", points=2)
def a_group_may_be_a_single_point(student, rng):
    n = int(rng.integers(6, 10))
    keys = np.cumsum(rng.uniform(0.5, 2, n))
    for first in (1, n - 1):
        values = np.where(np.arange(n) < first, *rng.normal(0, 5, 2))
        student.expect("best_break", keys, values, equals=keys[first])


@check("best_break-test", points=4)
def the_constants_are_medians_under_absolute_errors(student, rng):
    keys, values = np.cumsum(rng.uniform(0.5, 2, 15)), None
    first, others = 0, {0}
    while first in others:  # until it makes a difference which constant and error one takes
        values = rng.standard_cauchy(15)
        first = break_of(values, np.median, np.abs)
        others = {
            break_of(values, np.mean, np.square),
            break_of(values, np.mean, np.abs),
            break_of(values, np.median, np.square),
        }
    student.expect("best_break", keys, values, equals=keys[first])


def break_of(values, constant, error):
    """Return the index of the first point of the second group."""
    costs = [
        sum(error(group - constant(group)).sum() for group in np.split(values, [k]))
        for k in range(1, values.size)
    ]
    return 1 + int(np.argmin(costs))


# ---- The slider ----


@check("slider-test", points=3)
def the_leave_one_out_loss_is_lowest_there(student, rng):
    book = nwlib.make_dataset(np.random.default_rng(542))
    losses = [nwlib.loss(w, book.x_train, book.y_train) for w in SLIDER]
    expect_position(student, "w_of_lowest_loss", losses)


@check("slider-test", points=3)
def the_test_error_is_lowest_there(student, rng):
    book = nwlib.make_dataset(np.random.default_rng(542))
    predictions = [
        nwlib.nadaraya_watson(book.x_test, book.x_train, book.y_train, w) for w in SLIDER
    ]
    errors = [np.mean((prediction - book.y_true) ** 2) for prediction in predictions]
    expect_position(student, "w_of_lowest_error", errors)


def expect_position(student, name, numbers):
    """Fail unless the function returns the position of the lowest number, without telling it."""
    lowest, hint = SLIDER[np.argmin(numbers)], "Read the line under the picture again."
    student.expect(name, equals=lowest, rtol=HALF_A_STEP, atol=0, hint=hint, secret=True)


# ---- The Nile ----


@check("bandwidths-test", points=3)
def the_bandwidths_of_all_years_are_those_with_a_low_loss(student, rng):
    expect_bandwidths(student, 0)


@check("bandwidths-test", points=3)
def the_bandwidths_from_the_break_on_are_those_with_a_low_loss(student, rng):
    expect_bandwidths(student, 1)


@cache
def nile_bandwidths():
    """Return the smallest and the largest bandwidth of all years, and of those from the break."""
    years, flow = np.loadtxt(NILE, delimiter=",", unpack=True)
    found = []
    for chosen in (years > 0, years >= best_break(years, flow)):
        losses = np.array([loss(1 / h, years[chosen], flow[chosen]) for h in range(1, 31)])
        low = 1 + np.flatnonzero(losses <= 1.01 * losses.min())
        found.append([low.min(), low.max()])
    return np.array(found, dtype=float)


def expect_bandwidths(student, place):
    def one_row(got):
        return got[place] if isinstance(got, np.ndarray) and got.shape == (2, 2) else got

    student.expect(
        "nile_bandwidths",
        equals=nile_bandwidths()[place],
        given=[leave_one_out_weights, loss, break_of, best_break],
        see=one_row,
        hint=f"Seen here is row {place}. A bandwidth is 1/w, and a low loss is within 1%.",
        secret=True,
    )


RUBRIC = {
    "derivation": [
        ("1: the loss: sign(f_i - y_i), and the mean over the points", 2),
        ("1: the softmax: alpha_ij (y_j - f_i) s_ij', with its reason", 3),
        ("1: the score: -|x_i - x_j|, and the whole formula", 3),
        ("1: the masked term is absent, or would be 0", 1),
        ("2: it does not vanish: the score is linear in w, the book's has w^2", 2),
        ("3: where a prediction is equal to its value", 1),
    ],
    "figure": [
        ("the flow of all years as points", 2),
        ("the leave-one-out predictions, as a line, at the chosen bandwidth", 3),
        ("two medians, each over its own years, and the break marked", 3),
        ("axes named with units, lines labelled, a title that says what there is to see", 2),
    ],
    "limits": [
        ("1: a large bandwidth over all years mixes both sides of the break", 1),
        ("1: a small one pays with noise everywhere: one scale for all queries", 1),
        ("1: from the break on the loss hardly tells one bandwidth from another", 1),
        ("2: the predictions smear the step over several years", 1),
        ("2: weights depend on the distance only, so half of them come from the wrong side", 2),
        ("3: a first limit, with its reason (cause, future, certainty of the year, suddenness)", 2),
        ("3: a second limit, with its reason", 2),
    ],
}
