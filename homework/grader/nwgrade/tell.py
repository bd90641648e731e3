"""What the command line prints, for people and for machines."""

import json
import sys
from contextlib import contextmanager

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

STYLES = {
    "graded": "green",
    "partly": "yellow",
    "not graded yet": "dim",
    "nothing submitted": "dim",
}


@contextmanager
def progress(total, options):
    """Give a function to call after each submission."""
    if options.json or not total:
        yield lambda: None
        return
    columns = [TextColumn("Grading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=total)
        yield lambda: progress.advance(task)


def warn_if_unsafe(options):
    if options.unsafe:
        warn("--unsafe: submissions can read, change and send away all that you can.")


def line(row):
    """Return a row for machines."""
    return {
        "student": row.student,
        "name": row.name,
        "status": row.status,
        "problem": row.problem,
        "days_late": row.days_late,
        "parts": {part.cell: part.earned for part in row.parts},
        "earned": row.earned,
        "score": row.score,
        "seed": row.result.get("seed"),
        "version": row.result.get("version"),
    }


def table(assignment, rows):
    title = f"{assignment.name}, {assignment.points:g} points"
    table = quiet_table(title)
    table.add_column("student", overflow="fold")
    table.add_column("name", overflow="fold")
    table.add_column("status", no_wrap=True)
    for name in ("checks", "written", "late", "score"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        checks = [part for part in row.parts if part.cell in assignment.tests]
        by_hand = [part for part in row.parts if part.cell not in assignment.tests]
        table.add_row(
            Text(row.student),
            Text(row.name),
            Text(row.status, style=STYLES.get(row.status, "red")),
            _sum(checks),
            _sum(by_hand),
            f"{row.days_late} d" if row.days_late else "",
            "" if row.score is None else f"{row.score:g}",
        )
    return table


def quiet_table(title):
    look = {"box": SIMPLE_HEAD, "pad_edge": False, "padding": (0, 1, 0, 0)}
    return Table(title=title, title_justify="left", **look)


def count_of(number, one, many):
    return f"{number} {one if number == 1 else many}"


def _sum(parts):
    """Return what has been earned, and what still may be."""
    if not parts:
        return ""
    waiting = sum(part.points for part in parts if part.earned is None)
    earned = f"{sum(part.earned or 0 for part in parts):g}"
    return f"{earned} + {waiting:g}?" if waiting else earned


def tell(options, machine, *people):
    """Print for a machine or for people."""
    if options.json:
        print(json.dumps(machine, indent=1))
        return
    console = Console()
    for one in people:
        console.print(one, markup=False, highlight=False, soft_wrap=isinstance(one, str))


def warn(text):
    print(f"nwgrade: {text}", file=sys.stderr)
