"""The fast Gauss transform: sums over keys by way of a grid that stands between keys and queries.

They are ``sum_i exp(-((x - x_i) w)^2 / 2) c_i`` for each query x and each column c, shape (k, q).
Keys are ascending, columns have shape (k, n), and w is positive. The appendix "Linear time" builds
the transform step by step, (L.3) to (L.8), and derives the bound on its error, (L.9) to (L.13).
"""

import itertools
import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

CHUNK = 2**14
"""Points that are computed at once, so that what they need stays in cache."""

CELLS = 2**11
"""Cells of the grid that are dealt with at once."""

COARSEST = 0.36
"""Largest step of the grid, in bandwidths. It changes a weight by less than
2 e^(-pi^2 / (2 0.36^2)) = 6e-17 of it."""

REACH = 8.25
"""Bandwidths around a point in which it uses the grid: e^-(8.25^2) is 3e-30."""

LEAST_TOTAL = 1e-3
"""Least sum of weights (a key at distance 0 adds 1) that `Grid.sums` gives with all its digits."""

SPARSE = 2
"""Points for each cell of the grid, below which windows are faster."""


class Grid:
    """The fast Gauss transform: points reach each other through a grid, not pair by pair.

    A Gaussian is a sum, over the points u of a fine grid, of products of two narrower ones,
    ``exp(-((x - x_i) w)^2 / 2) = g sum_u exp(-((x - u) w)^2) exp(-((u - x_i) w)^2)``: the keys
    bring their columns to the grid, and the queries read them there; g is a number. Within a
    cell of the grid a narrow Gaussian is a polynomial in the point's offset from the middle.

    The step is a power of two, with which offsets are exact wherever x is. Stretches with few
    keys to a cell are left out; so are gaps, which no weight crosses.

    Args:
        keys: Shape (n,), ascending.
        w: Inverse bandwidth, positive.
        n_queries: How many queries are expected, for the choice of what is left out.
    """

    def __init__(self, keys, w, n_queries):
        self.step = 2.0 ** math.floor(math.log2(COARSEST / w))
        self.delta = self.step * w
        self.taps = math.ceil(REACH / self.delta)
        self.terms = terms_needed(self.delta, keys.size)
        self.coefficients = gaussian_coefficients(self.delta, self.taps, self.terms + 2)
        self.pad = 2 * self.taps  # from a key to the grid, from the grid to a query
        cells = np.rint(keys / self.step)
        first = np.flatnonzero(np.diff(cells, prepend=-np.inf) > 2 * self.pad)
        count = np.diff(first, append=keys.size)
        width = cells[first + count - 1] - cells[first] + 2 * self.pad + 1
        dense = width * SPARSE <= count * (1 + n_queries / keys.size)
        self.origin = cells[first[dense]] - self.pad
        self.width = width[dense]
        self.base = np.cumsum(self.width) - self.width
        self.size = int(self.width.sum())

    def sums(self, queries, keys, columns, squares=False):
        """Return the sums over the keys, with squares followed by the sums of their multiples.

        These have ``c_i (x - x_i)^2`` in place of c. A query's sums have lost digits, or are
        0, where the sum of the weights is below LEAST_TOTAL.
        """
        if self.size == 0:
            return np.zeros((len(columns) * (1 + squares), queries.size))
        on_grid = self._spread(keys, columns) * (self.delta * math.sqrt(2 / math.pi))
        return self._read(queries, on_grid, squares)

    def _spread(self, keys, columns):
        """Return what the keys bring to the grid, shape (k, size), with taps more at both ends."""
        result = np.zeros((len(columns), self.size + 2 * self.taps))
        for index, cell, offset in self._strips(keys, np.arange(keys.size)):
            starts = np.flatnonzero(np.diff(cell, prepend=-1))
            occupied = cell[starts] - cell[0]
            moments = np.zeros((self.terms, len(columns), occupied[-1] + 1))
            power = columns.take(index, axis=1)
            for moment in moments:
                moment[:, occupied] = np.add.reduceat(power, starts, axis=1)
                power *= offset
            brought = np.tensordot(self.coefficients[: self.terms], moments, axes=(0, 0))
            result[:, cell[0] : cell[-1] + 2 * self.taps + 1] += _skewed_sum(brought)
        return result

    def _read(self, queries, on_grid, squares):
        """Return what the queries find on the grid, shape (k, q), or (2 k, q) with squares."""
        result = np.zeros((len(on_grid) * (1 + squares), queries.size))
        order = np.argsort(queries) if self.size > CELLS else np.arange(queries.size)
        block = None
        for index, cell, offset in self._strips(queries, order):
            if cell[0] // CELLS != block:
                block = cell[0] // CELLS
                polynomials = self._polynomials(on_grid, block * CELLS, squares)
            cell -= block * CELLS
            total = polynomials[-1].take(cell, axis=1)
            for term in polynomials[-2::-1]:
                total *= offset
                total += term.take(cell, axis=1)
            result[:, index] = total
        return result

    def _strips(self, points, order):
        """Yield those of the points that are on the grid, part by part, in the given order.

        Each part has at most CHUNK points in one block of CELLS cells, if points[order] ascend:
        their indices, their cells, and their offsets from the middle in steps.
        """
        for start in range(0, order.size, CHUNK):
            index = order[start : start + CHUNK]
            scaled = points[index] / self.step
            cell = np.rint(scaled)
            offset = scaled - cell
            stretch = np.maximum(self.origin.searchsorted(cell, side="right") - 1, 0)
            cell -= self.origin[stretch]
            within = (cell >= 0) & (cell < self.width[stretch])
            cell += self.base[stretch]
            if not within.all():
                index, cell, offset = index[within], cell[within], offset[within]
            cell = cell.astype(np.intp)
            edges = np.flatnonzero(np.diff(cell // CELLS, prepend=-1, append=-1))
            for part in itertools.starmap(slice, itertools.pairwise(edges)):
                yield index[part], cell[part], offset[part]

    def _polynomials(self, on_grid, first, squares):
        """Return the polynomials in the block of cells from first on, shape (terms, k, cells)."""
        stop = min(first + CELLS, self.size)
        reach = 2 * self.taps
        near = sliding_window_view(on_grid[:, first : stop + reach], reach + 1, axis=1)
        if not squares:
            return np.tensordot(self.coefficients[: self.terms], near, axes=(1, 2))
        # The second derivative of exp(-u^2 / 2) is (u^2 - 1) exp(-u^2 / 2).
        local = np.tensordot(self.coefficients, near, axes=(1, 2))
        p = np.arange(self.terms)[:, np.newaxis, np.newaxis]
        second = (p + 1) * (p + 2) * local[2:] / self.delta**2
        multiples = (local[:-2] + second) * (self.step / self.delta) ** 2
        return np.concatenate([local[:-2], multiples], axis=1)


def gaussian_coefficients(delta, taps, terms):
    """Return a_p(m), shape (terms, 2 taps + 1): exp(-delta^2 (m - t)^2) = sum_p a_p(m) t^p.

    From the derivative, ``(p + 1) a_(p+1) = 2 delta^2 (m a_p - a_(p-1))``.
    """
    m = np.arange(-taps, taps + 1)
    result = np.zeros((terms, m.size))
    result[0] = np.exp(-((delta * m) ** 2))
    result[1] = 2 * delta**2 * m * result[0]
    for p in range(1, terms - 1):
        result[p + 1] = 2 * delta**2 / (p + 1) * (m * result[p] - result[p - 1])
    return result


def terms_needed(delta, n_keys):
    """Return how many terms keep the transform's truncation below 1e-17 of any sum of weights.

    The bound, 3.12 (delta / sqrt 2)^p / sqrt(p!) sqrt(n / LEAST_TOTAL), is derived in the
    appendix "Linear time".
    """
    bound = 3.12 * math.sqrt(n_keys / LEAST_TOTAL)
    terms = 0
    while bound > 1e-17:
        terms += 1
        bound *= delta / math.sqrt(2 * terms)
    return terms


def _skewed_sum(rows):
    """Return the sum over m of rows[m], shape (k, cells), each moved m cells to the right."""
    taps, columns, cells = rows.shape
    width = cells + taps - 1
    # Rows laid end to end, each with room for one cell more than the sum has, and then cut into
    # pieces of the width of the sum: piece m begins m cells early.
    room = np.zeros((columns, taps, width + 1))
    room[:, :, :cells] = rows.swapaxes(0, 1)
    return room.reshape(columns, -1)[:, : taps * width].reshape(columns, taps, width).sum(axis=1)
