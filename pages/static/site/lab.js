/* Loaded by the page of JupyterLite only: tell a reader for whom Python cannot start what to do. */
(async () => {
  const help = "../../appendix/running.html";
  const kernel = "@jupyterlite/pyodide-kernel-extension:kernel";
  const patience = 8000; // milliseconds: longer than a slow line takes for these 15 kB

  // Browsers start no Python in a page that does not come from a web server.
  if (location.protocol === "file:") return location.replace(`${help}#from-a-folder`);

  const settings = await (await fetch("../jupyter-lite.json")).json();
  const { pyodideUrl } = settings["jupyter-config-data"].litePluginSettings[kernel];
  const pyodide = new URL(pyodideUrl, location.href);
  const note = document.createElement("div");
  note.setAttribute("role", "alert");
  note.style = "position: fixed; inset: auto 0 0; z-index: 99999; padding: 0.75em 1em;"
    + "font: 16px/1.5 sans-serif; color: #000; background: #ffe08a; border-top: 2px solid #000;";

  const tell = () => {
    document.body.append(note);
    note.innerHTML = `<strong>Python cannot start:</strong> it comes from <b></b>, which does not
      answer. Check your network, then reload this page. If your network keeps that address from
      you, <a style="color: inherit" href="${help}">run the chapter elsewhere</a>: on Binder, in
      Colab or on your own machine. (Who publishes this book can name another address:
      <code>pyodide_url</code> in <code>_config.yml</code>.) <button>Close</button>`;
    note.querySelector("b").textContent = pyodide.host;
    note.querySelector("button").onclick = () => note.remove();
  };

  // A page that says "blocked" is an answer, too, but not that of Pyodide.
  const ask = async () => (await (await fetch(pyodide)).text()).includes("loadPyodide");
  const slow = setTimeout(tell, patience);
  const isThere = await ask().catch(() => false);
  clearTimeout(slow);
  if (isThere) note.remove();
  else if (!note.isConnected) tell();
})();
