"""Every notebook of the book runs in the Python of a browser, and prints there what is stored.

Node starts the kernel of the site's JupyterLite once, for all notebooks. What JupyterLab does
around it is tested in test_lite.py. A notebook is run again when it, nwlib or the kernel changes.
"""

import hashlib
import json
import shutil
from pathlib import Path

import nbformat
import pytest
import refresh
from nbformat.v4 import new_code_cell, new_notebook
from once import run

from . import jupyter
from .book import ROOT
from .engines import missing

HERE = Path(__file__).parent
NOTEBOOKS = [path.relative_to(ROOT).with_suffix("").as_posix() for path in refresh.notebooks()]
BROKEN = {
    "import threading\nthreading.Thread(target=print).start()": "can't start new thread",
    "from concurrent.futures import ThreadPoolExecutor\n"
    "with ThreadPoolExecutor() as pool:\n    list(pool.map(print, 'a'))": "can't start new thread",
    "import subprocess\nsubprocess.run(['ls'])": "does not support processes",
    "import torch": "No module named 'torch'",
    "print(1)": "",
}


@pytest.fixture(scope="module")
def said(request, site, pyodide, tmp_path_factory):
    """What each cell has said in Pyodide, by notebook."""
    if not shutil.which("node"):
        missing("Node", "nodejs")
    folder = tmp_path_factory.mktemp("pyodide")
    shutil.copytree(site / "lite" / "files", folder / "drive")
    cells = [new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(BROKEN)]
    broken = new_notebook(cells=cells)
    nbformat.write(broken, folder / "drive" / "broken.ipynb")
    kept = request.config.cache.mkdir("in-pyodide")
    wheels = (site / "lite" / "pypi").glob("*.whl")
    common = [site / "lite" / "jupyter-lite.json", *sorted(wheels), *sorted(HERE.glob("pyodide*"))]
    files = {}
    for name in (*NOTEBOOKS, "broken"):
        parts = [*common, folder / "drive" / f"{name}.ipynb"]
        key = hashlib.sha256(b"".join(path.read_bytes() for path in parts)).hexdigest()[:12]
        files[name] = Path(kept, f"{key}.json")
    if wanted := [name for name, file in files.items() if not file.exists()]:
        output = folder / "said.json"
        paths = [f"{name}.ipynb" for name in wanted]
        run("node", HERE / "pyodide.mjs", pyodide, site / "lite", output, folder / "drive", *paths)
        for path, cells in json.loads(output.read_text()).items():
            files[path.removesuffix(".ipynb")].write_text(json.dumps(cells))
    return {name: json.loads(file.read_text()) for name, file in files.items()}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_and_prints_what_is_stored(said, name):
    cells = said[name]
    assert not [cell["error"] for cell in cells if cell["error"]]
    assert not {cell["stderr"].strip() for cell in cells} - {"", jupyter.FONTS}
    assert [cell["stdout"] for cell in cells] == jupyter.stored(name)


def test_what_a_browser_cannot_do_fails(said):
    for cell, problem in zip(said["broken"], BROKEN.values(), strict=True):
        assert problem in cell["error"]
        assert bool(problem) == bool(cell["error"])
