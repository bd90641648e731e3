"""On a phone nothing overflows, and nothing is cut off."""

import pytest

from .book import PAGES, unfold
from .looks import CUT_OFF


@pytest.fixture(scope="module", params=PAGES)
def page(request, visit):
    with visit(request.param, width=390, source="file") as page:
        unfold(page)
        yield page


@pytest.fixture(params=[390, 320])
def width(request, page):
    page.set_viewport_size({"width": request.param, "height": 800})
    return request.param


def test_the_page_does_not_scroll_sideways(page, width):
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.mouse.wheel(100, 0)
    assert page.evaluate("scrollX") == 0


def test_nothing_is_cut_off(page, width):
    assert not page.evaluate(CUT_OFF)


def test_what_an_assignment_is_about_has_the_width_of_the_page(visit):
    with visit("appendix/homework", width=390) as page:
        about = page.locator("#homework > div td:first-child")
        assert about.count() == 6
        for cell in about.all():
            assert cell.bounding_box()["width"] > 330
