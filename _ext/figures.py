"""Put the notebooks' figures into the page as SVG elements, with the colours of its theme.

An SVG in the page, unlike one in an <img>, takes part in the dark theme, prints sharply, and
carries its text alternative. The colours of `nwlib.plots` become CSS variables; `_static/book.css`
gives each its value for either theme.
"""

import itertools
import re
from pathlib import Path

from docutils import nodes
from sphinx.util import logging

from nwlib import plots

logger = logging.getLogger(__name__)

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
SLACK = "m" * 12  # the text with the most letters is not always the widest
COLOUR = re.compile("|".join(map(re.escape, VARIABLES)), re.IGNORECASE)
# How nwlib.sliders keeps a figure from JupyterLab, which would show only its words.
WRAPPED = re.compile(
    r'<p class="explorable-hint">.*?</p>\s*<script type="text/html">(.*?)</script>', re.DOTALL
)
WIDGET = "application/vnd.jupyter.widget-view+json"
NO_TEXT = "a figure has no text alternative: plots.show gives it one, and ![...](file)"
IMAGE_WITHOUT_TEXT = re.compile(r"""<img\b(?![^>]*\salt\s*=\s*["']?\s*[^\s"'>])""")


def themed(svg):
    """Return the markup with each colour of the course as a CSS variable, itself the fallback."""
    return COLOUR.sub(lambda m: f"var(--nw-{VARIABLES[m[0].lower()]}, {m[0]})", svg)


def inline_figures(app, doctree):
    """Replace each stored SVG picture by its markup, theme the explorables, number both."""
    numbers = _numbers(app, doctree)
    for bundle in doctree.findall(nodes.container):
        if bundle.get("nb_element") != "mime_bundle":
            continue
        by_type = {child["mime_type"]: child for child in bundle.children}
        if "image/svg+xml" in by_type:
            bundle.children = [_inlined(app, by_type["image/svg+xml"], next(numbers))]
        elif "text/html" in by_type:
            # On its own: MyST-NB would prefer a widget, for which the site has no kernel.
            bundle.children = [by_type["text/html"]]
            markup = by_type["text/html"].astext()
            if 'class="explorable"' in markup:
                number = next(numbers)
                markup = WRAPPED.sub(r"\1", markup)
                markup = themed(markup).replace("<span>", f'<span data-number="{number}">')
                markup = markup.replace('data-longest="', f'data-longest="{number}{SLACK}')
                # Without MyST-NB's class for HTML outputs, which is light in the dark theme.
                by_type["text/html"].children = [nodes.raw("", markup, format="html")]
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


def _inlined(app, picture, number):
    image = picture.next_node(nodes.image)
    svg = Path(app.srcdir, image["uri"].lstrip("/")).read_text(encoding="utf-8")
    label = re.search(r'aria-label="([^"]+)', svg)
    if label is None:
        logger.warning(NO_TEXT, location=image)
    caption = f'<figcaption data-number="{number}">{label[1] if label else ""}</figcaption>'
    markup = f'<figure class="nw-figure">{themed(svg)}{caption}</figure>'
    picture.children = [nodes.raw("", markup, format="html")]
    return picture


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
    # Before Sphinx collects images at the default priority, 500: nothing is copied in vain.
    app.connect("doctree-read", inline_figures, priority=400)
    app.connect("doctree-read", require_text, priority=401)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
