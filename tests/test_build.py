"""pages/build.py: quick the second time, the bytes of a first build, and never half a site."""

import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import build as program
import pytest
import yaml

pytestmark = pytest.mark.slow  # it builds books
ROOT = Path(__file__).parents[1]
PAGES = {
    "index": "# A book\n\nRead [](one.md).\n",
    "one": "# One\n\nWords, and $x$.\n\n![A dot.](dot.svg)\n",
    "two": "# Two\n\n## A part\n\nMore words.\n",
}
SVG = '<svg xmlns="http://www.w3.org/2000/svg"><path/></svg>'
SLOW = ["write_search", "write_styles", "write_lite"]


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """The folder of a book of three pages, what its first build says, and a copy of it then."""
    folder = tmp_path_factory.mktemp("build") / "book"
    shutil.copytree(ROOT / "pages/static", folder / "pages/static")
    settings(folder, SLOW)
    contents(folder, "one", "two")
    write(folder, "dot.svg", SVG)
    for name, text in PAGES.items():
        write(folder, f"{name}.md", text)
    said = build(folder)
    return folder, said, shutil.copytree(folder, folder.with_name("copy"))


@pytest.fixture
def book(first):
    """The folder of that book, as its first build has left it: Sphinx keeps its paths."""
    folder, _, copy = first
    shutil.rmtree(folder)
    return shutil.copytree(copy, folder)


def write(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")


def settings(folder, without):
    """Write the settings of our book, without some of the steps that end a build."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    config["sphinx"]["local_extensions"] = {"extensions": str(ROOT / "pages")}
    config["sphinx"]["config"]["steps_left_out"] = without
    write(folder, "_config.yml", yaml.safe_dump(config))


def contents(folder, *names):
    toc = {"format": "jb-book", "root": "index", "chapters": [{"file": name} for name in names]}
    write(folder, "_toc.yml", yaml.safe_dump(toc))


def command(folder, **options):
    return subprocess.Popen(
        [sys.executable, ROOT / "pages" / "build.py", folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )


def build(folder, expected=0):
    """Build the book; return the lines that are said."""
    with command(folder) as building:
        said = building.stdout.read()
    assert building.returncode == expected, said
    return said.splitlines()


def tree(folder):
    """The bytes of each file of the site, by name."""
    site = folder / "_build" / "html"
    return {
        path.relative_to(site).as_posix(): path.read_bytes()
        for path in site.rglob("*")
        if path.is_file()
    }


def assert_as_new(folder):
    """Assert that the site has the bytes that it has when it is built from nothing."""
    site = tree(folder)
    shutil.rmtree(folder / "_build")
    build(folder)
    new = tree(folder)
    assert site.keys() == new.keys()
    assert not [name for name, content in site.items() if new[name] != content]


def read_at(folder):
    """When Sphinx has read each page."""
    cached = (folder / "_build" / ".cache" / ".doctrees").glob("*.doctree")
    return {path.stem: path.stat().st_mtime_ns for path in cached}


def test_a_book_that_has_not_changed_is_not_built_again(first, book):
    said = first[1]
    page = book / "_build" / "html" / "index.html"
    assert said == [f"The book is here: {page.as_uri()}"]
    before = page.stat()
    os.utime(book / "one.md")  # its time is another, but not its text
    assert build(book) == said
    assert page.stat() == before


def test_after_a_change_one_page_is_read_and_the_site_is_as_new(book):
    before = read_at(book)
    settings(book, ["write_lite"])
    (book / "dot.svg").rename(book / "circle.svg")
    write(book, "one.md", PAGES["one"].replace("# One", "# The first").replace("dot", "circle"))
    build(book)  # other settings, another picture, another name in each margin: from nothing
    assert {name for name, moment in read_at(book).items() if moment != before[name]} == set(PAGES)
    before = read_at(book)
    write(book, "one.md", PAGES["one"].replace("# One", "# The 1st").replace("dot", "circle"))
    build(book)
    assert [name for name, moment in read_at(book).items() if moment != before[name]] == ["one"]
    site = tree(book)
    assert "The 1st" in site["two.html"].decode()
    assert "_images/dot.svg" not in site
    assert_as_new(book)


def test_a_page_that_leaves_the_contents_leaves_the_site(book):
    contents(book, "one")
    build(book)
    assert "two.html" not in tree(book)
    assert_as_new(book)


def test_a_change_of_the_style_a_setting_or_what_is_installed_is_noticed(book, monkeypatch):
    program_before = program.inputs(book)
    (book / "dot.svg").rename(book / "circle.svg")
    drawn = program.inputs(book)
    write(book, "pages/static/book.css", "p { color: red }")
    styled = program.inputs(book)
    write(book, "references.bib", "@book{x}")
    cited = program.inputs(book)
    (book / "installed" / "numpy-9.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(book / "installed")
    installed = program.inputs(book)
    monkeypatch.setenv("BOOK_REPOSITORY_URL", "https://github.com/ada/attention")
    seen = [program_before, drawn, styled, cited, installed, program.inputs(book)]
    assert len({rest for _, rest in seen}) == len(seen)
    assert all(pages == program_before[0] for pages, _ in seen)


def test_what_students_hand_in_and_what_tests_say_does_not_count(book):
    before = program.inputs(book)
    for place in ("homework/submitted", "tests", ".git", "_build", "nwlib.egg-info"):
        (book / place).mkdir(parents=True, exist_ok=True)
        write(book, f"{place}/x.ipynb", "{}")
        write(book, f"{place}/x.txt", "x")
    assert program.inputs(book) == before


def test_a_page_from_elsewhere_that_is_older_than_the_site_is_read(book):
    write(book, "two.md", "# Two\n\nOlder words.\n")
    os.utime(book / "two.md", (1e9, 1e9))
    build(book)
    assert "Older words." in tree(book)["two.html"].decode()


def test_a_site_that_somebody_has_changed_is_made_whole(book):
    before = tree(book)
    (book / "_build" / "html" / "two.html").unlink()
    write(book / "_build" / "html", "one.html", "")
    build(book)
    assert tree(book) == before


def test_a_failed_build_keeps_the_site_and_tells_each_problem_again(book):
    before, read = tree(book), read_at(book)
    write(book, "two.md", "# Two\n\nA [link](#nowhere).\n")
    said = ["two.md, line 3: this link is dead: nowhere", "The book was not built: 1 problem."]
    assert build(book, expected=1) == said
    assert build(book, expected=1) == said
    assert tree(book) == before
    assert left(book) == {"html", ".cache"}
    write(book, "two.md", "# Two\n\nWords.\n")
    build(book)
    assert [name for name, moment in read_at(book).items() if moment != read[name]] == ["two"]
    assert_as_new(book)


def left(book):
    return {path.name for path in (book / "_build").iterdir()}


@pytest.mark.parametrize("moment", [".work", ".work/html/*", ".work/html/_static/styles/*"])
def test_an_interrupted_build_keeps_the_site_and_leaves_nothing_behind(book, moment):
    before = tree(book)
    write(book, "two.md", "# Two\n\nOther words.\n")
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a background job ignores it
    with command(book, preexec_fn=heed) as building:
        while not list(book.glob(f"_build/{moment}")):
            assert building.poll() is None
            time.sleep(0.01)
        building.send_signal(signal.SIGINT)
        said = building.stdout.read()
    assert said.split() == ["Interrupted!"]
    assert building.returncode == 130
    assert tree(book) == before
    assert left(book) == {"html", ".cache"}


def test_a_build_that_was_killed_leaves_nothing_that_the_next_does_not_clear_away(tmp_path):
    for name in (".work", ".old"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, "index.html", name)
    with program.alone(tmp_path):
        assert (tmp_path / "html" / "index.html").read_text() == ".old"  # between two renames
    assert [path.name for path in tmp_path.iterdir()] == ["html"]


def test_of_two_builds_at_a_time_one_waits_for_the_other(book):
    write(book, "two.md", "# Two\n\nOther words.\n")
    with command(book) as one, command(book) as other:
        assert one.stdout.read() == other.stdout.read()
    assert (one.returncode, other.returncode) == (0, 0)
    assert left(book) == {"html", ".cache"}
