"""The explorable figures of the course, drawn from what `nwlib` computes: no mathematics here."""

import re

import numpy as np
from matplotlib.colors import PowerNorm

import nwlib
from nwlib import plots
from nwlib.figures import Control, Explorable, Figure
from nwlib.kernels import KERNELS


def argument_slider(dataset):
    """Return the explorable of the title page: the whole argument, told by one number, w."""
    scales = (0, 0.2, 0.4, 0.6, 0.8, 1, 1.3, 1.7, 2.2, 2.8, 3.5, 4.3, 5.5, 7, 10, 15, 25, 50, 100)

    def draw(w):
        weights = nwlib.attention_weights(dataset.x_test, dataset.x_train, w)
        prediction = nwlib.attention_pooling(weights, dataset.y_train)
        fig, axes = plots.mosaic(
            [["curve", "weights"]],
            figsize=(6.6, 3.1),
            width_ratios=(1.7, 1),
            gridspec_kw={"left": 0.07, "right": 0.97, "top": 0.9, "bottom": 0.15, "wspace": 0.28},
        )
        _curve_and_weights(dataset, weights, prediction, axes)
        axes["curve"].set_ylabel("")
        error = np.mean((prediction - dataset.y_true) ** 2)
        spread = f"each query spreads its attention over about {_keys_used(weights)}"
        if w == 0:
            spread = "every key counts the same, so the prediction is the mean of all values"
        return fig, f"w = {w:.2f}: {spread}. The error against the truth is {error:.2f}."

    return Explorable(
        "The scale of attention, from the mean of all values to the nearest key",
        [Control("w", scales, 5)],
        draw,
    )


def points_figure(dataset, noise_std=0.5, query=2.0):
    """Return the figure of the reader's own points, which begins with those of the dataset."""
    keys, values, queries = dataset.x_train.round(4), dataset.y_train.round(4), dataset.x_test
    scales = tuple(np.geomspace(0.1, 100, 31).round(2))
    places = tuple(np.linspace(0, 5, 51).round(2))
    at, start = places.index(query), 10
    w, xlim = scales[start], (0, 5)
    ylim = (np.floor(values.min() - 1), np.ceil(values.max() + 1))

    def draw():
        weights = nwlib.attention_weights(queries, keys, w)
        own = nwlib.attention_weights([query], keys, w)[0]
        prediction = nwlib.attention_pooling(weights, values)
        mean, loss = own @ values, nwlib.loss(w, keys, values)
        fig, axes = plots.mosaic(
            [["curve", "curve"], ["own", "own"], ["weights", "loss"]], figsize=(6.0, 7.0)
        )
        # Where points.js has them, in units of its picture.
        boxes = {
            "curve": (44, 22, 378, 190),
            "own": (44, 236, 378, 60),
            "weights": (44, 356, 170, 110),
            "loss": (262, 356, 160, 110),
        }
        for name, (left, top, width, height) in boxes.items():
            place = (left / 432, 1 - (top + height) / 504, width / 432, height / 504)
            axes[name].set_position(place)
        _curve_and_weights(dataset, weights, prediction, axes)
        _weights_below(keys, own, axes["own"])
        for ax in (axes["curve"], axes["own"]):
            ax.axvline(query, color=plots.QUERY, lw=1.5, ls=plots.DASHES[2])
        axes["curve"].plot([query], [mean], "o", color=plots.PREDICTION, ms=9)
        axes["curve"].set(xlabel="", xlim=xlim, ylim=ylim, xticks=[])
        axes["own"].set(xlabel="input x", ylabel="", xlim=xlim)
        axes["loss"].plot(
            scales, [nwlib.loss(one, keys, values) for one in scales], color=plots.WEIGHT
        )
        axes["loss"].plot([w], [loss], "o", color=plots.PREDICTION, ms=8)
        axes["loss"].set(xlabel="w", ylim=(0, None), yticks=[])
        _over_w(axes["loss"])
        axes["curve"].get_legend().remove()
        for name, title in {
            "curve": "points, curve and, dashed, the truth",
            "own": "weights of the query",
            "weights": "all weights",
            "loss": "leave-one-out loss",
        }.items():
            axes[name].set_title(title, loc="left", fontsize="medium")
        return fig, (
            f"{plots.count(keys.size, 'point')}, Gaussian kernel, w = {w:.2f}. The query x = "
            f"{query:.2f} gives its largest weight, {own.max():.3f}, to the key at "
            f"{keys[own.argmax()]:.2f}; its prediction is {mean:.2f}. Leave-one-out loss "
            f"{loss:.3f}; error against the truth "
            f"{np.mean((prediction - dataset.y_true) ** 2):.3f}."
        )

    return Figure(
        "points",
        "Your own points",
        draw,
        {
            "keys": list(keys),
            "values": list(values),
            "queries": list(queries),
            "truth": list(dataset.y_true),
            "noise": noise_std,
            "xlim": list(xlim),
            "ylim": list(ylim),
        },
        controls=[
            Control("w", scales, start),
            Control("kernel", tuple(KERNELS), 0),
            Control("query x", places, at),
        ],
        buttons=["add a point", "delete it", "undo", "new noise", "the book's data"],
        moves="add, drag and delete points, and move w, the kernel and the query",
        page="index",
        longest="Point 500 of 500 is at x = 5.00, y = -1.00. 500 points, Epanechnikov kernel, w = "
        "100.00. The query x = 5.00 gives its largest weight, 0.500, to the key at 5.00; its "
        "prediction is -1.00. Leave-one-out loss of the 500 points with another in reach 0.000; "
        "error against the truth 0.000; 50 queries have no prediction.",
    )


def kernel_slider(dataset, query=2.0):
    """Return the explorable of chapter 3: kernel and bandwidth, with one query's weights."""
    keys, values = dataset.x_train, dataset.y_train
    bandwidths = tuple(np.geomspace(0.05, 2.5, 15).round(2))

    def draw(name, bandwidth):
        kernel, w = KERNELS[name], 1 / bandwidth
        weights = nwlib.kernel_weights([query], keys, kernel, w)[0]
        every = nwlib.kernel_weights(dataset.x_test, keys, kernel, w)
        prediction = nwlib.attention_pooling(every, values)
        fig = _two_panels(dataset, query, weights, prediction)
        blank = int(np.isnan(prediction).sum())
        reached = "where there is a prediction" if blank else "over all queries"
        error = np.nanmean((prediction - dataset.y_true) ** 2)
        text = (
            f"{name} kernel, bandwidth {bandwidth:.2f}. "
            + plots.describe_query(query, keys, values, weights)
            + f" Test error {reached}: {error:.3f}."
        )
        if blank:
            text += f" {blank} of {prediction.size} queries have no key in reach, so no prediction."
        return fig, text

    return Explorable(
        "Kernel and bandwidth, with the weights of one query",
        [Control("kernel", tuple(KERNELS), 0), Control("bandwidth h = 1/w", bandwidths, 7)],
        draw,
    )


def query_slider(dataset, w=1.0):
    """Return the explorable of chapter 4: the position of the query, beyond the data, too."""
    keys, values = dataset.x_train, dataset.y_train
    positions = tuple(np.linspace(-2, 7, 37))
    prediction = nwlib.nadaraya_watson(dataset.x_test, keys, values, w)

    def draw(query):
        weights = nwlib.attention_weights([query], keys, w)[0]
        fig = _two_panels(dataset, query, weights, prediction, xlim=(-2.2, 7.2))
        return fig, plots.describe_query(query, keys, values, weights)

    return Explorable(
        "The query, and the weights it gives", [Control("query x", positions, 16)], draw
    )


def w_slider(dataset):
    """Return the explorable of chapter 5: w, with the curve, the weights and the loss."""
    keys, values = dataset.x_train, dataset.y_train
    scales = tuple(np.geomspace(0.1, 100, 31).round(2))
    losses = [nwlib.loss(w, keys, values) for w in scales]
    fine = np.geomspace(0.1, 100, 200)
    fine_losses = [nwlib.loss(w, keys, values) for w in fine]

    def draw(w):
        weights = nwlib.attention_weights(dataset.x_test, keys, w)
        prediction = nwlib.attention_pooling(weights, values)
        at_w = losses[scales.index(w)]
        fig, axes = _curve_above("weights", "loss")
        _curve_and_weights(dataset, weights, prediction, axes)
        axes["loss"].plot(fine, fine_losses, color=plots.WEIGHT, lw=2)
        axes["loss"].set(xscale="log", xlabel="w")
        axes["loss"].set_xticks([0.1, 1, 10, 100], ["0.1", "1", "10", "100"])
        axes["loss"].minorticks_off()
        axes["loss"].set_title("leave-one-out loss", loc="left", fontsize="medium")
        _move(axes["loss"].plot([w], [at_w], "o", color=plots.PREDICTION, ms=9, mec="white")[0])
        error = np.mean((prediction - dataset.y_true) ** 2)
        return fig, (
            f"w = {w:.2f}, bandwidth {1 / w:.2f}: leave-one-out loss {at_w:.3f}, where the lowest "
            f"here is {min(losses):.3f}; test error {error:.3f}. A query spreads its weight over "
            f"about {_keys_used(weights)}, the largest weight of all being {weights.max():.3f}."
        )

    return Explorable(
        "The scale w, with the curve, the weights and the loss", [Control("w", scales, 10)], draw
    )


def formula_figure(dataset, query=2.0, key=20):
    """Return the figure of chapter 4: for one query, each step of (4.4) for all keys."""
    keys, values = dataset.x_train, dataset.y_train
    queries = np.linspace(-2, 7, 181).round(2)
    start = _index(queries, query)
    return _steps_figure(
        "One number through the formula",
        {"keys": keys, "values": values, "queries": queries},
        nwlib.scores(queries, keys),
        [
            Control("query x", tuple(queries), start),
            Control("key", tuple(range(1, keys.size + 1)), key),
        ],
        f"The query x = {queries[start]:.2f} and key {key + 1} of {keys.size}, at {keys[key]:.2f}",
        page="chapters/04_gaussian_softmax",
        score="score s_i = −½ (x − x_i)²",
    )


def tokens_figure(names, scores, values, query=2, key=0):
    """Return the first figure of page 7: one number through a head, for tokens with names.

    scores has shape (n, n), a row for each query; values shape (n,), one entry of each value.
    """
    places = np.arange(len(names), dtype=float)
    return _steps_figure(
        "One number through a head, token by token",
        {"keys": places, "values": values, "queries": places, "names": names, "table": scores},
        scores,
        [Control("query of", tuple(names), query), Control("key of", tuple(names), key)],
        f"The query of {names[query]} and the key of {names[key]}",
        page="beyond/07_head",
        score="score s_i = q · k_i / √d",
        key_label="token",
        value_label="first entry of the value",
    )


def head_figure(dataset, steps, matrices, query=1.0, key=20):
    """Return the figure of page 7 in which one number goes through the head as it learns.

    At each of the steps stands the matrix B of the head; dataset is a problem that is new to it.
    """
    keys, values = dataset.x_train, dataset.y_train
    queries = np.linspace(-2, 2, 81).round(2)
    start = _index(queries, query)
    asked, features = np.stack([queries, np.ones_like(queries)], axis=1), np.stack([keys, keys**2])
    return _steps_figure(
        "One number through the head, as it learns",
        {"keys": keys, "values": values, "queries": queries, "matrices": matrices, "taken": steps},
        asked @ matrices[0] @ features,
        [
            Control("step", tuple(steps), 0),
            Control("query x", tuple(queries), start),
            Control("key", tuple(range(1, keys.size + 1)), key),
        ],
        f"After {plots.count(steps[0], 'step')}, the query x = {queries[start]:.2f} and key "
        f"{key + 1} of {keys.size}, at {keys[key]:.2f}",
        page="beyond/07_head",
        score="score s_i = (B₁₁x + B₂₁) x_i + (B₁₂x + B₂₂) x_i²",
        exponential="exponential exp(s_i − max s)",
    )


def guess_figure(dataset):
    """Return the first figure of chapter 5: seven places for a guess of the loss."""
    places = np.geomspace(0.1, 100, 7)
    curve = _loss_curve(dataset)
    highest = 1.25 * max(curve["loss"])

    def draw():
        fig, ax = plots.figure(figsize=(6.0, 3.75))
        heights = np.full(places.size, highest / 2)
        ax.plot(places, heights, "o", color=plots.PREDICTION, ls=plots.DASHES[1], ms=9, lw=2)
        _over_w(ax)
        ax.set(ylim=(0, highest), xlabel="w, in units of 1/x", ylabel="leave-one-out loss")
        return fig, (
            f"Your guess is still flat. Draw it, or choose one of its {places.size} places and "
            "press the arrow keys."
        )

    return Figure(
        "guess",
        "A guess of the loss, and the loss",
        draw,
        {"places": places.tolist(), "curve": curve},
        buttons=["compare", "show without a guess", "again"],
        moves="draw your guess and compare it with the loss",
        page="chapters/05_learnable_w",
        longest="Your guess is 0.00 away from the loss on average. It is lowest at w = 100.00, the "
        "loss at w = 100.00: 0.000.",
    )


def descent_figure(dataset, w_0):
    """Return the figure of chapter 5 to go down in; w_0 is where that recipe starts."""
    keys, values = dataset.x_train, dataset.y_train
    starts = np.unique(np.append(np.geomspace(0.1, 20, 47).round(2), [1.0, w_0]))
    rates = np.unique(np.append(np.geomspace(0.1, 100, 61).round(2), [0.2, 5.0, 25.0]))
    presets = {
        "crawl": (1.0, 0.2, 20),
        "serve": (1.0, 5.0, 20),
        "leap": (1.0, 25.0, 20),
        "that recipe": (w_0, 25.0, 5),
    }
    best, curve = nwlib.fit_w(keys, values), _loss_curve(dataset)

    def draw():
        fig, ax = plots.figure(figsize=(6.0, 3.75))
        lowest, at_1 = nwlib.loss(best, keys, values), nwlib.loss(1.0, keys, values)
        ax.plot(curve["w"], curve["loss"], color=plots.TRUTH, lw=2)
        ax.plot([1.0], [at_1], "o", color=plots.PREDICTION, ms=9)
        ax.plot([1.0], [at_1], "o", color=plots.QUERY, ms=12, mfc="none")
        _over_w(ax)
        ax.set(xlabel="|w|, in units of 1/x", ylabel="leave-one-out loss")
        return fig, (
            f"The start: w = 1.00, loss {at_1:.3f}, slope {nwlib.gradient(1.0, keys, values):.3f}. "
            f"A step of rate 5.00 goes where? The loss is lowest at w = {best:.2f}, {lowest:.3f}."
        )

    return Figure(
        "descent",
        "Gradient descent, step by step",
        draw,
        {
            "keys": keys.tolist(),
            "values": values.tolist(),
            "starts": starts.tolist(),
            "rates": rates.tolist(),
            "presets": [
                {"start": _index(starts, w), "rate": _index(rates, rate), "steps": steps}
                for w, rate, steps in presets.values()
            ],
            "curve": curve,
            "best": best,
        },
        controls=[
            Control("start w", tuple(starts), _index(starts, 1.0)),
            Control("learning rate", tuple(rates), _index(rates, 5.0)),
        ],
        buttons=[*presets, "step", "run", "back"],
        moves="choose the start and the rate, and go down step by step",
        page="chapters/05_learnable_w",
        longest="Step 100, rate 100.00, from -100.00: w = -100.00, loss 0.000; lowest at w = "
        "100.00, 0.000. Far out: the rate is too large for any w.",
    )


def metric_slider(metrics, losses, errors):
    """Return the explorable of page 6: the steps of learning a metric.

    metrics has shape (n_steps + 1, d, d), losses and errors shape (n_steps + 1,), the start first.
    """
    last = len(losses) - 1
    positions = np.unique(np.append(0, np.geomspace(1, last, 22).round().astype(int)))
    largest = np.abs(metrics).max()

    def draw(step):
        fig, axes = plots.mosaic(
            [["metric", "curves"]],
            figsize=(6.6, 3.3),
            width_ratios=(1, 1.15),
            gridspec_kw={"left": 0.06, "right": 0.98, "top": 0.86, "bottom": 0.15, "wspace": 0.25},
        )
        plots.plot_metric(metrics[step], axes["metric"], largest)
        axes["metric"].set_title("metric", loc="left", fontsize="medium")
        for squares in axes["metric"].collections:
            _move(squares)
        curves = {"leave-one-out loss": losses, "test error": errors}
        ax = plots.plot_curves(range(last + 1), curves, axes["curves"], xlabel="step", ylabel="")
        ax.set_xscale("function", functions=(np.sqrt, np.square))
        ax.set(xlim=(0, 1.04 * last), ylim=(0, None))
        ax.set_xticks(np.round(np.linspace(0, 1, 5) ** 2 * last).astype(int))
        for curve, line in zip(curves.values(), list(ax.lines), strict=True):
            look = dict(color=line.get_color(), ms=9, mec="white")
            _move(ax.plot([step], [curve[step]], "o", **look)[0])
        return fig, (
            f"After {plots.count(step, 'step')}: leave-one-out loss {losses[step]:.3f}, test error "
            f"{errors[step]:.3f}. {plots.describe_metric(metrics[step])}"
        )

    return Explorable(
        "The metric, step by step, with the loss and the test error",
        [Control("step", tuple(map(int, positions)), 0)],
        draw,
    )


def training_slider(dataset, steps, matrices, weights, errors, best):
    """Return the explorable of page 7: the steps in which a head learns, on a problem new to it.

    At each of the steps stand the matrix B of the head, the weights that it gives at
    dataset.x_test, and its error on fresh problems; best is the error of the best fixed w.
    """

    def draw(step):
        at = steps.index(step)
        prediction = nwlib.attention_pooling(weights[at], dataset.y_train)
        fig, axes = _curve_above("weights", "error")
        _curve_and_weights(dataset, weights[at], prediction, axes)
        axes["error"].plot(steps, errors, color=plots.WEIGHT, lw=2)
        axes["error"].axhline(best, color=plots.TRUTH, ls=plots.DASHES[1], lw=1.2)
        axes["error"].set_xscale("symlog", linthresh=1)
        axes["error"].set_yscale("log")
        axes["error"].set(xlim=(-0.2, 1.5 * steps[-1]), xlabel="step")
        axes["error"].set_xticks([0, 1, 10, 100, 1000], ["0", "1", "10", "100", "1000"])
        axes["error"].set_yticks([0.05, 0.1, 0.2, 0.5, 1], ["0.05", "0.1", "0.2", "0.5", "1"])
        axes["error"].minorticks_off()
        axes["error"].set_title("error; dashed, the best w's", loc="left", fontsize="medium")
        dot = axes["error"].plot([step], [errors[at]], "o", color=plots.PREDICTION, ms=9)[0]
        _move(dot)
        dot.set(mec="white", clip_on=False)
        entries = (np.round(matrices[at], 1) + 0.0).tolist()  # + 0.0: no -0.0
        first, last = np.diag(matrices[at])
        reading = "no bell yet"
        if last < 0:
            reading = (
                f"ratio {first / last:.2f}, and w = {np.sqrt(-2 * last):.2f} by the last entry"
            )
        return fig, (
            f"After {plots.count(step, 'step')} B is {entries}: {reading}. Error on fresh problems "
            f"{errors[at]:.3f}, where the best fixed w has {best:.3f}. A query spreads its weight "
            f"over about {_keys_used(weights[at])} of {dataset.x_train.size}."
        )

    return Explorable(
        "A head learns, from the average to a narrow bell", [Control("step", steps, 0)], draw
    )


def band_slider(dataset, studies):
    """Return the explorable of page 8: w, with the band, and what many data sets say of it.

    studies is a dict from w to a dict: the prediction on dataset.x_test and its standard_error, the
    number of parameters in effect, and of many data sets, place by place, the coverage of the band,
    the bias and the typical_error, their mean standard error.
    """
    x = dataset.x_test
    highest = max(np.abs(study["bias"]).max() for study in studies.values())

    def draw(w):
        study = studies[w]
        fig, axes = _curve_above("coverage", "bias")
        curve = plots.plot_band(
            dataset, study["prediction"], study["standard_error"], axes["curve"]
        )
        curve.set_ylim(*_limits(dataset))
        _move(curve.collections[0])
        _move(curve.lines[-1])
        coverage, bias = axes["coverage"], axes["bias"]
        coverage.axhline(0.95, color=plots.TRUTH, lw=1.2, ls=plots.DASHES[2])
        _move(coverage.plot(x, study["coverage"], color=plots.WEIGHT, lw=2)[0])
        _move(coverage.plot(x[:1], study["coverage"][:1], "o", color=plots.WEIGHT, ms=7)[0])
        coverage.set(ylim=(0, 1.03), xlabel="input x")
        coverage.set_title("coverage, 0.95 dotted", loc="left", fontsize="medium")
        _move(bias.plot(x, np.abs(study["bias"]), color=plots.PREDICTION, lw=2)[0])
        _move(bias.plot(x, study["typical_error"], color=plots.WEIGHT, lw=2, ls=plots.DASHES[1])[0])
        bias.set(ylim=(0, 1.05 * highest), xlabel="input x")
        bias.set_yscale("function", functions=(np.sqrt, np.square))
        bias.set_yticks([0, 0.05, 0.2, 0.5, 1, 2])
        bias.set_title("bias, standard error dashed", loc="left", fontsize="medium")
        return fig, (
            f"w = {w:.2f}: {study['parameters']:.1f} parameters in effect. The band here is "
            f"{4 * study['standard_error'].mean():.2f} wide on average. Over many data sets a band "
            f"of this w covers the truth at {study['coverage'].mean():.0%} of the places, and at "
            f"x = {x[0]:.1f} in {study['coverage'][0]:.0%} of the sets: there the bias is "
            f"{study['bias'][0]:.2f} and the standard error {study['typical_error'][0]:.2f}."
        )

    return Explorable(
        "The scale w, with the band around the curve and its coverage",
        [Control("w", tuple(studies), len(studies) // 2)],
        draw,
    )


def _curve_above(left, right):
    """Return a figure with the axes "curve" above two others, and these axes by name."""
    return plots.mosaic(
        [["curve", "curve"], [left, right]],
        figsize=(6.0, 5.6),
        gridspec_kw={"left": 0.1, "right": 0.98, "top": 0.94, "bottom": 0.08, "hspace": 0.4},
    )


def _curve_and_weights(dataset, weights, prediction, axes):
    """Draw the curve with the data on axes["curve"], all weights on axes["weights"]."""
    curve = plots.plot_prediction(dataset, prediction, axes["curve"])
    curve.set_ylim(*_limits(dataset))
    _move(curve.lines[-1])
    image = plots.plot_weights(
        weights, dataset.x_test, dataset.x_train, axes["weights"], colorbar=False
    ).images[0]
    image.set(interpolation="none", gid=plots.MOVING, norm=PowerNorm(0.5, 0, 1))


def _keys_used(weights):
    """Return, in words, the number of equal weights that would be as spread, median over rows."""
    return plots.count(round(np.median(1 / (weights**2).sum(axis=1))), "key")


def _two_panels(dataset, query, weights, prediction, xlim=(-0.2, 5.2)):
    """Return a Figure: data, curve and the query's mean above, its weights below."""
    keys, values = dataset.x_train, dataset.y_train
    fig, axes = plots.mosaic(
        [["curve"], ["weights"]],
        figsize=(6.0, 5.0),
        sharex=True,
        height_ratios=(2.2, 1),
        gridspec_kw={"left": 0.12, "right": 0.98, "top": 0.93, "bottom": 0.1, "hspace": 0.08},
    )
    top, bottom = axes["curve"], axes["weights"]
    plots.plot_prediction(dataset, prediction, top)
    _move(top.lines[-1])
    _move(top.axvline(query, color=plots.QUERY, lw=1.5, ls=plots.DASHES[2]))
    if not np.isnan(weights).any():
        pooled = nwlib.attention_pooling(weights[np.newaxis], values)
        _move(top.plot([query], pooled, "D", color=plots.PREDICTION, ms=9, mec="white")[0])
    top.set(xlabel="", xlim=xlim, ylim=_limits(dataset))
    _weights_below(keys, weights, bottom)
    _move(bottom.axvline(query, color=plots.QUERY, lw=1.5, ls=plots.DASHES[2]))
    return fig


def _weights_below(keys, weights, ax):
    """Draw the weights of one query as stems at the keys, on a scale of roots."""
    stems = np.column_stack([keys, keys, np.full(keys.size, np.nan)]).ravel()
    heights = np.column_stack([np.zeros(keys.size), weights, np.full(keys.size, np.nan)]).ravel()
    _move(ax.plot(stems, heights, color=plots.WEIGHT, lw=1.6)[0])
    _move(ax.plot(keys, weights, "o", color=plots.WEIGHT, ms=3.5)[0])
    ax.set(xlabel="key x", ylabel="weight", ylim=(0, 1.05))
    ax.set_yscale("function", functions=(np.sqrt, np.square))
    ax.set_yticks([0, 0.05, 0.2, 0.5, 1])


def _steps_figure(
    title,
    data,
    scores,
    controls,
    pair,
    *,
    page,
    score,
    exponential="its exponential exp(s_i)",
    key_label="key x",
    value_label="value y",
):
    """Return a figure of one number through the formula; its last controls are query and key.

    scores has shape (q, n), a row for each query; pair tells query and key at the start in words.
    """
    rows = [score, exponential, "weight α_i = exp(s_i) / Σ_j exp(s_j)", "product α_i y_i"]
    keys, values = np.asarray(data["keys"]), np.asarray(data["values"])
    row, key = controls[-2].start, controls[-1].start
    query, map_of_weights, scores = data["queries"][row], nwlib.softmax(scores), scores[row]
    shift = scores.max() if "max" in exponential else 0.0
    weights, exponentials = map_of_weights[row], np.exp(scores - shift)
    told = (
        f"{pair}: score {scores[key]:.3f}, exponential {exponentials[key]:.3f} of "
        f"{exponentials.sum():.3f} in all, weight {weights[key]:.3f}; times its value "
        f"{values[key]:.2f} that is {weights[key] * values[key]:.3f}. All products sum to "
        f"{weights @ values:.2f}."
    )

    def draw():
        fig, axes = plots.mosaic(
            [[name] for name in (value_label, *rows)],
            figsize=(6.0, 582 / 72),
            sharex=True,
            height_ratios=(3, 1, 1, 1, 1),
            gridspec_kw={"left": 0.12, "right": 0.98, "top": 0.96, "bottom": 0.32, "hspace": 0.75},
        )
        for name, ax in axes.items():
            ax.set_title(_with_subscripts(name), loc="left", fontsize="medium")
            ax.axvline(query, color=plots.QUERY, lw=1.5, ls=plots.DASHES[2])
        top, last = axes[value_label], axes[rows[-1]]
        top.plot(keys, values, "o", color=plots.DATA, ms=4.5, mfc="none", mew=1.1)
        top.plot(keys[key], values[key], "o", color=plots.SERIES[2], ms=8)
        top.plot(query, weights @ values, "o", color=plots.PREDICTION, ms=9)
        for name, heights in zip(
            rows, (scores, exponentials, weights, weights * values), strict=True
        ):
            color = plots.PREDICTION if axes[name] is last else plots.WEIGHT
            axes[name].vlines(keys, 0, heights, color=color, lw=1.6)
            axes[name].vlines(keys[key], 0, heights[key], color=plots.SERIES[2], lw=4)
        last.set_xlabel(key_label)
        below = fig.add_axes((0.12, 0.06, 0.86, 0.17))
        plots.plot_weights(map_of_weights, data["queries"], keys, below, colorbar=False)
        below.set(xticks=[], yticks=[], xlabel=f"{key_label} (a column each)")
        below.set_ylabel("query (a row each)")
        below.set_title("all weights", loc="left", fontsize="medium")
        below.axvline(key, color=plots.SERIES[2], lw=2)
        below.axhline(row, color=plots.QUERY, lw=1.5, ls=plots.DASHES[2])
        if "names" in data:
            last.set_xticks(keys, data["names"])
        else:
            last.set_xlim(data["queries"][0] - 0.1, data["queries"][-1] + 0.1)
        return fig, told

    lists = {name: np.asarray(of).tolist() for name, of in data.items() if name != "names"}
    texts = {"rows": rows, "key": key_label, "value": value_label}
    return Figure(
        "formula",
        title,
        draw,
        {**data, **lists, **texts},
        controls=controls,
        moves=f"move the {controls[-2].name.split()[0]} and choose the key",
        page=page,
        longest=told + " -00.00" * 6,
    )


def _with_subscripts(text):
    """Return a text in which "x_i" is set as Matplotlib sets it."""
    return re.sub(r"(\w)_(\w)", r"${\1}_{\2}$", text)


def _loss_curve(dataset):
    """Return scales on a logarithmic axis, the best one among them, and the loss at each."""
    keys, values = dataset.x_train, dataset.y_train
    scales = np.unique(np.append(np.geomspace(0.1, 100, 121), nwlib.fit_w(keys, values)))
    scales = scales[scales > 0]
    losses = [nwlib.loss(w, keys, values) for w in scales]
    return {"w": scales.tolist(), "loss": losses}


def _over_w(ax):
    """Give an Axes the scale of a figure over w."""
    ax.set(xscale="log", xlim=(0.1 / 1.3, 100 * 1.3))
    ax.set_xticks([0.1, 1, 10, 100], ["0.1", "1", "10", "100"])
    ax.minorticks_off()


def _index(numbers, number):
    """Return where a number stands in an array."""
    return int(np.abs(numbers - number).argmin())


def _limits(dataset):
    """Return the range of y that holds the data and the truth, the same for each frame."""
    shown = np.append(dataset.y_train, dataset.y_true)
    margin = 0.06 * np.ptp(shown)
    return shown.min() - margin, shown.max() + margin


def _move(artist):
    artist.set_gid(plots.MOVING)
