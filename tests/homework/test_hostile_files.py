"""Zips and folders that lie, lead elsewhere or swell: collecting writes only where it should."""

import csv
import io
import json
import os
import stat
import struct
import subprocess
import sys
import tempfile
import zipfile
from itertools import chain
from pathlib import Path
from warnings import catch_warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .classroom import LIGHT, as_bytes, hand_in, make_course, make_zip, need_bubblewrap, notebook
from .classroom import nwgrade_here as nwgrade

NAME = "hw1"
GOOD = as_bytes(notebook(NAME))
PLACE = "Ada_1_assignsubmission_file_/hw1.ipynb"
MEGABYTE = 2**20


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path / "deep" / "down" / "course", NAME)


@pytest.fixture
def collect(course, tmp_path):
    """Collect a zip of (name or ZipInfo, content) pairs, or a path; return the lines by student."""

    def collect(*entries):
        source = entries[0]
        if isinstance(source, tuple):
            source = make_zip(tmp_path / "all.zip", entries)
        ran = nwgrade(course, "collect", NAME, source, "--json")
        assert ran.code == 0, ran.err
        return {line["student"]: line for line in ran.json}

    return collect


def entry(name, **changes):
    """Return an entry of a zip with its fields changed; names are kept as they are."""
    made = zipfile.ZipInfo("x")
    made.filename = name
    made.compress_type = zipfile.ZIP_DEFLATED
    for field, value in changes.items():
        setattr(made, field, value)
    return made


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


# ---- Names ----

PATHS = {
    "up": "../../../up/hw1.ipynb",
    "up-inside": "ada/../../../../up/hw1.ipynb",
    "absolute": "/tmp/absolute/hw1.ipynb",
    "moodle-up": "../../Ada_1_assignsubmission_file_/../../../../up/hw1.ipynb",
    "backslashes": "..\\..\\up\\hw1.ipynb",
    "drive": "C:\\Windows\\System32\\hw1.ipynb",
    "share": "\\\\server\\share\\hw1.ipynb",
    "only-dots": "../..",
    "line-end": "ada\n\r/hw1.ipynb",
    "escape-codes": "\x1b[31mada\x1b]0;title\x07/\x1b[2Jhw1.ipynb",
    "direction": "ada\u202eexe/hw1.ipynb",
    "long": "a" * 30_000 + "/hw1.ipynb",
    "markup": "[red]ada[/red]/[link=https://example.org]hw1.ipynb",
    "formula": "=cmd|' /C calc'!A0/hw1.ipynb",
    "device": "/dev/stdin",
    "home": "~/hw1.ipynb",
    "nothing": "/",
}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_no_name_leads_out_harms_a_terminal_or_stops_the_others(course, tmp_path, path):
    before = files(tmp_path)
    source = make_zip(tmp_path / "all.zip", [(entry(path), GOOD), ("bob/hw1.ipynb", GOOD)])
    ran = nwgrade(course, "collect", NAME, source)
    assert ran.code == 0, ran.err
    assert not set(ran.out) & {"\x1b", "\x07", "\r", "\u202e"}
    assert (course / "submitted" / "bob" / NAME / "hw1.ipynb").read_bytes() == GOOD
    new = files(tmp_path) - before - {"all.zip", "deep/down/course/students.csv"}
    assert all(name.startswith("deep/down/course/submitted/") for name in new)


def test_a_path_that_leads_elsewhere_is_left_out(course, collect):
    names = ("../bob/hw1.ipynb", "bob/../../eve/hw1.ipynb", "/etc/hw1.ipynb")
    lines = collect(("ada/hw1.ipynb", GOOD), *((entry(name), GOOD) for name in names))
    assert lines.keys() == {"ada", ""}
    assert lines[""]["note"].startswith("1 ")  # those with dots are hidden files


def test_names_in_old_encodings_are_taken(course, collect, tmp_path):
    path = make_zip(tmp_path / "old.zip", [("Zoe__1_assignsubmission_file_/hw1.ipynb", GOOD)])
    path.write_bytes(path.read_bytes().replace(b"Zoe_", b"Zo\x89_"))  # cp437, as Windows writes it
    assert collect(path)["1"]["name"] == "Zoë_"


def test_names_that_are_no_text_are_taken(course, collect, tmp_path):
    folder = os.fsencode(tmp_path / "folder")
    os.makedirs(folder + b"/ada\xff\xfe")
    with open(folder + b"/ada\xff\xfe/hw1.ipynb", "wb") as file:
        file.write(GOOD)
    (line,) = collect(tmp_path / "folder").values()
    assert line["outcome"] == "collected"
    assert nwgrade(course, "status", NAME).code == 0


ALIKE = {
    "in-a-sign": ("a b", "a-b"),
    "in-signs": ("a  b", "a b"),
    "at-the-end": ("x" * 100 + "1", "x" * 100 + "2"),
    "in-what-is-left-of-it": ("(*)", "[?]"),
}


@pytest.mark.parametrize("pair", ALIKE.values(), ids=ALIKE)
def test_two_students_with_one_id_are_named_and_not_mixed(course, tmp_path, pair):
    first, second = (make_zip(tmp_path / f"{n}", [(f"{pair[n]}/a.ipynb", GOOD)]) for n in (0, 1))
    both = make_zip(tmp_path / "both", [(f"{one}/a.ipynb", GOOD) for one in pair])
    for source, code in [(both, 1), (first, 0), (second, 1), (first, 0), (both, 1)]:
        ran = nwgrade(course, "collect", NAME, source)
        assert ran.code == code
        assert not code or all(repr(one) in ran.err for one in pair)
    (path,) = course.glob("submitted/*/hw1/received.json")
    assert json.loads(path.read_text())["name"] == pair[0]


# ---- Whose they are ----

EVIL = as_bytes(notebook(NAME, "# evil"))
PRETENDERS = {
    "moodle-flat": "Evil_666_assignsubmission_file_x_101_assignsubmission_file_hw1.ipynb",
    "moodle-flat-folder": "Evil_666_assignsubmission_file_x_101_assignsubmission_file_/hw1.ipynb",
    "moodle-folder": "Evil_666_assignsubmission_file_/x_101_assignsubmission_file_hw1.ipynb",
    "moodle-deep": "Evil_666_assignsubmission_file_/x_101_assignsubmission_file_/hw1.ipynb",
    "moodle-like-canvas": "Evil_666_assignsubmission_file_/x_101_2_hw1.ipynb",
    "canvas-folder": "evil_666_8_a/x_101_2_hw1.ipynb",
    "canvas-like-moodle": "evil_666_8_x_101_assignsubmission_file_hw1.ipynb",
    "folder-like-moodle": "666/x_101_assignsubmission_file_hw1.ipynb",
    "folder-like-moodle-deep": "666/x_101_assignsubmission_file_/hw1.ipynb",
    "folder-like-canvas": "666/x_101_2_hw1.ipynb",
    "folder-deep": "666/101/hw1.ipynb",
}
OTHERS = {
    "moodle": "Ada_101_assignsubmission_file_/hw1.ipynb",
    "canvas": "ada_101_7_hw1.ipynb",
    "folder": "101/hw1.ipynb",
}


@pytest.mark.parametrize("outer", ["", "hw1/", "all of it/"])
@pytest.mark.parametrize("kind", PRETENDERS)
def test_a_file_is_never_taken_for_that_of_another_student(course, collect, kind, outer):
    other, path = OTHERS[kind.partition("-")[0]], PRETENDERS[kind]
    collect((outer + other, GOOD))
    lines = collect((outer + path, EVIL), (outer + other, GOOD))
    assert (course / "submitted" / "101" / NAME / "hw1.ipynb").read_bytes() == GOOD
    assert lines.keys() in ({"101", "666"}, {"101", ""})
    if "" in lines:
        assert lines[""]["note"].startswith(
            "1 left out, as the name can be read as that of several"
        )
        assert outer + path in lines[""]["note"]
    else:
        assert (course / "submitted" / "666" / NAME / "hw1.ipynb").read_bytes() == EVIL


@pytest.mark.parametrize("path", PRETENDERS.values(), ids=PRETENDERS)
def test_a_file_alone_is_never_taken_for_that_of_a_student_who_is_known(course, collect, path):
    collect(("666/hw1.ipynb", "{}"), ("101/hw1.ipynb", GOOD))
    source = make_zip(course / "one.zip", [(path, EVIL)])
    ran = nwgrade(course, "collect", NAME, source, "--json")
    assert (course / "submitted" / "101" / NAME / "hw1.ipynb").read_bytes() == GOOD
    assert ran.code == 0 or "there is no file of a student in it. 1 left out" in ran.err


def test_a_name_that_says_the_same_number_twice_is_clear(course, collect):
    twice = "Ada_101_assignsubmission_file_Ada_101_assignsubmission_file_hw1.ipynb"
    lines = collect((twice, GOOD))
    assert (lines["101"]["name"], lines["101"]["note"]) == ("Ada", "renamed")


PIECES = ("a", "B c", "李", "_", "_2_3_", "_LATE", "101", "_101", "_666_assignsubmission_file_")
anything = st.lists(st.sampled_from([*PIECES, "/", "/x_101_assignsubmission_file_"]), max_size=4)
LAYOUTS = {
    "moodle": (st.lists(st.sampled_from(PIECES), min_size=1), "{}_{}_assignsubmission_file_/"),
    "flat": (st.lists(st.sampled_from(PIECES), min_size=1), "{}_{}_assignsubmission_file_"),
    "canvas": (st.lists(st.sampled_from(["a", "B c", "李"]), min_size=1), "{}_{}_77_"),
    "folders": (st.just([]), "{}{}/"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@given(st.data())
def test_whatever_names_and_files_are_called_nobody_gets_the_work_of_another(layout, data):
    names, entry = LAYOUTS[layout]
    entries = [(f"{entry.format('' if layout == 'folders' else 'ada', '303')}x.ipynb", "# 303")]
    for owner in ("101", "202", "666"):
        name = "".join(data.draw(names))
        for file in data.draw(st.lists(anything, min_size=1, max_size=2)):
            path = f"{entry.format(name, owner)}{''.join(file)}x.ipynb"
            entries.append((path.replace("//", "/"), f"# {owner}"))
    with tempfile.TemporaryDirectory() as folder:
        course = make_course(Path(folder, "course"), NAME)
        outer = data.draw(st.sampled_from(["", "hw1/", "all of it/"]))
        zipped = [(outer + path, as_bytes(notebook(NAME, mark))) for path, mark in entries]
        with catch_warnings(action="ignore"):  # of two files with one name
            source = make_zip(Path(folder, "all.zip"), zipped)
        ran = nwgrade(course, "collect", NAME, source, "--json")
        students = {path.parts[-3]: path for path in course.glob("submitted/*/hw1/hw1.ipynb")}
        owners = {"101", "202", "303", "666"}
        for student in students.keys() & owners:
            assert f'"# {student}"' in students[student].read_text(encoding="utf-8")
        note = ran.json[-1].get("note", "") if ran.code == 0 else ran.err
        assert students.keys() >= owners or " left out, as the name" in note


# ---- Links and what is no file ----


def test_links_in_a_zip_are_left_out(course, collect):
    place = "Eve_2_assignsubmission_file_"
    link = entry(f"{place}/hw1.ipynb", external_attr=(stat.S_IFLNK | 0o777) << 16)
    device = entry(f"{place}/b.ipynb", external_attr=stat.S_IFCHR << 16)
    lines = collect((PLACE, GOOD), (link, "/etc/passwd"), (device, GOOD))
    assert lines.keys() == {"1", ""}
    assert lines[""]["note"] == "2 links and special files were left out."


def test_links_in_a_folder_are_left_out(course, collect, tmp_path):
    (tmp_path / "secret.ipynb").write_bytes(GOOD)
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "hw1.ipynb").write_bytes(GOOD)
    ada = tmp_path / "folder" / "ada"
    ada.mkdir(parents=True)
    (ada / "hw1.ipynb").symlink_to(tmp_path / "secret.ipynb")
    (ada / "hard.txt").write_text("no notebook")
    (ada / "there").symlink_to(tmp_path / "others")
    (tmp_path / "folder" / "eve").symlink_to(tmp_path / "others")
    os.mkfifo(ada / "pipe.ipynb")
    lines = collect(tmp_path / "folder")
    assert lines.keys() == {"ada", ""}
    assert "no notebook among the files: hard.txt" in lines["ada"]["note"]
    assert not list(course.glob("submitted/*/hw1/hw1.ipynb"))


# ---- Zips that lie ----


def encrypted(content):
    """Return the zip with the flag of encryption set on all entries."""
    return content.replace(b"PK\1\2\x14\3\x14\0\0\0", b"PK\1\2\x14\3\x14\0\1\0").replace(
        b"PK\3\4\x14\0\0\0", b"PK\3\4\x14\0\1\0"
    )


def zipped(*entries, method=zipfile.ZIP_DEFLATED):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return data.getvalue()


def spoiled(content):
    half = len(content) // 2
    return content[:half] + b"\xff" * 99 + content[half + 99 :]


BROKEN = {
    "encrypted": encrypted(zipped(("hw1.ipynb", GOOD))),
    "truncated": zipped(("hw1.ipynb", GOOD))[:-40],
    "first-half": zipped(("hw1.ipynb", GOOD))[: len(zipped(("hw1.ipynb", GOOD))) // 2],
    "wrong-sum": zipped(("hw1.ipynb", b"1" * 99), method=0).replace(b"1" * 99, b"2" * 99),
    "wrong-stream": spoiled(zipped(("hw1.ipynb", GOOD))),
    "lzma": zipped(("hw1.ipynb", GOOD), method=zipfile.ZIP_LZMA),
    "unknown-method": zipped(("hw1.ipynb", GOOD)).replace(b"\x14\0\0\0\x08\0", b"\x14\0\0\0\x63\0"),
    "wrong-text": zipped(("é.ipynb", GOOD)).replace("é".encode(), b"\xff\xff"),
    "offset-outside": zipped(("hw1.ipynb", GOOD))[:-6] + b"\xff\xff\xff\x7f\0\0",
    "no-zip": b"PK\5\6" + bytes(18),
    "empty": b"",
}


def test_broken_zips_of_students_are_told_and_stop_nobody(course, collect):
    entries = [
        (f"{name}_{number}_assignsubmission_file_/my.zip", content)
        for number, (name, content) in enumerate(BROKEN.items(), start=2)
    ]
    lines = collect((PLACE, GOOD), *entries)
    assert lines.pop("1")["note"] == ""
    assert len(lines) == len(BROKEN)
    for line in lines.values():
        assert "cannot be read" in line["note"] or "no notebook" in line["note"], line
    assert {path.read_bytes() for path in course.glob("submitted/*/hw1/*.ipynb")} == {GOOD, b""}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_broken_zip_of_all_is_told_in_a_line(course, tmp_path, content):
    (tmp_path / "all.zip").write_bytes(content)
    ran = nwgrade(course, "collect", NAME, tmp_path / "all.zip", "--json")
    is_told = "neither a folder nor a zip" in ran.err or "no file of a student" in ran.err
    assert is_told or "cannot be read" in ran.json[0]["note"]
    assert ran.code == (1 if is_told else 0)


def test_of_entries_with_one_name_one_is_taken(course, collect):
    with pytest.warns(UserWarning, match="Duplicate name"):
        lines = collect((PLACE, GOOD), (PLACE, "{"), (PLACE, GOOD))
    assert lines["1"]["note"] == "chosen from 3 files"
    assert (course / "submitted" / "1" / NAME / "hw1.ipynb").read_bytes() == GOOD


def test_too_many_entries_are_refused(course, tmp_path):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for number in range(50_001):
            archive.writestr(f"{number}/x", "")
    ran = nwgrade(course, "collect", NAME, tmp_path / "all.zip")
    assert (ran.code, "50001 entries, more than 50000" in ran.err) == (1, True)


# ---- Zips that swell ----


def swelling(name, size):
    """Return a zip with an entry of so many zeros, made without holding them."""
    data = io.BytesIO()
    with (
        zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(name, "w", force_zip64=True) as file,
    ):
        for _ in range(size // MEGABYTE):
            file.write(bytes(MEGABYTE))
    return data.getvalue()


def many_entries(count):
    """Return a zip of which each entry is the same empty file."""
    one = zipped(("x", ""))
    start, end = one.index(b"PK\1\2"), one.index(b"PK\5\6")
    central = one[start:end] * count
    sizes = struct.pack("<HHHHIIH", 0, 0, 0, 0, len(central), start, 0)
    return one[:start] + central + b"PK\5\6" + sizes


def test_what_swells_is_bounded_in_memory_and_time(course, tmp_path):
    """Each of these, opened without a limit, would take more memory than there is, or minutes."""
    zeros = swelling("hw1.ipynb", 1200 * MEGABYTE)
    large = zipped(("x", bytes(150 * MEGABYTE)), method=zipfile.ZIP_STORED)
    long = zipped(*(("-" * 60_000 + f"{n}.ipynb", "{") for n in range(9)))
    entries = [
        (PLACE, GOOD),
        ("Bob_2_assignsubmission_file_/hw1.zip", zeros),
        ("Cyd_3_assignsubmission_file_/hw1.zip", many_entries(1_000_000)),
        ("Dan_4_assignsubmission_file_/hw1.zip", zipped(*((f"{n}.zip", zeros) for n in range(9)))),
        ("Eve_5_assignsubmission_file_/hw1.zip", long),
        *((f"Fay_6_assignsubmission_file_/{n}.zip", large) for n in range(4)),
        *((f"Gus_7_assignsubmission_file_/{n}.ipynb", b"0" * 60 * MEGABYTE) for n in range(4)),
    ]
    source = make_zip(tmp_path / "all.zip", entries)
    limit = 1024 * MEGABYTE
    code = (
        f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({limit}, {limit}))\n"
        "import sys; from nwgrade.cli import main; sys.exit(main())"
    )
    command = [sys.executable, "-c", code, "collect", NAME, source, "--course", course]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    assert (course / "submitted" / "1" / NAME / "hw1.ipynb").read_bytes() == GOOD
    assert all(path.stat().st_size <= 51 * MEGABYTE for path in course.rglob("*.ipynb"))


# ---- What goes out ----


def test_no_table_holds_a_formula(course, collect, tmp_path):
    need_bubblewrap()
    names = ("=1+1", "+1", "-1", "@A1", "=HYPERLINK(1)")
    for number, name in enumerate(names):
        answered = notebook(NAME, derivation=f"{name}, says the student", **LIGHT)
        collect((f"{name}_{number}_assignsubmission_file_/hw1.ipynb", as_bytes(answered)))
    collect(("=cmd|' /C calc'!A0/hw1.ipynb", as_bytes(notebook(NAME, **LIGHT))))
    assert nwgrade(course, "grade", NAME, "--seconds", 2).code == 0
    assert nwgrade(course, "written", NAME).code == 0
    assert nwgrade(course, "export", NAME, "--partial").code == 0
    assert nwgrade(course, "export", NAME, "--partial", "--canvas").code == 0
    tables = sorted(course.rglob("*.csv"))
    assert [path.name for path in tables] == [
        "hw1-canvas.csv",
        "hw1-scores.csv",
        "hw1-written.csv",
        "students.csv",
    ]
    for path in tables:
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
        assert len(rows) >= len(names)
        for value in chain.from_iterable(rows):
            assert not value.startswith(("=", "+", "-", "@", "\t", "\r")), path


def test_a_student_may_be_called_what_you_like(course):
    hand_in(course, NAME, "submitted", GOOD)
    hand_in(course, NAME, "hw1", GOOD)
    students = [row["student"] for row in nwgrade(course, "status", NAME, "--json").json]
    assert students == ["hw1", "submitted"]
