"""Zips, and wheels of installed packages, that have the same bytes whenever they are made."""

import base64
import hashlib
import zipfile
from importlib.metadata import PackageNotFoundError, distributions
from importlib.util import find_spec
from pathlib import Path

NOT_OF_A_WHEEL = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}


def write_zip(path, files):
    """Write files, as bytes by name, into a zip."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name)  # of 1980, whenever it is made
            entry.create_system = 3  # Unix, wherever it is made, as the permissions say
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, files[name], zipfile.ZIP_DEFLATED, compresslevel=9)


def write_wheel(name, folder):
    """Write the wheel of an installed package without compiled parts; return the file's name."""
    package = _installed(name)
    files = {
        str(file): file.locate().read_bytes()
        for file in package.files
        if file.suffix != ".pyc" and file.name not in NOT_OF_A_WHEEL
        if file.parts[0] == name or file.parts[0].endswith(".dist-info")
    }
    code = Path(find_spec(name).origin).parent  # of a package that is installed as a link to it
    for path in code.rglob("*.py"):
        files[path.relative_to(code.parent).as_posix()] = path.read_bytes()
    record = f"{name}-{package.version}.dist-info/RECORD"
    lines = [f"{path},{_digest(content)},{len(content)}\n" for path, content in files.items()]
    files[record] = "".join([*lines, f"{record},,\n"]).encode()
    wheel = f"{name}-{package.version}-py3-none-any.whl"
    write_zip(Path(folder, wheel), files)
    return wheel


def _installed(name):
    """Return an installed package, and not what setuptools has left beside its source."""
    for found in distributions(name=name):
        if any(file.name == "METADATA" for file in found.files or ()):
            return found
    raise PackageNotFoundError(name)


def _digest(content):
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest())
    return f"sha256={digest.rstrip(b'=').decode()}"
