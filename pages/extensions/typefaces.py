"""The book's typefaces: Source Serif for its text, Source Sans for what leads through it, and
Inconsolata for code, so narrow that a letter of 17 pixels takes 8 and 88 of them fit in a line.

All are under the SIL Open Font License, from packages, cut down to the characters of the pages.
`pages/static/book.css` loads them.
"""

from html import unescape
from pathlib import Path

import fontpkg_inconsolata
import fontpkg_source_sans_3
import fontpkg_source_serif_4

from .fonts import cut_down

SERIF = fontpkg_source_serif_4.ROOT / "files"
SANS = fontpkg_source_sans_3.ROOT / "files"
MONO = fontpkg_inconsolata.ROOT / "files"
FACES = {
    "book-serif": (SERIF / "SourceSerif4[opsz,wght].ttf", {"opsz": 14, "wght": (400, 700)}),
    "book-serif-italic": (SERIF / "SourceSerif4-Italic[opsz,wght].ttf", {"opsz": 14, "wght": 400}),
    "book-sans": (SANS / "SourceSans3[wght].ttf", {"wght": (400, 700)}),
    "book-mono": (MONO / "Inconsolata[wdth,wght].ttf", {"wdth": 94, "wght": 400}),
}
FEATURES = ("kern", "liga", "mark", "ccmp", "tnum")
ASCII = "".join(map(chr, range(0x20, 0x7F)))


def write_typefaces(app):
    """Write each face, with all characters of the finished pages, and its licence."""
    pages = (page.read_text(encoding="utf-8") for page in Path(app.outdir).rglob("*.html"))
    characters = set(ASCII).union(*map(unescape, pages))
    for name, (source, axes) in FACES.items():
        cut_down(
            source,
            "".join(sorted(characters)),
            Path(app.outdir, "_static", "fonts", f"{name}.woff2"),
            name=name.replace("-", " ").title(),
            features=FEATURES,
            axes=axes,
        )
