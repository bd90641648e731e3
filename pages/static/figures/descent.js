// Gradient descent on the loss of chapter 5, step by step, by whoever reads it.
(() => {
  "use strict";
  const nw = (globalThis.nw ??= {});
  nw.kinds ??= {};
  const LARGEST = 1e6; // |w|, as in nwlib
  const NEAR = 0.05; // the valley ends where this share of the way up to w = 0 is climbed

  // One step of (5.5).
  nw.stepDown = (w, rate, keys, values) => {
    const next = w - rate * nw.looGradient(w, keys, values);
    return Number.isFinite(next) ? nw.clamp(next, [-LARGEST, LARGEST]) : w;
  };

  // What the last step of a path has done, where `best` is the lowest place.
  nw.verdict = (path, best, keys, values) => {
    const loss = (w) => nw.looLoss(w, keys, values);
    const [from, to] = path.slice(-2).map(Math.abs);
    const lowest = loss(best);
    const isLow = (w) => loss(w) - lowest <= NEAR * (loss(0) - lowest);
    if (to === from) return "Nothing moves: the slope is 0 here.";
    if (to >= LARGEST) return "Far out: the rate is too large for any w.";
    if (isLow(to)) return "It is in the valley.";
    if (!isLow(from) && (from < best) !== (to < best)) return "It has leapt over the valley.";
    if (to < from && from < best) return "It slides towards w = 0, the plain average.";
    if (loss(to) > loss(from)) return "It has gone uphill.";
    return Math.abs(to - from) < 0.02 * from ? "It crawls." : "It is on its way.";
  };

  // What the figure shows, in words.
  nw.tellDescent = (path, rate, best, keys, values) => {
    if (keys.length < 2) return "With fewer than two points nothing can be left out: there is no loss.";
    const w = path.at(-1);
    const loss = nw.looLoss(w, keys, values);
    const here = `w = ${nw.number(w)}, loss ${nw.number(loss, 3)}`;
    const lowest = `lowest at w = ${nw.number(best)}, ${nw.number(nw.looLoss(best, keys, values), 3)}`;
    const steps = path.length - 1;
    if (!steps) {
      const slope = nw.number(nw.looGradient(w, keys, values), 3);
      const question = `A step of rate ${nw.number(rate)} goes where?`;
      return `The start: ${here}, slope ${slope}. ${question} The loss is ${lowest}.`;
    }
    const moved = `Step ${steps}, rate ${nw.number(rate)}, from ${nw.number(path.at(-2))}`;
    return `${moved}: ${here}; ${lowest}. ${nw.verdict(path, best, keys, values)}`;
  };

  nw.kinds.descent = (figure, { data: { keys, values, starts, rates, presets, curve, best } }) => {
    const [startInput, rateInput] = figure.querySelectorAll("input");
    const buttons = [...figure.querySelectorAll("button")];
    const [step, run, back] = buttons.slice(presets.length);
    const stage = figure.querySelector(".explorable-stage");
    stage.replaceChildren();
    const svg = nw.picture(stage, 432, 270, "");
    const domain = [0.1 / 1.3, 100 * 1.3];
    const box = { left: 52, top: 12, width: 370, height: 215 };
    const losses = { domain: nw.span(curve.loss, 0.08), label: "leave-one-out loss" };
    const axes = nw.axes(svg, box, { x: { domain, log: true, label: "|w|, in units of 1/x" }, y: losses });
    axes.line("truth", { width: 2 })(curve.w, curve.loss);
    const line = axes.line("prediction", { width: 1.2 });
    const dots = axes.dots("prediction", { radius: 3 });
    const last = axes.dots("prediction", { radius: 6 });
    const start = axes.dots("query", { hollow: true, radius: 7 });

    let path = [];
    let goal = 20; // how many steps a run takes
    let timer;
    const rate = () => rates[rateInput.value];
    const show = () => {
      // Left of the axis, at w = 0 for one, a point stands at its end.
      const at = path.map((w) => nw.clamp(Math.abs(w), domain));
      const heights = path.map((w) => nw.looLoss(w, keys, values));
      line(at, heights);
      dots(at, heights);
      last(at.slice(-1), heights.slice(-1));
      start(at.slice(0, 1), heights.slice(0, 1));
      nw.tell(figure, nw.tellDescent(path, rate(), best, keys, values));
    };
    const stop = () => clearInterval(timer);
    const advance = () => {
      path.push(nw.stepDown(path.at(-1), rate(), keys, values));
      show();
    };
    const reset = () => {
      stop();
      path = [starts[startInput.value]];
      show();
    };
    const put = (input, to) => {
      input.value = to;
      input.dispatchEvent(new Event("input", { bubbles: true }));
    };
    presets.forEach((preset, i) => {
      buttons[i].addEventListener("click", () => {
        put(startInput, preset.start);
        put(rateInput, preset.rate);
        goal = preset.steps;
      });
    });
    step.addEventListener("click", () => {
      stop();
      advance();
    });
    run.addEventListener("click", () => {
      stop();
      const end = path.length + goal;
      const next = () => (path.length < end ? advance() : stop());
      next();
      if (matchMedia("(prefers-reduced-motion: reduce)").matches) while (path.length < end) next();
      else timer = setInterval(next, 250);
    });
    back.addEventListener("click", reset);
    startInput.addEventListener("input", reset);
    rateInput.addEventListener("input", show);
    reset();
  };
})();
