"""The answers that are numbers: what the book's sliders show, what the river's record says."""

import re

import numpy as np
import pytest
from statsmodels.datasets import nile

import nwlib
from nwlib import sliders

from . import submissions


@pytest.fixture(scope="module")
def book():
    return nwlib.make_dataset(np.random.default_rng(542))


def solution(name, *cells):
    """Return the names that these cells of the instructor's notebook define."""
    names = {}
    for cell in submissions.instructor(name):
        if cell.grade_id in ("setup", *cells):
            exec(cell.source, names)
    return names


def test_1_the_title_page_shows_an_error_against_the_truth(book):
    slider = sliders.argument_slider(book)
    (control,) = slider.controls
    description = slider.picture(control.positions.index(2.2))[1]
    assert description.startswith("w = 2.20: ")
    assert description.endswith("The error against the truth is 0.12.")
    assert solution("hw1", "slider")["fresh_error"]() == 0.12 + 0.25


@pytest.mark.parametrize("answer, is_right", [(0.37, True), (0.36, False), (0.38, False)])
def test_1_a_hundredth_makes_a_difference(answer, is_right):
    cells = submissions.answered("hw1", slider=f"fresh_error = lambda: {answer}")
    report = submissions.grade("hw1", cells, submissions.maker_of_sandboxes("hw1"))
    assert (not submissions.lost(report)) == is_right


def test_2_the_error_is_less_than_half_at_one_position_first(book):
    slider = sliders.argument_slider(book)
    (control,) = slider.controls
    first = solution("hw2", "slider")["half_error_w"]()
    errors = [
        float(slider.picture(i)[1].removesuffix(".").rpartition(" ")[2])
        for i in range(control.positions.index(first) + 1)
    ]
    assert control.positions[0] == 0
    assert errors[-1] < errors[0] / 2 < min(errors[:-1])


@pytest.mark.parametrize(
    "best", ["float('nan')", "1e400", "10**400", "None", "[]", "[[1], [2, 3]]", "{}", "['a']"]
)
def test_2_what_is_no_constant_is_not_the_best_one(best):
    cells = submissions.answered("hw2", best=f"best_absolute = lambda values: {best}")
    report = submissions.grade("hw2", cells, submissions.maker_of_sandboxes("hw2"))
    lost = {verdict.cell for verdict in report.verdicts if not verdict.earned}
    assert lost == {"best-test"}
    assert not any(verdict.is_broken for verdict in report.verdicts)


def captions(slider):
    """Return what each frame says, the last control moving fastest."""
    return slider.stored()[1]["data"]


def test_3_the_captions_decide_which_bandwidth_is_the_best(book):
    slider = sliders.kernel_slider(book)
    kernels, bandwidths = (control.positions for control in slider.controls)
    texts = captions(slider)
    by_kernel = dict(zip(kernels, np.reshape(texts, (-1, len(bandwidths))), strict=True))

    def best(kernel):
        errors = [float(re.search(r"error [a-z ]+: (\d\.\d+)", c)[1]) for c in by_kernel[kernel]]
        assert np.sort(errors)[1] - min(errors) >= 0.002  # clear in the digits that are shown
        return bandwidths[np.argmin(errors)]

    gaps = ["no key in reach" in caption for caption in by_kernel["boxcar"]]
    assert gaps == [h < 0.2 for h in bandwidths]
    assert (best("Gaussian"), best("Epanechnikov")) == (0.2, 0.47)


def test_4_the_largest_weight_is_above_015_at_6_first(book):
    slider = sliders.query_slider(book)
    (control,) = slider.controls
    assert control.positions == tuple(np.linspace(-2, 7, 37))
    for position, largest in [(5.75, "0.135"), (6.0, "0.156")]:
        text = slider.picture(control.positions.index(position))[1]
        assert f"its largest weight, {largest}, to the key at 4.90;" in text


def test_5_loss_and_error_are_lowest_at_one_position_each(book):
    slider = sliders.w_slider(book)
    (control,) = slider.controls
    texts = dict(zip(control.positions, captions(slider), strict=True))
    assert "leave-one-out loss 0.330, where the lowest here is 0.330;" in texts[3.98]
    errors = {w: float(text.split("test error ")[1][:5]) for w, text in texts.items()}
    assert [w for w, error in errors.items() if error == min(errors.values())] == [5.01]
    others = [text for w, text in texts.items() if w != 3.98]
    assert not any("leave-one-out loss 0.330" in text for text in others)


def test_5_the_gradient_is_the_slope_of_the_loss_of_the_solutions():
    """The reference of the checks is what the solutions give: hold it against differences."""
    names = solution("hw5", "weights", "loss", "gradient")
    rng = np.random.default_rng(3)
    keys, values, step = rng.uniform(0, 5, 12), rng.normal(size=12), 1e-6
    for w in (0.1, 0.7, 1.0, 3.0):
        above, below = (names["loss"](w + h, keys, values) for h in (step, -step))
        slope = (above - below) / (2 * step)
        np.testing.assert_allclose(names["gradient"](w, keys, values), slope, rtol=1e-6)


def test_5_the_data_are_those_of_statsmodels():
    shipped = np.loadtxt(*submissions.assignment("hw5").files, delimiter=",")
    np.testing.assert_array_equal(shipped, nile.load_pandas().data.to_numpy())


@pytest.mark.parametrize("later", [-1, 1, 2, 3])
def test_5_the_ranges_of_bandwidths_hardly_move_with_the_break(later):
    years, flow = np.loadtxt(*submissions.assignment("hw5").files, delimiter=",", unpack=True)
    names = solution("hw5", "weights", "loss", "best_break", "bandwidths") | {"years": years}
    source = "".join(c.source for c in submissions.instructor("hw5") if c.grade_id == "bandwidths")
    first = names["best_break"](years, flow) + later
    names |= {"flow": flow, "best_break": lambda keys, values: first}
    exec(source, names)
    (low, high), (later_low, later_high) = names["nile_bandwidths"]()
    assert (low, high, later_high) == (2, 2, 30)
    assert later_low in (2, 3)


@pytest.fixture(scope="module", params=range(4))
def school(request):
    """Return what the solutions of homework 6 find out, there and in other weather."""
    names = {}
    for cell in submissions.instructor("hw6"):
        if cell.kind == "code" and cell.grade_id != "figure":
            source = cell.source
            if cell.grade_id == "boiler" and request.param:
                assert "default_rng(4)" in source
                source = source.replace("default_rng(4)", f"default_rng({100 + request.param})")
            exec(source, names)
    return names


def test_6_the_learned_direction_is_that_of_the_truth(school):
    np.testing.assert_allclose(school["in_degrees"], [1, -1, 1, 0], rtol=0, atol=0.25)
    assert abs(school["in_degrees"][3]) < 0.05


def test_6_one_reading_left_out_wants_the_longest_a_and_a_whole_day_does_not(school):
    def losses(days):
        data = school["keys"], school["values"], days
        return [school["loss"](f * school["learned"], *data) for f in (0.25, 0.5, 1, 2, 4)]

    single = losses(np.arange(200))
    assert np.all(np.diff(single) < 0)
    whole = losses(school["days"])
    assert np.argmin(whole) in (2, 3)
    assert whole[4] > whole[2]


def test_6_the_band_of_days_is_better_and_fails_most_in_the_middle(school):
    assert school["of_readings"].mean() + 0.05 < school["of_days"].mean() < 0.93
    fifths = [part.mean() for part in np.split(school["of_days"], 5)]
    assert max(fifths[1:4]) < min(fifths[0], fifths[4]) + 0.05
    assert np.mean(fifths[1:4]) + 0.05 < np.mean([fifths[0], fifths[4]])


def test_6_the_gradient_is_the_slope_of_the_loss_of_the_solutions(school):
    rng = np.random.default_rng(3)
    keys, values, days = rng.normal(size=(12, 3)), rng.normal(size=12), np.arange(12) // 3
    a, step = rng.normal(size=3), 1e-6
    slopes = [
        (school["loss"](a + h, keys, values, days) - school["loss"](a - h, keys, values, days))
        / (2 * step)
        for h in step * np.eye(3)
    ]
    np.testing.assert_allclose(school["gradient"](a, keys, values, days), slopes, rtol=1e-6)
