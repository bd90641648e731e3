"""The command line in this process: it takes seconds to import nbgrader, so that is done once."""

import csv
import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict

from nwgrade import gradebook
from nwgrade.cli import main
from nwgrade.course import Course
from nwgrade.judge import Verdict

from .classroom import Ran

# What runs a script in a page that takes it for anything but text, at once or after a click.
HOSTILE = r"""
<script>window.pwned = 1</script> <img src="x" onerror="window.pwned = 1">
</pre></textarea></title></script></details><svg onload="window.pwned = 1"></svg>
<style>body { display: none }</style> <a href="javascript:window.pwned = 1">tag</a>
[link](javascript:window.pwned=1) [spaced]( <javascript:window.pwned=1> )
<javascript:window.pwned=1>
[entity](&#106;avascript:window.pwned=1) &lt;script>window.pwned = 1&lt;/script>
![picture](x"onerror="window.pwned=1) ![attached](attachment:x.png) [reference] [shown][reference]
$\href{javascript:window.pwned=1}{x}$ &#36;&#92;href{javascript:window.pwned=1}{x}&#36;
$\mmlToken{mi}[href="javascript:window.pwned=1"]{x} \style{background: url(//x.example)}{y}$
"><img src=x onerror=window.pwned=1> {{ 7 * 7 }} {% raw %}

# "><img src=x onerror=window.pwned=1>

[reference]: javascript:window.pwned=1

My own words: $a<b$, and $$x \\le y$$.
"""
HOSTILE_NAME = '"><img src=x onerror=window.pwned=1>'


def run(course, *arguments):
    """Run a command on a course; return what it has said, and how it ended."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main([*map(str, arguments), "--course", str(course)])
    return Ran(code, out.getvalue(), err.getvalue())


def done(course, *arguments):
    """Run a command that must succeed; return what it tells machines."""
    ran = run(course, *arguments, "--json")
    assert ran.code == 0, ran.err
    return ran.json


def standings(course, name="hw1"):
    """Return where each student stands, by id."""
    return {row["student"]: row for row in done(course, "status", name)}


def store(course, student, **changes):
    """Keep another result of grading the same submission."""
    open_course = Course(course)
    assignment = open_course.assignment("hw1")
    submission = open_course.submissions("hw1")[student]
    old = open_course.result("hw1", student)
    result = changes.get("result") or old | changes
    stamp = {name: {**old, **result}[name] for name in ("version", "seed", "grader")}
    result = {name: result[name] for name in result if name not in ("shown", "time", *stamp)}
    with gradebook.gradebook(open_course) as book:
        gradebook.store(open_course, assignment, submission, stamp, result, book, "now")


def passed(course):
    """Store that all submissions pass all checks, as `grade` does, but without a sandbox."""
    open_course = Course(course)
    assignment = open_course.assignment("hw1")
    gradebook.prepare(open_course, assignment)
    verdicts = [asdict(Verdict(c.name, c.cell, c.points, c.points)) for c in assignment.checks]
    result = {"status": "graded", "problem": "", "verdicts": verdicts, "cells": []}
    with gradebook.gradebook(open_course) as book:
        for submission in open_course.submissions("hw1").values():
            stamp = {"version": submission.version, "seed": 1, "grader": ""}
            gradebook.store(open_course, assignment, submission, stamp, result, book, "now")


def give(course, student, cell, points):
    """Give a student points, as a person does."""
    open_course = Course(course)
    with gradebook.gradebook(open_course) as book:
        gradebook.give(book, open_course.assignment("hw1"), student, cell, points, "")
        book.db.commit()


def read_csv(path):
    """Return the rows of a CSV file as dicts, as Python reads it."""
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))


def write_csv(path, rows, **options):
    """Write dicts as a CSV file; return its path."""
    encoding = options.pop("encoding", "utf-8")
    out = io.StringIO(newline="")
    sheet = csv.DictWriter(out, list(rows[0]), **{"lineterminator": "\n", **options})
    sheet.writeheader()
    sheet.writerows(rows)
    path.write_bytes(out.getvalue().encode(encoding))
    return path
