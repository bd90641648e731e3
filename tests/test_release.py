"""A release is one commit and one tag, or nothing; the workflows name what is there."""

import datetime
import re
import shutil
import subprocess
import sys

import address
import changelog
import nbformat
import pytest
import refresh
import release
import yaml
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner

ROOT = refresh.ROOT
DAY = datetime.date(2026, 12, 24)
CHANGELOG = """# Changelog

## [Unreleased]

### Added

- A thing
  in two lines.
  - A part of it.

## [1.9.0] - 2026-11-28

- An older thing.

## [1.0.0] - 2026-11-27

- The first.
"""
WORKFLOWS = {
    path.name: yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)
    for path in sorted(ROOT.glob(".github/workflows/*.yml"))
}
STEPS = [
    step
    for workflow in WORKFLOWS.values()
    for job in workflow["jobs"].values()
    for step in job.get("steps", ())
]
COMMANDS = "\n".join(step["run"] for step in STEPS if "run" in step)
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def run(*command):
    return subprocess.run(command, cwd=refresh.ROOT, capture_output=True, text=True, check=True)


def state():
    """Return what a release changes: commits, tags, and what the files are."""
    return [
        run("git", *command).stdout
        for command in (("log",), ("tag",), ("status", "--porcelain"), ("diff", "HEAD"))
    ]


def cell():
    """Return what the first cells of the notebooks say, where it is the same in all."""
    firsts = set()
    for path in refresh.notebooks():
        cells = nbformat.read(path, as_version=4).cells
        first = next(cell for cell in cells if cell.cell_type == "code")
        assert first.metadata[refresh.RAN] == refresh.digest(first)
        firsts.add(re.search(r'source = "(.*)"', first.source)[1])
    (first,) = firsts
    return first


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A repository with two of the notebooks, in which releases are made."""
    monkeypatch.setattr(refresh, "ROOT", tmp_path)
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):  # in a hook of git they are ours
        monkeypatch.delenv(name, raising=False)
    for name in ("index.ipynb", "chapters/01_dataset.ipynb", "CITATION.cff", ".gitattributes"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG, encoding="utf-8", newline="\n")
    run("git", "init", "--quiet", "--initial-branch=main")
    for name, value in {"name": "Ada", "email": "ada@example.org", "gpgsign": "false"}.items():
        run("git", "config", "commit.gpgsign" if name == "gpgsign" else f"user.{name}", value)
    run("git", "config", "core.hooksPath", ".git/hooks")
    run("git", "add", ".")
    run("git", "commit", "--quiet", "--message", "Begin")
    return tmp_path


def test_a_release_is_one_commit_and_its_tag_and_leaves_nothing_undone(project, capsys):
    assert release.main("1.10.0") == 0
    assert "git push origin v1.10.0" in capsys.readouterr().out
    assert run("git", "log", "--format=%s").stdout.split("\n")[:2] == ["Version 1.10.0", "Begin"]
    assert run("git", "describe").stdout == "v1.10.0\n"
    assert run("git", "status", "--porcelain").stdout == ""
    changed = run("git", "diff", "--name-only", "HEAD~1").stdout.split()
    assert sorted(changed) == [
        "CHANGELOG.md",
        "CITATION.cff",
        "chapters/01_dataset.ipynb",
        "index.ipynb",
    ]


def test_a_release_is_named_in_the_changelog_the_citation_and_the_cell_for_colab(project):
    release.release("1.10.0", DAY)
    text = (project / "CHANGELOG.md").read_text(encoding="utf-8")
    assert text == CHANGELOG.replace("[Unreleased]", "[Unreleased]\n\n## [1.10.0] - 2026-12-24")
    citation = yaml.safe_load((project / "CITATION.cff").read_text(encoding="utf-8"))
    assert (citation["version"], citation["date-released"]) == ("1.10.0", DAY)
    assert cell() == "nwlib==1.10.0"
    for path in refresh.notebooks():
        refresh.require_same(
            path.read_bytes().decode(), refresh.to_text(nbformat.read(path, as_version=4))
        )


def test_the_next_release_takes_the_place_of_the_last(project):
    release.release("1.10.0", DAY)
    text = (project / "CHANGELOG.md").read_text(encoding="utf-8")
    text = text.replace("[Unreleased]\n", "[Unreleased]\n\n- New.\n", 1)
    (project / "CHANGELOG.md").write_text(text, encoding="utf-8", newline="\n")
    run("git", "commit", "--all", "--message", "Go on")
    release.release("2.0.0", DAY)
    assert cell() == "nwlib==2.0.0"
    citation = (project / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall("version: (.*)", citation) == ["1.2.0", "2.0.0"]  # the first is of the format


@pytest.mark.parametrize(
    "version", ["", "1.2", "v1.2.3", "1.2.3rc1", "1.02.3", "1.2.3 ", "1.2.3.4", "١.٢.٣", "x; ls"]
)
def test_a_version_that_is_none_is_refused_in_one_line(project, capsys, version):
    before = state()
    assert release.main(version) == 2
    line = f"A version must be like 1.2.3, not {version!r}.\n"
    assert capsys.readouterr() == ("", line)
    assert state() == before


def dirty(project):
    (project / "notes.txt").touch()


def detached(project):
    run("git", "checkout", "--quiet", "--detach")


def tagged(project):
    run("git", "tag", "v1.10.0")


def nothing_new(project):
    text = re.sub("(?s)### Added.*?(?=## )", "", CHANGELOG, count=1)
    (project / "CHANGELOG.md").write_text(text, encoding="utf-8", newline="\n")
    run("git", "commit", "--all", "--message", "Nothing")


def above(project):
    text = CHANGELOG.replace("[1.9.0]", "[1.10.0]")
    (project / "CHANGELOG.md").write_text(text, encoding="utf-8", newline="\n")
    run("git", "commit", "--all", "--message", "Released")


def no_cell(project):
    path = project / "index.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace("source = ", "what = "), "utf-8")
    run("git", "commit", "--all", "--message", "Another cell")


def hooked(project):
    hook = project / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'this is not laid out' >&2\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)


def no_tags(project):
    run("git", "tag", "v1.10.0/old")  # so that there can be no file v1.10.0


@pytest.mark.parametrize(
    "spoil, line",
    [
        (dirty, "Commit or remove what has changed first: notes.txt"),
        (detached, "A release is made on a branch: git switch main"),
        (tagged, "There is a tag v1.10.0 already."),
        (nothing_new, "CHANGELOG.md has nothing under [Unreleased] that could be released."),
        (above, "The version must be above 1.10.0, the last release, not 1.10.0."),
        (no_cell, 'index.ipynb: the first cell has no line source = "..."'),
        (hooked, "git commit failed: this is not laid out"),
        (no_tags, "git tag failed: fatal: .*v1.10.0.*"),
    ],
)
def test_a_release_that_cannot_be_made_leaves_all_as_it_was(project, capsys, spoil, line):
    spoil(project)
    before = state()
    assert release.main("1.10.0") == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert re.fullmatch(line if spoil is no_tags else re.escape(line), said.err[:-1])
    assert state() == before


def test_the_same_version_is_not_released_twice(project, capsys):
    assert release.main("1.10.0") == 0
    before = state()
    assert release.main("1.10.0") == 2
    assert capsys.readouterr().err == "There is a tag v1.10.0 already.\n"
    assert state() == before


def test_notes_are_what_the_changelog_says_of_the_version_each_point_in_one_line():
    text = changelog.filed(CHANGELOG, "1.10.0", DAY)
    assert changelog.notes(text, "v1.10.0") == (
        "### Added\n\n- A thing in two lines.\n  - A part of it.\n"
    )
    assert changelog.notes(text, "v1.0.0") == "- The first.\n"


@pytest.mark.parametrize(
    "tag, line",
    [
        ("1.0.0", "The tag of a release must be like v1.2.3, not '1.0.0'."),
        ("vacation", "The tag of a release must be like v1.2.3, not 'vacation'."),
        ("v1.0", "The tag of a release must be like v1.2.3, not 'v1.0'."),
        ("", "The tag of a release must be like v1.2.3, not ''."),
        (
            "v1.0.1",
            "CHANGELOG.md has no section [1.0.1]. Do not tag by hand: "
            "make release VERSION=1.0.1 writes the section, and then tags.",
        ),
    ],
)
def test_a_tag_that_is_no_release_is_told_in_one_line(tmp_path, monkeypatch, capsys, tag, line):
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG, encoding="utf-8")
    monkeypatch.setattr(changelog, "CHANGELOG", tmp_path / "CHANGELOG.md")
    assert changelog.main(tag) == 2
    assert capsys.readouterr() == ("", line + "\n")


def test_the_notes_take_nothing_but_python():
    command = [sys.executable, "-I", "-S", ROOT / "pages" / "changelog.py", "v0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "The tag of a release must be like v1.2.3, not 'v0'.\n"


def test_an_address_for_colab_is_written_into_all_notebooks(project, capsys):
    assert address.main("https://github.com/ada/attention") == 0
    assert cell() == "git+https://github.com/ada/attention"
    release_cell = cell()
    assert address.main("https://gitlab.com/ada/attention") == 2
    assert "https://github.com/NAME/REPOSITORY, not 'https://gitlab" in capsys.readouterr().out
    assert cell() == release_cell


def test_changelog_citation_and_notebooks_name_the_same_release():
    last = changelog.released((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation.get("version") == last
    assert cell().startswith("git+https://github.com/") or cell() == f"nwlib=={last}"


def test_every_command_of_make_in_a_workflow_exists():
    wanted = set(re.findall(r"\bmake ([a-z-]+)", COMMANDS))
    for line in re.findall(r"\.ci/run (.+)", COMMANDS):
        wanted |= {*line.split()}
    assert wanted >= {"lint", "package", "links", "pdf", "dist"}
    assert wanted <= {*re.findall(r"(?m)^([a-z-]+):", MAKEFILE)}


def test_every_path_in_a_workflow_exists():
    named = re.findall(r"(?<![\w/])(?:\.ci|chapters|homework|nwlib|pages|tests)[/\w.*]*", COMMANDS)
    assert {"pages/changelog.py", "tests/test_*.py", ".ci/run"} <= {*named}
    assert [path for path in named if not any(ROOT.glob(path))] == []
    used = [step["uses"] for step in STEPS if "uses" in step]
    calls = [
        job["uses"] for flow in WORKFLOWS.values() for job in flow["jobs"].values() if "uses" in job
    ]
    assert [
        path for path in used + calls if path.startswith("./") and not (ROOT / path).exists()
    ] == []


def test_all_tests_run_in_some_part_of_the_workflow():
    wanted = re.findall(r"(?:\.ci/run|make) (.+)", COMMANDS)
    recipes = [
        re.search(rf"(?m)^{target}:.*\n((?:\t.*\n)*)", MAKEFILE)[1]
        for target in " ".join(wanted).split()
    ]
    whole = [line for line in [*COMMANDS.splitlines(), *recipes] if "-m " not in line]
    named = re.findall(r"tests/[\w/.*]+", " ".join(whole))
    paths = {path for name in named for path in ROOT.glob(name)}
    missing = [
        path.relative_to(ROOT)
        for path in ROOT.glob("tests/**/test_*.py")
        if not paths & {path, *path.parents}
    ]
    assert not missing


def test_actions_are_pinned_and_no_token_can_do_more_than_its_job():
    for step in STEPS:
        if "uses" in step:
            owner, _, pin = re.split("[/@]", step["uses"], maxsplit=2)
            assert re.fullmatch(r"v\d+" if owner == "actions" else r"[0-9a-f]{40}", pin)
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] == "false"
        assert "${{ github." not in step.get("run", "")  # a tag's name is data, not code
    for flow in WORKFLOWS.values():
        assert {*flow["permissions"].values()} <= {"read"}
    writes = {
        name: {what for what, how in job.get("permissions", {}).items() if how == "write"}
        for name, job in WORKFLOWS["publish.yml"]["jobs"].items()
    }
    assert {name: may for name, may in writes.items() if may} == {
        "pypi": {"id-token"},
        "pages": {"pages", "id-token"},
        "release": {"contents"},
    }


def needed(jobs, name):
    """Return the names of all jobs that come before one."""
    wanted = jobs[name].get("needs", [])
    wanted = {wanted} if isinstance(wanted, str) else {*wanted}
    return wanted.union(*(needed(jobs, one) for one in wanted))


def test_nothing_is_published_before_everything_is_tested_nor_a_site_before_its_package():
    jobs = WORKFLOWS["publish.yml"]["jobs"]
    assert needed(jobs, "pypi") == {"notes", "test", "package", "book"}
    assert "pypi" in needed(jobs, "pages")


@pytest.mark.parametrize(
    "schema, pattern",
    [
        ("github-workflows", ".github/workflows/*.yml"),
        ("github-issue-forms", ".github/ISSUE_TEMPLATE/*.yml"),
        ("dependabot", ".github/dependabot.yml"),
        ("citation-file-format", "CITATION.cff"),
    ],
)
def test_files_that_only_github_reads_are_as_it_reads_them(schema, pattern):
    files = [str(path) for path in ROOT.glob(pattern)]
    assert files
    checked = CliRunner().invoke(check_jsonschema, ["--builtin-schema", f"vendor.{schema}", *files])
    assert checked.exit_code == 0, checked.output
