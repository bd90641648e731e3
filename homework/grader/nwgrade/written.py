"""Grade written answers in a spreadsheet: a CSV file goes out with the rubric, and comes back.

Beside it lies a page that shows each answer whole, with its pictures. Both go question by question,
in an order in which nobody's name can be seen.
"""

import shutil
from dataclasses import dataclass
from functools import cached_property
from shlex import quote

from nwgrade import tell
from nwgrade.course import CourseError, csv_text, digest, number, plain, read_table, write
from nwgrade.feedback import render
from nwgrade.gradebook import give, gradebook
from nwgrade.standings import Row, pictures

COLUMNS = ("cell", "answer_id", "criterion", "asked", "most", "points", "comment", "answer")
NEEDED = ("cell", "answer_id", "criterion", "points", "comment")
SHOWN = 30_000  # signs of an answer; a spreadsheet's cell holds 32,767
SORTED = "row {}: the answer_id is that of another row. Were only some of the columns sorted?"
MORE = " [This goes on, on the page beside the sheet.]"


@dataclass
class Written:
    """An answer as it stands on the sheet and on its page."""

    cell: str
    row: Row
    earned: float | None

    @cached_property
    def id(self):
        """What tells an answer from all others, and from what it was before.

        It begins with a letter: a spreadsheet makes another number of 0012 and of 12e4567.
        """
        shown = self.row.result["shown"][self.cell]
        return "a" + digest(f"{self.row.student}/{self.cell}/{shown}".encode())[:10]

    @property
    def text(self):
        return self.row.result["answers"][self.cell]


def _answers(assignment, rows):
    """Return all answers, question by question; the order within one has nothing of the names."""
    parts = [(part, row) for row in rows for part in row.parts if part.cell in assignment.rubric]
    questions = list(assignment.rubric)
    found = [Written(part.cell, row, part.earned) for part, row in parts]
    return sorted(found, key=lambda one: (questions.index(one.cell), one.id))


def write_sheet(course, assignment, rows, path, all_of_them=False, names=False):
    """Write the answers that wait for points, a row for each criterion; return how many there are.

    What has been filled in in the file at `path` stays. The page lies beside it, as .html, with a
    folder of the pictures.
    """
    lines = read_table(path) if path.exists() else []
    filled = {(row.get("answer_id", ""), row.get("criterion", "")): row for row in lines}
    answers = [one for one in _answers(assignment, rows) if all_of_them or one.earned is None]
    table = [[*COLUMNS, *["student", "name"] * names, "row"]]
    for one in answers:
        text = plain(one.text[:SHOWN] + MORE * (len(one.text) > SHOWN))
        who = [one.row.student, plain(one.row.name)] * names
        for at, (asked, most) in enumerate(assignment.rubric[one.cell], start=1):
            before = filled.get((one.id, str(at)), {})
            told = [before.get("points", ""), before.get("comment", "")]
            known = [one.cell, one.id, at, plain(asked), most]
            table.append([*known, *told, text, *who, f"{one.id}-{at}"])
    write(path, "\ufeff" + csv_text(table))  # without the mark, Excel takes it for another encoding
    _write_page(course, assignment, answers, path, names)
    return len(answers)


def _write_page(course, assignment, answers, path, names):
    """Write the page beside the sheet, and the pictures into a folder beside that."""
    folder = path.with_suffix("")
    shutil.rmtree(folder, ignore_errors=True)
    questions = {one.cell: [] for one in answers}
    for one in answers:
        shown = []
        for file in pictures(course, assignment, one.row, one.cell):
            shown.append(f"{one.id}-{file.name}")
            write(folder / shown[-1], file.read_bytes())
        who = f"{one.row.name} ({one.row.student})" if names else ""
        questions[one.cell].append((one, who, shown))
    own = {"questions": questions, "folder": folder.name, "sheet": path.name}
    write(path.with_suffix(".html"), render("written.html", course, assignment, **own))


def read_sheet(course, assignment, rows, path):
    """Put the points of a sheet into the gradebook; return how many answers were graded.

    All of it or nothing: a CourseError lists every row that is wrong. An answer whose points are
    all empty is left as it is.
    """
    table = read_table(path)
    if missing := [name for name in NEEDED if name not in (table or [{}])[0]]:
        raise CourseError(f"{path}: there is no column {missing[0]}.")
    current = {one.id: one for one in _answers(assignment, rows)}
    lines, graded, wrong = {}, [], []
    for line, row in enumerate(table, start=2):
        lines.setdefault(row["answer_id"].strip(), []).append((line, row))
    for answer_id, own in lines.items():
        if any(row["points"].strip() for _, row in own):
            try:
                answer = _whose(assignment, current, answer_id, own)
                graded.append((answer, *_sum(assignment.rubric[answer.cell], answer, own)))
            except CourseError as error:
                wrong.append(str(error))
    if wrong:
        raise CourseError("\n".join([f"{path}: nothing was stored, because", *wrong]))
    with gradebook(course) as book:
        for answer, points, comment in graded:
            give(book, assignment, answer.row.student, answer.cell, points, comment)
        book.db.commit()
    return len(graded)


def _whose(assignment, current, answer_id, lines):
    """Return the answer of that id; all rows must name its cell."""
    for line, row in lines:
        cell = row["cell"].strip()
        if cell not in assignment.rubric:
            raise CourseError(f"row {line}: {assignment.name} has no written answer {cell!r}.")
        if answer_id not in current:
            raise CourseError(
                f"row {line}: this answer to {cell} has been changed or taken back since the "
                f"sheet was written. Write a new sheet: nwgrade written {assignment.name}"
            )
        if cell != current[answer_id].cell:
            raise CourseError(SORTED.format(line))
    return current[answer_id]


def _sum(rubric, answer, lines):
    """Return the points and the comment of an answer."""
    given, told = {}, {}
    for line, row in lines:
        criterion = int(_number(line, row, "criterion", 1, len(rubric)))
        asked, most = rubric[criterion - 1]
        if row.get("row") and row["row"].strip() != f"{answer.id}-{criterion}":
            raise CourseError(SORTED.format(line))
        if criterion in given:
            raise CourseError(f"row {line}: criterion {criterion} stands there twice.")
        if not row["points"].strip():
            told = f"criterion {criterion} of this {answer.cell} has no points."
            raise CourseError(f"row {line}: {told}")
        points = given[criterion] = _number(line, row, "points", 0, most)
        comment = " ".join(row["comment"].split())
        told[criterion] = f"{points:g}/{most:g}  {asked}" + f" · {comment}" * bool(comment)
    if missing := ", ".join(str(n) for n in range(1, len(rubric) + 1) if n not in given):
        raise CourseError(f"row {lines[0][0]}: this {answer.cell} lacks criterion {missing}.")
    return sum(given.values()), "\n".join(told[criterion] for criterion in sorted(told))


def _number(line, row, name, least, most):
    """Return the number in a row's cell."""
    given = number(row[name])
    if given is None or not least <= given <= most or (name == "criterion" and given % 1):
        told = f"{name} must be from {least} to {most:g}, not {row[name]!r}."
        raise CourseError(f"row {line}: {told}")
    return given


def answers(course, assignment, rows, options):
    """Write a sheet for the answers in words, or read it back."""
    if options.read:
        count = read_sheet(course, assignment, rows, options.read)
        told = tell.count_of(count, "answer has points now.", "answers have points now.")
        return tell.tell(options, {"graded": count}, told)
    path = course.root / "export" / f"{assignment.name}-written.csv"
    count = write_sheet(course, assignment, rows, path, options.all, options.names)
    to_do = f"No answer waits for points. Next: nwgrade feedback {assignment.name}"
    if count:
        to_do = (
            f"{tell.count_of(count, 'answer waits', 'answers wait')} in {path}, with pictures in "
            f"{path.stem}.html beside it. Fill in the points, then: nwgrade written "
            f"{assignment.name} --read {quote(str(path))}"
        )
    return tell.tell(options, {"sheet": str(path), "answers": count}, to_do)
