"""The archive of a version: `make release`. The same commit gives the same bytes."""

import gzip
import hashlib
import subprocess
import sys
import tomllib
from pathlib import Path

from ops.cluster import ROOT


def archive(clone: Path, named: str) -> bytes:
    """Return the archive of the last commit, under a folder of this name."""
    words = ["git", "archive", "--format=tar", f"--prefix={named}/", "HEAD"]
    return gzip.compress(subprocess.run(words, cwd=clone, capture_output=True, check=True).stdout, mtime=0)


def main() -> int:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    if subprocess.run(["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, check=True).stdout:
        print("Commit first: a release is made of what is committed.", file=sys.stderr)
        return 1
    folder = ROOT / "var" / "release"
    folder.mkdir(parents=True, exist_ok=True)
    named = f"garant-{version}"
    made = archive(ROOT, named)
    file = folder / f"{named}.tar.gz"
    file.write_bytes(made)
    file.with_name(f"{file.name}.sha256").write_text(f"{hashlib.sha256(made).hexdigest()}  {file.name}\n")
    print(f"{file.relative_to(ROOT)}, {len(made) // 1000} kB, with its SHA-256 beside it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
