"""What `nwlib.fast` accepts, and what it does not."""

import numpy as np
import pytest
from places import SCALES, Place, assert_agree, ordinary

from nwlib import fast

WHOLE = Place(*(np.round(part) for part in ordinary(3000)))
"""Whole numbers, which every type of number can hold."""


def some_of(n):
    return Place(*(part[:n] for part in WHOLE))


def spread_out(entries):
    """Return a read-only view in which the entries don't lie next to each other."""
    result = np.repeat(entries, 2, axis=0)[::2]
    result.flags.writeable = False
    return result


@pytest.mark.parametrize("n", [3, 3000])
@pytest.mark.parametrize("dtype", [np.float32, np.longdouble, np.int8, np.int64, np.float16])
def test_other_types_of_numbers_are_converted_to_float64(dtype, n):
    place = some_of(n)
    converted = [part.astype(dtype) for part in place]
    result = fast.nadaraya_watson(*converted, np.float32(3))
    assert result.dtype == np.float64
    np.testing.assert_array_equal(result, fast.nadaraya_watson(*place, 3))
    _, keys, values = converted
    assert fast.loss_and_gradient(3, keys, values) == fast.loss_and_gradient(3, *place[1:])


@pytest.mark.parametrize("n", [3, 3000])
def test_lists_and_views_with_gaps_serve_as_well_as_arrays(n):
    place = some_of(n)
    expected = fast.nadaraya_watson(*place, 3)
    for kind in [list, spread_out]:
        given = [kind(part) for part in place]
        np.testing.assert_array_equal(fast.nadaraya_watson(*given, 3), expected)
        assert fast.loss_and_gradient(3, *given[1:]) == fast.loss_and_gradient(3, *place[1:])


@pytest.mark.parametrize("n", [3, 3000])
def test_columns_may_lie_in_memory_in_any_order(n):
    place = some_of(n)
    columns = np.stack([place.values, -place.values], axis=1)
    expected = fast.nadaraya_watson(place.queries, place.keys, columns, 3)
    for view in [np.asfortranarray(columns), spread_out(columns), columns[:, ::-1][:, ::-1]]:
        result = fast.nadaraya_watson(place.queries, place.keys, view, 3)
        assert_agree(result, expected, place.values)


@pytest.mark.parametrize("w", SCALES)
@pytest.mark.parametrize("n", [1, 2, 50, 3000])
def test_arrays_are_left_alone_and_never_come_back(n, w):
    place = some_of(n)
    copies = [part.copy() for part in place]
    result = fast.nadaraya_watson(*place, w)
    if n > 1:
        fast.loss_and_gradient(w, *place[1:])
    for part, copy in zip(place, copies, strict=True):
        np.testing.assert_array_equal(part, copy)
        assert not np.shares_memory(part, result)


VALID = {
    fast.nadaraya_watson: {"queries": [5, 1], "keys": [0, 1, 3], "values": [2, 4, 8], "w": 2},
    fast.loss_and_gradient: {"w": 2, "keys": [0, 1, 3], "values": [2, 4, 8]},
    fast.fit_w: {"keys": [0, 1, 3], "values": [2, 4, 8]},
}
FUNCTIONS = pytest.mark.parametrize("function", VALID, ids=lambda function: function.__name__)
SCALED = pytest.mark.parametrize(
    "function", [f for f in VALID if "w" in VALID[f]], ids=lambda function: function.__name__
)
ARRAYS = [(f, name) for f, valid in VALID.items() for name in valid if name != "w"]
EACH_ARRAY = pytest.mark.parametrize(
    "function, argument", ARRAYS, ids=[f"{f.__name__}-{name}" for f, name in ARRAYS]
)


def call(function, argument, given):
    return function(**VALID[function] | {argument: given})


def test_the_scale_is_1_unless_another_is_given():
    place = ordinary(50)
    np.testing.assert_array_equal(fast.nadaraya_watson(*place), fast.nadaraya_watson(*place, 1))


@EACH_ARRAY
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1.01e50, -1e51])
def test_numbers_must_be_finite_and_not_too_large(function, argument, bad):
    with pytest.raises(ValueError, match=rf"\b{argument}\b"):
        call(function, argument, [0, bad, 3])


@EACH_ARRAY
def test_numbers_of_the_largest_size_are_accepted(function, argument):
    result = call(function, argument, [1e50, -1e50, 3])
    assert np.isfinite(result).all()


@EACH_ARRAY
@pytest.mark.parametrize("given", [[], 1.0, np.ones((0, 2)), np.ones((3, 1, 1))])
def test_arrays_must_have_entries_and_the_right_axes(function, argument, given):
    with pytest.raises(ValueError, match=rf"\b{argument}\b"):
        call(function, argument, given)


@EACH_ARRAY
@pytest.mark.parametrize(
    "given", [["a", "b", "c"], None, [1j, 2, 3], [True, False, True], np.array([1, 2, 3], object)]
)
def test_arrays_must_hold_real_numbers(function, argument, given):
    with pytest.raises(TypeError, match=rf"\b{argument}\b"):
        call(function, argument, given)


@EACH_ARRAY
def test_masked_arrays_are_refused(function, argument):
    with pytest.raises(TypeError, match=rf"\b{argument}\b"):
        call(function, argument, np.ma.array([1, 2, 3], mask=[0, 1, 0]))


@pytest.mark.parametrize(
    "function, argument",
    [
        (fast.nadaraya_watson, "queries"),
        (fast.nadaraya_watson, "keys"),
        (fast.loss_and_gradient, "keys"),
        (fast.loss_and_gradient, "values"),  # there is one loss, so one column
    ],
)
def test_columns_are_for_the_values_of_predictions_only(function, argument):
    with pytest.raises(ValueError, match=rf"\b{argument}\b"):
        call(function, argument, np.ones((3, 2)))


@FUNCTIONS
@pytest.mark.parametrize("given", [[1, 2], [1, 2, 3, 4]])
def test_keys_and_values_must_pair_up(function, given):
    with pytest.raises(ValueError, match=r"\bkeys\b.*\bvalues\b"):
        call(function, "values", given)


def test_each_row_of_several_columns_needs_a_key():
    with pytest.raises(ValueError, match=r"\bkeys\b.*\bvalues\b"):
        call(fast.nadaraya_watson, "values", np.ones((2, 3)))


def test_columns_must_not_be_empty():
    with pytest.raises(ValueError, match=r"\bvalues\b"):
        call(fast.nadaraya_watson, "values", np.ones((3, 0)))


def test_one_point_cannot_be_predicted_from_the_others():
    for function, w in ((fast.loss_and_gradient, [1]), (fast.fit_w, [])):
        with pytest.raises(ValueError, match=r"\bkeys\b"):
            function(*w, [1], [2])


@SCALED
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1.000001e6, -2e6, 10**400])
def test_w_must_be_finite_and_at_most_a_million(function, bad):
    with pytest.raises(ValueError, match=r"\bw\b"):
        call(function, "w", bad)


@SCALED
@pytest.mark.parametrize("given", ["1", None, 1j, True, [1.0], np.ones(1)])
def test_w_must_be_a_real_number(function, given):
    with pytest.raises(TypeError, match=r"\bw\b"):
        call(function, "w", given)
