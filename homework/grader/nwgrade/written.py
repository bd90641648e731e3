"""Grade written answers in a spreadsheet: a CSV file goes out with the rubric, and comes back."""

import csv
import io

from nwgrade.course import CourseError, digest, plain, read_table, write
from nwgrade.gradebook import give, gradebook

COLUMNS = (
    "student",
    "name",
    "cell",
    "answer_id",
    "criterion",
    "asked",
    "most",
    "points",
    "comment",
)
NEEDED = ("student", "cell", "answer_id", "criterion", "points", "comment")


def _answer_id(row, cell):
    """Return what tells an answer from all others, and from what it was before.

    It begins with a letter: a spreadsheet makes another number of 0012 and of 12e4567.
    """
    return "a" + digest(f"{row.student}/{cell}/{row.result['shown'][cell]}".encode())[:10]


def write_sheet(assignment, rows, path, all_of_them=False):
    """Write the answers that wait for points, a row for each criterion; return how many there are.

    What has been filled in in the file at `path` stays.
    """
    filled = {_key(row): row for row in read_table(path)} if path.exists() else {}
    out = io.StringIO()
    sheet = csv.writer(out, lineterminator="\n")
    sheet.writerow([*COLUMNS, "answer"])
    count = 0
    for row in rows:
        for part in row.parts:
            if part.cell not in assignment.rubric or (part.earned is not None and not all_of_them):
                continue
            count += 1
            text = row.result["answers"][part.cell]
            for number, (asked, most) in enumerate(assignment.rubric[part.cell], start=1):
                known = [row.student, plain(row.name), part.cell, _answer_id(row, part.cell)]
                before = filled.get((known[-1], str(number)), {})
                told = [before.get("points", ""), before.get("comment", "")]
                shown = plain(text) if number == 1 else ""
                sheet.writerow([*known, number, plain(asked), most, *told, shown])
    write(path, "\ufeff" + out.getvalue())  # without the mark, Excel takes it for another encoding
    return count


def _key(row):
    return row.get("answer_id", ""), row.get("criterion", "")


def read_sheet(course, assignment, rows, path):
    """Put the points of a sheet into the gradebook; return how many answers were graded.

    All of it or nothing: a CourseError lists every row that is wrong. An answer whose points are
    all empty is left as it is.
    """
    table = read_table(path)
    if missing := [name for name in NEEDED if name not in (table or [{}])[0]]:
        raise CourseError(f"{path}: there is no column {missing[0]}.")
    current = {
        _answer_id(row, part.cell): (row.student, part.cell)
        for row in rows
        for part in row.parts
        if part.cell in assignment.rubric
    }
    answers, graded, wrong = {}, [], []
    for number, row in enumerate(table, start=2):
        answers.setdefault(row["answer_id"].strip(), []).append((number, row))
    for answer_id, lines in answers.items():
        if any(row["points"].strip() for _, row in lines):
            try:
                student, cell = _whose(assignment, current, answer_id, *lines[0])
                graded.append((student, cell, *_sum(assignment.rubric[cell], student, cell, lines)))
            except CourseError as error:
                wrong.append(str(error))
    if wrong:
        raise CourseError("\n".join([f"{path}: nothing was stored, because", *wrong]))
    with gradebook(course) as book:
        for student, cell, points, comment in graded:
            give(book, assignment, student, cell, points, comment)
        book.db.commit()
    return len(graded)


def _whose(assignment, current, answer_id, number, row):
    """Return the student and the cell of an answer; they must be those that its first row names."""
    student, cell = row["student"].strip(), row["cell"].strip()
    if answer_id not in current:
        if cell not in assignment.rubric:
            raise CourseError(f"row {number}: {assignment.name} has no written answer {cell!r}.")
        if student not in {name for name, _ in current.values()}:
            raise CourseError(f"row {number}: there is no graded submission of {student!r}.")
        raise CourseError(
            f"row {number}: {student} has changed the answer {cell} since this sheet was written. "
            f"Write a new sheet: nwgrade written {assignment.name}"
        )
    if not _is_same(student, current[answer_id][0]) or cell != current[answer_id][1]:
        raise CourseError(
            f"row {number}: the answer_id is not that of {student}'s {cell}. Were only some of the "
            "columns sorted?"
        )
    return current[answer_id]


def _is_same(student, known):
    """Say whether it is the same student, also after a spreadsheet took the id for a number."""
    try:
        return student == known or float(student.replace(",", ".")) == float(known)
    except ValueError:
        return False


def _sum(rubric, student, cell, lines):
    """Return the points and the comment of one answer."""
    given, told = {}, {}
    for line, row in lines:
        number = int(_number(line, row["criterion"], "criterion", range(1, len(rubric) + 1)))
        asked, most = rubric[number - 1]
        if number in given:
            raise CourseError(f"row {line}: criterion {number} stands there twice.")
        if not row["points"].strip():
            raise CourseError(
                f"row {line}: criterion {number} of {student}'s {cell} has no points."
            )
        given[number] = _number(line, row["points"], "points", most)
        comment = " ".join(row["comment"].split())
        told[number] = f"{given[number]:g}/{most:g}  {asked}" + f" · {comment}" * bool(comment)
    if len(given) < len(rubric):
        missing = ", ".join(str(n) for n in range(1, len(rubric) + 1) if n not in given)
        raise CourseError(f"row {lines[0][0]}: {student}'s {cell} lacks criterion {missing}.")
    return sum(given.values()), "\n".join(told[number] for number in sorted(told))


def _number(line, text, name, allowed):
    """Return the number in a cell: one of a range, or one from 0 to the most."""
    try:
        number = float(text.strip().replace(",", "."))
    except ValueError:
        number = None
    if isinstance(allowed, range):
        is_good, least, most = number in allowed, allowed[0], allowed[-1]
    else:
        is_good, least, most = number is not None and 0 <= number <= allowed, 0, allowed
    if not is_good:
        raise CourseError(f"row {line}: {name} must be from {least} to {most:g}, not {text!r}.")
    return number
