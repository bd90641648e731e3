"""Where points may lie: what hypothesis draws from, for the laws that hold for all data.

Laws about shifts and scales are tested on eighths and powers of two, with which floating-point
arithmetic is exact: there the two sides must agree to the last bit.
"""

import hypothesis.extra.numpy as hnp
import numpy as np
from bounds import TINY
from hypothesis import strategies as st

anywhere = st.floats(-1e50, 1e50)
placements = st.sampled_from(
    [
        anywhere,
        st.floats(-5, 5),
        st.sampled_from([0.0, 1.0, 1.5, 1e3]),  # duplicates, ties and a gap
        st.integers(-9, 9).map(lambda k: k * TINY),
        st.builds(
            lambda centre, step: centre + step, st.sampled_from([0, 1, 1e6]), st.floats(0, 1e-9)
        ),
    ]
)
scales = st.sampled_from([0, 1e-200, 1e-100, 1, 1e6]) | st.floats(-1e6, 1e6)
eighths = st.integers(-200, 200).map(lambda k: k / 8)
generators = st.integers(0, 2**32).map(np.random.default_rng)
shifts = st.integers(-(2**40), 2**40).map(lambda k: k / 8)


def vectors(elements, least=1, most=12):
    return st.lists(elements, min_size=least, max_size=most).map(np.array)


def pairs(keys, least=1, values=anywhere):
    """Return keys of that kind, with as many values."""
    return vectors(keys, least).flatmap(
        lambda keys: st.tuples(st.just(keys), hnp.arrays(float, keys.size, elements=values))
    )


queries = placements.flatmap(vectors)
problems = placements.flatmap(pairs)
learning_problems = placements.flatmap(lambda keys: pairs(keys, least=2))
exact_problems = pairs(eighths, least=2, values=eighths)
