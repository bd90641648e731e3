"""axe-core finds nothing on any page, with everything unfolded and each slider moved."""

import pytest

from .book import PAGES, set_theme, unfold

# Of each formula, line of code and figure it is left what a rule can see: words, roles, stops.
QUIET = """() => {
  for (const formula of document.querySelectorAll("math")) {
    const signs = [...formula.querySelectorAll("*")].filter(sign => !sign.children.length);
    formula.replaceChildren(signs.find(sign => sign.textContent.trim()));
  }
  for (const code of document.querySelectorAll("pre")) {
    const known = new Set();
    for (const word of code.querySelectorAll("span:not([id])")) {
      if (known.has(word.className)) word.replaceWith(...word.childNodes);
      known.add(word.className);
    }
  }
  const told = "a, [role], [tabindex], [aria-label]";
  for (const mark of document.querySelectorAll("svg *")) {
    if (!mark.textContent.trim() && !mark.matches(told) && !mark.querySelector(told)) mark.remove();
  }
}"""

# The rules about colours take most of the time. So they see one text of each kind: of those that
# stand in the same elements and classes, counted from the root, all but the first are taken out.
COLOURS = ["color-contrast", "link-in-text-block"]
THIN = """() => {
  const known = new Set(), kinds = new Map([[null, ""]]);
  const kind = element => {
    if (!kinds.has(element)) {
      const style = ["class", "style"].map(name => element.getAttribute(name)).join("|");
      kinds.set(element, `${kind(element.parentElement)} > ${element.nodeName} ${style}`);
    }
    return kinds.get(element);
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const {currentNode: text} = texts;
    if (!text.data.trim()) continue;
    if (known.has(kind(text.parentElement))) text.data = "";
    known.add(kind(text.parentElement));
  }
}"""

RUN = """async options => {
  // It would fetch the style sheets anew, in vain and for rules that are not run.
  const frugal = {preload: false, resultTypes: ["violations"]};
  const {violations} = await axe.run(document, {...frugal, ...options});
  return violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.html}`));
}"""


class Findings:
    """What holds at either width. A class for each, so that they may run at the same time."""

    @pytest.mark.parametrize("name", PAGES)
    def test_axe_finds_nothing(self, visit, axe, name):
        with visit(name, width=self.width) as page:
            unfold(page)
            for slider in page.get_by_role("slider").all():
                slider.press("PageUp")
            page.evaluate(QUIET)
            page.evaluate(f"{axe};0")
            found = page.evaluate(RUN, {"rules": {rule: {"enabled": False} for rule in COLOURS}})
            page.evaluate(THIN)
            for theme in ("light", "dark"):
                set_theme(page, theme)
                found += [f"{line} ({theme})" for line in page.evaluate(RUN, {"runOnly": COLOURS})]
        if found:
            pytest.fail("\n".join(found), pytrace=False)


class TestWide(Findings):
    width = 1280


class TestNarrow(Findings):
    width = 390
