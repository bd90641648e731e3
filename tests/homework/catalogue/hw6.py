"""Homework 6: days alike along one direction, a whole day left out, a band's coverage."""

from . import right, wrong

LENGTH = {"a_longer_a_is_sharper"}
ACROSS = {"a_move_across_a_changes_no_weight"}
HAT = {"the_weights_are_those_of_the_distance_along_a"} | ACROSS | LENGTH
ANY_LENGTH = {"days_of_any_length_in_any_order_are_left_out"}
WHOLE = {"days_read_twice_are_left_out_whole"} | ANY_LENGTH
OTHERS = {"days_read_once_are_left_out_one_by_one"} | WHOLE
ONE_ENTRY = {"with_one_entry_the_gradient_is_that_of_chapter_5"}
OWN_DAY = {"the_own_day_has_no_part_in_the_gradient", "the_gradient_is_right_for_a_longer_a"}
EACH_ENTRY = {"each_entry_of_a_has_a_derivative_of_its_own"} | OWN_DAY
GRADIENT = ONE_ENTRY | EACH_ENTRY
MIDDLE = {"the_prediction_is_in_the_middle"}
WIDE = {"the_band_is_wide_where_few_have_the_weight"}
TWO_ERRORS = {"the_band_is_as_wide_as_two_standard_errors"}
BAND = MIDDLE | WIDE | TWO_ERRORS
SHARE = {"the_share_of_winters_is_right"}
SINGLE = {"a_single_winter_holds_the_truth_or_not"}
SQUARE = {"winters_are_rows_even_if_as_many_as_readings"}
COVERAGE = SHARE | SINGLE | SQUARE

TELLS = {}
SQUARES = "((index[:, None] - index) ** 2)"
SCORED = "np.exp(-((index[:, None] - index) ** 2) / 2)"
HIDDEN = "np.where(days[:, None] != days, hat, 0)"
LEFT = "seen / seen.sum(axis=1, keepdims=True)"
GRADIENT_WEIGHTS = "other_days(hat_matrix(keys, a), days)"
HALF = "2 * np.sqrt(variance * np.sum(hat**2, axis=1))"
HELD = "(bands[:, 0] <= truth) & (truth <= bands[:, 1])"
ALIKE = """
def hat_matrix(keys, a):
    return np.full((len(keys), len(keys)), 1 / len(keys))
"""
STILL = """
def gradient(a, keys, values, days):
    return np.zeros(len(a))
"""
ENDLESS = """
def band(hat, values):
    return np.array([np.full(len(values), -1e9), np.full(len(values), 1e9)])
"""
ALWAYS = """
def coverage(hat, truth, winters):
    return np.ones(len(truth))
"""

# Tables, of two lines an entry:
# fmt: off
MISTAKES = [
    wrong("each entry has a distance of its own", "one number each", HAT,
          hat_matrix=(SCORED, "np.exp(-(((keys[:, None] - keys) * a) ** 2).sum(axis=2) / 2)")),
    wrong("a only weights the length of the difference", "one number each", HAT,
          hat_matrix=(SCORED, "np.exp(-(a @ a) * ((keys[:, None] - keys) ** 2).sum(axis=2) / 2)")),
    wrong("only the direction of a counts", "longer a", LENGTH,
          hat_matrix=("keys @ a", "keys @ a / np.linalg.norm(a)")),
    wrong("a distance is not squared", "distance along a", HAT,
          hat_matrix=(SQUARES, "np.abs(index[:, None] - index)")),
    wrong("the half is no matter", "distance along a", HAT, hat_matrix=("** 2) / 2)", "** 2))")),
    wrong("columns sum to 1", "distance along a", HAT,
          hat_matrix=("sum(axis=1, keepdims=True)", "sum(axis=0)")),
    wrong("a dot product is a distance", "distance along a", HAT,
          hat_matrix=(SCORED, "np.exp(np.outer(index, index))")),
    wrong("a key does not see itself", "distance along a", HAT,
          hat_matrix=("    return", "    np.fill_diagonal(weights, 0)\n    return")),
    wrong("one reading is left out", "neither itself nor the other", WHOLE,
          other_days=(HIDDEN, "hat * (1 - np.eye(len(days)))")),
    wrong("what is hidden needs no sharing out", "sum to 1", OTHERS, other_days=(LEFT, "seen")),
    wrong("the shortcut divides by what is left without oneself", "the rest", WHOLE,
          other_days=(LEFT, "seen / (1 - np.diag(hat))[:, None]")),
    wrong("the hidden weight is shared out evenly", "ratios", OTHERS,
          other_days=(LEFT, "seen + (1 - seen.sum(axis=1, keepdims=True)) * (seen > 0)"
                            " / (seen > 0).sum(axis=1, keepdims=True)")),
    wrong("a day is two neighbours in the list", "The label", ANY_LENGTH,
          other_days=("days[:, None] != days", "np.tri(len(days), k=-2) + np.tri(len(days), k=-2).T"
                      " + (days[:, None] != days) > 0")),
    wrong("only the own day is seen", "neither itself", OTHERS,
          other_days=("days[:, None] != days", "days[:, None] == days")),
    wrong("the gradient goes downhill itself", "sign", GRADIENT,
          gradient=("moves = -", "moves = ")),
    wrong("a square has no factor 2", "factor", GRADIENT, gradient=("return 2 *", "return")),
    wrong("a loss is a sum", "factor", GRADIENT, gradient=("np.mean", "np.sum")),
    wrong("each entry has a slope of its own", "square of a sum", EACH_ENTRY,
          gradient=("* along\n    moves = -(terms[:, :, None] * differences)",
                    "\n    moves = -(terms[:, :, None] * a * differences**2)")),
    wrong("the slope does not depend on a", "square of a sum", GRADIENT,
          gradient=(" * along", " * 1")),
    wrong("a softmax is not centred", "factor", GRADIENT,
          gradient=("(values - predictions[:, None])", "values")),
    wrong("the gradient sees everything", "With which weights", GRADIENT,
          gradient=(GRADIENT_WEIGHTS, "hat_matrix(keys, a)")),
    wrong("the gradient leaves one reading out", "With which weights", OWN_DAY,
          gradient=(GRADIENT_WEIGHTS, "other_days(hat_matrix(keys, a), np.arange(len(days)))")),
    wrong("a gradient is one number", "should have the shape", GRADIENT,
          gradient=("moves, axis=0)", "moves)")),
    wrong("residuals are as large as the noise", "divides the squares", TWO_ERRORS,
          band=("np.sum(rest**2)", "len(values)")),
    wrong("one parameter has been spent, the mean", "divides the squares", TWO_ERRORS,
          band=("np.sum(rest**2)", "(len(values) - 1)")),
    wrong("the trace is what has been spent", "divides the squares", TWO_ERRORS,
          band=("np.sum(rest**2)", "(len(values) - np.trace(hat))")),
    wrong("one standard error", "two standard errors", TWO_ERRORS, band=("2 * np.sqrt", "np.sqrt")),
    wrong("sigma is its square", "its square", TWO_ERRORS,
          band=("variance * np.sum", "variance**2 * np.sum")),
    wrong("the band is that of a reading", "units of the first", WIDE | TWO_ERRORS,
          band=(HALF, "2 * np.sqrt(variance * (1 + np.sum(hat**2, axis=1)))")),
    wrong("the own weight alone counts", "and what", WIDE | TWO_ERRORS,
          band=("np.sum(hat**2, axis=1)", "np.diag(hat) ** 2")),
    wrong("the band is as wide everywhere", "units of the first", WIDE | TWO_ERRORS,
          band=("np.sum(hat**2, axis=1)", "np.trace(hat) / len(values) * np.ones(len(values))")),
    wrong("the weights of a column make the error", "Along which axis", WIDE | TWO_ERRORS,
          band=("axis=1", "axis=0")),
    wrong("the upper edge is first", "Which edge", TWO_ERRORS,
          band=("[predictions - half, predictions + half]",
                "[predictions + half, predictions - half]")),
    wrong("the band is around the readings", "the mean of the two rows", MIDDLE | TWO_ERRORS,
          band=("[predictions - half, predictions + half]", "[values - half, values + half]")),
    wrong("the band should hold the readings", "A winter counts if the truth", COVERAGE,
          coverage=(HELD, "(bands[:, 0] <= winters) & (winters <= bands[:, 1])")),
    wrong("below the upper edge is inside", "between the edges", COVERAGE,
          coverage=(HELD, "truth <= bands[:, 1]")),
    wrong("all winters have the first one's band", "that winter's band", SHARE | SQUARE,
          coverage=("for values in winters", "for values in [winters[0]] * len(winters)")),
    wrong("winters are averaged first", "that winter's band", SHARE | SQUARE,
          coverage=("for values in winters", "for values in [winters.mean(axis=0)]")),
    wrong("a share is for each winter", "Over which axis", COVERAGE,
          coverage=("bands[:, 1]), axis=0", "bands[:, 1]), axis=1")),
    wrong("a share is a count", "A winter counts", SHARE | SQUARE,
          coverage=("np.mean", "np.sum")),
    wrong("all days alike, and a gradient that fits them", "factor", HAT | GRADIENT,
          hat_matrix=ALIKE, gradient=STILL),
    wrong("a band without end, which holds all", "two standard errors", BAND | COVERAGE,
          band=ENDLESS, coverage=ALWAYS),
]

UNUSUAL = [
    right("a row at a time, in a list", hat_matrix="""
    def hat_matrix(keys, a):
        index = np.array([sum(x * b for x, b in zip(key, a)) for key in keys.tolist()])
        table = []
        for i in index:
            row = np.exp(-(i - index) ** 2 / 2)
            table.append(row / row.sum())
        return table
    """),
    right("a projector in the place of a product, in single precision", hat_matrix="""
    def hat_matrix(keys, a):
        d = (keys[:, None, :] - keys[None, :, :]).astype(np.float32)
        s = -np.einsum("ijc,cd,ijd->ij", d, np.outer(a, a).astype(np.float32), d) / 2
        e = np.exp(s - s.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    """),
    right("a dot product and an offset of the key", hat_matrix="""
    def hat_matrix(keys, a):
        index = keys @ a
        s = np.outer(index, index) - index**2 / 2
        e = np.exp(s - s.max(axis=1)[:, None])
        return e / e.sum(axis=1)[:, None]
    """),
    right("a matrix with a single row", hat_matrix="""
    def hat_matrix(keys, a):
        A = np.reshape(a, (1, -1))
        moved = keys @ A.T
        e = np.exp(-0.5 * np.linalg.norm(moved[:, None] - moved, axis=2) ** 2)
        return (e.T / e.sum(axis=1)).T
    """),
    right("readings one by one", other_days="""
    def other_days(hat, days):
        result = np.array(hat, dtype=float)
        for i in range(len(days)):
            for j in np.flatnonzero(days == days[i]):
                result[i, j] = 0
            result[i] /= result[i].sum()
        return result
    """),
    right("one less the weight of the day", other_days="""
    def other_days(hat, days):
        same = np.equal.outer(days, days)
        h = (hat * same).sum(axis=1, keepdims=True)
        return hat * ~same / (1 - h)
    """),
    right("a mask in the logarithm, in single precision", other_days="""
    def other_days(hat, days):
        with np.errstate(divide="ignore"):
            s = np.log(np.where(days[:, None] == days, 0, hat).astype(np.float32))
        e = np.exp(s - s.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    """),
    right("the gradient of the matrix with one row", gradient="""
    def gradient(a, keys, values, days):
        alpha = other_days(hat_matrix(keys, a), days)
        f = alpha @ values
        A = a[None, :]
        total = np.zeros(A.shape)
        for i in range(len(keys)):
            d = keys[i] - keys
            inner = (A @ d.T * alpha[i] * (values - f[i])) @ d
            total -= 2 / len(keys) * (f[i] - values[i]) * inner
        return total[0]
    """),
    right("the gradient as two matrix products", gradient="""
    def gradient(a, keys, values, days):
        alpha, index = other_days(hat_matrix(keys, a), days), keys @ a
        f = alpha @ values
        M = (f - values)[:, None] * alpha * (values - f[:, None]) * np.subtract.outer(index, index)
        return (-2 / len(keys)) * (M.sum(axis=1) @ keys - M.sum(axis=0) @ keys)
    """),
    right("the gradient by the quotient rule, all by itself", gradient="""
    def gradient(a, keys, values, days):
        total = 0
        for i, key in enumerate(keys):
            others = days != days[i]
            d = keys[others] - key
            e = np.exp(-((d @ a) ** 2) / 2)
            slopes = -e[:, None] * (d @ a)[:, None] * d
            y = values[others]
            f = e @ y / e.sum()
            total = total + 2 * (f - values[i]) * (y @ slopes - f * slopes.sum(axis=0)) / e.sum()
        return total / len(values)
    """),
    right("the gradient of all pairs by einsum", gradient="""
    def gradient(a, keys, values, days):
        alpha = other_days(hat_matrix(keys, a), days)
        d = keys[:, None] - keys
        errors = alpha @ values - values
        centred = np.subtract.outer(alpha @ values, values)
        return 2 * np.einsum("i,ij,ij,ij,ijc->c", errors, alpha, centred, d @ a, d) / len(values)
    """),
    right("difference quotients of a loss of its own", gradient="""
    def gradient(a, keys, values, days):
        def loss_at(a):
            predictions = other_days(hat_matrix(keys, a), days) @ values
            return np.mean((predictions - values) ** 2)
        steps = 1e-5 * np.eye(len(a))
        return np.array([(loss_at(a + h) - loss_at(a - h)) / 2e-5 for h in steps])
    """),
    right("a list of two edges, in loops", extra="import math", band="""
    def band(hat, values):
        f, squares = [], []
        for row in hat:
            f.append(row @ values)
            squares.append(row @ row)
        missed = values - f
        left = len(f) - 2 * np.trace(hat) + sum(squares)
        s = math.sqrt(missed @ missed / left)
        half = [2 * s * math.sqrt(square) for square in squares]
        return [[p - h for p, h in zip(f, half)], [p + h for p, h in zip(f, half)]]
    """),
    right("the diagonal of a covariance, in single precision",
          band=(HALF, "2 * np.sqrt(np.diag(hat @ (variance * np.eye(len(hat))) @ hat.T))"
                      ".astype(np.float32)")),
    right("residuals by a matrix", band="""
    def band(hat, values):
        R = np.eye(len(hat)) - hat
        s = np.linalg.norm(R @ values) / np.linalg.norm(R)
        return hat @ values + 2 * s * np.outer([-1, 1], np.linalg.norm(hat, axis=1))
    """),
    right("a band for all winters at once, of its own", coverage="""
    def coverage(hat, truth, winters):
        f = winters @ hat.T
        s = np.sqrt(((winters - f) ** 2).sum(axis=1) / ((np.eye(len(hat)) - hat) ** 2).sum())
        return (abs(f - truth) < 2 * s[:, None] * np.sqrt((hat**2).sum(axis=1))).mean(axis=0)
    """),
    right("counted up by hand", coverage="""
    def coverage(hat, truth, winters):
        counts = [0] * len(truth)
        for winter in winters:
            lower, upper = band(hat, winter)
            for i, t in enumerate(truth):
                counts[i] += bool(lower[i] < t < upper[i])
        return [count / len(winters) for count in counts]
    """),
    right("misses, taken from 1, in single precision", coverage="""
    def coverage(hat, truth, winters):
        edges = np.stack([band(hat, values) for values in winters])
        missed = (truth < edges[:, 0]).astype("f4") + (truth > edges[:, 1])
        return np.float32(1) - missed.mean(axis=0)
    """),
]
