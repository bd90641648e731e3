"""A figure's output is data, and a picture: the page and the live form must show the same."""

from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup

from nwlib import figures, plots

USE = f"{{{figures.SVG}}}use"
HREF = f"{{{figures.XLINK}}}href"


@pytest.fixture(scope="module")
def tiny():
    """Two controls with 2 x 3 positions over a figure with one moving and one resting line."""

    def draw(name, height):
        fig, ax = plots.figure()
        ax.plot([0, 1], [0, 1], "o-")
        ax.plot([0, 1], [height, height], "s-", gid=plots.MOVING)
        ax.set_ylim(-1, 4)
        return fig, f"{name} < {height:.0f}"

    controls = [
        figures.Control("letter", ("a", "b"), 1),
        figures.Control("height", (1.0, 2.0, 3.0), 2),
    ]
    return figures.Explorable('A "tiny" one', controls, draw)


@pytest.fixture(scope="module")
def answering():
    """A figure that a script draws in the page."""

    def draw():
        return plots.figure()[0], "Nothing < something."

    data = {"x": [1, 2]}
    options = {"buttons": ["Undo"], "moves": "add points", "page": "chapters/01_dataset"}
    return figures.Figure("points", "Points", draw, data, **options)


@pytest.fixture(scope="module")
def stored(tiny):
    return tiny.stored()


@pytest.fixture(scope="module")
def svg(stored):
    return ElementTree.fromstring(stored[0])


def test_there_is_a_frame_for_each_combination_and_one_is_shown(svg):
    frames = svg.findall("*[@data-frame]")
    assert [frame.get("data-frame") for frame in frames] == [str(i) for i in range(6)]
    assert [frame.get("style") for frame in frames].index(None) == 5  # ("b", 3.0), the start


def test_the_sentences_are_in_the_order_of_the_frames(stored, svg):
    _, facts = stored
    assert facts["data"] == ["a < 1", "a < 2", "a < 3", "b < 1", "b < 2", "b < 3"]
    assert facts["sentence"] == svg.get("aria-label") == "b < 3"
    assert facts["longest"] in facts["data"]


def test_what_rests_is_drawn_once_and_what_moves_in_each_frame(svg):
    within = sum(
        len(frame.findall(".//*[@class='moving']")) for frame in svg.findall("*[@data-frame]")
    )
    assert within == len(svg.findall(".//*[@class='moving']")) == 6
    ids = [element.get("id") for element in svg.findall(".//*[@id]")]
    assert len(ids) == len(set(ids))
    assert {use.get(HREF)[1:] for use in svg.iter(USE)} <= set(ids)


def test_nothing_is_fetched(svg):
    assert all(use.get(HREF).startswith(("#", "data:")) for use in svg.iter(USE))
    assert not [element for element in svg.iter() if "src" in element.attrib]


def test_a_control_is_stored_with_what_stands_at_each_position(stored):
    _, facts = stored
    assert facts["title"] == 'A "tiny" one'
    assert facts["moves"] == "move letter and height"
    assert facts["controls"] == [
        {"kind": "choice", "name": "letter", "texts": ["a", "b"], "start": 1},
        {"kind": "range", "name": "height", "texts": ["1.00", "2.00", "3.00"], "start": 2},
    ]


def test_the_live_form_draws_the_frame_of_its_controls(tiny):
    box = tiny.widget()
    letter, height, view = box.children
    assert (letter.label, height.label) == ("b", "3.00")
    assert view.value == tiny.picture(1, 2)[0]
    letter.value, height.value = 0, 1
    assert view.value == tiny.picture(0, 1)[0]
    assert 'aria-label="a &lt; 2"' in view.value


def test_one_output_holds_both_forms(tiny, stored):
    bundle = tiny._repr_mimebundle_()
    view = bundle["application/vnd.jupyter.widget-view+json"]
    assert view == {"version_major": 2, "version_minor": 0, "model_id": tiny._box.model_id}
    assert (bundle["image/svg+xml"], bundle[figures.MIME]) == stored
    assert bundle["text/plain"] == 'A "tiny" one. b < 3'


def test_where_scripts_and_pictures_are_dropped_a_hint_and_the_sentence_are_left(tiny):
    page = BeautifulSoup(tiny._repr_mimebundle_()["text/html"], "html.parser")
    assert page.get_text(" ", strip=True) == f"{tiny.hint} b < 3"


def test_a_figure_that_a_script_draws_is_a_picture_with_its_sentence_in_a_kernel(answering):
    svg, facts = answering.stored()
    picture, told = answering.widget().children
    assert picture.value == svg
    assert "Nothing &lt; something." in told.value
    assert "On its page in the book you can add points." in told.value
    assert facts["kind"] == "points"
    assert facts["data"] == {"x": [1, 2]}
    assert facts["buttons"] == ["Undo"]
    assert facts["longest"] == facts["sentence"] == "Nothing < something."


def test_where_the_site_is_near_there_is_a_link_to_its_page(answering, monkeypatch):
    monkeypatch.setattr(figures.sys, "platform", figures.LITE)
    _, told = answering.widget().children
    assert 'href="../../chapters/01_dataset.html"' in told.value


def test_the_digits_of_its_data_are_those_that_are_the_same_on_every_machine():
    data = {"w": [0.1 + 0.2, 3, "a"]}
    assert figures._rounded(data) == {"w": [0.3, 3, "a"]}
