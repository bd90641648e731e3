"""How each check and each written answer went in a class, and what came instead of right answers.

A submission counts once it is graded, also where a cell or a call died or timed out: what that cost
is its own doing. Unreadable, failed and ungraded ones do not, nor a check that broke, nor an answer
that still waits for a person.
"""

import io
import re
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass

import numpy as np
from rich.text import Text

from nwgrade import tell
from nwgrade.course import write

FEWEST = 20  # submissions: with fewer, chance moves a correlation by more than a fifth
COMMONEST = 3  # messages that are told of an item
CALL = re.compile(r"^(\w+)\(.*?\)(?= (?:gave|raised|returned|should|is not)\b)")
GAVE = re.compile(r"gave (\S+)(?: at \[[\d, ]*\])?, where (\S+) was expected\.")
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?!\w|\.\d)")
MOST = 240  # signs of a message in the table
LETTERS = "nmkpqrstuv"
KINDS = {"check": ("o", "#0068a8"), "written": ("s", "#c44601")}  # the course's colours
STYLE = {
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "legend.frameon": False,
    "savefig.facecolor": "white",
    "svg.hashsalt": "nwgrade",
}


@dataclass(frozen=True)
class Item:
    """A check, or an answer that a person grades.

    submissions : how many it is known of. earned : their mean share of its points, or None without
    any. discrimination : the correlation of the item with the share of all other points, or None;
    then `remark` says why. instead : (times, message) of what did not earn it, the commonest first.
    """

    name: str
    kind: str
    points: float
    submissions: int
    earned: float | None
    discrimination: float | None
    remark: str
    instead: tuple


def items(assignment, rows):
    """Return the items of an assignment, from where the students of a class stand."""
    rows = [row for row in rows if row.parts]
    told = [{one["check"]: one for one in row.result["verdicts"]} for row in rows]
    told = [{name: one for name, one in by.items() if not one["is_broken"]} for by in told]
    given = [{part.cell: part.earned for part in row.parts} for row in rows]
    columns = []
    for check in assignment.checks:
        verdicts = [by.get(check.name) for by in told]
        earned = [one and one["earned"] for one in verdicts]
        messages = [one["message"] for one in verdicts if one and one["message"]]
        columns.append((check.title, "check", check.points, earned, messages))
    for cell in assignment.written.values():
        earned = [by.get(cell.grade_id) for by in given]
        columns.append((cell.grade_id, "written", cell.points, earned, []))
    # (items, submissions), NaN where nothing is known
    earned = np.array([column[3] for column in columns], float).reshape(len(columns), len(rows))
    points = np.array([column[2] for column in columns])[:, np.newaxis]
    known = ~np.isnan(earned)
    found = []
    for at, (name, kind, most, _, messages) in enumerate(columns):
        others = np.arange(len(columns)) != at
        possible = np.sum(points * known, axis=0, where=others[:, np.newaxis])
        rest = np.nansum(earned[others], axis=0) / np.where(possible, possible, np.nan)
        share = earned[at][known[at]] / most
        discrimination, remark = _discrimination(share, rest[known[at]])
        mean = float(share.mean()) if share.size else None
        instead = tuple(commonest(messages))
        found.append(Item(name, kind, most, share.size, mean, discrimination, remark, instead))
    return found


def _discrimination(share, rest):
    """Return the correlation, or None and why there is none."""
    share, rest = share[~np.isnan(rest)], rest[~np.isnan(rest)]
    if share.size < FEWEST:
        return None, "too few"
    if min(np.ptp(share), np.ptp(rest)) < 1e-9:
        return None, "all alike"
    return float(np.corrcoef(share, rest)[0, 1]), ""


# ---- What came instead ----


def commonest(messages):
    """Yield (times, message) of the messages of a check, the commonest first.

    Inputs are random, so that no two students read the same message. What was put in is left out; a
    wrong value is told by what it has in common with others'; of the other numbers, those that
    differ are told as letters, which tells a transposed array from one that is too long.
    """
    messages = [CALL.sub(r"\1(...)", message) for message in messages]
    values = [GAVE.search(message) for message in messages]
    shared = Counter(one for match in values if match for one in _readings(*match.groups()))
    groups = defaultdict(list)
    for message, match in zip(messages, values, strict=True):
        reading = ""
        if match:
            reading = max(_readings(*match.groups()), key=shared.__getitem__)
            reading = reading if shared[reading] > 1 else "gave another value than was expected."
            message = message.replace(match[0], "\0")
        numbers = NUMBER.findall(message)
        pattern = tuple(map(numbers.index, numbers))  # which of them are the same
        groups[reading, NUMBER.sub("#", message), pattern].append((message, numbers))
    for (reading, *_), alike in sorted(groups.items(), key=lambda one: -len(one[1])):
        letters, shown = iter(LETTERS), {}
        columns = list(zip(*(numbers for _, numbers in alike), strict=True))
        for column in columns:
            if column not in shown:
                shown[column] = column[0] if len(set(column)) == 1 else next(letters, "…")
        numbers = map(shown.get, columns)
        text = NUMBER.sub(lambda _, numbers=numbers: next(numbers), alike[0][0])
        yield len(alike), text.replace("\0", reading)


def _readings(got, expected):
    """Return what a wrong value may have in common with those that others' inputs have led to."""
    found = [f"gave {got}, where another value was expected."]
    try:
        value, right = float(got), float(expected)
    except ValueError:
        return found
    if np.isfinite([value, right]).all() and right:
        found.append(f"gave {value / right:.4g} times what was expected.")
        way = "more" if value > right else "less"
        found.append(f"gave {abs(value - right):.4g} {way} than was expected.")
    return found


# ---- Shown ----


def show(course, assignment, rows, options):
    """Print the items as two tables or as JSON, and draw them."""
    found = items(assignment, rows)
    count = sum(bool(row.parts) for row in rows)
    picture = course.root / "export" / f"{assignment.name}-items.svg"
    is_drawn = any(item.discrimination is not None for item in found)
    if is_drawn:
        write(picture, drawn(assignment.name, found))
    left = Counter(row.status for row in rows if not row.parts)
    table = tell.quiet_table(f"{assignment.name}, {count} submissions")
    table.add_column("check or answer", overflow="fold")
    for name in ("points", "of", "earned", "discrimination"):
        table.add_column(name, justify="right", no_wrap=True)
    instead = tell.quiet_table("What came instead, as often as it came")
    instead.add_column("check", overflow="fold")
    instead.add_column("", justify="right")
    instead.add_column("message", overflow="fold")
    for item in found:
        earned = "" if item.earned is None else f"{item.earned:.0%}"
        told = item.remark or f"{item.discrimination:.2f}"
        table.add_row(item.name, f"{item.points:g}", str(item.submissions), earned, told)
        for i, (times, text) in enumerate(item.instead[:COMMONEST]):
            instead.add_row("" if i else item.name, str(times), Text(text[:MOST]))
    machine = {
        "submissions": count,
        "not_counted": left,
        "picture": str(picture) if is_drawn else None,
        "items": [asdict(item) for item in found],
    }
    people = [table, *[instead] * bool(instead.rows)]
    if left:
        named = ", ".join(f"{number} {status}" for status, number in sorted(left.items()))
        people.append(f"Not counted: {named}.")
    if is_drawn:
        people.append(f"Difficulty against discrimination: {picture}")
    else:
        people.append(f"No picture: discrimination takes {FEWEST} submissions that differ.")
    tell.tell(options, machine, *people)


def drawn(title, found):
    """Return an SVG of the items: how many earned each, against its discrimination.

    The names stand in a column, in the order of what they name: beside the points they would cover
    each other, since most checks of a good assignment lie close together.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    shown = [item for item in found if item.discrimination is not None]
    shown.sort(key=lambda item: (item.discrimination, item.earned))
    with rc_context(STYLE):
        figure = Figure(figsize=(9, max(4.5, 0.24 * len(shown) + 1)), layout="constrained")
        axes = figure.add_subplot()
        for kind, (marker, colour) in KINDS.items():
            mine = [item for item in shown if item.kind == kind]
            x, y = [item.earned for item in mine], [item.discrimination for item in mine]
            axes.scatter(x, y, s=36, marker=marker, color=colour, label=kind, zorder=3)
        for item, height in zip(shown, np.linspace(0.02, 0.98, len(shown)), strict=True):
            axes.annotate(
                item.name,
                (item.earned, item.discrimination),
                (1.05, height),
                textcoords="axes fraction",
                verticalalignment="center",
                color=KINDS[item.kind][1],
                arrowprops={"arrowstyle": "-", "color": "#a0a0a0", "lw": 0.7, "relpos": (0, 0.5)},
            )
        axes.axhline(0, color="#767676", linewidth=0.8)
        low = min(item.discrimination for item in shown)
        axes.set(xlim=(-0.03, 1.03), ylim=(min(-0.1, low - 0.05), 1.03))
        axes.set_title(title, loc="left")
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.set_xlabel("difficulty: share of its points that was earned")
        axes.set_ylabel("discrimination: correlation with the rest")
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2)
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()
