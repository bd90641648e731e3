"""Every page in Firefox and in WebKit: what the tests of single things see in Chromium.

A page is opened twice in each: from its folder and as wide as a laptop, where it is gone through by
keyboard and turned dark; and from a server, in a frame as wide as a phone, then as paper.
"""

import json

import pytest

from . import engines
from .book import AT_ONCE, PAGES
from .looks import CUT_OFF, FAINT, LOST, PRINT, WATCH

PHONE, PAPER = 390, 718  # CSS pixels

# WebKit lays out the whole page for each note that opens or closes. test_hover.py tests notes.
NO_NOTES = """() => {
  const {prototype} = HTMLElement;
  prototype.showPopover = prototype.hidePopover = () => {};
}"""

# What can be worked: all of each figure, and one of each other kind. Its number, what it is.
CONTROLS = """() => {
  const kinds = new Set();
  const isNew = element => {
    const {localName, className} = element;
    const kind = element.closest("figure.explorable") ? element : `${localName} ${className}`;
    return !kinds.has(kind) && kinds.add(kind);
  };
  const workable = "button:not(article form *), summary, input, select, [role=slider]";
  window.controls = [...document.querySelectorAll(workable)]
    .filter(element => element.checkVisibility({visibilityProperty: true}) && !element.disabled)
    .filter(isNew);
  window.answers = 0;
  new MutationObserver(changes => { answers += changes.length; }).observe(
    document, {subtree: true, childList: true, attributes: true, characterData: true});
  for (const event of ["input", "focusin"]) addEventListener(event, () => { answers += 1; });
  return controls.map(element => element.role ?? element.type ?? element.localName);
}"""
FOCUS = """() => {
  controls[NUMBER].focus();
  return new Promise(done => requestAnimationFrame(() => { answers = 0; done(); }));
}"""
# Whether something has changed, a second after the key at the latest.
ANSWERED = """async () => {
  for (let i = 0; i < 60 && !answers; i++) await new Promise(requestAnimationFrame);
  return answers > 0;
}"""
KEYS = {
    "range": ["Home", "End"],
    "search": ["s"],
    "select-one": ["ArrowDown"],
    "slider": ["ArrowUp"],
}

FRAME = """() => {
  const frame = document.createElement("iframe");
  frame.style = "border: 0; height: 900px; width: WIDTHpx";
  document.body.style = "margin: 0";
  document.body.replaceChildren(frame);
  window.page = frame;
  return new Promise(resolve => { frame.onload = () => resolve(true); frame.src = "NAME.html"; });
}"""
ELSEWHERE = """() => performance.getEntriesByType("resource")
  .filter(({name, responseStatus: status}) => !name.startsWith(location.origin) || status >= 400)
  .map(({name}) => name)"""
UNFOLD = "() => document.querySelectorAll('details').forEach(fold => fold.open = true)"
LEADS = """() => [...document.querySelectorAll("nav, header, footer, .prev-next-area, dialog")]
  .filter(part => part.checkVisibility() && part.getBoundingClientRect().height > 1)
  .map(part => part.outerHTML.slice(0, 90))"""


@pytest.fixture(scope="class")
def reader(request, playwright):
    with engines.reading(request.cls.engine, playwright) as reader:
        yield reader


@pytest.fixture(scope="class", params=PAGES)
def wide(request, reader, site):
    """The reader of a page, opened from its folder."""
    reader.open((site / f"{request.param}.html").as_uri())
    reader.run("() => document.fonts.ready.then(() => true)")
    if request.cls.engine == "webkit":
        reader.run(NO_NOTES)
    yield reader
    reader.run("() => localStorage.clear()")


@pytest.fixture(scope="class", params=PAGES)
def framed(request, reader, addresses):
    """Runs a script in a page that a server has sent, in a frame as wide as it is told."""
    reader.open(f"{addresses['http']}/nothing")  # a page of the same server's, to hold the frame
    reader.run(FRAME.replace("NAME", request.param).replace("WIDTH", str(PHONE)))

    def run(script, width):
        reader.run(f"() => {{ page.style.width = '{width}px'; }}")
        return reader.run(f"() => page.contentWindow.eval({json.dumps(f'({script})()')})")

    return run


class EachPage:
    """A class for each engine, so that they may run at the same time."""

    def test_tab_reaches_everything_and_shows_where_it_is(self, wide):
        missed = wide.run(WATCH)
        assert missed > 10
        for _ in range(30):  # boxes that scroll are stops, too
            wide.press("Tab", missed)  # and no more: past the end, Firefox would not come back
            missed = len(wide.run("() => missed()"))
            if not missed:
                break
        assert not wide.run("() => missed()")
        assert not wide.run("() => unseen")

    def test_each_control_answers_a_key(self, wide):
        dumb = []
        for number, kind in enumerate(wide.run(CONTROLS)):
            wide.run(FOCUS.replace("NUMBER", str(number)))
            for key in KEYS.get(kind, ["Enter"]):
                wide.press(key)
            if not wide.run(ANSWERED):
                dumb.append(wide.run(f"() => controls[{number}].outerHTML.slice(0, 99)"))
            wide.press("Escape")  # leaves what has opened over the page
        assert not dumb

    def test_words_stand_out_in_the_dark(self, wide):
        wide.run(AT_ONCE)
        wide.run("() => { document.documentElement.dataset.theme = 'dark'; }")
        assert wide.run("() => getComputedStyle(document.body).colorScheme") == "dark"
        assert not wide.run(FAINT)

    def test_a_server_has_all_that_it_asks_for(self, framed):
        assert framed("() => [...document.querySelectorAll('h1')].some(h => h.innerText)", PHONE)
        assert not framed(ELSEWHERE, PHONE)

    def test_on_a_phone_nothing_is_cut_off(self, framed):
        framed(UNFOLD, PHONE)
        assert framed("() => document.documentElement.scrollWidth", PHONE) <= PHONE
        assert not framed(CUT_OFF, PHONE)

    def test_on_paper_the_text_stands_alone_and_whole(self, framed):
        framed(UNFOLD, PAPER)
        framed(PRINT, PAPER)
        assert not framed(LEADS, PAPER)
        assert not framed(LOST, PAPER)
        assert not framed(FAINT, PAPER)

    def test_it_comes_dark_where_the_system_is(self, playwright, site):
        with engines.reading(self.engine, playwright, dark=True) as reader:
            reader.open((site / "index.html").as_uri())
            assert reader.run("() => getComputedStyle(document.body).colorScheme") == "dark"


class TestFirefox(EachPage):
    engine = "firefox"


class TestWebKit(EachPage):
    engine = "webkit"
