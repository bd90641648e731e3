"""Let the search show its excerpts without a server.

Sphinx's search fetches each page that it has found, to quote from it. A page that was opened from
a folder may not fetch, so the script of the search gets the texts of all pages to look them up.
"""

import json
import re
from pathlib import Path

import sphinx
from bs4 import BeautifulSoup
from sphinx.util import logging

logger = logging.getLogger(__name__)

TOOLS = Path(sphinx.__file__).parent / "themes" / "basic" / "static" / "searchtools.js"
FETCH = "fetch(requestUrl)\n      .then((responseData) => responseData.text())"
LOOK_UP = "Promise.resolve(PAGE_TEXTS[docName])"
ARTICLE = re.compile(r'<article class="bd-article">(.*)</article>', re.DOTALL)
NO_TEXT = re.compile(r"<(svg|script|style|select|template)\b.*?</\1>", re.DOTALL)


def text_of(page):
    """Return the text of a finished page, in the nesting of its sections, as Sphinx expects it."""
    article = BeautifulSoup(NO_TEXT.sub("", ARTICLE.search(page)[1]), "html.parser")
    for tag in article.select(".headerlink, .run, label, div.math"):
        tag.decompose()
    for tag in article.find_all(True):
        if tag.name == "section":
            tag.attrs = {"id": tag["id"]}
        else:
            tag.unwrap()
    return f'<div role="main">{" ".join(str(article).split())}</div>'


def write_search(app):
    """Write Sphinx's script for the search anew, with the texts and without the fetching."""
    source = TOOLS.read_text(encoding="utf-8")
    if FETCH not in source:
        logger.warning("Sphinx's search has changed: find out in %s how it fetches", TOOLS.name)
    texts = {
        name: text_of(Path(app.builder.get_outfilename(name)).read_text(encoding="utf-8"))
        for name in sorted(app.env.found_docs)
    }
    Path(app.outdir, "_static", TOOLS.name).write_text(
        f"const PAGE_TEXTS = {json.dumps(texts, ensure_ascii=False)};\n"
        + source.replace(FETCH, LOOK_UP),
        encoding="utf-8",
    )
