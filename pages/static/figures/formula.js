// One number through the formula: for one query the scores of all keys, their exponentials, weights
// and products, row below row, and what becomes of one key in each. The scores are those of (4.4); or
// a table has them, for tokens with names; or matrices make them by (7.4), one for each step of a
// training.
(() => {
  "use strict";
  const nw = (globalThis.nw ??= {});
  nw.kinds ??= {};
  const LEFT = 50;
  const WIDTH = 372;
  const HEIGHT = 582; // as the still picture has it
  const MAP_ROWS = 61; // at most; of more queries some have a row
  const MARKED = "third";
  const ROWS = ["scores", "exponentials", "weights", "products"];
  const minus = (text) => text.replaceAll("-", "\u2212");

  // (7.4): the score of query (x, 1) and keys (x_i, x_i^2), with a matrix between them.
  nw.bilinear = ([[a, b], [c, d]], query, keys) =>
    keys.map((key) => (a * query + c) * key + (b * query + d) * key ** 2);

  // The scores of query number q after step k.
  nw.scoresOf = ({ keys, queries, table, matrices }, q, k = 0) => {
    if (table) return table[q];
    return matrices ? nw.bilinear(matrices[k], queries[q], keys) : nw.scores(queries[q], keys);
  };

  // Each step from scores and values to the prediction. What is taken from all scores first changes
  // the exponentials only, (4.5).
  nw.steps = (scores, values, shift = 0) => {
    const exponentials = scores.map((score) => Math.exp(score - shift));
    const total = exponentials.reduce((a, b) => a + b, 0);
    const weights = nw.softmax(scores);
    const products = weights.map((weight, i) => weight * values[i]);
    return { scores, exponentials, total, weights, products, sum: nw.pool(weights, values) };
  };

  // What key i has in each row, with three digits.
  nw.atKey = (steps, i) => ROWS.map((name) => nw.number(steps[name][i], 3));

  // Which query and key these are, in words.
  nw.pair = ({ keys, queries, names, taken }, q, i, k) => {
    if (names) return `The query of ${names[q]} and the key of ${names[i]}`;
    const after = taken ? `After ${taken[k]} ${taken[k] === 1 ? "step" : "steps"}, the` : "The";
    const [query, key] = [queries[q], keys[i]].map((one) => nw.number(one));
    return `${after} query x = ${query} and key ${i + 1} of ${keys.length}, at ${key}`;
  };

  // What the figure shows, in words.
  nw.tellSteps = (pair, steps, values, i) => {
    if (!values.length) return "There is no key: nothing has a weight, and there is no prediction.";
    const [score, exponential, weight, product] = nw.atKey(steps, i);
    const total = nw.number(steps.total, 3);
    const value = nw.number(values[i]);
    return (
      `${pair}: score ${score}, exponential ${exponential} of ${total} in all, weight ${weight}; ` +
      `times its value ${value} that is ${product}. All products sum to ${nw.number(steps.sum)}.`
    );
  };

  nw.kinds.formula = (figure, { data }) => {
    const { keys, values, queries, names, matrices } = data;
    const [keyInput, queryInput, stepInput] = [...figure.querySelectorAll("input, select")].reverse();
    const stage = figure.querySelector(".explorable-stage");
    stage.replaceChildren();
    const svg = nw.picture(stage, 432, HEIGHT, "");
    const x = { domain: nw.span([...queries, ...keys], names ? 0.3 : 0.01), ticks: [] };
    const ticks = names ? keys : undefined;
    const box = (top, height) => ({ left: LEFT, width: WIDTH, top, height });
    const right = { "text-anchor": "end" };

    const top = nw.axes(svg, box(16, 120), { x, y: { domain: nw.span(values, 0.1) }, title: data.value });
    const drawCurve = top.line("prediction", { width: 1.5 });
    top.dots("data", { hollow: true, radius: 2.8 })(keys, values);
    const markPair = top.dots(MARKED, { radius: 4.5 });
    const markSum = top.dots("prediction", { radius: 5 });
    const drawQuery = [top.upright("query")];
    const sum = nw.text(svg, LEFT + WIDTH, 9, "", { ...right, style: "fill: var(--nw-prediction)" });

    // A row has its part of the formula above it, and beside that the numbers of the marked key.
    const row = (formula, k) => {
      const [from, to] = [170 + 60 * k, 206 + 60 * k];
      const last = { ...x, ticks, write: names && ((key) => names[keys.indexOf(key)]), label: data.key };
      const axes = nw.axes(svg, box(from, to - from), {
        x: k === ROWS.length - 1 ? last : x,
        y: { domain: [0, 1], ticks: [] },
      });
      nw.formula(svg, LEFT, from - 6, formula);
      const marked = { ...right, style: `fill: var(--nw-${MARKED})` };
      const numbers = nw.text(svg, LEFT + WIDTH, from - 6, "", marked);
      const ends = [to + 2, from + 6].map((y) => nw.text(svg, LEFT - 6, y, "", right));
      const stems = axes.stems(k === ROWS.length - 1 ? "prediction" : "weight");
      const mark = axes.stems(MARKED, { width: 4 });
      drawQuery.push(axes.upright("query"));
      return (heights, i, text) => {
        const known = heights.filter(Number.isFinite);
        const domain = [Math.min(0, ...known), Math.max(0, ...known)];
        // An exponential is shown as the share of 1 that it is, as long as it is one.
        if (domain[0] === domain[1] || (ROWS[k] === "exponentials" && domain[1] < 1)) domain[1] = 1;
        axes.y = nw.scale(domain, [to, from]);
        ends.forEach((end, j) => (end.textContent = domain[j] ? minus(nw.number(domain[j])) : "0"));
        stems(keys, heights);
        mark([keys[i]], [heights[i]]);
        numbers.textContent = text;
      };
    };
    const rows = data.rows.map(row);
    let drawn; // the step whose curve and whose weights are there

    // All weights, a row for each query; the marked key has a column of it.
    const map = nw.axes(svg, box(446, 100), {
      x: { domain: [0, keys.length], ticks: [], label: `${data.key} (a column each)` },
      y: { domain: [queries.length, 0], ticks: [], label: "query (a row each)" },
      title: "all weights",
    });
    const drawMap = map.cells("weight");
    const markColumn = map.upright(MARKED, { width: 2, dash: "none" });
    const markRow = map.line("query", { width: 1.5, dash: "2 2" });
    const stride = Math.ceil(queries.length / MAP_ROWS);
    const askedRows = queries.map((_, q) => q).filter((q) => q % stride === 0);
    const mapOf = (k) => {
      const all = askedRows.map((q) => nw.softmax(nw.scoresOf(data, q, k)));
      const most = Math.max(...all.flat());
      return all.map((weights) => weights.map((weight) => weight / most));
    };

    // The inputs hold the state; whatever else moves it moves them.
    const move = (input, to) => {
      if (Number(input.value) === to) return;
      input.value = to;
      input.dispatchEvent(new Event("input", { bubbles: true }));
    };
    const show = () => {
      const [q, key, k] = [queryInput, keyInput, stepInput].map((input) => Number(input?.value ?? 0));
      const i = Math.min(key, keys.length - 1);
      const scores = nw.scoresOf(data, q, k);
      const shift = matrices ? Math.max(...scores) : 0;
      const steps = nw.steps(scores, values, shift);
      const [score, exponential, weight, product] = nw.atKey(steps, i);
      const [from, to, value] = [queries[q], keys[i], values[i]].map((one) => nw.number(one));
      const texts = [
        names || matrices ? score : `\u2212\u00bd (${from} - ${to})\u00b2 = ${score}`,
        exponential,
        `${exponential} / ${nw.number(steps.total, 3)} = ${weight}`,
        `${weight} \u00b7 ${value} = ${product}`,
      ];
      ROWS.forEach((name, j) => rows[j](steps[name], i, keys.length ? minus(texts[j]) : ""));
      const added = `sum \u2026 + ${product} + \u2026 = ${nw.number(steps.sum)}`;
      sum.textContent = keys.length ? minus(added) : "";
      if (drawn !== k) {
        const predicted = (_, j) => nw.pool(nw.softmax(nw.scoresOf(data, j, k)), values);
        if (!names) drawCurve(queries, queries.map(predicted));
        drawMap(mapOf(k));
        drawn = k;
      }
      markColumn(i + 0.5);
      markRow([0, keys.length], [q + 0.5, q + 0.5]);
      for (const draw of drawQuery) draw(queries[q]);
      markSum([queries[q]], [steps.sum]);
      markPair([keys[i]], [values[i]]);
      nw.tell(figure, nw.tellSteps(nw.pair(data, q, i, k), steps, values, i));
    };
    const markNear = (at) => keys.length && move(keyInput, nw.nearest(keys, top.x.invert(at)));
    const askNear = (at) => move(queryInput, nw.nearest(queries, top.x.invert(at)));
    const within = (at, list) => nw.clamp(Math.floor(at), [0, list.length - 1]);
    const markColumnAt = (at) => keys.length && move(keyInput, within(map.x.invert(at), keys));
    const askMap = (across, down) => {
      markColumnAt(across);
      move(queryInput, within(map.y.invert(down), queries));
    };
    const surface = (y, height, drag, point) => {
      const place = { x: LEFT - 10, y, width: WIDTH + 20, height };
      const target = nw.add(svg, "rect", { ...place, fill: "transparent", class: "nw-surface" });
      nw.drag(svg, target, { move: drag, scrolls: true });
      target.addEventListener("pointermove", (event) => {
        if (event.pointerType === "mouse" && !event.buttons) point(nw.at(svg, event)[0]);
      });
    };
    surface(0, 140, askNear, markNear);
    surface(140, 250, markNear, markNear);
    surface(442, 108, askMap, markColumnAt);
    figure.addEventListener("input", show);
    show();
  };
})();
