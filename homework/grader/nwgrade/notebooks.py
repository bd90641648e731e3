"""Read notebooks that nobody has to trust: the release, and what students hand in."""

import json
from dataclasses import dataclass

MAX_BYTES = 50 * 2**20
MAX_CELLS = 2000
MAX_PARTS = 2_000_000  # commas and brackets: Python's objects take far more memory than their text
MAX_ATTACHED = 20  # files of a cell


class Unreadable(Exception):
    """The file is not a notebook; says why in a sentence for the student."""


@dataclass(frozen=True)
class Cell:
    """A cell of a notebook: its position from 1, kind, text, and what nbgrader knows about it.

    attached : the first files that were pasted into it, in base64, as they came.
    """

    position: int
    kind: str
    source: str
    grade_id: str = ""
    is_graded: bool = False
    is_solution: bool = False
    is_locked: bool = False
    points: float = 0.0
    attached: tuple = ()

    @property
    def is_test(self):
        return self.kind == "code" and self.is_graded and not self.is_solution


def read_notebook(data):
    """Return the cells of the notebook in the bytes; raise Unreadable where there are none."""
    if not data.strip():
        raise Unreadable("The file is empty.")
    if len(data) > MAX_BYTES:
        size = f"{MAX_BYTES // 2**20} MB"
        raise Unreadable(f"The file has more than {size}. Clear the outputs and hand in again.")
    if sum(map(data.count, (b",", b"[", b"{"))) > MAX_PARTS:
        raise Unreadable("The file has too many parts. Clear the outputs and hand in again.")
    try:
        notebook = json.loads(data)
    except (ValueError, RecursionError):
        raise Unreadable("The file is not a notebook: it cannot be read as JSON.") from None
    try:
        found = notebook["cells"] if "cells" in notebook else _cells_of_format_3(notebook)
        if len(found) > MAX_CELLS:
            raise Unreadable(f"The notebook has more than {MAX_CELLS} cells.")
        return [_cell(position, one) for position, one in enumerate(found, start=1)]
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        raise Unreadable("The file is JSON, but not a notebook.") from None


def _cells_of_format_3(notebook):
    cells = [cell for sheet in notebook["worksheets"] for cell in sheet["cells"]]
    return [{**cell, "source": cell.get("input", cell.get("source", ""))} for cell in cells]


def _cell(position, cell):
    source = cell.get("source", "")
    nbgrader = cell.get("metadata", {}).get("nbgrader", {})
    points = nbgrader.get("points", 0)
    return Cell(
        position=position,
        kind=str(cell["cell_type"]),
        source=_clean(source if isinstance(source, str) else "".join(map(str, source))),
        grade_id=_clean(str(nbgrader.get("grade_id", ""))),
        is_graded=nbgrader.get("grade") is True,
        is_solution=nbgrader.get("solution") is True,
        is_locked=nbgrader.get("locked") is True,
        points=float(points) if isinstance(points, int | float) else 0.0,
        attached=tuple(_attached(cell.get("attachments")))[:MAX_ATTACHED],
    )


def _attached(files):
    """Yield what each file in a cell's attachments is in base64, in the first of its kinds."""
    for kinds in files.values() if isinstance(files, dict) else ():
        data = next(iter(kinds.values()), "") if isinstance(kinds, dict) else ""
        yield "".join(map(str, data)) if isinstance(data, list) else str(data)


def _clean(text):
    """Return the text without halves of characters, which no file takes."""
    return text.encode("utf-8", "replace").decode()
