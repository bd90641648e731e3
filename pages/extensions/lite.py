"""Put a JupyterLite into the site: its notebooks run in the reader's own browser, with no server.

It holds the book's notebooks, the homework as students get it, and as wheels what Pyodide, Python
for browsers, does not have. Pyodide itself comes from `pyodide_url`, when a reader starts a kernel.
"""

import ast
import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import warnings
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from tempfile import TemporaryDirectory

from docutils import nodes
from IPython.core.inputtransformer2 import TransformerManager
from jupyter_core.paths import jupyter_path
from sphinx.errors import ConfigError, ExtensionError
from sphinx.util import logging

import nwlib
from nwgrade.assignment import handout

from .problems import CELL

logger = logging.getLogger(__name__)

FOLDER = "lite"
HOMEWORK = "homework"
ADDRESS = re.compile(r"(?:https?://(?P<host>[^/\s]+)|)/\S*pyodide\.js")
KERNEL = "@jupyterlite/pyodide-kernel-extension"
EXTENSIONS = ("@jupyter-widgets/jupyterlab-manager", "jupyterlab-myst", KERNEL)
SETTINGS = Path(__file__).parents[2] / ".binder" / "overrides.json"  # the same as on Binder
# Unlike JupyterLab, JupyterLite 0.6 hears each key before a widget does (it starts the application
# without `bubblingKeydown`), so these shortcuts of a notebook would take a slider's arrow keys.
SHORTCUTS = {
    "ArrowDown": "notebook:move-cursor-down",
    "ArrowUp": "notebook:move-cursor-up",
    "ArrowLeft": "notebook:move-cursor-heading-above-or-collapse",
    "ArrowRight": "notebook:move-cursor-heading-below-or-expand",
}
IN_COMMAND_MODE = ".jp-Notebook.jp-mod-commandMode:not(.jp-mod-readWrite) :focus"
# Loaded at the start, all at once: what the kernel asks for one by one, and what chapters import.
FROM_PYODIDE = ("micropip", "ssl", "sqlite3", "jedi", "ipython", "numpy", "matplotlib")
WHEELS = ("comm", "ipywidgets", "nwlib")
PACKAGES = ("numpy", "matplotlib", "IPython", "ipywidgets", "nwlib")
# Modules of the standard library that need what a browser does not have.
# https://pyodide.org/en/0.27.7/usage/wasm-constraints.html
NOT_IN_A_BROWSER = {
    *("curses", "fcntl", "multiprocessing", "readline", "resource", "socket", "socketserver"),
    *("ssl", "subprocess", "termios", "threading", "tkinter", "turtle", "venv"),
}
NOT_OF_A_WHEEL = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}
INSTALL = "pip install -r requirements.txt"
FROM_WORKER = "../../../../pypi/"  # the wheels, as seen from the kernel's script


def address(notebook, root):
    """Return the link that opens a notebook in the JupyterLite of the site at `root`."""
    return f"{root}{FOLDER}/lab/index.html?path={notebook}"


def homework_file(name):
    """Return where the notebook of an assignment is, in JupyterLite as on Binder."""
    return f"{HOMEWORK}/{name}/{name}.ipynb"


def contents(app):
    """Return what the file browser shows, as bytes by path: the book and the homework."""
    paths = [app.env.doc2path(name, base=False) for name in app.env.found_docs]
    files = {path: Path(app.srcdir, path).read_bytes() for path in (*paths, *app.env.images)}
    names = {name for page in app.env.metadata.values() for name in page.get("homework", ())}
    for name in names:
        folder = Path(homework_file(name)).parent
        for file, content in handout(Path(app.srcdir, HOMEWORK, "source", name)):
            files[(folder / file).as_posix()] = content
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
                for problem in _foreign("".join(cell["source"])):
                    place = f"{Path(app.srcdir, path)}:{position * CELL + 1}"
                    logger.warning(problem, location=place)


def _foreign(source):
    """Yield what a cell needs that a browser does not have."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        try:
            tree = ast.parse(TransformerManager().transform_cell(source))
        except SyntaxError:
            return  # an exercise may have a gap
    for node in ast.walk(tree):
        names = []
        match node:
            case ast.Import():
                names = [alias.name for alias in node.names]
            case ast.ImportFrom(module=str(module)):
                names = [module]
            case ast.Attribute(attr="system" | "getoutput", value=ast.Call(func=ast.Name(id=name))):
                if name == "get_ipython":
                    yield "a command of the system does not run in a browser"
        for name in names:
            top = name.partition(".")[0]
            if top in NOT_IN_A_BROWSER or top not in {*PACKAGES, *sys.stdlib_module_names}:
                yield (
                    f"{top} is not there in a browser, which has the standard library, "
                    f"{', '.join(PACKAGES[:-1])} and {PACKAGES[-1]} (see pages/extensions/lite.py)"
                )


def write_wheel(name, folder):
    """Write the wheel of an installed package without compiled parts; return the file's name."""
    try:
        package = distribution(name)
    except PackageNotFoundError:
        raise ExtensionError(
            f"JupyterLite needs a wheel of {name}, which is not installed: {INSTALL}"
        ) from None
    files = {
        str(file): file.locate().read_bytes()
        for file in package.files
        if file.suffix != ".pyc" and file.name not in NOT_OF_A_WHEEL
        if file.parts[0] == name or file.parts[0].endswith(".dist-info")
    }
    if name == "nwlib":  # installed as a link to its source
        source = Path(nwlib.__file__).parents[1]
        files |= {
            file.relative_to(source).as_posix(): file.read_bytes()
            for file in source.glob("nwlib/**/*.py")
        }
    info = f"{name}-{package.version}.dist-info"
    record = [f"{path},{_digest(content)},{len(content)}" for path, content in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""]).encode()
    wheel = Path(folder, f"{name}-{package.version}-py3-none-any.whl")
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(files):
            archive.writestr(zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0)), files[path])
    return wheel.name


def _digest(content):
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest())
    return f"sha256={digest.rstrip(b'=').decode()}"


def write_lite(app):
    """Build JupyterLite into the site."""
    with TemporaryDirectory() as folder:
        for path, content in contents(app).items():
            file = Path(folder, "contents", path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        wheels = Path(folder, "pypi")
        wheels.mkdir()
        names = [write_wheel(name, wheels) for name in WHEELS]
        _build(app, Path(folder), names)


def settings():
    """Return JupyterLab's settings: Binder's, and arrow keys that leave sliders alone."""
    shortcuts = []
    for key, command in SHORTCUTS.items():
        shortcut = {"command": command, "keys": [key]}
        shortcuts += [
            {**shortcut, "selector": IN_COMMAND_MODE, "disabled": True},
            {**shortcut, "selector": f"{IN_COMMAND_MODE}:not([role=slider])"},
        ]
    return {
        **json.loads(SETTINGS.read_text(encoding="utf-8")),
        "@jupyterlab/shortcuts-extension:shortcuts": {"shortcuts": shortcuts},
    }


def _build(app, folder, wheels):
    """Let JupyterLite's own builder make the site from the contents and wheels in the folder."""
    kernel = {
        "pyodideUrl": app.config.pyodide_url,
        "disablePyPIFallback": True,
        "loadPyodideOptions": {"packages": [*FROM_PYODIDE, *(FROM_WORKER + w for w in wheels)]},
    }
    site = {
        "jupyter-lite-schema-version": 0,
        "jupyter-config-data": {
            "appName": app.config.html_title,
            "litePluginSettings": {f"{KERNEL}:kernel": kernel},
        },
    }
    config = {
        "LiteBuildConfig": {
            "apps": ["lab"],
            "contents": ["contents"],
            "output_dir": str(Path(app.outdir, FOLDER)),
            "ignore_sys_prefix": ["federated_extensions"],
            "federated_extensions": [str(_extension(name)) for name in EXTENSIONS],
            "no_sourcemaps": True,
            "no_unused_shared_packages": True,
            "source_date_epoch": 315532800,  # 1980, for the same bytes every time
        }
    }
    (folder / "overrides.json").write_text(json.dumps(settings()), encoding="utf-8")
    (folder / "jupyter-lite.json").write_text(json.dumps(site), encoding="utf-8")
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "jupyterlite_core", "build", "--config", "config.json"],
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
    folders = [Path(folder, name) for folder in jupyter_path("labextensions")]
    for folder in folders:
        if folder.is_dir():
            return folder
    raise ExtensionError(
        f"JupyterLite needs JupyterLab's extension {name}, which is not installed: {INSTALL}"
    )


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
