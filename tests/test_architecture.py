"""Each room imports what ARCHITECTURE.md says it may, and nothing else."""

import ast
import itertools
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
TABLE = TEXT[TEXT.index("| room |") :].partition("\n\n")[0].splitlines()[2:]


def names(cell):
    return re.findall(r"`([^`]+)`", cell)


def files(pattern):
    """Return the files of a pattern like those of a shell, in which {a,b} stands for either."""
    alternatives = [part.split(",") for part in re.findall(r"\{([^}]*)\}", pattern)]
    form = re.sub(r"\{[^}]*\}", "{}", pattern)
    return {
        path
        for chosen in itertools.product(*alternatives)
        for path in ROOT.glob(form.format(*chosen))
    }


def imported(path):
    """Yield the module of each import of a file, wherever it stands, and the name taken from it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module or alias.name, alias.name) for alias in node.names)


def name_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    parts = parts[2:] if parts[:2] == ("homework", "grader") else parts
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    return ".".join(parts) if parts[0] in ("nwlib", "nwgrade") else parts[-1]


ROOMS = {}
for row in TABLE:
    room, _, ours, others = (cell.strip() for cell in row.strip("|").split("|"))
    (pattern,) = names(room)
    ROOMS[pattern] = ours, others
MODULES = {name_of(path): pattern for pattern in ROOMS for path in files(pattern)}


@pytest.mark.parametrize("pattern", ROOMS)
def test_a_room_imports_what_it_may(pattern):
    ours, others = ROOMS[pattern]
    paths = files(pattern)
    assert paths
    allowed = set(names(ours)) | {name_of(path) for path in paths}
    wrong = []
    for path in paths:
        for module, name in imported(path):
            full = f"{module}.{name}" if f"{module}.{name}" in MODULES else module
            if full in MODULES:
                is_wrong = full not in allowed
            else:
                top = module.partition(".")[0]
                known = {*names(others), *sys.stdlib_module_names}
                is_wrong = others != "any" and top not in known
            if is_wrong:
                wrong.append(f"{path.relative_to(ROOT)} imports {full}")
    assert not wrong


def test_every_module_of_ours_has_a_room():
    folders = ("nwlib", "homework/checks", "homework/grader", "pages", "benchmarks")
    there = {path for folder in folders for path in (ROOT / folder).rglob("*.py")}
    assert there == {path for pattern in ROOMS for path in files(pattern)}


@pytest.mark.parametrize("path", sorted(ROOT.glob("tests/*.py")), ids=lambda path: path.stem)
def test_a_test_imports_no_other_and_what_is_private_where_its_name_says_so(path):
    taken = [f"{module}.{name}" if name else module for module, name in imported(path)]
    assert not [name for name in taken if name.startswith("test_")]
    private = [name for name in taken if name.startswith("nwlib") and "._" in name]
    assert not private or "inside" in path.stem, private
