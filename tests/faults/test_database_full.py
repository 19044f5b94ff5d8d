"""The database's disk fills up: pages answer 503 and nothing is read without an entry, until there is space."""

import os
import subprocess
import tempfile
from pathlib import Path

import psycopg
import pytest
from django.db import OperationalError
from django.urls import reverse

from core import journal
from tests.accounts.factories import signed_in
from tests.conftest import CLUSTER
from tests.faults.test_not_anchored import HOME, RENT
from tests.telling import tells
from tests.vault.made import add
from vault.records import gate

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def small_disk(databases):
    """Put the journal's entries alone on 3 MB of memory, owned by PostgreSQL's user."""
    why = "NOT TESTED ON A FULL DATABASE DISK: "
    if not databases.server.embedded:
        pytest.skip(f"{why}the server is not ours")
    folder = Path(tempfile.mkdtemp(prefix="garant-", dir="/var/tmp"))
    owner = CLUSTER.data.stat()
    options = f"size=3m,mode=700,uid={owner.st_uid},gid={owner.st_gid}"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        folder.rmdir()
        pytest.skip(f"{why}this user may not mount a small one")
    folder.chmod(0o700)
    name = f"small_{os.getpid()}"
    try:
        with databases.server.admin() as admin:
            admin.execute(f"CREATE TABLESPACE {name} LOCATION '{folder}'")
        with psycopg.connect(databases.url("admin"), autocommit=True) as admin:
            admin.execute("VACUUM FULL core_journalentry")  # free space left by earlier tests would take many entries
            admin.execute(f"ALTER TABLE core_journalentry SET TABLESPACE {name}")
            yield admin, name
            admin.execute("DROP TABLE IF EXISTS filling")
            admin.execute("ALTER TABLE core_journalentry SET TABLESPACE pg_default")
            admin.execute("CHECKPOINT")
            admin.execute(f"DROP TABLESPACE {name}")
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)  # its connections keep files open for a moment
        folder.rmdir()


def fill(admin, name):
    admin.execute(f"CREATE TABLE filling (junk text) TABLESPACE {name}")
    for size in (400_000, 100_000, 8_000):
        while True:
            try:
                admin.execute(
                    "INSERT INTO filling SELECT string_agg(md5(random()::text), '') FROM generate_series(1, %s)",
                    [size // 32],
                )
            except psycopg.errors.DiskFull:
                break


def test_without_journal_space_nothing_is_read_until_it_recovers(small_disk, resident):
    admin, name = small_disk
    add(resident, "logement.domicile", HOME)
    awa = signed_in(resident)
    fill(admin, name)

    opened = 0
    with pytest.raises(OperationalError):
        for _ in range(200):
            assert gate.read_own(resident_id=resident.pk, purpose="Essayer", fields=[RENT])
            opened += 1
    events = [entry.event for entry in journal.entries(resident_id=resident.pk, limit=500)]
    assert events.count("read") == opened
    answer = awa.get(reverse("records:home"))
    assert answer.status_code == 503
    assert not tells(answer.content.decode(), "612")
    assert len(journal.entries(resident_id=resident.pk, limit=500)) == len(events)

    admin.execute("DROP TABLE filling")
    assert gate.read_own(resident_id=resident.pk, purpose="Essayer", fields=[RENT])
    assert awa.get(reverse("records:home")).status_code == 200
    assert journal.verify(resident_id=resident.pk).bad == []
