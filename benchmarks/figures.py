"""How fast the figures answer, and what they weigh.

    python benchmarks/figures.py [--site FOLDER] [--moves N]

Opens the built pages in Chromium. Each handle of a figure is dragged through its picture by a real
mouse, each slider is moved by keys. Timed is what the page does about one event: all scripts, then
the layout. Points are dragged among 50, and among 500 that come by a link. Weights are gzipped, a
page with all that it asks for, but for pictures in pixels.
"""

import argparse
import gzip
import os
import shutil
import statistics
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
RASTER = (".jpg", ".png", ".webp")
PACKED = (".css", ".html", ".js", ".json", ".svg")
MANY = 500
FRAME, SLOWEST, SCRIPTS, PAGE = 16, 50, 25, 450  # milliseconds, with MANY points; kilobytes

WATCH = """([figure, kind]) => {
  window.answers = [];
  let begun;
  addEventListener(kind, () => { begun = performance.now(); }, { capture: true });
  addEventListener(kind, () => {
    document.body.getBoundingClientRect();
    if (figure.contains(document.activeElement)) answers.push(performance.now() - begun);
  });
}"""
FILL = """n => {
  const along = Array.from({ length: n }, (_, i) => i / (n - 1));
  const values = along.map(part => 2 + 3 * Math.sin(40 * part));
  location.hash = nw.pack([16, 0, 20], { keys: along.map(part => 5 * part), values });
}"""


def packed(path):
    content = path.read_bytes()
    return len(gzip.compress(content, 6) if path.suffix in PACKED else content) / 1000


def drag(page, figure, moves):
    """Drag the figure's first handle; return milliseconds of each answer."""
    handle = figure.query_selector(".nw-handle")
    figure.query_selector("svg").scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    box, room = handle.bounding_box(), figure.query_selector("svg").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.evaluate(WATCH, [figure, "pointermove"])
    page.mouse.move(x, y)
    page.mouse.down()
    for i in range(moves):
        aside = room["width"] / 4 * (i % 20) / 20
        page.mouse.move(x + aside, y + aside / 4)
    page.mouse.up()
    return page.evaluate("answers")


def press(page, figure, moves):
    """Move the figure's first slider by keys; return milliseconds of each answer."""
    slider = figure.query_selector("input[type=range]")
    page.evaluate(WATCH, [figure, "input"])
    slider.focus()
    page.keyboard.press("Home")
    for i in range(moves):
        page.keyboard.press("ArrowLeft" if i // 10 % 2 else "ArrowRight")
    return page.evaluate("answers")


def report(name, answers, limit):
    middle = statistics.median(answers)
    high = statistics.quantiles(answers, n=20, method="inclusive")[-1]
    print(f"{name:58}{middle:7.1f}{high:7.1f}{limit:7}{'' if middle <= limit else '   too slow'}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--site", type=Path, default=ROOT / "_build" / "html")
    parser.add_argument("--moves", type=int, default=100, metavar="N")
    options = parser.parse_args()
    site = options.site.resolve()
    pages = [
        path
        for path in sorted(site.rglob("*.html"))
        if 'data-kind="' in path.read_text(encoding="utf-8")
    ]
    if not pages:
        sys.exit(f"no page with a figure in {site}: make book writes them")
    weights = {}
    print(f"{'milliseconds of an answer':58}{'median':>7}{'95%':>7}{'limit':>7}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        for path in pages:
            name = path.relative_to(site).with_suffix("").as_posix()
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            asked = set()
            page.on("request", lambda request, asked=asked: asked.add(request.url))
            page.goto(path.as_uri(), wait_until="networkidle")
            files = {Path(unquote(urlsplit(url).path)) for url in asked if url.startswith("file:")}
            weights[name] = sum(packed(file) for file in files if file.suffix not in RASTER)
            for figure in page.query_selector_all("figure[data-kind]"):
                kind = figure.get_attribute("data-kind")
                title = f"{name}, {kind}"
                if figure.query_selector("input[type=range]"):
                    report(f"{title}, a slider", press(page, figure, options.moves), FRAME)
                if figure.query_selector(".nw-handle"):
                    report(f"{title}, a handle", drag(page, figure, options.moves), FRAME)
                if kind == "points":
                    page.evaluate(FILL, MANY)
                    page.wait_for_timeout(1000)
                    answers = drag(page, figure, options.moves)
                    report(f"{title}, a handle among {MANY}", answers, SLOWEST)
            page.close()
        browser.close()
    scripts = {path.name: packed(path) for path in sorted(site.glob("_static/figures/*.js"))}
    print(f"\n{'kilobytes':58}{'':14}{'limit':>7}")
    for name, weight in scripts.items():
        print(f"{name:58}{weight:7.1f}")
    print(f"{'all scripts':58}{sum(scripts.values()):7.1f}{SCRIPTS:14}")
    for name, weight in weights.items():
        print(f"{name:58}{weight:7.1f}{PAGE:14}")
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")


if __name__ == "__main__":
    main()
