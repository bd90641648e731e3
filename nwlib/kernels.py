"""Kernels of chapter 3: how much a key at distance u (in bandwidths) counts.

Each is symmetric, largest at 0, nonnegative, and has area 1.
"""

import numpy as np

from nwlib import _validate


def gaussian(u):
    """Return the Gaussian kernel, positive everywhere, until it underflows beyond 38.6 bandwidths.

    Formula: ``K(u) = exp(-u^2 / 2) / sqrt(2 pi)``.

    Parameters
    ----------
    u
        Any shape, distance between query and key in bandwidths (no unit).

    Returns
    -------
    Array of the shape of u.

    Raises
    ------
    ValueError
        If u is empty or not finite.
    TypeError
        If u does not hold real numbers.

    References
    ----------
    Chapters 3 and 4; Nadaraya (1964), Watson (1964).

    Examples
    --------
    >>> gaussian([0.0, 1.0])
    array([0.39894228, 0.24197072])
    """
    return np.exp(-_square(u) / 2) / np.sqrt(2 * np.pi)


def boxcar(u):
    """Return the boxcar kernel: every key within one bandwidth counts alike.

    Formula: ``K(u) = 1/2 if |u| <= 1, else 0``.

    Parameters
    ----------
    u
        Any shape, distance between query and key in bandwidths (no unit).

    Returns
    -------
    Array of the shape of u.

    Raises
    ------
    ValueError
        If u is empty or not finite.
    TypeError
        If u does not hold real numbers.

    References
    ----------
    Chapter 3; Wand and Jones (1995), section 2.7.

    Examples
    --------
    >>> boxcar([0.0, 1.0, 1.5])
    array([0.5, 0.5, 0. ])
    """
    return np.where(_size(u) <= 1, 0.5, 0.0)


def triangular(u):
    """Return the triangular kernel, falling linearly to 0 at one bandwidth.

    Formula: ``K(u) = max(0, 1 - |u|)``.

    Parameters
    ----------
    u
        Any shape, distance between query and key in bandwidths (no unit).

    Returns
    -------
    Array of the shape of u.

    Raises
    ------
    ValueError
        If u is empty or not finite.
    TypeError
        If u does not hold real numbers.

    References
    ----------
    Chapter 3; Wand and Jones (1995), section 2.7.

    Examples
    --------
    >>> triangular([0.0, 0.5, 1.5])
    array([1. , 0.5, 0. ])
    """
    return np.maximum(0.0, 1 - _size(u))


def epanechnikov(u):
    """Return the Epanechnikov kernel, a parabola cut off at one bandwidth.

    Formula: ``K(u) = (3/4) max(0, 1 - u^2)``.

    Parameters
    ----------
    u
        Any shape, distance between query and key in bandwidths (no unit).

    Returns
    -------
    Array of the shape of u.

    Raises
    ------
    ValueError
        If u is empty or not finite.
    TypeError
        If u does not hold real numbers.

    References
    ----------
    Chapter 3; Epanechnikov (1969).

    Examples
    --------
    >>> epanechnikov([0.0, 0.5, 1.5])
    array([0.75  , 0.5625, 0.    ])
    """
    return 0.75 * np.maximum(0.0, 1 - _square(u))


def _size(u):
    return np.abs(_validate.array("u", u, limit=np.finfo(float).max))


@np.errstate(over="ignore")
def _square(u):
    return _size(u) ** 2  # infinite beyond 1e154, where every kernel is 0
