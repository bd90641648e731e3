"""A page prints as a clean document."""

import re
import unicodedata

import pypdfium2
import pytest

from . import engines
from .book import CHAPTERS, DOCUMENTS, unfold
from .colours import commonest, luminance, pixels
from .looks import LOST

PAPER = 718  # A4 between margins of 1 cm, in CSS pixels


def letters(text):
    """Return the text as it can be compared with what a PDF says: without spaces and ligatures.

    Without hyphens, too: one at the end of a line is taken for the sign of a divided word.
    """
    return re.sub(r"[\s\u00ad\u200b\x02\ufffe-]", "", unicodedata.normalize("NFKC", text))


def text_of_pdf(page):
    with pypdfium2.PdfDocument(page.pdf(format="A4", print_background=True)) as pdf:
        return letters("".join(sheet.get_textpage().get_text_range() for sheet in pdf))


def plain_lines(texts):
    """Return the long lines without mathematics, which comes in another order out of a PDF."""
    lines = [line for text in texts for line in text.splitlines()]
    return [line for line in lines if line.isascii() and len(line) > 20]


def missing(lines, text):
    """Return the lines that are not in the text, unless in two parts: a sheet may end in one."""

    def there(line):
        return any(line[:i] in text and line[i:] in text for i in range(len(line)))

    return [line for line in lines if not there(letters(line))]


@pytest.fixture(scope="module", params=CHAPTERS)
def printed(request, visit):
    """A chapter on the screen, as it opens, and the text of its PDF."""
    with visit(request.param, source="file") as page:
        yield page, text_of_pdf(page)


def test_it_has_the_title_each_heading_and_each_equation(printed):
    page, text = printed
    article = page.get_by_role("article")
    headings = [
        heading.strip("# \n") for heading in article.get_by_role("heading").all_inner_texts()
    ]
    numbers = re.findall(r"^\(\d\.\d+\)", article.inner_text(), re.MULTILINE)
    assert len(headings) > 4
    assert numbers
    assert not missing([heading.strip("# \n") for heading in headings] + numbers, text)


def test_it_has_each_paragraph_and_each_line_of_code(printed):
    page, text = printed
    blocks = page.locator("article :is(p, li, pre):not(details *)").filter(visible=True)
    lines = plain_lines(blocks.filter(has_not=page.get_by_role("button")).all_inner_texts())
    assert len(lines) > 50
    assert not missing(lines, text)


def test_it_has_nothing_that_leads_through_the_site(printed):
    page, text = printed
    article = letters(page.get_by_role("article").inner_text())
    links = page.locator("nav, header, footer, aside").get_by_role("link").all_inner_texts()
    elsewhere = {letters(link) for link in links} - {""}
    assert len(elsewhere) > 10
    assert not [link for link in elsewhere if link in text and link not in article]
    for word in ("previous", "Previous", "Next", "Contents", "Search", "Ctrl"):
        assert text.count(word) <= article.count(word), word
    assert "Unfold" not in text


def test_what_is_folded_is_left_out_and_what_is_unfolded_is_printed(printed):
    page, text = printed
    folds = page.locator("details").filter(has_text=re.compile("^\\s*(Hint|Solution)"))
    inside = plain_lines(folds.locator("p, li, pre").all_text_contents())
    assert inside
    assert missing(inside, text) == inside
    page.get_by_role("button", name=re.compile("unfold", re.IGNORECASE)).click()
    assert not missing(inside, text_of_pdf(page))


def test_firefox_prints_it_whole(visit, playwright, tmp_path):
    with visit(CHAPTERS[3], source="file") as page, engines.firefox(playwright) as browser:
        code = plain_lines(page.locator("article pre:not(details *)").all_inner_texts())
        page.pdf(path=tmp_path / "chromium.pdf", format="A4")
        tab = browser.new_page()
        tab.goto(page.url)
        # Firefox takes Playwright's inches for centimetres. It draws bold letters, and has no text
        # of them then.
        tab.pdf(path=tmp_path / "firefox.pdf", width="21in", height="29.7in")
    texts = {}
    for name in ("chromium", "firefox"):
        with pypdfium2.PdfDocument(tmp_path / f"{name}.pdf") as pdf:
            texts[name] = [letters(sheet.get_textpage().get_text_range()) for sheet in pdf]
    assert len(code) > 20
    assert not missing(code, "".join(texts["firefox"]))
    assert abs(len(texts["firefox"]) - len(texts["chromium"])) <= 2


@pytest.fixture(scope="module", params=DOCUMENTS)
def on_paper(request, visit):
    """A page as it is printed by a reader who has the dark theme."""
    with visit(request.param, source="file", theme="dark", width=PAPER) as page:
        page.emulate_media(media="print")
        yield page


def test_it_prints_dark_on_white_in_the_dark_theme_too(on_paper):
    seen = pixels(on_paper.screenshot())
    assert luminance(commonest(seen)) > 0.95
    assert luminance(seen.min(axis=(0, 1))) < 0.05


def test_nothing_is_lost_at_the_edge_of_the_paper(on_paper):
    unfold(on_paper)
    assert not on_paper.evaluate(LOST)
