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

pytestmark = pytest.mark.slow  # it runs all chapters
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
    commands = once.environment(request.config.cache, sys.executable, *lowest())
    (packages,) = commands.parent.glob("lib/python*/site-packages")
    (packages / "nwlib.pth").write_text(str(ROOT), encoding="utf-8")
    return commands


CHAPTERS = sorted([*ROOT.glob("chapters/*.ipynb"), *ROOT.glob("beyond/*.ipynb")])
# One process for several: a kernel for each would take longer to start than most chapters to run.
RUN = """
import json, os, sys
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
shell = InteractiveShell.instance()
shell.display_trap.hook = lambda result: None  # what a cell ends in is no printed text
for path in sys.argv[1:]:
    shell.reset()
    os.chdir(os.path.dirname(path))
    with open(path, encoding="utf-8") as file:
        cells = [cell for cell in json.load(file)["cells"] if cell["cell_type"] == "code"]
    texts = []
    for cell in cells:
        with capture_output() as said:
            shell.run_cell("".join(cell["source"])).raise_error()
        texts.append(said.stdout + said.stderr)
    print(json.dumps(texts))
"""


def stored(path):
    """What each code cell of a notebook prints."""
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    return ["".join(o.get("text", "") for o in cell.outputs) for cell in cells]


# Two lots of about the same length, for two workers.
@pytest.mark.parametrize("paths", [CHAPTERS[::2], CHAPTERS[1::2]], ids=["one half", "the other"])
def test_each_chapter_prints_the_same(environment, paths):
    said = once.run(environment / "python", "-c", RUN, *paths)
    for path, line in zip(paths, said.splitlines(), strict=True):
        assert json.loads(line) == stored(path), path.name


def test_a_slider_of_ipywidgets_7_redraws_its_picture(environment):
    once.run(environment / "python", "-c", MOVE)


KERNEL = """
from jupyter_client.manager import run_kernel
with run_kernel() as client:
    client.execute_interactive("import nwlib; print(nwlib.softmax([0.0, 0.0]))", timeout=60)
"""


def test_a_kernel_starts_and_knows_nwlib(environment):
    said = once.run(environment / "python", "-c", KERNEL)
    assert said.splitlines()[-1] == "[0.5 0.5]"  # before, its debugger may have a word to say


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
    fit = fit_w if n < 1_000 else fast.fit_w  # the plain one would take a minute
    results.append(fit(data.x_train, data.y_train))
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
