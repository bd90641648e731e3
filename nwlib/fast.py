"""The Gaussian's predictions and leave-one-out loss in time that grows with q + n, not q n.

Everything here is a sum over keys, ``sum_i exp(-((x - x_i) w)^2 / 2) c_i``, for one or more
columns c, computed in one of three ways: pair by pair; pair by pair for the keys in a window
around each query; or through a grid (the fast Gauss transform). The appendix "Linear time"
builds the third step by step and derives the bound on its error.
"""

import functools

import numpy as np

from nwlib import _gauss, _scores, _validate

DENSE, FEW = 2**18, 16
"""Up to DENSE pairs, or FEW for each point, each pair is computed: nothing is faster."""

SMALLEST = 1e-150
"""Below this scale every weight is 1; it stands in for smaller ones, down to 0."""

NARROW = 4.0
"""Up to so many bandwidths from end to end, squared distances come from powers of x."""

LEAST_OTHERS = 0.25
"""Where the weights of the other keys add up to less, taking off one's own, 1, costs digits."""


def nadaraya_watson(queries, keys, values, w=1.0):
    """Return the Nadaraya-Watson prediction with a Gaussian kernel, in time linear in q + n.

    Formula: that of `nwlib.pooling.nadaraya_watson`, to rounding.

    Parameters
    ----------
    queries
        Shape (q,), in units of x.
    keys
        Shape (n,), in units of x, in any order.
    values
        Shape (n,), or (n, k) for k columns of values that share the weights, in units of y.
    w
        Inverse bandwidth, in units of 1/x, at most 1e6 in size. Its sign carries no meaning.

    Returns
    -------
    Array of shape (q,) or (q, k), in units of y, between the smallest and the largest value.

    Raises
    ------
    ValueError
        If an argument is empty, not finite, of another shape, or larger than 1e100 in size; if
        keys and values differ in length; if w is out of range.
    TypeError
        If queries, keys or values do not hold real numbers, or w is not a number.

    References
    ----------
    Appendix "Linear time"; Greengard and Strain (1991).

    Examples
    --------
    >>> nadaraya_watson([0.0, 100.0], [-1.0, 1.0], [[2.0, 0.0], [4.0, 1.0]])
    array([[3. , 0.5],
           [4. , 1. ]])
    """
    queries = _validate.vector("queries", queries)
    keys, values = _validate.pairs(keys, values, columns=True)
    w = _validate.scale(w)
    low, high = values.min(axis=0), values.max(axis=0)
    centre = (low + high) / 2  # values far from 0 cost no digits
    if queries.size * keys.size <= max(DENSE, FEW * (queries.size + keys.size)):
        mean = _scores.weighted_mean(queries, keys, values - centre, w)
    else:
        order = np.argsort(keys)
        columns = np.vstack([np.ones(keys.size), (values - centre)[order].T])
        mean = _weighted_mean(queries, keys[order], columns, max(abs(w), SMALLEST))
    return np.minimum(np.maximum(centre + mean.reshape(queries.shape + low.shape), low), high)


def loss_and_gradient(w, keys, values):
    """Return the mean squared leave-one-out error and its derivative, in time linear in n.

    Formulas: those of `nwlib.training.loss` and `nwlib.training.gradient`, to rounding.

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
    Two floats: the loss, in squared units of y, and the gradient, that times units of x.

    Raises
    ------
    ValueError
        If keys or values have fewer than 2 points, differ in length, are not finite, not of
        one axis, or larger than 1e100 in size, or if w is out of range.
    TypeError
        If keys or values do not hold real numbers, or w is not a number.

    References
    ----------
    Chapter 5; appendix "Linear time".

    Examples
    --------
    >>> loss_and_gradient(0.0, [0.0, 1.0, 2.0], [0.0, 1.0, 5.0])
    (10.5, 0.0)
    """
    keys, values = _validate.pairs(keys, values)
    w = _validate.scale(w)
    losses, gradients = leave_one_out(_validate.at_least_two("keys", keys), values)(
        np.array([abs(w)])
    )
    return float(losses[0]), float(gradients[0] if w >= 0 else -gradients[0])


def leave_one_out(keys, values):
    """Return a function: of scales w >= 0, shape (s,), losses and gradients of that shape.

    What does not depend on w is computed once. Arguments are as in `loss_and_gradient`, and not
    checked.
    """
    order = np.argsort(keys)
    keys, values = keys[order], values[order]
    values = values - (values.min() + values.max()) / 2
    columns = np.vstack([np.ones(keys.size), values])
    nearest = _scores.nearest_other_key(keys)
    if keys.size**2 <= DENSE:
        squares = _scores.excess(keys[:, np.newaxis], keys, nearest[:, np.newaxis])
        np.fill_diagonal(squares, 0.0)
        sums = functools.partial(_dense_sums, squares, columns)
        at_once = max(1, _scores.BLOCK // keys.size**2)
    else:
        sums = functools.partial(_sums_over_others, keys, columns, nearest)
        at_once = 1

    def losses_and_gradients(scales):
        losses, gradients = np.empty((2, len(scales)))
        for start in range(0, len(scales), at_once):
            block = slice(start, start + at_once)
            w = scales[block, np.newaxis]
            total, valued, squared, valued_squared = sums(np.maximum(w, SMALLEST))
            prediction = valued / total
            residual = prediction - values
            pull = (valued_squared - prediction * squared) / total
            losses[block] = np.vecdot(residual, residual)
            gradients[block] = np.vecdot(residual, w * pull)
        return losses / keys.size, -2 * gradients / keys.size + 0.0

    return losses_and_gradients


def _weighted_mean(queries, keys, columns, w):
    """Return the means of columns[1:], weighted for each query, shape (q,) or (q, k)."""
    grid = _gauss.Grid(keys, w, queries.size)
    sums = grid.sums(queries, keys, columns)
    rest = np.flatnonzero(sums[0] < _gauss.LEAST_TOTAL)
    if rest.size:
        rest = rest[np.argsort(queries[rest])]  # neighbours find what they need in cache
        nearest = _scores.nearest_key(queries[rest], keys)
        sums[:, rest] = _gauss.far_sums(queries[rest], keys, columns, w, nearest)
    return (sums[1:] / sums[0]).T


def _sums_over_others(keys, columns, nearest, scales):
    """Return the sums of weights, of values, and of both times squared distances, (4, 1, n)."""
    w = scales.item()
    grid = _gauss.Grid(keys, w, keys.size)
    if w * (keys[-1] - keys[0]) > NARROW:
        sums = grid.sums(keys, keys, columns, squares=True)
    else:
        x = keys - keys[0]
        powers = np.vstack([columns, columns * x, columns * x * x])
        sums, first, second = np.split(grid.sums(keys, keys, powers), 3)
        sums = np.vstack([sums, x * (x * sums - 2 * first) + second])
    sums[:2] -= columns  # oneself: at distance 0 the weight is 1
    rest = np.flatnonzero(sums[0] < LEAST_OTHERS)
    if rest.size:
        sums[:, rest] = _gauss.window_sums(
            keys[rest], keys, columns, w, nearest[rest], own=rest, squares=True
        )
    return sums[:, np.newaxis]


def _dense_sums(squares, columns, scales):
    """Return the same from all squared distances, of which rows lack a constant, (4, s, n)."""
    weights = _scores.clipped_exp((-0.5 * scales**2)[:, np.newaxis] * squares)
    own = np.arange(len(squares))
    weights[:, own, own] = 0.0
    sums = weights @ columns.T
    weights *= squares
    return np.concatenate([sums, weights @ columns.T], axis=-1).transpose(2, 0, 1)
