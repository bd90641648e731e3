"""The site hands out the homework, without anything that only the instructor should have."""

import json
import re
import zipfile
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.stem for path in (ROOT / "homework" / "checks").glob("*.py"))


@pytest.fixture(scope="module")
def downloads(site):
    """What the links of the homework page lead to, as bytes by file name."""
    page = site / "appendix" / "homework.html"
    links = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").select("a[download]")
    paths = [page.parent / link["href"] for link in links if "homework/" in link["href"]]
    found = {path.name: path.read_bytes() for path in paths if path.suffix == ".ipynb"}
    for path in paths:
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                found |= {Path(name).name: archive.read(name) for name in archive.namelist()}
    return found


def test_each_assignment_can_be_downloaded_with_its_data(downloads):
    data = {path.name for path in (ROOT / "homework" / "source").glob("*/*.csv")}
    assert downloads.keys() == {f"{name}.ipynb" for name in NAMES} | data
    for name in data:
        (source,) = (ROOT / "homework" / "source").glob(f"*/{name}")
        assert downloads[name] == source.read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_what_is_downloaded_has_no_solution(downloads, name):
    source = json.loads((ROOT / "homework" / "source" / name / f"{name}.ipynb").read_text())
    handed_out = json.loads(downloads[f"{name}.ipynb"])
    answers = 0
    for cell, original in zip(handed_out["cells"], source["cells"], strict=True):
        text, solved = "".join(cell["source"]), "".join(original["source"])
        assert cell["metadata"] == original["metadata"]
        if not cell["metadata"]["nbgrader"]["solution"]:
            assert text == solved
            continue
        answers += 1
        assert "SOLUTION" not in text
        assert ("YOUR ANSWER HERE" if cell["cell_type"] == "markdown" else "YOUR CODE HERE") in text
        assert not any(line in text for line in _solution(original))
    assert answers > 5


def test_nothing_of_the_instructor_is_in_the_site(site):
    secrets = [_distinctive(name).encode() for name in NAMES]
    for path in site.rglob("*.*"):
        if path.is_file():
            assert not any(secret in path.read_bytes() for secret in secrets), path
    assert not list(site.rglob("checks"))
    assert not list(site.rglob("source"))


def _solution(cell):
    """Return the lines of a cell that are in solutions only."""
    text = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        return [line for line in text.splitlines() if line]
    solutions = re.findall(r"(?s)### BEGIN SOLUTION\n(.*?)### END SOLUTION", text)
    rest = re.sub(r"(?s)### BEGIN SOLUTION\n.*?### END SOLUTION", "", text)
    lines = [line.strip() for solution in solutions for line in solution.splitlines()]
    return [line for line in lines if line and line not in rest]


def _distinctive(name):
    """Return the longest line of code of the solutions."""
    source = json.loads((ROOT / "homework" / "source" / name / f"{name}.ipynb").read_text())
    answers = (cell for cell in source["cells"] if cell["metadata"]["nbgrader"]["solution"])
    code = (cell for cell in answers if cell["cell_type"] == "code")
    return max((line for cell in code for line in _solution(cell)), key=len)
