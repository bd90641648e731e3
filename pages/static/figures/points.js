// The reader's own points: what is added, dragged or deleted, and all that follows from it at once.
(() => {
  "use strict";
  const nw = (globalThis.nw ??= {});
  nw.kinds ??= {};
  const HEIGHT = 504;
  const MOST = 500; // points
  const AT_ONCE = 64; // with more points than these the loss of every w waits until they rest
  const REST = 300; // milliseconds
  const GRID = 1e4; // to what part of 1 an address is exact
  const NAME = "points";
  const finite = (numbers) => numbers.filter(Number.isFinite);
  const mean = (numbers) => numbers.reduce((total, one) => total + one, 0) / numbers.length;

  // (5.3) for any kernel: the mean over the points that have a prediction from others, and how many.
  nw.leaveOneOut = (w, keys, values, kernel = "Gaussian") => {
    if (kernel === "Gaussian") return { loss: nw.looLoss(w, keys, values), asked: keys.length };
    const left = keys.map((key, i) => {
      const other = (_, j) => j !== i;
      return nw.pool(nw.weights(key, keys.filter(other), w, kernel), values.filter(other)) - values[i];
    });
    const errors = finite(left);
    return { loss: mean(errors.map((error) => error ** 2)), asked: errors.length };
  };

  // All that follows from points, w, kernel and query.
  nw.follows = ({ keys, values, w, kernel, query }, { queries, truth }) => {
    const rows = queries.map((one) => nw.weights(one, keys, w, kernel));
    const curve = rows.map((row) => nw.pool(row, values));
    const errors = finite(curve.map((height, i) => (height - truth[i]) ** 2));
    const weights = nw.weights(query, keys, w, kernel);
    return {
      rows,
      curve,
      weights,
      prediction: nw.pool(weights, values),
      ...nw.leaveOneOut(w, keys, values, kernel),
      error: mean(errors),
      blank: curve.length - errors.length,
    };
  };

  nw.tellPoints = ({ keys, w, kernel, query }, { weights, prediction, loss, asked, error, blank }) => {
    const n = keys.length;
    if (!n) return "There is no point, so there is no prediction. Add one.";
    const all = `${n} point${n > 1 ? "s" : ""}, ${kernel} kernel, w = ${nw.number(w)}. `;
    const heaviest = weights.indexOf(Math.max(...weights));
    const here = `The query x = ${nw.number(query)} `;
    const told = Number.isFinite(prediction)
      ? `gives its largest weight, ${nw.number(weights[heaviest], 3)}, to the key at ` +
        `${nw.number(keys[heaviest])}; its prediction is ${nw.number(prediction)}. `
      : "has no key in reach, so no prediction. ";
    const some = asked < n ? `of the ${asked} points with another in reach ` : "";
    const left = Number.isFinite(loss)
      ? `Leave-one-out loss ${some}${nw.number(loss, 3)}`
      : "No leave-one-out loss: no point has another in reach";
    if (!Number.isFinite(error)) return `${all}${here}${told}${left}.`;
    const gap = blank ? `; ${blank} queries have no prediction` : "";
    return `${all}${here}${told}${left}; error against the truth ${nw.number(error, 3)}${gap}.`;
  };

  // Points and the positions of the controls, as the fragment of an address, and back; null if it is
  // mangled. All are whole numbers in base 36, so that it is a name that any page can have.
  nw.pack = (positions, { keys, values }) =>
    [
      NAME,
      ...positions.map((position) => position.toString(36)),
      ...keys.flatMap((key, i) => [key, values[i]].map((one) => Math.round(one * GRID).toString(36))),
    ].join("_");

  nw.unpack = (fragment, controls, { xlim, ylim }) => {
    const [, ...parts] = fragment.split("_");
    const numbers = parts.map((part) => (/^-?[0-9a-z]{1,9}$/.test(part) ? parseInt(part, 36) : NaN));
    const positions = numbers.slice(0, controls.length);
    const places = numbers.slice(controls.length).map((number) => number / GRID);
    const known = controls.every(({ texts }, k) => positions[k] in texts);
    if (!known || numbers.some(Number.isNaN) || places.length % 2 || places.length > 2 * MOST) return null;
    const pick = (odd, limits) =>
      places.filter((_, i) => i % 2 === odd).map((one) => nw.clamp(one, limits));
    return { positions, keys: pick(0, xlim), values: pick(1, ylim) };
  };

  nw.kinds.points = (figure, { controls, data }) => {
    const { queries, truth, xlim, ylim, noise } = data;
    const inputs = [...figure.querySelectorAll("label > :is(input, select)")];
    const [add, remove, undo, renew, reset] = figure.querySelectorAll("button");
    const book = { keys: data.keys, values: data.values, chosen: data.keys.length >> 1 };
    const first = inputs.map((input) => Number(input.value));
    const past = [];
    let points = book;
    const positions = () => inputs.map((input) => Number(input.value));
    const text = (k) => controls[k].texts[inputs[k].value];
    const state = () => ({ ...points, w: Number(text(0)), kernel: text(1), query: Number(text(2)) });

    // ---- The picture

    const stage = figure.querySelector(".explorable-stage");
    stage.replaceChildren();
    const svg = nw.picture(stage, 432, HEIGHT, "");
    const box = (left, width, top, height) => ({ left, width, top, height });
    const x = { domain: xlim };
    const shares = [0, 0.05, 0.2, 0.5, 1];
    const root = Math.sqrt;

    const top = nw.axes(svg, box(44, 378, 22, 190), {
      x: { ...x, ticks: [] },
      y: { domain: ylim, label: "output y" },
      title: "points, curve and, dashed, the truth",
    });
    const own = nw.axes(svg, box(44, 378, 236, 60), {
      x: { ...x, label: "input x" },
      y: { domain: [0, 1], ticks: shares.map(root), write: (one) => String(nw.number(one ** 2) * 1) },
      title: "weights of the query",
    });
    const matrix = nw.axes(svg, box(44, 170, 356, 110), {
      x: { domain: [0, 1], ticks: [], label: "key x (a column each)" },
      y: { domain: [0, 1], ticks: [], label: "query x (a row each)" },
      title: "all weights",
    });
    const scales = controls[0].texts.map(Number);
    const valley = nw.axes(svg, box(262, 160, 356, 110), {
      x: { domain: [scales[0] / 1.3, scales.at(-1) * 1.3], log: true, label: "w" },
      y: { domain: [0, 1], ticks: [] },
      title: "leave-one-out loss",
    });
    const ends = [356, 466].map((y) => nw.text(svg, 256, y + 4, "", { "text-anchor": "end" }));

    const drawMatrix = matrix.cells("weight");
    const dashes = { stroke: "var(--nw-query)", "stroke-width": 1.5, "stroke-dasharray": "2 2" };
    const markRow = nw.add(matrix.area, "path", dashes);
    const room = { x: 44, y: 22, width: 378, height: 190, fill: "transparent" };
    nw.add(top.area, "rect", room).classList.add("nw-surface");
    top.line("truth", { width: 1.5, dash: "5 2" })(queries, truth);
    const drawQuery = [top, own].map((axes) => axes.upright("query"));
    const drawData = top.dots("data", { hollow: true, radius: 3.2 });
    const drawCurve = top.line("prediction");
    const drawMean = top.dots("prediction", { radius: 5 });
    const drawStems = own.stems("weight");
    const drawTips = own.dots("weight", { radius: 1.8 });
    const drawLosses = valley.line("weight");
    const drawLoss = valley.dots("prediction", { radius: 4.5 });

    // ---- Changes

    // The points are others now; said tells what has happened. Undo takes it back.
    const change = (next, said, keep = true) => {
      if (keep) past.push(points);
      points = { ...points, ...next };
      points.chosen = nw.clamp(points.chosen, [0, Math.max(points.keys.length - 1, 0)]);
      changed(said);
    };
    const replaced = (list, i, one) => list.map((other, j) => (j === i ? one : other));
    const name = () => `Point ${points.chosen + 1} of ${points.keys.length}`;
    const place = () => {
      const { keys, values, chosen } = points;
      return `x = ${nw.number(keys[chosen])}, y = ${nw.number(values[chosen])}`;
    };
    const where = () => `${name()} is at ${place()}.`;
    // All of a movement is one change: it goes on as long as nothing else has happened.
    let moved;
    const moveTo = (key, value) => {
      const { keys, values, chosen } = points;
      const [a, b] = [nw.clamp(key, xlim), nw.clamp(value, ylim)];
      const next = { keys: replaced(keys, chosen, a), values: replaced(values, chosen, b) };
      change(next, where, points !== moved);
      moved = points;
    };
    const addAt = (key, value) => {
      const { keys, values } = points;
      if (keys.length >= MOST) return show(`${MOST} points are the most.`);
      const [a, b] = [nw.clamp(key, xlim), nw.clamp(value, ylim)];
      change({ keys: [...keys, a], values: [...values, b], chosen: keys.length }, where);
      handle.focus({ preventScroll: true });
    };
    const addHere = () => {
      const { query } = state();
      const { prediction } = nw.follows(state(), data);
      addAt(query, Number.isFinite(prediction) ? prediction : (ylim[0] + ylim[1]) / 2);
    };
    const drop = () => {
      const { keys, values, chosen } = points;
      if (!keys.length) return;
      const rest = (_, i) => i !== chosen;
      change({ keys: keys.filter(rest), values: values.filter(rest) }, `Point ${chosen + 1} deleted.`);
      if (!points.keys.length) add.focus();
    };
    const choose = (i) => {
      points = { ...points, chosen: (i + points.keys.length) % points.keys.length };
      show(where);
    };
    const truthAt = (at) => {
      const i = nw.clamp(queries.findLastIndex((one) => one <= at), [0, queries.length - 2]);
      const part = (at - queries[i]) / (queries[i + 1] - queries[i]);
      return truth[i] + part * (truth[i + 1] - truth[i]);
    };
    const normal = () =>
      Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());

    add.addEventListener("click", addHere);
    remove.addEventListener("click", drop);
    undo.addEventListener("click", () => {
      if (!past.length) return show("There is nothing to take back.");
      points = past.pop();
      changed("One change is taken back.");
    });
    renew.addEventListener("click", () => {
      const values = points.keys.map((key) => nw.clamp(truthAt(key) + noise * normal(), ylim));
      change({ values }, "New noise on each value.");
    });
    reset.addEventListener("click", () => {
      inputs.forEach((input, k) => put(input, first[k]));
      change(book, "These are the book's data again.");
    });
    const put = (input, position) => {
      input.value = position;
      input.dispatchEvent(new Event("input"));
    };

    // ---- Pointer and keys

    // The handle of the chosen point takes the keys; a pointer takes whichever point is near.
    const reach = matchMedia("(pointer: coarse)").matches ? 15 : 8;
    const nearest = (left, up) => {
      const far = points.keys.map((key, i) => Math.hypot(top.x(key) - left, top.y(points.values[i]) - up));
      const i = far.indexOf(Math.min(...far));
      return far[i] <= reach ? i : -1;
    };
    let held, from;
    const start = (left, up) => {
      held = nearest(left, up);
      if (held < 0) return false;
      choose(held);
      handle.focus({ preventScroll: true });
      from = [left, up];
    };
    const move = (left, up) => {
      if (points !== moved && left === from[0] && up === from[1]) return;
      moveTo(top.x.invert(left), top.y.invert(up));
    };
    // A finger that goes down beside all points may scroll the page; lifted where it was, it adds one.
    nw.drag(svg, top.area, { start, move });
    top.area.addEventListener("mousedown", (event) => event.preventDefault()); // the handle has the focus
    top.area.addEventListener("click", (event) => {
      if (held >= 0) return;
      const [left, up] = nw.at(svg, event);
      addAt(top.x.invert(left), top.y.invert(up));
    });

    const handle = nw.handle(svg, {
      colour: "third",
      radius: 5,
      aria: {
        "aria-valuemin": xlim[0],
        "aria-valuemax": xlim[1],
        "aria-description":
          "Arrow keys move it, with Shift ten times as far. Page Up and Page Down choose another. " +
          "Enter adds one, Delete deletes it.",
      },
      move: () => {}, // the area does, for all points
      steps: (right, up) => {
        const { keys, values, chosen } = points;
        const by = (limits) => (limits[1] - limits[0]) / 100;
        moveTo(keys[chosen] + right * by(xlim), values[chosen] + up * by(ylim));
      },
      remove: drop,
    });
    handle.style.pointerEvents = "none";
    const doing = {
      PageUp: () => choose(points.chosen + 1),
      PageDown: () => choose(points.chosen - 1),
      Enter: addHere,
    };
    const act = (event) => {
      if (!(event.key in doing)) return;
      event.preventDefault();
      event.stopImmediatePropagation(); // other handles move by these keys
      doing[event.key]();
    };
    handle.addEventListener("keydown", act, { capture: true });

    // ---- Showing

    let waiting;
    let known = {}; // most of the work, and the same for each w and each query
    const lossOfEach = (keys, values, kernel) => {
      if (keys !== known.keys || values !== known.values || kernel !== known.kernel) {
        const losses = scales.map((one) => nw.leaveOneOut(one, keys, values, kernel).loss);
        known = { keys, values, kernel, losses };
      }
      return known.losses;
    };
    const drawValley = () => {
      const { keys, values, kernel, w } = state();
      const losses = lossOfEach(keys, values, kernel);
      const [highest] = finite(losses).sort((a, b) => b - a);
      valley.y = nw.scale([0, highest || 1], [466, 356]);
      ends.forEach((end, i) => (end.textContent = highest ? [nw.number(highest, 1), "0"][i] : ""));
      drawLosses(scales, losses);
      drawLoss([w], [losses[scales.indexOf(w)]]);
    };
    const show = (said) => {
      const now = state();
      const { keys, values, chosen, query } = now;
      const follows = nw.follows(now, data);
      drawData(keys, values);
      drawCurve(queries, follows.curve);
      drawQuery.forEach((draw) => draw(query));
      drawMean([query], [follows.prediction]);
      drawStems(keys, follows.weights.map(root));
      drawTips(keys, follows.weights.map(root));
      const order = keys.map((_, i) => i).sort((a, b) => keys[a] - keys[b]);
      drawMatrix(follows.rows.map((row) => order.map((i) => row[i])));
      const row = 1 - (queries.filter((one) => one <= query).length - 0.5) / queries.length;
      markRow.setAttribute("d", nw.path([0, 1].map((part) => [matrix.x(part), matrix.y(row)])));
      clearTimeout(waiting);
      if (keys.length <= AT_ONCE) drawValley();
      else {
        drawLosses([], []);
        drawLoss([], []);
        waiting = setTimeout(drawValley, REST);
      }
      handle.place(top.x(keys[chosen]), top.y(values[chosen]), {
        "aria-label": name(),
        "aria-valuenow": nw.number(keys[chosen]),
        "aria-valuetext": place(),
      });
      const news = typeof said === "function" ? said() : said;
      nw.tell(figure, [news, nw.tellPoints(now, follows)].filter(Boolean).join(" "));
    };
    const changed = (said) => {
      show(said);
      clearTimeout(addressing);
      addressing = setTimeout(address, REST);
    };

    // ---- The address

    let addressing;
    const mine = () => location.hash.startsWith(`#${NAME}_`);
    const isBook = () =>
      positions().every((position, k) => position === first[k]) &&
      points.keys === book.keys &&
      points.values === book.values;
    const address = () => {
      if (isBook() && !mine()) return;
      const fragment = isBook() ? "" : `#${nw.pack(positions(), points)}`;
      history.replaceState(null, "", location.pathname + location.search + fragment);
    };
    const open = () => {
      if (!mine()) return show();
      const given = nw.unpack(location.hash.slice(1), controls, data);
      inputs.forEach((input, k) => put(input, (given?.positions ?? first)[k]));
      const { keys, values } = given ?? book;
      points = given ? { keys, values, chosen: keys.length >> 1 } : book;
      past.length = 0;
      show(given ? "" : "The address has no figure that can be read: these are the book's data.");
      figure.scrollIntoView();
    };
    for (const input of inputs) input.addEventListener("input", () => changed());
    addEventListener("hashchange", open);
    open();
  };
})();
