"""What test_hostile.py tries, with an ordinary user as the grader, who owns what root does not."""

import pytest

from .test_hostile import *  # noqa: F403


@pytest.fixture(scope="module")
def user():
    return "ordinary"
