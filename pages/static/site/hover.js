/* Beside a link to a term or to an equation, shows what it leads to: under the mouse, at the
   keyboard, and at the first tap of a finger, of which the second one follows the link. */
(() => {
  const OPEN = 150, CLOSE = 300; // milliseconds
  const GAP = 6, EDGE = 8; // pixels
  const article = document.querySelector("article");
  const notes = new Map(); // by their links
  let link = null; // the one whose note is shown
  let timer, pointer;

  article.append(document.getElementById("notes")?.content ?? "");
  for (const one of article.querySelectorAll("a[href*='#']:not(.headerlink)")) {
    const name = one.hash.slice(1);
    const note = document.getElementById(`note-${name}`) ?? copied(one, name);
    if (!note) continue;
    note.className = "nw-note";
    note.popover = "manual";
    note.querySelector("a")?.setAttribute("href", one.href);
    one.setAttribute("aria-describedby", note.id);
    notes.set(one, note);
  }

  // An equation of this page.
  function copied(one, name) {
    const formula = one.getAttribute("href")[0] === "#"
      && document.getElementById(name)?.querySelector(":scope > .formula");
    if (!formula) return null;
    const note = article.appendChild(document.createElement("div"));
    note.id = `note-${name}`;
    note.innerHTML = `<div class="math">${formula.outerHTML}</div>`;
    return note;
  }

  function show(one) {
    clearTimeout(timer);
    if (one === link) return;
    hide();
    link = one;
    const note = notes.get(link), { style } = note;
    style.maxHeight = "";
    note.showPopover();
    const lines = link.getClientRects(), box = link.getBoundingClientRect();
    const above = box.top - GAP - EDGE, below = innerHeight - box.bottom - GAP - EDGE;
    const under = note.offsetHeight <= below || below > above;
    style.maxHeight = `${under ? below : above}px`;
    const width = document.documentElement.clientWidth;
    const left = Math.min(lines[under ? lines.length - 1 : 0].left, width - EDGE - note.offsetWidth);
    const top = under ? box.bottom + GAP : box.top - GAP - note.offsetHeight;
    style.left = `${scrollX + Math.max(EDGE, left)}px`;
    style.top = `${scrollY + top}px`;
  }

  function hide() {
    clearTimeout(timer);
    if (link) notes.get(link).hidePopover();
    link = null;
  }

  const linkAt = (event) => {
    const one = event.target.closest?.("a");
    return notes.has(one) ? one : null;
  };
  const inNote = (element) => link && notes.get(link).contains(element);
  const focused = () => link?.matches(":focus-visible");

  article.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    const one = linkAt(event);
    if (one || inNote(event.target)) clearTimeout(timer);
    if (one && one !== link) timer = setTimeout(show, OPEN, one);
  });
  article.addEventListener("pointerout", (event) => {
    if (event.pointerType === "touch" || !(linkAt(event) || inNote(event.target))) return;
    clearTimeout(timer);
    timer = setTimeout(() => focused() || hide(), CLOSE);
  });
  article.addEventListener("focusin", (event) => {
    const one = linkAt(event);
    if (one?.matches(":focus-visible")) show(one);
  });
  article.addEventListener("focusout", (event) => {
    if (event.target === link && !notes.get(link).matches(":hover")) hide();
  });
  addEventListener("pointerdown", (event) => {
    pointer = event.pointerType;
    if (link && linkAt(event) !== link && !inNote(event.target)) hide();
  });
  article.addEventListener("click", (event) => {
    const one = linkAt(event);
    if (one && one !== link && pointer === "touch" && event.detail) {
      event.preventDefault();
      show(one);
    } else if (one) hide();
  });
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
  });
  for (const end of ["resize", "beforeprint", "pagehide"]) addEventListener(end, hide);
})();
