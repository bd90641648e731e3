"""Code reads as well as prose: of its size, in whole lines, and where it goes on one sees that."""

from contextlib import ExitStack

import numpy as np
import pytest

from . import engines
from .book import CHAPTERS
from .colours import channels, contrast, pixels

COLUMNS = 88
LEAST = 15.5  # pixels
SIZES = """() => {
  const size = element => parseFloat(getComputedStyle(element).fontSize);
  const prose = size(document.querySelector("article section p"));
  const hidden = box => box ? box.scrollWidth - box.clientWidth : 0;
  return [...document.querySelectorAll("article pre")].map(pre => ({
    size: size(pre),
    ofProse: size(pre) / prose,
    columns: Math.max(...pre.textContent.split("\\n").map(line => line.length)),
    tooWide: hidden(pre),
    aroundIt: hidden(pre.closest(".cell_output .output")),
  }));
}"""


@pytest.fixture(scope="module", params=["chromium", "firefox", "webkit"])
def reader(request):
    with ExitStack() as stack:
        if request.param == "webkit":
            yield engines.InWebKit(stack.enter_context(engines.webkit()))
        elif request.param == "firefox":
            firefox = engines.firefox(request.getfixturevalue("playwright"))
            yield engines.InPlaywright(stack.enter_context(firefox))
        else:
            yield engines.InPlaywright(request.getfixturevalue("browser"))


@pytest.mark.parametrize("name", [*CHAPTERS, "appendix/linear_time"])
def test_it_is_nearly_as_large_as_the_text_and_its_lines_are_whole(reader, site, name):
    reader.open((site / f"{name}.html").as_uri())
    engines.wait_for(reader, "() => !document.documentElement.style.visibility")
    found = [one for one in reader.run(SIZES) if one["columns"]]
    assert len(found) > 10
    for one in found:
        assert one["size"] >= LEAST
        assert one["ofProse"] > 0.8
        assert one["aroundIt"] <= 0, one  # it would have a bar of its own, and nothing to show
        if one["columns"] <= COLUMNS:
            assert one["tooWide"] <= 0, one


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_shadow_on_a_phone_says_that_a_line_goes_on(visit, theme):
    with visit("chapters/03_nadaraya_watson", width=390, theme=theme) as page:
        box = page.locator("div.cell_input pre").filter(has_text="prediction at x = 2")
        box.evaluate("box => { box.style.color = 'transparent'; box.innerText = box.innerText; }")

        def edges():
            rows = pixels(box.screenshot()).astype(float)
            middle = rows[len(rows) // 2]
            return abs(middle[[3, -4]] - middle[len(middle) // 2]).max(axis=1)

        seen = [edges()]
        box.evaluate("box => box.scrollTo(box.scrollWidth, 0)")
        seen.append(edges())
        assert np.array_equal(np.array(seen) > 8, [[False, True], [True, False]])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_comments_can_be_read(visit, theme):
    with visit("chapters/03_nadaraya_watson", theme=theme) as page:
        comment = page.locator("article .c1").first
        colour = comment.evaluate("mark => getComputedStyle(mark).color")
        surface = page.locator("article p.run").first.evaluate(
            "mark => { mark.style.background = 'var(--book-panel)';"
            "return getComputedStyle(mark).backgroundColor; }"
        )
        assert contrast(colour, 1, channels(surface)[0]) > 4.5
