"""What must be true of an installation, as one line each: `manage.py doctor`. Reads no personal data, changes nothing.

Each check yields what it found. A check that itself fails is a
finding too: its line names the type of the error, never its message, which may quote a password.
"""

import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from celery import current_app
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import ManifestFilesMixin, staticfiles_storage
from django.core.checks import ERROR, Tags, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import storages
from django.core.mail import get_connection
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django_scopes import scopes_disabled

from core import jobs, keyrings, keys, rows
from core.confinement import starting
from core.journal import checkpoints, signed_notes
from core.models import Checkpoint, City, CityKey, Job
from core.operations import conditions, health, key_rotation, places

PYTHON = ((3, 11), (3, 13))
POSTGRESQL = (15, 18)
#: Seconds that a mail server or a broker may take, and by which two clocks may differ.
PATIENCE, SKEW = 5, 5
LATE = timedelta(minutes=15)
OLD_BACKUP = timedelta(hours=26)
OLD_TICK = timedelta(minutes=3)
ROOM = 1024**3


#: Tables that the portal's role cannot use: the default rights of docs/debian.md were not given before a migration.
LACKING = """
SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
    AND NOT has_table_privilege(oid, 'SELECT') ORDER BY 1
"""
TOO_MANY = """
SELECT coalesce(has_table_privilege(to_regclass('keystore.campaign_key'), 'SELECT'), false),
    has_function_privilege('pg_catalog.pg_stat_get_tuples_inserted(oid)', 'EXECUTE')
    OR has_column_privilege('pg_catalog.pg_class', 'reltuples', 'SELECT')
"""


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, and what to do. Green if there is nothing to do."""

    about: str
    said: str
    to_do: str = ""

    @property
    def green(self) -> bool:
        return not self.to_do


Check = Callable[[], Iterator[Finding]]


def examine() -> Iterator[Finding]:
    """Yield the findings of every check. Those of the database stop at one line while it does not answer."""
    down = _finding_of("database", _database)
    yield from down
    inside = _INSIDE if all(one.green for one in down) else {}
    for about, check in (_BESIDE | inside).items():
        yield from _finding_of(about, check)


def _finding_of(about: str, check: Check) -> list[Finding]:
    try:
        return list(check())
    except Exception as error:  # noqa: BLE001 - a check that fails is a finding
        return [Finding(about, f"not known ({type(error).__name__})", "Look at what it needs, then run this again.")]


def _judge(about: str, said: str, fault: object, to_do: str) -> Finding:
    return Finding(about, said, to_do if fault else "")


def _python() -> Iterator[Finding]:
    here = sys.version_info[:2]
    first, last = PYTHON
    name = ".".join(map(str, here))
    yield _judge("Python", name, not first <= here <= last, "Install Python 3.11 to 3.13 (docs/operations.md).")


def _database() -> Iterator[Finding]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('server_version_num')::int / 10000")
            version = cursor.fetchone()[0]
    except Error:
        yield Finding("database", "does not answer", "Start PostgreSQL, or correct DATABASE_URL.")
        return
    first, last = POSTGRESQL
    yield _judge("database", f"PostgreSQL {version}", not first <= version <= last, "Use PostgreSQL 15 to 18.")


def _migrations() -> Iterator[Finding]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    left = ", ".join(f"{migration.app_label} {migration.name}" for migration, _backwards in plan)
    to_do = f"Run “manage.py migrate” with MIGRATION_DATABASE_URL: {left}."
    yield _judge("migrations", f"{len(plan)} to run" if plan else "all run", plan, to_do)


def _rows() -> Iterator[Finding]:
    """Look whether the rows of the version before were signed, without making the city's key."""
    left = CityKey.objects.exists() and not rows.were_signed()
    said = "of an earlier version are refused" if left else "signed for this version"
    yield _judge(
        "rows",
        said,
        left,
        "Run “manage.py rows sign” with MIGRATION_DATABASE_URL, then “rows check” (docs/upgrade.md).",
    )


def _city() -> Iterator[Finding]:
    """Look whether there is a city, whose telephone pages show. A first installation has none yet."""
    city = City.objects.first()
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM keystore.resident_key)")
        lost = city is None and cursor.fetchone()[0]
    to_do = (
        "Pages show no telephone. On a new portal, set it up in the admin (“Ville”). Otherwise its row is gone:"
        " restore it from a backup, and find out who deleted it."
    )
    yield _judge("city", city.name if city else "none is set up", lost, to_do)


def _role() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb,"
            " has_table_privilege('keystore.resident_key', 'UPDATE')"
            " OR has_table_privilege('core_citykey', 'UPDATE, DELETE') FROM pg_roles WHERE rolname = current_user"
        )
        name, powers, may_change_keys = cursor.fetchone()
    yield _judge(
        "role", name, name != settings.WEB_ROLE, f"Connect as {settings.WEB_ROLE} in DATABASE_URL, or set WEB_ROLE."
    )
    to_do = f"ALTER ROLE {name} NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB;"
    yield _judge("role's powers", "none" if not powers else "those of an administrator", powers, to_do)
    to_do = f"REVOKE UPDATE ON keystore.resident_key FROM {name}; REVOKE UPDATE, DELETE ON core_citykey FROM {name};"
    yield _judge("rights on keys", "as they should be" if not may_change_keys else "too many", may_change_keys, to_do)


def _rights() -> Iterator[Finding]:
    """Look at what migrations give to the portal's role and take from it, and at what only a superuser closes."""
    with connection.cursor() as cursor:
        cursor.execute(LACKING)
        lacking = [name for (name,) in cursor.fetchall()]
        cursor.execute(TOO_MANY)
        too_many, counts_rows = cursor.fetchone()
    to_do = f"As the owner, GRANT SELECT, INSERT, UPDATE, DELETE ON {', '.join(lacking)}, then “migrate”."
    yield _judge("rights on tables", f"lacking on {len(lacking)}" if lacking else "whole", lacking, to_do)
    found = run_checks(tags=[Tags.database], databases=["default"])
    wrong = [str(one.msg) for one in found if one.level >= ERROR]
    if too_many:
        wrong.append("It may read consultations' private keys: REVOKE SELECT ON keystore.campaign_key.")
    yield _judge("rights on the journal", "too many" if wrong else "as they should be", wrong, " ".join(wrong))
    to_do = "As a superuser, in the portal's database: psql -d garant -f ops/statistics.sql (docs/upgrade.md)."
    said = "tell the portal's role how many rows a table got" if counts_rows else "closed"
    yield _judge("statistics of tables", said, counts_rows, to_do)


def _clock() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        apart = abs((cursor.fetchone()[0] - datetime.now(UTC)).total_seconds())
    to_do = "Let both machines follow a time server (timedatectl set-ntp true)."
    yield _judge("clock", f"{apart:.0f} s from the database's", apart > SKEW, to_do)


def _secrets() -> Iterator[Finding]:
    """Look at the files of keys: who owns them, and who may read them. The command runs as the portal's user."""
    files = {"SEAL_KEY": settings.SEAL_KEY, "CHECKPOINT_KEY": settings.CHECKPOINT_KEY}
    files["RECEIPT_KEYS"] = settings.RECEIPT_KEYS
    for number, word in enumerate(keyrings.words()):
        if path := keyrings.path_of(word):
            files["KEYRING" if not number else f"KEYRING, {number + 1}"] = path
    for name, path in files.items():
        yield _secret(name, path)


def _signs() -> Iterator[Finding]:
    try:
        missing = not settings.SECRET_KEY
    except ImproperlyConfigured:
        missing = True
    to_do = (
        "Put at least 50 random characters into the file that web servers, their workers and commands read"
        " (docs/operations.md): they do not start without it."
    )
    yield _judge("SECRET_KEY", "is missing" if missing else "is there", missing, to_do)


def _static_files() -> Iterator[Finding]:
    """Look whether each file of the pages was collected. In development they are served from where they are."""
    if not isinstance(staticfiles_storage, ManifestFilesMixin):
        yield Finding("static files", "served from their sources")
        return
    collected = staticfiles_storage.hashed_files
    names = {name for finder in get_finders() for name, _storage in finder.list([])}
    left = [one for one in names if one not in collected or not staticfiles_storage.exists(collected[one])]
    to_do = "Run “manage.py collectstatic --no-input”, then restart the web: without them pages fail."
    yield _judge("static files", f"{len(left)} not collected" if left else "collected", left, to_do)


def _secret(name: str, path: Path) -> Finding:
    try:
        status = path.stat()
    except OSError:
        to_do = f"Put {path} back from its copy. Only a portal that never had one makes it (docs/operations.md)."
        return Finding(name, "is missing", to_do)
    if stat.S_IMODE(status.st_mode) & 0o077:
        return Finding(name, "others may read it", f"Run “chmod 600 {path}”.")
    if not os.access(path, os.R_OK):
        return Finding(name, "the portal may not read it", f"Give {path} to the portal's user (chown).")
    return Finding(name, "its owner alone reads it")


def _keyring() -> Iterator[Finding]:
    try:
        ring = keys.keyring()
        ring.check()
        yield Finding("keyring", f"wraps under {ring.current}")
    except keys.KeyringError as error:
        yield Finding("keyring", "is not usable", str(error))


def _wrapped() -> Iterator[Finding]:
    """Look whether the keyring has each key that something in the database was wrapped under."""
    lost = [kid for kid in key_rotation.counts() if not _has_key(kid)]
    to_do = (
        f"Put back from its copy the keyring that has {', '.join(lost)} (docs/keys.md), and make none: a new one opens"
        " nothing of what is there."
    )
    said = f"lacks {len(lost)} of those that the database needs" if lost else "has those that the database needs"
    yield _judge("keyring's keys", said, lost, to_do)


def _has_key(kid: str) -> bool:
    try:
        keyrings.keyring().of(kid)
    except keyrings.KeysDown:
        raise
    except keyrings.KeyringError:
        return False
    return True


def _checkpoint_key() -> Iterator[Finding]:
    try:
        signed_notes.check_key()
        yield Finding("checkpoint key", "signs")
    except signed_notes.KeyUnusable as error:
        yield Finding("checkpoint key", "does not sign", str(error))


def _storages() -> Iterator[Finding]:
    for name, variable in conditions.PLACES.items():
        try:
            places.require_writable(storages[name])
            yield Finding(variable, "is there")
        except Exception as error:  # noqa: BLE001 - each store has errors of its own
            said = f"is out of reach ({type(error).__name__})"
            yield Finding(variable, said, "Let the portal's user write there, or correct the address.")


def _outside() -> Iterator[Finding]:
    """Look whether what a restore needs would be lost with the machine's disk."""
    losses = {
        "checkpoints": ("CHECKPOINTS_URL", "checkpoints outside", "nothing shows then what was changed"),
        "erasures": ("ERASURES_URL", "ledger outside", "whoever closed their vault would then come back"),
    }
    for name, (variable, about, loss) in losses.items():
        here = places.lies_with_the_data(storages[name])
        said = "on the disk of the data" if here else "on another disk"
        to_do = (
            f"One disk lost loses both, and {loss}: copy the folder to another disk or machine, and set {variable} to"
            " it (docs/debian.md)."
        )
        yield _judge(about, said, here, to_do)


def _disk() -> Iterator[Finding]:
    for name, (folder, free, _whole) in health.free_and_whole_space().items():
        yield _judge(f"disk of {name}", f"{free // 1024**2} MB free", free < ROOM, f"Make room on {folder}: 1 GB.")


def _mail() -> Iterator[Finding]:
    where = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    try:
        with closing(get_connection(timeout=PATIENCE)) as server:
            server.open()
        yield Finding("mail", f"{where} answers")
    except OSError as error:
        said = f"{where} does not take us ({type(error).__name__})"
        yield Finding("mail", said, "Start it, or correct EMAIL_HOST, EMAIL_PORT, EMAIL_USER, EMAIL_TLS, EMAIL_SSL.")


def _front() -> Iterator[Finding]:
    site = settings.SITE_URL
    yield _judge("SITE_URL", site, not site.startswith("https://"), "Set SITE_URL to the public https:// address.")
    host = urlsplit(site).hostname or ""
    known = any(host == name or (name[:1] == "." and host.endswith(name)) for name in settings.ALLOWED_HOSTS)
    said = f"{'has' if known else 'lacks'} SITE_URL's host"
    yield _judge("ALLOWED_HOSTS", said, not known, f"Add {host} to it.")
    secure = settings.SESSION_COOKIE_SECURE and settings.CSRF_COOKIE_SECURE
    to_do = "Set SESSION_COOKIE_SECURE and CSRF_COOKIE_SECURE to True in the city's settings."
    yield _judge("cookies", "over TLS only" if secure else "also in clear", not secure, to_do)
    proxies = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    yield _judge("proxies", str(proxies), not proxies, "Set TRUSTED_PROXIES to how many stand before the portal.")


def _security_contact() -> Iterator[Finding]:
    """Look at what /.well-known/security.txt tells whoever found a fault of the portal."""
    email = City.current().email
    said = f"security.txt says {email}" if email else "there is no security.txt"
    yield _judge(
        "who hears of faults", said, not email, "Give the city a contact address, in the admin, by two persons."
    )


def _broker() -> Iterator[Finding]:
    try:
        with current_app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, timeout=PATIENCE)
        yield Finding("broker", "answers")
    except jobs.BROKER_DOWN as error:
        said = f"does not answer ({type(error).__name__}): jobs wait"
        yield Finding("broker", said, "Start it, or correct BROKER_URL.")


def _workers() -> Iterator[Finding]:
    silent = health.silent_queues()
    said = f"none on {', '.join(silent)}" if silent else "on every queue"
    yield _judge("workers", said, silent, "Start “python -m config.work” with these queues.")


def _waiting() -> Iterator[Finding]:
    with scopes_disabled():
        first = Job.objects.filter(state=Job.State.WAITING, problem="").order_by("created_at").first()
    age = timezone.now() - first.created_at if first else timedelta(0)
    said = f"for {age.total_seconds() // 60:.0f} min" if first else "none"
    yield _judge("oldest waiting job", said, age > LATE, "Start more workers, and look at their logs.")


def _beat() -> Iterator[Finding]:
    """Look at the scheduler's tick of each minute, which a worker writes down."""
    last = health.last_sign(health.SCHEDULER)
    late = last is None or timezone.now() - last > OLD_TICK
    said = f"last tick at {timezone.localtime(last):%d/%m %H:%M:%S}" if last else "has never ticked"
    yield _judge("scheduler", said, late, "Start exactly one “celery -A config beat”, and a worker of its queue.")


def _checkpoints() -> Iterator[Finding]:
    last = checkpoints.find_last_sealed()
    age = timezone.now() - last if last else None
    late = age is None or age > timedelta(hours=1) + LATE
    said = f"{age.total_seconds() // 60:.0f} min old" if age is not None else "there is none"
    to_do = (
        "Start the scheduler and a worker, and look at the worker's log. If they run, “manage.py verify_journal” names"
        " rows that nobody signed; another session may hold the lock of sealing (pg_locks, advisory)."
    )
    yield _judge("last checkpoint", said, late, to_do)
    left = Checkpoint.objects.filter(anchored_at=None).order_by("number").first()
    waits = left is not None and timezone.now() - left.at > LATE
    to_do = "Make CHECKPOINTS_URL writable: after four hours only residents can read."
    yield _judge("checkpoints' copies", "some are missing" if waits else "are outside", waits, to_do)


def _backup() -> Iterator[Finding]:
    at = health.last_sign(health.BACKUP)
    late = at is None or timezone.now() - at > OLD_BACKUP
    said = f"of {timezone.localtime(at):%d/%m %H:%M}" if at else "none is known"
    yield _judge("backup", said, late, "Run “manage.py backup DIR” every night (docs/backup.md).")


def _keystores() -> Iterator[Finding]:
    """Look whether backups' keys leave by themselves: by them, a closed vault can be read again."""
    at = health.last_sign(health.KEYSTORES)
    late = at is None or timezone.now() - at > OLD_BACKUP
    said = f"deleted on {timezone.localtime(at):%d/%m %H:%M}" if at else "nothing deletes them"
    to_do = (
        "Enable garant-keystores.timer, or run “manage.py forget_keystores DIR” every night: residents are told"
        " 30 days (docs/backup.md)."
    )
    yield _judge("old copies of keys", said, late, to_do)


def _verification() -> Iterator[Finding]:
    """Look whether the journals were found whole: nothing else says that somebody changed them."""
    at = health.last_sign(health.VERIFIED)
    late = at is None or timezone.now() - at > OLD_BACKUP
    said = f"whole on {timezone.localtime(at):%d/%m %H:%M}" if at else "never found whole"
    to_do = "Run “manage.py verify_journal”: it names what is wrong. Enable garant-verify.timer for every night."
    yield _judge("journals", said, late, to_do)


def _confinement() -> Iterator[Finding]:
    """Look at what the kernel offers to take rights away from the processes that read files."""
    missing = starting.missing_layers()
    consequence = "no file is read" if settings.PRODUCTION else "children are confined in part"
    layers = {
        "Landlock": "Boot Linux 5.13 or newer with “landlock” among its security modules (lsm=landlock,…).",
        "seccomp": "Run on x86-64 or 64-bit ARM, with a kernel that filters system calls.",
    }
    for layer, to_do in layers.items():
        said = f"is missing: {consequence}" if layer in missing else "confines the processes that read files"
        yield _judge(layer, said, layer in missing, to_do)


_BESIDE: dict[str, Check] = {
    "Python": _python,
    "confinement": _confinement,
    "SECRET_KEY": _signs,
    "static files": _static_files,
    "files of keys": _secrets,
    "keyring": _keyring,
    "checkpoint key": _checkpoint_key,
    "storages": _storages,
    "places outside": _outside,
    "disk": _disk,
    "mail": _mail,
    "front": _front,
    "broker": _broker,
}
_INSIDE: dict[str, Check] = {
    "migrations": _migrations,
    "keyring's keys": _wrapped,
    "rows": _rows,
    "city": _city,
    "role": _role,
    "rights": _rights,
    "who hears of faults": _security_contact,
    "clock": _clock,
    "workers": _workers,
    "oldest waiting job": _waiting,
    "scheduler": _beat,
    "checkpoints": _checkpoints,
    "backup": _backup,
    "old copies of keys": _keystores,
    "journals": _verification,
}
