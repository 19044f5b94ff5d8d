"""A town loses its machine: the night's backup, carried elsewhere, is restored on another one."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.actions import closing
from accounts.models import User
from core import rows
from core.journal.checkpoints import seal
from core.keys import protect
from ops.cluster import ROOT
from tests.accounts.factories import ResidentFactory, signed_in
from tests.faults.test_restore import PAPER, city, keep, place, spare  # noqa: F401 - fixtures

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.core.upload_site"), pytest.mark.slow]
Manage = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def manage(settings: Any, tmp_path: Path) -> Iterator[Manage]:
    """Yield a function that runs a command with the variables of docs/debian.md: the outside is on another disk."""
    kept = {"KEYRING": str(settings.KEYRING), "CHECKPOINT_KEY": str(settings.CHECKPOINT_KEY)}
    kept |= {"DJANGO_SETTINGS_MODULE": "config.settings.test"}

    def run(*words: object, machine: str, outside: Path, **more: str) -> "subprocess.CompletedProcess[str]":
        places = {"STORAGE_URL": (tmp_path / machine / "sealed").as_uri()}
        places |= {
            "CHECKPOINTS_URL": (outside / "checkpoints").as_uri(),
            "ERASURES_URL": (outside / "erasures").as_uri(),
        }
        words = (sys.executable, "manage.py", *words)
        environment = os.environ | kept | places | more
        return subprocess.run(
            [*map(str, words)], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )

    yield run


def test_who_left_stays_gone_and_without_the_ledger_the_restore_stops(
    databases: Any,
    spare: dict[str, str],  # noqa: F811 - fixtures
    settings: Any,
    tmp_path: Path,
    manage: Manage,
) -> None:
    outside = tmp_path / "second disk"
    place(settings, tmp_path / "machine")
    for name in ("checkpoints", "erasures"):
        keep(settings, name, outside / name)
    leaving, staying = ResidentFactory(name="Awa"), ResidentFactory(name="Nadia")
    paper = SimpleUploadedFile("avis.pdf", PAPER, "application/pdf")
    assert signed_in(staying).post("/essai/", {"paper": paper}).status_code == 200
    assert seal()
    protected = protect.protect(f"{'11' * 32} {rows.WHOLE}", purpose=rows.PURPOSE)
    databases.admin.execute("UPDATE core_citykey SET protected = %s", [protected])
    night = tmp_path / "elsewhere" / "2026-12-02"
    made = manage("backup", night, machine="machine", outside=outside, MIGRATION_DATABASE_URL=databases.url("owner"))
    assert made.returncode == 0, made.stderr
    closing.close(user=User.objects.get(pk=leaving.pk), by=leaving.pk)
    shutil.rmtree(tmp_path / "machine")

    there = {"machine": "new machine", "MIGRATION_DATABASE_URL": spare["owner"]}
    stopped = manage("restore", night, outside=tmp_path / "new machine" / "var", **there)
    assert stopped.returncode == 1 and "whoever left after the backup would come back" in stopped.stderr
    assert "Traceback" not in stopped.stderr and not tables(spare)

    done = manage("restore", night, outside=outside, **there)
    assert done.returncode == 0, done.stderr
    assert "1 vaults that were closed had come back and are erased again." in done.stdout
    assert "1 files put back" in done.stdout
    assert residents(spare) == {staying.pk}


def test_with_the_ledger_lost_too_the_operator_says_so_and_is_told_who_may_be_back(
    databases: Any,
    spare: dict[str, str],  # noqa: F811 - fixtures
    settings: Any,
    tmp_path: Path,
    manage: Manage,
) -> None:
    before = timezone.now()
    leaving = ResidentFactory(name="Awa")
    assert seal()
    outside = tmp_path / "same disk"
    made = manage(
        "backup", tmp_path / "b", machine="machine", outside=outside, MIGRATION_DATABASE_URL=databases.url("owner")
    )
    assert made.returncode == 0, made.stderr
    closing.close(user=User.objects.get(pk=leaving.pk), by=leaving.pk)
    shutil.rmtree(outside)
    there = {"machine": "new machine", "MIGRATION_DATABASE_URL": spare["owner"]}
    done = manage("restore", tmp_path / "b", "--without-ledger", outside=tmp_path / "new", **there)
    assert done.returncode == 3 and f"Whoever closed their vault after {before:%Y-%m-%d}" in done.stderr
    assert residents(spare) == {leaving.pk}


def tables(spare: dict[str, str]) -> int:  # noqa: F811 - fixtures
    with psycopg.connect(spare["owner"]) as owner:
        (count,) = owner.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() or (0,)
    return int(count)


def residents(spare: dict[str, str]) -> set[Any]:  # noqa: F811 - fixtures
    with psycopg.connect(spare["owner"]) as owner:
        return {name for (name,) in owner.execute("SELECT id FROM accounts_user WHERE is_resident").fetchall()}
