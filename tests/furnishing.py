"""Keep a furnished portal of today as a file: `python -m tests.furnishing tests/fixtures/furnished/NAME.tar.gz`.

A later version starts from it, to prove that its migrations keep each row and that the sealed bytes still open. The
people in it are fictional; so are its keys, which open nothing else.
"""

import json
import os
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

from ops import prepare
from tests.conftest import Databases
from tests.live import at, offer_emergency_access, settle


def furnish(target: Path) -> None:
    """Write a backup of a portal that the pages' sweep has filled, its keys, and the keys of its main objects."""
    databases = Databases()
    name = f"test_{os.getpid()}_furnished"
    databases.server.copy(databases.template, name)
    with tempfile.TemporaryDirectory() as folder:
        var = Path(folder, "var")
        os.environ["GARANT_RUN"] = str(Path(folder, "run"))
        prepare.static_files(databases.cluster.var)
        shutil.copytree(databases.cluster.var / "static", var / "static")
        settle(at(databases, name, var))
        portal = at(databases, name, var)
        offer_emergency_access(portal)
        filled = portal.run("from tests.journeys.filling import main; main()")
        Path(folder, "objects.json").write_text(json.dumps(json.loads(filled)["made"], indent=1))
        portal.shell.stop()
        portal.manage("backup", str(Path(folder, "backup")))
        with tarfile.open(target, "w:gz") as archive:
            archive.add(Path(folder, "backup"), "backup")
            archive.add(Path(folder, "objects.json"), "objects.json")
            for key in sorted(path for path in var.iterdir() if path.is_file()):
                archive.add(key, f"keys/{key.name}")
    databases.server.drop(name)


if __name__ == "__main__":
    furnish(Path(sys.argv[1]))
