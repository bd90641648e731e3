"""A course with students, made for the tests: notebooks as files, and the command line run on them.

course = make_course(tmp_path)
hand_in(course, "hw1", "ada", notebook("hw1", world="def truth(x): ..."))
assert nwgrade(course, "grade", "hw1").code == 0
"""

import base64
import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from textwrap import dedent

import pytest
from PIL import Image

from nwgrade import cli, gradebook
from nwgrade.assignment import CODE_STUB, SOLUTION, TEXT_STUB
from nwgrade.course import Course

from .submissions import HOMEWORK, NAMES


def need_bubblewrap():
    """Skip loudly where there is no sandbox, and fail in CI."""
    if shutil.which("bwrap") is None:
        no_sandbox = "NOTHING IS GRADED HERE: bubblewrap is missing (apt-get install bubblewrap)"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(no_sandbox)


# The answers of a notebook that draws nothing: Matplotlib takes most of the time of a grade.
LIGHT = {
    "setup": "from contextlib import nullcontext as attempt\nimport numpy as np\n",
    "figure": "",
}
AS_ORDINARY_USER = ("bwrap", "--unshare-user", "--uid", "1000", "--gid", "1000")


def need_user(user):
    """Skip loudly what must be tried as root; an ordinary user can be had by anybody."""
    if user == "root" and os.geteuid() != 0:
        pytest.skip("NOT TRIED AS ROOT: hostile submissions are graded by an ordinary user only")


def make_course(folder, *names, settings=""):
    """Return a new course folder with the assignments of those names, or all."""
    for name in names or NAMES:
        shutil.copytree(HOMEWORK / "source" / name, folder / "source" / name)
        (folder / "checks").mkdir(exist_ok=True)
        shutil.copy(HOMEWORK / "checks" / f"{name}.py", folder / "checks")
    if settings:
        (folder / "course.toml").write_text(dedent(settings), encoding="utf-8")
    return folder


@lru_cache
def _gradebook(name):
    with tempfile.TemporaryDirectory() as folder:
        course = Course(make_course(Path(folder), name))
        gradebook.prepare(course, course.assignment(name))
        return (course.root / "gradebook.db").read_bytes()


def with_gradebook(course, name):
    """Return the course with a gradebook that knows the assignment: one is made in seconds."""
    (course / "gradebook.db").write_bytes(_gradebook(name))
    return course


@lru_cache
def _source(name):
    return (HOMEWORK / "source" / name / f"{name}.ipynb").read_text(encoding="utf-8")


def notebook(name, *extra, **answers):
    """Return a student's notebook as JSON's dict: the instructor's, with other answers by grade_id.

    The extra cells of code stand behind the first code cell.
    """
    made = json.loads(_source(name))
    for cell in made["cells"]:
        grade_id = cell["metadata"]["nbgrader"]["grade_id"]
        if grade_id in answers:
            cell["source"] = dedent(answers.pop(grade_id))
    assert not answers, f"no such answers: {set(answers)}"
    cells = [
        {
            "cell_type": "code",
            "id": f"extra-{i}",
            "metadata": {},
            "source": dedent(text),
            "execution_count": None,
            "outputs": [],
        }
        for i, text in enumerate(extra)
    ]
    first = next(i for i, cell in enumerate(made["cells"]) if cell["cell_type"] == "code") + 1
    made["cells"][first:first] = cells
    return made


def add_cells(made, grade_id, answer, *cells):
    """Put (text, kind) cells below that of a grade_id, whose text becomes the answer, if any."""
    ids = [cell["metadata"]["nbgrader"]["grade_id"] for cell in made["cells"]]
    position = ids.index(grade_id)
    if answer is not None:
        made["cells"][position]["source"] = answer
    made["cells"][position + 1 : position + 1] = [
        {"cell_type": kind, "id": f"{grade_id}-{i}", "metadata": {}, "source": text}
        | ({"execution_count": None, "outputs": []} if kind == "code" else {})
        for i, (text, kind) in enumerate(cells)
    ]
    return made


def attach(made, grade_id, *pictures):
    """Paste pictures into the cell of a grade_id, as JupyterLab does, whatever they are."""
    files = {
        f"{i}.png": {"image/png": base64.b64encode(data).decode()}
        for i, data in enumerate(pictures)
    }
    for cell in made["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == grade_id:
            cell["attachments"] = files
    return made


def picture(kind):
    """Return the bytes of a small picture."""
    out = io.BytesIO()
    Image.effect_noise((64, 48), 60).save(out, kind)
    return out.getvalue()


def untouched(name):
    """Return the notebook as it is handed out."""
    made = json.loads(_source(name))
    for cell in made["cells"]:
        if cell["metadata"]["nbgrader"]["solution"]:
            text = "".join(cell["source"])
            is_text = cell["cell_type"] == "markdown"
            cell["source"] = TEXT_STUB if is_text else SOLUTION.sub(CODE_STUB, text)
    return made


def as_bytes(content):
    """Return a notebook, a text or bytes as a file's bytes."""
    if isinstance(content, dict):
        content = json.dumps(content)
    return content.encode() if isinstance(content, str) else content


def hand_in(course, name, student, content):
    """Put a notebook where `nwgrade collect` would put it."""
    path = course / "submitted" / student / name / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(as_bytes(content))


def make_zip(path, entries):
    """Write a zip of (name, content) pairs."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, as_bytes(content))
    return path


@dataclass
class Ran:
    """What a command has said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


def nwgrade(course, *arguments, timeout=300, user=""):
    """Run the command line on a course, in a process of its own, that of an ordinary user too."""
    command = [sys.executable, "-W", "error::Warning:nwgrade", "-m", "nwgrade", *arguments]
    if user == "ordinary" and os.geteuid() == 0:  # who may read this interpreter, wherever it is
        command = [*AS_ORDINARY_USER, "--dev-bind", "/", "/", *command]
    done = subprocess.run(
        [*map(str, command), "--course", str(course)],
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)


def nwgrade_here(course, *arguments):
    """Run the command line on a course in this process: quicker, for what starts no sandbox."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.main([*map(str, arguments), "--course", str(course)])
    return Ran(code, out.getvalue(), err.getvalue())


def wait_until(holds, what, seconds=40):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"{what} has not come"
        time.sleep(0.02)


def standings(course, name):
    """Return where each student stands, by id."""
    return {row["student"]: row for row in nwgrade_here(course, "status", name, "--json").json}
