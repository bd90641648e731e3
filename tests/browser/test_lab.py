"""Each chapter runs in JupyterLab as Binder sets it up, and reads well there.

Binder's steps are done again without Docker: an environment with the JupyterLab of its image, then
.binder/requirements.txt, then .binder/postBuild in a copy of the project.
"""

import ast
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest
from once import copy_project, environment, once, run

from . import jupyter
from .book import CHAPTERS, DOCUMENTS, ROOT

KERNEL = "Python 3 (ipykernel)"
IMAGE = "jupyterlab==4.4.10"  # what Binder's image has of its own
HINT = "Run this cell to see the figure"
READ = ["index", *CHAPTERS]
OTHERS = [n for n in DOCUMENTS if n not in READ and (ROOT / f"{n}.ipynb").exists()]


def starts(python):
    """Whether the command is a Python that can make an environment."""
    try:
        return subprocess.run([python, "-c", "import ensurepip, venv"], check=False).returncode == 0
    except OSError:
        return False


@pytest.fixture(scope="module")
def binder(request, shared, tmp_path_factory):
    """The folder of the project on Binder, and the environment variables there."""
    wanted = (ROOT / ".binder" / "runtime.txt").read_text().strip().removeprefix("python-")
    python = next(filter(starts, (f"python{wanted}", sys.executable)))
    requirements = ROOT / ".binder" / "requirements.txt"
    commands = environment(request.config.cache, python, IMAGE, "-r", str(requirements))
    folder = tmp_path_factory.mktemp("binder")
    variables = {
        **os.environ,
        "PATH": f"{commands}:{os.environ['PATH']}",
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_PREFER_ENV_PATH": "1",
    }

    def make(home):
        copy_project(home)
        kept = {"JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces")}
        run("bash", ".binder/postBuild", cwd=home, env=variables | kept)

    return once(shared / "binder", make), variables


@pytest.fixture(scope="module")
def server(binder):
    """The address of a JupyterLab in the project's folder."""
    folder, variables = binder
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["jupyter", "lab", "--no-browser", "--allow-root", f"--port={port}"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--ServerApp.port_retries=0", "--IdentityProvider.token=secret"],
            cwd=folder,
            env=variables,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        for _ in range(300):
            with suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api").close()
                break
            assert process.poll() is None, (folder / "log").read_text()
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()  # it would ask its kernels to end, and wait
        process.wait()


@pytest.fixture(scope="module")
def context(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(20_000)
    yield context
    context.close()


@pytest.fixture
def open_lab(context, server, binder):
    """Opens a file in JupyterLab as the link to Binder does, for somebody who comes anew."""
    folder, variables = binder
    heard = []

    def open_lab(file):
        theirs = Path(variables["JUPYTERLAB_WORKSPACES_DIR"])
        shutil.copytree(folder / "workspaces", theirs, dirs_exist_ok=True)
        page = context.new_page()
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.goto(f"{server}/lab/tree/{file}?token=secret")
        return page

    yield open_lab
    for page in context.pages:
        page.close()
    assert not heard


@pytest.mark.parametrize("name", READ)
def test_a_chapter_runs_and_reads_well(open_lab, name):
    lab = open_lab(f"{name}.ipynb")
    for said in sliders(name):  # which nobody has run yet
        output = lab.locator(jupyter.OUTPUT).filter(has_text=HINT).filter(has_text=said)
        output.wait_for()
        hint, *rest = output.inner_text().split("\n\n")
        assert hint.startswith(HINT)
        assert rest == [said]
    jupyter.run_all(lab, KERNEL, name)
    assert not jupyter.complaints(lab)
    assert jupyter.printed(lab) == jupyter.stored(name)
    if lab.locator(jupyter.HANDLE).count():
        assert len(set(jupyter.move(lab))) > 4
    text = jupyter.prose(lab)
    assert not re.findall(jupyter.RAW, text)
    numbers = lab.locator(".jp-MarkdownCell").get_by_text(re.compile(r"^\(\d+\)$"))
    numbers = numbers.filter(has_not=lab.locator("mtable, .mtable"))  # a vector's entries
    assert not numbers.count(), "an equation is counted twice"
    contents = lab.locator(".jp-TableOfContents")
    for heading in lab.locator(".jp-MarkdownCell h2").all_inner_texts():
        assert contents.get_by_text(heading.rstrip("¶ \n"), exact=True).is_visible()
    if name in CHAPTERS:
        hint = lab.locator("details").filter(has_text="Hint").first
        hint.locator("summary").click()
        assert hint.locator("p").first.is_visible()
        assert_its_glossary_opens_to_be_read(lab)


def sliders(name):
    """Return what each slider of a notebook says of itself, without its title."""
    outputs = [out for cell in jupyter.code(name) for out in cell.outputs if "data" in out]
    texts = [out.data["text/plain"] for out in outputs if HINT in out.data.get("text/html", "")]
    return [text.partition(". ")[2] for text in texts]


def assert_its_glossary_opens_to_be_read(lab):
    lab.locator(".jp-MarkdownCell a[href*='glossary']").first.click()
    preview = lab.locator(".jp-MarkdownViewer")
    preview.get_by_role("heading", name="Glossary").wait_for()
    assert not re.findall(jupyter.RAW, jupyter.prose(lab, ".jp-MarkdownViewer"))


def test_every_other_notebook_finds_there_what_it_imports(binder):
    folder, variables = binder
    sources = [cell.source for name in OTHERS for cell in jupyter.code(name)]
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    imports = {ast.unparse(node) for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)}
    assert len(imports) > 3
    run("python", "-c", "\n".join(imports), cwd=folder.parent, env=variables)


def pins(*files):
    """Return the exact versions in files of requirements, by package."""
    lines = [line.split(";")[0].strip() for file in files for line in file.read_text().splitlines()]
    return dict(line.split("==") for line in lines if "==" in line)


def test_binder_has_the_versions_with_which_all_notebooks_are_tested():
    here, tested = pins(ROOT / ".binder" / "requirements.txt"), pins(ROOT / "requirements.txt")
    assert {"numpy", "matplotlib", "ipywidgets", "ipykernel"} <= here.keys()
    assert here.items() <= tested.items()
