"""Scores relative to the nearest key, which lose no digits, however far a query and large w.

What a row has in common cancels in the softmax (4.5). Less the score of the nearest key c, that of
x_i is ``-(w^2 / 2) (x_i - c) (x_i + c - 2 x)``: a product, in place of a difference of two squares
that may both be huge.
"""

import numpy as np

EPS = np.finfo(float).eps

NEAR = 2.0
"""Up to so many bandwidths from the nearest key, scores keep their digits as they are."""

LOWEST_SCORE = -690.0
"""Its exponential, 1e-300, is the smallest weight worth a number: below 2e-308 numbers are
subnormal, and an exponential there takes a hundred times as long."""

BLOCK = 2**16
"""Scores held at once, half a megabyte, which stays in cache."""

DENSE = 2**18
"""Up to so many pairs, each is computed: nothing is faster."""

SMALLEST = 1e-150
"""Below this scale every weight is 1; it stands in for smaller ones, down to 0."""


def nearest_key(queries, keys):
    """Return the key nearest to each query, shape (q,); of two equally near ones the lower."""
    keys = np.sort(keys)
    rank = keys.searchsorted(queries)
    below, above = keys.take(rank - 1, mode="clip"), keys.take(rank, mode="clip")
    return np.where(twice_from_middle(below, above, queries) >= 0, below, above)


def nearest_other_key(keys):
    """Return for each of two or more keys the nearest among the others, shape (n,)."""
    order = np.argsort(keys)
    ranked = keys[order]
    below, above = np.roll(ranked, 1), np.roll(ranked, -1)
    below[0], above[-1] = above[0], below[-1]
    nearest = np.empty_like(keys)
    nearest[order] = np.where(twice_from_middle(below, above, ranked) >= 0, below, above)
    return nearest


def twice_from_middle(one, other, queries):
    """Return one + other - 2 queries, broadcast: twice the way from the query to the middle.

    Correct to a few roundings of the result itself. That may be far smaller than its terms, for
    a query almost halfway between two keys, and a huge w makes so small a difference count. So
    what the sum of the two loses to rounding is kept (Knuth's two-sum) and added at the end.
    """
    total = one + other
    part = total - one
    lost = (one - (total - part)) + (other - part)
    return total - 2 * queries + lost


def excess(queries, keys, nearest):
    """Return by how much squared distances exceed that of the nearest key c, broadcast.

    Formula: (x - x_i)^2 - (x - c)^2 = (x_i - c) (x_i + c - 2 x). The product keeps the digits
    that the difference of two large squares would lose, and is never negative.
    """
    return (keys - nearest) * twice_from_middle(keys, nearest, queries)


def relative_squares(queries, keys, w):
    """Return the squared distances, shape (q, n), less the smallest in rows where that matters.

    What a row has in common cancels in the softmax. Within NEAR bandwidths of a key nothing
    needs to be subtracted; farther off, all scores are large, and their differences inexact.
    """
    result = (queries[:, np.newaxis] - keys) ** 2
    least = result.min(axis=1)
    far = np.flatnonzero(least * (w * w) > NEAR**2)
    if far.size:
        _subtract(least, result, far, queries, keys, nearest_key(queries[far], keys), w)
    return result


def _subtract(least, result, rows, queries, keys, nearest, w):
    """Subtract the least in the given rows, exactly where weights are not 0. In place."""
    rough = result[rows] - least[rows, np.newaxis]
    matters = -2 * LOWEST_SCORE / (w * w) + 8 * EPS * least[rows, np.newaxis]
    row, key = np.nonzero(rough < matters)
    rough[row, key] = excess(queries[rows[row]], keys[key], nearest[row])
    result[rows] = rough


def exponentials(squares, w):
    """Return e^(-squares w^2 / 2), at least e^LOWEST_SCORE. In place."""
    squares *= -0.5 * w * w
    return clipped_exp(squares)


def clipped_exp(scores):
    """Return e^score, at least e^LOWEST_SCORE. In place."""
    np.maximum(scores, LOWEST_SCORE, out=scores)
    return np.exp(scores, out=scores)


def weighted_mean(queries, keys, values, w):
    """Return the mean of the values, weighted for each query, shape (q,) or (q, k), pair by pair.

    Values have shape (n,) or (n, k).
    """
    result = np.empty(queries.shape + values.shape[1:])
    rows = max(1, BLOCK // keys.size)
    for start in range(0, queries.size, rows):
        block = slice(start, start + rows)
        share = exponentials(relative_squares(queries[block], keys, w), w)
        result[block] = ((share @ values).T / share.sum(axis=1)).T
    return result
