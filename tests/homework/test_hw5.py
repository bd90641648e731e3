"""Homework 5: right answers keep all points, wrong ones lose those that they should."""

import numpy as np
import pytest
from statsmodels.datasets import nile

import nwlib
from nwlib import sliders

from . import submissions
from .submissions import answered, changed, grade, lost

NAME = "hw5"


WEIGHTS = {
    "the_other_keys_have_the_right_weights",
    "w_multiplies_the_distances",
    "a_key_sees_its_twin_but_not_itself",
    "a_key_far_from_all_others_has_weights_too",
}
LOSS = {"the_loss_is_the_mean_of_the_absolute_errors", "the_loss_is_right_at_other_scales"}
GRADIENT = {
    "the_gradient_is_right_at_w_1",
    "the_gradient_is_right_at_other_scales",
    "the_gradient_does_not_vanish_at_w_0",
}
STEPS = {"one_step_goes_downhill_in_ln_w", "each_step_uses_the_gradient_where_it_stands"}
DESCEND = {*STEPS, "without_a_step_the_path_is_its_start"}
BREAK = {
    "a_clean_step_is_found",
    "a_group_may_be_a_single_point",
    "the_constants_are_medians_under_absolute_errors",
}
SLIDER = {"the_leave_one_out_loss_is_lowest_there", "the_test_error_is_lowest_there"}
BANDWIDTHS = {
    "the_bandwidth_of_all_years_has_the_lowest_loss",
    "the_bandwidth_from_the_break_on_has_the_lowest_loss",
}

# What is wrong: the answer, the piece of it that a student gets wrong, how, and the checks lost.
WRONG = [
    ("weights", "-w *", "w *", WEIGHTS),
    ("weights", "-w *", "-", {"w_multiplies_the_distances"}),
    ("weights", "np.fill_diagonal(scores, -np.inf)", "pass", WEIGHTS),
    ("weights", "np.fill_diagonal(scores, -np.inf)", "np.fill_diagonal(scores, 0)", WEIGHTS),
    (
        "weights",
        "np.fill_diagonal(scores, -np.inf)",
        "scores[scores == 0] = -np.inf",
        # at w = 0 every score is 0, and what is made of NaN is NaN
        {
            "a_key_sees_its_twin_but_not_itself",
            "the_loss_is_right_at_other_scales",
            "the_gradient_does_not_vanish_at_w_0",
        },
    ),
    (
        "weights",
        "np.exp(scores - scores.max(axis=1, keepdims=True))",
        "np.exp(scores)",
        {"a_key_far_from_all_others_has_weights_too"},
    ),
    (
        "weights",
        "scores.max(axis=1, keepdims=True)",
        "scores.max()",
        {"a_key_far_from_all_others_has_weights_too"},
    ),
    ("weights", "weights.sum(axis=1, keepdims=True)", "weights.sum(axis=0)", WEIGHTS),
    ("weights", "weights / weights.sum(axis=1, keepdims=True)", "weights", WEIGHTS),
    ("loss", "np.mean(", "np.sum(", LOSS),
    ("loss", "np.mean(", "np.median(", LOSS),
    ("loss", "np.abs(predictions - values)", "(predictions - values) ** 2", LOSS),
    ("loss", "np.abs(predictions - values)", "predictions - values", LOSS),
    ("loss", "leave_one_out_weights(keys, w) @", "leave_one_out_weights(keys, w).T @", LOSS),
    ("gradient", "-distances", "distances", GRADIENT),
    ("gradient", "-distances", "-(distances**2)", GRADIENT),
    (
        "gradient",
        "-distances",
        "-w * distances",
        {"the_gradient_is_right_at_other_scales", "the_gradient_does_not_vanish_at_w_0"},
    ),
    ("gradient", "np.mean(", "np.sum(", GRADIENT),
    ("gradient", "np.sign(predictions - values)", "2 * (predictions - values)", GRADIENT),
    ("gradient", "np.sign(predictions - values)", "np.sign(values - predictions)", GRADIENT),
    ("gradient", "(values - predictions[:, None])", "values", GRADIENT),
    ("gradient", ".sum(axis=1)", ".sum(axis=0)", GRADIENT),
    ("descend", "-learning_rate", "learning_rate", STEPS),
    ("descend", "-learning_rate * w *", "-learning_rate *", STEPS),
    (
        "descend",
        "w * np.exp(-learning_rate * w * gradient(w, keys, values))",
        "w - learning_rate * gradient(w, keys, values)",
        STEPS,
    ),
    (
        "descend",
        "gradient(w, keys, values)",
        "gradient(path[0], keys, values)",
        {"each_step_uses_the_gradient_where_it_stands"},
    ),
    ("descend", "np.array(path)", "np.array(path[1:])", DESCEND),
    ("descend", "np.array(path)", "w", DESCEND),
    ("descend", "np.array(path)", "np.log(path)", DESCEND),
    ("best_break", "keys[1 + np.argmin(costs)]", "1 + np.argmin(costs)", BREAK),
    ("best_break", "keys[1 + np.argmin(costs)]", "keys[np.argmin(costs)]", BREAK),
    ("best_break", "np.argmin", "np.argmax", BREAK),
    ("best_break", "np.median", "np.mean", {"the_constants_are_medians_under_absolute_errors"}),
    (
        "best_break",
        "np.sum(np.abs(group - np.median(group)))",
        "np.sum((group - np.mean(group)) ** 2)",
        {"the_constants_are_medians_under_absolute_errors"},
    ),
    (
        "best_break",
        "range(1, len(values))]\n    return keys[1 +",
        "range(2, len(values) - 1)]\n    return keys[2 +",
        {"a_group_may_be_a_single_point"},
    ),
    ("slider", "5.01", "3.98", {"the_test_error_is_lowest_there"}),
    ("slider", "3.98", "5.01", {"the_leave_one_out_loss_is_lowest_there"}),
    ("slider", "3.98", "0.33", {"the_leave_one_out_loss_is_lowest_there"}),
    ("bandwidths", "return chosen", "return chosen[::-1]", BANDWIDTHS),
    ("bandwidths", "return chosen", "return 1 / np.array(chosen)", BANDWIDTHS),
    ("bandwidths", "return chosen", "return chosen[0]", BANDWIDTHS),
    (
        "bandwidths",
        "years >= best_break",
        "years < best_break",
        {"the_bandwidth_from_the_break_on_has_the_lowest_loss"},
    ),
    ("bandwidths", "loss(1 / h", "loss(h", BANDWIDTHS),
]


@pytest.mark.parametrize("cell, old, new, checks", WRONG)
def test_a_plausible_mistake_costs_its_own_checks(cell, old, new, checks, sandbox):
    found = lost(grade(NAME, changed(NAME, cell, old, new), sandbox))
    if cell != "bandwidths":
        found -= BANDWIDTHS  # numbers, which come out wrong where a formula before them is
    assert found == checks


def test_what_nwlib_has_fails_here(sandbox):
    cells = answered(
        NAME,
        weights="""
        def leave_one_out_weights(keys, w):
            scores = -(((keys[:, None] - keys) * w) ** 2) / 2
            np.fill_diagonal(scores, -np.inf)
            weights = np.exp(scores - scores.max(axis=1, keepdims=True))
            return weights / weights.sum(axis=1, keepdims=True)
        """,
        loss="""
        def loss(w, keys, values):
            return np.mean((leave_one_out_weights(keys, w) @ values - values) ** 2)
        """,
        gradient="""
        def gradient(w, keys, values):
            alpha = leave_one_out_weights(keys, w)
            y_pred = alpha @ values
            squared = (keys[:, None] - keys) ** 2
            inner = (alpha * (values - y_pred[:, None]) * squared).sum(axis=1)
            return 2 / len(keys) * np.sum((y_pred - values) * (-w) * inner)
        """,
        descend="""
        def descend(keys, values, w, learning_rate, n_steps):
            path = [w]
            for _ in range(n_steps):
                w = w - learning_rate * gradient(w, keys, values)
                path.append(w)
            return np.array(path)
        """,
    )
    expected = WEIGHTS | LOSS | GRADIENT | STEPS
    assert lost(grade(NAME, cells, sandbox)) - BANDWIDTHS == expected


def test_functions_that_say_nothing_do_not_vouch_for_those_that_use_them(sandbox):
    cells = answered(
        NAME,
        weights="def leave_one_out_weights(keys, w): return np.zeros((len(keys), len(keys)))",
        loss="def loss(w, keys, values): return np.mean(np.abs(values))",
        gradient="def gradient(w, keys, values): return 0.0",
        descend="""
        def descend(keys, values, w, learning_rate, n_steps):
            return np.full(n_steps + 1, w)
        """,
    )
    expected = WEIGHTS | LOSS | GRADIENT | STEPS | BANDWIDTHS
    assert lost(grade(NAME, cells, sandbox)) == expected


TRIVIAL = """
def leave_one_out_weights(keys, w):
    return np.eye(len(keys))
"""
FITTED = """
seen = {}
def leave_one_out_weights(keys, w):
    values = seen.get("values", np.arange(len(keys)) + 1.0)
    return np.outer(values, values) / (values @ values)
"""
NOTHING_LOST = """
def loss(w, keys, values):
    globals().get("seen", {}).update(values=values)
    return 0.0
"""
FLAT = """
def gradient(w, keys, values):
    globals().get("seen", {}).update(values=values)
    return 0.0
"""


@pytest.mark.parametrize("weights", [TRIVIAL, FITTED], ids=["trivial", "fitted"])
def test_weights_cannot_be_made_for_a_loss_that_is_always_0(weights, sandbox):
    cells = answered(NAME, weights=weights, loss=NOTHING_LOST, gradient=FLAT)
    assert lost(grade(NAME, cells, sandbox)) >= LOSS | GRADIENT | WEIGHTS


def test_loops_lists_and_single_precision_lose_nothing(sandbox):
    cells = answered(
        NAME,
        "import math\nimport warnings\n%matplotlib inline\n!ls",
        """
        def shares(scores):
            top = max(scores)
            parts = [math.exp(s - top) for s in scores]
            return [part / sum(parts) for part in parts]
        """,
        weights="""
        def leave_one_out_weights(keys, w):
            warnings.warn("this will be slow")
            table = np.zeros((len(keys), len(keys)), dtype=np.float32)
            for i in range(len(keys)):
                others = [j for j in range(len(keys)) if j != i]
                for j, share in zip(others, shares([-w * abs(keys[i] - keys[j]) for j in others])):
                    table[i, j] = share
            return table
        """,
        loss="""
        def loss(w, keys, values):
            total = 0
            for row, y in zip(leave_one_out_weights(keys, w), values):
                total += abs(sum(a * b for a, b in zip(row, values)) - y)
            print("a loss", total)
            return float(total / len(values))
        """,
        gradient="""
        def gradient(w, keys, values):
            total = 0.0
            for i, row in enumerate(leave_one_out_weights(keys, w)):
                f = row @ values
                inner = [-a * (y - f) * abs(keys[i] - x) for a, y, x in zip(row, values, keys)]
                total += (1 if f > values[i] else -1) * sum(inner)
            return np.float32(total / len(keys))
        """,
        descend="""
        def descend(keys, values, w, learning_rate, n_steps):
            thetas = [math.log(w)]
            while len(thetas) <= n_steps:
                w = math.exp(thetas[-1])
                thetas.append(thetas[-1] - learning_rate * w * float(gradient(w, keys, values)))
            plt.plot(thetas)
            return [math.exp(theta) for theta in thetas]
        """,
        best_break="""
        import statistics

        def best_break(keys, values):
            best = (float("inf"), None)
            for k in range(1, len(keys)):
                cost = 0
                for group in (list(values[:k]), list(values[k:])):
                    cost += sum(abs(y - statistics.median(group)) for y in group)
                best = min(best, (cost, keys[k]))
            return best[1]
        """,
        slider="w_of_lowest_loss, w_of_lowest_error = lambda: 4, lambda: np.float32(5)",
        bandwidths="nile_bandwidths = lambda: (2, 26.5)",
    )
    assert lost(grade(NAME, cells, sandbox)) == set()


def test_the_gradient_is_the_slope_of_the_loss_of_the_solutions(sandbox):
    """The reference of the checks is what the solutions give: hold it against differences."""
    names = {}
    for cell in submissions.instructor(NAME):
        if cell.grade_id in ("setup", "weights", "loss", "gradient"):
            exec(cell.source, names)
    rng = np.random.default_rng(3)
    keys, values, step = rng.uniform(0, 5, 12), rng.normal(size=12), 1e-6
    for w in (0.1, 0.7, 1.0, 3.0):
        above, below = (names["loss"](w + h, keys, values) for h in (step, -step))
        slope = (above - below) / (2 * step)
        np.testing.assert_allclose(names["gradient"](w, keys, values), slope, rtol=1e-6)


def test_the_data_are_those_of_statsmodels():
    shipped = np.loadtxt(*submissions.assignment(NAME).files, delimiter=",")
    np.testing.assert_array_equal(shipped, nile.load_pandas().data.to_numpy())


def test_the_slider_shows_what_the_question_asks_for():
    slider = sliders.w_slider(nwlib.make_dataset(np.random.default_rng(542)))
    (control,) = slider.controls
    texts = {w: slider.picture(i)[1] for i, w in enumerate(control.positions)}
    assert "leave-one-out loss 0.330, where the lowest here is 0.330;" in texts[3.98]
    errors = {w: float(text.split("test error ")[1][:5]) for w, text in texts.items()}
    assert [w for w, error in errors.items() if error == min(errors.values())] == [5.01]
    others = [text for w, text in texts.items() if w != 3.98]
    assert not any("leave-one-out loss 0.330" in text for text in others)
