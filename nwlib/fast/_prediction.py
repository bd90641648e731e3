"""Predictions in time linear in q + n."""

import numpy as np

from nwlib import _validate
from nwlib.fast import _grid, _scores, _windows

FEW = 16
"""With so few queries for a key, or keys for a query, each pair is computed: nothing is faster."""


def nadaraya_watson(queries, keys, values, w=1.0):
    """Return the Nadaraya-Watson prediction with a Gaussian kernel, in time linear in q + n.

    Formula (5.1): that of `nwlib.pooling.nadaraya_watson`, to 1e-14 of the range of the values.

    Args:
        queries: Shape (q,), in units of x.
        keys: Shape (n,), in units of x, in any order.
        values: Shape (n,), or (n, k) for k columns of values that share the weights, in units of y.
        w: Inverse bandwidth, in units of 1/x.

    Returns:
        Array of shape (q,) or (q, k), in units of y, between the smallest and the largest value.

    Source: appendix "Linear time"; Greengard and Strain (1991). Limits: `nwlib`.

    >>> nadaraya_watson([0.0, 100.0], [-1.0, 1.0], [[2.0, 0.0], [4.0, 1.0]])
    array([[3. , 0.5],
           [4. , 1. ]])
    """
    queries = _validate.vector("queries", queries)
    keys, values = _validate.pairs(keys, values, columns=True)
    w = _validate.scale(w)
    low, high = values.min(axis=0), values.max(axis=0)
    centre = (low + high) / 2  # values far from 0 cost no digits
    if queries.size * keys.size <= max(_scores.DENSE, FEW * (queries.size + keys.size)):
        mean = _scores.weighted_mean(queries, keys, values - centre, w)
    else:
        order = np.argsort(keys)
        columns = np.vstack([np.ones(keys.size), (values - centre)[order].T])
        mean = _weighted_mean(queries, keys[order], columns, max(abs(w), _scores.SMALLEST))
    return np.minimum(np.maximum(centre + mean.reshape(queries.shape + low.shape), low), high)


def _weighted_mean(queries, keys, columns, w):
    """Return the means of columns[1:], weighted for each query, shape (q,) or (q, k)."""
    grid = _grid.Grid(keys, w, queries.size)
    sums = grid.sums(queries, keys, columns)
    rest = np.flatnonzero(sums[0] < _grid.LEAST_TOTAL)
    if rest.size:
        rest = rest[np.argsort(queries[rest])]  # neighbours find what they need in cache
        nearest = _scores.nearest_key(queries[rest], keys)
        sums[:, rest] = _windows.far_sums(queries[rest], keys, columns, w, nearest)
    return (sums[1:] / sums[0]).T
