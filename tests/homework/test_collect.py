"""Collecting finds each student's notebook, in whatever way it was handed in."""

import json
import os
from datetime import UTC, datetime

import pytest

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


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path / "course", "hw1", settings=SETTINGS)


@pytest.fixture
def collect(course, tmp_path):
    """Collect (path, content) pairs, zipped or as files; return the lines by student."""

    def collect(*entries, zipped=True, worksheet=None):
        source = tmp_path / "source"
        if zipped:
            make_zip(source.with_suffix(".zip"), entries)
            source = source.with_suffix(".zip")
        for name, content in () if zipped else entries:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes(as_bytes(content))
        options = []
        if worksheet:
            (tmp_path / "grades.csv").write_text(HEADER + worksheet, encoding="utf-8")
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
    inner = make_zip(tmp_path / "inner.zip", [("my work/hw1.ipynb", named("inner"))])
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
    assert lines.keys() == {"ada"}
    assert json.loads(collected(course, "ada")) == named("ada")


def test_a_new_version_replaces_the_old_one_which_is_kept(course, collect, tmp_path):
    place = "Ada_1_assignsubmission_file_/hw1.ipynb"
    assert collect((place, named("one")))["1"]["outcome"] == "collected"
    assert collect((place, named("one")))["1"]["outcome"] == "unchanged"
    assert collect((place, named("two")))["1"]["outcome"] == "resubmitted"
    assert json.loads(collected(course, "1")) == named("two")
    (old,) = (course / "archive" / "hw1" / "1").iterdir()
    assert json.loads(old.read_bytes()) == named("one")


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
    rows = nwgrade(course, "status", "hw1", "--json").json
    assert [row["status"] for row in rows] == ["not graded yet"] * 4 + ["nothing submitted"]


def test_a_time_can_be_corrected_by_hand(course, collect):
    collect(("ada/hw1.ipynb", named("ada")), zipped=False)
    path = course / "submitted" / "ada" / "hw1" / "timestamp.txt"
    for text, days in [
        ("2026-03-02 11:00", 0),
        ("2026-03-02 13:30:00 Europe", None),
        ("2026-03-02 12:30:00 UTC", 1),
        ("2026-03-04T12:59:00+01:00", 2),
    ]:
        path.write_text(text)
        ran = nwgrade(course, "status", "hw1", "--json")
        if days is None:
            assert ran.code == 1
            assert "is no date like 2026-03-02 23:59" in ran.err
        else:
            assert ran.json[0]["days_late"] == days


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
        ("late_percent_per_day = 300", "must be from 0 to 100"),
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
