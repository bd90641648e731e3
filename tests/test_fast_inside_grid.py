"""The fast Gauss transform keeps to the bound on its error that "Linear time" derives.

(L.9) to (L.11) bound what the grid, the polynomials and the reach do to one weight. They are
tested in 50 digits, on a transform that shares nothing with nwlib's but the formula. (L.12) and
(L.13) bound the sums that nwlib computes, rounding included.
"""

import math
from functools import cache

import hypothesis.extra.numpy as hnp
import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import generators

from nwlib.fast import _grid

EPS = np.finfo(float).eps
DELTAS = [0.181, 0.25, 0.36]
UNIT_ROUNDINGS = 1000
"""(L.13): how many roundings lie between a key and a query."""


@pytest.fixture(autouse=True)
def fifty_digits():
    with mp.workdps(50):
        yield


def remainder(delta, terms):
    """(L.10)"""
    return 1.3 * (delta / math.sqrt(2)) ** terms / math.sqrt(math.factorial(terms))


def weight_bound(delta, terms, distance):
    """(L.9), (L.11) with its quadratic term, and the reach."""
    r = remainder(delta, terms)
    grid = 2.01 * math.exp(-(math.pi**2) / (2 * delta**2)) * math.exp(-(distance**2) / 2)
    polynomials = 2.4 * r * math.exp(-(distance**2) / 4) + 1.5 * r**2
    return grid + polynomials + 1e-29


def exact_coefficients(delta, taps, terms):
    """The a_p(m) as Hermite polynomials, in 50 digits."""
    delta = mp.mpf(delta)
    return {
        m: [
            delta**p * mp.hermite(p, delta * m) * mp.exp(-((delta * m) ** 2)) / mp.factorial(p)
            for p in range(terms)
        ]
        for m in range(-taps, taps + 1)
    }


def transformed_weight(narrow, delta, taps, cells, to_query, to_key):
    """One pair by way of the grid: the key in cell 0, the query in another, offsets in steps."""
    shared = range(max(-taps, cells - taps), min(taps, cells + taps) + 1)
    total = mp.fsum(narrow(u, to_key) * narrow(u - cells, to_query) for u in shared)
    return mp.mpf(delta) * mp.sqrt(2 / mp.pi) * total


@pytest.mark.slow
@pytest.mark.parametrize("terms", [6, 12, 20])
@pytest.mark.parametrize("delta", DELTAS)
def test_a_weight_that_went_through_the_grid_is_within_its_bound(delta, terms):
    taps = math.ceil(_grid.REACH / delta)
    coefficients = exact_coefficients(delta, taps, terms)

    @cache
    def narrow(m, t):
        return mp.fsum(a * t**p for p, a in enumerate(coefficients[m]))

    worst = 0
    for cells in range(0, math.ceil(12 / delta), 3):
        for to_query in (-0.5, 0.5, mp.mpf("0.13")):
            for to_key in (-0.5, 0.5, mp.mpf("-0.31")):
                distance = abs(mp.mpf(delta) * (cells + to_query - to_key))
                way = transformed_weight(narrow, delta, taps, cells, to_query, to_key)
                error = abs(way - mp.exp(-(distance**2) / 2))
                bound = weight_bound(delta, terms, float(distance))
                assert error <= bound, (cells, to_query, to_key)
                worst = max(worst, error / bound)
    assert worst > 1e-4  # a bound that is never approached would say little


@pytest.mark.parametrize("delta", [0.36, 0.7, 1.0])
def test_the_sum_over_the_grid_varies_as_poisson_says(delta):
    def total(middle):
        return mp.fsum(mp.exp(-2 * (mp.mpf(delta) * u - middle) ** 2) for u in range(-60, 61))

    flat = mp.sqrt(mp.pi / 2) / mp.mpf(delta)
    varies = max(abs(total(mp.mpf(delta) * k / 8) / flat - 1) for k in range(8))
    theory = 2 * mp.exp(-(mp.pi**2) / (2 * mp.mpf(delta) ** 2))
    assert 0.999 * theory <= varies <= 1.005 * theory


@pytest.mark.parametrize("delta", DELTAS)
def test_coefficients_are_hermite_polynomials_to_rounding(delta):
    taps, terms = math.ceil(_grid.REACH / delta), 22
    ours = _grid.gaussian_coefficients(delta, taps, terms)
    exact = exact_coefficients(delta, taps, terms)
    for m in range(-taps, taps + 1):
        v = delta * m
        for p in range(terms):
            size = 1.0865 * delta**p * math.sqrt(2**p / math.factorial(p)) * math.exp(-(v**2) / 2)
            assert abs(exact[m][p]) <= size
            # 4 roundings in each of p steps; v^2, too, is rounded before its exponential.
            assert abs(ours[p, m + taps] - exact[m][p]) <= (4 * p + 2 * v**2 + 4) * EPS * size


@pytest.mark.parametrize("n_keys", [1, 1_000, 10**6])
@pytest.mark.parametrize("delta", DELTAS)
def test_no_more_terms_are_used_than_the_bound_asks_for(delta, n_keys):
    terms = _grid.terms_needed(delta, n_keys)
    far = math.sqrt(n_keys / _grid.LEAST_TOTAL)
    assert 2.4 * remainder(delta, terms) * far <= 1.01e-17
    assert 2.4 * remainder(delta, terms - 1) * far > 0.99e-17


keys_in_bandwidths = hnp.arrays(float, st.integers(1, 40), elements=st.floats(-6, 6))
queries_in_bandwidths = hnp.arrays(float, st.integers(1, 8), elements=st.floats(-9, 9))


@given(
    queries_in_bandwidths,
    keys_in_bandwidths,
    st.floats(0.3, 3),
    st.sampled_from([0.0, 1e3, -(2.0**30)]),
    generators,
)
def test_sums_are_within_their_bound(queries, keys, w, offset, rng):
    keys, queries = np.sort(keys / w + offset), queries / w + offset
    column = rng.uniform(-1, 1, keys.size)
    # As if there were many queries, so that no stretch is too sparse for the grid.
    grid = _grid.Grid(keys, w, 10**6)
    total, valued = grid.sums(queries, keys, np.stack([np.ones(keys.size), column]))
    for x, ours, ours_valued in zip(queries, total, valued, strict=True):
        distances = [(mp.mpf(float(x)) - mp.mpf(float(k))) * mp.mpf(w) for k in keys]
        weights = [mp.exp(-(d**2) / 2) for d in distances]
        exact = mp.fsum(weights)
        if exact < _grid.LEAST_TOTAL:
            assert ours < 1.001 * _grid.LEAST_TOTAL
            continue
        crowd = float(keys.size / exact)
        promised = (
            2.01 * math.exp(-(math.pi**2) / (2 * grid.delta**2))
            + 2.4 * remainder(grid.delta, grid.terms) * math.sqrt(crowd)
            + 1e-29 * crowd
            + UNIT_ROUNDINGS * EPS / 2 * 3.5 * math.cbrt(crowd)
        )
        assert abs(ours - exact) <= promised * exact
        exact_valued = mp.fsum(a * float(c) for a, c in zip(weights, column, strict=True))
        assert abs(ours_valued - exact_valued) <= promised * exact
