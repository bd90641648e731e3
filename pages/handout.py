"""Write what students get of the homework into a folder: notebooks without solutions, and data.

python pages/handout.py FOLDER
"""

import sys
from pathlib import Path

from nwgrade.assignment import handout

ROOT = Path(__file__).resolve().parents[1]


def main(folder):
    for source in sorted((ROOT / "homework" / "source").iterdir()):
        if source.is_dir():
            target = Path(folder, source.name)
            target.mkdir(parents=True, exist_ok=True)
            for name, content in handout(source):
                (target / name).write_bytes(content)


if __name__ == "__main__":
    main(*sys.argv[1:])
