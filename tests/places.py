"""Where points lie when they are hard to serve, few or thousands, and what counts as exact.

A prediction may miss by 1e-14 of the range of the values, and by one rounding of its own size. How
many points there are, and how they lie, decides how `nwlib.fast` computes, so there are all sizes;
which way is taken shows only in the time.
"""

from typing import NamedTuple

import mpmath as mp
import numpy as np
from bounds import TINY
from hypothesis import strategies as st
from samples import wave
from strategies import eighths, exact_problems, pairs, placements, scales, vectors

from nwlib import fast

SCALES = [0, 1e-200, 1e-3, 1, 30, 1e3, 1e6]


def pair_by_pair(queries, keys, values, w):
    """Return what fast predicts for a few queries at a time, for which it computes each pair."""
    rows = max(1, 2**18 // len(keys))
    blocks = (queries[start : start + rows] for start in range(0, len(queries), rows))
    return np.concatenate([fast.nadaraya_watson(block, keys, values, w) for block in blocks])


def allowed(values, results):
    """Return how far off each result may be: of any two of them, one may be twice as far."""
    values = np.asarray(values, dtype=float)
    # A product that underflows is off by the smallest number, and so is a sum of n by n of them.
    return 1e-14 * np.ptp(values) + np.spacing(np.abs(results)) + len(values) * TINY


def assert_exact(results, expected, values):
    """Assert that results are what the mpf expected are, to the bound for these values."""
    errors = [float(abs(mp.mpf(float(r)) - e)) for r, e in zip(results, expected, strict=True)]
    assert (errors <= allowed(values, results)).all()


def assert_agree(results, others, values):
    """Assert that two results may be the same number, each computed to its bound."""
    assert (np.abs(results - others) <= 2 * allowed(values, np.abs(values).max())).all()


class Place(NamedTuple):
    queries: np.ndarray
    keys: np.ndarray
    values: np.ndarray


def predicted_both_ways(place, w):
    """Return what fast predicts at once, and pair by pair; the two must agree."""
    results, others = fast.nadaraya_watson(*place, w), pair_by_pair(*place, w)
    assert_agree(results, others, place.values)
    return results, others


def ordinary(n, seed=0):
    """Return n points like those of the course, and n queries among them and around them."""
    rng = np.random.default_rng(seed)
    keys = rng.uniform(0, 5, n)
    values = 2 * np.sin(keys) + keys**0.8 + rng.normal(0, 0.5, n)
    return Place(rng.uniform(-0.5, 5.5, n), keys, values)


def at(queries, keys, values=None):
    queries, keys = np.array(queries, dtype=float), np.array(keys, dtype=float)
    return Place(queries, keys, wave(keys) if values is None else values)


def around(x, *steps):
    """Return x, the numbers next to it, and those so many steps to both sides."""
    steps = np.append(0, np.append(steps, np.negative(steps)))
    return np.concatenate([x + steps, [np.nextafter(x, -np.inf), np.nextafter(x, np.inf)]])


UNIT = np.sort(np.random.default_rng(1).uniform(0, 1, 24))
SOME = ordinary(40)
MIDDLES = (UNIT[1:] + UNIT[:-1]) / 2
ACROSS = np.concatenate([UNIT, 100 + UNIT])
HALFWAY = (UNIT[-1] + 100 + UNIT[0]) / 2
LADDER = 10.0 ** np.arange(-300, 51, 20)
STEPS = TINY * np.arange(-12, 13)

SMALL = {
    "one key": at([0, 3, -1e50, 1e50], [0.1]),
    "two keys": at(around(0.35, 1e-12, 0.1, 9), [0.1, 0.6]),
    "ordinary": SOME,
    "offset keys": at(1e6 + SOME.queries, 1e6 + SOME.keys),
    "offset values": SOME._replace(values=1e8 + SOME.values),
    "offset clusters": at(
        1e6 + np.linspace(-1, 11, 13), np.ravel(1e6 + 1e-4 * UNIT + 10 * np.arange(2)[:, None])
    ),
    "clusters": at(
        [-1, 0, 1e-3, 0.1, 0.5, 1, 5, 10, 499.5, 505, 999, 1001],
        np.concatenate([1e-3 * UNIT, 1 + 1e-6 * UNIT, 10 + UNIT, 1000 + 0.1 * UNIT]),
    ),
    "a gap": at([UNIT[-1], 2, 30, 50, 50.5, 51, 70, 99, 100.5], ACROSS),
    "near the middle of a gap": at(around(HALFWAY, 1e-14, 1e-13, 1e-12), ACROSS),
    "near the middle of two keys": at(around(MIDDLES[5], 1e-15, 1e-14, 1e-13, 1e-12), UNIT),
    "in the middle of neighbours": at(MIDDLES, UNIT),
    "next to the middle of neighbours": at(np.nextafter(MIDDLES, 9), UNIT),
    "mirrored keys": at(around(0, 1e-14, 1e-13, 1e-12, 1e-3), np.append(1 + UNIT, -1 - UNIT)),
    "far queries": at([100, -100, 1e6, -1e6, 1e16, 1e50, -1e50], UNIT),
    "an outlying key": at([0, 1, 5e5, 999_999.5, 1e6, 2e6], np.append(UNIT, 1e6)),
    "a key out of sight": at([0, 1, 1e6, 5e49, 1e50], np.append(UNIT, 1e50)),
    "between keys out of sight": at(around(0, 1e-62, 1e-61, 1e-50), [-1e50, 1e50]),
    "almost between keys out of sight": at(
        [0, -1e34, -1e35, 1e34, 1e49], [-1e50, np.nextafter(1e50, 0), 9e49]
    ),
    "duplicated keys": at(np.arange(-2, 14) / 4, np.round(2 * SOME.keys) / 2),
    "one place for all keys": at([0.3, 0.3 + 2**-52, 1, -9, 1e50], np.full(30, 0.3)),
    "denormal distances": at(STEPS[::3], STEPS),
    "denormal distances and a key at 1": at([0, TINY, 0.5, 0.5 + 2**-53, 1], np.append(STEPS, 1)),
    "the last bits of 1": at(1 + 2**-52 * np.arange(-2, 14, 2), 1 + 2**-52 * np.arange(12)),
    "keys of all sizes": at(np.append(0, -0.3 * LADDER), np.append(LADDER, -LADDER)),
}

BULK = ordinary(3000, seed=2)
LINE = np.linspace(0, 5, 3000)

LARGE = {
    "offset keys": BULK._replace(queries=1e6 + BULK.queries, keys=1e6 + BULK.keys),
    "offset values": BULK._replace(values=1e8 + BULK.values),
    "values of all sizes": BULK._replace(values=np.exp(20 * BULK.keys)),
    "a gap": at(20 * BULK.queries, BULK.keys + 95 * (BULK.keys > 2.5)),
    "clusters": at(
        9 * BULK.queries, np.round(9 * BULK.keys) + np.random.default_rng(3).normal(0, 1e-3, 3000)
    ),
    "a lattice": at(LINE, np.round(LINE * 8) / 8),
    "an outlying key": at(np.append(BULK.queries, [5e5, 1e6]), np.append(BULK.keys, 1e6)),
    "a key out of sight": at(np.append(BULK.queries, [5e49, 1e50]), np.append(BULK.keys, 1e50)),
    "long tails": at(np.tan(LINE[::-1] / 2), np.tan(BULK.keys / 2)),
    "a crowd in one place": at(LINE, np.append(np.zeros(2500), 1e-3 * LINE[:500])),
    "far queries": at(1e3 * BULK.queries, BULK.keys),
    "queries beyond the ends": at(4 * BULK.queries - 7.5, BULK.keys),
    "queries in a gap between crowds": at(BULK.queries, 1.5 * BULK.keys % 1 + 4 * (BULK.keys > 2)),
}
CHECKED = [0, 750, 1500, -2, -1]
"""Queries of the large places of which the exact answer is known."""


def crowd(corners, spread, seed, n_queries, n_keys):
    """Return a place with many points, around a few corners or on them."""
    rng = np.random.default_rng(seed)

    def scattered(n):
        return rng.choice(corners, n) + spread * rng.normal(size=n)

    keys = scattered(n_keys).clip(-1e50, 1e50)
    queries = scattered(n_queries).clip(-1e50, 1e50)
    return Place(queries, keys, rng.choice([-1, 0.3, 2], n_keys) + rng.normal(size=n_keys))


def several(placement):
    few = st.builds(
        lambda queries, pairs: Place(queries, *pairs), vectors(placement), pairs(placement)
    )
    many = st.builds(
        crowd,
        vectors(placement),
        st.sampled_from([0, 1e-9, 1e-3, 1, 1e3]),
        st.integers(0, 99),
        st.sampled_from([1500, 20]),
        st.sampled_from([1500, 150]),
    )
    return few | many


places = placements.flatmap(several)
"""Adversarial problems with a few points, and with so many that other methods may serve them."""

sizes = st.floats(-7, 6).map(lambda power: 10**power) | scales
"""Scales of all sizes alike."""


corners = vectors(eighths)
crowds_of_eighths = st.builds(
    lambda corners, seed: crowd(corners, 0, seed, 900, 900), corners, st.integers(0, 99)
)
few_eighths = st.builds(lambda queries, problem: Place(queries, *problem), corners, exact_problems)
exact_places = few_eighths | crowds_of_eighths
