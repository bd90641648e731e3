"""Kernels of chapter 3: how much a key at distance u (in bandwidths) counts.

Each is symmetric, largest at 0, nonnegative, and has area 1. Distances may be as large as 1e100.
"""

import numpy as np

from nwlib import _validate


def gaussian(u):
    """Return the Gaussian kernel, positive everywhere, until it underflows beyond 38.6 bandwidths.

    Formula (3.2): ``K(u) = e^(-u^2 / 2) / sqrt(2 pi)``.

    Args:
        u: Any shape, distance between query and key in bandwidths (no unit).

    Returns:
        Array of the shape of u.

    Source: chapters 3 and 4; Nadaraya (1964), Watson (1964). Limits: `nwlib`.

    >>> gaussian([0.0, 1.0])
    array([0.39894228, 0.24197072])
    """
    u = _validate.distances("u", u)
    return np.exp(-(u**2) / 2) / np.sqrt(2 * np.pi)


def boxcar(u):
    """Return the boxcar kernel: every key within one bandwidth counts alike.

    Formula: ``K(u) = 1/2 if |u| <= 1, else 0``.

    Args:
        u: Any shape, distance between query and key in bandwidths (no unit).

    Returns:
        Array of the shape of u.

    Source: chapter 3; Wand and Jones (1995), section 2.7. Limits: `nwlib`.

    >>> boxcar([0.0, 1.0, 1.5])
    array([0.5, 0.5, 0. ])
    """
    u = _validate.distances("u", u)
    return np.where(abs(u) <= 1, 0.5, 0.0)


def triangular(u):
    """Return the triangular kernel, falling linearly to 0 at one bandwidth.

    Formula: ``K(u) = max(0, 1 - |u|)``.

    Args:
        u: Any shape, distance between query and key in bandwidths (no unit).

    Returns:
        Array of the shape of u.

    Source: chapter 3; Wand and Jones (1995), section 2.7. Limits: `nwlib`.

    >>> triangular([0.0, 0.5, 1.5])
    array([1. , 0.5, 0. ])
    """
    u = _validate.distances("u", u)
    return np.maximum(0.0, 1 - abs(u))


def epanechnikov(u):
    """Return the Epanechnikov kernel, a parabola cut off at one bandwidth.

    Formula: ``K(u) = (3/4) max(0, 1 - u^2)``.

    Args:
        u: Any shape, distance between query and key in bandwidths (no unit).

    Returns:
        Array of the shape of u.

    Source: chapter 3; Epanechnikov (1969). Limits: `nwlib`.

    >>> epanechnikov([0.0, 0.5, 1.5])
    array([0.75  , 0.5625, 0.    ])
    """
    u = _validate.distances("u", u)
    return 0.75 * np.maximum(0.0, 1 - u**2)


KERNELS = {
    "Gaussian": gaussian,
    "boxcar": boxcar,
    "triangular": triangular,
    "Epanechnikov": epanechnikov,
}
"""The kernels by the names that the book gives them."""
