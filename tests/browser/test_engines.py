"""Firefox and WebKit, that is Safari, show the book as Chromium does: formulas, sliders, search."""

from itertools import combinations

import numpy as np
import pytest

import nwlib
from nwlib import sliders

from . import engines, formulas
from .book import DOCUMENTS

# In the size of a formula's letters: by how much more than in Chromium signs may overlap, or reach
# out of their formula; how far from there hats may be (a fifth of a line is 0.3); and how much
# larger or smaller a sign may be.
OVERLAP, OUTSIDE, ASIDE, FACTOR = 0.1, 0.1, 0.2, 1.3
TALL = 0.3  # signs whose size is compared
APPLY = "\N{FUNCTION APPLICATION}"  # has no ink


@pytest.fixture(scope="module", params=["firefox", "webkit"])
def reader(request, playwright):
    with engines.reading(request.param, playwright, formulas.WINDOW) as reader:
        yield reader


@pytest.fixture(scope="module")
def pages(site):
    """The address of each page that has a formula."""
    found = [site / f"{name}.html" for name in DOCUMENTS]
    return [path.as_uri() for path in found if "<math" in path.read_text(encoding="utf-8")]


@pytest.fixture(scope="module")
def chromium(browser, pages):
    """The formulas of each page as Chromium draws them."""
    reader = engines.InPlaywright(browser, formulas.WINDOW)
    return {page: formulas.drawn(reader, page) for page in pages}


def overlap(one, other):
    """Return how deep two boxes overlap, less than 0 where they are apart."""
    return min(np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2]))


def outside(ink, formula):
    """Return how far ink reaches out of its formula."""
    return max(*-ink[:2], *(ink[2:] - (formula.width, formula.height)), 0)


def complaints(there, here):
    """Yield what is wrong with a formula here, beside the same one there, sign by sign."""
    signs = list(zip(there.signs, here.signs, strict=True))
    for number, (model, sign) in enumerate(signs):
        if model.ink is None or sign.ink is None:
            if model.ink is not sign.ink and not model.text.isspace() and model.text != APPLY:
                yield f"{sign.text} is seen in one only"
            continue
        if outside(sign.ink, here) > outside(model.ink, there) + OUTSIDE:
            yield f"{sign.text} is drawn out of the formula"
        heights = [one.ink[3] - one.ink[1] for one in (model, sign)]
        is_tall = heights[0] > max(TALL, (model.ink[2] - model.ink[0]) / 2)
        if is_tall and not sign.holds and max(heights) > FACTOR * min(heights):
            yield f"{sign.text} is {heights[1]:.2f} high, in Chromium {heights[0]:.2f}"
        if sign.is_accent:
            base = signs[number - 1]
            places = [
                np.subtract([(hat[0] + hat[2]) / 2, hat[3]], [(ink[0] + ink[2]) / 2, ink[1]])
                for hat, ink in ((model.ink, base[0].ink), (sign.ink, base[1].ink))
            ]
            if max(abs(places[1] - places[0])) > ASIDE:
                yield f"the hat of {base[1].text} is {places[1] - places[0]} from its place"
    for (i, (model, sign)), (j, (other_model, other)) in combinations(enumerate(signs), 2):
        boxes = [one.ink for one in (model, sign, other_model, other)]
        if j <= i + sign.holds or any(box is None for box in boxes):
            continue
        if overlap(boxes[1], boxes[3]) > max(overlap(boxes[0], boxes[2]), 0) + OVERLAP:
            yield f"{sign.text} and {other.text} are drawn over each other"


def test_formulas_are_drawn_as_in_chromium(reader, chromium):
    assert len(chromium) > 10
    found = []
    for page, models in chromium.items():
        for model, formula in zip(models, formulas.drawn(reader, page), strict=True):
            assert formula.text == model.text
            found += [f"{page}: {formula.text}: {text}" for text in complaints(model, formula)]
    if found:
        pytest.fail("\n".join(found), pytrace=False)


SLIDER = """() => {
  const slider = document.querySelector("figure input[type=range]");
  const figure = slider.closest("figure");
  const frames = [...figure.querySelectorAll("[data-frame]")].filter(
    frame => frame.checkVisibility({visibilityProperty: true}));
  return {
    index: Number(slider.value),
    said: [slider.getAttribute("aria-valuetext"), figure.querySelector("output").innerText],
    caption: figure.querySelector("figcaption").innerText,
    frames: frames.map(frame => frame.innerHTML),
  };
}"""


def test_a_slider_follows_the_keys(reader, site):
    control = sliders.w_slider(nwlib.make_dataset(np.random.default_rng(542))).controls[-1]
    last = len(control.positions) - 1
    reader.open((site / "chapters" / "05_learnable_w.html").as_uri())
    reader.run("() => document.querySelector('figure input[type=range]').focus()")
    seen = []
    for key, index in {"Home": 0, "ArrowRight": 1, "End": last}.items():
        reader.press(key)
        seen.append(reader.run(SLIDER))
        assert seen[-1]["index"] == index
        assert seen[-1]["said"] == [control.texts[index]] * 2
        assert control.texts[index] in seen[-1]["caption"]
        assert len(seen[-1]["frames"]) == 1
    assert len({one["frames"][0] for one in seen}) == len(seen)


DRIVEN = {
    "formula": ("04_gaussian_softmax", "input", ["End"], "query x = 7.00 and key 21 of 50"),
    "guess": (
        "05_learnable_w",
        "[role=slider]",
        ["End", "ArrowDown"],
        "Your guess: 1.16 at w = 0.10.",
    ),
    "descent": ("05_learnable_w", "button:nth-of-type(5)", ["Enter", "Enter"], "Step 2, rate 5.00"),
}


@pytest.mark.parametrize("kind", DRIVEN)
def test_a_figure_answers_the_keys(reader, site, kind):
    page, control, keys, said = DRIVEN[kind]
    figure = f"document.querySelector('figure[data-kind={kind}]')"
    picture = f"{figure}.querySelector('.explorable-stage > svg')"
    reader.open((site / "chapters" / f"{page}.html").as_uri())
    before = reader.run(f"() => {picture}.innerHTML")
    reader.run(f"() => {figure}.querySelector('{control}').focus()")
    for key in keys:
        reader.press(key)
    assert said in reader.run(f"() => {figure}.querySelector('figcaption span').innerText")
    assert said in reader.run(f"() => {picture}.getAttribute('aria-label')")
    assert reader.run(f"() => {picture}.innerHTML") != before


# All hits, when there are all.
HITS = """() => {
  const results = document.getElementById("search-results");
  const isDone = results?.innerText.includes("Search finished");
  const hit = item => [item.querySelector("a").innerText, item.innerText];
  return isDone && [...results.querySelectorAll("li")].map(hit);
}"""


def test_the_search_finds_and_quotes(reader, site):
    reader.open((site / "index.html").as_uri())
    reader.press("Control+k")
    engines.wait_for(reader, "() => document.activeElement.type === 'search'")
    reader.type("softmax")
    reader.press("Enter")
    engines.wait_for(reader, "() => location.pathname.endsWith('search.html')")
    hits = engines.wait_for(reader, HITS)
    (quoted,) = [text for title, text in hits if "A Gaussian kernel is a softmax" in title]
    assert quoted.count("softmax") > 1


FOLD = """() => {
  const fold = document.activeElement.closest("details");
  return [...fold.children].some(child => child.localName !== "summary"
    && child.checkVisibility() && child.getClientRects().length > 0);
}"""


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_an_answer_unfolds_and_folds_by_key(reader, site, key):
    reader.open((site / "chapters" / "03_nadaraya_watson.html").as_uri())
    reader.run("() => document.querySelector('article details summary').focus()")
    seen = [reader.run(FOLD)]
    for _ in range(2):
        reader.press(key)
        seen.append(reader.run(FOLD))
    assert seen == [False, True, False]
