"""`make dist`: one zip of the site that a learning platform, or a student, opens and reads."""

import os
import shutil
import subprocess
import sys
import zipfile
from posixpath import dirname, join, normpath
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup

from .book import DOCUMENTS, ROOT


def run(site, output):
    return subprocess.run(
        [sys.executable, ROOT / "pages" / "dist.py", "--site", site, output],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def packed(site, tmp_path_factory):
    output = tmp_path_factory.mktemp("dist") / "book.zip"
    done = run(site, output)
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith(f"The zip is here: {output.as_uri()}, ")
    return output


@pytest.fixture(scope="module")
def names(packed):
    with zipfile.ZipFile(packed) as content:
        assert content.testzip() is None
        return content.namelist()


def test_the_first_page_and_the_licences_are_at_the_root(names):
    assert {"index.html", "LICENSE", "LICENSE-TEXT"} <= set(names)
    assert {f"{name}.html" for name in DOCUMENTS} <= set(names)


def test_names_are_plain(names):
    for name in names:
        assert name.isascii()
        assert " " not in name
        assert not name.startswith("/")
        assert ".." not in name.split("/")
    assert len(names) == len({name.lower() for name in names})


def test_nothing_is_there_that_no_page_needs(names):
    unwanted = (".map", ".buildinfo", ".inv", ".mo", ".po", "macros.html", ".doctrees")
    assert not [name for name in names if name.endswith(unwanted)]


def test_every_link_and_download_is_there(packed, names):
    links = set()
    with zipfile.ZipFile(packed) as content:
        for name in names:
            if not name.endswith(".html"):
                continue
            page = BeautifulSoup(content.read(name), "html.parser")
            for element in page.select("[href], [src]"):
                link = urlsplit(element.get("href") or element["src"])
                if link.path and not link.scheme:
                    links.add((name, normpath(join(dirname(name), unquote(link.path)))))
    assert {target for _, target in links} >= {"_sources/chapters/01_dataset.ipynb"}
    assert not [link for link in links if link[1] not in names]


def test_a_source_that_no_page_links_to_stays_out(site, tmp_path):
    copy = shutil.copytree(site, tmp_path / "site")
    (copy / "_sources" / "chapters" / "left_over.ipynb").write_text("{}")
    run(copy, tmp_path / "book.zip")
    with zipfile.ZipFile(tmp_path / "book.zip") as content:
        assert "_sources/chapters/left_over.ipynb" not in content.namelist()


def test_the_same_site_gives_the_same_bytes(site, packed, tmp_path):
    copy = shutil.copytree(site, tmp_path / "site")
    for path in copy.rglob("*"):
        path.chmod(0o700)
        os.utime(path, (1e9, 1e9))
    run(copy, tmp_path / "book.zip")
    assert (tmp_path / "book.zip").read_bytes() == packed.read_bytes()


def test_without_a_site_it_says_what_to_do(tmp_path):
    done = run(tmp_path, tmp_path / "book.zip")
    assert done.returncode == 1
    assert done.stdout == f"{tmp_path}/index.html is missing: make book writes it\n"
    assert not (tmp_path / "book.zip").exists()


def test_unpacked_anywhere_it_opens_and_its_sliders_move(browser, packed, tmp_path):
    folder = tmp_path / "Kurs 3 · 注意力 (100 % öffentlich)"
    with zipfile.ZipFile(packed) as content:
        content.extractall(folder)
    heard = []
    context = browser.new_context(offline=True)
    context.on("console", lambda message: heard.append(message.text))
    context.on("weberror", lambda error: heard.append(str(error.error)))
    context.on("requestfailed", lambda request: heard.append(request.url))
    page = context.new_page()
    page.set_default_timeout(5000)
    page.goto((folder / "index.html").as_uri())
    page.get_by_role("article").get_by_role("link", name="Nadaraya-Watson", exact=True).click()
    slider = page.get_by_role("slider").first
    caption = page.locator("figure").filter(has=slider).locator("figcaption")
    before = caption.inner_text()
    slider.press("End")
    assert caption.inner_text() != before
    assert "Nadaraya-Watson" in page.get_by_role("heading", level=1).inner_text()
    context.close()
    assert heard == []
