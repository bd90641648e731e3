"""Give the search the texts of all pages, to quote from without a server.

Sphinx's search fetches each page that it has found, which a page that was opened from a folder may
not do. `pages/static/site/search.js` answers it from these texts.
"""

import json
import re
from pathlib import Path

ARTICLE = re.compile(r'<article class="bd-article">(.*)</article>', re.DOTALL)
# Pictures, displayed formulas and what belongs to controls are nothing to quote.
NO_TEXT = re.compile(
    r"<(svg|script|style|select|label|template)\b.*?</\1>"
    r'|<math display="block".*?</math>|<span class="eqno">.*?</span>'
    r'|<a class="headerlink".*?</a>|<p class="run">.*?</p>',
    re.DOTALL,
)
TAG = re.compile(r"<(?!/?section\b)[^>]*>")


def text_of(page):
    """Return the text of a finished page, in the nesting of its sections, as Sphinx expects it."""
    text = TAG.sub("", NO_TEXT.sub("", ARTICLE.search(page)[1]))
    return f'<div role="main">{" ".join(text.split())}</div>'


def write_search(app):
    """Write the texts as a script, which the page for searching loads."""
    paths = {name: Path(app.builder.get_outfilename(name)) for name in sorted(app.env.found_docs)}
    texts = {name: text_of(path.read_text(encoding="utf-8")) for name, path in paths.items()}
    script = f"const PAGE_TEXTS = {json.dumps(texts, ensure_ascii=False)};\n"
    Path(app.outdir, "_static", "page-texts.js").write_text(script, encoding="utf-8")
