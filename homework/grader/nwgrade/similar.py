"""Pairs of submissions that share more than the handout and the solutions explain.

Names, comments, strings, layout and the order of cells do not count. The rest is cut into pieces
of a few words: one that only two have weighs most, one that most of the class has nothing.
"""

import re
from collections import Counter, defaultdict
from contextlib import suppress

import numpy as np
from pygments.lexers import PythonLexer
from pygments.token import Comment, Name, String

from nwgrade import tell
from nwgrade.assignment import handed_out
from nwgrade.course import CourseError, write
from nwgrade.feedback import render
from nwgrade.notebooks import Unreadable, read_notebook

SIZE = 8  # words of a piece
LEAST = 80  # pieces of its own that a notebook needs to be compared, some ten lines
CELLS, MOST = 50, 10_000  # cells of a notebook, and signs of each, that are read
FEWEST, ENOUGH = 5, 20  # notebooks, and pairs that share something, to tell what is usual
SHOWN, LONGEST = 10, 200  # pairs, and lines of each
LEXER = PythonLexer()
SENTENCE = re.compile(r"\n|(?<=[.!?]) ")
WORD = re.compile(r"\w+|[^\w\s]")
BASE = """Of {pairs} pairs, half share {middle:.0%} or less of what they wrote beyond the handout \
and the solutions, and 99 of 100 share {high:.0%} or less."""


def similar(notebooks, explained):
    """Return the closest pairs, the shares of all pairs, and the students who could be compared.

    notebooks : the cells of each student. explained : the cells that all have, or might have.
    A pair has its students, the share of what both wrote, by weight, that is in both, how many
    pairs as close are expected, and the lines of one beside those of the other.
    """
    known = {cell.source for cell in explained}
    common = _pieces(explained).keys()
    texts = {}
    for student, cells in notebooks.items():
        texts[student] = _pieces([cell for cell in cells if cell.source not in known][:CELLS])
    own = {student: pieces.keys() - common for student, pieces in texts.items()}
    students = [student for student in own if len(own[student]) >= LEAST]
    who = defaultdict(list)
    for number, student in enumerate(students):
        for piece in own[student]:
            who[piece].append(number)
    who = {piece: have for piece, have in who.items() if 2 * len(have) <= len(students)}
    shared = np.zeros((len(students), len(students)))
    for have in who.values():
        shared[np.ix_(have, have)] += np.log(len(students) / len(have))
    one, other = np.triu_indices(len(students), 1)
    total = shared.diagonal()
    shares = 2 * shared[one, other] / np.maximum(total[one] + total[other], 1e-9)
    closest = []
    for at in [at for at in np.argsort(-shares, kind="stable")[:SHOWN] if shares[at]]:
        pair = {"students": [students[one[at]], students[other[at]]]}
        pair |= {"share": float(shares[at]), "expected": expected(shares, shares[at])}
        lines = side_by_side(*map(texts.get, pair["students"]), who)
        closest.append(pair | {"lines": lines[:LONGEST]})
    return closest, shares, students


def expected(shares, share):
    """Return how many pairs as close as that are expected, or None where too few share anything.

    The median of the closer pairs tells how far it is until half of them are left, and it is taken
    to go on so. Some pairs that are far closer move it little.
    """
    some = np.sort(shares[shares > 0])[::-1]
    if some.size < ENOUGH:
        return None
    count = int(min(some.size / 2, 4 * some.size**0.5))
    least, median = some[count - 1], some[count // 2 - 1]
    return float(count * 0.5 ** ((share - least) / max(median - least, 1e-9)))


def side_by_side(mine, theirs, counted):
    """Return the lines that share pieces, each beside the one that it shares most with."""
    beside = defaultdict(Counter)
    for piece in mine.keys() & theirs.keys() & counted.keys():
        for line, other in zip(mine[piece], theirs[piece], strict=True):
            beside[line][other] += 1
    shared = {line: by for line, by in beside.items() if by.total() >= SIZE}
    return [(line, max(sorted(by), key=by.get)) for line, by in sorted(shared.items())]


def _pieces(cells):
    """Return the pieces of the cells, each with the lines that its words stand in first."""
    found = {}
    for cell in cells:
        words = list(_words(cell))
        for at in range(len(words) - SIZE + 1):
            piece, lines = zip(*words[at : at + SIZE], strict=True)
            found.setdefault(piece, lines)
    return found


def _words(cell):
    """Yield each word that counts, and its line as (cell, number, text); of prose, the sentence."""
    source = cell.source[:MOST]
    lines = source.splitlines() if cell.kind == "code" else SENTENCE.split(source)
    lines = [line.rstrip() for line in lines if line.strip()]  # Pygments is slow on blank ones
    places = [(cell.position, number, line) for number, line in enumerate(lines)]
    if cell.kind != "code":
        yield from ((word, place) for place in places for word in WORD.findall(place[2].lower()))
        return
    before, number = "", 0
    for _, token, text in LEXER.get_tokens_unprocessed("\n".join(lines)):
        if text.strip() and token not in Comment and token not in String:
            is_free = token in Name and token not in Name.Builtin and before != "."
            before = "name" if is_free else text.strip()
            yield before, places[number]
        number += text.count("\n")


# ---- Shown ----


def show(course, assignment, options):
    """Show pairs that share more than the handout explains.

    They stand beside what pairs of this class share, and a page has their lines.
    """
    names, notebooks = {}, {}
    for student, submission in course.submissions(assignment.name).items():
        names[student], notebooks[student] = submission.name, []
        with suppress(Unreadable):
            if submission.notebook:
                notebooks[student] = read_notebook(submission.notebook.read_bytes())
    pairs, shares, students = similar(notebooks, [*assignment.cells, *handed_out(assignment)])
    if len(students) < FEWEST:
        raise CourseError(f"{len(students)} notebooks have enough to compare; it takes {FEWEST}.")
    middle, high = np.quantile(shares, [0.5, 0.99])
    base = BASE.format(pairs=shares.size, middle=middle, high=high)
    path = course.root / "export" / f"{assignment.name}-similar.html"
    shown, lines = [], []
    for pair in pairs:
        one, other = pair["students"]
        who = [f"{names[student]} ({student})" for student in pair["students"]]
        times = "too few" if pair["expected"] is None else f"{pair['expected']:.3f}"
        shown.append((*who, pair, times))
        share, count = f"{pair['share']:.0%}", str(len(pair["lines"]))
        lines.append([one, names[one], other, names[other], share, count, times])
    title = f"{assignment.name}: what pairs share"
    write(path, render("similar.html", course, assignment, title=title, base=base, pairs=shown))
    columns = ["student", "name", "student", "name", "share", "lines", "expected"]
    table = tell.table(f"{assignment.name}, {len(students)} notebooks", columns, lines)
    left = sorted(notebooks.keys() - set(students))
    machine = {"notebooks": len(students), "too_little": left, "pairs": shares.size}
    machine |= {"median": middle, "99_of_100": high, "page": str(path), "closest": pairs}
    few = f"Too little of their own to compare: {', '.join(left[:9]) or 'none'}."
    tell.tell(options, machine, table, base, few, f"Look at the lines, and ask both: {path}")
