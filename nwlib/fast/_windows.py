"""Sums over the keys in a window around each query, pair by pair, weighted by a Gaussian.

They are ``sum_i exp(-((x - x_i) w)^2 / 2) c_i`` for each query x and each column c, shape (k, q),
up to a positive factor that a query's sums have in common. Keys are ascending, columns have shape
(k, n), and w is positive. The appendix "Linear time" has the windows, and the cells that stand for
many keys.
"""

import itertools
import math

import numpy as np

from nwlib.fast import _scores

PAIRS = 2**14
"""Pairs that are computed at once, so that what they need stays in cache."""

LEAST_WEIGHT = 1e-16
"""What is left out of a window adds up to less than this share of the weight."""

PER_KEY, PER_QUERY = 8, 128
"""To merge keys into cells costs as much as so many pairs of each key, and of each query."""

MERGED_TERMS = 20
"""Terms of the series that stands for the keys of such a cell: 1 / 20! is 4e-19."""


def window_sums(queries, keys, columns, w, nearest, own=None, squares=False):
    """Return the sums over the keys in a window around each query, pair by pair.

    The window holds every key but those which together have less than LEAST_WEIGHT of the
    weight of nearest, shape (q,), the nearest key of each query. Where own, shape (q,), is
    given, that key is left out. With squares, the sums are followed by those with
    ``c_i (x - x_i)^2`` in place of c, less a multiple of the former.
    """
    windows = _windows(queries, keys, nearest, _limit(keys, w))
    return _sums_in(windows, queries, keys, columns, w, nearest, own, squares)


def _sums_in(windows, queries, keys, columns, w, nearest, own=None, squares=False):
    """Return what `window_sums` does, for windows that are known."""
    result = np.empty((len(columns) * (1 + squares), queries.size))
    for block, query, key, starts in _pairs(*windows):
        excess = _scores.excess(queries.take(query), keys.take(key), nearest.take(query))
        if own is not None:
            myself = np.flatnonzero(key == own.take(query))
            excess[myself] = 0.0
        terms = _scores.exponentials(excess.copy(), w) * columns.take(key, axis=1)
        if own is not None:
            terms[:, myself] = 0.0
        if squares:
            terms = np.concatenate([terms, terms * excess])
        result[:, block] = np.add.reduceat(terms, starts, axis=1)
    return result


def far_sums(queries, keys, columns, w, nearest):
    """Return what `window_sums` does, faster for queries that have many keys in their windows.

    Such queries see little difference between keys that are close to each other. Those in a
    narrow cell are merged; the farther a query is, the narrower are the cells it can see.
    """
    limit = _limit(keys, w)
    reach = np.sqrt((queries - nearest) ** 2 + limit)
    width = 2.0 ** np.floor(np.log2(2 / (w * w * reach)))
    first, last = _windows(queries, keys, nearest, limit)
    if (last - first).sum() <= PER_KEY * keys.size:  # no group has more, and none is worth it
        return _sums_in((first, last), queries, keys, columns, w, nearest)
    result = np.empty((len(columns), queries.size))
    for one in np.unique(width):
        group = np.flatnonzero(width == one)
        arguments = queries[group], keys, columns, w, nearest[group]
        if (last - first)[group].sum() > PER_KEY * keys.size + PER_QUERY * group.size:
            result[:, group] = _merged_sums(*arguments, one)
        else:
            result[:, group] = _sums_in((first[group], last[group]), *arguments)
    return result


def _merged_sums(queries, keys, columns, w, nearest, width):
    """Return the sums over cells in a window around each query.

    With a key at u + s, where u is the middle of its cell, its weight is
    ``exp(-((x - u) w)^2 / 2) exp(w^2 (x - u) s) exp(-(s w)^2 / 2)``. The middle factor becomes a
    power series in s, whose other factors are summed beforehand. In a window
    ``|w^2 (x - u) s|`` is hardly more than 1, and MERGED_TERMS terms leave out less than 1e-18.
    """
    cells = np.rint(keys / width)
    offsets = keys / width - cells
    occupied = np.flatnonzero(np.diff(cells, prepend=-np.inf))
    middles = cells[occupied] * width
    power = columns * np.exp(-0.5 * (offsets * width * w) ** 2)
    moments = np.empty((MERGED_TERMS, len(columns), middles.size))
    for p, moment in enumerate(moments, start=1):
        moment[:] = np.add.reduceat(power, occupied, axis=1)
        power *= offsets / p
    windows = _windows(queries, middles, nearest, _limit(keys, w), margin=width)
    result = np.empty((len(columns), queries.size))
    for block, query, cell, starts in _pairs(*windows):
        x, u = queries.take(query), middles.take(cell)
        slope = (x - u) * (w * w * width)
        terms = moments[-1].take(cell, axis=1)
        for moment in moments[-2::-1]:
            terms *= slope
            terms += moment.take(cell, axis=1)
        terms *= _scores.exponentials(_scores.excess(x, u, nearest.take(query)), w)
        result[:, block] = np.add.reduceat(terms, starts, axis=1)
    return result


def _limit(keys, w):
    """Return how much more than the nearest key's the squared distance of a key in a window is.

    There, at most, a key's weight relative to the nearest falls to LEAST_WEIGHT / n.
    """
    return 2 * math.log(keys.size / LEAST_WEIGHT) / (w * w)


def _windows(queries, keys, nearest, limit, margin=0.0):
    """Return the first key of each query's window, and the one after its last.

    The window ends where (x_i - x)^2 = (c - x)^2 + limit, c being the nearest key: some way
    beyond c, and on the other side of the query as far away. Margin and roundings widen it.
    """
    slack = 8 * np.finfo(float).eps
    away = np.abs(queries - nearest)
    beyond = limit / (away + np.sqrt(away * away + limit)) + margin
    here = beyond + slack * (beyond + np.abs(nearest))
    there = away + beyond + slack * (away + beyond + np.abs(queries))
    below = nearest <= queries
    low = np.where(below, nearest - here, queries - there)
    high = np.where(below, queries + there, nearest + here)
    return keys.searchsorted(low), keys.searchsorted(high, side="right")


def _pairs(first, last):
    """Yield the pairs of queries and keys, first to last for each query, some at a time.

    That is a slice of queries, the query and the key of each pair, and where a query's begin.
    """
    counts = last - first
    starts = np.cumsum(counts) - counts
    edges = np.flatnonzero(np.diff(starts // PAIRS, prepend=-1, append=-1))
    for start, stop in itertools.pairwise(edges):
        block = slice(start, stop)
        query = np.arange(start, stop).repeat(counts[block])
        key = (first[block] - starts[block]).repeat(counts[block])
        key += np.arange(starts[start], starts[start] + key.size)
        yield block, query, key, starts[block] - starts[start]
