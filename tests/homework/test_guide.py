"""The guide for instructors shows what its commands print.

Each block of console commands is run, from the top, in a home folder made for it. After a change
of what is printed, REFRESH_GUIDE=1 pytest tests/homework/test_guide.py writes it into the guide.
"""

import csv
import os
import re
import shutil
import subprocess
import sys
from contextlib import chdir
from dataclasses import fields
from pathlib import Path

import pytest

from nwgrade.sandbox import Limits

from .classroom import (
    Ran,
    as_bytes,
    make_zip,
    need_bubblewrap,
    notebook,
    nwgrade_here,
    untouched,
)
from .submissions import HOMEWORK

ROOT = HOMEWORK.parent
GUIDE = ROOT / "appendix" / "instructors.md"
BLOCK = re.compile(r"(?ms)^```console\n(.*?)^```$")
SECONDS = re.compile(r"\d+\.\d+(?= s\b)")
WORKSHEET = """\
Identifier,Full name,Status,Grade,Maximum Grade,Last modified (submission)
Participant 101,Ada Byron,Submitted for grading,,100.00,"Monday, 2 March 2026, 11:05 PM"
Participant 102,Jürgen Groß,Submitted for grading,,100.00,"Tuesday, 3 March 2026, 1:40 AM"
Participant 103,Zoë Weiß,Submitted for grading,,100.00,"Wednesday, 4 March 2026, 8:00 AM"
Participant 104,Maria Curie,Submitted for grading,,100.00,"Thursday, 5 March 2026, 9:12 PM"
Participant 105,Emil Post,Submitted for grading,,100.00,"Sunday, 1 March 2026, 6:30 PM"
Participant 106,Nobody Yet,No submission,,100.00,-
"""
DEADLY = """
def squared_errors(prediction, y):
    import os
    os.abort()
"""
WRONG_AXIS = """
def squared_errors(prediction, y):
    return np.mean((prediction - y) ** 2, axis=0)
"""


def make_home(folder):
    """Lay out a home folder with a clone and the downloads of a class of six."""
    (folder / "Downloads").mkdir()
    (folder / "Downloads" / "grades.csv").write_text(WORKSHEET, encoding="utf-8")
    (folder / "clone").mkdir()
    clone = folder / "clone" / "homework"
    clone.mkdir()
    for name in ("source", "checks"):
        keep = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
        shutil.copytree(HOMEWORK / name, clone / name, ignore=keep)
    for name in ("course.toml", "nbgrader_config.py"):
        shutil.copy(HOMEWORK / name, clone)
    (clone / "grader").mkdir()
    unfinished = untouched("hw1")
    handed_in = {
        "Ada Byron_101": ("hw1.ipynb", notebook("hw1")),
        "Jürgen Groß_102": ("hw1 (1).ipynb", notebook("hw1", errors=WRONG_AXIS)),
        "Zoë Weiß_103": ("Lösung.ipynb", notebook("hw1", errors=DEADLY)),
        "Maria Curie_104": ("hw1.ipynb", unfinished),
        "Emil Post_105": ("hw1.pdf", "%PDF-1.7"),
    }
    entries = [
        (f"{who}_assignsubmission_file_/{file}", content)
        for who, (file, content) in handed_in.items()
    ]
    make_zip(folder / "Downloads" / "hw1.zip", [(name, as_bytes(text)) for name, text in entries])


def replay(text, home):
    """Return the guide's text with what its commands print today."""
    environment = {
        **os.environ,
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "COLUMNS": "78",  # what fits on the page
    }
    where = home / "clone"

    def run(command, shown):
        nonlocal where
        if command.startswith("cd "):
            where = home / command.removeprefix("cd ~/")
            return ""
        if command == "cat course.toml":  # what the reader has written
            (where / "course.toml").write_text(shown, encoding="utf-8")
        if "--read" in command:
            fill_in(where / "export" / "hw1-written.csv")
        if command.startswith("nwgrade ") and "grade hw1" not in command:
            arguments = command.replace("~", str(home)).split()[1:]
            with chdir(where), pytest.MonkeyPatch.context() as patch:
                patch.setenv("COLUMNS", environment["COLUMNS"])
                done = nwgrade_here(".", *arguments)
        else:
            shell = ["bash", "-c", command]
            ran = subprocess.run(shell, cwd=where, env=environment, capture_output=True, text=True)
            done = Ran(ran.returncode, ran.stdout, ran.stderr)
        assert done.code == 0, done.err
        said = "".join(line for line in done.err.splitlines(True) if line.startswith("nwgrade:"))
        printed = re.sub(r" +$", "", done.out, flags=re.MULTILINE) + said
        return printed.replace(f"{where}/", "").replace(str(home), "~")

    def rerun(block):
        parts = re.split(r"(?m)^\$ (.*)\n", block[1])
        assert not parts[0]
        out = []
        for command, shown in zip(parts[1::2], parts[2::2], strict=True):
            printed = run(command, shown)
            same = SECONDS.sub("", printed) == SECONDS.sub("", shown)
            out.append(f"$ {command}\n{shown if same else printed}")
        return f"```console\n{''.join(out)}```"

    return BLOCK.sub(rerun, text)


def fill_in(sheet):
    """Give all points, and one comment, as a person would."""
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["points"] = row["most"]
    rows[0]["comment"] = "Well said."
    with sheet.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def test_the_guide_shows_what_its_commands_print(tmp_path):
    need_bubblewrap()
    make_home(tmp_path)
    text = GUIDE.read_text(encoding="utf-8")
    replayed = replay(text, tmp_path)
    if os.environ.get("REFRESH_GUIDE"):
        GUIDE.write_text(replayed, encoding="utf-8")
        pytest.skip("the guide was written anew")
    assert replayed == text


def test_the_guide_names_the_limits_of_the_sandbox():
    (named,) = re.findall(r"It has limits: (.*?)\.", GUIDE.read_text(encoding="utf-8"))
    numbers = list(map(int, re.findall(r"\d+", named)))
    limits = [getattr(Limits(), field.name) for field in fields(Limits)]
    seconds, cpu, megabytes, processes = limits
    assert numbers[:4] == [seconds, cpu, megabytes // 1024, processes]
