"""Buttons that open a page's notebook where it runs: in the reader's browser, on Binder, in Colab.

The first is always there. For the others the build must know the repository, and Colab opens files
from GitHub only. Its address comes from $BOOK_REPOSITORY_URL, else from git's remote `origin`; its
branch from $BOOK_REPOSITORY_BRANCH, else it is main.
"""

import html
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

from sphinx.errors import ConfigError

from . import lite

ADDRESS = re.compile(
    r"(?:(?:https?|ssh)://(?:[\w.-]+@)?|[\w.-]+@)(?P<host>[\w.-]+\.\w+)(?::\d+(?=/))?[/:]"
    r"(?P<path>[\w.-]+(?:/[\w.-]+)*/[\w.-]+?)(?:\.git)?/?"
)
BINDER = "https://mybinder.org/v2"
COLAB = "https://colab.research.google.com/github"
HELP = "appendix/running"  # the page that tells what a click downloads, and where work is lost
# JupyterLite needs a web server. In a folder its buttons lead to the page that says so.
FROM_A_FOLDER = """
if (location.protocol === "file:") addEventListener("DOMContentLoaded", () => {
  for (const link of document.querySelectorAll("[href*='lite/lab/index.html?']"))
    link.href = link.getAttribute("href").replace(/lite\\/.*/, "HELP.html#from-a-folder");
});
""".replace("HELP", HELP)


class Repository:
    """A public repository: its page, and the links that open a file of it elsewhere."""

    def __init__(self, host, path, branch):
        self.host, self.path, self.branch = host, path, branch
        self.page = f"https://{host}/{path}"

    def binder(self, file):
        """Return the address that opens the file in JupyterLab on Binder."""
        if self.host == "github.com":
            place = f"gh/{self.path}"
        elif self.host == "gitlab.com":
            place = f"gl/{quote(self.path, safe='')}"
        else:
            place = f"git/{quote(self.page, safe='')}"
        return f"{BINDER}/{place}/{quote(self.branch, safe='')}?urlpath=lab/tree/{quote(file)}"

    def colab(self, file):
        """Return the address that opens the file in Colab."""
        return f"{COLAB}/{self.path}/blob/{quote(self.branch)}/{quote(file)}"


def repository(folder):
    """Return the Repository that the book is in, or None if nothing tells."""
    given = os.environ.get("BOOK_REPOSITORY_URL", "")
    command = ["git", "-C", str(folder), "remote", "get-url", "origin"]
    found = given or subprocess.run(command, capture_output=True, text=True).stdout.strip()
    match = ADDRESS.fullmatch(found)
    if given and not match:
        raise ConfigError(
            f"BOOK_REPOSITORY_URL must be like https://github.com/NAME/REPOSITORY, not {given!r}."
        )
    branch = os.environ.get("BOOK_REPOSITORY_BRANCH") or "main"
    return Repository(match["host"], match["path"], branch) if match else None


def ways(notebook, root, here):
    """Return where a notebook runs: pairs of words and an address, in the order of the buttons."""
    links = [("in your browser", lite.address(notebook, root))]
    if here:
        links.append(("on Binder", here.binder(notebook)))
    if here and here.host == "github.com" and not notebook.startswith(lite.HOMEWORK):
        links.append(("in Colab", here.colab(notebook)))
    return links


def add_buttons(app, pagename, templatename, context, doctree):
    """Give a page that is a notebook its buttons, and every page the link to the repository."""
    if doctree is None:
        return
    here = repository(app.srcdir)
    file = f"{pagename}.ipynb"
    root = "../" * pagename.count("/")
    buttons = context["header_buttons"]
    if app.env.doc2path(pagename, base=False) == file:
        buttons.append(
            {
                "type": "link",
                "url": lite.address(file, root),
                "tooltip": "Run this page in your browser",
                "icon": "fas fa-play",
                "label": "launch-button",
            }
        )
        if pagename != app.config.root_doc:
            line = _line(ways(file, root, here), root)
            context["body"] = context["body"].replace("</h1>", f"</h1>\n{line}", 1)
    if here:
        buttons.append(
            {
                "type": "link",
                "url": here.page,
                "tooltip": "The book's repository",
                "icon": "fas fa-code-branch",
                "label": "source-repository-button",
            }
        )


def _line(links, root):
    """Return the line under a title that tells where the page runs."""
    parts = [f'<a href="{html.escape(url)}" target="_blank">{words}</a>' for words, url in links]
    note = f'<a class="run-help" href="{root}{HELP}.html">What is that?</a>'
    return f'<p class="run"><span>Run this page</span> {" ".join(parts)} {note}</p>'


def check_address(app, config):
    """Stop at once if the address that was given is none."""
    repository(app.srcdir)


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
    app.add_js_file(None, body=FROM_A_FOLDER)
    app.connect("config-inited", check_address)
