"""Checks of homework 2: best constants, means of the others, means of groups.

The functions stand apart, but that an answer may try the values themselves with `absolute_loss`.
"""

import numpy as np

import nwlib
from nwgrade.checks import check

SLIDER = (0, 0.2, 0.4, 0.6, 0.8, 1, 1.3, 1.7, 2.2)  # the title page's, as far as it is needed


def absolute_loss(candidates, values):
    return np.array([np.mean(np.abs(values - c)) for c in candidates])


@check("loss-test", points=4)
def loss_of_one_candidate_is_right(student, rng):
    values = rng.normal(size=6)
    c = values.mean(keepdims=True)  # among the values, for beyond them |c - mean| is right as well
    hint = "What does a day too late cost, and what a day too early?"
    student.expect("absolute_loss", c, values, equals=absolute_loss(c, values), hint=hint)


@check("loss-test", points=8)
def each_candidate_has_its_own_loss(student, rng):
    candidates, values = rng.normal(size=7), rng.normal(size=4)
    candidates[3] = values.mean()
    hint = "A row of the table for each candidate: which axis goes away?"
    expected = absolute_loss(candidates, values)
    student.expect("absolute_loss", candidates, values, equals=expected, hint=hint)


def expect_best(student, values):
    """Fail unless `best_absolute` gives a number between the two values in the middle."""
    ascending = np.sort(values)
    low, high = float(ascending[(values.size - 1) // 2]), float(ascending[values.size // 2])
    rounding = 1e-7 * (abs(low) + abs(high))

    def best_of_all(got):
        is_number = isinstance(got, float) or (isinstance(got, np.ndarray) and got.shape == ())
        return low if is_number and low - rounding <= got <= high + rounding else got

    hint = "How many values lie to the left of it, how many to the right? Mind their order."
    student.expect(
        "best_absolute", values, equals=low, given=[absolute_loss], see=best_of_all, hint=hint
    )


@check("best-test", points=3)
def best_promise_for_an_odd_number_of_values(student, rng):
    for n in (5, 9, 13):
        expect_best(student, rng.normal(size=n))


@check("best-test", points=3)
def best_promise_for_an_even_number_of_values(student, rng):
    for n in (6, 8, 10):  # lopsided, so that a mean does not fall between the two in the middle
        expect_best(student, rng.exponential(3, n) ** 2)


@check("best-test", points=4)
def one_wild_value_does_not_move_the_best_promise(student, rng):
    for n in (5, 8, 11):
        expect_best(student, rng.permutation(np.append(rng.normal(size=n - 1), 1e6)))


@check("weighted-test", points=3)
def with_equal_importance_the_mean_is_best(student, rng):
    values, importance = rng.normal(size=5), np.full(5, rng.uniform(2, 4))
    hint = "The importances need not sum to 1."
    student.expect("best_weighted", values, importance, equals=values.sum() / 5, hint=hint)


@check("weighted-test", points=7)
def important_values_count_more(student, rng):
    values, importance = rng.normal(size=6), rng.uniform(0.5, 9, 6)
    expected = np.sum(importance / importance.sum() * values)
    hint = "Where does the derivative of the weighted loss vanish?"
    student.expect("best_weighted", values, importance, equals=expected, hint=hint)


@check("loo-test", points=4)
def of_two_values_each_is_the_mean_of_the_other(student, rng):
    values = rng.normal(size=2)
    hint = "How many others are there?"
    student.expect("leave_one_out_means", values, equals=values[::-1], hint=hint)


@check("loo-test", points=10)
def means_of_the_others_are_right(student, rng):
    values = rng.normal(5, 2, int(rng.integers(5, 9)))
    expected = [np.delete(values, i).mean() for i in range(values.size)]
    hint = "Each value is left out once, and all others count."
    student.expect("leave_one_out_means", values, equals=expected, hint=hint)


def shares(query_groups, key_groups):
    """Return the weights, key by key."""
    rows = [[float(key == query) for key in key_groups] for query in query_groups]
    return np.array(
        [np.array(row) / sum(row) if any(row) else np.nan * np.array(row) for row in rows]
    )


@check("groups-test", points=7)
def weights_over_the_group_are_right(student, rng):
    keys = rng.permutation([0, 0, 0, 1, 1, 2, 2, 2, 2])
    queries = rng.permutation([0, 1, 2, 2, 1])
    hint = "A row for each query, which its keys share equally."
    student.expect("group_weights", queries, keys, equals=shares(queries, keys), hint=hint)


@check("groups-test", points=3)
def groups_may_have_any_number_as_a_name(student, rng):
    names = np.array([-int(rng.integers(1, 90)), 0, int(rng.integers(100, 900))])
    keys, queries = names[[0, 1, 1, 2, 0, 0, 0]], names[[2, 1, 0]]
    student.expect("group_weights", queries, keys, equals=shares(queries, keys))


@check("groups-test", points=4)
def a_group_without_keys_has_no_answer(student, rng):
    keys, queries = rng.permutation([0, 1, 1, 2, 2, 2]), np.array([5, 0, 4])
    hint = "No key is in the group of the first and the last query."
    student.expect("group_weights", queries, keys, equals=shares(queries, keys), hint=hint)


@check("slider-test", points=8)
def first_w_with_half_the_error_is_right(student, rng):
    data = nwlib.make_dataset(np.random.default_rng(542))
    error = {
        w: np.mean(
            (nwlib.nadaraya_watson(data.x_test, data.x_train, data.y_train, w) - data.y_true) ** 2
        )
        for w in SLIDER
    }
    expected = min(w for w in SLIDER if error[w] < error[0] / 2)
    hint = "Which error does the caption tell at w = 0, and what is half of it?"
    student.expect("half_error_w", equals=expected, rtol=0, atol=0.01, hint=hint, secret=True)


RUBRIC = {
    "derivation": [
        ("1: the mean of the others is written by the mean of all", 3),
        ("1: brought to the factor n / (n - 1) without a gap", 3),
        ("2: the factor comes out of the mean of the squares: (n / (n - 1))^2", 4),
        ("2: 4 for n = 2, about 1.04 for n = 50", 2),
        ("3: the mean has seen the values that it is scored on, and they pull it to them", 3),
        ("3: the leave-one-out error is the one to report, for the next value is unseen", 2),
        ("3: it matters for small n", 1),
    ],
    "figure": [
        ("both curves, computed from the 15 days, each divided by its smallest value", 5),
        ("both minima marked, the mean near 7.8 and the median at 5", 4),
        ("both axes named", 2),
        ("a legend or labels that tell the curves apart", 1),
        ("a title that says what the picture shows", 2),
    ],
}
