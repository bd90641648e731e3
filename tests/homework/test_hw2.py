"""Homework 2: right answers keep all points, wrong ones lose those that they should."""

import numpy as np
import pytest

import nwlib
from nwlib import sliders

from .submissions import answered, changed, grade, lost

NAME = "hw2"


LOSS = {"loss_of_one_candidate_is_right", "each_candidate_has_its_own_loss"}
BEST = {
    "best_promise_for_an_odd_number_of_values",
    "best_promise_for_an_even_number_of_values",
    "one_wild_value_does_not_move_the_best_promise",
}
EVEN = {"best_promise_for_an_even_number_of_values"}  # there each constant in the middle is best
WEIGHTED = {"with_equal_importance_the_mean_is_best", "important_values_count_more"}
OTHERS = {"of_two_values_each_is_the_mean_of_the_other", "means_of_the_others_are_right"}
GROUPS = {"weights_over_the_group_are_right", "groups_may_have_any_number_as_a_name"}
NO_ANSWER = {"a_group_without_keys_has_no_answer"}

# What is wrong: the answer, the piece of it that a student gets wrong, how, and the checks lost.
WRONG = [
    ("loss", "np.mean(", "np.sum(", LOSS),
    (
        "loss",
        "abs(candidates[:, np.newaxis] - values)",
        "(candidates[:, None] - values) ** 2",
        LOSS,
    ),
    ("loss", "axis=1", "axis=0", LOSS),
    (
        "loss",
        "np.mean(abs(candidates[:, np.newaxis] - values), axis=1)",
        "np.atleast_1d(np.mean(abs(candidates[:, np.newaxis] - values)))",
        {"each_candidate_has_its_own_loss"},
    ),
    (
        "loss",
        "np.mean(abs(candidates[:, np.newaxis] - values), axis=1)",
        "abs(candidates - values.mean())",
        LOSS,
    ),
    ("best", "np.median(values)", "np.mean(values)", BEST),
    ("best", "np.median(values)", "values[len(values) // 2]", BEST),
    ("best", "np.median(values)", "np.median(values[1:])", BEST - EVEN),
    ("best", "np.median(values)", "(values.min() + values.max()) / 2", BEST),
    (
        "best",
        "np.median(values)",
        "np.mean(np.sort(values)[1:-1])",
        {
            "best_promise_for_an_odd_number_of_values",
            "best_promise_for_an_even_number_of_values",
            "one_wild_value_does_not_move_the_best_promise",
        },
    ),
    (
        "weighted",
        "np.sum(importance * values) / np.sum(importance)",
        "np.mean(values)",
        {"important_values_count_more"},
    ),
    ("weighted", "/ np.sum(importance)", "/ len(values)", WEIGHTED),
    (
        "weighted",
        "np.sum(importance * values) / np.sum(importance)",
        "np.sum(importance**2 * values) / np.sum(importance**2)",
        {"important_values_count_more"},
    ),
    ("weighted", "np.sum(importance * values)", "np.sum(importance * values**2)", WEIGHTED),
    (
        "weighted",
        "np.sum(importance * values) / np.sum(importance)",
        "np.sum(values / importance) / np.sum(1 / importance)",
        {"important_values_count_more"},
    ),
    (
        "loo",
        "(values.sum() - values) / (values.size - 1)",
        "np.full(values.size, values.mean())",
        OTHERS,
    ),
    ("loo", "(values.size - 1)", "values.size", OTHERS),
    ("loo", "values.sum() - values", "values.sum()", OTHERS),
    (
        "loo",
        "(values.sum() - values) / (values.size - 1)",
        "(values.sum() - values) / (values.size - 1) - values",
        OTHERS,
    ),
    (
        "loo",
        "(values.sum() - values) / (values.size - 1)",
        "(np.roll(values, 1) + np.roll(values, -1)) / 2",
        {"means_of_the_others_are_right"},
    ),
    (
        "groups",
        "query_groups[:, np.newaxis] == key_groups",
        "key_groups[:, np.newaxis] == query_groups",
        {*GROUPS, *NO_ANSWER},
    ),
    ("groups", "same.sum(axis=1", "same.sum(axis=0", GROUPS),
    ("groups", "np.full(same.shape, np.nan)", "np.zeros(same.shape)", NO_ANSWER),
    (
        "groups",
        "np.divide(same, size, out=np.full(same.shape, np.nan), where=size > 0)",
        "same * 1.0",
        {*GROUPS, *NO_ANSWER},
    ),
    (
        "groups",
        "np.divide(same, size, out=np.full(same.shape, np.nan), where=size > 0)",
        "same / np.bincount(key_groups, minlength=6)[query_groups][:, None]",
        {"groups_may_have_any_number_as_a_name"},
    ),
    ("slider", "1.0", "0.8", {"first_w_with_half_the_error_is_right"}),
    ("slider", "1.0", "0.43", {"first_w_with_half_the_error_is_right"}),
]


@pytest.mark.parametrize("cell, old, new, checks", WRONG)
def test_a_plausible_mistake_costs_its_own_checks(cell, old, new, checks, sandbox):
    assert lost(grade(NAME, changed(NAME, cell, old, new), sandbox)) == checks


@pytest.mark.parametrize(
    "best", ["float('nan')", "1e400", "10**400", "None", "[]", "[[1], [2, 3]]", "{}"]
)
def test_what_is_no_constant_is_not_the_best_one(best, sandbox):
    cells = changed(NAME, "best", "np.median(values)", best)
    assert lost(grade(NAME, cells, sandbox)) == BEST


def test_a_grid_is_not_exact(sandbox):
    grid = "(c := np.linspace(-5, 35, 1001))[absolute_loss(c, values).argmin()]"
    report = grade(NAME, changed(NAME, "best", "np.median(values)", grid), sandbox)
    assert lost(report) == BEST - EVEN


@pytest.mark.parametrize("middle", ["(len(values) - 1) // 2", "len(values) // 2"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_any_of_the_best_constants_is_right(middle, dtype, sandbox):
    best = f"np.sort(values).astype('{dtype}')[{middle}]"
    cells = changed(NAME, "best", "np.median(values)", best)
    assert lost(grade(NAME, cells, sandbox)) == set()


def test_loops_lists_and_single_precision_lose_nothing(sandbox):
    cells = answered(
        NAME,
        "import statistics\nimport warnings\n%precision 3",
        """
        def share(i, groups):
            warnings.warn("slow")
            return 1 / sum(1 for g in groups if g == i)
        """,
        loss="""
        def absolute_loss(candidates, values):
            print("losses")
            return [sum(abs(y - c) for y in values) / len(values) for c in candidates]
        """,
        best="""
        def best_absolute(values):
            plt.hist(values)
            return statistics.median(values.tolist())
        """,
        weighted="""
        def best_weighted(values, importance):
            return np.average(values.astype("f4"), weights=importance.astype("f4"))
        """,
        loo="""
        def leave_one_out_means(values):
            return [(sum(values[:i]) + sum(values[i + 1:])) / (len(values) - 1)
                    for i in range(len(values))]
        """,
        groups="""
        def group_weights(query_groups, key_groups):
            rows = []
            for query in query_groups:
                if query in key_groups:
                    rows.append([share(query, key_groups) if k == query else 0 for k in key_groups])
                else:
                    rows.append([float("nan")] * len(key_groups))
            return rows
        """,
        slider="def half_error_w():\n    return 1",
    )
    assert lost(grade(NAME, cells, sandbox)) == set()


def test_zero_by_zero_with_a_warning_is_right(sandbox):
    divide = "np.divide(same, size, out=np.full(same.shape, np.nan), where=size > 0)"
    cells = changed(NAME, "groups", divide, "same / size")
    assert lost(grade(NAME, cells, sandbox)) == set()


def test_the_slider_shows_what_the_question_asks_for():
    slider = sliders.argument_slider(nwlib.make_dataset(np.random.default_rng(542)))
    (control,) = slider.controls
    errors = [
        float(slider.picture(i)[1].removesuffix(".").rpartition(" ")[2])
        for i in range(control.positions.index(1) + 1)
    ]
    assert control.positions[0] == 0
    assert errors[-1] < errors[0] / 2 < min(errors[:-1])
