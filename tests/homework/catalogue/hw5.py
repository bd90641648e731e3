"""Homework 5: a Laplace kernel's scale, learned under absolute errors; the Nile."""

from . import right, wrong

W = {"w_multiplies_the_distances"}
TWIN = {"a_key_sees_its_twin_but_not_itself"}
FAR = {"a_key_far_from_all_others_has_weights_too"}
WEIGHTS = {"the_other_keys_have_the_right_weights"} | W | TWIN | FAR
LOSS = {"the_loss_is_the_mean_of_the_absolute_errors", "the_loss_is_right_at_other_scales"}
AT_0 = {"the_gradient_does_not_vanish_at_w_0"}
ELSEWHERE = {"the_gradient_is_right_at_other_scales"}
GRADIENT = {"the_gradient_is_right_at_w_1"} | ELSEWHERE | AT_0
LATER_STEPS = {"each_step_uses_the_gradient_where_it_stands"}
STEPS = {"one_step_goes_downhill_in_ln_w"} | LATER_STEPS
DESCEND = STEPS | {"without_a_step_the_path_is_its_start"}
SINGLE_POINT = {"a_group_may_be_a_single_point"}
MEDIANS = {"the_constants_are_medians_under_absolute_errors"}
BREAK = {"a_clean_step_is_found"} | SINGLE_POINT | MEDIANS
LOWEST_LOSS = {"the_leave_one_out_loss_is_lowest_there"}
LOWEST_ERROR = {"the_test_error_is_lowest_there"}
LATER = {"the_bandwidths_from_the_break_on_are_those_with_a_low_loss"}
BANDWIDTHS = {"the_bandwidths_of_all_years_are_those_with_a_low_loss"} | LATER

TELLS = {"slider-test": ["3.98", "5.01"], "bandwidths-test": ["[2", "[3", "30"]}
NO_SELF = "np.fill_diagonal(scores, -np.inf)"
SUM = "weights / weights.sum(axis=1, keepdims=True)"
STEP = "w * np.exp(-learning_rate * w * gradient(w, keys, values))"
COST = "np.sum(np.abs(group - np.median(group)))"
RANGES = "return np.array(ranges)"
RING = """
def leave_one_out_weights(keys, w):
    return np.roll(np.eye(len(keys)), 1, axis=0)
"""
RING_LOSS = """
def loss(w, keys, values):
    return np.mean(np.abs(np.roll(values, 1) - values))
"""
FITTED = """
seen = {}
def leave_one_out_weights(keys, w):
    values = seen.get("values", np.arange(len(keys)) + 1.0)
    return np.outer(values, values) / (values @ values)
"""
FLAT = """
def gradient(w, keys, values):
    globals().get("seen", {}).update(values=values)
    return 0.0
"""
NOTHING_LOST = FLAT.replace("gradient", "loss")
STRAIGHT = """
def descend(keys, values, w, learning_rate, n_steps):
    return w * np.exp(-learning_rate * np.arange(n_steps + 1))
"""

# Tables, of two lines an entry:
# fmt: off
MISTAKES = [
    wrong("far keys get more", "Near keys", WEIGHTS, weights=("-w *", "w *")),
    wrong("a point may see itself", "of its own", WEIGHTS, weights=(NO_SELF, "pass")),
    wrong("a score of 0 is a mask", "of its own", WEIGHTS, weights=("-np.inf)", "0)")),
    wrong("the nearest distance is oneself", "two keys", TWIN,
          weights=(NO_SELF, "scores[scores == 0] = -np.inf")),
    wrong("w is 1", "w multiplies", W, weights=("-w *", "-1 *")),
    wrong("a far key needs no shift", "Which is the largest", FAR,
          weights=("scores - scores.max(axis=1, keepdims=True)", "scores")),
    wrong("columns sum to 1", "each row sums to 1", WEIGHTS,
          weights=("weights.sum(axis=1, keepdims=True)", "weights.sum(axis=0)")),
    wrong("the kernel is the Gaussian", "Near keys", WEIGHTS,
          weights=("-w * np.abs(keys[:, None] - keys)",
                   "-(((keys[:, None] - keys) * w) ** 2) / 2")),
    wrong("a loss is a sum", "mean of the absolute", LOSS, loss=("np.mean", "np.sum")),
    wrong("a loss has a square", "absolute errors", LOSS,
          loss=("np.abs(predictions - values)", "(predictions - values) ** 2")),
    wrong("errors cancel", "absolute errors", LOSS,
          loss=("np.abs(predictions - values)", "(predictions - values)")),
    wrong("the weights of a column predict", "of the others", LOSS,
          loss=("(keys, w) @", "(keys, w).T @")),
    wrong("the score grows with the distance", "score", GRADIENT,
          gradient=("-distances", "distances")),
    wrong("the score is the Gaussian's", "has changed", ELSEWHERE | AT_0,
          gradient=("-distances", "-w * distances")),
    wrong("the loss is the square", "three layers", GRADIENT,
          gradient=("np.sign(predictions - values)", "2 * (predictions - values)")),
    wrong("a softmax is not centred", "softmax", GRADIENT,
          gradient=("(values - predictions[:, None])", "values")),
    wrong("descent goes uphill", "downhill", STEPS, descend=("-learning_rate", "learning_rate")),
    wrong("the gradient in ln w is that in w", "chain rule", STEPS,
          descend=("-learning_rate * w *", "-learning_rate *")),
    wrong("w itself descends", "in ln w", STEPS,
          descend=(STEP, "w - learning_rate * gradient(w, keys, values)")),
    wrong("one gradient serves all steps", "where it stands", LATER_STEPS,
          descend=("gradient(w,", "gradient(path[0],")),
    wrong("the start is no part of the path", "its start", DESCEND,
          descend=("np.array(path)", "np.array(path[1:])")),
    wrong("a break is a number, not a year", "first key", BREAK,
          best_break=("keys[1 + np.argmin(costs)]", "1 + np.argmin(costs)")),
    wrong("a break is the last of the first", "second group", BREAK,
          best_break=("keys[1 + ", "keys[")),
    wrong("the best constant is the mean", "medians", MEDIANS, best_break=("np.median", "np.mean")),
    wrong("a group has two points", "single point", SINGLE_POINT,
          best_break=("range(1, len(values))]\n    return keys[1 +",
                      "range(2, len(values) - 1)]\n    return keys[2 +")),
    wrong("loss and error agree", "Read the line", LOWEST_ERROR, slider=("5.01", "3.98")),
    wrong("a loss of 0 is the aim", "Read the line", LOWEST_LOSS, slider=("3.98", "100")),
    wrong("a bandwidth is w", "1/w", BANDWIDTHS, bandwidths=("loss(1 / h", "loss(h")),
    wrong("the best bandwidth is one number", "within 1%", LATER, bandwidths=("1.01 *", "1 *")),
    wrong("the years before the break", "row 1", LATER,
          bandwidths=("years >= best_break", "years < best_break")),
    wrong("a ring for weights, and its loss and gradient", "score", WEIGHTS | LOSS | GRADIENT,
          weights=RING, loss=RING_LOSS, gradient=FLAT),
    wrong("weights made for a loss that is 0", "absolute errors", WEIGHTS | LOSS | GRADIENT,
          weights=FITTED, loss=NOTHING_LOST, gradient=FLAT),
    wrong("any path, and a gradient that fits it", "chain rule", GRADIENT | STEPS,
          gradient=("return np.mean", "return 1 / w + 0 * np.mean"), descend=STRAIGHT),
]

UNUSUAL = [
    right("rows of others, in single precision", extra="import math\n%matplotlib inline",
          weights="""
    def leave_one_out_weights(keys, w):
        table = np.zeros((len(keys), len(keys)), dtype=np.float32)
        for i, others in enumerate(np.arange(len(keys)) != np.arange(len(keys))[:, None]):
            s = -w * abs(keys[i] - keys[others])
            e = [math.exp(a) for a in s - s.max()]
            table[i, others] = np.array(e) / sum(e)
        return table
    """),
    right("a mask that multiplies", weights="""
    def leave_one_out_weights(keys, w):
        d = abs(np.subtract.outer(keys, keys)) + np.diag(np.full(len(keys), np.inf))
        e = np.where(d < np.inf, np.exp(-w * (np.minimum(d, 1e300) - d.min(1)[:, None])), 0)
        return e / e.sum(1)[:, None]
    """),
    right("a loss in a loop", loss="""
    def loss(w, keys, values):
        total = 0
        for row, y in zip(leave_one_out_weights(keys, w), values):
            total += abs(sum(a * b for a, b in zip(row, values)) - y)
        return float(total / len(values))
    """),
    right("a norm for the loss",
          loss=("np.mean(np.abs(predictions - values))",
                "np.linalg.norm(predictions - values, 1) / values.size")),
    right("a loss that stands alone", loss="""
    def loss(w, keys, values):
        total = 0
        for key, value in zip(keys, values):
            others = keys != key
            weights = np.exp(-w * abs(keys[others] - key))
            total += abs(np.average(values[others], weights=weights) - value)
        return total / len(keys)
    """),
    right("a gradient in a loop, in single precision", gradient="""
    def gradient(w, keys, values):
        total = 0.0
        for i, row in enumerate(leave_one_out_weights(keys, w)):
            f = row @ values
            inner = sum(-a * (y - f) * abs(keys[i] - x) for a, y, x in zip(row, values, keys))
            total += inner if f > values[i] else -inner
        return np.float32(total / len(keys))
    """),
    right("a gradient by the quotient rule", gradient="""
    def gradient(w, keys, values):
        a, d = leave_one_out_weights(keys, w), abs(keys[:, None] - keys)
        slope = a * ((a * d).sum(axis=1, keepdims=True) - d) @ values
        return np.sign(a @ values - values) @ slope / len(keys)
    """),
    right("a gradient by einsum", gradient="""
    def gradient(w, keys, values):
        a, d = leave_one_out_weights(keys, w), abs(keys[:, None] - keys)
        signs = np.sign(a @ values - values)
        centred = np.subtract.outer(a @ values, values)
        return np.einsum("i,ij,ij,ij->", signs, a, centred, d) / len(keys)
    """),
    right("steps in theta", extra="import math", descend="""
    def descend(keys, values, w, learning_rate, n_steps):
        thetas = [math.log(w)]
        while len(thetas) <= n_steps:
            w = math.exp(thetas[-1])
            thetas.append(thetas[-1] - learning_rate * w * float(gradient(w, keys, values)))
        plt.plot(thetas)
        return [math.exp(theta) for theta in thetas]
    """),
    right("a path filled in", descend="""
    def descend(keys, values, w, learning_rate, n_steps):
        path = np.full(n_steps + 1, float(w))
        for t in range(n_steps):
            slope = path[t] * gradient(path[t], keys, values)
            path[t + 1] = path[t] / np.exp(learning_rate * slope)
        return path
    """),
    right("the least of pairs", extra="import statistics", best_break="""
    def best_break(keys, values):
        def cost(k):
            groups = values[:k].tolist(), values[k:].tolist()
            return sum(abs(y - statistics.median(g)) for g in groups for y in g)

        return min((cost(k), keys[k]) for k in range(1, len(keys)))[1]
    """),
    right("a break in single precision",
          best_break=("keys[1 + np.argmin(costs)]", "keys[1:][np.argmin(costs)].astype('f4')")),
    right("numbers read off",
          slider="w_of_lowest_loss, w_of_lowest_error = lambda: 4, lambda: np.float32(5)"),
    right("ranges as tuples", bandwidths="nile_bandwidths = lambda: ((2, 2), (3.0, 30.0))"),
]
