"""The pictures of the course, and the sentences that say what they show.

Each `plot_*` draws on ax, or on a new figure without one, and returns the Axes. Its `describe_*`
takes the same data and returns the text alternative. `show` displays the two together.
The same colour and the same mark stand for the same thing in every picture.
"""

import base64
import functools
import hashlib
import html
import io
import re

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.collections import PolyCollection
from matplotlib.colors import LinearSegmentedColormap, to_rgba

TRUTH = "#4d4d4d"
DATA = "#767676"
PREDICTION = "#c44601"
WEIGHT = "#0068a8"
QUERY = "#8a3ffc"
SERIES = (WEIGHT, PREDICTION, "#00794c", QUERY)
"""Colours for lines that stand for none of the above; dashes tell them apart without colour."""

DASHES = ("solid", (0, (5, 1.5)), (0, (1.5, 1.5)), (0, (6, 1.5, 1.5, 1.5)))
MARKERS = ("o", "s", "^", "D")
WEIGHT_MAP = LinearSegmentedColormap.from_list(
    "weight", ["#ffffff", "#b9dcf2", "#4a9fd4", WEIGHT, "#012a4a"]
)

MOVING = "moving"
"""The gid of an artist that differs between the frames of an explorable; `svg` makes it a class."""

STYLE = {
    "axes.edgecolor": "#4d4d4d",
    "axes.labelcolor": "#222222",
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.family": "DejaVu Sans",
    "font.size": 10.5,
    "legend.borderaxespad": 0,
    "legend.columnspacing": 1.4,
    "legend.fontsize": 10.5,
    "legend.frameon": False,
    "legend.handletextpad": 0.5,
    "text.color": "#222222",
    "xtick.color": "#4d4d4d",
    "xtick.labelcolor": "#222222",
    "ytick.color": "#4d4d4d",
    "ytick.labelcolor": "#222222",
}
SAVING = {"svg.fonttype": "none", "svg.hashsalt": "nwlib", "savefig.facecolor": "white"}


def _in_style(draw):
    """Make what draw adds to a figure follow the style of the course."""

    @functools.wraps(draw)
    def styled(*args, **options):
        with mpl.rc_context(STYLE):
            return draw(*args, **options)

    return styled


@_in_style
def figure(rows=1, columns=1, **options):
    """Return a new Figure in the style of the course and its Axes, as `plt.subplots` does."""
    options = {"figsize": (5.6, 3.5), "layout": "constrained"} | options
    return plt.subplots(rows, columns, **options)


@_in_style
def mosaic(layout, **options):
    """Return a new Figure in the style of the course and its Axes, as `plt.subplot_mosaic` does."""
    return plt.subplot_mosaic(layout, **options)


@_in_style
def plot_dataset(dataset, ax=None):
    """Draw the training pairs of a `nwlib.Dataset` and the truth behind them."""
    ax = _axes(ax)
    _truth(ax, dataset.x_test, dataset.y_true)
    _data(ax, dataset.x_train, dataset.y_train)
    return _finish(ax, "input x", "output y")


def describe_dataset(dataset):
    """Return a sentence that says what `plot_dataset` shows."""
    x, y = dataset.x_test, dataset.y_true
    residual = dataset.y_train - np.interp(dataset.x_train, x, y)
    peak = int(np.argmax(y))
    return (
        f"{count(dataset.x_train.size, 'training point')} between x = "
        f"{dataset.x_train.min():.1f} and {dataset.x_train.max():.1f} scattered around a dashed "
        f"curve, the truth, {(residual > 0).sum()} of them above it, "
        f"{np.abs(residual).mean():.2f} away on average. The curve starts at {y[0]:.1f}, peaks "
        f"at {y[peak]:.1f} near x = {x[peak]:.1f} and ends at {y[-1]:.1f}."
    )


@_in_style
def plot_prediction(dataset, y_pred, ax=None):
    """Draw a prediction of shape (n_test,) at dataset.x_test, with the truth and the data."""
    ax = _axes(ax)
    _truth(ax, dataset.x_test, dataset.y_true)
    _data(ax, dataset.x_train, dataset.y_train)
    ax.plot(dataset.x_test, y_pred, color=PREDICTION, lw=2.2, label="Pred")
    return _finish(ax, "input x", "output y")


def describe_prediction(dataset, y_pred):
    """Return a sentence that says what `plot_prediction` shows."""
    y_pred = np.asarray(y_pred)
    error = np.abs(y_pred - dataset.y_true)
    worst = int(np.argmax(error))
    shape = (
        f"a horizontal line at {y_pred[0]:.2f}"
        if np.ptp(y_pred) < 1e-9
        else f"a curve between {y_pred.min():.2f} and {y_pred.max():.2f}"
    )
    return (
        f"The prediction is {shape}; the truth, dashed, runs between {dataset.y_true.min():.2f} "
        f"and {dataset.y_true.max():.2f}. They differ by {error.mean():.2f} on average, most at "
        f"x = {dataset.x_test[worst]:.1f}, by {error[worst]:.2f}."
    )


@_in_style
def plot_band(dataset, y_pred, standard_error, ax=None):
    """Draw a prediction and a band of two standard errors to each side, both of shape (n_test,)."""
    ax = _axes(ax)
    low, high = y_pred - 2 * standard_error, y_pred + 2 * standard_error
    look = {"facecolor": to_rgba(PREDICTION, 0.25), "edgecolor": PREDICTION, "lw": 0.8}
    ax.fill_between(dataset.x_test, low, high, label="band", **look)
    return plot_prediction(dataset, y_pred, ax)


def describe_band(dataset, y_pred, standard_error):
    """Return a sentence that says what `plot_band` shows."""
    outside = np.abs(y_pred - dataset.y_true) > 2 * standard_error
    text = (
        f"{describe_prediction(dataset, y_pred)} The band is {4 * standard_error.mean():.2f} wide "
        f"on average and leaves the truth out at {outside.sum()} of {outside.size} places"
    )
    if outside.any():
        text += ": x = " + ", ".join(f"{x:.1f}" for x in dataset.x_test[outside])
    return text + "."


@_in_style
def plot_query(query, keys, values, weights, ax=None):
    """Draw one query's weights, shape (n,): each value as a dot whose area is its weight."""
    ax = _axes(ax)
    weights = np.asarray(weights)
    _data(ax, keys, values, label="pair (key, value)")
    ax.scatter(
        keys,
        values,
        s=40 * weights.size * np.nan_to_num(weights),
        facecolor=to_rgba(WEIGHT, 0.55),
        edgecolor=WEIGHT,
        lw=1,
        label="_area is the weight",
    )
    ax.axvline(query, color=QUERY, lw=1.5, ls=DASHES[2], label="query")
    ax.margins(0.06, 0.1)
    pooled = weights @ values
    ax.plot([query], [pooled], "D", color=PREDICTION, ms=9, mec="white", label="their mean")
    return _finish(ax, "key x", "value y")


def describe_query(query, keys, values, weights):
    """Return a sentence that says what `plot_query` shows."""
    keys, weights = np.asarray(keys), np.asarray(weights)
    if np.isnan(weights).any():
        return f"The query x = {query:.2f} has no key in reach: no weights, and no prediction."
    heaviest = int(np.argmax(weights))
    order = np.sort(weights)[::-1]
    n_heavy = int(np.searchsorted(np.cumsum(order), 0.9 - 1e-12)) + 1
    return (
        f"The query x = {query:.2f} gives its largest weight, {weights[heaviest]:.3f}, to the key "
        f"at {keys[heaviest]:.2f}; {count(n_heavy, 'key')} of {keys.size} share 90% of the weight. "
        f"The weighted mean of the values is {weights @ values:.2f}."
    )


@_in_style
def plot_weights(weights, queries, keys, ax=None, largest=None, colorbar=True):
    """Draw weights of shape (q, n) as an image: a row for each query, a column for each key.

    largest is the weight with the darkest colour; give the same to pictures to be compared.
    """
    ax = _axes(ax, figsize=(5.2, 4.0))
    weights = np.asarray(weights)
    largest = np.nanmax(weights) if largest is None else largest
    image = ax.imshow(
        weights, cmap=WEIGHT_MAP, vmin=0, vmax=largest, aspect="auto", interpolation="nearest"
    )
    _ticks_at_inputs(ax.xaxis, keys)
    _ticks_at_inputs(ax.yaxis, queries)
    ax.set(xlabel="key x (a column each)", ylabel="query x (a row each)")
    ax.spines[:].set_visible(True)
    if colorbar:
        ax.figure.colorbar(image, ax=ax, label="weight", shrink=0.9)
    return ax


def describe_weights(weights, queries, keys):
    """Return a sentence that says what `plot_weights` shows."""
    weights, queries, keys = map(np.asarray, (weights, queries, keys))
    answered = ~np.isnan(weights).any(axis=1)
    text = f"{weights.shape[0]} rows of queries by {weights.shape[1]} columns of keys. "
    if not answered.all():
        text += f"{count((~answered).sum(), 'query', 'queries')} with no key in reach left blank. "
    if not answered.any():
        return text.strip()
    weights, queries = weights[answered], queries[answered]
    if np.ptp(weights) < 1e-9:
        return text + f"All weights are the same, {weights.mean():.3f}: no structure at all."
    heaviest = keys[weights.argmax(axis=1)]
    keys_used = 1 / (weights**2).sum(axis=1)
    return text + (
        "The heavy weights lie along the diagonal, where key and query are close: the heaviest "
        f"key is on average {np.abs(heaviest - queries).mean():.2f} from its query. The largest "
        f"weight is {weights.max():.3f}, and a row spreads over about "
        f"{count(round(np.median(keys_used)), 'key')}."
    )


@_in_style
def plot_curves(x, curves, ax=None, xlabel="x", ylabel="y", logx=False, logy=False, markers=False):
    """Draw curves, a dict from label to y of shape (n,), over x of shape (n,)."""
    ax = _axes(ax)
    for (label, y), color, dashes, marker in zip(
        curves.items(), SERIES, DASHES, MARKERS, strict=False
    ):
        ax.plot(x, y, color=color, ls=dashes, lw=2, label=label, marker=marker if markers else "")
    for axis, scaled, is_log in ((ax.xaxis, ax.set_xscale, logx), (ax.yaxis, ax.set_yscale, logy)):
        if is_log:
            scaled("log")
            axis.set_major_formatter("{x:g}")
    return _finish(ax, xlabel, ylabel)


def describe_curves(x, curves, xlabel="x"):
    """Return a sentence that says what `plot_curves` shows."""
    x = np.asarray(x)
    parts = []
    for label, y in curves.items():
        peak, dip = int(np.argmax(y)), int(np.argmin(y))
        part = f"{label} goes from {_brief(y[0])} to {_brief(y[-1])}"
        if peak not in (0, len(x) - 1):
            part += f", highest, {_brief(y[peak])}, at {_brief(x[peak])}"
        if dip not in (0, len(x) - 1):
            part += f", lowest, {_brief(y[dip])}, at {_brief(x[dip])}"
        parts.append(part)
    return f"From {xlabel} = {_brief(x[0])} to {_brief(x[-1])}: " + "; ".join(parts) + "."


def _brief(number):
    """Return a number with three digits, or whole: 0.0123, 12,800."""
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"


@_in_style
def plot_many(x, y_true, predictions):
    """Draw twenty of the curves of each scale in a panel, their mean, and the truth.

    predictions is a dict from label to shape (seeds, n); x and y_true have shape (n,).
    """
    fig, axes = figure(1, len(predictions), figsize=(5.6, 3.0), sharey=True)
    for ax, (label, curves) in zip(axes, predictions.items(), strict=True):
        ax.plot(x, curves[:20].T, color=PREDICTION, lw=0.5)
        ax.plot(x, curves.mean(axis=0), color=WEIGHT, lw=2.4)
        ax.plot(x, y_true, color=TRUTH, lw=1.8, ls=DASHES[1])
        ax.set(title=label, xlabel="input x")
    axes[0].set_ylabel("output y")
    return axes[0]


def describe_many(y_true, predictions):
    """Return a sentence that says what `plot_many` shows."""
    parts = []
    for label, curves in predictions.items():
        spread, mean = np.sqrt(curves.var(axis=0).mean()), curves.mean(axis=0)
        parts.append(
            f"{label}, a curve is typically {spread:.2f} away from the mean of all curves, and "
            f"that mean {np.sqrt(np.mean((mean - y_true) ** 2)):.2f} away from the truth"
        )
    return (
        "Twenty curves in each panel, their mean, and the truth, dashed. At "
        + "; at ".join(parts)
        + "."
    )


@_in_style
def plot_loss(w, loss, paths=None, ax=None):
    """Draw the loss over w, both of shape (n,), and on it steps: a dict from label to History."""
    ax = _axes(ax)
    ax.plot(w, loss, color=TRUTH, lw=2, label="loss L(w)")
    looks = zip(SERIES[1:] + SERIES[:1], MARKERS, strict=True)
    for (label, path), (color, marker) in zip((paths or {}).items(), looks, strict=False):
        ax.plot(path.w, path.loss, color=color, marker=marker, ms=5, lw=1.2, label=label)
    for start in {(path.w[0], path.loss[0]) for path in (paths or {}).values()}:
        ax.annotate("start", start, (4, 6), textcoords="offset points")
    return _finish(ax, "w (in units of 1/x)", "leave-one-out loss")


def describe_loss(w, loss, paths=None):
    """Return a sentence that says what `plot_loss` shows."""
    lowest = int(np.argmin(loss))
    text = (
        f"The loss goes from {loss[0]:.2f} at w = {w[0]:.1f} down to {loss[lowest]:.3f} at "
        f"w = {w[lowest]:.1f} and then up to {loss[-1]:.2f} at w = {w[-1]:.1f}."
    )
    for label, path in (paths or {}).items():
        steps = ", ".join(f"{step:.2f}" for step in path.w[:6])
        more = f" and on to {path.w[-1]:.2f}" if len(path.w) > 6 else ""
        text += f" {label.capitalize()}: w = {steps}{more}, the last with loss {path.loss[-1]:.3f}."
    return text


@_in_style
def plot_spread(errors, ax=None, xlabel="mean squared error against the truth"):
    """Draw errors, a dict from label to shape (seeds,): a dot a seed, a bar at the mean."""
    ax = _axes(ax, figsize=(5.6, 0.9 + 0.62 * len(errors)))
    for row, sample in enumerate(errors.values()):
        spread = 0.5 * (np.argsort(np.argsort(sample)) * 0.618 % 1 - 0.5)
        ax.plot(sample, row + spread, "o", color=WEIGHT, ms=3.5, mfc="none", mew=0.8)
        ax.plot([np.mean(sample)] * 2, [row - 0.36, row + 0.36], color=PREDICTION, lw=3)
    ax.set_yticks(range(len(errors)), list(errors))
    ax.invert_yaxis()
    ax.set_xlabel(xlabel)
    return ax


def describe_spread(errors):
    """Return a sentence that says what `plot_spread` shows."""
    seeds = len(next(iter(errors.values())))
    rows = (
        f"{label}: mean {np.mean(sample):.3f}, nine in ten between "
        f"{np.quantile(sample, 0.05):.3f} and {np.quantile(sample, 0.95):.3f}"
        for label, sample in errors.items()
    )
    return f"A dot for each of {seeds} seeds and a bar at their mean. " + "; ".join(rows) + "."


@_in_style
def plot_metric(metric, ax=None, largest=None):
    """Draw a symmetric matrix of shape (d, d): squares, each entry's size as its area.

    Positive entries are filled, negative ones hollow. largest is the entry whose square fills its
    place; give the same to pictures to be compared.
    """
    ax = _axes(ax, figsize=(3.9, 3.5))
    metric = np.asarray(metric)
    n_entries = len(metric)
    largest = np.abs(metric).max() if largest is None else largest
    rows, columns = np.indices(metric.shape) + 1
    half = 0.48 * np.sqrt(np.abs(metric) / largest)[..., np.newaxis, np.newaxis]
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    squares = np.stack([columns, rows], axis=-1)[..., np.newaxis, :] + half * corners
    filled = dict(facecolor=WEIGHT, edgecolor=WEIGHT)
    hollow = dict(facecolor="none", edgecolor=PREDICTION)
    for chosen, look in ((metric > 0, filled), (metric < 0, hollow)):
        ax.add_collection(PolyCollection(list(squares[chosen]), lw=1.2, **look))
    ticks = range(1, n_entries + 1)
    ends = 0.4, n_entries + 0.6
    ax.set(xlim=ends, ylim=ends[::-1], aspect="equal", xticks=ticks, yticks=ticks)
    ax.set(xlabel="entry of the input", ylabel="entry of the input")
    ax.spines[:].set_visible(True)
    return ax


def describe_metric(metric):
    """Return a sentence that says what `plot_metric` shows."""
    metric = np.asarray(metric)
    diagonal = ", ".join(f"{one:.1f}" for one in metric.diagonal())
    text = f"{len(metric)} rows and columns of squares. On the diagonal: {diagonal}. "
    off = np.abs(np.triu(metric, 1))
    if not off.any():
        return text + "All others are 0."
    row, column = np.unravel_index(off.argmax(), off.shape)
    return text + (
        f"The largest entry off the diagonal, in row {row + 1} and column {column + 1}, is "
        f"{metric[row, column]:.1f}."
    )


@_in_style
def plot_planes(planes, values):
    """Draw points in one panel for each plane, marked by the third in which their value lies.

    planes is a dict from title to points, shape (n, 2); values has shape (n,).
    """
    fig, axes = figure(1, len(planes), figsize=(6.2, 3.4))
    names = ("lowest third of y", "middle third", "highest third")
    for ax, (title, points) in zip(axes, planes.items(), strict=True):
        for third, name in enumerate(names):
            chosen = _thirds(values) == third
            look = dict(color=SERIES[third], marker=MARKERS[third], ls="", ms=4.5, mfc="none")
            ax.plot(*points[chosen].T, label=name, **look)
        ax.set(title=title, xlabel="first number", aspect="equal")
        ax.set_adjustable("datalim")
    axes[0].set_ylabel("second number")
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return axes[0]


def describe_planes(planes, values):
    """Return a sentence that says what `plot_planes` shows."""
    third = _thirds(values)
    parts = []
    for title, points in planes.items():
        away = ((points[:, np.newaxis] - points) ** 2).sum(axis=2)
        np.fill_diagonal(away, np.inf)
        alike = np.mean(third[away.argmin(axis=1)] == third)
        parts.append(f"{title}: {alike:.0%} of the points have their nearest point in the same")
    return (
        f"{count(len(values), 'point')} in each panel, marked by the third of all values that "
        f"theirs lies in. " + "; ".join(parts) + "."
    )


def _thirds(values):
    """Return 0, 1 or 2 for each value: in the lowest, the middle or the highest third."""
    return np.searchsorted(np.quantile(values, [1 / 3, 2 / 3]), values)


def show(ax, description):
    """Display the figure of ax with its text alternative, and close it.

    The output holds the picture as SVG and PNG, the same bytes each time, and the description
    as plain text.
    """
    fig = ax.figure
    png = io.BytesIO()
    with mpl.rc_context(SAVING):
        fig.savefig(png, format="png", dpi=110, metadata={"Software": None})
    picture = {
        "image/svg+xml": svg(fig, description),
        "image/png": base64.b64encode(png.getvalue()).decode(),
        "text/plain": description,
    }
    plt.close(fig)
    display(picture, raw=True)


def svg(fig, description):
    """Return the figure as one SVG element that can stand in a page beside others.

    It is named by its description, its ids are its own, and drawing it again gives the same
    bytes.
    """
    buffer = io.StringIO()
    with mpl.rc_context(SAVING):
        fig.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Type": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style .*?</style>|<!--.*?-->", "", text, flags=re.S)
    text = re.sub(r"<[^>]*>", lambda tag: re.sub(r"(\.\d\d)\d+", r"\1", tag[0]), text)
    text = re.sub(r"\s*\n\s*", "\n", text)
    text = text.replace(f'id="{MOVING}"', f'class="{MOVING}"')
    used = set(re.findall(r"(?:url\(#|href=\"#)([^)\"]+)", text))
    prefix = "f" + hashlib.sha256(text.encode()).hexdigest()[:8] + "-"
    text = re.sub(r' id="([^"]+)"', lambda m: f' id="{prefix}{m[1]}"' if m[1] in used else "", text)
    text = re.sub(r"(url\(#|href=\"#)", rf"\g<1>{prefix}", text)
    return text.replace(
        "<svg ",
        f'<svg role="img" aria-label="{html.escape(description)}" '
        'stroke-linejoin="round" stroke-linecap="butt" ',
        1,
    )


def _axes(ax, **options):
    return figure(**options)[1] if ax is None else ax


def _truth(ax, x, y):
    ax.plot(x, y, color=TRUTH, lw=1.8, ls=DASHES[1], label="Truth")


def _data(ax, x, y, label="data"):
    ax.plot(x, y, "o", color=DATA, ms=4.5, mfc="none", mew=1.1, label=label)


def _finish(ax, xlabel, ylabel):
    ax.set(xlabel=xlabel, ylabel=ylabel)
    labels = ax.get_legend_handles_labels()[1]
    if len(labels) > 1:
        columns = 2 if sum(map(len, labels)) > 36 else 4
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1.02), ncols=columns)
    return ax


def _ticks_at_inputs(axis, inputs):
    positions = np.unique(np.linspace(0, len(inputs) - 1, 6).round().astype(int))
    axis.set_ticks(positions, [f"{inputs[i]:.1f}" for i in positions])


def count(n, one, many=None):
    """Return the number with its noun, one or many."""
    return f"{n} {one if n == 1 else many or one + 's'}"
