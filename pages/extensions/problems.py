"""Tell each problem in one line that names the notebook and the cell, and build no book then.

Sphinx gives a place in a notebook as MyST-NB does, 120003 for line 2 of cell 12, and goes on after
a warning. On the next build it takes the page from its cache, and has forgotten the warning.
"""

import json
import logging
import re
import shutil
import warnings
from functools import partial
from pathlib import Path

import nbformat
from docutils import nodes
from sphinx.application import ENV_PICKLE_FILENAME
from sphinx.util.logging import NAMESPACE, WarningStreamHandler, getLogger

logger = getLogger(__name__)

CELL = 10_000
CLEARER = {
    r" \[myst[\w.-]*\]$": "",  # the kind of the warning
    r"'myst' cross-reference target not found: '(.*)'": r"this link is dead: \1",
    r"local id not found in doc '(.*)': '(.*)'": r"this link is dead: \1 has no #\2",
    r"skipping unknown output mime type: ": "the site cannot show an output of type ",
    r".*toctree .* '(.*)' that doesn't have a title: .*": r"\1: the page has no title",
    r".*toctree .* nonexisting document '(.*)' .*": r"_toc.yml: there is no file \1",
}


class Problems(logging.Filter):
    """Makes a line of each warning, and lets each line pass once."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder
        self.lines = set()

    def __str__(self):
        many = "s" * (len(self.lines) != 1)
        return f"The book was not built: {len(self.lines)} problem{many}."

    def filter(self, record):
        record.problem = logging.LogRecord.getMessage(record)
        if record.location:
            record.problem = f"{_place(record.location, self.folder)}: {record.problem}"
        for pattern, clearer in CLEARER.items():
            record.problem = re.sub(pattern, clearer, record.problem)
        is_new = record.problem not in self.lines
        self.lines.add(record.problem)
        return is_new


def _place(location, folder):
    """Return a place as an author finds it: the file, the cell with its first words, the line."""
    path, line = re.fullmatch(r"(.*?)(?::(\d*))?", location).groups()
    path = Path(path)
    name = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)
    if path.suffix == ".ipynb" and line:
        position, line = divmod(int(line) - 1, CELL)
        if position == 0:
            return name
        cell = json.loads(path.read_text(encoding="utf-8"))["cells"][position - 1]
        name += f', cell {position} ("{_first_words(cell)}")'
        if cell.get("cell_type") == "code":
            return name
    return f"{name}, line {line}" if line else name


def _first_words(cell):
    begin = "".join(cell.get("source", "")).strip().partition("\n")[0]
    return begin if len(begin) <= 40 else begin[:40].rsplit(" ", 1)[0]


def _give_line(record):
    """Give the place of a warning the line of what is around it, if it has none itself."""
    node = record.location
    if isinstance(node, nodes.Node):
        around = [node]
        while around[-1].parent is not None:
            around.append(around[-1].parent)
        source = next((node.source for node in around if node.source), "")
        record.location = f"{source}:{next((node.line for node in around if node.line), '')}"
    return True


def check_notebooks(problems, app, env, names):
    """Warn of notebooks that cannot be read, or whose stored outputs are not those of a book."""
    readable = True
    for name in names:
        path = Path(env.doc2path(name))
        if path.suffix == ".ipynb":
            try:
                cells = _cells(path)
            except (ValueError, nbformat.ValidationError, Warning) as error:
                match [*getattr(error, "relative_path", ())]:
                    case ["cells", index, *_]:
                        place = (name, (index + 1) * CELL + 1)
                    case _:
                        place = name
                reason = re.split(r"\. |\n", str(error))[0]
                logger.warning("the notebook cannot be read: %.200s", reason, location=place)
                readable = False
            else:
                for position, problem in _stored_problems(cells):
                    logger.warning(problem, location=(name, position * CELL + 1))
    if not readable:  # and MyST-NB would crash
        give_up(problems, app)


def _cells(path):
    """Return the cells of a notebook; raise one of several errors if they cannot be read."""
    nb = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(nb, dict) or nb.get("nbformat") != 4 or "cells" not in nb:
        raise ValueError("it has no cells in format 4")
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)  # of cells without an id of their own
        nbformat.validate(nb)
    return nb["cells"]


def _stored_problems(cells):
    """Yield the position of a cell, from 1, and what is wrong with its stored outputs."""
    code = [
        (position, cell)
        for position, cell in enumerate(cells, start=1)
        if cell["cell_type"] == "code" and "".join(cell["source"]).strip()
    ]
    not_run = [position for position, cell in code if cell["execution_count"] is None]
    if not_run:
        they = f"this cell and {len(not_run) - 1} more have" if not_run[1:] else "this cell has"
        yield not_run[0], f"{they} no outputs, not having been run"
    elif code and not any(cell["outputs"] for _, cell in code):
        yield code[0][0], "the notebook has no outputs, in this code cell or any other"
    for position, cell in code:
        for output in cell["outputs"]:
            if output["output_type"] == "error":
                yield position, f"this cell has raised {output['ename']}"
            elif output.get("name") == "stderr":
                text = "".join(output["text"]).partition("\n")[0]
                yield position, f"this cell has written to stderr: {text}"


def finish(problems, app, error):
    """Build no book that has a problem."""
    if problems.lines and error is None:
        give_up(problems, app)


def give_up(problems, app):
    """Leave no site that is not whole and no cache of pages with problems, and stop."""
    if app.builder.format == "html":
        shutil.rmtree(app.outdir, ignore_errors=True)
    Path(app.doctreedir, ENV_PICKLE_FILENAME).unlink(missing_ok=True)
    raise SystemExit(problems)  # printed when all warnings are out, which Sphinx may hold back


def setup(app):
    problems = Problems(app.srcdir)
    app.warningiserror = False  # `-W` would stop at the first problem
    for handler in logging.getLogger(NAMESPACE).handlers:
        if isinstance(handler, WarningStreamHandler):
            handler.filters.insert(0, _give_line)  # before Sphinx makes a string of the place
            handler.addFilter(problems)
            handler.setFormatter(logging.Formatter("%(problem)s"))
    app.connect("env-before-read-docs", partial(check_notebooks, problems))
    # First of all, for what the others do takes a whole book, and last, for they may warn too.
    app.connect("build-finished", partial(finish, problems), priority=0)
    app.connect("build-finished", partial(finish, problems), priority=1000)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
