"""JupyterLab as `make lab` opens it."""

from pathlib import Path

from jupyter_core.paths import jupyter_path
from jupyterlab_server.config import get_page_config

ROOT = Path(__file__).parents[2]


def test_readers_see_no_menu_of_nbgrader():
    """It is there for the grader's gradebook alone."""
    config = get_page_config(jupyter_path("labextensions"), app_settings_dir=str(ROOT / ".binder"))
    assert "@jupyter/nbgrader" in config["disabledExtensions"]
    assert 'app_settings_dir="$(CURDIR)/.binder"' in (ROOT / "Makefile").read_text()
