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
SHORT = 14  # letters of a word of code that need not be broken on a phone
FOLD_ALL = """<p class="fold-all">
<button type="button">Unfold all hints and solutions</button>
<span>What is folded is left out in print.</span></p>"""


def mark_up(app, doctree):
    """Mark numbers, solutions and answers; offer to unfold the exercises all at once."""
    title = doctree.next_node(nodes.title)
    if title is not None and (match := CHAPTER_TITLE.match(title[0].astext())):
        number, dot, name = match.groups()
        room = app.env.docname.partition("/")[0]
        number = nodes.inline("", number, classes=["chapter-number", room])
        title[0:1] = [number, nodes.inline("", dot, classes=["chapter-dot"]), nodes.Text(name)]
    for section in doctree.findall(nodes.section):
        folds = list(section.findall(_is_dropdown))
        if "check-yourself" in section["ids"]:
            _mark_answers(folds)
        if "exercises" in section["ids"] and folds:
            section.insert(1, nodes.raw("", FOLD_ALL, format="html"))
    for fold in doctree.findall(_is_dropdown):
        if fold[0].astext() == "Solution":  # the paper may go without
            fold["container_classes"].append("fold-solution")
    for code in doctree.findall(nodes.literal):
        if max(map(len, code.astext().split()), default=0) <= SHORT:
            code["classes"].append("short")
    for paragraph in doctree.findall(nodes.paragraph):
        if paragraph.astext().startswith(PROMISES):
            paragraph["classes"].append("promise")
        bold = paragraph.next_node(nodes.strong)
        link = bold and bold.next_node(addnodes.pending_xref)
        if link and link.astext() == paragraph.astext():
            paragraph["classes"].append("onward")


def _is_dropdown(node):
    return isinstance(node, nodes.container) and node.get("design_component") == "dropdown"


def _mark_answers(answers):
    """Mark an answer as right or wrong by its reason, and let a question have one answer open."""
    question = 0
    for answer in answers:
        before = answer.parent[answer.parent.index(answer) - 1]
        question += not _is_dropdown(before)
        answer["details_name"] = f"question-{question}"
        verdict = ANSWER.match("".join(child.astext() for child in answer[1:]))
        if verdict is None:
            logger.warning("the reason behind an answer begins with Yes or No", location=answer)
        else:
            right = "right" if verdict[1] == "Yes" else "wrong"
            answer["container_classes"] += ["answer", right]
