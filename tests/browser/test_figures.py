"""Figures can be read: their words are large, apart and, like their lines, stand out."""

from itertools import combinations

import numpy as np
import pytest

from .book import DOCUMENTS, set_theme, unfold
from .colours import commonest, contrast, pixels

SMALLEST = 9  # CSS pixels
APART = 1  # CSS pixels by which boxes may touch
WORDS, LINES = 4.5, 3  # WCAG's contrast for text, and for what one has to see in a picture

SVGS = "svg[role=img], .explorable-stage svg[role=group]"

# The words of each figure: their size on the screen, the box of their ink in the figure, colour.
TEXTS = """() => {
  const canvas = document.createElement("canvas").getContext("2d");
  const seen = text => {
    const {fontWeight, fontSize, fontFamily, fill, fillOpacity} = getComputedStyle(text);
    const matrix = text.getScreenCTM(), box = text.getBBox();
    const home = text.ownerSVGElement.getBoundingClientRect();
    canvas.font = `${fontWeight} ${fontSize} ${fontFamily}`;
    const ink = canvas.measureText(text.textContent.trim());
    const top = box.y + ink.fontBoundingBoxAscent - ink.actualBoundingBoxAscent;
    const bottom =
      box.y + box.height - ink.fontBoundingBoxDescent + ink.actualBoundingBoxDescent;
    const corners = [[box.x, top], [box.x + box.width, bottom]].map(
      ([x, y]) => new DOMPoint(x, y).matrixTransform(matrix));
    const sizes = [text, ...text.querySelectorAll("tspan")].map(
      part => parseFloat(getComputedStyle(part).fontSize));
    return {
      words: text.textContent.replace(/\\s+/g, " ").trim(),
      size: Math.min(...sizes) * Math.hypot(matrix.a, matrix.b),
      left: Math.min(...corners.map(corner => corner.x)) - home.x,
      right: Math.max(...corners.map(corner => corner.x)) - home.x,
      top: Math.min(...corners.map(corner => corner.y)) - home.y,
      bottom: Math.max(...corners.map(corner => corner.y)) - home.y,
      room: [home.width, home.height],
      colour: fill,
      opacity: fillOpacity,
    };
  };
  return [...document.querySelectorAll("SVGS")].map(
    svg => [...svg.querySelectorAll("text")].filter(t => t.getClientRects().length).map(seen));
}""".replace("SVGS", SVGS)

# The lines and marks of each figure, each with the colours in which it is drawn, and the figure's
# edges. The shades of a heat map are its data, as in an image: a small share is to look like one.
MARKS = """() => [...document.querySelectorAll("SVGS")].map(svg => {
  const {left, right, top, bottom} = svg.getBoundingClientRect();
  const marks = [...svg.querySelectorAll("path, use, line, rect, circle, polygon")]
    .filter(mark => !mark.closest("defs, clipPath, .nw-shades") && mark.getClientRects().length)
    .map(mark => {
      const {fill, fillOpacity, stroke, strokeOpacity, opacity} = getComputedStyle(mark);
      return [[fill, fillOpacity * opacity], [stroke, strokeOpacity * opacity]];
    });
  return [marks, [left + scrollX, top + scrollY, right + scrollX, bottom + scrollY]];
})""".replace("SVGS", SVGS)

# Leaves on a page nothing but its figures, without their words.
ALONE = """
article :not(:has(svg), svg, svg *) { display: none }
svg text { visibility: hidden }
"""


@pytest.fixture(scope="module", params=DOCUMENTS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def page(name, visit):
    with visit(name, source="file") as page:
        page.evaluate("document.fonts.ready.then(() => true)")
        unfold(page)
        yield page


@pytest.fixture(scope="module", params=[1280, 390])
def texts(request, page):
    page.set_viewport_size({"width": request.param, "height": 900})
    return page.evaluate(TEXTS)


def test_words_are_large_enough(texts):
    small = [
        (round(text["size"], 1), text["words"])
        for figure in texts
        for text in figure
        if text["size"] < SMALLEST
    ]
    assert not small


def test_words_are_not_cut_off(texts):
    cut = [
        text["words"]
        for figure in texts
        for text in figure
        if min(text["left"], text["top"]) < -APART
        or text["right"] > text["room"][0] + APART
        or text["bottom"] > text["room"][1] + APART
    ]
    assert not cut


def test_words_do_not_overlap(texts):
    def overlap(one, other):
        across = min(one["right"], other["right"]) - max(one["left"], other["left"])
        down = min(one["bottom"], other["bottom"]) - max(one["top"], other["top"])
        return min(across, down)

    touching = [
        (one["words"], other["words"], round(overlap(one, other), 1))
        for figure in texts
        for one, other in combinations(figure, 2)
        if overlap(one, other) > APART
    ]
    assert not touching


def test_contrast_is_what_wcag_says_it_is():
    white = np.array([255, 255, 255])
    assert contrast("rgb(0, 0, 0)", 1, white) == pytest.approx(21)
    assert contrast("rgb(119, 119, 119)", 1, white) == pytest.approx(4.48, abs=0.005)
    assert contrast("rgba(0, 0, 0, 0)", 1, white) == 1


@pytest.fixture(scope="module", params=["light", "dark"])
def drawn(request, page):
    """Of each figure: its words, its marks, and its pixels where no words are drawn."""
    page.set_viewport_size({"width": 1280, "height": 900})
    set_theme(page, request.param)
    style = page.add_style_tag(content=ALONE)
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": 1280, "height": height})  # a picture of all, as it stands
    shot = pixels(page.screenshot())
    found = []
    for words, (marks, edges) in zip(page.evaluate(TEXTS), page.evaluate(MARKS), strict=True):
        left, top, right, bottom = map(round, edges)
        found.append((words, marks, shot[top:bottom, left:right]))
    style.evaluate("style => style.remove()")
    return found


def test_words_stand_out(drawn):
    for words, _, picture in drawn:
        assert words
        for text in words:
            rows = slice(max(0, int(text["top"])), int(text["bottom"]) + 1)
            columns = slice(max(0, int(text["left"])), int(text["right"]) + 1)
            paper = commonest(picture[rows, columns])
            assert contrast(text["colour"], text["opacity"], paper) >= WORDS, text["words"]


def test_lines_and_marks_stand_out(drawn):
    for _, marks, picture in drawn:
        rim = [picture[0], picture[-1], picture[:, 0], picture[:, -1]]
        paper = commonest(np.concatenate(rim))
        for colours in marks:
            best = max(contrast(*colour, paper) for colour in colours)
            # What cannot be seen at all is the paper itself.
            assert best >= LINES or best < 1.01, colours
