"""Homework 1: right answers keep all points, wrong ones lose those that they should."""

import numpy as np
import pytest

import nwlib
from nwlib import sliders

from .submissions import answered, changed, grade, lost

NAME = "hw1"


TRUTH = {"truth_has_the_right_values", "truth_takes_arrays_of_any_shape"}
INPUTS = {"inputs_are_those_of_the_generator", "inputs_are_in_ascending_order"}
NOISE = {"one_reading_is_right", "many_readings_are_right"}
ERRORS = {"error_of_one_reading_is_right", "each_reading_has_its_own_error"}

# What is wrong: the answer, the piece of it that a student gets wrong, how, and the checks lost.
WRONG = [
    (
        "world",
        "3 * np.exp(-x / 2)",
        "3 * np.exp(-2 * x)",
        TRUTH,
    ),
    ("world", "np.cos(2 * x)", "np.cos(np.radians(2 * x))", TRUTH),
    (
        "world",
        "3 * np.exp(-x / 2) + np.cos(2 * x)",
        "np.array([3 * np.exp(-t / 2) + np.cos(2 * t) for t in x.ravel()])",
        {"truth_takes_arrays_of_any_shape"},
    ),
    (
        "world",
        "np.maximum(0, x - 3)",
        "(x - 3)",
        {"noise_is_steady_for_three_hours", "noise_grows_after_three_hours"},
    ),
    ("world", "0.15 * np.maximum(0, x - 3)", "0 * x", {"noise_grows_after_three_hours"}),
    (
        "world",
        "np.maximum(0, x - 3)",
        "max(0, x - 3)",
        {"noise_is_steady_for_three_hours", "noise_grows_after_three_hours"},
    ),
    (
        "inputs",
        "np.sort(rng.uniform(0, 6, n))",
        "rng.uniform(0, 6, n)",
        {"inputs_are_in_ascending_order"},
    ),
    (
        "inputs",
        "np.sort(rng.uniform(0, 6, n))",
        "-np.sort(-rng.uniform(0, 6, n))",
        {"inputs_are_in_ascending_order"},
    ),
    (
        "inputs",
        "rng.uniform(0, 6, n)",
        "np.random.default_rng(0).uniform(0, 6, n)",
        INPUTS,
    ),
    ("inputs", "0, 6, n", "0, 5, n", INPUTS),
    ("inputs", "np.sort(rng.uniform(0, 6, n))", "np.linspace(0, 6, n)", INPUTS),
    (
        "observe",
        "sigma *",
        "sigma**2 *",
        NOISE,
    ),
    (
        "observe",
        "rng.standard_normal((times, len(f)))",
        "rng.standard_normal((len(f), times)).T",
        {"many_readings_are_right"},
    ),
    (
        "observe",
        "rng.standard_normal((times, len(f)))",
        "np.tile(rng.standard_normal(len(f)), (times, 1))",
        {"many_readings_are_right"},
    ),
    (
        "observe",
        "rng.standard_normal((times, len(f)))",
        "rng.uniform(-1, 1, (times, len(f)))",
        NOISE,
    ),
    ("observe", "return f + sigma", "sigma", {*NOISE, "without_noise_each_reading_is_the_truth"}),
    (
        "errors",
        "axis=1",
        "axis=0",
        ERRORS,
    ),
    ("errors", "np.mean(", "np.sum(", ERRORS),
    ("errors", "(prediction - y) ** 2", "abs(prediction - y)", ERRORS),
    (
        "errors",
        "np.mean((prediction - y) ** 2, axis=1)",
        "np.atleast_1d(np.mean((prediction - y) ** 2))",
        {"each_reading_has_its_own_error"},
    ),
    ("floor", "np.mean(sigma**2)", "np.mean(sigma) ** 2", {"noise_floor_is_right"}),
    ("floor", "np.mean(sigma**2)", "np.mean(sigma)", {"noise_floor_is_right"}),
    (
        "floor",
        "((prediction - y) / sigma) ** 2",
        "(prediction - y) ** 2 / sigma",
        {"standardized_errors_are_right"},
    ),
    (
        "floor",
        "(prediction - y) / sigma",
        "(prediction - y) / np.mean(sigma)",
        {"standardized_errors_are_right"},
    ),
    ("slider", "0.12 + 0.5**2", "0.12", {"error_against_fresh_outputs_is_right"}),
    ("slider", "0.12 + 0.5**2", "0.12 + 0.5", {"error_against_fresh_outputs_is_right"}),
]


@pytest.mark.parametrize("cell, old, new, checks", WRONG)
def test_a_plausible_mistake_costs_its_own_checks(cell, old, new, checks, sandbox):
    assert lost(grade(NAME, changed(NAME, cell, old, new), sandbox)) == checks


def test_a_truth_with_a_mistake_costs_no_point_elsewhere(sandbox):
    report = grade(NAME, changed(NAME, "world", "3 * np.exp", "2 * np.exp"), sandbox)
    assert report.points - report.earned == 7


def test_loops_lists_and_single_precision_lose_nothing(sandbox):
    cells = answered(
        NAME,
        "import math\nimport warnings\n%matplotlib inline",
        """
        def each(function, x):
            print("a helper of my own, for", x.shape)
            return np.array([function(t) for t in x.flat], dtype="float32").reshape(x.shape)
        """,
        world="""
        def truth(x):
            warnings.warn("this will be slow")
            return each(lambda t: 3 * math.exp(-t / 2) + math.cos(2 * t), x)

        def noise_std(x):
            return each(lambda t: 0.2 if t < 3 else 0.2 + 0.15 * (t - 3), x)
        """,
        inputs="""
        def make_inputs(rng, n):
            return sorted(6 * rng.random() for _ in range(n))
        """,
        observe="""
        def observe(rng, f, sigma, times):
            return [[f[i] + sigma[i] * rng.normal() for i in range(len(f))] for _ in range(times)]
        """,
        errors="""
        def squared_errors(prediction, y):
            plt.plot(prediction)
            result = []
            for row in y:
                total = 0
                for g, shown in zip(prediction, row):
                    total += (g - shown) ** 2
                result.append(total / len(row))
            return result
        """,
        floor="""
        def noise_floor(sigma):
            return float(sum(s * s for s in sigma) / len(sigma))

        def standardized_errors(prediction, y, sigma):
            return squared_errors(prediction / sigma, y / sigma)
        """,
        slider="fresh_error = lambda: np.float32(0.37)",
    )
    assert lost(grade(NAME, cells, sandbox)) == set()


def test_the_noise_may_be_drawn_with_its_own_size(sandbox):
    cells = changed(
        NAME,
        "observe",
        "sigma * rng.standard_normal((times, len(f)))",
        "rng.normal(0, sigma, (times, len(f)))",
    )
    assert lost(grade(NAME, cells, sandbox)) == set()


def test_what_nwlib_has_fails_here(sandbox):
    cells = answered(
        NAME,
        world="""
        def truth(x):
            return 2 * np.sin(x) + x**0.8

        def noise_std(x):
            return np.full_like(x, 0.5)
        """,
        inputs="""
        def make_inputs(rng, n):
            return np.sort(rng.uniform(0, 5.0, n))
        """,
    )
    assert grade(NAME, cells, sandbox).earned == 68 - 14 - 8


def test_the_slider_shows_what_the_question_asks_for(sandbox):
    slider = sliders.argument_slider(nwlib.make_dataset(np.random.default_rng(542)))
    (control,) = slider.controls
    description = slider.picture(control.positions.index(2.2))[1]
    assert description.startswith("w = 2.20: ")
    assert description.endswith("The error against the truth is 0.12.")
    for answer, is_right in [(0.37, True), (0.36, False), (0.38, False)]:
        cells = changed(NAME, "slider", "0.12 + 0.5**2", str(answer))
        assert (not lost(grade(NAME, cells, sandbox))) == is_right, answer
