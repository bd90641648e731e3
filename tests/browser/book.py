"""The pages that the book has, and what its readers do on any of them."""

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


def entries(node):
    """Return the documents named in a part of `_toc.yml`, in order."""
    if isinstance(node, list):
        return [name for child in node for name in entries(child)]
    if isinstance(node, dict):
        here = [node[key] for key in ("root", "file") if key in node]
        return here + entries(list(node.values()))
    return []


DOCUMENTS = entries(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8")))
CHAPTERS = [name for name in DOCUMENTS if name.startswith(("chapters/", "beyond/"))]
PAGES = [*DOCUMENTS, "genindex", "py-modindex", "search"]


def unfold(page):
    """Open all that is folded."""
    page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")


# Colours change at once. Waiting is not enough: a change whose time is over, in WebKit, shows its
# last frame until the next one, and its end may be the start of another's.
AT_ONCE = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("*, ::before, ::after { transition: none !important; }");
  document.adoptedStyleSheets = [sheet];
}"""


def set_theme(page, theme):
    """Let the system of the reader change its theme, and wait until the page has followed."""
    page.evaluate(AT_ONCE)
    page.emulate_media(color_scheme=theme)
    page.wait_for_function(f"document.documentElement.dataset.theme === '{theme}'")


# What has been displaced on a page so far: how much of the window by how much, and which things.
SHIFTS = """() => new Promise(resolve => {
  const shifts = [];
  new PerformanceObserver(list => shifts.push(...list.getEntries()))
    .observe({type: "layout-shift", buffered: true});
  setTimeout(() => resolve(shifts.map(shift => [
    shift.value,
    shift.sources.map(({node}) => `${node?.nodeName} ${node?.textContent.trim().slice(0, 40)}`),
  ])), 100);
})"""
