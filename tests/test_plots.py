"""What the pictures show is tested on the data that they draw, and on what they say of it."""

import base64
import re
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import numpy as np
import pytest

import nwlib
from nwlib import plots


@pytest.fixture(scope="module")
def dataset():
    return nwlib.make_dataset(np.random.default_rng(542))


def line(ax, label):
    (found,) = (drawn for drawn in ax.lines if drawn.get_label() == label)
    return found


def test_the_data_set_is_drawn_as_it_is(dataset):
    ax = plots.plot_dataset(dataset)
    np.testing.assert_array_equal(line(ax, "Truth").get_xydata()[:, 1], dataset.y_true)
    np.testing.assert_array_equal(line(ax, "data").get_xydata()[:, 0], dataset.x_train)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("input x", "output y")


def test_a_data_set_is_described_by_counts_worked_out_by_hand():
    dataset = nwlib.Dataset(
        np.array([1.0, 2.0, 3.0]),
        np.array([1.5, 2.5, 2.0]),  # truth there: 1, 2, 3
        np.array([0.0, 2.0, 4.0]),
        np.array([0.0, 2.0, 4.0]),
    )
    text = plots.describe_dataset(dataset)
    assert "3 training points between x = 1.0 and 3.0" in text
    assert "2 of them above it, 0.67 away on average" in text
    assert "peaks at 4.0 near x = 4.0" in text


def test_a_prediction_is_drawn_over_the_test_inputs(dataset):
    ax = plots.plot_prediction(dataset, dataset.y_true + 1)
    np.testing.assert_array_equal(line(ax, "Pred").get_ydata(), dataset.y_true + 1)
    np.testing.assert_array_equal(line(ax, "Truth").get_ydata(), dataset.y_true)


def test_a_prediction_is_described_by_its_distance_from_the_truth(dataset):
    raised = dataset.y_true + 0.5
    raised[10] += 1
    text = plots.describe_prediction(dataset, raised)
    assert "differ by 0.52 on average, most at x = 1.0, by 1.50" in text
    flat = plots.describe_prediction(dataset, np.full(50, 2.0))
    assert flat.startswith("The prediction is a horizontal line at 2.00;")


def test_a_band_reaches_two_standard_errors_to_each_side(dataset):
    ax = plots.plot_band(dataset, dataset.y_true, np.linspace(0.5, 1, 50))
    heights = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert heights.max() == (dataset.y_true + 2 * np.linspace(0.5, 1, 50)).max()
    assert heights.min() == (dataset.y_true - 2 * np.linspace(0.5, 1, 50)).min()
    np.testing.assert_array_equal(line(ax, "Pred").get_ydata(), dataset.y_true)


def test_a_band_is_described_by_its_width_and_the_places_that_it_leaves_out(dataset):
    error = np.full(50, 0.25)
    raised = dataset.y_true + np.where(dataset.x_test < 0.15, 0.6, 0.4)
    text = plots.describe_band(dataset, raised, error)
    assert text.startswith(plots.describe_prediction(dataset, raised))
    assert "1.00 wide on average and leaves the truth out at 2 of 50 places: x = 0.0, 0.1." in text
    assert plots.describe_band(dataset, dataset.y_true, error).endswith("out at 0 of 50 places.")


def test_the_area_of_a_disc_is_proportional_to_the_weight():
    ax = plots.plot_query(0.0, [0.0, 1.0], [2.0, 4.0], [0.75, 0.25])
    large, small = ax.collections[0].get_sizes()
    assert large == 3 * small
    np.testing.assert_array_equal(line(ax, "their mean").get_xydata(), [[0.0, 2.5]])


def test_a_query_is_described_by_its_heaviest_key_and_the_mean():
    text = plots.describe_query(0.0, [0.0, 1.0, 2.0], [2.0, 4.0, 8.0], [0.75, 0.2, 0.05])
    assert "largest weight, 0.750, to the key at 0.00; 2 keys of 3 share 90%" in text
    assert "weighted mean of the values is 2.70" in text


def test_a_query_without_a_key_in_reach_has_no_discs_and_says_so():
    nothing = np.full(2, np.nan)
    ax = plots.plot_query(9.0, [0.0, 1.0], [2.0, 4.0], nothing)
    assert not ax.collections[0].get_sizes().any()
    assert "no key in reach" in plots.describe_query(9.0, [0.0, 1.0], [2.0, 4.0], nothing)


def test_weights_are_drawn_with_a_row_for_each_query():
    weights = np.array([[0.5, 0.5, 0.0], [0.0, 0.25, 0.75]])
    ax = plots.plot_weights(weights, [0.0, 4.0], [0.0, 2.0, 4.0], largest=1.0)
    (image,) = ax.images
    np.testing.assert_array_equal(image.get_array(), weights)
    assert image.get_clim() == (0.0, 1.0)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("key x (a column each)", "query x (a row each)")
    assert [t.get_text() for t in ax.get_yticklabels()] == ["0.0", "4.0"]


def test_the_darkest_colour_is_the_largest_weight_unless_told():
    ax = plots.plot_weights([[0.4, 0.6], [np.nan, np.nan]], [0.0, 9.0], [0.0, 1.0], colorbar=False)
    assert ax.images[0].get_clim() == (0.0, 0.6)
    assert len(ax.figure.axes) == 1


def test_weights_are_described_by_their_structure():
    queries, keys = [0.0, 1.0], [0.0, 1.5]
    assert "All weights are the same, 0.500" in plots.describe_weights(
        np.full((2, 2), 0.5), queries, keys
    )
    text = plots.describe_weights(np.eye(2), queries, keys)
    assert "on average 0.25 from its query" in text  # 0 and |1 - 1.5|
    assert "largest weight is 1.000, and a row spreads over about 1 key." in text


def test_rows_without_weights_are_counted():
    blank = np.full((2, 2), np.nan)
    assert plots.describe_weights(blank, [0.0, 1.0], [5.0, 6.0]) == (
        "2 rows of queries by 2 columns of keys. 2 queries with no key in reach left blank."
    )
    half = np.array([[1.0, 0.0], [np.nan, np.nan]])
    assert "1 query with no key in reach" in plots.describe_weights(half, [0.0, 9.0], [0.0, 1.0])


def test_curves_differ_in_colour_and_in_dashes():
    curves = {name: np.arange(3.0) for name in "abcd"}
    ax = plots.plot_curves([1, 10, 100], curves, logx=True, logy=True, markers=True)
    assert len({drawn.get_color() for drawn in ax.lines}) == 4
    assert len({str(drawn._dash_pattern) for drawn in ax.lines}) == 4
    assert len({drawn.get_marker() for drawn in ax.lines}) == 4
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")


def test_curves_are_described_by_their_ends_and_what_lies_between():
    text = plots.describe_curves([0, 1, 2], {"hill": [0, 5, 1], "dip": [3, 1, 2], "up": [0, 1, 2]})
    assert text == (
        "From x = 0 to 2: hill goes from 0 to 1, highest, 5, at 1; "
        "dip goes from 3 to 2, lowest, 1, at 1; up goes from 0 to 2."
    )
    text = plots.describe_curves([1, 12_800], {"error": [0.01234, 1000]}, xlabel="n")
    assert text == "From n = 1 to 12,800: error goes from 0.0123 to 1,000."


def test_the_paths_of_the_steps_are_drawn_on_the_loss():
    first = nwlib.History(np.array([1.0, 3.0, 2.0]), np.array([9.0, 4.0, 5.0]))
    second = nwlib.History(np.array([1.0, 2.0]), np.array([9.0, 5.0]))
    ax = plots.plot_loss([1.0, 2.0, 3.0], [9.0, 5.0, 4.0], {"first": first, "second": second})
    np.testing.assert_array_equal(line(ax, "first").get_xydata(), np.column_stack(first))
    np.testing.assert_array_equal(line(ax, "second").get_xydata(), np.column_stack(second))
    assert len({drawn.get_color() for drawn in ax.lines}) == 3
    assert line(ax, "first").get_marker() != line(ax, "second").get_marker()
    np.testing.assert_array_equal(line(ax, "loss L(w)").get_ydata(), [9.0, 5.0, 4.0])


def test_a_loss_without_steps_is_one_line_and_needs_no_legend():
    ax = plots.plot_loss([1.0, 2.0], [9.0, 5.0])
    assert len(ax.lines) == 1
    assert ax.get_legend() is None


def test_a_loss_is_described_by_its_lowest_point_and_the_path():
    w, loss = [0.0, 1.0, 2.0], [3.0, 1.0, 2.0]
    plain = plots.describe_loss(w, loss)
    assert plain == (
        "The loss goes from 3.00 at w = 0.0 down to 1.000 at w = 1.0 "
        "and then up to 2.00 at w = 2.0."
    )
    short = nwlib.History(np.array([0.0, 2.0]), np.array([3.0, 2.0]))
    long = nwlib.History(np.arange(9.0), np.arange(9.0))
    assert plots.describe_loss(w, loss, {"a rate": short, "another": long}) == (
        f"{plain} A rate: w = 0.00, 2.00, the last with loss 2.000. Another: w = 0.00, 1.00, 2.00, "
        "3.00, 4.00, 5.00 and on to 8.00, the last with loss 8.000."
    )


def test_many_curves_are_drawn_with_their_mean_and_described_by_their_distances():
    x, y_true = np.array([0.0, 1.0]), np.array([0.0, 0.0])
    wide = np.array([[1.0, 1.0], [3.0, 3.0]])  # each 1 away from their mean, 2
    ax = plots.plot_many(x, y_true, {"w = 1": wide, "w = 4": np.zeros((30, 2))})
    assert [one.get_title() for one in ax.figure.axes] == ["w = 1", "w = 4"]
    first, second, mean, truth = ax.lines
    np.testing.assert_array_equal([first.get_ydata(), second.get_ydata()], wide)
    np.testing.assert_array_equal(mean.get_ydata(), [2, 2])
    np.testing.assert_array_equal(truth.get_ydata(), y_true)
    assert len(ax.figure.axes[1].lines) == 22  # twenty of thirty, mean and truth
    text = plots.describe_many(y_true, {"w = 1": wide, "w = 4": np.zeros((30, 2))})
    assert "At w = 1, a curve is typically 1.00 away from the mean of all curves" in text
    assert "that mean 2.00 away from the truth; at w = 4, a curve is typically 0.00" in text


def test_the_spread_has_a_dot_for_each_seed_and_a_bar_at_the_mean():
    errors = {"first": np.array([1.0, 2.0, 6.0]), "second": np.array([0.0, 0.0, 3.0])}
    ax = plots.plot_spread(errors)
    dots, bar = ax.lines[:2]
    np.testing.assert_array_equal(dots.get_xdata(), errors["first"])
    np.testing.assert_array_equal(bar.get_xdata(), [3.0, 3.0])
    assert [t.get_text() for t in ax.get_yticklabels()] == ["first", "second"]
    assert "second: mean 1.000" in plots.describe_spread(errors)
    assert "each of 3 seeds" in plots.describe_spread(errors)


def test_a_metric_is_squares_with_the_size_of_each_entry_as_area():
    ax = plots.plot_metric([[4.0, -1.0], [-1.0, 0.0]])
    filled, hollow = (
        [path.get_extents().bounds for path in squares.get_paths()] for squares in ax.collections
    )
    np.testing.assert_allclose(filled, [[0.52, 0.52, 0.96, 0.96]])  # around (1, 1)
    np.testing.assert_allclose(hollow, [[1.76, 0.76, 0.48, 0.48], [0.76, 1.76, 0.48, 0.48]])
    assert not len(ax.collections[1].get_facecolor())
    assert ax.yaxis_inverted()  # the first row is above


def test_a_metric_is_described_by_its_diagonal_and_the_largest_entry_beside_it():
    text = plots.describe_metric([[4.0, 0.2, -3.0], [0.2, 1.0, 0.0], [-3.0, 0.0, 5.0]])
    assert "On the diagonal: 4.0, 1.0, 5.0. The largest" in text
    assert "in row 1 and column 3, is -3.0." in text
    assert plots.describe_metric(np.eye(2)).endswith("On the diagonal: 1.0, 1.0. All others are 0.")


def test_planes_mark_each_point_by_the_third_of_its_value():
    values = np.array([0.0, 5.0, 9.0, 1.0, 6.0, 8.0])
    line = np.column_stack([np.arange(6.0), np.zeros(6)])
    by_value = np.column_stack([values, np.zeros(6)])
    planes = {"as they come": line, "by value": by_value}
    ax = plots.plot_planes(planes, values)
    assert [drawn.get_xdata().tolist() for drawn in ax.lines] == [[0, 3], [1, 4], [2, 5]]
    assert [one.get_title() for one in ax.figure.axes] == list(planes)
    text = plots.describe_planes(planes, values)
    assert "as they come: 0% of the points" in text
    assert "by value: 100% of the points" in text


def test_each_plot_draws_on_the_axes_that_it_is_given(dataset):
    fig, axes = plots.figure(1, 2)
    assert plots.plot_dataset(dataset, axes[0]) is axes[0]
    assert plots.plot_prediction(dataset, dataset.y_true, ax=axes[1]) is axes[1]
    assert plt.get_fignums() == [fig.number]


def test_show_displays_both_pictures_and_the_sentence_and_closes_the_figure(dataset, monkeypatch):
    shown = []
    monkeypatch.setattr(plots, "display", lambda data, raw: shown.append(data))
    plots.show(plots.plot_dataset(dataset), 'a "sentence"')
    (output,) = shown
    assert output["text/plain"] == 'a "sentence"'
    assert base64.b64decode(output["image/png"]).startswith(b"\x89PNG")
    root = ElementTree.fromstring(output["image/svg+xml"])
    assert root.get("aria-label") == 'a "sentence"'
    assert root.get("role") == "img"
    assert plt.get_fignums() == []


def test_a_picture_is_the_same_bytes_each_time_and_refers_to_its_own_ids(dataset):
    first, second = (plots.svg(plots.plot_dataset(dataset).figure, "same") for _ in range(2))
    assert first == second
    other = plots.svg(plots.plot_prediction(dataset, dataset.y_true).figure, "other")
    ids, others = (re.findall(r' id="([^"]+)"', text) for text in (first, other))
    assert len(ids) == len(set(ids))
    assert not set(ids) & set(others)
    assert set(re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', first)) <= {
        pair for i in ids for pair in ((i, ""), ("", i))
    }


def test_text_stays_text_in_the_picture():
    text = plots.svg(plots.plot_curves([0, 1], {"a": [0, 1]}, ylabel="a label").figure, "")
    assert ">a label</text>" in text


def test_small_numbers_keep_their_digits_in_the_picture():
    ax = plots.plot_curves([1, 2], {"small": np.array([1e-3, 1e-2])}, logy=True)
    assert ">0.001</text>" in plots.svg(ax.figure, "A line.")
    plt.close(ax.figure)
