"""The fast forms of prediction and loss: exact wherever points lie, however many there are.

The references are exact. A prediction may miss by 1e-14 of the range of the values, and by one
rounding of its own size; the dense prediction of chapter 4 keeps to the same bound. How many
points there are, and how they lie, decides how the fast forms compute, so the data here come in
all sizes; which way is taken shows only in the time.
"""

import functools
import math
import tracemalloc
from typing import NamedTuple

import mpmath as mp
import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st
from test_laws import (
    TINY,
    assert_close,
    eighths,
    exact_problems,
    learning_problems,
    pairs,
    placements,
    rounding,
    scales,
    shifts,
    vectors,
)

import nwlib as nw
from nwlib import fast

PREDICTIONS = {"dense": nw.nadaraya_watson, "fast": fast.nadaraya_watson}
SCALES = [0, 1e-200, 1e-3, 1, 30, 1e3, 1e6]
MIB = 2**20


def allowed(values, results):
    """Return how far off each result may be: of any two of them, one may be twice as far."""
    values = np.asarray(values, dtype=float)
    # A product that underflows is off by the smallest number, and so is a sum of n by n of them.
    return 1e-14 * np.ptp(values) + np.spacing(np.abs(results)) + len(values) * TINY


def assert_exact(results, expected, values):
    """Assert that results are what the mpf expected are, to the bound for these values."""
    errors = [float(abs(mp.mpf(float(r)) - e)) for r, e in zip(results, expected, strict=True)]
    assert (errors <= allowed(values, results)).all()


def assert_agree(results, others, values):
    """Assert that two results may be the same number, each computed to its bound."""
    assert (np.abs(results - others) <= 2 * allowed(values, np.abs(values).max())).all()


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
    queries = np.linspace(-1e100, 1e100, n)
    np.testing.assert_array_equal(fast.nadaraya_watson(queries, [0.3], [7.7], w), np.full(n, 7.7))


@pytest.mark.parametrize("value", [0.0, 0.1, -1e100, 1e-300, TINY])
@pytest.mark.parametrize("n", [2, 50, 3000])
def test_constant_values_are_predicted_everywhere(n, value):
    keys = np.random.default_rng(n).uniform(0, 5, n)
    for w in SCALES:
        predictions = fast.nadaraya_watson(2 * keys - 2, keys, np.full(n, value), w)
        np.testing.assert_array_equal(predictions, np.full(n, value))


@pytest.mark.parametrize("n", [2, 50, 400, 3000])
def test_at_scale_0_every_query_gets_the_average(n):
    values = np.arange(n) ** 2  # sums to (n - 1) n (2n - 1) / 6
    predictions = fast.nadaraya_watson(np.linspace(-1e100, 9, 2000), np.arange(n), values, 0)
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


@pytest.mark.parametrize("distance", [0, 100, 1e6, 1e50, 1e100])
@pytest.mark.parametrize("n", [1, 50, 3000])
def test_a_far_query_gets_the_mean_of_the_values_at_the_nearest_key(n, distance):
    keys, values = np.append(0.0, np.repeat([-1.0, 1.0], n)), np.append(0, np.ones(2 * n))
    values[-n:] = 2.0
    queries = np.repeat([-1.0, 1.0], 1000) * max(distance, 1.0)
    # Even at 1 the middle key is further by 1, which makes it count e^-450.
    expected = np.repeat([1.0, 2.0], 1000)
    predictions = fast.nadaraya_watson(queries, keys, values, 30)
    assert (np.abs(predictions - expected) <= allowed(values, predictions)).all()


# Exact answers


class Place(NamedTuple):
    queries: np.ndarray
    keys: np.ndarray
    values: np.ndarray


def ordinary(n, seed=0):
    """Return n points like those of the course, and n queries among them and around them."""
    rng = np.random.default_rng(seed)
    keys = rng.uniform(0, 5, n)
    values = 2 * np.sin(keys) + keys**0.8 + rng.normal(0, 0.5, n)
    return Place(rng.uniform(-0.5, 5.5, n), keys, values)


def wave(keys):
    """Return values that differ from key to key, in no order."""
    return np.cos(1e3 * np.arange(len(keys)))


def at(queries, keys, values=None):
    queries, keys = np.array(queries, dtype=float), np.array(keys, dtype=float)
    return Place(queries, keys, wave(keys) if values is None else values)


def around(x, *steps):
    """Return x, the numbers next to it, and those so many steps to both sides."""
    steps = np.append(0, np.append(steps, np.negative(steps)))
    return np.concatenate([x + steps, [np.nextafter(x, -np.inf), np.nextafter(x, np.inf)]])


UNIT = np.sort(np.random.default_rng(1).uniform(0, 1, 24))
SOME = ordinary(40)
MIDDLES = (UNIT[1:] + UNIT[:-1]) / 2
ACROSS = np.concatenate([UNIT, 100 + UNIT])
HALFWAY = (UNIT[-1] + 100 + UNIT[0]) / 2
LADDER = 10.0 ** np.arange(-300, 101, 20)
STEPS = TINY * np.arange(-12, 13)

SMALL = {
    "one key": at([0, 3, -1e100, 1e100], [0.1]),
    "two keys": at(around(0.35, 1e-12, 0.1, 9), [0.1, 0.6]),
    "ordinary": SOME,
    "offset keys": at(1e6 + SOME.queries, 1e6 + SOME.keys),
    "offset values": SOME._replace(values=1e8 + SOME.values),
    "offset clusters": at(
        1e6 + np.linspace(-1, 11, 13), np.ravel(1e6 + 1e-4 * UNIT + 10 * np.arange(2)[:, None])
    ),
    "clusters": at(
        [-1, 0, 1e-3, 0.1, 0.5, 1, 5, 10, 499.5, 505, 999, 1001],
        np.concatenate([1e-3 * UNIT, 1 + 1e-6 * UNIT, 10 + UNIT, 1000 + 0.1 * UNIT]),
    ),
    "a gap": at([UNIT[-1], 2, 30, 50, 50.5, 51, 70, 99, 100.5], ACROSS),
    "near the middle of a gap": at(around(HALFWAY, 1e-14, 1e-13, 1e-12), ACROSS),
    "near the middle of two keys": at(around(MIDDLES[5], 1e-15, 1e-14, 1e-13, 1e-12), UNIT),
    "in the middle of neighbours": at(MIDDLES, UNIT),
    "next to the middle of neighbours": at(np.nextafter(MIDDLES, 9), UNIT),
    "mirrored keys": at(around(0, 1e-14, 1e-13, 1e-12, 1e-3), np.append(1 + UNIT, -1 - UNIT)),
    "far queries": at([100, -100, 1e6, -1e6, 1e16, 1e100, -1e100], UNIT),
    "an outlying key": at([0, 1, 5e5, 999_999.5, 1e6, 2e6], np.append(UNIT, 1e6)),
    "a key out of sight": at([0, 1, 1e6, 5e99, 1e100], np.append(UNIT, 1e100)),
    "between keys out of sight": at(around(0, 1e-112, 1e-111, 1e-100), [-1e100, 1e100]),
    "almost between keys out of sight": at(
        [0, -1e84, -1e85, 1e84, 1e99], [-1e100, np.nextafter(1e100, 0), 9e99]
    ),
    "duplicated keys": at(np.arange(-2, 14) / 4, np.round(2 * SOME.keys) / 2),
    "one place for all keys": at([0.3, 0.3 + 2**-52, 1, -9, 1e100], np.full(30, 0.3)),
    "denormal distances": at(STEPS[::3], STEPS),
    "denormal distances and a key at 1": at([0, TINY, 0.5, 0.5 + 2**-53, 1], np.append(STEPS, 1)),
    "the last bits of 1": at(1 + 2**-52 * np.arange(-2, 14, 2), 1 + 2**-52 * np.arange(12)),
    "keys of all sizes": at(np.append(0, -0.3 * LADDER), np.append(LADDER, -LADDER)),
}

BULK = ordinary(3000, seed=2)
LINE = np.linspace(0, 5, 3000)

LARGE = {
    "offset keys": BULK._replace(queries=1e6 + BULK.queries, keys=1e6 + BULK.keys),
    "offset values": BULK._replace(values=1e8 + BULK.values),
    "values of all sizes": BULK._replace(values=np.exp(20 * BULK.keys)),
    "a gap": at(20 * BULK.queries, BULK.keys + 95 * (BULK.keys > 2.5)),
    "clusters": at(
        9 * BULK.queries, np.round(9 * BULK.keys) + np.random.default_rng(3).normal(0, 1e-3, 3000)
    ),
    "a lattice": at(LINE, np.round(LINE * 8) / 8),
    "an outlying key": at(np.append(BULK.queries, [5e5, 1e6]), np.append(BULK.keys, 1e6)),
    "a key out of sight": at(np.append(BULK.queries, [5e99, 1e100]), np.append(BULK.keys, 1e100)),
    "long tails": at(np.tan(LINE[::-1] / 2), np.tan(BULK.keys / 2)),
    "a crowd in one place": at(LINE, np.append(np.zeros(2500), 1e-3 * LINE[:500])),
    "far queries": at(1e3 * BULK.queries, BULK.keys),
    "queries beyond the ends": at(4 * BULK.queries - 7.5, BULK.keys),
    "queries in a gap between crowds": at(BULK.queries, 1.5 * BULK.keys % 1 + 4 * (BULK.keys > 2)),
}
CHECKED = [0, 750, 1500, -2, -1]
"""Queries of the large places of which the exact answer is known."""


@functools.cache
def exact_in_small_place(name, w):
    return reference.prediction(*SMALL[name], w)


@functools.cache
def exact_in_large_place(name, w):
    place = LARGE[name]
    return reference.prediction(place.queries[CHECKED], place.keys, place.values, w)


def known(n):
    """Return of how many queries the exact answer is known: for 3000 keys one takes 1/20 s."""
    return 30 if n < 1000 else 5


@functools.cache
def exact_among(n, w):
    place = ordinary(n)
    return reference.prediction(place.queries[: known(n)], place.keys, place.values, w)


@pytest.mark.parametrize("form", PREDICTIONS)
@pytest.mark.parametrize("w", SCALES)
@pytest.mark.parametrize("name", SMALL)
def test_predictions_are_exact_wherever_keys_and_queries_lie(name, w, form):
    place = SMALL[name]
    results = PREDICTIONS[form](*place, w)
    assert_exact(results, exact_in_small_place(name, w), place.values)


@pytest.mark.parametrize("form", PREDICTIONS)
@pytest.mark.parametrize("w", SCALES)
@pytest.mark.parametrize("n", [1, 2, 50, 400, 3000])
def test_predictions_are_exact_whatever_the_number_of_points(n, w, form):
    place = ordinary(n)
    results = PREDICTIONS[form](*place, w)
    assert_exact(results[: known(n)], exact_among(n, w), place.values)


@pytest.mark.slow
@pytest.mark.parametrize("form", PREDICTIONS)
@pytest.mark.parametrize("w", SCALES)
@pytest.mark.parametrize("name", LARGE)
def test_predictions_are_exact_wherever_thousands_of_points_lie(name, w, form):
    place = LARGE[name]
    results = PREDICTIONS[form](*place, w)
    assert_exact(results[CHECKED], exact_in_large_place(name, w), place.values)


@pytest.mark.slow
@pytest.mark.parametrize("w", SCALES)
@pytest.mark.parametrize("name", LARGE)
def test_thousands_of_predictions_agree_with_the_dense_ones(name, w):
    place = LARGE[name]
    results, others = (predict(*place, w) for predict in PREDICTIONS.values())
    assert_agree(results, others, place.values)


@pytest.mark.slow
@pytest.mark.parametrize("form", PREDICTIONS)
@pytest.mark.parametrize("distance", [3, 6, 9, 12])
@pytest.mark.parametrize("w", [1e-3, 1.7, 1e3])
def test_one_key_near_the_query_and_a_crowd_some_bandwidths_away_share_exactly(w, distance, form):
    rng = np.random.default_rng(4)
    keys = np.append(0, distance + rng.uniform(0, 0.5, 2999)) / w
    values = np.append(-1, rng.uniform(0.9, 1, 2999))
    queries = rng.uniform(-1, 1, 2000) / w
    results = PREDICTIONS[form](queries, keys, values, w)
    assert_exact(results[:3], reference.prediction(queries[:3], keys, values, w), values)


@pytest.mark.parametrize("w", [1e-3, 1, 30, 1e3, 1e6])
@pytest.mark.parametrize("n_queries, n_keys", [(1, 3000), (3, 3000), (3000, 3), (3000, 40)])
def test_few_queries_or_few_keys_are_served_as_exactly(n_queries, n_keys, w):
    place = Place(BULK.queries[:n_queries], BULK.keys[:n_keys], BULK.values[:n_keys])
    results = fast.nadaraya_watson(*place, w)
    expected = reference.prediction(place.queries[:3], place.keys, place.values, w)
    assert_exact(results[:3], expected, place.values)
    assert_agree(results, nw.nadaraya_watson(*place, w), place.values)


# Laws


def crowd(corners, spread, seed, n_queries, n_keys):
    """Return a place with many points, around a few corners or on them."""
    rng = np.random.default_rng(seed)

    def scattered(n):
        return rng.choice(corners, n) + spread * rng.normal(size=n)

    keys = scattered(n_keys).clip(-1e100, 1e100)
    queries = scattered(n_queries).clip(-1e100, 1e100)
    return Place(queries, keys, rng.choice([-1, 0.3, 2], n_keys) + rng.normal(size=n_keys))


def several(placement):
    few = st.builds(
        lambda queries, pairs: Place(queries, *pairs), vectors(placement), pairs(placement)
    )
    many = st.builds(
        crowd,
        vectors(placement),
        st.sampled_from([0, 1e-9, 1e-3, 1, 1e3]),
        st.integers(0, 99),
        st.sampled_from([1500, 20]),
        st.sampled_from([1500, 150]),
    )
    return few | many


places = placements.flatmap(several)
"""Adversarial problems with a few points, and with so many that other methods may serve them."""

sizes = st.floats(-7, 6).map(lambda power: 10**power) | scales
"""Scales of all sizes alike."""


@given(
    placements.flatmap(lambda placement: st.tuples(vectors(placement), vectors(placement))), sizes
)
def test_no_placement_of_a_few_points_makes_a_prediction_inexact(points, w):
    queries, keys = points
    expected = reference.prediction(queries, keys, wave(keys), w)
    for predict in PREDICTIONS.values():
        assert_exact(predict(queries, keys, wave(keys), w), expected, wave(keys))


@given(places, sizes)
def test_the_fast_and_the_dense_prediction_agree(place, w):
    results, others = (predict(*place, w) for predict in PREDICTIONS.values())
    assert_agree(results, others, place.values)


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


@given(places, sizes, st.randoms(use_true_random=False))
def test_the_order_of_the_pairs_does_not_matter(place, w, random):
    order = random.sample(range(place.keys.size), place.keys.size)
    shuffled = place._replace(keys=place.keys[order], values=place.values[order])
    results = fast.nadaraya_watson(*shuffled, w)
    assert_agree(results, fast.nadaraya_watson(*place, w), place.values)


@given(places, sizes, st.randoms(use_true_random=False))
def test_queries_in_another_order_get_the_same_predictions(place, w, random):
    order = random.sample(range(place.queries.size), place.queries.size)
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


corners = vectors(eighths)
crowds_of_eighths = st.builds(
    lambda corners, seed: crowd(corners, 0, seed, 900, 900), corners, st.integers(0, 99)
)
few_eighths = st.builds(lambda queries, problem: Place(queries, *problem), corners, exact_problems)
exact_places = few_eighths | crowds_of_eighths


@given(exact_places, sizes, shifts)
def test_shifting_queries_and_keys_together_changes_nothing(place, w, shift):
    shifted = fast.nadaraya_watson(place.queries + shift, place.keys + shift, place.values, w)
    assert_agree(shifted, fast.nadaraya_watson(*place, w), place.values)


@given(exact_places, st.floats(0.01, 9), st.integers(-16, 300))
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


# What is accepted, and what is not

WHOLE = Place(*(np.round(part) for part in ordinary(3000)))
"""Whole numbers, which every type of number can hold."""


def some_of(n):
    return Place(*(part[:n] for part in WHOLE))


def spread_out(entries):
    """Return a read-only view in which the entries don't lie next to each other."""
    result = np.repeat(entries, 2, axis=0)[::2]
    result.flags.writeable = False
    return result


@pytest.mark.parametrize("n", [3, 3000])
@pytest.mark.parametrize("dtype", [np.float32, np.longdouble, np.int8, np.int64, np.float16])
def test_other_types_of_numbers_are_converted_to_float64(dtype, n):
    place = some_of(n)
    converted = [part.astype(dtype) for part in place]
    result = fast.nadaraya_watson(*converted, np.float32(3))
    assert result.dtype == np.float64
    np.testing.assert_array_equal(result, fast.nadaraya_watson(*place, 3))
    _, keys, values = converted
    assert fast.loss_and_gradient(3, keys, values) == fast.loss_and_gradient(3, *place[1:])


@pytest.mark.parametrize("n", [3, 3000])
def test_lists_and_views_with_gaps_serve_as_well_as_arrays(n):
    place = some_of(n)
    expected = fast.nadaraya_watson(*place, 3)
    for kind in [list, spread_out]:
        given = [kind(part) for part in place]
        np.testing.assert_array_equal(fast.nadaraya_watson(*given, 3), expected)
        assert fast.loss_and_gradient(3, *given[1:]) == fast.loss_and_gradient(3, *place[1:])


@pytest.mark.parametrize("n", [3, 3000])
def test_columns_may_lie_in_memory_in_any_order(n):
    place = some_of(n)
    columns = np.stack([place.values, -place.values], axis=1)
    expected = fast.nadaraya_watson(place.queries, place.keys, columns, 3)
    for view in [np.asfortranarray(columns), spread_out(columns), columns[:, ::-1][:, ::-1]]:
        result = fast.nadaraya_watson(place.queries, place.keys, view, 3)
        assert_agree(result, expected, place.values)


@pytest.mark.parametrize("w", SCALES)
@pytest.mark.parametrize("n", [1, 2, 50, 3000])
def test_arrays_are_left_alone_and_never_come_back(n, w):
    place = some_of(n)
    copies = [part.copy() for part in place]
    result = fast.nadaraya_watson(*place, w)
    if n > 1:
        fast.loss_and_gradient(w, *place[1:])
    for part, copy in zip(place, copies, strict=True):
        np.testing.assert_array_equal(part, copy)
        assert not np.shares_memory(part, result)


VALID = {
    fast.nadaraya_watson: {"queries": [5, 1], "keys": [0, 1, 3], "values": [2, 4, 8], "w": 2},
    fast.loss_and_gradient: {"w": 2, "keys": [0, 1, 3], "values": [2, 4, 8]},
}
FUNCTIONS = pytest.mark.parametrize("function", VALID, ids=lambda function: function.__name__)
ARRAYS = [(f, name) for f, valid in VALID.items() for name in valid if name != "w"]
EACH_ARRAY = pytest.mark.parametrize(
    "function, argument", ARRAYS, ids=[f"{f.__name__}-{name}" for f, name in ARRAYS]
)


def call(function, argument, given):
    return function(**VALID[function] | {argument: given})


def test_the_scale_is_1_unless_another_is_given():
    place = ordinary(50)
    np.testing.assert_array_equal(fast.nadaraya_watson(*place), fast.nadaraya_watson(*place, 1))


@EACH_ARRAY
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1.01e100, -1e101])
def test_numbers_must_be_finite_and_not_too_large(function, argument, bad):
    with pytest.raises(ValueError, match=rf"\b{argument}\b"):
        call(function, argument, [0, bad, 3])


@EACH_ARRAY
def test_numbers_of_the_largest_size_are_accepted(function, argument):
    result = call(function, argument, [1e100, -1e100, 3])
    assert np.isfinite(result).all()


@EACH_ARRAY
@pytest.mark.parametrize("given", [[], 1.0, np.ones((0, 2)), np.ones((3, 1, 1))])
def test_arrays_must_have_entries_and_the_right_axes(function, argument, given):
    with pytest.raises(ValueError, match=rf"\b{argument}\b"):
        call(function, argument, given)


@EACH_ARRAY
@pytest.mark.parametrize(
    "given", [["a", "b", "c"], None, [1j, 2, 3], [True, False, True], np.array([1, 2, 3], object)]
)
def test_arrays_must_hold_real_numbers(function, argument, given):
    with pytest.raises(TypeError, match=rf"\b{argument}\b"):
        call(function, argument, given)


@EACH_ARRAY
def test_masked_arrays_are_refused(function, argument):
    with pytest.raises(TypeError, match=rf"\b{argument}\b"):
        call(function, argument, np.ma.array([1, 2, 3], mask=[0, 1, 0]))


@pytest.mark.parametrize(
    "function, argument",
    [
        (fast.nadaraya_watson, "queries"),
        (fast.nadaraya_watson, "keys"),
        (fast.loss_and_gradient, "keys"),
        (fast.loss_and_gradient, "values"),  # there is one loss, so one column
    ],
)
def test_columns_are_for_the_values_of_predictions_only(function, argument):
    with pytest.raises(ValueError, match=rf"\b{argument}\b"):
        call(function, argument, np.ones((3, 2)))


@FUNCTIONS
@pytest.mark.parametrize("given", [[1, 2], [1, 2, 3, 4]])
def test_keys_and_values_must_pair_up(function, given):
    with pytest.raises(ValueError, match=r"\bkeys\b.*\bvalues\b"):
        call(function, "values", given)


def test_each_row_of_several_columns_needs_a_key():
    with pytest.raises(ValueError, match=r"\bkeys\b.*\bvalues\b"):
        call(fast.nadaraya_watson, "values", np.ones((2, 3)))


def test_columns_must_not_be_empty():
    with pytest.raises(ValueError, match=r"\bvalues\b"):
        call(fast.nadaraya_watson, "values", np.ones((3, 0)))


def test_one_point_cannot_be_predicted_from_the_others():
    with pytest.raises(ValueError, match=r"\bkeys\b"):
        fast.loss_and_gradient(1, [1], [2])


@FUNCTIONS
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1.000001e6, -2e6, 10**400])
def test_w_must_be_finite_and_at_most_a_million(function, bad):
    with pytest.raises(ValueError, match=r"\bw\b"):
        call(function, "w", bad)


@FUNCTIONS
@pytest.mark.parametrize("given", ["1", None, 1j, True, [1.0], np.ones(1)])
def test_w_must_be_a_real_number(function, given):
    with pytest.raises(TypeError, match=r"\bw\b"):
        call(function, "w", given)


# Many points


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
    assert peak < 100 * MIB  # n^2 numbers would be 300 GiB
    some = nw.nadaraya_watson(place.queries[:20], place.keys, place.values, w)
    assert_agree(results[:20], some, place.values)


# Loss and gradient


def spread_of_pulls(w, keys):
    """Return a bound on |w| sum_j a_ij e_ij, e_ij a squared distance less the nearest one's.

    No e_ij exceeds the square of the range. With t = w^2 e / 2 the weights a are in the ratios of
    e^-t, one of which is 1; so sum a t is at most their entropy, and that at most log(n - 1).
    """
    if w == 0 or keys.size == 2:
        return 0.0
    return min(abs(w) * np.ptp(keys) ** 2, 2 * math.log(keys.size - 1) / abs(w))


def loss_bounds(w, keys, values, loss, off):
    """Return how far off loss and gradient may be where the predictions left out are by off.

    The loss is the mean of r^2, the gradient that of 2 r p. Residuals r are at most the range of
    the values. p, the weighted mean of (y - f) w e, is at most range s, where s bounds the mean of
    |w| e, and off by three errors times s: that of f, and those of the weights and the exponents.
    The mean of n numbers rounds, to which 1e-14 of the loss is added.
    """
    size, s = np.ptp(values), spread_of_pulls(w, keys)
    underflow = 1e-220 * (1 + size) ** 2  # of the square of a distance in bandwidths, divided by w
    return (
        2 * math.sqrt(loss) * off + off**2 + 1e-14 * loss + underflow,
        2 * (size * 3 * off * s + off * size * s) + underflow,
    )


def assert_loss_and_gradient(w, keys, values, expected, off=0.0):
    """Assert that both are as expected, to 1e-14 of the range of the values and to off."""
    result = fast.loss_and_gradient(w, keys, values)
    assert [type(number) for number in result] == [float, float]
    errors = [float(abs(mp.mpf(r) - e)) for r, e in zip(result, expected, strict=True)]
    off = off + 1e-14 * np.ptp(values)
    bounds = loss_bounds(w, keys, values, float(expected[0]), off)
    assert errors[0] <= bounds[0]
    assert errors[1] <= bounds[1]


def left_out_from_the_dense_forms(w, keys, values):
    """Return loss and gradient of chapter 5, and how far off the predictions in them may be."""
    exponent = 4 * 37 * 2**-52 * np.ptp(values)  # of a score that matters, above log eps
    return (nw.loss(w, keys, values), nw.gradient(w, keys, values)), rounding(values) + exponent


def test_the_reference_for_the_gradient_is_the_slope_of_that_for_the_loss():
    keys, values = SOME.keys[:9], SOME.values[:9]
    for w in [0.3, 4.0, -20.0]:
        with mp.workprec(reference.BITS):
            h = mp.ldexp(1, -35)
            above, below = (reference.loss_and_gradient(w + x, keys, values)[0] for x in (h, -h))
            # A central difference errs by h^2 L''' / 6, and by the rounding of losses over h.
            slope = (above - below) / (2 * h)
            assert abs(reference.loss_and_gradient(w, keys, values)[1] - slope) < 1e-18


def test_the_reference_for_predictions_matches_one_worked_out_by_hand():
    w = math.sqrt(2 * math.log(2))
    expected = [bits(1, 2**-1, 2**-9), bits(2**-4, 2**-1, 2**-1)]
    results = reference.prediction([0, 2], [0, 1, 3], [0, 1, 2], w)
    assert_close([float(f) for f in results], expected, 1e-15)
    # In the middle of two keys 2e100 apart a step of 1e-112 makes a score of 2 out of w^2 / 2.
    tie, step = reference.prediction([0, 1e-112], [-1e100, 1e100], [0, 1], 1e6)
    assert tie == 0.5
    assert float(step) == pytest.approx(1 / (1 + math.exp(-2)), rel=1e-12)


@pytest.mark.parametrize("copies", [1, 1000])
def test_the_loss_at_scale_0_matches_the_one_worked_out_by_hand(copies):
    # All but the one itself average (sum - y) / (n - 1): a residual is n / (n - 1) (mean - y).
    keys, values = np.tile([0, 1, 2], copies), np.tile([0, 1, 5], copies)
    loss, gradient = fast.loss_and_gradient(0, keys, values)
    n = 3 * copies
    assert loss == pytest.approx((4 + 1 + 9) / 3 * (n / (n - 1)) ** 2, rel=1e-14)
    assert gradient == 0


@pytest.mark.parametrize("w", [-1.5, -0.25, 0.5, 1, 2])
def test_loss_and_gradient_match_derivations_by_hand(w):
    # Only the last value is not 0: the predictions are 1/(1 + e^4ww), 1/(1 + e^1.5ww) and 0.
    first, second = 1 / (1 + math.exp(4 * w * w)), 1 / (1 + math.exp(1.5 * w * w))
    slopes = -8 * w * first * (1 - first), -3 * w * second * (1 - second)
    loss, gradient = fast.loss_and_gradient(w, [0, 1, 3], [0, 0, 1])
    assert loss == pytest.approx((first**2 + second**2 + 1) / 3, rel=1e-14)
    assert gradient == pytest.approx(2 / 3 * (first * slopes[0] + second * slopes[1]), rel=3e-14)


@pytest.mark.parametrize("w", SCALES)
@pytest.mark.parametrize("keys", [[5, -1e100], [0, TINY], [0.1, 0.7], [3, 3]])
def test_two_points_predict_each_other_at_any_scale(keys, w):
    assert fast.loss_and_gradient(w, keys, [1, 4]) == (9, 0)


@pytest.mark.parametrize("n", [2, 50, 3000])
def test_constant_values_leave_no_loss(n):
    keys = np.random.default_rng(n).uniform(0, 5, n)
    for w in SCALES:
        assert fast.loss_and_gradient(w, keys, np.full(n, 0.1)) == (0, 0)


@pytest.mark.parametrize("n", [2, 50, 3000])
def test_duplicates_predict_each_other_at_a_huge_scale(n):
    keys = np.repeat(np.arange(n), 2)
    values = 7.0 * keys + np.tile([-0.5, 0.5], n)
    loss, gradient = fast.loss_and_gradient(1e6, keys, values)
    # One off, to 1e-14 of a range of 7n each: twice that in the square.
    assert loss == pytest.approx(1, abs=2 * 7e-14 * n)
    assert abs(gradient) <= loss_bounds(1e6, keys, values, 1.0, 7e-14 * n)[1]


@pytest.mark.parametrize("n", [3, 50, 3000])
def test_isolated_points_are_predicted_by_their_nearest_neighbours(n):
    keys = 2.0 ** np.linspace(0, 300, n)  # the next one below is the nearest
    values = np.arange(n) % 2
    loss, gradient = fast.loss_and_gradient(1e6, keys, values)
    assert loss == pytest.approx(1, abs=3e-14)
    assert abs(gradient) <= loss_bounds(1e6, keys, values, 1.0, 1e-14)[1]


@pytest.mark.parametrize("w", SCALES)
@pytest.mark.parametrize("name", [name for name in SMALL if SMALL[name].keys.size > 1])
def test_loss_and_gradient_are_exact_wherever_keys_lie(name, w):
    _, keys, values = SMALL[name]
    assert_loss_and_gradient(w, keys, values, reference.loss_and_gradient(w, keys, values))


@given(learning_problems, sizes)
def test_no_placement_of_a_few_keys_makes_loss_or_gradient_inexact(problem, w):
    keys = problem[0]
    expected = reference.loss_and_gradient(w, keys, wave(keys))
    with np.errstate(all="raise", under="ignore"):
        assert_loss_and_gradient(w, keys, wave(keys), expected)


@given(exact_places, sizes)
def test_loss_and_gradient_agree_with_the_dense_ones(place, w):
    _, keys, values = place
    expected, off = left_out_from_the_dense_forms(w, keys, values)
    with np.errstate(all="raise", under="ignore"):
        assert_loss_and_gradient(w, keys, values, expected, off)


@pytest.mark.slow
@pytest.mark.parametrize("w", [*SCALES, -3.2])
@pytest.mark.parametrize("name", ["offset keys", "clusters", "a gap", "a lattice", "long tails"])
def test_loss_and_gradient_of_thousands_of_points_agree_with_the_dense_ones(name, w):
    keys, values = LARGE[name].keys[::2], LARGE[name].values[::2]
    expected, off = left_out_from_the_dense_forms(w, keys, values)
    assert_loss_and_gradient(w, keys, values, expected, off)


@pytest.mark.parametrize("w", [1, 30, 1e3])
@pytest.mark.parametrize("n", [400, 1000, 3000])
def test_the_loss_agrees_with_the_dense_one_whatever_the_number_of_points(n, w):
    _, keys, values = ordinary(n)
    expected, off = left_out_from_the_dense_forms(w, keys, values)
    assert_loss_and_gradient(w, keys, values, expected, off)


@pytest.mark.parametrize("n", [400, 1000, 3000, 20_000])
@pytest.mark.parametrize("w", [0.3, 10, 300, 1e5])
def test_the_gradient_of_many_points_agrees_with_finite_differences(n, w):
    _, keys, values = ordinary(n)

    def slope(h):
        above, below = (fast.loss_and_gradient(w + x, keys, values)[0] for x in (h, -h))
        return (above - below) / (2 * h)

    h = 1e-4 * w
    loss, gradient = fast.loss_and_gradient(w, keys, values)
    # A central difference errs by about a third of what it moves when h doubles, and by the
    # rounding of two losses, divided by 2 h.
    rounded = loss_bounds(w, keys, values, loss, 1e-14 * np.ptp(values))[0]
    assert abs(gradient - slope(h)) <= abs(slope(2 * h) - slope(h)) + 3 * rounded / h


@given(places.filter(lambda place: place.keys.size > 1), sizes)
def test_the_loss_is_even_and_its_gradient_is_odd(place, w):
    _, keys, values = place
    loss, gradient = fast.loss_and_gradient(w, keys, values)
    assert np.isfinite([loss, gradient]).all()
    assert fast.loss_and_gradient(-w, keys, values) == (loss, -gradient)


@given(exact_places, sizes, shifts, st.randoms(use_true_random=False))
def test_neither_a_shift_nor_the_order_of_the_points_changes_the_loss(place, w, shift, random):
    _, keys, values = place
    order = random.sample(range(keys.size), keys.size)
    off = 1e-14 * np.ptp(values)
    expected = fast.loss_and_gradient(w, keys, values)
    assert_loss_and_gradient(w, keys[order] + shift, values[order], expected, off)
    assert_loss_and_gradient(w, -keys, values + 1024, expected, off)
