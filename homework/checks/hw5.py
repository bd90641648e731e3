"""Checks of homework 5: a Laplace kernel's scale, learned under absolute errors; the Nile.

Where a function rests on earlier ones, it is also right if it does the right thing with what the
student's own earlier functions return: a mistake is counted once.
"""

from functools import cache
from pathlib import Path

import numpy as np

from nwgrade.checks import Failed, check, compare
from nwlib import loss as squared_loss
from nwlib import make_dataset, nadaraya_watson

NILE = Path(__file__).parents[1] / "source" / "hw5" / "nile.csv"
SLIDER = np.geomspace(0.1, 100, 31).round(2)  # the positions of nwlib.sliders.w_slider
HALF_A_STEP = 10**0.05 - 1  # of the slider, as a share of w
SINGLE = 2e-4  # for what is computed in single precision on the way, as nwgrade.checks allows it


# ---- The reference ----


def weights_of(keys, w):
    """Return the leave-one-out weights, row by row from the other keys."""
    result = np.zeros((keys.size, keys.size))
    for i, key in enumerate(keys):
        others = np.arange(keys.size) != i
        scores = -w * np.abs(keys[others] - key)
        exponentials = np.exp(scores - scores.max())
        result[i, others] = exponentials / exponentials.sum()
    return result


def loss_with(weights, values):
    """Return the mean absolute error of predictions by these weights."""
    return np.mean(np.abs(weights @ values - values))


def gradient_with(weights, keys, values):
    """Return the derivative of the loss with respect to w, given the weights at w."""
    predictions = weights @ values
    centred = values - predictions[:, np.newaxis]
    moves = np.sum(weights * centred * -np.abs(np.subtract.outer(keys, keys)), axis=1)
    return np.mean(np.sign(predictions - values) * moves)


def data(rng, n=9):
    """Return n keys in no order, and their values."""
    return rng.uniform(0, 5, n), rng.normal(2, 3, n)


# ---- What rests on earlier functions ----


def own(student, name, shape, *args):
    """Return what the student's function gives, as finite numbers of that shape, or fail."""
    got = student.call(name, *args)
    compare(got, np.zeros(shape), f"{name}(...)", rtol=0, atol=1e12)
    return np.asarray(got, dtype=float)


def expect_either(student, name, *args, equals, carried):
    """Fail unless the function returns the value, or what `carried()` makes of earlier answers."""
    got = student.call(name, *args)
    try:
        compare(got, equals, f"{name}(...)", rtol=SINGLE)
    except Failed as failed:
        try:
            compare(got, carried(), "", rtol=SINGLE)
        except Failed:
            raise failed from None


def own_weights(student, keys, w):
    """Return the student's weights at w, right or wrong, or None where they say nothing.

    They are asked for before any values are shown, so that none can be made to fit the values.
    """
    try:
        weights = own(student, "leave_one_out_weights", (keys.size, keys.size), keys, w)
    except Failed:
        return None
    return weights if (weights - np.diag(np.diag(weights))).any() else None


def rests_on(weights):
    """Fail if there are no weights that an answer could rest on."""
    if weights is None:
        raise Failed("leave_one_out_weights(...) gives no weight to the other keys.")
    return weights


# ---- leave_one_out_weights ----


@check("weights-test", points=5)
def the_other_keys_have_the_right_weights(student, rng):
    keys = rng.uniform(0, 5, 6)
    student.expect("leave_one_out_weights", keys, 1.0, equals=weights_of(keys, 1.0))


@check("weights-test", points=3)
def w_multiplies_the_distances(student, rng):
    for w in (rng.uniform(0.2, 0.6), rng.uniform(2, 4)):
        keys = rng.uniform(0, 3, 5)
        student.expect("leave_one_out_weights", keys, w, equals=weights_of(keys, w))


@check("weights-test", points=3)
def a_key_sees_its_twin_but_not_itself(student, rng):
    keys = rng.permutation(np.repeat(rng.uniform(0, 3, 4), [1, 2, 1, 3]))
    student.expect("leave_one_out_weights", keys, 1.0, equals=weights_of(keys, 1.0))


@check("weights-test", points=3)
def a_key_far_from_all_others_has_weights_too(student, rng):
    keys = np.append(rng.uniform(0, 2, 4), [rng.uniform(1e4, 1e5)])
    hint = "Which is the largest score of the row, once it is masked?"
    student.expect("leave_one_out_weights", keys, 1.0, equals=weights_of(keys, 1.0), hint=hint)


# ---- loss ----


@check("loss-test", points=5)
def the_loss_is_the_mean_of_the_absolute_errors(student, rng):
    expect_loss(student, *data(rng), 1.0)


@check("loss-test", points=3)
def the_loss_is_right_at_other_scales(student, rng):
    for w in (0.0, rng.uniform(2, 4)):
        expect_loss(student, *data(rng, 7), w)


def expect_loss(student, keys, values, w):
    right = loss_with(weights_of(keys, w), values)
    weights = own_weights(student, keys, w)
    expect_either(
        student,
        *("loss", w, keys, values),
        equals=right,
        carried=lambda: loss_with(rests_on(weights), values),
    )


# ---- gradient ----


@check("gradient-test", points=7)
def the_gradient_is_right_at_w_1(student, rng):
    expect_gradient(student, *data(rng), 1.0)


@check("gradient-test", points=4)
def the_gradient_is_right_at_other_scales(student, rng):
    for w in (rng.uniform(0.2, 0.6), rng.uniform(2, 3)):
        expect_gradient(student, *data(rng, 7), w)


@check("gradient-test", points=3)
def the_gradient_does_not_vanish_at_w_0(student, rng):
    expect_gradient(student, *data(rng), 0.0)


def expect_gradient(student, keys, values, w):
    right = gradient_with(weights_of(keys, w), keys, values)
    weights = own_weights(student, keys, w)
    expect_either(
        student,
        *("gradient", w, keys, values),
        equals=right,
        carried=lambda: gradient_with(rests_on(weights), keys, values),
    )


# ---- descend ----


@check("descend-test", points=5)
def one_step_goes_downhill_in_ln_w(student, rng):
    expect_path(student, rng, 1)


@check("descend-test", points=3)
def each_step_uses_the_gradient_where_it_stands(student, rng):
    expect_path(student, rng, 4)


@check("descend-test", points=2)
def without_a_step_the_path_is_its_start(student, rng):
    keys, values = data(rng)
    start = rng.uniform(0.3, 3)
    student.expect("descend", keys, values, start, 0.1, 0, equals=[start])


def expect_path(student, rng, n_steps):
    keys, values, start, rate = a_slope(rng)
    path = path_with(right_gradient(keys, values), start, rate, n_steps)

    def carried():
        own_path = path_with(own_gradient(student, keys, values), start, rate, n_steps)
        if np.allclose(own_path, start):
            raise Failed("gradient(...) is 0.")
        return own_path

    expect_either(
        student, *("descend", keys, values, start, rate, n_steps), equals=path, carried=carried
    )


def a_slope(rng):
    """Return data, start and learning rate, so that steps are neither tiny nor huge, nor alike."""
    while True:
        keys, values = data(rng)
        gradient, start = right_gradient(keys, values), rng.uniform(0.3, 0.8)
        rate = rng.uniform(0.2, 0.4) / abs(start * gradient(start))
        lengths = np.diff(np.log(path_with(gradient, start, rate, 4)))
        if np.abs(lengths).max() < 1 and np.ptp(lengths) > 0.05:
            return keys, values, start, rate


def right_gradient(keys, values):
    return lambda w: gradient_with(weights_of(keys, w), keys, values)


def own_gradient(student, keys, values):
    return lambda w: float(own(student, "gradient", (), w, keys, values))


def path_with(slope, w, rate, n_steps):
    """Return the path of w, where ln w descends."""
    path = [w]
    for _ in range(n_steps):
        theta = np.log(path[-1]) - rate * path[-1] * slope(path[-1])
        path.append(np.exp(np.clip(theta, -100, 100)))
    return np.array(path)


# ---- best_break ----


@check("best_break-test", points=4)
def a_clean_step_is_found(student, rng):
    n = int(rng.integers(8, 15))
    first = int(rng.integers(2, n - 2))
    values = np.where(np.arange(n) < first, *rng.normal(0, 5, 2))
    keys = np.cumsum(rng.uniform(0.5, 2, n))
    student.expect("best_break", keys, values, equals=keys[first])


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
    book = make_dataset(np.random.default_rng(542))
    losses = [squared_loss(w, book.x_train, book.y_train) for w in SLIDER]
    expect_position(student, "w_of_lowest_loss", losses)


@check("slider-test", points=3)
def the_test_error_is_lowest_there(student, rng):
    book = make_dataset(np.random.default_rng(542))
    predictions = [nadaraya_watson(book.x_test, book.x_train, book.y_train, w) for w in SLIDER]
    errors = [np.mean((prediction - book.y_true) ** 2) for prediction in predictions]
    expect_position(student, "w_of_lowest_error", errors)


def expect_position(student, name, numbers):
    """Fail unless the function returns the position of the lowest number, without telling it."""
    lowest, hint = SLIDER[np.argmin(numbers)], "Read the line under the picture again."
    student.expect(name, equals=lowest, rtol=HALF_A_STEP, atol=0, hint=hint, secret=True)


# ---- The Nile ----


@check("bandwidths-test", points=3)
def the_bandwidth_of_all_years_has_the_lowest_loss(student, rng):
    expect_bandwidth(student, 0)


@check("bandwidths-test", points=3)
def the_bandwidth_from_the_break_on_has_the_lowest_loss(student, rng):
    expect_bandwidth(student, 1)


@cache
def nile():
    """Return years, flow and the lowest loss: of all years, and of those from the break on."""
    years, flow = np.loadtxt(NILE, delimiter=",", unpack=True)
    later = np.arange(years.size) >= break_of(flow, np.median, np.abs)
    return [
        (keys, values, min(loss_with(weights_of(keys, 1 / h), values) for h in range(1, 31)))
        for keys, values in [(years, flow), (years[later], flow[later])]
    ]


def expect_bandwidth(student, place):
    """Fail unless the bandwidth's loss is the lowest, to four digits: the valley is flat."""
    bandwidth = own(student, "nile_bandwidths", (2,))[place]
    keys, values, lowest = nile()[place]
    is_allowed = 1 <= bandwidth <= 30
    if not is_allowed or loss_with(weights_of(keys, 1 / bandwidth), values) > 1.0001 * lowest:
        which = ("first", "second")[place]
        raise Failed(f"The {which} of the bandwidths has not the lowest leave-one-out loss.")


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
        ("1: from the break on a constant does as well as any curve", 1),
        ("2: the predictions smear the step over several years", 1),
        ("2: weights depend on the distance only, so half of them come from the wrong side", 2),
        ("3: a first limit, with its reason (cause, future, certainty of the year, suddenness)", 2),
        ("3: a second limit, with its reason", 2),
    ],
}
