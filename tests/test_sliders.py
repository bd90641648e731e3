"""Each explorable of the book shows what nwlib computes, and says so."""

import json
from xml.etree import ElementTree

import numpy as np
import pytest

import nwlib
from nwlib import figures, sliders

STEPS = np.arange(41.0)
PATH = (  # metrics, losses and errors of a path of 40 steps
    np.array([[[1 + k, -k / 9], [-k / 9, 1 / (1 + k)]] for k in STEPS]),
    1 / (1 + STEPS),
    2 / (1 + STEPS),
)


def of_training(dataset):
    """The explorable of training, with two steps: the average, and a head with w = 2."""
    weights = [nwlib.attention_weights(dataset.x_test, dataset.x_train, w) for w in (0, 2)]
    matrices = np.array([np.zeros((2, 2)), [[4.0, 0.0], [0.0, -2.0]]])
    return sliders.training_slider(dataset, (0, 30), matrices, np.array(weights), [0.9, 0.1], 0.08)


def studies():
    """What `band_slider` is given: numbers that differ from w to w."""
    place = np.arange(50) / 50
    return {
        w: {
            "prediction": w + place,
            "standard_error": 0.1 + place / w,
            "parameters": 2 * w,
            "coverage": 0.3 + 0.1 * w * place,
            "bias": 0.5 - w / 10 + place,
            "typical_error": 0.2 + place / 10,
        }
        for w in (1.0, 2.0, 4.0)
    }


EXPLORABLES = {
    "argument": sliders.argument_slider,
    "kernel": sliders.kernel_slider,
    "query": sliders.query_slider,
    "w": sliders.w_slider,
    "metric": lambda _: sliders.metric_slider(*PATH),
    "training": of_training,
    "band": lambda dataset: sliders.band_slider(dataset, studies()),
}


@pytest.fixture(scope="module")
def dataset():
    return nwlib.make_dataset(np.random.default_rng(542))


@pytest.fixture(scope="module", params=EXPLORABLES)
def ends(request, dataset):
    """An explorable of the book, cut down to the first and last position of each control."""
    explorable = EXPLORABLES[request.param](dataset)
    for control in explorable.controls:
        assert len(control.positions) > control.start >= 0
    explorable.controls = [
        control._replace(positions=control.positions[:: len(control.positions) - 1], start=0)
        for control in explorable.controls
    ]
    return explorable


def test_each_explorable_of_the_book_says_what_each_of_its_frames_shows(ends):
    svg, facts = ends.stored()
    assert len(set(facts["data"])) == svg.count("data-frame") == 2 ** len(ends.controls)


def drawn(explorable, *indices):
    """The figure and description of an explorable, before they become markup."""
    positions = (c.positions[i] for c, i in zip(explorable.controls, indices, strict=True))
    return explorable._draw(*positions)


def test_the_kernel_slider_shows_the_curve_of_its_kernel_and_bandwidth(dataset):
    fig, text = drawn(sliders.kernel_slider(dataset), 3, 10)
    h = sliders.kernel_slider(dataset).controls[1].positions[10]
    weights = nwlib.kernel_weights(dataset.x_test, dataset.x_train, nwlib.epanechnikov, 1 / h)
    curve = nwlib.attention_pooling(weights, dataset.y_train)
    (pred,) = (shown for shown in fig.axes[0].lines if shown.get_label() == "Pred")
    np.testing.assert_array_equal(pred.get_ydata(), curve)
    assert f"queries: {np.mean((curve - dataset.y_true) ** 2):.3f}." in text


def test_the_kernel_slider_says_how_many_queries_have_no_key_in_reach(dataset):
    _, text = drawn(sliders.kernel_slider(dataset, query=1.25), 1, 0)
    weights = nwlib.kernel_weights(dataset.x_test, dataset.x_train, nwlib.boxcar, 1 / 0.05)
    blank = np.isnan(weights).all(axis=1).sum()
    assert 0 < blank < 50
    assert "Test error where there is a prediction" in text
    assert f"{blank} of 50 queries have no key in reach" in text
    assert "The query x = 1.25 has no key in reach" in text


def test_the_query_slider_shows_the_weights_of_its_query(dataset):
    explorable = sliders.query_slider(dataset)
    fig, _ = drawn(explorable, 30)
    query = explorable.controls[0].positions[30]
    dots = fig.axes[1].lines[1]
    np.testing.assert_array_equal(
        dots.get_ydata(), nwlib.attention_weights([query], dataset.x_train)[0]
    )


def test_the_w_slider_shows_curve_weights_and_loss_of_its_w(dataset):
    explorable = sliders.w_slider(dataset)
    fig, text = drawn(explorable, 20)
    w = explorable.controls[0].positions[20]
    weights = nwlib.attention_weights(dataset.x_test, dataset.x_train, w)
    by_label = {ax.get_label(): ax for ax in fig.axes}
    np.testing.assert_array_equal(by_label["weights"].images[0].get_array(), weights)
    (dot,) = (shown for shown in by_label["loss"].lines if shown.get_marker() == "o")
    loss = nwlib.loss(w, dataset.x_train, dataset.y_train)
    np.testing.assert_array_equal(dot.get_xydata(), [[w, loss]])
    assert f"leave-one-out loss {loss:.3f}" in text


def test_the_metric_slider_shows_the_metric_and_the_curves_at_its_step():
    explorable = sliders.metric_slider(*PATH)
    (control,) = explorable.controls
    assert control.positions[0] == 0
    assert control.positions[-1] == 40
    index = control.positions.index(24)
    assert control.texts[index] == "24"
    fig, text = drawn(explorable, index)
    filled, hollow = fig.axes[0].collections
    widths = [np.ptp(path.vertices[:, 0]) for path in filled.get_paths() + hollow.get_paths()]
    expected = 0.96 * np.sqrt(np.array([25, 1 / 25, 24 / 9, 24 / 9]) / 41)
    np.testing.assert_allclose(widths, expected, rtol=1e-12)
    dots = [shown.get_xydata().tolist() for shown in fig.axes[1].lines[2:]]
    assert dots == [[[24, 0.04]], [[24, 0.08]]]
    assert "After 24 steps: leave-one-out loss 0.040, test error 0.080." in text
    assert "On the diagonal: 25.0, 0.0." in text


def test_the_training_slider_shows_curve_weights_and_error_of_its_step(dataset):
    explorable = of_training(dataset)
    fig, text = drawn(explorable, 1)
    by_label = {ax.get_label(): ax for ax in fig.axes}
    weights = nwlib.attention_weights(dataset.x_test, dataset.x_train, 2)
    np.testing.assert_array_equal(by_label["weights"].images[0].get_array(), weights)
    (dot,) = (shown for shown in by_label["error"].lines if shown.get_marker() == "o")
    np.testing.assert_array_equal(dot.get_xydata(), [[30, 0.1]])
    assert text.startswith("After 30 steps B is [[4.0, 0.0], [0.0, -2.0]]: ratio -2.00, and")
    assert "w = 2.00 by the last entry" in text
    assert explorable.controls[0].texts[1] == "30"


def test_the_training_slider_calls_a_head_without_a_bell_so(dataset):
    _, text = drawn(of_training(dataset), 0)
    assert text.startswith("After 0 steps B is [[0.0, 0.0], [0.0, 0.0]]: no bell yet.")
    assert "over about 50 keys of 50" in text


def test_the_band_slider_shows_what_it_is_given_of_its_w(dataset):
    given = studies()[4.0]
    fig, text = drawn(sliders.band_slider(dataset, studies()), 2)
    by_label = {ax.get_label(): ax for ax in fig.axes}
    (pred,) = (shown for shown in by_label["curve"].lines if shown.get_label() == "Pred")
    np.testing.assert_array_equal(pred.get_ydata(), given["prediction"])
    heights = by_label["curve"].collections[0].get_paths()[0].vertices[:, 1]
    assert heights.max() == (given["prediction"] + 2 * given["standard_error"]).max()
    shown = [line.get_ydata() for line in by_label["coverage"].lines]
    np.testing.assert_array_equal(shown[1], given["coverage"])
    shown = [line.get_ydata() for line in by_label["bias"].lines]
    np.testing.assert_array_equal(shown, [np.abs(given["bias"]), given["typical_error"]])
    assert text.startswith("w = 4.00: 8.0 parameters in effect.")
    assert (
        "at x = 0.0 in 30% of the sets: there the bias is 0.10 and the standard error 0.20" in text
    )


def test_only_what_is_marked_as_moving_differs_between_frames(ends):
    """Else a frame would show what belongs to another one."""
    resting = []
    for indices in ((0,) * len(ends.controls), (1,) * len(ends.controls)):
        root = ElementTree.fromstring(ends.picture(*indices)[0])
        figures._take_moving(root)
        del root.attrib["aria-label"]
        for element in root.iter():
            for name in list(element.attrib):
                if name == "id" or "url(#" in element.get(name) or name.endswith("href"):
                    del element.attrib[name]
        resting.append(ElementTree.tostring(root))
    assert resting[0] == resting[1]


def stored(figure):
    """What a figure stores, which must be fit for JSON, and its picture."""
    svg, facts = figure.stored()
    json.dumps(facts, allow_nan=False)
    for control in figure.controls:
        assert 0 <= control.start < len(control.positions)
    assert facts["sentence"] == ElementTree.fromstring(svg).get("aria-label")
    assert len(facts["longest"]) >= len(facts["sentence"])
    return facts


def test_the_figure_of_the_formula_begins_with_one_key_of_one_query(dataset):
    facts = stored(sliders.formula_figure(dataset))
    query, key = (control["start"] for control in facts["controls"])
    x, keys = facts["data"]["queries"][query], dataset.x_train
    kernel = np.exp(-((x - keys) ** 2) / 2)
    np.testing.assert_allclose(facts["data"]["keys"], keys, rtol=0, atol=5e-7)
    assert f"query x = {x:.2f} and key {key + 1} of 50, at {keys[key]:.2f}" in facts["sentence"]
    assert f"exponential {kernel[key]:.3f} of {kernel.sum():.3f} in all" in facts["sentence"]
    assert f"sum to {kernel @ dataset.y_train / kernel.sum():.2f}." in facts["sentence"]


def test_the_figure_of_three_tokens_says_what_page_7_has_by_hand():
    scores = np.array([[0, 1, 1], [2, 1, -1], [2, 0, -2]]) / np.sqrt(2)
    facts = stored(sliders.tokens_figure(["red", "apple", "pie"], scores, np.array([1.0, 2, 1])))
    assert facts["sentence"].startswith(
        "The query of pie and the key of red: score 1.414, exponential 4.113 of 5.356 in all, "
        "weight 0.768"
    )
    assert facts["sentence"].endswith("All products sum to 1.19.")
    assert facts["controls"][0]["texts"] == ["red", "apple", "pie"]


def test_the_figure_of_the_head_begins_with_its_first_matrix(dataset):
    matrices = np.array([[[1.0, 0.0], [0.0, -0.5]], [[0.0, 0.0], [0.0, 0.0]]])
    facts = stored(sliders.head_figure(dataset, (1, 30), matrices, query=1.5))
    weights = nwlib.attention_weights([1.5], dataset.x_train)[0]  # (7.6) with w = 1
    assert facts["sentence"].startswith("After 1 step, the query x = 1.50 and key 21 of 50")
    assert f"weight {weights[20]:.3f}" in facts["sentence"]
    assert f"sum to {weights @ dataset.y_train:.2f}." in facts["sentence"]


def test_the_guess_and_the_descent_have_the_same_loss(dataset):
    facts = [stored(sliders.guess_figure(dataset)), stored(sliders.descent_figure(dataset, 0.74))]
    curves = [one["data"]["curve"] for one in facts]
    assert curves[0] == curves[1]
    keys, values = dataset.x_train, dataset.y_train
    losses = [nwlib.loss(w, keys, values) for w in curves[0]["w"]]
    np.testing.assert_allclose(curves[0]["loss"], losses, rtol=0, atol=1e-6)
    lowest = curves[0]["w"][int(np.argmin(losses))]
    assert lowest == pytest.approx(nwlib.fit_w(keys, values), abs=1e-6)


def test_the_descent_has_presets_among_its_starts_and_rates(dataset):
    facts = stored(sliders.descent_figure(dataset, 0.74))
    data, buttons = facts["data"], facts["buttons"]
    presets = [
        (data["starts"][one["start"]], data["rates"][one["rate"]]) for one in data["presets"]
    ]
    assert presets == [(1.0, 0.2), (1.0, 5.0), (1.0, 25.0), (0.74, 25.0)]
    assert buttons[len(presets) :] == ["step", "run", "back"]
    slope = nwlib.gradient(1.0, dataset.x_train, dataset.y_train)
    assert f"The start: w = 1.00, loss 0.605, slope {slope:.3f}." in facts["sentence"]


def test_the_readers_points_begin_with_those_of_the_dataset(dataset):
    figure = sliders.points_figure(dataset, query=3.0)
    fig, text = figure._draw()
    by_label = {ax.get_label(): ax for ax in fig.axes}
    (curve,) = (shown for shown in by_label["curve"].lines if shown.get_label() == "Pred")
    keys, values = dataset.x_train.round(4), dataset.y_train.round(4)
    expected = nwlib.nadaraya_watson(dataset.x_test, keys, values)
    np.testing.assert_array_equal(curve.get_ydata(), expected)
    weights = nwlib.attention_weights([3.0], keys)[0]
    np.testing.assert_array_equal(by_label["own"].lines[1].get_ydata(), weights)
    assert (
        f"largest weight, {weights.max():.3f}, to the key at {keys[weights.argmax()]:.2f}" in text
    )
    assert f"its prediction is {weights @ values:.2f}." in text
    assert f"Leave-one-out loss {nwlib.loss(1.0, keys, values):.3f};" in text
    assert f"against the truth {np.mean((expected - dataset.y_true) ** 2):.3f}." in text
    _, facts = figure.stored()
    assert (facts["data"]["keys"], facts["data"]["values"]) == (keys.tolist(), values.tolist())
    assert [control["texts"][control["start"]] for control in facts["controls"]] == [
        "1.00",
        "Gaussian",
        "3.00",
    ]
