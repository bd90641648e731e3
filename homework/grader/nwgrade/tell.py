"""What the command line prints, for people and for machines."""

import json
import sys
from contextlib import contextmanager

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

STYLES = dict.fromkeys(["not graded yet", "nothing submitted"], "dim")
STYLES |= {"graded": "green", "partly": "yellow"}
KNOWN = ("student", "name", "status", "problem", "days_late", "earned", "score")  # to machines


@contextmanager
def progress(total, options):
    """Give a function to call after each submission."""
    columns = [TextColumn("Grading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    console, is_silent = Console(stderr=True), options.json or not total
    with Progress(*columns, console=console, disable=is_silent) as progress:
        task = progress.add_task("", total=total)
        yield lambda: progress.advance(task)


def standings(options, assignment, rows, *more):
    """Tell where each student stands, and more to people."""
    machine, people = [], []
    for row in rows:
        parts = {part.cell: part.earned for part in row.parts}
        known, result = {name: getattr(row, name) for name in KNOWN}, row.result
        stamp = {name: result.get(name) for name in ("seed", "version")}
        machine.append({**known, "parts": parts, **stamp})
        checks = [part for part in row.parts if part.cell in assignment.tests]
        by_hand = [part for part in row.parts if part.cell not in assignment.tests]
        status = Text(row.status, style=STYLES.get(row.status, "red"))
        late = f"{row.days_late} d" if row.days_late else ""
        score = "" if row.score is None else f"{row.score:g}"
        people.append([row.student, row.name, status, _sum(checks), _sum(by_hand), late, score])
    title = f"{assignment.name}, {assignment.points:g} points"
    columns, numbers = ["student", "name", "status"], ["checks", "written", "late", "score"]
    tell(options, machine, table(title, columns, people, numbers, whole=["status"]), *more)


def table(title, columns, rows, numbers=(), whole=()):
    """Return a table; the columns of numbers come last. They and those `whole` are not folded."""
    look = {"box": SIMPLE_HEAD, "pad_edge": False, "padding": (0, 1, 0, 0)}
    made = Table(title=title, title_justify="left", **look)
    for name in columns:
        made.add_column(name, overflow="fold", no_wrap=name in whole)
    for name in numbers:
        made.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        made.add_row(*row)
    return made


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
    console = Console(markup=False, emoji=False, highlight=False)  # a name is a name
    for one in people:
        console.print(one, soft_wrap=isinstance(one, str))


def warn(text):
    print(f"nwgrade: {text}", file=sys.stderr)
