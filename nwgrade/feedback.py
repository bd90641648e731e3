"""Give back: a page for each student that tells what was earned where, and why."""

import base64
import io
import zipfile
from html import escape

from nwgrade.course import write

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --line: #8886; --good: #1a6b3c; --bad: #a33a00; }}
@media (prefers-color-scheme: dark) {{ :root {{ --good: #7fd6a2; --bad: #ffab7d; }} }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto;
  padding: 0 1rem; }}
h1 {{ font-size: 1.6rem; line-height: 1.2; }}
h2 {{ font-size: 1.15rem; margin: 2rem 0 .5rem; display: flex; gap: 1rem;
  justify-content: space-between; border-bottom: 1px solid var(--line); }}
.score {{ font-size: 1.25rem; }}
ul {{ list-style: none; padding: 0; }}
li {{ margin: .4rem 0; padding-left: 1.6rem; text-indent: -1.6rem; }}
li * {{ text-indent: 0; }}
.good b {{ color: var(--good); }}
.bad b, .note b {{ color: var(--bad); }}
.why {{ display: block; overflow-wrap: anywhere; }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid var(--line);
  border-radius: .4rem; padding: .75rem; }}
img {{ max-width: 100%; background: white; }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{name}{time}</p>
{body}
</body>
</html>
"""
UNREADABLE = "Nothing could be graded. {problem} Please hand in the notebook again."


def page(course, assignment, row, submission):
    """Return one student's feedback as an HTML page that needs nothing else."""
    time = submission.time and submission.time.astimezone(course.zone)
    return PAGE.format(
        title=escape(f"{course.settings['name']}: {assignment.name}"),
        name=escape(row.name),
        time=f", handed in {time:%Y-%m-%d %H:%M} ({course.settings['time_zone']})" if time else "",
        body="\n".join(_body(course, assignment, row)),
    )


def _body(course, assignment, row):
    if not row.parts:
        yield f"<p>{escape(UNREADABLE.format(problem=row.problem))}</p>"
        return
    yield f'<p class="score"><strong>{row.score:g} of {assignment.points:g} points</strong></p>'
    if row.days_late:
        days = f"{row.days_late} day{'s' * (row.days_late > 1)} late"
        yield f"<p>{days}: {row.earned:g} points earned, {100 * row.cut:g}% cut.</p>"
    if row.waiting:
        yield f"<p>{len(row.waiting)} of the parts below have no points yet.</p>"
    if row.result["cells"]:
        yield "<h2>Cells that did not run</h2><ul>"
        for position, message in row.result["cells"]:
            yield f'<li class="note"><b>!</b> Cell {position}: {escape(message)}</li>'
        yield "</ul>"
    for part in row.parts:
        earned = "waiting" if part.earned is None else f"{part.earned:g}"
        title = escape(assignment.title(part.cell))
        yield f"<h2><span>{title}</span> <span>{earned} / {part.points:g}</span></h2>"
        yield from _part(course, assignment, row, part)


def _part(course, assignment, row, part):
    verdicts = [one for one in row.result["verdicts"] if one["cell"] == part.cell]
    if verdicts:
        yield "<ul>"
        for one in verdicts:
            is_good = one["earned"] == one["points"]
            mark, kind = ("✓", "good") if is_good else ("✗", "bad")
            title = escape(one["check"].replace("_", " "))
            why = f'<span class="why">{escape(one["message"])}</span>' if one["message"] else ""
            points = f"{one['earned']:g}/{one['points']:g}"
            yield f'<li class="{kind}"><b>{mark} {points}</b> {title}{why}</li>'
        yield "</ul>"
        return
    text = row.result["answers"].get(part.cell, "")
    if not assignment.is_answered(part.cell, text):
        yield "<p>Not answered.</p>"
        return
    if part.comment:
        yield f"<pre>{escape(part.comment)}</pre>"
    folder = course.root / "autograded" / row.student / assignment.name
    picture = folder / f"{part.cell}.png"
    if part.cell in assignment.drawings and picture.is_file():
        data = base64.b64encode(picture.read_bytes()).decode()
        alt = "The figure that your code draws"
        yield f'<p><img src="data:image/png;base64,{data}" alt="{alt}"></p>'
    elif part.cell in assignment.drawings:
        yield "<p>Your code has drawn no figure.</p>"
    yield f"<details><summary>Your answer</summary><pre>{escape(text)}</pre></details>"


def give_back(course, assignment, rows):
    """Write all pages, and a zip with the names that the learning platform knows them by.

    Returns how many pages there are, and the path of the zip.
    """
    submissions = course.submissions(assignment.name)
    packed = io.BytesIO()
    count = 0
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for row in rows:
            submission = submissions.get(row.student)
            if submission is None or not (row.parts or row.status == "unreadable"):
                continue
            text = page(course, assignment, row, submission)
            write(course.root / "feedback" / row.student / assignment.name / "feedback.html", text)
            entry = submission.received.get("entry") or f"{row.student}/"
            separator = "" if entry.endswith(("_", "/")) else "_"
            slash = "/" if "_assignsubmission_" in entry else separator
            archive.writestr(f"{entry}{slash}{assignment.name}-feedback.html", text)
            count += 1
    path = course.root / "feedback" / f"{assignment.name}.zip"
    write(path, packed.getvalue())
    return count, path
