"""Mathematics as native MathML, made when the book is built: no script, no network, no shift.

The font is STIX Two Math (SIL Open Font License) from the package ziamath, cut down to the
characters of the book's formulas.
"""

import html
import re
from contextlib import suppress
from pathlib import Path
from xml.etree import ElementTree

import ziamath
from docutils import nodes
from math_core import LatexError, LatexToMathML
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

from .fonts import cut_down

logger = logging.getLogger(__name__)

FONT = Path(ziamath.__file__).parent / "fonts" / "STIXTwoMath-Regular.ttf"
FORMULAS = (nodes.math, nodes.math_block)
ROOT = "√"
TALL_ROOT = re.compile(r"<msqrt>(?:(?!</msqrt>).)*<(?:mfrac|munder|mtable|msqrt)|<mroot>")
# The italic forms of single letters, Latin and Greek, and what a browser draws by itself.
IMPLIED = ROOT + "".join(map(chr, [0x210E, *range(0x1D434, 0x1D468), *range(0x1D6E2, 0x1D71C)]))

SCRIPTS = ("msub", "msup", "msubsup")
NAMED = re.compile(r"&(?!lt;|gt;|amp;)\w+;")  # characters that XML has no names for
# Before an argument's bracket: WebKit and Chromium draw it over the function's name.
CLOSER = "margin-left:-0.16666667em;"
OPENING = {")": "(", "]": "[", "}": "{"}

LONG = 40  # characters of TeX
TOUCHING_BEFORE = re.compile(r"[^\s\w]+$")
TOUCHING_AFTER = re.compile(r"[^\s\w]\S{0,3}(?=\s|$)")

converter = LatexToMathML(fancy_error=False)


def to_mathml(node, *, block):
    """Return the node's formula as a <math> element; warn where it does not convert."""
    latex = node.astext().strip()
    try:
        markup = converter.convert_with_local_state(latex, displaystyle=block)
    except LatexError as error:
        reason = str(error).partition(": ")[2].rstrip(".")  # what comes first is an offset
        formula = " ".join(latex.split())
        logger.warning("this formula does not convert: %s: %s", reason, formula, location=node)
        return f"<code>{html.escape(latex)}</code>"
    return in_rows(markup)


def in_rows(markup):
    """Return the formula with the rows in which browsers give a large bracket its size.

    They do so in a row alone: not in a table's cell, and not for a bracket that carries an index.
    What carries the index is then the row of all from the opening bracket on. WebKit takes the
    next larger bracket where the font's is as large as asked for, to a rounding.
    """
    formula = ElementTree.fromstring(NAMED.sub(lambda name: html.unescape(name[0]), markup))
    for cell in formula.iter("mtd"):
        cell[:] = [_row(list(cell))]
    for bracket in formula.iterfind(".//*[@minsize]"):
        bracket.set("minsize", f"{float(bracket.get('minsize').removesuffix('em')) - 0.02:g}em")
    for row in list(formula.iter()):
        for child in list(row):
            place = list(row).index(child)
            if child.get("style") == CLOSER:
                row.remove(child)
            elif child.tag == "mrow" and len(child) and child[-1].text in OPENING.values():
                row.insert(place + 1, child[-1])  # stood with a function's name
                del child[-1]
            elif child.tag in SCRIPTS and "minsize" in child[0].attrib:
                begin = _opening(row, place, child[0])
                child[0] = _row([*row[begin:place], child[0]])
                del row[begin:place]
    return ElementTree.tostring(formula, encoding="unicode")


def _opening(row, end, bracket):
    """Return where the bracket is opened that closes at the end, or the end."""
    depth = 1
    for position in range(end - 1, -1, -1):
        if "minsize" in row[position].attrib:
            depth += {bracket.text: 1, OPENING.get(bracket.text): -1}.get(row[position].text, 0)
        if not depth:
            return position
    return end


def _row(parts):
    row = ElementTree.Element("mrow")
    row.extend(parts)
    return row


def keep_together(app, doctree):
    """Tie each formula in a line to what touches it: browsers would break before a comma."""
    for formula in list(doctree.findall(nodes.math)):
        if len(formula.astext()) > LONG:
            formula["classes"].append("long")  # the style lets it scroll where lines are short
            continue
        parent = formula.parent
        position = parent.index(formula)
        before, after = parent[:position][-1:], parent[position + 1 :][:1]
        opening = TOUCHING_BEFORE.search(before[0]) if _is_text(before) else None
        closing = TOUCHING_AFTER.match(after[0]) if _is_text(after) else None
        tied = nodes.inline("", "", formula.deepcopy(), classes=["together"])
        if closing:
            tied.append(nodes.Text(closing[0]))
            parent.replace(after[0], nodes.Text(after[0][closing.end() :]))
        if opening:
            tied.insert(0, nodes.Text(opening[0]))
            parent.replace(before[0], nodes.Text(before[0][: opening.start()]))
        if opening or closing:
            parent.replace(formula, tied)


def _is_text(neighbours):
    return bool(neighbours) and isinstance(neighbours[0], nodes.Text)


def visit_math(translator, node):
    opening = translator.starttag(node, "span", "", CLASS="math")
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


def write_font(app):
    """Write the font, cut down to the formulas of the book, and its licence into the output."""
    text = IMPLIED + "".join(_formulas(app.env))
    cut_down(
        FONT,
        html.unescape(text),
        Path(app.outdir, "_static", "fonts", "book-math.woff2"),
        name="Book Math",
        features=["ssty"],
        change=None if TALL_ROOT.search(text) else keep_low_root,
    )


def _formulas(env):
    """Yield the MathML of each formula of the book, with all characters that it needs."""
    for name in env.found_docs:
        for node in env.get_doctree(name).findall(lambda node: isinstance(node, FORMULAS)):
            with suppress(LatexError):  # which `to_mathml` has warned of
                yield converter.convert_with_local_state(node.astext(), displaystyle=True)


def keep_low_root(font):
    """Drop the taller root signs: behind each root Chromium leaves room for the widest of them."""
    variants = font["MATH"].table.MathVariants
    position = variants.VertGlyphCoverage.glyphs.index(font.getBestCmap()[ord(ROOT)])
    construction = variants.VertGlyphConstruction[position]
    del construction.MathGlyphVariantRecord[1:]
    construction.MathGlyphVariantCount = 1
    construction.GlyphAssembly = None


def setup(app):
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_displaymath, None))
