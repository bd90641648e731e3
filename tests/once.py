"""What several of pytest's processes need is made by the first of them; the others wait for it."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from filelock import FileLock

ROOT = Path(__file__).parents[1]
UV = Path(sys.executable).with_name("uv")


def once(folder, make):
    """Return the folder, filled by `make` if it is not yet; what was left half made is dropped."""
    with FileLock(f"{folder}.lock"):
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            make(folder)
            (folder / "done").touch()
    return folder


def copy_project(folder):
    """Copy the project without what make and git have put there."""
    made = (".venv", ".git", ".*_cache", "_build", "mutants", "*.egg-info")
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*made), dirs_exist_ok=True)


def environment(cache, python, *wanted):
    """Return the commands of an environment with these packages, kept in pytest's cache.

    wanted : packages, or files as `-r file`, whose content counts.
    """
    texts = [Path(one).read_text() if Path(one).is_file() else str(one) for one in wanted]
    version = run(python, "-VV")
    key = hashlib.sha256("\n".join([version, *texts]).encode()).hexdigest()[:12]

    def make(folder):
        run(UV, "venv", "--quiet", "--seed", "--python", python, folder / "env")
        install = [UV, "pip", "install", "--quiet"]
        run(*install, "--python", folder / "env", *wanted)

    return once(Path(cache.mkdir("environments")) / key, make) / "env" / "bin"


def run(*command, **options):
    """Run a command that must succeed; return what it says."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
