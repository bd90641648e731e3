"""What is stored in a notebook, and whether that is fit for a book."""

import json
import re
import warnings

import nbformat

UNREADABLE = (ValueError, nbformat.ValidationError, Warning)


def check(path):
    """Return whether the notebook can be read, and its problems: each with a cell's position.

    The first cell is 1, and 0 is the notebook.
    """
    try:
        return True, list(problems(_cells(path)))
    except UNREADABLE as error:
        place = [*getattr(error, "relative_path", ())][:2]
        position = place[1] + 1 if place[:1] == ["cells"] and place[1:] else 0
        reason = re.split(r"\. |\n", str(error))[0][:200]
        return False, [(position, f"the notebook cannot be read: {reason}")]


def _cells(path):
    nb = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(nb, dict) or nb.get("nbformat") != 4 or "cells" not in nb:
        raise ValueError("it has no cells in format 4")
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)  # of cells without an id of their own
        nbformat.validate(nb)
    return nb["cells"]


def problems(cells):
    """Yield the position of a cell and what is wrong with its stored outputs."""
    code = {
        position: cell
        for position, cell in enumerate(cells, start=1)
        if cell["cell_type"] == "code" and "".join(cell["source"]).strip()
    }
    not_run = [position for position, cell in code.items() if cell["execution_count"] is None]
    if not_run:
        they = f"this cell and {len(not_run) - 1} more have" if not_run[1:] else "this cell has"
        yield not_run[0], f"{they} no outputs, not having been run"
    elif code and not any(cell["outputs"] for cell in code.values()):
        yield min(code), "the notebook has no outputs, in this code cell or any other"
    for position, cell in code.items():
        for output in cell["outputs"]:
            if output["output_type"] == "error":
                yield position, f"this cell has raised {output['ename']}"
            elif output.get("name") == "stderr":
                text = "".join(output["text"]).partition("\n")[0]
                yield position, f"this cell has written to stderr: {text}"
