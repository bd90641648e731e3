"""Exact answers, slow and short: sums and products of integers, exponentials by mpmath.

A float is an integer times a power of two, so the integers here stand for the numbers exactly,
from 5e-324 to 1e50. All that is rounded, to 36 digits, is what comes after a score.
"""

import mpmath as mp

BITS = 120
"""Of the mantissas that stand for exponentials, weights, and their sums."""

ZERO, NEGLIGIBLE = mp.mpf(0), mp.mpf(-150)
"""A score below the largest by that much has a weight below e^-150 = 7e-66: taken to be 0."""


def prediction(queries, keys, values, w):
    """Return the prediction for each query: a list of mpf, good to 30 digits of the values."""
    with mp.workprec(BITS):
        (queries, keys), unit = _integers(queries, keys)
        values = [mp.mpf(float(y)) for y in values]
        kernels = [_kernel(query, keys, mp.mpf(w) * unit)[0] for query in queries]
        return [mp.fdot(kernel, values) / mp.fsum(kernel) for kernel in kernels]


def loss_and_gradient(w, keys, values):
    """Return the mean squared leave-one-out error and its derivative by w, as two mpf.

    Each point is really left out. w may be an mpf.
    """
    with mp.workprec(BITS):
        (keys,), unit = _integers(keys)
        values = [mp.mpf(float(y)) for y in values]
        loss = gradient = mp.mpf(0)
        for i, (key, value) in enumerate(zip(keys, values, strict=True)):
            kernel, excess = _kernel(key, keys[:i] + keys[i + 1 :], mp.mpf(w) * unit)
            others, total = values[:i] + values[i + 1 :], mp.fsum(kernel)
            f = mp.fdot(kernel, others) / total
            moves = [k * e for k, e in zip(kernel, excess, strict=True)]
            slope = -w * unit**2 * mp.fdot(moves, [y - f for y in others]) / total
            loss += (f - value) ** 2 / len(keys)
            gradient += 2 * (f - value) * slope / len(keys)
        return loss, gradient


def _kernel(query, keys, w):
    """Return each key's kernel, and by how much its squared distance exceeds the smallest.

    Both are in units of the integers: w is per unit, the excess in units squared.
    """
    nearest = min(keys, key=lambda key: abs(key - query))
    excess = [(key - nearest) * (key + nearest - 2 * query) for key in keys]
    half = -(w**2) / 2
    return [_exp(half * e) for e in excess], excess


def _exp(score):
    return mp.exp(score) if score > NEGLIGIBLE else ZERO


def _integers(*arrays):
    """Return lists of integers in the ratios of the numbers, and the unit that they count."""
    fractions = [[float(x).as_integer_ratio() for x in array] for array in arrays]
    denominator = max(d for pairs in fractions for _, d in pairs)  # each is a power of two
    return (
        [[n * (denominator // d) for n, d in pairs] for pairs in fractions],
        1 / mp.mpf(denominator),
    )
