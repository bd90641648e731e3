"""Collecting finds each student's notebook, in whatever way it was handed in."""

import errno
import json
import os
import zipfile
from datetime import UTC, datetime
from functools import partial

import pytest

from nwgrade.course import Course, CourseError, write

from .classroom import as_bytes, make_course, make_zip, notebook, untouched
from .classroom import nwgrade_here as nwgrade

SETTINGS = """
time_zone = "Europe/Berlin"
late_grace_hours = 1
[hw1]
due = 2026-03-02 12:00:00
extensions = { "7" = 2026-03-04 12:00:00 }
"""
HEADER = "Identifier,Full name,Status,Grade,Last modified (submission)\n"
PLACE = "Ada_1_assignsubmission_file_/hw1.ipynb"
SHEET = 'Participant 1,Ada Byron,Submitted,,"Monday, {} March 2026, 9:00 AM"\n'


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path / "course", "hw1", settings=SETTINGS)


def set_up(course, **settings):
    """Add settings of the whole course to those that it has."""
    lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
    path = course / "course.toml"
    path.write_text(lines + path.read_text(encoding="utf-8"), encoding="utf-8")


@pytest.fixture
def refused(course, tmp_path):
    """Collect what is refused; return what is said, when nothing has changed."""

    def refused(*paths, zipped=True, worksheet=None):
        before = state(course)
        source = make_zip(tmp_path / "refused.zip", [(path, named(path)) for path in paths])
        if not zipped:
            zipfile.ZipFile(source).extractall(tmp_path / "refused")
            source = tmp_path / "refused"
        options = ["--worksheet", worksheet] if worksheet else []
        ran = nwgrade(course, "collect", "hw1", source, *options)
        assert ran.code == 1
        assert state(course) == before
        return ran.err

    return refused


def state(course):
    """Return all files of the course, and what is in them."""
    return {path: path.read_bytes() for path in course.rglob("*") if path.is_file()}


def kept(course, student):
    """Return the notebooks in the archive, by the folder of their version."""
    found = (course / "archive" / "hw1" / student).glob("*/hw1.ipynb")
    return {path.parent.name: json.loads(path.read_bytes()) for path in found}


@pytest.fixture
def collect(course, tmp_path):
    """Collect (path, content) pairs, zipped or as files; return the lines by student."""

    def collect(*entries, zipped=True, worksheet=None, header=HEADER):
        source = tmp_path / "source"
        if zipped:
            make_zip(source.with_suffix(".zip"), entries)
            source = source.with_suffix(".zip")
        for name, content in () if zipped else entries:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes(as_bytes(content))
        options = []
        if worksheet:
            (tmp_path / "grades.csv").write_text(header + worksheet, encoding="utf-8")
            options = ["--worksheet", tmp_path / "grades.csv"]
        ran = nwgrade(course, "collect", "hw1", source, "--json", *options)
        assert ran.code == 0, ran.err
        return {line["student"]: line for line in ran.json}

    return collect


def collected(course, student):
    return (course / "submitted" / student / "hw1" / "hw1.ipynb").read_bytes()


def stamp(course, student):
    return (course / "submitted" / student / "hw1" / "timestamp.txt").read_text().strip()


def named(text):
    """Return a notebook that can be told from others."""
    return notebook("hw1", f"# {text}")


def test_moodle_goes_by_the_participant_number_whatever_the_name(course, collect):
    lines = collect(
        ("Zoë Weiß_12_assignsubmission_file_/hw1.ipynb", named("Zoë")),
        ("李 雷_13_assignsubmission_file_/作业.ipynb", named("李")),
        ("O'Neill_Jr, A_14_assignsubmission_file_/sub/folder/HW 1 (3).IPYNB", named("A")),
        ("No Folder_15_assignsubmission_file_hw1.ipynb", named("No")),
        ("Zoë Weiß_12_assignsubmission_onlinetext_/onlinetext.html", "<p>Hello</p>"),
    )
    assert {key: line["name"] for key, line in lines.items()} == {
        "12": "Zoë Weiß",
        "13": "李 雷",
        "14": "O'Neill_Jr, A",
        "15": "No Folder",
    }
    assert {line["outcome"] for line in lines.values()} == {"collected"}
    assert json.loads(collected(course, "13")) == named("李")
    assert "renamed" in lines["13"]["note"]
    assert "renamed" not in lines["15"]["note"]


def test_canvas_marks_what_is_late_and_nothing_says_how_late(course, collect):
    lines = collect(
        ("curiemarie_7_1001_hw1.ipynb", named("Marie")),
        ("postemil_LATE_8_1002_hw1-1.ipynb", named("Emil")),
    )
    assert lines["7"]["note"] == ""
    assert "late, nothing says how long: counted as 1 day" in lines["8"]["note"]
    assert not (course / "submitted" / "8" / "hw1" / "timestamp.txt").exists()


def test_of_several_attempts_the_last_one_counts(course, collect):
    lines = collect(
        ("postemil_8_1001_hw1-2.ipynb", named("third")),
        ("postemil_8_1002_hw1-10.ipynb", named("last")),
        ("postemil_8_1003_hw1.ipynb", named("first")),
        ("postemil_8_1004_notes.txt", "Please be kind."),
    )
    assert json.loads(collected(course, "8")) == named("last")
    assert "chosen from 4 files" in lines["8"]["note"]


def test_a_notebook_of_another_assignment_does_not_count_before_the_right_one(course, collect):
    other = untouched("hw2")
    lines = collect(
        ("Ada_1_assignsubmission_file_/zzz.ipynb", other),
        ("Ada_1_assignsubmission_file_/aaa.ipynb", named("right")),
        ("Bob_2_assignsubmission_file_/hw1.ipynb", other),
    )
    assert json.loads(collected(course, "1")) == named("right")
    assert lines["2"]["outcome"] == "collected"


def test_a_zip_inside_of_the_zip_is_opened(course, collect, tmp_path):
    hidden = ("my work/.ipynb_checkpoints/hw1-7.ipynb", named("hidden"))
    inner = make_zip(tmp_path / "inner.zip", [("my work/hw1.ipynb", named("inner")), hidden])
    lines = collect(("Ada_1_assignsubmission_file_/all.zip", inner.read_bytes()))
    assert json.loads(collected(course, "1")) == named("inner")
    assert lines["1"]["file"] == "all.zip/my work/hw1.ipynb"


@pytest.mark.parametrize(
    "layout",
    [
        ("{}/hw1.ipynb", "ada", "bob"),
        ("{}.ipynb", "ada", "bob"),
        ("{}_hw1.ipynb", "ada", "bob"),
        ("all of them/{}/some.ipynb", "ada", "bob"),
        ("hw1/{}.ipynb", "ada", "bob"),
        ("{}/hw1/hw1.ipynb", "ada"),
    ],
    ids=lambda layout: layout[0],
)
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "folder"])
def test_a_folder_may_be_laid_out_in_many_ways(course, collect, layout, zipped):
    path, *students = layout
    lines = collect(*((path.format(one), named(one)) for one in students), zipped=zipped)
    assert lines.keys() == set(students)
    assert json.loads(collected(course, "ada")) == named("ada")


def test_what_is_hidden_or_left_by_systems_is_passed_over(course, collect):
    lines = collect(
        ("ada/hw1.ipynb", named("ada")),
        ("ada/.ipynb_checkpoints/hw1-checkpoint.ipynb", named("checkpoint")),
        ("__MACOSX/ada/._hw1.ipynb", "x"),
        (".DS_Store", "x"),
        zipped=False,
    )
    assert lines.keys() == {"ada", ""}
    assert {one["file"]: one["why"] for one in lines[""]["files"]} == {
        "__MACOSX/ada/._hw1.ipynb": "hidden, or left by a system",
        ".DS_Store": "hidden, or left by a system",
    }
    assert json.loads(collected(course, "ada")) == named("ada")


def test_a_new_version_replaces_the_old_one_which_is_kept(course, collect, tmp_path):
    place = "Ada_1_assignsubmission_file_/hw1.ipynb"
    assert collect((place, named("one")))["1"]["outcome"] == "collected"
    assert collect((place, named("one")))["1"]["outcome"] == "unchanged"
    assert collect((place, named("two")))["1"]["outcome"] == "resubmitted"
    assert json.loads(collected(course, "1")) == named("two")
    assert list(kept(course, "1").values()) == [named("one")]


def test_an_older_version_does_not_replace_a_newer_one(course, collect, tmp_path):
    place = "Ada_1_assignsubmission_file_/hw1.ipynb"
    sheet = 'Participant 1,Ada,Submitted,,"Monday, {} March 2026, 9:00 AM"\n'
    collect((place, named("new")), worksheet=sheet.format(16))
    lines = collect((place, named("old")), worksheet=sheet.format(9))
    assert lines["1"]["outcome"] == "kept"
    assert json.loads(collected(course, "1")) == named("new")
    assert stamp(course, "1") == "2026-03-16 08:00:00 UTC"


@pytest.mark.parametrize("bad", ["", "{", "[]", '{"cells": 3}'])
def test_what_cannot_be_read_does_not_replace_what_can(course, collect, bad):
    place = "Ada_1_assignsubmission_file_/hw1.ipynb"
    collect((place, named("good")))
    line = collect((place, bad))["1"]
    assert line["outcome"] == "kept"
    assert "the earlier one is kept" in line["note"]
    assert json.loads(collected(course, "1")) == named("good")


def test_without_a_notebook_it_is_said_what_was_handed_in(course, collect):
    place = "Ada_1_assignsubmission_file_/essay.pdf"
    assert "no notebook among the files: essay.pdf" in collect((place, "%PDF"))["1"]["note"]
    assert collect((place, "%PDF"))["1"]["outcome"] == "unchanged"
    better = ("Ada_1_assignsubmission_file_/hw1.ipynb", named("late but well"))
    assert collect(better)["1"]["outcome"] == "collected"


def test_the_worksheet_knows_the_times_and_who_is_missing(course, collect):
    lines = collect(
        *(
            (f"S_{number}_assignsubmission_file_/hw1.ipynb", named(str(number)))
            for number in (1, 2, 3, 7)
        ),
        worksheet=(
            'Participant 1,"One, Student",Submitted,,"Monday, 2 March 2026, 12:59 PM"\n'
            'Participant 2,Two,Submitted,,"Monday, 2 March 2026, 1:01 PM"\n'
            'Participant 3,Three,Submitted,,"Tuesday, 3 March 2026, 13:30"\n'
            'Participant 7,Seven,Submitted,,"Wednesday, 4 March 2026, 12:30 PM"\n'
            "Participant 9,Nine,No submission,,-\n"
        ),
    )
    assert stamp(course, "1") == "2026-03-02 11:59:00 UTC"  # an hour before, in Berlin
    assert lines["1"]["name"] == "One, Student"
    assert lines["1"]["note"] == ""  # within the hour of grace
    assert "late: 1 day" in lines["2"]["note"]
    assert "late: 2 days" in lines["3"]["note"]
    assert lines["7"]["note"] == ""  # has more time
    assert lines["9"]["outcome"] == "nothing"
    assert "9,Nine,hw1" in (course / "students.csv").read_text(encoding="utf-8").splitlines()


def test_numbers_that_moodle_gives_for_one_assignment_are_nobody_in_another(tmp_path):
    course = make_course(tmp_path / "course", "hw1", "hw2")
    students = {"hw1": {"11": "Ada", "12": "Bob"}, "hw2": {"21": "Ada", "22": "Bob"}}
    for name, numbers in students.items():
        first, _ = numbers
        entry = f"Ada_{first}_assignsubmission_file_/{name}.ipynb"
        source = make_zip(tmp_path / f"{name}.zip", [(entry, notebook(name))])
        lines = "".join(f"Participant {one},{who},,,-\n" for one, who in numbers.items())
        sheet = tmp_path / f"{name}.csv"
        sheet.write_text(HEADER + lines)
        assert nwgrade(course, "collect", name, source, "--worksheet", sheet).code == 0
    for name, numbers in students.items():
        told = {
            row["student"]: row["name"] for row in nwgrade(course, "status", name, "--json").json
        }
        assert told == numbers


def test_a_platforms_own_number_is_somebody_in_every_assignment(tmp_path):
    course = make_course(tmp_path / "course", "hw1", "hw2")
    (course / "students.csv").write_text("id,name\n31,Ada\n")  # as older versions wrote it
    for name, student in [("hw1", "32"), ("hw2", "33")]:
        entry = f"bob_{student}_{student}_{name}.ipynb"
        source = make_zip(tmp_path / f"{name}.zip", [(entry, notebook(name))])
        assert nwgrade(course, "collect", name, source).code == 0
    told = nwgrade(course, "status", "hw1", "--json").json
    assert [row["student"] for row in told] == ["31", "32", "33"]


def test_a_time_can_be_corrected_by_hand(course, collect):
    collect(("ada/hw1.ipynb", named("ada")), zipped=False)
    path = course / "submitted" / "ada" / "hw1" / "timestamp.txt"
    known = Course(course)
    for text, days in [
        ("2026-03-02 11:00", 0),
        ("2026-03-02 12:30:00 UTC", 1),
        ("2026-03-04T12:59:00+01:00", 2),
    ]:
        path.write_text(text)
        assert known.days_late("hw1", known.submission("hw1", "ada")) == days
    path.write_text("2026-03-02 13:30:00 Europe")
    ran = nwgrade(course, "status", "hw1", "--json")
    assert ran.code == 1
    assert "is no date like 2026-03-02 23:59" in ran.err


def test_a_corrected_time_stays_when_the_same_is_collected_again(course, collect):
    entry = ("Ada_1_assignsubmission_file_/hw1.ipynb", named("ada"))
    sheet = 'Participant 1,Ada,Submitted,,"Monday, {} March 2026, 9:00 AM"\n'
    collect(entry)
    collect(entry, worksheet=sheet.format(9))
    assert stamp(course, "1") == "2026-03-09 08:00:00 UTC"  # better known than from the zip
    (course / "submitted" / "1" / "hw1" / "timestamp.txt").write_text("2026-03-01 09:00")
    collect(entry, worksheet=sheet.format(16))
    assert stamp(course, "1") == "2026-03-01 09:00"


def test_the_time_of_a_file_counts_where_nothing_else_is_known(course, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "ada.ipynb").write_bytes(as_bytes(named("ada")))
    late = datetime(2026, 3, 10, tzinfo=UTC).timestamp()
    os.utime(folder / "ada.ipynb", (late, late))
    ran = nwgrade(course, "collect", "hw1", folder, "--json")
    assert ran.json[0]["note"] == "renamed; late: 8 days"


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("missing.zip", "There is no"),
        ("course.toml", "is neither a folder nor a zip"),
        ("empty", "there is no file of a student in it"),
    ],
)
def test_a_source_that_is_none_is_named(course, tmp_path, what, said):
    (tmp_path / "empty").mkdir()
    source = course / what if what == "course.toml" else tmp_path / what
    ran = nwgrade(course, "collect", "hw1", source)
    assert ran.code == 1
    assert ran.err.startswith("nwgrade: ")
    assert said in ran.err


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("late_percent = 3", "there is no setting late_percent; there are: name, time_zone"),
        ("late_percent_per_day = 'x'", "late_percent_per_day must be a float, but is 'x'"),
        ("late_percent_per_day = 300", "late_percent_per_day must be from 0 to 100"),
        ("late_percent_most = -1", "late_percent_most must be from 0 to 100"),
        ("resubmission = 'best'", "resubmission must be 'last' or 'last in time'"),
        ("[hw1]\nextensions = 3", '[hw1] extensions must be like { "101" = 2026-03-02 23:59:00 }'),
        ("late_grace_hours = -1", "must be 0 or more"),
        ("time_zone = 'Mars/Olympus'", "there is no time zone 'Mars/Olympus'"),
        ("[hw1]\ndue = 2026-03-02", "must be a date with a time, like 2026-03-02 23:59:00"),
        ("[hw1]\ndeu = 2026-03-02 10:00:00", "has due and extensions, no deu"),
        ("name = ", "course.toml: Invalid value"),
    ],
)
def test_a_wrong_setting_is_named(course, settings, said):
    (course / "course.toml").write_text(settings)
    ran = nwgrade(course, "status", "hw1")
    assert ran.code == 1
    assert said in ran.err


def test_a_folder_that_is_no_course_and_an_assignment_that_is_not_there_are_named(course):
    assert "is no course folder" in nwgrade(course / "source", "status", "hw1").err
    assert "There is no assignment hw9; there are: hw1." in nwgrade(course, "status", "hw9").err


# ---- Layouts that would lose somebody ----

MOODLE = [f"S_{number}_assignsubmission_file_/hw1.ipynb" for number in range(101, 132)]
CANVAS = [f"s_{number}_90{number}_hw1.ipynb" for number in range(101, 132)]
FOLDERS = [f"{number}/hw1.ipynb" for number in range(101, 132)]
FILES = [f"{number}.ipynb" for number in range(101, 132)]
LAYOUTS = {"moodle": MOODLE, "canvas": CANVAS, "folders": FOLDERS, "files": FILES}
ODD = {
    "moodle": "Z_7_assignsubmission_file_/hw1.ipynb",
    "canvas": "z_7_8_hw1.ipynb",
    "folders": "7/hw1.ipynb",
    "files": "7.ipynb",
    "group": "Default group_assignsubmission_file/hw1.ipynb",
    "list": "names.txt",
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("odd", ODD)
def test_one_odd_name_does_not_switch_the_layout_of_a_class(course, refused, layout, odd):
    if odd == layout or (layout, odd) in {("folders", "group"), ("files", "list")}:
        return
    said = refused(*LAYOUTS[layout], ODD[odd])
    assert f"1 file ({ODD[odd]}) would be left out" in said


def test_of_many_odd_names_the_first_are_listed_and_the_rest_counted(refused):
    said = refused(*MOODLE, *(f"notes-{number:02}.txt" for number in range(20)))
    assert "20 files (notes-00.txt, notes-01.txt" in said
    assert "notes-09.txt, and 10 more) would be left out" in said


@pytest.mark.parametrize(
    ("paths", "said"),
    {
        "a-student-or-a-folder-around": (
            ["101/my work/hw1.ipynb"],
            "101/ may be a student's folder, or the one around the students'",
        ),
        "a-folder-of-files": (
            ["downloads/101.ipynb", "downloads/102.ipynb"],
            "downloads/ may be a student's folder, or the one around the students'",
        ),
        "a-file-beside-folders-inside": (
            ["all/101/hw1.ipynb", "all/102/hw1.ipynb", "all/notes.ipynb"],
            "all/ may be a student's folder, or the one around the students'",
        ),
        "one-student-in-a-folder-like-nbgraders": (
            ["downloads/hw1/101/hw1.ipynb"],
            "downloads/ may be a student's folder",
        ),
        "groups": (
            ["A/101/hw1.ipynb", "A/102/hw1.ipynb", "B/103/hw1.ipynb", "B/104/hw1.ipynb"],
            "A, B: as each has several students' folders in it",
        ),
        "groups-packed-by-moodle": (
            [f"A/{MOODLE[0]}", f"A/{MOODLE[1]}", f"B/{MOODLE[2]}"],
            "A, B: as each has several students' folders in it",
        ),
        "groups-packed-by-canvas": (
            [f"A/{CANVAS[0]}", f"A/{CANVAS[1]}", f"B/{CANVAS[2]}"],
            "A, B: as each has several students' folders in it",
        ),
        "files-without-a-name": (
            ["hw1.ipynb", "hw1 (1).ipynb", "hw1-2.ipynb"],
            "3 files (hw1 (1).ipynb, hw1-2.ipynb, hw1.ipynb) would be left out",
        ),
        "with-and-without-the-assignment": (
            ["101_hw1.ipynb", "101.ipynb"],
            "'101.ipynb' and '101_hw1.ipynb' would both be the student 101",
        ),
        "two-names-of-one-number": (
            ["Ada_7_assignsubmission_file_/a.ipynb", "Eve_7_assignsubmission_file_/a.ipynb"],
            "'Ada' and 'Eve' would both be the student 7",
        ),
    }.values(),
)
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "folder"])
def test_a_layout_that_can_be_read_in_two_ways_is_refused(refused, paths, said, zipped):
    told = refused(*paths, zipped=zipped)
    assert said in told
    assert "Nothing was collected" in told


@pytest.mark.parametrize(
    "paths",
    [
        [f"hw1/{FOLDERS[0]}"],
        [f"hw1/hw1/{FOLDERS[0]}"],
        [f"downloads/hw1/{path}" for path in FOLDERS[:2]],
        [f"all of it/{path}" for path in MOODLE[:2]],
        [f"hw1/{CANVAS[0]}"],
        ["101/hw1.ipynb", "101/data/x.csv"],
        ["101/hw1/hw1.ipynb", "101/hw1/data/x.csv"],
        ["101/part 1/a.ipynb", "101/part 2/hw1.ipynb", "102/hw1.ipynb"],
        [MOODLE[0], ".DS_Store", "Thumbs.db", "__MACOSX/x/._hw1.ipynb"],
    ],
)
def test_what_is_clear_is_taken(course, collect, paths):
    lines = collect(*((path, named("x")) for path in paths))
    students = {"101", "102"} if any("102" in path for path in paths) else {"101"}
    assert lines.keys() - {""} == students


def test_folders_that_are_called_like_files_of_canvas_are_folders(collect):
    lines = collect(("a_1_2_x/hw1.ipynb", named("a")), ("b_3_4_x/hw1.ipynb", named("b")))
    assert lines.keys() == {"a_1_2_x", "b_3_4_x"}


def test_a_student_who_is_known_is_no_folder_around_others(course, collect):
    collect(("101/hw1.ipynb", named("one")))
    lines = collect(("101/a/x.ipynb", named("two")), ("101/b/y.ipynb", named("two")))
    assert lines.keys() == {"101"}
    assert "chosen from 2 files" in lines["101"]["note"]


def test_a_name_that_begins_with_a_dot_is_a_students(course, collect):
    lines = collect((". Priya_7_assignsubmission_file/hw1.ipynb", named("Priya")))
    assert (lines["7"]["name"], lines["7"]["outcome"]) == (". Priya", "collected")


def test_who_has_handed_in_hidden_files_only_is_listed(course, collect):
    lines = collect((PLACE, named("x")), ("Bob_2_assignsubmission_file/.hw1.ipynb", named("y")))
    assert "There is no notebook among the files: .hw1.ipynb" in lines["2"]["note"]


def test_entries_of_canvas_without_a_file_or_a_name_are_read(course, collect):
    lines = collect(
        ("curiemarie_7_1001_hw1.ipynb", named("Marie")),
        ("postemil_LATE_8_text.html", "<p>Hello</p>"),
        ("van_der_berg_9_link.html", "<p>Hello</p>"),
        ("_10_1003_hw1.ipynb", named("called by an emoji")),
        ("_LATE_11_1006_hw1.ipynb", named("called by an emoji")),
        ("anon_aB3dE_1004_hw1.ipynb", named("anon")),
        ("LATE_anon_Zz9Yy_1005_hw1.ipynb", named("late")),
    )
    assert {key: line["name"] for key, line in lines.items()} == {
        "7": "curiemarie",
        "8": "postemil",
        "9": "van_der_berg",
        "10": "10",
        "11": "11",
        "aB3dE": "anon",
        "Zz9Yy": "anon",
    }
    assert all("counted as 1 day" in lines[late]["note"] for late in ("8", "11", "Zz9Yy"))


def test_of_numbers_in_a_name_on_canvas_the_gradebook_tells_the_students(course, collect):
    entries = [
        ("curiemarie_7_1001_hw1.ipynb", named("Marie")),
        ("postemil_8_1002_01_hw1.ipynb", named("Emil")),  # 8, or 1002 whose name ends in 8
        ("eve_7_9_1003_hw1.ipynb", named("Eve")),  # 9, who is called so, or 7
        ("eve_8_10_1004_hw1.ipynb", named("Eve")),  # 10, who is new, or 8, who is Emil
    ]
    lines = collect(*entries)
    assert lines.keys() == {"7", ""}
    assert "In Canvas, its gradebook as --worksheet may tell" in lines[""]["note"]
    roster = '"Curie, Marie",7\n"Post, Emil",8\n"Eve_7",9\n'
    lines = collect(*entries, worksheet=roster, header="Student,ID\n")
    assert lines["8"]["file"] == "01_hw1.ipynb"
    assert [one["file"][:5] for one in lines[""]["files"]] == ["eve_7", "eve_8"]
    assert json.loads(collected(course, "7")) == named("Marie")


# ---- What becomes of each file ----


def test_the_report_accounts_for_every_file(course, tmp_path):
    entries = [
        (PLACE, named("old")),
        ("Ada_1_assignsubmission_file_/hw1-2.ipynb", named("new")),
        ("Ada_1_assignsubmission_file_/.ipynb_checkpoints/hw1.ipynb", named("hidden")),
        ("Ada_1_assignsubmission_onlinetext_/onlinetext.html", "<p>Hello</p>"),
        ("Bob_2_assignsubmission_file_/hw1.ipynb", "{"),
        ("Cyd_3_assignsubmission_file_/all.zip", b"PK"),
        ("Dan_4_5_assignsubmission_file_x_6_assignsubmission_file_/hw1.ipynb", named("Dan")),
        ("__MACOSX/x", "x"),
    ]
    source = make_zip(tmp_path / "all.zip", entries)
    ran = nwgrade(course, "collect", "hw1", source, "--json")
    told = [(one["file"], one["became"], one["why"]) for line in ran.json for one in line["files"]]
    hidden, other = "hidden, or left by a system", "another of the student's counts"
    assert sorted(told) == sorted(
        (path, became, why)
        for (path, _), (became, why) in zip(
            entries,
            [
                ("left out", other),
                ("collected", ""),
                ("left out", hidden),
                ("left out", "no notebook"),
                ("collected", "The file is not a notebook: it cannot be read as JSON"),
                ("left out", "no notebook"),
                ("left out", "the name can be read as that of several students"),
                ("left out", hidden),
            ],
            strict=True,
        )
    )
    shown = nwgrade(course, "collect", "hw1", source).out
    assert "8 files: 2 collected, 0 kept in archive/, 6 left out." in shown
    assert f"1 file ({PLACE}) left out: {other}." in shown


def test_a_notebook_that_is_another_assignments_is_refused(tmp_path, collect, course):
    make_course(course / "more", "hw2")
    (course / "more" / "source" / "hw2").rename(course / "source" / "hw2")
    line = collect((PLACE, untouched("hw2")))["1"]
    assert line["note"].startswith("It looks like the notebook of hw2, not of hw1.;")
    assert not (course / "submitted" / "1" / "hw1" / "hw1.ipynb").exists()
    assert line["files"][0]["became"] == "left out"
    assert collect((PLACE, named("right")))["1"]["outcome"] == "collected"
    line = collect((PLACE, untouched("hw2")))["1"]
    assert (line["outcome"], json.loads(collected(course, "1"))) == ("kept", named("right"))


@pytest.mark.parametrize("name", ["hw1.ipynb.txt", "hw1.ipynb.json", "hw1 (1).IPYNB.TXT"])
def test_a_notebook_is_taken_for_one_whatever_a_browser_has_called_it(course, collect, name):
    lines = collect((f"Ada_1_assignsubmission_file_/{name}", named("ada")))
    assert json.loads(collected(course, "1")) == named("ada")
    assert lines["1"]["note"].startswith("renamed;")
    assert collect((f"ada.{name.partition('.')[2]}", named("x")))["ada"]["outcome"] == "collected"


# ---- Late, again, and back ----


def test_a_late_resubmission_replaces_the_one_in_time_unless_the_settings_say_so(course, collect):
    collect((PLACE, named("in time")), worksheet=SHEET.format(1))
    line = collect((PLACE, named("late")), worksheet=SHEET.format(9))["1"]
    assert (line["outcome"], json.loads(collected(course, "1"))) == ("resubmitted", named("late"))
    assert "the one before is in archive/hw1/1/20260301-080000-" in line["note"]
    set_up(course, resubmission="last in time")
    line = collect((PLACE, named("in time, older")), worksheet=SHEET.format(2))["1"]
    assert line["outcome"] == "resubmitted"
    line = collect((PLACE, named("later")), worksheet=SHEET.format(16))["1"]
    assert line["outcome"] == "kept"
    assert (
        "late, and one in time is there, so this one is in archive/hw1/1/20260316" in line["note"]
    )
    assert [one["became"] for one in line["files"]] == ["kept"]
    assert stamp(course, "1") == "2026-03-02 08:00:00 UTC"
    assert len(kept(course, "1")) == 3


def test_with_last_in_time_the_last_counts_while_none_is_in_time(course, collect):
    set_up(course, resubmission="last in time")
    collect((PLACE, named("late")), worksheet=SHEET.format(9))
    line = collect((PLACE, named("later")), worksheet=SHEET.format(16))["1"]
    assert line["outcome"] == "resubmitted"


def test_a_version_is_taken_back_as_it_was_and_stays(course, collect):
    collect((PLACE, named("in time")), worksheet=SHEET.format(1))
    late = {"worksheet": SHEET.format(9)}
    collect((PLACE, named("late")), **late)
    (version,) = kept(course, "1")
    ran = nwgrade(course, "collect", "hw1", course / "archive" / "hw1" / "1" / version, "--json")
    assert [line["outcome"] for line in ran.json] == ["taken back"]
    assert json.loads(collected(course, "1")) == named("in time")
    assert stamp(course, "1") == "2026-03-01 08:00:00 UTC"
    assert named("late") in kept(course, "1").values()
    line = collect((PLACE, named("late")), **late)["1"]
    assert (line["outcome"], line["name"]) == ("kept", "Ada Byron")
    assert "set aside, as you have taken back another" in line["note"]
    again = nwgrade(course, "collect", "hw1", course / "archive" / "hw1" / "1" / version, "--json")
    assert again.code == 0
    assert named("late") in kept(course, "1").values()
    assert collect((PLACE, named("new")), worksheet=SHEET.format(16))["1"]["outcome"] == (
        "resubmitted"
    )


def test_how_a_version_is_taken_back_is_told_when_there_is_one(course, collect):
    collect((PLACE, named("one")))
    again = make_zip(course / "again.zip", [(PLACE, named("two"))])
    told = "To let a version count again: nwgrade collect hw1 archive/hw1/..."
    assert told in nwgrade(course, "collect", "hw1", again).out
    assert told not in nwgrade(course, "collect", "hw1", again).out


@pytest.mark.parametrize("what", ["", "hw1", "hw1/1", "hw1/1/nothing", "hw2/1/x"])
def test_what_is_no_version_cannot_be_taken_back(course, collect, what):
    collect((PLACE, named("in time")))
    collect((PLACE, named("late")))
    ran = nwgrade(course, "collect", "hw1", course / "archive" / what)
    assert ran.code == 1
    assert "is no version of hw1 that was kept. Name one, like archive/hw1/101/2026" in ran.err


def test_a_version_collected_by_hand_keeps_its_time_and_the_students_name(course, collect):
    collect((PLACE, named("in time")), worksheet=SHEET.format(1))
    collect((PLACE, named("late")), worksheet=SHEET.format(9))
    line = collect(("1/hw1.ipynb", named("in time")), zipped=False)["1"]
    assert line["name"] == "Ada Byron"
    assert line["outcome"] == "kept"
    assert "older than the one that is there" in line["note"]
    line = collect(("1/hw1.ipynb", named("by mail")), zipped=False)["1"]
    assert (line["outcome"], line["name"]) == ("resubmitted", "Ada Byron")
    received = json.loads((course / "submitted" / "1" / "hw1" / "received.json").read_bytes())
    assert received["entry"] == "Ada_1_assignsubmission_file_"  # as Moodle wants its feedback


def test_lateness_costs_no_more_than_the_settings_say(course):
    set_up(course, late_percent_per_day=10.0, late_percent_most=40)
    assert [Course(course).cut(days) for days in (0, 3, 4, 267)] == [0, 0.3, 0.4, 0.4]


def test_an_extension_in_the_settings_counts_before_the_mark_of_canvas(course, collect):
    lines = collect(
        ("curiemarie_LATE_7_1001_hw1.ipynb", named("has more time")),
        ("postemil_LATE_8_1002_hw1.ipynb", named("has none")),
    )
    assert lines["7"]["note"] == "marked late, but has an extension: counted as in time"
    assert "counted as 1 day" in lines["8"]["note"]


def test_the_gradebook_of_canvas_knows_the_names_and_who_is_missing(course, collect):
    entry = ("curiemarie_7_1001_hw1.ipynb", named("Marie"))
    assert collect(entry)["7"]["name"] == "curiemarie"
    roster = '    Points Possible,,,100\n"Curie, Marie",7,A,\n"Post, Emil",8,A,\n'
    lines = collect(entry, worksheet=roster, header="Student,ID,Section,hw1 (77)\n")
    assert (lines["7"]["outcome"], lines["7"]["name"]) == ("unchanged", "Curie, Marie")
    assert (lines["8"]["outcome"], lines["8"]["name"]) == ("nothing", "Post, Emil")
    assert Course(course).submission("hw1", "7").name == "Curie, Marie"


@pytest.mark.parametrize(
    ("sheet", "said"),
    [
        ("Kennung,Vollst\u00e4ndiger Name\nTeilnehmer/in 1,Ada\n", "set the platform to English"),
        (
            HEADER + "Participant 1,Ada,,,Montag 9. M\u00e4rz 2026\n",
            "'Montag 9. M\u00e4rz 2026' is no",
        ),
        (HEADER + "Participant 77,Ada,,,-\n", "knows none of the 31 who have handed in"),
    ],
)
def test_a_worksheet_that_is_another_is_refused(refused, tmp_path, sheet, said):
    (tmp_path / "sheet.csv").write_text(sheet, encoding="utf-8")
    assert said in refused(*MOODLE, worksheet=tmp_path / "sheet.csv")


def test_who_is_not_on_the_worksheet_is_told(collect):
    entries = ((PLACE, named("ada")), ("Bob_2_assignsubmission_file_/hw1.ipynb", named("bob")))
    assert collect(*entries, worksheet=SHEET.format(1))["2"]["note"].startswith(
        "not on the worksheet;"
    )


# ---- Disks and older courses ----


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES], ids=os.strerror)
def test_a_disk_that_refuses_is_told_in_a_line_and_the_next_run_goes_on(
    course, collect, tmp_path, monkeypatch, number
):
    """Wherever it does, each student has a version that is whole, or the archive has it."""
    place = "Bob_2_assignsubmission_file_/hw1.ipynb"
    collect((PLACE, named("ada 1")), (place, named("bob 1")))
    source = make_zip(tmp_path / "all.zip", [(PLACE, named("ada 2")), (place, named("bob 2"))])
    real = {"replace": os.replace, "rename": os.rename}
    for left in range(12):
        calls = iter(range(left))

        def refuse(name, *paths, calls=calls):
            if next(calls, None) is None:
                raise OSError(number, os.strerror(number), str(paths[-1]))
            real[name](*paths)

        with monkeypatch.context() as patch:
            for name in real:
                patch.setattr(os, name, partial(refuse, name))
            ran = nwgrade(course, "collect", "hw1", source)
        if ran.code == 0:
            break
        assert ran.err.count("\n") == 1
        assert f"{os.strerror(number)}. Nothing is lost" in ran.err
        for student, name in (("1", "ada"), ("2", "bob")):
            if (course / "submitted" / student / "hw1").exists():
                assert json.loads(collected(course, student)) in [
                    named(f"{name} {n}") for n in "12"
                ]
                assert stamp(course, student)
            else:
                assert named(f"{name} 1") in kept(course, student).values()
    assert left >= 6
    assert collect((PLACE, named("ada 2")), (place, named("bob 2"))).keys() == {"1", "2"}
    assert json.loads(collected(course, "2")) == named("bob 2")
    assert [list(kept(course, student).values()) for student in "12"] == [
        [named("ada 1")],
        [named("bob 1")],
    ]
    assert not list(course.rglob("*.part"))


def test_what_a_stopped_run_has_left_is_no_part_of_a_version(course, collect):
    left = course / "submitted" / "7" / ".hw1.part"
    left.mkdir(parents=True)
    (left / "timestamp.txt").write_text("2026-03-09 08:00:00 UTC\n")
    collect(("curiemarie_7_1001_hw1.ipynb", named("Marie")))
    assert Course(course).submission("hw1", "7").time is None
    assert not left.exists()


def test_what_other_commands_write_is_refused_in_a_line_too(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "scores.csv")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(
        CourseError, match=r"^scores\.csv: No space left on device\. Nothing is lost"
    ):
        write(tmp_path / "export" / "scores.csv", "student,score")


def test_a_folder_that_may_not_be_read_is_told_and_not_passed_over(
    course, collect, tmp_path, monkeypatch
):
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("bob"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return scandir(path)

    collect(("ada/hw1.ipynb", named("1")), ("bob/hw1.ipynb", named("1")), zipped=False)
    before = state(course)
    (tmp_path / "source" / "ada" / "hw1.ipynb").write_bytes(as_bytes(named("2")))
    monkeypatch.setattr(os, "scandir", refuse)
    ran = nwgrade(course, "collect", "hw1", tmp_path / "source")
    monkeypatch.undo()
    assert ran.code == 1
    assert f"{tmp_path / 'source' / 'bob'}: Permission denied. Nothing is lost" in ran.err
    assert state(course) == before


def test_a_course_of_an_older_version_is_read(course, collect):
    """It has no received.json, as nbgrader's, or a damaged one, and files in archive/."""
    old = course / "submitted" / "1" / "hw1"
    old.mkdir(parents=True)
    (old / "hw1.ipynb").write_bytes(as_bytes(named("old")))
    (course / "archive" / "hw1" / "1").mkdir(parents=True)
    (course / "archive" / "hw1" / "1" / "20260101-000000-12345678.ipynb").write_text("{}")
    for received in (None, "[]", "{", "3"):
        if received:
            (old / "received.json").write_text(received)
        assert collect((PLACE, named("old")))["1"]["outcome"] == "unchanged"
    assert collect((PLACE, named("new")))["1"]["outcome"] == "resubmitted"
    assert list(kept(course, "1").values()) == [named("old")]


def test_a_list_of_students_that_is_another_is_named(course, refused):
    (course / "students.csv").write_text("student,called\n1,Ada\n")
    assert "students.csv must have the columns id and name" in refused(*MOODLE)


# ---- The assignment ----


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = (\n", "hw1.py, line 1: SyntaxError: '(' was never closed"),
        ("\nimport nothing_like_it\n", "line 2: ModuleNotFoundError: No module named"),
        ("def f():\n    1 / 0\nf()\n", "line 2: ZeroDivisionError: division by zero"),
        ("\0", "hw1.py"),
        (b"# \xff", "hw1.py: UnicodeDecodeError"),
    ],
)
def test_an_error_in_a_checks_module_is_told_in_a_line(course, text, said):
    (course / "checks" / "hw1.py").write_bytes(as_bytes(text))
    ran = nwgrade(course, "status", "hw1")
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert said in ran.err


def test_of_an_assignment_without_checks_it_is_said_what_is_missing(course):
    (course / "checks" / "hw1.py").unlink()
    ran = nwgrade(course, "status", "hw1")
    assert ran.code == 1
    assert f"there is no {course / 'checks' / 'hw1.py'}." in ran.err
