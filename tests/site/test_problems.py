"""Each mistake of an author stops the build, and is told in one line that leads to it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

ROOT = Path(__file__).parents[2]
SVG = '<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="A dot."><path/></svg>'
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
WIDGET = {"application/vnd.jupyter.widget-view+json": {"model_id": "1", "version_major": 2}}


def code(*outputs, execution_count=1, source="show()", **metadata):
    return new_code_cell(
        source, execution_count=execution_count, outputs=list(outputs), metadata=metadata
    )


def shown(data):
    return new_output("display_data", data)


def prose(text):
    return new_markdown_cell(f"Words.\n\n{text}\n\nMore.")


def notebook(*cells):
    title = new_markdown_cell("# A page\n\n$$\nx \\tag{1.1}\n$$")
    return new_notebook(cells=[title, *cells], metadata={"language_info": {"name": "python"}})


def make_book(folder, pages, *without):
    """Write a book of our configuration with these notebooks; None is a file that is not there.

    Steps may be left out, which take their time.
    """
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    config["sphinx"]["local_extensions"] = {"extensions": str(ROOT / "pages")}
    config["sphinx"]["config"]["steps_left_out"] = list(without)
    toc = {"format": "jb-book", "root": "index", "chapters": [{"file": name} for name in pages]}
    for name, content in [("_config.yml", config), ("_toc.yml", toc)]:
        (folder / name).write_text(yaml.safe_dump(content), encoding="utf-8")
    for name in ("static", "templates"):
        shutil.copytree(ROOT / "pages" / name, folder / "pages" / name)
    (folder / "references.bib").touch()
    (folder / "dot.svg").write_text(SVG, encoding="utf-8")
    (folder / "index.md").write_text("# A book\n\nWords.\n", encoding="utf-8")
    for name, content in pages.items():
        if content is not None:
            text = content if isinstance(content, str) else nbformat.writes(content)
            path = folder / f"{name}.ipynb"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return folder


def run(*command, cwd):
    return subprocess.run(
        command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


def build(folder):
    """What `make book` does, for the book in the folder."""
    return run(sys.executable, ROOT / "pages" / "build.py", folder, cwd=folder)


def written(folder):
    """The pages that a build has left somewhere in the folder."""
    return [path for path in folder.rglob("*.html") if "templates" not in path.parts]


def lines(finished):
    return finished.stdout.splitlines()


DEAD = "this link is dead"
SILENT = "a figure has no text alternative: plots.show gives it one, and ![...](file)"
FORMULA = "this formula does not convert"
UNKNOWN = rf'{FORMULA}: Unknown command "\nosuch"'

# Cells with a mistake each, and what is told after the notebook and the cell.
WRONG = {
    "failed": (
        code(new_output("error", ename="ValueError", evalue="no\nno", traceback=["x"])),
        ": this cell has raised ValueError",
    ),
    "stderr": (
        code(new_output("stream", name="stderr", text="a.py:1: UserWarning: b\n  warn()\n")),
        ": this cell has written to stderr: a.py:1: UserWarning: b",
    ),
    "widget": (
        code(shown({**WIDGET, "text/plain": "HBox()"})),
        ": the site cannot show this widget: use nwlib.sliders",
    ),
    "unknown output": (
        code(shown({"application/vnd.plotly.v1+json": {}, "text/plain": "Figure()"})),
        ": the site cannot show an output of type application/vnd.plotly.v1+json",
    ),
    "png": (code(shown({"image/png": PNG})), f": {SILENT}"),
    "svg": (code(shown({"image/svg+xml": SVG.replace("aria-label", "class")})), f": {SILENT}"),
    "html output": (code(shown({"text/html": "<img src='dot.svg'>"})), f": {SILENT}"),
    "image": (prose("![](dot.svg)"), f", line 3: {SILENT}"),
    "html image": (prose('<img src="dot.svg" alt="">'), f", line 3: {SILENT}"),
    "no image": (prose("![A dot.](no.svg)"), ", line 3: image file not readable: no.svg"),
    "link to a file": (prose("See [it](no.ipynb)."), f", line 3: {DEAD}: no.ipynb"),
    "link on the page": (prose("See [it](#not-here)."), f", line 3: {DEAD}: not-here"),
    "link to a place": (prose("See [it](index.md#no)."), f", line 3: {DEAD}: index has no #no"),
    "link in a table": (prose("| a |\n| --- |\n| [it](#row) |"), f", line 3: {DEAD}: row"),
    "link in a fold": (
        prose(":::{dropdown} Hint\nWords.\n\n[it](#fold)\n:::"),
        f", line 6: {DEAD}: fold",
    ),
    "inline formula": (prose(r"Let $\nosuch x$ be."), rf", line 3: {UNKNOWN}: \nosuch x"),
    "display": (prose("$$\n\\nosuch\n+ x\n$$"), rf", line 3: {UNKNOWN}: \nosuch + x"),
    "heading": (prose(r"## The $\nosuch$"), rf", line 3: {UNKNOWN}: \nosuch"),
    "unclosed formula": (
        prose(r"Let $\frac{1}{x$ be."),
        f', line 3: {FORMULA}: Expected closing token "}}", but reached end of input: '
        r"\frac{1}{x",
    ),
    "tag": (prose("$$\ny \\tag{1.1}\n$$"), ", line 3: equation (1.1) is there twice"),
    "package": (
        code(shown({"image/svg+xml": SVG}), source="import pandas as pd  # why"),
        ": pandas is not there in a browser, which has the standard library, numpy, matplotlib, "
        "IPython, ipywidgets and nwlib (see pages/cells.py)",
    ),
    "system": (
        code(shown({"image/svg+xml": SVG}), source='get_ipython().system("ls")'),
        ": a command of the system does not run in a browser",
    ),
    "role": (prose("{nosuch}`x`"), ', line 3: Unknown interpreted text role "nosuch".'),
    "directive": (prose(":::{nosuch}\n:::"), ", line 3: Unknown directive type: 'nosuch'"),
}
LINES = {}
for position, (name, (cell, problem)) in enumerate(WRONG.items(), start=2):
    cell.source = cell.source.replace("show()", f"show('{name}')").replace("Words", f"A {name}", 1)
    LINES[name] = f'wrong.ipynb, cell {position} ("{cell.source.splitlines()[0]}"){problem}'
LINES |= {
    "half run": 'half-run.ipynb, cell 3 ("show()"): '
    "this cell and 1 more have no outputs, not having been run",
    "no outputs": 'no-outputs.ipynb, cell 2 ("show()"): '
    "the notebook has no outputs, in this code cell or any other",
    "metadata": "no-outputs.ipynb: Unknown field: nosuch",
    "no title": "no-title: the page has no title",
    "no file": "_toc.yml: there is no file no-file",
    "same name": "wrong.ipynb has the name of again/wrong.ipynb: rename one of them",
    "other page": f"index.md, line 5: {DEAD}: no",
}


@pytest.fixture(scope="module")
def wrong_book(tmp_path_factory):
    """A book with all of these mistakes."""
    picture = shown({"image/svg+xml": SVG})
    pages = {
        "wrong": notebook(*(cell for cell, _ in WRONG.values())),
        "half-run": notebook(code(picture), *(code(execution_count=None) for _ in range(2))),
        "no-outputs": notebook(code()),
        "no-title": notebook(),
        "no-file": None,
        "again/wrong": notebook(prose("Good.")),
    }
    pages["no-title"].cells[0].source = "Words."
    pages["no-outputs"].metadata["myst"] = {"nosuch": 1}
    folder = make_book(tmp_path_factory.mktemp("wrong"), pages, "write_lite")
    (folder / "index.md").write_text("# A book\n\nWords.\n\n[it](#no)\n")
    return folder


@pytest.fixture(scope="module")
def told(wrong_book):
    """What the build of the wrong book says."""
    return build(wrong_book)


@pytest.mark.parametrize("name", LINES)
def test_a_mistake_is_told_in_one_line_that_leads_to_it(told, name):
    assert lines(told).count(LINES[name]) == 1


def test_nothing_else_is_told_but_the_number_of_mistakes(told):
    *problems, last = lines(told)
    assert sorted(problems) == sorted(LINES.values())
    assert last == f"The book was not built: {len(LINES)} problems."


def test_a_book_with_mistakes_is_not_built(told, wrong_book):
    assert told.returncode == 1
    assert not written(wrong_book)


def test_jupyter_book_itself_tells_the_same_each_time(told, wrong_book, tmp_path):
    command = [Path(sys.executable).with_name("jupyter-book"), "build", ".", "-W", "-n", "-q"]
    for _ in range(2):
        finished = run(*command, "--path-output", tmp_path, cwd=wrong_book)
        assert lines(finished)[4:] == lines(told)  # after its version and three folders
        assert finished.returncode == 1
        assert not list(tmp_path.rglob("*.html"))


def test_what_cannot_be_read_as_a_notebook_is_told_at_once(tmp_path):
    whole = notebook(code(shown({"image/svg+xml": SVG})))
    without_outputs = json.loads(nbformat.writes(whole))
    del without_outputs["cells"][1]["outputs"]
    conflict = nbformat.writes(whole).replace("{", "{\n<<<<<<< HEAD", 1)
    said = build(
        make_book(
            tmp_path,
            {
                "empty": "",
                "conflict": conflict,
                "old": '{"nbformat": 3, "nbformat_minor": 0, "worksheets": []}',
                "incomplete": json.dumps(without_outputs),
                "same-ids": nbformat.writes(whole).replace(whole.cells[1].id, whole.cells[0].id),
                "whole": whole,
            },
        )
    )
    cannot = "the notebook cannot be read"
    assert set(lines(said)) == {
        f"empty.ipynb: {cannot}: Expecting value: line 1 column 1 (char 0)",
        f"conflict.ipynb: {cannot}: Expecting property name enclosed in double quotes: "
        "line 2 column 1 (char 2)",
        f"old.ipynb: {cannot}: it has no cells in format 4",
        f"incomplete.ipynb, cell 2 (\"show()\"): {cannot}: 'outputs' is a required property",
        f"same-ids.ipynb: {cannot}: Non-unique cell id '{whole.cells[0].id}' detected",
        "The book was not built: 5 problems.",
    }
    assert said.returncode == 1


@pytest.fixture(scope="module")
def good_book(tmp_path_factory):
    """A book with all that is like a mistake and is none."""
    pages = {
        "good": notebook(
            code(shown({"image/png": PNG, "image/svg+xml": SVG})),
            code(shown({"image/png": PNG}), mystnb={"image": {"alt": "A dot."}}),
            code(shown({**WIDGET, "text/html": "<p>Shown without a kernel.</p>"})),
            new_code_cell("", execution_count=None),
            code(),
            prose("![A dot.](dot.svg) <img src='dot.svg' alt='A dot.'> $x$ [it](prose.ipynb)"),
        ),
        "prose": notebook(prose("No code here.")),
    }
    return make_book(tmp_path_factory.mktemp("good"), pages, "write_lite")


def test_a_good_book_is_built_and_only_its_place_is_told(good_book):
    said = build(good_book)
    site = good_book / "_build" / "html"
    assert lines(said) == [f"The book is here: {(site / 'index.html').as_uri()}"]
    assert said.returncode == 0
    assert "Shown without a kernel." in (site / "good.html").read_text(encoding="utf-8")
    assert {path.name for path in site.parent.iterdir()} == {".cache", "html"}


SLOW = ("write_search", "write_styles", "write_lite")


def extend(book, body, priority):
    """Add an extension to the book that does this among what is done when all is written."""
    (book / "late.py").write_text(
        "from sphinx.util.logging import getLogger\n\n"
        f"def finish(app, error):\n    {body}\n\n"
        f"def setup(app):\n    app.connect('build-finished', finish, priority={priority})\n"
    )
    path = book / "_config.yml"
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    config["sphinx"]["local_extensions"]["late"] = "."
    config["sphinx"]["config"]["extensions"].append("late")
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return book


def test_an_error_that_is_nobodys_mistake_is_shown_in_full(tmp_path):
    book = make_book(tmp_path, {"here": notebook(prose("[it](#no)"))}, *SLOW)
    said = build(extend(book, "raise RuntimeError('unforeseen')", priority=-1))
    assert f'here.ipynb, cell 2 ("Words."), line 3: {DEAD}: no' in lines(said)
    assert "RuntimeError: unforeseen" in said.stdout
    assert 'late.py", line 4, in finish' in said.stdout
    assert said.returncode == 1
    assert not written(book)


def test_a_warning_at_the_very_end_counts_too(tmp_path):
    book = make_book(tmp_path, {"here": notebook(prose("Good."))}, *SLOW)
    said = build(extend(book, "getLogger('late').warning('a late problem')", priority=900))
    assert lines(said) == ["a late problem", "The book was not built: 1 problem."]
    assert said.returncode == 1


def test_three_chapters_of_this_book_with_a_mistake_each(tmp_path):
    """The book itself, not a small one: a cell not run, a formula and a link that fail."""
    ours = shutil.ignore_patterns(".*", "_build", "*.egg-info", "tests")
    book = shutil.copytree(ROOT, tmp_path / "book", ignore=ours)
    expected = []

    def spoil(number, kind, problem, change):
        (path,) = book.glob(f"chapters/{number:02}_*.ipynb")
        nb = nbformat.read(path, as_version=4)
        position, cell = next(
            (position, cell)
            for position, cell in enumerate(nb.cells, start=1)
            if cell.cell_type == kind and change(cell)
        )
        nbformat.write(nb, path)
        begin = cell.source.partition("\n")[0]
        expected.append((f"chapters/{path.name}, cell {position} (", begin[:15], problem))

    def forget(cell):
        cell.outputs, cell.execution_count = [], None
        return True

    def misspell(cell):
        old, cell.source = cell.source, cell.source.replace(r"\frac", r"\frakk", 1)
        return cell.source != old

    def mislead(cell):
        old, cell.source = cell.source, cell.source.replace("glossary.md#", "glossary.md#un", 1)
        return cell.source != old

    spoil(2, "code", "this cell has no outputs, not having been run", forget)
    spoil(3, "markdown", rf'{FORMULA}: Unknown command "\frakk"', misspell)
    spoil(4, "markdown", f"{DEAD}: appendix/glossary has no #un", mislead)
    said = build(book)
    assert said.returncode == 1
    assert len(lines(said)) == 4
    assert lines(said)[-1] == "The book was not built: 3 problems."
    for place, begin, problem in expected:
        (line,) = [line for line in lines(said) if line.startswith(place)]
        assert begin in line
        assert problem in line
