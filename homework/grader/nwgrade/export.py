"""Send scores on: as plain CSV, in Moodle's grading worksheet, or for Canvas' import."""

import csv
import io
import re
from pathlib import Path

from nwgrade import tell
from nwgrade.course import CourseError, plain, read_rows, read_table, write

CANVAS_COLUMNS = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
POINTS_POSSIBLE = "    Points Possible"


def plain_csv(assignment, rows):
    """Return all that is known of each student, a row each."""
    cells = [cell.grade_id for cell in assignment.cells if cell.is_graded]
    known = ["student", "name", "status", "handed_in", "days_late"]
    table = [[*known, *cells, "earned", "late_cut", "score", "most"]]
    for row in rows:
        parts = {part.cell: part.earned for part in row.parts}
        time = row.time and f"{row.time:%Y-%m-%d %H:%M}"
        cut = None if row.earned is None else row.earned - row.so_far
        table.append(
            [row.student, plain(row.name), row.status, time or "", row.days_late]
            + [_text(parts.get(cell)) for cell in cells]
            + [_text(row.earned), _text(cut), _text(row.score), _text(assignment.points)]
        )
    return _csv(table)


def moodle(assignment, rows, worksheet):
    """Return Moodle's worksheet with the grades filled in, and the ids without a line in it.

    Where the worksheet's maximum is another one, the scores are scaled to it.
    """
    header, *lines = read_rows(worksheet) or [[]]
    if "Identifier" not in header or "Grade" not in header:
        raise CourseError(
            f"{worksheet} is no grading worksheet of Moodle: it must have the columns Identifier "
            "and Grade. Download it in English, with the assignment's setting 'Offline grading "
            "worksheet'."
        )
    known, grade = header.index("Identifier"), header.index("Grade")
    most = next((i for i, name in enumerate(header) if name.lower() == "maximum grade"), None)
    scores = {row.student: row.score for row in rows if row.score is not None}
    for line in lines:
        line += [""] * (len(header) - len(line))
        match = re.search(r"(\d+)$", line[known].strip())
        score = scores.pop(match[1], None) if match else None
        if score is not None:
            scale = assignment.points if most is None else _maximum(worksheet, line[most])
            line[grade] = f"{score * scale / assignment.points:.2f}"
    return _csv([header, *lines]), _left(worksheet, rows, scores)


def _left(path, rows, scores):
    """Return the ids whose scores are left; refuse a list that has nobody's."""
    if scores and len(scores) == sum(row.score is not None for row in rows):
        some = ", ".join(list(scores)[:3])
        raise CourseError(
            f"{path} has none of the {len(scores)} students who have a score ({some}, ...). Is it "
            "the list of another course?"
        )
    return list(scores)


def _maximum(worksheet, text):
    """Return the number; without one the grade is no number of points, and cannot be filled in."""
    number = _number(text)
    if not number:
        raise CourseError(
            f"{worksheet}: the Maximum Grade {text!r} is no number of points. Let the assignment's "
            "grade in Moodle be of the type Point."
        )
    return number


def _number(text):
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return None


def canvas(assignment, rows, downloaded=None):
    """Return a gradebook for Canvas' import, and the ids without a line in the downloaded one.

    downloaded : Canvas' gradebook export; without one, students go by their ids alone.
    """
    scores = {row.student: row.score for row in rows if row.score is not None}
    if downloaded is None:
        names = {row.student: row.name for row in rows}
        header = [*CANVAS_COLUMNS, assignment.name]
        table = [header, [POINTS_POSSIBLE, "", "", "", "", _text(assignment.points)]]
        for student, score in scores.items():
            table.append([plain(names[student]), student, "", "", "", _text(score)])
        return _csv(table), []
    lines = read_table(downloaded)
    if not lines or any(name not in lines[0] for name in ("Student", "ID")):
        raise CourseError(f"{downloaded} is no gradebook of Canvas: no columns Student and ID.")
    own = re.compile(rf"{re.escape(assignment.name)}( \(\d+\))?", re.I)
    columns = [name for name in lines[0] if own.fullmatch(name.strip())]
    if len(columns) > 1:
        raise CourseError(f"{downloaded} has several columns for it: {', '.join(columns)}.")
    column = columns[0] if columns else assignment.name
    keep = [name for name in CANVAS_COLUMNS if name in lines[0]]
    table = [[*keep, column]]
    for line in lines:
        now = line.get(column, "")
        if line["Student"].strip() == POINTS_POSSIBLE.strip():
            if now and _number(now) != assignment.points:
                raise CourseError(
                    f"{downloaded}: {column} has {now} points there, and {assignment.points:g} "
                    "here. Make them equal in Canvas first."
                )
            table.append([*(line[name] for name in keep), _text(assignment.points)])
        elif line["ID"]:
            score = scores.pop(line["ID"], None)
            table.append([*(line[name] for name in keep), now if score is None else _text(score)])
    return _csv(table), _left(downloaded, rows, scores)


def _csv(table):
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(table)
    return out.getvalue()


def _text(number):
    """Return a number as CSV, nothing for None."""
    return "" if number is None else f"{round(number, 2):g}"


def send_on(course, assignment, rows, options):
    """Obey `nwgrade export`: what is graded to the end goes out, and the rest is told."""
    unready = [row for row in rows if row.status == "not graded yet" or row.lacks_words]
    if unready and not options.partial:
        names = ", ".join(f"{row.student} ({row.status})" for row in unready[:5])
        more = ", ..." * (len(unready) > 5)
        raise CourseError(
            f"{tell.count_of(len(unready), 'submission is', 'submissions are')} not graded to the "
            f"end: {names}{more}. Finish them, or export what there is with --partial."
        )
    left, kind = [], "scores"
    if options.moodle:
        text, left = moodle(assignment, rows, options.moodle)
        kind = "moodle"
    elif options.canvas is not None:
        text, left = canvas(assignment, rows, options.canvas or None)
        kind = "canvas"
    else:
        text = plain_csv(assignment, rows)
    path = Path(options.output or course.root / "export" / f"{assignment.name}-{kind}.csv")
    write(path, text)
    blank = [f"{row.student} ({row.status})" for row in rows if row.score is None]
    count = len(rows) - len(blank) - len(left)
    told = {
        "file": str(path),
        "scores": count,
        "without_score": [row.student for row in rows if row.score is None],
        "not_in_the_list": left,
    }
    tell.tell(options, told, f"{tell.count_of(count, 'score is', 'scores are')} in {path}.")
    if blank:
        tell.warn(f"No score, and nothing in the file, for {len(blank)}: {', '.join(blank[:9])}.")
    if left:
        tell.warn(f"Graded, but not in the list that was to be filled in: {', '.join(left)}.")
