r"""Number equations by the \tag that the author wrote, and link "(3.1)" in the text to them.

In a notebook `\tag{3.1}` works everywhere: JupyterLab and Colab show it as it is. Sphinx has
numbers and anchors of its own for equations, so here the tag becomes one of those. An `equation*`
around it keeps jupyterlab-myst from counting the equation as well; the site has no need of it.
"""

import re

from docutils import nodes
from sphinx.util import logging

logger = logging.getLogger(__name__)

TAG = re.compile(r"\s*\\tag\{([^}]+)\}")
UNNUMBERED = re.compile(r"\\(begin|end)\{equation\*\}")
MENTION = re.compile(r"\(((?:\d|[A-Z])\.\d+)\)")


def number_equations(app, doctree):
    """Turn tags into numbered equations, and mentions of a number on the page into links."""
    formulas = app.env.metadata[app.env.docname]["equations"] = {}
    for block in doctree.findall(nodes.math_block):
        formula = UNNUMBERED.sub("", block.astext()).strip()
        tag = TAG.search(formula)
        block.children = [nodes.Text(TAG.sub("", formula))]
        if tag is None:
            continue
        if tag[1] in formulas:
            logger.warning("equation (%s) is there twice", tag[1], location=block)
        formulas[tag[1]] = block.astext(), block.source, block.line
        block["number"] = tag[1]
        block["ids"] = [_anchor(tag[1])]
    _link(doctree, {number: {"refid": _anchor(number)} for number in formulas})


def link_elsewhere(app, doctree, docname):
    """Turn mentions of other pages' equations into links, once all pages have been read."""
    _link(doctree, {number: {"refuri": uri} for uri, number, _, _ in elsewhere(app, docname)})


def elsewhere(app, docname):
    """Yield the address of each equation of another page, its number, that page, its formula and
    where that stands.
    """
    for page in sorted(app.env.found_docs - {docname}):
        home = app.builder.get_relative_uri(docname, page)
        for number, formula in app.env.metadata[page].get("equations", {}).items():
            yield f"{home}#{_anchor(number)}", number, page, formula


def _anchor(number):
    return f"equation-{number.replace('.', '-').lower()}"


def _link(doctree, places):
    """Turn each mention of an equation whose place is known into a link."""
    for text in list(doctree.findall(nodes.Text)):
        if isinstance(text.parent, (nodes.paragraph, nodes.emphasis, nodes.list_item)):
            text.parent.replace(text, linked(text.astext(), MENTION, places.get))


def linked(text, pattern, place_of):
    """Return text as nodes, in which each match that has a place is a link to it."""
    result, start = [], 0
    for match in pattern.finditer(text):
        if place := place_of(match[1]):
            result.append(nodes.Text(text[start : match.start()]))
            result.append(nodes.reference("", match[0], internal=True, **place))
            start = match.end()
    return [*result, nodes.Text(text[start:])]
