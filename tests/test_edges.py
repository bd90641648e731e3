"""Small things that nothing else here would notice: each test stands for a mutant of the core.

`make mutate` breaks the core in small ways, and these are those that the other tests let pass.
"""

import numpy as np
import pytest
from test_training import DIGITS

import nwlib as nw
from nwlib import _scores, fast

# Nearest keys


def test_of_two_equally_near_keys_the_lower_is_the_nearest():
    queries, keys = np.array([0.5, 2.5, 2.75, 9, -9]), np.array([3.0, 0, 1, 2])
    np.testing.assert_array_equal(_scores.nearest_key(queries, keys), [0, 2, 3, 3, 0])


def test_of_two_equally_near_other_keys_the_lower_is_the_nearest():
    keys = np.array([10.0, 1, 0, 2, 2])
    np.testing.assert_array_equal(_scores.nearest_other_key(keys), [2, 0, 1, 2, 2])


# The fitted scale, where the loss is made up

KEYS = np.arange(101)
"""`fit_w` tries 28 scales from 0.1 / 100 to 10 / 1."""
GRID = np.geomspace(1e-3, 10, 28)
STEP = np.log(1e4) / 27


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


def test_0_and_28_scales_are_tried_first(monkeypatch):
    _, tried = fit(monkeypatch, valleys([12.25], [1]))
    np.testing.assert_allclose(tried[0], np.append(0, GRID), rtol=1e-13)


@pytest.mark.parametrize("side", [-0.4, 0.4])
@pytest.mark.parametrize("deepest", range(5))
def test_the_deepest_of_five_valleys_is_found_by_its_nearer_end(monkeypatch, deepest, side):
    # The deepest has losses of 0.01 - 1 and 0.81 - 1 at its ends, the others 0.01 - 0.7 and more.
    bottoms = 2.5 + 5 * np.arange(5) - side
    bottoms[deepest] += 2 * side
    found, _ = fit(monkeypatch, valleys(bottoms, np.where(np.arange(5) == deepest, 1, 0.7)))
    assert found == pytest.approx(bottoms[deepest], abs=DIGITS)


@pytest.mark.parametrize("bottom", [0.5, 26.5])
def test_a_valley_between_the_first_or_the_last_two_scales_is_found(monkeypatch, bottom):
    found, _ = fit(monkeypatch, valleys([bottom], [1]))
    assert found == pytest.approx(bottom, abs=DIGITS)


def test_at_most_three_valleys_are_refined(monkeypatch):
    bottoms = 2.5 + 5 * np.arange(5)
    _, tried = fit(monkeypatch, valleys(bottoms, [1, 5, 2, 4, 3]))
    position = np.sort(np.log(tried[1] / GRID[0]) / STEP)
    np.testing.assert_allclose(position, bottoms[[1, 3, 4]], rtol=1e-12)


def test_refining_ends_where_a_step_changes_nothing(monkeypatch):
    # The slope of a parabola is straight: the first step meets the bottom, the second stays.
    _, tried = fit(monkeypatch, valleys([12.25], [1]))
    assert [len(scales) for scales in tried] == [29, 1, 1]


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize("steepness", [1, 4])
def test_a_valley_with_one_steep_side_is_found_in_nine_steps(monkeypatch, side, steepness):
    def loss_and_slope(position):
        away = np.clip(side * steepness * (position - 12.3), -99, 99)
        return np.exp(away) - away, side * steepness * (np.exp(away) - 1)

    found, tried = fit(monkeypatch, loss_and_slope)
    assert found == pytest.approx(12.3, abs=DIGITS)
    assert len(tried) <= 1 + 9


def test_training_may_stay_at_the_largest_scale():
    # Two points always predict each other: nothing pulls.
    history = nw.train([0, 1], [2, 5], w=1e6, learning_rate=1, n_steps=2)
    np.testing.assert_array_equal(history.w, [1e6, 1e6, 1e6])
