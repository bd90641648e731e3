// One number through formula (4.4): for one query the scores of all keys, their exponentials, weights
// and products, row below row, and what becomes of one key in each.
(() => {
  "use strict";
  const nw = (globalThis.nw ??= {});
  nw.kinds ??= {};
  const LEFT = 50;
  const WIDTH = 372;
  const MARKED = "third";
  const ROWS = ["scores", "exponentials", "weights", "products"];

  // Each step from scores and values to the prediction.
  nw.steps = (scores, values) => {
    const exponentials = scores.map(Math.exp);
    const weights = nw.softmax(scores);
    const products = weights.map((weight, i) => weight * values[i]);
    const total = exponentials.reduce((a, b) => a + b, 0);
    return { scores, exponentials, total, weights, products, sum: nw.pool(weights, values) };
  };

  // What key i has in each row, with three digits.
  nw.atKey = (steps, i) => ROWS.map((name) => nw.number(steps[name][i], 3));

  // What the figure shows, in words; key i is marked.
  nw.tellSteps = (query, keys, values, i) => {
    if (!keys.length) return "There is no key: nothing has a weight, and there is no prediction.";
    const steps = nw.steps(nw.scores(query, keys), values);
    const [score, exponential, weight, product] = nw.atKey(steps, i);
    return (
      `The query x = ${nw.number(query)} and key ${i + 1} of ${keys.length}, at ${nw.number(keys[i])}: ` +
      `score ${score}, exponential ${exponential} of ${nw.number(steps.total, 3)} in all, weight ${weight}; ` +
      `times its value ${nw.number(values[i])} that is ${product}. All products sum to ${nw.number(steps.sum)}.`
    );
  };

  nw.kinds.formula = (figure, { data: { keys, values, queries } }) => {
    const [queryInput, keyInput] = figure.querySelectorAll("input");
    const stage = figure.querySelector(".explorable-stage");
    stage.replaceChildren();
    const svg = nw.picture(stage, 432, 432, "");
    const ends = [queries[0], queries.at(-1)];
    const x = { domain: nw.span([...ends, ...keys], 0.01), ticks: [] };
    const box = (top, height) => ({ left: LEFT, width: WIDTH, top, height });

    const top = nw.axes(svg, box(16, 120), { x, y: { domain: nw.span(values, 0.1) }, title: "value y" });
    const curve = nw.predict(queries, keys, values);
    top.line("prediction", { width: 1.5 })(queries, curve);
    top.dots("data", { hollow: true, radius: 2.8 })(keys, values);
    const markPair = top.dots(MARKED, { radius: 4.5 });
    const markSum = top.dots("prediction", { radius: 5 });
    const right = { "text-anchor": "end" };
    const sum = nw.text(svg, LEFT + WIDTH, 9, "", { ...right, style: "fill: var(--nw-prediction)" });

    // A row has its part of the formula above it, and beside that the numbers of the marked key.
    const row = (name, formula, from, colour, last) => {
      const axes = nw.axes(svg, box(from, 36), {
        x: last ? { ...x, ticks: undefined, label: "key x" } : x,
        y: { domain: [0, 1], ticks: [] },
      });
      nw.formula(svg, LEFT, from - 6, formula);
      const marked = { ...right, style: `fill: var(--nw-${MARKED})` };
      const numbers = nw.text(svg, LEFT + WIDTH, from - 6, "", marked);
      const ends = [from + 38, from + 6].map((y) => nw.text(svg, LEFT - 6, y, "", right));
      const stems = axes.stems(colour);
      const mark = axes.stems(MARKED, { width: 4 });
      return {
        draw(heights) {
          const known = heights.filter(Number.isFinite);
          const domain = [Math.min(0, ...known), Math.max(0, ...known)];
          if (name === "exponentials" || domain[0] === domain[1]) domain[1] = 1;
          axes.y = nw.scale(domain, [from + 36, from]);
          ends.forEach((end, i) => {
            end.textContent = domain[i] ? nw.number(domain[i], 2).replace("-", "\u2212") : "0";
          });
          stems(keys, heights);
        },
        mark(i, height, text) {
          mark([keys[i]], [height]);
          numbers.textContent = text.replaceAll("-", "\u2212");
        },
        query: axes.upright("query"),
      };
    };
    const rows = {
      scores: row("scores", "score s_i = \u2212\u00bd (x \u2212 x_i)\u00b2", 170, "weight"),
      exponentials: row("exponentials", "its exponential exp(s_i)", 230, "weight"),
      weights: row("weights", "weight \u03b1_i = exp(s_i) / \u03a3_j exp(s_j)", 290, "weight"),
      products: row("products", "product \u03b1_i y_i", 350, "prediction", true),
    };
    const markQuery = top.upright("query");

    // The inputs hold the state; whatever else moves it moves them.
    const move = (input, to) => {
      if (Number(input.value) === to) return;
      input.value = to;
      input.dispatchEvent(new Event("input", { bubbles: true }));
    };
    const show = () => {
      const query = queries[queryInput.value];
      const i = nw.clamp(Number(keyInput.value), [0, keys.length - 1]);
      const steps = nw.steps(nw.scores(query, keys), values);
      for (const name of ROWS) {
        rows[name].draw(steps[name]);
        rows[name].query(query);
      }
      markQuery(query);
      markSum([query], [steps.sum]);
      markPair([keys[i]], [values[i]]);
      const [score, exponential, weight, product] = nw.atKey(steps, i);
      const texts = [
        `\u2212\u00bd (${nw.number(query)} - ${nw.number(keys[i])})\u00b2 = ${score}`,
        exponential,
        `${exponential} / ${nw.number(steps.total, 3)} = ${weight}`,
        `${weight} \u00b7 ${nw.number(values[i])} = ${product}`,
      ];
      sum.textContent = keys.length ? `sum \u2026 + ${product} + \u2026 = ${nw.number(steps.sum)}` : "";
      ROWS.forEach((name, k) => rows[name].mark(i, steps[name][i], keys.length ? texts[k] : ""));
      nw.tell(figure, nw.tellSteps(query, keys, values, i));
    };
    const markNear = (at) => keys.length && move(keyInput, nw.nearest(keys, top.x.invert(at)));
    const askNear = (at) => move(queryInput, nw.nearest(queries, top.x.invert(at)));
    const surface = (from, height, drag) => {
      const room = { x: LEFT - 10, y: from, width: WIDTH + 20, height, fill: "transparent" };
      const target = nw.add(svg, "rect", { ...room, class: "nw-surface" });
      nw.drag(svg, target, { move: drag, scrolls: true });
      target.addEventListener("pointermove", (event) => {
        if (event.pointerType === "mouse" && !event.buttons) markNear(nw.at(svg, event)[0]);
      });
    };
    surface(0, 140, askNear);
    surface(140, 250, markNear);
    figure.addEventListener("input", show);
    show();
  };
})();
