"""A backup: the database, the wrapped keys apart from it, the sealed files, the checkpoints' copies, and what else an app keeps outside.

    DIR/content/    database.dump, files/, checkpoints/, a folder for each registered part, and manifest.json, written last
    DIR/keystore/   keys.dump

The city's own key is in neither. Whoever has `content` alone reads nothing, ever; so `keystore` is what must not be kept for long: a key
that was erased is still in it. Both dumps are of one moment; files are copied after it, so that each row of the dump finds its file.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files import File
from django.core.files.storage import storages
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone
from django_scopes import scopes_disabled

from core import journal, keys
from core.files.storage import KEPT_FIELD, keepers, sealed_storage
from core.journal import checkpoints
from core.keys.keyrings import KeyringError, keyring
from core.models import Checkpoint, JournalLeaf, ResidentKey

FORMAT = 1
#: Files that rows name and that are not there: so many are named.
NAMED = 10


class NotPossible(Exception):
    """The sentence says what to do. Nothing was changed, unless it says so."""


@dataclass(frozen=True)
class Part:
    """What an app keeps outside the database. `save` gives files, by name; `replay`, once all is back and before anybody comes in, gets
    their folder, which may not be there, and says in a sentence what it did, or nothing. `if_lost`: only where something may have happened
    since the backup."""

    save: Callable[[], Iterable[tuple[str, bytes]]] | None
    replay: Callable[[Path], str]
    if_lost: bool = False


_parts: dict[str, Part] = {}


def register(name: str, part: Part) -> None:
    """Called once by each app's `AppConfig.ready`. `name` is that of its folder."""
    _parts[name] = part


@dataclass(frozen=True)
class Manifest:
    """What was there at that moment: a restore counts again."""

    format: int
    at: str
    tenant: str
    lines: int
    checkpoint: int
    kids: dict[str, int]
    migrations: list[str]


@dataclass
class Restored:
    """`faults`: what does not fit, each in a sentence. None: all is as it was at the moment of the backup, and fits what lies outside."""

    manifest: Manifest
    files: int = 0
    lines: int = 0
    told: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def backup(folder: Path, *, with_files: bool = True) -> Manifest:
    """As the owner of the tables.

    Raises:
        NotPossible: the folder is not empty, or pg_dump is missing or failed.
    """
    if folder.exists() and any(folder.iterdir()):
        raise NotPossible(f"{folder} is not empty: choose a new folder for each backup.")
    content, keystore = folder / "content", folder / "keystore"
    for made in (folder, content, keystore):
        _made(made)
    with _one_moment() as snapshot:
        manifest = _manifest()
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
            _write(_made(content / name) / file, kept)
    _write(content / "manifest.json", json.dumps(asdict(manifest), indent=1).encode())
    return manifest


def restore(folder: Path, *, nothing_lost: bool = False) -> Restored:
    """Into an empty database, as the owner of the tables. Nobody may come in before it has ended. `nothing_lost`: the portal was stopped
    when the backup was made, and has not run since.

    Raises:
        NotPossible: it looks at everything that it can before it changes anything.
    """
    content = folder / "content"
    manifest = read_manifest(folder)
    _require_empty()
    _require_keys(folder, manifest)
    _give_nothing_by_default()
    for dump in (folder / "keystore" / "keys.dump", content / "database.dump"):
        _run("pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", "-d", _name(), dump)
    done = Restored(manifest)
    done.files = _put_files_back(content / "files")
    _put_checkpoints_back(content / "checkpoints")
    wanted = {name: part for name, part in _parts.items() if not (nothing_lost and part.if_lost)}
    done.told = [sentence for name, part in wanted.items() if (sentence := part.replay(content / name))]
    done.lines, done.faults = _looked_over(manifest)
    return done


def read_manifest(folder: Path) -> Manifest:
    """
    Raises:
        NotPossible: no whole backup of this portal is there.
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


def _migrations_here() -> set[str]:
    return {f"{app}.{name}" for app, name in MigrationLoader(None, ignore_no_migrations=True).disk_migrations}


@contextmanager
def _one_moment() -> Iterator[str]:
    """Everything inside, and what pg_dump reads of this snapshot, is of the same moment."""
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
        FORMAT, timezone.now().isoformat(), settings.TENANT, lines, last.number if last else 0, kids, migrations
    )


def _other_schemas() -> list[str]:
    """The keys' own, and what is not the portal's. To name `public` instead would have the dump make it where it is already."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname <> 'public' AND nspname !~ '^(pg_|information_schema$)'"
        )
        return [name for (name,) in cursor.fetchall()]


def _require_empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname IN ('public', 'keystore')")
        if cursor.fetchone()[0]:
            raise NotPossible(
                "The database is not empty, and a restore never writes over one: make another one (docs/backup.md), and set its address."
            )


def _give_nothing_by_default() -> None:
    """A dump says what was granted, not what was taken away: with the defaults of an empty database the running role would have back
    what core's migration took from it, the right to delete from the journal. The end of the last dump brings the
    defaults back."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = 'web'")
        if cursor.rowcount:
            for kind in ("TABLES", "SEQUENCES", "SCHEMAS", "FUNCTIONS"):
                cursor.execute(f"ALTER DEFAULT PRIVILEGES REVOKE ALL ON {kind} FROM web")


def _require_keys(folder: Path, manifest: Manifest) -> None:
    """Without them everything would come back, and nobody could read any of it."""
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


def _looked_over(manifest: Manifest) -> tuple[int, list[str]]:
    faults = [*_unopened(manifest)]
    with scopes_disabled():
        lines = JournalLeaf.objects.count()
    if lines < manifest.lines:
        faults.append(f"{manifest.lines - lines} lines of the journals are missing")
    if not faults and (bad := journal.verify().first_bad):
        faults.append(bad)
    return lines, [*faults, *checkpoints.problems(), *_without_file()]


def _unopened(manifest: Manifest) -> Iterator[str]:
    """One row of each key: another key under the same name is found at once, not by the first resident."""
    for kid in manifest.kids:
        with scopes_disabled():
            row = ResidentKey.objects.filter(kid=kid).first()
        try:
            if row is not None:
                keys.key_of(resident_id=row.resident_id)
        except KeyringError as error:
            yield str(error).rstrip(".")


def _without_file() -> Iterator[str]:
    there, lost = set(sealed_storage.names()), []
    with scopes_disabled():
        for model in keepers():
            named = model._default_manager.exclude(**{KEPT_FIELD: ""}).values_list(KEPT_FIELD, flat=True)  # noqa: SLF001 - documented
            lost += [name for name in named.iterator(chunk_size=5_000) if name and name not in there]
    if lost:
        yield f"{len(lost)} files that rows name are not in the storage: {', '.join(lost[:NAMED])}{'…' if len(lost) > NAMED else ''}"


def _save_files(folder: Path) -> None:
    for name in sealed_storage.names():
        target = _made((folder / name).parent) / Path(name).name
        try:
            with _durable(target) as file:
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
        with storage.open(folder + name) as source, _durable(_made(target / folder) / name) as file:
            shutil.copyfileobj(source, file)
    for name in folders:
        _save_checkpoints(target, f"{folder}{name}/")


def _put_checkpoints_back(folder: Path) -> None:
    """Only those that are gone: what lies outside may be newer than the backup, and is what it is compared with."""
    storage = storages["checkpoints"]
    for path in sorted(folder.rglob("*.txt")):
        name = path.relative_to(folder).as_posix()
        if not storage.exists(name):
            with path.open("rb") as file:
                storage.save(name, File(file))


def _made(folder: Path) -> Path:
    """Its parents too are for their owner alone."""
    if not folder.is_dir():
        _made(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
    return folder


@contextmanager
def _durable(path: Path) -> Iterator[Any]:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _write(path: Path, content: bytes) -> None:
    with _durable(path) as file:
        file.write(content)


def _run(program: str, *words: str | Path) -> None:
    """libpq's variables carry the address: a password in the arguments would be seen by everyone on the machine."""
    found = _program(program)
    done = subprocess.run(
        [found, *map(str, words)],
        env=os.environ | _address(),
        umask=0o077,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NotPossible(f"{program} failed: {done.stderr.strip()[-2_000:]}")


def _program(name: str) -> str:
    """Of the server's own major version: an older one refuses its dump, a newer one writes what it doesn't understand."""
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


def _address() -> dict[str, str]:
    told = connection.settings_dict
    named = {
        "PGDATABASE": told["NAME"],
        "PGUSER": told["USER"],
        "PGPASSWORD": told["PASSWORD"],
        "PGHOST": told["HOST"],
        "PGPORT": told["PORT"],
    }
    options = {
        f"PG{name.upper()}": str(value)
        for name, value in told["OPTIONS"].items()
        if name not in {"pool", "isolation_level"}
    }
    return {name: str(value) for name, value in (named | options).items() if value}
