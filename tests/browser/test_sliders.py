"""Each slider moves on the static page, and says what it shows."""

import ast
import functools

import nbformat
import numpy as np
import pytest

import nwlib
from nwlib import sliders

from .book import PAGES, ROOT, SHIFTS

DATA = nwlib.make_dataset(np.random.default_rng(542))
KEYS, VALUES = DATA.x_train, DATA.y_train


def error(prediction):
    return np.nanmean((prediction - DATA.y_true) ** 2)


def told_by_argument(w):
    prediction = nwlib.nadaraya_watson(DATA.x_test, KEYS, VALUES, w)
    return f"w = {w:.2f}", f"error against the truth is {error(prediction):.2f}"


def told_by_kernel(name, bandwidth):
    kernel = getattr(nwlib, name.lower())
    u = (DATA.x_test[:, np.newaxis] - KEYS) / bandwidth
    reached = kernel(u).sum(axis=1) > 0
    prediction = np.full(DATA.x_test.shape, np.nan)
    prediction[reached] = kernel(u[reached]) @ VALUES / kernel(u[reached]).sum(axis=1)
    at_2 = kernel((2 - KEYS) / bandwidth)
    mean = f"weighted mean of the values is {at_2 @ VALUES / at_2.sum():.2f}"
    yield f"{name} kernel, bandwidth {bandwidth:.2f}"
    yield mean if at_2.any() else "no key in reach"
    yield f"{error(prediction):.3f}"
    if not reached.all():
        yield f"{(~reached).sum()} of 50 queries have no key in reach"


def told_by_query(x):
    nearest = KEYS[np.abs(KEYS - x).argmin()]
    weights = np.exp(-((x - KEYS) ** 2) / 2 + (x - nearest) ** 2 / 2)
    weights /= weights.sum()
    return (
        f"query x = {x:.2f}",
        f"largest weight, {weights.max():.3f}, to the key at {nearest:.2f}",
        f"weighted mean of the values is {weights @ VALUES:.2f}",
    )


def told_by_w(w):
    prediction = nwlib.nadaraya_watson(DATA.x_test, KEYS, VALUES, w)
    return (
        f"w = {w:.2f}",
        f"leave-one-out loss {nwlib.loss(w, KEYS, VALUES):.3f}",
        f"test error {error(prediction):.3f}",
    )


@functools.cache
def of_page(page):
    """The explorable of a page as its own cells make it, and what they have computed for it."""
    names = {}
    for cell in nbformat.read(ROOT / f"{page}.ipynb", as_version=4).cells:
        if cell.cell_type == "code":
            *before, last = ast.parse(cell.source).body
            if "_slider(" in ast.unparse(last):
                exec(ast.unparse(before), names)
                return eval(ast.unparse(last), names), names
            exec(cell.source, names)
    return None


def told_by_metric(step):
    """By other means than the page's: each difference between a query and a key by itself."""
    world, path = (of_page("beyond/06_metric")[1][key] for key in ("world", "path"))
    matrix = path[step]

    def predictions(queries, mask):
        u = (queries[:, np.newaxis] - world.x_train) @ matrix.T
        kernel = np.exp(-(u**2).sum(axis=2) / 2) * mask
        return kernel @ world.y_train / kernel.sum(axis=1)

    left_out = predictions(world.x_train, 1 - np.eye(len(world.x_train)))
    return (
        f"After {step} step{'s' * (step != 1)}: ",
        f"loss {np.mean((left_out - world.y_train) ** 2):.3f}, ",
        f"test error {np.mean((predictions(world.x_test, 1) - world.y_true) ** 2):.3f}",
        f"On the diagonal: {', '.join(f'{(column**2).sum():.1f}' for column in matrix.T)}.",
    )


def told_by_training(step):
    explorable, names = of_page("beyond/07_head")
    at = explorable.controls[0].positions.index(step)
    return f"After {step} step", f"Error on fresh problems {names['errors_of_steps'][at]:.3f}"


def bands(scales):
    """What page 8 computes of each scale, by other means: products of plain Gaussians."""
    sets = [nwlib.make_dataset(np.random.default_rng(seed)) for seed in range(200)]

    def weights(queries, keys, w):
        kernel = np.exp(-(((queries[:, np.newaxis] - keys) * w) ** 2) / 2)
        return kernel / kernel.sum(axis=1, keepdims=True)

    def band(d, w):
        rest = np.eye(d.x_train.size) - weights(d.x_train, d.x_train, w)
        variance = ((rest @ d.y_train) ** 2).sum() / (rest**2).sum()
        alpha = weights(d.x_test, d.x_train, w)
        return alpha @ d.y_train, np.sqrt(variance * (alpha**2).sum(axis=1))

    for w in scales:
        curves, errors = np.swapaxes([band(d, w) for d in sets], 0, 1)
        prediction, standard_error = band(DATA, w)
        yield {
            "prediction": prediction,
            "standard_error": standard_error,
            "parameters": weights(KEYS, KEYS, w).trace(),
            "coverage": (np.abs(curves - DATA.y_true) <= 2 * errors).mean(axis=0),
            "bias": curves.mean(axis=0) - DATA.y_true,
            "typical_error": errors.mean(axis=0),
        }


@functools.cache
def studies():
    scales = np.geomspace(0.5, 32, 19).round(2)
    return dict(zip(scales, bands(scales), strict=True))


def band_slider(dataset):
    return sliders.band_slider(dataset, studies())


def told_by_band(w):
    study = studies()[w]
    return (
        f"w = {w:.2f}: {study['parameters']:.1f} parameters",
        f"at {study['coverage'].mean():.0%} of the places",
        f"in {study['coverage'][0]:.0%} of the sets",
        f"the standard error {study['typical_error'][0]:.2f}",
    )


# The page of each explorable, and what its description has to say about a position.
EXPLORABLES = {
    "index": (sliders.argument_slider, told_by_argument),
    "chapters/03_nadaraya_watson": (sliders.kernel_slider, told_by_kernel),
    "chapters/04_gaussian_softmax": (sliders.query_slider, told_by_query),
    "chapters/05_learnable_w": (sliders.w_slider, told_by_w),
    "beyond/06_metric": (lambda _: of_page("beyond/06_metric")[0], told_by_metric),
    "beyond/07_head": (lambda _: of_page("beyond/07_head")[0], told_by_training),
    "beyond/08_uncertainty": (band_slider, told_by_band),
}

# What an explorable shows and tells.
SEEN = """figure => {
  const [slider, picture] = ["input", "svg"].map(name => figure.querySelector(name));
  const frames = [...figure.querySelectorAll("[data-frame]")].filter(
    frame => frame.getClientRects().length);
  return {
    index: Number(slider.value),
    value: [slider.getAttribute("aria-valuetext"), figure.querySelector("output").innerText],
    choices: [...figure.querySelectorAll("select")].map(choice => choice.selectedOptions[0].text),
    caption: figure.querySelector("figcaption").innerText,
    name: picture.getAttribute("aria-label"),
    frames: frames.length,
    picture: frames[0].innerHTML,
    height: document.documentElement.scrollHeight,
  };
}"""

# Each thing drawn, with its colours and its place, sorted: the order of painting may differ.
SHAPES = """svg => [...svg.querySelectorAll("path, use, text, image")]
  .filter(shape => !shape.closest("defs") && shape.getClientRects().length)
  .map(shape => {
    const {fill, stroke, strokeWidth, opacity} = getComputedStyle(shape);
    const {x, y, width, height} = shape.getBoundingClientRect();
    const place = [x, y, width, height].map(length => length.toFixed(1));
    const colours = shape.nodeName === "image" ? [] : [fill, stroke, strokeWidth, opacity];
    return [shape.nodeName, shape.textContent.trim(), ...colours, ...place].join(" ");
  }).sort()"""


class Shown:
    """An explorable as it is on a page, found by what a screen reader says of it."""

    def __init__(self, page, name):
        make, self.told = EXPLORABLES[name]
        self.page = page
        self.explorable = make(DATA)
        *self.choices, self.control = self.explorable.controls
        self.last = len(self.control.positions) - 1
        figure = page.get_by_role("figure", name=self.explorable.title, exact=True)
        slider = figure.get_by_role("slider", name=self.control.name, exact=True)
        self.figure, self.slider = figure.element_handle(), slider.element_handle()
        self.picture = figure.get_by_role("img").element_handle()
        self.boxes = [
            figure.get_by_role("combobox", name=choice.name, exact=True).element_handle()
            for choice in self.choices
        ]

    def check(self, index):
        """The slider is at this position, and all that it moves says so. Return what is seen."""
        seen = self.figure.evaluate(SEEN)
        assert seen["index"] == index
        assert seen["value"] == [self.control.texts[index]] * 2
        assert seen["name"] == seen["caption"]
        for phrase in self.told(*seen["choices"], self.control.positions[index]):
            assert phrase in seen["caption"]
        assert seen["frames"] == 1
        return seen

    def check_about(self, part):
        """The slider is at this part of its way, up to one position, and all else says so."""
        index = int(self.slider.input_value())
        assert abs(index - part * self.last) <= 1
        self.check(index)

    def at(self, part):
        """Return the point at this part of the slider's track."""
        self.slider.scroll_into_view_if_needed()
        box = self.slider.bounding_box()
        return box["x"] + 1 + part * (box["width"] - 2), box["y"] + box["height"] / 2

    def sweep(self):
        """Move through all positions, check each, and return what was seen of it."""
        seen = []
        for _ in range(len(self.choices[0].positions) if self.choices else 1):
            self.slider.focus()
            self.page.keyboard.press("Home")
            for index in range(self.last + 1):
                seen.append(self.check(index))
                self.page.keyboard.press("ArrowRight")
            for box in self.boxes:
                box.press("ArrowDown")
        return seen


@pytest.fixture(scope="module", params=EXPLORABLES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def shown(name, visit):
    with visit(name) as page:
        yield Shown(page, name)


def test_it_starts_as_the_notebook_shows_it(shown):
    seen = shown.check(shown.control.start)
    assert seen["choices"] == [choice.texts[choice.start] for choice in shown.choices]
    assert shown.picture.is_visible()


def test_it_follows_the_keys(shown):
    def press(key, index):
        shown.slider.press(key)
        shown.check(index)

    press("Home", 0)
    press("ArrowRight", 1)
    press("ArrowUp", 2)
    press("ArrowLeft", 1)
    press("ArrowDown", 0)
    shown.slider.press("PageUp")
    leap = int(shown.slider.input_value())
    assert 1 <= leap < shown.last / 2
    press("End", shown.last)
    press("PageDown", shown.last - leap)


def test_the_picture_is_the_one_that_a_kernel_would_draw(visit, name):
    with visit(name) as page:
        still = Shown(page, name)
        still.slider.press("End")
        live, _ = still.explorable.picture(*(c.start for c in still.choices), still.last)
        # The page's own colours are no part of the drawing.
        still.picture.evaluate(
            """svg => svg.outerHTML.match(/--nw-\\w+/g).forEach(
                 name => svg.style.setProperty(name, "initial"))"""
        )
        on_the_page = still.picture.evaluate(SHAPES)
        still.picture.evaluate("(svg, live) => svg.outerHTML = live", live)
        assert on_the_page == Shown(page, name).picture.evaluate(SHAPES)
        assert len(on_the_page) > 20


def test_it_follows_the_mouse(shown):
    shown.page.mouse.click(*shown.at(1))
    shown.check(shown.last)
    shown.page.mouse.click(*shown.at(0.5))
    shown.check_about(0.5)
    shown.page.mouse.down()
    shown.page.mouse.move(*shown.at(0.2), steps=5)
    shown.page.mouse.up()
    shown.check_about(0.2)


def test_it_follows_a_finger(visit, name):
    with visit(name, width=390, has_touch=True, is_mobile=True) as page:
        shown = Shown(page, name)
        page.touchscreen.tap(*shown.at(0.75))
        shown.check_about(0.75)
        cdp = page.context.new_cdp_session(page)

        def touch(kind, *points):
            points = [{"x": x, "y": y} for x, y in points]
            cdp.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})

        touch("Start", shown.at(0.75))
        for part in np.linspace(0.75, 0.25, 6):
            touch("Move", shown.at(part))
        touch("End")
        shown.check_about(0.25)


def test_what_one_sees_changes(shown):
    for control in (*shown.boxes, shown.slider):
        control.press("Home")  # wherever the tests before this one left it
    pictures = [shown.picture.screenshot()]
    for box in shown.boxes:
        box.press("End")
        pictures.append(shown.picture.screenshot())
    for key in ("PageUp", "ArrowRight", "End"):
        shown.slider.press(key)
        pictures.append(shown.picture.screenshot())
    assert len(set(pictures)) == len(pictures)


@pytest.fixture(scope="module", params=[1280, 390])
def swept(request, visit, name):
    """What is seen at each position, and how often something was displaced on the way."""
    with visit(name, width=request.param) as page:
        shown = Shown(page, name)
        shown.slider.scroll_into_view_if_needed()
        before = len(page.evaluate(SHIFTS))
        return shown.sweep(), len(page.evaluate(SHIFTS)) - before


def test_each_position_has_its_picture_and_its_words(swept):
    positions, _ = swept
    assert len({seen["picture"] for seen in positions}) == len(positions) >= 19
    assert len({seen["caption"] for seen in positions}) == len(positions)


def test_nothing_jumps_when_it_moves(swept):
    positions, shifts = swept
    assert shifts == 0
    assert len({seen["height"] for seen in positions}) == 1


def stands_still(page, name):
    """The picture is there, and its caption, and nothing that could move it."""
    figure = page.locator("figure").filter(has=page.locator("[data-frame]"))
    assert figure.locator("svg").is_visible()
    assert figure.locator("[data-frame]:visible").count() == 1
    explorable = EXPLORABLES[name][0](DATA)
    starts = [control.texts[control.start] for control in explorable.controls]
    assert all(text in figure.locator("figcaption").inner_text() for text in starts)
    assert not figure.locator("input, select, output").filter(visible=True).count()


def test_without_a_script_the_picture_stands_still(name, visit):
    with visit(name, java_script_enabled=False) as page:
        stands_still(page, name)


def test_in_print_the_picture_stands_still(name, visit):
    with visit(name) as page:
        page.emulate_media(media="print")
        stands_still(page, name)


def test_these_are_all_sliders(site):
    texts = {name: (site / f"{name}.html").read_text(encoding="utf-8") for name in PAGES}
    assert {name for name in texts if 'data-kind="frames"' in texts[name]} == set(EXPLORABLES)
