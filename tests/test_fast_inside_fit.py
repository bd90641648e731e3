"""The fitted scale, where the loss is made up, and which scales are tried for it."""

import numpy as np
import pytest
from bounds import DIGITS

from nwlib import fast
from nwlib.fast import _fit, _loss

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

    monkeypatch.setattr(_loss, "leave_one_out", lambda keys, values: losses_and_gradients)
    return np.log(fast.fit_w(KEYS, KEYS) / GRID[0]) / STEP, tried


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
    value, place = _fit._cubic_minimum(below, above)
    if least is None:
        assert value == np.inf
    else:
        assert (place, value) == pytest.approx(least, rel=1e-14)
