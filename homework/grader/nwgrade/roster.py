"""Who is in the course: by the platform's list, and by what has been collected before."""

import re
from contextlib import suppress
from datetime import datetime
from itertools import product

from nwgrade.course import CourseError, csv_text, plain, printable, read_table, short, write

MOODLE_DAYS, MOODLE_TIMES = ("%A, %d %B %Y", "%d %B %Y", "%A, %B %d, %Y"), ("%I:%M %p", "%H:%M")


def read_roster(path):
    """Return the names of all in Moodle's worksheet or Canvas' gradebook, and Moodle's times."""
    rows = read_table(path)
    columns = rows[0].keys() if rows else ()
    if {"Student", "ID"} <= {*columns}:
        return {row["ID"]: printable(row["Student"]) for row in rows if row["ID"].strip()}, None
    if "Identifier" not in columns:
        raise CourseError(
            f"{path} is neither Moodle's grading worksheet, with a column Identifier, nor Canvas' "
            "gradebook, with the columns Student and ID. In another language than English they "
            "have other columns: set the platform to English, and download it again."
        )
    names, times = {}, {}
    for row in rows:
        if match := re.search(r"([0-9]+)$", row["Identifier"].strip()):
            names[match[1]] = printable(row.get("Full name") or match[1])
            times[match[1]] = _date(path, row.get("Last modified (submission)", ""))
    return names, {student: time for student, time in times.items() if time}


def _date(path, text):
    text = " ".join(text.split())
    for form in product(MOODLE_DAYS, MOODLE_TIMES):
        with suppress(ValueError):
            return datetime.strptime(text, ", ".join(form))
    if text.strip("-"):
        raise CourseError(
            f"{path}: {short(text, 60)!r} is no date like 'Monday, 2 March 2026, 11:05 PM'. Set "
            "Moodle to English, and download the worksheet again."
        )
    return None


def known_students(course, name):
    """Return the names of all students who are known by now for an assignment, by id."""
    return {row["id"]: row["name"] for row in _read(course) if row["assignment"] in ("", name)}


def _read(course):
    path = course.root / "students.csv"
    rows = read_table(path) if path.exists() else []
    if rows and not {"id", "name"} <= rows[0].keys():
        told = "must have the columns id and name. Move it away: it is made anew."
        raise CourseError(f"{path} {told}")
    return [{"assignment": "", **row} for row in rows]


def remember(course, name, lines, is_moodle):
    """Keep the names of all students, also of those who have handed in nothing.

    Moodle has another number for a student in each assignment: it is kept as one of that alone.
    """
    only = name if is_moodle else ""
    known = {(row["id"], row["assignment"]): row["name"] for row in _read(course)}
    for line in lines:
        known.pop((line["student"], ""), None)
        known[line["student"], only] = plain(line["name"])
    table = [(student, name, only) for (student, only), name in sorted(known.items())]
    write(course.root / "students.csv", csv_text([("id", "name", "assignment"), *table]))
