"""The explorable figures of the course, drawn from what `nwlib` computes: no mathematics here."""

import numpy as np
from matplotlib.colors import PowerNorm

import nwlib
from nwlib import plots
from nwlib.figures import Control, Explorable
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
    stems = np.column_stack([keys, keys, np.full(keys.size, np.nan)]).ravel()
    heights = np.column_stack([np.zeros(keys.size), weights, np.full(keys.size, np.nan)]).ravel()
    _move(bottom.plot(stems, heights, color=plots.WEIGHT, lw=1.6)[0])
    _move(bottom.plot(keys, weights, "o", color=plots.WEIGHT, ms=3.5)[0])
    _move(bottom.axvline(query, color=plots.QUERY, lw=1.5, ls=plots.DASHES[2]))
    bottom.set(xlabel="key x", ylabel="weight", ylim=(0, 1.05))
    bottom.set_yscale("function", functions=(np.sqrt, np.square))
    bottom.set_yticks([0, 0.05, 0.2, 0.5, 1])
    return fig


def _limits(dataset):
    """Return the range of y that holds the data and the truth, the same for each frame."""
    shown = np.append(dataset.y_train, dataset.y_true)
    margin = 0.06 * np.ptp(shown)
    return shown.min() - margin, shown.max() + margin


def _move(artist):
    artist.set_gid(plots.MOVING)
