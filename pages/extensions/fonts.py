"""Cut a font down to the characters and the weights that the book uses."""

import logging

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

# a11y_pygments, which the theme loads, lets every logger of a program speak of all that it does.
logging.getLogger("fontTools").setLevel(logging.WARNING)

FAMILY_NAMES = (1, 4, 6, 16)  # in a font's table of names


def cut_down(source, characters, target, *, name, features=(), axes=None, change=None):
    """Write the characters of the font as a WOFF2 file, and its licence notice beside it.

    `axes` fixes or narrows the axes of a variable font, `change` may edit the result. The Open Font
    License reserves the names of fonts for what their makers released: the result is called `name`.
    """
    if _is_cut_down(source, characters, target):
        return
    # The licence asks that its notice stays in the font, so the other names are kept.
    options = subset.Options(flavor="woff2", name_IDs=["*"], layout_features=list(features))
    font = subset.load_font(source, options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=characters)
    subsetter.subset(font)
    if axes:
        instancer.instantiateVariableFont(font, axes, inplace=True)
    if change:
        change(font)
    names = font["name"]
    for number in FAMILY_NAMES:
        if names.getDebugName(number):
            names.setName(name.replace(" ", "") if number == 6 else name, number, 3, 1, 0x409)
    target.parent.mkdir(parents=True, exist_ok=True)
    subset.save_font(font, target, options)
    notices = [names.getDebugName(number) for number in (0, 13, 14)]
    licence = target.with_name(f"{target.stem}-LICENSE.txt")
    licence.write_text("\n\n".join(filter(None, notices)) + "\n", encoding="utf-8")


def _is_cut_down(source, characters, target):
    """Whether the target already has the characters, as far as the source has them."""
    if not target.exists():
        return False
    with TTFont(source, lazy=True) as font:
        needed = {ord(c) for c in characters} & set(font.getBestCmap())
    with TTFont(target) as font:
        return needed == set(font.getBestCmap())
