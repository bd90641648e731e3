"""Give the parts of a page that readers use in a way of their own a class each, for the style.

In a notebook they are plain headings and dropdowns, which read well everywhere: a title "3 · Name",
exercises with a "Hint" and a "Solution", questions with a choice of answers under "Check yourself".
"""

import re

from docutils import nodes
from sphinx import addnodes
from sphinx.util import logging

logger = logging.getLogger(__name__)

CHAPTER_TITLE = re.compile(r"(\d+)( · )(.+)")
ANSWER = re.compile(r"(Yes|No)\b")
PROMISES = ("You will be able to", "Time about")
# What Sphinx calls the sections.
QUESTIONS = "check-yourself"
EXERCISES = "exercises"
SHORT = 14  # letters of a word of code that need not be broken on a phone

FOLD_ALL = """<p class="fold-all">
<button type="button" hidden>Unfold all hints and solutions</button>
<span>What is folded is left out in print.</span></p>
<script>
(() => {
  const button = document.currentScript.previousElementSibling.querySelector("button");
  const folds = () => button.closest("section").querySelectorAll("details");
  let open = false;
  button.hidden = false;
  button.addEventListener("click", () => {
    open = !open;
    for (const fold of folds()) fold.open = open;
    button.textContent = open ? "Fold all hints and solutions" : "Unfold all hints and solutions";
  });
})();
</script>"""
# What scrolls can be reached by keyboard, as long as it does scroll.
MANNERS = """
(() => {
  const reach = () => {
    for (const box of document.querySelectorAll("div.math .formula, span.math.long")) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  };
  addEventListener("load", reach);
  addEventListener("resize", reach);
  addEventListener("toggle", reach, true);
})();
addEventListener("beforeprint", () => {
  const root = document.documentElement, theme = root.dataset.theme;
  root.dataset.theme = "light";
  addEventListener("afterprint", () => { root.dataset.theme = theme; }, { once: true });
});
"""


def mark_up(app, doctree):
    """Mark numbers, hints, solutions and answers; offer to unfold the exercises all at once."""
    title = doctree.next_node(nodes.title)
    if title is not None and isinstance(title[0], nodes.Text):
        _mark_number(title, part=app.env.docname.partition("/")[0])
    for dropdown in list(doctree.findall(_is_dropdown)):
        if any(QUESTIONS in section["ids"] for section in _sections_around(dropdown)):
            _mark_answer(dropdown)
        elif dropdown["has_title"]:
            dropdown["container_classes"].append(f"fold-{nodes.make_id(dropdown[0].astext())}")
    for section in doctree.findall(nodes.section):
        if EXERCISES in section["ids"] and any(section.findall(_is_dropdown)):
            section.insert(1, nodes.raw("", FOLD_ALL, format="html"))
    for code in doctree.findall(nodes.literal):
        if max(map(len, code.astext().split()), default=0) <= SHORT:
            code["classes"].append("short")
    for paragraph in doctree.findall(nodes.paragraph):
        if paragraph.astext().startswith(PROMISES):
            paragraph["classes"].append("promise")
        if _is_bold_link(paragraph):
            paragraph["classes"].append("onward")


def _mark_number(title, part):
    match = CHAPTER_TITLE.match(title[0].astext())
    if match:
        number, dot, name = match.groups()
        title[0:1] = [
            nodes.inline("", number, classes=["chapter-number", part]),
            nodes.inline("", dot, classes=["chapter-dot"]),
            nodes.Text(name),
        ]


def _is_bold_link(paragraph):
    """Whether the paragraph is one link, set in bold; the parser leaves empty texts around it."""
    strong = paragraph.next_node(nodes.strong)
    link = strong.next_node(addnodes.pending_xref) if strong else None
    return link is not None and link.astext() == paragraph.astext()


def _is_dropdown(node):
    return isinstance(node, nodes.container) and node.get("design_component") == "dropdown"


def _sections_around(node):
    while node is not None:
        if isinstance(node, nodes.section):
            yield node
        node = node.parent


def _mark_answer(dropdown):
    """Mark an answer as right or wrong by its reason, and let a question have one answer open."""
    reason = "".join(child.astext() for child in dropdown[1:])
    verdict = ANSWER.match(reason)
    if verdict is None:
        logger.warning("the reason behind an answer begins with Yes or No", location=dropdown)
        return
    dropdown["container_classes"] += ["answer", "right" if verdict[1] == "Yes" else "wrong"]
    dropdown["details_name"] = f"question-{_question(dropdown)}"


def _question(dropdown):
    """Return the position, in its section, of the first answer of the dropdown's question."""
    siblings = dropdown.parent.children
    position = siblings.index(dropdown)
    while _is_dropdown(siblings[position - 1]):
        position -= 1
    return position


def name_folds(app, name, template, context, doctree):
    """Let folded code be called by the words on it; MyST-NB has another name for it, always one."""
    if "body" in context:
        context["body"] = context["body"].replace(' aria-label="Toggle hidden content"', "")


def setup(app):
    app.add_js_file(None, body=MANNERS)
