// Run notebooks as the JupyterLite of the site does, in node, and write what each cell has said.
//
//     node pyodide.mjs PYODIDE LITE OUTPUT FOLDER NOTEBOOK...
//
// The kernel, its packages and the wheels are those of the site; only their host is this machine.

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [home, lite, output, folder, ...notebooks] = process.argv.slice(2);
const extension = "@jupyterlite/pyodide-kernel-extension";
const settings = JSON.parse(readFileSync(`${lite}/jupyter-lite.json`))["jupyter-config-data"];
const kernel = settings.litePluginSettings[`${extension}:kernel`];
const wheels = `${lite}/extensions/${extension}/static/pypi`;
const packages = [
  ...kernel.loadPyodideOptions.packages.map((name) => name.replace(/^(\.\.\/)+/, `${lite}/`)),
  ...readdirSync(wheels).filter((name) => /^(ipykernel|pyodide_kernel)-/.test(name))
    .map((name) => `${wheels}/${name}`),
];

const { loadPyodide } = await import(pathToFileURL(`${home}/pyodide.mjs`));
const pyodide = await loadPyodide({ indexURL: home, packages });
pyodide.FS.mkdirTree("/drive");
pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root: folder }, "/drive");
pyodide.runPython(readFileSync(new URL("pyodide_cells.py", import.meta.url), "utf8"));
const run = pyodide.globals.get("run");
const said = {};
for (const name of notebooks) said[name] = JSON.parse(await run(name));
writeFileSync(output, JSON.stringify(said));
process.exit(0); // it would wait for more to do
