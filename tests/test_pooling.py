"""Pooling of chapters 2 to 5."""

import math
import tracemalloc

import numpy as np
import pytest

import nwlib as nw
from nwlib import _scores

EPS = np.finfo(float).eps


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
    predictions = nw.nadaraya_watson([1e6, -1e100], [1, 0, 2], [10, 20, 30])
    np.testing.assert_array_equal(predictions, [30, 20])


def test_a_single_pair_predicts_its_own_value_everywhere():
    np.testing.assert_array_equal(nw.nadaraya_watson([-9, 0, 1e100], [1], [7], 1e6), [7, 7, 7])


def test_the_scale_is_1_unless_asked_otherwise():
    data = [0.3, 2.0], [0.0, 1.0, 2.5], [1.0, 2.0, 4.0]
    np.testing.assert_array_equal(nw.nadaraya_watson(*data), nw.nadaraya_watson(*data, 1))


def assert_blocks_agree_with_the_composition(n_queries, n_keys):
    rng = np.random.default_rng(0)
    queries, keys, values = (
        rng.uniform(0, 5, n_queries),
        rng.uniform(0, 5, n_keys),
        rng.random(n_keys),
    )
    expected = nw.attention_pooling(nw.attention_weights(queries, keys, 3.0), values)
    predictions = nw.nadaraya_watson(queries, keys, values, 3.0)
    # The weights are the same; sums of n terms, each at most 1, move by n eps at most.
    np.testing.assert_allclose(predictions, expected, rtol=0, atol=(n_keys + 2) * EPS)


@pytest.mark.parametrize("n_queries", [1, 2, 3, 4, 5, 8, 9])
@pytest.mark.parametrize("n_keys", [1, 2, 3, 4, 5, 11, 12, 13, 30])
def test_small_blocks_agree_with_the_unblocked_composition(monkeypatch, n_queries, n_keys):
    monkeypatch.setattr(_scores, "BLOCK", 12)
    assert_blocks_agree_with_the_composition(n_queries, n_keys)


@pytest.mark.parametrize(
    ("n_queries", "n_keys"),
    [(130, 1000), (131, 1000), (3, _scores.BLOCK), (3, _scores.BLOCK + 1)],
)
def test_blocks_of_the_real_size_agree_with_the_unblocked_composition(n_queries, n_keys):
    assert_blocks_agree_with_the_composition(n_queries, n_keys)


def test_memory_does_not_grow_with_queries_times_keys():
    queries, keys = np.linspace(0, 5, 300), np.linspace(0, 5, 7000)
    tracemalloc.start()
    nw.nadaraya_watson(queries, keys, keys)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Four arrays the size of a block would fit; all 300 x 7000 scores would take 17 MB.
    assert peak < 4 * 8 * _scores.BLOCK
