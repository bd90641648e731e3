"""Put the notebooks' figures into the page as SVG elements, with the colours of its theme.

An SVG in the page, unlike one in an <img>, takes part in the dark theme, prints sharply, and
carries its text alternative. The colours of `nwlib.plots` become CSS variables, to which
`pages/static/book.css` gives a value for either theme. A figure of `nwlib.figures` gets its
controls, too, and its page the scripts of `pages/static/figures` that move it.
"""

import itertools
import re
from pathlib import Path

import jinja2
from docutils import nodes
from myst_nb.core.render import load_mime_renders
from sphinx.util import logging

from nwlib import figures, plots

logger = logging.getLogger(__name__)

MARKUP = Path(__file__).with_name("figure.html").read_text(encoding="utf-8")
TEMPLATE = jinja2.Environment(autoescape=True).from_string(MARKUP)
VARIABLES = {
    plots.TRUTH: "truth",
    plots.DATA: "data",
    plots.PREDICTION: "prediction",
    plots.WEIGHT: "weight",
    plots.QUERY: "query",
    plots.SERIES[2]: "third",
    plots.STYLE["text.color"]: "ink",
    "#ffffff": "paper",
}
COLOUR = re.compile("|".join(map(re.escape, VARIABLES)), re.IGNORECASE)
WIDGET = "application/vnd.jupyter.widget-view+json"
NO_TEXT = "a figure has no text alternative: plots.show gives it one, and ![...](file)"
IMAGE_WITHOUT_TEXT = re.compile(r"""<img\b(?![^>]*\salt\s*=\s*["']?\s*[^\s"'>])""")


class Renderer:
    """Lets MyST-NB pass on the data of a figure, in a node that `inline_figures` replaces."""

    @staticmethod
    def handle_mime(renderer, data, inline):
        return [nodes.container(facts=data.content)] if data.mime_type == figures.MIME else None


def inline_figures(app, doctree):
    """Replace each stored figure by its markup, in the colours of the theme and with a number."""
    numbers = _numbers(app, doctree)
    for bundle in doctree.findall(nodes.container):
        if bundle.get("nb_element") != "mime_bundle":
            continue
        by_type = {child["mime_type"]: child for child in bundle.children}
        if picture := by_type.get("image/svg+xml"):
            path = Path(app.srcdir, picture.next_node(nodes.image)["uri"].lstrip("/"))
            svg = path.read_text(encoding="utf-8")
            label = re.search(r'aria-label="([^"]+)', svg)
            if stored := by_type.get(figures.MIME):
                facts = stored[0]["facts"]
            else:
                facts = {"sentence": label[1] if label else ""}
            if label is None:
                logger.warning(NO_TEXT, location=picture)
            picture.children = [figure(svg, next(numbers), facts)]
            bundle.children = [picture]
        elif "text/html" in by_type:
            # On its own: MyST-NB would prefer a widget, for which the site has no kernel.
            bundle.children = [by_type["text/html"]]
        elif WIDGET in by_type:
            logger.warning("the site cannot show this widget: use nwlib.sliders", location=bundle)


def _numbers(app, doctree):
    """Return the numbers of the page's figures: 3.1, 3.2 in chapter 3, none on the title page."""
    if app.env.docname == app.config.root_doc:
        return itertools.repeat("")
    title = doctree.next_node(nodes.title)
    chapter = re.match(r"\d+(?= · )", title.astext() if title else "")
    prefix = f"{chapter[0]}." if chapter else ""
    return (f"Figure {prefix}{position}. " for position in itertools.count(1))


def figure(svg, number, facts):
    """Return a figure's markup, each colour of the course as a variable, itself the fallback."""
    svg = COLOUR.sub(lambda m: f"var(--nw-{VARIABLES[m[0].lower()]}, {m[0]})", svg)
    markup = TEMPLATE.render(facts, svg=svg, number=number)
    return nodes.raw("", markup, format="html", kind=facts.get("kind"))


def add_scripts(app, pagename, templatename, context, doctree):
    """Let a page load the scripts that its figures need."""
    raw = doctree.findall(nodes.raw) if doctree else ()
    kinds = {node["kind"] for node in raw if node.get("kind")}
    drawing = ("attention", "plot") if kinds - {"frames"} else ()
    for name in (*drawing, *sorted(kinds), "start") if kinds else ():
        app.add_js_file(f"figures/{name}.js")


def require_text(app, doctree):
    """Warn of each other picture that says nothing to a reader who does not see it."""
    for node in doctree.findall():
        if isinstance(node, nodes.image):
            silent = not node.get("alt", "").strip()
        else:
            silent = isinstance(node, nodes.raw) and IMAGE_WITHOUT_TEXT.search(node.astext())
        if silent:
            logger.warning(NO_TEXT, location=node)


def setup(app):
    # MyST-NB looks for these among installed packages, and remembers what it has found.
    if Renderer not in load_mime_renders():
        load_mime_renders().append(Renderer)
