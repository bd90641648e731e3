"""The words that were searched for are marked where a hit leads, and nowhere else."""

import re

import pytest
from playwright.sync_api import expect

from . import engines

HIT = re.compile("A Gaussian kernel is a softmax")
MARKED = "span.highlighted"


@pytest.fixture(params=["http", "file"])
def found(request, visit):
    """The page for searching, after it has found something."""
    with visit("index", source=request.param) as page:
        page.keyboard.press("Control+k")
        page.get_by_role("searchbox").filter(visible=True).fill("softmax")
        page.keyboard.press("Enter")
        page.wait_for_url("**/search.html*")
        expect(page.get_by_role("main").get_by_role("link", name=HIT).first).to_be_visible()
        expect(page.get_by_role("main")).to_contain_text("Search finished")
        yield page


def test_a_hit_shows_the_words_and_the_next_page_does_not(found):
    found.get_by_role("main").get_by_role("link", name=HIT).first.click()
    expect(found.locator(MARKED).first).to_be_visible()
    assert "highlight" not in found.url
    found.locator(".prev-next-footer a").last.click()
    expect(found.get_by_role("heading", level=1)).to_contain_text("5")
    found.wait_for_timeout(200)
    expect(found.locator(MARKED)).to_have_count(0)


def test_who_follows_no_hit_sees_no_words(found):
    assert found.evaluate("localStorage.getItem('sphinx_highlight_terms')") is None
    found.goto(re.sub(r"search\.html.*", "chapters/04_gaussian_softmax.html", found.url))
    found.wait_for_timeout(200)
    expect(found.locator(MARKED)).to_have_count(0)


def test_paper_shows_no_words(found):
    found.get_by_role("main").get_by_role("link", name=HIT).first.click()
    mark = found.locator(f"article {MARKED}").first
    look = "mark => getComputedStyle(mark).backgroundColor"
    assert mark.evaluate(look) != "rgba(0, 0, 0, 0)"
    found.emulate_media(media="print")
    assert mark.evaluate(look) == "rgba(0, 0, 0, 0)"


@pytest.fixture(params=["firefox", "webkit"])
def reader(request, playwright):
    if request.param == "webkit":
        with engines.webkit() as driver:
            yield engines.InWebKit(driver)
    else:
        with engines.firefox(playwright) as browser:
            yield engines.InPlaywright(browser)


def test_a_hit_shows_the_words_in_other_engines_too(reader, site):
    reader.open((site / "search.html").as_uri() + "?q=softmax")
    hit = "() => document.querySelector('#search-results a[href*=\"04_gaussian_softmax\"]')?.href"
    hit = engines.wait_for(reader, hit)
    assert reader.run("() => localStorage.getItem('sphinx_highlight_terms')") is None
    reader.open(hit)
    assert engines.wait_for(reader, f"() => document.querySelectorAll('{MARKED}').length") > 1
    assert reader.run("() => location.search") == ""
