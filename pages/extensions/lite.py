"""Put a JupyterLite into the site: its notebooks run in the reader's own browser, with no server.

It holds the book's notebooks, the homework as students get it, and as wheels what Pyodide, Python
for browsers, does not have. Pyodide itself comes from `pyodide_url`, when a reader starts a kernel.
pages/lite has the settings, in JupyterLite's own files. Decision 11 tells why they are as they are.
"""

import json
import re
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from tempfile import TemporaryDirectory

from cells import foreign
from docutils import nodes
from jupyter_core.paths import jupyter_path
from sphinx.errors import ConfigError, ExtensionError
from sphinx.util import logging
from wheels import write_wheel

from nwgrade.assignment import handout

from .problems import CELL

logger = logging.getLogger(__name__)

FOLDER, HOMEWORK = "lite", "homework"
ROOT = Path(__file__).parents[2]
SETTINGS = ROOT / "pages" / "lite"
OVERRIDES = ROOT / ".binder" / "overrides.json"  # JupyterLab's settings are the same as on Binder
ADDRESS = re.compile(r"(?:https?://(?P<host>[^/\s]+)|)/\S*pyodide\.js")
KERNEL = "@jupyterlite/pyodide-kernel-extension"
EXTENSIONS = ("@jupyter-widgets/jupyterlab-manager", "jupyterlab-myst", KERNEL)
WHEELS = ("comm", "ipywidgets", "nwlib")
FROM_WORKER = "../../../../pypi/"  # the wheels, as seen from the kernel's script
# jupyterlite_core, without what jsonschema loads for a second and does not use (see build.py).
BUILDER = """
import sys
sys.modules["rfc3987_syntax"] = None
from jupyterlite_core.app import main
main()"""
NOTICE = '<script defer src="../../_static/site/lab.js"></script>'


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


def write_lite(app):
    """Build JupyterLite into the site."""
    site = Path(app.outdir, FOLDER)
    with TemporaryDirectory() as parent:
        folder = Path(shutil.copytree(SETTINGS, Path(parent, FOLDER)))
        shutil.copy(OVERRIDES, folder)
        for path, content in contents(app).items():
            file = folder / "contents" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        (folder / "pypi").mkdir()
        wheels = [FROM_WORKER + _wheel(name, folder / "pypi") for name in WHEELS]
        _complete(folder / "jupyter-lite.json", app.config, wheels)
        _build(folder, site)
    page = site / "lab" / "index.html"
    text = page.read_text(encoding="utf-8").replace("<head>", f"<head>\n    {NOTICE}", 1)
    page.write_text(text, encoding="utf-8")


def _wheel(name, folder):
    try:
        return write_wheel(name, folder)
    except PackageNotFoundError:
        raise _missing(f"a wheel of {name}") from None


def _complete(file, config, wheels):
    """Write into the settings of JupyterLite what only this build knows."""
    settings = json.loads(file.read_text(encoding="utf-8"))
    data = settings["jupyter-config-data"]
    data["appName"] = config.html_title
    kernel = data["litePluginSettings"][f"{KERNEL}:kernel"]
    kernel["pyodideUrl"] = config.pyodide_url
    kernel["loadPyodideOptions"]["packages"] += wheels
    file.write_text(json.dumps(settings), encoding="utf-8")


def _build(folder, site):
    """Let JupyterLite's own builder make the site of the settings, contents and wheels."""
    extensions = [f"--LiteBuildConfig.federated_extensions={_extension(n)}" for n in EXTENSIONS]
    done = subprocess.run(
        [sys.executable, "-c", BUILDER, "build", "--output-dir", site, *extensions],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stdout.strip().splitlines() or ["no word"])[-1]
        raise ExtensionError(f"JupyterLite was not built: {last}")


def _extension(name):
    """Return the folder of an installed extension of JupyterLab."""
    for folder in jupyter_path("labextensions", name):
        if Path(folder).is_dir():
            return folder
    raise _missing(f"JupyterLab's extension {name}")


def _missing(what):
    install = "pip install -r requirements.txt"
    return ExtensionError(f"JupyterLite needs {what}, which is not installed: {install}")


def pyodide_role(role, rawtext, text, lineno, inliner, options=None, content=None):
    """Return the name of the host that Pyodide comes from, for a page that tells readers."""
    url = inliner.document.settings.env.config.pyodide_url
    host = ADDRESS.fullmatch(url)["host"]
    return [nodes.literal("", host) if host else nodes.Text("the server of this site")], []


def remove_old(app):
    """Begin anew: what works on all pages of the site shall not meet an older JupyterLite."""
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
