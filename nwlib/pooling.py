"""Pooling of chapters 2 to 5: from weights and values to predictions."""

import numpy as np

from nwlib import _scores, _validate


def average_pooling(values, n_queries):
    """Return the mean of the values, once for each query: the best prediction that ignores x.

    Formula: ``f_hat(x) = (1/n) sum_i y_i``.

    Parameters
    ----------
    values
        Shape (n,), in units of y.
    n_queries
        Number of queries, at least 1.

    Returns
    -------
    Array of shape (n_queries,), in units of y.

    Raises
    ------
    ValueError
        If values is empty, not finite, not of one axis, or larger than 1e100 in size, or if
        n_queries is below 1.
    TypeError
        If values does not hold real numbers, or n_queries is not an integer.

    References
    ----------
    Chapter 2.

    Examples
    --------
    >>> average_pooling([1.0, 2.0, 6.0], 2)
    array([3., 3.])
    """
    values = _validate.vector("values", values)
    return np.full(_validate.count("n_queries", n_queries, least=1), values.mean())


def attention_pooling(weights, values):
    """Return the weighted mean of the values for each query.

    Formula: ``f_hat(x) = sum_i alpha_i(x) y_i``.

    Parameters
    ----------
    weights
        Shape (q, n), rows sum to 1. A row that is NaN from end to end, which
        `kernel_weights` gives a query with no key in reach, makes the prediction NaN.
    values
        Shape (n,), in units of y.

    Returns
    -------
    Array of shape (q,), in units of y.

    Raises
    ------
    ValueError
        If weights is not of two axes, empty, or has a row that does not sum to 1 (to 1e-5);
        if values is empty, not finite, not of one axis, or larger than 1e100 in size; if
        weights does not have one column for each value.
    TypeError
        If weights or values do not hold real numbers.

    References
    ----------
    Chapter 3; Nadaraya (1964), Watson (1964).

    Examples
    --------
    >>> attention_pooling([[0.5, 0.5], [0.0, 1.0]], [2.0, 4.0])
    array([3., 4.])
    """
    weights = _validate.weights(weights)
    values = _validate.vector("values", values)
    if weights.shape[1] != values.size:
        raise ValueError(
            "weights must have one column for each value: "
            f"weights has shape {weights.shape}, values has shape {values.shape}"
        )
    return weights @ values


def nadaraya_watson(queries, keys, values, w=1.0):
    """Return the Nadaraya-Watson prediction with a Gaussian kernel at each query.

    Formula: ``f_hat(x) = sum_i softmax_i(-((x - x_i) w)^2 / 2) y_i``: what `attention_weights`
    and `attention_pooling` give, for a block of queries at a time, so that memory does not grow
    with q times n. The time does; `nwlib.fast` has the same in time that grows with q + n.

    Parameters
    ----------
    queries
        Shape (q,), in units of x.
    keys
        Shape (n,), in units of x, in any order.
    values
        Shape (n,), in units of y.
    w
        Inverse bandwidth, in units of 1/x, at most 1e6 in size. Its sign carries no meaning.

    Returns
    -------
    Array of shape (q,), in units of y, between the smallest and the largest value.

    Raises
    ------
    ValueError
        If queries, keys or values are empty, not finite, not of one axis, or larger than
        1e100 in size; if keys and values differ in length; if w is out of range.
    TypeError
        If queries, keys or values do not hold real numbers, or w is not a number.

    References
    ----------
    Chapters 4 and 5; Nadaraya (1964), Watson (1964).

    Examples
    --------
    >>> nadaraya_watson([0.0, 100.0], [-1.0, 1.0], [2.0, 4.0])
    array([3., 4.])
    """
    queries = _validate.vector("queries", queries)
    keys, values = _validate.pairs(keys, values)
    w = _validate.scale(w)
    low, high = values.min(), values.max()
    centre = (low + high) / 2  # values far from 0 cost no digits
    prediction = centre + _scores.weighted_mean(queries, keys, values - centre, w)
    return np.minimum(np.maximum(prediction, low), high)
