"""The data set of chapter 1: a known curve, seen through noise."""

from typing import NamedTuple

import numpy as np

from nwlib import _validate

X_END = 5.0
"""Inputs lie in [0, X_END)."""


class Dataset(NamedTuple):
    """Training pairs and a test grid, as made by `make_dataset`.

    Attributes:
        x_train: Shape (n_train,), sorted inputs.
        y_train: Shape (n_train,), noisy outputs at x_train.
        x_test: Shape (n_test,), evenly spaced inputs from 0.
        y_true: Shape (n_test,), the noise-free truth at x_test.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_true: np.ndarray


def true_function(x):
    """Return the curve that the course tries to recover.

    Formula (1.2): ``f(x) = 2 sin x + x^0.8``, with x in radians.

    Args:
        x: Any shape, nonnegative. Below 0 the power x^0.8 has no real value.

    Returns:
        Array of the shape of x.

    Source: chapter 1; Dive into Deep Learning, section 10.2. Limits: `nwlib`.

    >>> true_function([0.0, 1.0])
    array([0.        , 2.68294197])
    """
    x = _validate.nonnegative("x", x)
    return 2 * np.sin(x) + x**0.8


def make_dataset(rng, n_train=50, n_test=50, noise_std=0.5):
    """Return a Dataset: noisy training pairs and a noise-free test grid.

    Formula (1.3): ``y_i = f(x_i) + eps_i``, x_i uniform on [0, 5) and eps_i normal with mean 0 and
    standard deviation noise_std. The inputs are drawn first and sorted, then the noise.

    Args:
        rng: A numpy.random.Generator, the only source of randomness.
        n_train: Number of training pairs, at least 1.
        n_test: Number of test inputs, at least 1: 5 k / n_test for k = 0 .. n_test - 1.
        noise_std: Standard deviation of the noise, in units of y, positive and at most 1e6.

    Returns:
        Dataset with x_train, y_train of shape (n_train,) and x_test, y_true of shape (n_test,).

    Source: chapter 1; Dive into Deep Learning, section 10.2. Limits: `nwlib`.

    >>> data = make_dataset(np.random.default_rng(0))
    >>> data.x_train.shape, data.x_test[:3]
    ((50,), array([0. , 0.1, 0.2]))
    """
    _validate.generator("rng", rng)
    n_train = _validate.count("n_train", n_train, least=1)
    n_test = _validate.count("n_test", n_test, least=1)
    noise_std = _validate.noise_std(noise_std)
    x_train = np.sort(rng.uniform(0, X_END, n_train))
    y_train = true_function(x_train) + rng.normal(0, noise_std, n_train)
    x_test = X_END * np.arange(n_test) / n_test
    return Dataset(x_train, y_train, x_test, true_function(x_test))
