"""pages/refresh.py, on notebooks of a few cells."""

import nbformat
import pytest
import refresh
from nbformat import v4

pytestmark = pytest.mark.slow  # it starts kernels
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def store(tmp_path):
    """Stores a notebook with the given code cells; returns its path."""

    def store(*sources):
        nb = v4.new_notebook(cells=[v4.new_code_cell(source) for source in sources])
        path = tmp_path / "tiny.ipynb"
        nbformat.write(nb, path)
        return path

    return store


def with_widget(*model_ids):
    """A notebook with a cell that shows the widgets with these ids, and a mention of the first."""
    cell = v4.new_code_cell("show()", id="cell", metadata={"tags": ["kept"], "execution": {}})
    for model_id in model_ids:
        data = {WIDGET_VIEW: {"model_id": model_id}, "text/html": f"<p id='{model_ids[0]}'>"}
        cell.outputs.append(v4.new_output("display_data", data))
    return v4.new_notebook(cells=[cell], metadata={"widgets": {}, "signature": "0"})


def test_refreshing_twice_gives_the_same_bytes(store):
    path = store("import ipywidgets\nipywidgets.IntSlider()", "print('Größe', hash('key'))")
    refresh.refresh(path)
    first = path.read_bytes()
    assert "Größe" in first.decode()
    refresh.refresh(path)
    assert path.read_bytes() == first


TIMED = """
from IPython.display import display
import time
display({"image/svg+xml": str(time.time()), "text/plain": "seconds"}, raw=True)
"""


def test_a_measurement_is_kept_until_its_cell_says_something_else(store):
    path = store(TIMED)
    nb = nbformat.read(path, as_version=4)
    nb.cells[0].metadata["tags"] = ["timed"]
    nbformat.write(nb, path)
    seen = []
    for source in (
        TIMED,
        TIMED,
        TIMED.replace("seconds", "minutes"),
        TIMED.replace("time.time()", "1"),
    ):
        nb = nbformat.read(path, as_version=4)
        nb.cells[0].source = source
        nbformat.write(nb, path)
        refresh.refresh(path)
        seen.append(nbformat.read(path, as_version=4).cells[0].outputs[0].data["image/svg+xml"])
    assert seen[0] == seen[1]
    assert len(set(seen)) == 3


def test_widget_ids_are_renumbered_wherever_they_are_mentioned():
    random, swapped = with_widget("f" * 32, "e" * 32), with_widget(f"{2:032x}", f"{1:032x}")
    cell = nbformat.reads(refresh.to_text(random), as_version=4).cells[0]
    assert [output.data[WIDGET_VIEW]["model_id"] for output in cell.outputs] == [
        f"{1:032x}",
        f"{2:032x}",
    ]
    assert [output.data["text/html"] for output in cell.outputs] == [f"<p id='{1:032x}'>"] * 2
    assert refresh.to_text(random) == refresh.to_text(swapped)


def test_only_stable_metadata_is_stored():
    nb = nbformat.reads(refresh.to_text(with_widget("f" * 32)), as_version=4)
    assert nb.metadata == refresh.METADATA
    assert nb.cells[0].metadata == {"tags": ["kept"]}
    assert nb.cells[0].id == "cell"


@pytest.mark.parametrize(
    "source, reason",
    [
        ("x = 1\nx / 0", r"cell 2 \(x = 1\): ZeroDivisionError: division by zero$"),
        ("import warnings; warnings.warn('odd')", r"cell 2 .*: wrote to stderr: .*odd"),
        ("import time; time.sleep(60)", r"cell 2 .*: the notebook takes over 2 s$"),
        ("import os; os._exit(1)", r"cell 2 .*: the kernel died$"),
    ],
)
def test_a_failing_cell_is_named_and_the_file_left_as_it_was(store, monkeypatch, source, reason):
    if "sleep" in source:
        monkeypatch.setattr(refresh, "TIME_LIMIT", 2)
    path = store("x = 0", source)
    before = path.read_bytes()
    with pytest.raises(refresh.RefreshError, match=reason):
        refresh.refresh(path)
    assert path.read_bytes() == before


def test_check_names_a_cell_that_would_change_and_writes_nothing(store):
    path = store("x = 1", "x + 1")
    before = path.read_bytes()
    with pytest.raises(refresh.RefreshError, match=r"cell 1 \(x = 1\): not as `make refresh`"):
        refresh.refresh(path, check=True)
    assert path.read_bytes() == before


def test_a_change_outside_the_cells_is_told_apart():
    text = refresh.to_text(with_widget("f" * 32))
    refresh.require_same(text, text)
    with pytest.raises(refresh.RefreshError, match="metadata or layout"):
        refresh.require_same(text + "\n", text)


def test_the_command_prints_a_line_per_notebook_and_fails_if_one_does(store, capsys):
    assert refresh.main([str(store("1 / 0"))]) == 1
    assert "tiny.ipynb, cell 1 (1 / 0): ZeroDivisionError" in capsys.readouterr().err
    assert refresh.main([str(store("open('tiny.ipynb').close()"))]) == 0  # in its own folder
    assert "tiny.ipynb: " in capsys.readouterr().out
