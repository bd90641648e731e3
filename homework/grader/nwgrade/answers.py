"""A student's written answers, as the person sees them who grades: words, code, pictures.

A picture is kept only as a PNG or JPEG of bounded size, whatever it is called. None is unpacked.
"""

import base64
import io
import math
import re
import warnings
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

from PIL import Image

MAX_PICTURES, MAX_TRIED = 4, 20  # of an answer
MAX_BYTES, MAX_PIXELS = 5 * 2**20, 25_000_000  # of a picture: what a telephone takes
warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # nothing is unpacked here
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
    following, written, last, found = dict(pairwise(ids)), assignment.written, "", []
    for cell in cells:
        is_own = cell.grade_id not in ids
        last = last if is_own else cell.grade_id
        near = (last, following.get(last)) if is_own else (last,)
        found.append(next((one for one in near if one in written), ""))
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
    if len(text) <= 4 * MAX_BYTES / 3 + 4:
        with suppress(ValueError):
            data = base64.b64decode(text)
            if math.prod(sides(data, ["PNG", "JPEG"])) <= MAX_PIXELS:
                return "png" if data.startswith(b"\x89PNG") else "jpg", data
    return None


def sides(data, formats):
    """Return the width and height of a picture in pixels; raise ValueError if it is none."""
    try:
        with Image.open(io.BytesIO(data), formats=formats) as image:
            image.verify()
            return image.size
    except Exception as error:  # Pillow has many words for what is no picture
        raise ValueError("no picture") from error
