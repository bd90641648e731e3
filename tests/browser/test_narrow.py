"""On a phone nothing overflows, and nothing is cut off."""

import pytest

from .book import PAGES, unfold

# Words, pictures and controls that reach beyond the window, or beyond a box that hides what does
# not fit in. What lies in a box that scrolls can be reached.
CUT_OFF = """() => {
  const box = element => {
    for (let e = element; e; e = e.parentElement) {
      const {overflowX, display} = getComputedStyle(e);
      if (["auto", "scroll"].includes(overflowX)) return null;
      if (["hidden", "clip"].includes(overflowX) && display !== "inline") {
        const {left, right} = e.getBoundingClientRect();
        return right - left > 1 ? [left, right] : null;  // else it is meant for the ears only
      }
    }
    return [0, innerWidth];
  };
  const cut = (element, rects) => {
    if (!element.checkVisibility({visibilityProperty: true, opacityProperty: true})) return false;
    const edges = box(element);
    return edges && [...rects].some(
      ({left, right, width}) => width > 1 && (left < edges[0] - 1 || right > edges[1] + 1));
  };
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const {currentNode: text} = texts, range = document.createRange();
    range.selectNodeContents(text);
    const parent = text.parentElement;
    if (text.data.trim() && !parent.closest("svg") && cut(parent, range.getClientRects())) {
      found.push(text.data.trim());
    }
  }
  const drawn = "article svg[role], img, input, select, button";
  for (const element of document.querySelectorAll(drawn)) {
    if (cut(element.parentElement, element.getClientRects())) {
      found.push(element.outerHTML.slice(0, 80));
    }
  }
  return found;
}"""


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
