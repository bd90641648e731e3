"""The notebook that a person grades in nbgrader's formgrader.

It has the student's words, code and pictures, and the figures that the code drew in the sandbox,
but none of the outputs that came with it, and no tag or link: a space keeps it from being one,
which mathematics does not mind.
"""

import base64
import re

from nwgrade.answers import owners, without_pictures
from nwgrade.assignment import handed_out

# What would become a tag, an entity, a link or a picture in the instructor's browser. A link can
# run a script there with one click, and the server behind formgrader obeys the instructor.
OBEYED = re.compile(r"<(?=[a-zA-Z/!?])|&(?=#|\w+;)|\](?=[(:])|\\(?=(?:href|mmlToken|style)\b)")


def notebook(assignment, cells, verdicts, pictures):
    """Return what a student has handed in, as it is graded, as nbformat's JSON.

    pictures : of each written answer, the bytes of each picture by its file's name.
    """
    official = {cell.grade_id: cell for cell in assignment.cells}
    seen, shown = set(), []
    for cell, owner in zip(cells, owners(assignment, cells), strict=True):
        mine = official.get(cell.grade_id)
        if mine is not None and cell.grade_id not in seen and cell.kind == mine.kind:
            seen.add(cell.grade_id)
            shown += _official(mine, cell.source, verdicts, pictures)
        else:
            if owner and cell.grade_id != owner:
                shown.append(_cell("markdown", f"*The next cell belongs to the answer* {owner}:"))
            shown.append(_cell(cell.kind, cell.source))
    for cell in handed_out(assignment):
        if cell.is_graded and cell.grade_id not in seen:
            text = cell.source if cell.is_test else "The student's notebook has no such cell."
            shown += _official(cell, text, verdicts, pictures)
    shown = [cell | {"id": f"cell-{position}"} for position, cell in enumerate(shown)]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": shown, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def _official(mine, source, verdicts, pictures):
    """Yield a cell of the assignment, with what the checks say or the pictures of the answer."""
    told = [_told(one) for one in verdicts if one["cell"] == mine.grade_id]
    said = [{"output_type": "stream", "name": "stdout", "text": "\n".join(told)}] if told else []
    cell = _cell(mine.kind, mine.source if told else source, said)
    marks = {"grade": mine.is_graded, "locked": mine.is_locked, "solution": mine.is_solution}
    marks |= {"grade_id": mine.grade_id, "cell_type": mine.kind, "task": False, "schema_version": 3}
    cell["metadata"]["nbgrader"] = marks | ({"points": mine.points} if mine.is_graded else {})
    yield cell
    if found := pictures.get(mine.grade_id):
        title = f"# The pictures of the answer {mine.grade_id}"
        yield _cell("code", title, map(_picture, found.items()))


def _cell(kind, source, outputs=()):
    source, _ = without_pictures(source)
    if kind == "code":
        own = {"execution_count": None, "outputs": list(outputs)}
    else:
        kind, source, own = "markdown", OBEYED.sub(r"\g<0> ", source), {}
    return {"cell_type": kind, "metadata": {}, "source": source, **own}


def _picture(file):
    name, data = file
    kind = "image/png" if name.endswith(".png") else "image/jpeg"
    shown = {kind: base64.b64encode(data).decode()}
    return {"output_type": "display_data", "data": shown, "metadata": {}}


def _told(verdict):
    title = verdict["check"].replace("_", " ")
    told = f"{verdict['earned']:g}/{verdict['points']:g}  {title}"
    return f"{told}: {verdict['message']}" if verdict["message"] else told
