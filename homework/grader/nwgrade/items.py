"""How each check and each written answer went in a class, and what came instead of right answers.

A submission counts once it is graded, also where it died or timed out. Unreadable, failed and
ungraded ones do not, nor does a check that broke, nor an answer that waits for a person.
"""

import io
import re
from collections import Counter, defaultdict
from contextlib import suppress

import numpy as np

from nwgrade import tell
from nwgrade.course import write

FEWEST = 20  # submissions: with fewer, chance alone moves a correlation by more than a fifth
COMMONEST = 3  # messages of a check in the table
CALL = re.compile(r"^(\w+)\(.*?\)(?= (?:gave|raised|returned|should|is not)\b)")
GAVE = re.compile(r"gave (\S+)(?: at \[[\d, ]*\])?, where (\S+) was expected\.")
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?!\w|\.\d)")


def items(assignment, rows):
    """Return what is known of each check and each answer that a person grades, a dict each.

    of : how many submissions it is known of. earned : the mean share of its points, or None.
    discrimination : the correlation of that share with the share of all other points, or None, and
    then `remark` says why. instead : (times, message), the commonest first.
    """
    told = []
    for row in rows:
        by = {part.cell: {"earned": part.earned} for part in row.parts}
        verdicts = row.result["verdicts"] if row.parts else ()
        told.append(by | {(one["check"],): one for one in verdicts if not one["is_broken"]})
    asked = [((one.name,), one.title, "check", one.points) for one in assignment.checks]
    asked += [(key, key, "written", cell.points) for key, cell in assignment.written.items()]
    # (items, submissions), NaN where nothing is known
    earned = np.array([[by.get(key, {}).get("earned") for by in told] for key, *_ in asked], float)
    points = np.array([most for *_, most in asked])[:, np.newaxis] * ~np.isnan(earned)
    found = []
    for at, (key, name, kind, most) in enumerate(asked):
        others = np.arange(len(asked)) != at
        rest = np.nansum(earned[others], axis=0) / np.maximum(points[others].sum(axis=0), 1e-9)
        share, rest = (values[points[at] > 0] for values in (earned[at] / most, rest))
        remark = "too few" if share.size < FEWEST else ""
        if not remark and min(np.ptp(share), np.ptp(rest)) < 1e-9:
            remark = "all alike"
        one = {"name": name, "kind": kind, "points": most, "of": share.size, "remark": remark}
        one["earned"] = float(share.mean()) if share.size else None
        one["discrimination"] = None if remark else float(np.corrcoef(share, rest)[0, 1])
        messages = (by.get(key, {}).get("message") for by in told)
        found.append(one | {"instead": list(commonest(filter(None, messages)))})
    return found


def commonest(messages):
    """Yield (times, message) of the messages of a check, the commonest first.

    Inputs are random, so that no two students read the same. What was put in is left out; a wrong
    value is told by what it has in common with others'; of the other numbers, those that differ are
    letters, which tells a transposed array from one that is too long.
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
    for (reading, *_), alike in sorted(groups.items(), key=lambda group: -len(group[1])):
        columns = list(zip(*(numbers for _, numbers in alike), strict=True))
        differing = [one for one in dict.fromkeys(columns) if len(set(one)) > 1]
        letters = dict(zip(differing, "nmkpqrstuv", strict=False))
        told = iter([letters.get(one, "…" if one in differing else one[0]) for one in columns])
        text = NUMBER.sub(lambda _, told=told: next(told), alike[0][0])
        yield len(alike), text.replace("\0", reading)


def _readings(got, expected):
    """Return what a wrong value may have in common with those that others' inputs have led to."""
    found = [f"gave {got}, where another value was expected."]
    with suppress(ValueError, ZeroDivisionError):
        value, right = float(got), float(expected)
        way = "more" if value > right else "less"
        found.append(f"gave {value / right:.4g} times what was expected.")
        found.append(f"gave {abs(value - right):.4g} {way} than was expected.")
    return found


def show(course, assignment, rows, options):
    """Show how each check went, and what came instead of right answers."""
    found, asked, came = items(assignment, rows), [], []
    for one in found:
        earned = "" if one["earned"] is None else f"{one['earned']:.0%}"
        told = one["remark"] or f"{one['discrimination']:.2f}"
        asked.append([one["name"], f"{one['points']:g}", str(one["of"]), earned, told])
        for at, (times, text) in enumerate(one["instead"][:COMMONEST]):
            came.append(["" if at else one["name"], str(times), text])
    count = sum(bool(row.parts) for row in rows)
    numbers = ["points", "of", "earned", "discrimination"]
    title = f"{assignment.name}, {count} submissions"
    people = [tell.table(title, ["check or answer"], asked, numbers)]
    if came:
        title = "What came instead, as often as it came"
        people.append(tell.table(title, ["check", "", "message"], came))
        people[1].columns[0].max_width = 25
    left = Counter(row.status for row in rows if not row.parts)
    without = ", ".join(f"{number} {status}" for status, number in sorted(left.items()))
    people.append(f"Not counted: {without or 'none'}.")
    machine = {"submissions": count, "not_counted": left, "items": found, "picture": None}
    if drawable := [one for one in found if not one["remark"]]:
        path = course.root / "export" / f"{assignment.name}-items.svg"
        write(path, drawn(assignment.name, drawable))
        people.append(f"Difficulty against discrimination: {path}")
        machine["picture"] = str(path)
    tell.tell(options, machine, *people)


def drawn(title, found):
    """Return an SVG of items: how many earned each, against its discrimination."""
    from matplotlib.figure import Figure

    found = sorted(found, key=lambda one: (one["discrimination"], one["earned"]))
    points = [(one["earned"], one["discrimination"]) for one in found]
    figure = Figure(figsize=(9, max(4.5, 0.24 * len(found) + 1)), layout="constrained")
    lowest = min(-0.1, points[0][1] - 0.05)
    axes = figure.add_subplot(title=title, xlim=(-0.03, 1.03), ylim=(lowest, 1.03))
    axes.scatter(*zip(*points, strict=True), color="#0068a8", zorder=3)
    axes.set_xlabel("difficulty: share of its points that was earned")
    axes.set_ylabel("discrimination: correlation with the rest")
    axes.xaxis.set_major_formatter("{x:.0%}")
    axes.axhline(0, color="#767676", linewidth=0.8)
    axes.spines[["right", "top"]].set_visible(False)
    # In a column: beside the points, most of which lie close together, names would cover each other
    line = {"arrowstyle": "-", "color": "#a0a0a0", "lw": 0.7, "relpos": (0, 0.5)}
    look = {"textcoords": "axes fraction", "va": "center", "arrowprops": line}
    for one, point, height in zip(found, points, np.linspace(0, 1, len(found)), strict=True):
        axes.annotate(one["name"], point, (1.05, height), **look)
    file = io.StringIO()
    figure.savefig(file, format="svg", facecolor="white", metadata={"Date": None})
    return file.getvalue()
