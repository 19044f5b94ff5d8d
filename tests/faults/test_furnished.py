"""A furnished portal of version 0.1, then migrated: today's code opens what it holds (tests/furnishing.py)."""

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, Databases
from tests.live import Live, at

KEPT = ROOT / "tests" / "fixtures" / "furnished" / "0.1.tar.gz"
#: Puts the rows and files back as version 0.1 left them. `restore` refuses a backup of another version: a city
#: restores with that version, then upgrades.
RESTORE = """
from pathlib import Path
from core import backups
folder = Path({folder!r})
backups._revoke_default_privileges()
for dump in (folder / "keystore" / "keys.dump", folder / "content" / "database.dump"):
    backups._run("pg_restore", "--no-owner", "--exit-on-error", "-d", backups._name(), dump)
print(backups._put_files_back(folder / "content" / "files"))
"""
#: Opens every value and every paper of the resident, and prints how many there are.
OPEN = """
import json
from core.files.storage import sealed_storage
from django_scopes import scope
from accounts.models import User
from vault import types
from vault.records import gate
from vault.records.models import PaperFile
owner = User.objects.get(email="balayage@courriel.example").pk
fields = [field for kind in types.all_types() for field in types.fields_of(kind.code)]
opened = gate.read_own(resident_id=owner, fields=fields, purpose="Essayer")
with scope(resident=owner):
    names = list(PaperFile.objects.values_list("stored_name", flat=True))
sizes = []
for name in names:
    with sealed_storage.open(name, resident_id=owner) as stream:
        sizes.append(len(stream.read()))
print(json.dumps([len(opened), sizes]))
"""


@pytest.fixture
def restored(databases: Databases, tmp_path: Path) -> Iterator[Live]:
    name = f"test_{os.getpid()}_upgraded"
    databases.server.drop(name)
    databases.server.create(name)
    with tarfile.open(KEPT) as archive:
        archive.extractall(tmp_path, filter="data")
    (tmp_path / "keys").rename(tmp_path / "var")
    yield at(databases, name, tmp_path / "var")
    databases.server.drop(name)


def as_owner(portal: Live, *words: str) -> None:
    owner = {"DATABASE_URL": portal.environment["MIGRATION_DATABASE_URL"]}
    done = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=os.environ | portal.environment | owner,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_each_value_and_each_paper_still_opens(restored: Live, tmp_path: Path) -> None:
    as_owner(restored, "shell", "-v0", "-c", RESTORE.format(folder=str(tmp_path / "backup")))
    as_owner(restored, "migrate", "-v0")
    as_owner(restored, "rows", "sign")
    as_owner(restored, "rows", "check")
    assert "entries checked" in restored.manage("verify_journal").stdout
    shown = restored.manage("shell", "-v0", "-c", OPEN, check=False)
    assert shown.returncode == 0, shown.stderr
    values, sizes = json.loads(shown.stdout)
    assert values > 40
    assert len(sizes) > 5 and all(sizes)
