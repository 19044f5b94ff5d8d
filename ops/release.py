"""The archive of a version: `make release`. The same commit gives the same bytes.

A version is the commit that dates its heading in CHANGELOG.md, so that two archives of one name are one program.
"""

import gzip
import hashlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from ops.cluster import ROOT


class Refused(Exception):
    """No archive was made. The message says what to do."""


def archive(clone: Path, named: str) -> bytes:
    """Return the archive of the last commit, under a folder of this name."""
    words = ["git", "archive", "--format=tar", f"--prefix={named}/", "HEAD"]
    return gzip.compress(subprocess.run(words, cwd=clone, capture_output=True, check=True).stdout, mtime=0)


def version_of(clone: Path) -> str:
    return str(tomllib.loads((clone / "pyproject.toml").read_text())["project"]["version"])


def require_dated(clone: Path) -> None:
    """Check that the last commit is the one that dated this version.

    Raises:
        Refused: something is not committed, the version has no date, or another commit dated it.
    """
    version = version_of(clone)
    if _git(clone, "status", "--porcelain"):
        raise Refused("Commit first: a release is made of what is committed.")
    dated = re.search(rf"^## {re.escape(version)} - \d{{4}}-\d\d-\d\d$", (clone / "CHANGELOG.md").read_text(), re.M)
    if not dated:
        raise Refused(
            f"CHANGELOG.md does not date {version}: write “## {version} - YYYY-MM-DD” under “## Unreleased”, and"
            " commit."
        )
    *_later, first = _git(clone, "log", "--format=%H", f"-S{dated[0]}", "--", "CHANGELOG.md").split()
    if first != _git(clone, "rev-parse", "HEAD"):
        raise Refused(
            f"{version} is the commit {first[:8]}: check that one out, or give what came since a new version."
        )


def write(clone: Path) -> Path:
    """Write the archive of the last commit and its SHA-256 into var/release, whatever the changelog says."""
    folder = clone / "var" / "release"
    folder.mkdir(parents=True, exist_ok=True)
    named = f"garant-{version_of(clone)}"
    made = archive(clone, named)
    file = folder / f"{named}.tar.gz"
    file.write_bytes(made)
    file.with_name(f"{file.name}.sha256").write_text(f"{hashlib.sha256(made).hexdigest()}  {file.name}\n")
    return file


def _git(clone: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=clone, capture_output=True, text=True, check=True).stdout.strip()


def main() -> int:
    try:
        require_dated(ROOT)
    except Refused as reason:
        print(reason, file=sys.stderr)
        return 1
    file = write(ROOT)
    print(f"{file.relative_to(ROOT)}, {file.stat().st_size // 1000} kB, with its SHA-256 beside it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
