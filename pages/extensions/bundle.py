"""Let a page come to the eye at once: one style sheet, no script before the text, faces included.

A browser shows nothing before it has all style sheets and all scripts of the head, each asked for
over a slow line. Here the sheets become one, in their order, with the typefaces inside it, so
that no line is set twice; and the scripts wait until the page is there.
"""

import base64
import hashlib
import os
import re
from pathlib import Path

SHEET = re.compile(r'\s*<link[^>]*?href="(?:\.\./)*_static/([^"?]+\.css)[^"]*"[^>]*?/>')
IMPORT = re.compile(r'@import (?:url\()?"([^"]+)"\)?;')
LINK = re.compile(r"""url\(["']?(?!data:|#)([^"')]+)["']?\)""")
OPTIONS = re.compile(r'<script src="[^"]*/documentation_options\.js[^"]*"></script>')
HEAD_SCRIPT = re.compile(r"<script ((?![^>]*\bdefer\b)[^>]*\bsrc=)")
BUNDLE = "styles/book-bundle.css"
# The theme's own script comes late, and a page should not change its colours before the eye.
SET_THEME = """
(({ dataset }) => {
  if (dataset.theme !== "auto") return;
  dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
})(document.documentElement);
"""
# Even a face that is inside the sheet takes some milliseconds, and a page should not jump.
SHOW_WHEN_SET = """
(() => {
  const page = document.documentElement, show = () => { page.style.visibility = ""; };
  const faces = ["Serif", "Sans", "Mono", "Math"].map((name) => `1em 'Book ${name}'`);
  const load = (face) => document.fonts.load(face);
  page.style.visibility = "hidden";
  Promise.all([...faces, `italic ${faces[0]}`].map(load)).finally(show);
  setTimeout(show, 3000);
})();
"""
INLINED = re.compile(r"book-(sans|serif|mono|math)")


def bundle(app):
    """Write the one style sheet, and let each page load it, and its scripts late."""
    static = Path(app.outdir, "_static")
    pages = {path: path.read_text(encoding="utf-8") for path in Path(app.outdir).rglob("*.html")}
    sheets = max((SHEET.findall(text) for text in pages.values()), key=len)
    if sheets == [BUNDLE]:
        return  # nothing was written anew
    style = "\n".join(_style(static / sheet, (static / BUNDLE).parent) for sheet in sheets)
    (static / BUNDLE).write_text(style, encoding="utf-8")
    version = hashlib.sha256(style.encode()).hexdigest()[:8]
    options = (static / "documentation_options.js").read_text(encoding="utf-8")
    for path, text in pages.items():
        folders = path.relative_to(app.outdir).parts[:-1]
        if "_static" not in folders:
            text = _one_sheet(text, "../" * len(folders), version)
            text = OPTIONS.sub(lambda _: f"<script>{options.strip()}</script>", text)
            path.write_text(HEAD_SCRIPT.sub(r"<script defer \1", text), encoding="utf-8")


def _one_sheet(text, root, version):
    """Return the page with the bundle in the place of its first sheet, and no other sheet."""
    address = f"{root}_static/{BUNDLE}?v={version}"
    link = f'\n  <link rel="stylesheet" type="text/css" href="{address}" />'
    first = SHEET.search(text)
    return text[: first.start()] + link + SHEET.sub("", text[first.start() :])


def _style(path, folder):
    """Return the sheet with what it imports, its links as they are from the folder."""
    style = path.read_text(encoding="utf-8")
    style = IMPORT.sub(lambda match: _style(path.parent / match[1], path.parent), style)
    return LINK.sub(lambda match: f'url("{_address(path.parent, match[1], folder)}")', style)


def _address(parent, address, folder):
    """Return what a link in a sheet is called from the folder; a typeface is inside."""
    target = parent / re.split("[?#]", address)[0]
    if INLINED.match(target.name):
        return "data:font/woff2;base64," + base64.b64encode(target.read_bytes()).decode()
    return Path(os.path.relpath(parent, folder), address).as_posix()


def setup(app):
    for script in (SET_THEME, SHOW_WHEN_SET):
        app.add_js_file(None, body=script)
