"""Learning w, chapter 5."""

import math

import mpmath as mp
import numpy as np
import pytest
import samples
from bounds import DIGITS, EPS, SEARCHED, assert_close, of_a_share, rounding
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.nonparametric.kernel_regression import KernelReg
from strategies import eighths, exact_problems, learning_problems, pairs, scales, shifts

import nwlib as nw
from nwlib import fast

# Weights of the others


def test_leave_one_out_weights_match_shares_worked_out_by_hand():
    w = math.sqrt(2 * math.log(2))  # a key counts 2^-(squared distance)
    weights = nw.leave_one_out_weights([0, 1, 3], w)
    expected = [
        [0, 1 / (1 + 2**-8), 2**-8 / (1 + 2**-8)],
        [1 / (1 + 2**-3), 0, 2**-3 / (1 + 2**-3)],
        [2**-5 / (1 + 2**-5), 1 / (1 + 2**-5), 0],
    ]
    np.testing.assert_allclose(weights, expected, rtol=20 * EPS)


def test_a_key_predicts_its_duplicate_but_never_itself():
    weights = nw.leave_one_out_weights([4, 1, 4, 9], 1e6)
    expected = [[0, 0, 1, 0], [0.5, 0, 0.5, 0], [1, 0, 0, 0], [0.5, 0, 0.5, 0]]
    np.testing.assert_array_equal(weights, expected)


def test_two_points_predict_each_other():
    np.testing.assert_array_equal(nw.leave_one_out_weights([5, -1e50], 3), [[0, 1], [1, 0]])
    assert nw.loss(3, [5, -1e50], [1, 4]) == 9


@given(learning_problems, scales)
def test_leave_one_out_weights_are_shares_of_1_without_oneself(problem, w):
    keys, _ = problem
    weights = nw.leave_one_out_weights(keys, w)
    assert (weights >= 0).all()
    assert (weights.diagonal() == 0).all()
    assert_close(weights.sum(axis=1), 1, rounding(np.ones(keys.size)))


@given(learning_problems, scales)
def test_leaving_one_out_is_predicting_it_from_the_others(problem, w):
    keys, values = problem
    deleted = [
        nw.nadaraya_watson([key], np.delete(keys, i), np.delete(values, i), w)[0]
        for i, key in enumerate(keys)
    ]
    left_out = nw.attention_pooling(nw.leave_one_out_weights(keys, w), values)
    assert_close(left_out, deleted, rounding(values))


# Loss and gradient


def test_the_loss_at_scale_0_matches_the_one_worked_out_by_hand():
    # The others average 3, 2.5 and 0.5; the errors are 3, 1.5 and -4.5.
    assert nw.loss(0, [0, 1, 2], [0, 1, 5]) == (9 + 2.25 + 20.25) / 3


LADDER = [0, 1, 3], [0, 0, 1]
"""Only the last value is not 0: the predictions are 1/(1 + e^4ww), 1/(1 + e^1.5ww) and 0."""


def ladder_loss_and_gradient(w):
    first, second = 1 / (1 + math.exp(4 * w * w)), 1 / (1 + math.exp(1.5 * w * w))
    slopes = -8 * w * first * (1 - first), -3 * w * second * (1 - second)
    loss = (first**2 + second**2 + 1) / 3
    return loss, 2 / 3 * (first * slopes[0] + second * slopes[1])


@pytest.mark.parametrize("w", [-1.5, -0.25, 0.5, 1, 2])
def test_loss_and_gradient_match_derivations_by_hand(w):
    loss, gradient = ladder_loss_and_gradient(w)
    # Exponents up to 16 double their error of an eps each time they are squared.
    assert nw.loss(w, *LADDER) == pytest.approx(loss, rel=50 * EPS)
    assert nw.gradient(w, *LADDER) == pytest.approx(gradient, rel=100 * EPS)


@pytest.mark.parametrize("w", [0, 1e-3, 0.5, -3.2, 16])
def test_the_gradient_agrees_with_finite_differences(w):
    keys, values = samples.course(0)

    def slope(h):
        return (nw.loss(w + h, keys, values) - nw.loss(w - h, keys, values)) / (2 * h)

    h = 1e-4
    # A central difference errs by about a third of what it moves when h doubles, and by the
    # rounding of two losses: n eps each, divided by 2 h.
    bound = abs(slope(2 * h) - slope(h)) + keys.size * EPS * nw.loss(w, keys, values) / h
    assert abs(nw.gradient(w, keys, values) - slope(h)) <= bound


@pytest.mark.parametrize("w", [0.25, 3.19, 16.5])
def test_the_loss_agrees_with_statsmodels(w):
    x, y = samples.course(0)
    rng = np.random.default_rng(0)  # not used, but without it there is a warning
    model = KernelReg(y, x, var_type="c", reg_type="lc", bw=[1 / w], rng=rng)
    theirs = model.cv_loo(np.array([1 / w]), model.est["lc"])
    off = of_a_share(8.6 + 2 * w * np.diff(x).max(), 1) * np.abs(y).max() + rounding(y)
    # The square of a residual r moves by 2 r times what r moves; the mean |r| is below the
    # square root of the mean square.
    assert abs(nw.loss(w, x, y) - theirs) <= 2 * np.sqrt(theirs) * 2 * off


UNIT = np.random.default_rng(5).uniform(0, 1, 12)
VALUES = np.random.default_rng(6).normal(0, 1, 12)


def exact_loss(w, keys, values):
    """Return the leave-one-out loss, each point really left out."""
    residuals = []
    for i, (key, value) in enumerate(zip(keys, values, strict=True)):
        other_keys, other_values = np.delete(keys, i), np.delete(values, i)
        kernel = [mp.exp(-(((mp.mpf(x) - mp.mpf(key)) * w) ** 2) / 2) for x in other_keys]
        residuals.append(mp.fdot(kernel, map(mp.mpf, other_values)) / mp.fsum(kernel) - value)
    return mp.fsum(residuals, squared=True) / len(residuals)


@pytest.mark.parametrize("w", [0.01, 1.0, 7.0, -30.0])
def test_loss_and_gradient_agree_with_mpmath(w):
    largest = np.abs(VALUES).max()
    # Predictions are off by what shares are, of keys at most so many bandwidths away.
    error = (of_a_share(min(8.6 + abs(w) * 0.25, abs(w)), 1) + 2 * 12 * EPS) * largest
    with mp.workdps(80):
        expected = float(exact_loss(mp.mpf(w), UNIT, VALUES))
        slope = float(mp.diff(lambda w: exact_loss(w, UNIT, VALUES), mp.mpf(w)))
    assert abs(nw.loss(w, UNIT, VALUES) - expected) <= 2 * 2 * largest * error
    # dL/dw is the mean of 2 r p. Residuals r are below 2 max |y| and off by the error; p, the
    # weighted mean of (y - f) w d^2, is below 2 max |y| |w| and off by three errors times |w|.
    bound = 2 * (2 * largest * 3 * error + error * 2 * largest) * abs(w)
    assert abs(nw.gradient(w, UNIT, VALUES) - slope) <= bound


@given(learning_problems, scales)
def test_the_loss_is_even_and_its_gradient_is_odd(problem, w):
    assert nw.loss(-w, *problem) == nw.loss(w, *problem)
    assert nw.gradient(-w, *problem) == -nw.gradient(w, *problem)


@given(exact_problems, st.floats(-9, 9), shifts)
def test_a_shift_or_a_mirror_of_the_keys_changes_neither_loss_nor_gradient(problem, w, shift):
    keys, values = problem
    for moved in (keys + shift, -keys):
        assert nw.loss(w, moved, values) == nw.loss(w, keys, values)
        assert nw.gradient(w, moved, values) == nw.gradient(w, keys, values)


@given(exact_problems, st.floats(0.01, 9), st.integers(-16, 150))
def test_stretching_x_and_shrinking_the_scale_stretches_the_gradient(problem, w, power):
    keys, values = problem
    s = 2.0**power
    assert nw.loss(w / s, keys * s, values) == nw.loss(w, keys, values)
    # Terms that underflow are off by 5e-324, then multiplied by squared distances and residuals.
    expected = nw.gradient(w, keys, values) * s
    assert abs(nw.gradient(w / s, keys * s, values) - expected) <= 1e-300 * s


@given(learning_problems, scales)
def test_loss_and_gradient_are_finite(problem, w):
    with np.errstate(all="raise", under="ignore"):
        assert np.isfinite(nw.loss(w, *problem))
        assert np.isfinite(nw.gradient(w, *problem))


@given(learning_problems)
def test_at_scale_0_nothing_pulls(problem):
    assert nw.gradient(0, *problem) == 0


# Descent


def test_one_step_of_training_matches_the_one_worked_out_by_hand():
    start, rate = 0.5, 2.0
    loss, gradient = ladder_loss_and_gradient(start)
    end = start - rate * gradient
    history = nw.train(*LADDER, w=start, learning_rate=rate, n_steps=1)
    np.testing.assert_allclose(history.w, [start, end], rtol=100 * EPS)
    expected = [loss, ladder_loss_and_gradient(end)[0]]
    np.testing.assert_allclose(history.loss, expected, rtol=100 * EPS)


@pytest.mark.parametrize("n_steps", [0, 1, 5])
def test_the_history_has_the_start_and_one_entry_for_each_step(n_steps):
    history = nw.train(*LADDER, w=1, learning_rate=0.1, n_steps=n_steps)
    assert history.w.shape == history.loss.shape == (n_steps + 1,)
    assert history.w[0] == 1


def test_training_that_starts_at_0_stays_there():
    history = nw.train(*samples.course(0), w=0, learning_rate=100, n_steps=3)
    np.testing.assert_array_equal(history.w, np.zeros(4))


def test_training_may_stay_at_the_largest_scale():
    # Two points always predict each other: nothing pulls.
    history = nw.train([0, 1], [2, 5], w=1e6, learning_rate=1, n_steps=2)
    np.testing.assert_array_equal(history.w, [1e6, 1e6, 1e6])


def test_small_steps_never_raise_the_loss():
    history = nw.train(*samples.course(0), w=0.5, learning_rate=0.1, n_steps=50)
    assert (np.diff(history.loss) < 0).all()


def test_training_and_direct_search_find_the_same_scale():
    keys, values = samples.course(4)
    learned = nw.train(keys, values, w=1, learning_rate=10, n_steps=100).w[-1]
    assert nw.fit_w(keys, values) == pytest.approx(learned, rel=SEARCHED)


@pytest.mark.parametrize("w", [-0.5, 0.5])
def test_steps_that_leave_the_range_of_scales_are_an_error(w):
    message = "learning_rate must be small enough to keep w within 1e6, got 1000000000.0, which"
    with pytest.raises(ValueError, match=f"^{message} took w to [-0-9.e+]+ in step 1$"):
        nw.train(*LADDER, w=w, learning_rate=1e9, n_steps=5)


# Search


def losses_of_a_dense_grid(keys, values, n_scales=2000):
    """Return the leave-one-out loss at scales over the range that `fit_w` documents."""
    gaps = np.diff(np.unique(keys))
    ends = np.minimum([0.1 / np.ptp(keys), 10 / np.median(gaps)], 1e6)
    squared = (keys[:, np.newaxis] - keys) ** 2
    np.fill_diagonal(squared, np.inf)
    squared -= squared.min(axis=1, keepdims=True)
    losses = []
    for w in np.geomspace(*ends, n_scales):
        weights = np.exp(-squared * w**2 / 2)
        losses.append(np.mean((weights @ values / weights.sum(axis=1) - values) ** 2))
    return np.array(losses)


def assert_no_scale_is_better(keys, values):
    fitted = nw.loss(nw.fit_w(keys, values), keys, values)
    assert fitted <= losses_of_a_dense_grid(keys, values).min() * (1 + SEARCHED**2)


@pytest.mark.parametrize("seed", range(40))
def test_no_scale_of_a_dense_grid_beats_the_fitted_one(seed):
    assert_no_scale_is_better(*samples.course(seed))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "data",
    [
        samples.with_duplicates,
        samples.in_clusters,
        samples.in_two_places,
        samples.with_long_tails,
        samples.rounded,
    ],
)
def test_no_scale_of_a_dense_grid_beats_the_fitted_one_on_odd_data(data, seed):
    assert_no_scale_is_better(*data(seed))


def test_the_gradient_changes_sign_at_the_fitted_scale():
    keys, values = samples.course(0)
    w = nw.fit_w(keys, values)
    below, above = (nw.gradient(w * (1 + side * SEARCHED), keys, values) for side in (-1, 1))
    assert below < 0 < above


def test_the_fitted_scale_does_not_depend_on_the_order_of_the_points():
    keys, values = samples.course(0)
    shuffled = np.random.default_rng(0).permutation(keys.size)
    fitted = nw.fit_w(keys[shuffled], values[shuffled])
    assert fitted == pytest.approx(nw.fit_w(keys, values), rel=SEARCHED)


@pytest.mark.parametrize("s", [1e-4, 7.0, 1e45])
def test_stretching_the_keys_shrinks_the_fitted_scale(s):
    keys, values = samples.course(0)
    assert nw.fit_w(s * keys, values) * s == pytest.approx(nw.fit_w(keys, values), rel=SEARCHED)


FOUND = {nw.fit_w: SEARCHED, fast.fit_w: DIGITS}


@pytest.mark.parametrize(
    "fit_w, shift, factor",
    [(fit_w, 7, -3) for fit_w in FOUND]
    + [(nw.fit_w, 0, 1e-100), (nw.fit_w, 1e40, 1e45)]
    + [(fast.fit_w, 0, 1e-200), (fast.fit_w, 1e40, 1e49)],
)
def test_affine_changes_of_the_values_keep_the_fitted_scale(fit_w, shift, factor):
    keys, values = samples.course(0)
    fitted = fit_w(keys, shift + factor * values)
    assert fitted == pytest.approx(fit_w(keys, values), rel=FOUND[fit_w])


@pytest.mark.parametrize("fit_w, largest", [(nw.fit_w, pytest.approx(1e6)), (fast.fit_w, 1e6)])
def test_keys_too_close_for_their_best_scale_get_the_largest_one(fit_w, largest):
    keys, values = samples.course(0)
    # The best scale would be 3.2e6, and the loss falls all the way to it.
    assert fit_w(1e-6 * keys, values) == largest


@pytest.mark.parametrize("c", [0.1, 7, -1e50, 5e-324])
@pytest.mark.parametrize("n", [2, 3, 10, 50])
def test_constant_values_fit_at_scale_0(c, n):
    keys = np.random.default_rng(n).uniform(0, 5, n)
    assert nw.fit_w(keys, np.full(n, c)) == 0


def test_keys_that_are_all_the_same_fit_at_scale_0():
    assert nw.fit_w([3, 3, 3], [1, 2, 4]) == 0


def test_two_points_fit_at_scale_0():
    assert nw.fit_w([0, 1], [2, 5]) == 0


def test_a_loss_that_falls_for_ever_fits_at_the_end_of_the_grid():
    # Each key predicts its partner at distance 1, which e^(-ww/1024) of a third one spoils.
    keys, values = [0, 1, 2 + 2**-10, 3 + 2**-10, 1000], [0, 0, 1, 1, 1]
    assert nw.fit_w(keys, values) == pytest.approx(10, rel=1e-3)  # from there it is flat


def test_a_scale_below_the_grid_may_beat_0_and_is_found():
    # The loss has its minimum below 0.1 / range, lower than at 0 by 5e-7.
    keys, values = [0, 1, 3, 4], [0, 1, 3.7, 1]
    w = nw.fit_w(keys, values)
    assert 0 < w < 0.1 / 4
    assert nw.loss(w, keys, values) < min(nw.loss(0, keys, values), nw.loss(0.025, keys, values))


def test_of_equally_good_scales_the_smallest_that_was_tried_is_fitted():
    keys, values = [0, 0.125, 10, 10.125], [-1, -1, 1, 1]
    w = nw.fit_w(keys, values)
    assert nw.loss(w, keys, values) == 0
    assert nw.loss(w * (1 - SEARCHED), keys, values) > 0


@pytest.mark.parametrize("tiny", [5e-324, 1e-310, 1e-100])
def test_keys_too_close_to_tell_apart_fit_without_a_warning(tiny):
    assert nw.fit_w([0, tiny, 3 * tiny], [0, 1, 5]) == 0


@given(st.one_of(learning_problems, pairs(eighths, least=2, values=eighths)))
def test_the_fitted_scale_is_in_range_and_no_worse_than_the_average(problem):
    keys, values = problem
    with np.errstate(all="raise", under="ignore"):
        w = nw.fit_w(keys, values)
    assert type(w) is float
    assert 0 <= w <= 1e6
    fitted, average = np.sqrt([nw.loss(w, keys, values), nw.loss(0, keys, values)])
    # Rounding moves a root mean square by no more than the errors it is the mean of.
    assert fitted <= average + 2 * rounding(values)


def test_the_scales_that_are_tried_are_those_that_are_told(monkeypatch):
    tried, loss = [], nw.loss
    monkeypatch.setattr(nw.training, "loss", lambda w, *pairs: tried.append(w) or loss(w, *pairs))
    w = nw.fit_w([0.5, 0, 0.1, 0.2, 0.45], [2, 0, 1, 3, 2])
    np.testing.assert_allclose(tried[:41], np.append(0, np.geomspace(0.1 / 0.5, 10 / 0.1, 40)))
    assert len(tried) == 41 + 6 * 9
    assert abs(tried[-2] - tried[-1]) < 1e-4 * w
