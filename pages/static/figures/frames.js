"use strict";
// Figures drawn beforehand: each position of the controls has its frame in the SVG, and its sentence.
globalThis.nw ??= {};
nw.kinds ??= {};

nw.kinds.frames = (figure, { controls, data: sentences }) => {
  const inputs = [...figure.querySelectorAll("input, select")];
  const frames = [...figure.querySelectorAll("[data-frame]")];
  let shown = frames.findIndex((frame) => frame.style.display !== "none");
  const show = () => {
    const next = inputs.reduce((i, input, k) => i * controls[k].texts.length + Number(input.value), 0);
    frames[shown].style.display = "none";
    frames[next].style.display = "";
    shown = next;
    nw.tell(figure, sentences[next]);
  };
  for (const input of inputs) input.addEventListener("input", show);
  show();
};
