/* Loaded behind the text of each page: how it is read by keyboard, unfolded and printed. */

// What scrolls can be reached by keyboard, as long as it does scroll.
(() => {
  const reach = () => {
    for (const box of document.querySelectorAll("div.math .formula, span.math.long")) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  };
  addEventListener("load", reach);
  addEventListener("resize", reach);
  addEventListener("toggle", reach, true);
})();

for (const button of document.querySelectorAll(".fold-all button")) {
  let open = false;
  button.hidden = false;
  button.addEventListener("click", () => {
    open = !open;
    for (const fold of button.closest("section").querySelectorAll("details")) fold.open = open;
    button.textContent = open ? "Fold all hints and solutions" : "Unfold all hints and solutions";
  });
}

addEventListener("beforeprint", () => {
  const root = document.documentElement, theme = root.dataset.theme;
  root.dataset.theme = "light";
  addEventListener("afterprint", () => { root.dataset.theme = theme; }, { once: true });
});
