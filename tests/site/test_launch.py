"""Buttons lead to the right file of the right repository, and are absent where none is known."""

import subprocess
import sys
from pathlib import Path

import pytest
import refresh
import repository
from bs4 import BeautifulSoup, SoupStrainer

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def launch(extension):
    return extension("launch")


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("https://github.com/ada/attention", "https://github.com/ada/attention"),
        ("https://github.com/ada/attention.git", "https://github.com/ada/attention"),
        ("https://name@github.com/ada/attention/", "https://github.com/ada/attention"),
        ("git@github.com:ada/attention.git", "https://github.com/ada/attention"),
        ("ssh://git@github.com/ada/attention", "https://github.com/ada/attention"),
        ("https://gitlab.com/group/sub/course", "https://gitlab.com/group/sub/course"),
        ("https://git.school.example:8443/ada/x.y", "https://git.school.example/ada/x.y"),
    ],
)
def test_a_repository_is_known_by_any_of_its_addresses(monkeypatch, address, page):
    monkeypatch.setenv("BOOK_REPOSITORY_URL", address)
    assert repository.repository(ROOT).page == page


@pytest.mark.parametrize("address", ["attention", "https://github.com", "/home/ada/x", "a b/c@d"])
def test_an_address_that_is_none_stops_the_build(monkeypatch, address):
    monkeypatch.setenv("BOOK_REPOSITORY_URL", address)
    with pytest.raises(Exception, match="BOOK_REPOSITORY_URL must be like"):
        repository.repository(ROOT)


def test_the_remote_is_taken_and_a_folder_on_this_machine_is_none(monkeypatch, tmp_path):
    monkeypatch.delenv("BOOK_REPOSITORY_URL", raising=False)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    assert repository.repository(tmp_path) is None
    remote = ["git", "-C", tmp_path, "remote"]
    subprocess.run([*remote, "add", "origin", "git@github.com:ada/attention.git"], check=True)
    assert repository.repository(tmp_path).page == "https://github.com/ada/attention"
    subprocess.run([*remote, "set-url", "origin", str(ROOT)], check=True)
    assert repository.repository(tmp_path) is None


def test_binder_opens_the_file_of_the_branch():
    here = repository.Repository("github.com", "ada/attention", "winter 26")
    file = "chapters/01_dataset.ipynb"
    assert here.binder(file) == (
        "https://mybinder.org/v2/gh/ada/attention/winter%2026"
        "?urlpath=lab/tree/chapters/01_dataset.ipynb"
    )
    group = repository.Repository("gitlab.com", "group/sub/course", "main")
    assert "/v2/gl/group%2Fsub%2Fcourse/main?" in group.binder(file)
    other = repository.Repository("git.school.example", "ada/x", "main")
    assert "/v2/git/https%3A%2F%2Fgit.school.example%2Fada%2Fx/main?" in other.binder(file)


def test_colab_opens_the_file_of_the_branch():
    here = repository.Repository("github.com", "ada/attention", "winter/26")
    assert here.colab("chapters/01_dataset.ipynb") == (
        "https://colab.research.google.com/github/ada/attention/blob/winter/26"
        "/chapters/01_dataset.ipynb"
    )


@pytest.mark.parametrize(
    ("host", "file", "words"),
    [
        (None, "chapters/a.ipynb", ["in your browser"]),
        ("github.com", "chapters/a.ipynb", ["in your browser", "on Binder", "in Colab"]),
        ("gitlab.com", "chapters/a.ipynb", ["in your browser", "on Binder"]),
        ("github.com", "homework/hw1/hw1.ipynb", ["in your browser", "on Binder"]),
    ],
)
def test_only_what_can_be_opened_is_offered(launch, host, file, words):
    here = host and repository.Repository(host, "ada/attention", "main")
    links = BeautifulSoup("".join(launch.links(file, "../", here)), "html.parser")
    assert [link.text for link in links.select("a[href]")] == words


def parsed(page):
    """The links of a page: to parse all else takes a second."""
    text = page.read_text(encoding="utf-8")
    return BeautifulSoup(text, "html.parser", parse_only=SoupStrainer("a"))


FILES = sorted(path.relative_to(ROOT).as_posix() for path in refresh.notebooks())


@pytest.mark.parametrize("file", FILES)
def test_each_notebook_has_links_to_its_own_file_and_to_no_other(linked, file):
    page = (linked / file).with_suffix(".html")
    links = [link["href"] for link in parsed(page).select("a[href]")]
    (download,) = [link for link in links if link.endswith(".ipynb") and "_sources/" in link]
    assert (page.parent / download).read_bytes() == (ROOT / file).read_bytes()
    up = "../" * file.count("/")
    ours = [link for link in links if "ada/" in link or f"{up}lite/" in link]
    binder = f"https://mybinder.org/v2/gh/ada/attention/winter?urlpath=lab/tree/{file}"
    colab = f"https://colab.research.google.com/github/ada/attention/blob/winter/{file}"
    lite = f"{up}lite/lab/index.html?path={file}"
    repository = "https://github.com/ada/attention"
    line = [] if file == "index.ipynb" else [lite, binder, colab]
    assert sorted(ours) == sorted([lite, repository, *line])
    target, _, path = lite.partition("?path=")
    assert (page.parent / target).is_file()
    assert (linked / "lite" / "files" / path).is_file()


@pytest.mark.parametrize("name", ["hw1", "hw2", "hw3", "hw4", "hw5", "hw6"])
def test_each_homework_opens_where_it_is_put(linked, name):
    links = [a["href"] for a in parsed(linked / "appendix" / "homework.html").select("a[href]")]
    file = f"homework/{name}/{name}.ipynb"
    assert f"../lite/lab/index.html?path={file}" in links
    assert sum(link.endswith(f"/winter?urlpath=lab/tree/{file}") for link in links) == 1
    assert (linked / "lite" / "files" / file).is_file()
    assert not any("colab" in link for link in links)


def test_the_build_says_when_colab_would_not_find_nwlib(linked_build):
    said = linked_build[0]
    if '"nwlib==' in (ROOT / "index.ipynb").read_text(encoding="utf-8"):
        assert said == ""  # a release, which is on PyPI
    else:
        assert "does not get nwlib from https://github.com/ada/attention." in said
        assert "make address URL=https://github.com/ada/attention" in said


def test_without_a_repository_there_is_the_browser_and_nothing_dead(site):
    here = repository.repository(ROOT)  # of whoever runs the tests
    for file in FILES:
        page = parsed((site / file).with_suffix(".html"))
        assert page.select("a[href*='lite/lab/index.html?path=']")
        assert bool(page.select("a[href*='mybinder'], a[href*='colab']")) == bool(here)


def test_binder_gets_the_homework_without_solutions_and_checks(tmp_path):
    post_build = (ROOT / ".binder" / "postBuild").read_text()
    assert "handout.py handout\nrm -rf homework\nmv handout homework\n" in post_build
    subprocess.run([sys.executable, ROOT / "pages" / "handout.py", tmp_path], check=True)
    names = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*"))
    assert names == sorted([*(f"hw{i}/hw{i}.ipynb" for i in range(1, 7)), "hw5/nile.csv"])
    for path in tmp_path.rglob("*.ipynb"):
        assert "BEGIN SOLUTION" not in path.read_text(encoding="utf-8")
        assert "YOUR CODE HERE" in path.read_text(encoding="utf-8")
