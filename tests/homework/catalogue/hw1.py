"""Homework 1: a truth, noise whose size depends on the input, and errors."""

from . import right, wrong

TRUTH = {"truth_has_the_right_values", "truth_takes_arrays_of_any_shape"}
STEADY = {"noise_is_steady_for_three_hours"}
GROWS = {"noise_grows_after_three_hours"}
INPUTS = {"inputs_are_those_of_the_generator", "inputs_are_in_ascending_order"}
ORDER = {"inputs_are_in_ascending_order"}
NOISE = {"one_reading_is_right", "many_readings_are_right"}
MANY = {"many_readings_are_right"}
NO_NOISE = {"without_noise_each_reading_is_the_truth"}
ERRORS = {"error_of_one_reading_is_right", "each_reading_has_its_own_error"}
FLOOR = {"noise_floor_is_right"}
STANDARDIZED = {"standardized_errors_are_right"}
SLIDER = {"error_against_fresh_outputs_is_right"}

TELLS = {"floor-test": ["sigma**2", "mean(sigma"], "slider-test": ["0.37", "0.25"]}

# Tables, of two lines an entry:
# fmt: off
MISTAKES = [
    wrong("the exponential falls by 2x", "exponential fall", TRUTH, world=("-x / 2", "-2 * x")),
    wrong("the angle is in degrees", "unit", TRUTH, world=("(2 * x)", "(np.radians(2 * x))")),
    wrong("an array has one axis", "shape", {"truth_takes_arrays_of_any_shape"},
          world=("    return 3", "    x = x.ravel()\n    return 3")),
    wrong("the noise shrinks at first", "steady", STEADY | GROWS,
          world=("np.maximum(0, x - 3)", "(x - 3)")),
    wrong("the noise has one size", "grows", GROWS, world=("0.15 *", "0 *")),
    wrong("max takes arrays", "ambiguous", STEADY | GROWS, world=("np.maximum(0,", "max(0,")),
    wrong("the times come in order by themselves", "order", ORDER, inputs=("np.sort", "np.array")),
    wrong("a seed of one's own will do", "from rng", INPUTS,
          inputs=("rng.uniform", "np.random.default_rng(0).uniform")),
    wrong("random means evenly spread", "generator", INPUTS,
          inputs=("rng.uniform(0, 6, n)", "np.linspace(0, 6, n)")),
    wrong("sigma is the variance", "standard deviation", NOISE,
          observe=("sigma *", "np.sqrt(sigma) *")),
    wrong("all readings share their noise", "fresh", MANY,
          observe=("rng.standard_normal((times, len(f)))",
                   "rng.standard_normal(len(f)) * np.ones((times, 1))")),
    wrong("the draws may come in any order", "first row", MANY,
          observe=("rng.standard_normal((times, len(f)))",
                   "rng.standard_normal((len(f), times)).T")),
    wrong("noise is uniform", "normal", NOISE,
          observe=("rng.standard_normal((times, len(f)))", "rng.uniform(-1, 1, (times, len(f)))")),
    wrong("what is read is the noise", "truth", NOISE | NO_NOISE,
          observe=("return f + ", "return ")),
    wrong("the mean is over the readings", "Which axis", ERRORS, errors=("axis=1", "axis=0")),
    wrong("an error is absolute", "each difference", ERRORS,
          errors=("(prediction - y) ** 2", "abs(prediction - y)")),
    wrong("all readings have one error", "own error", {"each_reading_has_its_own_error"},
          errors=("np.mean((prediction - y) ** 2, axis=1)",
                  "np.atleast_1d(np.mean((prediction - y) ** 2))")),
    wrong("the floor is the square of the mean", "one input", FLOOR,
          floor=("np.mean(sigma**2)", "np.mean(sigma) ** 2")),
    wrong("the unit comes after the square", "units", STANDARDIZED,
          floor=("((prediction - y) / sigma) ** 2", "(prediction - y) ** 2 / sigma")),
    wrong("one unit for all inputs", "its own input", STANDARDIZED,
          floor=("- y) / sigma", "- y) / np.mean(sigma)")),
    wrong("the error against the truth is that on fresh outputs", "Which part", SLIDER,
          slider=("0.12 + 0.5**2", "0.12")),
    wrong("standard deviations add up", "noise", SLIDER, slider=("0.12 + 0.5**2", "0.12 + 0.5")),
    wrong("no method can be off the floor", "slider", SLIDER, slider=("0.12 + 0.5**2", "0.25")),
    wrong("a right score on wrong errors", "together", ERRORS, errors=("np.mean", "np.sum"),
          floor=("np.mean(((prediction - y) / sigma) ** 2, axis=1)",
                 "squared_errors(prediction / sigma, y / sigma)")),
    wrong("a score that mends wrong errors wrongly", "its own input", ERRORS | STANDARDIZED,
          errors=("np.mean", "np.sum"),
          floor=("np.mean(((prediction - y) / sigma) ** 2, axis=1)",
                 "squared_errors(prediction / sigma, y / sigma) / len(y)")),
    wrong("what nwlib has", "steady", TRUTH | STEADY | GROWS, world="""
        def truth(x):
            return 2 * np.sin(x) + x**0.8

        def noise_std(x):
            return np.full_like(x, 0.5)
        """),
]

UNUSUAL = [
    right("one number at a time, with `math`", extra="import math", world="""
        def truth(x):
            each = [3 * math.exp(-t / 2) + math.cos(2 * t) for t in x.flat]
            return np.array(each).reshape(x.shape)

        def noise_std(x):
            return np.vectorize(lambda t: 0.2 if t < 3 else 0.2 + 0.15 * (t - 3))(x)
        """),
    right("single precision", world=("    return 3", "    x = x.astype('float32')\n    return 3")),
    right("a truth table of where",
          world=("0.15 * np.maximum(0, x - 3)", "np.where(x > 3, 0.15 * x - 0.45, 0)")),
    right("clipped", world=("0.15 * np.maximum(0, x - 3)", "0.15 * np.clip(x, 3, 6) - 0.45")),
    right("a sorted list of single draws",
          inputs=("np.sort(rng.uniform(0, 6, n))", "sorted(6 * rng.random() for _ in range(n))")),
    right("sorted in place",
          inputs=("return np.sort(rng.uniform(0, 6, n))",
                  "x = rng.uniform(high=6, size=n)\n    x.sort()\n    return x")),
    right("noise drawn with its own size",
          observe=("sigma * rng.standard_normal((times, len(f)))",
                   "rng.normal(0, sigma, (times, len(f)))")),
    right("outputs drawn around the truth",
          observe=("f + sigma * rng.standard_normal((times, len(f)))",
                   "rng.normal(f, sigma, (times, len(f)))")),
    right("two loops and lists",
          observe=("f + sigma * rng.standard_normal((times, len(f)))",
                   "[[a + s * rng.normal() for a, s in zip(f, sigma)] for _ in range(times)]")),
    right("a reading at a time",
          observe=("f + sigma * rng.standard_normal((times, len(f)))",
                   "np.vstack([f + sigma * rng.standard_normal(f.shape) for _ in range(times)])")),
    right("a length instead of squares",
          errors=("np.mean((prediction - y) ** 2, axis=1)",
                  "np.linalg.norm(y - prediction, axis=1) ** 2 / len(prediction)")),
    right("loops, a picture and prints", extra="%matplotlib inline\n!ls", errors="""
        def squared_errors(prediction, y):
            print("errors of", len(y))
            plt.plot(prediction)
            return [sum((a - b) ** 2 for a, b in zip(prediction, row)) / len(row) for row in y]
        """),
    right("a dot product", floor=("np.mean(sigma**2)", "float(sigma @ sigma) / len(sigma)")),
    right("one function by the other",
          floor=("np.mean(((prediction - y) / sigma) ** 2, axis=1)",
                 "squared_errors(prediction / sigma, y / sigma)")),
    right("a lambda, and a warning",
          slider="import warnings\nwarnings.warn('soon')\nfresh_error = lambda: np.float32(0.37)"),
]
