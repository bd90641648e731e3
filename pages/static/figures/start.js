"use strict";
// Brings each figure of the page to life by the script of its kind. It is loaded after all others.
(() => {
  const QUIET = 700; // milliseconds without a change, after which a screen reader is told

  // A range says by its text where it is: nobody wants to hear the number of a position.
  const follow = (input, texts) => {
    const show = () => {
      input.setAttribute("aria-valuetext", texts[input.value]);
      input.parentElement.querySelector("output").textContent = texts[input.value];
    };
    input.addEventListener("input", show);
    show();
  };

  const spoken = new WeakMap(); // of each figure: what a screen reader reads aloud as it changes

  // Writes what the figure shows now, and has it said aloud when that has come to rest.
  nw.tell = (figure, sentence) => {
    figure.querySelector(".explorable-stage > svg").setAttribute("aria-label", sentence);
    figure.querySelector("figcaption span").textContent = sentence;
    const region = spoken.get(figure);
    if (!region) return;
    clearTimeout(region.timer);
    region.timer = setTimeout(() => (region.element.textContent = sentence), QUIET);
  };

  for (const figure of document.querySelectorAll("figure[data-kind]")) {
    const stored = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
    figure.querySelectorAll("label > :is(input, select)").forEach((input, k) => {
      if (input.type === "range") follow(input, stored.controls[k].texts);
    });
    nw.kinds[figure.dataset.kind](figure, stored);
    const element = figure.appendChild(document.createElement("p"));
    element.className = "visually-hidden";
    element.setAttribute("aria-live", "polite");
    spoken.set(figure, { element });
  }
})();
