"""The JupyterLite in the site has what the chapters and the homework need, and nothing secret."""

import json
import re
import subprocess
import sys
import zipfile
from importlib.metadata import requires
from pathlib import Path
from types import SimpleNamespace

import cells
import jupyterlite
import nbformat
import pytest
import refresh
import wheels
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
SETTINGS = "@jupyterlite/pyodide-kernel-extension:kernel"
# https://pyodide.org/en/0.27.7/usage/packages-in-pyodide.html
PYODIDE = {"numpy": "2.0.2", "matplotlib": "3.8.4", "ipython": "8.23.0", "python": "3.12.7"}


@pytest.fixture(scope="module")
def lite(extension):
    return extension("lite")


@pytest.fixture(scope="module")
def kernel(site):
    config = json.loads((site / "lite" / "jupyter-lite.json").read_text())
    return config["jupyter-config-data"]["litePluginSettings"][SETTINGS]


def test_it_holds_the_book_and_the_homework_as_students_get_it(site):
    files = site / "lite" / "files"
    notebooks = {path.relative_to(files).as_posix() for path in files.rglob("*.ipynb")}
    ours = {path.relative_to(ROOT).as_posix() for path in refresh.notebooks()}
    homework = {f"homework/hw{i}/hw{i}.ipynb" for i in range(1, 7)}
    assert notebooks == ours | homework
    for name in ours:
        assert (files / name).read_bytes() == (ROOT / name).read_bytes()
    for name in homework:
        assert "YOUR CODE HERE" in (files / name).read_text(encoding="utf-8")
    assert (files / "homework" / "hw5" / "nile.csv").exists()
    assert (files / "pages" / "static" / "map.svg").exists()


def test_its_nwlib_is_the_one_of_this_commit_and_can_be_installed(site, kernel, tmp_path):
    (wheel,) = (site / "lite" / "pypi").glob("nwlib-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.startswith("nwlib/")]
        sources = ROOT.glob("nwlib/**/*.py")
        assert sorted(names) == sorted(path.relative_to(ROOT).as_posix() for path in sources)
        for name in names:
            assert archive.read(name) == (ROOT / name).read_bytes()
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "-q", "--target", tmp_path]
    subprocess.run([*command, wheel], check=True)
    code = "import nwlib.fast; print(nwlib.__file__, nwlib.fast.fit_w([0, 1, 2], [7, 7, 7]))"
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=True
    )
    assert str(tmp_path) in said.stdout.decode()
    assert any(package.endswith(wheel.name) for package in kernel["loadPyodideOptions"]["packages"])


def test_it_asks_nobody_for_packages(kernel):
    assert kernel["disablePyPIFallback"] is True
    assert kernel["pyodideUrl"].startswith("https://cdn.jsdelivr.net/pyodide/v0.27.7/")


def test_the_versions_in_pyodide_are_among_those_that_nwlib_takes():
    for text in requires("nwlib"):
        requirement = Requirement(text)
        if requirement.name in PYODIDE:
            assert requirement.specifier.contains(PYODIDE[requirement.name]), text


@pytest.mark.parametrize(
    "url", ["", "pyodide.js", "https://x.example/pyodide/", "ftp://x/pyodide.js"]
)
def test_an_address_of_pyodide_that_is_none_stops_the_build(lite, url):
    with pytest.raises(Exception, match=r"pyodide_url in _config\.yml must be an address"):
        lite.check_config(None, SimpleNamespace(pyodide_url=url))


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://school.example:8080/python/pyodide.js", "school.example:8080"),
        ("/pyodide/pyodide.js", "the server of this site"),
    ],
)
def test_a_page_can_say_where_pyodide_comes_from(lite, url, host):
    lite.check_config(None, SimpleNamespace(pyodide_url=url))
    config = SimpleNamespace(pyodide_url=url)
    settings = SimpleNamespace(env=SimpleNamespace(config=config))
    inliner = SimpleNamespace(document=SimpleNamespace(settings=settings))
    (node,), _ = lite.pyodide_role("pyodide", "", "host", 1, inliner)
    assert node.astext() == host


def test_a_package_that_is_missing_stops_the_build(tmp_path):
    with pytest.raises(
        jupyterlite.LiteError, match="needs a wheel of nosuch, which is not installed: pip"
    ):
        jupyterlite._wheel("nosuch", tmp_path)


def test_a_wheel_has_the_same_bytes_whenever_it_is_made(site, tmp_path):
    for wheel in (site / "lite" / "pypi").glob("*.whl"):
        name = wheels.write_wheel(wheel.name.partition("-")[0], tmp_path)
        assert (tmp_path / name).read_bytes() == wheel.read_bytes()


def test_what_stops_the_builder_of_jupyterlite_is_told(tmp_path):
    (tmp_path / "jupyter-lite.json").write_text("{", encoding="utf-8")
    with pytest.raises(jupyterlite.LiteError, match=r"^JupyterLite was not built: .*\w"):
        jupyterlite._run_builder(tmp_path, tmp_path / "site")


def test_an_extension_of_jupyterlab_that_is_missing_stops_the_build():
    assert Path(jupyterlite._extension("jupyterlab-myst")).is_dir()
    with pytest.raises(
        jupyterlite.LiteError, match="extension nosuch, which is not installed: pip install"
    ):
        jupyterlite._extension("nosuch")


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("import numpy as np, os.path\nfrom nwlib.plots import show", ""),
        ("from matplotlib import pyplot", ""),
        ("from . import x", ""),
        ("def half(x):\n    return (", ""),
        ("if x:\n    import scipy.stats", "scipy"),
        ("from torch.nn import Linear", "torch"),
        ("import subprocess", "subprocess"),
        ("import threading", "threading"),
        ("!pip list", "a command of the system"),
        ("files = !ls", "a command of the system"),
    ],
)
def test_what_a_browser_does_not_have_is_found(source, what):
    problems = list(cells.foreign(source))
    assert len(problems) == bool(what)
    assert all(problem.startswith(what) for problem in problems)


def test_the_settings_free_the_arrow_keys_for_sliders_only(site):
    config = json.loads((site / "lite" / "jupyter-lite.json").read_text())
    settings = config["jupyter-config-data"]["settingsOverrides"]
    shortcuts = settings["@jupyterlab/shortcuts-extension:shortcuts"]["shortcuts"]
    old = {(s["command"], *s["keys"]): s["selector"] for s in shortcuts if s.get("disabled")}
    new = {(s["command"], *s["keys"]): s["selector"] for s in shortcuts if not s.get("disabled")}
    assert len(old) == 4
    assert new == {key: f"{selector}:not([role=slider])" for key, selector in old.items()}


def test_the_first_cell_asks_colab_for_nwlib_and_does_nothing_elsewhere():
    sources = set()
    for path in refresh.notebooks():
        nb = nbformat.read(path, as_version=4)
        first = next(cell for cell in nb.cells if cell.cell_type == "code")
        assert first.metadata.tags == ["remove-cell"]
        assert first.metadata.jupyter.source_hidden
        assert not first.outputs
        sources.add(first.source)
    (source,) = sources
    asked = []
    shell = SimpleNamespace(run_line_magic=lambda *command: asked.append(command))
    code = compile(source, "first cell", "exec")
    exec(code, {"get_ipython": lambda: shell})
    assert not asked
    sys.modules["google.colab"] = sys
    try:
        exec(code, {"get_ipython": lambda: shell})
    finally:
        del sys.modules["google.colab"]
    ((magic, what),) = asked
    assert magic == "pip"
    assert re.fullmatch(r"install -q (git\+https://github\.com/\S+/\S+|nwlib==\S+)", what)
