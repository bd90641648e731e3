"""Build the book, and print where it is, or what keeps it from being built.

    python pages/build.py [FOLDER]

The pages are made elsewhere and moved to _build/html when they are good: what is there is whole.
"""

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from jupyter_book.sphinx import build_sphinx
from sphinx.errors import SphinxError

ROOT = Path(__file__).resolve().parents[1]


def main(folder=ROOT):
    book = Path(folder).resolve()
    site = book / "_build" / "html"
    shutil.rmtree(site, ignore_errors=True)
    site.parent.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=site.parent, prefix=".") as unfinished:
        pages = Path(unfinished, "html")
        result = build_sphinx(
            book,
            pages,
            path_config=book / "_config.yml",
            noconfig=True,
            confoverrides={
                "external_toc_path": str(book / "_toc.yml"),
                "latex_individualpages": False,
                "nitpicky": True,
            },
            warningiserror=True,
            keep_going=True,
            quiet=True,
        )
        if isinstance(result, KeyboardInterrupt):
            return 130
        if isinstance(result, SphinxError) and not getattr(result, "orig_exc", None):
            return 1  # Sphinx has told it
        if isinstance(result, Exception):
            raise result  # Sphinx has shown it in part
        if result == 0:
            pages.rename(site)
            print("The book is here:", (site / "index.html").as_uri())
        return result


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
