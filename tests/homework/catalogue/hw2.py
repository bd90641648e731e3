"""Homework 2: best constants, means of the others, means of groups."""

from . import right, wrong

ONE_LOSS = {"loss_of_one_candidate_is_right"}
EACH_LOSS = {"each_candidate_has_its_own_loss"}
LOSS = ONE_LOSS | EACH_LOSS
EVEN = {"best_promise_for_an_even_number_of_values"}
WILD = {"one_wild_value_does_not_move_the_best_promise"}
BEST = {"best_promise_for_an_odd_number_of_values"} | EVEN | WILD
IMPORTANT = {"important_values_count_more"}
WEIGHTED = {"with_equal_importance_the_mean_is_best"} | IMPORTANT
MEANS = {"means_of_the_others_are_right"}
OTHERS = {"of_two_values_each_is_the_mean_of_the_other"} | MEANS
NAMES = {"groups_may_have_any_number_as_a_name"}
SHARES = {"weights_over_the_group_are_right"} | NAMES
NO_ANSWER = {"a_group_without_keys_has_no_answer"}
SLIDER = {"first_w_with_half_the_error_is_right"}

TELLS = {
    "best-test": ["median", "middle", "sort"],
    "weighted-test": ["divide", "sum(importance)"],
    "loo-test": ["subtract", "n - 1"],
    "slider-test": [" 1.0", " 1 "],
}
MEAN = "np.mean(abs(candidates[:, np.newaxis] - values), axis=1)"
WEIGHTED_MEAN = "np.sum(importance * values) / np.sum(importance)"
LEFT_OUT = "(values.sum() - values) / (values.size - 1)"
DIVIDE = "np.divide(same, size, out=np.full(same.shape, np.nan), where=size > 0)"
BEST_OF_THEM = "values[absolute_loss(values, values).argmin()]"
WORST_OF_THEM = BEST_OF_THEM.replace("min", "max")

# Tables, of two lines an entry:
# fmt: off
MISTAKES = [
    wrong("a loss is a sum", "too late", LOSS, loss=("np.mean", "np.sum")),
    wrong("a loss has a square", "a day", LOSS, loss=(MEAN, MEAN.replace(", axis", "**2, axis"))),
    wrong("the mean is over the candidates", "which axis", LOSS, loss=("axis=1", "axis=0")),
    wrong("all candidates have one loss", "own loss", EACH_LOSS,
          loss=(MEAN, MEAN.replace(", axis=1", ", keepdims=True")[:-1] + ")[0]")),
    wrong("a loss is the distance to the mean", "cost", LOSS,
          loss=(MEAN, "abs(candidates - values.mean())")),
    wrong("the mean is always best", "to the left", BEST, best=("np.median", "np.mean")),
    wrong("the middle of a list is its middle value", "their order", BEST,
          best=("np.median(values)", "values[len(values) // 2]")),
    wrong("without the extremes a mean is best", "to the right", BEST,
          best=("np.median(values)", "np.mean(np.sort(values)[1:-1])")),
    wrong("a fine grid is exact", "odd number", BEST - EVEN,
          best=("np.median(values)",
                "(c := np.linspace(-5, 35, 1001))[absolute_loss(c, values).argmin()]")),
    wrong("a list of candidates is a promise", "should return numbers", BEST,
          best=("np.median(values)", "[[1], [2, 3]]")),
    wrong("importance makes no difference", "derivative", IMPORTANT,
          weighted=(WEIGHTED_MEAN, "np.mean(values)")),
    wrong("importances sum to the number", "need not sum", WEIGHTED,
          weighted=("/ np.sum(importance)", "/ len(values)")),
    wrong("importance counts squared, like the error", "derivative", IMPORTANT,
          weighted=(WEIGHTED_MEAN, "np.sum(importance**2 * values) / np.sum(importance**2)")),
    wrong("importance is an uncertainty", "count more", IMPORTANT,
          weighted=(WEIGHTED_MEAN, "np.sum(values / importance) / np.sum(1 / importance)")),
    wrong("the value itself belongs to the others", "others", OTHERS,
          loo=(LEFT_OUT, "np.full(values.size, values.mean())")),
    wrong("there are n others", "How many others", OTHERS,
          loo=("(values.size - 1)", "values.size")),
    wrong("the others are the neighbours", "all others", MEANS,
          loo=(LEFT_OUT, "(np.roll(values, 1) + np.roll(values, -1)) / 2")),
    wrong("a row for each key", "shape", SHARES | NO_ANSWER,
          groups=("query_groups[:, np.newaxis] == key_groups",
                  "key_groups[:, np.newaxis] == query_groups")),
    wrong("queries share a key", "A row for each query", SHARES | NO_ANSWER,
          groups=("same.sum(axis=1", "same.sum(axis=0")),
    wrong("nobody has an answer", "share equally", SHARES | NO_ANSWER,
          groups=(DIVIDE, "np.nan * same")),
    wrong("without keys the answer is 0", "No key", NO_ANSWER,
          groups=("np.full(same.shape, np.nan)", "np.zeros(same.shape)")),
    wrong("a weight says yes or no", "share equally", SHARES | NO_ANSWER,
          groups=(DIVIDE, "same * 1.0")),
    wrong("groups are numbered from 0", "any number as a name", NAMES,
          groups=(DIVIDE, "same / np.bincount(key_groups, minlength=6)[query_groups][:, None]")),
    wrong("half of the positions make half of the error", "what is half", SLIDER,
          slider=("1.0", "0.43")),
    wrong("a right choice by a wrong loss", "a day", LOSS,
          loss=(MEAN, MEAN.replace(", axis", "**2, axis")),
          best=("np.median(values)", BEST_OF_THEM)),
    wrong("a wrong choice by a loss that suits it", "to the left", LOSS | BEST,
          loss=(MEAN, "np.zeros(len(candidates))"), best=("np.median(values)", WORST_OF_THEM)),
]

UNUSUAL = [
    right("losses in two loops",
          loss=(MEAN, "[sum(abs(y - c) for y in values) / len(values) for c in candidates]")),
    right("losses from an outer difference",
          loss=(MEAN, "abs(np.subtract.outer(values, candidates)).sum(0) / values.size")),
    right("losses in single precision", loss=(MEAN, MEAN + ".astype('float32')")),
    right("the lower of two in the middle",
          best=("np.median(values)", "np.sort(values)[(len(values) - 1) // 2]")),
    right("the upper of two, in single precision",
          best=("np.median(values)", "np.sort(values).astype('f4')[len(values) // 2]")),
    right("`statistics.median`", extra="import statistics",
          best=("np.median(values)", "statistics.median(values.tolist())")),
    right("the value with the lowest loss", best=("np.median(values)", BEST_OF_THEM)),
    right("a partition, and a picture",
          best=("return np.median(values)",
                "m = len(values) // 2\n    plt.plot(m)\n    return np.partition(values, m)[m]")),
    right("`np.average`",
          weighted=(WEIGHTED_MEAN, "np.average(values.astype('f4'), weights=importance)")),
    right("normalized importance",
          weighted=(WEIGHTED_MEAN, "values @ (importance / importance.sum())")),
    right("means without the value",
          loo=(LEFT_OUT, "[float(np.delete(values, i).mean()) for i in range(len(values))]")),
    right("a matrix of weights",
          loo=(LEFT_OUT, "(1 - np.eye(len(values))) @ values / (len(values) - 1)")),
    right("the formula of the derivation",
          loo=(LEFT_OUT, "values + len(values) / (len(values) - 1) * (values.mean() - values)")),
    right("0 / 0 with a warning", groups=(DIVIDE, "same / size")),
    right("rows in a loop", groups="""
    def group_weights(query_groups, key_groups):
        rows = []
        for query in query_groups:
            n = sum(1 for key in key_groups if key == query)
            rows.append([(key == query) / n if n else float("nan") for key in key_groups])
        return rows
    """),
    right("an integer", slider="%precision 3\nhalf_error_w = lambda: 1"),
]
