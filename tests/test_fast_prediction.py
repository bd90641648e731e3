"""Predictions in linear time: exact wherever points lie, however many there are."""

import math
import tracemalloc

import numpy as np
import pytest
import reference
from bounds import TINY, assert_close
from hypothesis import given
from hypothesis import strategies as st
from places import (
    BULK,
    CHECKED,
    LARGE,
    SCALES,
    SMALL,
    Place,
    allowed,
    assert_agree,
    assert_exact,
    exact_places,
    ordinary,
    pair_by_pair,
    places,
    predicted_both_ways,
    sizes,
)
from samples import wave
from strategies import generators, placements, shifts, vectors

from nwlib import fast

# Answers worked out by hand


def bits(*shares):
    """Return the mean of 0, 1, 2, ... in these shares."""
    return sum(i * share for i, share in enumerate(shares)) / sum(shares)


@pytest.mark.parametrize("copies", [1, 30, 3000])
def test_a_key_at_a_distance_of_1_counts_half_where_the_scale_makes_it_so(copies):
    w = math.sqrt(2 * math.log(2))  # a key counts 2^-(squared distance)
    keys, values = np.repeat([0, 1, 3], copies), np.repeat([0, 1, 2], copies)
    queries = np.tile([0, 1, 2, 3], copies)
    expected = [
        bits(1, 2**-1, 2**-9),
        bits(2**-1, 1, 2**-4),
        bits(2**-4, 2**-1, 2**-1),
        bits(2**-9, 2**-4, 1),
    ]
    # w^2 is off by an eps, and so is an exponent of up to 9 log 2: it moves a mean in a range
    # of 2 by 2/4 of that at most.
    atol = 9 * math.log(2) * 2**-52 + 2 * 1e-14
    assert_close(fast.nadaraya_watson(queries, keys, values, w), np.tile(expected, copies), atol)


@pytest.mark.parametrize("distance", [6, 9, 12])
@pytest.mark.parametrize("w", [1e-3, 1, 2.0**10])
def test_thousands_of_copies_of_one_key_far_away_weigh_what_they_should(distance, w):
    keys, values = np.append(0, np.full(2999, distance / w)), np.append(0, np.ones(2999))
    queries = np.zeros(2000)
    crowd = 2999 * math.exp(-((distance / w * w) ** 2) / 2)
    # (d / w) w misses d by an eps, which is 2 eps of d^2 / 2 <= 72, the exponent.
    atol = 1e-14 + 72 * 2 * 2**-52
    assert_close(fast.nadaraya_watson(queries, keys, values, w), crowd / (1 + crowd), atol)


@pytest.mark.parametrize("n", [1, 7, 3000])
@pytest.mark.parametrize("w", SCALES)
def test_one_key_answers_every_query_with_its_value(n, w):
    queries = np.linspace(-1e50, 1e50, n)
    np.testing.assert_array_equal(fast.nadaraya_watson(queries, [0.3], [7.7], w), np.full(n, 7.7))


@pytest.mark.parametrize("value", [0.0, 0.1, -1e50, 1e-300, TINY])
@pytest.mark.parametrize("n", [2, 50, 3000])
def test_constant_values_are_predicted_everywhere(n, value):
    keys = np.random.default_rng(n).uniform(0, 5, n)
    for w in SCALES:
        predictions = fast.nadaraya_watson(2 * keys - 2, keys, np.full(n, value), w)
        np.testing.assert_array_equal(predictions, np.full(n, value))


@pytest.mark.parametrize("n", [2, 50, 400, 3000])
def test_at_scale_0_every_query_gets_the_average(n):
    values = np.arange(n) ** 2  # sums to (n - 1) n (2n - 1) / 6
    predictions = fast.nadaraya_watson(np.linspace(-1e50, 9, 2000), np.arange(n), values, 0)
    assert (np.abs(predictions - (n - 1) * (2 * n - 1) / 6) <= allowed(values, predictions)).all()


@pytest.mark.parametrize("n", [2, 50, 400, 3000])
def test_at_a_huge_scale_every_query_gets_the_nearest_value(n):
    keys = np.random.default_rng(0).permutation(n)
    queries = np.arange(-1, n + 1) + np.array([[-0.375], [0], [0.375]])
    expected = np.broadcast_to(np.arange(n + 2).clip(1, n) - 1, queries.shape)
    # The next key is 1/4 further away: e^-(1e12 / 8) is 0.
    predictions = fast.nadaraya_watson(queries.ravel(), keys, keys**2, 1e6)
    np.testing.assert_array_equal(predictions, expected.ravel() ** 2)


@pytest.mark.parametrize("n", [2, 50, 400, 3000])
def test_in_the_middle_of_two_keys_a_query_gets_the_average_of_their_values(n):
    keys = np.arange(n)
    values = keys % 2
    for w in [30, 1e3, 1e6]:  # at 30 the next key but one counts e^-900
        predictions = fast.nadaraya_watson(keys[:-1] + 0.5, keys, values, w)
        assert (np.abs(predictions - 0.5) <= allowed(values, predictions)).all()


@pytest.mark.parametrize("distance", [0, 100, 1e6, 1e30, 1e50])
@pytest.mark.parametrize("n", [1, 50, 3000])
def test_a_far_query_gets_the_mean_of_the_values_at_the_nearest_key(n, distance):
    keys, values = np.append(0.0, np.repeat([-1.0, 1.0], n)), np.append(0, np.ones(2 * n))
    values[-n:] = 2.0
    queries = np.repeat([-1.0, 1.0], 1000) * max(distance, 1.0)
    # Even at 1 the middle key is further by 1, which makes it count e^-450.
    expected = np.repeat([1.0, 2.0], 1000)
    predictions = fast.nadaraya_watson(queries, keys, values, 30)
    assert (np.abs(predictions - expected) <= allowed(values, predictions)).all()


ALL = {name: (place, slice(None)) for name, place in SMALL.items()}
ALL |= {f"{n} ordinary points": (ordinary(n), slice(30)) for n in (1, 2, 50, 400)}
ALL |= {"3000 ordinary points": (ordinary(3000), slice(5))}
THOUSANDS = {f"thousands, {name}": (place, CHECKED) for name, place in LARGE.items()}
ALL |= THOUSANDS
"""Places, and their queries of which the exact answer is known: for 3000 keys one takes 1/20 s."""


@pytest.mark.parametrize("w", SCALES)
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in THOUSANDS else n for n in ALL]
)
def test_predictions_are_exact_wherever_keys_and_queries_lie_and_however_many(name, w):
    place, checked = ALL[name]
    expected = reference.prediction(place.queries[checked], place.keys, place.values, w)
    for results in predicted_both_ways(place, w):
        assert_exact(results[checked], expected, place.values)


@pytest.mark.slow
@pytest.mark.parametrize("distance", [3, 6, 9, 12])
@pytest.mark.parametrize("w", [1e-3, 1.7, 1e3])
def test_one_key_near_the_query_and_a_crowd_some_bandwidths_away_share_exactly(w, distance):
    rng = np.random.default_rng(4)
    keys = np.append(0, distance + rng.uniform(0, 0.5, 2999)) / w
    values = np.append(-1, rng.uniform(0.9, 1, 2999))
    place = Place(rng.uniform(-1, 1, 2000) / w, keys, values)
    expected = reference.prediction(place.queries[:3], keys, values, w)
    for results in predicted_both_ways(place, w):
        assert_exact(results[:3], expected, values)


@pytest.mark.parametrize("w", [1e-3, 1, 30, 1e3, 1e6])
@pytest.mark.parametrize("n_queries, n_keys", [(1, 3000), (3, 3000), (3000, 3), (3000, 40)])
def test_few_queries_or_few_keys_are_served_as_exactly(n_queries, n_keys, w):
    place = Place(BULK.queries[:n_queries], BULK.keys[:n_keys], BULK.values[:n_keys])
    results = fast.nadaraya_watson(*place, w)
    expected = reference.prediction(place.queries[:3], place.keys, place.values, w)
    assert_exact(results[:3], expected, place.values)
    assert_agree(results, pair_by_pair(*place, w), place.values)


def test_far_off_keys_share_by_less_than_their_distances_can_tell():
    # The distances, 2^33 less 2^-21 and a little, round to 2^33 and the number below it. The
    # squares differ by 2^-39 x 2^34, which the scale makes a score of 1.
    keys = [2**-21 - 2**-40, 2**-21 + 2**-40]
    prediction = fast.nadaraya_watson([2**33], keys, [0, 1], 8)
    np.testing.assert_allclose(prediction, [math.e / (1 + math.e)], rtol=1e-14)


def test_halfway_across_a_gap_the_last_bit_of_a_query_decides():
    queries = 50 + np.array([-1, 0, 1]) * np.spacing(50)
    # The squared distances differ by 200 x 7e-15, which w^2 / 2 makes a score of 0.71.
    expected = reference.prediction(queries, [0.0, 100.0], [0.0, 1.0], 1e6)
    results = fast.nadaraya_watson(queries, [0.0, 100.0], [0.0, 1.0], 1e6)
    assert_exact(results, expected, [0.0, 1.0])


@pytest.mark.parametrize("w", [2.0**-10, 1, 2.0**10])
@pytest.mark.parametrize("n, spread, distance", [(300, 3, 40), (16_000, 0.1, 2000)])
def test_keys_on_the_other_side_of_0_are_seen_exactly(n, spread, distance, w):
    rng = np.random.default_rng(0)
    keys = -(distance / 2 + spread * rng.uniform(size=n)) / w
    queries = (distance / 2 + rng.uniform(size=1000)) / w
    predictions = fast.nadaraya_watson(queries, keys, wave(keys), w)[:20]
    assert_agree(predictions, pair_by_pair(queries[:20], keys, wave(keys), w), wave(keys))


@pytest.mark.parametrize("seed", range(20))
def test_halfway_between_far_crowds_both_count_though_distances_round(seed):
    rng = np.random.default_rng(seed)
    query = 2.0**-43 * rng.integers(-99, 99)  # a bit less than distances hold
    below = 2.0**-42 * rng.integers(-(2**53), -(2**52))
    keys, values = np.repeat([below, 2 * query - below], 300), np.repeat([0, 1], 300)
    predictions = fast.nadaraya_watson(np.full(1000, query), keys, values, 1e6)
    np.testing.assert_allclose(predictions, 0.5, rtol=1e-13)


# Laws


@given(
    placements.flatmap(lambda placement: st.tuples(vectors(placement), vectors(placement))), sizes
)
def test_no_placement_of_a_few_points_makes_a_prediction_inexact(points, w):
    queries, keys = points
    expected = reference.prediction(queries, keys, wave(keys), w)
    for results in predicted_both_ways(Place(queries, keys, wave(keys)), w):
        assert_exact(results, expected, wave(keys))


@given(places, sizes)
def test_predictions_are_those_made_pair_by_pair(place, w):
    predicted_both_ways(place, w)


@given(places, sizes)
def test_predictions_lie_between_the_smallest_and_the_largest_value(place, w):
    # Underflow is as it should be: a weight that is too small to matter.
    with np.errstate(all="raise", under="ignore"):
        results = fast.nadaraya_watson(*place, w)
    low, high = place.values.min(), place.values.max()
    one_rounding = np.spacing(np.abs(place.values).max())
    assert results.shape == place.queries.shape
    assert (results >= low - one_rounding).all()  # false for NaN, too
    assert (results <= high + one_rounding).all()


@given(places, sizes, generators)
def test_the_order_of_the_pairs_does_not_matter(place, w, rng):
    order = rng.permutation(place.keys.size)
    shuffled = place._replace(keys=place.keys[order], values=place.values[order])
    results = fast.nadaraya_watson(*shuffled, w)
    assert_agree(results, fast.nadaraya_watson(*place, w), place.values)


@given(places, sizes, generators)
def test_queries_in_another_order_get_the_same_predictions(place, w, rng):
    order = rng.permutation(place.queries.size)
    results = fast.nadaraya_watson(place.queries[order], place.keys, place.values, w)
    assert_agree(results, fast.nadaraya_watson(*place, w)[order], place.values)


@given(places, sizes)
def test_each_query_is_answered_by_itself(place, w):
    together = fast.nadaraya_watson(*place, w)[:5]
    alone = [fast.nadaraya_watson([x], place.keys, place.values, w)[0] for x in place.queries[:5]]
    assert_agree(together, alone, place.values)


@given(places, sizes)
def test_the_sign_of_the_scale_carries_no_meaning(place, w):
    np.testing.assert_array_equal(fast.nadaraya_watson(*place, -w), fast.nadaraya_watson(*place, w))


@given(places, sizes)
def test_columns_of_values_are_predicted_as_if_each_were_alone(place, w):
    columns = np.stack([place.values, np.ones(place.keys.size), 1e8 + wave(place.keys)], axis=1)
    results = fast.nadaraya_watson(place.queries, place.keys, columns, w)
    assert results.shape == (place.queries.size, 3)
    for column, result in zip(columns.T, results.T, strict=True):
        alone = fast.nadaraya_watson(place.queries, place.keys, column, w)
        assert_agree(result, alone, column)


@pytest.mark.parametrize("n", [1, 50, 3000])
def test_one_column_of_values_gives_one_column_of_predictions(n):
    place = ordinary(n)
    result = fast.nadaraya_watson(place.queries, place.keys, place.values[:, np.newaxis], 3)
    assert result.shape == (n, 1)
    assert_agree(result[:, 0], fast.nadaraya_watson(*place, 3), place.values)


@given(exact_places, sizes, shifts)
def test_shifting_queries_and_keys_together_changes_nothing(place, w, shift):
    shifted = fast.nadaraya_watson(place.queries + shift, place.keys + shift, place.values, w)
    assert_agree(shifted, fast.nadaraya_watson(*place, w), place.values)


@given(exact_places, st.floats(0.01, 9), st.integers(-16, 150))
def test_stretching_x_and_shrinking_the_scale_changes_nothing(place, w, power):
    s = 2.0**power
    stretched = fast.nadaraya_watson(place.queries * s, place.keys * s, place.values, w / s)
    assert_agree(stretched, fast.nadaraya_watson(*place, w), place.values)


@given(exact_places, sizes)
def test_a_mirror_changes_nothing(place, w):
    mirrored = fast.nadaraya_watson(-place.queries, -place.keys, place.values, w)
    assert_agree(mirrored, fast.nadaraya_watson(*place, w), place.values)


@given(exact_places, sizes, st.integers(-9, 9), st.integers(-9, 9), st.integers(-999, 999))
def test_predictions_are_linear_in_the_values(place, w, a, b, offset):
    ys, zs = np.round(8 * place.values) / 8, 5 * np.round(wave(place.keys))
    queries, keys, _ = place
    mixed = a * ys + b * zs + offset
    results = fast.nadaraya_watson(queries, keys, mixed, w)
    parts = (
        a * fast.nadaraya_watson(queries, keys, ys, w),
        b * fast.nadaraya_watson(queries, keys, zs, w),
    )
    atol = allowed(mixed, results)
    atol += abs(a) * allowed(ys, np.abs(ys).max()) + abs(b) * allowed(zs, np.abs(zs).max())
    # The sum of the three parts rounds: two products and two sums.
    atol += 4 * np.spacing(np.abs(parts).max() + abs(offset))
    assert (np.abs(results - (parts[0] + parts[1] + offset)) <= atol).all()


@given(exact_places, sizes, st.integers(-40, 40))
def test_values_in_another_unit_are_predicted_in_that_unit(place, w, power):
    s = 2.0**power
    results = fast.nadaraya_watson(place.queries, place.keys, place.values * s, w)
    assert_agree(results, s * fast.nadaraya_watson(*place, w), place.values * s)


# Memory


@pytest.mark.slow
@pytest.mark.parametrize("w", [0, 1e-3, 1, 30, 1e3, 1e6])
def test_memory_does_not_grow_with_the_number_of_pairs(w):
    n = 200_000
    place = ordinary(n, seed=5)
    tracemalloc.start()
    try:
        results = fast.nadaraya_watson(*place, w)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100 * 2**20  # n^2 numbers would be 300 GiB
    some = fast.nadaraya_watson(place.queries[:20], place.keys, place.values, w)
    assert_agree(results[:20], some, place.values)
