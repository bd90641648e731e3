"""A student's written answers, as the person sees them who grades: words, code, pictures.

A picture is kept only as a PNG or JPEG of bounded size, whatever it is called. None is unpacked.
"""

import base64
import io
import re
import warnings
from dataclasses import dataclass
from itertools import pairwise

from PIL import Image

MAX_PICTURES, MAX_TRIED = 4, 20  # of an answer
MAX_BYTES, MAX_PIXELS = 5 * 2**20, 25_000_000  # of a picture: what a telephone takes
INLINE = re.compile(r"data:image/\w+;base64,([A-Za-z0-9+/=]*)")
BESIDE = "[In another cell, beside the answer:]"
LEFT_OUT = "[{} left out: the first {} that are PNG or JPEG, of at most {} MB, are shown.]"


@dataclass(frozen=True)
class Answer:
    """What a student has answered to one question; pictures : (png or jpg, bytes) of each."""

    text: str
    pictures: tuple


def owners(assignment, cells):
    """Return, for each cell, the grade_id of the written answer that it is a part of, or "".

    That is the cell for the answer, and each cell of the student's own between it and the next
    cell of the assignment, or between the one before and it.
    """
    ids = [cell.grade_id for cell in assignment.cells]
    next_id, written = dict(pairwise(ids)), assignment.written
    found, last = [], ""
    for cell in cells:
        if cell.grade_id in ids:
            last = cell.grade_id
            found.append(last if last in written else "")
        else:
            found.append(next((one for one in (last, next_id.get(last)) if one in written), ""))
    return found


def read_answers(assignment, cells):
    """Return the Answer to each question that a person grades, by grade_id."""
    parts = {name: [] for name in assignment.written}
    for name, cell in zip(owners(assignment, cells), cells, strict=True):
        if name and (cell.grade_id == name or cell.source.strip() or cell.attached):
            parts[name].append(cell)
    return {name: _answer(name, own) for name, own in parts.items()}


def _answer(name, cells):
    texts, pasted = [], []
    for cell in cells:
        text, inline = without_pictures(cell.source)
        texts.append(text if cell.grade_id == name else f"{BESIDE}\n{text}")
        pasted += [*cell.attached, *inline]
    pictures = list(filter(None, map(_picture, pasted[:MAX_TRIED])))[:MAX_PICTURES]
    if left_out := len(pasted) - len(pictures):
        what = "One picture is" if left_out == 1 else f"{left_out} pictures are"
        texts.append(LEFT_OUT.format(what, MAX_PICTURES, MAX_BYTES // 2**20))
    return Answer("\n\n".join(texts), tuple(pictures))


def without_pictures(text):
    """Return a text with a word for each picture that is written into it, and these pictures."""
    return INLINE.sub("a picture", text), INLINE.findall(text)


def _picture(text):
    """Return (png or jpg, bytes) of a picture in base64, or None if it is not fit to be shown."""
    if len(text) > 4 * MAX_BYTES / 3 + 4:
        return None
    try:
        data = base64.b64decode(text)
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # of sizes that take all memory
            with Image.open(io.BytesIO(data), formats=["PNG", "JPEG"]) as image:
                width, height = image.size
                image.verify()
    except Exception:  # Pillow has many words for what is no picture
        return None
    kind = "png" if data.startswith(b"\x89PNG") else "jpg"
    return (kind, data) if width * height <= MAX_PIXELS else None
