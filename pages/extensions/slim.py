"""Take out of the finished site what its pages do not need, so that they are light and silent.

The theme draws its icons twice, with a font and with a script of 1.5 MB: the font stays. It knows
2,000 icons; some 20 stay. Its style sheets know thousands of classes, and a page waits for all of
them: rules for classes that are named on no page and in no script go. Each page carries the index
of the search: only the page for searching needs it. And the theme logs what it does to the console,
where a reader should find nothing.
"""

import itertools
import re
from pathlib import Path

import pydata_sphinx_theme
import tinycss2

from .fonts import cut_down

LOG = re.compile(r"console\.log\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)")
NOT_NEEDED = ("s*/*.map", "scripts/fontawesome.js*", "vendor/fontawesome/webfonts/*.ttf")
ICON_FONT = "vendor/fontawesome/webfonts/fa-solid-900.woff2"
THEME = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static"
SEARCH = ("searchtools", "language_data", "searchindex")
# What a screen reader calls the search button is what is written on it. The sidebar is a landmark.
NAMES = {
    r'(search-button-field[^>]*) aria-label="Search"': r"\1",
    r'(id="pst-primary-sidebar")': r'\1 role="region" aria-label="The book"',
}


def slim(app):
    """Rewrite pages, styles and scripts in place; what is slim already stays as it is."""
    static = Path(app.outdir, "_static")
    for pattern in NOT_NEEDED:
        for path in static.glob(pattern):
            path.unlink()
    pages, scripts = list(Path(app.outdir).rglob("*.html")), list(static.rglob("*.js"))
    for page in pages:
        _rewrite(page, lambda text, page=page: _slim_page(text, searches=page.stem == "search"))
    for script in scripts:
        _rewrite(script, lambda text: LOG.sub("void 0", text))
    used = set(re.findall(r"[\w-]+", "".join(map(_text, pages + scripts))))
    for style in static.rglob("*.css"):
        _rewrite(style, lambda text: _used_rules(tinycss2.parse_stylesheet(text), used))
    cut_down(THEME / ICON_FONT, _drawn(static), static / ICON_FONT, name="Book Icons")


def _slim_page(text, searches):
    unneeded = ["fontawesome"]
    if not searches:
        unneeded += SEARCH
    if "sd-tab-set" not in text:
        unneeded.append("design-tabs")
    scripts = rf'\s*<script[^>]* src="[^"]*\b({"|".join(unneeded)})\.js[^"]*"></script>'
    text = LOG.sub("void 0", re.sub(scripts, "", text))
    for pattern, replacement in NAMES.items():
        text = re.sub(rf"{pattern}(?! role)", replacement, text)
    return text


def _used_rules(rules, used):
    """Return the style without comments and without what only classes that are not used match."""
    kept = []
    for rule in rules:
        if rule.type == "qualified-rule":
            selectors = [part for part in _split(rule.prelude) if _classes(part) <= used]
            if selectors:
                names = ",".join(tinycss2.serialize(part).strip() for part in selectors)
                kept.append(f"{names}{{{tinycss2.serialize(rule.content).strip()}}}")
        elif rule.type == "at-rule" and rule.lower_at_keyword in ("media", "supports"):
            if inner := _used_rules(tinycss2.parse_rule_list(rule.content), used):
                kept.append(f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{inner}}}")
        elif rule.type == "at-rule":
            kept.append(rule.serialize())
        elif rule.type == "error":
            raise ValueError(f"style sheet: {rule.message}")
    return "\n".join(kept)


def _split(prelude):
    """Return the selectors, each as its tokens, that the commas part."""
    parts = [[]]
    for token in prelude:
        if token == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _classes(selector):
    """Return the classes that an element or one of its ancestors must have; an icon is a class."""
    pairs = itertools.pairwise(selector)
    return {name.value for dot, name in pairs if dot == "." and name.type == "ident"}


def _drawn(static):
    """Return the characters of the icons that the styles draw."""
    return "".join(set(re.findall("[\ue000-\uf8ff]", "".join(map(_text, static.rglob("*.css"))))))


def _text(path):
    return path.read_text(encoding="utf-8")


def _rewrite(path, change):
    text = _text(path)
    changed = change(text)
    if changed != text:
        path.write_text(changed, encoding="utf-8")


def setup(app):
    # Left without a meaning when sphinx_comments is not loaded, but Jupyter Book sets it.
    app.add_config_value("comments_config", {}, "")
