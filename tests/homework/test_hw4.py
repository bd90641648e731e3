"""Homework 4: right answers keep all points, wrong ones lose those that they should."""

import numpy as np
import pytest

import nwlib
from nwlib import sliders

from .submissions import answered, changed, grade, lost

NAME = "hw4"


LOG_SUM_EXP = {
    "the_logarithm_has_the_right_values",
    "the_sum_runs_along_the_last_axis_of_any_shape",
    "the_logarithm_survives_scores_of_10000",
    "a_score_of_minus_infinity_adds_nothing",
}
SOFTMAX = {
    "all_allowed_gives_the_plain_softmax",
    "the_temperature_divides_the_scores",
    "the_allowed_keys_share_the_whole",
    "scores_of_10000_do_no_harm_seen_or_hidden",
    "a_query_that_sees_nothing_has_a_row_of_zeros",
}
LAPLACE = {"the_laplace_scores_have_the_right_values", "w_multiplies_the_distances"}
ATTENTION = {
    "the_weighted_means_are_right_for_one_component",
    "the_products_are_divided_by_the_square_root_of_d",
    "products_of_10000_do_no_harm",
}
DOT_SCORES = {
    "the_scores_give_the_weights_of_the_distance",
    "w_enters_as_its_square",
    "nothing_is_left_that_all_keys_share",
}
SLIDER = {"the_slider_stands_where_the_largest_weight_first_exceeds_015"}

# What is wrong: the answer, the piece of it that a student gets wrong, how, and the checks lost.
WRONG = [
    (
        "log_sum_exp",
        "np.log(np.exp(scores - shift).sum(axis=-1)) + shift[..., 0]",
        "np.log(np.exp(scores).sum(axis=-1))",
        {"the_logarithm_survives_scores_of_10000"},
    ),
    ("log_sum_exp", " + shift[..., 0]", "", LOG_SUM_EXP),
    ("log_sum_exp", "np.log(np.exp", "np.log10(np.exp", LOG_SUM_EXP),
    ("log_sum_exp", ".sum(axis=-1)", ".sum()", LOG_SUM_EXP),
    (
        "log_sum_exp",
        "np.where(np.isfinite(largest), largest, 0.0)",
        "largest",
        {"a_score_of_minus_infinity_adds_nothing"},
    ),
    (
        "log_sum_exp",
        "np.log(np.exp(scores - shift).sum(axis=-1)) + shift[..., 0]",
        "np.log(np.exp(scores - shift).sum(axis=1)) + shift[:, 0]",
        {"the_sum_runs_along_the_last_axis_of_any_shape"},
    ),
    (
        "log_sum_exp",
        "np.log(np.exp(scores - shift).sum(axis=-1)) + shift[..., 0]",
        "scores.max(axis=-1)",
        LOG_SUM_EXP,
    ),
    (
        "masked_softmax",
        "allowed, scores / temperature",
        "allowed, scores * temperature",
        {"the_temperature_divides_the_scores"},
    ),
    (
        "masked_softmax",
        "scores / temperature, -np.inf",
        "-np.inf, scores / temperature",
        SOFTMAX | ATTENTION,  # with everything allowed, it gives 0 throughout
    ),
    (
        "masked_softmax",
        "scores / temperature, -np.inf",
        "scores / temperature, 0",
        {
            "the_allowed_keys_share_the_whole",
            "scores_of_10000_do_no_harm_seen_or_hidden",
            "a_query_that_sees_nothing_has_a_row_of_zeros",
        },
    ),
    (
        "masked_softmax",
        "scores / temperature, -np.inf",
        "scores / temperature, -1e9",
        {"a_query_that_sees_nothing_has_a_row_of_zeros"},
    ),
    (
        "masked_softmax",
        "np.where(total > 0, total, 1.0)",
        "total",
        {"a_query_that_sees_nothing_has_a_row_of_zeros"},
    ),
    (
        "masked_softmax",
        "np.exp(scores - np.where(np.isfinite(largest), largest, 0.0))",
        "np.exp(scores)",
        # what is made of NaN is NaN, so the attention is lost, too
        {"scores_of_10000_do_no_harm_seen_or_hidden", "products_of_10000_do_no_harm"},
    ),
    (
        "masked_softmax",
        "weights.sum(axis=1, keepdims=True)",
        "weights.sum(axis=0, keepdims=True)",
        SOFTMAX,
    ),
    ("masked_softmax", "weights.sum(axis=1, keepdims=True)", "weights.sum()", SOFTMAX),
    ("laplace_scores", "-w *", "w *", LAPLACE),
    ("laplace_scores", "-w *", "-(w**2) *", {"w_multiplies_the_distances"}),
    ("laplace_scores", "-w *", "-", {"w_multiplies_the_distances"}),
    (
        "laplace_scores",
        "np.abs(queries[:, None, :] - keys)",
        "(queries[:, None] - keys)**2",
        LAPLACE,
    ),
    (
        "laplace_scores",
        "np.abs(queries[:, None, :] - keys).sum(axis=2)",
        "np.linalg.norm(queries[:, None, :] - keys, axis=2)",
        LAPLACE,
    ),
    ("laplace_scores", "queries[:, None, :] - keys", "keys[:, None, :] - queries", LAPLACE),
    ("laplace_scores", ".sum(axis=2)", ".mean(axis=2)", LAPLACE),
    (
        "dot_product_attention",
        " / np.sqrt(keys.shape[1])",
        "",
        {"the_products_are_divided_by_the_square_root_of_d"},
    ),
    (
        "dot_product_attention",
        "np.sqrt(keys.shape[1])",
        "keys.shape[1]",
        {"the_products_are_divided_by_the_square_root_of_d"},
    ),
    ("dot_product_attention", "keys.shape[1]", "keys.shape[0]", ATTENTION),
    (
        "dot_product_attention",
        "masked_softmax(scores, np.ones(scores.shape, dtype=bool))",
        "(np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True))",
        {"products_of_10000_do_no_harm"},
    ),
    (
        "dot_product_attention",
        "masked_softmax(scores, np.ones(scores.shape, dtype=bool))",
        "masked_softmax(scores.T, np.ones(scores.T.shape, dtype=bool)).T",
        ATTENTION,
    ),
    ("dot_product_attention", "dtype=bool)) @ values", "dtype=bool))", ATTENTION),
    ("dot_product_scores", ".sum(axis=1) / 2", ".sum(axis=1)", DOT_SCORES),
    ("dot_product_scores", "keys.T - (", "keys.T + (", DOT_SCORES),
    ("dot_product_scores", "w**2 *", "w *", {"w_enters_as_its_square"}),
    (
        "dot_product_scores",
        "w**2 * (queries @ keys.T - (keys**2).sum(axis=1) / 2)",
        "w**2 * queries @ keys.T - (keys**2).sum(axis=1) / 2",
        {"w_enters_as_its_square"},
    ),
    (
        "dot_product_scores",
        "w**2 * (queries @ keys.T - (keys**2).sum(axis=1) / 2)",
        "-(w**2) / 2 * ((queries[:, None] - keys) ** 2).sum(axis=2)",
        {"nothing_is_left_that_all_keys_share"},
    ),
    (
        "dot_product_scores",
        "(keys**2).sum(axis=1)",
        "(queries**2).sum(axis=1, keepdims=True)",
        DOT_SCORES,
    ),
    ("dot_product_scores", " - (keys**2).sum(axis=1) / 2", "", DOT_SCORES),
    ("slider", "6.0", "5.75", SLIDER),
    ("slider", "6.0", "6.25", SLIDER),
    ("slider", "6.0", "0.156", SLIDER),
    ("slider", "6.0", "'6.00'", SLIDER),
]


@pytest.mark.parametrize("cell, old, new, checks", WRONG)
def test_a_plausible_mistake_costs_its_own_checks(cell, old, new, checks, sandbox):
    assert lost(grade(NAME, changed(NAME, cell, old, new), sandbox)) == checks


def test_the_largest_score_must_be_sought_among_the_allowed_keys(sandbox):
    cells = answered(
        NAME,
        masked_softmax="""
        def masked_softmax(scores, allowed, temperature=1.0):
            scores = scores / temperature
            weights = allowed * np.exp(scores - scores.max(axis=1, keepdims=True))
            total = weights.sum(axis=1, keepdims=True)
            return np.divide(weights, total, out=np.zeros(weights.shape), where=total > 0)
        """,
    )
    assert lost(grade(NAME, cells, sandbox)) == {"scores_of_10000_do_no_harm_seen_or_hidden"}


def test_a_mask_after_the_softmax_leaves_rows_that_do_not_sum_to_1(sandbox):
    cells = answered(
        NAME,
        masked_softmax="""
        def masked_softmax(scores, allowed, temperature=1.0):
            scores = scores / temperature
            weights = np.exp(scores - scores.max(axis=1, keepdims=True))
            return weights / weights.sum(axis=1, keepdims=True) * allowed
        """,
    )
    assert lost(grade(NAME, cells, sandbox)) == {
        "the_allowed_keys_share_the_whole",
        "scores_of_10000_do_no_harm_seen_or_hidden",
    }


def test_attention_that_ignores_the_scores_is_not_saved_by_a_softmax_that_does(sandbox):
    cells = answered(
        NAME,
        masked_softmax="masked_softmax = lambda scores, allowed, t=1.0: np.zeros(scores.shape)",
        dot_product_attention="""
        def dot_product_attention(queries, keys, values):
            return np.zeros((len(queries), values.shape[1]))
        """,
    )
    assert lost(grade(NAME, cells, sandbox)) == SOFTMAX | ATTENTION


def test_attention_needs_no_softmax_of_ones_own(sandbox):
    cells = answered(
        NAME,
        masked_softmax="",
        dot_product_attention="""
        def dot_product_attention(queries, keys, values):
            scores = queries @ keys.T / np.sqrt(keys.shape[1])
            weights = np.exp(scores - scores.max(axis=1, keepdims=True))
            return weights @ values / weights.sum(axis=1, keepdims=True)
        """,
    )
    assert lost(grade(NAME, cells, sandbox)) == SOFTMAX


def test_loops_lists_and_single_precision_lose_nothing(sandbox):
    cells = answered(
        NAME,
        "import math\nimport warnings\n%matplotlib inline\n!ls",
        """
        def lse(row):
            largest = max(row)
            if largest == -math.inf:
                return largest
            print("a helper of my own, for", len(row))
            return largest + math.log(sum(math.exp(s - largest) for s in row))
        """,
        log_sum_exp="""
        def log_sum_exp(scores):
            warnings.warn("this will be slow")
            if scores.ndim == 1:
                return lse(scores)
            return [log_sum_exp(part) for part in scores]
        """,
        masked_softmax="""
        def masked_softmax(scores, allowed, temperature=1.0):
            rows = []
            for i in range(len(scores)):
                seen = [s / temperature for s, yes in zip(scores[i], allowed[i]) if yes]
                row = []
                for s, yes in zip(scores[i], allowed[i]):
                    row.append(math.exp(s / temperature - lse(seen)) if yes else 0)
                rows.append(row)
            plt.plot(rows)
            return np.array(rows, dtype="float32")
        """,
        laplace_scores="""
        def laplace_scores(queries, keys, w=1.0):
            table = np.zeros((len(queries), len(keys)), dtype=np.float32)
            for i in range(len(queries)):
                for j in range(len(keys)):
                    table[i, j] = -w * sum(abs(a - b) for a, b in zip(queries[i], keys[j]))
            return table
        """,
        dot_product_attention="""
        def dot_product_attention(q, k, v):
            means = []
            for query in q:
                s = [query.dot(key) / len(query) ** 0.5 for key in k]
                total = lse(s)
                means.append(sum(math.exp(a - total) * value for a, value in zip(s, v)))
            return means
        """,
        dot_product_scores="""
        def dot_product_scores(queries, keys, w=1.0):
            bias = [-0.5 * (w * np.linalg.norm(key)) ** 2 for key in keys]
            return [[w * w * (q @ k) + b for k, b in zip(keys, bias)] for q in queries]
        """,
        slider="slider_position = lambda: np.float32(6)",
    )
    assert lost(grade(NAME, cells, sandbox)) == set()


def test_a_shift_by_the_largest_of_the_whole_table_is_not_enough(sandbox):
    cells = answered(
        NAME,
        masked_softmax="""
        def masked_softmax(scores, allowed, temperature=1.0):
            scores = np.where(allowed, scores / temperature, -np.inf)
            weights = np.exp(scores - scores.max())
            total = weights.sum(axis=1, keepdims=True)
            return np.divide(weights, total, out=np.zeros(weights.shape), where=total > 0)
        """,
    )
    assert lost(grade(NAME, cells, sandbox)) == {"scores_of_10000_do_no_harm_seen_or_hidden"}


def test_the_slider_shows_what_the_question_asks_for():
    slider = sliders.query_slider(nwlib.make_dataset(np.random.default_rng(542)))
    (control,) = slider.controls
    assert control.positions == tuple(np.linspace(-2, 7, 37))
    for position, largest in [(5.75, "0.135"), (6.0, "0.156")]:
        text = slider.picture(control.positions.index(position))[1]
        assert f"its largest weight, {largest}, to the key at 4.90;" in text
