"""Keys that are merged into cells, and the exact sum over each."""

import math

import hypothesis.extra.numpy as hnp
import mpmath as mp
import numpy as np
import pytest
from bounds import EPS
from hypothesis import given
from hypothesis import strategies as st

from nwlib.fast import _windows


@pytest.fixture(autouse=True)
def fifty_digits():
    with mp.workdps(50):
        yield


keys_in_bandwidths = hnp.arrays(float, st.integers(1, 40), elements=st.floats(-6, 6))


@given(
    st.floats(2, 60),
    keys_in_bandwidths,
    st.floats(0.3, 3),
    st.sampled_from([0.0, 1e3, -(2.0**30)]),
    st.sampled_from([-1, 1]),
)
def test_merging_the_keys_of_a_cell_costs_a_few_roundings(away, keys, w, offset, side):
    keys = np.sort(keys / w + offset)
    nearest = keys[0] if side < 0 else keys[-1]
    query = nearest + side * away / w
    reach = math.hypot(query - nearest, math.sqrt(_windows._limit(keys, w)))
    width = 2.0 ** math.floor(math.log2(2 / (w * w * reach)))
    column = np.cos(keys)
    total, valued = _windows._merged_sums(
        np.array([query]),
        keys,
        np.stack([np.ones(keys.size), column]),
        w,
        np.array([nearest]),
        width,
    )
    x, c = mp.mpf(float(query)), mp.mpf(float(nearest))
    squares = [(x - mp.mpf(float(k))) ** 2 - (x - c) ** 2 for k in keys]
    weights = [mp.exp(-square * mp.mpf(w) ** 2 / 2) for square in squares]
    exact = mp.fsum(weights)
    # 20 terms on each side, a dozen roundings in a pair, and scores of up to 40 off by 4 eps.
    allowed = (40 + 12 + 160) * EPS * exact
    assert abs(total[0] - exact) <= allowed
    exact_valued = mp.fsum(a * float(v) for a, v in zip(weights, column, strict=True))
    assert abs(valued[0] - exact_valued) <= allowed
