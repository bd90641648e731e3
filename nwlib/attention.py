"""Attention weights of chapters 3 and 4: how much each query attends to each key.

The farther a query is from all keys, the more weight goes to the nearest of them. No query and no
w makes a NaN, but in `kernel_weights`, since `softmax` subtracts each row's largest score first.
Digits are lost: a score is off by up to 3e-16 (distance times w)^2, and a weight, relatively, by
about twice that. Keys whose distances to a query round to the same number get the same weight.
`nwlib.fast` does not lose these digits.
"""

import numpy as np

from nwlib import _validate


def softmax(scores):
    """Return nonnegative numbers with sum 1 along the last axis, in the ratios of e^score.

    Formula (4.3): ``softmax(s)_i = e^(s_i) / sum_j e^(s_j)``. The largest score is subtracted
    first: that changes nothing (4.5), and no exponential overflows.

    Args:
        scores: Array with at least one axis. Along the last one the largest score is finite and at
            most 1e300 in size; the others may be -inf, which has weight 0.

    Returns:
        Array of the shape of scores.

    Source: chapter 4; Bahdanau et al. (2014). Limits: `nwlib`.

    >>> softmax([0.0, 0.0, -np.inf])
    array([0.5, 0.5, 0. ])
    """
    scores, largest = _validate.scores(scores)
    exponentials = np.exp(scores - largest)
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def kernel_weights(queries, keys, kernel, w=1.0):
    """Return each key's share of the kernel at each query: the plain ratio.

    Formula (3.5): ``alpha_i(x) = K(u_i) / sum_j K(u_j)`` with ``u_i = (x - x_i) w``.

    Args:
        queries: Shape (q,), in units of x.
        keys: Shape (n,), in units of x.
        kernel: Function of u, as in `nwlib.kernels`: nonnegative, and of the shape of u.
        w: Inverse bandwidth, in units of 1/x.

    Returns:
        Array of shape (q, n), rows sum to 1. A row is NaN from end to end, without a warning, where
        the kernel is 0 at every key: no key in reach of a compact kernel, or a Gaussian that has
        underflowed (nearest key beyond 38.6 bandwidths; from 37.6 on some digits are lost).
        `attention_weights` has no such rows.

    Source: chapter 3; Nadaraya (1964), Watson (1964). Limits: `nwlib`.

    >>> from nwlib import boxcar
    >>> kernel_weights([0.0, 9.0], [0.0, 0.5, 4.0], boxcar)
    array([[0.5, 0.5, 0. ],
           [nan, nan, nan]])
    """
    queries, keys = _validate.vector("queries", queries), _validate.vector("keys", keys)
    u = (queries[:, np.newaxis] - keys) * _validate.scale(w)
    counts = _validate.kernel_values(kernel, u)
    with np.errstate(invalid="ignore"):  # 0/0 is NaN
        return counts / counts.sum(axis=1, keepdims=True)


def scores(queries, keys, w=1.0):
    """Return the score of each query and key: the logarithm of the Gaussian, without its constant.

    Formula, inside of (5.1): ``s_i(x) = -((x - x_i) w)^2 / 2``.

    Args:
        queries: Shape (q,), in units of x.
        keys: Shape (n,), in units of x.
        w: Inverse bandwidth, in units of 1/x.

    Returns:
        Array of shape (q, n), no entry above 0.

    Source: chapters 4 and 5. Limits: `nwlib`.

    >>> scores([0.0], [-1.0, 2.0])
    array([[-0.5, -2. ]])
    """
    queries, keys = _validate.vector("queries", queries), _validate.vector("keys", keys)
    return -(((queries[:, np.newaxis] - keys) * _validate.scale(w)) ** 2) / 2


def attention_weights(queries, keys, w=1.0):
    """Return the shares of `kernel_weights` with a Gaussian, for any query: softmax of the scores.

    Formula, inside of (5.1), and of (4.4) for w = 1:
    ``alpha_i(x) = softmax_i(-((x - x_i) w)^2 / 2)``.

    Args:
        queries: Shape (q,), in units of x.
        keys: Shape (n,), in units of x, in any order.
        w: Inverse bandwidth, in units of 1/x.

    Returns:
        Array of shape (q, n), rows sum to 1.

    Source: chapters 4 and 5; Dive into Deep Learning, section 10.2. Limits: `nwlib`.

    >>> attention_weights([0.0, 1e6], [-1.0, 1.0])
    array([[0.5, 0.5],
           [0. , 1. ]])
    """
    return softmax(scores(queries, keys, w))
