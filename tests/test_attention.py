"""Attention weights of chapters 3 to 5."""

import math

import hypothesis.extra.numpy as hnp
import mpmath as mp
import numpy as np
import pytest
from bounds import EPS, assert_close, of_a_share, rounding
from hypothesis import given
from hypothesis import strategies as st
from strategies import problems, queries, scales, vectors

import nwlib as nw

HALVING = math.sqrt(2 * math.log(2))
"""The scale at which a key at distance 1 counts half as much as one at distance 0."""


def close(actual, expected, ulps=8):
    """Assert equality up to a few roundings: an exponential, a sum, a quotient."""
    np.testing.assert_allclose(actual, expected, rtol=ulps * EPS, atol=0)


# Softmax


def test_softmax_of_logarithms_gives_the_shares_of_their_arguments():
    close(nw.softmax(np.log([1, 2, 3])), [1 / 6, 1 / 3, 1 / 2])


def test_softmax_goes_along_the_last_axis():
    scores = np.log([[[1, 1], [1, 3]], [[3, 1], [1, 1]]])
    expected = [[[0.5, 0.5], [0.25, 0.75]], [[0.75, 0.25], [0.5, 0.5]]]
    close(nw.softmax(scores), expected)


def test_a_score_of_minus_infinity_has_weight_0():
    np.testing.assert_array_equal(nw.softmax([-np.inf, 3.0, -np.inf]), [0, 1, 0])


@pytest.mark.parametrize("size", [1e3, 1e300])
def test_huge_scores_do_not_overflow(size):
    scores = [[size, -size, size], [-size, -size, -np.inf]]
    np.testing.assert_array_equal(nw.softmax(scores), [[0.5, 0, 0.5], [0.5, 0.5, 0]])


def test_softmax_agrees_with_mpmath():
    scores = np.linspace(-590, 90, 24)
    with mp.workdps(30):
        total = mp.fsum(mp.exp(mp.mpf(s)) for s in scores)
        expected = [float(mp.exp(mp.mpf(s)) / total) for s in scores]
    # The largest score is subtracted with half an eps of up to 690; then a sum and a quotient.
    np.testing.assert_allclose(nw.softmax(scores), expected, rtol=(690 / 2 + 28) * EPS)


@given(hnp.arrays(float, (2, 5), elements=st.integers(-700, 700)), st.integers(-(2**50), 2**50))
def test_adding_a_constant_to_scores_does_not_change_their_softmax(scores, shift):
    np.testing.assert_array_equal(nw.softmax(scores + shift), nw.softmax(scores))


@given(hnp.arrays(float, (3, 4), elements=st.floats(-1e300, 1e300) | st.just(-np.inf)))
def test_a_larger_score_never_has_a_smaller_share(scores):
    scores[:, 0] = 0.0
    shares = nw.softmax(scores)
    assert_close(shares.sum(axis=1), 1, rounding(np.ones(4)))
    ranked = np.take_along_axis(shares, scores.argsort(axis=1), axis=1)
    assert (np.diff(ranked) >= 0).all()


# The ratio of kernels


@pytest.mark.parametrize(
    ("kernel", "w", "ratios"),
    [
        (nw.boxcar, 1, [1, 1, 0]),
        (nw.boxcar, 0.5, [1, 1, 1]),
        (nw.triangular, 1, [2, 1, 0]),
        (nw.triangular, -1, [2, 1, 0]),
        (nw.epanechnikov, 1, [4, 3, 0]),
        (nw.gaussian, 2 * HALVING, [1, 2**-1, 2**-16]),
    ],
)
def test_kernel_weights_match_shares_worked_out_by_hand(kernel, w, ratios):
    weights = nw.kernel_weights([0.0], [0.0, 0.5, 2.0], kernel, w)
    # An exponent of 16 log 2 = 11 turns its relative error into an absolute one.
    close(weights, [np.divide(ratios, sum(ratios))], ulps=40)


def test_a_kernel_sees_the_scaled_distance_of_each_query_from_each_key():
    seen = []

    def spy(u):
        seen.append(u)
        return np.ones(u.shape)

    weights = nw.kernel_weights([1.0, 5.0], [0.0, 2.0, 4.0], spy, 2.0)
    np.testing.assert_array_equal(seen, [[[2, -2, -6], [10, 6, 2]]])
    close(weights, np.full((2, 3), 1 / 3))


def test_a_kernel_may_be_as_large_as_a_number_may():
    weights = nw.kernel_weights([0], [0, 1], lambda u: np.full(u.shape, 1e50))
    np.testing.assert_array_equal(weights, [[0.5, 0.5]])


def test_only_the_query_with_no_key_in_reach_has_a_row_of_nan():
    weights = nw.kernel_weights([0.0, 9.0, 4.0], [0.0, 4.0], nw.boxcar)
    np.testing.assert_array_equal(weights, [[1, 0], [np.nan, np.nan], [0, 1]])


@given(queries, problems, scales, st.sampled_from([nw.boxcar, nw.triangular, nw.gaussian]))
def test_kernel_weights_are_shares_of_1_or_nan(queries, problem, w, kernel):
    keys, _ = problem
    weights = nw.kernel_weights(queries, keys, kernel, w)
    reached = ~np.isnan(weights).all(axis=1)
    assert (weights[reached] >= 0).all()
    assert_close(weights[reached].sum(axis=1), 1, rounding(np.ones(keys.size)))


@given(vectors(st.floats(-5, 5)), vectors(st.floats(-5, 5)), st.floats(-8, 8))
def test_the_ratio_of_gaussians_is_the_softmax_until_it_underflows(queries, keys, w):
    distances = np.abs(queries[:, np.newaxis] - keys)
    clear = distances.min(axis=1) * abs(w) < 37
    ratio = nw.kernel_weights(queries, keys, nw.gaussian, w)[clear]
    expected = nw.attention_weights(queries, keys, w)[clear]
    # A weight above 1e-25 has |u| < 39. Smaller ones lose digits to underflow: less than
    # 5e-324 / e^(-37^2 / 2) = 2e-26.
    np.testing.assert_allclose(ratio, expected, rtol=2 * of_a_share(39, 1), atol=1e-25)


# Scores, and their softmax


def test_scores_have_a_row_for_each_query_and_a_column_for_each_key():
    expected = [[-2, 0, -18], [-18, -8, -2]]
    np.testing.assert_array_equal(nw.scores([1.0, 3.0], [0, 1, 4], 2), expected)


def test_where_the_gaussian_underflows_only_the_softmax_finds_the_nearest_key():
    queries, keys = [40.0], [0.0, 1.0]
    assert np.isnan(nw.kernel_weights(queries, keys, nw.gaussian)).all()
    # The squared distances differ by 40^2 - 39^2 = 79.
    close(nw.attention_weights(queries, keys), [[math.exp(-39.5), 1]], ulps=100)


def test_attention_weights_have_a_row_for_each_query_and_a_column_for_each_key():
    weights = nw.attention_weights([0.0, 2.0], [0.0, 1.0, 3.0], HALVING)
    # Each power of two is 2^-(squared distance).
    close(weights[0], np.array([1, 2**-1, 2**-9]) / (1 + 2**-1 + 2**-9), ulps=40)
    close(weights[1], np.array([2**-4, 2**-1, 2**-1]) / (2**-4 + 2**-1 + 2**-1), ulps=40)


def test_a_far_query_gets_the_nearest_key():
    weights = nw.attention_weights([1e6, -1e12], [0.0, 2.0, 1.0])
    np.testing.assert_array_equal(weights, [[0, 1, 0], [1, 0, 0]])


def test_a_huge_scale_finds_the_nearest_of_unsorted_keys():
    keys = np.array([4.0, 0.0, 3.0, 1.0, 2.0])
    weights = nw.attention_weights([0.4, 0.6, 2.2, 3.9], keys, 1e6)
    np.testing.assert_array_equal(keys[weights.argmax(axis=1)], [0, 1, 2, 4])
    np.testing.assert_array_equal(np.sort(weights), [[0, 0, 0, 0, 1]] * 4)


@pytest.mark.parametrize("w", [1, 1e6])
def test_equally_near_keys_share_alike(w):
    np.testing.assert_array_equal(nw.attention_weights([2.0], [1, 3], w), [[0.5, 0.5]])
    np.testing.assert_array_equal(nw.attention_weights([-7.0], [1, 1], w), [[0.5, 0.5]])


def test_a_single_key_gets_all_the_weight():
    np.testing.assert_array_equal(nw.attention_weights([-1e50, 0, 7], [7.0], 1e6), [[1]] * 3)


def test_the_scale_is_1_unless_asked_otherwise():
    data = [0.3, 2.0], [0.0, 1.0, 2.5]
    for function in (nw.scores, nw.attention_weights):
        np.testing.assert_array_equal(function(*data), function(*data, 1))
    np.testing.assert_array_equal(
        nw.kernel_weights(*data, nw.gaussian), nw.kernel_weights(*data, nw.gaussian, 1)
    )


@given(queries, problems, scales)
def test_attention_weights_are_shares_of_1(queries, problem, w):
    keys, _ = problem
    with np.errstate(all="raise", under="ignore"):
        weights = nw.attention_weights(queries, keys, w)
    assert weights.shape == (queries.size, keys.size)
    assert (weights >= 0).all()
    assert_close(weights.sum(axis=1), 1, rounding(np.ones(keys.size)))


# What the plain form promises

UNIT = np.random.default_rng(5).uniform(0, 1, 12)
PLACES = {
    "near": (UNIT, [0.1, 0.52, 0.9]),
    "far": (UNIT, [-3, 40, 1e3, 1e8, -1e14]),
    "offset": (1e6 + UNIT, [1e6 - 1, 1e6 + 0.3, 1e6 + 50]),
    "gap": (UNIT + 100 * (np.arange(12) % 2), [30, 50.3, 50.8, 70]),
    "close together": (1e-9 * UNIT, [0, 5e-10, 1]),
    "nearly tied": (UNIT.round(2), [0.105, 0.5, 40, 1e4]),
}


@pytest.mark.parametrize("w", [0, 0.01, 1, 30, 1e4, 1e5, 1e6])
@pytest.mark.parametrize("place", PLACES)
def test_a_share_loses_digits_with_the_square_of_the_distance_in_bandwidths(place, w):
    keys, queries = PLACES[place]
    for query, weights in zip(queries, nw.attention_weights(queries, keys, w), strict=True):
        with mp.workdps(60):
            scores = [-(((mp.mpf(query) - mp.mpf(x)) * w) ** 2) / 2 for x in map(float, keys)]
            kernel = [mp.exp(s - max(scores)) for s in scores]
            exact = np.array([float(k / mp.fsum(kernel)) for k in kernel])
        off = of_a_share(np.abs(query - keys)[exact > 1e-17].max(), w)
        if off < 0.1:  # to first order; and the sum is off by as much
            assert (np.abs(weights - exact) <= 2.2 * off * exact + 1e-17).all()
