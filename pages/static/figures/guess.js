// A guess of a curve, drawn or set by keys at a few places, and then the curve beside it.
(() => {
  "use strict";
  const nw = (globalThis.nw ??= {});
  nw.kinds ??= {};
  const FINE = 100; // steps from the bottom to the top, for keys

  // The guess between its places, straight on a logarithmic axis.
  nw.between = (places, heights, w) => {
    const at = nw.scale([places[0], places.at(-1)], [0, places.length - 1], true)(w);
    const i = nw.clamp(Math.floor(at), [0, Math.max(0, places.length - 2)]);
    return heights[i] + (at - i) * ((heights[i + 1] ?? heights[i]) - heights[i]);
  };

  // How far a guess is from the curve, on average, and where each is lowest.
  nw.compare = (places, heights, { w, loss }) => {
    const guess = w.map((one) => nw.between(places, heights, one));
    const off = guess.reduce((total, one, i) => total + Math.abs(one - loss[i]), 0) / w.length;
    const lowest = (numbers) => w[numbers.indexOf(Math.min(...numbers))];
    return { off, guess: lowest(guess), truth: lowest(loss) };
  };

  // What the figure shows, in words: `told` has the loss at the place moved last, if one was.
  nw.tellGuess = (stage, places, heights, curve, told) => {
    if (!curve.loss.some(Number.isFinite)) return "There is no loss to guess: it takes two points at least.";
    const { off, guess, truth } = nw.compare(places, heights, curve);
    const [first, lowest, last] = [curve.loss[0], Math.min(...curve.loss), curve.loss.at(-1)];
    const at = (w) => `w = ${nw.number(w)}`;
    if (stage === "shown") {
      const ends = `${nw.number(first)} at ${at(curve.w[0])}, and ${nw.number(last)} at ${at(curve.w.at(-1))}`;
      return `The loss: ${ends}; lowest, ${nw.number(lowest, 3)}, at ${at(truth)}.`;
    }
    if (stage === "compared") {
      return (
        `Your guess is ${nw.number(off)} away from the loss on average. ` +
        `It is lowest at ${at(guess)}, the loss at ${at(truth)}: ${nw.number(lowest, 3)}.`
      );
    }
    const count = places.length;
    return told === undefined
      ? `Your guess is still flat. Draw it, or choose one of its ${count} places and press the arrow keys.`
      : `Your guess: ${nw.number(heights[told])} at ${at(places[told])}.`;
  };

  nw.kinds.guess = (figure, { data: { places, curve } }) => {
    const [compare, show, again] = figure.querySelectorAll("button");
    const holder = figure.querySelector(".explorable-stage");
    holder.replaceChildren();
    const svg = nw.picture(holder, 432, 270, "");
    const highest = 1.25 * (nw.span(curve.loss, 0)[1] || 1);
    const box = { left: 46, top: 12, width: 372, height: 215 };
    const axes = nw.axes(svg, box, {
      x: { domain: [places[0] / 1.3, places.at(-1) * 1.3], log: true, label: "w, in units of 1/x" },
      y: { domain: [0, highest], label: "leave-one-out loss" },
    });
    const truth = axes.line("truth");
    const guess = axes.line("prediction", { width: 2, dash: "6 3" });
    let stage, heights, told;

    const draw = () => {
      const isShown = stage === "shown";
      truth(stage === "guessing" ? [] : curve.w, curve.loss);
      guess(isShown ? [] : places, heights);
      handles.forEach((handle, i) => {
        handle.place(isShown ? NaN : axes.x(places[i]), axes.y(heights[i]), {
          "aria-valuenow": nw.number(heights[i]),
          "aria-valuetext": `loss ${nw.number(heights[i])}`,
        });
      });
      nw.tell(figure, nw.tellGuess(stage, places, heights, curve, told));
    };
    const set = (i, height) => {
      heights[i] = nw.clamp(height, [0, highest]);
      told = i;
    };
    // A pointer sets all places that it has passed since the last time.
    let before;
    const pass = (x, y) => {
      for (let i = 0; before && i < places.length; i++) {
        const share = (axes.x(places[i]) - before[0]) / (x - before[0]);
        if (share > 0 && share < 1) set(i, axes.y.invert(before[1] + share * (y - before[1])));
      }
      set(nw.nearest(places.map(axes.x), x), axes.y.invert(y));
      before = [x, y];
      draw();
    };
    const moves = {
      move: pass,
      end() {
        before = undefined;
      },
    };
    const { left: x, top: y, width, height } = box;
    const surface = nw.add(svg, "rect", { x, y, width, height, class: "nw-surface", fill: "transparent" });
    nw.drag(svg, surface, { ...moves, start: () => stage !== "shown" });
    const handles = places.map((place, i) =>
      nw.handle(svg, {
        ...moves,
        colour: "prediction",
        aria: {
          "aria-label": `guess at w = ${nw.number(place)}`,
          "aria-orientation": "vertical",
          "aria-valuemin": 0,
          "aria-valuemax": nw.number(highest),
        },
        steps(right, up) {
          set(i, heights[i] + ((right || up) * highest) / FINE);
          draw();
        },
      }),
    );
    const enter = (next) => () => {
      stage = next;
      if (next === "guessing") {
        heights = places.map(() => highest / 2);
        told = undefined;
      }
      compare.disabled = next === "shown";
      draw();
    };
    compare.addEventListener("click", enter("compared"));
    show.addEventListener("click", enter("shown"));
    again.addEventListener("click", enter("guessing"));
    enter("guessing")();
  };
})();
