"""The leave-one-out loss and its gradient in time linear in n: (L.14), and its derivative."""

import functools

import numpy as np

from nwlib import _validate
from nwlib.fast import _grid, _scores, _windows

NARROW = 4.0
"""Up to so many bandwidths from end to end, squared distances come from powers of x."""

LEAST_OTHERS = 0.25
"""Where the weights of the other keys add up to less, taking off one's own, 1, costs digits."""


def loss_and_gradient(w, keys, values):
    """Return the mean squared leave-one-out error and its derivative, in time linear in n.

    Formulas (5.3) and (5.4): those of `nwlib.training`, to rounding.

    Args:
        w: Inverse bandwidth, in units of 1/x.
        keys: Shape (n,) with n at least 2, in units of x, in any order.
        values: Shape (n,), in units of y.

    Returns:
        Two floats: the loss, in squared units of y, and the gradient, that times units of x.

    Source: chapter 5; appendix "Linear time". Limits: `nwlib`.

    >>> loss_and_gradient(0.0, [0.0, 1.0, 2.0], [0.0, 1.0, 5.0])
    (10.5, 0.0)
    """
    keys, values = _validate.pairs(keys, values, least=2)
    w = _validate.scale(w)
    losses, gradients = leave_one_out(keys, values)(np.array([abs(w)]))
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
    if keys.size**2 <= _scores.DENSE:
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
            total, valued, squared, valued_squared = sums(np.maximum(w, _scores.SMALLEST))
            prediction = valued / total
            residual = prediction - values
            pull = (valued_squared - prediction * squared) / total
            losses[block] = np.vecdot(residual, residual)
            gradients[block] = np.vecdot(residual, w * pull)
        return losses / keys.size, -2 * gradients / keys.size + 0.0

    return losses_and_gradients


def _sums_over_others(keys, columns, nearest, scales):
    """Return the sums of weights, of values, and of both times squared distances, (4, 1, n)."""
    w = scales.item()
    grid = _grid.Grid(keys, w, keys.size)
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
        sums[:, rest] = _windows.window_sums(
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
