"""Mathematics as native MathML, made when the book is built: no script, no network, no shift."""

import html
import re

from docutils import nodes
from math_core import LatexError, LatexToMathML
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

logger = logging.getLogger(__name__)

# A pair of large brackets that has an index behind it or a \! before it.
PAIR = re.compile(
    r"(\\!\s*)?(\\([bB]igg?)l(?:(?!\\\3[lr]).)*\\\3r\s*(?:\\?[^a-zA-Z]|\\[a-zA-Z]+))"
    r"(?(1)|(?=\s*[_^]))",
    re.DOTALL,
)
LONG = 40  # characters of TeX
# A formula in a line, and the punctuation that touches it.
IN_LINE = re.compile(
    r"((?:[^\s\w<>&;]|&(?!nbsp)\w+;)*)"
    r'(<span class="math">.*?</span>)'
    r"((?:[^\s\w<&]|&(?!nbsp)\w+;)[^\s<]{0,3}(?=[\s<]))?"
)

converter = LatexToMathML(fancy_error=False)


def to_mathml(node, *, block):
    """Return the node's formula as a <math> element; warn where it does not convert."""
    latex = node.astext().strip()
    try:
        return convert(latex, block=block)
    except LatexError as error:
        reason = str(error).partition(": ")[2].rstrip(".")  # what comes first is an offset
        formula = " ".join(latex.split())
        logger.warning("this formula does not convert: %s: %s", reason, formula, location=node)
        return f"<code>{html.escape(latex)}</code>"


def convert(latex, *, block):
    """Return the formula with the rows in which browsers give a large bracket its size.

    They do so in a row alone: not in a table's cell, and not for a bracket that carries an index.
    So braces tie a bracket to its partner: what carries the index is then the row of both. WebKit
    takes the next larger bracket where the font's is as large as asked for, to a rounding.
    """
    tied = latex
    while (more := PAIR.sub(r"{\2}", tied)) != tied:
        tied = more
    markup = converter.convert_with_local_state(tied, displaystyle=block)
    markup = re.sub("(<mtd[^>]*>)", r"\1<mrow>", markup).replace("</mtd>", "</mrow></mtd>")
    smaller = lambda size: f'minsize="{float(size[1]) - 0.02:g}em"'  # noqa: E731
    return re.sub(r'minsize="([\d.]+)em"', smaller, markup)


def keep_together(app, pagename, templatename, context, doctree):
    """Tie each formula in a line to what touches it: browsers would break before a comma."""

    def tied(match):
        alone = not (match[1] or match[3])
        return match[0] if alone else f'<span class="together">{match[0]}</span>'

    context["body"] = IN_LINE.sub(tied, context.get("body", ""))


def visit_math(translator, node):
    # The style lets a long one scroll where lines are short.
    long = " long" * (len(node.astext()) > LONG)
    opening = translator.starttag(node, "span", "", CLASS=f"math{long}")
    translator.body += [opening, to_mathml(node, block=False), "</span>"]
    raise nodes.SkipNode


def visit_displaymath(translator, node):
    opening = translator.starttag(node, "div", CLASS="math")
    # The formula scrolls in a box of its own, if it must; its number stays where it is.
    translator.body += [opening, f'<div class="formula">{to_mathml(node, block=True)}</div>']
    if node["number"]:
        number = get_node_equation_number(translator, node)
        translator.body.append(f'<span class="eqno">({number})')
        translator.add_permalink_ref(node, "Link to this equation")
        translator.body.append("</span>")
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app):
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_displaymath, None))
