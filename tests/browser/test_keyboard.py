"""All that one can do with a mouse, one can do by keyboard, and one sees where one is."""

from itertools import product

import pytest

from .book import CHAPTERS, PAGES
from .looks import WATCH

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
