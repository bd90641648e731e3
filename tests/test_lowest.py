"""The chapters run, and print the same, with the lowest versions that pyproject.toml allows.

The highest are those of requirements.txt, with which all other tests run.
"""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import once
import pytest
from packaging.requirements import Requirement

pytestmark = pytest.mark.slow  # it starts kernels
ROOT = Path(__file__).parents[1]
MOVE = """
import numpy as np
from nwlib import make_dataset, sliders
slider, view = sliders.query_slider(make_dataset(np.random.default_rng(0))).widget().children
before = view.value
slider.value += 1
assert "<svg" in view.value and view.value != before
"""


def lowest():
    """Return the lower bounds as exact versions, where there are any."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["notebooks"]]
    return [str(Requirement(text)).replace(">=", "==") for text in wanted]


@pytest.fixture(scope="module")
def environment(request):
    """The commands of an environment with the lowest versions, and nwlib as it is here."""
    commands = once.environment(request.config.cache, sys.executable, "nbconvert", *lowest())
    (packages,) = commands.parent.glob("lib/python*/site-packages")
    (packages / "nwlib.pth").write_text(str(ROOT), encoding="utf-8")
    return commands


def texts(path):
    """What each code cell of a notebook prints."""
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    return ["".join(o.get("text", "") for o in cell.outputs) for cell in cells]


CHAPTERS = sorted([*ROOT.glob("chapters/*.ipynb"), *ROOT.glob("beyond/*.ipynb")])


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_prints_the_same(environment, path, tmp_path):
    command = [environment / "jupyter", "nbconvert", "--to", "notebook", "--execute"]
    once.run(*command, "--output-dir", tmp_path, path)
    assert texts(tmp_path / path.name) == texts(path)


def test_a_slider_of_ipywidgets_7_redraws_its_picture(environment):
    once.run(environment / "python", "-c", MOVE)


FAST = """
import json, sys
import numpy as np
from nwlib import fast, fit_w, make_dataset
results = []
for n in (20, 400, 3_000):
    data = make_dataset(np.random.default_rng(n), n_train=n, n_test=n)
    for w in (0.0, 2.0, 30.0, 1e3, 1e6):
        results += fast.nadaraya_watson(data.x_test, data.x_train, data.y_train, w).tolist()
        results += fast.loss_and_gradient(w, data.x_train, data.y_train)
    results.append(fit_w(data.x_train, data.y_train))
json.dump(results, sys.stdout)
"""


def test_fast_and_fit_w_give_the_same_numbers(environment):
    outputs = [
        subprocess.run([python, "-c", FAST], capture_output=True, check=True).stdout
        for python in (environment / "python", sys.executable)
    ]
    lowest_numbers, numbers = map(json.loads, outputs)
    # Other instructions for the exponential, and other orders of summation.
    assert lowest_numbers == pytest.approx(numbers, rel=1e-12, abs=1e-13)
