"""What passes between the grader and a submission: a line of JSON for each message, never code.

It holds None, bool, int, float, short texts, lists, dicts with texts for keys, plain arrays, and
the bytes of a picture. Arrays and bytes stand in it as base64. Nothing that comes in is evaluated,
and nothing is believed: an answer is measured before it is parsed, and what it says is cut to size.

This module is loaded on both sides; inside the sandbox it has NumPy and the standard library.
"""

import base64
import json
import math

import numpy as np

MAX_LINE = 4 * 2**20
MAX_PARTS = 100_000  # commas and brackets: Python's objects take far more memory than their text
MAX_TEXT = 400  # signs; what students wrote goes the other way
MAX_DEPTH = 10
DTYPES = ("<f8", "<f4", "<f2", "<i8", "<i4", "<i2", "|i1", "<u8", "<u4", "<u2", "|u1", "|b1")
MALFORMED = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


class WireError(Exception):
    """What came is not a message, or what should be sent cannot be."""


def encode(value):
    """Return the line that says the value."""
    return json.dumps(_plain(value, MAX_DEPTH)).encode() + b"\n"


def measured(line):
    """Return the line; raise WireError if it is more than a grader takes from a submission."""
    parts = line.count(b",") + line.count(b"[") + line.count(b"{")
    if len(line) > MAX_LINE or parts > MAX_PARTS:
        raise WireError("it is too large")
    return line


def decode(line, max_text=MAX_TEXT):
    """Return the value of a line; raise WireError if it has none."""
    try:
        return _rich(json.loads(line), MAX_DEPTH, max_text)
    except MALFORMED as error:
        raise WireError(f"it is not a message: {type(error).__name__}") from None


def _plain(value, depth):
    if depth == 0:
        raise WireError("it is nested too deep")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple | dict) and len(value) > MAX_PARTS:
        raise WireError("it is too large")  # before the time that it takes to write it down
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        little = array.dtype.newbyteorder("<").str
        if little not in DTYPES:
            raise WireError(f"arrays of {array.dtype} cannot be sent")
        data = np.ascontiguousarray(array, dtype=little).tobytes()
        return {"array": [little, list(array.shape), base64.b64encode(data).decode()]}
    if isinstance(value, list | tuple):
        return [_plain(item, depth - 1) for item in value]
    if isinstance(value, dict):
        return {"dict": {str(key): _plain(item, depth - 1) for key, item in value.items()}}
    raise WireError(f"a {type(value).__name__} cannot be sent")


def _rich(value, depth, max_text):
    if depth == 0:
        raise ValueError("depth")
    if isinstance(value, str):
        return value[:max_text]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return math.inf if value > 0 else -math.inf
    if isinstance(value, list):
        return [_rich(item, depth - 1, max_text) for item in value]
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "dict":
        return {k[:max_text]: _rich(item, depth - 1, max_text) for k, item in content.items()}
    if kind == "bytes":
        return base64.b64decode(content, validate=True)
    dtype, shape, data = content
    if kind != "array" or dtype not in DTYPES or not all(type(n) is int for n in shape):
        raise ValueError(kind)
    return np.frombuffer(base64.b64decode(data, validate=True), dtype).reshape(shape)
