"""Break nwlib's core in small ways, one at a time, and see whether a test notices.

    python scripts/mutate.py [MODULE ...]

mutmut makes the mutants and runs on each the tests that reach it, in a copy of the code under
_build/mutate. A run that was stopped goes on where it was; modules given by name are done anew.
A mutant that survives needs a test, or a reason in tests/mutants.toml why it may.
"""

import ast
import difflib
import json
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "_build" / "mutate"
WORK = FOLDER / "work"
BIN = FOLDER / "env" / "bin"
MUTMUT = "mutmut==3.8.1"
MODULES = "_scores _gauss fast training attention pooling kernels _validate data"
TESTS = "attention bound data edges fast fit_w kernels laws oracles pooling training validation"
SURVIVED, UNTRIED = (0, 5, 33), (None, 2)
"""Exit codes of pytest, as mutmut keeps them: 33 stands for a mutant that no test reaches."""

SETTINGS = f"""
[tool.mutmut]
source_paths = ["nwlib"]
only_mutate = {[f"nwlib/{module}.py" for module in MODULES.split()]}
do_not_mutate_patterns = ['^ *raise ']  # what a message says
pytest_add_cli_args_test_selection = ["tests"]
timeout_multiplier = 2
timeout_constant = 2
track_dependencies = false
use_git_change_detection = false
on_dependency_change = "ignore"

[tool.pytest.ini_options]
filterwarnings = ["error"]
"""

CONFTEST = '''
"""Few examples, no slow tests, and references that all mutants share, computed before they run."""

import functools
import pickle
import re
import resource
import sys

import reference
from hypothesis import Phase, settings

settings.register_profile(
    "mutants",
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=10,
    phases=[Phase.generate],
    report_multiple_bugs=False,
)
settings.load_profile("mutants")
resource.setrlimit(resource.RLIMIT_AS, (4 * 2**30, 4 * 2**30))

SLOW = re.compile(
    r"number_of_pairs|hundred_thousand_points|fitted_to_many|within_its_bound|poisson|20000"
    r"|thousands_of_predictions_agree|(thousands|3000).*-dense\\]|any_size.*2000|ever.*1000"
    r"|points_lie\\[.*-(0|1e-200|1000000.0)-fast|sign.*3000|grid_beats_the_fitted_one\\[1[1-5]"
)


def once(function):
    known = {}

    @functools.wraps(function)
    def remembered(*args):
        key = pickle.dumps(args)
        if key not in known:
            known[key] = function(*args)
        return known[key]

    return remembered


reference.prediction = once(reference.prediction)
reference.loss_and_gradient = once(reference.loss_and_gradient)


def pytest_collection_modifyitems(config, items):
    for name, function in [
        ("test_fast", "left_out_from_the_dense_forms"),
        ("test_fit_w", "smallest_loss"),
        ("test_training", "brute_force_losses"),
        ("test_oracles", "reference"),
        ("test_oracles", "exact_loss"),
    ]:
        module = sys.modules.get(name)
        if module and not hasattr(getattr(module, function), "__wrapped__"):
            setattr(module, function, once(getattr(module, function)))
    slow = [item for item in items if SLOW.search(item.name)]
    config.hook.pytest_deselected(items=slow)
    items[:] = [item for item in items if item not in slow]
'''


def make_environment():
    """Put mutmut into an environment of its own, which sees what is installed in this one."""
    if (BIN / "mutmut").exists():
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", BIN.parent], check=True)
    site = Path(sysconfig.get_path("purelib", "venv", {"base": str(BIN.parent)}))
    (site / "course.pth").write_text(sysconfig.get_path("purelib") + "\n")
    subprocess.run([BIN / "python", "-m", "pip", "install", "--quiet", MUTMUT], check=True)


def undecorated(source):
    """Apply decorators below: mutmut leaves functions alone that have one above."""
    decorated = re.compile(r"^@(.*?)(?:  #.*)?\ndef (\w+)", re.MULTILINE)
    below = "".join(f"\n{name} = {how}({name})\n" for how, name in decorated.findall(source))
    return decorated.sub(r"def \2", source) + below


def copy():
    """Bring code and tests up to date; mutants that had survived other tests are tried again."""
    wanted = {
        f"nwlib/{path.name}": undecorated(path.read_text())
        for path in (ROOT / "nwlib").glob("*.py")
    }
    tests = [ROOT / "tests" / f"test_{name}.py" for name in TESTS.split()]
    for path in [*tests, ROOT / "tests" / "reference.py"]:
        wanted[f"tests/{path.name}"] = path.read_text()
    wanted |= {"tests/conftest.py": CONFTEST, "pyproject.toml": SETTINGS}
    changed = [name for name, text in wanted.items() if not same(WORK / name, text)]
    for name in changed:
        (WORK / name).parent.mkdir(parents=True, exist_ok=True)
        (WORK / name).write_text(wanted[name])
    if any(name.startswith("tests/") for name in changed):
        for path in WORK.glob("mutants/nwlib/*.meta"):
            meta = json.loads(path.read_text())
            codes = meta["exit_code_by_key"]
            meta["exit_code_by_key"] = {k: None if c in SURVIVED else c for k, c in codes.items()}
            path.write_text(json.dumps(meta))


def same(path, text):
    return path.exists() and path.read_text() == text


def results(module):
    """Yield the exit code of each mutant, and what it is: where, the line before and after."""
    path = WORK / "mutants" / "nwlib" / f"{module}.py"
    lines = path.read_text().splitlines()
    functions = {
        node.name: lines[node.lineno - 1 : node.end_lineno]
        for node in ast.walk(ast.parse("\n".join(lines)))
        if isinstance(node, ast.FunctionDef)
    }
    meta = json.loads(path.with_suffix(".py.meta").read_text())
    for key, exit_code in meta["exit_code_by_key"].items():
        name = key.rpartition(".")[2]
        stem = name.rpartition("_")[0]
        before = [line.replace(stem + "_orig", "") for line in functions[stem + "_orig"]]
        after = [line.replace(name, "") for line in functions[name]]
        diff = list(difflib.ndiff(before, after))
        removed, added = (
            " ".join(code(line[2:]) for line in diff if line.startswith(sign)) for sign in "-+"
        )
        where = re.sub("^x[_ǁ]", "", stem.removesuffix("__mutmut")).replace("ǁ", ".")
        yield exit_code, f"{module}.{where}: {removed} => {added}"


def code(line):
    """Return a line without its indentation and its comment."""
    return re.sub("  # .*", "", line).strip()


def main(modules):
    make_environment()
    copy()
    variables = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "OPENBLAS_NUM_THREADS": "1"}
    names = [f"nwlib.{module}.*" for module in modules]
    run = [BIN / "mutmut", "run", *names]
    finished = subprocess.run(run, cwd=WORK, env={**os.environ, **variables}, check=False)
    if finished.returncode:
        return finished.returncode

    tried = [result for module in modules or MODULES.split() for result in results(module)]
    survivors = [mutant for exit_code, mutant in tried if exit_code in SURVIVED]
    untried = sum(exit_code in UNTRIED for exit_code, _ in tried)
    reasons = tomllib.loads((ROOT / "tests" / "mutants.toml").read_text())["survive"]
    explained = {mutant for reason in reasons for mutant in reason["mutants"]}
    for mutant in survivors:
        if mutant not in explained:
            print(f"No test notices  {mutant}")
    for mutant in sorted(explained - set(survivors)):
        if not modules or mutant.partition(".")[0] in modules:
            print(f"A test notices, against tests/mutants.toml  {mutant}")
    unexplained = sum(mutant not in explained for mutant in survivors)
    print(
        f"{len(tried)} mutants: {len(tried) - len(survivors) - untried} noticed, "
        f"{len(survivors) - unexplained} explained, {unexplained} unexplained, {untried} not tried"
    )
    return int(unexplained or untried)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
