"""Settings of every test: hypothesis tries the same examples on each run and machine."""

import sys

import pytest
from hypothesis import settings

settings.register_profile("stable", derandomize=True, deadline=None, database=None, max_examples=40)
settings.load_profile("stable")


def pytest_configure(config):
    """Measure no coverage in the kernels of nbval: the tests alone must reach all of nwlib."""
    config.option.cov_source = None


@pytest.fixture(autouse=True)
def close_figures():
    """Leave no figure open, where a test has made one."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
