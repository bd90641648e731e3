"""What `nwgrade items` says of a class: generated ones, whose answer is known."""

import numpy as np
import pytest

from nwgrade import gradebook
from nwgrade.checks import Failed, Student
from nwgrade.course import Course
from nwgrade.items import FEWEST, commonest, drawn, items
from nwgrade.standings import Part, Row

from .classroom import hand_in, make_course, notebook, nwgrade_here
from .submissions import assignment

HW1 = assignment("hw1")
CHECKS = [check.name for check in HW1.checks]
HIDDEN = ("unreadable", "failed", "not graded yet")


def row(student, earned, written=(None, None), status="graded", broken=()):
    """Return where a student stands who has earned the checks that are true in `earned`."""
    verdicts = [
        {
            "check": check.name,
            "cell": check.cell,
            "points": check.points,
            "earned": check.points * bool(is_earned),
            "message": "" if is_earned else "It is wrong.",
            "is_broken": check.name in broken,
        }
        for check, is_earned in zip(HW1.checks, earned, strict=True)
    ]
    cells = zip(HW1.written.items(), written, strict=True)
    parts = tuple(Part(name, cell.points, points) for (name, cell), points in cells)
    return Row(student, student, status, "", 0, parts, 0.0, lambda: {"verdicts": verdicts})


def outside(status):
    """Return where a student stands of whom there is nothing to count."""
    return Row(status, status, status, "", 0, (), 0.0, dict)


def a_class(rng, size, first=None):
    """Return a class with skill and luck; `first` says who earns the first check, by skill."""
    skill = rng.normal(size=size)
    earned = skill[:, None] + rng.normal(size=(size, len(CHECKS))) > np.linspace(-1, 1, len(CHECKS))
    if first is not None:
        earned[:, 0] = first(skill)
    return [row(str(i), one) for i, one in enumerate(earned)]


def of(rows, name):
    """Return what is known of the item of that name."""
    title = name.replace("_", " ") if name in CHECKS else name
    (one,) = (one for one in items(HW1, rows) if one["name"] == title)
    return one


def test_a_check_that_only_the_good_earn_discriminates():
    rng = np.random.default_rng(1)
    found = [of(a_class(rng, 200, lambda skill: skill > 0), CHECKS[0]) for _ in range(5)]
    # Which half one is in correlates with skill by sqrt(2 / pi) = 0.80, with a score less; 200
    # students tell it to 0.026. Three of them.
    assert all(0.6 < one["discrimination"] < 0.88 for one in found)
    halves = [row(str(i), [i < 20] * len(CHECKS)) for i in range(40)]
    assert of(halves, CHECKS[0])["discrimination"] == pytest.approx(1)
    assert of(halves, CHECKS[0])["earned"] == 0.5


def test_a_check_that_only_the_weak_earn_is_negative():
    rng = np.random.default_rng(2)
    assert of(a_class(rng, 200, lambda skill: skill < 0), CHECKS[0])["discrimination"] < -0.5


def test_a_check_that_chance_decides_is_near_zero_over_many_classes():
    rng = np.random.default_rng(3)
    found = [
        of(a_class(rng, 40, lambda skill: rng.random(skill.size) < 0.5), CHECKS[0])
        for _ in range(100)
    ]
    values = np.array([one["discrimination"] for one in found])
    # Each has a standard error of 1 / sqrt(39); that of their mean is a tenth. Four of them.
    assert abs(values.mean()) < 4 / np.sqrt(39) / 10
    assert 0.7 < values.std() * np.sqrt(39) < 1.3


def test_the_rest_is_the_score_without_the_item_itself():
    rng = np.random.default_rng(4)
    rows = a_class(rng, 30)
    points = np.array([check.points for check in HW1.checks])
    earned = np.array([[one["earned"] for one in row.result["verdicts"]] for row in rows])
    for at, name in enumerate(CHECKS):
        rest = earned.sum(axis=1) - earned[:, at]
        expected = np.corrcoef(earned[:, at], rest)[0, 1]
        assert of(rows, name)["discrimination"] == pytest.approx(expected)
        assert of(rows, name)["earned"] == pytest.approx(earned[:, at].mean() / points[at])


def test_where_nothing_can_be_told_the_reason_is():
    rng = np.random.default_rng(5)
    assert of(a_class(rng, FEWEST - 1), CHECKS[0])["remark"] == "too few"
    alike = of(a_class(rng, FEWEST, lambda skill: skill < 9), CHECKS[0])
    assert (alike["remark"], alike["discrimination"], alike["earned"]) == ("all alike", None, 1)
    assert of([outside("unreadable")], CHECKS[0])["earned"] is None
    assert {one["of"] for one in items(HW1, [])} == {0}


def test_what_died_counts_and_what_nobody_has_graded_does_not():
    everything, nothing = [True] * len(CHECKS), [False] * len(CHECKS)
    rows = [row("a", everything), row("b", nothing, status="died")]
    rows += [row("c", nothing, status="timed out"), *map(outside, HIDDEN)]
    assert of(rows, CHECKS[0])["of"] == 3
    assert of(rows, CHECKS[0])["earned"] == pytest.approx(1 / 3)
    assert of(rows, CHECKS[0])["instead"] == [(2, "It is wrong.")]


def test_a_broken_check_and_an_answer_that_waits_are_not_held_against_anyone():
    everything = [True] * len(CHECKS)
    rows = [row("a", everything, (9, None)), row("b", everything, (None, 14), broken=CHECKS[:1])]
    assert of(rows, CHECKS[0])["of"] == 1
    assert of(rows, CHECKS[1])["of"] == 2
    assert (of(rows, "derivation")["of"], of(rows, "derivation")["earned"]) == (1, 0.5)
    assert (of(rows, "figure")["of"], of(rows, "figure")["earned"]) == (1, 1)


# ---- What came instead ----


def messages(name, answer, count=8):
    """Return what a check says to students with the same mistake, each with inputs of their own."""
    (check,) = (check for check in HW1.checks if check.name == name)
    found = []
    for seed in range(count):
        try:
            check.run(Student(lambda asked: answer(*asked["args"])), np.random.default_rng(seed))
        except Failed as failed:
            found.append(str(failed))
    assert len(set(found)) == count
    return found


def truth(x):
    return 3 * np.exp(-x / 2) + np.cos(2 * x)


@pytest.mark.parametrize(
    "name, answer, told",
    [
        (
            "truth_has_the_right_values",
            lambda x: {"value": -truth(x)},
            "truth(...) gave -1 times what was expected.",
        ),
        (
            "truth_has_the_right_values",
            lambda x: {"value": truth(x) + 0.25},
            "truth(...) gave 0.25 more than was expected.",
        ),
        (
            "truth_has_the_right_values",
            lambda x: {"value": np.full(x.shape, np.nan)},
            "truth(...) gave nan, where another value was expected.",
        ),
        (
            "truth_has_the_right_values",
            lambda x: {"value": np.sin(99 * x)},
            "truth(...) gave another value than was expected.",
        ),
        (
            "truth_takes_arrays_of_any_shape",
            lambda x: {"value": truth(x.T)},
            "truth(...) should have the shape (2, 4), but has (4, 2).",
        ),
        (
            "inputs_are_in_ascending_order",
            lambda rng, n: {"value": np.zeros((n, 1))},
            "make_inputs(...) should have the shape (n,), but has (n, 1).",
        ),
        (
            "inputs_are_in_ascending_order",
            lambda rng, n: {"error": f"IndexError: index {n} is out of bounds for float64[{n}]"},
            "make_inputs(...) raised IndexError: index n is out of bounds for float64[n]",
        ),
    ],
)
def test_what_students_share_is_told_without_their_random_inputs(name, answer, told):
    ((count, text),) = commonest(messages(name, answer))
    assert count == 8
    assert text.startswith(told)  # the hint of the check follows


def test_the_commonest_mistake_comes_first_and_hints_keep_their_numbers():
    said = [f"fresh_error() gave {x}, where {2 * x} was expected. See (1.4)." for x in (3.5, 1.25)]
    said += ["There is no truth in your notebook, or it is not a function."] * 3
    assert list(commonest(said)) == [
        (3, said[-1]),
        (2, "fresh_error(...) gave 0.5 times what was expected. See (1.4)."),
    ]


# ---- Shown ----


def test_the_picture_names_every_item():
    rng = np.random.default_rng(6)
    found = [one for one in items(HW1, a_class(rng, 30)) if not one["remark"]]
    picture = drawn("hw1", found)
    assert len(found) == len(CHECKS)
    for one in found:
        assert f"<!-- {one['name']} -->" in picture
    assert len(drawn("hw1", found[:1])) < len(picture)


@pytest.fixture
def course(tmp_path):
    """A course of 24 that was graded without a sandbox, as `grade` stores it."""
    folder = make_course(tmp_path, "hw1")
    course = Course(folder)
    gradebook.release(course, HW1)
    for student in range(24):
        hand_in(folder, "hw1", f"s{student:02}", notebook("hw1", f"student = {student}", figure=""))
    with gradebook.gradebook(course) as book:
        for number, submission in enumerate(course.submissions("hw1").values()):
            stamp = {"version": submission.version, "seed": number, "grader": "g"}
            result = {"status": "unreadable", "problem": "Not a notebook."}
            if number:
                earned = [number % 3 > 0] * 7 + [number % 2 > 0] * 7
                verdicts = row("", earned).result["verdicts"]
                verdicts[0]["message"] = (
                    verdicts[0]["message"] and "truth(2) raised [bold]: x[/b] :smile:"
                )
                result = {"status": "graded", "problem": "", "verdicts": verdicts, "cells": []}
            gradebook.store(course, HW1, submission, stamp, result, book, "now")
        gradebook.give(book, HW1, "s01", "derivation", 9, "")
        book.db.commit()
    return folder


def test_the_command_prints_items_and_draws_them(course, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    ran = nwgrade_here(course, "items", "hw1")
    assert (ran.code, ran.err) == (0, "")
    assert "hw1, 23 submissions" in ran.out
    assert "truth(...) raised [bold]: x[/b] :smile:" in ran.out
    assert "Not counted: 1 unreadable." in ran.out
    assert (course / "export" / "hw1-items.svg").read_text().count("noise floor is right") == 1
    told = nwgrade_here(course, "items", "hw1", "--json").json
    by_name = {one["name"]: one for one in told["items"]}
    assert told["submissions"] == 23
    assert told["not_counted"] == {"unreadable": 1}
    assert by_name["truth has the right values"]["earned"] == pytest.approx(16 / 23)
    assert by_name["truth has the right values"]["discrimination"] > 0.3
    assert (by_name["derivation"]["of"], by_name["derivation"]["remark"]) == (1, "too few")
    assert by_name["figure"]["remark"] == "all alike"
