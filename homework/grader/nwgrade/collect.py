"""Collect what students have handed in: under submitted/ what counts, in archive/ what does not.

A version is a folder with the notebook, received.json and timestamp.txt. It is written as a whole
or not at all, and what it replaces goes to archive/ROUND/STUDENT as a whole, and can be taken back.
"""

import json
import re
import shutil
import unicodedata
from collections import Counter, defaultdict
from contextlib import suppress
from pathlib import Path

from nwgrade.course import CourseError, Submission, digest, short, write, write_json
from nwgrade.layout import NOTEBOOK, PACKED, UNCLEAR, by_student, named, same
from nwgrade.notebooks import MAX_BYTES, Unreadable, read_notebook
from nwgrade.roster import known_students, read_roster, remember
from nwgrade.sources import CANNOT_READ, files_in, opened
from nwgrade.tell import count_of

MAX_ZIPS = 2  # of one student; the latest are looked into
MAX_NOTEBOOKS = 20  # of one student; the latest are looked at
UNREADABLE, OTHERS = -2, -1  # instead of how many cells are those of the assignment
STAMP = "{:%Y-%m-%d %H:%M:%S} UTC\n"
ATTEMPT = re.compile(r"[-( ]+(\d+)\)?$")
WHOSE = """Find out whose it is, put it into a folder with that student's number for its name, \
and collect the folder around it. In Canvas, its gradebook as --worksheet may tell whose it is."""


def collect(course, assignment, source, worksheet=None):
    """Put what `source` holds under submitted/; return a line for each student, and an account.

    source : a folder, a zip of Moodle or Canvas, or a version in archive/ that is to count again.
    worksheet : Moodle's grading worksheet, for the times of submission and the whole roster; or
        Canvas' gradebook, for the roster.

    A line is a dict; those with a file say what became of each. The account is in sentences.
    """
    source = Path(source)
    if source.resolve().is_relative_to(course.root / "archive"):
        return _take_back(course, assignment, source.resolve()), []
    names, times = read_roster(worksheet) if worksheet else ({}, None)
    students, lines = known_students(course, assignment.name), []
    with opened(source) as files:
        for file in files:
            file.time = course.instant(file.time)
        handed = by_student(files, assignment.name, {*students, *names}, names)
        if not handed:
            told = " ".join(_account(files))
            raise CourseError(f"{source}: there is no file of a student in it. {told}")
        if names and not handed.keys() & names.keys():
            raise CourseError(
                f"{worksheet} knows none of the {len(handed)} who have handed in. Nothing was "
                "collected. Is it that of another assignment?"
            )
        for one in handed.values():
            _check_before(one, course.submission(assignment.name, one.student))
        versions = _grade_ids(course)
        for student, one in sorted(handed.items()):
            known = names.get(student) or (one.layout != "moodle" and students.get(student))
            one.name = known if known and known != student else one.name
            time = times and times.get(student)
            note = "not on the worksheet" if names and student not in names else ""
            line = _store(course, assignment, one, time and course.instant(time), versions, note)
            lines.append(line | {"files": [_fate(file) for file in one.files]})
            one.files.clear()  # with all that was read of them
    lines += [_line(one, names[one], "nothing") for one in sorted(names.keys() - handed.keys())]
    is_moodle = times is not None or any(one.layout == "moodle" for one in handed.values())
    remember(course, assignment.name, lines, is_moodle)
    if nobodys := [file for file in files if not file.name]:
        line = _line("", "", "note", note=" ".join(_account(nobodys)[1:]))
        lines.append(line | {"files": [_fate(file) for file in nobodys]})
    account = _account(files)
    if " is in archive/" in "".join(line["note"] for line in lines):
        name = assignment.name
        account.append(f"To let a version count again: nwgrade collect {name} archive/{name}/...")
    return lines, account


def _line(student, name, outcome, file="", note=""):
    return {"student": student, "name": name, "file": file, "outcome": outcome, "note": note}


def _fate(file):
    return {"file": file.path, "became": file.became, "why": file.why}


def _account(files):
    """Return sentences on what became of all files of the source."""
    counts, reasons = Counter(file.became for file in files), defaultdict(list)
    for file in files:
        if file.became != "collected":
            reasons[file.became, file.why].append(file)
    count, kept = count_of(len(files), "file", "files"), f"{counts['kept']} kept in archive/"
    told = [f"{count}: {counts['collected']} collected, {kept}, {counts['left out']} left out."]
    for (became, why), some in sorted(reasons.items()):
        told.append(f"{named(some)} {became}: {why}." + f" {WHOSE}" * (why == UNCLEAR))
    return told


def _check_before(one, before):
    """Refuse another name than the one that the student's id was made of before."""
    entry = before.received.get("entry", "") if before else ""
    are_ours = entry.endswith("/") and one.entry.endswith("/")  # a platform's has its own number
    if are_ours and unicodedata.normalize("NFC", entry) != unicodedata.normalize("NFC", one.entry):
        raise CourseError(same(entry[:-1], one.entry[:-1], one.student))


# ---- Which of them counts ----


def _store(course, assignment, one, time, versions, note):
    """Keep the student's notebook; return what is to be told of it.

    time : when it was handed in, if that is known from elsewhere.
    """
    name, student = assignment.name, one.student
    found, problem = _choose(name, one, versions)
    before, notes = course.submission(name, student), [one for one in (note, problem) if one]
    received = before.received if before else {}
    is_by_hand = one.layout not in PACKED
    if found and len(one.files) > 1:
        notes.append(f"chosen from {len(one.files)} files")
    if found and found.name.rpartition("/")[2] != f"{name}.ipynb":
        notes.append("renamed")
    version, called = (digest(found.data), found.name) if found else ("", "")
    archive = course.root / "archive" / name / student
    # Canvas does not tell when
    last = None if one.layout == "canvas" else max(file.time for file in one.files)
    is_late, known = one.is_late, time or last
    for folder in archive.glob("*") if found and is_by_hand else ():
        old = course.submission_in(folder, name, student)  # no file tells better when it came
        if old and old.version == version:
            known, is_late = old.time, old.received.get("is_marked_late", False)
    entry = (is_by_hand and received.get("entry")) or one.entry
    facts = {"name": one.name, "entry": entry, "is_marked_late": is_late, "problem": problem}
    facts |= {"file": called, "files": [file.name for file in one.files]}
    facts["set_aside"] = received.get("set_aside", [])
    new = Submission(student, course.folder(name, student), None, known, facts)
    outcome, why = _compare(course, name, before, new, version, problem)
    files = _files(name, new, found)
    if outcome in ("collected", "resubmitted"):
        kept = _replace(course, name, student, files)
        if outcome == "resubmitted":
            notes.append(f"the one before is in {kept}")
    elif outcome == "unchanged":
        _correct(before, time, one.name)
    elif found and not problem:
        found.became, kept = "kept", archive / _version(known, version)
        if not kept.exists():
            _put(kept, files)
        why = f"{why}, so this one is in {kept.relative_to(course.root)}"
    notes += [why] if why else []
    if found:
        found.became = "collected" if outcome != "kept" else found.became
        found.why = found.why or why
        if found.packed_in:
            found.packed_in.became, found.packed_in.why = found.became, found.why
    notes += _lateness(course, name, course.submission(name, student))
    return _line(student, one.name, outcome, called, "; ".join(notes))


def _compare(course, name, before, new, version, problem):
    """Return what becomes of what was handed in, and why, after what was there before."""
    if before is None:
        return "collected", ""
    if before.notebook is None:
        is_same = not version and before.received.get("files") == new.received["files"]
        return ("unchanged" if is_same else "collected"), ""
    if version == before.version:
        return "unchanged", ""
    if not version or (problem and not before.received.get("problem")):
        return "kept", "the earlier one is kept"
    if version in new.received["set_aside"]:
        return "kept", "set aside, as you have taken back another"
    if course.settings["resubmission"] == "last in time":
        was_late, is_late = (course.days_late(name, one) > 0 for one in (before, new))
        if is_late and not was_late:
            return "kept", "late, and one in time is there"
        if was_late and not is_late:
            return "resubmitted", ""
    if new.time and before.time and new.time < before.time:
        return "kept", "older than the one that is there"
    return "resubmitted", ""


def _lateness(course, name, submission):
    """Yield what is to be told of how late a submission is."""
    days = course.days_late(name, submission)
    if submission.time is None and days:
        yield "late, nothing says how long: counted as 1 day"
    elif submission.time is None and submission.received.get("is_marked_late"):
        yield "marked late, but has an extension: counted as in time"
    elif days:
        yield f"late: {count_of(days, 'day', 'days')}"


def _choose(name, one, versions):
    """Return the file that is the student's notebook, its bytes read, and what is wrong with it."""
    files = sorted((file for file in one.files if not file.why), key=lambda file: file.time)
    notebooks = [file for file in files if NOTEBOOK.search(file.name)]
    zips = [file for file in files if file.name.lower().endswith(".zip")][-MAX_ZIPS:]
    if not notebooks:
        packed = [file for outer in zips for file in files_in(outer) if not file.why]
        notebooks = [file for file in packed if NOTEBOOK.search(file.path)]
    best, found, problem = (), None, ""
    for file in notebooks[-MAX_NOTEBOOKS:]:
        try:
            data = file.read(MAX_BYTES)
        except CANNOT_READ as error:
            data, wrong, matches = b"", f"{short(file.name)} cannot be read: {error}", UNREADABLE
        else:
            wrong, matches = _look(data, name, versions)
        number = ATTEMPT.search(NOTEBOOK.sub("", file.name)[-20:])
        key = (matches, file.time, int(number[1][:9]) if number else 0, file.name)
        if key > best:
            if found:
                found.data = b""
            file.data, best, found, problem = data, key, file, wrong
    for file in files:
        file.why = "another of the student's counts" if file in notebooks else "no notebook"
    if found is None:
        names = ", ".join(sorted(short(file.name, 60) for file in one.files)[:3])
        return None, f"There is no notebook among the files: {names}."
    found.why = problem.rstrip(".")
    return (None if best[0] == OTHERS else found), problem


def _look(data, name, versions):
    """Return what is wrong with a notebook, and how many cells of the assignment it has."""
    try:
        cells = {cell.grade_id for cell in read_notebook(data)}
    except Unreadable as error:
        return str(error), UNREADABLE
    matches = {other: len(cells & known) for other, known in versions.items()}
    likely = max(matches, key=lambda other: (matches[other], other == name))
    if likely != name:
        return f"It looks like the notebook of {likely}, not of {name}.", OTHERS
    return "" if matches[name] else "It has no cell of this assignment.", matches[name]


def _grade_ids(course):
    """Return the names of the cells of each assignment of the course."""
    found = {}
    for path in course.root.glob("source/*/*.ipynb"):
        if path.stem == path.parent.name:
            with suppress(Unreadable):
                cells = read_notebook(path.read_bytes())
                found[path.stem] = {cell.grade_id for cell in cells} - {""}
    return found


# ---- Versions ----


def _version(time, version):
    """Return what a version is called in archive/."""
    return f"{time:%Y%m%d-%H%M%S}-{version[:12]}" if time else f"undated-{version[:12]}"


def _files(name, new, found):
    """Return the files of a version, by name."""
    received, files = new.received, {f"{name}.ipynb": found.data} if found else {}
    if new.time:
        files["timestamp.txt"] = STAMP.format(new.time)
        received = {**received, "stamp": files["timestamp.txt"]}
    return files | {"received.json": json.dumps(received, indent=1) + "\n"}


def _put(folder, files, before=None, kept=None):
    """Write a folder as a whole or not at all; the version before is moved to `kept`."""
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)  # of a run that was stopped
    for name, content in files.items():
        write(part / name, content)
    if before and before.notebook and not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        before.folder.rename(kept)
    if folder.exists():
        shutil.rmtree(folder)
    part.rename(folder)


def _replace(course, name, student, files):
    """Put a version in the place of the one before; return where in the course that is kept."""
    before, archive = course.submission(name, student), course.root / "archive" / name / student
    kept = before and archive / _version(before.time, before.version)
    _put(course.folder(name, student), files, before, kept)
    return kept and kept.relative_to(course.root)


def _take_back(course, assignment, folder):
    """Let a version of archive/ count again; what it replaces stays set aside."""
    name, student = assignment.name, folder.parent.name
    old, before = course.submission_in(folder, name, student), course.submission(name, student)
    if folder.parent.parent != course.root / "archive" / name or not old or not old.notebook:
        raise CourseError(
            f"{folder} is no version of {name} that was kept. Name one, like "
            f"archive/{name}/101/20260302-115900-1a2b3c4d5e6f."
        )
    received = old.received
    if before:
        aside = {*before.received.get("set_aside", []), before.version} - {old.version}
        received = received | {"name": before.name, "set_aside": sorted(aside)}
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    kept = _replace(course, name, student, files | {"received.json": json.dumps(received)})
    notes = [f"the one before is in {kept}"] if kept else []
    notes += _lateness(course, name, course.submission(name, student))
    name = received.get("name", student)
    return [_line(student, name, "taken back", folder.name, "; ".join(notes))]


def _correct(before, time, name):
    """Keep a better time, unless somebody has corrected it by hand, and a better name."""
    stamp, received = before.folder / "timestamp.txt", before.received | {"name": name}
    is_ours = not stamp.exists() or stamp.read_text(encoding="utf-8") == received.get("stamp")
    if time and is_ours:
        received["stamp"] = STAMP.format(time)
        write(stamp, received["stamp"])
    if received != before.received:
        write_json(before.folder / "received.json", received)
