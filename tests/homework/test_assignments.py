"""What holds for each assignment: the solutions get all, what is handed out gets nothing."""

import numpy as np
import pytest

from nwgrade.checks import Failed, compare

from . import submissions
from .submissions import grade, lost

NAMES = sorted(path.stem for path in (submissions.HOMEWORK / "checks").glob("*.py"))


@pytest.fixture(scope="module", params=NAMES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def sandbox(name):
    return submissions.maker_of_sandboxes(name)


def test_there_are_five():
    assert NAMES == ["hw1", "hw2", "hw3", "hw4", "hw5"]


def test_the_assignment_is_consistent(name):
    assert submissions.faults(name) == []


@pytest.mark.parametrize("seed", range(5))
def test_the_solutions_get_all_points(name, seed, sandbox):
    report = grade(name, submissions.instructor(name), sandbox, seed)
    assert lost(report) == set()
    assert report.cells == ()
    assert report.earned == report.points == sum(submissions.assignment(name).tests.values()) >= 60


def test_the_release_gets_nothing_and_runs_from_top_to_bottom(name, sandbox):
    release = submissions.release(name)
    assert grade(name, release, sandbox).earned == 0
    assert submissions.run_everything(release, sandbox) == ()


def test_the_solved_notebook_runs_from_top_to_bottom(name, sandbox):
    assert submissions.run_everything(submissions.instructor(name), sandbox) == ()


@pytest.mark.parametrize("got", [True, np.array([True, False])])
def test_truths_are_no_numbers_unless_they_are_expected(got):
    expected = np.asarray(got)
    compare(got, expected, "f()")
    with pytest.raises(Failed, match="should return numbers"):
        compare(got, expected.astype(float), "f()")


def test_a_secret_number_is_not_told():
    with pytest.raises(Failed, match=r"^f\(\) is not what was asked for. Look again.$"):
        compare(3.0, 0.375, "f()", hint="Look again.", secret=True)
