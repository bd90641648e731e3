"""Give a page what its links to terms and equations lead to: `hover.js` shows it beside them."""

from docutils import nodes
from sphinx import addnodes

from .equations import elsewhere
from .terms import terms

NOTE = '<div id="note-{}"><p><a>{}</a> {}</p>{}</div>'
LINKS = (nodes.reference, addnodes.pending_xref)


def add_notes(app, pagename, templatename, context, doctree):
    """Put all notes of a page into a template, and let it load the script that shows them."""
    links = list(doctree.findall(nodes.reference)) if doctree else []
    uris = {link.get("refuri") for link in links}
    found = {uri: _definition(part) for uri, part in terms(app, pagename).items() if uri in uris}
    for uri, number, page, formula in elsewhere(app, pagename):
        if uri in uris:
            block = nodes.math_block("", formula[0], number=None)
            block.source, block.line = formula[1:]  # a mistake in it is told once
            found[uri] = f"({number})", app.env.titles[page].astext(), [block]
    notes = "".join(_note(app, uri.partition("#")[2], *said) for uri, said in found.items())
    if notes:
        context["body"] += f'<template id="notes">{notes}</template>'
    if notes or any(link.get("refid", "").startswith("equation-") for link in links):
        app.add_js_file("site/hover.js", loading_method="defer")


def _definition(section):
    """Return a term, what it is called in Chinese, and its definition without links."""
    title, facts, *parts = section.deepcopy()
    for link in [link for part in parts for kind in LINKS for link in part.findall(kind)]:
        link.replace_self(nodes.Text(link.astext()))
    chinese = facts[:3] if isinstance(facts[0], nodes.raw) else []
    return title.astext(), "".join(part.astext() for part in chinese), parts


def _note(app, anchor, name, beside, parts):
    text = "".join(app.builder.render_partial(part)["fragment"] for part in parts)
    return NOTE.format(anchor, name, beside, text)
