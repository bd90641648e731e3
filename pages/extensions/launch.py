"""Buttons that open a page's notebook where it runs: in the reader's browser, on Binder, in Colab.

The first is always there. For the others the build must know the repository, and Colab opens files
from GitHub only.
"""

import html
import sys
from pathlib import Path

from repository import repository

from . import lite

HELP = "appendix/running"  # the page that tells what a click downloads, and where work is lost


def links(notebook, root, here):
    """Return the links to where a notebook runs, in the order of the buttons."""
    ways = {"in your browser": lite.address(notebook, root)}
    if here:
        ways["on Binder"] = here.binder(notebook)
    if here and here.host == "github.com" and not notebook.startswith(lite.HOMEWORK):
        ways["in Colab"] = here.colab(notebook)
    return [
        f'<a href="{html.escape(address)}" target="_blank">{words}</a>'
        for words, address in ways.items()
    ]


def add_buttons(app, pagename, templatename, context, doctree):
    """Give a page that is a notebook its buttons, and every page the link to the repository."""
    if doctree is None:
        return
    here, file, root = repository(app.srcdir), f"{pagename}.ipynb", "../" * pagename.count("/")
    if app.env.doc2path(pagename, base=False) == file:
        place = lite.address(file, root)
        _add(context, "launch-button", "fa-play", "Run this page in your browser", place)
        if pagename != app.config.root_doc:
            note = f'<a class="run-help" href="{root}{HELP}.html">What is that?</a>'
            run = " ".join(["<span>Run this page</span>", *links(file, root, here), note])
            line = f'</h1>\n<p class="run">{run}</p>'
            context["body"] = context["body"].replace("</h1>", line, 1)
    if here:
        what = "The book's repository"
        _add(context, "source-repository-button", "fa-code-branch", what, here.page)


def _add(context, label, icon, tooltip, url):
    button = {"label": label, "icon": f"fas {icon}", "tooltip": tooltip, "url": url}
    context["header_buttons"].append({"type": "link", **button})


def tell_colab(app):
    """Say, in a build that links to Colab, if the notebooks get nwlib from elsewhere there."""
    here = repository(app.srcdir)
    if here is None or here.host != "github.com":
        return
    files = [app.env.doc2path(name) for name in app.env.found_docs]
    for file in sorted(file for file in files if file.endswith(".ipynb")):
        text = Path(file).read_text(encoding="utf-8")
        if f"git+{here.page}\\" not in text and "nwlib==" not in text:  # which is on PyPI
            print(
                f"Note: in Colab {Path(file).name} does not get nwlib from {here.page}.\n"
                f"make address URL={here.page} writes that into the notebooks; then commit them.",
                file=sys.stderr,
            )
            return


def setup(app):
    app.connect("config-inited", lambda app, config: repository(app.srcdir))  # or stop at once
