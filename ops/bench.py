"""Run the benchmarks one after the other. One that fails or misses its budget does not stop the others.

    python -m ops.bench [--smoke] [NAME…]      all those of bench/, or only these, such as: gate journal
    python -m ops.bench NAME -- OPTION…        one of them, with options of its own, such as: load -- --soak 30

Each one starts on a copy of the same migrated database, with an empty folder as var/; both are deleted after it. If
DATABASE_URL is set, that server is used: its account must be allowed to create databases. Exit code 1 if one failed.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ops import cluster
from ops.databases import MigrationFailed, Server

ROOT = cluster.ROOT
BENCHES = ROOT / "bench"


def join_server(own: cluster.Cluster) -> Server:
    """Return the server of DATABASE_URL, else the embedded one, which then runs until this process ends."""
    if address := os.environ.get("DATABASE_URL"):
        server = Server(address, embedded=False)
        server.make_roles()
        return server
    own.join()
    own.server.tidy()
    return own.server


def run_all(files: Sequence[Path], options: Sequence[str], server: Server, var: Path) -> list[str]:
    """Run each file. Return the names of those that failed."""
    failed: list[str] = []
    with migrated(server) as template:
        for file in files:
            print(f"\n== {file.name} ==", flush=True)
            if not run_file(file, options, server, template, var):
                failed.append(file.name)
    return failed


@contextmanager
def migrated(server: Server) -> Iterator[str]:
    """Create a migrated database for the block."""
    name = f"bench_{os.getpid()}_template"
    try:
        server.create_migrated(name)
        yield name
    finally:
        server.drop(name)


def run_file(file: Path, options: Sequence[str], server: Server, template: str, var: Path) -> bool:
    database = f"bench_{os.getpid()}"
    var.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=var) as folder:
        environment = os.environ | {
            "DATABASE_URL": server.url(role="web", database=database),
            "MIGRATION_DATABASE_URL": server.url(role="owner", database=database),
            "RELEASE_DATABASE_URL": server.url(role="release", database=database),
            "GARANT_VAR": folder,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "platform")]),
        }
        try:
            server.copy(template, database)
            return (
                subprocess.run([sys.executable, file, *options], cwd=ROOT, env=environment, check=False).returncode
                == 0
            )
        finally:
            server.drop(database)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument(
        "--smoke", action="store_true", help="less of everything: that they run is nearly all that is asked"
    )
    words = sys.argv[1:]
    cut = words.index("--") if "--" in words else len(words)
    arguments, options = parser.parse_args(words[:cut]), words[cut + 1 :]
    if options and len(arguments.names) != 1:
        parser.error("options after -- are those of one benchmark: name it")
    every = {file.stem: file for file in sorted(BENCHES.glob("*.py"))}
    if unknown := set(arguments.names) - every.keys():
        parser.error(f"there is no {', '.join(sorted(unknown))} among {', '.join(every)}")
    files = [every[name] for name in arguments.names or every]
    own = cluster.of_this_clone()
    try:
        options += ["--smoke"] * arguments.smoke
        failed = run_all(files, options, join_server(own), own.var)
    except (cluster.NoStart, MigrationFailed) as reason:
        sys.exit(str(reason))
    print(
        f"\n{len(files) - len(failed)} of {len(files)} passed."
        + "".join(f"\nFAILED: bench/{name}" for name in failed),
        flush=True,
    )
    return int(bool(failed))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
