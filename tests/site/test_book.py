"""The book builds without a warning, and its pages are whole."""

import json
import re
import zlib
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
import refresh
import yaml
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont

from nwlib import figures

ROOT = Path(__file__).parents[2]
STYLE = "link[rel=stylesheet]"


@pytest.fixture(scope="module")
def pages(site):
    """The parsed pages of the site, by path."""
    return {
        path: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for path in sorted(site.rglob("*.html"))
        if not {"_static", "lite"} & {*path.relative_to(site).parts}
    }


@pytest.fixture
def require(site, pages):
    """Fails with a line for each thing that `problems(path, page)` yields on the pages."""

    def require(problems):
        lines = [
            f"{path.relative_to(site)}: {problem}"
            for path, page in pages.items()
            for problem in problems(path, page)
        ]
        assert pages
        if lines:
            pytest.fail("\n".join(lines), pytrace=False)

    return require


def toc_entries(node):
    """The documents named in `_toc.yml`."""
    if isinstance(node, list):
        return [name for child in node for name in toc_entries(child)]
    if isinstance(node, dict):
        here = [node[key] for key in ("root", "file") if key in node]
        return here + toc_entries(list(node.values()))
    return []


def anchors(page):
    return {tag[key] for key in ("id", "name") for tag in page.find_all(attrs={key: True})}


def test_it_builds_without_a_warning(build):
    finished, _ = build
    if finished.returncode:
        pytest.fail(finished.stdout, pytrace=False)


def test_every_entry_of_the_contents_is_built(site):
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    missing = [name for name in toc_entries(toc) if not (site / f"{name}.html").exists()]
    assert toc_entries(toc)
    assert not missing


def test_no_internal_link_is_dead(require, pages):
    known = {path: anchors(page) for path, page in pages.items()}

    def dead_links(path, page):
        for tag in page.find_all(["a", "area", "link", "img", "script", "source", "iframe"]):
            address = tag.get("href") or tag.get("src") or ""
            url = urlsplit(address)
            if url.scheme or url.netloc or address in ("", "#"):
                continue
            target = (path.parent / unquote(url.path)).resolve() if url.path else path
            if not target.is_file():
                yield f"{address} does not exist"
            elif url.fragment and unquote(url.fragment) not in known.get(target, ()):
                yield f"{address} has no such place"

    require(dead_links)


def test_every_page_has_a_title_and_one_heading(require):
    def headless(path, page):
        if not page.title or not page.title.get_text(strip=True):
            yield "no <title>"
        headings = [h1 for h1 in page.find_all("h1") if not h1.find_parent(class_="onlyprint")]
        if len(headings) != 1 or not headings[0].get_text(strip=True):
            yield f"needs one <h1>, has {[h1.get_text(strip=True) for h1 in headings]}"

    require(headless)


def test_every_image_has_a_text_alternative(require):
    def unlabelled(path, page):
        for image in page.find_all("img"):
            alt = image.get("alt", "")
            if image.parent.name == "a" and image.parent.get_text(strip=True):
                continue  # the mark in front of a name
            if not alt.strip() or alt.endswith((".png", ".svg")):  # MyST-NB falls back on the path
                yield f"no alt text: {image!s:.80}"

    require(unlabelled)


def test_ids_are_unique_on_a_page(require):
    def repeated(path, page):
        ids = [tag["id"] for tag in page.find_all(id=True)]
        for name in sorted({name for name in ids if ids.count(name) > 1}):
            yield f"the id {name} occurs {ids.count(name)} times"

    require(repeated)


@pytest.fixture(params=refresh.notebooks(), ids=lambda path: path.stem)
def notebook_and_page(request, site, pages):
    """A notebook, and the page made from it."""
    path = request.param
    page = pages.get(site / path.relative_to(ROOT).with_suffix(".html"))
    if page is None:
        pytest.fail(f"{path.relative_to(ROOT)} has no page: is it in _toc.yml?", pytrace=False)
    return nbformat.read(path, as_version=4), page


def test_each_figure_is_in_the_page_under_its_description(notebook_and_page):
    nb, page = notebook_and_page
    outputs = [o.get("data", {}) for cell in nb.cells for o in cell.get("outputs", [])]
    stored = [data for data in outputs if "image/svg+xml" in data]
    described = [data.get(figures.MIME, {}).get("sentence", data["text/plain"]) for data in stored]
    shown = [svg["aria-label"] for svg in page.select("figure svg[role=img]")]
    assert shown == described
    answering = [figure["data-kind"] for figure in page.select("figure.explorable")]
    assert answering == [data[figures.MIME]["kind"] for data in stored if figures.MIME in data]


def test_only_pages_with_a_figure_to_move_load_the_scripts_for_it(require):
    def loads(path, page):
        kinds = {figure["data-kind"] for figure in page.select("figure.explorable")}
        scripts = [s["src"] for s in page.select("script[src]") if "/figures/" in s["src"]]
        names = [PurePosixPath(urlsplit(address).path).stem for address in scripts]
        if kinds != set(names) - {"attention", "plot", "start"} or len(set(names)) < len(names):
            yield f"has the figures {kinds} and the scripts {names}"

    require(loads)


def test_figures_take_their_colours_from_the_theme(notebook_and_page):
    _, page = notebook_and_page
    for svg in page.select(".nw-figure svg, .explorable svg"):
        assert "var(--nw-ink, #222222)" in str(svg)


def test_equations_keep_the_numbers_that_the_author_gave_them(notebook_and_page):
    nb, page = notebook_and_page
    prose = "\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")
    written = re.findall(r"\\tag\{([^}]+)\}", prose)
    shown = [eqno.get_text().strip("()#¶ ") for eqno in page.select(".eqno")]
    assert shown == written
    anchors_here = anchors(page)
    links = [a for a in page.select("a[href^='#equation-']") if "headerlink" not in a["class"]]
    if written and not links:
        pytest.fail(f"no sentence mentions an equation, like ({written[0]})", pytrace=False)
    assert all(link["href"][1:] in anchors_here for link in links)


def test_mathematics_is_markup_that_needs_no_script(notebook_and_page):
    _, page = notebook_and_page
    assert page.select(".math math")
    assert len(page.select(".math")) == len(page.select(".math math"))
    assert not [
        script for script in page.select("script[src]") if "mathjax" in script["src"].lower()
    ]


def test_no_page_loads_anything_from_elsewhere(require):
    def foreign(path, page):
        for tag in page.find_all(["link", "script", "img", "iframe", "source"]):
            address = tag.get("src") or tag.get("href") or ""
            if urlsplit(address).netloc and tag.get("rel") != ["canonical"]:
                yield f"loads {address}"

    require(foreign)


def test_the_mathematics_font_has_every_character_of_the_formulas(site, pages):
    font = TTFont(site / "_static" / "fonts" / "book-math.woff2")
    needed = {c for page in pages.values() for m in page.select("math") for c in m.get_text()}
    invisible = set("\u2061\u2062\u2063\ufe00 \n")
    known = {chr(code) for code in font.getBestCmap()}
    assert len(needed) > 50
    assert needed - invisible <= known
    assert "SIL Open Font License" in (site / "_static/fonts/book-math-LICENSE.txt").read_text()


def test_the_icon_font_has_every_icon_of_the_pages_and_little_else(site, pages):
    font = TTFont(site / "_static/fonts/fa-solid-900.woff2")
    style = (site / "_static/book-all.css").read_text(encoding="utf-8")
    tags = [tag for page in pages.values() for tag in page.select(".fa-solid")]
    names = {name for tag in tags for name in tag["class"] if name.startswith("fa-")}
    names -= {"fa-solid", "fa-lg", "fa-fw"}  # these say how an icon is drawn, not which
    assert "fa-bars" in names
    for name in names:
        icon = re.search(rf'\.{name}:before[^{{}}]*\{{content:"(.)"', style)
        assert ord(icon[1]) in font.getBestCmap(), name
    assert len(font.getBestCmap()) < 60


def test_the_text_fonts_have_every_letter_of_the_pages(site, pages):
    needed = {c for page in pages.values() for c in page.get_text() if " " < c < "\u0250"}
    assert len(needed) > 95
    for name in ("book-serif", "book-serif-italic", "book-sans"):
        font = TTFont(site / "_static" / "fonts" / f"{name}.woff2")
        assert needed <= {chr(code) for code in font.getBestCmap()}
        assert "Source" not in font["name"].getDebugName(1)  # a reserved name
        assert "SIL Open Font License" in (site / f"_static/fonts/{name}-LICENSE.txt").read_text()


def test_a_formula_stays_on_the_line_of_the_comma_behind_it(require):
    def loose(path, page):
        for formula in page.select("article span.math"):
            after = formula.next_sibling
            tied = "together" in formula.parent.get("class", []) or "long" in formula["class"]
            if isinstance(after, str) and re.match(r"[,.;:!?)]", after) and not tied:
                yield f"{formula.get_text()}{after[:10]}"

    require(loose)


def test_a_chapter_has_its_number_above_its_title(site, pages):
    for path in sorted(site.glob("*/0*.html")):
        number = pages[path].select_one("h1 .chapter-number")
        assert number.get_text() == str(int(path.stem[:2]))


def test_each_question_has_one_right_answer_and_opens_one_at_a_time(site, pages):
    for path in sorted(site.glob("*/0*.html")):
        answers = pages[path].select("#check-yourself details")
        questions = {}
        for answer in answers:
            questions.setdefault(answer["name"], []).append(answer)
        assert len(questions) >= 2
        for choices in questions.values():
            assert len(choices) == 3
            assert len({id(choice.find_previous_sibling("p")) for choice in choices}) == 1
            assert ["right" in choice["class"] for choice in choices].count(True) == 1
            for choice in choices:
                verdict = choice.select_one(".sd-summary-content").get_text(strip=True)
                assert verdict.startswith("Yes" if "right" in choice["class"] else "No")


def test_every_figure_of_a_chapter_has_a_numbered_caption(site, pages):
    for path in sorted(site.glob("*/0*.html")):
        figures = pages[path].select("figure")
        numbers = [figure.select_one("[data-number]")["data-number"] for figure in figures]
        assert numbers == [f"Figure {int(path.stem[:2])}.{i + 1}. " for i in range(len(figures))]
        for figure in figures:
            assert figure.figcaption.get_text(strip=True) == figure.svg["aria-label"]


def test_the_search_has_the_text_of_every_page_and_fetches_nothing(site):
    script = (site / "_static" / "page-texts.js").read_text(encoding="utf-8")
    texts = json.loads(script.removeprefix("const PAGE_TEXTS = ").removesuffix(";\n"))
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    assert set(texts) == set(toc_entries(toc))
    glossary = BeautifulSoup(texts["appendix/glossary"], "html.parser")
    assert "positive shares" in glossary.select_one("[role=main] #softmax").get_text()


def test_only_the_search_page_carries_the_index(site, pages):
    for path, page in pages.items():
        loaded = [script["src"] for script in page.select("script[src]")]
        assert any("searchindex" in source for source in loaded) == (path.stem == "search")


def test_all_pages_load_one_style_sheet_that_loads_nothing(site, pages):
    loaded = {link["href"].lstrip("./") for page in pages.values() for link in page.select(STYLE)}
    (address,) = loaded
    style = (site / address.partition("?")[0]).read_text(encoding="utf-8")
    assert address.endswith(f"?v={zlib.crc32(style.encode()):08x}")
    assert "@import" not in style
    assert len(re.findall(r'src:url\("?data:font/woff2;base64,d09GMg', style)) >= 5
    assert [path.name for path in site.glob("_static/**/*.css")] == ["book-all.css"]


def test_what_no_page_loads_is_not_there(site):
    kept = {path.relative_to(site).as_posix() for path in site.glob("_static/**/*")}
    assert not [path for path in kept if re.search(r"fontawesome|\.map$|\.ttf$", path)]


def test_the_bibliography_has_the_works_of_the_bibtex_file():
    page = (ROOT / "appendix" / "bibliography.md").read_text(encoding="utf-8")
    works = re.split(r"(?m)^@", (ROOT / "references.bib").read_text(encoding="utf-8"))[1:]
    assert len(works) == page.count("\n### ") > 10
    for work in works:
        fields = dict(re.findall(r"(?ms)^  (\w+) *= \{(.*?)\},\n", work))
        title = " ".join(re.sub(r"[{}]", "", fields["title"]).split())
        (entry,) = [line for line in page.splitlines() if title in line]
        assert f"({fields['year']})" in entry
        names = fields.get("author") or fields["editor"]
        assert entry.startswith(names.partition(",")[0])
        for name in ("volume", "doi", "eprint"):
            assert fields.get(name, "") in entry
        assert fields.get("pages", "").replace("--", "–") in entry
