"""The figures that a reader drives: one number through the formula, a guess, a descent."""

import re
from functools import partial

import numpy as np
import pytest

import nwlib

from .book import set_theme

DATA = nwlib.make_dataset(np.random.default_rng(542))
KEYS, VALUES = DATA.x_train, DATA.y_train
# The page of each, its script, and which of those on the page it is.
FIGURES = {
    "formula": ("chapters/04_gaussian_softmax", "formula", 0),
    "tokens": ("beyond/07_head", "formula", 0),
    "head": ("beyond/07_head", "formula", 1),
    "guess": ("chapters/05_learnable_w", "guess", 0),
    "descent": ("chapters/05_learnable_w", "descent", 0),
}
PHONE = {"width": 390, "has_touch": True, "is_mobile": True}


class Driven:
    """One of the figures, as it is on its page."""

    def __init__(self, page, kind):
        self.page = page
        _, script, number = FIGURES[kind]
        self.figure = page.locator(f"figure[data-kind={script}]").nth(number)
        self.figure.scroll_into_view_if_needed()
        self.picture = self.figure.locator(".explorable-stage > svg")

    @property
    def told(self):
        return self.figure.locator("figcaption span").inner_text()

    def slider(self, name):
        return self.figure.get_by_role("slider", name=name, exact=True)

    def press(self, button):
        self.figure.get_by_role("button", name=button, exact=True).click()

    def at(self, x, y):
        """Return where in the window this place of the picture is, in units of its viewBox."""
        box = self.picture.bounding_box()
        unit = box["width"] / 432
        return box["x"] + x * unit, box["y"] + y * unit

    def touch(self):
        """Return a function that sends a finger's start, move or end."""
        cdp = self.page.context.new_cdp_session(self.page)

        def send(kind, *place):
            points = [dict(zip("xy", self.at(*place), strict=True))] if place else []
            cdp.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})

        return send


@pytest.fixture(params=FIGURES)
def kind(request):
    return request.param


@pytest.fixture
def drive(visit):
    """Opens the page of a kind of figure."""
    visits = []

    def open_page(kind, **options):
        visits.append(visit(FIGURES[kind][0], **options))
        return Driven(visits[-1].__enter__(), kind)

    yield open_page
    for one in visits:
        one.__exit__(None, None, None)


def test_without_a_script_it_is_a_still_picture_that_says_the_same(drive, kind):
    live, still = drive(kind), drive(kind, java_script_enabled=False)
    assert live.told == still.told
    assert live.figure.locator(".still").is_hidden()
    assert still.figure.locator(".still").is_visible()
    assert still.picture.get_attribute("aria-label") == still.told
    assert not still.figure.locator(".explorable-controls").is_visible()
    sizes = [one.picture.bounding_box() for one in (live, still)]
    assert sizes[0]["height"] == pytest.approx(sizes[1]["height"], abs=1)


def test_nothing_on_the_page_moves_while_it_is_driven(drive, kind):
    driven = drive(kind)
    height = driven.page.evaluate("document.documentElement.scrollHeight")
    for name in ("crawl", "that recipe", "step", "compare", "show without a guess"):
        button = driven.figure.get_by_role("button", name=name, exact=True)
        if button.count():
            button.click()
    for control in driven.figure.get_by_role("slider").all():
        for key in ("End", "Home", "ArrowRight"):
            control.press(key)
            assert driven.page.evaluate("document.documentElement.scrollHeight") == height


SIZES = """figure => [...figure.querySelectorAll("button, input, select, [role=slider]")]
  .map(control => control.getBoundingClientRect())
  .map(({width, height}) => Math.min(width, height))"""


def test_all_that_is_to_be_hit_is_at_least_24_pixels_large(drive, kind):
    driven = drive(kind)
    for width in (1280, 390):
        driven.page.set_viewport_size({"width": width, "height": 900})
        assert min(driven.figure.evaluate(SIZES)) >= 24, width


def test_letters_are_large_enough_on_a_phone(drive, kind):
    driven = drive(kind, **PHONE)
    heights = driven.picture.evaluate(
        "svg => [...svg.querySelectorAll('text')].filter(text => text.textContent)"
        "  .map(text => parseFloat(getComputedStyle(text).fontSize) * svg.getScreenCTM().a)"
    )
    assert min(heights) > 9


def test_its_colours_follow_the_theme(drive, kind):
    driven = drive(kind)
    look = (
        "svg => [...svg.querySelectorAll('path, text')].map(mark => "
        "  getComputedStyle(mark).fill + getComputedStyle(mark).stroke)"
    )
    seen = []
    for theme in ("light", "dark"):
        set_theme(driven.page, theme)
        seen.append(driven.picture.evaluate(look))
    assert all(light != dark for light, dark in zip(*seen, strict=True))


def test_it_answers_within_a_frame(drive, kind):
    driven = drive(kind)
    times = driven.figure.evaluate(
        """figure => {
           const controls = figure.querySelectorAll("input, select, [role=slider]");
           return [...controls].flatMap(control => {
             const down = key => control.dispatchEvent(new KeyboardEvent("keydown", {key}));
             const move = i => {
               if (!("value" in control)) return down(i % 2 ? "ArrowUp" : "ArrowDown");
               control.value = i % (control.length ?? Number(control.max) + 1);
               control.dispatchEvent(new Event("input", {bubbles: true}));
             };
             return Array.from({length: 40}, (_, i) => {
               const start = performance.now();
               move(i);
               figure.getBoundingClientRect();
               return performance.now() - start;
             });
           });
         }"""
    )
    assert np.median(times) < 16


# Data that the book has not, for a figure that stands in its page.
SETS = {
    "no point": ([], []),
    "one point": ([2.0], [3.0]),
    "all at one place": ([1.0] * 4, [1.0, 2.0, 3.0, 5.0]),
    "all alike": ([1.0] * 3, [2.0] * 3),
    "very far": ([-1e6, 1e6], [1e6, -1e6]),
}
# Puts the figure as it came, to which nothing listens yet, in the place of itself.
FEED = """(figure, [keys, values, loss]) => {
  window.asItCame ??= figure.cloneNode(true);
  const copy = asItCame.cloneNode(true);
  figure.replaceWith(copy);
  const {data} = JSON.parse(copy.querySelector("script[type='application/json']").textContent);
  Object.assign(data, {keys, values});
  if (data.curve) data.curve.loss = data.curve.w.map((_, i) => loss[i] ?? null);
  nw.kinds[copy.dataset.kind](copy, {data});
}"""


@pytest.mark.parametrize("kind", [kind for kind in FIGURES if kind != "tokens"])  # has a table
def test_any_data_make_a_picture_and_a_sentence(drive, kind):
    driven = drive(kind)
    for name, (keys, values) in SETS.items():
        scales = np.geomspace(0.1, 100, 122) if keys[1:] else []
        losses = [nwlib.loss(w, keys, values) for w in scales]
        driven.figure.evaluate(FEED, [keys, values, losses])
        said = [driven.told]
        for button in driven.figure.get_by_role("button").all():
            button.click()
            said.append(driven.told)
        for control in driven.figure.get_by_role("slider").all():
            for key in ("Home", "End", "ArrowLeft"):
                if control.is_visible():
                    control.press(key)
                    said.append(driven.told)
        wrong = "NaN|none|undefined|Infinity|null"
        assert not [text for text in said if re.search(wrong, text)], name
        assert not re.search("NaN|undefined|Infinity|null", driven.picture.inner_html()), name
        assert all(text.endswith(".") for text in said), name


class TestFormula:
    def told(self, query, i):
        """What is to be said of key i, worked out by other means than the script's."""
        kernel = np.exp(-((query - KEYS) ** 2) / 2)
        return (
            f"query x = {query:.2f} and key {i + 1} of 50, at {KEYS[i]:.2f}",
            f"{kernel[i]:.3f} of {kernel.sum():.3f} in all, weight {kernel[i] / kernel.sum():.3f}",
            f"that is {kernel[i] / kernel.sum() * VALUES[i]:.3f}",
            f"sum to {kernel @ VALUES / kernel.sum():.2f}.",
        )

    def check(self, driven, query, i):
        for phrase in self.told(query, i):
            assert phrase in driven.told
        assert driven.slider("key").get_attribute("aria-valuetext") == f"{i + 1}"

    def test_it_follows_the_keys(self, drive):
        driven = drive("formula")
        driven.slider("query x").focus()
        driven.page.keyboard.press("End")
        driven.page.keyboard.press("ArrowLeft")
        self.check(driven, 6.95, 20)
        driven.page.keyboard.press("Tab")
        driven.page.keyboard.press("Home")
        self.check(driven, 6.95, 0)
        driven.page.keyboard.press("ArrowRight")
        self.check(driven, 6.95, 1)

    def test_pointing_marks_a_key_and_dragging_moves_the_query(self, drive):
        driven = drive("formula")
        before = driven.picture.screenshot()
        driven.page.mouse.move(*driven.at(136, 310))
        assert driven.slider("key").input_value() == "0"
        self.check(driven, 2.0, 0)
        driven.page.mouse.move(*driven.at(200, 80))
        driven.page.mouse.down()
        driven.page.mouse.move(*driven.at(416, 80), steps=4)
        driven.page.mouse.up()
        assert driven.slider("query x").input_value() == "179"
        assert driven.picture.screenshot() != before

    def test_pointing_at_the_map_marks_a_column_and_dragging_there_a_row_too(self, drive):
        driven = drive("formula")
        column = 372 / KEYS.size  # of the map, which is 372 wide and 100 high
        driven.page.mouse.move(*driven.at(50 + 7.5 * column, 500))
        self.check(driven, 2.0, 7)
        driven.page.mouse.down()
        driven.page.mouse.move(*driven.at(50 + 9.5 * column, 446 + 100 * 40.5 / 181), steps=4)
        driven.page.mouse.up()
        self.check(driven, 0.0, 9)  # the queries are -2, -1.95, ...

    def test_a_finger_moves_the_query_and_marks_a_key(self, drive):
        driven = drive("formula", **PHONE)
        touch = driven.touch()
        for row, name in ((80, "query x"), (250, "key")):
            before = driven.slider(name).input_value()
            touch("Start", 200, row)
            for x in range(205, 250, 5):
                touch("Move", x, row)
            touch("End")
            assert driven.slider(name).input_value() != before

    def test_the_marked_key_is_the_same_in_the_pairs_and_in_each_row(self, drive):
        driven = drive("formula")
        driven.slider("key").press("Home")
        places = driven.picture.evaluate(
            """svg => [...svg.querySelectorAll("path")]
                 .filter(path => /--nw-third/.test(path.outerHTML) && path.getBBox().height)
                 .map(path => path.getBBox()).map(({x, width}) => x + width / 2)"""
        )
        *places, column = places
        assert len(places) == 5
        assert np.ptp(places) < 0.1
        assert column == pytest.approx(50 + 0.5 * 372 / KEYS.size, abs=0.1)  # of the map, the first


class TestHead:
    def test_tokens_are_followed_by_name(self, drive):
        driven = drive("tokens")
        driven.figure.get_by_role("combobox", name="query of").select_option("red")
        driven.figure.get_by_role("combobox", name="key of").select_option("red")
        # By page 7: scores 0, 0.707 and 0.707, exponentials with sum 5.056, output 1.401.
        assert driven.told == (
            "The query of red and the key of red: score 0.000, exponential 1.000 of 5.056 in all, "
            "weight 0.198; times its value 1.00 that is 0.198. All products sum to 1.40."
        )
        driven.page.mouse.move(*driven.at(236, 200))
        assert driven.told.startswith("The query of red and the key of apple: score 0.707")

    def test_a_trained_head_looks_near_its_query(self, drive):
        driven = drive("head")
        assert "exponential 1.000 of 40.000 in all, weight 0.025" in driven.told
        driven.slider("step").press("End")
        assert driven.told.startswith("After 2000 steps, the query x = 0.90 and key 34 of 40")
        assert float(re.search(r"weight (0\.\d+)", driven.told)[1]) > 0.2
        driven.slider("query x").press("Home")
        assert "weight 0.000" in driven.told


class TestGuess:
    def test_it_is_set_and_compared_by_keys(self, drive):
        driven = drive("guess")
        places = np.geomspace(0.1, 100, 7)
        truth = [nwlib.loss(w, KEYS, VALUES) for w in places]
        for w, height in zip(places, truth, strict=True):
            handle = driven.slider(f"guess at w = {w:.2f}")
            handle.press("Home")
            top = float(handle.get_attribute("aria-valuemax"))
            for _ in range(round(height / top * 100)):
                driven.page.keyboard.press("ArrowUp")
            assert float(handle.get_attribute("aria-valuenow")) == pytest.approx(height, abs=0.01)
            assert re.match(rf"Your guess: 0\.\d\d at w = {w:.2f}\.", driven.told)
        driven.press("compare")
        off = float(re.search(r"is (\d\.\d\d) away", driven.told)[1])
        fine = np.geomspace(0.1, 100, 400)
        straight = np.interp(np.log(fine), np.log(places), truth)
        expected = np.abs(straight - [nwlib.loss(w, KEYS, VALUES) for w in fine]).mean()
        assert off == pytest.approx(expected, abs=0.015)
        assert f"the loss at w = {nwlib.fit_w(KEYS, VALUES):.2f}" in driven.told

    @pytest.mark.parametrize("finger", [False, True])
    def test_it_is_drawn(self, drive, finger):
        driven = drive("guess", **(PHONE if finger else {}))
        path = [(70, 50), (150, 60), (230, 180), (310, 150), (400, 110)]
        if finger:
            touch = driven.touch()
            touch("Start", *path[0])
            for place in path[1:]:
                touch("Move", *place)
            touch("End")
        else:
            driven.page.mouse.move(*driven.at(*path[0]))
            driven.page.mouse.down()
            for place in path[1:]:
                driven.page.mouse.move(*driven.at(*place), steps=3)
            driven.page.mouse.up()
        handles = driven.figure.get_by_role("slider").all()
        heights = [float(handle.get_attribute("aria-valuenow")) for handle in handles]
        assert len(set(heights)) == 7
        assert np.argmin(heights) in (3, 4)
        assert heights[0] > heights[-1] > min(heights)

    def test_the_truth_is_hidden_until_it_is_asked_for(self, drive):
        driven = drive("guess")
        truth = driven.picture.locator("path[stroke='var(--nw-truth)'][stroke-width='2.2']")
        assert not truth.get_attribute("d")
        driven.press("show without a guess")
        assert truth.get_attribute("d")
        assert f"lowest, {nwlib.loss(4.31, KEYS, VALUES):.3f}, at w = 4.31." in driven.told
        assert driven.figure.get_by_role("button", name="compare").is_disabled()
        driven.press("again")
        assert not truth.get_attribute("d")
        assert "still flat" in driven.told


class TestDescent:
    def descend(self, drive):
        return drive("descent", reduced_motion="reduce")

    def test_the_recipe_ends_where_the_chapter_says(self, drive):
        driven = self.descend(drive)
        driven.press("that recipe")
        driven.press("step")
        assert "w = 16.36" in driven.told
        assert "leapt over the valley" in driven.told
        driven.press("back")
        driven.press("run")
        assert driven.told.startswith("Step 5, rate 25.00, from 16.07: w = 15.97, loss 0.409;")

    @pytest.mark.parametrize(
        "name, rate, says",
        [("crawl", 0.2, "crawls"), ("serve", 5.0, "in the valley"), ("leap", 25.0, "crawls")],
    )
    def test_a_run_ends_where_train_does(self, drive, name, rate, says):
        driven = self.descend(drive)
        driven.press(name)
        driven.press("run")
        history = nwlib.train(KEYS, VALUES, w=1.0, learning_rate=rate, n_steps=20)
        assert f"w = {history.w[-1]:.2f}, loss {history.loss[-1]:.3f}" in driven.told
        assert says in driven.told

    def test_start_and_rate_follow_the_keys(self, drive):
        driven = self.descend(drive)
        driven.slider("start w").press("Home")
        assert driven.told.startswith("The start: w = 0.10, loss 0.939")
        driven.slider("learning rate").press("End")
        driven.figure.get_by_role("button", name="step", exact=True).press("Enter")
        step = 0.1 - 100 * nwlib.gradient(0.1, KEYS, VALUES)
        assert f"w = {step:.2f}" in driven.told

    def test_what_the_chapter_says_of_starts_holds(self, drive):
        driven = self.descend(drive)
        driven.press("leap")
        start = driven.slider("start w")
        starts = driven.figure.evaluate(
            "figure => JSON.parse(figure.querySelector('script').textContent).data.starts"
        )
        for w, says in ((2.0, "in the valley"), (1.0, "leapt over"), (0.1, "slides towards")):
            nearest = int(np.abs(np.array(starts) - w).argmin())
            start.evaluate(
                "(input, i) => { input.value = i; input.dispatchEvent(new Event('input')); }",
                nearest,
            )
            driven.press("step")
            assert says in driven.told

    def test_a_run_takes_its_time_and_a_step_stops_it(self, drive):
        driven = drive("descent")
        driven.press("run")
        steps = partial(re.match, r"Step (\d+)")
        driven.page.wait_for_function(
            "() => /^Step [3-9]/.test(document.querySelector("
            "'figure[data-kind=descent] figcaption span').textContent)"
        )
        driven.press("step")
        stopped = steps(driven.told)[1]
        driven.page.wait_for_timeout(600)
        assert steps(driven.told)[1] == stopped
