"""Learning w, chapter 5: leave-one-out loss, its gradient, gradient descent, direct search."""

from typing import NamedTuple

import numpy as np

from nwlib import _validate
from nwlib.attention import scores, softmax
from nwlib.pooling import attention_pooling


class History(NamedTuple):
    """What `train` saw, before the first step and after each.

    Attributes:
        w: Shape (n_steps + 1,), in units of 1/x.
        loss: Shape (n_steps + 1,), in squared units of y.
    """

    w: np.ndarray
    loss: np.ndarray


def leave_one_out_weights(keys, w):
    """Return the attention weights of each key over the other keys, itself masked.

    Formula (5.2): ``alpha_ij = softmax_j(-((x_i - x_j) w)^2 / 2)``, with -inf for j = i.

    Args:
        keys: Shape (n,) with n at least 2, in units of x, in any order.
        w: Inverse bandwidth, in units of 1/x.

    Returns:
        Array of shape (n, n), rows (queries) sum to 1, zero diagonal.

    Source: chapter 5; Stone (1974). Limits: `nwlib`.

    >>> leave_one_out_weights([0.0, 1.0, 2.0], 0.0)
    array([[0. , 0.5, 0.5],
           [0.5, 0. , 0.5],
           [0.5, 0.5, 0. ]])
    """
    keys = _validate.vector("keys", keys, least=2)
    masked = scores(keys, keys, w)
    np.fill_diagonal(masked, -np.inf)
    return softmax(masked)


def loss(w, keys, values):
    """Return the mean squared error of predicting each value from the others.

    Formula (5.3): ``L(w) = (1/n) sum_i (f_hat_i - y_i)^2`` with ``f_hat_i = sum_j alpha_ij y_j``.

    Args:
        w: Inverse bandwidth, in units of 1/x.
        keys: Shape (n,) with n at least 2, in units of x, in any order.
        values: Shape (n,), in units of y.

    Returns:
        float, in squared units of y.

    Source: chapter 5; Stone (1974). Limits: `nwlib`.

    >>> loss(0.0, [0.0, 1.0, 2.0], [0.0, 1.0, 5.0])
    10.5
    """
    keys, values = _validate.pairs(keys, values)
    predictions = attention_pooling(leave_one_out_weights(keys, w), values)
    return float(np.mean((predictions - values) ** 2))


def gradient(w, keys, values):
    """Return the derivative of the loss with respect to w; gradient(-w) = -gradient(w).

    Formula (5.4): ``(2/n) sum_i (f_hat_i - y_i) (-w) sum_j alpha_ij (y_j - f_hat_i) (x_i - x_j)^2``

    Args:
        w: Inverse bandwidth, in units of 1/x.
        keys: Shape (n,) with n at least 2, in units of x, in any order.
        values: Shape (n,), in units of y.

    Returns:
        float, in squared units of y times units of x.

    Source: chapter 5, where it is derived. Limits: `nwlib`.

    >>> gradient(0.0, [0.0, 1.0, 2.0], [0.0, 1.0, 5.0])
    0.0
    """
    keys, values = _validate.pairs(keys, values)
    w = _validate.scale(w)
    weights = leave_one_out_weights(keys, w)
    predictions = attention_pooling(weights, values)
    squares = (keys[:, np.newaxis] - keys) ** 2
    pull = (weights * (values - predictions[:, np.newaxis]) * squares).sum(axis=1)
    return float(np.mean(2 * (predictions - values) * -w * pull))


def train(keys, values, *, w, learning_rate, n_steps):
    """Return the path of gradient descent on the leave-one-out loss.

    Formula: ``w <- w - learning_rate dL/dw``, n_steps times.

    Args:
        keys: Shape (n,) with n at least 2, in units of x, in any order.
        values: Shape (n,), in units of y.
        w: Where to start, in units of 1/x. At w = 0 the gradient is 0 and nothing moves.
        learning_rate: Positive, in units of 1/(x y)^2. A step that takes w out of [-1e6, 1e6] is
            a ValueError.
        n_steps: Number of steps, at least 0.

    Returns:
        History with w and loss, each of shape (n_steps + 1,), the start first.

    Source: chapter 5; Dive into Deep Learning, section 10.2. Limits: `nwlib`.

    >>> history = train([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 1.5, 3.5],
    ...                 w=1.0, learning_rate=0.1, n_steps=2)
    >>> history.w.shape, bool(history.loss[-1] < history.loss[0])
    ((3,), True)
    """
    w, rate = _validate.scale(w), _validate.learning_rate(learning_rate)
    path = [w]
    for step in range(_validate.count("n_steps", n_steps, least=0)):
        w = _validate.reached(w - rate * gradient(w, keys, values), step + 1, rate)
        path.append(w)
    return History(np.array(path), np.array([loss(w, keys, values) for w in path]))


def fit_w(keys, values):
    """Return the scale with the smallest leave-one-out loss, found without a learning rate.

    Tried are 0 and 40 scales from 1 / (10 range of keys) to 10 / (median gap between neighbours),
    evenly spaced on a logarithmic axis. Then, six times, nine scales from the one neighbour of the
    best to the other; in the end two of them are about a ten-thousandth of it apart.
    `nwlib.fast.fit_w` is for many points, and finds more digits.

    Args:
        keys: Shape (n,) with n at least 2, in units of x, in any order.
        values: Shape (n,), in units of y.

    Returns:
        float, nonnegative, at most 1e6, in units of 1/x. Of equally good scales the smallest that
        was tried, so 0 where values or keys are all the same, and for two points.

    Source: chapter 5. Limits: `nwlib`.

    >>> fit_w([0.0, 1.0, 2.0], [7.0, 7.0, 7.0])
    0.0
    """
    keys, values = _validate.pairs(keys, values, least=2)
    gaps = np.diff(np.unique(keys))
    if gaps.size == 0 or np.ptp(values) == 0:
        return 0.0
    ends = 0.1 / max(gaps.sum(), 1e-7), 10 / max(np.median(gaps), 1e-5)
    tried = np.append(0.0, np.minimum(np.geomspace(*ends, 40), 1e6))
    for _ in range(7):
        best = int(np.argmin([loss(w, keys, values) for w in tried]))
        w, around = tried[best], tried[max(best - 1, 0) : best + 2]
        tried = np.linspace(around[0], around[-1], 9)
    return float(w)
