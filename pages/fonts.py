"""The book's typefaces, cut down to the characters and the weights that its pages use.

Source Serif for its text, Source Sans for what leads through it, STIX Two for its formulas, and
Inconsolata for code, so narrow that a letter of 17 pixels takes 8 and 88 of them fit in a line: all
under the SIL Open Font License, from packages. `pages/static/book.css` names them.
"""

import logging
import re
from html import unescape
from importlib.util import find_spec
from pathlib import Path

import fontpkg_inconsolata
import fontpkg_source_sans_3
import fontpkg_source_serif_4
from fontTools import subset
from fontTools.varLib import instancer

# a11y_pygments, which the theme loads, lets every logger of a program speak of all that it does.
logging.getLogger("fontTools").setLevel(logging.WARNING)

SERIF = fontpkg_source_serif_4.ROOT / "files"
SANS = fontpkg_source_sans_3.ROOT / "files"
MONO = fontpkg_inconsolata.ROOT / "files"
FACES = {
    "book-serif": (SERIF / "SourceSerif4[opsz,wght].ttf", {"opsz": 14, "wght": (400, 700)}),
    "book-serif-italic": (SERIF / "SourceSerif4-Italic[opsz,wght].ttf", {"opsz": 14, "wght": 400}),
    "book-sans": (SANS / "SourceSans3[wght].ttf", {"wght": (400, 700)}),
    "book-mono": (MONO / "Inconsolata[wdth,wght].ttf", {"wdth": 94, "wght": 400}),
}
MATH = Path(find_spec("ziamath").origin).parent / "fonts" / "STIXTwoMath-Regular.ttf"
FEATURES = ["kern", "liga", "mark", "ccmp", "tnum"]
ASCII = "".join(map(chr, range(0x20, 0x7F)))
# The italic forms of single letters, Latin and Greek, and what a browser draws by itself.
IMPLIED = "√" + "".join(map(chr, [0x210E, *range(0x1D434, 0x1D468), *range(0x1D6E2, 0x1D71C)]))
FORMULA = re.compile(r"<math\b.*?</math>", re.DOTALL)
FAMILY_NAMES = (1, 4, 6, 16)  # in a font's table of names


def write_faces(folder, pages):
    """Write each face into the folder, with all characters of the pages, and its licence."""
    for name, (source, axes) in FACES.items():
        cut_down(source, folder / f"{name}.woff2", ASCII + unescape(pages), axes=axes)
    formulas = "".join(FORMULA.findall(pages))
    cut_down(MATH, folder / "book-math.woff2", IMPLIED + unescape(formulas))


def write_icons(folder, source, style):
    """Write the icons that a style draws, which are characters of a range of their own."""
    cut_down(source, folder / source.name, "".join(re.findall("[\ue000-\uf8ff]", style)))


def cut_down(source, target, characters, *, axes=None):
    """Write the characters of the font as a WOFF2 file, and beside it its licence and what we did.

    `axes` fixes or narrows the axes of a variable font. The Open Font License reserves the names of
    fonts for what their makers released: the result has the name of its file.
    """
    characters = "".join(sorted(set(characters)))
    done = f"Cut down to {characters!r}, {axes or 'as it is'}."
    licence = target.with_name(f"{target.stem}-LICENSE.txt")
    if licence.exists() and licence.read_text(encoding="utf-8").endswith(done):
        return
    # The licence asks that its notice stays in the font, so the other names are kept.
    options = subset.Options(
        flavor="woff2", name_IDs=["*"], layout_features=FEATURES if axes else ["ssty"]
    )
    font = subset.load_font(source, options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=characters)
    subsetter.subset(font)
    if axes:
        instancer.instantiateVariableFont(font, axes, inplace=True)
    names, name = font["name"], target.stem.replace("-", " ").title()
    for number in filter(names.getDebugName, FAMILY_NAMES):
        names.setName(name.replace(" ", "") if number == 6 else name, number, 3, 1, 0x409)
    target.parent.mkdir(exist_ok=True)
    subset.save_font(font, target, options)
    notices = [*filter(None, map(names.getDebugName, (0, 13, 14))), done]
    licence.write_text("\n\n".join(notices), encoding="utf-8")
