"""The ways through the book: its order, its theme, its questions."""

import re
from itertools import pairwise

import pytest

from .book import CHAPTERS, DOCUMENTS

THEME = "document.documentElement.dataset.theme"


def test_one_can_go_through_the_whole_book_and_back(visit):
    with visit(DOCUMENTS[0], source="file") as page:

        def link(direction):
            name = re.compile(rf"^\W*{direction}\b", re.IGNORECASE)
            return page.get_by_role("main").get_by_role("link", name=name)

        assert not link("previous").count()
        for before, name in pairwise(DOCUMENTS):
            link("next").click()
            page.wait_for_url(f"**/{name}.html")
            assert link("previous").evaluate("link => link.href").endswith(f"/{before}.html")
        assert not link("next").count()
        link("previous").click()
        page.wait_for_url(f"**/{DOCUMENTS[-2]}.html")


def test_the_theme_changes_at_a_click_and_stays(visit):
    with visit("index") as page:
        button = page.get_by_role("button", name=re.compile("colou?r mode|theme|dark|light", re.I))
        paper = "getComputedStyle(document.body).backgroundColor"
        seen = {(page.evaluate(THEME), page.evaluate(paper))}
        for _ in range(3):
            button.click()
            theme = page.evaluate(THEME)
            seen.add((theme, page.evaluate(paper)))
            page.reload()
            assert page.evaluate(THEME) == theme
        assert {theme for theme, _ in seen} == {"light", "dark"}
        assert len({colour for _, colour in seen}) == 2


VERDICT = re.compile(r"(Yes|No)\b.{9,}")


def questions(page):
    """Return the part of a chapter with the questions that answer at once."""
    heading = page.get_by_role("heading", name=re.compile("Check yourself"))
    return page.locator("section").filter(has=heading).last


def verdict(part, before):
    """Return what the part says more than before: Yes or No, and a reason."""
    new = " ".join(line for line in part.inner_text().splitlines() if line not in before)
    assert VERDICT.fullmatch(new), new
    return new.split()[0].strip(".,:")


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chosen_answer_says_at_once_whether_it_is_right_and_why(visit, name):
    with visit(name, source="file") as page:
        # What unfolds may bring a link under the mouse, which then shows its note.
        page.add_style_tag(content=".nw-note { display: none !important }")
        part = questions(page)
        article = page.get_by_role("article")
        elsewhere = article.inner_text().replace(part.inner_text(), "")
        answers = part.get_by_text(re.compile(r"^[a-e]\)")).all()
        said = ""
        for answer in answers:
            before = part.inner_text()
            answer.click()
            said += answer.inner_text()[0] + verdict(part, before)
            assert article.inner_text().replace(part.inner_text(), "") == elsewhere
        # Each question has answers from a) on, one of them right.
        first, *each = said.split("a")
        assert first == ""
        assert len(each) >= 2
        assert all(question.count("Yes") == 1 for question in each), said


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_question_is_answered_by_key(visit, name):
    with visit(name, source="file") as page:
        part = questions(page)
        part.get_by_role("heading").first.click()
        for _ in range(5):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.innerText").startswith("a)"):
                break
        before = part.inner_text()
        page.keyboard.press("Space")
        assert verdict(part, before)
