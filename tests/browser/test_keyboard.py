"""All that one can do with a mouse, one can do by keyboard, and one sees where one is."""

from itertools import product

import pytest

from .book import CHAPTERS, PAGES

# Numbers all that can be worked, remembers how it looks, and notes down what the focus comes to.
WATCH = """() => {
  const look = element => {
    const s = getComputedStyle(element);
    const outline = s.outlineStyle === "none" ? "" : `${s.outlineWidth} ${s.outlineColor}`;
    const rings = [...element.querySelectorAll(":scope > circle")].map(
      circle => getComputedStyle(circle).strokeWidth);  // of a handle in an SVG
    return [outline, s.boxShadow, s.borderColor, s.backgroundColor, ...rings].join("; ");
  };
  const all = [...document.querySelectorAll(
    "a[href], button, summary, input, select, textarea, [role=button], [tabindex='0']")];
  const expected = all.filter(element =>
    element.checkVisibility({visibilityProperty: true, opacityProperty: true})
    && element.getClientRects().length && !element.disabled && !element.closest("[inert]"));
  const looks = new Map(expected.map(element => [element, look(element)]));
  window.reached = new Set();
  window.unseen = [];
  const name = e => `${e.nodeName} ${(e.ariaLabel || e.textContent).trim().slice(0, 40)}`;
  document.addEventListener("focusin", ({target}) => {
    reached.add(target);
    if (look(target) === looks.get(target)) unseen.push(name(target));
  });
  window.missed = () => expected.filter(element => !reached.has(element)).map(name);
  return expected.length;
}"""

ANSWER_IS_SEEN = """fold => [...fold.children].some(child =>
  child.nodeName !== "SUMMARY" && child.checkVisibility() && child.getClientRects().length)"""


@pytest.mark.parametrize("name", PAGES)
def test_tab_reaches_everything_and_shows_where_it_is(visit, name):
    with visit(name, source="file", reduced_motion="reduce") as page:
        expected = page.evaluate(WATCH)
        assert expected > 10
        # Boxes that scroll are stops, too.
        for _ in range(expected // 10 + 5):
            for _ in range(20):
                page.keyboard.press("Tab")
            if not page.evaluate("missed()"):
                break
        assert not page.evaluate("missed()")
        assert not page.evaluate("unseen")


@pytest.mark.parametrize("name", CHAPTERS)
def test_answers_unfold_and_fold_by_key(visit, name):
    with visit(name, source="file") as page:
        folds = page.locator("details").filter(visible=True).element_handles()
        one_of_each_kind = {fold.get_attribute("class"): fold for fold in folds}.values()
        assert len(one_of_each_kind) > 3
        for fold, key in product(one_of_each_kind, ["Enter", "Space"]):
            fold.query_selector("summary").focus()
            seen = [fold.evaluate(ANSWER_IS_SEEN)]
            for _ in range(2):
                page.keyboard.press(key)
                seen.append(fold.evaluate(ANSWER_IS_SEEN))
            assert seen == [False, True, False]
