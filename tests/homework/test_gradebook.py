"""What lands in nbgrader's gradebook, and what people do with it in the real formgrader."""

import base64
import errno
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from playwright.sync_api import Error, sync_playwright

from nwgrade.course import Course
from nwgrade.standings import watched

from .classroom import (
    LIGHT,
    add_cells,
    as_bytes,
    attach,
    make_course,
    make_zip,
    need_bubblewrap,
    notebook,
    picture,
)
from .inside import (
    HOSTILE,
    HOSTILE_NAME,
    done,
    give,
    read_csv,
    run,
    standings,
    store,
    write_csv,
)
from .submissions import HOMEWORK

SETTINGS = """
late_percent_per_day = 10

[hw1]
due = 2026-03-02 12:00:00
"""
NOTEBOOK = "body > .container #notebook >> nth=0"
SQUARED = """
def squared_errors(prediction, y):
    raise ValueError("</script><script>window.pwned = 1</script>")
"""
PHOTO = picture("JPEG")
BELOW = ("PS: it is <b>zero</b>.", "markdown")
WITH_PHOTO = attach(add_cells(notebook("hw1"), "derivation", None, BELOW), "derivation", PHOTO)
STUDENTS = {
    "11": ("Ada Lovelace", "Monday, 2 March 2026, 10:00 AM", WITH_PHOTO),
    "12": ("Jürgen Müller", "Tuesday, 3 March 2026, 10:00 AM", notebook("hw1", **LIGHT)),
    "13": (
        HOSTILE_NAME,
        "Monday, 2 March 2026, 10:00 AM",
        notebook("hw1", "print('<script>window.pwned = 1</script>')", errors=SQUARED, **LIGHT),
    ),
}


def hostile():
    """Return a notebook that tries to run scripts from each kind of cell and output."""
    made = STUDENTS["13"][2]
    html = {"text/html": "<script>window.pwned = 1</script>", "image/svg+xml": "<svg onload='a'/>"}
    output = {"output_type": "display_data", "data": html, "metadata": {}}
    for cell in made["cells"]:
        grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if grade_id == "derivation":
            cell["source"] = HOSTILE
        if cell["cell_type"] == "code":
            cell["outputs"] = [output]
    raw = {"cell_type": "raw", "id": "raw", "metadata": {"format": "text/html"}, "source": HOSTILE}
    extra = {"cell_type": "markdown", "id": "more", "metadata": {}, "source": HOSTILE}
    made["cells"] += [raw, extra, {**extra, "id": "attached", "attachments": {"x.png": {}}}]
    return made


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course in which the checks have graded three students."""
    need_bubblewrap()
    folder = tmp_path_factory.mktemp("gradebook")
    course = make_course(folder / "course", "hw1", settings=SETTINGS)
    shutil.copy(HOMEWORK / "nbgrader_config.py", course)
    hostile()
    entries = [
        (f"{name}_{student}_assignsubmission_file_/hw1.ipynb", made)
        for student, (name, _, made) in STUDENTS.items()
    ]
    rows = [
        {"Identifier": f"Participant {student}", "Full name": name, "Last modified (submission)": t}
        for student, (name, t, _) in STUDENTS.items()
    ]
    sheet = write_csv(folder / "worksheet.csv", rows)
    zipped = make_zip(folder / "all.zip", entries)
    done(course, "collect", "hw1", zipped, "--worksheet", sheet)
    done(course, "grade", "hw1")
    return course


def entries(course, student):
    """Return what nbgrader's own API knows of a student's submission."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        submission = book.find_submission("hw1", student)
        grades = submission.notebooks[0].grades
        return SimpleNamespace(
            auto={one.name: one.auto_score for one in grades},
            manual={one.name: one.manual_score for one in grades},
            waits={one.name for one in grades if one.needs_manual_grade},
            most={one.name: one.max_score for one in grades},
            comments={one.name: one.comment for one in submission.notebooks[0].comments},
            score=submission.score,
            max_score=submission.max_score,
            penalty=submission.late_submission_penalty,
            name=submission.student.last_name,
            time=submission.timestamp,
        )


# ---- What nbgrader's own API reads ----


def test_each_graded_cell_has_its_score(course):
    found = entries(course, "11")
    assert found.most == found.auto | {"derivation": 18, "figure": 14}
    assert found.auto["derivation"] is found.auto["figure"] is None
    assert sum(filter(None, found.auto.values())) == found.score == 68
    assert found.max_score == 100
    assert found.name == "Ada Lovelace"
    assert f"{found.time:%Y-%m-%d %H:%M}" == "2026-03-02 10:00"


def test_what_is_answered_waits_for_a_person_and_what_is_not_has_0(course):
    assert entries(course, "11").waits == {"derivation", "figure"}
    found = entries(course, "12")
    assert found.waits == {"derivation"}
    assert found.auto["figure"] == 0


def test_a_check_that_failed_costs_its_points(course):
    found = entries(course, "13")
    assert found.auto["errors-test"] == 0
    assert found.score == 58


def test_lateness_is_a_penalty(course):
    standings(course)
    assert entries(course, "12").penalty == pytest.approx(6.8)
    assert entries(course, "11").penalty == 0


def test_points_and_comments_of_a_sheet_are_there(course, tmp_path):
    rows = read_csv(Path(done(course, "written", "hw1", "--names")["sheet"]))
    rows = [row for row in rows if row["student"] == "12"]
    for row in rows:
        row.update(points=row["most"], comment="Schön" if row["criterion"] == "2" else "")
    done(course, "written", "hw1", "--read", write_csv(tmp_path / "sheet.csv", rows))
    found = entries(course, "12")
    assert (found.manual["derivation"], found.waits) == (18, set())
    assert " · Schön\n" in found.comments["derivation"]
    assert found.score == 86
    standings(course)
    assert entries(course, "12").penalty == pytest.approx(8.6)


# ---- A regrade ----


def test_a_failing_machine_costs_nobody_points_that_a_person_gave(course):
    before, result = standings(course)["12"], Course(course).result("hw1", "12")
    store(course, "12", result={"status": "failed", "problem": "no space left"})
    failed = standings(course)["12"]
    assert (failed["status"], failed["score"]) == ("failed", None)
    store(
        course,
        "12",
        **{name: result[name] for name in ("status", "problem", "verdicts")},
        cells=result["cells"],
        answers=result["answers"],
    )
    assert standings(course)["12"] == before


def test_a_figure_that_looks_different_each_time_keeps_its_points(course):
    before = standings(course)["12"]
    store(course, "12", figures={"derivation": "iVBORw0KGgo="})
    assert standings(course)["12"] == before


def test_a_check_that_broke_waits_for_a_person(course):
    verdicts = Course(course).result("hw1", "12")["verdicts"]
    broken = [{**one, "earned": 0.0, "is_broken": True} for one in verdicts[:1]] + verdicts[1:]
    store(course, "12", verdicts=broken)
    found = standings(course)["12"]
    assert (found["status"], found["parts"]["world-test"]) == ("check broke", None)
    assert found["score"] is None
    exported = done(course, "export", "hw1", "--partial")  # the words of others wait
    assert exported["without_score"] == ["12"]
    assert "This is not a 0: a person will look at it" in feedback(course, "12")
    store(course, "12", verdicts=verdicts)
    assert standings(course)["12"]["parts"]["world-test"] == 14


def test_another_photo_in_an_answer_takes_its_points_back(course):
    path = course / "submitted" / "11" / "hw1" / "hw1.ipynb"
    result, before = Course(course).result("hw1", "11"), path.read_bytes()
    drawn = (course / "autograded" / "11" / "hw1" / "figure.png").read_bytes()
    result["figures"] = {"figure": base64.b64encode(drawn).decode()}
    give(course, "11", "derivation", 3)
    assert standings(course)["11"]["parts"]["derivation"] == 3
    path.write_bytes(as_bytes(attach(json.loads(before), "derivation", picture("JPEG"))))
    version = Course(course).submission("hw1", "11").version
    store(course, "11", result=result | {"version": version})
    assert standings(course)["11"]["parts"]["derivation"] is None
    path.write_bytes(before)
    store(course, "11", result=result)


def test_a_grade_of_what_was_replaced_meanwhile_is_not_stored(course):
    path = course / "submitted" / "12" / "hw1" / "hw1.ipynb"
    before, result = path.read_bytes(), Course(course).result("hw1", "12")
    path.write_bytes(before + b"\n")
    store(course, "12", verdicts=[])
    assert standings(course)["12"]["status"] == "not graded yet"
    path.write_bytes(before)
    assert Course(course).result("hw1", "12") == result


# ---- A gradebook that cannot be used ----


def locked(path):
    """Hold the gradebook as another program does that writes in it."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    return other.close


def garbage(path):
    path.write_bytes(b"These are my notes, and no gradebook.\n" * 100)


def cut_short(path):
    path.write_bytes(path.read_bytes()[:20_000])


def older(path):
    with sqlite3.connect(path) as other:
        other.execute("ALTER TABLE submitted_assignment DROP COLUMN timestamp")
    other.close()


UNUSABLE = {
    locked: "gradebook.db: another program holds it: close that. Then run the same command again",
    garbage: "gradebook.db: it is no gradebook. Put a copy from before in its place, or move it",
    cut_short: "gradebook.db: it is damaged. Put a copy from before in its place, or move it away",
    older: "gradebook.db: another version of nbgrader has made it: run nbgrader db upgrade in",
}


@pytest.mark.parametrize(
    "command, harm",
    [("status", harm) for harm in UNUSABLE]
    + [(command, garbage) for command in ("grade", "written", "feedback", "export")],
)
def test_a_gradebook_that_cannot_be_used_is_told_and_nothing_is_lost(course, command, harm):
    path = course / "gradebook.db"
    content, before = path.read_bytes(), standings(course)
    release = harm(path) or (lambda: None)
    ran = run(course, command, "hw1")
    release()
    assert (ran.code, ran.out) == (1, "")
    assert UNUSABLE[harm] in ran.err
    assert ran.err.count("\n") == 1
    path.write_bytes(content)
    assert standings(course) == before


LIMITS = {
    "PRAGMA query_only = 1": "gradebook.db: it cannot be written. Make it and its folder writable.",
    "PRAGMA max_page_count = 1": "gradebook.db: the disk is full. Make room. Then run the same",
}


@pytest.mark.parametrize("limit", LIMITS)
def test_a_disk_that_takes_no_points_is_told(course, tmp_path, monkeypatch, limit):
    rows = read_csv(Path(done(course, "written", "hw1", "--all")["sheet"]))
    for row in rows:
        row.update(points="0", comment="I have much to say on this. " * 4000)
    sheet, before = write_csv(tmp_path / "sheet.csv", rows), standings(course)
    connect = sqlite3.dbapi2.connect

    def limited(*args, **options):
        made = connect(*args, **options)
        made.execute(limit)
        return made

    with monkeypatch.context() as patched:
        patched.setattr(sqlite3.dbapi2, "connect", limited)
        ran = run(course, "written", "hw1", "--read", sheet)
    assert (ran.code, ran.out) == (1, "")
    assert LIMITS[limit] in ran.err
    assert standings(course) == before


@pytest.mark.parametrize("command", ["written", "feedback", "export"])
def test_a_disk_that_takes_no_file_is_told(course, monkeypatch, command):
    def full(path, *_, **__):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    for name in ("write_text", "write_bytes"):
        monkeypatch.setattr(Path, name, full)
    ran = run(course, command, "hw1", *["--partial"] * (command == "export"))
    assert (ran.code, ran.out) == (1, "")
    assert re.fullmatch(r"nwgrade: .*hw1.*: No space left on device\..* same command.*\n", ran.err)


def test_whose_score_has_changed_is_told_also_when_it_was_interrupted(course):
    result, told = Course(course).result("hw1", "12"), []
    failed = [{**one, "earned": 0.0} for one in result["verdicts"][:1]] + result["verdicts"][1:]
    assignment = Course(course).assignment("hw1")
    with suppress(KeyboardInterrupt), watched(Course(course), assignment, told.append):
        store(course, "12", verdicts=failed)
        raise KeyboardInterrupt
    assert told == ["12 had 77.4, has 73.8: world-test 14 to 10."]
    store(course, "12", result=result)


# ---- The real formgrader in a real browser ----


@pytest.fixture(scope="module")
def server(course, tmp_path_factory):
    """A Jupyter server with nbgrader's formgrader, in the course's folder; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("jupyter")
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "HOME")
    command = [sys.executable, "-m", "jupyter", "server", "--no-browser", "--allow-root"]
    options = [f"--port={port}", "--port-retries=0", "--IdentityProvider.token=secret"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, *options],
            cwd=course,
            env={**os.environ, **dict.fromkeys(names, str(folder))},
            stdout=log,
            stderr=log,
        )
    home = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            with suppress(OSError):
                urllib.request.urlopen(f"{home}/api").close()
                break
            assert process.poll() is None, (folder / "log").read_text()
            time.sleep(0.1)
        yield home
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="module")
def page(server):
    """A tab in which a person is logged in to formgrader. It reaches this machine only."""
    cut = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    with sync_playwright() as playwright:
        for name in ("chromium", "google-chrome", "chrome", None):
            path = name and shutil.which(name)
            if name and not path:
                continue
            with suppress(Error):
                options = {"executable_path": path} if path else {}
                browser = playwright.chromium.launch(args=[cut, "--disable-gpu"], **options)
                break
        else:
            stop = pytest.fail if os.environ.get("CI") else pytest.skip
            stop("no Chromium: apt-get install chromium; formgrader was NOT tested")
        page = browser.new_page(base_url=server)
        page.set_default_timeout(10000)
        page.goto("/formgrader/?token=secret")
        yield page
        browser.close()


def ask(page, path, method="GET", body=None):
    """Let the page ask formgrader's API; return the answer."""
    return page.evaluate(
        """async ([path, method, body]) => {
          const xsrf = document.cookie.match(/_xsrf=([^;]+)/)[1];
          const headers = {"X-XSRFToken": xsrf, "X-CSRFToken": xsrf};
          const answer = await fetch("/formgrader/api/" + path, {method, headers, body});
          return await answer.json();
        }""",
        [path, method, body and json.dumps(body)],
    )


def open_submission(page, student):
    """Open the page on which a student's submission is graded; return its id."""
    found = ask(page, "submitted_notebooks/hw1/hw1")
    (notebook_id,) = (one["id"] for one in found if one["student"] == student)
    assert page.goto(f"/formgrader/submissions/{notebook_id}/").status == 200
    page.locator("#derivation").wait_for()
    # Its fields are filled, and listen, only when formgrader has fetched what is stored.
    page.wait_for_function("formgrader.grades?.loaded && formgrader.comments?.loaded")
    return notebook_id


def type_in(page, selector, text):
    """Type into a field of formgrader, which stores it when it is left."""
    field = page.locator(selector)
    with page.expect_response(lambda answer: answer.request.method == "PUT"):
        field.fill(text)
        field.blur()


def widths(where):
    """Return the widths of all pictures, loaded, in pixels."""
    return where.locator("img").evaluate_all(
        """all => Promise.all(all.map(async image => {
          image.loading = "eager";
          await image.decode();
          return image.naturalWidth;
        }))"""
    )


def feedback(course, student):
    done(course, "feedback", "hw1")
    path = course / "feedback" / student / "hw1" / "feedback.html"
    return path.read_text(encoding="utf-8")


def test_points_given_in_formgrader_are_exported_and_fed_back(course, page):
    open_submission(page, "11")
    type_in(page, "#derivation", "12.5")
    type_in(page, "#derivation-comment", "The last step is missing & so on")
    assert standings(course)["11"]["status"] == "partly"
    type_in(page, "#figure", "14")
    row = standings(course)["11"]
    assert (row["status"], row["parts"]["derivation"], row["score"]) == ("graded", 12.5, 94.5)
    done(course, "export", "hw1", "--partial")
    scores = {row["student"]: row for row in read_csv(course / "export" / "hw1-scores.csv")}
    assert (scores["11"]["derivation"], scores["11"]["score"]) == ("12.5", "94.5")
    text = feedback(course, "11")
    assert "The last step is missing &amp; so on" in text
    assert '<span class="points">12.5 / 18</span>' in text


def test_an_answer_whose_points_are_taken_back_waits_again(course, page):
    open_submission(page, "11")
    type_in(page, "#figure", "")
    assert standings(course)["11"]["parts"]["figure"] is None
    type_in(page, "#figure", "14")


def test_a_person_may_overrule_a_check_and_comment_on_code(course, page):
    open_submission(page, "13")
    type_in(page, "#errors-test", "4")
    type_in(page, "#errors-comment", "The idea was right.")
    assert standings(course)["13"]["parts"]["errors-test"] == 4
    text = feedback(course, "13")
    assert "The idea was right." in text
    assert "A person has looked at it and made it 4 points." in text
    verdicts = Course(course).result("hw1", "13")["verdicts"]
    store(course, "13", verdicts=verdicts)
    assert standings(course)["13"]["parts"]["errors-test"] == 4
    broken = [{**one, "is_broken": one["cell"] == "errors-test"} for one in verdicts]
    store(course, "13", verdicts=broken)
    assert standings(course)["13"]["parts"]["errors-test"] == 4
    passed = [{**one, "earned": one["points"]} for one in verdicts]
    store(course, "13", verdicts=passed)
    assert standings(course)["13"]["parts"]["errors-test"] == 10
    store(course, "13", verdicts=verdicts)


def test_a_person_sees_the_words_the_checks_and_the_figure_of_the_sandbox(course, page):
    open_submission(page, "11")
    assert "expand the square" in page.locator(NOTEBOOK).inner_text()
    assert "4/4  truth has the right values" in page.locator(NOTEBOOK).inner_text()
    figure = page.locator(NOTEBOOK).locator("img")
    assert figure.count() == 2
    assert figure.last.evaluate("image => image.naturalWidth") > 300


def test_a_person_sees_the_photo_and_the_cell_below_of_an_answer(course, page):
    open_submission(page, "11")
    assert 64 in widths(page)
    text = page.locator(NOTEBOOK).inner_text()
    assert "The next cell belongs to the answer derivation:" in text
    assert "PS: it is < b>zero< /b>." in text


@pytest.mark.parametrize("options", [["--names"], []])
def test_they_stand_on_the_page_beside_the_sheet(course, page, options):
    done(course, "written", "hw1", "--all", *options)
    tab = page.context.browser.new_page()
    tab.goto((course / "export" / "hw1-written.html").as_uri())
    articles = tab.locator("article").filter(has_text="PS: it is <b>zero</b>.")
    assert articles.count() == 1
    assert widths(articles) == [64]
    assert articles.get_by_text("Ada Lovelace (11)").count() == len(options)
    assert tab.get_by_text("Ada").count() == len(options) * 2  # she has drawn a figure too
    assert tab.evaluate("window.pwned") is None
    tab.close()


def test_they_are_given_back(course, page):
    feedback(course, "11")
    tab = page.context.browser.new_page()
    tab.goto((course / "feedback" / "11" / "hw1" / "feedback.html").as_uri())
    assert 64 in widths(tab)
    assert "PS: it is <b>zero</b>." in tab.locator("pre").first.text_content()
    tab.close()


def test_a_hostile_submission_runs_no_script_in_formgrader(course, page):
    open_submission(page, "13")
    page.wait_for_load_state("networkidle")
    text = page.locator(NOTEBOOK).inner_text()
    assert text.count("My own words: $a< b$") == 4
    assert "< script>window.pwned = 1" in text
    for macro in ("href", "mmlToken", "style"):  # of MathJax, which no test loads from its server
        assert f"\\ {macro}" in text
        assert f"\\{macro}" not in text
    assert "raised ValueError: </script>" in text
    links = (
        page.locator(NOTEBOOK)
        .locator("a")
        .evaluate_all("all => all.map(a => a.getAttribute('href'))")
    )
    assert all(link.startswith("#") for link in links)
    assert page.locator(NOTEBOOK).locator("script, style, svg, iframe, object").count() == 0
    images = page.locator(NOTEBOOK).locator("img").evaluate_all("all => all.map(i => i.src)")
    assert all(source.startswith("data:image/png;base64,") for source in images)
    assert page.evaluate("window.pwned") is None


@pytest.mark.parametrize(
    "where",
    [
        "manage_submissions/hw1",
        "manage_students",
        "manage_students/13",
        "gradebook/hw1",
        "gradebook/hw1/hw1",
    ],
)
def test_a_hostile_name_runs_no_script_in_formgrader(page, where):
    page.goto(f"/formgrader/{where}")
    page.wait_for_load_state("networkidle")
    assert page.locator("tbody tr").count()
    assert page.evaluate("window.pwned") is None


def test_formgrader_does_not_run_submissions_in_the_open(course, page):
    before = {path: path.read_bytes() for path in (course / "autograded").rglob("*.*")}
    scores = standings(course)
    answer = ask(page, "submission/hw1/13/autograde", "POST")
    assert not answer["success"]
    assert "No notebooks were matched" in answer["log"]
    assert {path: path.read_bytes() for path in (course / "autograded").rglob("*.*")} == before
    assert standings(course) == scores
