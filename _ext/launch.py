"""Buttons that open a page's notebook where it runs, and links for the homework.

Where the repository is comes from $BOOK_REPOSITORY_URL, else from git's remote `origin`; its branch
from $BOOK_REPOSITORY_BRANCH, else it is main. A build that knows no address has no such button.
"""

import os
import re
import subprocess
from urllib.parse import quote

from sphinx.errors import ConfigError

ADDRESS = re.compile(
    r"(?:(?:https?|ssh)://(?:[\w.-]+@)?|[\w.-]+@)(?P<host>[\w.-]+\.\w+)(?::\d+(?=/))?[/:]"
    r"(?P<path>[\w.-]+(?:/[\w.-]+)*/[\w.-]+?)(?:\.git)?/?"
)
BINDER = "https://mybinder.org/v2"


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


def add_buttons(app, pagename, templatename, context, doctree):
    """Give a page that is a notebook its buttons, and every page the link to the repository."""
    here = repository(app.srcdir)
    if here is None or doctree is None:
        return
    buttons = context["header_buttons"]
    file = f"{pagename}.ipynb"
    if app.env.doc2path(pagename, base=False) == file:
        buttons.append(
            {
                "type": "link",
                "url": here.binder(file),
                "tooltip": "Run this page on Binder",
                "icon": "fas fa-rocket",
                "label": "launch-button",
            }
        )
    buttons.append(
        {
            "type": "link",
            "url": here.page,
            "tooltip": "The book's repository",
            "icon": "fas fa-code-branch",
            "label": "source-repository-button",
        }
    )


def setup(app):
    app.connect("html-page-context", add_buttons, priority=502)  # after the theme's own
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
