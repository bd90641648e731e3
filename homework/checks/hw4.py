"""Checks of homework 4: log-sum-exp, masked softmax, Laplace scores, dot products.

The softmax may build on log-sum-exp and attention on the softmax, so they are asked for with right
ones, too. Scores of 10,000 come in steps that single precision holds exactly, and are compared by
what is left of the logarithm beside them: to 0.01, where rounding takes 0.001.
"""

import numpy as np

from nwgrade.checks import check
from nwlib import attention_weights, make_dataset

SLIDER = np.linspace(-2, 7, 37)  # the positions of nwlib.sliders.query_slider


def log_sum_exp(scores):
    return np.logaddexp.reduce(scores, axis=-1)


def masked_softmax(scores, allowed, temperature=1.0):
    scores = np.where(allowed, scores / temperature, -np.inf)
    rows = [np.exp(row - max(row.max(), -1e300)) for row in scores]  # -inf less -inf is NaN
    return np.array([row / max(row.sum(), 1.0) for row in rows])


def everything(scores):
    """Return the mask that allows everything."""
    return np.ones(scores.shape, dtype=bool)


def steps(rng, shape):
    """Return random numbers from -2 to 2 in steps of 1/64."""
    return rng.integers(-128, 129, shape) / 64


def a_mask(rng, shape):
    """Return True and False at random, both of them in each row."""
    mask = rng.random(shape) < 0.6
    mask[:, :2] = True, False
    return rng.permuted(mask, axis=1)


# ---- log_sum_exp ----


@check("log_sum_exp-test", points=3)
def the_logarithm_has_the_right_values(student, rng):
    scores = rng.normal(size=(4, 6))
    hint = "Is it the natural logarithm, and of the whole sum?"
    student.expect("log_sum_exp", scores, equals=log_sum_exp(scores), hint=hint)


@check("log_sum_exp-test", points=3)
def the_sum_runs_along_the_last_axis_of_any_shape(student, rng):
    for shape in [(5,), (2, 3, 4)]:
        scores = rng.normal(size=shape)
        student.expect("log_sum_exp", scores, equals=log_sum_exp(scores))


@check("log_sum_exp-test", points=4)
def the_logarithm_survives_scores_of_10000(student, rng):
    scores = np.repeat([[10_000], [-10_000], [0]], 5, axis=1)
    scores[2, :2] = 10_000, -10_000
    scores = rng.permuted(scores, axis=1) + steps(rng, scores.shape)
    expected, close = log_sum_exp(scores), {"rtol": 0, "atol": 0.01}
    hint = "Which number can you take out of the exponential before it overflows?"
    student.expect("log_sum_exp", scores, equals=expected, hint=hint, **close)


@check("log_sum_exp-test", points=2)
def a_score_of_minus_infinity_adds_nothing(student, rng):
    scores = rng.normal(size=(5, 6))
    scores[a_mask(rng, scores.shape)] = -np.inf
    scores[1] = -np.inf
    hint = "Which sum has a row of nothing but -inf?"
    student.expect("log_sum_exp", scores, equals=log_sum_exp(scores), hint=hint)


# ---- masked_softmax ----


@check("masked_softmax-test", points=3)
def all_allowed_gives_the_plain_softmax(student, rng):
    scores = rng.normal(size=(4, 6))
    hint = "Each row is divided by its own sum."
    expect_softmax(student, hint, scores, everything(scores))


@check("masked_softmax-test", points=3)
def the_temperature_divides_the_scores(student, rng):
    scores = rng.normal(size=(3, 5))
    for temperature in (rng.uniform(0.2, 0.5), rng.uniform(3, 5)):
        expect_softmax(student, "", scores, everything(scores), temperature)


@check("masked_softmax-test", points=4)
def the_allowed_keys_share_the_whole(student, rng):
    scores = rng.normal(size=(5, 7))
    hint = "What is the exponential of a key that is not seen, and who divides the whole?"
    expect_softmax(student, hint, scores, a_mask(rng, scores.shape))


@check("masked_softmax-test", points=4)
def scores_of_10000_do_no_harm_seen_or_hidden(student, rng):
    hint = "Over which scores do you take the largest, and when do you subtract it?"
    allowed = a_mask(rng, (5, 6))
    seen, hidden = [[10_000], [-10_000], [0], [0], [0]], [[0], [0], [10_000], [-10_000], [0]]
    scores = steps(rng, allowed.shape) + np.where(allowed, seen, hidden)
    scores[4] += rng.permutation([10_000, 10_000, 10_000, 0, -10_000, -10_000])
    expect_softmax(student, hint, scores, allowed)


@check("masked_softmax-test", points=2)
def a_query_that_sees_nothing_has_a_row_of_zeros(student, rng):
    scores = rng.normal(size=(4, 4))
    allowed = everything(scores)
    allowed[1] = False
    scores[3], allowed[3, :2] = -np.inf, False
    hint = "In row 1 nothing is allowed, in row 3 all that is allowed is -inf."
    expect_softmax(student, hint, scores, allowed)


def expect_softmax(student, hint, *args):
    expected = masked_softmax(*args)
    student.expect("masked_softmax", *args, equals=expected, given=[log_sum_exp], hint=hint)


# ---- laplace_scores ----


@check("laplace_scores-test", points=5)
def the_laplace_scores_have_the_right_values(student, rng):
    queries, keys = rng.normal(size=(4, 3)), rng.normal(size=(6, 3))
    hint = "Near keys have the highest scores. What goes away is the axis of the components."
    expected = -l1_distances(queries, keys)
    student.expect("laplace_scores", queries, keys, equals=expected, hint=hint)


@check("laplace_scores-test", points=3)
def w_multiplies_the_distances(student, rng):
    queries, keys, w = rng.normal(size=(3, 2)), rng.normal(size=(4, 2)), rng.uniform(2, 5)
    student.expect("laplace_scores", queries, keys, w, equals=-w * l1_distances(queries, keys))


def l1_distances(queries, keys):
    """Return the sums of absolute differences, shape (q, n)."""
    return sum(np.abs(np.subtract.outer(q, k)) for q, k in zip(queries.T, keys.T, strict=True))


# ---- The slider ----


@check("slider-test", points=6)
def the_slider_stands_where_the_largest_weight_first_exceeds_015(student, rng):
    data = make_dataset(np.random.default_rng(542))
    largest = attention_weights(SLIDER, data.x_train).max(axis=1)
    first = SLIDER[(data.x_train.max() < SLIDER) & (largest > 0.15)][0]
    half_a_step = (SLIDER[1] - SLIDER[0]) / 2
    hint = "Read the sentence below the figure again."
    student.expect(
        "slider_position", equals=first, rtol=0, atol=half_a_step, hint=hint, secret=True
    )


# ---- dot_product_attention ----


@check("dot_product_attention-test", points=4)
def the_weighted_means_are_right_for_one_component(student, rng):
    queries, keys, values = (rng.normal(size=shape) for shape in [(3, 1), (5, 1), (5, 2)])
    expect_attention(student, queries, keys, values)


@check("dot_product_attention-test", points=5)
def the_products_are_divided_by_the_square_root_of_d(student, rng):
    d = int(rng.integers(5, 12))
    queries, keys, values = (rng.normal(size=shape) for shape in [(3, d), (4, d), (4, 2)])
    expect_attention(student, queries, keys, values)


@check("dot_product_attention-test", points=3)
def products_of_10000_do_no_harm(student, rng):
    queries = np.array([[10_240.0], [-10_240.0]])
    keys = 1 + rng.integers(0, 5, (4, 1)) / 16_384  # so close that all of them keep some weight
    expect_attention(student, queries, keys, rng.normal(size=(4, 3)))


def expect_attention(student, queries, keys, values):
    scores = queries @ keys.T / np.sqrt(keys.shape[1])
    expected = masked_softmax(scores, everything(scores)) @ values
    hint = "What are the products divided by, and along which axis do the weights sum to 1?"
    student.expect(
        *("dot_product_attention", queries, keys, values),
        equals=expected,
        given=[log_sum_exp, masked_softmax],
        hint=hint,
    )


# ---- dot_product_scores ----


@check("dot_product_scores-test", points=6)
def the_scores_give_the_weights_of_the_distance(student, rng):
    expect_same_weights(student, rng, w=1.0)


@check("dot_product_scores-test", points=3)
def w_enters_as_its_square(student, rng):
    expect_same_weights(student, rng, w=rng.uniform(1.5, 2.5))


@check("dot_product_scores-test", points=3)
def nothing_is_left_that_all_keys_share(student, rng):
    queries, keys = rng.normal(size=(3, 4)), rng.normal(size=(5, 4))
    expected = queries @ keys.T - (keys**2).sum(axis=1) / 2
    hint = "Which part of the square is the same for all keys of a row?"
    student.expect("dot_product_scores", queries, keys, equals=expected, hint=hint)


def expect_same_weights(student, rng, w):
    """Fail unless the scores are those of the Gaussian, but for a constant of each row."""
    queries, keys = rng.normal(size=(3, 4)), rng.normal(size=(5, 4))
    differences = queries[:, np.newaxis] - keys
    expected = -(w**2) / 2 * (differences**2).sum(axis=2)
    hint = "Seen here is each row less its first score: the product, and the offset of the key."
    student.expect(
        *("dot_product_scores", queries, keys, w),
        equals=less_first(expected),
        see=less_first,
        hint=hint,
    )


def less_first(scores):
    """Return a table's rows less their first entries; anything else as it is."""
    is_table = isinstance(scores, np.ndarray) and scores.ndim == 2 and scores.size > 0
    if not is_table or scores.dtype.kind not in "iuf":
        return scores
    with np.errstate(all="ignore"):  # what a submission returns may be infinite
        return scores - scores[:, :1]


RUBRIC = {
    "figure": [
        ("both curves are drawn, with the right values inside the keys and on both sides", 4),
        ("the keys are shown", 1),
        ("the axes are labelled; the curves can be told apart without colour", 3),
        ("the title is a sentence that says what is to be seen", 2),
    ],
    "proof": [
        ("1: |x - x_i| = x - x_i, because x is to the right of every key", 2),
        ("1: the factor e^(-wx) is in every term and cancels", 3),
        ("2: the ratio is exp(w^2 (x_i - x_j)(x - (x_i + x_j)/2)), or an equal form", 3),
        ("2: it grows without bound as x grows, so the nearer key wins", 1),
        ("3: Laplace keeps a fixed mean of all values", 2),
        ("3: the Gaussian approaches the value of the rightmost key", 1),
    ],
    "explanation": [
        ("1: long keys gain and short keys lose", 2),
        ("1: it matters for long keys with a positive product; a negative one has no weight", 2),
        ("2: add the offset, which gives the old weights exactly", 2),
        ("2: or give all keys the same length, which gives those of other keys", 2),
        ("3: the weights become sharper", 2),
        ("3: a temperature of 0.1", 2),
    ],
}
