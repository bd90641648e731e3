"""Runs in Pyodide, from pyodide.mjs: the cells of a notebook, one by one, in a new session."""

import json
import os

from pyodide_kernel import kernel_instance, stderr_stream, stdout_stream

shell = kernel_instance.interpreter


async def run(name):
    """Return what each code cell has printed, complained of and raised, as JSON."""
    shell.reset(new_session=True)
    os.chdir(os.path.dirname(f"/drive/{name}"))
    kernel_instance._parent_header = {}
    shell.send_comm = lambda *_: None
    cells = []
    with open(f"/drive/{name}", encoding="utf-8") as file:
        sources = [c["source"] for c in json.load(file)["cells"] if c["cell_type"] == "code"]
    for source in sources:
        streams = {"stdout": "", "stderr": ""}

        def write(stream, text, streams=streams):
            streams[stream] += text

        stdout_stream.publish_stream_callback = stderr_stream.publish_stream_callback = write
        result = await kernel_instance.run("".join(source))
        error = f"{result['ename']}: {result['evalue']}" if result["status"] == "error" else ""
        cells.append({**streams, "error": error})
    return json.dumps(cells)
