"""Checks of homework 1: a truth, noise whose size depends on the input, and errors.

The functions stand apart, but that an answer may use `squared_errors` for the standardized ones.
"""

import numpy as np

import nwlib
from nwgrade.checks import check, seed

END = 6  # hours


def squared_errors(prediction, y):
    return np.array([np.mean((row - prediction) ** 2) for row in y])


def times(rng, *shape):
    """Return random times on both sides of the third hour, where the noise begins to grow."""
    x = rng.uniform(0, END, shape)
    x.flat[:2] = rng.uniform(0, 3), rng.uniform(3, END)
    return x


@check("world-test", points=4)
def truth_has_the_right_values(student, rng):
    x = times(rng, 9)
    hint = "How fast does the exponential fall? And which unit has the angle?"
    student.expect("truth", x, equals=3 * np.exp(-x / 2) + np.cos(2 * x), hint=hint)


@check("world-test", points=3)
def truth_takes_arrays_of_any_shape(student, rng):
    x = times(rng, 2, 4)
    student.expect("truth", x, equals=3 * np.exp(-x / 2) + np.cos(2 * x))


@check("world-test", points=3)
def noise_is_steady_for_three_hours(student, rng):
    student.expect("noise_std", rng.uniform(0, 3, 6), equals=np.full(6, 0.2))


@check("world-test", points=4)
def noise_grows_after_three_hours(student, rng):
    x = times(rng, 3, 4)
    student.expect("noise_std", x, equals=np.where(x < 3, 0.2, 0.2 + 0.15 * (x - 3)))


@check("inputs-test", points=4)
def inputs_are_those_of_the_generator(student, rng):
    hint = "All randomness comes from rng, once, and reaches over all six hours."
    for number in map(int, rng.integers(10**6, size=3)):
        drawn = np.random.default_rng(number).uniform(0, END, 1)
        student.expect("make_inputs", seed(number), 1, equals=drawn, hint=hint)


@check("inputs-test", points=4)
def inputs_are_in_ascending_order(student, rng):
    number, n = int(rng.integers(10**6)), int(rng.integers(5, 30))
    drawn = np.random.default_rng(number).uniform(0, END, n)
    student.expect("make_inputs", seed(number), n, equals=np.sort(drawn))


def expect_outputs(student, rng, readings, sigma, hint=""):
    """Fail unless `observe` gives the outputs that its generator stands for."""
    number, f = int(rng.integers(10**6)), rng.normal(size=sigma.size)
    z = np.random.default_rng(number).standard_normal((readings, sigma.size))
    student.expect("observe", seed(number), f, sigma, readings, equals=f + sigma * z, hint=hint)


@check("observe-test", points=5)
def one_reading_is_right(student, rng):
    hint = "The noise is normal, and sigma is its standard deviation."
    expect_outputs(student, rng, 1, rng.uniform(0.5, 2, 6), hint)


@check("observe-test", points=6)
def many_readings_are_right(student, rng):
    hint = "The first row is the first reading, the second row the second, with fresh noise."
    expect_outputs(student, rng, 5, rng.uniform(0.5, 2, 3), hint)


@check("observe-test", points=3)
def without_noise_each_reading_is_the_truth(student, rng):
    expect_outputs(student, rng, 4, np.zeros(7))


@check("errors-test", points=4)
def error_of_one_reading_is_right(student, rng):
    prediction, y = rng.normal(size=6), rng.normal(size=(1, 6))
    hint = "What happens to each difference, and what to all of them together?"
    student.expect("squared_errors", prediction, y, equals=squared_errors(prediction, y), hint=hint)


@check("errors-test", points=6)
def each_reading_has_its_own_error(student, rng):
    prediction, y = rng.normal(size=4), rng.normal(size=(7, 4))
    hint = "A reading is a row. Which axis goes away?"
    student.expect("squared_errors", prediction, y, equals=squared_errors(prediction, y), hint=hint)


@check("floor-test", points=6)
def noise_floor_is_right(student, rng):
    sigma = rng.uniform(0.2, 3, 5)
    hint = "What is the floor of one input? And of many?"
    student.expect("noise_floor", sigma, equals=np.sum(sigma**2) / 5, hint=hint)


@check("floor-test", points=8)
def standardized_errors_are_right(student, rng):
    prediction, y, sigma = rng.normal(size=4), rng.normal(size=(6, 4)), rng.uniform(0.2, 3, 4)
    expected = [np.sum((row - prediction) ** 2 / sigma**2) / 4 for row in y]
    hint = "Each error is counted in units of the noise at its own input."
    student.expect(
        "standardized_errors",
        prediction,
        y,
        sigma,
        equals=expected,
        given=[squared_errors],
        hint=hint,
    )


@check("slider-test", points=8)
def error_against_fresh_outputs_is_right(student, rng):
    data = nwlib.make_dataset(np.random.default_rng(542))
    prediction = nwlib.nadaraya_watson(data.x_test, data.x_train, data.y_train, 2.2)
    against_truth = np.mean((prediction - data.y_true) ** 2)
    hint = "Which part comes from the slider, and which from the noise? See equation (1.4)."
    rounding = {"rtol": 0, "atol": 0.006}  # the caption has two digits after the point
    student.expect("fresh_error", equals=against_truth + 0.25, hint=hint, secret=True, **rounding)


RUBRIC = {
    "derivation": [
        ("1: the square is expanded, with y = f + sigma z put in", 3),
        ("1: the middle term is 0 because the noise has mean 0; the result has sigma(x)^2", 3),
        ("1: independence: a prediction that has seen the noise could follow it", 2),
        ("2: the noise floor is the mean of sigma_i^2", 3),
        ("2: the friend's number is too small, with a reason (variance of the sigma_i)", 2),
        ("3: the expected standardized error of the perfect prediction is 1", 2),
        ("3: it punishes most in the first three hours, where sigma is small", 2),
        ("3: a view on whether that is fair, with a reason", 1),
    ],
    "figure": [
        ("80 points of one reading, drawn as points", 3),
        ("the truth as a line on a fine grid", 3),
        ("the band of two standard deviations, wider after three hours", 4),
        ("both axes named, with units", 2),
        ("a legend, or labels, that tell the three apart", 2),
    ],
}
