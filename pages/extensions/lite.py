"""Put a JupyterLite into the site: its notebooks run in the reader's own browser, with no server.

It holds the book's notebooks, the homework as students get it, and as wheels what Pyodide, Python
for browsers, does not have. Pyodide itself comes from `pyodide_url`, when a reader starts a kernel.
"""

import json
import re
import shutil
from concurrent import futures
from pathlib import Path

import jupyterlite
from cells import foreign
from docutils import nodes
from sphinx.errors import ConfigError, ExtensionError
from sphinx.util import logging

from nwgrade.assignment import handout

from .problems import CELL

logger = logging.getLogger(__name__)

FOLDER, HOMEWORK = "lite", "homework"
ADDRESS = re.compile(r"(?:https?://(?P<host>[^/\s]+)|)/\S*pyodide\.js")


def address(notebook, root):
    """Return the link that opens a notebook in the JupyterLite of the site at `root`."""
    return f"{root}{FOLDER}/lab/index.html?path={notebook}"


def homework_file(name):
    """Return where the notebook of an assignment is, in JupyterLite as on Binder."""
    return f"{HOMEWORK}/{name}/{name}.ipynb"


def source(env, name):
    """Return the folder of an assignment's source."""
    return Path(env.srcdir, HOMEWORK, "source", name)


def handouts(env):
    """Return what students get of each assignment that a page hands out, by its name."""
    names = {name for page in env.metadata.values() for name in page.get("homework", ())}
    return {name: handout(source(env, name)) for name in sorted(names)}


def contents(app):
    """Return what the file browser shows, as bytes by path: the book and the homework."""
    paths = [app.env.doc2path(name, base=False) for name in app.env.found_docs]
    files = {path: Path(app.srcdir, path).read_bytes() for path in (*paths, *app.env.images)}
    for name, parts in handouts(app.env).items():
        files |= {f"{HOMEWORK}/{name}/{file}": content for file, content in parts}
    return files


def check(app, env):
    """Warn of notebooks that share a name, by which readers keep and hand in files, and of cells
    that cannot run in a browser.
    """
    seen = {}
    files = contents(app)
    for path in sorted(path for path in files if path.endswith(".ipynb")):
        first = seen.setdefault(Path(path).name, path)
        if first != path:
            logger.warning("%s has the name of %s: rename one of them", path, first)
        for position, cell in enumerate(json.loads(files[path])["cells"], start=1):
            if cell["cell_type"] == "code":
                for problem in foreign("".join(cell["source"])):
                    place = f"{Path(app.srcdir, path)}:{position * CELL + 1}"
                    logger.warning(problem, location=place)


def start(app, _=None):
    """Let JupyterLite be built into the site, while Sphinx writes the pages."""
    if app.builder.format == "html" and write_lite.__name__ not in app.config.steps_left_out:
        executor = futures.ThreadPoolExecutor(1)
        settings = app.config.html_title, app.config.pyodide_url, contents(app)
        app.lite = executor.submit(jupyterlite.build, Path(app.outdir, FOLDER), *settings)
        executor.shutdown(wait=False)


def wait(app, error):
    """Wait for it, before a site that has a problem is taken away."""
    futures.wait([app.lite] if app.lite else [])


def write_lite(app):
    """See that JupyterLite has been built."""
    if not app.lite:  # since no page is new
        start(app)
    try:
        app.lite.result()
    except jupyterlite.LiteError as error:
        raise ExtensionError(str(error)) from None


def pyodide_role(role, rawtext, text, lineno, inliner, options=None, content=None):
    """Return the name of the host that Pyodide comes from, for a page that tells readers."""
    url = inliner.document.settings.env.config.pyodide_url
    host = ADDRESS.fullmatch(url)["host"]
    return [nodes.literal("", host) if host else nodes.Text("the server of this site")], []


def remove_old(app):
    """Begin anew: what works on all pages of the site shall not meet an older JupyterLite."""
    app.lite = None
    shutil.rmtree(Path(app.outdir, FOLDER), ignore_errors=True)


def check_config(app, config):
    if not ADDRESS.fullmatch(config.pyodide_url):
        raise ConfigError(
            "pyodide_url in _config.yml must be an address, or a path that begins with /, of a "
            f"file pyodide.js, not {config.pyodide_url!r}."
        )


def setup(app):
    app.add_config_value("pyodide_url", "", "env", str)
    app.add_role("pyodide", pyodide_role)
    app.connect("config-inited", check_config)
    app.connect("builder-inited", remove_old)
    app.connect("env-check-consistency", check)
    app.connect("write-started", start)
    app.connect("build-finished", wait, priority=-1)
