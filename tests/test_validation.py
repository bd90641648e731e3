"""What every public function accepts, and the errors about what it does not."""

import re
from fractions import Fraction

import numpy as np
import pytest

import nwlib as nw
from nwlib.kernels import KERNELS

X, Y = [0, 1, 3], [2, 4, 8]
VALID = {
    nw.true_function: {"x": X},
    **{kernel: {"u": X} for kernel in KERNELS.values()},
    nw.softmax: {"scores": X},
    nw.scores: {"queries": [5, 1], "keys": X, "w": 2},
    nw.kernel_weights: {"queries": [5, 1], "keys": X, "kernel": nw.gaussian, "w": 2},
    nw.attention_weights: {"queries": [5, 1], "keys": X, "w": 2},
    nw.average_pooling: {"values": Y, "n_queries": 3},
    nw.attention_pooling: {"weights": [[0, 1, 0], [1, 0, 0]], "values": Y},
    nw.nadaraya_watson: {"queries": [5, 1], "keys": X, "values": Y, "w": 2},
    nw.leave_one_out_weights: {"keys": X, "w": 2},
    nw.loss: {"w": 2, "keys": X, "values": Y},
    nw.gradient: {"w": 2, "keys": X, "values": Y},
    nw.train: {"keys": X, "values": Y, "w": 2, "learning_rate": 0.25, "n_steps": 2},
    nw.fit_w: {"keys": X, "values": Y},
    nw.make_dataset: {"rng": np.random.default_rng(0), "n_train": 3, "n_test": 4, "noise_std": 1},
}
"""Each public function with arguments that it accepts."""

VECTORS = {"queries", "keys", "values"}
ARRAYS = VECTORS | {"x", "u", "scores", "weights"}
COUNTS = {"n_queries": 1, "n_steps": 0, "n_train": 1, "n_test": 1}
"""Arguments that count something, with the least number allowed."""
NUMBERS = {
    "w": "finite and at most 1e+06 in size",
    "learning_rate": "positive and finite",
    "noise_std": "positive and at most 1e6",
}
"""Arguments that are single numbers, with their rules."""


def each(arguments):
    """Run a test once for each function and argument of these names."""
    chosen = [(f, name) for f, valid in VALID.items() for name in valid if name in arguments]
    ids = [f"{f.__name__}-{name}" for f, name in chosen]
    return pytest.mark.parametrize(("function", "argument"), chosen, ids=ids)


def call(function, argument, given):
    return function(**VALID[function] | {argument: given})


def refuses(error, message):
    """Expect an error with exactly this message, in which ... stands for anything."""
    return pytest.raises(error, match="^" + re.escape(message).replace(r"\.\.\.", ".*") + "$")


def test_every_public_function_is_tested_here():
    public = {getattr(nw, name) for name in nw.__all__}
    assert public - {nw.Dataset, nw.History} == set(VALID)


def same(results, expected):
    """Assert equality of arrays, or of tuples of them, in value and in type."""
    for result, other in zip(np.atleast_1d(results), np.atleast_1d(expected), strict=True):
        assert np.asarray(result).dtype == np.float64
        np.testing.assert_array_equal(result, other)


def spread_out(entries):
    """Return a read-only view in which the entries don't lie next to each other."""
    result = np.repeat(np.array(entries, dtype=float), 2, axis=-1)[..., ::2]
    result.flags.writeable = False
    return result


@each(ARRAYS)
@pytest.mark.parametrize("dtype", [np.float32, np.longdouble, np.int8, np.uint64])
def test_other_types_of_numbers_are_converted_to_float64(function, argument, dtype):
    as_lists = VALID[function][argument]
    same(call(function, argument, np.array(as_lists, dtype)), function(**VALID[function]))


@each(ARRAYS)
def test_read_only_views_with_gaps_serve_as_well_as_lists(function, argument):
    view = spread_out(VALID[function][argument])
    assert not view.flags.c_contiguous
    same(call(function, argument, view), function(**VALID[function]))


@each(ARRAYS)
def test_arrays_are_left_alone_and_never_come_back(function, argument):
    given = np.array(VALID[function][argument], dtype=float)
    result = call(function, argument, given)
    np.testing.assert_array_equal(given, VALID[function][argument])
    for part in result if isinstance(result, tuple) else [result]:
        assert not np.shares_memory(part, given)


@each({"w"})
@pytest.mark.parametrize(
    "two", [2.0, np.uint8(2), np.int8(2), np.float32(2), np.array(2), Fraction(2)]
)
def test_w_may_be_any_kind_of_real_number(function, argument, two):
    same(call(function, argument, two), function(**VALID[function]))


@each(COUNTS)
@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.array])
def test_sizes_may_be_any_kind_of_integer(function, argument, kind):
    call(function, argument, kind(3))


@each(ARRAYS)
@pytest.mark.parametrize(
    ("given", "found"),
    [
        (["a", "b", "c"], "['a', 'b', 'c'] of dtype <U1"),
        (None, "None of dtype object"),
        ([1j, 2, 3], "[1j, 2, 3] of dtype complex128"),
        ([True, False, True], "[True, False, True] of dtype bool"),
        (np.array(X, object), "array([0, 1, 3], dtype=object) of dtype object"),
        ([10**30], f"[{10**30}] of dtype object"),
        (["long"] * 50, "['long', 'long', ... of dtype <U4"),
    ],
)
def test_arrays_must_hold_real_numbers(function, argument, given, found):
    with refuses(TypeError, f"{argument} must hold real numbers, got {found}"):
        call(function, argument, given)


@each(ARRAYS)
def test_masked_arrays_are_refused(function, argument):
    message = f"{argument} must not be a masked array: leave the masked entries out"
    with refuses(TypeError, message):
        call(function, argument, np.ma.array(X, mask=[0, 1, 0]))


@each(ARRAYS)
def test_ragged_lists_are_refused(function, argument):
    message = f"{argument} must be a rectangular array of numbers, got [[1, 2], [3]]"
    with refuses(ValueError, message):
        call(function, argument, [[1, 2], [3]])


@each(ARRAYS - {"scores", "weights"})
@pytest.mark.parametrize("shape", [(0,), (0, 3)])
def test_arrays_must_not_be_empty(function, argument, shape):
    with refuses(ValueError, f"{argument} must not be empty, got shape {shape}"):
        call(function, argument, np.ones(shape))


@each(ARRAYS - {"scores", "weights"})
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_arrays_must_be_finite(function, argument, bad):
    with refuses(ValueError, f"{argument} must be finite, got {bad} at index 1"):
        call(function, argument, [0, bad, bad])


@each(ARRAYS - {"scores", "weights", "u"})
def test_arrays_must_not_exceed_their_limit(function, argument):
    message = f"{argument} must be at most 1e+50 in size, got 1.01e+50 at index 1"
    with refuses(ValueError, message):
        call(function, argument, [0, 1.01e50, 3])


def test_an_error_about_an_entry_says_where_it_is():
    with refuses(ValueError, "u must be finite, got inf at index 0, 1"):
        nw.gaussian([[0, np.inf], [0, 0]])
    with refuses(ValueError, "u must be finite, got nan"):
        nw.gaussian(np.nan)


def test_a_long_double_beyond_double_precision_is_refused_without_a_warning():
    with refuses(ValueError, "x must be finite, got inf at index 0"):
        nw.true_function(np.array(["1e400"], np.longdouble))


@each(VECTORS)
@pytest.mark.parametrize("given", [1.0, [X], [[[1.0]]]])
def test_vectors_must_have_one_axis(function, argument, given):
    message = f"{argument} must have shape (length,), got shape {np.shape(given)}"
    with refuses(ValueError, message):
        call(function, argument, given)


@pytest.mark.parametrize("function", [nw.nadaraya_watson, nw.loss, nw.gradient, nw.train, nw.fit_w])
def test_keys_and_values_must_pair_up(function):
    message = "keys and values must pair up: keys has shape (3,), values has shape (2,)"
    with refuses(ValueError, message):
        call(function, "values", [1, 2])


@pytest.mark.parametrize("function", [nw.loss, nw.gradient, nw.train, nw.fit_w])
def test_one_point_cannot_be_predicted_from_the_others(function):
    message = "keys must hold at least 2 points, for each is predicted from the others, got 1"
    with refuses(ValueError, message):
        function(**VALID[function] | {"keys": [1], "values": [2]})
    with refuses(ValueError, message):
        nw.leave_one_out_weights([1], 2)


def test_the_true_function_needs_nonnegative_inputs():
    message = "x must be nonnegative, since x^0.8 has no real value below 0, got -0.5"
    with refuses(ValueError, message):
        nw.true_function([1, -0.5])


@each(NUMBERS)
@pytest.mark.parametrize("given", ["1", None, 1j, True, np.True_, [1.0], np.ones(1)])
def test_single_numbers_must_be_real_numbers(function, argument, given):
    with refuses(TypeError, f"{argument} must be a real number, got {given!r}"):
        call(function, argument, given)


@each(NUMBERS)
@pytest.mark.parametrize("given", [np.nan, np.inf, -np.inf, 10**400])
def test_single_numbers_must_be_finite(function, argument, given):
    with refuses(ValueError, f"{argument} must be {NUMBERS[argument]}, got ..."):
        call(function, argument, given)


@each({"w"})
@pytest.mark.parametrize("size", [1.0, -1.0])
def test_w_may_be_a_million_but_not_more(function, argument, size):
    call(function, argument, size * 1e6)
    more = size * np.nextafter(1e6, np.inf)
    with refuses(ValueError, f"w must be finite and at most 1e+06 in size, got {more!r}"):
        call(function, argument, more)


@each({"learning_rate", "noise_std"})
@pytest.mark.parametrize("given", [0, -1.0])
def test_steps_and_noise_must_be_positive(function, argument, given):
    with refuses(ValueError, f"{argument} must be {NUMBERS[argument]}, got {given!r}"):
        call(function, argument, given)


def test_noise_must_not_exceed_a_million():
    with refuses(ValueError, "noise_std must be positive and at most 1e6, got 1000001"):
        call(nw.make_dataset, "noise_std", 1_000_001)


@each(COUNTS)
@pytest.mark.parametrize("given", [2.0, "2", None, True, np.True_, [2], np.array(2.0)])
def test_sizes_must_be_integers(function, argument, given):
    with refuses(TypeError, f"{argument} must be an integer, got {given!r}"):
        call(function, argument, given)


@each(COUNTS)
def test_sizes_must_not_be_too_small(function, argument):
    least = COUNTS[argument]
    call(function, argument, least)
    with refuses(ValueError, f"{argument} must be at least {least}, got {least - 1}"):
        call(function, argument, least - 1)


@pytest.mark.parametrize("given", [None, 0, np.random])
def test_randomness_must_come_from_a_generator(given):
    message = (
        f"rng must be a numpy.random.Generator, such as numpy.random.default_rng(0), got {given!r}"
    )
    with refuses(TypeError, message):
        nw.make_dataset(given)


def test_randomness_must_be_given():
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'rng'"):
        nw.make_dataset()


def test_the_settings_of_training_are_given_by_name():
    with pytest.raises(TypeError, match="takes 2 positional arguments but 5 were given"):
        nw.train(X, Y, 1.0, 0.1, 3)


@pytest.mark.parametrize("given", [None, 1.0, "gaussian"])
def test_a_kernel_must_be_a_function(given):
    message = f"kernel must be a function of u, such as nwlib.gaussian, got {given!r}"
    with refuses(TypeError, message):
        call(nw.kernel_weights, "kernel", given)


@pytest.mark.parametrize(
    ("kernel", "error", "message"),
    [
        (lambda u: 1.0, ValueError, "have the shape of u, (2, 3), got shape ()"),
        (lambda u: np.exp(-u.T), ValueError, "have the shape of u, (2, 3), got shape (3, 2)"),
        (
            lambda u: -np.abs(u),
            ValueError,
            "be nonnegative and at most 1e+50, got values from ...",
        ),
        (
            lambda u: np.where(u > 0, np.nan, 1),
            ValueError,
            "be nonnegative and ... from nan to nan",
        ),
        (lambda u: np.where(u > 0, np.inf, 1), ValueError, "be nonnegative and ... from 1 to inf"),
        (lambda u: np.abs(u) <= 1, TypeError, "hold real numbers, got ... of dtype bool"),
        (lambda u: u + 0j, TypeError, "hold real numbers, got ... of dtype complex128"),
        (lambda u: None, TypeError, "hold real numbers, got None of dtype object"),
    ],
)
def test_a_kernel_must_return_nonnegative_numbers_in_the_shape_of_u(kernel, error, message):
    with refuses(error, f"kernel(u) must {message}"):
        call(nw.kernel_weights, "kernel", kernel)


@pytest.mark.parametrize("given", [[], np.ones((2, 0)), 3.0])
def test_scores_must_have_an_entry_and_an_axis(given):
    message = f"scores must have at least one entry and axis, got shape {np.shape(given)}"
    with refuses(ValueError, message):
        nw.softmax(given)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1.01e300])
def test_scores_must_be_minus_infinity_or_not_too_large(bad):
    message = f"scores must be at most 1e+300, or -inf, got [0.0, {bad!r}]"
    with refuses(ValueError, message):
        nw.softmax([0.0, bad])


def test_scores_must_not_all_be_minus_infinity_along_the_last_axis():
    message = (
        "scores must have one finite number at least along the last axis, got only -inf in ..."
    )
    with refuses(ValueError, message):
        nw.softmax([[0, -np.inf], [-np.inf, -np.inf]])


@pytest.mark.parametrize("given", [1.0, [1.0, 0.0], [[[1.0]]]])
def test_weights_must_have_two_axes(given):
    message = f"weights must have shape (queries, keys), got shape {np.shape(given)}"
    with refuses(ValueError, message):
        nw.attention_pooling(given, [1.0])


@pytest.mark.parametrize("shape", [(0, 3), (2, 0)])
def test_weights_must_not_be_empty(shape):
    with refuses(ValueError, f"weights must not be empty, got shape {shape}"):
        nw.attention_pooling(np.ones(shape), Y)


def test_weights_must_have_one_column_for_each_value():
    message = (
        "weights must have one column for each value: "
        "weights has shape (1, 2), values has shape (3,)"
    )
    with refuses(ValueError, message):
        nw.attention_pooling([[0.5, 0.5]], Y)


@pytest.mark.parametrize(
    ("weights", "row", "total"),
    [
        (np.transpose([[1, 0], [0.75, 0.25]]), 0, "1.75"),
        ([[1, 0], [0.5, 0.5], [0.7, 0.2]], 2, "0.9"),
        ([[np.nan, np.nan], [np.nan, 1]], 1, "nan"),
        ([[np.nan, np.nan], [0, 1 + 1.1e-5]], 1, "1.00001"),
        ([[1, 0], [np.inf, 1]], 1, "inf"),
        ([[1, 0], [np.inf, -np.inf]], 1, "nan"),
        ([[1e308, 1e308]], 0, "inf"),
    ],
)
def test_each_row_of_weights_must_sum_to_1(weights, row, total):
    message = (
        "each row of weights must sum to 1 (rows are queries, columns are keys), "
        f"row {row} sums to {total}"
    )
    with refuses(ValueError, message):
        nw.attention_pooling(weights, np.ones(np.shape(weights)[1]))


def test_row_sums_that_miss_1_a_little_are_accepted_however_many_rows_there_are():
    weights = np.full((100, 2), 0.5 + 4e-6)
    np.testing.assert_array_equal(nw.attention_pooling(weights, [1, 1]), np.full(100, 1 + 8e-6))


def test_the_first_number_that_is_too_large_is_named():
    with pytest.raises(
        ValueError, match=r"^keys must be at most 1e\+50 in size, got 2e\+50 at index 1$"
    ):
        nw.attention_weights([0], [1e50, 2e50, 3e50])


def test_each_row_may_miss_1_by_a_hundred_thousandth_and_no_more():
    nw.attention_pooling(np.full((1000, 1), 1 + 0.99e-5), [0])
    with pytest.raises(ValueError, match=r"row 1 sums to 1\.00001$"):
        nw.attention_pooling([[1], [1 + 1.01e-5]], [0])


@pytest.mark.parametrize(
    "length, shown", [(58, f"'{'x' * 58}'"), (59, f"'{'x' * 56}..."), (900, f"'{'x' * 56}...")]
)
def test_a_message_shows_sixty_characters_of_what_came(length, shown):
    with pytest.raises(TypeError) as caught:
        nw.loss("x" * length, [0, 1], [0, 1])
    assert str(caught.value) == f"w must be a real number, got {shown}"
