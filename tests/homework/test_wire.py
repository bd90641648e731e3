"""What passes between the grader and a submission: all that may be said, and nothing else."""

import contextlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nwgrade import wire

DTYPES = st.sampled_from([np.dtype(one) for one in wire.DTYPES])
ARRAYS = hnp.arrays(DTYPES, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
LEAVES = (
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False)
    | st.integers(-(2**63), 2**64 - 1)
    | st.text(max_size=wire.MAX_TEXT)
    | st.binary()
    | ARRAYS
)
VALUES = st.recursive(
    LEAVES, lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text(), v), max_leaves=8
)


@given(VALUES)
def test_what_is_said_is_what_is_heard(value):
    if depth(value) >= wire.MAX_DEPTH:
        return
    line = wire.encode(value)
    assert line.count(b"\n") == 1
    assert_same(wire.decode(line), value)


def depth(value):
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 1


def assert_same(heard, said):
    if isinstance(said, np.ndarray):
        assert (heard.dtype, heard.shape) == (said.dtype, said.shape)
        assert heard.tobytes() == said.tobytes()
    elif isinstance(said, list):
        assert len(heard) == len(said)
        for pair in zip(heard, said, strict=True):
            assert_same(*pair)
    elif isinstance(said, dict):
        assert heard.keys() == said.keys()
        for key in said:
            assert_same(heard[key], said[key])
    else:
        assert (type(heard), heard) == (type(said), said)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda v: (
        st.lists(v, max_size=4)
        | st.dictionaries(st.sampled_from(["array", "bytes", "dict", "value", "x"]), v, max_size=2)
    ),
)


@given(JSON.map(lambda value: json.dumps(value).encode()) | st.binary())
def test_whatever_a_submission_says_is_heard_as_values_or_not_at_all(line):
    with contextlib.suppress(wire.WireError):
        check(wire.decode(wire.measured(line)))


def check(value):
    if isinstance(value, list | dict):
        for one in value.values() if isinstance(value, dict) else value:
            check(one)
    elif isinstance(value, np.ndarray):
        assert value.dtype.kind in "biuf"
    elif isinstance(value, str):
        assert len(value) <= wire.MAX_TEXT
    elif isinstance(value, int):
        assert -(2**63) <= value < 2**64
    else:
        assert value is None or isinstance(value, float | bytes)


@pytest.mark.parametrize(
    "value",
    [
        ["x"] * (wire.MAX_PARTS + 1),
        [[]] * (wire.MAX_PARTS // 2 + 1),
        np.zeros(wire.MAX_LINE * 3 // 4 // 8),
    ],
)
def test_what_is_too_large_is_measured_before_it_is_read(value):
    with pytest.raises(wire.WireError, match="it is too large"):
        wire.measured(wire.encode(value))


@pytest.mark.parametrize(
    "value", [{1, 2}, 1j, object(), np.array(["a"]), np.array([1j]), np.array([None])]
)
def test_what_is_no_number_cannot_be_sent(value):
    with pytest.raises(wire.WireError, match="cannot be sent"):
        wire.encode(value)


def test_a_number_as_large_as_none_is_infinite():
    assert wire.decode(b"1" + b"0" * 400) == np.inf
    assert wire.decode(b"-1" + b"0" * 400) == -np.inf
