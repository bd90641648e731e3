"""Tell the notebooks where their repository is: in Colab their first cell installs nwlib from it.

python pages/address.py https://github.com/NAME/REPOSITORY
"""

import re
import sys

import refresh

ADDRESS = re.compile(r"https://github\.com/[\w.-]+/[\w.-]+")
SOURCE = re.compile(r"git\+https://[\w./-]+")


def main(address=""):
    if not ADDRESS.fullmatch(address):
        print(f"The address must be like https://github.com/NAME/REPOSITORY, not {address!r}.")
        return 2
    for path in refresh.notebooks():
        text = path.read_text(encoding="utf-8")
        path.write_text(SOURCE.sub(f"git+{address}", text), encoding="utf-8")
    print(f"In Colab the notebooks install nwlib from {address} now. Commit them.")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
