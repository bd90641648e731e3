"""Pack the finished site into one zip for a learning platform, or to hand out.

    python pages/dist.py [--site FOLDER] [OUTPUT]

`index.html` and the licences are at the root of the zip, where Moodle and Canvas look for the first
page. The same site gives the same bytes.
"""

import argparse
import re
import sys
from pathlib import Path
from urllib.parse import unquote

from wheels import write_zip

ROOT = Path(__file__).resolve().parents[1]
NAME = "attention-from-nadaraya-watson.zip"
LICENCES = ("LICENSE", "LICENSE-TEXT")
# What no page of the site asks for: notes of Sphinx to itself and to other books' builds, and what
# the themes use at build time only.
NOT_NEEDED = (".buildinfo*", "objects.inv", "*.map", "*.mo", "*.po", "*macros.html")
SOURCE_LINK = re.compile(r'href="[^"#]*?(_sources/[^"#?]+)')


class DistError(Exception):
    """Says in one line why there is no zip."""


def needed(site):
    """Return the files of the site that its pages use, sorted."""
    files = sorted(path for path in site.rglob("*") if path.is_file())
    linked = set()
    for page in files:
        if page.suffix == ".html":
            links = SOURCE_LINK.findall(page.read_text(encoding="utf-8"))
            linked.update(site / unquote(link) for link in links)
    return [
        path
        for path in files
        if not any(path.match(pattern) for pattern in NOT_NEEDED)
        and (site / "_sources" not in path.parents or path in linked)
    ]


def make_zip(site, output):
    """Write the site and the licences into the zip `output`."""
    if not (site / "index.html").is_file():
        raise DistError(f"{site / 'index.html'} is missing: make book writes it")
    content = {path.relative_to(site).as_posix(): path for path in needed(site)}
    content.update({name: ROOT / name for name in LICENCES})
    output.parent.mkdir(parents=True, exist_ok=True)
    write_zip(output, {name: path.read_bytes() for name, path in content.items()})


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("output", nargs="?", type=Path, default=ROOT / "_build" / NAME)
    parser.add_argument("--site", type=Path, default=ROOT / "_build" / "html")
    args = parser.parse_args(arguments)
    try:
        make_zip(args.site.resolve(), args.output)
    except DistError as error:
        print(error, file=sys.stderr)
        return 1
    size = args.output.stat().st_size / 1e6
    print(f"The zip is here: {args.output.resolve().as_uri()}, {size:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
