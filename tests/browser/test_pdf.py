"""`make pdf`: the whole book as one PDF that a reader can find the way in, offline and on paper."""

import os
import re
import shutil
import subprocess
import sys
from itertools import pairwise

import pikepdf
import pypdfium2
import pytest
import yaml
from bs4 import BeautifulSoup
from once import once
from pdf import SCRIPT, bookmarks, landed

from .book import CHAPTERS, DOCUMENTS, ROOT


def run(site, output, *arguments, root=ROOT, **environment):
    """Run the command as make does; return its exit code and the lines that it says.

    root : the project, of whose pages only those of its contents are printed.
    """
    main = f"import sys, pdf; pdf.ROOT = pdf.Path({str(root)!r}); sys.exit(pdf.main())"
    done = subprocess.run(
        [sys.executable, "-c", main, "--site", site, *arguments, output],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "pages"), **environment},
    )
    return done.returncode, done.stdout.splitlines()


def words(text):
    return " ".join(text.split())


@pytest.fixture(scope="module")
def articles(site):
    """The content of each page of the site, by name, in the order of the book."""
    return {
        name: BeautifulSoup(
            (site / f"{name}.html").read_text(encoding="utf-8"), "html.parser"
        ).article
        for name in DOCUMENTS
    }


@pytest.fixture(scope="module")
def titles(articles):
    for link in (link for article in articles.values() for link in article.select(".headerlink")):
        link.decompose()
    return [words(article.h1.get_text()) for article in articles.values()]


@pytest.fixture(scope="module")
def book(browser, site, shared):
    """The file of the whole book, printed once."""

    def make(folder):
        output = folder / "the book.pdf"
        code, said = run(site, output)
        assert (code, said) == (0, [f"The PDF is here: {output.as_uri()}"])

    return once(shared / "pdf", make) / "the book.pdf"


@pytest.fixture
def of_pages(tmp_path):
    """Makes a project whose contents has a few pages only, with what else is printed of it."""

    def of_pages(first, *others):
        folder = tmp_path / "project"
        folder.mkdir()
        for name in ("_config.yml", "CITATION.cff", "pages"):
            (folder / name).symlink_to(ROOT / name)
        part = {"caption": "A part", "chapters": [{"file": name} for name in others]}
        toc = {"root": first, "parts": [part]}
        (folder / "_toc.yml").write_text(yaml.safe_dump(toc), encoding="utf-8")
        return folder

    return of_pages


@pytest.fixture(scope="module")
def pdf(book):
    return pikepdf.open(book)


def lines_of(path):
    """Return the lines of each sheet of a PDF."""
    with pypdfium2.PdfDocument(path) as pdf:
        return [page.get_textpage().get_text_range().splitlines() for page in pdf]


@pytest.fixture(scope="module")
def sheets(book):
    """The lines of each sheet."""
    return lines_of(book)


@pytest.fixture(scope="module")
def texts(sheets):
    """The text of each sheet, on one line."""
    return [words(" ".join(lines)) for lines in sheets]


def links(pdf, sheet):
    """Return where each link of a sheet leads: a page number, or an address."""
    numbers = landed(pdf)
    for annotation in pdf.pages[sheet].get("/Annots", []):
        if "/Dest" in annotation:
            yield numbers[str(annotation.Dest).removeprefix("/")]
        else:
            yield str(annotation.A.URI)


def content(element, kind="", sheet=None):
    """Yield the kind and the sheet of each piece of content below an element of the structure."""
    if isinstance(element, pikepdf.Array):
        for child in element:
            yield from content(child, kind, sheet)
        return
    if isinstance(element, pikepdf.Dictionary):
        sheet = element.Pg.objgen if "/Pg" in element else sheet
        if not kind and element.get("/S") in ("/Figure", "/H1", "/H2", "/H3"):
            kind = f"{element.S} {element.objgen}"
        if "/K" in element:
            yield from content(element.K, kind, sheet)
            return
    yield kind, sheet


def test_the_whole_book_is_there_in_order(pdf, texts, titles):
    numbers = {page.objgen: sheet for sheet, page in enumerate(pdf.pages)}
    with pdf.open_outline() as outline:
        assert [entry.title for entry in outline.root] == ["Contents", *titles]
        sheets = [numbers[entry.destination[0].objgen] for entry in outline.root]
    assert sheets == sorted(set(sheets))
    for sheet, title in zip(sheets[1:], titles, strict=True):
        assert title in texts[sheet][: len(title) + 20]


def test_each_section_is_a_bookmark(pdf, articles, titles):
    wanted = [
        words(heading.get_text())
        for article in articles.values()
        for heading in article.select("h1, h2, h3, h4")
    ]
    with pdf.open_outline() as outline:
        assert [entry.title for entry in bookmarks(outline.root)] == ["Contents", *wanted]


def test_the_contents_knows_the_page_numbers(pdf, sheets):
    shown = [int(line.split()[-1]) for line in sheets[1] if re.search(r" \d+$", line)]
    assert shown == list(links(pdf, 1))
    assert len(shown) > 50


def test_each_sheet_but_the_first_tells_its_number_and_chapter(texts, titles):
    assert not re.search(r"\d+$", texts[0].removesuffix("4.0."))
    assert texts[1].startswith("2 Contents")
    assert texts[3].startswith(f"{titles[0]} 4 ")
    assert texts[-1].startswith(f"{titles[-1]} {len(texts)} ")


def test_each_link_of_the_book_leads_somewhere(pdf, articles):
    found = [link for sheet in range(len(pdf.pages)) for link in links(pdf, sheet)]
    outside = {link for link in found if isinstance(link, str)}
    assert outside == {
        link["href"] for article in articles.values() for link in article.select('[href^="http"]')
    }
    inside = [
        link
        for article in articles.values()
        for link in article.select('a[href*=".html"], a[href^="#"]')
    ]
    assert len(found) - len(outside) >= len(inside) > 250


def test_a_link_from_a_chapter_to_a_term_leads_to_its_definition(pdf, texts):
    sheet = landed(pdf)["appendix-glossary--bandwidth"]
    assert "bandwidth 带宽" in texts[sheet - 1]


def test_no_figure_is_split_and_no_heading_is_alone(pdf):
    pieces = list(content(pdf.Root.StructTreeRoot.K))
    figures = {kind: set() for kind, _ in pieces if kind.startswith("/Figure")}
    assert len(figures) > 25
    for (kind, sheet), (_, next_sheet) in pairwise(pieces):
        if kind in figures:
            figures[kind].add(sheet)
        if kind.startswith("/H"):
            assert sheet == next_sheet, kind
    assert not [figure for figure, sheets in figures.items() if len(sheets) > 1]


def test_each_slider_is_a_still_picture_and_says_so(articles, texts):
    sliders = sum(len(article.select(".explorable")) for article in articles.values())
    assert sliders > 3
    assert " ".join(texts).count("A still picture: on the site you can") == sliders


def test_no_line_of_code_is_lost(articles, texts):
    together = "".join(texts).replace(" ", "")
    code = [pre.get_text() for name in CHAPTERS for pre in articles[name].select("pre")]
    lines = [line.replace(" ", "") for cell in code for line in cell.splitlines()]
    assert len(lines) > 500
    assert not [line for line in lines if line not in together]


def test_solutions_are_printed_unless_they_are_left_out(site, tmp_path, of_pages, articles, texts):
    output = tmp_path / "book.pdf"
    some = CHAPTERS[1::3]  # printing takes long
    code, said = run(site, output, "--solutions", "no", root=of_pages(*some))
    assert (code, said) == (0, [f"The PDF is here: {output.as_uri()}"])
    left = "".join(line for sheet in lines_of(output) for line in sheet)
    left, everything = ("".join(text.split()) for text in (left, "".join(texts)))
    chapters = [articles[name] for name in some]
    solutions = [cell.pre.get_text() for a in chapters for cell in a.select(".tag_solution")]
    reasons = [p for a in chapters for p in a.select("#check-yourself details p") if not p.math]
    answers = [text.strip() for text in solutions + [reason.get_text() for reason in reasons]]
    assert len(answers) > 15
    for answer in answers:
        assert "".join(answer.partition("\n")[0].split()) in everything
        assert "".join(answer.split()) not in left
    source = (tmp_path / "pdf" / "book.html").read_text(encoding="utf-8")
    assert not re.search(r'class="fold \w', source)  # no colour gives the answer away
    for heading, count in [("Solution", 0), ("Hint", 8), ("Checkyourself", 2)]:
        assert (left.count(heading) > count) == bool(count)


def test_it_says_who_wrote_it_and_in_which_language_but_not_when_it_was_made(pdf, texts):
    assert dict(pdf.docinfo) == {
        "/Title": "Attention from Nadaraya-Watson",
        "/Author": "The nwlib authors",
    }
    assert pdf.Root.Lang == "en"
    assert pdf.Root.MarkInfo.Marked
    assert "Attention from Nadaraya-Watson" in texts[0]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    released = re.search(r"Version (\S+), 20\d\d", texts[0])
    assert citation.get("version") == (released and released[1])


def test_it_brings_its_fonts_and_stays_small(pdf, book):
    fonts = [font for page in pdf.pages for font in page.resources.get("/Font", {}).values()]
    names = {str(font.get("/BaseFont", "")) for font in fonts}
    for name in ("BookSerif", "BookSerifItalic", "BookSans", "BookMath"):
        assert [one for one in names if re.fullmatch(rf"/[A-Z]{{6}}\+{name}", one)]
    for font in fonts:
        if font.Subtype != "/Type3":  # which is drawings
            descriptor = font.DescendantFonts[0].FontDescriptor
            assert {"/FontFile2", "/FontFile3"} & set(descriptor.keys())
    assert book.stat().st_size < 18_000 * len(pdf.pages)


@pytest.mark.parametrize(
    "markup, complaint",
    [
        (
            '<a href="07.html">7</a>',
            "chapters/02_average_pooling: the link to 07.html leads nowhere",
        ),
        ('<a href="#nois">5</a>', "chapters/02_average_pooling: the link to #nois leads nowhere"),
        ('<img src="lost.png">', "the book needs what is not there: .*chapters/lost.png"),
    ],
)
def test_what_is_not_there_stops_it_with_one_line(
    browser, site, tmp_path, of_pages, markup, complaint
):
    copy = shutil.copytree(site, tmp_path / "site", ignore=shutil.ignore_patterns("lite"))
    page = copy / "chapters" / "02_average_pooling.html"
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace("</article>", f"{markup}</article>"), encoding="utf-8")
    root = of_pages("chapters/02_average_pooling", "chapters/01_dataset")
    code, said = run(copy, tmp_path / "book.pdf", root=root)
    assert code == 1
    assert len(said) == 1
    assert re.fullmatch(complaint, said[0])
    assert not (tmp_path / "book.pdf").exists()


@pytest.fixture
def sheet(browser):
    """A page of 600 pixels in which to put something."""
    page = browser.new_page(viewport={"width": 600, "height": 400})
    yield lambda markup: (
        page.set_content(f'<main id="book"><div class="chapter" id="one">{markup}</div></main>'),
        page.add_script_tag(path=SCRIPT),
        page,
    )[-1]
    page.close()


def test_a_formula_that_is_too_wide_is_made_smaller(sheet):
    term = "<mi>abcdefgh</mi><mo>+</mo>"
    page = sheet(f'<math display="block">{term * 9}</math>')
    right = "document.querySelector('math').lastChild.getBoundingClientRect().right"
    assert page.evaluate(right) > 600
    assert page.evaluate("nw.fit()") == []
    assert page.evaluate(right) <= 600


def test_what_stays_too_wide_is_found(sheet):
    assert sheet('<p>short</p><p style="width: 700px">wide</p>').evaluate("nw.fit()") == [
        "one: wide"
    ]


def test_a_character_that_no_font_has_is_found(sheet):
    assert sheet("<p>a 𝛼 − 中\u200b \u0378</p>").evaluate("nw.missing()") == "\u0378"


def test_without_the_site_or_a_browser_it_says_what_to_do(site, tmp_path):
    code, said = run(tmp_path, tmp_path / "book.pdf")
    assert (code, said) == (1, [f"{tmp_path}/index.html is missing: make book writes it"])
    nowhere = {"PATH": str(tmp_path), "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path)}
    code, said = run(site, tmp_path / "book.pdf", **nowhere)
    assert (code, said) == (1, ["no Chromium 131 or newer: apt-get install chromium"])
