"""One click on a page opens its notebook in the reader's browser, and all of it runs there.

The Pyodide of the CDN is served by this machine. Everything else is the site as it was built.
"""

import gzip
import json
import re
import socket
import threading
from contextlib import contextmanager
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import nbformat
import pytest

from . import jupyter
from .book import CHAPTERS, ROOT
from .conftest import Pages
from .engines import reading, wait_for

KERNEL = "Python (Pyodide)"
SETTINGS = "@jupyterlite/pyodide-kernel-extension:kernel"


@contextmanager
def school(site, folder, pyodide_url):
    """The address of a server that has the site, in which Pyodide is at another address."""
    for path in (*site.iterdir(), *(site / "lite").iterdir()):
        if path.name not in ("lite", "jupyter-lite.json"):
            target = folder / path.relative_to(site)
            target.parent.mkdir(exist_ok=True)
            target.symlink_to(path)
    config = json.loads((site / "lite" / "jupyter-lite.json").read_text())
    kernel = config["jupyter-config-data"]["litePluginSettings"][SETTINGS]
    assert kernel["pyodideUrl"] == "https://cdn.jsdelivr.net/pyodide/v0.27.7/full/pyodide.js"
    kernel["pyodideUrl"] = pyodide_url
    (folder / "lite" / "jupyter-lite.json").write_text(json.dumps(config))
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Counting, directory=folder)) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def home(site, pyodide, tmp_path_factory):
    """The address of the site on a server that has Pyodide as well."""
    folder = tmp_path_factory.mktemp("school")
    (folder / "pyodide").symlink_to(pyodide)
    with school(site, folder, "/pyodide/pyodide.js") as home:
        yield home


class Counting(Pages):
    """Remembers which files it was asked for."""

    asked: ClassVar = set()

    def do_GET(self):  # noqa: N802
        self.asked.add(Path(self.translate_path(self.path)))
        super().do_GET()


@pytest.fixture
def context(browser, home):
    """A reader with an empty cache, who is told of requests that fail or go elsewhere."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(20_000)
    heard = []
    context.on(
        "request", lambda r: r.url.startswith((home, "data:", "blob:")) or heard.append(r.url)
    )
    context.on("response", lambda r: r.ok or heard.append(f"{r.status}: {r.url}"))
    yield context
    context.close()
    assert not set(heard) - {f"404: {home}/favicon.ico"}  # which a browser asks for by itself


def open_from(context, address, row=None):
    """Click the link on a page of the book, or in a row of it, and return the tab that it opens."""
    page = context.new_page()
    page.goto(address)
    place = page.get_by_role("row").filter(has_text=row) if row else page
    with context.expect_page() as opened:
        place.get_by_role("link", name="in your browser", exact=True).click()
    page.close()
    return opened.value


def test_a_chapter_runs_and_the_book_says_what_that_downloads(context, home, site, pyodide):
    name = CHAPTERS[2]
    Counting.asked.clear()  # of what the tests before it asked for
    lab = open_from(context, f"{home}/{name}.html")
    jupyter.run_all(lab, KERNEL, name)
    assert not {text.strip() for text in jupyter.complaints(lab)} - {jupyter.FONTS}
    assert jupyter.printed(lab) == jupyter.stored(name)
    assert len(set(jupyter.move(lab))) > 4
    assert not lab.get_by_text("Python cannot start").count()
    files = {path.resolve() for path in Counting.asked if path.is_file() and path.suffix != ".html"}
    here, there = (
        [path for path in files if path.is_relative_to(folder.resolve())]
        for folder in (site / "lite", pyodide)
    )
    page = (ROOT / "appendix" / "running.md").read_text(encoding="utf-8")
    said = re.findall(r"\| ([\d.]+) MB, or ([\d.]+) MB", page)
    sizes = [(megabytes(group), megabytes(group, gzip.compress)) for group in (here, there)]
    for (whole, packed), told in zip(sizes, said, strict=True):
        assert (whole, packed) == pytest.approx([float(number) for number in told], rel=0.1)


def megabytes(paths, packing=bytes):
    return sum(len(packing(path.read_bytes())) for path in paths) / 1e6


def test_homework_runs_and_finds_its_data(context, home):
    lab = open_from(context, f"{home}/appendix/homework.html", row="One scale for a river")
    lab.get_by_text(f"{KERNEL} | Idle").wait_for(timeout=60_000)
    jupyter.choose(lab, "Run", "Run All Cells")
    source = nbformat.read(ROOT / "homework" / "source" / "hw5" / "hw5.ipynb", as_version=4)
    cells = [cell.source for cell in source.cells if cell.cell_type == "code"]
    (position,) = (i for i, cell in enumerate(cells) if "nile.csv" in cell)
    lab.locator(jupyter.CODE).nth(position).locator("img").wait_for(timeout=60_000)
    assert not {text.strip() for text in jupyter.complaints(lab)} - {jupyter.FONTS}


def test_what_is_changed_stays_in_the_browser_until_it_is_deleted(context, home):
    name = "02_average_pooling.ipynb"
    address = f"{home}/lite/lab/index.html?path=chapters/{name}"
    lab = context.new_page()
    lab.goto(address)
    lab.locator(".jp-CodeCell .cm-content").nth(1).click()
    lab.keyboard.insert_text("mine = 1\n")
    jupyter.choose(lab, "File", "Save Notebook")
    lab.locator(".jp-NotebookPanel-toolbar").wait_for()
    lab.wait_for_timeout(1000)  # to write it down
    lab.goto("about:blank")
    lab.goto(address)
    lab.get_by_text("mine = 1").wait_for()
    item = lab.locator(f".jp-DirListing-item:has-text('{name}')")
    item.click(button="right")
    with lab.expect_download() as download:
        lab.locator(".lm-Menu-item >> text='Download'").click()
    assert "mine = 1" in download.value.path().read_text(encoding="utf-8")
    item.click()
    lab.keyboard.press("Delete")
    lab.locator(".jp-Dialog").get_by_role("button", name="Delete").click()
    lab.locator(".jp-Notebook").wait_for(state="detached")
    item.dblclick()
    lab.locator(".jp-CodeCell .cm-content").nth(1).wait_for()
    assert not lab.get_by_text("mine = 1").count()


NOTICE = "[role=alert]:has(code)"
LAB = "lite/lab/index.html?path=chapters/01_dataset.ipynb"


@pytest.mark.parametrize("engine", ["firefox", "webkit"])
def test_where_python_cannot_be_had_the_page_tells_what_to_do(engine, playwright, site, tmp_path):
    with socket.socket() as taken:  # and nobody answers
        taken.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{taken.getsockname()[1]}"
        with (
            school(site, tmp_path, f"http://{host}/pyodide.js") as home,
            reading(engine, playwright) as reader,
        ):
            reader.open(f"{home}/{LAB}")
            said = wait_for(reader, f"() => document.querySelector('{NOTICE}')?.textContent")
            link = reader.run(f"() => document.querySelector('{NOTICE} a').href")
    for words in (f"it comes from {host}, which", "Check your network", "pyodide_url", "Binder"):
        assert words in " ".join(said.split())
    assert link == f"{home}/appendix/running.html"


@pytest.mark.parametrize("width", [390, 1280])
def test_it_is_told_above_all_that_jupyterlab_shows_until_it_is_closed(browser, addresses, width):
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme="dark")
    page.goto(f"{addresses['http']}/{LAB}")  # the network is cut
    notice = page.locator(NOTICE)
    assert "it comes from cdn.jsdelivr.net, which" in " ".join(notice.inner_text().split())
    page.locator(".jp-Notebook").wait_for()
    page.keyboard.press("Control+Shift+c")  # the palette of commands
    box = notice.bounding_box()
    assert box["width"] == width
    for part in ("b", "a", "button"):
        notice.locator(part).click(trial=True)  # nothing is in front of it
    notice.get_by_role("button", name="Close").click()
    assert not notice.count()
    page.context.close()


@pytest.mark.parametrize("answer", ["<h1>This address is blocked.</h1>", "loadPyodide"])
def test_a_host_that_takes_its_time_is_told_and_then_believed(browser, addresses, answer):
    page = browser.new_page()
    waiting = []
    page.route("**/pyodide.js", lambda route: waiting.append(route))
    page.goto(f"{addresses['http']}/{LAB}")
    page.locator(NOTICE).wait_for(timeout=20_000)
    open_to_all = {"Access-Control-Allow-Origin": "*"}
    for route in waiting:
        route.fulfill(body=answer, headers=open_to_all)
    if answer == "loadPyodide":
        page.locator(NOTICE).wait_for(state="detached")
    else:
        page.wait_for_timeout(200)
        assert page.locator(NOTICE).count() == 1
    page.context.close()


def test_from_a_folder_the_buttons_lead_to_what_has_to_be_done(browser, site):
    page = browser.new_page()
    for name in ("in your browser", "Run this page in your browser"):
        page.goto((site / "chapters" / "03_nadaraya_watson.html").as_uri())
        with page.context.expect_page() as opened:
            page.get_by_role("link", name=name, exact=True).click()
        opened.value.wait_for_url("**/appendix/running.html#from-a-folder")
        place = opened.value.locator("section:has(> #from-a-folder)")
        assert "python3 -m http.server" in place.text_content()
    page.context.close()
