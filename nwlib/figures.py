"""Figures that a reader moves: live in a kernel, drawn anew by a script in the page, else still.

A figure's output is data. Its page is written from that by `pages/extensions/figures.py`, and
brought to life by the script in `pages/static/figures` that is called like its kind. Nothing here
knows of attention.
"""

import html
import itertools
import re
import sys
from functools import cached_property
from typing import NamedTuple
from xml.etree import ElementTree

import matplotlib.pyplot as plt

from nwlib import plots

MIME = "application/vnd.nwlib.figure+json"
LITE = "emscripten"  # where the kernel runs in the reader's browser, and the site is near
DIGITS = 6  # of numbers in the data, after the point
SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"


class Control(NamedTuple):
    """One thing to move: a range if its positions are numbers, else a choice among names."""

    name: str
    positions: tuple
    start: int

    @property
    def is_range(self):
        return not isinstance(self.positions[0], str)

    @property
    def texts(self):
        """What stands at each position."""
        if not self.is_range:
            return list(self.positions)
        digits = 0 if all(isinstance(one, int) for one in self.positions) else 2
        return [f"{position:.{digits}f}" for position in self.positions]

    def live(self):
        """Return the control as an ipywidget."""
        import ipywidgets

        kind = ipywidgets.SelectionSlider if self.is_range else ipywidgets.Dropdown
        return kind(
            options=[(text, i) for i, text in enumerate(self.texts)],
            value=self.start,
            description=self.name,
            style={"description_width": "initial"},
            layout={"width": "95%", "max_width": "34em"},
        )

    def stored(self):
        """Return the control as its page writes it."""
        kind = "range" if self.is_range else "choice"
        return {"kind": kind, "name": self.name, "texts": self.texts, "start": self.start}


class Figure:
    """A figure that a script draws in its page, from data; elsewhere there is a picture of it.

    JupyterLab shows of a notebook that it does not trust neither scripts nor pictures, but all its
    words: that is what the hint is for.

    Args:
        kind: What it is: its script is called so.
        title: What the figure lets one explore, the name of the whole.
        draw: Function that returns a Figure of Matplotlib and its description.
        data: What the script is given, fit for JSON.
        controls: List of Control, which the page has above the picture.
        buttons: What stands on the buttons beside them.
        moves: What one can do with it on the page, after "you can".
        page: The page of the book on which one can.
        longest: A sentence as long as the longest one that the script writes.
    """

    hint = "Run this cell to see the figure."

    def __init__(
        self, kind, title, draw, data, *, controls=(), buttons=(), moves, page, longest=""
    ):
        self.kind = kind
        self.title = title
        self.controls = controls
        self.buttons = buttons
        self.moves = moves
        self.page = page
        self._draw = draw
        self._data = data
        self._longest = longest
        self._box = None  # a widget is there as long as somebody holds it

    @cached_property
    def _still(self):
        return _drawn(*self._draw())

    def stored(self):
        """Return what is there without a kernel: an SVG, and what else the page is made of."""
        svg, sentence = self._still
        return svg, self._facts(sentence, self._longest or sentence, self._data)

    def _facts(self, sentence, longest, data):
        return {
            "kind": self.kind,
            "title": self.title,
            "sentence": sentence,
            "longest": longest,
            "moves": self.moves,
            "controls": [control.stored() for control in self.controls],
            "buttons": list(self.buttons),
            "data": _rounded(data),
        }

    def widget(self):
        """Return the live form, an ipywidgets box."""
        import ipywidgets

        svg, sentence = self._still
        page = "its page in the book"
        if sys.platform == LITE:
            page = f'<a href="../../{self.page}.html" target="_blank">{page}</a>'
        told = f"<p>{html.escape(sentence)}</p><p>On {page} you can {self.moves}.</p>"
        return ipywidgets.VBox([ipywidgets.HTML(svg), ipywidgets.HTML(told)])

    def _repr_mimebundle_(self, include=None, exclude=None):
        self._box = self.widget()
        svg, facts = self.stored()
        return {
            "application/vnd.jupyter.widget-view+json": {
                "version_major": 2,
                "version_minor": 0,
                "model_id": self._box.model_id,
            },
            MIME: facts,
            "image/svg+xml": svg,
            "text/html": f"<p>{self.hint}</p>\n<p>{html.escape(facts['sentence'])}</p>",
            "text/plain": f"{self.title}. {facts['sentence']}",
        }


class Explorable(Figure):
    """A figure that is redrawn when a control moves: by a kernel, or from stored frames.

    Args:
        title: What the figure lets one explore, the name of the whole.
        controls: List of Control.
        draw: Function of one position for each control that returns a Figure and its description.
            Artists whose gid is plots.MOVING may differ from frame to frame, no others.
    """

    hint = "Run this cell to see the figure and move it."

    def __init__(self, title, controls, draw):
        moves = f"move {' and '.join(control.name for control in controls)}"
        super().__init__("frames", title, draw, None, controls=controls, moves=moves, page=None)

    def picture(self, *indices, only_moving=False):
        """Return the SVG, or what of it moves only, and the description for these indices."""
        positions = (c.positions[i] for c, i in zip(self.controls, indices, strict=True))
        fig, description = self._draw(*positions)
        if only_moving:
            for artist in (artist for axes in fig.axes for artist in axes.get_children()):
                artist.set_visible(artist.get_gid() == plots.MOVING)
        return _drawn(fig, description)

    def stored(self):
        """Return an SVG with a frame for each position, and what else the page is made of.

        The data are the sentences of all frames. The last control moves fastest.
        """
        start = tuple(c.start for c in self.controls)
        combinations = list(itertools.product(*(range(len(c.positions)) for c in self.controls)))
        # What all frames share, which takes most of the time, is drawn once.
        frames = {i: self.picture(*i, only_moving=i != start) for i in combinations}
        svgs, sentences = zip(*frames.values(), strict=True)
        svg = _layered(svgs, combinations.index(start))
        return svg, self._facts(frames[start][1], max(sentences, key=len), list(sentences))

    def widget(self):
        """Return the live form, an ipywidgets box that redraws when a control moves."""
        import ipywidgets

        inputs = [control.live() for control in self.controls]
        view = ipywidgets.HTML()

        def redraw(_=None):
            view.value = self.picture(*(i.value for i in inputs))[0]

        for i in inputs:
            i.observe(redraw, names="value")
        redraw()
        return ipywidgets.VBox([*inputs, view])


def _rounded(data):
    """Return the data with the digits that are the same on every machine."""
    if isinstance(data, dict):
        return {key: _rounded(one) for key, one in data.items()}
    if isinstance(data, list):
        return [_rounded(one) for one in data]
    return round(float(data), DIGITS) if isinstance(data, float) else data


def _drawn(fig, description):
    """Return the figure as SVG, and what it shows; the figure is closed."""
    svg = plots.svg(fig, description)
    plt.close(fig)
    return svg, description


def _layered(svgs, start):
    """Return one SVG: what all frames share, then a group for each frame, one of them shown."""
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", XLINK)
    # One prefix for the ids of all frames, so that what they share is defined once.
    prefix = re.search(r"\bf[0-9a-f]{8}-", svgs[start])[0]
    roots = [ElementTree.fromstring(re.sub(r"\bf[0-9a-f]{8}-", prefix, svg)) for svg in svgs]
    layers = [_take_moving(root) for root in roots]
    whole = roots[start]
    defined = {element.get("id") for element in whole.iter()}
    definitions = ElementTree.SubElement(whole, f"{{{SVG}}}defs")
    for index, layer in enumerate(layers):
        group = ElementTree.SubElement(whole, f"{{{SVG}}}g", {"data-frame": str(index)})
        if index != start:
            group.set("style", "display:none")
        for element in itertools.chain.from_iterable(map(_take_definitions, layer)):
            if element.get("id") not in defined:
                defined.add(element.get("id"))
                definitions.append(element)
        group.extend(layer)
    return re.sub(r">\s+<", "><", ElementTree.tostring(whole, encoding="unicode"))


def _take_moving(root):
    """Remove from the tree the groups of moving artists, and return them in order."""
    taken = []
    for parent in list(root.iter()):
        for child in list(parent):
            if child.get("class") == plots.MOVING:
                parent.remove(child)
                taken.append(child)
    return taken


def _take_definitions(group):
    """Remove the <defs> from the group, and return what they define."""
    taken = []
    for parent in list(group.iter()):
        for defs in parent.findall(f"{{{SVG}}}defs"):
            parent.remove(defs)
            taken.extend(defs)
    return taken
