"""Print the whole book as one PDF, with a contents that knows its page numbers.

    python pages/pdf.py [--solutions no] [--site FOLDER] [OUTPUT]

The finished site is put together as one page of HTML, in the order of `_toc.yml`, which a Chromium
prints with the network off. It does not know where a link leads on paper (`target-counter`), so the
contents is filled in when the book has been printed, and its sheets are printed once more.
"""

import argparse
import io
import json
import posixpath
import shutil
import sys
from contextlib import suppress
from html import escape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import pikepdf
import yaml
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont
from playwright.sync_api import Error as BrowserError
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
NAME = "attention-from-nadaraya-watson.pdf"
STYLE = Path(__file__).with_suffix(".css")
SCRIPT = Path(__file__).with_suffix(".js")
BROWSERS = ("chromium", "google-chrome", "google-chrome-stable", "chrome")
OLDEST = 131  # the first version that prints the margin boxes of a style sheet: page numbers
SWITCHES = ("--disable-gpu", "--disable-background-networking", "--font-render-hinting=none")
TEXT_WIDTH = 605  # in CSS pixels: A4 less the margins in pdf.css
WEIGHTS = {400: "400", 650: "600 700"}  # of a face, and what of the style each is for
LONG_CODE = 12  # lines; more than these may go on on the next sheet
REFERENCES = ("for", "headers", "aria-labelledby", "aria-describedby", "aria-controls")
ONLY_ON_SCREEN = (
    "script, noscript, template, button, .headerlink, .toctree-wrapper, .sd-summary-state-marker, "
    ".run, .explorable-controls, [data-frame][style*='display']"
)
NO_MEANING = ".highlight :is(.n, .p, .w), code > .pre"  # spans by the thousand, large in a PDF
# Solutions of exercises, in words and in code, and the reasons behind the answers to questions
SOLUTIONS = ".fold-solution, .tag_solution, .answer > :not(summary)"
VERDICTS = ("right", "wrong")
# It spans the sheet: two columns of short lines alone are copied letter by letter from Chromium's
# viewer, which takes them for vertical text.
ABOUT = (
    "Each page of the course also ends with <i>What we learned</i> and <i>Check yourself</i>. "
    "Where a figure has a slider, this is a still picture of it: on the site it moves."
)


class PdfError(Exception):
    """Says in one line why there is no PDF."""


class Page(NamedTuple):
    """A page of the site: its name as in _toc.yml, the part that it opens, and its content."""

    name: str
    part: str | None
    article: BeautifulSoup

    @property
    def anchor(self):
        return self.name.replace("/", "-")

    @property
    def title(self):
        return words(self.article.h1)

    @property
    def headings(self):
        return [words(heading) for heading in self.article.select("h1, h2, h3, h4, h5, h6")]


def words(element):
    """Return the text of an element on one line."""
    return " ".join(element.get_text().split())


# The browser


def launch(playwright):
    """Start the first Chromium that is new enough: the machine's, else Playwright's own."""
    for path in (*filter(None, map(shutil.which, BROWSERS)), None):
        with suppress(BrowserError):
            browser = playwright.chromium.launch(executable_path=path, args=SWITCHES)
            if int(browser.version.partition(".")[0]) >= OLDEST:
                return browser
            browser.close()
    raise PdfError(f"no Chromium {OLDEST} or newer: apt-get install chromium")


# One page of HTML out of the site


def read_pages(site, toc):
    """Return the book's pages in reading order."""
    places = [(toc["root"], None)]
    for part in toc["parts"]:
        names = [chapter["file"] for chapter in part["chapters"]]
        places += zip(names, [part["caption"]] + [None] * len(names), strict=False)
    return [Page(name, part, read_article(site, name)) for name, part in places]


def read_article(site, name):
    path = site / f"{name}.html"
    if not path.exists():
        raise PdfError(f"{path} is missing: make book writes it")
    article = parse(path.read_text(encoding="utf-8")).select_one("article")
    if article is None or article.h1 is None:
        raise PdfError(f"{path} has no article with a title")
    return article


def parse(text):
    return BeautifulSoup(text, "html.parser", multi_valued_attributes=None)


def set_still(page, with_solutions):
    """Leave what paper can show: everything unfolded, no controls, one frame of each slider."""
    article = page.article
    for caption in article.select("[data-longest]"):
        del caption["data-longest"]  # which keeps room for other texts
    for element in article.select(ONLY_ON_SCREEN):
        element.decompose()
    for element in article.select(NO_MEANING):
        element.unwrap()
    for lines in article.select("pre"):
        if lines.get_text().count("\n") > LONG_CODE:
            lines["class"] = f"{lines.get('class', '')} long"
    if not with_solutions:
        for element in article.select(SOLUTIONS):
            element.decompose()
    for details in article.select("details"):
        unfold(details, VERDICTS if with_solutions else ())


def unfold(details, kinds):
    """Make a dropdown a block with a title, and of its classes only those of some kinds."""
    prompt = details.select_one("summary .collapsed")  # MyST-NB's summary has one for each state
    title = prompt or details.summary
    if prompt:
        prompt.string = prompt.get_text().removeprefix("Show ").capitalize()
    details.summary.replace_with(parse(f'<p class="fold-title">{title.decode_contents()}</p>'))
    details.name = "div"
    kept = [kind for kind in details.get("class", "").split() if kind in kinds]
    details.attrs = {"class": " ".join(["fold", *kept])}


def join(pages, site):
    """Make ids unique in the whole book, and let all links between its pages stay inside it."""
    ids = {page.name: {element["id"] for element in page.article.select("[id]")} for page in pages}
    by_name = {page.name: page for page in pages}

    def target(page, href):
        """Return where href leads in the PDF; None for a file that the site alone has."""
        link = urlsplit(href)
        if link.scheme:
            return href
        path = posixpath.normpath(posixpath.join(posixpath.dirname(page.name), unquote(link.path)))
        name = path.removesuffix(".html") if link.path else page.name
        fragment = unquote(link.fragment)
        if name in by_name and (not fragment or fragment in ids[name]):
            return f"#{by_name[name].anchor}" + (f"--{fragment}" if fragment else "")
        if name not in by_name and (site / path).is_file():
            return None
        raise PdfError(f"{page.name}: the link to {href} leads nowhere")

    for page in pages:
        for link in page.article.select("a[href]"):
            if href := target(page, link["href"]):
                link["href"] = href
            else:
                link.unwrap()
        for picture in page.article.select("[src]"):
            picture["src"] = (site / posixpath.dirname(page.name) / picture["src"]).as_uri()
        for element in page.article.find_all(True):
            prefix_ids(element, f"{page.anchor}--")


def prefix_ids(element, prefix):
    """Put the prefix before the element's id, and before each id that it refers to."""
    for name, value in element.attrs.items():
        if name == "id":
            element[name] = prefix + value
        elif name in REFERENCES:
            element[name] = " ".join(prefix + one for one in value.split())
        elif name in ("href", "xlink:href") and element.name != "a":
            element[name] = value.replace("#", f"#{prefix}", 1)
        elif isinstance(value, str) and "url(#" in value:
            element[name] = value.replace("url(#", f"url(#{prefix}")


def contents(pages):
    """Return the contents as HTML, with room for three digits of each page number."""

    def entry(anchor, title):
        return f'<a href="#{anchor}"><span>{title}</span> <span class="number">000</span></a>'

    lines = []
    for page in pages:
        if page.part:
            lines.append(f'<li class="part">{escape(page.part)}</li>')
        lines.append(f'<li class="page">{entry(page.anchor, page.article.h1.decode_contents())}')
        at_each_end = "[id$=what-we-learned], [id$=check-yourself]"
        sections = page.article.select(f"section[id]:not({at_each_end}) > h2")
        if page.article.select_one(".cell"):  # of the others the title is enough
            items = (entry(h2.parent["id"], h2.decode_contents()) for h2 in sections)
            lines.append(f"<ol>{''.join(f'<li>{item}</li>' for item in items)}</ol>")
        lines.append("</li>")
    entries = "".join(lines)
    return f'<nav class="book-contents"><h1>Contents</h1><p>{ABOUT}</p><ol>{entries}</ol></nav>'


def footers(pages):
    """Return the style that gives each page of the book its title at the foot of its sheets."""
    rules = []
    for page in pages:
        title = json.dumps(page.title, ensure_ascii=False)
        rules.append(f"#{page.anchor} {{ page: {page.anchor} }}")
        rules.append(f"@page {page.anchor} {{ @bottom-left {{ content: {title} }} }}")
    return "\n".join(rules)


def print_faces(site, folder):
    """Return the style of the families "... Print": the site's fonts, each weight by itself.

    A PDF holds a variable font as drawings of its letters, which look poor on a screen.
    """
    rules = []
    for path in sorted((site / "_static" / "fonts").glob("*.woff2")):
        with TTFont(path) as font:
            name, is_variable = font["name"].getDebugName(1), "fvar" in font
        if not is_variable:
            rules.append(print_face(name, "400", path))
            continue
        for weight, weights in WEIGHTS.items():
            target = folder / f"{path.stem}-{weight}.woff2"
            with TTFont(path, recalcTimestamp=False) as font:
                instantiateVariableFont(font, {"wght": weight}, inplace=True)
                font.save(target)
            rules.append(print_face(name, weights, target))
    return "\n".join(rules)


def print_face(name, weights, path):
    style = "italic" if name.endswith(" Italic") else "normal"
    return (
        f'@font-face {{ font-family: "{name.removesuffix(" Italic")} Print"; '
        f'font-style: {style}; font-weight: {weights}; src: url("{path.as_uri()}") }}'
    )


def whole_book(pages, site, facts, faces):
    """Return the HTML of the book."""
    index = parse((site / "index.html").read_text(encoding="utf-8"))
    styles = [
        f'<link rel="stylesheet" href="{(site / urlsplit(link["href"]).path).as_uri()}">'
        for link in index.select('link[rel~="stylesheet"]')
    ]
    chapters = [f'<div class="chapter" id="{p.anchor}">{p.article}</div>' for p in pages]
    return f"""<!doctype html>
<html lang="{index.html["lang"]}" data-theme="light" data-mode="light">
<meta charset="utf-8">
<title>{escape(facts["title"])}</title>
{"".join(styles)}
<style>{faces}
{STYLE.read_text(encoding="utf-8")}
{footers(pages)}</style>
<main id="book">
<div class="cover">
<img src="{facts["logo"].as_uri()}" alt="">
<p class="title">{" ".join(f"<span>{word}</span>" for word in escape(facts["title"]).split())}</p>
<p class="author">{escape(facts["author"])}</p>
<p>{facts["edition"]}</p>
<p class="licence">{facts["licence"]}</p>
</div>
{contents(pages)}
{"".join(chapters)}
</main>
</html>
"""


# The PDF out of that page


def print_page(browser, source):
    """Return the PDF of the file `source`, printed without a network."""
    context = browser.new_context(
        offline=True, color_scheme="light", viewport={"width": TEXT_WIDTH, "height": 900}
    )
    context.set_default_timeout(120_000)  # milliseconds, for a busy machine
    page = context.new_page()
    failed = []
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.emulate_media(media="print")
    page.goto(source.as_uri())
    page.add_script_tag(path=SCRIPT)
    page.evaluate("document.fonts.ready")
    if failed:
        raise PdfError(f"the book needs what is not there: {failed[0]}")
    if missing := page.evaluate("nw.missing()"):
        raise PdfError(f"no font has the characters {missing}: apt-get install fonts-noto-cjk")
    if too_wide := page.evaluate("nw.fit()"):
        raise PdfError(f"too wide for the paper: {too_wide[0]}")
    pdf = sheets(page)
    number_contents(page, pdf)
    context.close()
    return pdf


def sheets(page, numbers=""):
    """Return the PDF of the sheets with these numbers."""
    result = page.pdf(
        prefer_css_page_size=True,
        print_background=True,
        tagged=True,
        outline=True,
        page_ranges=numbers,
    )
    return pikepdf.open(io.BytesIO(result))


def number_contents(page, pdf):
    """Fill in the contents, and replace in the PDF what is seen on its sheets, but no link."""
    numbers = landed(pdf)
    if not page.evaluate("numbers => nw.numberContents(numbers)", numbers):
        raise PdfError("the contents do not fit: entries move when page numbers are filled in")
    first, last = 2, min(numbers.values()) - 1  # no link leads to the cover or the contents
    filled = sheets(page, f"{first}-{last}")
    for old, new in zip(pdf.pages[first - 1 : last], filled.pages, strict=True):
        old.Contents = pdf.copy_foreign(filled.make_indirect(new.obj.Contents))
        old.Resources = pdf.copy_foreign(filled.make_indirect(new.obj.Resources))


def bookmarks(items):
    """Return the entries of the PDF's outline, in the order of the book."""
    return [one for item in items for one in (item, *bookmarks(item.children))]


def landed(pdf):
    """Return the page number of each anchor in the PDF."""
    numbers = {page.objgen: number for number, page in enumerate(pdf.pages, start=1)}
    return {
        name.removeprefix("/"): numbers[destination[0].objgen]
        for name, destination in pdf.Root.Dests.items()
    }


def make_pdf(site, output, *, with_solutions=True):
    """Print the site into the file `output`."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    version, year = citation.get("version"), config["copyright"]  # a release writes the first
    facts = {
        "title": config["title"],
        "author": config["author"],
        "licence": config["html"]["extra_footer"],
        "logo": ROOT / config["logo"],
        "edition": f"Version {version}, {year}" if version else year,
    }
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    folder = output.parent / "pdf"
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "book.html"
    with sync_playwright() as playwright, launch(playwright) as browser:
        pages = read_pages(site, toc)
        for page in pages:
            set_still(page, with_solutions)
        join(pages, site)
        faces = print_faces(site, folder)
        source.write_text(whole_book(pages, site, facts, faces), encoding="utf-8")
        pdf = print_page(browser, source)
    headings = ["Contents", *(heading for page in pages for heading in page.headings)]
    write(pdf, facts, headings, output)
    return output


def write(pdf, facts, headings, output):
    """Write the PDF with its title and author, and without the time: same site, same bytes."""
    del pdf.docinfo
    pdf.docinfo.update({"/Title": facts["title"], "/Author": facts["author"]})
    # Chromium names them by what it drew: "theanswer" where a line of a heading ended.
    with pdf.open_outline() as outline:
        for bookmark, heading in zip(bookmarks(outline.root), headings, strict=True):
            bookmark.title = heading
    pdf.Root.PageMode = pikepdf.Name.UseOutlines  # a reader opens it with the chapters at the side
    pdf.save(
        output,
        object_stream_mode=pikepdf.ObjectStreamMode.generate,  # a third of the size
        deterministic_id=True,
    )


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("output", nargs="?", type=Path, default=ROOT / "_build" / NAME)
    parser.add_argument("--site", type=Path, default=ROOT / "_build" / "html")
    parser.add_argument("--solutions", choices=("yes", "no"), default="yes")
    args = parser.parse_args(arguments)
    try:
        output = make_pdf(
            args.site.resolve(), args.output.resolve(), with_solutions=args.solutions == "yes"
        )
    except (PdfError, BrowserError) as error:
        print(str(error).partition("\n")[0], file=sys.stderr)
        return 1
    print("The PDF is here:", output.as_uri())
    return 0


if __name__ == "__main__":
    sys.exit(main())
