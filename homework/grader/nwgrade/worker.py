"""The inside of the sandbox: a process that runs one submission's cells and calls its functions.

It is locked in before it begins, by what has started it (sandbox.py), and can do nothing but
answer: messages come on standard input, one a line, and answers go to standard output.

    {"run": source, "name": ...}    a cell
    {"call": name, "args": [...], "options": {...}}    {"get": name}    {"draw": name}
    {"import": module}    before there is anything of the submission

An answer is {"value": ...}, {"missing": name} or {"error": a line on what was raised}.
"""

import builtins
import contextlib
import io
import os
import re
import sys
import traceback

import numpy as np
import wire


def main():
    """Answer until the grader has no more questions."""
    with os.fdopen(os.dup(0), "rb") as questions, os.fdopen(os.dup(1), "wb") as answers:
        null = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(null, standard)
        sys.stdout = sys.stderr = _Nowhere()
        sys.stdin = io.StringIO()
        names = {"__name__": "__main__", "__builtins__": builtins, "display": lambda *things: None}
        for line in questions:
            answers.write(answer(line, names))
            answers.flush()
    os._exit(0)  # at once: nothing is left to be tidied


def answer(line, names):
    """Return the line that answers a message; names is what the submission has defined by now."""
    try:
        return wire.measured(wire.encode(_obey(wire.decode(line, max_text=None), names)))
    except wire.WireError as error:
        return wire.encode({"error": f"it cannot be sent: {error}"})
    except MemoryError:
        return wire.encode({"error": "MemoryError: it needs more memory than there is"})
    except BaseException as error:
        return wire.encode({"error": _told(error)})


def _obey(message, names):
    if "import" in message:
        with contextlib.suppress(ImportError, MemoryError):
            __import__(message["import"])
        return {"value": None}
    if "run" in message:
        exec(_compiled(message["run"], message["name"]), names)
        return {"value": None}
    if "get" in message:
        name = message["get"]
        return {"value": _numbers(names[name])} if name in names else {"missing": name}
    name = message.get("draw") or message["call"]
    if not callable(names.get(name)):
        return {"missing": name}
    if "draw" in message:
        return {"value": _drawn(names[name])}
    options = {key: _argument(value) for key, value in message["options"].items()}
    return {"value": _numbers(names[name](*map(_argument, message["args"]), **options))}


def _compiled(source, name):
    """Return the code of a cell; lines like %matplotlib, which only Jupyter knows, are left out."""
    try:
        return compile(source, name, "exec")
    except SyntaxError:
        return compile(re.sub(r"(?m)^(\s*)[%!].*$", r"\1pass", source), name, "exec")


def _drawn(function):
    """Return the PNG of what a function draws on axes."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots()
    function(axes)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=90)
    plt.close("all")
    return picture.getvalue()


def _argument(value):
    """Return the argument as the student's function gets it: writable, random where it says so."""
    if isinstance(value, dict) and set(value) == {"generator"}:
        return np.random.default_rng(value["generator"])
    return value.copy() if isinstance(value, np.ndarray) else value


def _numbers(value):
    """Return a list of numbers as an array, and anything else as it is."""
    if isinstance(value, list | tuple):
        with contextlib.suppress(ValueError):
            array = np.asarray(value)
            return array if array.dtype.kind in "biuf" else value
    return value


def _told(error):
    """Return one line about an error, with its place in the student's cell."""
    with contextlib.suppress(BaseException):
        lines = [frame for frame in traceback.extract_tb(error.__traceback__) if "cell" in frame[0]]
        where = f" ({lines[-1].filename[:20]}, line {lines[-1].lineno})" if lines else ""
        return f"{type(error).__name__[:100]}: {str(error)[:300]}{where}"
    return "an error that cannot be shown"


class _Nowhere(io.TextIOBase):
    def write(self, text):
        return len(text)
