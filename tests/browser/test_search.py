"""The search finds, from a server and from a folder."""

import re

import pytest
from playwright.sync_api import expect

CHAPTER_4 = re.compile("A Gaussian kernel is a softmax")


@pytest.fixture(params=["http", "file"])
def source(request):
    return request.param


def look_for(page, words):
    """Look for the words, as a reader does who wants to leave this page."""
    page.get_by_role("button", name="Search").filter(visible=True).first.click()
    page.get_by_role("searchbox").filter(visible=True).fill(words)
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html*")


def test_it_finds_a_word_and_quotes_it(visit, source):
    with visit("chapters/01_dataset", source=source) as page:
        look_for(page, "softmax")
        hits = page.get_by_role("main").get_by_role("listitem")
        hit = hits.filter(has=page.get_by_role("link", name=CHAPTER_4)).first
        expect(hit).to_contain_text(re.compile(r"softmax.*softmax", re.DOTALL))
        assert len(hit.inner_text()) > 120
        link = hit.get_by_role("link", name=CHAPTER_4)
        link.click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(CHAPTER_4)


def test_each_hit_is_quoted(visit, source):
    with visit("index", source=source) as page:
        look_for(page, "bandwidth")
        main = page.get_by_role("main")
        expect(main).to_contain_text(re.compile(r"found|finished", re.I))
        hits = main.get_by_role("listitem").filter(has=page.get_by_role("link"))
        expect(hits.nth(3)).to_be_visible()
        for hit in hits.all():
            expect(hit).to_contain_text(re.compile("bandwidth", re.I))


def test_it_says_when_it_finds_nothing(visit, source):
    with visit("index", source=source) as page:
        look_for(page, "xyzzyplugh")
        main = page.get_by_role("main")
        expect(main).to_contain_text(
            re.compile(r"did not match|nothing|no (page|result|match)", re.I)
        )
        assert not main.get_by_role("listitem").filter(has=page.get_by_role("link")).count()


def test_the_keyboard_opens_it_anywhere(visit):
    with visit("chapters/05_learnable_w") as page:
        page.keyboard.press("Control+k")
        expect(page.get_by_role("searchbox").filter(visible=True)).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.get_by_role("searchbox").filter(visible=True)).to_have_count(0)
