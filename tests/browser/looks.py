"""Scripts that look at a page: what can be reached and seen in it, in any browser."""

# Numbers all that can be worked, remembers how it looks, and notes down what the focus comes to.
WATCH = """() => {
  const look = element => {
    const s = getComputedStyle(element);
    const outline = s.outlineStyle === "none" ? "" : `${s.outlineWidth} ${s.outlineColor}`;
    const rings = [...element.querySelectorAll(":scope > circle")].map(
      circle => getComputedStyle(circle).strokeWidth);  // of a handle in an SVG
    return [outline, s.boxShadow, s.borderColor, s.backgroundColor, ...rings].join("; ");
  };
  const all = [...document.querySelectorAll(
    "a[href], button, summary, input, select, textarea, [role=button], [tabindex='0']")];
  const expected = all.filter(element =>
    element.checkVisibility({visibilityProperty: true, opacityProperty: true})
    && element.getClientRects().length && !element.disabled && !element.closest("[inert]"));
  const looks = new Map(expected.map(element => [element, look(element)]));
  window.reached = new Set();
  window.unseen = [];
  const name = e => `${e.nodeName} ${(e.ariaLabel || e.textContent).trim().slice(0, 40)}`;
  document.addEventListener("focusin", ({target}) => {
    reached.add(target);
    if (look(target) === looks.get(target)) unseen.push(name(target));
  });
  window.missed = () => expected.filter(element => !reached.has(element)).map(name);
  return expected.length;
}"""

# Words, pictures and controls that reach beyond the window, or beyond a box that hides what does
# not fit in. What lies in a box that scrolls can be reached.
CUT_OFF = """() => {
  const box = element => {
    for (let e = element; e; e = e.parentElement) {
      const {overflowX, display} = getComputedStyle(e);
      if (["auto", "scroll"].includes(overflowX)) return null;
      if (["hidden", "clip"].includes(overflowX) && display !== "inline") {
        const {left, right} = e.getBoundingClientRect();
        return right - left > 1 ? [left, right] : null;  // else it is meant for the ears only
      }
    }
    return [0, innerWidth];
  };
  const cut = (element, rects) => {
    if (!element.checkVisibility({visibilityProperty: true, opacityProperty: true})) return false;
    const edges = box(element);
    return edges && [...rects].some(
      ({left, right, width}) => width > 1 && (left < edges[0] - 1 || right > edges[1] + 1));
  };
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const {currentNode: text} = texts, range = document.createRange();
    range.selectNodeContents(text);
    const parent = text.parentElement;
    if (text.data.trim() && !parent.closest("svg") && cut(parent, range.getClientRects())) {
      found.push(text.data.trim());
    }
  }
  const drawn = "article svg[role], img, input, select, button";
  for (const element of document.querySelectorAll(drawn)) {
    if (cut(element.parentElement, element.getClientRects())) {
      found.push(element.outerHTML.slice(0, 80));
    }
  }
  return found;
}"""

# On paper nothing scrolls: what a box cannot hold is lost.
LOST = """() => [...document.querySelectorAll("body *")].filter(element => {
  const {left, right, width} = element.getBoundingClientRect();
  const {overflowX, display} = getComputedStyle(element);
  const outside = width > 1 && (left < -1 || right > innerWidth + 1);
  const cut = overflowX !== "visible" && display !== "inline" && element.clientWidth > 1
    && element.scrollWidth > element.clientWidth + 1;
  return (outside || cut) && element.checkVisibility({visibilityProperty: true})
    && !element.closest("math *, svg *");
}).map(element => `${element.outerHTML.slice(0, 90)}: ${element.scrollWidth} px`)"""

# Texts whose colour is too near to what is behind them, by WCAG's measure.
FAINT = """() => {
  const parse = text => {
    const numbers = (text.match(/[\\d.]+(e-?\\d+)?/g) ?? []).map(Number);
    const [r, g, b, alpha = 1] = numbers;
    return text.startsWith("color(") ? [255 * r, 255 * g, 255 * b, alpha] : [r, g, b, alpha];
  };
  const over = ([r, g, b, alpha], below) =>
    [r, g, b].map((level, i) => alpha * level + (1 - alpha) * below[i]);
  const paper = element => {
    const own = element ? parse(getComputedStyle(element).backgroundColor) : [255, 255, 255, 1];
    return own[3] === 1 ? own.slice(0, 3) : over(own, paper(element.parentElement));
  };
  const luminance = colour => {
    const [r, g, b] = colour.map(level => level / 255).map(
      level => level <= 0.04045 ? level / 12.92 : ((level + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const {data, parentElement: parent} = texts.currentNode;
    const seen = parent.checkVisibility({visibilityProperty: true, opacityProperty: true});
    if (!data.trim() || !seen || parent.closest("svg, script, style, :disabled")) continue;
    const {color, fontSize, fontWeight} = getComputedStyle(parent), size = parseFloat(fontSize);
    const behind = paper(parent), ink = over(parse(color), behind);
    const [low, high] = [luminance(ink), luminance(behind)].sort((a, b) => a - b);
    const ratio = (high + 0.05) / (low + 0.05);
    const isLarge = size >= 24 || (size >= 18.66 && fontWeight >= 700);
    if (ratio < (isLarge ? 3 : 4.5)) found.push(`${data.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return found;
}"""

# Shows a page as it is on paper, where a browser has no other way to do so.
PRINT = """() => {
  const turn = rules => {
    for (const rule of rules) {
      if (rule.media) {
        const {mediaText: text} = rule.media;
        if (/\\bscreen\\b/.test(text)) rule.media.mediaText = "not all";
        else rule.media.mediaText = text.replace(/\\bprint\\b/g, "all");
      }
      if (rule.cssRules) turn(rule.cssRules);
    }
  };
  for (const sheet of document.styleSheets) turn(sheet.cssRules);
  dispatchEvent(new Event("beforeprint"));
}"""
