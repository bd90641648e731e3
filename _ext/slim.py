"""Take out of the finished site what its pages do not need, so that they are light and silent.

The theme draws its icons twice, with a font and with a script of 1.5 MB: the font stays. It also
logs what it does to the console, where a reader should find nothing.
"""

import re
from pathlib import Path

import pydata_sphinx_theme
from fonts import cut_down

ICON_SCRIPT = re.compile(r'\s*<script[^>]* src="[^"]*/fontawesome\.js[^"]*"></script>')
LOG = re.compile(r"console\.log\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)")
NOT_NEEDED = ("scripts/*.map", "scripts/fontawesome.js*", "vendor/fontawesome/webfonts/*.ttf")
ICON_FONT = "vendor/fontawesome/webfonts/fa-solid-900.woff2"
THEME = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static"


def slim(app, error):
    """Rewrite pages and scripts in place; what is slim already stays as it is."""
    if error or app.builder.format != "html":
        return
    static = Path(app.outdir, "_static")
    for pattern in NOT_NEEDED:
        for path in static.glob(pattern):
            path.unlink()
    pages, scripts = list(Path(app.outdir).rglob("*.html")), list(static.rglob("*.js"))
    for page in pages:
        _rewrite(page, lambda text: LOG.sub("void 0", ICON_SCRIPT.sub("", text)))
    for script in scripts:
        _rewrite(script, lambda text: LOG.sub("void 0", text))
    icons = _icons("".join(map(_text, pages + scripts)), "".join(map(_text, static.rglob("*.css"))))
    cut_down(THEME / ICON_FONT, icons, static / ICON_FONT)


def _icons(markup, style):
    """Return the characters of the icons that are named in the markup or drawn by the style."""
    named = set(re.findall(r"fa-[\w-]+", markup))
    drawn = set(re.findall("[\ue000-\uf8ff]", style))
    for rule, code in re.findall(r'([^{}]*)\{content:"\\(f[0-9a-f]{3})"', style):
        names = set(re.findall(r"\.(fa-[\w-]+)", rule))
        if not names or names & named:
            drawn.add(chr(int(code, 16)))
    return "".join(drawn)


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
