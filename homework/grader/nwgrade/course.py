"""A course: a folder laid out as nbgrader does, its settings, and what students have handed in.

course.toml  source/  checks/            written by the instructor
release/ROUND  submitted/STUDENT/ROUND   handed out, and collected
autograded/STUDENT/ROUND  gradebook.db   graded
feedback/  export/  archive/             given back, sent on, replaced by a later version
"""

import csv
import hashlib
import io
import json
import math
import os
import re
import tomllib
import unicodedata
import zoneinfo
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from pathlib import Path

from nwgrade.assignment import load_assignment

SETTINGS = {"name": "Homework", "time_zone": "UTC", "resubmission": "last"}  # and defaults
SETTINGS |= {"late_percent_per_day": 0.0, "late_grace_hours": 0.0, "late_percent_most": 100.0}
RESUBMISSIONS = ("last", "last in time")
EXAMPLE = "2026-03-02 23:59:00"
FORMULA = tuple("=+-@;\t\n\uff1d\uff0b\uff0d\uff20")  # four are as wide as a Chinese sign
UNSEEN = "".join(map(chr, [*range(9), *range(11, 33), 0xA0, 0x200B, 0xFEFF]))  # may be left out
# Where a spreadsheet that expects other separators may begin a cell. Each run is read once.
HIDDEN_FORMULA = re.compile(rf"([;\n\t][;\n\t{UNSEEN}]*+)([=@]|(?<=[;\t])[+-])?")
MOST_BYTES = 140  # of a name in a file system: an encrypted one takes no more
csv.field_size_limit(2**31 - 1)  # a student's answer may be long


class CourseError(Exception):
    """The course folder or its settings are not as they should be; says what to mend."""


@dataclass(frozen=True)
class Submission:
    """What a student has handed in: `notebook` is None where no notebook was among the files.

    time : when, or None if nothing tells; it stands in timestamp.txt, where it may be corrected.
    received : what else was learned when it was collected.
    """

    student: str
    folder: Path
    notebook: Path | None
    time: datetime | None
    received: dict

    @property
    def version(self):
        """What tells this submission from any other: the digest of its notebook."""
        return digest(self.notebook.read_bytes() if self.notebook else b"")

    @property
    def name(self):
        return self.received.get("name") or self.student


class Course:
    """The course folder `root`."""

    def __init__(self, root):
        self.root = Path(root).resolve()
        if not (self.root / "source").is_dir() or not (self.root / "checks").is_dir():
            raise CourseError(
                f"{self.root} is no course folder: it has no source/ and checks/. Go to one, or "
                "name one with --course."
            )
        self.settings, self.rounds, self.zone = _settings(self.root / "course.toml")

    def assignment(self, name):
        """Return the assignment of that name."""
        names = sorted(path.stem for path in (self.root / "checks").glob("*.py"))
        if name not in names and not (self.root / "source" / name).is_dir():
            known = ", ".join(names) or "none"
            raise CourseError(f"There is no assignment {name}; there are: {known}.")
        return load_assignment(self.root, name)

    def due(self, name, student):
        """Return when the student has to hand in, or None if any time will do."""
        settings = self.rounds.get(name, {})
        due = settings.get("extensions", {}).get(student, settings.get("due"))
        return due and self.instant(due)

    def instant(self, time):
        """Return a date as an instant; one without a time zone is in the course's."""
        return (time if time.tzinfo else time.replace(tzinfo=self.zone)).astimezone(UTC)

    def days_late(self, name, submission):
        """Return how many days, begun ones counted whole, a submission came after its time.

        Lateness within the grace period is none, and a longer one is counted from its end. Where
        all that is known is that it was late, it is one day; the mark does not know of an extension
        in the settings, and then says nothing.
        """
        due = self.due(name, submission.student)
        if submission.time is None:
            has_extension = submission.student in self.rounds.get(name, {}).get("extensions", {})
            return int(submission.received.get("is_marked_late", False) and not has_extension)
        if due is None:
            return 0
        late = submission.time - due - timedelta(hours=self.settings["late_grace_hours"])
        return max(0, math.ceil(late / timedelta(days=1)))

    def cut(self, days):
        """Return the share of the points earned that so many late days cost."""
        most = self.settings["late_percent_most"]
        return min(most, days * self.settings["late_percent_per_day"]) / 100

    def folder(self, name, student):
        """Return where a student's submission is kept."""
        return self.root / "submitted" / student / name

    def submissions(self, name):
        """Return what has been collected, by student."""
        folders = sorted((self.root / "submitted").glob(f"*/{name}"))
        return {folder.parent.name: self.submission(name, folder.parent.name) for folder in folders}

    def submission(self, name, student):
        """Return what a student has handed in, or None."""
        return self.submission_in(self.folder(name, student), name, student)

    def submission_in(self, folder, name, student):
        """Return the submission that lies in a folder, which may be one of archive/, or None."""
        if not folder.is_dir():
            return None
        notebook, received = folder / f"{name}.ipynb", read_json(folder / "received.json")
        notebook = notebook if notebook.is_file() else None
        return Submission(student, folder, notebook, self._time(folder), received)

    def _time(self, folder):
        """Return when a submission came."""
        stamp = folder / "timestamp.txt"
        if not stamp.exists():
            return None
        text = stamp.read_text(encoding="utf-8").strip()
        try:
            is_utc = text.endswith(" UTC")  # as nbgrader writes it
            time = datetime.fromisoformat(text.removesuffix(" UTC"))
        except ValueError:
            raise CourseError(f"{stamp}: {text[:40]!r} is no date like 2026-03-02 23:59.") from None
        return time.replace(tzinfo=UTC) if is_utc else self.instant(time)

    def result(self, name, student):
        """Return the stored result of grading, empty if there is none."""
        return read_json(self.root / "autograded" / student / name / "result.json")


# ---- Settings ----


def _settings(path):
    """Return the course's settings, those of each assignment, and the zone of all dates without."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise CourseError(f"{path}: {error}") from None
    rounds = {name: value for name, value in given.items() if isinstance(value, dict)}
    settings = SETTINGS | {name: given[name] for name in given.keys() - rounds.keys()}
    for name, value in settings.items():
        if name not in SETTINGS:
            known = ", ".join(SETTINGS)
            raise CourseError(f"{path}: there is no setting {name}; there are: {known}.")
        kind = type(SETTINGS[name])
        if kind is float and type(value) is int:
            settings[name] = value = float(value)
        if not isinstance(value, kind):
            raise CourseError(f"{path}: {name} must be a {kind.__name__}, but is {value!r}.")
        if name.startswith("late_percent") and not 0 <= value <= 100:
            raise CourseError(f"{path}: {name} must be from 0 to 100.")
        if name == "late_grace_hours" and not 0 <= value < math.inf:
            raise CourseError(f"{path}: {name} must be 0 or more.")
        if name == "resubmission" and value not in RESUBMISSIONS:
            known = " or ".join(map(repr, RESUBMISSIONS))
            raise CourseError(f"{path}: {name} must be {known}.")
    try:
        zone = zoneinfo.ZoneInfo(settings["time_zone"])
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        raise CourseError(f"{path}: there is no time zone {settings['time_zone']!r}.") from None
    for name, values in rounds.items():
        _check_round(path, name, values)
    return settings, rounds, zone


def _check_round(path, name, values):
    if unknown := values.keys() - {"due", "extensions"}:
        raise CourseError(f"{path}: [{name}] has due and extensions, no {min(unknown)}.")
    extensions = values.get("extensions", {})
    if not isinstance(extensions, dict):
        raise CourseError(f'{path}: [{name}] extensions must be like {{ "101" = {EXAMPLE} }}.')
    for what, date in [*extensions.items(), ("due", values.get("due"))]:
        if date is not None and not isinstance(date, datetime):
            rule = f"must be a date with a time, like {EXAMPLE}, but is {date}."
            raise CourseError(f"{path}: [{name}] {what} {rule}")


# ---- Files ----


@contextmanager
def on_disk():
    """Turn what a disk refuses into a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno is None:  # not of the system
            raise
        raise CourseError(
            f"{error.filename or 'This machine'}: {error.strerror or error}. Nothing is lost, and "
            "what was done is kept. Make room, or see to it that you may read and write there, and "
            "give the same command again."
        ) from None


def printable(name):
    """Return a name with codes for the signs that steer a terminal, and halves of characters."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in name)


def short(text, most=1000):
    """Return the text, or of one with more bytes its beginning, and what tells it from others."""
    data = text.encode("utf-8", "replace")
    if len(data) <= most:
        return text
    return f"{data[: most - 9].decode('utf-8', 'ignore')}-{digest(data)[:8]}"


def safe_id(text):
    """Return a student's id from a name in a file system or a zip: no path, no control signs."""
    text = unicodedata.normalize("NFC", text).strip()
    return short(re.sub(r"[^\w.@+-]+", "-", text).strip(".-+@"), MOST_BYTES) or "unknown"


def digest(data):
    """Return the version of a file's content."""
    return hashlib.sha256(data).hexdigest()


def read_json(path):
    """Return the dict in a JSON file of ours; empty if it is not there, cut short or none."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def read_table(path):
    """Return the rows of a CSV file as dicts; what a short row lacks is empty.

    Commas, semicolons or tabs separate the cells.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise CourseError(f"There is no {path}.") from None
    except (UnicodeDecodeError, OSError):
        told = f"{path} is no CSV file in UTF-8. In Excel, save it as 'CSV UTF-8'."
        raise CourseError(told) from None
    separator = max(",;\t", key=text.partition("\n")[0].count)
    try:
        header, *rows = [*csv.reader(io.StringIO(text), delimiter=separator, strict=True)] or [[]]
    except csv.Error as error:
        raise CourseError(f"{path} is no CSV file: {error}.") from None
    return [dict(zip_longest(header, row[: len(header)], fillvalue="")) for row in rows]


def csv_text(rows):
    """Return rows as the text of a CSV file."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def number(text):
    """Return the number in a cell of a table, with a point or a comma, or None."""
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return None


def plain(text):
    """Return a text as a spreadsheet shows it, and never as a formula that it runs.

    Its lines end with a newline alone: Python quotes no other end, and would let a row end there.
    """
    text = str(text).replace("\r\n", "\n").replace("\r", "\n")
    text = HIDDEN_FORMULA.sub(lambda run: f"{run[1]}'{run[2]}" if run[2] else run[1], text)
    return f"'{text}" if text.lstrip(UNSEEN).startswith(FORMULA) else text


@on_disk()
def write(path, content):
    """Write a file as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.write_bytes(content if isinstance(content, bytes) else content.encode())
    os.replace(unfinished, path)


def write_json(path, value):
    write(path, json.dumps(value, indent=1) + "\n")
