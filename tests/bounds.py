"""How far off a computation may be: derived, and shared by all tests."""

import numpy as np

EPS = np.finfo(float).eps
TINY = 5e-324
"""The smallest positive number: what an underflow may cost."""

DIGITS = 1e-6
"""How well a scale is found, relatively: a loss that rounds by n eps looks flat within
sqrt(2 n eps / k), where k = w^2 L'' / L is 0.4 or more: 2.4e-7 for 50 points."""


SEARCHED = 2e-4
"""How well the search of chapter 5 finds a scale, relatively: by the spacing of its last grid."""


def rounding(values):
    """Return how far two computations of a weighted mean of the values may differ.

    Each takes two sums of n terms, that of the weights and that of the products; such a sum is
    off by n eps / 2 at most, and a division, an exponential and a product add less than 4 eps.
    """
    n = values.size
    return (2 * n + 8) * (EPS * np.abs(values).max() + TINY)


def of_a_share(distances, w):
    """Return how far off, relatively, the share of a key may be that is so far from its query.

    That is the law of the plain form. A score -(d w)^2 / 2 comes from a difference, two products
    and a square: five times it is off by half an eps, and again when the largest one is taken from
    it, which has an error of the same size.
    """
    return 5.5 * EPS * (distances * w) ** 2 / 2 + 4 * EPS


def assert_close(actual, expected, atol):
    np.testing.assert_allclose(actual, expected, rtol=0, atol=atol)
