"""Agreement with implementations that share nothing with nwlib: statsmodels and mpmath."""

import mpmath as mp
import numpy as np
import pytest
from statsmodels.nonparametric.kernel_regression import KernelReg

import nwlib as nw

EPS = np.finfo(float).eps
mp.mp.dps = 80
"""Digits of the references. The largest scores are of size 1e40 and leave 40 for the rest."""


def course_data():
    return nw.make_dataset(np.random.default_rng(0))


def plain_error(values):
    """Return how far off plain double precision is, far from underflow, in units of y.

    A score that matters is above -37 = log eps, and off by 4 eps of its size; then come two
    sums of n terms.
    """
    return (4 * 37 + 2 * len(values)) * EPS * np.abs(values).max()


# statsmodels


def statsmodels_regression(x, y, w):
    rng = np.random.default_rng(0)  # not used, but without it there is a warning
    return KernelReg(y, x, var_type="c", reg_type="lc", bw=[1 / w], rng=rng)


@pytest.mark.parametrize("w", [0.25, 3.19, 16.5])
def test_predictions_agree_with_statsmodels(w):
    x, y, queries, _ = course_data()
    theirs, _ = statsmodels_regression(x, y, w).fit(queries)
    ours = nw.nadaraya_watson(queries, x, y, w)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=2 * plain_error(y))


@pytest.mark.parametrize("w", [0.25, 3.19, 16.5])
def test_the_loss_agrees_with_statsmodels(w):
    x, y = course_data()[:2]
    model = statsmodels_regression(x, y, w)
    theirs = model.cv_loo(np.array([1 / w]), model.est["lc"])
    # The square of a residual r moves by 2 r times what r moves; the mean |r| is below the
    # square root of the mean square.
    bound = 2 * np.sqrt(theirs) * 2 * plain_error(y)
    assert abs(nw.loss(w, x, y) - theirs) <= bound


# mpmath


def reference(query, keys, values, w):
    """Return the exact prediction, and how far off a careful computation may be.

    Rounding moves (x_i - c) ((x_i - x) + (c - x)) w^2 / 2 by 4 eps of the sum of its terms'
    sizes at most, where c is the nearest key: a query that is nearly as near to another one is
    that sensitive. To first order, the prediction f moves by sum alpha_i |y_i - f| times that.
    """
    query, w = mp.mpf(query), mp.mpf(w)
    keys, values = [mp.mpf(x) for x in keys], [mp.mpf(y) for y in values]
    c = min(keys, key=lambda x: abs(x - query))
    scores = [((c - query) ** 2 - (x - query) ** 2) * w**2 / 2 for x in keys]
    total = mp.fsum(map(mp.exp, scores))
    shares = [mp.exp(score) / total for score in scores]
    f = mp.fdot(shares, values)
    errors = [4 * EPS * w**2 / 2 * abs(x - c) * (abs(x - c) + 2 * abs(c - query)) for x in keys]
    moved = mp.fsum(a * e * abs(y - f) for a, e, y in zip(shares, errors, values, strict=True))
    return float(f), float(moved + (len(keys) + 4) * EPS * max(map(abs, values)))


UNIT = np.random.default_rng(5).uniform(0, 1, 12)
VALUES = np.random.default_rng(6).normal(0, 1, 12)
HALVES = 100.0 * (np.arange(12) % 2)
"""Puts every other key on the far side of a gap."""

PLACES = {
    "near": (UNIT, [0.1, 0.52, 0.9]),
    "far": (UNIT, [-3, 40, 1e3, 1e8, -1e14]),
    "offset": (1e6 + UNIT, [1e6 - 1, 1e6 + 0.3, 1e6 + 50]),
    "big offset": (1e13 + 8 * UNIT, [1e13 - 100, 1e13 + 4, 1e13 + 1e6]),
    "gap": (UNIT + HALVES, [30, 50.3, 50.8, 70]),
    "close together": (1e-9 * UNIT, [0, 5e-10, 1]),
}


@pytest.mark.parametrize("w", [0.01, 1, 30, 1e4, 1e6])
@pytest.mark.parametrize("place", PLACES)
def test_predictions_are_accurate_wherever_keys_and_queries_lie(place, w):
    keys, queries = PLACES[place]
    expected, bounds = zip(*(reference(query, keys, VALUES, w) for query in queries), strict=True)
    errors = np.abs(nw.nadaraya_watson(queries, keys, VALUES, w) - expected)
    assert (errors <= bounds).all()
    assert max(bounds) < 1e-7  # the bounds say something


def test_halfway_across_a_gap_the_last_bit_of_a_query_decides():
    keys, values, w = [0.0, 100.0], [0.0, 1.0], 1e6
    queries = 50 + np.array([-1, 0, 1]) * np.spacing(50)
    # The squared distances differ by 200 x 7e-15, which w^2 / 2 makes a score of 0.71.
    expected = [reference(query, keys, values, w)[0] for query in queries]
    np.testing.assert_allclose(nw.nadaraya_watson(queries, keys, values, w), expected, rtol=8 * EPS)


def exact_loss(w, keys, values):
    """Return the leave-one-out loss, each point really left out."""
    residuals = []
    for i, (key, value) in enumerate(zip(keys, values, strict=True)):
        other_keys, other_values = np.delete(keys, i), np.delete(values, i)
        kernel = [mp.exp(-(((mp.mpf(x) - mp.mpf(key)) * w) ** 2) / 2) for x in other_keys]
        residuals.append(mp.fdot(kernel, map(mp.mpf, other_values)) / mp.fsum(kernel) - value)
    return mp.fsum(residuals, squared=True) / len(residuals)


@pytest.mark.parametrize(
    ("keys", "w"),
    [(UNIT, 0.01), (UNIT, 1.0), (UNIT, 7.0), (UNIT, -30.0), (np.append(UNIT[1:], 1e9), 3e-5)],
)
def test_loss_and_gradient_agree_with_mpmath(keys, w):
    largest, error = np.abs(VALUES).max(), plain_error(VALUES)
    expected = float(exact_loss(mp.mpf(w), keys, VALUES))
    assert abs(nw.loss(w, keys, VALUES) - expected) <= 2 * 2 * largest * error
    # dL/dw is the mean of 2 r p. Residuals r are below 2 max |y| and off by the error; p, the
    # weighted mean of (y - f) w e, is below 2 max |y| s and off by three errors times s, where e
    # is a squared distance less the nearest one's, at most 2 range for keys in a unit interval,
    # and s bounds w e: for weights that matter, w^2 e / 2 < 37.
    s = min(abs(w) * 2 * np.ptp(keys), 2 * 37 / abs(w))
    slope = float(mp.diff(lambda w: exact_loss(w, keys, VALUES), mp.mpf(w)))
    bound = 2 * (2 * largest * 3 * error * s + error * 2 * largest * s)
    assert abs(nw.gradient(w, keys, VALUES) - slope) <= bound


def test_softmax_agrees_with_mpmath():
    scores = np.linspace(-590, 90, 24)
    total = mp.fsum(mp.exp(mp.mpf(s)) for s in scores)
    expected = [float(mp.exp(mp.mpf(s)) / total) for s in scores]
    # The largest score is subtracted with half an eps of up to 690; then a sum and a quotient.
    np.testing.assert_allclose(nw.softmax(scores), expected, rtol=(690 / 2 + 28) * EPS)


def test_softmax_gives_0_where_a_share_would_be_next_to_subnormal():
    # e^-689.5 is 1.6e-300, and e^-680 is 5e-296.
    np.testing.assert_array_equal(nw.softmax([0, -689.5, -1000]), [1, 0, 0])
    assert nw.softmax([0, -680])[1] == pytest.approx(float(mp.exp(-680)), rel=700 * EPS)
