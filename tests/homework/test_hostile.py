"""Hostile submissions in one batch with honest ones, graded by root.

test_hostile_unprivileged.py has the same tests, with an ordinary user as the grader, of those that
attack what is another one's then: files, processes, limits.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from .classroom import (
    as_bytes,
    hand_in,
    make_course,
    need_bubblewrap,
    need_user,
    nwgrade,
    nwgrade_here,
    with_gradebook,
)
from .hostile import ALL, HONEST, NAME, NOTEBOOKS, SECRET

# A cell that stops with one of these has not attacked: it was written wrong.
MISTAKES = re.compile(
    r"(Syntax|Indentation|Tab|Name|UnboundLocal|Attribute)Error"
    r"|cell \d+: (Import|ModuleNotFound|Type|Value|Key|Index)Error"
)


TRIED = ALL  # the other module has fewer


def pytest_generate_tests(metafunc):
    if "student" in metafunc.fixturenames:
        metafunc.parametrize("student", metafunc.module.TRIED)


@pytest.fixture(scope="module")
def user():
    """Who grades; the other module has another."""
    return "root"


def digests(folder):
    """Return the digest of each file of the course that grading has no business with."""
    return {
        path.relative_to(folder): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
        and path.relative_to(folder).parts[0] not in ("autograded", "gradebook.db")
    }


@pytest.fixture(scope="module")
def batch(tmp_path_factory, user, request):
    """Grade the honest ones alone, then all; return what there is to be compared."""
    need_bubblewrap()
    need_user(user)
    course = with_gradebook(make_course(tmp_path_factory.mktemp("course"), NAME), NAME)
    (course / "source" / NAME / "data.csv").write_text("1,2\n")
    scratch = tmp_path_factory.mktemp("scratch")
    limits = ("--seconds", 1.5, "--megabytes", 1024, "--workers", 2, "--json")
    for student, content in HONEST.items():
        hand_in(course, NAME, student, content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(scratch))
        patch.setenv("HOSTILE_SECRET", SECRET)
        alone = nwgrade(course, "grade", NAME, *limits, user=user)
        for student, one in request.module.TRIED.items():
            content = as_bytes(one.content).replace(b"COURSE", str(course).encode())
            hand_in(course, NAME, student, content)
        before = digests(course)
        ran = nwgrade(course, "grade", NAME, "--again", *limits, user=user)
    alone = {row["student"]: row for row in alone.json}
    return Batch(course, scratch, before, alone, ran, request.module.TRIED)


@dataclass
class Batch:
    course: Path
    scratch: Path
    before: dict
    alone: dict
    ran: object
    tried: dict

    @property
    def rows(self):
        return {row["student"]: row for row in self.ran.json}

    def _folder(self, student):
        return self.course / "autograded" / student / NAME

    def said(self, student):
        """Return a line for all that a submission has let us know, in order."""
        result = json.loads((self._folder(student) / "result.json").read_text())
        lines = [f"cell {position}: {message}" for position, message in result.get("cells", ())]
        checks = result.get("verdicts", ())
        lines += [f"{one['check']}: {one['message']}" for one in checks if one["message"]]
        figures = [path.name for path in self._folder(student).glob("*.png")]
        return [*lines, f"figures: {figures}", result.get("problem", "")]


def test_the_batch_ends_and_nothing_of_it_has_failed(batch):
    assert batch.ran.code == 0
    assert batch.rows.keys() == batch.tried.keys() | HONEST.keys()


def test_honest_submissions_have_the_points_that_they_have_alone(batch):
    assert {student: batch.rows[student] for student in HONEST} == batch.alone
    assert [batch.rows[student]["earned"] for student in HONEST] == [68, 14, 0]


def test_a_hostile_submission_gets_what_its_honest_part_deserves(batch, student):
    row, expected = batch.rows[student], ALL[student]
    assert (row["status"], row["earned"]) == (expected.status, expected.points)


def test_a_hostile_submission_does_what_it_is_meant_to(batch, student):
    said = "\n".join(batch.said(student))
    assert ALL[student].sign
    assert re.search(ALL[student].sign, said, re.DOTALL | re.MULTILINE), said
    assert student in NOTEBOOKS or not MISTAKES.search(said), said


def test_no_file_of_the_course_has_changed(batch):
    assert digests(batch.course) == batch.before


def test_nothing_of_the_sandboxes_is_left(batch):
    assert not list(batch.scratch.iterdir())
    commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not [one for one in commands if bytes(batch.scratch) in one]


def test_what_submissions_say_is_short_and_printable(batch):
    for student in batch.tried:
        said = batch.said(student)
        assert all(len(line) <= 1100 and line.isprintable() for line in said), student


def test_pages_show_markup_as_text(batch):
    assert nwgrade_here(batch.course, "feedback", NAME).code == 0
    for student in ("markup", "figure-of-another-kind"):
        page = (batch.course / "feedback" / student / NAME / "feedback.html").read_text()
        assert "<script" not in page
        assert "onerror" not in page or "&lt;img src=x onerror" in page
    shown = (batch.course / "autograded" / "markup" / NAME / f"{NAME}.ipynb").read_text()
    markdown = [c for c in json.loads(shown)["cells"] if c["cell_type"] == "markdown"]
    assert "alert(1)" in str(markdown)
    assert "<script" not in str(markdown)
    assert "<img" not in str(markdown)
