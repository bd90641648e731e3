"""The data set of chapter 1."""

import math

import numpy as np
import pytest

import nwlib as nw


def rng(seed=0):
    return np.random.default_rng(seed)


def test_the_true_function_matches_values_worked_out_by_hand():
    expected = [0.0, 2 * math.sin(1) + 1, 2 * math.sin(32) + 16]  # 32^0.8 = 2^4
    # A power, a sine and a sum, each within an ulp or two of at most 18.
    np.testing.assert_allclose(nw.true_function([0, 1, 32]), expected, atol=18 * 4e-16, rtol=0)


def test_the_true_function_keeps_the_shape_of_x():
    assert nw.true_function(np.ones((2, 3))).shape == (2, 3)
    assert np.shape(nw.true_function(1.0)) == ()


def test_the_inputs_are_drawn_first_and_sorted_then_the_noise():
    by_hand = rng(7)
    x = np.sort(by_hand.uniform(0, 5, 20))
    noise = by_hand.normal(0, 0.25, 20)
    data = nw.make_dataset(rng(7), n_train=20, noise_std=0.25)
    np.testing.assert_array_equal(data.x_train, x)
    np.testing.assert_array_equal(data.y_train, nw.true_function(x) + noise)


def test_the_same_seed_gives_the_same_data_and_a_later_draw_does_not():
    generator = rng(3)
    first, second = nw.make_dataset(generator), nw.make_dataset(generator)
    for ours, same in zip(first, nw.make_dataset(rng(3)), strict=True):
        np.testing.assert_array_equal(ours, same)
    assert not np.isin(first.x_train, second.x_train).any()


def test_there_are_fifty_pairs_and_fifty_test_inputs_unless_asked_otherwise():
    assert [part.shape for part in nw.make_dataset(rng())] == [(50,)] * 4
    sizes = [part.size for part in nw.make_dataset(rng(), n_train=3, n_test=7)]
    assert sizes == [3, 3, 7, 7]


def test_training_inputs_are_sorted_and_lie_in_the_half_open_interval():
    x = nw.make_dataset(rng(), n_train=10_000).x_train
    assert (np.diff(x) >= 0).all()
    assert x[0] >= 0
    assert x[-1] < 5


def test_training_inputs_are_uniform():
    n = 10_000
    x = nw.make_dataset(rng(), n_train=n).x_train
    # The empirical distribution strays from the true one by more than t with probability
    # 2 exp(-2 n t^2) (Dvoretzky, Kiefer, Wolfowitz): 2e-9 here.
    t = math.sqrt(10.4 / n)
    assert np.abs(x / 5 - (np.arange(n) + 0.5) / n).max() < t + 0.5 / n


@pytest.mark.parametrize("noise_std", [0.5, 1e-3, 40.0])
def test_the_noise_has_mean_0_and_the_standard_deviation_asked_for(noise_std):
    n = 10_000
    data = nw.make_dataset(rng(), n_train=n, noise_std=noise_std)
    noise = (data.y_train - nw.true_function(data.x_train)) / noise_std
    # Standard errors are 1 / sqrt(n) and 1 / sqrt(2 n); five of them.
    assert abs(noise.mean()) < 5 / math.sqrt(n)
    assert abs(noise.std() - 1) < 5 / math.sqrt(2 * n)


def test_the_noise_deviates_by_one_half_unless_asked_otherwise():
    default, explicit = nw.make_dataset(rng()), nw.make_dataset(rng(), noise_std=0.5)
    np.testing.assert_array_equal(default.y_train, explicit.y_train)


def test_the_test_inputs_are_exactly_the_tenths_below_5():
    np.testing.assert_array_equal(nw.make_dataset(rng()).x_test, [k / 10 for k in range(50)])


@pytest.mark.parametrize("n_test", [1, 3, 49, 51])
def test_any_number_of_test_inputs_divides_the_interval_evenly(n_test):
    x = nw.make_dataset(rng(), n_test=n_test).x_test
    np.testing.assert_array_equal(x, [5 * k / n_test for k in range(n_test)])


def test_the_truth_is_the_true_function_without_noise():
    data = nw.make_dataset(rng(), noise_std=1e6)
    np.testing.assert_array_equal(data.y_true, nw.true_function(data.x_test))
