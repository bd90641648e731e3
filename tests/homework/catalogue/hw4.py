"""Homework 4: log-sum-exp, masked softmax, Laplace scores, dot products."""

from . import right, wrong

LAST_AXIS = {"the_sum_runs_along_the_last_axis_of_any_shape"}
LARGE_LOG = {"the_logarithm_survives_scores_of_10000"}
MINUS_INFINITY = {"a_score_of_minus_infinity_adds_nothing"}
LOGARITHM = {"the_logarithm_has_the_right_values"} | LAST_AXIS | LARGE_LOG | MINUS_INFINITY
TEMPERATURE = {"the_temperature_divides_the_scores"}
ALLOWED = {"the_allowed_keys_share_the_whole"}
LARGE = {"scores_of_10000_do_no_harm_seen_or_hidden"}
NOTHING = {"a_query_that_sees_nothing_has_a_row_of_zeros"}
PLAIN = {"all_allowed_gives_the_plain_softmax"}
SOFTMAX = PLAIN | TEMPERATURE | ALLOWED | LARGE | NOTHING
W = {"w_multiplies_the_distances"}
LAPLACE = {"the_laplace_scores_have_the_right_values"} | W
ROOT = {"the_products_are_divided_by_the_square_root_of_d"}
PRODUCTS = {"products_of_10000_do_no_harm"}
ATTENTION = {"the_weighted_means_are_right_for_one_component"} | ROOT | PRODUCTS
SQUARE = {"w_enters_as_its_square"}
SHARED = {"nothing_is_left_that_all_keys_share"}
SCORES = {"the_scores_give_the_weights_of_the_distance"} | SQUARE | SHARED
SLIDER = {"the_slider_stands_where_the_largest_weight_first_exceeds_015"}

TELLS = {
    "log_sum_exp-test": ["max", "largest"],
    "dot_product_scores-test": ["/ 2", "half"],
    "slider-test": ["6.0", "6 "],
}
LSE = "np.log(np.exp(scores - shift).sum(axis=-1)) + shift[..., 0]"
SHIFTED = "np.exp(scores - np.where(np.isfinite(largest), largest, 0.0))"
WEIGHTS = "weights / np.where(total > 0, total, 1.0)"
MASKED = "masked_softmax(scores, np.ones(scores.shape, dtype=bool))"
L1 = "np.abs(queries[:, None, :] - keys).sum(axis=2)"
SCORE = "w**2 * (queries @ keys.T - (keys**2).sum(axis=1) / 2)"
ONE_HOT = "masked_softmax = lambda scores, allowed, t=1.0: np.eye(len(scores.T))[[0] * len(scores)]"
AFTER = """
def masked_softmax(scores, allowed, temperature=1.0):
    weights = np.exp((scores - scores.max(axis=1, keepdims=True)) / temperature)
    return weights / weights.sum(axis=1, keepdims=True) * allowed
"""
HIDDEN_TOO = """
def masked_softmax(scores, allowed, temperature=1.0):
    weights = allowed * np.exp((scores - scores.max(axis=1, keepdims=True)) / temperature)
    total = weights.sum(axis=1, keepdims=True)
    return np.divide(weights, total, out=np.zeros(weights.shape), where=total > 0)
"""

# Tables, of two lines an entry:
# fmt: off
MISTAKES = [
    wrong("the formula as it stands will do", "before it overflows", LARGE_LOG,
          log_sum_exp=(LSE, "np.log(np.exp(scores).sum(axis=-1))")),
    wrong("any number will do as a shift", "before it overflows", LARGE_LOG,
          log_sum_exp=("scores.max(", "scores.mean(")),
    wrong("the shift cancels", "right values", LOGARITHM, log_sum_exp=(" + shift[..., 0]", "")),
    wrong("a logarithm has base 10", "natural", LOGARITHM, log_sum_exp=("np.log(", "np.log10(")),
    wrong("the sum runs over everything", "last axis", LOGARITHM,
          log_sum_exp=(".sum(axis=-1)", ".sum()")),
    wrong("scores are a table", "any shape", LAST_AXIS,
          log_sum_exp=(LSE, "np.log(np.exp(scores - shift).sum(axis=1)) + shift[:, 0]")),
    wrong("a largest score is finite", "nothing but -inf", MINUS_INFINITY,
          log_sum_exp=("np.where(np.isfinite(largest), largest, 0.0)", "largest")),
    wrong("the largest score is near enough, in single precision", "whole sum", LOGARITHM,
          log_sum_exp=(LSE, "scores.max(axis=-1).astype('float32')")),
    wrong("100 is a large score, in half precision", "before it overflows", LOGARITHM,
          log_sum_exp=(LSE, "(scores.max(axis=-1) + 100).astype('float16')")),
    wrong("a temperature multiplies", "temperature divides", TEMPERATURE,
          masked_softmax=("allowed, scores /", "allowed, scores *")),
    wrong("a hidden key has the score 0", "not seen", ALLOWED | LARGE | NOTHING,
          masked_softmax=("temperature, -np.inf", "temperature, 0")),
    wrong("a hidden key has a low score", "sees nothing", NOTHING,
          masked_softmax=("temperature, -np.inf", "temperature, -1e9")),
    wrong("some key is always seen", "nothing is allowed", NOTHING,
          masked_softmax=("np.where(total > 0, total, 1.0)", "total")),
    wrong("a softmax needs no shift", "subtract", LARGE,
          masked_softmax=(SHIFTED, "np.exp(scores)")),
    wrong("one shift serves the whole table", "the largest", LARGE,
          masked_softmax=(SHIFTED, "np.exp(scores - max(scores.max(), -1e300))")),
    wrong("the largest score may be a hidden one", "Over which scores", LARGE,
          masked_softmax=HIDDEN_TOO),
    wrong("the mask comes last", "who divides the whole", ALLOWED | LARGE | NOTHING,
          masked_softmax=AFTER),
    wrong("columns sum to 1", "own sum", SOFTMAX,
          masked_softmax=("weights.sum(axis=1", "weights.sum(axis=0")),
    wrong("a far key has a high score", "Near keys", LAPLACE, laplace_scores=("-w *", "w *")),
    wrong("w is for the Gaussian only", "w multiplies", W, laplace_scores=("-w *", "-1 *")),
    wrong("components add up as squares", "components", LAPLACE,
          laplace_scores=(L1, "np.linalg.norm(queries[:, None, :] - keys, axis=2)")),
    wrong("the product is not scaled", "divided by", ROOT,
          dot_product_attention=(" / np.sqrt(keys.shape[1])", "")),
    wrong("the scale is the number of keys", "square root of d", ATTENTION,
          dot_product_attention=("keys.shape[1]", "keys.shape[0]")),
    wrong("products are never large", "products of 10000", PRODUCTS,
          dot_product_attention=(MASKED,
                                 "(np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True))")),
    wrong("the weights of a key sum to 1", "along which axis", ATTENTION,
          dot_product_attention=(MASKED, MASKED.replace("scores", "scores.T") + ".T")),
    wrong("the offset is the whole square", "offset of the key", SCORES,
          dot_product_scores=("axis=1) / 2", "axis=1)")),
    wrong("w is in the scores once", "as its square", SQUARE, dot_product_scores=("w**2 *", "w *")),
    wrong("the distance itself will do", "same for all keys", SHARED,
          dot_product_scores=(SCORE, "-(w**2) / 2 * ((queries[:, None] - keys) ** 2).sum(axis=2)")),
    wrong("a dot product is a distance", "product", SCORES,
          dot_product_scores=(" - (keys**2).sum(axis=1) / 2", "")),
    wrong("0.135 is more than 0.15", "sentence", SLIDER, slider=("6.0", "5.75")),
    wrong("right attention on a wrong softmax", "own sum", SOFTMAX,
          masked_softmax=("weights.sum(axis=1, keepdims=True)", "weights.sum()")),
    wrong("one key has it all, and so the first value", "weighted means", SOFTMAX | ATTENTION,
          masked_softmax=ONE_HOT,
          dot_product_attention="dot_product_attention = lambda q, k, v: v[[0] * len(q)]"),
    wrong("the first value alone", "square root", ATTENTION,
          dot_product_attention="dot_product_attention = lambda q, k, v: v[:1]"),
]

UNUSUAL = [
    right("`np.logaddexp`",
          log_sum_exp="def log_sum_exp(scores):\n    return np.logaddexp.reduce(scores, axis=-1)"),
    right("in single precision throughout",
          log_sum_exp=("    largest", "    scores = scores.astype('f4')\n    largest"),
          masked_softmax=("    scores = np.where",
                          "    scores = scores.astype('f4')\n    scores = np.where")),
    right("a row at a time, in loops", extra="import math", log_sum_exp="""
    def log_sum_exp(scores):
        if scores.ndim > 1:
            return [log_sum_exp(part) for part in scores]
        top = max(scores)
        return top if top == -math.inf else top + math.log(sum(math.exp(s - top) for s in scores))
    """),
    right("the shift of the derivation", log_sum_exp="""
    def log_sum_exp(scores):
        top = np.maximum(np.max(scores, axis=-1), -1e300)
        return np.log(np.exp(scores - top[..., None]).sum(-1)) + np.where(top > -1e300, top, 0)
    """),
    right("by the logarithm of the sum", masked_softmax="""
    def masked_softmax(scores, allowed, temperature=1.0):
        scores = np.where(allowed, scores / temperature, -np.inf)
        total = np.array(log_sum_exp(scores))[:, None]
        return np.exp(scores - np.where(total > -np.inf, total, 0))
    """),
    right("only what is seen", masked_softmax="""
    def masked_softmax(scores, allowed, temperature=1.0):
        weights = np.zeros(scores.shape)
        for row, s, seen in zip(weights, scores, allowed & (scores > -np.inf)):
            if seen.any():
                e = np.exp((s[seen] - s[seen].max()) / temperature)
                row[seen] = e / e.sum()
        return weights
    """),
    right("NaN becomes 0 in the end",
          masked_softmax=("return " + WEIGHTS, "return np.nan_to_num(weights / total)")),
    right("masked arrays", masked_softmax="""
    def masked_softmax(scores, allowed, temperature=1.0):
        s = np.ma.array(scores, mask=~allowed | np.isneginf(scores)) / temperature
        e = np.ma.exp(s - s.max(axis=1, keepdims=True))
        return (e / e.sum(axis=1, keepdims=True)).filled(0.0)
    """),
    right("component by component",
          laplace_scores=(L1,
                          "sum(abs(np.subtract.outer(a, b)) for a, b in zip(queries.T, keys.T))")),
    right("a table filled in, in single precision", laplace_scores="""
    def laplace_scores(queries, keys, w=1.0):
        table = np.zeros((len(queries), len(keys)), dtype=np.float32)
        for i, j in np.ndindex(table.shape):
            table[i, j] = -w * np.linalg.norm(queries[i] - keys[j], ord=1)
        return table
    """),
    right("the root of d as a temperature", dot_product_attention="""
    def dot_product_attention(queries, keys, values):
        products = queries @ keys.T
        return masked_softmax(products, products == products, len(keys.T) ** 0.5) @ values
    """),
    right("attention without a softmax of one's own", dot_product_attention="""
    def dot_product_attention(queries, keys, values):
        scores = queries @ keys.T / np.sqrt(keys.shape[1])
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        return weights @ values / weights.sum(axis=1, keepdims=True)
    """),
    right("a query at a time", dot_product_attention="""
    def dot_product_attention(q, k, v):
        plt.plot(v)
        seen = np.ones((1, len(k)), dtype=bool)
        return [(masked_softmax((k @ a / len(a) ** 0.5)[None], seen) @ v)[0].tolist() for a in q]
    """),
    right("an offset as one more component", dot_product_scores="""
    def dot_product_scores(queries, keys, w=1.0):
        longer = np.c_[keys, -(keys**2).sum(axis=1) / 2].T
        return w**2 * np.c_[queries, np.ones(len(queries))] @ longer
    """),
    right("lists of scores",
          dot_product_scores=(SCORE,
                              "[[w * w * (q @ k - k @ k / 2) for k in keys] for q in queries]")),
    right("a number of single precision", slider="slider_position = lambda: np.float32(6)"),
]
