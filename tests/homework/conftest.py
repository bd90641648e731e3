"""One warm sandbox for all tests of a module about one assignment, which it calls NAME."""

import pytest

from . import submissions


@pytest.fixture(scope="module")
def sandbox(request):
    with submissions.open_sandbox(request.module.NAME) as sandbox:
        yield sandbox
