"""The book's own Sphinx extensions, as modules."""

import sys
from importlib import import_module
from pathlib import Path

import pytest

FOLDER = str(Path(__file__).parents[2] / "_ext")


@pytest.fixture(scope="session")
def extension():
    """Imports an extension by its name."""

    def extension(name):
        sys.path.insert(0, FOLDER)
        try:
            return import_module(name)
        finally:
            sys.path.remove(FOLDER)

    return extension
