"""The words in which an assignment's checks are written, and how values are compared.

A check lives outside the sandbox, in `homework/checks/NAME.py`. It makes random inputs, asks the
submission for values, and compares them with its own:

    @check("kernel", points=6)
    def kernel_has_the_right_values(student, rng):
        u = rng.normal(size=7)
        student.expect("kernel", u, equals=np.exp(-np.abs(u)))

A check passes or fails as a whole. What it says when it fails is written for the student.

Where an answer builds on earlier ones, `given` has right versions of them, plain functions of the
same names that need NumPy only:

    student.expect("mean", x, equals=weights(x) @ x, given=[weights])

What is not right as it stands is asked for once more, with these in the place of the student's, if
one of those was found wrong. So a right answer on a wrong base keeps its points, a wrong one has
none on any base, and on a right one it has no second try. What is given is inside of the sandbox
for that one question: give nothing that is asked for in a later check.
"""

import inspect
import linecache
import reprlib
from dataclasses import dataclass, field

import numpy as np

# How far off a float may be, by its precision: a double may have been single on the way, and half
# precision is not enough.
DOUBLE, SINGLE = 1e-6, 2e-4
NUMBERS = bool | int | float | np.ndarray | np.generic
SHOWN = 6  # numbers of an array that a message shows
LITTLE = reprlib.Repr()
LITTLE.maxstring = LITTLE.maxother = 60
LITTLE.maxlevel = 2
LITTLE.repr_ndarray = lambda value, level: f"array of shape {value.shape}"


class Failed(Exception):
    """A check has failed; says why in a sentence for the student."""


@dataclass(frozen=True)
class Check:
    """One check: what it is called, the graded cell that it belongs to, and its points."""

    name: str
    cell: str
    points: float
    run: object = field(repr=False, compare=False)

    @property
    def title(self):
        return self.name.replace("_", " ")


_collected = []


def check(cell, points):
    """Return a decorator that makes a check for the graded cell of that name."""

    def collect(function):
        _collected.append(Check(function.__name__, cell, points, function))
        return function

    return collect


def load_checks(text, path):
    """Return the checks in the text of the module at `path`, in order, and its rubric, if any."""
    _collected.clear()
    module = {"__name__": f"checks_{path.stem}", "__file__": str(path)}
    linecache.cache[str(path)] = len(text), None, text.splitlines(keepends=True), str(path)
    exec(compile(text, str(path), "exec"), module)
    names = [one.name for one in _collected]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"{path}: two checks are called {twice[0]}")
    return tuple(_collected), module.get("RUBRIC", {})


HOW = ("rtol", "atol", "hint", "secret")
KEEP, NUMPY = "_kept = {**globals()}", "import numpy as np"
RESTORE = "(lambda names, kept: (names.clear(), names.update(kept)))(globals(), _kept)"


class Student:
    """What a check sees of a submission: names to call and values to read, nothing else.

    wrong : the names of functions that were found wrong by now, a set that grows.
    """

    def __init__(self, ask, wrong=None):
        self._ask, self._wrong = ask, set() if wrong is None else wrong

    def call(self, name, *args, **options):
        """Return what the submission's function returns; arguments go to it as copies.

        A NumPy Generator cannot be sent: `seed(5)` as an argument arrives as `default_rng(5)`.
        """
        reply = self._ask({"call": name, "args": list(args), "options": options})
        return self._unpack(reply, name, f"{name}({_shown_arguments(args, options)})")

    def value(self, name):
        """Return the value of a variable of the submission."""
        return self._unpack(self._ask({"get": name}), name, name)

    def expect(self, name, *args, equals, given=(), see=None, **options):
        """Fail unless the function, called so, returns the value; within rounding by default.

        given : right versions of functions that it may build on. see : what of the value that has
        come is compared, a function of it. rtol, atol, hint and secret are those of `compare`.
        """
        how = {key: options.pop(key) for key in HOW if key in options}
        question = {"call": name, "args": list(args), "options": options}
        said = f"{name}({_shown_arguments(args, options)})"

        def examine(reply):
            got = self._unpack(reply, name, said)
            compare(see(got) if see else got, equals, said, **how)

        reply = self._ask(question)  # if it does not come, it would not come the second time
        try:
            examine(reply)
        except Failed as failed:
            self._wrong.add(name)
            if self._wrong.isdisjoint(base.__name__ for base in given):
                raise
            try:
                examine(self._ask_given(given, question))
            except Failed:
                raise failed from None

    def _ask_given(self, functions, question):
        """Ask with functions in the place of the submission's of the same names."""
        sources = map(inspect.getsource, functions)
        self._ask({"run": "\n".join([KEEP, NUMPY, *sources]), "name": "what is given"})
        try:
            return self._ask(question)
        finally:
            self._ask({"run": RESTORE, "name": "what is given"})

    def _unpack(self, reply, name, said):
        match reply:
            case {"missing": _}:
                raise Failed(f"There is no {name} in your notebook, or it is not a function.")
            case {"error": str(error)}:
                raise Failed(f"{said} raised {error}")
            case {"value": value}:
                return value
        raise Failed(f"{said} gave no answer that can be read.")


def seed(number):
    """Return an argument that arrives in the submission as `numpy.random.default_rng(number)`."""
    return {"generator": number}


def compare(got, expected, said, rtol=None, atol=None, hint="", secret=False):
    """Raise Failed with the first difference between a returned and the expected value.

    A list of numbers that a submission returns arrives as an array; True and False are numbers only
    where they are expected. Without tolerances the values must agree to rounding, coarser where the
    submission computes in single precision; half precision is not enough. Mind that atol then grows
    with the largest expected value: beside a 1e6, a 0.01 that is missing goes unseen. A secret
    expected value is not told.
    """
    hint = f" {hint}" if hint else ""
    if got is None:
        raise Failed(f"{said} returned None. Is there a return statement?{hint}")
    expected = np.asarray(expected)
    array = np.asarray(got if isinstance(got, NUMBERS) else "no number")
    kind = array.dtype.kind
    if kind not in ("biuf" if expected.dtype.kind == "b" else "iuf"):
        raise Failed(f"{said} should return numbers, but returned {_shown(got)}.{hint}")
    if array.shape != expected.shape:
        raise Failed(f"{said} should have the shape {expected.shape}, but has {array.shape}.{hint}")
    if rtol is None:
        rtol = SINGLE if array.dtype == np.float32 else DOUBLE
    if atol is None:
        finite = np.abs(expected[np.isfinite(expected)]) if expected.dtype.kind == "f" else ()
        atol = rtol * max([1e-3, *np.atleast_1d(finite)]) if len(finite) else rtol
    pair = array.astype(float), expected.astype(float)
    close = np.isclose(*pair, rtol=rtol, atol=atol, equal_nan=True)
    if close.all():
        return
    if secret:
        raise Failed(f"{said} is not what was asked for.{hint}")
    where = tuple(int(i) for i in np.argwhere(~close)[0])
    place = f" at [{', '.join(map(str, where))}]" if where else ""
    got, right = _number(array[where]), _number(expected[where])
    raise Failed(f"{said} gave {got}{place}, where {right} was expected.{hint}")


def _shown_arguments(args, options):
    shown = [_shown(one) for one in args]
    return ", ".join(shown + [f"{name}={_shown(one)}" for name, one in options.items()])


def _shown(value):
    """Return a value in a few words, as it may stand in a sentence."""
    if isinstance(value, dict) and [*map(type, value.values())] == [int] and "generator" in value:
        return f"default_rng({value['generator']})"
    if isinstance(value, np.ndarray) and value.size > SHOWN:
        first = ", ".join(_number(one) for one in value.ravel()[:3])
        return f"[{first}, ...] of shape {value.shape}"
    if isinstance(value, np.ndarray):
        return np.array2string(value, precision=4, separator=", ").replace("\n", "")
    return _number(value) if isinstance(value, float) else LITTLE.repr(value)


def _number(value):
    return f"{value:.6g}" if isinstance(value, float | np.floating) else str(value)
