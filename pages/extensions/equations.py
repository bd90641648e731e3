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
    numbers = set()
    for block in doctree.findall(nodes.math_block):
        formula = UNNUMBERED.sub("", block.astext()).strip()
        tag = TAG.search(formula)
        block.children = [nodes.Text(TAG.sub("", formula))]
        if tag is None:
            continue
        if tag[1] in numbers:
            logger.warning("equation (%s) is there twice", tag[1], location=block)
        numbers.add(tag[1])
        block["number"] = tag[1]
        block["ids"] = [_anchor(tag[1])]
    for text in list(doctree.findall(nodes.Text)):
        if isinstance(text.parent, (nodes.paragraph, nodes.emphasis, nodes.list_item)):
            text.parent.replace(text, _linked(text.astext(), numbers))


def _anchor(number):
    return f"equation-{number.replace('.', '-').lower()}"


def _linked(text, numbers):
    """Return text as nodes in which each mentioned number is a link to its equation."""
    result, start = [], 0
    for mention in MENTION.finditer(text):
        if mention[1] in numbers:
            result.append(nodes.Text(text[start : mention.start()]))
            result.append(nodes.reference("", mention[0], refid=_anchor(mention[1]), internal=True))
            start = mention.end()
    return [*result, nodes.Text(text[start:])]
