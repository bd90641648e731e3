"""Give back: a page for each student that tells what was earned where, and why."""

import base64
import io
import zipfile
from html import escape

from nwgrade.course import write

# No script may run, and nothing is fetched. The colours are those of the book.
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>{title}, {course}</title>
<style>
:root {{ color-scheme: light dark; --ink: #1f2328; --muted: #565d66; --paper: #fffefb;
  --panel: #f6f4ee; --line: #dedad0; --good: #00794c; --bad: #b03e00;
  --sans: system-ui, sans-serif; --mono: ui-monospace, Menlo, Consolas, monospace; }}
@media screen and (prefers-color-scheme: dark) {{ :root {{ --ink: #e6e4df; --muted: #a9adb3;
  --paper: #15181c; --panel: #1e2228; --line: #373d45; --good: #3ecf97; --bad: #ff8f4d; }} }}
* {{ box-sizing: border-box; }}
html {{ background: var(--paper); color: var(--ink); text-size-adjust: 100%; }}
body {{ font: 1.0625rem/1.6 Georgia, "Source Serif 4", serif; margin: 0 auto; max-width: 44rem;
  padding: 2.5rem 1.25rem 4rem; overflow-wrap: anywhere; }}
h1, h2, header, footer, .score, .points, .label, summary, dt {{ font-family: var(--sans); }}
h1 {{ font-size: 1.75rem; line-height: 1.2; margin: 0 0 .5rem; text-wrap: balance; }}
header p, .label {{ color: var(--muted); font-size: .9375rem; margin: 0; }}
.score {{ font-size: 1.0625rem; margin: 2rem 0 .5rem; }}
.score strong {{ font-size: 2.25rem; font-weight: 650; line-height: 1; margin-right: .35rem; }}
.bar {{ background: var(--line); border-radius: 3px; height: 6px; overflow: hidden; }}
.bar i {{ background: var(--good); display: block; height: 100%; }}
.note {{ background: var(--panel); border-left: 3px solid var(--bad); margin: 1.25rem 0;
  padding: .75rem 1rem; }}
.note p, .note ul {{ margin: 0; }}
h2 {{ align-items: baseline; border-top: 1px solid var(--line); display: flex;
  font-size: 1.1875rem; gap: 1rem; justify-content: space-between; line-height: 1.3;
  margin: 2rem 0 .5rem; padding-top: 1.5rem; }}
.points {{ color: var(--muted); flex: none; font-size: 1rem; font-weight: 400;
  font-variant-numeric: tabular-nums; }}
ul.checks {{ list-style: none; margin: .75rem 0; padding: 0; }}
.checks li {{ display: grid; gap: 0 .75rem; grid-template-columns: 1rem 1fr auto;
  padding: .25rem 0; }}
.mark {{ font-family: var(--sans); font-weight: 700; }}
.good .mark {{ color: var(--good); }}
.bad .mark {{ color: var(--bad); }}
.why {{ color: var(--muted); grid-column: 2 / 3; }}
.told {{ border-left: 3px solid var(--line); margin: .25rem 0 1rem; padding: 0 0 0 1rem;
  white-space: pre-line; }}
summary {{ color: var(--muted); cursor: pointer; font-size: .9375rem; width: fit-content; }}
:focus-visible {{ outline: 3px solid #8a3ffc; outline-offset: 2px; }}
pre {{ background: var(--panel); border: 1px solid var(--line); border-radius: 4px;
  font: .875rem/1.5 var(--mono); margin: .5rem 0; padding: .75rem 1rem; white-space: pre-wrap; }}
img {{ background: white; border: 1px solid var(--line); border-radius: 4px; display: block;
  height: auto; max-width: 100%; }}
@media print {{ html {{ --paper: white; font-size: 80%; }} h2, li {{ break-after: avoid; }} }}
</style>
</head>
<body>
<header>
<h1>{title}</h1>
<p>{course}</p>
<p>{name}{time}</p>
</header>
<main>
{body}
</main>
</body>
</html>
"""
AGAIN = "Run Kernel > Restart Kernel and Run All Cells before you hand in again."
NEEDS = {
    "timed out": "Part of your code took too long and was stopped: what needs it earns nothing. "
    "Look for a loop without an end, or for one over all data that an array could do at once. "
    + AGAIN,
    "died": "Part of your code made Python stop, and what needs it earns nothing. Does it use up "
    "the memory, call itself without an end, or end the program? " + AGAIN,
}
UNREADABLE = (
    "Nothing could be graded. This is not a 0. {problem} Save your notebook in Jupyter, "
    "download it as .ipynb, open it once more to see that all is there, and hand it in again."
)


def page(course, assignment, row, submission):
    """Return one student's feedback as an HTML page that needs nothing else."""
    time = submission.time and submission.time.astimezone(course.zone)
    zone = course.settings["time_zone"]
    return PAGE.format(
        title=escape(assignment.title(assignment.cells[0].grade_id)),
        course=escape(course.settings["name"]),
        name=escape(row.name),
        time=f" · handed in {time:%Y-%m-%d %H:%M} ({zone})" if time else "",
        body="\n".join(_body(assignment, row, course.root / "autograded" / row.student)),
    )


def _body(assignment, row, folder):
    if not row.parts:
        yield f'<div class="note"><p>{escape(UNREADABLE.format(problem=row.problem))}</p></div>'
        return
    so_far = " so far" if row.waiting else ""
    share = max(0, min(100, 100 * row.score / assignment.points))
    yield f'<p class="score"><strong>{row.score:g}</strong> of {assignment.points:g} points{so_far}'
    yield f'</p><div class="bar" aria-hidden="true"><i style="width: {share:.1f}%"></i></div>'
    if row.days_late:
        days = f"{row.days_late} day{'s' * (row.days_late > 1)}"
        cost = f"costs {100 * row.cut:g}% of the {row.earned:g} points earned" if row.cut else ""
        yield f"<p>Handed in {days} late: that {cost or 'costs nothing'}.</p>"
    if row.waiting:
        most = sum(part.points for part in row.waiting)
        yield f"<p>A person has not yet graded answers that are worth {most:g} points.</p>"
    if need := NEEDS.get(row.status):
        yield f'<div class="note"><p>{escape(need)}</p></div>'
    if row.result["cells"]:
        yield '<h2>Cells that did not run</h2><ul class="checks">'
        for position, message in row.result["cells"]:
            yield _line("bad", "!", f"Cell {position}", message)
        yield "</ul>"
    for part in row.parts:
        earned = "waits" if part.earned is None else f"{part.earned:g}"
        title = escape(assignment.title(part.cell))
        points = f'<span class="points">{earned} / {part.points:g}</span>'
        yield f"<h2><span>{title}</span> {points}</h2>"
        verdicts = [one for one in row.result["verdicts"] if one["cell"] == part.cell]
        yield from _checked(part, verdicts) if verdicts else _written(assignment, row, part, folder)


def _line(kind, mark, title, why, points=""):
    """Return a line of a list: a mark, what it is about, points, and the reason below."""
    why = f'<span class="why">{escape(why)}</span>' if why else ""
    points = f'<span class="points">{points}</span>' if points else "<span></span>"
    mark = f'<span class="mark">{mark}</span>'
    return f'<li class="{kind}">{mark}<span>{escape(title)}</span>{points}{why}</li>'


def _checked(part, verdicts):
    yield '<ul class="checks">'
    for one in verdicts:
        kind, mark = ("good", "✓") if one["earned"] == one["points"] else ("bad", "✗")
        title = one["check"].replace("_", " ")
        yield _line(kind, mark, title, one["message"], f"{one['earned']:g} / {one['points']:g}")
    yield "</ul>"
    if part.earned is not None and part.earned != sum(one["earned"] for one in verdicts):
        yield f"<p>A person has looked at it and made it {part.earned:g} points.</p>"
    yield from _told(part)


def _written(assignment, row, part, folder):
    text = row.result["answers"].get(part.cell, "")
    is_answered = assignment.is_answered(part.cell, text)
    if not is_answered:
        yield "<p>Not answered.</p>"
    yield from _told(part, assignment.rubric.get(part.cell, ()))
    if not is_answered:
        return
    picture = folder / assignment.name / f"{part.cell}.png"
    if part.cell in assignment.drawings and picture.is_file():
        data = base64.b64encode(picture.read_bytes()).decode()
        alt = "The figure that your code draws"
        yield f'<p><img src="data:image/png;base64,{data}" alt="{alt}"></p>'
    elif part.cell in assignment.drawings:
        yield "<p>Your code has drawn no figure.</p>"
    yield f"<details><summary>Your answer</summary><pre>{escape(text)}</pre></details>"


def _told(part, rubric=()):
    """Yield what the person who graded it has given for each criterion, and written besides."""
    asked = {title for title, _ in rubric}
    by_criterion, free = [], []
    for line in part.comment.splitlines():
        points, _, rest = line.partition("  ")
        title, _, why = rest.partition(" · ")
        while title not in asked and " · " in why:  # a criterion may have that sign too
            more, _, why = why.partition(" · ")
            title = f"{title} · {more}"
        if title in asked:
            earned, _, most = points.partition("/")
            kind, mark = ("good", "✓") if earned == most else ("bad", "✗" if earned == "0" else "–")
            by_criterion.append(_line(kind, mark, title, why, escape(f"{earned} / {most}")))
        else:
            free.append(line)
    if by_criterion:
        yield '<ul class="checks">'
        yield from by_criterion
        yield "</ul>"
    if any(free):
        yield f'<p class="label">Comment</p><p class="told">{escape(chr(10).join(free))}</p>'


def give_back(course, assignment, rows):
    """Write all pages, and a zip with the names that the learning platform knows them by.

    Returns how many pages there are, and the path of the zip.
    """
    submissions = course.submissions(assignment.name)
    packed = io.BytesIO()
    count = 0
    with zipfile.ZipFile(packed, "w") as archive:
        for row in rows:
            submission = submissions.get(row.student)
            if submission is None or not (row.parts or row.status == "unreadable"):
                continue
            text = page(course, assignment, row, submission)
            write(course.root / "feedback" / row.student / assignment.name / "feedback.html", text)
            entry = submission.received.get("entry") or f"{row.student}/"
            separator = "" if entry.endswith(("_", "/")) else "_"
            slash = "/" if "_assignsubmission_" in entry else separator
            # Without the time of now: the same pages are the same zip.
            name = zipfile.ZipInfo(f"{entry}{slash}{assignment.name}-feedback.html")
            archive.writestr(name, text, zipfile.ZIP_DEFLATED)
            count += 1
    path = course.root / "feedback" / f"{assignment.name}.zip"
    write(path, packed.getvalue())
    return count, path
