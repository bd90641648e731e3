"""What CHANGELOG.md says of a version: the notes of its release, in GitHub's Markdown.

    python pages/changelog.py v1.2.3

It needs nothing but Python: a tag that is no version, or is not in CHANGELOG.md, is told at once.
"""

import re
import sys
from pathlib import Path

CHANGELOG = Path(__file__).resolve().parents[1] / "CHANGELOG.md"
VERSION = re.compile("[.]".join(["(0|[1-9][0-9]*)"] * 3))
HEADING = re.compile(r"(?m)^## \[(.*?)\].*\n")


class ReleaseError(Exception):
    """Says in one line why there is no release."""


def numbers(version):
    """Return a version as three numbers, which compare as versions do."""
    match = VERSION.fullmatch(version)
    if match is None:
        raise ReleaseError(f"A version must be like 1.2.3, not {version!r}.")
    return tuple(map(int, match.groups()))


def sections(text):
    """Return what stands under each heading, by version, newest first."""
    _, *parts = HEADING.split(text)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def released(text):
    """Return the version of the last release, or None if there is none."""
    return next((name for name in sections(text) if name != "Unreleased"), None)


def notes(text, tag):
    """Return the notes of the release with this tag, each point in one line as GitHub wants it."""
    version = tag[1:]
    if tag[:1] != "v" or not VERSION.fullmatch(version):
        raise ReleaseError(f"The tag of a release must be like v1.2.3, not {tag!r}.")
    if version not in sections(text):
        raise ReleaseError(
            f"CHANGELOG.md has no section [{version}]. Do not tag by hand: "
            f"make release VERSION={version} writes the section, and then tags."
        )
    return re.sub(r"\n +(?![-*] )(?=\S)", " ", sections(text)[version].strip()) + "\n"


def filed(text, version, day):
    """Return the text with all that is unreleased filed under the version, of this day."""
    new, last = numbers(version), released(text)
    if last and new <= numbers(last):
        raise ReleaseError(f"The version must be above {last}, the last release, not {version}.")
    first, under = next(iter(sections(text).items()), ("", ""))
    if first != "Unreleased" or not re.search(r"(?m)^[-*] ", under):
        raise ReleaseError("CHANGELOG.md has nothing under [Unreleased] that could be released.")
    return HEADING.sub(rf"\g<0>\n## [{version}] - {day}\n", text, count=1)


def main(tag=""):
    try:
        print(notes(CHANGELOG.read_text(encoding="utf-8"), tag), end="")
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:])))
