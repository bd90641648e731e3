"""Cut a font down to the characters that the book uses."""

from fontTools import subset


def cut_down(source, characters, target, features=()):
    """Write the characters of the font as a WOFF2 file, and its licence notice beside it."""
    # The Open Font License asks that its notice stays in the font, so all names are kept.
    options = subset.Options(flavor="woff2", name_IDs=["*"], layout_features=list(features))
    font = subset.load_font(source, options)
    notices = [font["name"].getDebugName(number) for number in (0, 13, 14)]
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=characters)
    subsetter.subset(font)
    target.parent.mkdir(parents=True, exist_ok=True)
    subset.save_font(font, target, options)
    licence = target.with_name(f"{target.stem}-LICENSE.txt")
    licence.write_text("\n\n".join(filter(None, notices)) + "\n", encoding="utf-8")
