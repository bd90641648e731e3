"""axe-core finds nothing on any page, with everything unfolded and each slider moved."""

from pathlib import Path

import axe_playwright_python
import pytest

from .book import PAGES, unfold

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")

# Its slow rules are about colours. In an article these are the same in a wide window and in a
# narrow one, so that there it need not look at them again.
COLOURS = ["color-contrast", "link-in-text-block"]
RUN = """async ([narrow, colours]) => {
  const off = Object.fromEntries(colours.map(rule => [rule, {enabled: false}]));
  const runs = narrow
    ? [[document, {rules: off}], [{exclude: "article"}, {runOnly: colours}]]
    : [[document, {}]];
  const found = [];
  for (const [where, options] of runs) {
    // It would fetch the style sheets anew, in vain and for rules that are not run.
    const frugal = {preload: false, resultTypes: ["violations"]};
    const results = await axe.run(where, {...frugal, ...options});
    for (const rule of results.violations) {
      found.push(...rule.nodes.map(node => `${rule.id}: ${node.html.slice(0, 120)}`));
    }
  }
  return found;
}"""


@pytest.fixture(scope="class", params=PAGES)
def page(request, visit):
    with visit(request.param, width=request.cls.width) as page:
        unfold(page)
        for slider in page.get_by_role("slider").all():
            slider.press("PageUp")
        page.evaluate(f"{AXE};0")
        yield page


class Findings:
    """What holds at either width. A class for each, so that they may run at the same time."""

    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_axe_finds_nothing(self, page, theme):
        page.emulate_media(color_scheme=theme)
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        found = page.evaluate(RUN, [self.width < 1000, COLOURS])
        if found:
            pytest.fail("\n".join(found), pytrace=False)


class TestWide(Findings):
    width = 1280


class TestNarrow(Findings):
    width = 390
