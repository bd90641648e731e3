"""What test_hostile.py tries, with an ordinary user as the grader, who owns what root does not."""

import pytest

from .hostile import ALL, IN_ANY_ROLE
from .test_hostile import *  # noqa: F403

TRIED = {name: one for name, one in ALL.items() if name not in IN_ANY_ROLE}


@pytest.fixture(scope="module")
def user():
    return "ordinary"
