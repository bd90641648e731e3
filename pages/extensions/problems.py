"""Tell each problem in one line that names the notebook and the cell, and build no book then.

Sphinx gives a place in a notebook as MyST-NB does, 120003 for line 2 of cell 12, and goes on after
a warning. On the next build it takes the page from its cache, and has forgotten the warning.
"""

import json
import logging
import re
import shutil
from functools import partial
from pathlib import Path

import stored
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
        words = "".join(cell.get("source", "")).strip().partition("\n")[0]
        words = words if len(words) <= 40 else words[:40].rsplit(" ", 1)[0]
        name += f', cell {position} ("{words}")'
        line = line if cell.get("cell_type") != "code" else None
    return f"{name}, line {line}" if line else name


def _give_line(record):
    """Give the place of a warning the line of what is around it, if it has none itself."""
    if isinstance(record.location, nodes.Node):
        source, line = (_nearest(record.location, name) for name in ("source", "line"))
        record.location = f"{source}:{line}"
    return True


def _nearest(node, name):
    return "" if node is None else getattr(node, name) or _nearest(node.parent, name)


def check_notebooks(problems, app, env, names):
    """Warn of notebooks that cannot be read, or whose stored outputs are not those of a book."""
    all_readable = True
    for name in names:
        path = Path(env.doc2path(name))
        if path.suffix == ".ipynb":
            readable, found = stored.check(path)
            all_readable &= readable
            for position, problem in found:
                logger.warning("%s", problem, location=(name, position * CELL + 1))
    if not all_readable:  # and MyST-NB would crash
        give_up(problems, app)


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
