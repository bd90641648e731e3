"""Tables that go out and come back: written answers, and scores for Moodle, Canvas and others."""

import csv
import io
import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from nwgrade import export
from nwgrade.assignment import load_assignment
from nwgrade.course import CourseError
from nwgrade.standings import BROKEN_CHECK, Part, Row

from .classroom import LIGHT, hand_in, make_course, notebook, with_gradebook
from .inside import done, passed, read_csv, run, standings, write_csv

FORMULA = '=HYPERLINK("http://example.org","click")'
HIDDEN = "1,5;=1+1\n@SUM(1)\n- a point\n\t=2"
LONG = "So:" + "\t" * 60_000 + "It is zero. " * 12_000 + "The end."


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A course in which four students pass all checks; 0042 has an id like a number."""
    course = with_gradebook(make_course(tmp_path_factory.mktemp("sheets"), "hw1"), "hw1")
    hand_in(course, "hw1", "ada", notebook("hw1", **LIGHT))
    hand_in(course, "hw1", "0042", notebook("hw1", derivation=FORMULA, **LIGHT))
    hand_in(course, "hw1", "eve", notebook("hw1", derivation=HIDDEN, **LIGHT))
    hand_in(course, "hw1", "lou", notebook("hw1", derivation=LONG, **LIGHT))
    passed(course)
    return course


@pytest.fixture
def sheet(graded, tmp_path):
    """The sheet of all written answers with names, its rows, and a way to read back other rows."""
    path = Path(done(graded, "written", "hw1", "--all", "--names")["sheet"])
    rows = [row for row in read_csv(path) if row["cell"] == "derivation"]
    for row in rows:
        row["points"] = row["most"]

    def read(rows, **options):
        changed = write_csv(tmp_path / "back.csv", rows, **options)
        return run(graded, "written", "hw1", "--read", changed)

    return SimpleNamespace(course=graded, path=path, rows=rows, read=read)


def of(rows, student):
    return [row for row in rows if row["student"] == student]


# ---- Written answers ----


def test_a_sheet_has_a_row_for_each_criterion(sheet):
    assert sheet.path.read_bytes().startswith(b"\xef\xbb\xbf")  # else Excel takes it for Latin-1
    assert [row["criterion"] for row in of(sheet.rows, "ada")] == list("12345678")
    assert sum(float(row["most"]) for row in of(sheet.rows, "ada")) == 18
    assert "expand the square" in of(sheet.rows, "ada")[0]["answer"]


def test_a_sheet_goes_question_by_question_and_shows_no_name(graded):
    path = Path(done(graded, "written", "hw1", "--all")["sheet"])
    rows = read_csv(path)
    questions = [row["cell"] for row in rows]
    assert questions == ["derivation"] * 8 * 4 + ["figure"] * 5 * 4
    ids = [row["answer_id"] for row in rows]
    assert ids[:32] == sorted(ids[:32])
    assert len(set(ids)) == 8  # nothing tells which two are of one student
    assert not {"student", "name"} & rows[0].keys()
    text = path.read_text(encoding="utf-8") + path.with_suffix(".html").read_text(encoding="utf-8")
    assert not [name for name in ("ada", "0042", "eve", "lou") if re.search(rf"\b{name}\b", text)]


def test_an_answer_stands_in_each_of_its_rows(sheet):
    assert {"expand the square" in row["answer"] for row in of(sheet.rows, "ada")} == {True}


def test_a_long_answer_fits_into_a_cell_and_is_whole_on_the_page(sheet):
    (answer,) = {row["answer"] for row in of(sheet.rows, "lou")}
    assert 30_000 <= len(answer) < 32_767
    assert answer.endswith("[This goes on, on the page beside the sheet.]")
    assert LONG in sheet.path.with_suffix(".html").read_text(encoding="utf-8")


def test_no_answer_is_a_formula(sheet):
    assert of(sheet.rows, "0042")[0]["answer"] == "'" + FORMULA


def test_no_answer_hides_a_formula_behind_another_separator(sheet):
    answer = of(sheet.rows, "eve")[0]["answer"]
    assert answer.replace("'", "") == HIDDEN
    pieces = [piece.lstrip() for piece in re.split(r"[;\n\t]", answer)]
    assert not [piece for piece in pieces if piece.startswith(("=", "@"))]


def test_no_spreadsheet_takes_an_answer_id_for_a_number(sheet):
    assert all(row["answer_id"].startswith("a") for row in sheet.rows)
    assert len({row["answer_id"] for row in sheet.rows}) == 4


BACK = {
    "as it went out": {},
    "by a German Excel": {"delimiter": ";", "encoding": "utf-8-sig", "lineterminator": "\r\n"},
    "with tabs": {"delimiter": "\t"},
    "all quoted": {"quoting": csv.QUOTE_ALL, "lineterminator": "\r\n"},
}


@pytest.mark.parametrize("options", BACK.values(), ids=BACK)
def test_a_sheet_comes_back(sheet, options):
    for row in sheet.rows:
        row["points"] = "1,5" if row["criterion"] == "1" else "1"
        row["comment"] = 'Überlegt; gut, "wirklich"' if row["criterion"] == "2" else ""
    ran = sheet.read(sheet.rows, **options)
    assert (ran.code, ran.err) == (0, "")
    assert standings(sheet.course)["ada"]["parts"]["derivation"] == 8.5


def test_rows_and_columns_may_be_in_another_order(sheet):
    rows = [dict(reversed(row.items())) for row in reversed(sheet.rows)]
    assert sheet.read(rows).code == 0
    assert standings(sheet.course)["ada"]["parts"]["derivation"] == 18


def test_columns_that_nobody_needs_may_be_missing(sheet):
    for row in sheet.rows:
        for name in ("student", "name", "asked", "most", "answer", "row"):
            del row[name]
    assert sheet.read(sheet.rows).code == 0


def test_a_spreadsheet_may_take_an_id_for_a_number(sheet):
    for row in of(sheet.rows, "0042"):
        row["student"] = "42"
        row["points"] = "0"
    assert sheet.read(sheet.rows).code == 0
    assert standings(sheet.course)["0042"]["parts"]["derivation"] == 0


def test_rows_without_anything_are_left_out(sheet):
    rows = [*of(sheet.rows, "ada"), dict.fromkeys(sheet.rows[0], "")]
    assert sheet.read(rows).code == 0


def test_an_answer_without_points_is_left_as_it_is(sheet):
    assert sheet.read(sheet.rows).code == 0
    before = standings(sheet.course)
    for row in sheet.rows:
        row["points"] = ""
    ran = sheet.read(sheet.rows)
    assert "0 answers have points now." in ran.out
    assert standings(sheet.course) == before


def test_writing_a_sheet_again_keeps_what_was_filled_in(sheet):
    for row in of(sheet.rows, "eve"):
        row.update(points="0.5", comment="half")
    write_csv(sheet.path, of(sheet.rows, "eve"))
    done(sheet.course, "written", "hw1", "--all", "--names")
    rows = [row for row in read_csv(sheet.path) if row["cell"] == "derivation"]
    again = {student: of(rows, student) for student in ("ada", "eve")}
    told = [(row["points"], row["comment"]) for row in again["eve"]]
    assert told == [("0.5", "half")] * 8
    assert {row["points"] for row in again["ada"]} == {""}
    sheet.path.write_bytes(b"\xff not a table")
    assert "no CSV file in UTF-8" in run(sheet.course, "written", "hw1").err
    sheet.path.unlink()


def column(name, value, number=0):
    def change(rows):
        rows[number][name] = value

    return change


def no_column(name):
    def change(rows):
        for row in rows:
            del row[name]

    return change


BAD = {
    "too many points": (column("points", "3.5"), "row 2: points must be from 0 to 3, not '3.5'."),
    "fewer than none": (column("points", "-1", 3), "row 5: points must be from 0 to 3, not '-1'."),
    "words": (column("points", "all"), "row 2: points must be from 0 to 3, not 'all'."),
    "not a number": (column("points", "nan"), "row 2: points must be from 0 to 3, not 'nan'."),
    "a gap": (column("points", "", 2), "row 4: criterion 3 of this derivation has no points."),
    "half a criterion": (column("criterion", "1.5"), "row 2: criterion must be from 1 to 8"),
    "an unknown criterion": (column("criterion", "9"), "row 2: criterion must be from 1 to 8"),
    "one twice": (
        lambda rows: rows[0].update(criterion="2", row=""),
        "row 3: criterion 2 stands there twice.",
    ),
    "one missing": (lambda rows: rows.pop(4), "row 2: this derivation lacks criterion 5."),
    "mixed up": (
        lambda rows: rows[0].update(row=rows[8]["row"]),
        "row 2: the answer_id is that of another row. Were only some of the columns sorted?",
    ),
    "mixed up cells": (column("cell", "figure"), "row 2: the answer_id is that of another row."),
    "an unknown cell": (
        lambda rows: rows[0].update(cell="essay", answer_id="a0"),
        "row 2: hw1 has no written answer 'essay'.",
    ),
    "a changed answer": (
        lambda rows: [row.update(answer_id="a0") for row in rows[:8]],
        "row 2: this answer to derivation has been changed or taken back since the sheet was "
        "written. Write a new sheet: nwgrade written hw1",
    ),
    "no points column": (no_column("points"), "there is no column points."),
    "no id column": (no_column("answer_id"), "there is no column answer_id."),
}


@pytest.mark.parametrize("change, sentence", BAD.values(), ids=BAD)
def test_a_bad_row_is_told_and_nothing_is_stored(sheet, change, sentence):
    rows = [*of(sheet.rows, "ada"), *of(sheet.rows, "eve")]
    before = standings(sheet.course)
    for row in of(rows, "eve"):
        row["points"] = "0.25"
    change(rows)
    ran = sheet.read(rows)
    assert ran.code == 1
    assert sentence in ran.err
    assert standings(sheet.course) == before


def test_all_bad_rows_are_told_at_once(sheet):
    for row in sheet.rows:
        row["points"] = "100"
    assert sheet.read(sheet.rows).err.count("points must be") == 4


def test_a_file_that_is_no_table_is_told(graded, tmp_path):
    path = tmp_path / "sheet.csv"
    path.write_bytes("student;Lösung".encode("latin-1"))
    ran = run(graded, "written", "hw1", "--read", path)
    assert ran.code == 1
    assert "sheet.csv is no CSV file in UTF-8. In Excel, save it as 'CSV UTF-8'." in ran.err
    assert "there is no column cell." in sheet_error(graded, tmp_path, "")
    assert (
        f"There is no {tmp_path / 'none.csv'}."
        in run(graded, "written", "hw1", "--read", tmp_path / "none.csv").err
    )


def sheet_error(course, folder, text):
    (folder / "empty.csv").write_text(text, encoding="utf-8")
    return run(course, "written", "hw1", "--read", folder / "empty.csv").err


# ---- Scores ----


@pytest.fixture(scope="module")
def hw1(tmp_path_factory):
    return load_assignment(make_course(tmp_path_factory.mktemp("scores"), "hw1"), "hw1")


def a_row(hw1, student, name, earned, cut=0.0, time=None):
    """Return a row of a student who has earned so many points, all with one cell."""
    cells = [cell for cell in hw1.cells if cell.is_graded]
    parts = [Part(cell.grade_id, cell.points, 0.0) for cell in cells[1:]]
    parts = (Part(cells[0].grade_id, cells[0].points, earned), *parts)
    parts = parts if earned is not None else ()
    return Row(student, name, "graded", "", 0, parts, cut, lambda: {"verdicts": []}, time)


@pytest.fixture
def rows(hw1):
    return [
        a_row(hw1, "11", 'Lovelace, "Ada"', 62.5, cut=0.1, time=datetime(2026, 3, 2, 23, 58)),
        a_row(hw1, "12", "=Müller", 0.0),
        a_row(hw1, "13", "Nora", None),
        a_row(hw1, "14", "Emmy", 100.0),
    ]


def table(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_plain_csv_gives_the_numbers_back(hw1, rows):
    read = table(export.plain_csv(hw1, rows))
    for row, line in zip(rows, read, strict=True):
        assert line["score"] == ("" if row.score is None else f"{row.score:g}")
        assert line["earned"] == ("" if row.earned is None else f"{row.earned:g}")
        assert [line[part.cell] for part in row.parts] == [f"{p.earned:g}" for p in row.parts]
    assert read[0]["name"] == 'Lovelace, "Ada"'
    assert read[1]["name"] == "'=Müller"
    assert float(read[0]["late_cut"]) == 6.25
    assert set(read[2].values()) == {"13", "Nora", "graded", "0", "", "100"}
    assert [line["handed_in"] for line in read] == ["2026-03-02 23:58", "", "", ""]


MOODLE = """\
\ufeffEmail,Grade,Identifier,Full name,Maximum Grade,Feedback comments
a@example.org,,Participant 11,"Lovelace ""Ada"" A.",10.00,"two
lines"
b@example.org,5.00,Participant 12,Müller,10.00,
c@example.org,7.00,Participant 13,Nora,10.00,
d@example.org,3.00,Participant 99,Zoe,10.00,
"""


def given(tmp_path, text):
    path = tmp_path / "given.csv"
    path.write_text(text, encoding="utf-8", newline="")
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_moodles_worksheet_gets_scaled_grades_and_keeps_the_rest(hw1, rows, tmp_path, separator):
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows(csv.reader(io.StringIO(MOODLE)))
    text, left = export.moodle(hw1, rows, given(tmp_path, out.getvalue()))
    before, after = table(MOODLE[1:]), table(text)
    assert [line.pop("Grade") for line in after] == ["5.62", "0.00", "7.00", "3.00"]
    assert list(map(list, after)) == [[n for n in line if n != "Grade"] for line in before]
    for line in before:
        del line["Grade"]
    assert after == before
    assert left == ["14"]


def test_a_worksheet_without_a_maximum_has_ours(hw1, rows, tmp_path):
    text, _ = export.moodle(hw1, rows, given(tmp_path, "Identifier,Grade\nParticipant 11,\n"))
    assert table(text)[0]["Grade"] == "56.25"


def test_a_worksheet_with_a_decimal_comma_is_understood(hw1, rows, tmp_path):
    text = "Identifier;Grade;Maximum Grade\nParticipant 14;;20,00\n"
    assert table(export.moodle(hw1, rows, given(tmp_path, text))[0])[0]["Grade"] == "20.00"


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("", "no grading worksheet of Moodle"),
        ("Kennung,Bewertung\nPerson 11,\n", "Download it in English"),
        ("Identifier,Grade,Maximum Grade\nParticipant 11,,Scale\n", "of the type Point"),
    ],
)
def test_what_is_no_worksheet_is_told(hw1, rows, tmp_path, text, sentence):
    with pytest.raises(CourseError, match=sentence):
        export.moodle(hw1, rows, given(tmp_path, text))


CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,hw1 (1234),hw10 (1240),Current Score,Final Grade
,,,,,Manual Posting,,(read only),(read only)
    Points Possible,,,,,100.0,10.0,(read only),(read only)
"Lovelace, Ada",11,u11,ada,"A, B",,9,88.2,A
"Müller, Jürgen",12,u12,jm,A,50,,,
"Nora",13,u13,nn,A,41,,,
"Student, Test",98,,,A,,,,
"""


@pytest.mark.parametrize("separator", [",", ";"])
def test_canvas_gets_its_own_columns_and_ours(hw1, rows, tmp_path, separator):
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows(csv.reader(io.StringIO(CANVAS)))
    text, left = export.canvas(hw1, rows, given(tmp_path, out.getvalue()))
    assert list(csv.reader(io.StringIO(text))) == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "hw1 (1234)"],
        ["    Points Possible", "", "", "", "", "100"],
        ["Lovelace, Ada", "11", "u11", "ada", "A, B", "56.25"],
        ["Müller, Jürgen", "12", "u12", "jm", "A", "0"],
        ["Nora", "13", "u13", "nn", "A", "41"],  # what Canvas has stays, where we have none
        ["Student, Test", "98", "", "", "A", ""],
    ]
    assert left == ["14"]


def test_canvas_without_a_gradebook_goes_by_ids(hw1, rows):
    text, left = export.canvas(hw1, rows)
    header, most, *lines = csv.reader(io.StringIO(text))
    assert header == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "hw1"]
    assert most == ["    Points Possible", "", "", "", "", "100"]
    assert [(line[0], line[1], line[-1]) for line in lines] == [
        ('Lovelace, "Ada"', "11", "56.25"),
        ("'=Müller", "12", "0"),
        ("Emmy", "14", "100"),
    ]
    assert left == []


@pytest.mark.parametrize("way", [export.moodle, export.canvas])
def test_a_list_that_has_nobody_of_them_is_refused(hw1, rows, tmp_path, way):
    text = MOODLE if way == export.moodle else CANVAS
    strangers = [replace(row, student=f"7{row.student}") for row in rows]
    sentence = r"given.csv has none of the 3 students who have a score \(711, 712, 714, ...\)."
    with pytest.raises(CourseError, match=sentence):
        way(hw1, strangers, given(tmp_path, text))


def test_where_a_check_broke_nobody_gets_a_score_and_nobody_waits_for_it(hw1, rows, tmp_path):
    rows[3] = replace(rows[3], status=BROKEN_CHECK)
    read = table(export.plain_csv(hw1, rows))
    assert (read[3]["status"], read[3]["score"]) == ("check broke", "")
    text = MOODLE.replace("Participant 99", "Participant 14")
    after = table(export.moodle(hw1, rows, given(tmp_path, text))[0])
    assert [line["Grade"] for line in after] == ["5.62", "0.00", "7.00", "3.00"]


def test_a_new_assignment_gets_a_new_column(hw1, rows, tmp_path):
    text, _ = export.canvas(hw1, rows, given(tmp_path, CANVAS.replace("hw1 (1234)", "quiz (3)")))
    assert [line["hw1"] for line in table(text)] == ["100", "56.25", "0", "", ""]


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("Name,Points\nAda,1\n", "no columns Student and ID"),
        (CANVAS.replace("100.0", "10.0"), r"hw1 \(1234\) has 10.0 points there, and 100 here"),
        (CANVAS.replace("hw10 (1240)", "hw1 (1240)"), "several columns for it: hw1 .1234., hw1"),
    ],
)
def test_what_is_no_gradebook_is_told(hw1, rows, tmp_path, text, sentence):
    with pytest.raises(CourseError, match=sentence):
        export.canvas(hw1, rows, given(tmp_path, text))


def test_two_ways_at_once_are_no_command(graded, capsys):
    with pytest.raises(SystemExit):
        run(graded, "export", "hw1", "--moodle", "a.csv", "--canvas")
