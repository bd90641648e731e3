"""Attention weights of chapters 3 to 5: how much each query attends to each key.

Weights have shape (queries, keys), and each row sums to 1.
"""

import numpy as np

from nwlib import _scores, _validate


def softmax(scores):
    """Return positive numbers with sum 1 along the last axis, in the ratios of e^score.

    Formula: ``softmax(s)_i = exp(s_i) / sum_j exp(s_j)``, computed with ``s - max s``, which
    changes nothing but keeps every exponential at or below 1.

    Parameters
    ----------
    scores
        Any shape with at least one axis. A score of -inf has weight 0.

    Returns
    -------
    Array of the shape of scores. Below 4e-300 of the largest, a share is 0.

    Raises
    ------
    ValueError
        If scores is empty, a single number, holds NaN, +inf or a size above 1e300, or if all
        the scores along the last axis are -inf.
    TypeError
        If scores does not hold real numbers.

    References
    ----------
    Chapter 4; Bahdanau et al. (2014).

    Examples
    --------
    >>> softmax([0.0, 0.0, -np.inf])
    array([0.5, 0.5, 0. ])
    """
    scores = _validate.scores(scores)
    return _scores.normalized(_scores.clipped_exp(scores - scores.max(axis=-1, keepdims=True)))


def kernel_weights(queries, keys, kernel, w=1.0):
    """Return each key's share of the kernel at each query: the plain ratio of chapter 3.

    Formula: ``alpha_i(x) = K(u_i) / sum_j K(u_j)`` with ``u_i = (x - x_i) w``.

    Parameters
    ----------
    queries
        Shape (q,), in units of x.
    keys
        Shape (n,), in units of x.
    kernel
        Function of u, as in `nwlib.kernels`; nonnegative, and of the shape of u.
    w
        Inverse bandwidth, in units of 1/x, at most 1e6 in size. Its sign carries no meaning.

    Returns
    -------
    Array of shape (q, n), rows sum to 1.
        A row is NaN from end to end, without a warning, where the kernel is 0 at every key: no
        key in reach of a compact kernel, or a Gaussian that has underflowed (nearest key beyond
        38.6 bandwidths, and some digits are lost from 37.6 on). `attention_weights` has no such
        rows.

    Raises
    ------
    ValueError
        If queries or keys are empty, not finite, not of one axis, or larger than 1e100 in
        size; if w is out of range; if kernel returns another shape, a negative number, NaN or
        infinity.
    TypeError
        If queries or keys do not hold real numbers, or kernel cannot be called.

    References
    ----------
    Chapter 3; Nadaraya (1964), Watson (1964).

    Examples
    --------
    >>> from nwlib import boxcar
    >>> kernel_weights([0.0, 9.0], [0.0, 0.5, 4.0], boxcar)
    array([[0.5, 0.5, 0. ],
           [nan, nan, nan]])
    """
    queries = _validate.vector("queries", queries)
    keys = _validate.vector("keys", keys)
    w = _validate.scale(w)
    if not callable(kernel):
        raise TypeError(f"kernel must be a function of u, such as nwlib.gaussian, got {kernel!r}")
    u = (queries[:, np.newaxis] - keys) * w
    kernel_values = _validate.kernel_values(kernel(u), u.shape)
    total = kernel_values.sum(axis=1, keepdims=True)
    return np.divide(kernel_values, total, out=np.full(u.shape, np.nan), where=total > 0)


def attention_weights(queries, keys, w=1.0):
    """Return the softmax of the scaled negative squared distances between queries and keys.

    Formula: ``alpha_i(x) = softmax_i(-((x - x_i) w)^2 / 2)``. More than 2 bandwidths from the
    nearest key c, the scores are taken relative to it, as ``-(w^2 / 2) (x_i - c) (x_i + c - 2x)``:
    the same weights, exact for a query far from every key, too.

    Parameters
    ----------
    queries
        Shape (q,), in units of x.
    keys
        Shape (n,), in units of x, in any order.
    w
        Inverse bandwidth, in units of 1/x, at most 1e6 in size. Its sign carries no meaning.

    Returns
    -------
    Array of shape (q, n), rows sum to 1.

    Raises
    ------
    ValueError
        If queries or keys are empty, not finite, not of one axis, or larger than 1e100 in
        size, or if w is out of range.
    TypeError
        If queries or keys do not hold real numbers, or w is not a number.

    References
    ----------
    Chapters 4 and 5; Dive into Deep Learning, section 10.2.

    Examples
    --------
    >>> attention_weights([0.0, 1e6], [-1.0, 1.0])
    array([[0.5, 0.5],
           [0. , 1. ]])
    """
    queries = _validate.vector("queries", queries)
    keys = _validate.vector("keys", keys)
    w = _validate.scale(w)
    return _scores.normalized(_scores.weights(_scores.squares(queries, keys, w), w))
