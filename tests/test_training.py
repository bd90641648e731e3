"""Learning w, chapter 5."""

import math

import numpy as np
import pytest

import nwlib as nw

EPS = np.finfo(float).eps
DIGITS = 1e-6
"""How well a scale is found, relatively: golden section stops at 1e-8, and a loss that rounds
by n eps looks flat within sqrt(2 n eps / k), where k = w^2 L'' / L is 0.4 or more: 2.4e-7."""


def course_data(seed):
    data = nw.make_dataset(np.random.default_rng(seed))
    return data.x_train, data.y_train


def brute_force_losses(keys, values, scales):
    """Return the leave-one-out loss at each scale, from the plain formula."""
    squared = (keys[:, np.newaxis] - keys) ** 2
    np.fill_diagonal(squared, np.inf)
    squared -= squared.min(axis=1, keepdims=True)
    losses = []
    for w in scales:
        weights = np.exp(np.maximum(-squared * w**2 / 2, -700.0))  # subnormals would be slow
        np.fill_diagonal(weights, 0)
        losses.append(np.mean((weights @ values / weights.sum(axis=1) - values) ** 2))
    return np.array(losses)


def dense_scales(keys):
    """Return 2000 scales over the range that `fit_w` documents."""
    distinct = np.unique(keys)
    gaps = np.append(np.inf, np.append(np.diff(distinct), np.inf))
    to_nearest = np.minimum(gaps[:-1], gaps[1:])
    ends = 0.1 / np.ptp(keys), 10 / np.median(to_nearest)
    return np.geomspace(*np.minimum(ends, 1e6), 2000)


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
    np.testing.assert_array_equal(nw.leave_one_out_weights([5, -1e100], 3), [[0, 1], [1, 0]])
    assert nw.loss(3, [5, -1e100], [1, 4]) == 9


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
    keys, values = course_data(0)

    def slope(h):
        return (nw.loss(w + h, keys, values) - nw.loss(w - h, keys, values)) / (2 * h)

    h = 1e-4
    # A central difference errs by about a third of what it moves when h doubles, and by the
    # rounding of two losses: n eps each, divided by 2 h.
    bound = abs(slope(2 * h) - slope(h)) + keys.size * EPS * nw.loss(w, keys, values) / h
    assert abs(nw.gradient(w, keys, values) - slope(h)) <= bound


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
    keys, values = course_data(0)
    np.testing.assert_array_equal(
        nw.train(keys, values, w=0, learning_rate=100, n_steps=3).w, np.zeros(4)
    )


def test_small_steps_never_raise_the_loss():
    keys, values = course_data(0)
    history = nw.train(keys, values, w=0.5, learning_rate=0.1, n_steps=50)
    assert (np.diff(history.loss) < 0).all()


def test_training_and_direct_search_find_the_same_scale():
    keys, values = course_data(4)
    learned = nw.train(keys, values, w=1, learning_rate=10, n_steps=100).w[-1]
    assert nw.fit_w(keys, values) == pytest.approx(learned, rel=DIGITS)


@pytest.mark.parametrize("w", [-0.5, 0.5])
def test_steps_that_leave_the_range_of_scales_are_an_error(w):
    message = "learning_rate must be small enough to keep w within 1e6, got 1000000000.0, which"
    with pytest.raises(ValueError, match=f"^{message} took w to [-0-9.e+]+ in step 1$"):
        nw.train(*LADDER, w=w, learning_rate=1e9, n_steps=5)


@pytest.mark.parametrize("seed", [*range(20), 148, 629])  # the last two have two close minima
def test_no_scale_of_a_dense_grid_beats_the_fitted_one(seed):
    keys, values = course_data(seed)
    best = brute_force_losses(keys, values, dense_scales(keys)).min()
    assert nw.loss(nw.fit_w(keys, values), keys, values) <= best * (1 + 1e-9)


def test_some_losses_of_that_kind_have_several_local_minima():
    keys, values = course_data(19)
    falls = np.diff(brute_force_losses(keys, values, dense_scales(keys))) < 0
    assert np.count_nonzero(falls[:-1] & ~falls[1:]) == 3


def with_duplicates():
    keys, values = course_data(1)
    return keys.round(1), values


def in_clusters():
    keys, values = course_data(1)
    return keys + 100 * (keys > 2.5), values


@pytest.mark.parametrize("data", [with_duplicates, in_clusters])
def test_no_scale_of_a_dense_grid_beats_the_fitted_one_on_odd_keys(data):
    keys, values = data()
    best = brute_force_losses(keys, values, dense_scales(keys)).min()
    assert nw.loss(nw.fit_w(keys, values), keys, values) <= best * (1 + 1e-9)


def test_the_gradient_changes_sign_at_the_fitted_scale():
    keys, values = course_data(0)
    w = nw.fit_w(keys, values)
    below, above = (nw.gradient(w * (1 + side * DIGITS), keys, values) for side in (-1, 1))
    assert below < 0 < above


def test_the_fitted_scale_does_not_depend_on_the_order_of_the_points():
    keys, values = course_data(0)
    shuffled = np.random.default_rng(0).permutation(keys.size)
    fitted = nw.fit_w(keys[shuffled], values[shuffled])
    assert fitted == pytest.approx(nw.fit_w(keys, values), rel=DIGITS)


@pytest.mark.parametrize("s", [1e-4, 7.0, 1e50])
def test_stretching_the_keys_shrinks_the_fitted_scale(s):
    keys, values = course_data(0)
    assert nw.fit_w(s * keys, values) * s == pytest.approx(nw.fit_w(keys, values), rel=DIGITS)


@pytest.mark.parametrize("shift, factor", [(7, -3), (0, 1e-200), (1e90, 1e99)])
def test_affine_changes_of_the_values_keep_the_fitted_scale(shift, factor):
    keys, values = course_data(0)
    changed = shift + factor * values
    assert nw.fit_w(keys, changed) == pytest.approx(nw.fit_w(keys, values), rel=DIGITS)


def test_values_far_from_0_keep_the_fitted_scale_to_the_last_digit():
    keys, values = course_data(0)
    eighths = np.round(8 * values) / 8
    assert nw.fit_w(keys, 2.0**49 + eighths) == nw.fit_w(keys, eighths)


def test_keys_too_close_for_their_best_scale_get_the_largest_one():
    keys, values = course_data(0)
    # The best scale would be 3.2e6, and the loss falls all the way to it.
    assert nw.fit_w(1e-6 * keys, values) == 1e6


@pytest.mark.parametrize("c", [0.1, 7, -1e100, 5e-324])
@pytest.mark.parametrize("n", [2, 3, 10, 50])
def test_constant_values_fit_at_scale_0(c, n):
    keys = np.random.default_rng(n).uniform(0, 5, n)
    assert nw.fit_w(keys, np.full(n, c)) == 0


def test_keys_that_are_all_the_same_fit_at_scale_0():
    assert nw.fit_w([3, 3, 3], [1, 2, 4]) == 0


def test_two_points_fit_at_scale_0():
    assert nw.fit_w([0, 1], [2, 5]) == 0


def test_a_loss_that_falls_for_ever_fits_at_the_end_of_the_grid():
    # Each key predicts its partner at distance 1, which e^(-ww/1024) of a third one spoils. The
    # last key is far away, but the grid ends at 10 / (median distance).
    assert nw.fit_w([0, 1, 2 + 2**-10, 3 + 2**-10, 1000], [0, 0, 1, 1, 1]) == 10


def test_a_scale_at_the_low_end_of_the_grid_may_beat_0():
    # The loss has its minimum below 0.1 / range, lower than at 0 by 5e-7.
    assert nw.fit_w([0, 1, 3, 4], [0, 1, 3.7, 1]) == pytest.approx(0.1 / 4, rel=DIGITS)


def test_of_equally_good_scales_the_smallest_that_was_tried_is_fitted():
    keys, values = [0, 0.125, 10, 10.125], [-1, -1, 1, 1]
    grid = np.geomspace(0.1 / 10.125, 10 / 0.125, 20)
    tied = [w for w in grid if nw.loss(w, keys, values) == 0]  # the far pair counts no more
    assert 5 < len(tied) < 20
    w = nw.fit_w(keys, values)
    assert nw.loss(w, keys, values) == 0
    assert grid[-len(tied) - 1] < w <= tied[0]


@pytest.mark.parametrize("tiny", [5e-324, 1e-310, 1e-100])
def test_keys_too_close_to_tell_apart_fit_without_a_warning(tiny):
    assert nw.fit_w([0, tiny, 3 * tiny], [0, 1, 5]) == 0
