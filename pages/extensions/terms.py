"""Link what a chapter takes up from an earlier one to the glossary: each term at its first use.

Where a term is introduced, its author has linked it; words that each page is full of need no link.
"""

import functools
import re

from docutils import nodes
from sphinx import addnodes

from .equations import linked

GLOSSARY, CHAPTERS = "appendix/glossary", ("chapters/", "beyond/")
EVERYWHERE = {"key", "noise", "prediction", "query", "regression", "truth", "value"}
ALSO_A_WORD = {"temperature"}  # that of a day, on page 6
PLURALS = (("y", "ies"), ("ix", "ices"), ("s", "ses"), ("", "s"))


def terms(app, docname):
    """Return the sections of the glossary by their addresses, as seen from a page."""
    if GLOSSARY not in app.env.found_docs:
        return {}
    home = app.builder.get_relative_uri(docname, GLOSSARY)
    parts = _glossary(app.env).findall(nodes.section)
    return {f"{home}#{part['ids'][0]}": part for part in parts if part.parent.parent}


@functools.cache
def _glossary(env):
    return env.get_doctree(GLOSSARY)


def link_terms(app, doctree, docname):
    """Link the first use of each term from an earlier chapter, if it is in a paragraph."""
    if not docname.startswith(CHAPTERS):
        return
    forms, free = {}, set()
    for uri, section in terms(app, docname).items():
        term = section[0].astext().lower()
        end, ends = next(pair for pair in PLURALS if term.endswith(pair[0]))
        forms |= dict.fromkeys((term, term.removesuffix(end) + ends), uri)
        introduced = section[1].next_node(addnodes.pending_xref)["reftarget"]
        if _number(introduced) < _number(docname) and term not in EVERYWHERE | ALSO_A_WORD:
            free.add(uri)
    free -= {link.get("refuri") for link in doctree.findall(nodes.reference)}
    longest_first = map(re.escape, sorted(forms, key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w-])({'|'.join(longest_first)})(?![\w-])", re.IGNORECASE)

    def place_of(term):
        uri = forms[term.lower()]
        return {"refuri": uri} if uri in free and not free.remove(uri) else None

    for paragraph in list(doctree.findall(nodes.paragraph)):
        if isinstance(paragraph.parent, nodes.section) and not paragraph["classes"]:
            for text in [part for part in paragraph if isinstance(part, nodes.Text)]:
                paragraph.replace(text, linked(text.astext(), pattern, place_of))


def _number(page):
    """Return the first letters of a page's name, which are those of its number."""
    return page.rpartition("/")[2][:2]
