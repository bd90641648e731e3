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
from functools import cached_property
from itertools import zip_longest
from pathlib import Path

from nwgrade.assignment import load_assignment

SETTINGS = {
    "name": (str, "Homework"),
    "time_zone": (str, "UTC"),
    "late_percent_per_day": (float, 0.0),
    "late_grace_hours": (float, 0.0),
    "late_percent_most": (float, 100.0),
    "resubmission": (str, "last"),
}
RESUBMISSIONS = ("last", "last in time")
EXAMPLE = "2026-03-02 23:59:00"
FORMULA = tuple(
    "=+-@;\t\r\n\uff1d\uff0b\uff0d\uff20"
)  # the last four are as wide as a Chinese sign
# Where a spreadsheet that expects other separators may begin a cell. Each run is read once.
HIDDEN_FORMULA = re.compile(r"([;\n\t][;\n\t ]*+)([=@]|(?<=[;\t])[+-])?")
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
        self.settings, self.rounds = _settings(self.root / "course.toml")

    @property
    def names(self):
        """The names of all assignments."""
        return sorted(path.stem for path in (self.root / "checks").glob("*.py"))

    def assignment(self, name):
        """Return the assignment of that name."""
        if name not in self.names and not (self.root / "source" / name).is_dir():
            known = ", ".join(self.names) or "none"
            raise CourseError(f"There is no assignment {name}; there are: {known}.")
        return load_assignment(self.root, name)

    @cached_property
    def zone(self):
        """The time zone of all dates without one."""
        return zoneinfo.ZoneInfo(self.settings["time_zone"])

    def due(self, name, student):
        """Return when the student has to hand in, or None if any time will do."""
        settings = self.rounds.get(name, {})
        due = settings.get("extensions", {}).get(student, settings.get("due"))
        return due and self.instant(due)

    def has_extension(self, name, student):
        """Say whether the settings give the student a time of its own."""
        return student in self.rounds.get(name, {}).get("extensions", {})

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
            is_marked = submission.received.get("is_marked_late", False)
            return int(is_marked and not self.has_extension(name, submission.student))
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
        notebook = folder / f"{name}.ipynb"
        notebook = notebook if notebook.is_file() else None
        received = read_json(folder / "received.json")
        received = received if isinstance(received, dict) else {}
        return Submission(student, folder, notebook, self._time(folder), received)

    def _time(self, folder):
        """Return when a submission came."""
        stamp = folder / "timestamp.txt"
        try:
            text = stamp.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return None
        try:
            is_utc = text.endswith(" UTC")  # as nbgrader writes it
            time = datetime.fromisoformat(text.removesuffix(" UTC"))
        except ValueError:
            raise CourseError(f"{stamp}: {text[:40]!r} is no date like 2026-03-02 23:59.") from None
        return time.replace(tzinfo=UTC) if is_utc else self.instant(time)

    def result(self, name, student):
        """Return the stored result of grading, or None."""
        return read_json(self.root / "autograded" / student / name / "result.json")


# ---- Settings ----


def _settings(path):
    """Return the course's settings and those of each assignment."""
    if not path.exists():
        return {name: default for name, (_, default) in SETTINGS.items()}, {}
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise CourseError(f"{path}: {error}") from None
    rounds = {name: value for name, value in given.items() if isinstance(value, dict)}
    settings = {}
    for name in given.keys() - rounds.keys() - SETTINGS.keys():
        raise CourseError(f"{path}: there is no setting {name}; there are: {', '.join(SETTINGS)}.")
    for name, (kind, default) in SETTINGS.items():
        value = given.get(name, default)
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, kind):
            raise CourseError(f"{path}: {name} must be a {kind.__name__}, but is {value!r}.")
        settings[name] = value
    for name in ("late_percent_per_day", "late_percent_most"):
        if not 0 <= settings[name] <= 100:
            raise CourseError(f"{path}: {name} must be from 0 to 100.")
    if settings["resubmission"] not in RESUBMISSIONS:
        known = " or ".join(map(repr, RESUBMISSIONS))
        raise CourseError(f"{path}: resubmission must be {known}.")
    if not 0 <= settings["late_grace_hours"] < math.inf:
        raise CourseError(f"{path}: late_grace_hours must be 0 or more.")
    try:
        zoneinfo.ZoneInfo(settings["time_zone"])
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        raise CourseError(f"{path}: there is no time zone {settings['time_zone']!r}.") from None
    for name, values in rounds.items():
        _check_round(path, name, values)
    return settings, rounds


def _check_round(path, name, values):
    if unknown := values.keys() - {"due", "extensions"}:
        raise CourseError(f"{path}: [{name}] has due and extensions, no {min(unknown)}.")
    if not isinstance(values.get("extensions", {}), dict):
        raise CourseError(f'{path}: [{name}] extensions must be like {{ "101" = {EXAMPLE} }}.')
    dates = {"due": values.get("due"), **values.get("extensions", {})}
    for what, date in dates.items():
        if date is not None and not isinstance(date, datetime):
            raise CourseError(
                f"{path}: [{name}] {what} must be a date with a time, like {EXAMPLE}, but is "
                f"{date}."
            )


# ---- Files ----


@contextmanager
def on_disk():
    """Turn what a disk refuses into a sentence."""
    try:
        yield
    except OSError as error:
        raise CourseError(
            f"{error.filename or 'The disk'}: {error.strerror or error}. Nothing is lost, and what "
            "was done is kept. Make room, or see to it that you may read and write there, and give "
            "the same command again."
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
    """Return what a JSON file of ours holds, or None if it is not there or cut short."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def read_rows(path):
    """Return the rows of a CSV file as lists, whether commas, semicolons or tabs separate them."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise CourseError(f"There is no {path}.") from None
    except (UnicodeDecodeError, OSError):
        raise CourseError(
            f"{path} is no CSV file in UTF-8. In Excel, save it as 'CSV UTF-8'."
        ) from None
    header = text.partition("\n")[0]
    separator = max(",;\t", key=header.count)
    try:
        return list(csv.reader(io.StringIO(text), delimiter=separator, strict=True))
    except csv.Error as error:
        raise CourseError(f"{path} is no CSV file: {error}.") from None


def read_table(path):
    """Return the rows of a CSV file as dicts; what a short row lacks is empty."""
    header, *rows = read_rows(path) or [[]]
    return [dict(zip_longest(header, row[: len(header)], fillvalue="")) for row in rows]


def plain(text):
    """Return a text as a spreadsheet shows it, and never as a formula that it runs."""
    text = HIDDEN_FORMULA.sub(lambda run: f"{run[1]}'{run[2]}" if run[2] else run[1], str(text))
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text


@on_disk()
def write(path, content):
    """Write a file as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.part")
    if isinstance(content, bytes):
        unfinished.write_bytes(content)
    else:
        unfinished.write_text(content, encoding="utf-8")
    os.replace(unfinished, path)


def write_json(path, value):
    write(path, json.dumps(value, indent=1) + "\n")
