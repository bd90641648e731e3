"""Laws that hold for all data: hypothesis looks for the worst placement of points.

Laws about shifts and scales are tested on eighths and powers of two, with which floating-point
arithmetic is exact: there the two sides must agree to the last bit.
"""

import hypothesis.extra.numpy as hnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import nwlib as nw

EPS = np.finfo(float).eps
TINY = 5e-324
"""The smallest positive number: what an underflow may cost."""

anywhere = st.floats(-1e100, 1e100)
placements = st.sampled_from(
    [
        anywhere,
        st.floats(-5, 5),
        st.sampled_from([0.0, 1.0, 1.5, 1e3]),  # duplicates, ties and a gap
        st.integers(-9, 9).map(lambda k: k * TINY),
        st.builds(
            lambda centre, step: centre + step, st.sampled_from([0, 1, 1e6]), st.floats(0, 1e-9)
        ),
    ]
)
scales = st.sampled_from([0, 1e-200, 1e-100, 1, 1e6]) | st.floats(-1e6, 1e6)
eighths = st.integers(-200, 200).map(lambda k: k / 8)
shifts = st.integers(-(2**40), 2**40).map(lambda k: k / 8)


def vectors(elements, least=1, most=12):
    return st.lists(elements, min_size=least, max_size=most).map(np.array)


def pairs(keys, least=1, values=anywhere):
    """Return keys of that kind, with as many values."""
    return vectors(keys, least).flatmap(
        lambda keys: st.tuples(st.just(keys), hnp.arrays(float, keys.size, elements=values))
    )


queries = placements.flatmap(vectors)
problems = placements.flatmap(pairs)
learning_problems = placements.flatmap(lambda keys: pairs(keys, least=2))
exact_problems = pairs(eighths, least=2, values=eighths)


def rounding(values):
    """Return how far two computations of a weighted mean of the values may differ.

    Each takes two sums of n terms, that of the weights and that of the products; such a sum is
    off by n eps / 2 at most, and a division, an exponential and a product add less than 4 eps.
    """
    n = values.size
    return (2 * n + 8) * (EPS * np.abs(values).max() + TINY)


def assert_close(actual, expected, atol):
    np.testing.assert_allclose(actual, expected, rtol=0, atol=atol)


# Limits


@given(queries, problems)
def test_at_scale_0_every_query_gets_the_average(queries, problem):
    keys, values = problem
    expected = nw.average_pooling(values, queries.size)
    assert_close(nw.nadaraya_watson(queries, keys, values, 0), expected, rounding(values))


@given(vectors(eighths), pairs(eighths, values=eighths))
def test_at_a_huge_scale_every_query_gets_the_nearest_values(queries, problem):
    keys, values = problem
    distances = np.abs(queries[:, np.newaxis] - keys)
    nearest = distances == distances.min(axis=1, keepdims=True)
    expected = [values[row].mean() for row in nearest]
    # Squared distances differ by 1/64 or more: e^(-1e12/128) is 0.
    assert_close(nw.nadaraya_watson(queries, keys, values, 1e6), expected, rounding(values))


# Weights are shares


@given(queries, problems, scales)
def test_attention_weights_are_shares_of_1(queries, problem, w):
    keys, _ = problem
    weights = nw.attention_weights(queries, keys, w)
    assert weights.shape == (queries.size, keys.size)
    assert (weights >= 0).all()
    assert_close(weights.sum(axis=1), 1, rounding(np.ones(keys.size)))


@given(learning_problems, scales)
def test_leave_one_out_weights_are_shares_of_1_without_oneself(problem, w):
    keys, _ = problem
    weights = nw.leave_one_out_weights(keys, w)
    assert (weights >= 0).all()
    assert (weights.diagonal() == 0).all()
    assert_close(weights.sum(axis=1), 1, rounding(np.ones(keys.size)))


@given(queries, problems, scales, st.sampled_from([nw.boxcar, nw.triangular, nw.gaussian]))
def test_kernel_weights_are_shares_of_1_or_nan(queries, problem, w, kernel):
    keys, _ = problem
    weights = nw.kernel_weights(queries, keys, kernel, w)
    reached = ~np.isnan(weights).all(axis=1)
    assert (weights[reached] >= 0).all()
    assert_close(weights[reached].sum(axis=1), 1, rounding(np.ones(keys.size)))


@given(queries, problems, scales)
def test_predictions_lie_between_the_smallest_and_the_largest_value(queries, problem, w):
    keys, values = problem
    predictions = nw.nadaraya_watson(queries, keys, values, w)
    assert (predictions >= values.min() - rounding(values)).all()
    assert (predictions <= values.max() + rounding(values)).all()


@given(vectors(st.floats(-5, 5)), vectors(st.floats(-5, 5)), st.floats(-8, 8))
def test_the_ratio_of_gaussians_is_the_softmax_until_it_underflows(queries, keys, w):
    to_nearest = np.abs(queries[:, np.newaxis] - keys).min(axis=1)
    clear = to_nearest * abs(w) < 37
    ratio = nw.kernel_weights(queries, keys, nw.gaussian, w)[clear]
    expected = nw.attention_weights(queries, keys, w)[clear]
    # A weight above 1e-25 has |u| < 39: the plain scores stay below 39^2 / 2, the terms of the
    # relative ones below 8 times that, and each is off by 4 eps at most. Smaller weights lose
    # digits to underflow: less than 5e-324 / e^(-37^2 / 2) = 2e-26.
    np.testing.assert_allclose(ratio, expected, rtol=9 * 4 * EPS * 39**2 / 2, atol=1e-25)


# Symmetry and invariance


@given(queries, problems, scales)
def test_the_sign_of_the_scale_carries_no_meaning(queries, problem, w):
    keys, values = problem
    np.testing.assert_array_equal(
        nw.nadaraya_watson(queries, keys, values, -w), nw.nadaraya_watson(queries, keys, values, w)
    )


@given(learning_problems, scales)
def test_the_loss_is_even_and_its_gradient_is_odd(problem, w):
    assert nw.loss(-w, *problem) == nw.loss(w, *problem)
    assert nw.gradient(-w, *problem) == -nw.gradient(w, *problem)


@given(vectors(eighths), exact_problems, st.floats(-9, 9), shifts)
def test_shifting_queries_and_keys_together_changes_nothing(queries, problem, w, shift):
    keys, values = problem
    np.testing.assert_array_equal(
        nw.nadaraya_watson(queries + shift, keys + shift, values, w),
        nw.nadaraya_watson(queries, keys, values, w),
    )
    assert nw.loss(w, keys + shift, values) == nw.loss(w, keys, values)
    assert nw.gradient(w, keys + shift, values) == nw.gradient(w, keys, values)


@given(vectors(eighths), exact_problems, st.floats(0.01, 9), st.integers(-16, 300))
def test_stretching_x_and_shrinking_the_scale_changes_nothing(queries, problem, w, power):
    keys, values = problem
    s = 2.0**power
    np.testing.assert_array_equal(
        nw.nadaraya_watson(queries * s, keys * s, values, w / s),
        nw.nadaraya_watson(queries, keys, values, w),
    )
    assert nw.loss(w / s, keys * s, values) == nw.loss(w, keys, values)
    # Terms that underflow are off by 5e-324, then multiplied by squared distances and residuals.
    expected = nw.gradient(w, keys, values) * s
    assert abs(nw.gradient(w / s, keys * s, values) - expected) <= 1e-300 * s


@given(vectors(eighths), exact_problems, st.floats(-9, 9))
def test_a_mirror_changes_nothing(queries, problem, w):
    keys, values = problem
    np.testing.assert_array_equal(
        nw.nadaraya_watson(-queries, -keys, values, w), nw.nadaraya_watson(queries, keys, values, w)
    )
    assert nw.loss(w, -keys, values) == nw.loss(w, keys, values)


@given(vectors(eighths), exact_problems, scales, st.integers(-9, 9), eighths)
def test_an_affine_change_of_the_values_passes_through(queries, problem, w, factor, offset):
    keys, values = problem
    changed = factor * values + offset
    expected = factor * nw.nadaraya_watson(queries, keys, values, w) + offset
    atol = rounding(changed) + (abs(factor) + 1) * rounding(values) + 2 * EPS * abs(offset)
    assert_close(nw.nadaraya_watson(queries, keys, changed, w), expected, atol)


@given(queries, problems, scales, st.randoms(use_true_random=False))
def test_the_order_of_the_pairs_does_not_matter(queries, problem, w, random):
    keys, values = problem
    order = random.sample(range(keys.size), keys.size)
    shuffled = nw.nadaraya_watson(queries, keys[order], values[order], w)
    assert_close(shuffled, nw.nadaraya_watson(queries, keys, values, w), rounding(values))


@given(queries, problems, scales)
def test_each_query_is_answered_by_itself(queries, problem, w):
    keys, values = problem
    together = nw.nadaraya_watson(queries, keys, values, w)
    alone = [nw.nadaraya_watson([query], keys, values, w)[0] for query in queries]
    assert_close(together, alone, rounding(values))


@given(hnp.arrays(float, (2, 5), elements=st.integers(-700, 700)), st.integers(-(2**50), 2**50))
def test_adding_a_constant_to_scores_does_not_change_their_softmax(scores, shift):
    np.testing.assert_array_equal(nw.softmax(scores + shift), nw.softmax(scores))


@given(hnp.arrays(float, (3, 4), elements=st.floats(-1e300, 1e300) | st.just(-np.inf)))
def test_a_larger_score_never_has_a_smaller_share(scores):
    scores[:, 0] = 0.0
    shares = nw.softmax(scores)
    assert_close(shares.sum(axis=1), 1, rounding(np.ones(4)))
    ranked = np.take_along_axis(shares, scores.argsort(axis=1), axis=1)
    assert (np.diff(ranked) >= 0).all()


# Learning


@given(learning_problems, scales)
def test_leaving_one_out_is_predicting_it_from_the_others(problem, w):
    keys, values = problem
    deleted = [
        nw.nadaraya_watson([key], np.delete(keys, i), np.delete(values, i), w)[0]
        for i, key in enumerate(keys)
    ]
    left_out = nw.attention_pooling(nw.leave_one_out_weights(keys, w), values)
    assert_close(left_out, deleted, rounding(values))


@given(learning_problems, scales)
def test_loss_and_gradient_are_finite(problem, w):
    assert np.isfinite(nw.loss(w, *problem))
    assert np.isfinite(nw.gradient(w, *problem))


@given(learning_problems)
def test_at_scale_0_nothing_pulls(problem):
    assert nw.gradient(0, *problem) == 0


@given(learning_problems)
def test_the_fitted_scale_is_in_range_and_no_worse_than_the_average(problem):
    keys, values = problem
    w = nw.fit_w(keys, values)
    assert 0 <= w <= 1e6
    fitted, average = np.sqrt([nw.loss(w, keys, values), nw.loss(0, keys, values)])
    # Rounding moves a root mean square by no more than the errors it is the mean of.
    assert fitted <= average + 2 * rounding(values)
