"""Submissions with what students think, wrong or right; run as a module, it tells what they earn.

A module for each assignment has MISTAKES, and what is UNUSUAL but right. Each is the instructor's
notebook with some answers changed: by cell, a whole new answer, or a piece (old, new) of one.
`extra` is a cell of one's own in front. TELLS are words, by cell, that would give its answer away.
"""

from importlib import import_module

from .. import submissions
from ..submissions import NAMES

GUIDE = submissions.HOMEWORK.parent / "appendix" / "instructors.md"
BEGIN, END = "<!-- catalogue: begin -->\n", "<!-- catalogue: end -->\n"


def wrong(thought, says, lost, **change):
    """Return a mistake: what is thought, the change, words of a message, and the checks lost."""
    return thought, change, says, lost


def right(done, **change):
    """Return what is unusual and loses nothing: what is done, and the change."""
    return done, change


def of(name):
    """Return the module of an assignment's catalogue."""
    return import_module(f"{__name__}.{name}")


def report(name, change, sandbox):
    """Return what the grader says of the submission with this change."""
    texts = {cell.grade_id: cell.source for cell in submissions.instructor(name)}
    extra = [change["extra"]] if "extra" in change else []
    answers = {}
    for cell, new in change.items():
        if isinstance(new, tuple):
            old, new = new
            assert texts[cell].count(old) == 1, f"{old!r} is {texts[cell].count(old)} times there"
            new = texts[cell].replace(old, new)
        if cell != "extra":
            answers[cell] = new
    return submissions.grade(name, submissions.answered(name, *extra, **answers), sandbox)


def table(lost):
    """Return both lists in Markdown, with rates, from the checks that each submission has lost.

    lost : by assignment, a list of sets for the mistakes and one for the unusual.
    """
    rates = ["| assignment | mistakes caught | right but unusual, kept all points |"]
    rates += ["| --- | --- | --- |"]
    details = []
    for name, (wrong, unusual) in lost.items():
        titles = {check.name: check.title for check in submissions.checks(name)}
        catalogue, caught, kept = of(name), sum(map(bool, wrong)), unusual.count(set())
        rates.append(f"| {name} | {caught} of {len(wrong)} | {kept} of {len(unusual)} |")
        details += [f":::{{dropdown}} {name}: what is thought, and which checks catch it"]
        details += ["| they think, or do | caught by |", "| --- | --- |"]
        for (thought, *_), names in zip(catalogue.MISTAKES, wrong, strict=True):
            found = [title for check, title in titles.items() if check in names]
            more = f", and {len(found) - 2} more" if len(found) > 2 else ""
            details.append(f"| {thought} | {'; '.join(found[:2]) or '**nothing**'}{more} |")
        kept = [
            done for (done, _), names in zip(catalogue.UNUSUAL, unusual, strict=True) if not names
        ]
        details += ["", f"Right, and keeps all points: {'; '.join(kept)}.", ":::", ""]
    return "\n".join([*rates, "", *details])


def expected():
    """Return what each submission should lose, by assignment, as `table` takes it."""
    return {
        name: ([lost for *_, lost in of(name).MISTAKES], [set() for _ in of(name).UNUSUAL])
        for name in NAMES
    }


def measured():
    """Grade all of them; return what each has lost."""
    found = {}
    for name in NAMES:
        sandbox = submissions.maker_of_sandboxes(name)
        found[name] = [
            [submissions.lost(report(name, change, sandbox)) for _, change, *_ in entries]
            for entries in (of(name).MISTAKES, of(name).UNUSUAL)
        ]
    return found


def in_guide(text=None):
    """Return the table in the guide for instructors, or put another one in its place."""
    before, _, rest = GUIDE.read_text(encoding="utf-8").partition(BEGIN)
    inside, _, after = rest.partition(END)
    if text is None:
        return inside
    return GUIDE.write_text(before + BEGIN + text + END + after, encoding="utf-8")
