"""Put what students get of the homework into the site: notebooks without solutions, and their data.

{homework}`hw1` in a page becomes the links to it: to download, and to where it runs. The sources
never come into the site.
"""

import html
import zipfile
from pathlib import Path

from docutils import nodes
from sphinx.util import logging

from nwgrade.assignment import handout

from .launch import repository, ways
from .lite import homework_file

logger = logging.getLogger(__name__)
FOLDER = "homework"


def source(root, name):
    """Return the folder of an assignment's source."""
    return Path(root, "homework", "source", name)


def homework_role(role, rawtext, text, lineno, inliner, options=None, content=None):
    """Return links to the notebook of an assignment, and to the zip with its data if it has any."""
    env = inliner.document.settings.env
    if not source(env.srcdir, text).is_dir():
        logger.warning(f"there is no homework {text}", location=(env.docname, lineno))
        return [], []
    notebook, *data = handout(source(env.srcdir, text))
    names = [notebook[0]]
    if data:
        names = [f"{text}.zip"]
    env.metadata[env.docname].setdefault("homework", []).append(text)
    up = "../" * env.docname.count("/")
    links = [f'<a href="{up}{FOLDER}/{name}" download>{name}</a>' for name in names]
    for words, address in ways(homework_file(text), up, repository(env.srcdir)):
        links.append(f'<a href="{html.escape(address)}" target="_blank">{words}</a>')
    return [nodes.raw("", ", ".join(links), format="html")], []


def write_homework(app):
    """Write the files that the links of the pages lead to."""
    folder = Path(app.outdir, FOLDER)
    names = {n for page in app.env.metadata.values() for n in page.get("homework", ())}
    for name in sorted(names):
        folder.mkdir(exist_ok=True)
        parts = handout(source(app.srcdir, name))
        if len(parts) == 1:
            (folder / parts[0][0]).write_bytes(parts[0][1])
            continue
        with zipfile.ZipFile(folder / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for file, content in parts:
                archive.writestr(zipfile.ZipInfo(f"{name}/{file}", (1980, 1, 1, 0, 0, 0)), content)


def setup(app):
    app.add_role("homework", homework_role)
