"""Learning w, chapter 5: leave-one-out loss, its gradient, gradient descent, direct search."""

from typing import NamedTuple

import numpy as np

from nwlib import _scores, _validate
from nwlib.pooling import attention_pooling

GRID_POINTS = 40
"""Positive scales that `fit_w` tries before it refines the best of them."""

REFINEMENTS = 40
"""Golden sections, each of which shortens the bracket to 0.618 of its length."""


class History(NamedTuple):
    """What `train` saw, before the first step and after each.

    Attributes
    ----------
    w
        Shape (n_steps + 1,), in units of 1/x.
    loss
        Shape (n_steps + 1,), in squared units of y.
    """

    w: np.ndarray
    loss: np.ndarray


def leave_one_out_weights(keys, w):
    """Return the attention weights of each key over the other keys, itself left out.

    Formula: ``alpha_ij = softmax_j(-((x_i - x_j) w)^2 / 2)`` with the score of j = i set to -inf.

    Parameters
    ----------
    keys
        Shape (n,) with n at least 2, in units of x, in any order.
    w
        Inverse bandwidth, in units of 1/x, at most 1e6 in size. Its sign carries no meaning.

    Returns
    -------
    Array of shape (n, n), rows (queries) sum to 1, zero diagonal.

    Raises
    ------
    ValueError
        If keys has fewer than 2 points, is not finite, not of one axis, or larger than 1e100
        in size, or if w is out of range.
    TypeError
        If keys does not hold real numbers, or w is not a number.

    References
    ----------
    Chapter 5; Wand and Jones (1995), section 3.3.

    Examples
    --------
    >>> leave_one_out_weights([0.0, 1.0, 2.0], 0.0)
    array([[0. , 0.5, 0.5],
           [0.5, 0. , 0.5],
           [0.5, 0.5, 0. ]])
    """
    keys = _validate.at_least_two("keys", _validate.vector("keys", keys))
    w = _validate.scale(w)
    scores = _scores.relative(keys, keys, _scores.nearest_other_key(keys), w)
    np.fill_diagonal(scores, -np.inf)
    return _scores.normalized_exp(scores)


def loss(w, keys, values):
    """Return the mean squared leave-one-out error.

    Formula: ``L(w) = (1/n) sum_i (f_hat_i - y_i)^2``, ``f_hat_i = sum_j alpha_ij y_j``, with
    alpha from `leave_one_out_weights`.

    Parameters
    ----------
    w
        Inverse bandwidth, in units of 1/x, at most 1e6 in size. Its sign carries no meaning.
    keys
        Shape (n,) with n at least 2, in units of x, in any order.
    values
        Shape (n,), in units of y.

    Returns
    -------
    float, in squared units of y.

    Raises
    ------
    ValueError
        If keys or values have fewer than 2 points, differ in length, are not finite, not of
        one axis, or larger than 1e100 in size, or if w is out of range.
    TypeError
        If keys or values do not hold real numbers, or w is not a number.

    References
    ----------
    Chapter 5; Wand and Jones (1995), section 3.3.

    Examples
    --------
    >>> loss(0.0, [0.0, 1.0, 2.0], [0.0, 1.0, 5.0])  # (3^2 + 1.5^2 + 4.5^2) / 3
    10.5
    """
    keys, values = _validate.pairs(keys, values)
    prediction = attention_pooling(leave_one_out_weights(keys, w), values)
    return float(np.mean((prediction - values) ** 2))


def gradient(w, keys, values):
    """Return the derivative of the loss with respect to w.

    Formula:
    ``dL/dw = (2/n) sum_i (f_hat_i - y_i) (-w) sum_j alpha_ij (y_j - f_hat_i) (x_i - x_j)^2``.
    Since ``sum_j alpha_ij (y_j - f_hat_i) = 0``, each squared distance is taken less the
    smallest in its row, which changes nothing but the rounding.

    Parameters
    ----------
    w
        Inverse bandwidth, in units of 1/x, at most 1e6 in size. gradient(-w) = -gradient(w).
    keys
        Shape (n,) with n at least 2, in units of x, in any order.
    values
        Shape (n,), in units of y.

    Returns
    -------
    float, in squared units of y times units of x.

    Raises
    ------
    ValueError
        If keys or values have fewer than 2 points, differ in length, are not finite, not of
        one axis, or larger than 1e100 in size, or if w is out of range.
    TypeError
        If keys or values do not hold real numbers, or w is not a number.

    References
    ----------
    Chapter 5, where it is derived.

    Examples
    --------
    >>> gradient(0.0, [0.0, 1.0, 2.0], [0.0, 1.0, 5.0])
    0.0
    """
    keys, values = _validate.pairs(keys, values)
    w = _validate.scale(w)
    weights = leave_one_out_weights(keys, w)
    prediction = attention_pooling(weights, values)
    excess = _scores.excess(keys, keys, _scores.nearest_other_key(keys))
    pull = (weights * (values - prediction[:, np.newaxis]) * excess).sum(axis=1)
    return float(np.mean(2 * (prediction - values) * (-w * pull)))


def train(keys, values, *, w, learning_rate, n_steps):
    """Return the path of gradient descent on the leave-one-out loss.

    Formula: ``w <- w - learning_rate dL/dw``, n_steps times.

    Parameters
    ----------
    keys
        Shape (n,) with n at least 2, in units of x, in any order.
    values
        Shape (n,), in units of y.
    w
        Where to start, in units of 1/x. At w = 0 the gradient is 0 and nothing moves.
    learning_rate
        Positive, in units of 1/(x y)^2.
    n_steps
        Number of steps, at least 0.

    Returns
    -------
    History with w and loss, each of shape (n_steps + 1,), the start first.

    Raises
    ------
    ValueError
        If an argument breaks its rule above or those of `loss`, or if the steps are so large
        that w leaves [-1e6, 1e6].
    TypeError
        If an argument is of the wrong type.

    References
    ----------
    Chapter 5; Dive into Deep Learning, section 10.2.

    Examples
    --------
    >>> history = train([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 1.5, 3.5],
    ...                 w=1.0, learning_rate=0.1, n_steps=2)
    >>> history.w.shape, bool(history.loss[-1] < history.loss[0])
    ((3,), True)
    """
    keys, values = _validate.pairs(keys, values)
    w = _validate.scale(w)
    learning_rate = _validate.number(
        "learning_rate", learning_rate, "positive and finite", lambda x: 0 < x < np.inf
    )
    n_steps = _validate.count("n_steps", n_steps, least=0)
    path = [w]
    for step in range(1, n_steps + 1):
        w = w - learning_rate * gradient(w, keys, values)
        if not abs(w) <= _validate.LARGEST_SCALE:
            raise ValueError(
                f"learning_rate must be small enough to keep w within 1e6, got {learning_rate!r}, "
                f"which took w to {w:g} in step {step}"
            )
        path.append(w)
    return History(np.array(path), np.array([loss(w, keys, values) for w in path]))


def fit_w(keys, values):
    """Return the scale with the smallest leave-one-out loss, found without a learning rate.

    The loss is computed at w = 0 and at 40 scales evenly spaced on a logarithmic axis, from
    1 / (10 range of keys) to 10 / (median distance from a key to the nearest different one),
    both capped at 1e6. Around each that is better than its neighbours the interval is narrowed
    by golden section, to about eight digits, and the best of all that was tried is returned.

    Parameters
    ----------
    keys
        Shape (n,) with n at least 2, in units of x, in any order.
    values
        Shape (n,), in units of y.

    Returns
    -------
    float, nonnegative, in units of 1/x.
        Of equally good scales on the grid the smallest: 0 where values are constant, where all
        keys are the same, or for two points, each of which always predicts the other. Where the
        loss falls for ever as w grows, the end of the grid.

    Raises
    ------
    ValueError
        If keys or values have fewer than 2 points, differ in length, are not finite, not of
        one axis, or larger than 1e100 in size.
    TypeError
        If keys or values do not hold real numbers.

    References
    ----------
    Chapter 5.

    Examples
    --------
    >>> fit_w([0.0, 1.0, 2.0], [7.0, 7.0, 7.0])
    0.0
    """
    keys, values = _validate.pairs(keys, values)
    grid = _scale_grid(_validate.at_least_two("keys", keys))
    values = values - (values.min() + values.max()) / 2  # so that constant values tie exactly
    losses = np.array([loss(w, keys, values) for w in grid])
    tried = list(zip(losses, grid, strict=True))
    for dip in _dips(losses):
        if dip > 0:  # w = 0 has no logarithm, and is itself the left end of its dip
            low, high = grid[max(dip - 1, 1)], grid[min(dip + 1, grid.size - 1)]
            refined = _golden_section(lambda w: loss(w, keys, values), low, high)
            tried.append((loss(refined, keys, values), refined))
    return float(min(tried)[1])


@np.errstate(over="ignore")  # the inverse of a tiny distance is infinite, then capped
def _scale_grid(keys):
    """Return 0 and the positive scales that `fit_w` tries, ascending."""
    distinct = np.unique(keys)
    if distinct.size == 1:
        return np.zeros(1)
    to_nearest = np.abs(distinct - _scores.nearest_other_key(distinct))
    low = min(0.1 / np.ptp(distinct), _validate.LARGEST_SCALE)
    high = min(10 / np.median(to_nearest), _validate.LARGEST_SCALE)
    return np.append(0.0, np.geomspace(low, high, GRID_POINTS))


def _dips(losses):
    """Return the indices of entries below the one before and not above the one after."""
    fenced = np.concatenate([[np.inf], losses, [np.inf]])
    return np.flatnonzero((losses < fenced[:-2]) & (losses <= fenced[2:]))


def _golden_section(function, low, high):
    """Return where function is smallest between two positive numbers, on a logarithmic axis."""
    section = (np.sqrt(5) - 1) / 2
    low, high = np.log(low), np.log(high)
    left, right = high - section * (high - low), low + section * (high - low)
    at_left, at_right = function(np.exp(left)), function(np.exp(right))
    for _ in range(REFINEMENTS):
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - section * (high - low)
            at_left = function(np.exp(left))
        else:
            low, left, at_left = left, right, at_right
            right = low + section * (high - low)
            at_right = function(np.exp(right))
    return float(np.exp((low + high) / 2))
