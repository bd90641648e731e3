"""Make a release on this machine: one commit, and a tag. Whoever pushes the tag publishes it.

    python pages/release.py 1.2.3

What CHANGELOG.md has as unreleased is filed under the version. CITATION.cff names it, and so does
the first cell of each notebook, for Colab. An error changes nothing.
"""

import datetime
import re
import subprocess
import sys

import address
import changelog
import refresh
from changelog import ReleaseError

NEXT = """Version {version} is a commit and the tag {tag} on this machine, and nowhere else.
1. git push origin {tag}: GitHub tests it, and puts it on PyPI, on Pages and among the releases.
2. git push origin {branch}, when that is done: no notebook may ask Colab for what PyPI has not got.
To take it back: git tag --delete {tag} && git reset --hard HEAD~1"""


def git(*arguments):
    """Return what a command of git prints."""
    done = subprocess.run(
        ["git", *arguments], cwd=refresh.ROOT, capture_output=True, encoding="utf-8", check=False
    )
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1]
        raise ReleaseError(f"git {arguments[0]} failed: {last}")
    return done.stdout.strip()


def cited(text, version, day):
    """Return the text of CITATION.cff with this version and day, in the place of any other."""
    text = re.sub(r"(?m)^(version|date-released): .*\n", "", text)
    return f"{text}version: {version}\ndate-released: {day}\n"


def release(version, day):
    """Commit and tag the version; return its tag and the branch."""
    changelog.numbers(version)
    tag = f"v{version}"
    changed = git("status", "--porcelain")
    if changed:
        raise ReleaseError(f"Commit or remove what has changed first: {changed.split()[1]}")
    branch = git("branch", "--show-current")
    if not branch:
        raise ReleaseError("A release is made on a branch: git switch main")
    if git("tag", "--list", tag):
        raise ReleaseError(f"There is a tag {tag} already.")
    news, citation = refresh.ROOT / "CHANGELOG.md", refresh.ROOT / "CITATION.cff"
    texts = {
        news: changelog.filed(news.read_text(encoding="utf-8"), version, day),
        citation: cited(citation.read_text(encoding="utf-8"), version, day),
        **address.with_source(f"nwlib=={version}"),
    }
    before = git("rev-parse", "HEAD")
    try:
        for path, text in texts.items():
            path.write_bytes(text.encode())
        git("commit", "--quiet", "--all", "--message", f"Version {version}")
        git("tag", "--annotate", tag, "--message", f"Version {version}")
    except BaseException:
        if git("tag", "--list", tag):
            git("tag", "--delete", tag)
        git("reset", "--quiet", "--hard", before)
        raise
    return tag, branch


def main(version=""):
    try:
        tag, branch = release(version, datetime.date.today())
    except (ReleaseError, refresh.RefreshError) as error:
        print(error, file=sys.stderr)
        return 2
    print(NEXT.format(version=version, tag=tag, branch=branch))
    return 0


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:])))
