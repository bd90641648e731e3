"""Re-execute the book's notebooks in place, so that doing it twice gives the same bytes.

    python pages/refresh.py [--check] [NOTEBOOK ...]

Without arguments: all of them. Each runs top to bottom in a fresh kernel, in its own folder, two at
a time. A notebook that raises, writes to stderr or takes too long is left as it was. With --check
nothing is written: a notebook that would change is an error.
"""

import argparse
import asyncio
import hashlib
import os
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

ROOT = Path(__file__).resolve().parents[1]
TIME_LIMIT = 60  # seconds for a notebook; it should take under 20 on an idle machine
METADATA = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}
MEASURED = "timed"  # the tag of a cell whose pictures show what was measured
RAN = "ran"  # in a cell's metadata: the digest of the code that its outputs are of
CELL_METADATA = ("jupyter", "mystnb", RAN, "tags")  # anything else is of an editor or a run


class RefreshError(Exception):
    """Says in one line what is wrong with a notebook."""


def in_cell(nb, position, reason):
    """The error `reason` in the cell at `position`, both shown so that the cell is found."""
    first_line = nb.cells[position].source.partition("\n")[0]
    return RefreshError(f"cell {position + 1} ({first_line}): {' '.join(reason.split())}")


def notebooks():
    """The book's notebooks, in reading order."""
    parts = [ROOT, ROOT / "chapters", ROOT / "beyond", ROOT / "appendix"]
    return [path for part in parts for path in sorted(part.glob("*.ipynb"))]


def execute(nb, folder):
    """Run all cells of `nb` in a fresh kernel in `folder`; the outputs go into `nb`."""
    deadline = time.monotonic() + TIME_LIMIT
    position = 0

    def remember(cell, cell_index):
        nonlocal position
        position = cell_index

    client = NotebookClient(
        nb,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        coalesce_streams=True,  # else the number of outputs depends on timing
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
        force_raise_errors=True,
        on_cell_start=remember,
        record_timing=False,
        shutdown_kernel="immediate",
        store_widget_state=False,
        timeout_func=lambda cell: max(deadline - time.monotonic(), 0.01),
    )
    client.log.disabled = True  # it repeats what is raised
    try:
        asyncio.run(client.async_execute(env={**os.environ, "PYTHONHASHSEED": "0"}))
    except CellExecutionError as error:
        raise in_cell(nb, position, f"{error.ename}: {error.evalue}") from None
    except CellTimeoutError:
        raise in_cell(nb, position, f"the notebook takes over {TIME_LIMIT} s") from None
    except DeadKernelError:
        raise in_cell(nb, position, "the kernel died") from None
    for position, cell in enumerate(nb.cells):
        if cell.cell_type == "code":
            cell.metadata[RAN] = digest(cell)
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                raise in_cell(nb, position, f"wrote to stderr: {output.text}")


def digest(cell):
    """What tells the code of a cell from any other."""
    return hashlib.sha256(cell.source.encode()).hexdigest()[:12]


def to_text(nb):
    """The text of `nb` as it is stored: without what differs from run to run."""
    nb = nbformat.from_dict({**nb, "metadata": METADATA})
    for cell in nb.cells:
        cell.metadata = {key: cell.metadata[key] for key in CELL_METADATA if key in cell.metadata}
    return renumber_widgets(nbformat.writes(nb) + "\n")


def renumber_widgets(text):
    """Replace the random ids of widgets by 1, 2, 3, ... wherever they are mentioned."""
    ids = dict.fromkeys(re.findall(r'"model_id": "(\w+)"', text))
    new = {old: f"{number:032x}" for number, old in enumerate(ids, start=1)}
    return re.sub("|".join(new), lambda match: new[match[0]], text) if new else text


def require_same(old, new):
    """Raise an error that names the first cell in which two texts of one notebook differ."""
    if old == new:
        return
    old_nb, new_nb = (nbformat.reads(text, as_version=4) for text in (old, new))
    for position, (old_cell, new_cell) in enumerate(zip(old_nb.cells, new_nb.cells, strict=True)):
        if old_cell != new_cell:
            raise in_cell(new_nb, position, "not as `make refresh` would write it")
    raise RefreshError("metadata or layout not as `make refresh` would write it")


def keep_measurements(old, new):
    """Let each cell tagged "timed" keep its old pictures, where it says what it said before.

    Time differs from run to run. To measure anew, clear the cell's outputs first.
    """
    before = {cell.id: cell for cell in old.cells if MEASURED in cell.metadata.get("tags", ())}
    for cell in new.cells:
        known = before.get(cell.id)
        if known and known.source == cell.source and _texts(known) == _texts(cell):
            cell.outputs = known.outputs


def _texts(cell):
    return [(o.get("text"), o.get("data", {}).get("text/plain")) for o in cell.outputs]


def refresh(path, check=False):
    """Re-execute the notebook at `path`, and store it unless this is only a `check`."""
    old = path.read_bytes().decode()
    nb = nbformat.reads(old, as_version=4)
    execute(nb, path.parent)
    keep_measurements(nbformat.reads(old, as_version=4), nb)
    new = to_text(nb)
    if check:
        require_same(old, new)
    elif new != old:
        path.write_bytes(new.encode())


def report(path, check):
    """Refresh one notebook; return whether that went well, and a line that says so."""
    name, start = os.path.relpath(path), time.monotonic()
    try:
        refresh(path, check)
    except RefreshError as error:
        return False, f"{name}, {error}"
    return True, f"{name}: {time.monotonic() - start:.1f} s"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("notebook", nargs="*", type=Path, default=notebooks())
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a change")
    args = parser.parse_args(arguments)

    status = 0
    with ThreadPoolExecutor(max_workers=2) as pool:
        for good, line in pool.map(partial(report, check=args.check), args.notebook):
            print(line, file=sys.stdout if good else sys.stderr, flush=True)
            status |= not good
    return status


if __name__ == "__main__":
    sys.exit(main())
