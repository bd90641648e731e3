"""What a student gets back: a page for any screen and either theme that runs nothing."""

import pytest
from homework.classroom import attach, make_course, make_zip, need_bubblewrap, notebook, picture
from homework.inside import HOSTILE, HOSTILE_NAME, done, read_csv, write_csv

from .conftest import listening
from .test_axe import COLOURS, RUN
from .test_narrow import CUT_OFF

SETTINGS = """
name = "Attention <script>window.pwned = 1</script>"
late_percent_per_day = 10
time_zone = "Europe/Berlin"

[hw1]
due = 2026-03-02 12:00:00
"""
ON_TIME, LATE = "Monday, 2 March 2026, 10:00 AM", "Wednesday, 4 March 2026, 10:00 AM"
LONG = "def truth(x):\n    raise ValueError('<img src=x onerror=window.pwned=1>' + 'x' * 500)"
STUDENTS = {
    "graded": ("Ada Lovelace", attach(notebook("hw1"), "derivation", picture("PNG"))),
    "late": ("Jürgen Müller", notebook("hw1", "pass", figure="")),
    "hostile": (HOSTILE_NAME, notebook("hw1", derivation=HOSTILE, world=LONG)),
    "timed out": ("Lou Ping", notebook("hw1", "while True:\n    pass")),
    "died": ("Max Exit", notebook("hw1", "import os\nos._exit(1)")),
    "unreadable": ("Bob Broken", "no notebook"),
}
IDS = {kind: str(number) for number, kind in enumerate(STUDENTS, start=11)}


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The addresses of the pages of students of each kind, and of all written answers."""
    need_bubblewrap()
    folder = tmp_path_factory.mktemp("feedback")
    course = make_course(folder / "course", "hw1", settings=SETTINGS)
    rows = [
        {
            "Identifier": f"Participant {IDS[kind]}",
            "Full name": name,
            "Last modified (submission)": LATE if kind == "late" else ON_TIME,
        }
        for kind, (name, _) in STUDENTS.items()
    ]
    sheet = write_csv(folder / "worksheet.csv", rows)
    entries = [
        (f"{name}_{IDS[kind]}_assignsubmission_file_/hw1.ipynb", made)
        for kind, (name, made) in STUDENTS.items()
    ]
    zipped = make_zip(folder / "all.zip", entries)
    done(course, "collect", "hw1", zipped, "--worksheet", sheet)
    done(course, "grade", "hw1", "--seconds", "2")
    written = course / "export" / "hw1-written.csv"
    done(course, "written", "hw1", "--names")
    rows = [row for row in read_csv(written) if row["student"] in (IDS["graded"], IDS["late"])]
    for row in rows:
        row["points"], row["comment"] = row["most"], "Clear & short\n<b>proof</b> · indeed"
        if row["student"] == IDS["late"] and row["criterion"] == "1":
            row["points"] = "1,5"
    done(course, "written", "hw1", "--read", write_csv(written, rows))
    done(course, "feedback", "hw1")
    return {"written": written.with_suffix(".html").as_uri()} | {
        kind: (course / "feedback" / student / "hw1" / "feedback.html").as_uri()
        for kind, student in IDS.items()
    }


@pytest.fixture
def read(browser, pages):
    """Opens the page of a student, unfolded; at the end nothing may have been complained of."""
    tab = browser.new_page()

    def read(kind, width=1280, theme="light"):
        tab.set_viewport_size({"width": width, "height": 900})
        tab.emulate_media(color_scheme=theme)
        tab.goto(pages[kind])
        tab.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
        return tab

    with listening(tab, "file:", {}) as heard:
        yield read
    pwned = tab.evaluate("window.pwned")
    tab.close()
    assert heard == []
    assert pwned is None


@pytest.mark.parametrize("kind", [*STUDENTS, "written"])
def test_axe_finds_nothing(browser, axe, pages, kind):
    # The page lets no script in, so axe comes with a browser that does not mind.
    tab = browser.new_page(bypass_csp=True)
    tab.goto(pages[kind])
    tab.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    tab.evaluate(f"{axe};0")
    found = tab.evaluate(RUN, {})
    tab.emulate_media(color_scheme="dark")
    found += tab.evaluate(RUN, {"runOnly": COLOURS})
    tab.close()
    assert found == []


@pytest.mark.parametrize("width", [320, 390])
@pytest.mark.parametrize("kind", [*STUDENTS, "written"])
def test_nothing_is_cut_off_on_a_phone(read, kind, width):
    page = read(kind, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert not page.evaluate(CUT_OFF)


@pytest.mark.parametrize("theme, is_dark", [("light", False), ("dark", True)])
def test_a_page_follows_the_theme(read, theme, is_dark):
    page = read("graded", theme=theme)
    paper = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    red = int(paper.removeprefix("rgb(").split(",")[0])
    assert (red < 128) is is_dark


def test_a_hostile_answer_is_shown_as_it_was_written(read):
    page = read("hostile")
    answer = page.locator("details pre").first.inner_text()
    assert answer.split() == HOSTILE.split()
    assert page.locator("h1").inner_text() == "Homework 1 · A world that you know"
    assert HOSTILE_NAME in page.locator("header").inner_text()
    assert "Attention <script>" in page.locator("header").inner_text()
    assert page.locator("main").get_by_text("<img src=x onerror=window.pwned=1>xxx").count() == 2
    assert page.locator("script, svg, iframe, a").count() == 0
    assert page.locator("img").count() == 0  # without `truth` there is nothing to draw


def test_no_script_could_run_if_there_were_one(browser, pages):
    tab = browser.new_page()
    tab.goto(pages["graded"])
    tab.evaluate("""() => {
      const script = document.createElement("script");
      script.text = "window.planted = 1";
      document.body.append(script);
    }""")
    planted = tab.evaluate("window.planted")
    tab.close()
    assert planted is None


def test_a_graded_page_has_points_comments_and_the_figure(read):
    page = read("graded")
    text = page.locator("main").inner_text()
    assert text.startswith("100 of 100 points\n")
    assert "Clear & short <b>proof</b>" in text
    assert "so far" not in text
    assert page.get_by_role("img", name="The figure that your code draws").count() == 1
    assert page.get_by_role("img", name="A picture in your answer").count() == 1
    assert page.get_by_role("heading", name="F · Derive the floor 18 / 18").count() == 1
    assert page.locator("li.good").count() == 14 + 8 + 5  # checks, and criteria of two answers
    assert page.locator("li.bad").count() == 0
    assert "2026-03-02 10:00 (Europe/Berlin)" in page.locator("header").inner_text()


def test_each_criterion_has_its_points_and_a_comment_of_its_own(read):
    page = read("late")
    line = page.get_by_role("listitem").filter(has_text="the square is expanded")
    assert line.inner_text().splitlines() == [
        "–",
        "1: the square is expanded, with y = f + sigma z put in",
        "1.5 / 3",
        "Clear & short <b>proof</b> · indeed",
    ]
    assert page.get_by_text("Comment", exact=True).count() == 0


SAYS = {
    "late": [
        "67.6 of 100 points",
        "2 days late: that costs 20% of the 84.5 points",
        "Not answered.",
    ],
    "hostile": ["points so far", "not yet graded answers that are worth 32 points", "waits / 18"],
    "timed out": ["took too long and was stopped", "Cell 3", "Run All Cells before you hand in"],
    "died": ["made Python stop", "Cell 3", "Run All Cells before you hand in again"],
    "unreadable": ["This is not a 0.", "cannot be read as JSON", "hand it in again"],
}


@pytest.mark.parametrize("kind", SAYS)
def test_a_page_says_what_there_is_to_do(read, kind):
    text = read(kind).locator("main").inner_text()
    for words in SAYS[kind]:
        assert words in text
