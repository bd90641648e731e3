"use strict";
// Brings each figure of the page to life, by the script that knows its kind; loaded after all others.
(() => {
  // A range says by its text where it is: its positions are no numbers that anybody wants to hear.
  const follow = (input, texts) => {
    const show = () => {
      input.setAttribute("aria-valuetext", texts[input.value]);
      input.parentElement.querySelector("output").textContent = texts[input.value];
    };
    input.addEventListener("input", show);
    show();
  };

  // Writes what the figure shows now.
  nw.tell = (figure, sentence) => {
    figure.querySelector("svg").setAttribute("aria-label", sentence);
    figure.querySelector("figcaption span").textContent = sentence;
  };

  for (const figure of document.querySelectorAll("figure[data-kind]")) {
    const stored = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
    figure.querySelectorAll("label > :is(input, select)").forEach((input, k) => {
      if (input.type === "range") follow(input, stored.controls[k].texts);
    });
    nw.kinds[figure.dataset.kind](figure, stored);
  }
})();
