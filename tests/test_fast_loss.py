"""Leave-one-out loss and gradient in linear time: exact wherever points lie."""

import math

import mpmath as mp
import numpy as np
import pytest
import reference
from bounds import TINY
from hypothesis import given
from places import LARGE, SCALES, SMALL, exact_places, ordinary, places, sizes
from samples import wave
from strategies import generators, learning_problems, shifts

from nwlib import fast


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


def left_out_pair_by_pair(w, keys, values):
    """Return loss and gradient from all pairs, in extended precision where the machine has it.

    Squared distances are taken less that of the nearest other key, which changes neither.
    """
    keys, values = keys.astype(np.longdouble), values.astype(np.longdouble)
    losses, slopes = [], []
    for rows in np.array_split(np.arange(keys.size), 1 + keys.size // 200):
        own, others = keys[rows, np.newaxis], np.arange(keys.size) != rows[:, np.newaxis]
        nearest = keys[np.where(others, np.abs(keys - own), np.inf).argmin(axis=1), np.newaxis]
        excess = np.where(others, (keys - nearest) * ((keys - own) + (nearest - own)), 0)
        score = np.where(others, -excess * np.longdouble(w) ** 2 / 2, -np.inf)
        weights = np.exp(score, where=score > -150, out=np.zeros_like(score))
        weights /= weights.sum(axis=1, keepdims=True)
        f = (weights * values).sum(axis=1)
        pull = (weights * (values - f[:, np.newaxis]) * excess).sum(axis=1)
        losses.append((f - values[rows]) ** 2)
        slopes.append(2 * (f - values[rows]) * -w * pull)
    return float(np.concatenate(losses).mean()), float(np.concatenate(slopes).mean())


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
@pytest.mark.parametrize("keys", [[5, -1e50], [0, TINY], [0.1, 0.7], [3, 3]])
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
    keys = 2.0 ** np.linspace(0, 160, n)  # the next one below is the nearest
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
def test_loss_and_gradient_are_those_of_all_pairs(place, w):
    _, keys, values = place
    expected = left_out_pair_by_pair(w, keys, values)
    with np.errstate(all="raise", under="ignore"):
        assert_loss_and_gradient(w, keys, values, expected, off=1e-14 * np.ptp(values))


@pytest.mark.slow
@pytest.mark.parametrize("w", [*SCALES, -3.2])
@pytest.mark.parametrize("name", ["offset keys", "clusters", "a gap", "a lattice", "long tails"])
def test_loss_and_gradient_of_thousands_of_points_are_those_of_all_pairs(name, w):
    keys, values = LARGE[name].keys[::2], LARGE[name].values[::2]
    expected = left_out_pair_by_pair(w, keys, values)
    assert_loss_and_gradient(w, keys, values, expected, off=1e-14 * np.ptp(values))


@pytest.mark.parametrize("w", [1, 30, 1e3])
@pytest.mark.parametrize("n", [400, 1000, pytest.param(3000, marks=pytest.mark.slow)])
def test_the_loss_is_that_of_all_pairs_whatever_the_number_of_points(n, w):
    _, keys, values = ordinary(n)
    expected = left_out_pair_by_pair(w, keys, values)
    assert_loss_and_gradient(w, keys, values, expected, off=1e-14 * np.ptp(values))


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


@given(exact_places, sizes, shifts, generators)
def test_neither_a_shift_nor_the_order_of_the_points_changes_the_loss(place, w, shift, rng):
    _, keys, values = place
    order = rng.permutation(keys.size)
    off = 1e-14 * np.ptp(values)
    expected = fast.loss_and_gradient(w, keys, values)
    assert_loss_and_gradient(w, keys[order] + shift, values[order], expected, off)
    assert_loss_and_gradient(w, -keys, values + 1024, expected, off)


def test_at_scale_0_the_gradient_has_no_minus_sign():
    assert repr(fast.loss_and_gradient(0, [0, 1, 2], [0, 1, 5])) == "(10.5, 0.0)"


def test_copies_on_a_long_lattice_have_the_loss_and_gradient_of_its_places():
    copies, places = 8, np.arange(20_000)
    values = wave(places)
    away = np.arange(-10, 11)  # beyond, a key counts e^-60
    weights = copies * np.exp(-(away**2) / 2) - (away == 0)  # without oneself

    def sums(weights, values):
        return np.convolve(values, weights, mode="same")

    ones = np.ones(places.size)
    total = sums(weights, ones)
    f = sums(weights, values) / total
    squared = weights * away**2
    pull = (sums(squared, values) - f * sums(squared, ones)) / total
    expected = np.mean((f - values) ** 2), np.mean(-2 * (f - values) * pull)
    off = 1e-14 * np.ptp(values)
    assert_loss_and_gradient(1, places.repeat(copies), values.repeat(copies), expected, off)


@pytest.mark.parametrize("outlier", [-(2.0**20), 2.0**20])
def test_a_key_far_from_all_others_costs_them_no_digits(outlier):
    keys = np.append(np.random.default_rng(0).uniform(0, 1, 600), outlier)
    expected = left_out_pair_by_pair(1, keys, wave(keys))
    assert_loss_and_gradient(1, keys, wave(keys), expected, off=1e-14 * np.ptp(wave(keys)))
