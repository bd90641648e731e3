"""Take out of the finished site what its pages do not need, so that they are light and silent.

The theme draws its icons twice, with a font and with a script of 1.5 MB: the font stays. It knows
2,000 icons; some 20 stay. Each page carries the index of the search: only the page for searching
needs it. And the theme logs what it does to the console, where a reader should find nothing.
"""

import re
from pathlib import Path

import pydata_sphinx_theme
from fonts import cut_down

LOG = re.compile(r"console\.log\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)")
NOT_NEEDED = ("scripts/*.map", "scripts/fontawesome.js*", "vendor/fontawesome/webfonts/*.ttf")
ICON_FONT = "vendor/fontawesome/webfonts/fa-solid-900.woff2"
ICON_RULE = re.compile(r'((?:\.fa-[\w-]+:before,?)+)\{content:"\\(f[0-9a-f]{3})"\}')
THEME = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static"
SEARCH = ("searchtools", "language_data", "searchindex")
# What a screen reader calls the search button is what is written on it. The sidebar is a landmark.
NAMES = {
    r'(search-button-field[^>]*) aria-label="Search"': r"\1",
    r'(id="pst-primary-sidebar")': r'\1 role="region" aria-label="The book"',
}


def slim(app, error):
    """Rewrite pages, styles and scripts in place; what is slim already stays as it is."""
    if error or app.builder.format != "html":
        return
    static = Path(app.outdir, "_static")
    for pattern in NOT_NEEDED:
        for path in static.glob(pattern):
            path.unlink()
    pages, scripts = list(Path(app.outdir).rglob("*.html")), list(static.rglob("*.js"))
    for page in pages:
        _rewrite(page, lambda text, page=page: _slim_page(text, searches=page.stem == "search"))
    for script in scripts:
        _rewrite(script, lambda text: LOG.sub("void 0", text))
    used = set(re.findall(r"fa-[\w-]+", "".join(map(_text, pages + scripts))))
    for style in static.rglob("*.css"):
        _rewrite(style, lambda text: ICON_RULE.sub(lambda rule: _if_used(rule, used), text))
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


def _if_used(rule, used):
    """Return the rule for an icon if one of the icon's names is used, else nothing."""
    return rule[0] if used & set(re.findall(r"\.(fa-[\w-]+)", rule[1])) else ""


def _drawn(static):
    """Return the characters of the icons that the styles draw."""
    style = "".join(map(_text, static.rglob("*.css")))
    codes = [code for _, code in ICON_RULE.findall(style)]
    return "".join(set(re.findall("[\ue000-\uf8ff]", style)) | {chr(int(c, 16)) for c in codes})


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
    app.connect("build-finished", slim)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
