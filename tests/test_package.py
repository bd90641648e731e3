"""What would go to PyPI: nwlib and nothing else, with the version of the tag."""

import re
import shutil
import tarfile
import zipfile

import pytest
from once import ROOT, UV, run

pytestmark = pytest.mark.slow  # it builds, and makes an environment
FILES = ("nwlib", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE", "index.ipynb")
COMMIT = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "--message", "Begin")


def copied(folder):
    for name in FILES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """The wheel and the sdist of a repository with the tag v1.2.3, and a tag that is no version."""
    folder = copied(tmp_path_factory.mktemp("tagged"))
    run("git", "init", "--quiet", cwd=folder)
    run("git", "add", ".", cwd=folder)
    run("git", *COMMIT, cwd=folder)
    run("git", "tag", "v1.2.3", cwd=folder)
    (folder / "README.md").write_text("Changed since.", encoding="utf-8")
    run("git", *COMMIT, "--all", cwd=folder)
    run("git", "tag", "winter-2026", cwd=folder)
    run(UV, "build", "--quiet", cwd=folder)
    return folder / "dist"


def test_the_version_is_that_of_the_last_tag_that_is_one(packages):
    names = {path.name for path in packages.iterdir()} - {".gitignore"}
    assert names == {"nwlib-1.2.3-py3-none-any.whl", "nwlib-1.2.3.tar.gz"}


def test_wheel_and_sdist_hold_nwlib_and_no_page_of_the_book(packages):
    ours = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("nwlib/**/*.py")}
    with zipfile.ZipFile(packages / "nwlib-1.2.3-py3-none-any.whl") as wheel:
        assert {name for name in wheel.namelist() if ".dist-info/" not in name} == ours
    with tarfile.open(packages / "nwlib-1.2.3.tar.gz") as sdist:
        names = {one.name.removeprefix("nwlib-1.2.3/") for one in sdist if one.isfile()}
    made = {"PKG-INFO", "setup.cfg", "nwlib.egg-info/SOURCES.txt"}
    assert names - made == ours | {"pyproject.toml", "README.md", "LICENSE"}


def test_the_wheel_brings_numpy_and_nothing_else(packages, tmp_path):
    run(UV, "venv", "--quiet", tmp_path / "env")
    (python,) = tmp_path.glob("env/*/python")
    wheel = packages / "nwlib-1.2.3-py3-none-any.whl"
    run(UV, "pip", "install", "--quiet", "--python", python, wheel)
    frozen = run(UV, "pip", "freeze", "--quiet", "--python", python)
    assert {re.split("[ =]", line)[0] for line in frozen.splitlines()} == {"numpy", "nwlib"}
    where = run(python, "-I", "-c", "import nwlib, nwlib.fast; print(nwlib.__file__)")
    assert where.startswith(str(tmp_path))


def test_without_git_and_without_a_tag_the_version_is_0(tmp_path):
    folder = copied(tmp_path)
    run(UV, "build", "--quiet", "--wheel", cwd=folder)
    assert (folder / "dist" / "nwlib-0.0-py3-none-any.whl").is_file()
