"""Pooling of chapters 2 to 5: from weights and values to predictions."""

import numpy as np

from nwlib import _validate
from nwlib.attention import attention_weights


def average_pooling(values, n_queries):
    """Return the mean of the values, once for each query: the best prediction that ignores x.

    Formula (2.3): ``f_hat(x) = (1/n) sum_i y_i``.

    Args:
        values: Shape (n,), in units of y.
        n_queries: Number of queries, at least 1.

    Returns:
        Array of shape (n_queries,), in units of y.

    Source: chapter 2. Limits: `nwlib`.

    >>> average_pooling([1.0, 2.0, 6.0], 2)
    array([3., 3.])
    """
    values = _validate.vector("values", values)
    return np.full(_validate.count("n_queries", n_queries, least=1), values.mean())


def attention_pooling(weights, values):
    """Return the weighted mean of the values for each query.

    Formula (3.5): ``f_hat(x) = sum_i alpha_i(x) y_i``.

    Args:
        weights: Shape (q, n), rows sum to 1, to 1e-5. A row that is NaN from end to end, which
            `kernel_weights` gives a query with no key in reach, makes the prediction NaN.
        values: Shape (n,), in units of y.

    Returns:
        Array of shape (q,), in units of y.

    Source: chapters 2 and 3; Nadaraya (1964), Watson (1964). Limits: `nwlib`.

    >>> attention_pooling([[0.5, 0.5], [0.0, 1.0]], [2.0, 4.0])
    array([3., 4.])
    """
    weights, values = _validate.weights_and_values(weights, values)
    return weights @ values


def nadaraya_watson(queries, keys, values, w=1.0):
    """Return the Nadaraya-Watson prediction with a Gaussian kernel at each query.

    Formula (5.1): ``f_hat(x) = sum_i softmax_i(-((x - x_i) w)^2 / 2) y_i``. Three tables of q n
    numbers are in memory at once, 24 bytes a pair: 2.4 GB for 10,000 queries and as many keys. For
    more than a few thousand take `nwlib.fast.nadaraya_watson`.

    Args:
        queries: Shape (q,), in units of x.
        keys: Shape (n,), in units of x, in any order.
        values: Shape (n,), in units of y.
        w: Inverse bandwidth, in units of 1/x.

    Returns:
        Array of shape (q,), in units of y.

    Source: chapters 4 and 5; Nadaraya (1964), Watson (1964). Limits: `nwlib`.

    >>> nadaraya_watson([0.0, 100.0], [-1.0, 1.0], [2.0, 4.0])
    array([3., 4.])
    """
    keys, values = _validate.pairs(keys, values)
    return attention_pooling(attention_weights(queries, keys, w), values)
