"""Learning w, chapter 5: leave-one-out loss, its gradient, gradient descent, direct search."""

import itertools
import math
from typing import NamedTuple

import numpy as np

from nwlib import _scores, _validate, fast
from nwlib.pooling import attention_pooling

GRID_POINTS = 20
"""Positive scales that `fit_w` tries before it refines between some of them."""

BRACKETS, STEPS = 3, 12
"""How many pairs of neighbours it refines between, and with how many evaluations at most."""

CLOSE = 1e-7
"""Length of a step, on a logarithmic axis, after which the next one would change nothing."""


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
    squares = _scores.squares_to_others(keys, w)
    weights = _scores.weights(squares, w)
    np.fill_diagonal(weights, 0.0)
    return _scores.normalized(weights)


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
    Since ``sum_j alpha_ij (y_j - f_hat_i) = 0``, squared distances may be taken less the
    smallest in their row, which changes nothing but the rounding.

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
    squares = _scores.squares_to_others(keys, w)
    pull = (weights * (values - prediction[:, np.newaxis]) * squares).sum(axis=1)
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

    Loss and gradient are computed at w = 0 and at 20 scales evenly spaced on a logarithmic axis,
    from 1 / (10 range of keys) to 10 / (median distance from a key to the nearest different
    one), both capped at 1e6. Between two neighbours the loss is like the cubic that has their
    losses and slopes. The three lowest minima of such cubics are tried and refined, and the best
    of all that was tried is returned. That takes at most 57 evaluations, 26 as a rule, each by
    `nwlib.fast.loss_and_gradient` in time linear in n.

    Parameters
    ----------
    keys
        Shape (n,) with n at least 2, in units of x, in any order.
    values
        Shape (n,), in units of y.

    Returns
    -------
    float, nonnegative, in units of 1/x.
        Of equally good scales that were tried the smallest: 0 where values are constant, where all
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
    Chapter 5; Nocedal and Wright (2006), section 3.5.

    Examples
    --------
    >>> fit_w([0.0, 1.0, 2.0], [7.0, 7.0, 7.0])
    0.0
    """
    keys, values = _validate.pairs(keys, values)
    grid = _scale_grid(_validate.at_least_two("keys", keys))
    spread = np.ptp(values)
    if spread == 0:
        return 0.0
    # In units of their range, so that no square underflows.
    losses_and_gradients = fast.leave_one_out(keys, (values - values.min()) / spread)
    losses, gradients = losses_and_gradients(grid)
    tried = np.stack([losses, grid], axis=1).tolist()
    points = np.stack([np.log(grid[1:]), losses[1:], (grid * gradients)[1:]], axis=1).tolist()
    tried += _refine(losses_and_gradients, points, best=losses.min())
    return min(tried)[1]


@np.errstate(over="ignore")  # the inverse of a tiny distance is infinite, then capped
def _scale_grid(keys):
    """Return 0 and the positive scales that `fit_w` tries, ascending."""
    distinct = np.unique(keys)
    if distinct.size == 1:
        return np.zeros(1)
    gaps = np.concatenate([[np.inf], np.diff(distinct), [np.inf]])
    to_nearest = np.minimum(gaps[:-1], gaps[1:])
    low = min(0.1 / (distinct[-1] - distinct[0]), _validate.LARGEST_SCALE)
    high = min(10 / np.median(to_nearest), _validate.LARGEST_SCALE)
    return np.append(0.0, np.geomspace(low, high, GRID_POINTS))


def _refine(losses_and_gradients, points, best):
    """Return what is tried between neighbours among the points, a list of losses and scales.

    A point is (log w, loss, slope); the slope on that axis is w times the gradient. The scale at
    a cubic's minimum takes the place of the end that is uphill of it, and so on while the next
    cubic promises less than the best loss so far.
    """
    tried = []
    pairs = sorted(
        (not below[2] < 0 < above[2], *_cubic_minimum(below, above), below, above)
        for below, above in itertools.pairwise(points)
    )
    for _, promise, middle, below, above in pairs[:BRACKETS]:
        if promise == math.inf:
            break
        for _ in range(STEPS):
            w = math.exp(middle)
            losses, gradients = losses_and_gradients(np.array([w]))
            point = _, loss, slope = middle, losses.item(), w * gradients.item()
            tried.append([loss, w])
            best = min(best, loss)
            below, above = (point, above) if slope < 0 else (below, point)
            promise, middle = _cubic_minimum(below, above)
            if promise >= best or abs(middle - point[0]) < CLOSE:
                break
    return tried


def _cubic_minimum(below, above):
    """Return the least value, and its place, of the cubic through two points, (x, y, slope) each.

    The value is infinite where the cubic has no minimum between the points.
    """
    (a, y_a, slope_a), (b, y_b, slope_b) = below, above
    if a == b:
        return math.inf, a
    bend = slope_a + slope_b - 3 * (y_b - y_a) / (b - a)
    square = bend * bend - slope_a * slope_b
    root = math.sqrt(square) if square > 0 else math.nan
    whole = slope_b - slope_a + 2 * root
    share = (root - slope_a + bend) / whole if whole else math.inf
    if not 0 < share < 1:
        return math.inf, a
    curved = bend + slope_a - share * (slope_a + slope_b + 2 * bend) / 3
    return y_a + (b - a) * share * (slope_a - share * curved), a + (b - a) * share
