"""The reader's own points: whatever is done to them, and by whatever means, the figure answers."""

import re

import numpy as np
import pytest

import nwlib

from .book import SHIFTS

DATA = nwlib.make_dataset(np.random.default_rng(542))
PAGES = ("index", "chapters/05_learnable_w")
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
# Where a place of the data is in the window, and what the picture shows of each panel.
PLACE = """(figure, [x, y]) => {
  const svg = figure.querySelector("svg"), matrix = svg.getScreenCTM();
  const point = new DOMPoint(44 + x / 5 * 378, 212 - (y + 1) / 7 * 190).matrixTransform(matrix);
  return [point.x, point.y];
}"""
DRAWN = (
    """figure => [...figure.querySelectorAll("svg > g[clip-path]")].map(area => area.innerHTML)"""
)


class Points:
    """The figure on a page, as a reader finds it."""

    def __init__(self, page):
        self.page = page
        self.figure = page.get_by_role("figure", name="Your own points")
        self.chosen = self.figure.get_by_role("slider", name="Point")

    @property
    def said(self):
        """What the figure says; the same stands in its caption and in its picture's name."""
        caption = self.figure.locator("figcaption").inner_text()
        assert self.figure.get_by_role("group").first.get_attribute("aria-label") in caption
        assert "NaN" not in self.figure.inner_html()
        return caption

    def press(self, name):
        self.figure.get_by_role("button", name=name).click()

    def at(self, x, y):
        """Return the place of a point in the window, which is scrolled so that it is there."""
        self.chosen.or_(self.figure.locator("svg")).first.scroll_into_view_if_needed()
        return self.figure.evaluate(PLACE, [x, y])

    def place(self):
        """Return where the chosen point is, and how many there are, as the figure says."""
        number, x, y = re.match(
            r"Point (\d+) of \1 is at x = (.*), y = (.*?)\. ", self.said
        ).groups()
        return pytest.approx((int(number), float(x), float(y)), abs=0.06)

    def count(self):
        return int(re.search(r"(\d+) points?, ", self.said)[1])

    def address(self):
        """Return the address of the page once it has followed."""
        self.page.wait_for_timeout(500)
        return self.page.url


@pytest.fixture
def points(visit):
    with visit("index") as page:
        yield Points(page)


@pytest.fixture(params=PAGES)
def everywhere(request, visit):
    with visit(request.param) as page:
        yield Points(page)


def fragment(*places, positions=(10, 0, 20)):
    """The fragment of an address with these points, written anew."""

    def digits(number):
        sign, number, text = "-" if number < 0 else "", abs(round(number)), ""
        while number or not text:
            number, digit = divmod(number, 36)
            text = DIGITS[digit] + text
        return sign + text

    whole = [*positions, *(10_000 * one for place in places for one in place)]
    return "_".join(["#points", *map(digits, whole)])


def test_it_begins_as_it_is_stored(everywhere):
    stored = everywhere.figure.locator("figcaption").get_attribute("data-longest")
    assert stored
    k, v = DATA.x_train, DATA.y_train
    assert everywhere.said.split("50 points, ")[1].startswith("Gaussian kernel, w = 1.00. ")
    assert f"Leave-one-out loss {nwlib.loss(1.0, k, v):.3f}" in everywhere.said


def test_without_a_script_it_says_the_same(visit):
    for name in PAGES:
        with visit(name) as page:
            live = Points(page).said
        with visit(name, java_script_enabled=False) as page:
            figure = page.get_by_role("figure", name="Your own points")
            assert figure.locator("figcaption").inner_text() == live
            assert figure.get_by_role("img").is_visible()
            assert not figure.locator("button, input, select").filter(visible=True).count()
            assert figure.get_by_text("A still picture").is_visible()


def test_by_keyboard_alone_points_are_chosen_moved_added_and_deleted(points):
    points.figure.locator("button").last.focus()
    points.page.keyboard.press("Tab")
    seen = [points.figure.evaluate(DRAWN)]

    def press(key, says):
        points.page.keyboard.press(key)
        assert re.match(says, points.said), points.said
        seen.append(points.figure.evaluate(DRAWN))

    press("PageUp", r"Point 27 of 50 is at x = 2\.89, y = 2\.69\.")
    press("ArrowUp", r"Point 27 of 50 is at x = 2\.89, y = 2\.76\.")
    press("Shift+ArrowRight", r"Point 27 of 50 is at x = 3\.39, y = 2\.76\.")
    press("Home", r"Point 27 of 50 is at x = 0\.00, y = -1\.00\.")
    press("Delete", r"Point 27 deleted\. 49 points, ")
    press("PageDown", r"Point 26 of 49 ")
    press("Enter", r"Point 50 of 50 is at x = 2\.00, y = \d\.\d\d\.")
    assert len({curve for curve, *_ in seen}) == len(seen) - 2  # to choose a point moves none
    assert len({loss for *_, loss in seen}) >= 5
    assert points.chosen.get_attribute("aria-valuetext").startswith("x = 2.00, y = ")


def test_a_screen_reader_is_told_once_it_has_come_to_rest(points):
    region = points.figure.locator("[aria-live=polite]")
    assert not region.text_content()
    points.chosen.focus()
    for _ in range(3):
        points.page.keyboard.press("ArrowUp")
    assert not region.text_content()
    points.page.wait_for_timeout(900)
    assert region.text_content() == points.said


def test_all_panels_follow_w_kernel_and_query(points):
    for control, part in (("w", 3), ("query x", 1)):
        before = points.figure.evaluate(DRAWN)
        points.figure.get_by_role("slider", name=control, exact=True).press("End")
        assert points.figure.evaluate(DRAWN)[part] != before[part]
    points.figure.get_by_role("combobox").select_option("boxcar")
    assert "50 points, boxcar kernel, w = 100.00. The query x = 5.00 has no key" in points.said
    assert "queries have no prediction" in points.said


def test_the_numbers_are_those_of_nwlib(points):
    """For each kernel; the leave-one-out loss by leaving each point out."""
    points.figure.get_by_role("slider", name="w", exact=True).press("PageUp")
    for name, kernel in nwlib.kernels.KERNELS.items():
        points.figure.get_by_role("combobox").select_option(name)
        w = float(re.search(r"w = (\d+\.\d\d)", points.said)[1])
        keys, values = DATA.x_train, DATA.y_train
        weights = nwlib.kernel_weights([2.0], keys, kernel, w)
        left = [
            nwlib.kernel_weights(keys[[i]], np.delete(keys, i), kernel, w) @ np.delete(values, i)
            for i in range(50)
        ]
        errors = (np.ravel(left) - values) ** 2
        assert f"{weights.max():.3f}, to the key" in points.said
        assert f"its prediction is {(weights @ values)[0]:.2f}." in points.said
        assert re.search(rf"loss (of the \d+ points .*)?{np.nanmean(errors):.3f};", points.said)


def test_by_mouse_a_point_is_added_dragged_and_taken_back(points):
    mouse = points.page.mouse
    mouse.click(*points.at(0.5, 5))
    assert points.place() == (51, 0.5, 5)
    mouse.move(*points.at(0.5, 5))
    mouse.down()
    mouse.move(*points.at(4, 5.5), steps=5)
    assert points.place() == (51, 4, 5.5)
    mouse.move(*points.at(9, -30), steps=5)
    mouse.up()
    assert points.place() == (51, 5, -1)
    points.page.keyboard.press("Shift+ArrowUp")  # the keys go on where the mouse stopped
    assert points.place() == (51, 5, -0.3)
    for left in (51, 50):  # a movement is one change
        points.press("undo")
        assert points.said.startswith("One change is taken back. ")
        assert points.count() == left
    points.press("undo")
    assert points.said.startswith("There is nothing to take back. ")


@pytest.fixture
def phone(visit):
    with visit("index", width=390, has_touch=True, is_mobile=True) as page:
        yield Points(page)


def swipe(page, *places):
    """Put a finger down at the first of these places, lead it through the others, and lift it."""
    session = page.context.new_cdp_session(page)
    kinds = ["touchStart", *["touchMove"] * (len(places) - 1)]
    for kind, (x, y) in zip(kinds, places, strict=True):
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_finger_adds_drags_and_deletes(phone):
    phone.page.touchscreen.tap(*phone.at(0.5, 5))
    assert phone.place() == (51, 0.5, 5)
    swipe(phone.page, *(phone.at(part, 5) for part in np.linspace(0.5, 3, 6)))
    assert phone.place() == (51, 3, 5)
    phone.press("delete it")
    assert phone.count() == 50


def test_a_finger_that_goes_down_beside_all_points_scrolls_the_page(phone):
    x, y = phone.at(0.5, 5)
    before = phone.page.evaluate("scrollY")
    swipe(phone.page, *((x, y - 20 * step) for step in range(8)))
    phone.page.wait_for_timeout(100)
    assert phone.page.evaluate("scrollY") > before
    assert phone.count() == 50


def test_each_control_can_be_hit_by_a_finger(phone):
    for control in phone.figure.locator("button, input, select, .nw-handle").all():
        box = control.bounding_box()
        assert min(box["width"], box["height"]) >= 24


def test_a_link_brings_back_the_figure(points, visit):
    points.press("new noise")
    points.figure.get_by_role("combobox").select_option("triangular")
    points.chosen.press("Delete")
    points.figure.get_by_role("slider", name="w", exact=True).press("PageUp")
    sent = points.address().partition("#")[2]
    said = points.said
    assert len(sent) < 600
    with visit("index") as page:
        page.evaluate("address => { location.hash = address; }", sent)
        again = Points(page)
        assert again.said == said
        assert again.figure.evaluate("figure => figure.getBoundingClientRect().top") < 200
        again.press("the book's data")
        assert again.said.startswith("These are the book's data again. 50 points, Gaussian")
        assert "#" not in again.address()


def test_an_address_that_is_no_figures_is_left_alone(visit):
    with visit("index") as page:
        page.evaluate("location.hash = 'notation'")
        assert Points(page).address().endswith("#notation")


@pytest.mark.parametrize(
    "mangled",
    ["#points_", "#points_a_0", "#points_a_9_k", "#points_a_0_k_1", "#points_a_0_k_NaN_1",
     "#points_a_0_k_1_%F0", "#points_-1_0_k", "#points_a_0_k" + "_1_1" * 501],
)  # fmt: skip
def test_a_mangled_address_gives_the_books_data_and_says_so(visit, mangled):
    with visit("index") as page:
        page.evaluate("address => { location.hash = address; }", mangled)
        points = Points(page)
        assert points.said.startswith("The address has no figure that can be read: these are the")
        assert points.count() == 50


MANY = [(5 * i / 499, 2 + 3 * np.sin(i)) for i in range(500)]


@pytest.mark.parametrize(
    ("places", "says"),
    [
        ([], "There is no point, so there is no prediction. Add one."),
        ([(2, 3)], "1 point, .* prediction is 3.00. No leave-one-out loss: no point has another"),
        ([(1, 1)] * 7, "7 points, .* prediction is 1.00. Leave-one-out loss 0.000; error"),
        ([(1, y) for y in range(5)], "5 points, .* prediction is 2.00. Leave-one-out loss 3.125"),
        (MANY, "500 points, .* Leave-one-out loss"),
        ([(99, 99), (-9, -99)], "2 points, .* prediction is "),
    ],
    ids=["none", "one", "seven alike", "at one place", "500", "outside"],
)
def test_any_points_have_a_picture_and_a_sentence(visit, places, says):
    with visit("index") as page:
        page.evaluate("address => { location.hash = address; }", fragment(*places))
        points = Points(page)
        points.page.wait_for_timeout(400)
        assert re.match(says, points.said), points.said
        for kernel in nwlib.kernels.KERNELS:
            points.figure.get_by_role("combobox").select_option(kernel)
            for key in ("Home", "End"):
                points.figure.get_by_role("slider", name="w", exact=True).press(key)
                assert points.said
        for button in ("new noise", "add a point", "delete it", "delete it", "undo"):
            points.press(button)
            assert points.said


def test_there_are_at_most_500(visit):
    with visit("index") as page:
        page.evaluate("address => { location.hash = address; }", fragment(*MANY))
        Points(page).press("add a point")
        assert Points(page).said.startswith("500 points are the most. 500 points, ")


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_jumps(visit, width):
    for name in PAGES:
        with visit(name, width=width, fresh=True, slow=True) as page:
            page.evaluate("document.fonts.ready.then(() => true)")
            points = Points(page)
            points.figure.scroll_into_view_if_needed()
            shifts = sum(value for value, _ in page.evaluate(SHIFTS))
            before = points.figure.bounding_box()["height"]
            points.press("new noise")
            points.chosen.press("Shift+ArrowUp")
            points.figure.get_by_role("combobox").select_option("boxcar")
            assert points.figure.bounding_box()["height"] == before
            assert sum(value for value, _ in page.evaluate(SHIFTS)) == shifts < 0.05
