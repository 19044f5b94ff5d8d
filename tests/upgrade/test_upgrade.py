"""Furnished portals of earlier versions, upgraded as docs/upgrade.md says: a migration fails, then all run, twice.

Today's code then opens what they hold, and believes each row. `tests.furnishing` made the files: one of version 0.1,
whose rows have no MAC, and one of November 2026, whose rows are signed under the lists of then.
"""

import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.conftest import ROOT, Databases
from tests.live import Live, at
from tests.shell import Shell

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("upgrade")]
KEPT = ROOT / "tests" / "fixtures" / "furnished"
FIRST, SIGNED = "0.1", "0.2-november"
#: Puts the rows and files back as version 0.1 left them. `restore` refuses a backup of another version: a city
#: restores with that version, then upgrades.
RESTORE = """
from pathlib import Path
from core.operations import backups
folder = Path({folder!r})
backups._revoke_default_privileges()
for dump in (folder / "keystore" / "keys.dump", folder / "content" / "database.dump"):
    backups._run("pg_restore", "--no-owner", "--exit-on-error", "-d", backups._name(), dump)
print(backups._put_files_back(folder / "content" / "files"))
"""
#: Checks the journal, opens every value and every paper of the resident, and prints how many there are.
OPEN = """
import json
from django.core.management import call_command
from core.files.storage import sealed_storage
from django_scopes import scope
from accounts.models import User
from vault import types
from vault.records import gate
from vault.records.models import PaperFile
call_command("verify_journal")
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
#: Each runs in a process of its own, forked from one that has loaded the portal.
ROWS = "from django.core.management import call_command; call_command('rows', {0!r})"
COLUMNS = """
SELECT table_schema || '.' || table_name, column_name, is_nullable = 'YES' OR column_default IS NOT NULL OR
    is_identity = 'YES' FROM information_schema.columns WHERE table_schema IN ('public', 'keystore')
"""
#: An app beside the portal's, whose second migration writes, then fails while UPGRADE_FAILS is set: a full disk.
HALFWAY = {
    "halfway/__init__.py": "",
    "halfway/migrations/__init__.py": "",
    "halfway/migrations/0001_expand.py": """
from django.db import migrations, models
class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel("Step", [("id", models.BigAutoField(primary_key=True)), ("word", models.TextField())])
    ]
""",
    "halfway/migrations/0002_fails.py": """
import os
from django.db import DatabaseError, migrations, models
def write_then_fail(apps, schema_editor):
    apps.get_model("halfway", "Step").objects.create(word="written")
    if os.environ.get("UPGRADE_FAILS"):
        raise DatabaseError("no space left on device")
class Migration(migrations.Migration):
    dependencies = [("halfway", "0001_expand")]
    operations = [
        migrations.AddField("step", "more", models.TextField(null=True)),
        migrations.RunPython(write_then_fail, migrations.RunPython.noop),
    ]
""",
    "halfway_settings.py": """
from config.settings.demo import *
INSTALLED_APPS = [*INSTALLED_APPS, "halfway"]
""",
}
SESSION = """
INSERT INTO accounts_session (id, key_hash, user_id, data, device, started_at, last_seen_at)
SELECT gen_random_uuid(), 'of before', id, '', '', now(), now() FROM accounts_user LIMIT 1 RETURNING id
"""
Columns = dict[tuple[str, str], bool]


@dataclass
class Upgrade:
    """A portal on its way, and what was seen: its columns before and after, the outcome of each `migrate`."""

    portal: Live
    owner: Shell
    before: Columns = field(default_factory=dict)
    after: Columns = field(default_factory=dict)
    done: list[subprocess.CompletedProcess[str]] = field(default_factory=list)
    half: list[tuple[object, ...]] = field(default_factory=list)

    def migrate(self, **more: str) -> None:
        path = os.pathsep.join([os.environ["PYTHONPATH"], str(self.portal.var.parent)])
        settings = {"DJANGO_SETTINGS_MODULE": "halfway_settings", "PYTHONPATH": path}
        command = (sys.executable, "manage.py", "migrate", "--no-color")
        environment = {**self.owner.environment, **settings, **more}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        self.done.append(done)

    def columns(self) -> Columns:
        return {(str(table), str(column)): bool(fills) for table, column, fills in self.portal.sql(COLUMNS)}


@pytest.fixture(scope="module", params=[FIRST, SIGNED])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def upgraded(version: str, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgrade]:
    folder, name = tmp_path_factory.mktemp("upgrade"), f"test_{os.getpid()}_upgraded"
    databases.server.drop(name)
    databases.server.create(name)
    with tarfile.open(KEPT / f"{version}.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    (folder / "keys").rename(folder / "var")
    for file, content in HALFWAY.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(content)
    portal = at(databases, name, folder / "var")
    environment = os.environ | portal.environment
    upgrade = Upgrade(portal, Shell(environment | {"DATABASE_URL": environment["MIGRATION_DATABASE_URL"]}))
    upgrade.owner.run(RESTORE.format(folder=str(folder / "backup")))
    upgrade.before = upgrade.columns()
    assert upgrade.portal.sql(SESSION), "somebody is signed in"
    upgrade.migrate(UPGRADE_FAILS="1")
    upgrade.half = upgrade.portal.sql("SELECT name FROM django_migrations WHERE app = 'halfway'")
    upgrade.half += upgrade.portal.sql(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'halfway_step'"
    )
    upgrade.migrate()
    upgrade.migrate()
    upgrade.after = upgrade.columns()
    yield upgrade
    upgrade.owner.stop()
    databases.server.drop(name)


def test_a_migration_that_fails_leaves_nothing_of_itself_and_runs_again(upgraded: Upgrade) -> None:
    failed, again, twice = upgraded.done
    assert failed.returncode and "no space left on device" in failed.stderr
    assert upgraded.half == [("0001_expand",), ("id",), ("word",)]
    assert again.returncode == 0, again.stderr
    assert "halfway.0002_fails... OK" in again.stdout and "core.0001_initial" not in again.stdout
    assert twice.returncode == 0 and "No migrations to apply." in twice.stdout


def test_each_value_and_each_paper_still_opens(upgraded: Upgrade) -> None:
    for word in ("sign", "check"):
        upgraded.owner.run(ROWS.format(word))
    shown = upgraded.portal.manage("shell", "-v0", "-c", OPEN, check=False)
    assert shown.returncode == 0, shown.stderr
    journal, opened = shown.stdout.strip().rsplit("\n", 1)
    assert re.search(r"[1-9]\d* entries checked", journal)
    values, sizes = json.loads(opened)
    assert values > 40
    assert len(sizes) > 5 and all(sizes)


def test_sessions_of_before_end(upgraded: Upgrade) -> None:
    assert upgraded.portal.sql("SELECT count(*) FROM accounts_session") == [(0,)]


def test_a_second_signing_believes_nothing(upgraded: Upgrade) -> None:
    sql = upgraded.portal.sql
    upgraded.owner.run(ROWS.format("sign"))
    sql("CREATE TABLE kept_macs AS SELECT id, mac FROM accounts_user")
    sql("UPDATE accounts_user SET mac = '' WHERE is_staff")
    upgraded.owner.run(ROWS.format("sign"))
    with pytest.raises(AssertionError, match="rows are not as the portal wrote them"):
        upgraded.owner.run(ROWS.format("check"))
    sql("UPDATE accounts_user SET mac = kept.mac FROM kept_macs kept WHERE kept.id = accounts_user.id")


def test_tables_that_the_version_before_cannot_write_any_more_are_named(version: str, upgraded: Upgrade) -> None:
    """A process of the version before serves through an upgrade only if it may still write its rows."""
    new = {where: fills for where, fills in upgraded.after.items() if where not in upgraded.before}
    old_tables = {table for table, _column in upgraded.before}
    gone = {table for table, column in upgraded.before if (table, column) not in upgraded.after}
    tight = {table for (table, _column), fills in new.items() if table in old_tables and not fills}
    page = (ROOT / "docs" / "upgrade.md").read_text()
    said = set(re.findall(r"`([a-z]\w+)`", page.partition("## This version")[2].partition("\n## ")[0]))
    stopping = {table.partition(".")[2] for table in gone | tight}
    assert " ".join(sorted(stopping - said)) == ""
    of_first = set(re.findall(r"`(\w+)`", page.partition("Tables that 0.1 cannot write any more: ")[2]))
    assert version != FIRST or of_first == stopping
