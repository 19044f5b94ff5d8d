"""Back up and restore the database, the wrapped keys, the sealed files, the checkpoints' copies and registered parts.

    DIR/content/    database.dump, files/, checkpoints/, a folder for each registered part, and manifest.json, last
    DIR/keystore/   keys.dump, and when it was made

The city's own key is in neither folder, so `content` alone can never be decrypted. Keep `keystore` only briefly
(`forget_keystores`): it still holds the keys that were erased after the backup. Both dumps come from one snapshot.
Files are copied after it, so each row of the dump has its file.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files import File
from django.core.files.storage import storages
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone
from django_scopes import scopes_disabled

from core import journal, keys, rows
from core.files.storage import KEPT_FIELD, keepers, sealed_storage
from core.journal import checkpoints, erasures
from core.journal.signed_notes import KeyUnusable
from core.keyrings import KeyringError, keyring
from core.models import Checkpoint, JournalLeaf, ResidentKey
from core.operations import conditions
from core.operations.conditions import NotPossible

FORMAT = 1
#: Maximum number of missing files named in a fault.
NAMED = 10
MADE = "made.txt"


@dataclass(frozen=True)
class Part:
    """Data that an app keeps outside the database.

    `save` yields pairs of a file name and its content. `replay` runs after the restore and before the portal opens. It
    gets the part's folder, which may be missing, and returns a sentence that reports what it did, or an empty string.
    `if_lost` marks a part to replay only if the portal ran after the backup.
    """

    save: Callable[[], Iterable[tuple[str, bytes]]] | None
    replay: Callable[[Path], str]
    if_lost: bool = False


_parts: dict[str, Part] = {}


def register(name: str, part: Part) -> None:
    """Register a part under the name of its folder. Each app calls it once in `AppConfig.ready`."""
    _parts[name] = part


@dataclass(frozen=True)
class Manifest:
    """State of the portal when the backup was made; a restore compares its own counts with it.

    `ledger` is the ledger's own name; empty if it could not be written then.
    """

    format: int
    at: str
    tenant: str
    lines: int
    checkpoint: int
    kids: dict[str, int]
    migrations: list[str]
    ledger: str = ""


@dataclass
class Restored:
    """Outcome of a restore.

    `faults` has one sentence per mismatch. An empty list means that everything matches the backup and the data
    outside.
    """

    manifest: Manifest
    files: int = 0
    lines: int = 0
    reported: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def backup(folder: Path, *, with_files: bool = True) -> Manifest:
    """Make a backup in a new folder. Requires the owner of the tables.

    Raises:
        NotPossible: the folder is not empty or cannot be written, the database does not answer or has another owner,
            or pg_dump is missing or failed.
    """
    try:
        return _backup(folder, with_files=with_files)
    except OSError as error:
        raise NotPossible(f"The backup is not whole, delete {folder}: {error}.") from None


def _backup(folder: Path, *, with_files: bool) -> Manifest:
    if folder.exists() and any(folder.iterdir()):
        raise NotPossible(f"{folder} is not empty: choose a new folder for each backup.")
    conditions.require_table_owner()
    content, keystore = folder / "content", folder / "keystore"
    for new in (folder, content, keystore):
        _ensure_folder(new)
    with _snapshot() as snapshot:
        manifest = _manifest()
        _write(keystore / MADE, manifest.at.encode())
        others = [f"--exclude-schema={name}" for name in _other_schemas()]
        _run("pg_dump", "-Fc", "--no-owner", f"--snapshot={snapshot}", *others, "-f", content / "database.dump")
        _run(
            "pg_dump", "-Fc", "--no-owner", f"--snapshot={snapshot}", "--schema=keystore", "-f", keystore / "keys.dump"
        )
    if with_files:
        _save_files(content / "files")
    _save_checkpoints(content / "checkpoints", "")
    for name, part in _parts.items():
        for file, kept in part.save() if part.save else ():
            _write(_ensure_folder(content / name) / file, kept)
    _write(content / "manifest.json", json.dumps(asdict(manifest), indent=1).encode())
    return manifest


def restore(folder: Path, *, nothing_lost: bool = False, without_ledger: bool = False, old: bool = False) -> Restored:
    """Restore a backup into an empty database. Requires the owner of the tables.

    The portal must stay closed until this returns.

    Args:
        nothing_lost: the portal was stopped when the backup was made, and has not run since.
        without_ledger: the ledger of closed vaults is lost: whoever left after the backup comes back.
        old: the backup is more than a month old, and the clock is right.

    Raises:
        NotPossible: a check failed. Every possible check comes before the first change.
    """
    content = folder / "content"
    manifest = read_manifest(folder)
    conditions.require_answer()
    _require_empty()
    conditions.require_clock(datetime.fromisoformat(manifest.at), old)
    conditions.require_places()
    has_ledger = nothing_lost or _is_ledger_of(manifest)
    if not (has_ledger or without_ledger):
        raise NotPossible(
            "The ledger of closed vaults that this portal wrote is not at ERASURES_URL: whoever left after the backup"
            " would come back. Set ERASURES_URL to it. If it is lost as well, add --without-ledger (docs/backup.md)."
        )
    _require_keys(folder, manifest)
    _revoke_default_privileges()
    for dump in (folder / "keystore" / "keys.dump", content / "database.dump"):
        _run("pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", "-d", _name(), dump)
    done = Restored(manifest)
    done.files = _put_files_back(content / "files")
    _put_checkpoints_back(content / "checkpoints")
    wanted = {name: part for name, part in _parts.items() if not (nothing_lost and part.if_lost)}
    done.reported = [sentence for name, part in wanted.items() if (sentence := part.replay(content / name))]
    done.reported += [] if nothing_lost else _open_epoch(manifest)
    done.lines, done.faults = _check_restored(manifest)
    if not has_ledger:
        done.faults.append(f"whoever closed their vault after {manifest.at} has come back: no ledger named them")
    return done


def _open_epoch(manifest: Manifest) -> list[str]:
    """Sign that what was sealed after the backup is lost. Without the key, each checkpoint outside stays a fault."""
    try:
        opened = checkpoints.open_epoch()
    except KeyUnusable as error:
        return [f"No checkpoint says what is lost: {error}"]
    if opened is None:
        return []
    lost = f"{manifest.checkpoint + 1} to {opened.number - 1}"
    said = f"What checkpoints {lost} sealed is lost. Checkpoint {opened.number} says so, signed."
    return [f"{said} Announce publicly from when to when."]


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a backup.

    Raises:
        NotPossible: the folder has no complete backup of this portal.
    """
    try:
        manifest = Manifest(**json.loads((folder / "content" / "manifest.json").read_bytes()))
    except (OSError, ValueError, TypeError):
        raise NotPossible(
            f"{folder} holds no whole backup: content/manifest.json, written last, is missing or cut."
        ) from None
    if manifest.format != FORMAT or manifest.tenant != settings.TENANT:
        raise NotPossible(
            f"This backup is of “{manifest.tenant}”, format {manifest.format}: TENANT must be the same here."
        )
    if set(manifest.migrations) != _migrations_here():
        raise NotPossible("Another version of the portal made this backup: restore it with that one, then upgrade.")
    return manifest


def _is_ledger_of(manifest: Manifest) -> bool:
    """Return whether the ledger outside is the one of the portal that made the backup."""
    try:
        return manifest.ledger != "" and erasures.identity() == manifest.ledger
    except (OSError, ValueError, KeyError):
        return False


def _name_of_ledger() -> str:
    """Return the ledger's own name. A backup is made even while the ledger cannot be written, which doctor says."""
    try:
        return erasures.ensure_identity()
    except OSError:
        return ""


def _migrations_here() -> set[str]:
    return {f"{app}.{name}" for app, name in MigrationLoader(None, ignore_no_migrations=True).disk_migrations}


@contextmanager
def _snapshot() -> Iterator[str]:
    """Export one snapshot, which both the block's queries and pg_dump read."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        yield cursor.fetchone()[0]


def _manifest() -> Manifest:
    last = Checkpoint.objects.order_by("-number").first()
    with scopes_disabled(), connection.cursor() as cursor:
        cursor.execute("SELECT app || '.' || name FROM django_migrations ORDER BY 1")
        migrations = [name for (name,) in cursor.fetchall()]
        cursor.execute("SELECT kid, count(*) FROM keystore.resident_key GROUP BY kid ORDER BY kid")
        kids = dict(cursor.fetchall())
        lines = JournalLeaf.objects.count()
    return Manifest(
        FORMAT,
        timezone.now().isoformat(),
        settings.TENANT,
        lines,
        last.number if last else 0,
        kids,
        migrations,
        _name_of_ledger(),
    )


def _other_schemas() -> list[str]:
    """Return the schemas to exclude from the main dump: `keystore`, and those outside the portal.

    pg_dump would write who may read statistics (ops/statistics.sql), which no owner of tables may restore: so
    `pg_catalog` is excluded too. `campaigns` is dumped: its contributions are sealed under keys of `keystore`.

    Trap: pg_dump with `--schema=public` would create `public`, which already exists.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname NOT IN ('public', 'campaigns')"
            " AND nspname !~ '^(pg_|information_schema$)'"
        )
        return ["pg_catalog", *(name for (name,) in cursor.fetchall())]


def _require_empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname IN ('public', 'keystore', 'campaigns')")
        if cursor.fetchone()[0]:
            raise NotPossible(
                "The database is not empty, and a restore never writes over one: make another one (docs/backup.md),"
                " and set its address."
            )


def _revoke_default_privileges() -> None:
    """Revoke the default privileges of the running role.

    A dump records grants but not revocations. With the defaults of an empty database, the portal's role would regain
    the right to delete from the journal, which core's migration revoked. The end of the last dump restores the
    defaults.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [settings.WEB_ROLE])
        if cursor.rowcount:
            for kind in ("TABLES", "SEQUENCES", "SCHEMAS", "FUNCTIONS"):
                role = connection.ops.quote_name(settings.WEB_ROLE)
                cursor.execute(f"ALTER DEFAULT PRIVILEGES REVOKE ALL ON {kind} FROM {role}")


def _require_keys(folder: Path, manifest: Manifest) -> None:
    """Check that the backup and the keyring have every key. Without them the restored data could not be decrypted."""
    if not (folder / "keystore" / "keys.dump").is_file():
        raise NotPossible(
            f"{folder}/keystore/keys.dump is not there: it is kept apart and not for long. Without it no vault opens."
        )
    try:
        ring = keyring()
        ring.check()
        for kid in manifest.kids:
            ring.of(kid)
    except KeyringError as error:
        counted = ", ".join(f"“{kid}” ({count} residents' keys)" for kid, count in manifest.kids.items())
        raise NotPossible(f"{error} This backup needs {counted}.") from None


def _check_restored(manifest: Manifest) -> tuple[int, list[str]]:
    faults = [*_keys_that_fail(manifest)]
    with scopes_disabled():
        lines = JournalLeaf.objects.count()
    if lines < manifest.lines:
        faults.append(f"{manifest.lines - lines} lines of the journals are missing")
    if not faults:
        faults += journal.verify().bad
    return lines, [*faults, *checkpoints.problems(), *_rows_put_back(), *_missing_files()]


def _rows_put_back() -> list[str]:
    try:
        return list(rows.put_back())
    except KeyringError as error:
        return [f"the rows that decide were not checked: {error}"]


def _keys_that_fail(manifest: Manifest) -> Iterator[str]:
    """Unwrap one row per key, to detect at once a different key under the same name."""
    for kid in manifest.kids:
        with scopes_disabled():
            row = ResidentKey.objects.filter(kid=kid).first()
        try:
            if row is not None:
                keys.key_of(resident_id=row.resident_id)
        except KeyringError as error:
            yield str(error).rstrip(".")


def _missing_files() -> Iterator[str]:
    there, lost = set(sealed_storage.names()), []
    with scopes_disabled():
        for model in keepers():
            named = model._default_manager.exclude(**{KEPT_FIELD: ""})  # noqa: SLF001 - documented
            lost += [
                name
                for name in named.values_list(KEPT_FIELD, flat=True).iterator(chunk_size=5_000)
                if name and name not in there
            ]
    if lost:
        more = "…" if len(lost) > NAMED else ""
        yield f"{len(lost)} files that rows name are not in the storage: {', '.join(lost[:NAMED])}{more}"


def _save_files(folder: Path) -> None:
    for name in sealed_storage.names():
        target = _ensure_folder((folder / name).parent) / Path(name).name
        try:
            with _open_durable(target) as file:
                sealed_storage.copy_sealed(name, file)
        except FileNotFoundError:
            target.unlink(missing_ok=True)


def _put_files_back(folder: Path) -> int:
    back = 0
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                back += sealed_storage.put_back(path.relative_to(folder).as_posix(), file)
    return back


def _save_checkpoints(target: Path, folder: str) -> None:
    storage = storages["checkpoints"]
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in files:
        with storage.open(folder + name) as source, _open_durable(_ensure_folder(target / folder) / name) as file:
            shutil.copyfileobj(source, file)
    for name in folders:
        _save_checkpoints(target, f"{folder}{name}/")


def _put_checkpoints_back(folder: Path) -> None:
    """Restore only the missing checkpoints: copies outside may be newer, and the backup is checked against them."""
    storage = storages["checkpoints"]
    for path in sorted(folder.rglob("*.txt")):
        name = path.relative_to(folder).as_posix()
        if not storage.exists(name):
            with path.open("rb") as file:
                storage.save(name, File(file))


def _ensure_folder(folder: Path) -> Path:
    """Create a folder and its parents, readable by their owner only."""
    if not folder.is_dir():
        _ensure_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
    return folder


@contextmanager
def _open_durable(path: Path) -> Iterator[Any]:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _write(path: Path, content: bytes) -> None:
    with _open_durable(path) as file:
        file.write(content)


def _run(program: str, *words: str | Path) -> None:
    """Run a PostgreSQL program, connected by libpq's variables: every user can read a process's arguments."""
    found = _program(program)
    done = subprocess.run(
        [found, *map(str, words)],
        env=os.environ | _libpq_environment(),
        umask=0o077,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NotPossible(f"{program} failed: {done.stderr.strip()[-2_000:]}")


def _program(name: str) -> str:
    """Return the path of a program of the server's major version.

    An older program refuses to dump the server; a newer one writes a dump that the server cannot read.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int / 10000")
        major = cursor.fetchone()[0]
    folders = [os.environ.get("PG_BIN", ""), f"/usr/lib/postgresql/{major}/bin", f"/usr/pgsql-{major}/bin"]
    for folder in folders:
        if folder and os.access(Path(folder, name), os.X_OK):
            return str(Path(folder, name))
    if on_path := shutil.which(name):
        return on_path
    raise NotPossible(f"{name} is not here: install postgresql-client-{major}, or set PG_BIN to its folder.")


def _name() -> str:
    return str(connection.settings_dict["NAME"])


def _libpq_environment() -> dict[str, str]:
    database = connection.settings_dict
    named = {
        "PGDATABASE": database["NAME"],
        "PGUSER": database["USER"],
        "PGPASSWORD": database["PASSWORD"],
        "PGHOST": database["HOST"],
        "PGPORT": database["PORT"],
    }
    options = {
        f"PG{name.upper()}": str(value)
        for name, value in database["OPTIONS"].items()
        if name not in {"pool", "isolation_level"}
    }
    return {name: str(value) for name, value in (named | options).items() if value}
