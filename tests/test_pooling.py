"""Pooling of chapters 2 to 5."""

import math
import tracemalloc

import numpy as np
import pytest
from bounds import EPS, assert_close, of_a_share, rounding
from hypothesis import given
from hypothesis import strategies as st
from samples import course
from statsmodels.nonparametric.kernel_regression import KernelReg
from strategies import (
    eighths,
    exact_problems,
    generators,
    pairs,
    problems,
    queries,
    scales,
    shifts,
    vectors,
)

import nwlib as nw

# Answers worked out by hand


def test_average_pooling_repeats_the_mean_for_each_query():
    np.testing.assert_array_equal(nw.average_pooling([1, 2, 6], 4), [3, 3, 3, 3])


def test_attention_pooling_matches_means_worked_out_by_hand():
    weights = [[0.5, 0.25, 0.25], [0, 0, 1]]
    np.testing.assert_array_equal(nw.attention_pooling(weights, [4, 8, -8]), [2, -8])


def test_a_row_of_nan_makes_only_its_own_prediction_nan():
    weights = [[0.5, 0.5], [np.nan, np.nan], [0, 1]]
    np.testing.assert_array_equal(nw.attention_pooling(weights, [2, 4]), [3, np.nan, 4])


def test_a_row_may_miss_1_by_what_single_precision_loses():
    weights = np.float32([[0.1] * 10])
    # Ten copies of 0.1, each rounded to 24 bits.
    assert abs(nw.attention_pooling(weights, np.ones(10))[0] - 1) <= np.finfo(np.float32).eps


def test_predictions_match_answers_worked_out_by_hand():
    w = math.sqrt(2 * math.log(2))  # a key counts 2^-(squared distance)
    predictions = nw.nadaraya_watson([0, 1, 0.5], [0, 1], [3, 6], w)
    np.testing.assert_allclose(predictions, [4, 5, 4.5], rtol=8 * EPS)


def test_a_far_query_gets_the_nearest_value():
    predictions = nw.nadaraya_watson([1e6, -1e12], [1, 0, 2], [10, 20, 30])
    np.testing.assert_array_equal(predictions, [30, 20])


def test_a_single_pair_predicts_its_own_value_everywhere():
    np.testing.assert_array_equal(nw.nadaraya_watson([-9, 0, 1e50], [1], [7], 1e6), [7, 7, 7])


def test_the_scale_is_1_unless_asked_otherwise():
    data = [0.3, 2.0], [0.0, 1.0, 2.5], [1.0, 2.0, 4.0]
    np.testing.assert_array_equal(nw.nadaraya_watson(*data), nw.nadaraya_watson(*data, 1))


def test_a_prediction_takes_24_bytes_a_pair():
    queries, keys = np.linspace(0, 5, 600), np.linspace(0, 5, 700)
    tracemalloc.start()
    nw.nadaraya_watson(queries, keys, keys)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 23 < peak / (600 * 700) < 25


# Independent implementations


@pytest.mark.parametrize("w", [0.25, 3.19, 16.5])
def test_predictions_agree_with_statsmodels(w):
    x, y = course(0)
    queries = np.linspace(0, 5, 50)
    rng = np.random.default_rng(0)  # not used, but without it there is a warning
    model = KernelReg(y, x, var_type="c", reg_type="lc", bw=[1 / w], rng=rng)
    # Scores that matter are above log eps: keys within 8.6 bandwidths more than the nearest.
    off = of_a_share(8.6 + w * np.diff(x).max(), 1) * np.abs(y).max() + rounding(y)
    assert_close(nw.nadaraya_watson(queries, x, y, w), model.fit(queries)[0], 2 * off)


# Laws


@given(queries, problems)
def test_at_scale_0_every_query_gets_the_average(queries, problem):
    keys, values = problem
    expected = nw.average_pooling(values, queries.size)
    assert_close(nw.nadaraya_watson(queries, keys, values, 0), expected, rounding(values))


@given(vectors(eighths), pairs(eighths, values=eighths))
def test_at_a_huge_scale_every_query_gets_the_nearest_values(queries, problem):
    keys, values = problem
    distances = np.abs(queries[:, np.newaxis] - keys)
    nearest = distances == distances.min(axis=1, keepdims=True)
    expected = [values[row].mean() for row in nearest]
    # Squared distances differ by 1/64 or more: e^(-1e12/128) is 0.
    assert_close(nw.nadaraya_watson(queries, keys, values, 1e6), expected, rounding(values))


@given(queries, problems, scales)
def test_predictions_lie_between_the_smallest_and_the_largest_value(queries, problem, w):
    keys, values = problem
    with np.errstate(all="raise", under="ignore"):
        predictions = nw.nadaraya_watson(queries, keys, values, w)
    assert (predictions >= values.min() - rounding(values)).all()
    assert (predictions <= values.max() + rounding(values)).all()


@given(queries, problems, scales)
def test_the_sign_of_the_scale_carries_no_meaning(queries, problem, w):
    keys, values = problem
    np.testing.assert_array_equal(
        nw.nadaraya_watson(queries, keys, values, -w), nw.nadaraya_watson(queries, keys, values, w)
    )


@given(vectors(eighths), exact_problems, st.floats(-9, 9), shifts)
def test_shifting_queries_and_keys_together_changes_nothing(queries, problem, w, shift):
    keys, values = problem
    np.testing.assert_array_equal(
        nw.nadaraya_watson(queries + shift, keys + shift, values, w),
        nw.nadaraya_watson(queries, keys, values, w),
    )


@given(vectors(eighths), exact_problems, st.floats(0.01, 9), st.integers(-16, 150))
def test_stretching_x_and_shrinking_the_scale_changes_nothing(queries, problem, w, power):
    keys, values = problem
    s = 2.0**power
    np.testing.assert_array_equal(
        nw.nadaraya_watson(queries * s, keys * s, values, w / s),
        nw.nadaraya_watson(queries, keys, values, w),
    )


@given(vectors(eighths), exact_problems, st.floats(-9, 9))
def test_a_mirror_changes_nothing(queries, problem, w):
    keys, values = problem
    np.testing.assert_array_equal(
        nw.nadaraya_watson(-queries, -keys, values, w), nw.nadaraya_watson(queries, keys, values, w)
    )


@given(vectors(eighths), exact_problems, scales, st.integers(-9, 9), eighths)
def test_an_affine_change_of_the_values_passes_through(queries, problem, w, factor, offset):
    keys, values = problem
    changed = factor * values + offset
    expected = factor * nw.nadaraya_watson(queries, keys, values, w) + offset
    atol = rounding(changed) + (abs(factor) + 1) * rounding(values) + 2 * EPS * abs(offset)
    assert_close(nw.nadaraya_watson(queries, keys, changed, w), expected, atol)


@given(queries, problems, scales, generators)
def test_the_order_of_the_pairs_does_not_matter(queries, problem, w, rng):
    keys, values = problem
    order = rng.permutation(keys.size)
    shuffled = nw.nadaraya_watson(queries, keys[order], values[order], w)
    assert_close(shuffled, nw.nadaraya_watson(queries, keys, values, w), rounding(values))


@given(queries, problems, scales)
def test_each_query_is_answered_by_itself(queries, problem, w):
    keys, values = problem
    together = nw.nadaraya_watson(queries, keys, values, w)
    alone = [nw.nadaraya_watson([query], keys, values, w)[0] for query in queries]
    assert_close(together, alone, rounding(values))
