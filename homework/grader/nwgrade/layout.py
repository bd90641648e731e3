"""Whose a file is: by the entry of the platform, the folder or the file that stands for a student.

Only the first part of a path is made by the platform or the instructor, and says whose the file is.
What follows is as the student has called it. Where that can be read in two ways, nobody guesses.
"""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from nwgrade.course import CourseError, safe_id, short
from nwgrade.sources import HIDDEN

PACKED = {"moodle": "packed by Moodle", "canvas": "packed by Canvas"}
LAYOUTS = {**PACKED, "folder": "a folder for each student", "file": "a file for each student"}
# Each looks ahead, to find all that overlap: a name may be made to look like an entry.
MOODLE = re.compile(r"(?=_([0-9]+)_assignsubmission_([a-z]+_?))")
CANVAS = re.compile(r"(?=_([0-9]+|(?<=anon_)[0-9A-Za-z]+)_([0-9]+_|(?=(?:text|link)\.html$)))")
LATE = re.compile(r"(?i)_late$|^late_(?=anon$)")
NOTEBOOK = re.compile(r"(?i)\.ipynb(\.(txt|json|download))?$")  # as some browsers call it
HANDED_IN = re.compile(rf"{NOTEBOOK.pattern}|\.zip$")
COPY = re.compile(r"[-( ]+\d+\)?$")
SYSTEM = "hidden, or left by a system"
UNCLEAR = "the name can be read as that of several students"
LONGEST = 2000  # a platform's entry; many numbers in a longer name would take time
SHOWN = 10


@dataclass
class Handed:
    """What a student has handed in, as one path tells it, or several do.

    rest : where in what the student has handed in the path leads.
    """

    student: str
    name: str
    entry: str
    layout: str
    rest: str
    is_late: bool = False
    files: list = field(default_factory=list)


def by_student(files, name, known, roster):
    """Return what each student has handed in, by id; a file that is nobody's says why.

    known : the ids of all students who are known by now. roster : the names by id, if it is whole.
    """
    sure = [file for file in files if not file.why and not HIDDEN.search(file.path)] or files
    around = _around([file.path for file in sure], name, known)
    inner = {file.path: file.path.removeprefix(around) for file in files}
    kinds = {path: _kinds(rest) for path, rest in inner.items()}
    counts = Counter(kind for file in sure for kind in kinds[file.path])
    layout = max(LAYOUTS, key=lambda kind: counts[kind])
    # A single file may look like both platforms', and then is that of either's student.
    tied = [kind for kind in LAYOUTS if counts[kind] == counts[layout] == len(sure)] or [layout]
    odd = (f for f in sure if layout not in kinds[f.path] or _is_nameless(inner[f.path], name))
    _refuse_odd(list(odd), layout)
    if layout == "folder":
        _refuse_groups([rest.split("/") for rest in map(inner.get, {f.path for f in sure})], known)
    handed, owners = {}, {}
    for file in files:
        rest = inner[file.path]
        top = rest[: rest.find("/") + 1] or rest
        found = [one for kind in tied for one in _readings(kind, rest, name)]
        if HIDDEN.search(top) or not found:  # all else that is nobody's is refused by now
            file.why = file.why or SYSTEM
        elif (one := _the_one(found, roster)) is None:
            file.why = UNCLEAR
        else:
            file.name = one.rest
            file.why = file.why or (SYSTEM if HIDDEN.search(one.rest) else "")
            owner = one.name if layout in PACKED else top.rstrip("/")
            owners.setdefault(one.student.casefold(), {})[owner] = one.student  # some disks fold
            mine = handed.setdefault(one.student, one)
            mine.is_late |= one.is_late
            mine.files.append(file)
    for names in owners.values():
        if len(names) > 1:
            raise CourseError(same(*sorted(names)[:2], min(names.values())))
    return handed


def _the_one(found, roster):
    """Return the reading that holds; of several students, the roster must know just one."""
    if len({one.student for one in found}) > 1:
        found = [one for one in found if one.student in roster]
        if len(found) != 1 or _letters(found[0].name) != _letters(roster[found[0].student]):
            return None
    return found[0]


def _letters(name):
    """Return what a platform leaves of a name."""
    return re.sub(r"[\W_]", "", name).casefold()


def same(first, second, student):
    """Return the sentence on two names that clean to the same id."""
    is_alike = unicodedata.normalize("NFC", first) == unicodedata.normalize("NFC", second)
    first, second = (ascii(one) if is_alike else repr(one) for one in (first, second))
    return (
        f"{short(first)} and {short(second)} would both be the student {student}, and one "
        "would replace the other. Nothing was collected. Rename one of them."
    )


def _kinds(path):
    """Return the layouts that a path may belong to."""
    found = {kind for kind in PACKED if _readings(kind, path, "")}
    return found or {"folder" if "/" in path else "file"}


def _is_nameless(path, name):
    """Say whether nothing but the assignment is named, as in hw1.ipynb or hw1 (2).ipynb."""
    return "/" not in path and COPY.sub("", _stem(path)).casefold() == name.casefold()


def _readings(kind, path, name):
    """Return each way to read a path of that layout."""
    top, slash, rest = path.partition("/")
    if kind in ("folder", "file"):
        whose = top if kind == "folder" else _stem(path)
        whose = short(re.sub(rf"(?i)(?<=.)[ _-]+{re.escape(name)}$", "", short(whose)))
        is_one = bool(top) and bool(slash) == (kind == "folder")
        return [Handed(safe_id(whose), whose, f"{whose}/", kind, rest or path)] if is_one else []
    if kind == "canvas" and slash:  # it knows no folders
        return []
    found = []
    for match in (MOODLE if kind == "moodle" else CANVAS).finditer(top[:LONGEST]):
        entry, rest = path[: match.end(2)], path[match.end(2) :].lstrip("/")
        called = top[: match.start()]
        late = LATE.search(called) if kind == "canvas" else None
        shown = LATE.sub("", called) if late else called
        if rest:  # a platform may leave nothing of a name, as of one of emoji
            name = short(shown) or match[1]
            found.append(Handed(match[1], name, short(entry), kind, rest, bool(late)))
    return found


def _stem(path):
    return NOTEBOOK.sub("", path) if NOTEBOOK.search(path) else Path(path).stem


def _around(paths, name, known):
    """Return the path of the folders around all students; refuse what may be one student's.

    In a folder that is called like the assignment, students are what lies in it.
    """
    around, is_certain = "", False
    while paths:
        inside = [path.removeprefix(around).split("/") for path in paths]
        top, deeper = inside[0][0], [parts[1:] for parts in inside]
        is_students = safe_id(top) in known or _packed([[top, "x"]])
        if is_students or any(parts[0] != top for parts in inside) or not all(deeper):
            break
        if top != name and (is_certain or not _is_around(deeper, f"{around}{top}", name)):
            break
        around, is_certain = f"{around}{top}/", is_certain or top == name
    return around


def _is_around(paths, folder, name):
    """Say whether a folder with these paths in it is around students', rather than a student's."""
    if len(_packed(paths)) > 1:
        return True
    if {parts[0] for parts in paths} == {name} and all(len(parts) > 1 for parts in paths):
        paths = [parts[1:] for parts in paths]  # as nbgrader has it: STUDENT/hw1/hw1.ipynb
    notebooks = [parts for parts in paths if HANDED_IN.search(parts[-1])]
    if not notebooks or (len(notebooks) == 1 and len(notebooks[0]) == 1):
        return False
    if _are_folders(paths):
        return True
    raise CourseError(
        f"{short(folder)}/ may be a student's folder, or the one around the students'. Nothing was "
        f"collected. Put the students' into a folder called {name}, and collect what is around it."
    )


def _packed(paths):
    """Return the students of whom a platform has packed one of the paths."""
    found = [_readings(kind, "/".join(parts), "") for parts in paths for kind in PACKED]
    return {one.student for readings in found for one in readings}


def _are_folders(paths):
    """Say whether the paths lie in several folders, and none beside them."""
    return len({parts[0] for parts in paths}) > 1 and all(len(parts) > 1 for parts in paths)


def _refuse_odd(odd, layout):
    """Refuse files that do not lie as most do: they would be lost, or most of them would."""
    if odd:
        raise CourseError(
            f"{named(odd)} would be left out: the rest is {LAYOUTS[layout]}, and this does not say "
            "whose it is. Nothing was collected. Unpack it and take this away; what is a student's "
            "can be collected by itself, in a folder with the student's number for its name."
        )


def _refuse_groups(paths, known):
    """Refuse folders that look like those of groups, with the students' folders in them."""
    inner = {}
    for top, *parts in paths:
        if HANDED_IN.search(parts[-1]):
            inner.setdefault(top, []).append(parts)
    if not inner or {safe_id(top) for top in inner} & known:
        return
    found = [_packed([parts]) for paths in inner.values() for parts in paths]
    are_packed = all(found) and len(set().union(*found)) > len(inner)
    if are_packed or all(map(_are_folders, inner.values())):
        raise CourseError(
            f"{', '.join(map(short, sorted(inner)[:SHOWN]))}: as each has several students' "
            "folders in it, one would stand for all of them. Nothing was collected. Collect each "
            "by itself."
        )


def named(files):
    """Return how many files there are, and the names of the first."""
    shown = ", ".join(short(path) for path in sorted(file.path for file in files)[:SHOWN])
    more = f", and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
    return f"{len(files)} file{'s' * (len(files) > 1)} ({shown}{more})"
