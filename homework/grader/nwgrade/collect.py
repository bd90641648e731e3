"""Collect what students have handed in: from a folder, or from a zip of Moodle or Canvas.

Nothing in a zip is believed: no path of it is written to, links are left out, and no file is read
beyond a limit, whatever size it claims to have.
"""

import csv
import io
import os
import re
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from nwgrade.course import CourseError, digest, plain, read_table, safe_id, write, write_json
from nwgrade.notebooks import MAX_BYTES, Unreadable, read_notebook

MAX_ENTRIES = 50_000
MAX_NESTED = 200 * 2**20
MAX_ZIPS = 2  # of one student; the latest are looked into
MAX_NOTEBOOKS = 20  # of one student; the latest are looked at
CANNOT_READ = (OSError, RuntimeError, ValueError, zipfile.BadZipFile, EOFError, zlib.error)
MOODLE = re.compile(
    r"(?P<entry>(?P<name>[^/]+?)_(?P<id>\d+)_assignsubmission_[a-z]+_?)/?(?P<file>[^/].*)"
)
MOODLE_ID = re.compile(r"(?=_(\d+)_assignsubmission_)")
CANVAS = re.compile(
    r"(?P<entry>(?P<name>[^/_]+)(?P<late>_LATE)?_(?P<id>\d+)_\d+_)/?(?P<file>[^/].*)", re.I
)
IGNORED = re.compile(r"(^|/)(\.|__MACOSX(/|$))")
ATTEMPT = re.compile(r"[-( ]+(\d+)\)?$")
MOODLE_DATES = ("%A, %d %B %Y, %I:%M %p", "%A, %d %B %Y, %H:%M", "%d %B %Y, %I:%M %p")


@dataclass
class File:
    """A file that somebody has handed in; `read` gives its bytes, at most so many."""

    path: str
    time: datetime
    read: object
    data: bytes = b""


@dataclass
class Handed:
    """All that one student has handed in."""

    student: str
    name: str = ""
    entry: str = ""
    is_late: bool = False
    is_timed: bool = True  # whether the times of the files say when it was handed in
    files: list = field(default_factory=list)

    @property
    def time(self):
        """When the last of it was handed in, or None if nothing tells."""
        return max(file.time for file in self.files) if self.is_timed else None


def collect(course, assignment, source, worksheet=None):
    """Put what `source` holds under submitted/; return a line for each student, as a dict.

    worksheet : Moodle's grading worksheet, for the times of submission and the whole roster.
    """
    times, names = _worksheet(worksheet) if worksheet else ({}, {})
    lines = []
    with _Source(Path(source)) as files:
        plain_files = [file for file in files if file]
        known = {*_known(course), *names}
        handed, unclear = _by_student(plain_files, course, assignment.name, known)
        notes = list(_notes(unclear, len(files) - len(plain_files)))
        if not handed:
            raise CourseError(" ".join([f"{source}: there is no file of a student in it.", *notes]))
        for student in sorted(handed):
            one = handed[student]
            one.name = names.get(student, one.name)
            time = times.get(student)
            lines.append(_store(course, assignment, one, time and course.instant(time)))
            one.files.clear()  # with all that was read of them
    for student in sorted(names.keys() - handed.keys()):
        lines.append({"student": student, "name": names[student], "file": "", "outcome": "nothing"})
    _remember(course, lines)
    for note in notes:
        lines.append({"student": "", "name": "", "file": "", "outcome": "note", "note": note})
    return lines


def _notes(unclear, skipped):
    """Return a sentence on each kind of files that belong to nobody."""
    if unclear:
        names = ", ".join(path[:200] for path in sorted(unclear)[:3])
        yield (
            f"{len(unclear)} left out, as the name can be read as that of several students: "
            f"{names}. Find out whose it is, put it into a folder with that student's number for "
            "its name, and collect the folder around it."
        )
    if skipped:
        yield f"{skipped} links and special files were left out."


# ---- Where files come from ----


class _Source:
    """A context that gives the files of a folder or a zip; None stands for what is no file."""

    def __init__(self, path):
        if not path.exists():
            raise CourseError(f"There is no {path}.")
        self.path = path
        self.zip = None

    def __enter__(self):
        if self.path.is_dir():
            return list(_folder(self.path))
        try:
            self.zip = zipfile.ZipFile(self.path)
        except CANNOT_READ as error:
            raise CourseError(f"{self.path} is neither a folder nor a zip: {error}") from None
        return list(_zip(self.zip))

    def __exit__(self, *_):
        if self.zip:
            self.zip.close()


def _folder(root):
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not IGNORED.search(name))
        for name in sorted(names):
            path = Path(folder, name)
            shown = path.relative_to(root).as_posix()
            if IGNORED.search(shown):
                continue
            if path.is_symlink() or not path.is_file():
                yield None
                continue
            time = datetime.fromtimestamp(path.stat().st_mtime, UTC)

            def read(limit, path=path):
                return _read_at_most(path.open("rb"), limit)

            yield File(_printable(shown), time, read)


def _zip(archive):
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise CourseError(f"The zip has {len(entries)} entries, more than {MAX_ENTRIES}.")
    for entry in entries:
        if entry.is_dir() or IGNORED.search(entry.filename):
            continue
        kind = entry.external_attr >> 28
        if kind not in (0, 8) or entry.filename.startswith("/"):  # neither unknown nor a plain file
            yield None
            continue
        try:
            time = datetime(*entry.date_time)
        except ValueError:
            time = datetime(1980, 1, 1)

        def read(limit, entry=entry):
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ValueError("it is packed in an unusual way")  # LZMA may ask for any memory
            return _read_at_most(archive.open(entry), limit)

        yield File(_printable(entry.filename), time, read)


def _printable(name):
    """Return a name with codes for the signs that steer a terminal, and halves of characters."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in name)


def _read_at_most(stream, limit):
    """Return the bytes, or as many as show that there are more than the limit."""
    with stream:
        return stream.read(limit + 1)


# ---- Whose they are ----


def _by_student(files, course, name, known):
    """Return what each student has handed in, by id, and the paths that may be of several students.

    Only the first part of a path is made by the platform or the instructor, and says whose the file
    is. What follows is as the student has called it.
    """
    around = _around_entries(files, known)
    read = []
    for file in files:
        path = file.path.removeprefix(around)
        read.append((file, path.split("/"), MOODLE.fullmatch(path), CANVAS.fullmatch(path)))
    # What can be read in both ways does not decide which of them it is. Canvas knows no folders.
    is_moodle = any(moodle and not canvas for _, _, moodle, canvas in read)
    is_canvas = not is_moodle and any(
        canvas and not moodle and len(parts) == 1 for _, parts, moodle, canvas in read
    )
    strip = "" if is_moodle or is_canvas else _common_folder(files, name, known)
    handed, unclear = {}, []
    for file, parts, moodle, canvas in read:
        file.time = course.instant(file.time)
        match = moodle if is_moodle else canvas if is_canvas else None
        is_one = len({*MOODLE_ID.findall(parts[0])}) == 1 if is_moodle else is_canvas
        if moodle and not is_one:
            unclear.append(file.path)
            continue
        if match:
            student = safe_id(match["id"])
            one = handed.setdefault(student, Handed(student, match["name"], match["entry"]))
            one.is_late |= bool(match.groupdict().get("late"))
            one.is_timed = is_moodle
            file.path = match["file"]
        elif is_moodle or is_canvas:
            continue  # not a student's: a list of names, say
        else:
            parts = file.path.removeprefix(strip).split("/")
            whose = parts[0] if len(parts) > 1 else Path(parts[0]).stem
            whose = re.sub(rf"(?i)(?<=.)[ _-]+{re.escape(name)}$", "", whose)
            student = safe_id(whose)
            one = handed.setdefault(student, Handed(student, whose, f"{whose}/"))
            _check_same(student, one.entry, f"{whose}/")
            file.path = "/".join(parts[1:]) or parts[0]
        one.files.append(file)
    for one in handed.values():
        before = course.submission(name, one.student)
        _check_same(one.student, before.received.get("entry", "") if before else "", one.entry)
    return handed, unclear


def _around_entries(files, known):
    """Return the path of the folders that all files lie in, up to what may be a student's."""
    around = ""
    while files:
        tops = {file.path.removeprefix(around).partition("/")[:2] for file in files}
        ((top, slash), *others) = tops
        whose = f"{top}/x"
        if others or not slash or top in known or MOODLE.match(whose) or CANVAS.match(whose):
            break
        around += top + slash
    return around


def _check_same(student, entry, other):
    """Refuse two names that clean to the same id: one student's work would replace another's."""
    both = {unicodedata.normalize("NFC", name) for name in (entry, other)}
    if len(both) > 1 and all(name.endswith("/") for name in both):
        raise CourseError(
            f"{entry[:-1]!r} and {other[:-1]!r} would both be the student {student}. Rename one of "
            "them."
        )


def _common_folder(files, name, known):
    """Return the one folder around all students' folders, or around all their files."""
    tops = {file.path.split("/")[0] for file in files}
    inside = [file.path.split("/")[1:] for file in files]
    if len(tops) != 1 or not all(inside) or tops & known:
        return ""
    (top,) = tops
    is_around_folders = all(len(parts) > 1 and parts[0] != name for parts in inside)
    return f"{top}/" if top == name or is_around_folders else ""


# ---- Which of them counts ----


def _store(course, assignment, one, time):
    """Keep the student's notebook; return what is to be told of it.

    time : when it was handed in, if that is known from elsewhere.
    """
    found, problem = _choose(assignment, one)
    before = course.submission(assignment.name, one.student)
    outcome, notes = _compare(before, found, problem, one, time)
    if found and Path(found.path).name != f"{assignment.name}.ipynb":
        notes.insert(0, "renamed")
    if found and len(one.files) > 1:
        notes.insert(0, f"chosen from {len(one.files)} files")
    if problem:
        notes.insert(0, problem)
    if outcome == "resubmitted":
        stamp = before.time or datetime.now(UTC)
        kept = course.root / "archive" / assignment.name / one.student
        name = f"{stamp:%Y%m%d-%H%M%S}-{before.version[:8]}.ipynb"
        write(kept / name, before.notebook.read_bytes())
    if outcome in ("collected", "resubmitted"):
        _write(course, assignment, one, found, problem, time or one.time)
    elif outcome == "unchanged" and time:
        _write_time(course.folder(assignment.name, one.student), before.received, time)
    days = course.days_late(assignment.name, course.submission(assignment.name, one.student))
    if days and one.time is None and not time:
        notes.append("late, nothing says how long: counted as 1 day")
    elif days:
        notes.append(f"late: {days} day{'s' * (days > 1)}")
    file = found.path if found else ""
    note = "; ".join(notes)
    return {
        "student": one.student,
        "name": one.name,
        "file": file,
        "outcome": outcome,
        "note": note,
    }


def _compare(before, found, problem, one, time):
    """Return what becomes of what was handed in, and a note on it, after what was there before."""
    if before is None:
        return "collected", []
    if before.notebook is None:
        is_same = not found and before.received.get("files") == [file.path for file in one.files]
        return ("unchanged" if is_same else "collected"), []
    if found and digest(found.data) == before.version:
        return "unchanged", []
    if not found or (problem and not before.received.get("problem")):
        return "kept", ["the earlier one is kept"]
    time = time or one.time
    if time and before.time and time < before.time:
        return "kept", ["older than the one that is there"]
    return "resubmitted", []


def _write(course, assignment, one, found, problem, time):
    folder = course.folder(assignment.name, one.student)
    if found:
        write(folder / f"{assignment.name}.ipynb", found.data)
    received = {
        "name": one.name,
        "entry": one.entry,
        "is_marked_late": one.is_late,
        "file": found.path if found else "",
        "files": [file.path for file in one.files],
        "problem": problem,
    }
    (folder / "timestamp.txt").unlink(missing_ok=True)
    _write_time(folder, received, time)


def _write_time(folder, received, time):
    """Keep the time, unless somebody has corrected it by hand; and what else is known."""
    stamp = folder / "timestamp.txt"
    is_ours = not stamp.exists() or stamp.read_text(encoding="utf-8") == received.get("stamp")
    if time and is_ours:
        received = {**received, "stamp": f"{time:%Y-%m-%d %H:%M:%S} UTC\n"}
        write(stamp, received["stamp"])
    write_json(folder / "received.json", received)


def _choose(assignment, one):
    """Return the file that is the student's notebook, its bytes read, and what is wrong with it."""
    notebooks = [file for file in one.files if file.path.lower().endswith(".ipynb")]
    if not notebooks:
        notebooks = _in_zips(one.files)
    known = {cell.grade_id for cell in assignment.cells}
    best = (), None, ""
    for file in sorted(notebooks, key=lambda file: file.time)[-MAX_NOTEBOOKS:]:
        try:
            data = file.read(MAX_BYTES)
        except CANNOT_READ as error:
            data, problem, matches = b"", f"{file.path} cannot be read: {error}", -1
        else:
            problem, matches = _look(data, known)
        number = ATTEMPT.search(Path(file.path).stem[-20:])
        key = (matches, file.time, int(number[1][:9]) if number else 0, file.path)
        if key > best[0]:
            if best[1]:
                best[1].data = b""
            file.data = data
            best = key, file, problem
    if best[1] is None:
        names = ", ".join(sorted(file.path for file in one.files)[:3])
        return None, f"There is no notebook among the files: {names[:200]}."
    return best[1:]


def _look(data, known):
    """Return what is wrong with a notebook, and how many cells of the assignment it has."""
    try:
        cells = read_notebook(data)
    except Unreadable as error:
        return str(error), -1
    matches = len(known & {cell.grade_id for cell in cells})
    return "" if matches else "It has no cell of this assignment.", matches


def _in_zips(files):
    """Return the notebooks in the zips that a student has handed in, one level deep."""
    found = []
    zips = [file for file in files if file.path.lower().endswith(".zip")]
    for file in sorted(zips, key=lambda file: file.time)[-MAX_ZIPS:]:
        try:
            content = file.read(MAX_NESTED)
            if content.count(b"PK\1\2") > MAX_ENTRIES:  # opened, each would take much memory
                continue
            inner = list(_zip(zipfile.ZipFile(io.BytesIO(content))))
        except (CourseError, *CANNOT_READ):
            continue
        for one in inner:
            if one and one.path.lower().endswith(".ipynb"):
                found.append(File(f"{file.path}/{one.path}", file.time, one.read))
    return found


# ---- Who there is ----


def _worksheet(path):
    """Return when each participant of Moodle's worksheet has handed in, and all their names."""
    rows = read_table(path)
    if not rows or "Identifier" not in rows[0]:
        raise CourseError(f"{path} is no grading worksheet of Moodle: no column Identifier.")
    times, names = {}, {}
    for row in rows:
        match = re.search(r"(\d+)$", row["Identifier"] or "")
        if match:
            names[match[1]] = row.get("Full name") or match[1]
            times[match[1]] = _date(row.get("Last modified (submission)") or "")
    return {student: time for student, time in times.items() if time}, names


def _date(text):
    for form in MOODLE_DATES:
        try:
            return datetime.strptime(text.strip(), form)
        except ValueError:
            continue
    return None


def _known(course):
    """Return the names of all students who are known by now, by id."""
    path = course.root / "students.csv"
    return {row["id"]: row["name"] for row in read_table(path)} if path.exists() else {}


def _remember(course, lines):
    """Keep the names of all students, also of those who have handed in nothing."""
    path = course.root / "students.csv"
    known = _known(course) | {line["student"]: plain(line["name"]) for line in lines}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([("id", "name"), *sorted(known.items())])
    write(path, out.getvalue())
