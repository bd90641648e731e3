"""Put what students get of the homework into the site: notebooks without solutions, and their data.

{homework}`hw1` in a page becomes the links to it: to download, and to where it runs. The sources
never come into the site.
"""

from pathlib import Path

from docutils import nodes
from repository import repository
from sphinx.util import logging
from wheels import write_zip

from nwgrade.assignment import handout

from .launch import links
from .lite import HOMEWORK, handouts, homework_file, source

logger = logging.getLogger(__name__)


def homework_role(role, rawtext, text, lineno, inliner, options=None, content=None):
    """Return links to the notebook of an assignment, and to the zip with its data if it has any."""
    env = inliner.document.settings.env
    folder = source(env, text)
    if not folder.is_dir():
        logger.warning(f"there is no homework {text}", location=(env.docname, lineno))
        return [], []
    env.metadata[env.docname].setdefault("homework", []).append(text)
    up = "../" * env.docname.count("/")
    name = f"{text}.ipynb" if len(handout(folder)) == 1 else f"{text}.zip"
    download = f'<a href="{up}{HOMEWORK}/{name}" download>{name}</a>'
    there = links(homework_file(text), up, repository(env.srcdir))
    return [nodes.raw("", ", ".join([download, *there]), format="html")], []


def write_homework(app):
    """Write the files that the links of the pages lead to."""
    for name, parts in handouts(app.env).items():
        folder = Path(app.outdir, HOMEWORK)
        folder.mkdir(exist_ok=True)
        if len(parts) == 1:
            (folder / parts[0][0]).write_bytes(parts[0][1])
        else:
            write_zip(folder / f"{name}.zip", {f"{name}/{file}": data for file, data in parts})


def setup(app):
    app.add_role("homework", homework_role)
