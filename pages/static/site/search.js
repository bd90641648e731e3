/* Loaded by the page for searching only, beside Sphinx's own search. */
(() => {
  // Sphinx fetches each page that it quotes from. A page that was opened from a folder may not fetch.
  window.fetch = async (address) =>
    ({ text: () => PAGE_TEXTS[address.replace(/^\.\/|\.html$/g, "")] });

  // It marks the words on whatever page is opened next, on any day: only a hit's own link shall.
  const KEY = "sphinx_highlight_terms", results = document.getElementById("search-results");
  let words = "";
  new MutationObserver(() => {
    words = localStorage.getItem(KEY) ?? words;
    localStorage.removeItem(KEY);
    for (const hit of results.querySelectorAll("li > a"))
      hit.search = new URLSearchParams({ highlight: words });
  }).observe(results, { childList: true, subtree: true });
})();
