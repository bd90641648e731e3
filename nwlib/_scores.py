"""Scores relative to the nearest key: what the dense forms of attention and training share."""

import numpy as np


def nearest_key(queries, keys):
    """Return the key nearest to each query, shape (q,); of two equally near ones the lower."""
    keys = np.sort(keys)
    rank = keys.searchsorted(queries)
    below, above = keys.take(rank - 1, mode="clip"), keys.take(rank, mode="clip")
    return np.where(queries - below <= above - queries, below, above)


def nearest_other_key(keys):
    """Return for each of two or more keys the nearest among the others, shape (n,)."""
    order = np.argsort(keys)
    ranked = keys[order]
    gap = np.diff(ranked)
    to_below, to_above = np.append(np.inf, gap), np.append(gap, np.inf)
    nearest = np.empty_like(keys)
    nearest[order] = np.where(to_below <= to_above, np.roll(ranked, 1), np.roll(ranked, -1))
    return nearest


def excess(queries, keys, nearest):
    """Return by how much each squared distance exceeds that of the nearest key, shape (q, n).

    Formula: (x - x_i)^2 - (x - c)^2 = (x_i - c) ((x_i - x) + (c - x)), where c is the query's
    entry of nearest, shape (q,). The product keeps the digits that the difference of two large
    squares would lose, and is never negative, rounding included: for c < x < x_i, say, rounding
    keeps the order of x_i - c = (x_i - x) + (x - c) and twice the smaller of its two parts.
    """
    beyond = keys - nearest[:, np.newaxis]
    result = beyond + 2 * (nearest - queries)[:, np.newaxis]
    result *= beyond
    return result


def relative(queries, keys, nearest, w):
    """Return the scores -((x - x_i) w)^2 / 2 less that of the nearest key, shape (q, n)."""
    result = excess(queries, keys, nearest)
    result *= -0.5 * w * w
    return result


def normalized_exp(scores):
    """Return e^score over its sum along the last axis, where the largest score is 0. In place."""
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    return scores
