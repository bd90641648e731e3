"""Give back: a page for each student that tells what was earned where, and why."""

import base64
import os
import zipfile

from jinja2 import Environment, PackageLoader, StrictUndefined

from nwgrade import tell
from nwgrade.course import write
from nwgrade.standings import BROKEN_CHECK, pictures

# All that is put into a page is text, whatever it looks like.
LOOK = {"trim_blocks": True, "lstrip_blocks": True, "undefined": StrictUndefined}
PAGES = Environment(loader=PackageLoader("nwgrade"), autoescape=True, **LOOK)
PAGES.globals["number"] = "{:g}".format
UNGRADED = ("failed", "not graded yet")
MAX_NAME = 1000  # bytes of a name in the zip; no platform makes a longer one
AGAIN = "Run Kernel > Restart Kernel and Run All Cells before you hand in again."
TOO_LONG = f"""Part of your code took too long and was stopped: what needs it earns nothing. \
Look for a loop without an end, or for one over all data that an array could do at once. {AGAIN}"""
STOPPED = f"""Part of your code made Python stop, and what needs it earns nothing. Does it use \
up the memory, call itself without an end, or end the program? {AGAIN}"""
BROKE = """One of our checks broke on your notebook. This is not a 0: a person will look at it, \
and until then it has no points."""
NEEDS = {"timed out": TOO_LONG, "died": STOPPED, BROKEN_CHECK: BROKE}


def render(template, course, assignment, **own):
    """Return a page as HTML that needs nothing else and runs nothing."""
    known = {"title": assignment.title(assignment.cells[0].grade_id), "assignment": assignment}
    return PAGES.get_template(template).render(known | own, course=course.settings["name"])


def page(course, assignment, row, submission):
    """Return one student's feedback as an HTML page."""
    own = {"time": row.time and f"{row.time:%Y-%m-%d %H:%M} ({course.settings['time_zone']})"}
    own["file"] = submission.received.get("file", "")[:200]
    own["share"] = f"{max(0, min(100, 100 * (row.so_far or 0) / assignment.points)):.1f}"
    own["parts"] = [_part(course, assignment, row, part) for part in row.parts]
    need = NEEDS.get(row.status)
    return render("feedback.html", course, assignment, row=row, need=need, **own)


def _part(course, assignment, row, part):
    """Return what the page tells of a graded cell."""
    cell, earned = part.cell, part.earned
    verdicts = [one for one in row.result["verdicts"] if one["cell"] == cell]
    text = "" if verdicts else row.result["answers"].get(cell, "")
    is_open = not verdicts and not assignment.is_answered(cell, text)
    lines, comment = _told(part, assignment.rubric.get(cell, ()))
    shown = [] if is_open else pictures(course, assignment, row, cell)
    has_figure = cell in assignment.drawings and not is_open
    by_checks = sum(one["earned"] for one in verdicts)
    return {
        "title": assignment.title(cell),
        "earned": "waits" if earned is None else f"{earned:g}",
        "points": part.points,
        "is_open": is_open,
        "lines": [*map(_checked, verdicts), *lines],
        "is_overruled": bool(verdicts) and earned not in (None, by_checks),
        "comment": comment,
        "pictures": [_picture(cell, path) for path in shown],
        "lacks_figure": has_figure and cell not in [path.stem for path in shown],
        "text": "" if is_open else text,
    }


def _checked(one):
    """Return the line of a check: kind, mark, title, why, points."""
    is_broken, is_earned = one["is_broken"], one["earned"] == one["points"]
    kind, mark = ("bad", "!") if is_broken else ("good", "✓") if is_earned else ("bad", "✗")
    points = f"{'?' if is_broken else format(one['earned'], 'g')} / {one['points']:g}"
    return kind, mark, one["check"].replace("_", " "), one["message"], points


def _picture(cell, path):
    """Return an image's source and its alternative text."""
    kind = "png" if path.suffix == ".png" else "jpeg"
    is_figure = path.stem == cell
    alt = "The figure that your code draws" if is_figure else "A picture in your answer"
    return f"data:image/{kind};base64,{base64.b64encode(path.read_bytes()).decode()}", alt


def _told(part, rubric):
    """Return what the person who graded it has given for each criterion, and written besides."""
    by_criterion, free = [], []
    for line in part.comment.splitlines():
        points, _, rest = line.partition("  ")
        title = next((asked for asked, _ in rubric if f"{rest} · ".startswith(f"{asked} · ")), None)
        if title:
            earned, _, most = points.partition("/")
            kind, mark = ("good", "✓") if earned == most else ("bad", "✗" if earned == "0" else "–")
            why = rest[len(title) :].removeprefix(" · ")
            by_criterion.append((kind, mark, title, why, f"{earned} / {most}"))
        else:
            free.append(line)
    return by_criterion, "\n".join(free) if any(free) else ""


def _entry(submission):
    """Return what the platform expects in front of the name of a student's file."""
    entry = submission.received.get("entry") or ""
    if not entry or len(entry.encode()) > MAX_NAME:
        return f"{submission.student}/"
    if "_assignsubmission_" in entry:
        return f"{entry}/"
    return entry if entry.endswith(("_", "/")) else f"{entry}_"


def hand_back(course, assignment, rows, options):
    """Write a page for each student, and a zip for the platform."""
    submissions, pages = course.submissions(assignment.name), 0
    path = course.root / "feedback" / f"{assignment.name}.zip"
    path.parent.mkdir(exist_ok=True)
    unfinished = path.with_name(f".{path.name}.part")
    with zipfile.ZipFile(unfinished, "w") as archive:
        for row in rows:
            submission = submissions.get(row.student)
            if submission and (row.parts or row.status == "unreadable"):
                text, name = page(course, assignment, row, submission), assignment.name
                write(course.root / "feedback" / row.student / name / "feedback.html", text)
                # Without the time of now: the same pages are the same zip.
                entry = zipfile.ZipInfo(f"{_entry(submission)}{name}-feedback.html")
                archive.writestr(entry, text, zipfile.ZIP_DEFLATED)
                pages += 1
    os.replace(unfinished, path)
    waiting = sum(bool(row.waiting) for row in rows)
    without = [row.student for row in rows if row.status in UNGRADED]
    told = {"pages": pages, "zip": str(path), "waiting": waiting, "not_graded": without}
    count = tell.count_of(pages, "page", "pages")
    tell.tell(options, told, f"{count} in feedback/, and all of them in {path}.")
    if waiting:
        tell.warn(f"{waiting} of them have parts that still wait for points.")
    if without:
        tell.warn(f"No page for those who are not graded: {', '.join(without[:9])}.")
