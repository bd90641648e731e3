"""Tell the notebooks where their repository is: in Colab their first cell installs nwlib from it.

python pages/address.py https://github.com/NAME/REPOSITORY

A release (pages/release.py) writes the released version there instead.
"""

import re
import sys

import nbformat
import refresh

ADDRESS = re.compile(r"https://github\.com/[\w.-]+/[\w.-]+")
SOURCE = re.compile(r'(?m)(?<=^    source = ").*(?="$)')


def with_source(source):
    """Return the notebooks as text, by path, with what pip is to install in Colab: `source`."""
    texts = {}
    for path in refresh.notebooks():
        nb = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
        cell = next(cell for cell in nb.cells if cell.cell_type == "code")
        cell.source, found = SOURCE.subn(source, cell.source)
        if found != 1:
            raise refresh.RefreshError(f'{path.name}: the first cell has no line source = "..."')
        cell.metadata[refresh.RAN] = refresh.digest(cell)  # only in Colab does it do anything
        texts[path] = refresh.to_text(nb)
    return texts


def main(address=""):
    if not ADDRESS.fullmatch(address):
        print(f"The address must be like https://github.com/NAME/REPOSITORY, not {address!r}.")
        return 2
    try:
        texts = with_source(f"git+{address}")
    except refresh.RefreshError as error:
        print(error)
        return 1
    for path, text in texts.items():
        path.write_bytes(text.encode())
    print(f"In Colab the notebooks install nwlib from {address} now. Commit them.")
    return 0


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:])))
