"""What passes between the grader and a submission: frames of JSON and plain arrays, never code.

A frame is its length (4 bytes), then a message. A message is a JSON text, a zero byte, and the
bytes of its arrays. JSON holds None, bool, int, float, str, lists and dicts with string keys; an
array stands in it as {"array": [dtype, shape]}, and its bytes follow those of the array before.
Nothing that comes in is evaluated, and nothing is believed: sizes are bounded before memory is
asked for.

This module is loaded on both sides; inside the sandbox it has NumPy and the standard library.
"""

import io
import json
import math
import struct

import numpy as np

MAX_FRAME = 32 * 2**20
MAX_TEXT = 2 * 2**20  # as Python's objects it takes up to forty times as much memory
DTYPES = ("<f8", "<f4", "<f2", "<i8", "<i4", "<i2", "|i1", "<u8", "<u4", "<u2", "|u1", "|b1")
LENGTH = struct.Struct("<I")


class WireError(Exception):
    """What came is not a message, or is too large to be one."""


def encode(value):
    """Return the message that says the value; arrays, tuples and NumPy scalars included."""
    blobs = []
    text = json.dumps(_plain(value, blobs, depth=0)).encode()
    if len(text) > MAX_TEXT:
        raise WireError("too large")
    return text + b"\0" + b"".join(blobs)


def decode(message):
    """Return the value of a message; raise WireError if it is none."""
    text, separator, blob = message.partition(b"\0")
    if not separator or len(text) > MAX_TEXT:
        raise WireError("no text, or one that is too large")
    try:
        return _rich(json.loads(text), io.BytesIO(blob))
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError) as error:
        raise WireError(f"not a message: {type(error).__name__}") from None


def _plain(value, blobs, depth):
    if depth > 20:
        raise WireError("nested too deep")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        little = array.dtype.newbyteorder("<").str
        if little not in DTYPES:
            raise WireError(f"arrays of {array.dtype} cannot be sent")
        if array.nbytes > MAX_FRAME:
            raise WireError("too large")
        blobs.append(np.ascontiguousarray(array, dtype=little).tobytes())
        return {"array": [little, list(array.shape)]}
    if isinstance(value, list | tuple):
        return [_plain(item, blobs, depth + 1) for item in value]
    if isinstance(value, dict):
        return {"dict": {str(key): _plain(item, blobs, depth + 1) for key, item in value.items()}}
    raise WireError(f"a {type(value).__name__} cannot be sent")


def _rich(value, blob):
    if isinstance(value, list):
        return [_rich(item, blob) for item in value]
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "dict" and isinstance(content, dict):
        return {key: _rich(item, blob) for key, item in content.items()}
    if kind != "array":
        raise ValueError(kind)
    dtype, shape = content
    if dtype not in DTYPES or len(shape) > 8 or not all(type(n) is int and n >= 0 for n in shape):
        raise ValueError(dtype)
    # Each byte belongs to one array: else a short text could name a large array many times.
    data = blob.read(math.prod(shape) * np.dtype(dtype).itemsize)
    return np.frombuffer(data, dtype=dtype).reshape(shape)


def write_frame(stream, message):
    """Write the message with its length."""
    if len(message) > MAX_FRAME:
        raise WireError("too large")
    stream.write(LENGTH.pack(len(message)) + message)
    stream.flush()


def read_frame(stream):
    """Return the next message of the stream; raise EOFError at its end."""
    (length,) = LENGTH.unpack(_exactly(stream, LENGTH.size))
    if length > MAX_FRAME:
        raise WireError("too large")
    return _exactly(stream, length)


def _exactly(stream, size):
    data = b""
    while len(data) < size:
        piece = stream.read(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data
