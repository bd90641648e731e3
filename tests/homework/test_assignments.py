"""What holds for each assignment: the solutions get all, what is handed out gets nothing."""

import re

import numpy as np
import pytest

from nwgrade.checks import Check, Failed, Student, compare
from nwgrade.judge import judge

from . import submissions
from .submissions import NAMES, grade, lost


@pytest.fixture(scope="module", params=NAMES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def sandbox(name):
    return submissions.maker_of_sandboxes(name)


def earned(report):
    return sum(verdict.earned for verdict in report.verdicts)


def test_there_are_six():
    assert NAMES == ["hw1", "hw2", "hw3", "hw4", "hw5", "hw6"]


def test_the_assignment_is_consistent(name):
    assert submissions.faults(name) == []


@pytest.mark.parametrize("seed", range(5))
def test_the_solutions_get_all_points(name, seed, sandbox):
    where = sandbox if seed == 0 else submissions.in_this_process(name)
    report = grade(name, submissions.instructor(name), where, seed)
    assert lost(report) == set()
    assert report.cells == ()
    assert earned(report) == sum(submissions.assignment(name).tests.values()) >= 60


def test_the_release_gets_nothing_and_runs_from_top_to_bottom(name, sandbox):
    release = submissions.release(name)
    assert earned(grade(name, release, sandbox)) == 0
    assert submissions.run_everything(release, sandbox) == ()


def test_the_solved_notebook_runs_from_top_to_bottom(name, sandbox):
    assert submissions.run_everything(submissions.instructor(name), sandbox) == ()


@pytest.mark.parametrize("got", [True, np.array([True, False])])
def test_truths_are_no_numbers_unless_they_are_expected(got):
    expected = np.asarray(got)
    compare(got, expected, "f()")
    with pytest.raises(Failed, match="should return numbers"):
        compare(got, expected.astype(float), "f()")


def test_half_precision_is_not_enough():
    compare(np.float32(1 / 3), 1 / 3, "f()")
    with pytest.raises(Failed, match="was expected"):
        compare(np.float16(1 / 3), 1 / 3, "f()")


def test_what_is_given_is_asked_for_in_no_later_check(name):
    """It is inside of the sandbox then, so it must not be worth a point any more."""
    given, wrong = set(), set()

    def ask(message):
        if "call" in message:
            assert message["call"] not in given
        given.update(re.findall(r"(?m)^def (\w+)", message.get("run", "")))
        return {"error": "nothing is right"}

    for check in submissions.checks(name):
        with pytest.raises(Failed, match="nothing is right"):
            check.run(Student(ask, wrong), np.random.default_rng(0))
    assert given


def base(x):
    return 2 * x


BLIND = [  # a reader got past the visible tests with each of these
    ("hw1", "floor", "np.mean(sigma**2)", "np.mean(sigma) ** 2"),
    ("hw1", "floor", "np.mean(sigma**2)", "np.mean(sigma)"),
    ("hw4", "masked_softmax", "scores / temperature", "scores"),
    ("hw4", "laplace_scores", "-w *", "-1 *"),
    ("hw4", "dot_product_attention", " / np.sqrt(keys.shape[1])", ""),
    ("hw4", "dot_product_scores", "w**2 *", "0 *"),
    (
        "hw5",
        "weights",
        "-w * np.abs(keys[:, None] - keys)",
        "-(((keys[:, None] - keys) * w)**2) / 2",
    ),
    ("hw5", "loss", "np.abs(predictions - values)", "(predictions - values) ** 2"),
    ("hw6", "hat_matrix", "** 2) / 2)", "** 2))"),
    (
        "hw6",
        "hat_matrix",
        "((index[:, None] - index) ** 2)",
        "(((keys[:, None] - keys) * a) ** 2).sum(axis=2)",
    ),
    ("hw6", "other_days", "days[:, None] != days", "~np.eye(len(days), dtype=bool)"),
    ("hw6", "other_days", " / seen.sum(axis=1, keepdims=True)", ""),
    ("hw6", "gradient", "return 2 *", "return"),
    ("hw6", "gradient", "other_days(hat_matrix(keys, a), days)", "hat_matrix(keys, a)"),
    ("hw6", "band", "np.sum(rest**2)", "len(values)"),
    ("hw6", "band", "np.sum(hat**2, axis=1)", "np.sum(hat**2, axis=0)"),
    ("hw6", "band", "np.sum(hat**2, axis=1)", "np.diag(hat) ** 2"),
    ("hw6", "coverage", "truth <= bands", "winters <= bands"),
    ("hw6", "coverage", "in winters]", "in [winters.mean(axis=0)]]"),
]


@pytest.mark.parametrize("which, answer, old, new", [*BLIND, ("hw4", "masked_softmax", "-", "-")])
def test_the_visible_tests_see(which, answer, old, new, capsys):
    names = {}
    for cell in submissions.instructor(which):
        if cell.kind == "code":
            text = cell.source.replace(old, new) if cell.grade_id == answer else cell.source
            exec(text, names)
        if cell.grade_id == f"{answer}-test":
            break
    assert ("not yet" in capsys.readouterr().out) == (old != new)


def test_what_is_given_is_taken_back(sandbox, name):
    def the_base(student, rng):
        student.expect("base", 3.0, equals=6.0)

    def on_a_right_base(student, rng):
        student.expect("part", 3.0, equals=7.0, given=[base])

    def on_its_own_base(student, rng):
        student.expect("part", 3.0, equals=1.0)

    answers = "def part(x):\n    return base(x) + 1\n\ndef base(x):\n    return 0.0"
    cells = submissions.answered(name, answers)
    runs = [the_base, on_a_right_base, on_its_own_base, on_a_right_base]
    report = judge(cells, [Check(str(i), "", 1, run) for i, run in enumerate(runs)], sandbox, 0)
    assert earned(report) == 3


def test_on_a_base_that_was_not_found_wrong_there_is_no_second_try():
    asked = []

    def ask(message):
        asked.append(message)
        return {"value": 6.0}

    student = Student(ask)
    student.expect("base", 3.0, equals=6.0)
    with pytest.raises(Failed, match="gave 6, where 7 was expected"):
        student.expect("part", 3.0, equals=7.0, given=[base])
    assert [message["call"] for message in asked] == ["base", "part"]


def test_what_was_stopped_is_not_asked_for_again():
    asked = []

    def ask(message):
        asked.append(message)
        raise Failed("Calling part: it took too long and was stopped.")

    with pytest.raises(Failed, match="too long"):
        Student(ask, {"base"}).expect("part", 3.0, equals=7.0, given=[base])
    assert len(asked) == 1


def test_a_secret_number_is_not_told():
    with pytest.raises(Failed, match=r"^f\(\) is not what was asked for. Look again.$"):
        compare(3.0, 0.375, "f()", hint="Look again.", secret=True)
