"""The kernels of chapter 3."""

import math

import numpy as np
import pytest

import nwlib as nw

KERNELS = [nw.gaussian, nw.boxcar, nw.triangular, nw.epanechnikov]
COMPACT = KERNELS[1:]
EPS = np.finfo(float).eps

every_kernel = pytest.mark.parametrize("kernel", KERNELS)


@pytest.mark.parametrize(
    ("kernel", "u", "expected"),
    [
        (nw.gaussian, [0, 2], [(2 * math.pi) ** -0.5, math.exp(-2) * (2 * math.pi) ** -0.5]),
        (nw.boxcar, [0, 0.5, 1, 1 + EPS], [0.5, 0.5, 0.5, 0]),
        (nw.triangular, [0, 0.25, 1, 1.5], [1, 0.75, 0, 0]),
        (nw.epanechnikov, [0, 0.5, 1, 1.5], [0.75, 0.75 * 0.75, 0, 0]),
    ],
)
def test_a_kernel_matches_values_worked_out_by_hand(kernel, u, expected):
    # Every answer but the Gaussian's is a dyadic number; that one takes four roundings.
    np.testing.assert_allclose(kernel(u), expected, rtol=4 * EPS, atol=0)


@every_kernel
def test_a_kernel_is_symmetric_and_never_rises_away_from_0(kernel):
    u = np.linspace(0, 3, 301)
    np.testing.assert_array_equal(kernel(-u), kernel(u))
    assert (np.diff(kernel(u)) <= 0).all()
    assert (kernel(u) >= 0).all()


@every_kernel
def test_a_kernel_has_area_1(kernel):
    h = 1 / 1024
    midpoints = np.arange(-10 + h / 2, 10, h)
    # The midpoint rule errs by h^2/24 times the integral of |K''|, which is at most 3 (the
    # parabola); kinks and jumps lie between cells. Beyond 10 the Gaussian has 2e-23 left. The
    # pairwise sum of 2^14.3 terms rounds 15 times.
    assert abs(kernel(midpoints).sum() * h - 1) <= h**2 / 8 + 15 * EPS


@pytest.mark.parametrize("kernel", COMPACT)
def test_a_compact_kernel_is_0_beyond_one_bandwidth(kernel):
    assert (kernel([1 + EPS, -1.5, 40]) == 0).all()


def test_the_gaussian_is_positive_until_it_underflows():
    assert nw.gaussian(38.5) > 0
    assert nw.gaussian(38.7) == 0


@every_kernel
def test_the_largest_distances_have_kernel_0_without_a_warning(kernel):
    assert (kernel([-1e100, 1e100]) == 0).all()
    with pytest.raises(ValueError, match=r"^u must be at most 1e\+100 in size, got 1.1e\+100"):
        kernel([1.1e100])


@every_kernel
def test_a_kernel_keeps_the_shape_of_u(kernel):
    assert kernel(np.ones((2, 3))).shape == (2, 3)
    assert np.shape(kernel(0.5)) == ()
