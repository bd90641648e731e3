"""Zips and folders that lie, lead elsewhere or swell: collecting writes only where it should."""

import contextlib
import csv
import io
import ntpath
import os
import posixpath
import re
import shutil
import stat
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from collections import Counter
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nwgrade import export
from nwgrade.collect import collect as collect_all
from nwgrade.course import (
    Course,
    CourseError,
    csv_text,
    plain,
    printable,
    read_json,
    read_table,
)
from nwgrade.layout import by_student
from nwgrade.sources import File
from nwgrade.standings import Part, Row

from .classroom import as_bytes, hand_in, make_course, make_zip, notebook
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


def reasons(lines):
    """Return why each file that is nobody's was left out, by path."""
    return {one["file"]: one["why"] for one in lines[""]["files"]}


@pytest.fixture(scope="module")
def anew(tmp_path_factory):
    """Collect (path, content) pairs in a course where nothing was; return it, and what is told."""
    course = Course(make_course(tmp_path_factory.mktemp("anew") / "course", NAME))
    assignment = course.assignment(NAME)

    def anew(entries):
        shutil.rmtree(course.root / "submitted", ignore_errors=True)
        (course.root / "students.csv").unlink(missing_ok=True)
        source = make_zip(course.root / "all.zip", entries)
        try:
            return course, *collect_all(course, assignment, source)
        except CourseError as error:
            return course, [], [str(error)]

    return anew


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
    "only-dots": "../..",
    "device": "/dev/stdin",
    "backslashes": "..\\..\\up\\hw1.ipynb",
    "drive": "C:\\Windows\\System32\\hw1.ipynb",
    "share": "\\\\server\\share\\hw1.ipynb",
    "line-end": "ada\n\r/hw1.ipynb",
    "escape-codes": "\x1b[31mada\x1b]0;title\x07/\x1b[2Jhw1.ipynb",
    "direction": "ada\u202eexe/hw1.ipynb",
    "long": "a" * 30_000 + "/hw1.ipynb",
    "long-in-bytes": "\u674e" * 100 + "/hw1.ipynb",
    "long-in-a-file": "ada/" + "\u674e" * 200 + ".ipynb",
    "markup": "[red]ada[/red]/[link=https://example.org]hw1.ipynb",
    "numbers": "a" + "_1" * 30_000 + ".ipynb",
    "formula": "=cmd|' calc'!A0/hw1.ipynb",
    "home": "~/hw1.ipynb",
    "nothing": "/",
}


def leads_out(path):
    """Say whether the path, joined to a folder by a program that trusts it, is outside of it."""
    place = "/course/submitted"
    joined = ntpath if "\\" in path else posixpath
    return not joined.normpath(joined.join(place, path)).replace("\\", "/").startswith(f"{place}/")


def is_bad(path):
    """Say whether a program that trusts the path comes to harm."""
    steers = not path.isprintable() or re.search(r"\[/?\w+[\]=]", path)
    too_long = any(len(part.encode()) > 255 for part in path.split("/"))
    return leads_out(path) or steers or too_long or path[0] in "=~"


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_no_name_leads_out_harms_a_terminal_or_stops_the_others(course, tmp_path, path):
    """As the student has called a file it is taken, and as the instructor has it may be refused."""
    assert is_bad(path)
    before = files(tmp_path)
    inside = f"Eve_2_assignsubmission_file_/{path}"
    for place, other, student in [(inside, PLACE, "1"), (path, "bob/hw1.ipynb", "bob")]:
        source = make_zip(tmp_path / "all.zip", [(entry(place), GOOD), (other, GOOD)])
        ran = nwgrade(course, "collect", NAME, source)
        assert not set(ran.out + ran.err) & {"\x1b", "\x07", "\r", "\u202e"}
        assert len(max(ran.err.splitlines(), key=len, default="")) < 3000
        stored = course / "submitted" / student / NAME / "hw1.ipynb"
        if ran.code:
            assert place == path
            assert re.search(r" 1 file \(.*\) would be left out", ran.err)
            assert not stored.exists()
        else:
            assert stored.read_bytes() == GOOD
    new = files(tmp_path) - before - {"all.zip", "deep/down/course/students.csv"}
    assert all(name.startswith("deep/down/course/submitted/") for name in new)


def test_a_path_that_leads_elsewhere_is_left_out(course, collect):
    names = ("../bob/hw1.ipynb", "bob/../../eve/hw1.ipynb", "/etc/hw1.ipynb")
    lines = collect(("ada/hw1.ipynb", GOOD), *((entry(name), GOOD) for name in names))
    assert lines.keys() == {"ada", "bob", ""}
    assert lines["bob"]["file"] == ""
    assert reasons(lines) == {
        "../bob/hw1.ipynb": "hidden, or left by a system",
        "/etc/hw1.ipynb": "its path leads out of the zip",
    }


def test_the_separators_of_windows_are_read_where_a_program_of_windows_wrote_them(course, collect):
    names = ("101\\hw1.ipynb", "102\\my work\\hw1.ipynb")
    lines = collect(*((entry(name, create_system=0), GOOD) for name in names))
    assert {student: line["file"] for student, line in lines.items()} == {
        "101": "hw1.ipynb",
        "102": "my work/hw1.ipynb",
    }


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
    assert Course(course).submissions(NAME).keys() == {line["student"]}


SCRIPTS = {
    "Chinese": "李雷",
    "Arabic": "محمد",
    "Devanagari": "प्रिया",
    "Thai": "สมชาย",
    "Georgian": "ნინო",
    "beyond 16 bits": "🦊𠮷",
}


@pytest.mark.parametrize("length", [1, 100, 2000])
def test_names_in_any_script_and_of_any_length_are_students_of_their_own(course, collect, length):
    names = [(name * length)[: len(name) * length] for name in SCRIPTS.values()]
    ends = [f"{name}{end}" for name in names for end in "一二"]  # alike but for the end
    lines = collect(*((f"{name}/hw1.ipynb", GOOD) for name in ends))
    assert len(lines) == len(ends)
    assert all(line["outcome"] == "collected" for line in lines.values())
    again = collect(*((f"{name}/hw1.ipynb", GOOD) for name in ends))
    assert {line["outcome"] for line in again.values()} == {"unchanged"}
    entries = (read_json(path)["entry"] for path in course.glob("submitted/*/hw1/received.json"))
    assert max(len(one.encode()) for one in entries) <= 1001


ALIKE = {
    "in-a-sign": ("a b", "a-b"),
    "in-signs": ("a  b", "a b"),
    "in-what-is-left-of-it": ("(*)", "[?]"),
    "in-how-accents-are-written": ("Zoë", "Zoë"),
    "in-the-name-of-the-assignment": ("101_hw1", "101"),
    "in-capitals": ("ada", "Ada"),  # which are one folder on some disks
    "in-a-dot-or-a-space-at-the-end": ("101.", "101 "),
}


@pytest.mark.parametrize("form", ["{}/a.ipynb", "{}.ipynb"], ids=["folders", "files"])
@pytest.mark.parametrize("pair", ALIKE.values(), ids=ALIKE)
def test_two_students_with_one_id_are_named_and_not_mixed(course, tmp_path, pair, form):
    one = make_zip(tmp_path / "one", [(form.format(pair[0]), GOOD), (form.format("x"), GOOD)])
    both = make_zip(tmp_path / "both", [(form.format(name), GOOD) for name in pair])
    is_accent = pair[1].endswith("̈")
    for source, code in [(both, 1), (one, 0), (both, 1)]:
        ran = nwgrade(course, "collect", NAME, source)
        assert ran.code == code
        shown = [(ascii if is_accent else repr)(form.format(one).split("/")[0]) for one in pair]
        assert not code or all(one in ran.err for one in shown)
    assert len(Course(course).submissions(NAME)) == 2


def test_another_name_that_cleans_to_the_id_of_before_is_refused(course, tmp_path):
    first, second = (make_zip(tmp_path / f"{n}", [(f"a{n}b/a.ipynb", GOOD)]) for n in "(*")
    for source, code in [(first, 0), (second, 1), (first, 0)]:
        ran = nwgrade(course, "collect", NAME, source)
        assert ran.code == code
        assert not code or "'a(b' and 'a*b' would both be the student a-b" in ran.err
    assert Course(course).submissions(NAME)["a-b"].name == "a(b"


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


# What is taken for 101 by one who looks for the last entry, the first two numbers, or a folder.
NAIVE = (r".*_(\d+)_assignsubmission_.*", r"(?:.*[/_])?[a-z]_(\d+)_\d+_.*", r".*/(\d+)/.*")


@pytest.mark.parametrize("outer", ["", "hw1/", "all of it/"])
@pytest.mark.parametrize("kind", PRETENDERS)
def test_a_file_is_never_taken_for_that_of_another_student(course, tmp_path, kind, outer):
    other, path = OTHERS[kind.partition("-")[0]], PRETENDERS[kind]
    assert "101" in {match[1] for one in NAIVE if (match := re.fullmatch(one, path))}
    alone = make_zip(tmp_path / "alone.zip", [(other, GOOD)])
    assert nwgrade(course, "collect", NAME, alone).code == 0
    both = make_zip(tmp_path / "both.zip", [(outer + path, EVIL), (outer + other, GOOD)])
    ran = nwgrade(course, "collect", NAME, both, "--json")
    assert (course / "submitted" / "101" / NAME / "hw1.ipynb").read_bytes() == GOOD
    if ran.code:  # Canvas knows no folders
        assert kind == "canvas-folder"
        assert f"1 file ({outer + path}) would be left out" in ran.err or outer == "all of it/"
        return
    lines = {line["student"]: line for line in ran.json}
    assert lines.keys() in ({"101", "666"}, {"101", ""})
    if "" in lines:
        assert reasons(lines) == {outer + path: "the name can be read as that of several students"}
        assert "Find out whose it is" in lines[""]["note"]
    else:
        assert (course / "submitted" / "666" / NAME / "hw1.ipynb").read_bytes() == EVIL


@pytest.mark.parametrize("path", PRETENDERS.values(), ids=PRETENDERS)
def test_a_file_alone_is_never_taken_for_that_of_a_student_who_is_known(course, collect, path):
    collect(("666/hw1.ipynb", "{}"), ("101/hw1.ipynb", GOOD))
    source = make_zip(course / "one.zip", [(path, EVIL)])
    ran = nwgrade(course, "collect", NAME, source, "--json")
    assert (course / "submitted" / "101" / NAME / "hw1.ipynb").read_bytes() == GOOD
    assert ran.code == 0 or path in ran.err


def test_a_name_that_says_the_same_number_twice_is_clear(course, collect):
    twice = "Ada_101_assignsubmission_file_Ada_101_assignsubmission_file_hw1.ipynb"
    lines = collect((twice, GOOD))
    assert (lines["101"]["name"], lines["101"]["note"]) == ("Ada", "renamed")


PIECES = ("a", "B c", "李", "_", "_2_3_", "_LATE", "101", "_101", "_666_assignsubmission_file_")
called = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), min_size=1, max_size=4)
within = st.lists(
    st.sampled_from([*PIECES, "/", "/x_101_assignsubmission_file_", "/.x/", "anon_101_7_"])
    | st.text(max_size=3),
    max_size=4,
)
LAYOUTS = {
    "moodle": ("{}_{}_assignsubmission_file_/", within),
    "moodle-of-today": ("{}_{}_assignsubmission_file/", within),
    "flat": ("{}_{}_assignsubmission_file_", within),
    "canvas": ("{}_{}_77_", called),
    "canvas-late": ("{}_LATE_{}_77_", called),
    "text-of-canvas": ("{}_{}_text.html", st.just("")),
    "folders": ("{1}/", within),
    "files": ("{1}.ipynb", st.just("")),
}


def joined(pieces):
    """Return a name as a zip can hold it, of which no part is empty."""
    text = "".join(pieces).replace("\0", "").encode("utf-8", "replace").decode()
    return re.sub(r"//+", "/", text)


@pytest.mark.parametrize("outer", ["", "hw1/"])
@pytest.mark.parametrize("layout", LAYOUTS)
@settings(max_examples=20, deadline=None)
@given(st.data())
def test_each_file_is_its_own_students_or_listed_as_left_out(anew, layout, outer, data):
    form, inside = LAYOUTS[layout]
    end = "" if form.endswith((".html", ".ipynb")) else "x.ipynb"
    owners = {f"{outer}{form.format('ada', '303')}{end}": "303"}
    for owner in ("101", "202", "666"):
        name = joined(data.draw(called)).replace("/", "") or "x"
        for pieces in data.draw(st.lists(inside, min_size=1, max_size=2)):
            pieces = [piece.replace("/", "_") for piece in pieces] if inside is called else pieces
            path = joined([outer, form.format(name, owner), *joined(pieces).lstrip("/"), end])
            owners[path] = owner
    course, lines, told = anew([(path, GOOD) for path in owners])
    if not lines:  # only what the instructor has laid out may be refused as a whole
        assert layout in ("folders", "files")
        assert "Nothing was collected" in told[0]
        assert not course.submissions(NAME)
        return
    mine = {printable(path): owner for path, owner in owners.items()}
    files = [(line["student"], one) for line in lines for one in line.get("files", ())]
    assert Counter(one["file"] for _, one in files) == Counter(map(printable, owners))
    assert told[0].startswith(f"{len(owners)} files: ")
    for student, one in files:
        assert student in (mine[one["file"]], "")
        assert one["became"] == "collected" or one["why"]
    notebooks = course.root.glob("submitted/*/hw1/hw1.ipynb")
    assert {path.parts[-3] for path in notebooks} <= {*owners.values()}


HONEST = st.text(st.characters(categories=["L", "M"]), min_size=1, max_size=120)


@pytest.mark.parametrize("form", ["{}_{}_assignsubmission_file_/{}.ipynb", "{}_{}_77_{}.ipynb"])
@settings(max_examples=25, deadline=None)
@given(st.lists(HONEST, min_size=2, max_size=5), st.lists(HONEST, min_size=5, max_size=5))
def test_of_honest_names_in_any_script_all_are_collected(anew, form, names, files):
    pairs = enumerate(zip(names, files, strict=False), start=1)
    _, lines, _ = anew([(form.format(name, n, file), GOOD) for n, (name, file) in pairs])
    assert [line["outcome"] for line in lines] == ["collected"] * len(names)


@pytest.mark.parametrize("form", ["a{}_x", "a{}_assignsubmission_file_/x", "{}", "a/{}"])
def test_a_name_of_many_numbers_takes_no_time(form):
    paths = [form.format(piece * 20_000) + ".ipynb" for piece in ("_1", "1", "_", "_1_assign")]
    started = time.process_time()
    for path in paths:
        with contextlib.suppress(CourseError):
            by_student([File(path, datetime.now(UTC), None)], NAME, set(), {})
    assert time.process_time() - started < 3


def test_numbers_in_other_scripts_are_no_students_numbers(course, tmp_path):
    path = "Eve_\u0661\u0660\u0661_assignsubmission_file_/hw1.ipynb"
    source = make_zip(tmp_path / "all.zip", [(PLACE, GOOD), (path, EVIL)])
    ran = nwgrade(course, "collect", NAME, source)
    assert ran.code == 1
    assert f"1 file ({path}) would be left out" in ran.err


@pytest.mark.parametrize("age", [-(2**40), -1, 2**40, 2**62])
def test_a_file_of_any_age_is_taken(collect, tmp_path, monkeypatch, age):
    """Not every file system holds such a date; where one does, it is a number like any other."""
    path = tmp_path / "folder" / "ada.ipynb"
    path.parent.mkdir()
    path.write_bytes(GOOD)
    aged = os.stat_result((*os.stat(path)[:7], age, age, age))
    monkeypatch.setattr(Path, "lstat", lambda _: aged)
    assert collect(tmp_path / "folder")["ada"]["outcome"] == "collected"


# ---- Links and what is no file ----


def test_links_in_a_zip_are_left_out(course, collect):
    place = "Eve_2_assignsubmission_file_"
    link = entry(f"{place}/hw1.ipynb", external_attr=(stat.S_IFLNK | 0o777) << 16)
    device = entry(f"{place}/b.ipynb", external_attr=stat.S_IFCHR << 16)
    lines = collect((PLACE, GOOD), (link, "/etc/passwd"), (device, GOOD))
    assert lines.keys() == {"1", "2"}
    assert [one["why"] for one in lines["2"]["files"]] == ["a link or a special file"] * 2
    assert "no notebook among the files" in lines["2"]["note"]
    assert not (course / "submitted" / "2" / NAME / "hw1.ipynb").exists()


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
    assert reasons(lines) == {"eve": "a link or a special file"}
    assert len(lines["ada"]["files"]) == 4
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


def beyond(content):
    """Return the zip of one entry that claims to lie at the end of what 64 bits can count."""
    start, end = content.index(b"PK\1\2"), content.index(b"PK\5\6")
    entry, extra = bytearray(content[start:end]), struct.pack("<HHQ", 1, 8, 2**64 - 1)
    entry[30:32], entry[42:46] = struct.pack("<H", len(extra)), b"\xff" * 4
    size = struct.pack("<I", len(entry) + len(extra))
    return content[:start] + entry + extra + content[end : end + 12] + size + content[end + 16 :]


def nameless(content):
    """Return the zip of one entry with no name left in its list of contents."""
    start, end = content.index(b"PK\1\2"), content.index(b"PK\5\6")
    entry = content[start : start + 28] + b"\0\0" + content[start + 30 : start + 46]
    size = struct.pack("<I", len(entry))
    return content[:start] + entry + content[end : end + 12] + size + content[end + 16 :]


BROKEN = {
    "encrypted": encrypted(zipped(("ada.ipynb", GOOD))),
    "truncated": zipped(("ada.ipynb", GOOD))[:-40],
    "first-half": zipped(("ada.ipynb", GOOD))[: len(zipped(("ada.ipynb", GOOD))) // 2],
    "wrong-sum": zipped(("ada.ipynb", b"1" * 99), method=0).replace(b"1" * 99, b"2" * 99),
    "wrong-stream": spoiled(zipped(("ada.ipynb", GOOD))),
    "lzma": zipped(("ada.ipynb", GOOD), method=zipfile.ZIP_LZMA),
    "unknown-method": zipped(("ada.ipynb", GOOD)).replace(b"\x14\0\0\0\x08\0", b"\x14\0\0\0\x63\0"),
    "wrong-text": zipped(("é.ipynb", GOOD)).replace("é".encode(), b"\xff\xff"),
    "offset-outside": zipped(("ada.ipynb", GOOD))[:-6] + b"\xff\xff\xff\x7f\0\0",
    "beyond-any-file": beyond(zipped(("ada.ipynb", GOOD))),
    "nameless": nameless(zipped(("ada.ipynb", GOOD))),
    "under-two-names": zipped(("ada.ipynb", GOOD)).replace(b"ada.ipynb", b"eve.ipynb", 1),
    "with-a-lie-on-its-size": zipped(("ada.ipynb", GOOD)).replace(
        struct.pack("<I", len(GOOD)), bytes(4)
    ),
    "no-zip": b"PK\5\6" + bytes(18),
    "empty": b"",
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_broken_zip_is_broken(content):
    """Each is so for Python's own reader too; those with an unusual name or packing are unusual."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert all(archive.read(one) == GOOD for one in archive.infolist())
            (one, *_) = [*archive.infolist(), None]
    except (zipfile.BadZipFile, RuntimeError, EOFError, zlib.error, ValueError, OSError):
        return
    except (OverflowError, IndexError):  # at which collecting once stopped
        return
    assert one is None or one.compress_type == zipfile.ZIP_LZMA or not one.filename.isascii()


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


def test_too_many_entries_are_refused(course, tmp_path):
    (tmp_path / "all.zip").write_bytes(many_entries(50_001))
    ran = nwgrade(course, "collect", NAME, tmp_path / "all.zip")
    assert (ran.code, "50001 entries, more than 50000" in ran.err) == (1, True)


def test_what_swells_is_bounded_in_memory_and_time(course, tmp_path):
    """Each of these, opened without a limit, would take more memory than there is, or minutes."""
    zeros = swelling("ada.ipynb", 600 * MEGABYTE)
    large = zipped(("x", bytes(150 * MEGABYTE)), method=zipfile.ZIP_STORED)
    long = zipped(*(("-" * 60_000 + f"{n}.ipynb", "{") for n in range(9)))
    entries = [
        (PLACE, GOOD),
        ("Bob_2_assignsubmission_file_/hw1.zip", zeros),
        ("Cyd_3_assignsubmission_file_/hw1.zip", many_entries(2_000_000)),
        ("Dan_4_assignsubmission_file_/hw1.zip", zipped(*((f"{n}.zip", zeros) for n in range(9)))),
        ("Eve_5_assignsubmission_file_/hw1.zip", long),
        *((f"Fay_6_assignsubmission_file_/{n}.zip", large) for n in range(3)),
        *((f"Gus_7_assignsubmission_file_/{n}.ipynb", b"0" * 60 * MEGABYTE) for n in range(3)),
    ]
    with zipfile.ZipFile(tmp_path / "all.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
        for name, content in entries:
            made.writestr(name, content)
    limit = 600 * MEGABYTE
    code = (
        "import sys; from nwgrade.cli import main\n"
        f"import resource; resource.setrlimit(resource.RLIMIT_DATA, ({limit}, {limit}))\n"
        "sys.exit(main())"
    )
    command = [sys.executable, "-c", code, "collect", NAME, tmp_path / "all.zip"]
    ran = subprocess.run(
        [*command, "--course", course], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert (course / "submitted" / "1" / NAME / "hw1.ipynb").read_bytes() == GOOD
    assert all(path.stat().st_size <= 51 * MEGABYTE for path in course.rglob("*.ipynb"))


# ---- What goes out ----


def test_no_table_of_names_holds_a_formula(course, collect):
    names = (
        "=1+1",
        "+1",
        "-1",
        "@A1",
        "=HYPERLINK(1)",
        ";=1+1",
        "\uff1d1+1",
        "\t=1",
        "=cmd|' C x'!A0",
    )
    collect(
        *((f"{name}_{n}_assignsubmission_file_/hw1.ipynb", GOOD) for n, name in enumerate(names))
    )
    collect((f"{names[0]}/hw1.ipynb", GOOD))
    known = Course(course)
    rows = [
        Row(s, o.name, "graded", "", 0, (Part("derivation", 9, 9),), 0.0, dict)
        for s, o in known.submissions(NAME).items()
    ]
    assert len(rows) == len(names) + 1
    assignment = known.assignment(NAME)
    students = (course / "students.csv").read_text(encoding="utf-8")
    for text in (students, export.plain_csv(assignment, rows), export.canvas(assignment, rows)[0]):
        table = list(csv.reader(io.StringIO(text)))
        assert len(table) > len(names)
        for value in chain.from_iterable(table):
            assert not value.startswith(tuple("=+-@;\t\r\uff1d")), value


def test_no_cell_of_a_spreadsheet_with_other_separators_begins_with_a_formula():
    for separator in (";", "\t", "\n", "; ", ";\t;"):
        for formula in ("=1+1", "@A1"):
            shown = plain(f"a{separator}{formula}")
            assert shown == f"a{separator}'{formula}"
    assert plain("1;-2;+3") == "1;'-2;'+3"
    assert plain("- a list\n- of lines; and - more") == "'- a list\n- of lines; and - more"


@pytest.mark.parametrize("unseen", ["\r", "\r\n", "\0", "\x1b", "\u200b", "\ufeff", "\xa0", "\x0b"])
def test_no_sign_that_may_be_left_out_ends_a_row_or_hides_a_formula(tmp_path, unseen):
    path = tmp_path / "sheet.csv"
    texts = [f"{unseen}=1+1", f"a{unseen}b", f"a;{unseen}=1+1", f"a\r{unseen}@A1"]
    path.write_text(csv_text([["id", "answer", "row"], *((1, plain(t), 2) for t in texts)]))
    rows = read_table(path)
    assert [(row["id"], row["row"]) for row in rows] == [("1", "2")] * len(texts)
    for row in rows:
        cells = re.split(r"[;\n\r]", row["answer"].replace(unseen, ""))
        assert not [cell for cell in cells if cell.startswith(("=", "@"))]


def test_many_tabs_take_no_time(tmp_path):
    started = time.process_time()
    assert plain("a" + "\t" * 300_000 + "b").endswith("b")
    assert time.process_time() - started < 2


def test_a_long_answer_does_not_make_a_table_unreadable(tmp_path):
    path = tmp_path / "sheet.csv"
    path.write_text(f"student,answer\n101,{'x' * 300_000}\n", encoding="utf-8")
    assert len(read_table(path)[0]["answer"]) == 300_000


def test_a_name_on_a_worksheet_does_not_reach_a_terminal(course, tmp_path):
    sheet = tmp_path / "grades.csv"
    sheet.write_text("Identifier,Full name\nParticipant 1,\x1b]0;title\x07Ada\n", encoding="utf-8")
    source = make_zip(tmp_path / "all.zip", [(PLACE, GOOD)])
    ran = nwgrade(course, "collect", NAME, source, "--worksheet", sheet)
    assert ran.code == 0
    assert not set(ran.out + ran.err) & {"\x1b", "\x07"}
    assert "\x1b" not in (course / "students.csv").read_text(encoding="utf-8")


def test_a_student_may_be_called_what_you_like(course):
    hand_in(course, NAME, "submitted", GOOD)
    hand_in(course, NAME, "hw1", GOOD)
    assert list(Course(course).submissions(NAME)) == ["hw1", "submitted"]
