"""Buttons lead to the right file of the right repository, and are absent where none is known."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def launch():
    sys.path.insert(0, str(ROOT / "_ext"))
    try:
        import launch
    finally:
        sys.path.pop(0)
    return launch


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
def test_a_repository_is_known_by_any_of_its_addresses(launch, monkeypatch, address, page):
    monkeypatch.setenv("BOOK_REPOSITORY_URL", address)
    assert launch.repository(ROOT).page == page


@pytest.mark.parametrize("address", ["attention", "https://github.com", "/home/ada/x", "a b/c@d"])
def test_an_address_that_is_none_stops_the_build(launch, monkeypatch, address):
    monkeypatch.setenv("BOOK_REPOSITORY_URL", address)
    with pytest.raises(Exception, match="BOOK_REPOSITORY_URL must be like"):
        launch.repository(ROOT)


def test_the_remote_is_taken_and_a_folder_on_this_machine_is_none(launch, monkeypatch, tmp_path):
    monkeypatch.delenv("BOOK_REPOSITORY_URL", raising=False)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    assert launch.repository(tmp_path) is None
    remote = ["git", "-C", tmp_path, "remote"]
    subprocess.run([*remote, "add", "origin", "git@github.com:ada/attention.git"], check=True)
    assert launch.repository(tmp_path).page == "https://github.com/ada/attention"
    subprocess.run([*remote, "set-url", "origin", str(ROOT)], check=True)
    assert launch.repository(tmp_path) is None


def test_binder_opens_the_file_of_the_branch(launch):
    here = launch.Repository("github.com", "ada/attention", "winter 26")
    file = "chapters/01_dataset.ipynb"
    assert here.binder(file) == (
        "https://mybinder.org/v2/gh/ada/attention/winter%2026"
        "?urlpath=lab/tree/chapters/01_dataset.ipynb"
    )
    group = launch.Repository("gitlab.com", "group/sub/course", "main")
    assert "/v2/gl/group%2Fsub%2Fcourse/main?" in group.binder(file)
    other = launch.Repository("git.school.example", "ada/x", "main")
    assert "/v2/git/https%3A%2F%2Fgit.school.example%2Fada%2Fx/main?" in other.binder(file)


@pytest.fixture(scope="module")
def linked(tmp_path_factory):
    """The site, built by somebody who has said where the repository is."""
    folder = tmp_path_factory.mktemp("linked")
    leave = shutil.ignore_patterns(".*", "_build", "*.egg-info", "tests", "benchmarks")
    shutil.copytree(ROOT, folder, ignore=leave, dirs_exist_ok=True)
    subprocess.run(
        [sys.executable, folder / "scripts" / "build.py", folder],
        env={**os.environ, "BOOK_REPOSITORY_URL": "https://github.com/ada/attention"},
        check=True,
        capture_output=True,
    )
    return folder / "_build" / "html"


def links(page):
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    return [link["href"] for link in soup.select("a[href^='https://']")]


def test_each_notebook_has_buttons_for_its_own_file_and_no_other(linked):
    pages = [ROOT / "index.ipynb", *ROOT.glob("chapters/*.ipynb"), *ROOT.glob("appendix/*.ipynb")]
    files = [path.relative_to(ROOT).as_posix() for path in pages]
    assert len(files) > 7
    for file in files:
        here = [link for link in links((linked / file).with_suffix(".html")) if "ada/" in link]
        assert "https://github.com/ada/attention" in here
        assert sum(link.endswith(f"main?urlpath=lab/tree/{file}") for link in here) == 1
        assert len(here) == 2


def test_each_homework_opens_on_binder_where_it_is_put(linked):
    here = links(linked / "appendix" / "homework.html")
    for name in ("hw1", "hw2", "hw3", "hw4", "hw5"):
        assert sum(f"urlpath=lab/tree/homework/{name}/{name}.ipynb" in link for link in here) == 1


def test_binder_gets_the_homework_without_solutions_and_checks(tmp_path):
    post_build = (ROOT / ".binder" / "postBuild").read_text()
    assert (
        "python scripts/handout.py homework\nrm -rf homework/source homework/checks" in post_build
    )
    subprocess.run([sys.executable, ROOT / "scripts" / "handout.py", tmp_path], check=True)
    names = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*"))
    assert names == [*(f"hw{i}/hw{i}.ipynb" for i in range(1, 6)), "hw5/nile.csv"]
    for path in tmp_path.rglob("*.ipynb"):
        assert "BEGIN SOLUTION" not in path.read_text(encoding="utf-8")
        assert "YOUR CODE HERE" in path.read_text(encoding="utf-8")
