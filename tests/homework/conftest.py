"""Sandboxes for the submissions of a module about one assignment, which it calls NAME."""

import pytest

from . import submissions


@pytest.fixture(scope="module")
def sandbox(request):
    """What makes a new one for each submission."""
    return submissions.maker_of_sandboxes(request.module.NAME)
