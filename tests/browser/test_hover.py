"""What a link to a term or an equation leads to is shown beside it, in three engines."""

import re
import time
from contextlib import ExitStack

import pytest
from bs4 import BeautifulSoup
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.keys import Keys

from . import engines
from .book import CHAPTERS, DOCUMENTS, ROOT
from .test_axe import RUN

TERM = "a[href$='glossary.html#leave-one-out']"  # on the page of chapter 5
OWN = "a[href='#equation-5-3']:not(.headerlink)"  # an equation of the same page
FOREIGN = "a[href$='04_gaussian_softmax.html#equation-4-6']"  # of another one
PHONE = {"width": 390, "has_touch": True, "is_mobile": True}

# Brings a link into the window, and says where it is.
PLACE = """() => {
  const link = document.querySelector("article p %s");
  link.scrollIntoView({block: "center", behavior: "instant"});
  const {left, right, top, bottom} = link.getClientRects()[0];
  return [Math.round((left + right) / 2), Math.round((top + bottom) / 2)];
}"""
# Lets the next Tab come to it.
BEFORE = """() => {
  const stops = [...document.querySelectorAll("a[href], button, summary, input, select")]
    .filter(stop => stop.checkVisibility({visibilityProperty: true}));
  const link = document.querySelector("article p %s");
  stops[stops.indexOf(link) - 1].focus();
}"""
SHOWN = "() => [...document.querySelectorAll(':popover-open')].map(note => note.innerText)"
# How a note lies: inside of the window, beside its link, and whether it is heard with the link.
LIES = """() => {
  const note = document.querySelector(":popover-open");
  const link = document.querySelector(`[aria-describedby="${note.id}"]:is(:hover, :focus)`);
  const {left, right, top, bottom} = note.getBoundingClientRect();
  const around = link.getBoundingClientRect();
  return {
    inside: left >= 0 && right <= innerWidth && top >= 0 && bottom <= innerHeight,
    beside: top >= around.bottom || bottom <= around.top,
    heard: note.textContent.trim().length > 5,
  };
}"""


class InPlaywright(engines.InPlaywright):
    def point(self, x, y):
        self._page.mouse.move(x, y)


class InWebKit(engines.InWebKit):
    def point(self, x, y):
        actions = ActionBuilder(self._driver)
        actions.pointer_action.move_to_location(x, y)
        actions.perform()

    def press(self, key):
        super().press({"Tab": Keys.TAB, "Escape": Keys.ESCAPE}.get(key, key))


@pytest.fixture(scope="module", params=["chromium", "firefox", "webkit"])
def reader(request):
    with ExitStack() as stack:
        if request.param == "webkit":
            yield InWebKit(stack.enter_context(engines.webkit()))
        elif request.param == "firefox":
            firefox = engines.firefox(request.getfixturevalue("playwright"))
            yield InPlaywright(stack.enter_context(firefox))
        else:
            yield InPlaywright(request.getfixturevalue("browser"))


@pytest.fixture
def chapter(reader, site):
    """A reader at chapter 5, opened from its folder, whose mouse is somewhere else."""
    reader.open((site / "chapters" / "05_learnable_w.html").as_uri())
    engines.wait_for(reader, "() => !document.documentElement.style.visibility")
    reader.point(5, 5)
    return reader


def test_a_term_is_shown_under_the_mouse_and_stays_while_the_mouse_is_on_it(chapter):
    x, y = chapter.run(PLACE % TERM)
    chapter.point(x, y)
    (said,) = engines.wait_for(chapter, SHOWN)
    assert said.split()[:2] == ["leave-one-out", "留一法"]
    assert "all pairs but its own" in said
    assert chapter.run(LIES) == {"inside": True, "beside": True, "heard": True}
    box = "() => { const {left, top, bottom} = document.querySelector(':popover-open')"
    left, top, bottom = chapter.run(
        f"{box}.getBoundingClientRect(); return [left, top, bottom]; }}"
    )
    chapter.point(round(left) + 20, round((top + bottom) / 2))
    time.sleep(0.6)
    assert chapter.run(SHOWN) == [said]
    chapter.point(5, 5)
    engines.wait_for(chapter, "() => !document.querySelector(':popover-open')")


def test_a_mouse_that_passes_by_opens_nothing(chapter):
    chapter.point(*chapter.run(PLACE % TERM))
    chapter.point(5, 5)
    time.sleep(0.4)
    assert chapter.run(SHOWN) == []


@pytest.mark.parametrize("link", [TERM, OWN])
def test_it_is_shown_at_the_keyboard_and_escape_puts_it_away(chapter, link):
    chapter.run(PLACE % link)
    chapter.run(BEFORE % link)
    chapter.press("Tab")
    assert len(chapter.run(SHOWN)) == 1
    assert chapter.run(LIES) == {"inside": True, "beside": True, "heard": True}
    chapter.press("Escape")
    assert chapter.run(SHOWN) == []
    assert chapter.run(f'() => document.activeElement.matches("{link}")')
    before = chapter.run("() => location.href")
    chapter.press("Enter")
    engines.wait_for(chapter, f"() => location.href !== '{before}'")
    assert chapter.run("() => location.href").endswith(link.split("'")[1])


def test_going_on_by_keyboard_puts_it_away(chapter):
    chapter.run(PLACE % TERM)
    chapter.run(BEFORE % TERM)
    chapter.press("Tab")
    (said,) = chapter.run(SHOWN)
    chapter.press("Tab")
    assert said not in chapter.run(SHOWN)


# Each link with a note is shown in turn, as by keyboard.
LAID = """() => {
  const wrong = [];
  const links = document.querySelectorAll("article [aria-describedby^=note-]");
  const blocks = ["start", "center", "end", "nearest"];
  for (const [number, link] of links.entries()) {
    if (!link.checkVisibility({visibilityProperty: true})) continue;
    link.scrollIntoView({block: blocks[number % 4], behavior: "instant"});
    link.focus();
    const note = document.querySelector(":popover-open"), around = link.getBoundingClientRect();
    const {left, right, top, bottom} = note.getBoundingClientRect();
    const inside = left >= 0 && right <= innerWidth && top >= 0 && bottom <= innerHeight;
    const reached = note.scrollWidth <= note.clientWidth;
    if (!inside || !reached || !(top >= around.bottom || bottom <= around.top)) {
      wrong.push([link.textContent, left, right, top, bottom, note.scrollWidth, note.clientWidth]);
    }
  }
  return [links.length, wrong];
}"""


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", [*CHAPTERS, "index", "appendix/api"])
def test_no_note_is_cut_off_or_covers_its_link(visit, name, width):
    with visit(name, source="file", width=width) as page:
        page.keyboard.press("Shift")  # so that the focus is that of a keyboard
        size, scroll = (
            "document.documentElement.scrollHeight",
            "document.documentElement.scrollWidth",
        )
        before = page.evaluate(f"[{size}, {scroll}]")
        number, wrong = page.evaluate(LAID)
        assert number > 3
        assert not wrong
        assert page.evaluate(f"[{size}, {scroll}]") == before


def test_the_first_tap_shows_it_and_the_second_follows_the_link(visit):
    with visit("beyond/06_metric", source="file", **PHONE) as page:
        link = page.locator(f"article p {FOREIGN}").first
        link.tap()
        note = page.locator(":popover-open")
        assert "A Gaussian kernel is a softmax" in note.inner_text()
        assert note.locator("math").is_visible()
        assert "06_metric" in page.url
        page.locator("article h1").tap()
        assert not note.count()
        link.tap()
        link.tap()
        page.wait_for_url("**/04_gaussian_softmax.html#equation-4-6")


def test_the_note_of_a_tap_has_a_link_too(visit):
    with visit("chapters/05_learnable_w", source="file", **PHONE) as page:
        page.locator(f"article p {TERM}").first.tap()
        page.locator(":popover-open").get_by_role("link").tap()
        page.wait_for_url("**/glossary.html#leave-one-out")


def test_nothing_is_asked_for_and_nothing_moves(visit):
    with visit("chapters/05_learnable_w") as page:
        page.wait_for_load_state("networkidle")
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        article = page.get_by_role("article").bounding_box()
        for link in (TERM, OWN):
            page.locator(f"article p {link}").first.hover()
            page.locator(":popover-open").wait_for()
        now = page.get_by_role("article").bounding_box()
        assert not asked
        assert (now["width"], now["height"]) == (article["width"], article["height"])


def test_it_is_not_printed(visit):
    with visit("chapters/05_learnable_w") as page:
        link = page.locator(f"article p {TERM}").first
        link.hover()
        page.locator(":popover-open").wait_for()
        page.emulate_media(media="print")
        assert not page.locator(".nw-note").filter(visible=True).count()
        page.mouse.move(0, 0)
        assert link.evaluate("link => getComputedStyle(link).textDecorationLine") == "none"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_it(visit, axe, theme):
    with visit("chapters/05_learnable_w", width=390, theme=theme) as page:
        page.evaluate(f"{axe};0")
        for link in (TERM, OWN, "a[href$='#temperature'], a[href$='#softmax']"):
            page.locator(f"article p :is({link})").first.hover()
            page.locator(":popover-open").wait_for()
            note = "document.querySelector(':popover-open')"
            assert not page.evaluate(RUN.replace("axe.run(document,", f"axe.run({note},"), {})


# What is in the pages


@pytest.fixture(scope="module", params=DOCUMENTS)
def page(request, site):
    return request.param, BeautifulSoup((site / f"{request.param}.html").read_text(), "html.parser")


def leading_to_notes(article):
    links = article.select("a[href*='glossary.html#'], a[href*='.html#equation-']")
    return [link for link in links if not link.find_parent("template")]


def test_each_term_and_equation_that_a_page_links_to_is_in_it_once(page):
    _, parsed = page
    asked = {link["href"].partition("#")[2] for link in leading_to_notes(parsed.article)}
    notes = [note["id"] for note in parsed.select("template > div")]
    assert sorted(notes) == sorted(f"note-{anchor}" for anchor in asked)
    for note in parsed.select("template > div"):
        assert len(re.sub(r"<[^>]+>", "", str(note))) > 20
        assert len(note.select("a")) == 1


def test_a_term_is_linked_once_in_plain_text_alone(page):
    name, parsed = page
    links = [
        link["href"] for link in leading_to_notes(parsed.article) if "glossary" in link["href"]
    ]
    if name not in CHAPTERS:
        return
    source = (ROOT / f"{name}.ipynb").read_text(encoding="utf-8")
    for href in set(links):
        by_author = source.count(f"glossary.md#{href.partition('#')[2]})")
        assert links.count(href) == max(by_author, 1)
    assert not parsed.article.select(":is(h1, h2, h3, pre, code, summary, a) a[href*=glossary]")


def test_what_an_earlier_chapter_has_introduced_is_linked_at_its_first_use(site):
    page = (site / "chapters" / "05_learnable_w.html").read_text(encoding="utf-8")
    text = page.partition("You will be able to")[2]
    assert re.search(r'inverse\s+<a [^>]*#bandwidth">bandwidth</a>', text)
    assert 'glossary.html#band"' not in text  # a band is introduced on page 8
    assert "glossary.html#query" not in text  # this word is everywhere
