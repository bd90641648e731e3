"""Small things that nothing else here would notice: each test stands for a mutant of the core.

`make mutate` breaks the core in small ways, and these are those that the other tests let pass.
"""

import math

import numpy as np
import pytest
from test_fast import assert_agree, assert_loss_and_gradient, left_out_from_the_dense_forms, wave
from test_training import DIGITS

import nwlib as nw
from nwlib import _scores, fast, training

# Nearest keys


def test_of_two_equally_near_keys_the_lower_is_the_nearest():
    queries, keys = np.array([0.5, 2.5, 2.75, 9, -9]), np.array([3.0, 0, 1, 2])
    np.testing.assert_array_equal(_scores.nearest_key(queries, keys), [0, 2, 3, 3, 0])


def test_of_two_equally_near_other_keys_the_lower_is_the_nearest():
    keys = np.array([10.0, 1, 0, 2, 2])
    np.testing.assert_array_equal(_scores.nearest_other_key(keys), [2, 0, 1, 2, 2])


def test_far_off_keys_share_by_less_than_their_distances_can_tell():
    # The distances, 2^33 less 2^-21 and a little, round to 2^33 and the number below it. The
    # squares differ by 2^-39 x 2^34, which the scale makes a score of 1.
    keys = [2**-21 - 2**-40, 2**-21 + 2**-40]
    weights = nw.attention_weights([2**33], keys, 8)
    np.testing.assert_allclose(weights, [[1 / (1 + math.e), math.e / (1 + math.e)]], rtol=1e-14)


@pytest.mark.parametrize("w", [2.0**-10, 1, 2.0**10])
@pytest.mark.parametrize("n, spread, distance", [(300, 3, 40), (16_000, 0.1, 2000)])
def test_keys_on_the_other_side_of_0_are_seen_exactly(n, spread, distance, w):
    rng = np.random.default_rng(0)
    keys = -(distance / 2 + spread * rng.uniform(size=n)) / w
    queries = (distance / 2 + rng.uniform(size=1000)) / w
    predictions = fast.nadaraya_watson(queries, keys, wave(keys), w)[:20]
    dense = nw.nadaraya_watson(queries[:20], keys, wave(keys), w)
    assert_agree(predictions, dense, wave(keys))


@pytest.mark.parametrize("seed", range(20))
def test_halfway_between_far_crowds_both_count_though_distances_round(seed):
    rng = np.random.default_rng(seed)
    query = 2.0**-43 * rng.integers(-99, 99)  # a bit less than distances hold
    below = 2.0**-42 * rng.integers(-(2**53), -(2**52))
    keys, values = np.repeat([below, 2 * query - below], 300), np.repeat([0, 1], 300)
    predictions = fast.nadaraya_watson(np.full(1000, query), keys, values, 1e6)
    np.testing.assert_allclose(predictions, 0.5, rtol=1e-13)


# Arguments


def test_a_kernel_may_be_as_large_as_a_number_may():
    weights = nw.kernel_weights([0], [0, 1], lambda u: np.full(u.shape, 1e100))
    np.testing.assert_array_equal(weights, [[0.5, 0.5]])


def test_the_first_number_that_is_too_large_is_named():
    with pytest.raises(
        ValueError, match=r"^keys must be at most 1e\+100 in size, got 2e\+100 at index 1$"
    ):
        nw.attention_weights([0], [1e100, 2e100, 3e100])


def test_each_row_may_miss_1_by_a_hundred_thousandth_and_no_more():
    nw.attention_pooling(np.full((1000, 1), 1 + 0.99e-5), [0])
    with pytest.raises(ValueError, match=r"row 1 sums to 1\.00001$"):
        nw.attention_pooling([[1], [1 + 1.01e-5]], [0])


@pytest.mark.parametrize(
    "length, shown", [(58, f"'{'x' * 58}'"), (59, f"'{'x' * 56}..."), (900, f"'{'x' * 56}...")]
)
def test_a_message_shows_sixty_characters_of_what_came(length, shown):
    with pytest.raises(TypeError) as caught:
        nw.loss("x" * length, [0, 1], [0, 1])
    assert str(caught.value) == f"w must be a real number, got {shown}"


# Loss and gradient


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
    expected, off = left_out_from_the_dense_forms(1, keys, wave(keys))
    assert_loss_and_gradient(1, keys, wave(keys), expected, off)


# The fitted scale, where the loss is made up

KEYS = np.arange(101)
"""`fit_w` tries 20 scales from 0.1 / 100 to 10 / 1."""
GRID = np.geomspace(1e-3, 10, 20)
STEP = np.log(1e4) / 19


def fit(monkeypatch, loss_and_slope):
    """Fit KEYS to a made-up loss, and return the position of the scale in steps of the grid.

    The loss and its slope are functions of such positions. Also return what scales were tried,
    call by call.
    """
    tried = []

    def losses_and_gradients(scales):
        tried.append(scales)
        with np.errstate(divide="ignore"):
            position = np.log(scales / GRID[0]) / STEP
        loss, slope = loss_and_slope(np.maximum(position, -9))
        return loss, np.divide(slope, scales * STEP, out=np.zeros(len(scales)), where=scales > 0)

    monkeypatch.setattr(fast, "leave_one_out", lambda keys, values: losses_and_gradients)
    return np.log(nw.fit_w(KEYS, KEYS) / GRID[0]) / STEP, tried


def valleys(bottoms, depths):
    """Return a loss that is the lowest of parabolas."""

    def loss_and_slope(position):
        away = np.subtract.outer(bottoms, position)
        losses = away**2 - np.array(depths)[:, np.newaxis]
        lowest = losses.argmin(axis=0), np.arange(len(position))
        return losses[lowest], -2 * away[lowest]

    return loss_and_slope


def test_0_and_20_scales_are_tried_first(monkeypatch):
    _, tried = fit(monkeypatch, valleys([12.25], [1]))
    np.testing.assert_allclose(tried[0], np.append(0, GRID), rtol=1e-13)


@pytest.mark.parametrize("side", [-0.4, 0, 0.4])
@pytest.mark.parametrize("deepest", range(5))
def test_the_deepest_of_five_valleys_is_found_however_low_their_ends(monkeypatch, deepest, side):
    # At -0.4 and 0.4 the deepest has an end with a loss of 0.01 - 0.7, at 0 no others are higher.
    bottoms = 1.5 + 4 * np.arange(5) + 0.4
    bottoms[deepest] += side - 0.4
    found, _ = fit(monkeypatch, valleys(bottoms, np.where(np.arange(5) == deepest, 0.7, 0.6)))
    assert found == pytest.approx(bottoms[deepest], abs=DIGITS)


@pytest.mark.parametrize("bottom", [0.5, 18.5])
def test_a_valley_between_the_first_or_the_last_two_scales_is_found(monkeypatch, bottom):
    found, _ = fit(monkeypatch, valleys([bottom], [1]))
    assert found == pytest.approx(bottom, abs=DIGITS)


@pytest.mark.parametrize("mirror", [-1, 1])
def test_a_valley_that_no_slope_at_the_grid_tells_of_is_found(monkeypatch, mirror):
    # Between 12 and 13 the loss rises, falls from 12.1 to 12.6, and rises again.
    def loss_and_slope(position):
        x = mirror * (position - 12.5) + 0.5
        inside = (x - 0.1) * (x - 0.6)
        loss = x**3 / 3 - 0.35 * x**2 + 0.06 * x
        return np.where(x < 0, -x, loss), mirror * np.where(x < 0, -1, inside)

    found, _ = fit(monkeypatch, loss_and_slope)
    assert found == pytest.approx(12.5 + mirror * 0.1, abs=DIGITS)


@pytest.mark.parametrize(("slope", "end"), [(-1, 19), (1, -np.inf)])
def test_where_the_loss_only_falls_or_only_rises_the_grid_is_all(monkeypatch, slope, end):
    with np.errstate(divide="ignore"):
        found, tried = fit(monkeypatch, lambda x: (slope * x, np.full(x.size, slope)))
    assert found == pytest.approx(end)
    assert len(tried) == 1


def test_the_three_valleys_that_promise_most_are_refined_and_no_other(monkeypatch):
    bottoms = 1.5 + 4 * np.arange(5)
    _, tried = fit(monkeypatch, valleys(bottoms, [1, 5, 2, 4, 3]))
    position = np.log(np.ravel(tried[1:]) / GRID[0]) / STEP
    np.testing.assert_allclose(position, bottoms[[1, 3, 4]], rtol=1e-12)


def test_refining_ends_where_a_step_changes_nothing(monkeypatch):
    # A parabola is its own cubic: the first step meets the bottom.
    _, tried = fit(monkeypatch, valleys([12.25], [1]))
    assert [len(scales) for scales in tried] == [21, 1]


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize("steepness", [1, 4])
def test_a_valley_with_one_steep_side_is_found_in_twelve_steps(monkeypatch, side, steepness):
    def loss_and_slope(position):
        away = np.clip(side * steepness * (position - 12.3), -99, 99)
        return np.exp(away) - away, side * steepness * (np.exp(away) - 1)

    found, tried = fit(monkeypatch, loss_and_slope)
    assert found == pytest.approx(12.3, abs=DIGITS)
    assert len(tried) <= 1 + 12


@pytest.mark.parametrize(
    ("below", "above", "least"),
    [
        ((0, 1, -2), (1, 1, 2), (0.5, 0.5)),  # 2 (x - 1/2)^2 + 1/2
        ((1, 2, 0), (3, -2, 0), None),  # falls from a maximum to a minimum, both at the ends
        ((-1, 0, 0), (2, 0, 9), (1, -4)),  # (x + 1)^2 (x - 2)
        ((-2, 0, 9), (1, 0, 0), None),  # (x - 1)^2 (x + 2), least at the end
        ((-2, -8, 12), (2, 8, 12), None),  # x^3
        ((0, 0, 1), (1, 1, 1), None),  # a line
        ((0, 0, 1), (1, 0, -1), None),  # a hill
        ((0, 0, 5), (3, 6, 8), (5 / 3, 50 / 27)),  # x^3 - 4 x^2 + 5 x
        ((1, 0, -1), (1, 0, 1), None),  # one point twice
    ],
)
def test_the_least_of_a_cubic_between_its_ends(below, above, least):
    value, place = training._cubic_minimum(below, above)
    if least is None:
        assert value == np.inf
    else:
        assert (place, value) == pytest.approx(least, rel=1e-14)


def test_training_may_stay_at_the_largest_scale():
    # Two points always predict each other: nothing pulls.
    history = nw.train([0, 1], [2, 5], w=1e6, learning_rate=1, n_steps=2)
    np.testing.assert_array_equal(history.w, [1e6, 1e6, 1e6])
