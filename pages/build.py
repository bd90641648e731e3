"""Build the book, and print where it is, or what keeps it from being built.

    python pages/build.py [FOLDER]

Only pages that have changed are read again: Sphinx's cache of the others is kept in _build/.cache.
All pages are written anew, elsewhere, and change places with _build/html when they are good: what
is there is whole, and has the bytes that a first build would give it.
"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # on Windows, where nobody should build twice at a time
    fcntl = None

ROOT = Path(__file__).resolve().parents[1]
PAGE = (".ipynb", ".md")
# Folders of which nothing comes into the site, hidden ones aside; of homework/ two have a part.
NOT_OF_THE_BOOK = {"_build", "benchmarks", "docs", "mutants", "tests", "__pycache__"}
OF_HOMEWORK = {"source", "grader"}
SETTINGS = Path(".binder", "overrides.json")


def main(folder=ROOT):
    book = Path(folder).resolve()
    build = book / "_build"
    build.mkdir(exist_ok=True)
    try:
        with alone(build):
            return build_book(book, build / "html", build / ".cache")
    except KeyboardInterrupt:
        print("Interrupted!", file=sys.stderr)
        return 130


@contextmanager
def alone(build):
    """Wait until no other build is under way in the folder; leave nothing half done in it."""
    folder = os.open(build, os.O_RDONLY) if fcntl else None
    if fcntl:
        fcntl.flock(folder, fcntl.LOCK_EX)  # ends with the process, however that ends
    try:
        put_back(build)
        yield
    finally:
        put_back(build)
        if fcntl:
            os.close(folder)


def put_back(build):
    """Remove what a build has begun, and let the old site be there."""
    shutil.rmtree(build / ".work", ignore_errors=True)
    if (build / ".old").exists() and not (build / "html").exists():
        (build / ".old").rename(build / "html")
    shutil.rmtree(build / ".old", ignore_errors=True)


def build_book(book, site, cache):
    pages, rest = inputs(book)
    known = remembered(cache)
    if known != {"pages": pages, "rest": rest, "site": listing(site)}:
        work = site.with_name(".work")  # always this one: the cache has the names of files in it
        if known["rest"] == rest and not overlooked(book, pages, known["pages"], cache):
            shutil.copytree(cache, work)
        if result := write_pages(book, work):
            return result
        change_places(work / "html", site)
        (work / "inputs.json").write_text(
            json.dumps({"pages": pages, "rest": rest, "site": listing(site)}), encoding="utf-8"
        )
        shutil.rmtree(cache, ignore_errors=True)
        work.rename(cache)
    print("The book is here:", (site / "index.html").as_uri())
    return 0


def inputs(book):
    """Return the digest of each file that may be a page, and one of all else that makes the site.

    The latter are the programs, the settings, the homework, the environment. Sphinx does not know
    all of what they change, so the book is then built from nothing.
    """
    pages, rest = {}, hashlib.sha256()
    for path in sorted(set(files(book)) | set(files(ROOT / "pages"))):
        content = path.read_bytes()
        name = os.path.relpath(path, book)
        if path.suffix in PAGE and Path(name).parts[0] != "homework":
            pages[name] = hashlib.sha256(content).hexdigest()
        else:
            rest.update(f"{name} {len(content)} ".encode() + content)
    packages = {entry for place in sys.path if os.path.isdir(place) for entry in os.listdir(place)}
    remote = ["git", "-C", str(book), "remote", "get-url", "origin"]
    surroundings = [
        sys.version,
        str(book),
        sorted(name for name in packages if name.endswith(".dist-info")),
        sorted(item for item in os.environ.items() if item[0].startswith("BOOK_")),
        sorted(pages),
        subprocess.run(remote, capture_output=True, text=True).stdout,
    ]
    rest.update(repr(surroundings).encode())
    return pages, rest.hexdigest()


def files(book):
    """Yield the files of the book."""
    for folder, folders, names in os.walk(book):
        folders[:] = [
            name
            for name in folders
            if name[0] != "." and name not in NOT_OF_THE_BOOK and not name.endswith(".egg-info")
        ]
        if Path(folder) == book / "homework":
            folders[:] = OF_HOMEWORK & set(folders)  # the others hold what students hand in
        else:
            yield from (Path(folder, name) for name in names if name[0] != ".")
    if (book / SETTINGS).exists():
        yield book / SETTINGS


def remembered(cache):
    """Return what the site was built of, and the listing of its files, as it was left."""
    try:
        return json.loads((cache / "inputs.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {"pages": {}, "rest": None, "site": None}


def listing(site):
    """Return what tells whether somebody has changed the site."""
    found = [(path, path.stat()) for path in sorted(site.rglob("*"))]
    seen = [(str(path.relative_to(site)), stat.st_size, stat.st_mtime_ns) for path, stat in found]
    return hashlib.sha256(repr(seen).encode()).hexdigest()


def overlooked(book, pages, before, cache):
    """Whether Sphinx, which looks at the time alone, takes a changed page for unchanged."""
    built = (cache / "inputs.json").stat().st_mtime_ns
    changed = [name for name in pages if pages[name] != before[name]]
    return any(Path(book, name).stat().st_mtime_ns <= built for name in changed)


def write_pages(book, work):
    """Let Sphinx write all pages into a folder, which may have its cache; return its exit code."""
    from jupyter_book.sphinx import build_sphinx  # here, for it takes a second
    from sphinx.errors import SphinxError

    result = build_sphinx(
        book,
        work / "html",
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
    return result


def change_places(new, site):
    """Put the new site where the old one was; a reader of that hardly has the time to notice."""
    old = site.with_name(".old")
    heed = signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # for an instant: there is one, or the other
    if site.exists():
        site.rename(old)
    new.rename(site)
    signal.signal(signal.SIGINT, heed)
    shutil.rmtree(old, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
