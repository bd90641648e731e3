"""Weight and speed of the book's pages beside a stock Jupyter Book build of the same notebooks.

    python benchmarks/site.py [--repeats N] [--pages PAGE ...] [--width PIXELS] [--ours-only]
                              [--json FILE]

Both sites are built afresh, served from this machine with gzip, and opened in Chromium at 200 kB/s
and 150 ms latency, stock and ours in turn, each time with an empty cache. What stock loads from
elsewhere comes from copies that `npm pack` puts under `_build/npm`, under a port of its own, which
counts as another host. Three things favour stock: it makes no look-up and no TLS handshake for
that host, it leaves the places of the sliders empty, for it shows no widget without stored state,
and Chromium's throttling adds the latency to each request, but not to each connection.

The weight is that of the bodies as sent, without a scroll. A key press is timed without throttling,
from the key event to the task after the next frame's paint on the page's own thread. The file of
--json also names the largest element, what moved, each request and each message of the console.
The default run takes about four minutes on two idle cores; the first one also fetches the copies.
"""

import argparse
import gzip
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Error, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
COPIES = ROOT / "_build" / "npm"
NETWORK = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 200_000,
    "uploadThroughput": 200_000,
}
STOCK_CONFIG = """\
title: Attention from Nadaraya-Watson
author: The nwlib authors
only_build_toc_files: true
execute: {execute_notebooks: "off"}
parse: {myst_enable_extensions: [amsmath, colon_fence, deflist, dollarmath]}
sphinx: {extra_extensions: [sphinx.ext.autodoc]}
"""
ELSEWHERE = re.compile(r"https://[\w.-]+/npm/((?:@[\w.-]+/)?[\w.-]+@[\w.-]+)/")
TYPES = {
    ".css": "text/css",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
COMPRESSED = (".css", ".html", ".js", ".json", ".svg")

# Web Vitals as they are defined: the shift is that of the worst window of at most five seconds, a
# window ending where nothing moves for one.
VITALS = """
(() => {
  const name = (node) => {
    const element = node?.nodeType === 3 ? node.parentElement : node;
    if (!element) return "(gone)";
    return [element.localName, element.id && "#" + element.id,
      ...[...element.classList].map((c) => "." + c)].join("");
  };
  const vitals = window.vitals = { paint: 0, element: "", shift: 0, moved: [] };
  let first = -Infinity, last = -Infinity, sum = 0;
  new PerformanceObserver((list) => {
    for (const { startTime, value, hadRecentInput, sources } of list.getEntries()) {
      if (hadRecentInput) continue;
      if (startTime - last > 1000 || startTime - first > 5000) [first, sum] = [startTime, 0];
      [last, sum] = [startTime, sum + value];
      vitals.shift = Math.max(vitals.shift, sum);
      vitals.moved.push([value, Math.round(startTime), ...sources.map((s) => name(s.node))]);
    }
  }).observe({ type: "layout-shift", buffered: true });
  new PerformanceObserver((list) => {
    const { startTime, element } = list.getEntries().at(-1);
    Object.assign(vitals, { paint: startTime, element: name(element) });
  }).observe({ type: "largest-contentful-paint", buffered: true });
})();
"""
SETTLED = """
() => Promise.race([
  Promise.resolve(window.MathJax?.startup?.promise).then(() => document.fonts.ready).then(() => 0),
  new Promise((_, fail) => setTimeout(fail, 30000, new Error("fonts or MathJax do not come"))),
])
"""
READ_VITALS = """
() => ({
  ...vitals,
  ready: performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd,
  first: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
})
"""
# A message posted in a frame arrives when the frame has been painted.
TIME_PRESSES = """
() => {
  window.presses = [];
  let pressed;
  addEventListener("keydown", (event) => { pressed = event.timeStamp; }, true);
  addEventListener("input", () => {
    const start = pressed;
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => presses.push(performance.now() - start);
      port2.postMessage(null);
    });
  }, true);
}
"""
DESCRIBE_CONTROL = """
(input) => ({
  name: input.labels[0]?.innerText.split("\\n")[0].trim() || input.ariaLabel || input.name,
  positions: input.options ? input.options.length : (input.max - input.min) / (input.step || 1) + 1,
  keys: input.options ? ["ArrowDown", "ArrowUp"] : ["ArrowRight", "ArrowLeft"],
})
"""


def build(source, out):
    """Build the book in `source` below `out`, and return the folder with its pages."""
    command = [Path(sys.executable).with_name("jupyter-book"), "build", source, "-q"]
    done = subprocess.run(
        [*command, "--path-output", out], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"the book in {source} does not build:\n{done.stdout}{done.stderr}")
    return out / "_build" / "html"


def stock_source(folder):
    """Copy what a reader reads, and no extension, style or script of the book's own."""
    folder.mkdir()
    for path in [*ROOT.glob("index.*"), ROOT / "_toc.yml", ROOT / "references.bib"]:
        shutil.copy(path, folder)
    for name in ("chapters", "beyond", "appendix", "pages"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("*.css", "*.js"))
    (folder / "_config.yml").write_text(STOCK_CONFIG, encoding="utf-8")
    return folder


def fetch_copies(site):
    """Have npm fetch each package that the pages load from elsewhere, once."""
    npm = shutil.which("npm")
    pages = [path.read_text(encoding="utf-8") for path in site.rglob("*.html")]
    for package in sorted(set(ELSEWHERE.findall("".join(pages)))):
        if (COPIES / package).exists():
            continue
        if npm is None:
            sys.exit(f"npm is needed to fetch {package} for the stock site; or use --ours-only")
        COPIES.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=COPIES) as scratch:
            command = [npm, "pack", package, "--silent", "--pack-destination", scratch]
            if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode:
                sys.exit(f"npm cannot fetch {package} for the stock site; or use --ours-only")
            with tarfile.open(next(Path(scratch).glob("*.tgz"))) as archive:
                archive.extractall(scratch, filter="data")
            (COPIES / package).parent.mkdir(exist_ok=True)
            Path(scratch, "package").rename(COPIES / package)


@cache
def encoded(path):
    """Return the bytes of a file as they are sent."""
    body = path.read_bytes()
    return gzip.compress(body, 6) if path.suffix in COMPRESSED else body


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else headers and body wait for one another

    def __init__(self, folder, *args):
        self.folder = folder
        super().__init__(*args)

    def do_GET(self):
        path = self.folder / unquote(urlsplit(self.path).path).lstrip("/")
        known = path.is_file()
        body = encoded(path) if known else b""
        self.send_response(200 if known else 404)
        self.send_header("Content-Type", TYPES.get(path.suffix, "application/octet-stream"))
        if known and path.suffix in COMPRESSED:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """Report what fails, except that a browser went away."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def served(folder):
    """Serve the folder while the context lasts; the value is its address."""
    server = Server(("127.0.0.1", 0), partial(Handler, folder))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def redirect_to_copies(site, address):
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        page.write_text(ELSEWHERE.sub(rf"{address}/\1/", text), encoding="utf-8")


@contextmanager
def fresh_page(playwright, width):
    """Start Chromium, the machine's or else Playwright's own, cut off from other machines."""
    names = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    arguments = [
        "--disable-gpu",
        "--disable-background-networking",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")  # which Chromium cannot have when root starts it
    try:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
    except Error as error:
        sys.exit(f"no Chromium starts: {error.message.splitlines()[0]}")
    try:
        yield browser.new_page(viewport={"width": width, "height": 800})
    finally:
        browser.close()


def visit(playwright, url, width):
    """Measure the page; again if nothing comes, for one time in eighty Chromium's brake sticks."""
    for _ in range(3):
        try:
            with fresh_page(playwright, width) as page:
                return measured(page, url)
        except Error as error:
            print(f"    repeated: {url}: {error.message.splitlines()[0]}", file=sys.stderr)
    sys.exit("the page does not come")


def measured(page, url):
    """Open the page on a slow network, wait until all is quiet, and return what was measured."""
    requests, done, console = [], [], []
    page.on("request", lambda request: requests.append(request))
    page.on("requestfinished", lambda request: done.append(request))
    page.on("requestfailed", lambda request: done.append(request))
    page.on("pageerror", lambda error: console.append(str(error)))
    page.on(
        "console",
        lambda m: m.type in ("error", "warning") and console.append(f"{m.type}: {m.text}"),
    )
    page.add_init_script(VITALS)
    page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", NETWORK)
    page.goto(url, wait_until="load")
    page.evaluate(SETTLED)
    for _ in range(60):
        known = len(requests)
        page.wait_for_timeout(500)
        if len(done) == known == len(requests):
            break
    else:
        raise Error("some requests get no answer")
    vitals = page.evaluate(READ_VITALS)
    files = [described(request) for request in requests]
    here = urlsplit(url).netloc
    return {
        "kilobytes": sum(file["bytes"] for file in files if not file["raster"]) / 1000,
        "raster_kilobytes": sum(file["bytes"] for file in files if file["raster"]) / 1000,
        "requests": sum(not file["picture"] for file in files),
        "pictures": sum(file["picture"] for file in files),
        "elsewhere": sum(urlsplit(file["url"]).netloc != here for file in files),
        "shift": vitals["shift"],
        "first_paint": vitals["first"] / 1000,
        "largest_paint": vitals["paint"] / 1000,
        "ready": vitals["ready"] / 1000,
        "console": len(console),
        "largest_element": vitals["element"],
        "moved": sorted(vitals["moved"], reverse=True)[:5],
        "messages": console,
        "files": files,
    }


def described(request):
    response = request.response()
    kind = response.headers.get("content-type", "") if response else ""
    return {
        "url": request.url,
        "bytes": request.sizes()["responseBodySize"] if response else 0,
        "picture": request.resource_type == "image",
        "raster": kind.startswith("image/") and "svg" not in kind,
        "failed": response is None or not response.ok,
    }


def time_presses(playwright, url, width, presses=30):
    """Press keys on each slider of the page; return milliseconds to the next frame, by name."""
    times = {}
    with fresh_page(playwright, width) as page:
        page.goto(url, wait_until="networkidle")
        page.evaluate(TIME_PRESSES)
        for control in page.query_selector_all("main input[type=range], main select"):
            about = control.evaluate(DESCRIBE_CONTROL)
            control.focus()
            page.keyboard.press("Home")
            page.wait_for_timeout(300)
            page.evaluate("presses.length = 0")
            for i in range(presses):  # to the end, back to the start, and so on
                page.keyboard.press(about["keys"][int(i // (about["positions"] - 1)) % 2])
                page.wait_for_timeout(60)
            times[about["name"]] = page.evaluate("presses")
    return times


COLUMNS = {
    "kilobytes": ("kB", ".0f"),
    "raster_kilobytes": ("raster", ".0f"),
    "requests": ("requests", ".0f"),
    "pictures": ("pictures", ".0f"),
    "elsewhere": ("elsewhere", ".0f"),
    "shift": ("shift", ".3f"),
    "first_paint": ("first s", ".2f"),
    "largest_paint": ("largest s", ".2f"),
    "ready": ("ready s", ".2f"),
    "console": ("console", ".0f"),
}
COMPARED = ("kilobytes", "requests", "first_paint", "largest_paint", "ready")


def summarize(runs):
    """Return the median of each column for each site, and those of the ratios ours / stock."""
    result = {
        who: {key: statistics.median(run[key] for run in of_site) for key in COLUMNS}
        for who, of_site in runs.items()
    }
    if "stock" in runs:
        pairs = list(zip(runs["stock"], runs["ours"], strict=True))
        result["ratio"] = {
            key: statistics.median(ours[key] / stock[key] for stock, ours in pairs)
            for key in COMPARED
        }
    return result


def print_rows(name, summary):
    for who, values in summary.items():
        cells = (
            f"{values[key]:{'.2f' if who == 'ratio' else style}}" if key in values else ""
            for key, (_, style) in COLUMNS.items()
        )
        row = f"{name:30}{who:6}" + "".join(f"{cell:>10}" for cell in cells)
        print(row.rstrip(), flush=True)
        name = ""


def print_failures(runs):
    files = (file for of_site in runs.values() for run in of_site for file in run["files"])
    for url in sorted({file["url"] for file in files if file["failed"]}):
        print(f"    not answered: {url}")


def print_presses(name, times):
    for control, milliseconds in times.items():
        if len(milliseconds) < 2:
            print(f"{name:30}{control}: does not answer to keys")
            continue
        middle = statistics.median(milliseconds)
        high = statistics.quantiles(milliseconds, n=20, method="inclusive")[-1]
        print(f"{name:30}{control:24}{middle:6.1f}{high:10.1f}{len(milliseconds):10}")


def pages_of_notebooks():
    folders = (ROOT / "chapters", ROOT / "beyond", ROOT / "appendix")
    notebooks = [path for folder in folders for path in sorted(folder.glob("*.ipynb"))]
    return ["index", *(f"{path.parent.name}/{path.stem}" for path in notebooks)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=2, metavar="N")
    parser.add_argument("--pages", nargs="+", default=pages_of_notebooks(), metavar="PAGE")
    parser.add_argument("--width", type=int, default=1280, metavar="PIXELS")
    parser.add_argument("--ours-only", action="store_true", help="leave out the stock site")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write each run there")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does, tidily
    begun = time.monotonic()
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sites = {"ours": build(ROOT, scratch / "ours")}
        if not options.ours_only:
            stock = build(stock_source(scratch / "source"), scratch / "stock")
            fetch_copies(stock)
            redirect_to_copies(stock, stack.enter_context(served(COPIES)))
            sites = {"stock": stock, **sites}
        addresses = {who: stack.enter_context(served(site)) for who, site in sites.items()}
        playwright = stack.enter_context(sync_playwright())
        results = measure(playwright, addresses, options)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
    print(f"{time.monotonic() - begun:.0f} s in all, {load}")


def measure(playwright, addresses, options):
    """Measure each page on each site, print it, and return everything measured."""
    results = {"network": NETWORK, "width": options.width, "pages": {}, "presses": {}}
    print(f"At 200 kB/s and 150 ms, {options.width} pixels wide, medians of {options.repeats}.")
    print("Weights gzipped, without pictures in pixels (raster); requests, without any pictures;")
    print("of all requests, those to elsewhere; layout shift; first and largest paint, DOM ready;")
    print("errors and warnings. Ours to stay under: 450 kB, 25 requests, 0.05, 1.5 s largest.\n")
    print(f"{'page':30}{'site':6}" + "".join(f"{title:>10}" for title, _ in COLUMNS.values()))
    for name in options.pages:
        runs = {who: [] for who in addresses}
        for _ in range(options.repeats):
            for who, address in addresses.items():
                runs[who].append(visit(playwright, f"{address}/{name}.html", options.width))
        summary = summarize(runs)
        print_rows(name, summary)
        print_failures(runs)
        results["pages"][name] = {"summary": summary, "runs": runs}
    print("\nFrom key press to the painted frame on ours, milliseconds (to stay under: 20):")
    print(f"{'page':30}{'slider':24}{'median':>6}{'95%':>10}{'presses':>10}")
    for name in options.pages:
        url = f"{addresses['ours']}/{name}.html"
        times = time_presses(playwright, url, options.width)
        print_presses(name, times)
        results["presses"][name] = times
    return results


if __name__ == "__main__":
    main()
