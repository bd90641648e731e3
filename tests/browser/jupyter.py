"""What a reader does with a notebook in JupyterLab, and sees there."""

from contextlib import suppress

import nbformat
from playwright.sync_api import TimeoutError

from .book import ROOT

CODE = ".jp-CodeCell"
OUTPUT = ".jp-OutputArea-output"
STDOUT = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stdout']"
ERRORS = "[data-mime-type='application/vnd.jupyter.error']"
STDERR = "[data-mime-type='application/vnd.jupyter.stderr']"
HANDLE = ".noUi-handle"
PICTURE = ".widget-box:has(.noUi-handle) .widget-html-content svg"
# What Matplotlib says when it is new to a machine.
FONTS = "Matplotlib is building the font cache; this may take a moment."
# Of Markdown that was not rendered: directives, roles, formulas, links.
RAW = r"(?m)^:::|\{[a-z]+\}`|```\{|\$\$|\\tag|\\begin|\]\("


def run_all(page, kernel, name):
    """Clear what is stored, run all cells, and wait until the last that shows something has."""
    idle = page.get_by_text(f"{kernel} | Idle")
    idle.wait_for(timeout=60_000)
    choose(page, "Edit", "Clear Outputs of All Cells")
    page.wait_for_function(f"!document.querySelector('{OUTPUT}')")
    choose(page, "Run", "Run All Cells")
    last = max(i for i, cell in enumerate(code(name)) if cell.outputs)
    with suppress(TimeoutError):  # what is missing then, is seen when it is compared
        page.locator(CODE).nth(last).locator(OUTPUT).first.wait_for(timeout=90_000)
    idle.wait_for(timeout=90_000)


def choose(page, menu, command):
    page.locator(f"#jp-MainMenu >> text='{menu}'").click()
    page.locator(f".lm-Menu-item >> text='{command}'").click()


def code(name):
    """The code cells of a notebook of the book."""
    nb = nbformat.read(ROOT / f"{name}.ipynb", as_version=4)
    return [cell for cell in nb.cells if cell.cell_type == "code"]


def stored(name):
    """What each code cell of a notebook prints, as it is stored."""
    return [
        "".join(out.text for out in cell.outputs if out.get("name") == "stdout")
        for cell in code(name)
    ]


def printed(page):
    """What each code cell has printed on the page."""
    return page.evaluate(
        """([cells, outputs]) => [...document.querySelectorAll(cells)].map(cell =>
          [...cell.querySelectorAll(outputs)].map(output => output.textContent).join(""))""",
        [CODE, STDOUT],
    )


def prose(page, place=".jp-MarkdownCell"):
    """The rendered text, without what formulas hold for screen readers."""
    return page.evaluate(
        """place => [...document.querySelectorAll(place)].map(part => {
          const copy = part.cloneNode(true);
          copy.querySelectorAll(".katex-mathml, .cm-editor, code").forEach(part => part.remove());
          return copy.textContent;
        }).join("\\n")""",
        place,
    )


def complaints(page):
    return page.locator(f":is({ERRORS}, {STDERR})").all_inner_texts()


def move(page):
    """Move the slider of a notebook with the keys of a range, and see that the picture follows."""
    handle, picture = page.locator(HANDLE), page.locator(PICTURE)
    handle.scroll_into_view_if_needed()
    handle.focus()
    seen = [picture.get_attribute("aria-label")]
    for key in ("End", "Home", "ArrowRight", "ArrowUp", "PageUp", "ArrowLeft", "ArrowDown"):
        handle.press(key)
        label = seen[-1].replace("\\", "\\\\").replace("'", "\\'")
        page.wait_for_function(
            f"document.querySelector('{PICTURE}').getAttribute('aria-label') !== '{label}'"
        )
        seen.append(picture.get_attribute("aria-label"))
    return seen
