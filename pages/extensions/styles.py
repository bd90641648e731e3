"""Give all pages one style sheet, with what they use of the theme's and the typefaces inside.

A browser shows nothing before it has all style sheets, each asked for over a slow line. The theme's
know thousands of classes, and 2,000 icons of which the pages show some twenty.
"""

import base64
import re
import shutil
import zlib
from pathlib import Path

import lightningcss
from fonts import write_faces, write_icons

SHEET = "_static/book-all.css"
SHEETS = []  # which a page would load, in their order: known when one has been written
THEME = ("_static/basic.css", "_static/styles/pydata-sphinx-theme.css")
NOT_NEEDED = ("s*/*.map", "scripts/fontawesome*")
ICONS = "vendor/fontawesome"
CLASS = re.compile(r"\.(-?[A-Za-z_][\w-]*)")
FACE = re.compile(r"url\([\"']?[^\"')]*?([\w-]+)\.woff2[\"']?\)")


def name_sheet(app, pagename, templatename, context, doctree):
    """Let the page load the one style sheet."""
    SHEETS[:] = [*THEME, *(sheet.filename for sheet in context["css_files"])]
    context["css_files"] = [SHEET]


def write_styles(app):
    """Write the style sheet, if a page has been written, and leave nothing that no page loads."""
    folder, static = Path(app.outdir), Path(app.outdir, "_static")
    for pattern in NOT_NEEDED:
        for path in static.glob(pattern):
            path.unlink()
    if SHEETS:
        pages = [*folder.glob("*.html"), *folder.glob("[!_l]*/**/*.html")]  # not _static, not lite
        faces = Path(app.doctreedir, "fonts")  # kept: to cut one takes a second
        _write(folder, static, faces, {page: _text(page) for page in pages})
    for path in {*static.rglob("*.css")} - {folder / SHEET}:
        path.unlink()
    shutil.rmtree(static / ICONS, ignore_errors=True)


def _write(folder, static, faces, pages):
    named = "".join([*pages.values(), *map(_text, static.rglob("*.js"))])
    style = used("\n".join(_text(folder / sheet) for sheet in SHEETS), named)
    write_faces(faces, "".join(pages.values()))
    write_icons(faces, static / ICONS / "webfonts/fa-solid-900.woff2", style)
    shutil.copytree(faces, static / "fonts", dirs_exist_ok=True)
    style = FACE.sub(lambda face: _inside(faces / f"{face[1]}.woff2"), style)
    (folder / SHEET).write_text(style, encoding="utf-8")
    version = f"{SHEET}?v={zlib.crc32(style.encode()):08x}"
    for path, page in pages.items():
        path.write_text(re.sub(rf"{SHEET}(\?v=\w*)?", version, page), encoding="utf-8")


def used(style, text):
    """Return the style, small, without the rules for classes that the text does not name."""
    unused = {*CLASS.findall(style)} - {*re.findall(r"[\w-]+", text)}
    return lightningcss.process_stylesheet(style, unused_symbols=unused)


def _inside(face):
    """Return the address of a typeface as its data, and of one that no page uses as nothing."""
    data = base64.b64encode(face.read_bytes()).decode() if face.exists() else ""
    return f'url("data:font/woff2;base64,{data}")'


def _text(path):
    return path.read_text(encoding="utf-8")
