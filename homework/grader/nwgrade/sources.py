"""Read what was handed in from a folder or a zip.

Nothing in a zip is believed: no path of it is written to, links are left out, and no file is read
beyond a limit, whatever size it claims to have.
"""

import io
import os
import re
import zipfile
import zlib
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from nwgrade.course import CourseError, printable

HIDDEN = re.compile(
    r"(?i)(^|/)(?![^/]*_\d+_assignsubmission_)(\.|__MACOSX(/|$)|(Thumbs\.db|desktop\.ini)$)"
)
MAX_ENTRIES = 50_000
MAX_NESTED = 200 * 2**20
CANNOT_READ = (OSError, RuntimeError, ValueError, zipfile.BadZipFile, EOFError, zlib.error)
CANNOT_READ += (OverflowError,)  # of a place in the file that is beyond any


@dataclass(eq=False)
class File:
    """A file of the source; `read` gives its bytes, at most so many and one more.

    path : where it lies in the source. name : where in what its student has handed in.
    became, why : collected, kept in archive/ or left out, and why in a few words.
    """

    path: str
    time: datetime
    read: object
    why: str = ""
    became: str = "left out"
    name: str = ""
    data: bytes = b""
    packed_in: object = None  # the zip of a student that it comes from


@contextmanager
def opened(path):
    """Give the files of a folder or a zip."""
    if not path.exists():
        raise CourseError(f"There is no {path}.")
    try:
        archive = nullcontext() if path.is_dir() else zipfile.ZipFile(path)
    except CANNOT_READ as error:
        raise CourseError(f"{path} is neither a folder nor a zip: {error}") from None
    with archive:
        yield list(_folder(path) if path.is_dir() else _zip(archive))


def files_in(file):
    """Yield the files in a zip that a student has handed in, one level deep."""
    try:
        content = file.read(MAX_NESTED)
        if content.count(b"PK\1\2") > MAX_ENTRIES:  # opened, each would take much memory
            return
        inner = list(_zip(zipfile.ZipFile(io.BytesIO(content))))
    except (CourseError, *CANNOT_READ):
        return
    for one in inner:
        if not HIDDEN.search(one.path):
            path, name = (f"{outer}/{one.path}" for outer in (file.path, file.name))
            yield File(path, file.time, one.read, one.why, name=name, packed_in=file)


def _folder(root):
    for folder, folders, names in os.walk(root, onerror=_raise):
        folders.sort()
        for name in sorted([*names, *folders]):  # a link to a folder stands among the folders
            path = Path(folder, name)
            if path.is_dir() and not path.is_symlink():
                continue
            is_plain = path.is_file() and not path.is_symlink()
            seconds = min(max(path.lstat().st_mtime, 0), 2**32)  # a date may be any number
            name, time = path.relative_to(root).as_posix(), datetime.fromtimestamp(seconds, UTC)
            why = "" if is_plain else "a link or a special file"
            yield File(printable(name), time, partial(_read_at_most, path.open, "rb"), why)


def _raise(error):
    raise error


def _zip(archive):
    # Not by is_dir, which stops at an entry without a name
    entries = [entry for entry in archive.infolist() if not entry.filename.endswith("/")]
    if len(entries) > MAX_ENTRIES:
        raise CourseError(f"The zip has {len(entries)} entries, more than {MAX_ENTRIES}.")
    for entry in entries:
        name, why = entry.filename, ""
        if entry.create_system == 0:  # some programs of Windows write its separators
            name = name.replace("\\", "/")
        if entry.external_attr >> 28 not in (0, 8):  # neither unknown nor a plain file
            why = "a link or a special file"
        elif name.startswith("/"):
            why = "its path leads out of the zip"
        time = datetime(1980, 1, 1)
        with suppress(ValueError):
            time = datetime(*entry.date_time)

        def read(limit, entry=entry):
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ValueError("it is packed in an unusual way")  # LZMA may ask for any memory
            return _read_at_most(archive.open, entry, limit)

        yield File(printable(name), time, read, why)


def _read_at_most(open_, place, limit):
    """Return the bytes, or as many as show that there are more than the limit."""
    with open_(place) as stream:
        return stream.read(limit + 1)
