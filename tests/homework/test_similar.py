"""What `nwgrade similar` says of generated classes, in which it is known who wrote what."""

import random
import re
import time
from dataclasses import replace

import numpy as np
import pytest

from nwgrade import similar
from nwgrade.notebooks import Cell
from nwgrade.similar import FEWEST, MOST

from .classroom import hand_in, make_course, notebook, nwgrade_here
from .submissions import answered, assignment, instructor, release

SOUNDS = [a + b for a in "bdfklmnrst" for b in "aeiou"]
FUNCTIONS = ["mean", "sum", "exp", "sort", "max", "min", "abs", "sqrt", "cumsum", "ones", "zeros"]
HW1 = assignment("hw1")
EXPLAINED = [*instructor("hw1"), *release("hw1")]


def expression(rng, names, depth=0):
    """Return a random expression, as a student might write one."""
    kind = rng.random() if depth < 3 else 0
    if kind < 0.4:
        return rng.choice([*names, *names, "0", "1", "2", "0.5", "-1"])
    if kind < 0.7:
        left, right = expression(rng, names, depth + 1), expression(rng, names, depth + 1)
        return f"{left} {rng.choice('+-*/')} {right}"
    return f"np.{rng.choice(FUNCTIONS)}({expression(rng, names, depth + 1)})"


def statements(rng, count):
    """Return lines of the body of a function."""
    names, lines = ["x", "y", "n"], []
    for _ in range(count):
        if rng.random() < 0.7:
            lines.append(f"    {rng.choice('abcdefgh')} = {expression(rng, names)}")
            names.append(lines[-1][4])
        else:
            lines.append(f"    for i in range({rng.choice(names)}):")
            lines.append(f"        {rng.choice(names)} += {expression(rng, names)}")
    return lines


def words(rng, count):
    return " ".join("".join(rng.choices(SOUNDS, k=rng.randint(1, 3))) for _ in range(count))


def writer(rng, lesson, tasks=6):
    """Return the cells of a student who solves each task in one of the ways that a class knows.

    lesson : makes those ways and the phrases that everybody has heard; they vary a little.
    """
    cells = []
    for task in range(tasks):
        way = random.Random(f"{lesson} {task} {min(4, int(rng.expovariate(0.7)))}")
        lines = [
            rng.choice(statements(rng, 1)) if rng.random() < 0.3 and line[4:7] != "for" else line
            for line in statements(way, 4)
        ]
        own = [*statements(rng, rng.randint(0, 3)), *lines, f"    return {expression(rng, 'xyn')}"]
        cells.append(Cell(task, "code", "\n".join([f"def task_{task}(x, y, n):", *own])))
    heard = [words(random.Random(f"{lesson} {i}"), 6) for i in range(12)]
    text = [rng.choice(heard) if rng.random() < 0.3 else words(rng, 9) for _ in range(10)]
    return [*cells, Cell(tasks, "markdown", ". ".join(text))]


def disguised(rng, cells):
    """Return the same work with other names, comments, strings, layout and order."""
    names = {letter: words(rng, 1) + "_" for letter in "abcdefghixyn"}
    code = [cell for cell in cells if cell.kind == "code"]
    found = []
    for cell in code:
        source = re.sub(r"\b[a-z]\b", lambda match: names[match[0]], cell.source)
        source = source.replace(" + ", "  +  ").replace("\n", f"  # {words(rng, 4)}\n\n", 1)
        found.append(replace(cell, source=f"# {words(rng, 3)}\n{source}"))
    rng.shuffle(found)
    return [*found, *(cell for cell in cells if cell.kind != "code")]


def a_class(seed, size):
    rng = random.Random(seed)
    return {f"s{number:03}": writer(rng, seed) for number in range(size)}


def compare(notebooks, explained=()):
    """Return the closest pairs and the shares of all."""
    pairs, shares, students = similar.similar(notebooks, explained)
    assert students == list(notebooks)
    return pairs, shares


@pytest.mark.parametrize("seed", range(4))
def test_a_pair_in_disguise_stands_out_among_a_hundred(seed):
    notebooks = a_class(seed, 100)
    own_words = notebooks["s099"][-1]
    code = disguised(random.Random(seed), notebooks["s000"])[:-1]
    notebooks["s099"] = [*code, own_words]
    pairs, shares = compare(notebooks)
    assert pairs[0]["students"] == ["s000", "s099"]
    assert pairs[0]["expected"] < 0.05
    assert pairs[0]["share"] > 1.4 * pairs[1]["share"]
    assert pairs[1]["expected"] > 0.05
    assert pairs[0]["share"] > 5 * np.median(shares)


def test_independent_writers_are_at_the_base_rate():
    closest = [compare(a_class(f"alone {seed}", 14))[0][0]["expected"] for seed in range(30)]
    # By chance 1 class in 20 may have a pair below 0.05, and 1 in 100 one below 0.01. More than 5
    # and more than 2 of 30 would then come once in 300 tries.
    assert sum(one < 0.05 for one in closest) <= 5
    assert sum(one < 0.01 for one in closest) <= 2


def test_names_comments_layout_and_the_order_of_cells_change_nothing():
    notebooks = a_class("law", 12)
    _, before = compare(notebooks)
    _, after = compare({who: disguised(random.Random(who), it) for who, it in notebooks.items()})
    np.testing.assert_allclose(after, before, rtol=1e-12)


def test_what_was_handed_out_and_the_solutions_count_for_nothing():
    notebooks = a_class("handout", 12)
    _, before = compare(notebooks, EXPLAINED)
    solved = [replace(cell, source=f"{cell.source}  # mine") for cell in instructor("hw1")]
    solved = [cell for cell in solved if cell.kind == "code"] + instructor("hw1")
    for student in list(notebooks)[:6]:
        notebooks[student] = [*notebooks[student], *solved]
    _, after = compare(notebooks, EXPLAINED)
    np.testing.assert_allclose(after, before, rtol=1e-12)
    pairs, _ = compare(notebooks)
    assert {*pairs[0]["students"]} <= {*list(notebooks)[:6]}


def test_right_answers_alone_are_nothing_to_compare():
    renamed = answered("hw1", floor="def noise_floor(sd):  # mine\n    return np.mean(sd**2)\n")
    _, shares, students = similar.similar(dict.fromkeys("abcdefg", renamed), EXPLAINED)
    assert (list(students), shares.size) == ([], 0)


def test_what_most_of_the_class_has_counts_for_nothing():
    notebooks = a_class("common", 12)
    _, before = compare(notebooks)
    page = writer(random.Random("a page that they found"), "another lesson")
    for student in list(notebooks)[:7]:
        notebooks[student] = [*notebooks[student], *page]
    _, after = compare(notebooks)
    # A piece of their own that is also on the page is gone; counted, the page would add 0.2.
    np.testing.assert_allclose(after, before, atol=0.03)


def test_all_that_two_share_is_shown_side_by_side():
    notebooks = a_class("lines", 12)
    notebooks["s011"] = disguised(random.Random(1), notebooks["s000"])
    pair = compare(notebooks)[0][0]
    assert pair["share"] == pytest.approx(1)
    lines = [line for (_, _, line), _ in pair["lines"]]
    code = [cell.source.splitlines() for cell in notebooks["s000"][:-1]]
    assert len(lines) >= 0.9 * sum(map(len, code))
    for (_, _, line), (_, _, other) in pair["lines"]:
        shape = [
            re.sub(r"\b(?!for\b)[a-z]+_?\b", "?", text.split("#")[0]) for text in (line, other)
        ]
        shape = [one.replace(" ", "") for one in shape]
        assert shape[0] == shape[1]


def test_a_line_is_not_shown_for_its_end_alone():
    notebooks = a_class("ends", 12)
    shared = "low, high = np.quantile(x - y, [0.125, 0.875])\nwide = 3 * (high - low) / 1.349"
    for student, first in (("s000", "n = np.mean(x)"), ("s011", "y = 2 + 2 * np.sort(x)")):
        notebooks[student] = [*notebooks[student], Cell(77, "code", f"{first}\n{shared}")]
    (pair,) = (one for one in compare(notebooks)[0] if one["students"] == ["s000", "s011"])
    assert [line for (cell, _, line), _ in pair["lines"] if cell == 77] == shared.splitlines()


def test_without_a_base_rate_nothing_is_expected():
    assert similar.expected(np.array([0.9] * 19 + [0.0] * 100), 0.9) is None
    shares = np.linspace(0.01, 0.4, 40)
    assert similar.expected(shares, shares[20]) == pytest.approx(20)
    assert similar.expected(shares, shares[30]) == pytest.approx(10)
    assert similar.expected(shares, 1) < 1


def test_a_thousand_are_compared_in_less_than_a_minute():
    rng = random.Random(7)
    notebooks = {str(number): writer(rng, "many", tasks=2) for number in range(1000)}
    started = time.monotonic()
    _, shares, students = similar.similar(notebooks, [])
    assert time.monotonic() - started < 60
    assert len(students) > 800


def test_no_notebook_holds_up_the_others():
    notebooks = a_class("hostile", 8)
    rng = random.Random(8)
    slow = ['"' * 10**6, "(" * 10**6, ". " * 10**6, "é" * 10**6, "from " * 10**5]
    slow += ["\n " * MOST] * 40  # 1.4 s each, if Pygments gets to see them
    cells = [Cell(9, "code", f"{rng.random()}{text}") for text in slow * 20]
    notebooks["slow"] = [*notebooks["s000"], *cells]
    started = time.monotonic()
    compare(notebooks)
    assert time.monotonic() - started < 30


# ---- The command ----

HOSTILE = "</td><script>alert(1)</script><img src=x onerror=alert(1)>&amp;"
LINES = [f"hostile_{i} = '{HOSTILE}' < np.sum(np.exp({i}) * {i}) + {i} > {i} - 1" for i in range(9)]


@pytest.fixture
def course(tmp_path):
    """A course of ten, two of whom share some lines, and three with little or nothing."""
    folder = make_course(tmp_path, "hw1")
    for student, cells in a_class("course", 10).items():
        *code, text = (cell.source for cell in cells)
        code += ["\n".join(LINES)] if student in ("s002", "s007") else []
        hand_in(folder, "hw1", student, notebook("hw1", *code, derivation=text))
    hand_in(folder, "hw1", "solutions", notebook("hw1"))
    hand_in(folder, "hw1", "unreadable", "{")
    (folder / "submitted" / "nothing" / "hw1").mkdir(parents=True)
    received = folder / "submitted" / "s002" / "hw1" / "received.json"
    received.write_text('{"name": "<b>Ada [red]</b>"}')
    return folder


def test_the_command_says_what_is_usual_and_who_could_not_be_compared(course, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    ran = nwgrade_here(course, "similar", "hw1")
    assert (ran.code, ran.err) == (0, "")
    assert re.search(
        r"Of 45 pairs, half share \d+% or less .* 99 of 100 share \d+% or less", ran.out
    )
    assert re.search(r"s002 +<b>Ada \[red\]</b> +s007 +s007 ", ran.out)
    assert "Too little of their own to compare: nothing, solutions, unreadable." in ran.out
    told = nwgrade_here(course, "similar", "hw1", "--json").json
    assert (told["notebooks"], told["pairs"]) == (10, 45)
    assert told["closest"][0]["students"] == ["s002", "s007"]
    assert told["closest"][0]["share"] > told["99_of_100"] * 0.9 > told["median"]


def test_the_page_shows_lines_and_nothing_on_it_runs(course):
    nwgrade_here(course, "similar", "hw1")
    page = (course / "export" / "hw1-similar.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in page
    assert "prefers-color-scheme: dark" in page
    assert page.count("&lt;/td&gt;&lt;script&gt;alert(1)") >= 2 * (len(LINES) - 1)
    assert "&lt;b&gt;Ada [red]&lt;/b&gt; (s002) and s007 (s007)" in page
    assert not re.search(r"(?i)<(script|img|b)\b", page)
    assert len(re.findall("<tr>", page)) * 2 == len(re.findall("<td>|<th>", page))


def test_nobody_is_accused(course):
    said = nwgrade_here(course, "similar", "hw1").out
    said += (course / "export" / "hw1-similar.html").read_text(encoding="utf-8")
    assert not re.search(r"(?i)cop(y|ied)|plagiar|cheat|suspect|steal|dishonest", said)
    assert "ask both" in said


def test_few_notebooks_are_too_few(tmp_path):
    folder = make_course(tmp_path, "hw1")
    for student in "abcd":
        hand_in(folder, "hw1", student, notebook("hw1"))
    ran = nwgrade_here(folder, "similar", "hw1")
    assert (ran.code, ran.err) == (
        1,
        f"nwgrade: 0 notebooks have enough to compare; it takes {FEWEST}.\n",
    )
