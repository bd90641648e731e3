"""Checks of arguments: every public function calls these once, before it computes.

A message names the argument, the rule, and what came.
"""

import numbers
import operator

import numpy as np

LARGEST_NUMBER = 1e50
"""Largest size of a number in data. The largest product, in a gradient, stays finite: 1e206."""

LARGEST_DISTANCE = 1e100
"""Largest distance in bandwidths: that of data is at most 2e56, and its square stays finite."""

LARGEST_SCORE = 1e300
"""Largest size of the largest score: its difference from any other stays finite."""

LARGEST_SCALE = 1e6
"""Largest size of w."""


def array(name, given, limit=LARGEST_NUMBER):
    """Return given as a nonempty float64 array of any shape, each entry at most limit in size."""
    result = _real(name, given)
    if result.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {result.shape}")
    if not np.abs(result).max() <= limit:  # false for NaN, too
        raise ValueError(_out_of_range(name, result, limit))
    return result


def distances(name, given):
    """Return distances in bandwidths as a nonempty float64 array of any shape."""
    return array(name, given, LARGEST_DISTANCE)


def vector(name, given, least=1):
    """Return given as a float64 array of shape (length,)."""
    result = _with_axes(1, "(length,)", name, array(name, given))
    if result.size < least:
        raise ValueError(
            f"{name} must hold at least {least} points, for each is predicted from the others, "
            f"got {result.size}"
        )
    return result


def pairs(keys, values, columns=False, least=1):
    """Return keys and values of the same length; values may have a second axis if columns."""
    keys, values = vector("keys", keys, least), array("values", values)
    if not (columns and values.ndim == 2):
        shape = "(length,) or (length, columns)" if columns else "(length,)"
        values = _with_axes(1, shape, "values", values)
    if keys.size != len(values):
        raise ValueError(
            "keys and values must pair up: "
            f"keys has shape {keys.shape}, values has shape {values.shape}"
        )
    return keys, values


def weights_and_values(weights, values):
    """Return weights, shape (q, n), each row with sum 1 or NaN from end to end, and n values."""
    weights = _with_axes(2, "(queries, keys)", "weights", _real("weights", weights))
    if weights.size == 0:
        raise ValueError(f"weights must not be empty, got shape {weights.shape}")
    _check_row_sums(weights)
    values = vector("values", values)
    if weights.shape[1] != values.size:
        raise ValueError(
            "weights must have one column for each value: "
            f"weights has shape {weights.shape}, values has shape {values.shape}"
        )
    return weights, values


def scores(given):
    """Return scores and their largest along the last axis, which is finite; others may be -inf."""
    result = _real("scores", given)
    if result.size == 0 or result.ndim == 0:
        raise ValueError(f"scores must have at least one entry and axis, got shape {result.shape}")
    largest = result.max(axis=-1, keepdims=True)  # NaN where there is one
    if (largest == -np.inf).any():
        raise ValueError(
            "scores must have one finite number at least along the last axis, "
            f"got only -inf in {_brief(given)}"
        )
    if not np.abs(largest).max() <= LARGEST_SCORE:
        raise ValueError(f"scores must be at most {LARGEST_SCORE:g}, or -inf, got {_brief(given)}")
    return result, largest


def kernel_values(kernel, u):
    """Return what a kernel makes of u: nonnegative, finite, and of the shape of u."""
    if not callable(kernel):
        raise TypeError(f"kernel must be a function of u, such as nwlib.gaussian, got {kernel!r}")
    result = _real("kernel(u)", kernel(u))
    if result.shape != u.shape:
        raise ValueError(f"kernel(u) must have the shape of u, {u.shape}, got shape {result.shape}")
    if not (result.min() >= 0 and result.max() <= LARGEST_NUMBER):
        raise ValueError(
            f"kernel(u) must be nonnegative and at most {LARGEST_NUMBER:g}, "
            f"got values from {result.min():g} to {result.max():g}"
        )
    return result


def scale(w):
    """Return w as a float with |w| <= 1e6."""
    return number(
        "w", w, f"finite and at most {LARGEST_SCALE:g} in size", lambda x: abs(x) <= LARGEST_SCALE
    )


def nonnegative(name, given):
    """Return numbers of any shape of which x^0.8 has a real value."""
    result = array(name, given)
    if result.min() < 0:
        raise ValueError(
            f"{name} must be nonnegative, since {name}^0.8 has no real value below 0, "
            f"got {float(result.min())!r}"
        )
    return result


def generator(name, given):
    """Refuse what is no random generator."""
    if not isinstance(given, np.random.Generator):
        raise TypeError(
            f"{name} must be a numpy.random.Generator, such as numpy.random.default_rng(0), "
            f"got {given!r}"
        )


def noise_std(given):
    """Return a standard deviation as a float."""
    return number("noise_std", given, "positive and at most 1e6", lambda x: 0 < x <= 1e6)


def learning_rate(given):
    """Return a learning rate as a positive float."""
    return number("learning_rate", given, "positive and finite", lambda x: 0 < x < np.inf)


def reached(w, number, rate):
    """Return where a step of gradient descent has led, which a scale must be."""
    if not abs(w) <= LARGEST_SCALE:
        raise ValueError(
            f"learning_rate must be small enough to keep w within 1e6, got {rate!r}, "
            f"which took w to {w:g} in step {number}"
        )
    return w


def number(name, given, rule, holds):
    """Return given as a float for which holds(given) is true; rule says the same in words."""
    if isinstance(given, np.ndarray) and given.ndim == 0:
        given = given[()]
    if not isinstance(given, numbers.Real) or isinstance(given, bool | np.bool):
        raise TypeError(f"{name} must be a real number, got {_brief(given)}")
    try:
        result = float(given)
    except OverflowError:
        result = np.inf
    if not holds(result):
        raise ValueError(f"{name} must be {rule}, got {_brief(given)}")
    return result


def count(name, given, least):
    """Return given as an integer that is at least least."""
    try:
        if isinstance(given, bool | np.bool):
            raise TypeError
        result = operator.index(given)
    except TypeError:
        raise TypeError(f"{name} must be an integer, got {_brief(given)}") from None
    if result < least:
        raise ValueError(f"{name} must be at least {least}, got {result}")
    return result


def _real(name, given):
    if isinstance(given, np.ma.MaskedArray):
        raise TypeError(f"{name} must not be a masked array: leave the masked entries out")
    try:
        result = np.asarray(given)
    except ValueError:
        raise ValueError(
            f"{name} must be a rectangular array of numbers, got {_brief(given)}"
        ) from None
    if result.dtype.kind not in "fiu":
        raise TypeError(
            f"{name} must hold real numbers, got {_brief(given)} of dtype {result.dtype}"
        )
    if result.dtype == np.float64:
        return result
    with np.errstate(over="ignore"):  # a long double may turn infinite, which is refused later
        return result.astype(np.float64)


def _with_axes(ndim, shape, name, result):
    if result.ndim != ndim:
        raise ValueError(f"{name} must have shape {shape}, got shape {result.shape}")
    return result


@np.errstate(over="ignore", invalid="ignore")
def _check_row_sums(matrix, tolerance=1e-5):
    off = matrix.dot(np.ones(matrix.shape[1])) - 1.0
    if off.dot(off) <= tolerance**2:  # the quick answer; what follows looks row by row
        return
    wrong = ~(np.abs(off) <= tolerance) & ~np.isnan(matrix).all(axis=1)
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(
            "each row of weights must sum to 1 (rows are queries, columns are keys), "
            f"row {row} sums to {off[row] + 1:.6g}"
        )


def _out_of_range(name, result, limit):
    where = np.unravel_index((~(np.abs(result) <= limit)).argmax(), result.shape)
    found = float(result[where])
    rule = f"at most {limit:g} in size" if np.isfinite(found) else "finite"
    at = f" at index {', '.join(map(str, where))}" if where else ""
    return f"{name} must be {rule}, got {found!r}{at}"


def _brief(given):
    text = " ".join(repr(given).split())
    return text if len(text) <= 60 else text[:57] + "..."
