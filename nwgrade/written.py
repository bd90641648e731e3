"""Grade written answers in a spreadsheet: a CSV file goes out with the rubric, and comes back."""

import csv
import io

from nwgrade.course import CourseError, read_table, write
from nwgrade.gradebook import give, gradebook, rows

COLUMNS = ("student", "name", "cell", "version", "criterion", "asked", "most", "points", "comment")
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def plain(text):
    """Return a text as a spreadsheet shows it, and never as a formula that it runs."""
    text = str(text)
    return f"'{text}" if text.startswith(FORMULA) else text


def write_sheet(course, assignment, path, all_of_them=False):
    """Write the answers that wait for points, a row for each criterion; return how many wait."""
    out = io.StringIO()
    sheet = csv.writer(out, lineterminator="\n")
    sheet.writerow([*COLUMNS, "answer"])
    waiting = 0
    for row in rows(course, assignment):
        for part in row.parts:
            if part.cell not in assignment.rubric or (part.earned is not None and not all_of_them):
                continue
            waiting += 1
            answer = row.result["answers"][part.cell]
            version = row.result["shown"][part.cell][:8]
            for number, (asked, most) in enumerate(assignment.rubric[part.cell], start=1):
                text = answer if number == 1 else ""
                known = [row.student, plain(row.name), part.cell, version, number, asked, most]
                sheet.writerow([*known, "", "", plain(text)])
    write(path, "\ufeff" + out.getvalue())  # without the mark, Excel takes it for another encoding
    return waiting


def read_sheet(course, assignment, path):
    """Put the points of a sheet into the gradebook; return how many answers were graded.

    All of it or nothing: a CourseError lists every row that is wrong. An answer whose points are
    all empty is left as it is.
    """
    answers, wrong = {}, []
    for line, row in enumerate(read_table(path), start=2):
        if missing := [name for name in COLUMNS if row.get(name) is None]:
            raise CourseError(f"{path}, line {line}: there is no column {missing[0]}.")
        answers.setdefault((row["student"], row["cell"]), []).append((line, row))
    current = {row.student: row for row in rows(course, assignment)}
    graded = []
    for (student, cell), lines in answers.items():
        try:
            if any(row["points"].strip() for _, row in lines):
                graded.append((student, cell, *_sum(assignment, current, student, cell, lines)))
        except CourseError as error:
            wrong.append(str(error))
    if wrong:
        raise CourseError("\n".join([f"{path}: nothing was stored, because", *wrong]))
    with gradebook(course) as book:
        for student, cell, points, comment in graded:
            give(book, assignment, student, cell, points, comment)
        book.db.commit()
    return len(graded)


def _sum(assignment, current, student, cell, lines):
    """Return the points and the comment of one answer."""
    first = lines[0][0]
    if cell not in assignment.rubric:
        raise CourseError(f"line {first}: {assignment.name} has no written answer {cell!r}.")
    row = current.get(student)
    if row is None or not row.parts:
        raise CourseError(f"line {first}: there is no graded submission of {student}.")
    if lines[0][1]["version"] != row.result["shown"][cell][:8]:
        raise CourseError(
            f"line {first}: {student} has changed the answer {cell} since this sheet was written. "
            "Write a new sheet."
        )
    rubric, given, told = assignment.rubric[cell], {}, []
    for line, one in lines:
        number = _number(line, one["criterion"], "criterion", 1, len(rubric))
        asked, most = rubric[int(number) - 1]
        if number in given:
            raise CourseError(f"line {line}: criterion {number:g} stands there twice.")
        given[number] = _number(line, one["points"], "points", 0, most)
        comment = one["comment"].strip()
        told.append(f"{given[number]:g}/{most:g}  {asked}" + (f" · {comment}" if comment else ""))
    if len(given) < len(rubric):
        raise CourseError(f"line {first}: {cell} of {student} has not all {len(rubric)} criteria.")
    return sum(given.values()), "\n".join(told)


def _number(line, text, name, least, most):
    try:
        number = float(text.strip().replace(",", "."))
    except ValueError:
        number = None
    if number is None or not least <= number <= most:
        raise CourseError(f"line {line}: {name} must be from {least} to {most:g}, not {text!r}.")
    return number
