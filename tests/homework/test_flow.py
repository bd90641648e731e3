"""A term from the release to the scores, with the real nbgrader and the real sandbox."""

import json
import re
import zipfile
from types import SimpleNamespace

import pytest

from nwgrade.assignment import TEXT_STUB, handed_out, load_assignment
from nwgrade.course import Course
from nwgrade.notebooks import read_notebook

from .classroom import (
    LIGHT,
    add_cells,
    hand_in,
    make_course,
    make_zip,
    need_bubblewrap,
    notebook,
    untouched,
    with_gradebook,
)
from .inside import done, give, read_csv, run, standings, store, write_csv
from .submissions import NAMES

BLOCK = re.compile(r"(?ms)(?<=### BEGIN SOLUTION\n).+?(?=\n *### END SOLUTION$)")


@pytest.fixture(scope="module", autouse=True)
def sandbox():
    need_bubblewrap()


# ---- Release ----


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """A course of which all assignments are released."""
    course = make_course(tmp_path_factory.mktemp("released"))
    told = {name: done(course, "release", name) for name in NAMES}
    return SimpleNamespace(course=course, told=told)


@pytest.fixture(params=NAMES)
def handout(request, released):
    """One assignment, and its notebook as nbgrader has released it."""
    name = request.param
    file = released.course / "release" / name / f"{name}.ipynb"
    return SimpleNamespace(
        name=name,
        file=file,
        told=released.told[name],
        assignment=load_assignment(released.course, name),
        cells=read_notebook(file.read_bytes()),
    )


def test_the_release_is_what_the_grader_takes_for_handed_out(handout):
    expected = [(cell.grade_id, cell.source) for cell in handed_out(handout.assignment)]
    assert [(cell.grade_id, cell.source) for cell in handout.cells] == expected


def test_the_release_has_no_solution_and_no_check(handout):
    text = handout.file.read_text(encoding="utf-8")
    for mark in ("SOLUTION", "HIDDEN TEST", "student.expect", "import nwlib", "RUBRIC"):
        assert mark not in text
    sources = "\n".join(cell.source for cell in handout.cells)
    solutions = [cell for cell in handout.assignment.cells if cell.is_solution]
    secret = [cell.source for cell in solutions if cell.kind == "markdown"]
    secret += [match[0] for cell in solutions for match in BLOCK.finditer(cell.source)]
    assert len(secret) >= len(solutions)
    assert not [text for text in secret if text in sources]


def test_the_release_has_nbgraders_marks_and_no_output(handout):
    for cell in json.loads(handout.file.read_text(encoding="utf-8"))["cells"]:
        marks = cell["metadata"]["nbgrader"]
        assert marks["schema_version"] == 3
        assert marks.get("checksum") or not (marks["grade"] or marks["locked"])
        assert not cell.get("outputs")


def test_the_zip_has_the_notebook_and_its_data_and_nothing_else(handout):
    with zipfile.ZipFile(handout.told["zip"]) as packed:
        names = {file.name for file in handout.assignment.files} | {f"{handout.name}.ipynb"}
        assert set(packed.namelist()) == {f"{handout.name}/{name}" for name in names}
        assert packed.read(f"{handout.name}/{handout.name}.ipynb") == handout.file.read_bytes()
    assert handout.told["points"] == 100


def test_nbgrader_validates_the_solutions_and_finds_what_is_unanswered(released):
    from nbgrader.validator import Validator

    course = released.course
    solved = Validator().validate(str(course / "source" / "hw1" / "hw1.ipynb"))
    assert not solved.keys() & {"failed", "changed", "type_changed"}
    plain = Validator().validate(str(course / "release" / "hw1" / "hw1.ipynb"))
    assert plain["failed"]
    assert not plain.keys() & {"changed", "type_changed"}


def test_an_assignment_whose_parts_do_not_agree_is_not_released(tmp_path):
    course = make_course(tmp_path, "hw1")
    checks = course / "checks" / "hw1.py"
    text = checks.read_text(encoding="utf-8")
    text = text.replace('@check("world-test", points=4)', '@check("word-test", points=4)', 1)
    text = text.replace('drawn as points", 3)', 'drawn as points", 5)')
    checks.write_text(text, encoding="utf-8")
    path = course / "source" / "hw1" / "hw1.ipynb"
    made = json.loads(path.read_text(encoding="utf-8"))
    for cell in made["cells"]:
        if cell["metadata"]["nbgrader"]["grade_id"] == "slider-test":
            cell["metadata"]["nbgrader"]["points"] = 9
    code = next(cell for cell in made["cells"] if cell["cell_type"] == "code")
    code["source"] = "import nwlib\n" + "".join(code["source"])
    path.write_text(json.dumps(made), encoding="utf-8")
    ran = run(course, "release", "hw1")
    assert ran.code == 1
    for sentence in (
        "hw1 is not fit to be released.",
        "The points sum to 101, not to 100.",
        "Cell word-test gives 0 points, its checks 4.",
        "Cell world-test gives 14 points, its checks 10.",
        "Cell figure gives 14 points, its rubric 16.",
        "Cell slider-test gives 9 points, its checks 8.",
        "imports nwlib, which the sandbox does not have.",
    ):
        assert sentence in ran.err
    assert not (course / "release").exists()


def test_an_assignment_that_does_not_run_as_it_should_is_not_released(tmp_path):
    course = make_course(tmp_path, "hw1")
    path = course / "source" / "hw1" / "hw1.ipynb"
    made = json.loads(path.read_text(encoding="utf-8"))
    cells = {cell["metadata"]["nbgrader"]["grade_id"]: cell for cell in made["cells"]}
    code = next(cell for cell in made["cells"] if cell["cell_type"] == "code")
    wrong = "### BEGIN SOLUTION\n    return 2 * np.sin(x)\n    ### END SOLUTION"
    cells["world"]["source"] = f"def truth(x):\n    {wrong}\n\ndef noise_std(x):\n    {wrong}"
    told = "".join(cells["inputs"]["source"])
    told = told.replace("    ### BEGIN SOLUTION\n", "").replace("    ### END SOLUTION", "")
    rest = "### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION"
    cells["inputs"]["source"] = f"{told}\n\ndef rest():\n    {rest}"
    code["source"] = "".join(code["source"]) + "\nif True:\n    1 / 0"
    path.write_text(json.dumps(made), encoding="utf-8")
    ran = run(course, "release", "hw1")
    assert ran.code == 1
    assert "The solutions fail truth_has_the_right_values: truth(" in ran.err
    assert "stops with ZeroDivisionError" in ran.err
    assert "What is handed out passes inputs_are_in_ascending_order: it gives points" in ran.err
    assert "What is handed out: cell" in ran.err
    assert not (course / "release").exists()


# ---- A class on Moodle ----

SETTINGS = """
name = "Attention"
late_percent_per_day = 10
late_grace_hours = 2

[hw1]
due = 2026-03-02 23:59:00
extensions = { "14" = 2026-03-05 12:00:00 }
"""
WRONG = """
def truth(x):
    return 3 * np.exp(-x / 2)


def noise_std(x):
    return np.where(x < 3, 0.2, 0.2 + 0.15 * (x - 3))
"""
ON_TIME, IN_GRACE = "Monday, 2 March 2026, 8:15 PM", "Tuesday, 3 March 2026, 1:30 AM"
LATE = "Wednesday, 4 March 2026, 10:00 AM"  # 32 hours after the grace period
CLASS = {
    "11": ("Ada Lovelace", ON_TIME, notebook("hw1")),
    "12": ("Jürgen Müller", LATE, notebook("hw1", "print('hello')")),
    "13": ("Grace O'Hopper", IN_GRACE, notebook("hw1", "a = 1")),
    "14": ("Emmy Noether", LATE, notebook("hw1", "b = 1")),
    "15": ("Lou Ping", ON_TIME, notebook("hw1", "while True:\n    pass")),
    "16": ("Max Exit", ON_TIME, notebook("hw1", "import os\nos._exit(1)")),
    "17": ("Bob Broken", ON_TIME, "this is no notebook"),
    "18": ("Eve Empty", ON_TIME, untouched("hw1")),
    "20": ("陳 大文", ON_TIME, notebook("hw1", world=WRONG, figure="")),
}


def worksheet(path):
    """Write Moodle's offline grading worksheet of the class."""
    rows = [
        {
            "Identifier": f"Participant {student}",
            "Full name": name,
            "Email address": f"{student}@example.org",
            "Status": "Submitted for grading - ",
            "Grade": "",
            "Maximum Grade": "100.00",
            "Grade can be changed": "Yes",
            "Last modified (submission)": time,
            "Last modified (grade)": "-",
            "Feedback comments": "",
        }
        for student, (name, time, _) in {**CLASS, "19": ("Nora Nothing", "-", "")}.items()
    ]
    return write_csv(path, rows)


def moodle_zip(path, entries):
    """Write the zip of all submissions that Moodle gives."""
    return make_zip(
        path,
        [(f"{CLASS[s][0]}_{s}_assignsubmission_file_/hw1.ipynb", made) for s, made in entries],
    )


def fill_in(sheet):
    """Give each criterion its points but one, with a comment."""
    rows = read_csv(sheet)
    for row in rows:
        row["points"] = float(row["most"]) - (row["criterion"] == "1")
        row["comment"] = "Why is that?" if row["criterion"] == "1" else ""
    return write_csv(sheet, rows)


def everything(course):
    """Return all files of the course that its commands write, but the gradebook."""
    folders = ("submitted", "autograded", "feedback", "export", "archive", "release")
    paths = [path for folder in folders for path in (course / folder).rglob("*")]
    return {path.relative_to(course): path.read_bytes() for path in paths if path.is_file()}


@pytest.fixture(scope="module")
def term(tmp_path_factory):
    """What stands after each step of a term."""
    folder = tmp_path_factory.mktemp("term")
    course = make_course(folder / "course", "hw1", settings=SETTINGS)
    zipped = moodle_zip(folder / "all.zip", [(s, made) for s, (_, _, made) in CLASS.items()])
    sheet = worksheet(folder / "worksheet.csv")
    steps = SimpleNamespace(course=course, sheet=sheet)
    steps.collected = done(course, "collect", "hw1", zipped, "--worksheet", sheet)
    steps.graded = run(course, "grade", "hw1", "--seconds", "2")
    steps.before = standings(course)
    steps.refused = run(course, "export", "hw1", "--moodle", sheet)
    steps.partial = done(course, "export", "hw1", "--partial", "--output", folder / "partial.csv")
    steps.partial_scores = read_csv(folder / "partial.csv")
    steps.written = done(course, "written", "hw1")
    filled = fill_in(course / "export" / "hw1-written.csv")
    filled.rename(folder / "filled.csv")
    steps.read = done(course, "written", "hw1", "--read", folder / "filled.csv")
    steps.after = standings(course)
    steps.feedback = done(course, "feedback", "hw1")
    steps.exported = run(course, "export", "hw1", "--moodle", sheet)
    steps.moodle = read_csv(course / "export" / "hw1-moodle.csv")

    once = everything(course)
    run(course, "collect", "hw1", zipped, "--worksheet", sheet)
    steps.graded_again = run(course, "grade", "hw1", "--seconds", "2")
    done(course, "written", "hw1", "--read", folder / "filled.csv")
    done(course, "feedback", "hw1")
    done(course, "export", "hw1", "--moodle", sheet)
    twice = everything(course)
    steps.differ = {
        path for path in once.keys() | twice.keys() if once.get(path) != twice.get(path)
    }
    steps.after_all_again = standings(course)

    changed = notebook("hw1", derivation="On second thoughts: the noise has variance sigma^2.")
    rows = read_csv(sheet)
    rows[0]["Last modified (submission)"] = "Tuesday, 3 March 2026, 12:30 AM"
    later = write_csv(folder / "later.csv", rows)
    resubmitted = moodle_zip(folder / "again.zip", [("11", changed)])
    steps.recollected = done(course, "collect", "hw1", resubmitted, "--worksheet", later)
    steps.stale = standings(course)["11"]
    done(course, "grade", "hw1", "--seconds", "2")
    steps.resubmitted = standings(course)["11"]
    steps.waiting = done(course, "written", "hw1")["answers"]

    stamp = course / "submitted" / "12" / "hw1" / "timestamp.txt"
    stamp.write_text("2026-03-03 23:59\n", encoding="utf-8")
    steps.corrected = standings(course)["12"]
    stamp.write_text("yesterday\n", encoding="utf-8")
    steps.nonsense = run(course, "status", "hw1")
    stamp.write_text("2026-03-04 10:00:00 UTC\n", encoding="utf-8")
    settings = course / "course.toml"
    settings.write_text(SETTINGS.replace("day = 10", "day = 0"), encoding="utf-8")
    steps.without_policy = standings(course)["12"]
    return steps


def test_a_zip_of_moodle_is_collected_with_names_and_times(term):
    outcomes = {line["student"]: (line["name"], line["outcome"]) for line in term.collected}
    expected = {student: (name, "collected") for student, (name, _, _) in CLASS.items()}
    assert outcomes == expected | {"19": ("Nora Nothing", "nothing")}
    notes = {line["student"]: line.get("note", "") for line in term.collected}
    assert notes["12"] == "late: 2 days"
    assert notes["11"] == notes["13"] == notes["14"] == ""


def test_each_submission_has_its_status(term):
    assert {student: row["status"] for student, row in term.before.items()} == {
        **dict.fromkeys(["11", "12", "13", "14", "20"], "partly"),
        "15": "timed out",
        "16": "died",
        "17": "unreadable",
        "18": "graded",
        "19": "nothing submitted",
    }
    assert term.before["12"]["days_late"] == 2


def test_the_table_shows_where_everybody_stands(term):
    assert term.graded.code == 0
    for words in ("timed out", "died", "unreadable", "nothing submitted", "陳 大文", "0 + 32?"):
        assert words in term.graded.out
    (late,) = (line for line in term.graded.out.splitlines() if "Jürgen" in line)
    assert "2 d" in late


def test_checks_give_what_they_should(term):
    assert term.before["11"]["earned"] == 68
    assert term.before["15"]["earned"] == term.before["16"]["earned"] == 68  # the rest of it ran
    assert term.before["20"]["earned"] == 68 - 7
    assert term.before["18"]["score"] == 0


def test_what_was_not_graded_has_no_score(term):
    for student in ("17", "19"):
        assert term.before[student]["score"] is None
        (row,) = (row for row in term.partial_scores if row["student"] == student)
        assert row["score"] == row["earned"] == row["world-test"] == ""


def test_unfinished_work_is_not_exported(term):
    assert term.refused.code == 1
    assert "7 submissions are not graded to the end: 11 (partly), 12 (partly)" in term.refused.err
    assert "--partial" in term.refused.err
    assert sorted(term.partial["without_score"]) == ["17", "19"]


def test_a_person_grades_each_answer_in_words_once(term):
    assert term.written["answers"] == 13  # 7 students, one of them without a figure
    assert term.read == {"graded": 13}
    assert term.after["11"]["parts"]["derivation"] == 17
    assert term.after["11"]["status"] == "graded"
    assert term.after["11"]["score"] == 98
    assert term.after["20"]["parts"]["figure"] == 0


def test_lateness_costs_what_the_policy_says(term):
    after = {student: (row["days_late"], row["score"]) for student, row in term.after.items()}
    assert after["12"] == (2, 98 * 0.8)
    assert after["13"] == after["14"] == (0, 98)  # in the grace period; with an extension
    assert term.corrected["days_late"] == 1
    assert term.corrected["score"] == 98 * 0.9
    assert (term.without_policy["days_late"], term.without_policy["score"]) == (2, 98)


def test_a_date_that_is_none_is_told(term):
    assert term.nonsense.code == 1
    assert "timestamp.txt: 'yesterday' is no date like 2026-03-02 23:59." in term.nonsense.err


def test_pages_and_their_zip_go_to_those_who_have_handed_in(term):
    assert term.feedback["pages"] == 9
    names = {f"{n}_{s}_assignsubmission_file_/hw1-feedback.html" for s, (n, *_) in CLASS.items()}
    with zipfile.ZipFile(term.feedback["zip"]) as packed:
        assert set(packed.namelist()) == names
        page = packed.read("Ada Lovelace_11_assignsubmission_file_/hw1-feedback.html").decode()
    assert "<strong>98</strong> of 100 points" in page
    assert "Why is that?" in page
    own = term.course / "feedback" / "17" / "hw1" / "feedback.html"
    assert "This is not a 0." in own.read_text(encoding="utf-8")


def test_moodles_worksheet_is_filled_in_and_else_untouched(term):
    before = read_csv(term.sheet)
    assert term.exported.code == 0
    grades = {row["Identifier"][-2:]: row.pop("Grade") for row in term.moodle}
    assert [row | {"Grade": ""} for row in term.moodle] == before
    assert grades["11"] == "98.00"
    assert grades["12"] == "78.40"
    assert grades["17"] == grades["19"] == ""
    assert grades["18"] == "0.00"


def test_the_same_commands_again_change_nothing(term):
    assert "Nothing was new." in term.graded_again.out
    assert term.differ == set()
    assert term.after_all_again == term.after


def test_a_resubmission_loses_the_points_of_changed_answers_only(term):
    assert [line["outcome"] for line in term.recollected if line["student"] == "11"] == [
        "resubmitted"
    ]
    assert (term.stale["status"], term.stale["score"]) == ("not graded yet", None)
    assert term.resubmitted["status"] == "partly"
    assert term.resubmitted["parts"]["derivation"] is None
    assert term.resubmitted["parts"]["figure"] == 13
    assert term.resubmitted["seed"] != term.before["11"]["seed"]
    assert term.waiting == 1
    assert list((term.course / "archive" / "hw1" / "11").iterdir())


# ---- An assignment that is edited after it was graded ----

FIRST_ONLY = """
def squared_errors(prediction, y):
    return np.array([np.mean((y[0] - prediction) ** 2)])
"""


def edit(course, old, new):
    """Change something in the checks of the course's assignment."""
    path = course / "checks" / "hw1.py"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture(scope="module")
def edited(tmp_path_factory):
    """What is said after edits of the checks, bad ones and a good one, and after a loss."""
    course = with_gradebook(make_course(tmp_path_factory.mktemp("edited"), "hw1"), "hw1")
    below = add_cells(notebook("hw1", **LIGHT), "derivation", TEXT_STUB, ("Zero.", "markdown"))
    hand_in(course, "hw1", "ada", notebook("hw1", derivation="", **LIGHT))
    hand_in(course, "hw1", "bob", notebook("hw1", derivation="", errors=FIRST_ONLY, **LIGHT))
    hand_in(course, "hw1", "cy", below)
    steps = SimpleNamespace(course=course)
    done(course, "grade", "hw1")
    steps.first = standings(course)
    edit(course, "equals=squared_errors(prediction, y)", "equals=squared_errors(prediction, 2 * y)")
    steps.wrong = run(course, "grade", "hw1")
    steps.outdated, steps.told = standings(course), run(course, "status", "hw1").err
    edit(course, "equals=squared_errors(prediction, 2 * y)", "equals=squared_errors(prediction, y)")
    edit(course, '"errors-test", points=4', '"errors-test", points=5')
    steps.odd = run(course, "grade", "hw1")
    edit(course, '"errors-test", points=6', '"errors-test", points=5')
    steps.refused = {
        command: run(course, command, "hw1") for command in ("written", "feedback", "export")
    }
    steps.good = run(course, "grade", "hw1")
    steps.then = standings(course)
    steps.again = run(course, "grade", "hw1")
    (course / "gradebook.db").unlink()
    steps.lost = standings(course)
    steps.mended = run(course, "grade", "hw1")
    steps.after = standings(course)
    return steps


def test_checks_that_the_solutions_fail_grade_nobody(edited):
    assert (edited.wrong.code, edited.wrong.out) == (1, "")
    assert "nwgrade: hw1 is not fit to be graded.\n" in edited.wrong.err
    assert "The solutions fail error_of_one_reading_is_right: squared_errors(" in edited.wrong.err
    assert edited.odd.code == 1
    assert "Cell errors-test gives 10 points, its checks 11." in edited.odd.err


def test_grades_of_an_older_version_are_shown_as_such_and_go_nowhere(edited):
    assert {row["status"] for row in edited.outdated.values()} == {"outdated"}
    scores = {student: row["score"] for student, row in edited.outdated.items()}
    assert scores == {student: row["score"] for student, row in edited.first.items()}
    for ran in edited.refused.values():
        assert (ran.code, ran.out) == (1, "")
        sentence = "nwgrade: 3 grades are of an older version of hw1: nwgrade grade hw1\n"
        assert ran.err == edited.told == sentence


def test_a_regrade_tells_whose_score_has_changed(edited):
    assert edited.good.code == 0
    told = [line for line in edited.good.err.splitlines() if " had " in line]
    assert told == ["nwgrade: bob had 62, has 63: errors-test 4 to 5."]
    assert edited.again.err == ""


def test_an_answer_below_its_cell_waits_for_a_person(edited):
    waiting = {student: row["parts"]["derivation"] for student, row in edited.first.items()}
    assert waiting == {"ada": 0, "bob": 0, "cy": None}


def test_a_gradebook_that_is_lost_is_made_anew(edited):
    assert {row["status"] for row in edited.lost.values()} == {"not graded yet"}
    assert edited.mended.code == 0
    assert "3 graded in" in edited.mended.out
    assert edited.after == edited.then


def test_an_answer_in_words_stops_the_export_and_a_check_that_broke_stops_nobody(edited):
    verdicts = Course(edited.course).result("hw1", "bob")["verdicts"]
    broken = [one | {"earned": 0.0, "is_broken": True} for one in verdicts[:1]] + verdicts[1:]
    store(edited.course, "bob", verdicts=broken)
    assert standings(edited.course)["bob"]["status"] == "check broke"
    ran = run(edited.course, "export", "hw1")
    assert "nwgrade: 1 submission is not graded to the end: cy (partly)." in ran.err
    give(edited.course, "cy", "derivation", 2)
    ran = run(edited.course, "export", "hw1")
    assert ran.code == 0
    assert "No score, and nothing in the file, for 1: bob (check broke)." in ran.err
    scores = read_csv(edited.course / "export" / "hw1-scores.csv")
    assert [row["score"] for row in scores] == ["68", "", "70"]


def test_a_name_that_is_too_long_for_a_zip_stops_nobodys_feedback(edited):
    path = edited.course / "submitted" / "bob" / "hw1" / "received.json"
    path.write_text(json.dumps({"entry": "x" * 70_000, "file": "late.ipynb"}), encoding="utf-8")
    with zipfile.ZipFile(done(edited.course, "feedback", "hw1")["zip"]) as packed:
        assert packed.namelist() == [f"{who}/hw1-feedback.html" for who in ("ada", "bob", "cy")]
        assert "<p>bob as late.ipynb</p>" in packed.read("bob/hw1-feedback.html").decode()


# ---- A class on Canvas ----


def test_a_class_on_canvas_goes_from_its_zip_to_its_gradebook(tmp_path):
    settings = SETTINGS.replace("2026-03-02 23:59:00", "2126-03-02 23:59:00")
    course = make_course(tmp_path / "course", "hw1", settings=settings)
    zipped = make_zip(
        tmp_path / "submissions.zip",
        [
            ("lovelaceada_811_90001_hw1.ipynb", notebook("hw1", derivation="", **LIGHT)),
            ("mullerjurgen_LATE_812_90002_hw1-2.ipynb", notebook("hw1", derivation="", **LIGHT)),
            ("brokenbob_813_90003_homework.txt", "I could not do it"),
        ],
    )
    gradebook = write_csv(
        tmp_path / "grades.csv",
        [
            {"Student": "    Points Possible", "ID": "", "Section": "", "hw1 (77)": "100.0"},
            {"Student": "Lovelace, Ada", "ID": "811", "Section": "A", "hw1 (77)": ""},
            {"Student": "Müller, Jürgen", "ID": "812", "Section": "A", "hw1 (77)": ""},
            {"Student": "Broken, Bob", "ID": "813", "Section": "A", "hw1 (77)": ""},
            {"Student": "Student, Test", "ID": "899", "Section": "A", "hw1 (77)": ""},
        ],
    )
    done(course, "collect", "hw1", zipped)
    rows = {row["student"]: row for row in done(course, "grade", "hw1")}
    assert {student: row["status"] for student, row in rows.items()} == {
        "811": "graded",
        "812": "graded",
        "813": "unreadable",
    }
    assert "There is no notebook among the files" in rows["813"]["problem"]
    assert (rows["811"]["score"], rows["812"]["score"]) == (68, 61.2)  # marked late is a day
    with zipfile.ZipFile(done(course, "feedback", "hw1")["zip"]) as packed:
        assert "lovelaceada_811_90001_hw1-feedback.html" in packed.namelist()
    done(course, "export", "hw1", "--canvas", gradebook)
    scores = {row["ID"]: row["hw1 (77)"] for row in read_csv(course / "export" / "hw1-canvas.csv")}
    assert scores == {"": "100", "811": "68", "812": "61.2", "813": "", "899": ""}


def test_without_submissions_each_command_says_how_to_collect(tmp_path):
    course = make_course(tmp_path, "hw1")
    for command in ("status", "grade", "written", "feedback", "export"):
        ran = run(course, command, "hw1")
        assert (ran.code, ran.out) == (1, "")
        assert "Nothing has been collected yet: nwgrade collect hw1 ..." in ran.err
