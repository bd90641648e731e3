"""The kernels of chapter 3."""

import inspect
import json
import math

import numpy as np
import pytest

import nwlib as nw
from nwlib import kernels
from nwlib.kernels import KERNELS

EPS = np.finfo(float).eps
BY_HAND = {
    nw.gaussian: ([0, 2], [(2 * math.pi) ** -0.5, math.exp(-2) * (2 * math.pi) ** -0.5]),
    nw.boxcar: ([0, 0.5, 1, 1 + EPS], [0.5, 0.5, 0.5, 0]),
    nw.triangular: ([0, 0.25, 1, 1.5], [1, 0.75, 0, 0]),
    nw.epanechnikov: ([0, 0.5, 1, 1.5], [0.75, 0.75 * 0.75, 0, 0]),
}
"""Distances and values: dyadic numbers, but for the Gaussian's, which take four roundings."""

every_kernel = pytest.mark.parametrize("kernel", KERNELS.values())


def source(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        return "".join(line for cell in json.loads(text)["cells"] for line in cell["source"])
    return text


@pytest.mark.parametrize("name", KERNELS)
def test_a_kernel_has_all_that_the_book_gives_to_the_others(name, pytestconfig):
    called = KERNELS[name].__name__
    assert called in nw.__all__, "a kernel is imported, and named in __all__, in nwlib/__init__.py"
    assert KERNELS[name] in BY_HAND, "a kernel has values worked out by hand, in BY_HAND"
    glossary = source(pytestconfig.rootpath / "appendix/glossary.md")
    for wanted in (f"## {name} kernel\n", f"`{called}(u)`"):
        assert wanted in glossary, f"the glossary says what the {name} kernel is: {wanted!r}"
    chapter = source(pytestconfig.rootpath / "chapters/03_nadaraya_watson.ipynb")
    wanted = f"glossary.md#{name.lower()}-kernel)"
    assert wanted in chapter, f"chapter 3 presents the {name} kernel: {wanted!r}"


def test_the_kernels_are_those_of_the_module_and_chapter_3_counts_them(pytestconfig):
    functions = [one for _, one in inspect.getmembers(kernels, inspect.isfunction)]
    assert {*KERNELS.values()} == {*functions}, "KERNELS in nwlib/kernels.py has each kernel's name"
    wanted = f"{['Four', 'Five', 'Six'][len(KERNELS) - 4]} kernels are in common use"
    assert wanted in source(pytestconfig.rootpath / "chapters/03_nadaraya_watson.ipynb"), wanted


@pytest.mark.parametrize("kernel", BY_HAND)
def test_a_kernel_matches_values_worked_out_by_hand(kernel):
    u, expected = BY_HAND[kernel]
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


@every_kernel
def test_a_kernel_but_the_gaussian_is_0_beyond_one_bandwidth(kernel):
    assert (kernel([1 + EPS, -1.5, 40]) == 0).all() or kernel is nw.gaussian


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
