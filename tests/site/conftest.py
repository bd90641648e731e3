"""The book's own Sphinx extensions, as modules."""

import sys
import warnings
from importlib import import_module
from pathlib import Path

import pytest

FOLDER = str(Path(__file__).parents[2] / "pages")


@pytest.fixture(scope="session")
def extension():
    """Imports an extension by its name."""

    def extension(name):
        sys.path.insert(0, FOLDER)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # how fontpkg finds its files
                return import_module(f"extensions.{name}")
        finally:
            sys.path.remove(FOLDER)

    return extension
