"""What a person sees of a written answer: the cells it stands in, and the pictures in them."""

import base64
import io
import json
import struct
import zlib

import pytest
from PIL import Image

from nwgrade.answers import BESIDE, MAX_PICTURES, owners, read_answers
from nwgrade.notebooks import MAX_ATTACHED, read_notebook

from .classroom import add_cells, as_bytes, attach, notebook, picture
from .submissions import assignment

HW1 = assignment("hw1")


def answers(made):
    return read_answers(HW1, read_notebook(as_bytes(made)))


def derivation(made):
    return answers(made)["derivation"]


# ---- The cells ----


def test_an_answer_is_what_stands_in_its_cell():
    found = answers(notebook("hw1", derivation="It is zero."))
    assert found["derivation"].text == "It is zero."
    assert "def draw_world(ax)" in found["figure"].text
    assert found.keys() == {"derivation", "figure"}


@pytest.mark.parametrize("kind", ["markdown", "code", "raw"])
def test_a_cell_below_an_answer_belongs_to_it_and_is_marked(kind):
    made = add_cells(notebook("hw1"), "derivation", "YOUR ANSWER HERE", ("It is zero.", kind))
    assert derivation(made).text == f"YOUR ANSWER HERE\n\n{BESIDE}\nIt is zero."
    assert HW1.is_answered("derivation", derivation(made).text)


def test_a_cell_between_the_question_and_its_answer_belongs_to_it():
    made = add_cells(notebook("hw1"), "derivation-task", None, ("It is zero.", "markdown"))
    assert derivation(made).text.startswith(f"{BESIDE}\nIt is zero.\n\n**1.** Put")


def test_an_answer_in_the_place_of_its_deleted_cell_is_found():
    made = add_cells(notebook("hw1"), "derivation", None, ("It is zero.", "markdown"))
    made["cells"] = [cell for cell in made["cells"] if cell.get("id") != "derivation"]
    assert derivation(made).text == f"{BESIDE}\nIt is zero."


def test_a_cell_beside_code_that_checks_grade_belongs_to_no_answer():
    made = add_cells(notebook("hw1"), "world", None, ("a thought", "markdown"))
    cells = read_notebook(as_bytes(made))
    assert [name for name in owners(HW1, cells) if name] == ["derivation", "figure"]


def test_an_empty_cell_below_is_no_answer():
    made = add_cells(notebook("hw1"), "derivation", "YOUR ANSWER HERE", (" \n", "markdown"))
    assert not HW1.is_answered("derivation", derivation(made).text)


# ---- The pictures ----


def kinds(answer):
    return [kind for kind, _ in answer.pictures]


def test_pictures_that_were_pasted_are_kept_as_they_are():
    photo, plot = picture("JPEG"), picture("PNG")
    made = attach(notebook("hw1"), "derivation", photo, plot)
    assert derivation(made).pictures == (("jpg", photo), ("png", plot))
    assert derivation(made).text.startswith("**1.** Put")
    assert "left out" not in derivation(made).text


def test_a_picture_in_a_cell_below_is_kept():
    made = add_cells(notebook("hw1"), "derivation", None, ("", "markdown"))
    below = next(cell for cell in made["cells"] if cell["id"] == "derivation-0")
    below["attachments"] = {"p.png": {"image/png": base64.b64encode(picture("PNG")).decode()}}
    assert kinds(derivation(made)) == ["png"]


def test_a_picture_that_is_written_into_the_text_is_kept_beside_it():
    shown = base64.b64encode(picture("PNG")).decode()
    made = notebook("hw1", derivation=f"So: ![it](data:image/png;base64,{shown})")
    assert kinds(derivation(made)) == ["png"]
    assert derivation(made).text == "So: ![it](a picture)"


def huge(width, height):
    """Return a PNG that says that it is so large, and is well formed but for what is in it."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    png = b"\x89PNG\r\n\x1a\n"
    for name, data in chunks:
        png += struct.pack(">I", len(data)) + name + data
        png += struct.pack(">I", zlib.crc32(name + data))
    return png


def gif():
    out = io.BytesIO()
    Image.new("L", (4, 4)).save(out, "GIF")
    return out.getvalue()


NO_PICTURES = {
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "html": b"<script>window.pwned = 1</script>",
    "gif": gif(),
    "text": b"It is zero.",
    "nothing": b"",
    "broken": picture("PNG")[:-40],
    "80,000 a side": huge(80_000, 80_000),
    "6,000 a side": huge(6_000, 6_000),
    "too many bytes": picture("PNG") + b"\0" * 6 * 2**20,
}


@pytest.mark.parametrize("content", NO_PICTURES.values(), ids=NO_PICTURES)
def test_what_is_no_picture_of_bounded_size_is_left_out_and_that_is_told(content):
    made = attach(notebook("hw1"), "derivation", content)
    assert derivation(made).pictures == ()
    assert derivation(made).text.endswith(
        "[One picture is left out: the first 4 that are PNG or JPEG, of at most 5 MB, are shown.]"
    )


def test_a_picture_as_large_as_a_telephone_takes_is_kept():
    made = attach(notebook("hw1"), "derivation", huge(4_000, 6_000))
    assert kinds(derivation(made)) == ["png"]


def test_more_pictures_than_a_page_shows_are_told():
    made = attach(notebook("hw1"), "derivation", *[picture("PNG")] * 30)
    assert len(derivation(made).pictures) == MAX_PICTURES
    assert f"[{MAX_ATTACHED - MAX_PICTURES} pictures are left out" in derivation(made).text


@pytest.mark.parametrize("attached", [None, 5, "x", [], {"a": 1}, {"a": {}}, {"a": {"b": [1, {}]}}])
def test_odd_attachments_make_no_notebook_unreadable(attached):
    made = notebook("hw1")
    for cell in made["cells"]:
        cell["attachments"] = attached
    assert derivation(json.loads(json.dumps(made))).text.startswith("**1.** Put")
