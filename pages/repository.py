"""The repository that the book is in, and where its files open elsewhere.

Its address comes from $BOOK_REPOSITORY_URL, else from git's remote `origin`; its branch from
$BOOK_REPOSITORY_BRANCH, else it is main.
"""

import os
import re
import subprocess
from typing import NamedTuple
from urllib.parse import quote

from sphinx.errors import ConfigError

ADDRESS = re.compile(
    r"(?:(?:https?|ssh)://(?:[\w.-]+@)?|[\w.-]+@)(?P<host>[\w.-]+\.\w+)(?::\d+(?=/))?[/:]"
    r"(?P<path>[\w.-]+(?:/[\w.-]+)*/[\w.-]+?)(?:\.git)?/?"
)
BINDER = "https://mybinder.org/v2"
COLAB = "https://colab.research.google.com/github"


class Repository(NamedTuple):
    """A public repository: its page, and the links that open a file of it elsewhere."""

    host: str
    path: str
    branch: str

    @property
    def page(self):
        return f"https://{self.host}/{self.path}"

    def binder(self, file):
        """Return the address that opens the file in JupyterLab on Binder."""
        place = {
            "github.com": f"gh/{self.path}",
            "gitlab.com": f"gl/{quote(self.path, safe='')}",
        }.get(self.host, f"git/{quote(self.page, safe='')}")
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
