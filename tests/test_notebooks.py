"""The notebooks as they are stored: what nbval, which runs them, does not see."""

import ast
import re
import sys

import nbformat
import pytest
import refresh

from nwlib import figures

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
IMPORTABLE = {"matplotlib", "numpy", "nwlib"} | sys.stdlib_module_names
ESCAPES = r"(nbval|raises-exception|skip)"  # tags and comments that switch a check off
MAGIC = re.compile(r"^(\s*)[%!].*", re.MULTILINE)
MAX_LINES = 15
PRIVATE = (
    r"\b0x[0-9a-f]{6,}|(?<![\w.:/])/(home|opt|private|root|tmp|usr|Users|var|work)/|\b[A-Z]:\\"
)
ROLES = r"\{(cite(:\w+)?|doc|numref)\}|<details"  # JupyterLab shows these raw or empty


@pytest.fixture(scope="module", params=refresh.notebooks(), ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture(scope="module")
def nb(path):
    return nbformat.read(path, as_version=4)


@pytest.fixture
def code(nb):
    return [cell for cell in nb.cells if cell.cell_type == "code"]


@pytest.fixture
def prose(nb):
    return [cell for cell in nb.cells if cell.cell_type == "markdown"]


def require(cells, rule, *, of):
    """Fail with the cells that break the `rule` on each of them; `of` is what it asks for."""
    wrong = [cell.source.partition("\n")[0] for cell in cells if not rule(cell)]
    if wrong:
        pytest.fail("\n  ".join([f"{of}; cells that break this begin with", *wrong]), pytrace=False)


def calls(cell, module, function=None):
    """Whether the cell calls `module.function(...)`, or any function of the module."""
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == module
        and function in (None, node.func.attr)
        for node in ast.walk(parsed(cell))
    )


def parsed(cell):
    """The syntax tree of a cell without its magics, of which `test_no_magics` tells."""
    return ast.parse(MAGIC.sub(r"\1pass", cell.source), filename=f"cell {cell.id}")


def bundles(cell):
    """What the cell shows, each as a dictionary from MIME type to content."""
    return [output.data for output in cell.outputs if "data" in output]


def texts(cell):
    """What a reader can read in the outputs of the cell."""
    shown = [output.get("text", "") for output in cell.outputs]
    return shown + [
        content
        for data in bundles(cell)
        for kind, content in data.items()
        if kind.startswith("text/")
    ]


def is_sentence(text):
    return text[:1].isalnum() and text.rstrip().endswith(".")


def is_picture(data):
    return {"image/svg+xml", "image/png"} <= set(data) and is_sentence(data.get("text/plain", ""))


def is_live(data):
    forms = {WIDGET_VIEW, figures.MIME, "image/svg+xml", "text/html"}
    return forms <= set(data) and is_sentence(data.get("text/plain", ""))


def test_it_is_valid_and_of_format_4_5(nb):
    nbformat.validate(nb)
    assert (nb.nbformat, nb.nbformat_minor) == (4, 5)


def test_it_is_stored_as_refresh_stores_it(path, nb):
    refresh.require_same(path.read_bytes().decode(), refresh.to_text(nb))


def test_cell_ids_are_unique(nb):
    ids = [cell.id for cell in nb.cells]
    assert len(ids) == len(set(ids))


def test_every_cell_has_run_once_and_in_order(code):
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))


def test_outputs_are_of_the_code_above_them(path, code):
    def is_fresh(cell):
        return cell.metadata.get(refresh.RAN) == refresh.digest(cell)

    name = path.relative_to(refresh.ROOT)
    require(code, is_fresh, of=f"{name} has changed since it ran: make refresh NOTEBOOKS={name}")


def test_no_output_says_that_something_is_false(path, code):
    """Cells print claims of the text, such as `same: True`. Reworded, a true one needs no False."""

    def holds(cell):
        return not any(re.search(r"\bFalse\b", text) for text in texts(cell))

    name = path.relative_to(refresh.ROOT)
    require(code, holds, of=f"{name} prints a claim that is False: mend the cell or the claim")


def test_no_output_is_a_bare_object(path, code):
    def is_none(cell):
        return not any(data.get("text/plain", "").startswith("<") for data in bundles(cell))

    name = path.relative_to(refresh.ROOT)
    require(code, is_none, of=f"{name} shows an object: end the cell with plots.show, or a print")


def test_the_code_under_exercises_is_tagged_as_solutions(path, nb):
    untagged, within = [], False
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            for heading in re.findall(r"(?m)^## (.*)", cell.source):
                within = heading.strip() == "Exercises"
        elif ({"solution", "hide-cell"} <= set(cell.metadata.get("tags", ()))) != within:
            untagged.append(cell)
    if path.parent.name in ("chapters", "beyond"):
        name = path.relative_to(refresh.ROOT)
        of = f"{name}: code under Exercises, and no other, has the tags solution and hide-cell"
        require(untagged, lambda cell: "remove-cell" in cell.metadata.get("tags", ()), of=of)


CONSTANTS = {
    ("01_dataset", "0.22"): "asked about, and said to be no rare error",
    ("02_average_pooling", "0.25"): "the noise's variance, 0.5 squared",
    ("02_average_pooling", "0.00005"): "a wrong answer",
    ("index", "0.42"): "chapter 4 prints it",
    ("linear_time", "3.76"): "the root of 2 * 708.4, in tens",
    ("linear_time", "3.86"): "the root of 2 * 745.1, in tens",
    ("linear_time", "1.0865"): "Cramér's constant",
    ("linear_time", "0.26"): "(L.10)'s ratio of two bounds, derived there",
    ("linear_time", "1.04"): "a bound on e^(0.36^2/4), worked out there",
    ("more_data", "1.32"): "the fifth root of 4",
}
"""Numbers in the prose that no cell of the page prints, at most ten, and why."""


def test_a_number_in_the_prose_is_printed_by_a_cell_or_stands_in_one(path, code, prose):
    shown = "\n".join(
        [cell.source for cell in code] + [text for cell in code for text in texts(cell)]
    )
    known = {float(one) for one in re.findall(r"\d+\.?\d*(?:e[+-]\d+)?", shown)}
    equations = re.findall(r"\\tag\{([^}]*)\}", "\n".join(cell.source for cell in prose))

    def is_known(number):
        places = len(number.partition(".")[2])
        near = any(abs(one - float(number)) <= 0.501 * 10**-places for one in known)
        return near or number in equations or (path.stem, number) in CONSTANTS

    said = [
        f"{number} in {cell.source[:50]!r}"
        for cell in prose
        for number in re.findall(r"(?<![\w.\\])\d+\.\d\d+(?![\w.])", without_links(cell.source))
        if not is_known(number)
    ]
    assert not said, f"{path.relative_to(refresh.ROOT)} says what no cell of it prints: {said}"
    assert len(CONSTANTS) <= 10


def without_links(text):
    return re.sub(r"\\tag\{[^}]*\}|\]\([^)]*\)|`[^`]*`", "", text)


def test_no_cell_switches_a_check_off(code):
    def plain(cell):
        comments = re.findall(r"#(.*)", cell.source)
        return not re.search(ESCAPES, " ".join(cell.metadata.get("tags", [])), re.I) and not any(
            re.match(rf"\s*{ESCAPES}", comment, re.I) for comment in comments
        )

    require(code, plain, of="no tag or comment may keep a cell from being checked")


def test_no_cell_has_failed_or_written_to_stderr(code):
    def fine(cell):
        return all(o.output_type != "error" and o.get("name") != "stderr" for o in cell.outputs)

    require(code, fine, of="no errors and no warnings in the outputs")


def test_no_output_depends_on_the_machine(code):
    def public(cell):
        return not any(re.search(PRIVATE, text) for text in texts(cell))

    require(code, public, of="no object addresses and no absolute paths in outputs")


def test_every_picture_is_stored_with_its_description(code):
    def shown(cell):
        stills = [data for data in bundles(cell) if figures.MIME not in data]
        pictures = [data for data in stills if any("image/" in kind for kind in data)]
        return bool(pictures) >= calls(cell, "plots", "show") and all(map(is_picture, pictures))

    require(code, shown, of="a picture needs SVG, PNG and a sentence that describes it")


def test_every_slider_is_stored_with_its_static_alternative(code):
    def shown(cell):
        live = [data for data in bundles(cell) if WIDGET_VIEW in data]
        return bool(live) >= calls(cell, "sliders") and all(map(is_live, live))

    require(code, shown, of="a slider needs a widget, its data, SVG, HTML and a sentence")


def test_no_statement_is_silenced_by_a_semicolon(code):
    def open_ended(cell):
        return not re.search(r";\s*(#.*)?$", cell.source)

    require(code, open_ended, of="nbval compares nothing after a trailing semicolon")


def test_no_magics(code):
    def plain(cell):
        return not MAGIC.search(cell.source)

    require(code, plain, of="plain Python only")


def test_imports_are_what_a_reader_would_have(code):
    def ordinary(cell):
        nodes = list(ast.walk(parsed(cell)))
        names = [
            alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names
        ]
        names += [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
        return {name.partition(".")[0] for name in names} <= IMPORTABLE

    require(code, ordinary, of="import only NumPy, nwlib, matplotlib and the standard library")


def test_cells_are_short(code):
    def short(cell):
        statements = [
            node for node in parsed(cell).body if not isinstance(node, ast.Import | ast.ImportFrom)
        ]
        lines = sum(node.end_lineno - node.lineno + 1 for node in statements)
        return lines <= MAX_LINES or "solution" in cell.metadata.get("tags", [])

    require(code, short, of=f"at most {MAX_LINES} lines besides imports, or the tag solution")


def test_it_begins_with_its_only_title(nb, prose):
    assert nb.cells[0].cell_type == "markdown"
    assert nb.cells[0].source.startswith("# ")
    text = re.sub(r"(?ms)^```.*?^```", "", "\n".join(cell.source for cell in prose))
    assert len(re.findall(r"(?m)^# ", text)) == 1


def test_prose_uses_only_what_jupyterlab_shows(prose):
    def portable(cell):
        return not re.search(ROLES, cell.source)

    require(prose, portable, of="no cite, doc or numref roles and no <details>: use a link")


def test_jupyterlab_numbers_no_equation_again(nb):
    prose = "\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")
    equations = re.findall(r"(?ms)^\$\$\n(.*?)^\$\$", prose)
    assert len(equations) == prose.count("\n$$\n") / 2
    for equation in equations:
        assert equation.startswith("\\begin{equation*}\n"), equation
        assert equation.endswith("\n\\end{equation*}\n"), equation
