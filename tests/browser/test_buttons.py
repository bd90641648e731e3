"""Each button of a page opens the right place: a reader clicks it, on a page of either part.

Where those of the others lead, tests/site/test_launch.py reads.
"""

import threading
from functools import partial
from http.server import ThreadingHTTPServer

import nbformat
import pytest

from .book import CHAPTERS, ROOT
from .conftest import Pages

CLICKED = [CHAPTERS[0], CHAPTERS[-1]]
ELSEWHERE = {
    "on Binder": "https://mybinder.org/v2/gh/ada/attention/winter?urlpath=lab/tree/{}.ipynb",
    "in Colab": "https://colab.research.google.com/github/ada/attention/blob/winter/{}.ipynb",
    "The book's repository": "https://github.com/ada/attention",
}


@pytest.fixture(scope="module")
def home(linked):
    """The address of a site that knows its repository."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Pages, directory=linked)) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def context(browser):
    context = browser.new_context()
    yield context
    context.close()


def is_navigation(request):
    return request.is_navigation_request()


def click(context, address, name):
    """Click the link of this name on the page, and return the address that its tab asks for."""
    page = context.new_page()
    page.goto(address)
    with context.expect_event("request", is_navigation) as asked:
        page.get_by_role("link", name=name, exact=True).click()
    for tab in context.pages:
        tab.close()
    return asked.value.url


@pytest.mark.parametrize("button", ELSEWHERE)
@pytest.mark.parametrize("name", CLICKED)
def test_a_button_opens_this_page_elsewhere(context, home, name, button):
    assert click(context, f"{home}/{name}.html", button) == ELSEWHERE[button].format(name)


@pytest.mark.parametrize("button", ["in your browser", "Run this page in your browser"])
def test_a_button_opens_this_page_in_the_browser(context, home, button):
    name = CHAPTERS[1]
    address = f"{home}/lite/lab/index.html?path={name}.ipynb"
    assert click(context, f"{home}/{name}.html", button) == address


@pytest.mark.parametrize("name", CLICKED)
def test_a_button_downloads_this_page(context, home, name, tmp_path):
    page = context.new_page()
    page.goto(f"{home}/{name}.html")
    page.get_by_role("button", name="Download this page").click()
    with page.expect_download() as download:
        page.locator(".dropdown-download-buttons a[href$='.ipynb']").click()
    download.value.save_as(tmp_path / "it.ipynb")
    assert nbformat.read(tmp_path / "it.ipynb", 4) == nbformat.read(ROOT / f"{name}.ipynb", 4)
    page.close()
