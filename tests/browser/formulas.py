"""Where the ink of each sign of a formula is, as any browser draws it."""

import io
from typing import NamedTuple

import numpy as np
from PIL import Image

WINDOW = 1600, 2000
SIZE = 32  # CSS pixels of a formula's letters; all lengths below are in these
EDGE = 0.5  # around a formula, where ink may have gone astray
COVERED = 0.5  # share of a pixel from which on it is ink
ROUNDED = 3  # of 255, by which a blend of ink and paper may be off

# Leaves nothing on a page but its formulas, each once, and the paragraphs that they stand in, whose
# words are small and cannot be seen. Each sign has a colour with a zero in it, which no blend with
# the paper has.
PREPARE = f"""async () => {{
  const SIZE = {SIZE}, LEVELS = 15, SIGNS = "mi, mn, mo, mtext, mfrac, msqrt";
  document.querySelectorAll("details").forEach(fold => fold.open = true);
  const article = document.querySelector("article");
  document.body.replaceChildren(article);
  article.querySelectorAll(".cell, svg, pre, .headerlink").forEach(part => part.remove());
  const blocks = "p, li, dd, dt, tr, div, section, details, ul, ol, dl, table, h1, h2, h3, aside";
  for (const block of article.querySelectorAll(blocks)) {{
    if (!block.querySelector("math")) block.remove();
  }}
  const known = new Set();
  for (const math of article.querySelectorAll("math")) {{
    const {{localName, className}} = math.parentElement;
    const kind = `${{localName}} ${{className}} ${{math.outerHTML}}`;
    if (known.has(kind)) math.remove();
    known.add(kind);
  }}
  document.body.append(Object.assign(document.createElement("style"), {{textContent: `
    * {{ background: none !important; border-color: transparent !important; box-shadow: none;
        color: transparent !important; text-decoration: none !important; max-width: none !important;
        animation: none !important; transition: none !important; }}
    html, body {{ background: white !important; }}
    article :not(math, math *) {{ font-size: 4px !important; line-height: normal !important;
        margin: 0 !important; padding: 0 !important; }}
    math {{ font-size: ${{SIZE}}px !important; margin: ${{SIZE}}px !important; }}
    .formula {{ overflow: visible !important; }}
    ::marker {{ content: none; }}
  `}}));
  await document.fonts.ready;
  await new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  let count = 0;
  const nextColour = () => {{
    const digit = power => Math.floor(count / LEVELS ** power) % LEVELS;
    const channels = [digit(0), digit(1)].map(level => 16 * level + 16);
    channels.splice(digit(2) % 3, 0, 0);
    count += 1;
    return channels;
  }};
  return [...document.querySelectorAll("math")].map(math => {{
    const {{left, right, top, bottom}} = math.getBoundingClientRect();
    const signs = [...math.querySelectorAll(SIGNS)].map(sign => {{
      const colour = nextColour(), {{parentElement: parent}} = sign;
      sign.style.setProperty("color", `rgb(${{colour}})`, "important");
      return {{
        text: sign.children.length ? `<${{sign.localName}}>` : sign.textContent,
        holds: sign.querySelectorAll(SIGNS).length,
        colour,
        isAccent: parent.localName === "mover" && sign === parent.lastElementChild,
      }};
    }});
    const box = [left + scrollX, top + scrollY, right + scrollX, bottom + scrollY];
    return {{text: math.textContent, box, signs}};
  }});
}}"""
SCROLLED = """async () => {
  scrollTo(0, END);
  await new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  return [scrollY, innerHeight, document.documentElement.scrollHeight];
}"""


class Sign(NamedTuple):
    """A sign, how many of those behind it it holds, and the box of its ink.

    A box is (left, top, right, bottom) from the formula's left upper corner; None without ink.
    """

    text: str
    holds: int
    is_accent: bool
    ink: np.ndarray | None


class Formula(NamedTuple):
    text: str
    width: float
    height: float
    signs: list


def drawn(reader, address):
    """Return the formulas of a page as they are drawn for a reader."""
    reader.open(address)
    found = reader.run(PREPARE)
    picture = whole_page(reader)
    return [_formula(one, picture) for one in found]


def whole_page(reader):
    """Return the pixels of a page, of shape (rows, columns, 3)."""
    parts, end = [], 0
    while True:
        top, height, total = map(round, reader.run(SCROLLED.replace("END", str(end))))
        shot = np.asarray(Image.open(io.BytesIO(reader.screenshot())).convert("RGB"))
        parts.append(shot[end - top : height])
        end = top + height
        if end >= total:
            return np.concatenate(parts)


def _formula(found, picture):
    left, top, right, bottom = found["box"]
    edge = round(EDGE * SIZE)
    first, start = max(0, round(top) - edge), max(0, round(left) - edge)
    darkness = 255.0 - picture[first : round(bottom) + edge, start : round(right) + edge]
    rows, columns = np.nonzero(darkness.any(axis=-1))
    signs, darkness = [], darkness[rows, columns]
    for sign in found["signs"]:
        full = 255 - np.array(sign["colour"])
        share = darkness[:, full == 255].max(axis=1, keepdims=True) / 255
        covered = (share[:, 0] >= COVERED) & (abs(darkness - share * full) <= ROUNDED).all(axis=1)
        ink = None
        if covered.any():
            x, y = columns[covered] + start - left, rows[covered] + first - top
            ink = np.array([x.min(), y.min(), x.max() + 1, y.max() + 1]) / SIZE
        signs.append(Sign(sign["text"], sign["holds"], sign["isAccent"], ink))
    return Formula(found["text"], (right - left) / SIZE, (bottom - top) / SIZE, signs)
