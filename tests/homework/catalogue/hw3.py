"""Homework 3: Nadaraya-Watson regression on a map, with the tricube kernel."""

from . import right, wrong

WITHIN = {"kernel_has_the_right_values_within_reach"}
BEYOND = {"kernel_is_zero_beyond_one_bandwidth"}
OTHER_SIDE = {"kernel_is_the_same_on_the_other_side"}
MORE = {"places_may_have_more_coordinates"}
DISTANCES = {"distances_on_the_map_are_right", "distances_from_a_single_place_are_a_row"} | MORE
TINY = {"shares_of_tiny_counts_are_right"}
SHARES = {"shares_are_right"} | TINY
UNDEFINED = {"shares_of_nothing_are_undefined"}
NO_KEY = {"without_a_key_in_reach_there_is_no_prediction"}
SINGLE_KEY = {"a_single_key_in_reach_gives_its_value"}
PREDICT = {"predictions_are_right"} | SINGLE_KEY | NO_KEY
LONELY = {"a_lonely_key_has_no_prediction"}
OTHERS = {"predictions_from_the_others_are_right", "two_keys_alone_predict_each_other"} | LONELY
GAPS = {"bandwidth_without_gaps_is_right"}
RATIO = {"ratio_of_the_best_bandwidths_is_right"}

TELLS = {"kernel-test": ["abs", "maximum"], "slider-test": ["0.2", "2.35", "0.47"]}
KERNEL = "np.maximum(0, 1 - abs(u) ** 3) ** 3"
SQUARE_EXPANDED = """np.sqrt(np.maximum(
        0, (queries**2).sum(1)[:, None] + (keys**2).sum(1) - 2 * queries @ keys.T))"""
NORM = "np.linalg.norm(queries[:, np.newaxis, :] - keys, axis=2)"
DIVIDE = "np.divide(counts, total, out=np.full(counts.shape, np.nan), where=total > 0)"
PREDICTION = "shares(tricube(distances(queries, keys) / h)) @ values"
LEAVE_OUT = """counts = tricube(distances(keys, keys) / h)
    np.fill_diagonal(counts, 0)
    return shares(counts) @ values"""
TOO_LATE = """weights = shares(tricube(distances(keys, keys) / h))
    np.fill_diagonal(weights, 0)
    return weights @ values"""

# Tables, of two lines an entry:
# fmt: off
MISTAKES = [
    wrong("a cube is a square", "powers", WITHIN | OTHER_SIDE,
          kernel=("abs(u) ** 3", "abs(u) ** 2")),
    wrong("distances have no sign", "other side", OTHER_SIDE, kernel=("abs(u) ** 3", "u**3")),
    wrong("the formula holds everywhere", "beyond one", BEYOND,
          kernel=(KERNEL, "(1 - abs(u) ** 3) ** 3")),
    wrong("nothing is in reach", "where the kernel is not 0", WITHIN | BEYOND | OTHER_SIDE,
          kernel=(KERNEL, "0 * u")),
    wrong("every kernel is the Gaussian", "zero beyond", WITHIN | BEYOND | OTHER_SIDE,
          kernel=(KERNEL, "np.exp(-(u**2) / 2)")),
    wrong("a distance is its square", "crow flies", DISTANCES,
          distances=(NORM, "np.sum((queries[:, None] - keys) ** 2, axis=2)")),
    wrong("a distance follows the streets", "crow flies", DISTANCES,
          distances=(NORM, "np.sum(abs(queries[:, None] - keys), axis=2)")),
    wrong("a row for each key", "(queries, keys)", DISTANCES, distances=("axis=2)", "axis=2).T")),
    wrong("a map has two coordinates", "more coordinates", MORE,
          distances=(NORM, "np.hypot(*(queries[:, None, :2] - keys[:, :2]).T).T")),
    wrong("columns sum to 1", "own sum", SHARES | UNDEFINED, shares=("axis=1", "axis=0")),
    wrong("an empty neighbourhood gives 0", "undefined", UNDEFINED,
          shares=("np.full(counts.shape, np.nan)", "np.zeros(counts.shape)")),
    wrong("a little more below does no harm", "Nothing may be added", TINY | UNDEFINED,
          shares=(DIVIDE, "counts / (total + 1e-9)")),
    wrong("shares are a softmax", "divided by its own sum", SHARES | UNDEFINED,
          shares=(DIVIDE, "np.exp(counts) / np.exp(counts).sum(axis=1, keepdims=True)")),
    wrong("a bandwidth multiplies", "bandwidths", PREDICT, predict=("/ h", "* h")),
    wrong("counts are weights", "share the whole", PREDICT,
          predict=(PREDICTION, PREDICTION.removeprefix("shares"))),
    wrong("a hole on the map is 0", "no prediction", NO_KEY,
          predict=(PREDICTION, f"np.nan_to_num({PREDICTION})")),
    wrong("the nearest key always answers", "key in reach", PREDICT - SINGLE_KEY,
          predict=(PREDICTION, "values[distances(queries, keys).argmin(axis=1)]")),
    wrong("a key may predict itself", "for itself", OTHERS,
          loo=("    np.fill_diagonal(counts, 0)\n", "")),
    wrong("a key is left out after sharing", "the others share the whole", OTHERS,
          loo=(LEAVE_OUT, TOO_LATE)),
    wrong("every key is lonely", "for itself", OTHERS,
          loo=("return shares", "return np.nan * shares")),
    wrong("a lonely key is 0", "lonely key", LONELY,
          loo=("shares(counts) @ values", "np.nan_to_num(shares(counts)) @ values")),
    wrong("few gaps are none", "without a key in reach", GAPS,
          slider=("return 0.20", "return 0.15")),
    wrong("the ratio is the other way round", "each kernel", RATIO,
          slider=("0.47 / 0.20", "0.20 / 0.47")),
    wrong("what nwlib has", "powers", WITHIN | OTHER_SIDE | DISTANCES,
          kernel=(KERNEL, "0.75 * np.maximum(0, 1 - u**2)"),
          distances=(NORM, "abs(queries[:, None] - keys)")),
    wrong("right predictions from wrong distances", "crow flies", DISTANCES,
          distances=(NORM, f"2 * {NORM}")),
    wrong("bandwidths that mend wrong distances", "bandwidths", DISTANCES | PREDICT - SINGLE_KEY,
          distances=(NORM, f"2 * {NORM}"), predict=("/ h", "/ h / 3")),
    wrong("a nearest key by a kernel that suits it", "reach",
          WITHIN | OTHER_SIDE | PREDICT - SINGLE_KEY,
          kernel=(KERNEL, "(u == u.min(axis=-1, keepdims=True)) * 1.0"),
          predict=(PREDICTION, "values[distances(queries, keys).argmin(axis=1)]")),
]

UNUSUAL = [
    right("where and clip", kernel=(KERNEL, "np.where(abs(u) < 1, (1 - np.abs(u**3)) ** 3, 0)")),
    right("a number at a time",
          kernel=(KERNEL, "np.vectorize(lambda t: max(0.0, 1 - abs(t) ** 3) ** 3)(u)")),
    right("a truth table", kernel=(KERNEL, "(abs(u) < 1) * (1 - np.abs(u) ** 3) ** 3")),
    right("`math.dist`, in single precision", extra="import math",
          distances=(NORM, "np.array([[math.dist(a, b) for b in keys] for a in queries], 'f4')")),
    right("distances from a scalar product", distances=(NORM, SQUARE_EXPANDED)),
    right("a sum over coordinates",
          distances=(NORM, "sum((a[:, None] - b) ** 2 for a, b in zip(queries.T, keys.T)) ** 0.5")),
    right("complex numbers on the map",
          distances=(NORM,
                     f"abs((queries[:, None] - keys) @ [1, 1j]) if len(keys.T) == 2 else {NORM}")),
    right("0 / 0 with a warning", shares=(DIVIDE, "counts / total")),
    right("rows in a loop", shares="""
    def shares(counts):
        rows = []
        for row in counts:
            s = sum(row)
            rows.append([c / s if s > 0 else float("nan") for c in row])
        return rows
    """),
    right("sums above and below",
          predict=(PREDICTION,
                   "(c := tricube(distances(queries, keys) / h)) @ values / c.sum(axis=1)")),
    right("a query at a time", predict="""
    def predict(queries, keys, values, h):
        print("one at a time")
        return [float((shares(tricube(distances(q[None], keys) / h)) @ values)[0]) for q in queries]
    """),
    right("all by itself",
          predict=(PREDICTION,
                   f"(k := np.maximum(0, 1 - ({NORM} / h) ** 3) ** 3) @ values / k.sum(1)")),
    right("the formula of the derivation", loo="""
    def leave_one_out(keys, values, h):
        own = np.diagonal(shares(tricube(distances(keys, keys) / h)))
        return (predict(keys, keys, values, h) - own * values) / (1 - own)
    """),
    right("predictions from all but one", loo="""
    def leave_one_out(keys, values, h):
        rest = [np.arange(len(keys)) != i for i in range(len(keys))]
        return [predict(keys[~r], keys[r], values[r], h).item() for r in rest]
    """),
    right("a mask in the place of 0",
          loo=("np.fill_diagonal(counts, 0)", "counts *= 1 - np.eye(len(keys))")),
    right("lambdas",
          slider="bandwidth_without_gaps, ratio_of_best_bandwidths = lambda: 0.2, lambda: 2.35"),
]
