// Small pictures in SVG, with handles that a pointer, a finger and keys move. It knows nothing
// of attention. Lengths are units of the picture's viewBox; colours are those of the book.
(() => {
  "use strict";
  const nw = (globalThis.nw ??= {});
  const SVG = "http://www.w3.org/2000/svg";
  const REACH = 15; // a circle of this radius is 25 CSS px wide where a phone shrinks the picture
  const SHADES = 16;
  const round = (number) => Math.round(number * 100) / 100;
  let clips = 0;

  // ---- Numbers

  // A number in words: with these digits, and nothing that is no number.
  nw.number = (value, digits = 2) =>
    Number.isFinite(value) ? (Math.round(value * 10 ** digits) / 10 ** digits + 0).toFixed(digits) : "none";

  nw.clamp = (value, [low, high]) => Math.min(Math.max(value, low), high);

  // Where in a list the number stands that is nearest to another.
  nw.nearest = (numbers, to) =>
    numbers.reduce((best, one, i) => (Math.abs(one - to) < Math.abs(numbers[best] - to) ? i : best), 0);

  // The domain that holds these numbers, with a margin; any numbers, or none.
  nw.span = (numbers, margin = 0.06) => {
    const known = numbers.filter(Number.isFinite);
    const [low, high] = known.length ? [Math.min(...known), Math.max(...known)] : [0, 1];
    const more = (high - low) * margin || (low === high ? 1 : 0);
    return [low - more, high + more];
  };

  // From a domain to lengths, and back by `invert`.
  nw.scale = (domain, range, log = false) => {
    const [to, from] = log ? [Math.log, Math.exp] : [Number, Number];
    const [start, end] = domain.map(to);
    const slope = (range[1] - range[0]) / (end - start || 1);
    const scale = (value) => range[0] + (to(value) - start) * slope;
    scale.invert = (length) => from(start + (length - range[0]) / slope);
    scale.domain = domain;
    return scale;
  };

  // Round numbers in a domain, about five; on a logarithmic scale powers of ten.
  nw.ticks = ([from, to], log = false) => {
    const step = log ? 1 : 10 ** Math.floor(Math.log10((to - from) / 4 || 1));
    const [low, high] = log ? [Math.log10(from), Math.log10(to)] : [from, to];
    const wide = [1, 2, 5, 10].find((many) => (high - low) / (many * step) <= 6) * step;
    const ticks = [];
    for (let i = Math.ceil(low / wide - 1e-9); i * wide <= high + 1e-9 * wide; i++) {
      ticks.push(log ? 10 ** (i * wide) : Number((i * wide).toPrecision(12)));
    }
    return ticks;
  };

  // A line through points, with a gap where one is missing.
  nw.path = (points) => {
    let pen = "M";
    return points
      .map(([x, y]) => {
        const there = Number.isFinite(x) && Number.isFinite(y);
        const part = there ? `${pen}${round(x)} ${round(y)}` : "";
        pen = there ? "L" : "M";
        return part;
      })
      .join("");
  };

  // ---- Elements

  nw.set = (element, attributes) => {
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };

  // A new element, of SVG inside of one.
  nw.add = (parent, name, attributes = {}, text = "") => {
    const space = name === "svg" ? SVG : parent.namespaceURI;
    const made = nw.set(document.createElementNS(space, name), attributes);
    if (text) made.textContent = text;
    return parent.appendChild(made);
  };

  nw.picture = (parent, width, height, label) =>
    nw.add(parent, "svg", {
      viewBox: `0 0 ${width} ${height}`,
      role: "group",
      "aria-label": label,
      style: "touch-action: pan-y; user-select: none; -webkit-user-select: none",
    });

  nw.text = (parent, x, y, text, attributes = {}) =>
    nw.add(parent, "text", { x, y, fill: "var(--nw-ink)", "font-size": 10.5, ...attributes }, text);

  // A text in which "x_i" has its i below the line.
  nw.formula = (parent, x, y, text, attributes) => {
    const made = nw.text(parent, x, y, "", attributes);
    text.split(/_(.)/u).forEach((part, i) => {
      const below = { dy: 3, "font-size": "90%" };
      if (part) nw.add(made, "tspan", i % 2 ? below : { dy: i && -3 }, part);
    });
    return made;
  };

  // A rectangle {left, top, width, height} with scales. x and y are {domain, log, label, ticks,
  // write}: ticks and how they are written need not be said.
  nw.axes = (svg, { left, top, width, height }, { x, y, title = "" }) => {
    const right = left + width;
    const bottom = top + height;
    const frame = nw.add(svg, "g", { "aria-hidden": true });
    const clip = `nw-clip-${++clips}`;
    const room = { x: left - 6, y: top - 6, width: width + 12, height: height + 12 };
    nw.add(nw.add(frame, "clipPath", { id: clip }), "rect", room);
    const area = nw.add(svg, "g", { "clip-path": `url(#${clip})`, "aria-hidden": true });
    const axes = {
      area,
      x: nw.scale(x.domain, [left, right], x.log),
      y: nw.scale(y.domain, [bottom, top], y.log),
    };
    const look = { fill: "none", stroke: "var(--nw-truth)", "stroke-width": 0.8 };
    const marks = [`M${left} ${top}V${bottom}H${right}`];
    const write = (tick) => String(tick).replace("-", "\u2212");
    for (const tick of x.ticks ?? nw.ticks(x.domain, x.log)) {
      marks.push(`M${round(axes.x(tick))} ${bottom}v3.5`);
      const centred = { "text-anchor": "middle" };
      nw.text(frame, round(axes.x(tick)), bottom + 15, (x.write ?? write)(tick), centred);
    }
    for (const tick of y.ticks ?? nw.ticks(y.domain, y.log)) {
      marks.push(`M${left} ${round(axes.y(tick))}h-3.5`);
      const beside = { "text-anchor": "end" };
      nw.text(frame, left - 7, round(axes.y(tick)) + 3.8, (y.write ?? write)(tick), beside);
    }
    nw.add(frame, "path", { d: marks.join(""), ...look });
    if (x.label) nw.text(frame, (left + right) / 2, bottom + 31, x.label, { "text-anchor": "middle" });
    if (y.label) {
      const turned = `translate(${left - 34} ${(top + bottom) / 2}) rotate(-90)`;
      nw.text(frame, 0, 0, y.label, { transform: turned, "text-anchor": "middle" });
    }
    if (title) nw.text(frame, left, top - 7, title);

    // Each of these is drawn once, and returns how it is drawn anew, in the scales of that moment.
    axes.line = (colour, { width: wide = 2.2, dash = "none" } = {}) => {
      const stroke = { stroke: `var(--nw-${colour})`, "stroke-width": wide, "stroke-dasharray": dash };
      const line = nw.add(area, "path", { fill: "none", "stroke-linejoin": "round", ...stroke });
      return (xs, ys) => line.setAttribute("d", nw.path(xs.map((one, i) => [axes.x(one), axes.y(ys[i])])));
    };
    axes.upright = (colour, { width: wide = 1.5, dash = "2 2" } = {}) => {
      const stroke = { stroke: `var(--nw-${colour})`, "stroke-width": wide, "stroke-dasharray": dash };
      const line = nw.add(area, "path", stroke);
      return (at) => line.setAttribute("d", nw.path([[axes.x(at), top], [axes.x(at), bottom]]));
    };
    axes.stems = (colour, { width: wide = 1.6 } = {}) => {
      const line = nw.add(area, "path", { stroke: `var(--nw-${colour})`, "stroke-width": wide });
      const stem = (at, height) => nw.path([axes.y(0), axes.y(height)].map((y) => [axes.x(at), y]));
      return (xs, ys) => line.setAttribute("d", xs.map((one, i) => stem(one, ys[i])).join(""));
    };
    axes.dots = (colour, { radius = 3, hollow = false } = {}) => {
      const ring = { fill: hollow ? "none" : `var(--nw-${colour})`, stroke: `var(--nw-${colour})` };
      const dots = nw.add(area, "path", { ...ring, "stroke-width": hollow ? 1.1 : 0 });
      const dot = (at, height) => {
        const start = nw.path([[axes.x(at) - radius, axes.y(height)]]);
        const half = `a${radius} ${radius} 0 0 1 `;
        return start && `${start}${half}${2 * radius} 0${half}${-2 * radius} 0z`;
      };
      return (xs, ys) => dots.setAttribute("d", xs.map((one, i) => dot(one, ys[i])).join(""));
    };
    // Rows of shares between 0 and 1, from the top; darker is more, by the root. Equal neighbours
    // are one rectangle, and each shade one path.
    axes.cells = (colour) => {
      const group = nw.add(area, "g", { class: "nw-shades" });
      const shades = Array.from({ length: SHADES }, (_, i) =>
        nw.add(group, "path", {
          fill: `var(--nw-${colour})`,
          "fill-opacity": (i + 1) / SHADES,
          "shape-rendering": "crispEdges",
        }),
      );
      return (rows) => {
        const drawn = shades.map(() => []);
        const high = height / rows.length;
        rows.forEach((row, i) => {
          const wide = width / row.length;
          const shade = row.map((share) => Math.round(Math.sqrt(share) * SHADES) || 0);
          for (let from = 0, to; from < row.length; from = to) {
            for (to = from + 1; shade[to] === shade[from]; to++);
            const place = `M${round(left + from * wide)} ${round(top + i * high)}`;
            const size = `h${round((to - from) * wide)}v${round(high)}h${round((from - to) * wide)}z`;
            drawn[nw.clamp(shade[from], [0, SHADES]) - 1]?.push(place + size);
          }
        });
        shades.forEach((path, i) => path.setAttribute("d", drawn[i].join("")));
      };
    };
    return axes;
  };

  // ---- Moving

  // Where a pointer is, in units of the picture.
  nw.at = (svg, event) => {
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    return [x, y];
  };

  // Calls start (which may refuse by false), move and end with places in the picture, while a pointer
  // that has gone down on the target is held. A finger there drags and does not scroll, but up and
  // down where it scrolls. (Chromium heeds the touch-action of a whole SVG only, not of its parts.)
  nw.drag = (svg, target, { start = () => {}, move, end = () => {}, scrolls = false }) => {
    let isHeld = false;
    target.addEventListener("pointerdown", (event) => {
      isHeld = !event.button && start(...nw.at(svg, event)) !== false;
      if (!isHeld) return;
      target.setPointerCapture(event.pointerId);
      move(...nw.at(svg, event));
    });
    const stay = (event) => isHeld && !scrolls && event.preventDefault();
    target.addEventListener("touchstart", stay, { passive: false });
    target.addEventListener("pointermove", (event) => {
      if (target.hasPointerCapture(event.pointerId)) move(...nw.at(svg, event));
    });
    target.addEventListener("lostpointercapture", () => {
      isHeld = false;
      end();
    });
  };

  // Arrow keys call move with steps to the right and up, ten times as many with Shift, Page up and
  // Page down with ten, Home and End with infinite ones. Delete calls remove.
  nw.keys = (target, { move, remove }) => {
    const steps = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowDown: [0, -1],
      ArrowUp: [0, 1],
      PageDown: [0, -10],
      PageUp: [0, 10],
      Home: [-Infinity, -Infinity],
      End: [Infinity, Infinity],
    };
    target.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const removes = remove && ["Delete", "Backspace"].includes(event.key);
      if (!removes && !(event.key in steps)) return;
      event.preventDefault();
      if (removes) remove();
      else move(...steps[event.key].map((step) => (event.shiftKey ? 10 * step : step)));
    });
  };

  // A disc that is focused, dragged and moved by keys. `place` puts it somewhere, in units of the
  // picture, and says aloud what is there: `aria` has the attributes that have changed.
  nw.handle = (svg, { colour, radius = 6, role = "slider", aria = {}, move, end, remove, steps }) => {
    const handle = nw.add(svg, "g", { class: "nw-handle", tabindex: 0, role });
    nw.add(handle, "circle", { r: REACH, fill: "transparent" });
    nw.add(handle, "circle", { r: radius, fill: `var(--nw-${colour})`, stroke: "var(--book-paper)" });
    nw.drag(svg, handle, { start: () => handle.focus(), move, end });
    nw.keys(handle, { move: steps, remove });
    handle.place = (x, y, changed = {}) => {
      const there = Number.isFinite(x) && Number.isFinite(y);
      nw.set(handle, { ...changed, ...(there && { transform: `translate(${round(x)} ${round(y)})` }) });
      handle.style.display = there ? "" : "none";
    };
    return nw.set(handle, aria);
  };
})();
