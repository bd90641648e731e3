"""Attention weights of chapters 3 to 5."""

import math

import numpy as np
import pytest

import nwlib as nw

EPS = np.finfo(float).eps
HALVING = math.sqrt(2 * math.log(2))
"""The scale at which a key at distance 1 counts half as much as one at distance 0."""


def close(actual, expected, ulps=8):
    """Assert equality up to a few roundings: an exponential, a sum, a quotient."""
    np.testing.assert_allclose(actual, expected, rtol=ulps * EPS, atol=0)


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


def test_only_the_query_with_no_key_in_reach_has_a_row_of_nan():
    weights = nw.kernel_weights([0.0, 9.0, 4.0], [0.0, 4.0], nw.boxcar)
    np.testing.assert_array_equal(weights, [[1, 0], [np.nan, np.nan], [0, 1]])


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
    weights = nw.attention_weights([1e6, -1e100], [0.0, 2.0, 1.0])
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
    np.testing.assert_array_equal(nw.attention_weights([-1e100, 0, 7], [7.0], 1e6), [[1]] * 3)


def test_the_scale_is_1_unless_asked_otherwise():
    queries, keys = [0.3, 2.0], [0.0, 1.0, 2.5]
    np.testing.assert_array_equal(
        nw.attention_weights(queries, keys), nw.attention_weights(queries, keys, 1)
    )
    np.testing.assert_array_equal(
        nw.kernel_weights(queries, keys, nw.gaussian),
        nw.kernel_weights(queries, keys, nw.gaussian, 1),
    )
