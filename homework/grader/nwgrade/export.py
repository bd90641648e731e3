"""Send scores on: as plain CSV, in Moodle's grading worksheet, or for Canvas' import."""

import re
from pathlib import Path

from nwgrade import tell
from nwgrade.course import CourseError, csv_text, number, plain, read_table, write

CANVAS_COLUMNS = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
POINTS_POSSIBLE = "    Points Possible"


def plain_csv(assignment, rows):
    """Return all that is known of each student, a row each."""
    cells = [cell.grade_id for cell in assignment.cells if cell.is_graded]
    known = ["student", "name", "status", "handed_in", "days_late"]
    table = [[*known, *cells, "earned", "late_cut", "score", "most"]]
    for row in rows:
        parts = {part.cell: part.earned for part in row.parts}
        time = f"{row.time:%Y-%m-%d %H:%M}" if row.time else ""
        cut = None if row.earned is None else row.earned - row.so_far
        numbers = [*map(parts.get, cells), row.earned, cut, row.score, assignment.points]
        who = [row.student, plain(row.name), row.status, time, row.days_late]
        table.append([*who, *map(_text, numbers)])
    return csv_text(table)


def moodle(assignment, rows, worksheet):
    """Return Moodle's worksheet with the grades filled in, and the ids without a line in it.

    Where the worksheet's maximum is another one, the scores are scaled to it.
    """
    lines = read_table(worksheet)
    if not lines or not {"Identifier", "Grade"} <= lines[0].keys():
        raise CourseError(
            f"{worksheet} is no grading worksheet of Moodle: it must have the columns Identifier "
            "and Grade. Download it in English, with the assignment's setting 'Offline grading "
            "worksheet'."
        )
    most = next((name for name in lines[0] if name.lower() == "maximum grade"), None)
    scores = {row.student: row.score for row in rows if row.score is not None}
    for line in lines:
        match = re.search(r"(\d+)$", line["Identifier"].strip())
        if match and match[1] in scores:
            scale = assignment.points if most is None else _maximum(worksheet, line[most])
            line["Grade"] = f"{scores.pop(match[1]) * scale / assignment.points:.2f}"
    table = [lines[0].keys(), *(line.values() for line in lines)]
    return csv_text(table), _left(worksheet, rows, scores)


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
    if not (most := number(text)):
        raise CourseError(
            f"{worksheet}: the Maximum Grade {text!r} is no number of points. Let the assignment's "
            "grade in Moodle be of the type Point."
        )
    return most


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
        return csv_text(table), []
    lines = read_table(downloaded)
    if not lines or any(name not in lines[0] for name in ("Student", "ID")):
        raise CourseError(f"{downloaded} is no gradebook of Canvas: no columns Student and ID.")
    own = re.compile(rf"{re.escape(assignment.name)}( \(\d+\))?", re.I)
    columns = [name for name in lines[0] if own.fullmatch(name.strip())] or [assignment.name]
    if len(columns) > 1:
        raise CourseError(f"{downloaded} has several columns for it: {', '.join(columns)}.")
    column, keep = columns[0], [name for name in CANVAS_COLUMNS if name in lines[0]]
    table = [[*keep, column]]
    for line in lines:
        now = line.get(column, "")
        is_head = line["Student"].strip() == POINTS_POSSIBLE.strip()
        if is_head and now and number(now) != assignment.points:
            raise CourseError(
                f"{downloaded}: {column} has {now} points there, and {assignment.points:g} "
                "here. Make them equal in Canvas first."
            )
        if is_head or line["ID"]:
            score = assignment.points if is_head else scores.pop(line["ID"], None)
            table.append([*map(line.get, keep), now if score is None else _text(score)])
    return csv_text(table), _left(downloaded, rows, scores)


def _text(number):
    """Return a number as CSV, nothing for None."""
    return "" if number is None else f"{round(number, 2):g}"


def send_on(course, assignment, rows, options):
    """Write the scores as CSV, for Moodle or for Canvas.

    What is graded to the end goes out, and the rest is told.
    """
    unready = [row for row in rows if row.status == "not graded yet" or row.lacks_words]
    if unready and not options.partial:
        names = ", ".join(f"{row.student} ({row.status})" for row in unready[:5])
        more = ", ..." * (len(unready) > 5)
        raise CourseError(
            f"{tell.count_of(len(unready), 'submission is', 'submissions are')} not graded to the "
            f"end: {names}{more}. Finish them, or export what there is with --partial."
        )
    if options.moodle:
        (text, left), kind = moodle(assignment, rows, options.moodle), "moodle"
    elif options.canvas is not None:
        (text, left), kind = canvas(assignment, rows, options.canvas or None), "canvas"
    else:
        text, left, kind = plain_csv(assignment, rows), [], "scores"
    path = Path(options.output or course.root / "export" / f"{assignment.name}-{kind}.csv")
    write(path, text)
    without = [row for row in rows if row.score is None]
    count = len(rows) - len(without) - len(left)
    told = {"file": str(path), "scores": count, "not_in_the_list": left}
    told["without_score"] = [row.student for row in without]
    tell.tell(options, told, f"{tell.count_of(count, 'score is', 'scores are')} in {path}.")
    if without:
        some = ", ".join(f"{row.student} ({row.status})" for row in without[:9])
        tell.warn(f"No score, and nothing in the file, for {len(without)}: {some}.")
    if left:
        tell.warn(f"Graded, but not in the list that was to be filled in: {', '.join(left)}.")
