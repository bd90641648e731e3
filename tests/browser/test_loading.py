"""A page loads from a server and from a folder, light, in silence, and without a jolt."""

from typing import NamedTuple

import pytest

from .book import PAGES, SHIFTS
from .conftest import packed

KILOBYTES = 450
REQUESTS = 25
SHIFT = 0.05
RASTER = (".jpg", ".png", ".webp")

# All that a page has loaded: address and bytes that came over the wire.
FILES = """() => performance.getEntries()
  .filter(entry => ["navigation", "resource"].includes(entry.entryType))
  .filter(entry => entry.name.startsWith("http"))
  .map(entry => [entry.name, entry.encodedBodySize])"""

# The colours in which a page has been shown so far, frame by frame.
COLOURS = """() => {
  window.colours = [];
  const look = () => {
    const { visibility, backgroundColor } = document.body ? getComputedStyle(document.body) : {};
    if (visibility === "visible" && colours.at(-1) !== backgroundColor)
      colours.push(backgroundColor);
    requestAnimationFrame(look);
  };
  look();
}"""


def test_these_are_all_pages(site):
    built = (path.relative_to(site) for path in site.rglob("*.html"))
    assert sorted(PAGES) == sorted(
        str(path.with_suffix("")) for path in built if path.parts[0] not in ("_static", "lite")
    )


@pytest.fixture(scope="module", params=PAGES)
def name(request):
    return request.param


class Loaded(NamedTuple):
    """What one saw of a page that came from a server."""

    title: str
    files: list
    shifts: list


@pytest.fixture(scope="module")
def loaded(name, visit):
    with visit(name, fresh=True) as page:
        page.evaluate("document.fonts.ready.then(() => true)")
        title = page.get_by_role("heading", level=1).inner_text()
        return Loaded(title, page.evaluate(FILES), page.evaluate(SHIFTS))


def test_from_a_folder_it_needs_nothing_else_and_says_nothing(name, visit):
    with visit(name, source="file", offline=True) as page:
        assert page.get_by_role("heading", level=1).is_visible()


def test_from_a_server_it_needs_nothing_else_and_says_nothing(loaded):
    assert loaded.title


def test_it_is_light(loaded):
    files = [(size, name) for name, size in loaded.files if not name.endswith(RASTER)]
    sizes = "\n".join(f"{size:>9,} {name}" for size, name in sorted(files, reverse=True))
    assert len(files) > 3
    assert sum(size for size, _ in files) <= 1000 * KILOBYTES, sizes
    assert len(files) <= REQUESTS, sizes


def test_nothing_jumps_while_it_loads(loaded):
    assert sum(value for value, _ in loaded.shifts) < SHIFT, loaded.shifts


def test_nothing_jumps_on_a_slow_line_either(visit, site):
    def weight(name):
        return len(packed(site / f"{name}.html"))

    for name in sorted(PAGES, key=weight)[-3:]:
        with visit(name, fresh=True, slow=True) as page:
            page.evaluate("document.fonts.ready.then(() => true)")
            shifts = page.evaluate(SHIFTS)
            assert sum(value for value, _ in shifts) < SHIFT, (name, shifts)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_page_comes_in_its_colours(visit, theme):
    with visit("index", theme=theme, fresh=True, slow=True) as page:
        settled = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.evaluate("localStorage.clear()")  # like one who comes for the first time
        page.add_init_script(f"({COLOURS})()")
        page.route("**/*", lambda route: route.continue_())  # the cache is not asked
        page.reload()
        page.evaluate("document.fonts.ready.then(() => true)")
        assert page.evaluate("colours") == [settled]
