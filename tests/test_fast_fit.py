"""The scale that `nwlib.fast` fits, for two points to hundreds of thousands: none is better."""

import numpy as np
import pytest
import samples
from bounds import DIGITS, SEARCHED
from hypothesis import given
from hypothesis import strategies as st
from strategies import eighths, learning_problems, pairs

import nwlib as nw
from nwlib import fast


def loss(w, keys, values):
    return fast.loss_and_gradient(w, keys, values)[0]


def ends(keys):
    """Return the smallest and the largest of the scales that `fit_w` documents."""
    distinct = np.unique(keys)
    gaps = np.append(np.inf, np.append(np.diff(distinct), np.inf))
    to_nearest = np.minimum(gaps[:-1], gaps[1:])
    return np.minimum([0.1 / np.ptp(keys), 10 / np.median(to_nearest)], 1e6)


def smallest_loss(keys, values, n_scales=4000, at_once=100):
    """Return the smallest leave-one-out loss on a fine grid, from the plain formula."""
    squared = (keys[:, np.newaxis] - keys) ** 2
    np.fill_diagonal(squared, np.inf)
    squared -= squared.min(axis=1, keepdims=True)
    np.fill_diagonal(squared, 0.0)
    best = np.mean(((values.sum() - values) / (keys.size - 1) - values) ** 2)  # at 0
    for some in np.split(np.geomspace(*ends(keys), n_scales), n_scales // at_once):
        scores = squared * (-(some**2) / 2)[:, np.newaxis, np.newaxis]
        weights = np.exp(np.maximum(scores, -700.0, out=scores))  # subnormals would be slow
        weights[:, range(keys.size), range(keys.size)] = 0.0
        predictions = weights @ values / weights.sum(axis=2)
        best = min(best, np.mean((predictions - values) ** 2, axis=1).min())
    return best


def assert_no_scale_is_better(keys, values):
    fitted = loss(fast.fit_w(keys, values), keys, values)
    assert fitted <= smallest_loss(keys, values) * (1 + 1e-9)


@pytest.mark.parametrize("seed", range(100, 160))
def test_no_scale_of_a_fine_grid_beats_the_fitted_one(seed):
    assert_no_scale_is_better(*samples.course(seed))


ODD = [samples.noise, samples.in_two_places, samples.with_long_tails, samples.rounded]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("data", ODD)
def test_no_scale_of_a_fine_grid_beats_the_fitted_one_on_odd_data(data, seed):
    assert_no_scale_is_better(*data(seed))


@pytest.mark.parametrize("data", [samples.with_duplicates, samples.in_clusters])
@pytest.mark.parametrize("n", [3, 4, 6, 10, 50])
def test_no_scale_of_a_fine_grid_beats_the_fitted_one_for_a_few_odd_keys(data, n):
    keys, values = data()
    assert_no_scale_is_better(keys[:n], values[:n])


@pytest.mark.parametrize("n", [2, 3, 50, 2000])
@pytest.mark.parametrize("value", [0.0, 0.1, -1e50, 5e-324])
def test_constant_values_fit_at_scale_0(n, value):
    assert fast.fit_w(np.random.default_rng(n).uniform(0, 5, n), np.full(n, value)) == 0


@pytest.mark.parametrize("n", [2, 3, 50, 2000])
@pytest.mark.parametrize("key", [0.0, 0.3, -1e50])
def test_keys_that_are_all_the_same_fit_at_scale_0(n, key):
    assert fast.fit_w(np.full(n, key), np.arange(n)) == 0


@pytest.mark.parametrize("keys", [[0, 1], [1e50, -1e50], [0.1, 0.1], [0, 5e-324]])
def test_two_points_fit_at_scale_0(keys):
    assert fast.fit_w(keys, [2, 5]) == 0


@pytest.mark.parametrize("n", [5, 40, 1000])
@pytest.mark.parametrize("distance", [1e-6, 0.25, 1e40])
def test_a_loss_that_falls_for_ever_fits_where_no_larger_scale_helps(n, distance):
    # Each key predicts its partner, which has the same value; all other keys spoil that.
    keys = distance * np.ravel(np.arange(n)[:, np.newaxis] * 4 + [0, 1])
    values = np.repeat(np.arange(n) % 2, 2)
    w = fast.fit_w(keys, values)
    assert 0 < w <= 1e6
    # Below the square of 1e-14 of the range of the values, 1, a loss is as good as 0.
    assert loss(w, keys, values) <= loss(min(10 / distance, 1e6), keys, values) + 1e-28


@given(st.one_of(learning_problems, pairs(eighths, least=2, values=eighths)))
def test_the_fitted_scale_is_finite_and_in_range_wherever_keys_lie(problem):
    with np.errstate(all="raise", under="ignore"):
        w = fast.fit_w(*problem)
    assert type(w) is float
    assert 0 <= w <= 1e6


@pytest.mark.parametrize("n", [3, 50, 2000])
@pytest.mark.parametrize("scale", [1e50, 1e49, 1e-100, 1e-310, 5e-324])
def test_keys_of_any_size_fit_in_range_and_no_worse_than_the_average(n, scale):
    rng = np.random.default_rng(n)
    keys, values = scale * rng.integers(-9, 9, n) / 9, rng.normal(size=n)
    w = fast.fit_w(keys, values)
    assert 0 <= w <= 1e6
    average = loss(0, keys, values)
    assert loss(w, keys, values) <= average * (1 + 1e-12)


def course_like(n, seed=0):
    """Return n points like those of the course, at multiples of 2^-30, which shift exactly."""
    rng = np.random.default_rng(seed)
    keys = np.round(rng.uniform(0, 5, n) * 2**30) / 2**30
    return keys, 2 * np.sin(keys) + keys**0.8 + rng.normal(0, 0.5, n)


SIZES = pytest.mark.parametrize("n", [50, 400, 3000])


@SIZES
@pytest.mark.parametrize("shift", [-(2.0**20), 0.5, 2.0**10])
def test_shifting_the_keys_changes_nothing(n, shift):
    keys, values = course_like(n)
    expected = pytest.approx(fast.fit_w(keys, values), rel=DIGITS)
    assert fast.fit_w(keys + shift, values) == expected


@SIZES
@pytest.mark.parametrize("power", [-10, -1, 3, 150])
def test_stretching_the_keys_shrinks_the_fitted_scale(n, power):
    keys, values = course_like(n)
    expected = pytest.approx(fast.fit_w(keys, values), rel=DIGITS)
    assert fast.fit_w(keys * 2.0**power, values) * 2.0**power == expected


@SIZES
def test_a_mirror_or_another_order_of_the_points_changes_nothing(n):
    keys, values = course_like(n)
    expected = pytest.approx(fast.fit_w(keys, values), rel=DIGITS)
    order = np.random.default_rng(1).permutation(n)
    assert fast.fit_w(keys[order], values[order]) == expected
    assert fast.fit_w(-keys, values) == expected


@SIZES
def test_affine_changes_of_the_values_keep_the_fitted_scale(n):
    keys, values = course_like(n)
    expected = pytest.approx(fast.fit_w(keys, values), rel=DIGITS)
    assert fast.fit_w(keys, 7 - 3 * values) == expected


@SIZES
def test_the_gradient_changes_sign_at_the_fitted_scale(n):
    keys, values = course_like(n)
    w = fast.fit_w(keys, values)
    below, above = (
        fast.loss_and_gradient(w * (1 + side * DIGITS), keys, values)[1] for side in (-1, 1)
    )
    assert below < 0 < above


def assert_no_scale_of_a_coarse_grid_is_better(keys, values):
    fitted = loss(fast.fit_w(keys, values), keys, values)
    grid = np.append(0, np.geomspace(*ends(keys), 100))
    best = min(loss(w, keys, values) for w in grid)
    assert fitted <= best * (1 + 1e-9)


@pytest.mark.slow
def test_no_scale_of_a_grid_beats_the_one_fitted_to_many_points():
    assert_no_scale_of_a_coarse_grid_is_better(*course_like(20_000))


@pytest.mark.slow
def test_no_scale_of_a_grid_beats_the_one_fitted_to_many_points_in_clusters():
    keys, values = course_like(4000)
    assert_no_scale_of_a_coarse_grid_is_better(keys + 100 * (keys > 2.5), values)


@pytest.mark.slow
def test_a_hundred_thousand_points_are_fitted_to_a_minimum():
    keys, values = course_like(100_000)
    w = fast.fit_w(keys, values)
    here, less, more = (loss(w * factor, keys, values) for factor in (1, 0.98, 1.02))
    assert here < min(less, more)


def test_values_far_from_0_keep_the_fitted_scale_to_the_last_digit():
    keys, values = samples.course(0)
    eighths = np.round(8 * values) / 8
    assert fast.fit_w(keys, 2.0**49 + eighths) == fast.fit_w(keys, eighths)


@pytest.mark.parametrize("seed", range(10))
def test_it_finds_what_the_search_of_chapter_5_finds(seed):
    keys, values = samples.course(seed)
    assert fast.fit_w(keys, values) == pytest.approx(nw.fit_w(keys, values), rel=SEARCHED)


def test_of_equally_good_scales_the_smallest_that_was_tried_is_fitted():
    keys, values = [0, 0.125, 10, 10.125], [-1, -1, 1, 1]
    grid = np.geomspace(0.1 / 10.125, 10 / 0.125, 20)
    tied = [w for w in grid if loss(w, keys, values) == 0]
    assert 5 < len(tied) < 20  # the far pair counts no more
    w = fast.fit_w(keys, values)
    assert loss(w, keys, values) == 0
    assert grid[-len(tied) - 1] < w <= tied[0]


def test_a_scale_at_the_low_end_of_the_grid_may_beat_0():
    # The loss has its minimum below 0.1 / range, lower than at 0 by 5e-7.
    assert fast.fit_w([0, 1, 3, 4], [0, 1, 3.7, 1]) == pytest.approx(0.1 / 4, rel=DIGITS)
