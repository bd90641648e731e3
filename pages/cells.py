"""What a cell needs that Python in a browser does not have."""

import ast
import sys
import warnings

from IPython.core.inputtransformer2 import TransformerManager

PACKAGES = ("numpy", "matplotlib", "IPython", "ipywidgets", "nwlib")
# Modules of the standard library that need what a browser does not have.
# https://pyodide.org/en/0.27.7/usage/wasm-constraints.html
NOT_THERE = {
    *("curses", "fcntl", "multiprocessing", "readline", "resource", "socket", "socketserver"),
    *("ssl", "subprocess", "termios", "threading", "tkinter", "turtle", "venv"),
}
THERE = {*PACKAGES, *sys.stdlib_module_names} - NOT_THERE


def foreign(source):
    """Yield what a cell needs that a browser does not have."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        try:
            tree = ast.parse(TransformerManager().transform_cell(source))
        except SyntaxError:
            return  # an exercise may have a gap
    for node in ast.walk(tree):
        modules = []
        match node:
            case ast.Import():
                modules = [alias.name for alias in node.names]
            case ast.ImportFrom(module=str(module)):
                modules = [module]
            case ast.Attribute(ast.Call(ast.Name("get_ipython")), "system" | "getoutput"):
                yield "a command of the system does not run in a browser"
        for name in sorted({module.partition(".")[0] for module in modules} - THERE):
            yield (
                f"{name} is not there in a browser, which has the standard library, "
                f"{', '.join(PACKAGES[:-1])} and {PACKAGES[-1]} (see pages/cells.py)"
            )
