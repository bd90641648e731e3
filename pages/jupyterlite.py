"""Let JupyterLite's own builder, a process of its own, make a JupyterLite of files and wheels.

pages/lite has the settings, in JupyterLite's own files. Decision 11 tells why they are as they are.
"""

import json
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from tempfile import TemporaryDirectory

from jupyter_core.paths import jupyter_path
from wheels import write_wheel

SETTINGS = Path(__file__).with_name("lite")
OVERRIDES = SETTINGS.parents[1] / ".binder" / "overrides.json"  # the same as on Binder
KERNEL = "@jupyterlite/pyodide-kernel-extension"
EXTENSIONS = ("@jupyter-widgets/jupyterlab-manager", "jupyterlab-myst", KERNEL)
WHEELS = ("comm", "ipywidgets", "nwlib")
FROM_WORKER = "../../../../pypi/"  # the wheels, as seen from the kernel's script
NOTICE = '<script defer src="../../_static/site/lab.js"></script>'


class LiteError(Exception):
    """Says in one line why there is no JupyterLite."""


def build(site, title, pyodide_url, contents):
    """Build a JupyterLite into a folder.

    title, pyodide_url : what its settings say
    contents : what its file browser shows, as bytes by path
    """
    with TemporaryDirectory() as parent:
        folder = Path(shutil.copytree(SETTINGS, Path(parent, "lite")))
        shutil.copy(OVERRIDES, folder)
        for path, content in contents.items():
            file = folder / "contents" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        (folder / "pypi").mkdir()
        wheels = [FROM_WORKER + _wheel(name, folder / "pypi") for name in WHEELS]
        _complete(folder / "jupyter-lite.json", title, pyodide_url, wheels)
        _run_builder(folder, site)
    page = site / "lab" / "index.html"
    text = page.read_text(encoding="utf-8").replace("<head>", f"<head>\n    {NOTICE}", 1)
    page.write_text(text, encoding="utf-8")


def _wheel(name, folder):
    try:
        return write_wheel(name, folder)
    except PackageNotFoundError:
        raise _missing(f"a wheel of {name}") from None


def _complete(file, title, pyodide_url, wheels):
    """Write into the settings of JupyterLite what only this build knows."""
    settings = json.loads(file.read_text(encoding="utf-8"))
    data = settings["jupyter-config-data"]
    data["appName"] = title
    kernel = data["litePluginSettings"][f"{KERNEL}:kernel"]
    kernel["pyodideUrl"] = pyodide_url
    kernel["loadPyodideOptions"]["packages"] += wheels
    file.write_text(json.dumps(settings), encoding="utf-8")


def _run_builder(folder, site):
    """Let JupyterLite's own builder make the site of the settings, contents and wheels."""
    extensions = [f"--LiteBuildConfig.federated_extensions={_extension(n)}" for n in EXTENSIONS]
    done = subprocess.run(
        [sys.executable, "-m", "jupyterlite_core", "build", "--output-dir", site, *extensions],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stdout.strip().splitlines() or ["no word"])[-1]
        raise LiteError(f"JupyterLite was not built: {last}")


def _extension(name):
    """Return the folder of an installed extension of JupyterLab."""
    for folder in jupyter_path("labextensions", name):
        if Path(folder).is_dir():
            return folder
    raise _missing(f"JupyterLab's extension {name}")


def _missing(what):
    install = "pip install -r requirements.txt"
    return LiteError(f"JupyterLite needs {what}, which is not installed: {install}")
