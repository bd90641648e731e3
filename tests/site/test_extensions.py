"""The book's own Sphinx extensions, on documents of a few lines."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

ROOT = Path(__file__).parents[2]


@pytest.fixture
def build_page(tmp_path):
    """Build one MyST page with the extensions; return what Sphinx says and the page."""

    def build(text):
        (tmp_path / "index.md").write_text(text, encoding="utf-8")
        (tmp_path / "conf.py").write_text(
            f"import sys\n"
            f"sys.path.insert(0, {str(ROOT / 'pages')!r})\n"
            f"from extensions import equations, mathml\n"
            f"def setup(app):\n"
            f"    mathml.setup(app)\n"
            f"    app.connect('doctree-read', equations.number_equations)\n"
            f"extensions = ['myst_parser']\n"
            f"myst_enable_extensions = ['dollarmath']\n"
            f"html_math_renderer = 'mathml'\n"
        )
        out = tmp_path / "out"
        finished = subprocess.run(
            [sys.executable, "-m", "sphinx", "-q", tmp_path, out],
            capture_output=True,
            text=True,
            check=True,
        )
        return finished.stderr, (out / "index.html").read_text(encoding="utf-8")

    return build


def test_a_tag_becomes_the_number_and_a_mention_of_it_a_link(build_page):
    said, page = build_page("# T\n\nSee (2.1), not (2.9).\n\n$$\nx = 1 \\tag{2.1}\n$$\n")
    assert not said
    assert 'href="#equation-2-1">(2.1)</a>, not (2.9).' in page
    assert 'id="equation-2-1"' in page
    assert "(2.1)<a" in page
    assert "tag" not in page.split("<math")[1].split("</math>")[0]


def test_the_same_number_twice_is_a_warning(build_page):
    said, _ = build_page("# T\n\n$$\nx \\tag{1}\n$$\n\n$$\ny \\tag{1}\n$$\n")
    assert "equation (1) is there twice" in said


def test_a_formula_that_does_not_convert_is_a_warning_that_names_the_page(build_page):
    said, page = build_page("# T\n\nA $\\nosuchmacro < 1$.\n")
    assert "index.md" in said
    assert r'this formula does not convert: Unknown command "\nosuchmacro": \nosuch' in said
    assert r"<code>\nosuchmacro &lt; 1</code>" in page


def test_a_large_bracket_with_an_index_stands_in_a_row(build_page):
    _, page = build_page("# T\n\n$\\Bigl(x\\Bigr)_i$\n")
    assert "<msub><mrow><mo minsize" in page


def test_a_large_bracket_that_belongs_to_a_function_stands_with_its_partner(extension):
    tex = r"\operatorname{f}\!\Bigl(-\bigl(x\bigr)^2\Bigr)_i"
    markup = extension("mathml").convert(tex, block=True)
    formula = BeautifulSoup(markup, "html.parser")
    outer, inner = formula.select("msub > mrow, msup > mrow")
    for row in (outer, inner):
        brackets = [mark for mark in row.find_all("mo", recursive=False) if "minsize" in mark.attrs]
        assert [mark.string for mark in brackets] == ["(", ")"]


def test_a_bracket_in_a_table_has_a_row(extension):
    tex = r"\begin{aligned} a &= \Bigl(x\Bigr) \end{aligned}"
    formula = BeautifulSoup(extension("mathml").convert(tex, block=True), "html.parser")
    for cell in formula.select("mtd"):
        assert [child.name for child in cell.children] == ["mrow"]


@pytest.mark.parametrize(
    "before, after",
    [("", ","), ("(", ")"), ("“", "”."), ("&quot;", "&quot;."), ("(see ", "),"), ("", "?)")],
)
def test_what_touches_a_formula_is_tied_to_it(extension, before, after):
    formula = '<span class="math"><math><mi>x</mi></math></span>'
    context = {"body": f"<p>A {before}{formula}{after} B</p>"}
    extension("mathml").keep_together(None, "", "", context, None)
    touching = before.removeprefix("(see ")
    tied = f'<span class="together">{touching}{formula}{after}</span>'
    assert context["body"] == f"<p>A {before.removesuffix(touching)}{tied} B</p>"


@pytest.mark.parametrize("after", ["", " ", "-dimensional", "s", "<b>,</b>"])
def test_a_formula_that_nothing_touches_is_left_alone(extension, after):
    body = f'<p>An <span class="math"><math><mi>x</mi></math></span>{after}</p>'
    context = {"body": body}
    extension("mathml").keep_together(None, "", "", context, None)
    assert context["body"] == body


def test_rules_for_classes_that_no_page_has_are_dropped(extension):
    style = """/* why */ .old > b { color: red }  .new.old { color: blue }  .new .old { color: red }
    .new:not(.old)::before { content: "," }  @media print { .old { color: red } }
    @media (width > 3em) { i.new { color: red } }  @page { margin: 0 }"""
    assert extension("styles").used(style, "<i class='new'>") == (
        '.new:not(.old):before{content:","}@media (width>3em){i.new{color:red}}@page{margin:0}'
    )


def test_a_text_for_the_search_has_its_sections_and_no_pictures_or_displays(extension):
    page = """<article class="bd-article"><section class="a" id="one">
    <h1>One<a class="headerlink" href="#one">#</a></h1>
    <p class="run"><a href="x">run</a></p>
    <p>A <em>word</em>, <span class="math"><math><mi>w</mi></math></span>.</p>
    <div class="math"><math display="block"><mi>z</mi></math><span class="eqno">(1)</span></div>
    <svg><text>no</text></svg><script>no()</script></section></article>"""
    text = extension("search").text_of(page)
    section = BeautifulSoup(text, "html.parser").select_one("[role=main] #one")
    assert section.get_text().split() == ["One", "A", "word,", "w."]


FACTS = {
    "kind": "frames",
    "title": 'A "tiny" one',
    "sentence": "b < 3",
    "longest": "a < 10",
    "moves": "move letter and height",
    "controls": [
        {"kind": "choice", "name": "letter", "texts": ["a", "b"], "start": 1},
        {"kind": "range", "name": "height", "texts": ["1.00", "3.00"], "start": 0},
    ],
    "buttons": ["Undo"],
    "data": ["</script>"],
}


def test_a_figure_has_its_controls_its_picture_its_sentence_and_its_data(extension):
    markup = extension("figures").figure('<svg fill="#222222"/>', "Figure 1.2. ", FACTS)
    figure = BeautifulSoup(markup.astext(), "html.parser").figure
    assert (markup["kind"], figure["data-kind"]) == ("frames", "frames")
    assert figure["aria-label"] == 'A "tiny" one'
    assert figure.svg["fill"] == "var(--nw-ink, #222222)"
    assert {label.next.strip() for label in figure.select("label")} == {"letter", "height"}
    assert figure.select_one("option[selected]").string == "b"
    assert figure.input["max"] == "1"
    assert figure.input["aria-valuetext"] == figure.output.string == "1.00"
    assert figure.button.string == "Undo"
    assert figure.figcaption.string == "b < 3"
    assert figure.figcaption.span["data-number"] == "Figure 1.2. "
    assert figure.figcaption["data-longest"].endswith("a < 10")
    assert figure.select_one(".still").string.endswith("you can move letter and height.")
    assert json.loads(figure.script.string) == {k: FACTS[k] for k in ("controls", "data")}
