"""Checks for unsafe combinations of settings. Commands, the web server and the workers refuse to start and say why."""

import logging
import os
import signal
import stat
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from config import environment
from core import keyrings
from core.keyrings import files
from vault.holders import connectors

logger = logging.getLogger(__name__)
#: Names and addresses of this machine that no other one can use.
OWN_NAMES = {"localhost", "127.0.0.1", "[::1]", "::1", "testserver"}
SECRET_LENGTH = 50
#: Seconds that a server waits for its database before it gives up.
DATABASE_SECONDS = 30
OWNER_KNOWN = (
    "MIGRATION_DATABASE_URL is in the environment of a server, which could then rewrite the journal:"
    " give it to the commands that need it only."
)
MUST_SIGN = f"SECRET_KEY: at least {SECRET_LENGTH} random characters, for the web servers and their workers."
SIGNS_NOTHING = (
    "SECRET_KEY is in the environment of a process that signs nothing, the scheduler or a worker of the watch or of"
    " releases: whoever takes it could sign as the portal. Put it into a file that only web servers and workers of"
    " the queues default and documents read (docs/operations.md)."
)
# What a role may do itself, and what it may do as a role that it is a member of (without INHERIT too: SET ROLE).
WITHIN_REACH = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname IN
    ('core_journalentry', 'core_journalleaf', 'core_journalseal', 'core_checkpoint', 'core_registerentry',
    'core_citykey')
    AND EXISTS (
    SELECT FROM pg_roles role WHERE pg_has_role({role}, role.oid, 'MEMBER') AND (
        role.oid = relowner OR has_table_privilege(role.oid, pg_class.oid, 'UPDATE, DELETE, TRUNCATE, TRIGGER')
        OR EXISTS (SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attnum > 0 AND attname <> 'anchored_at'
            AND has_column_privilege(role.oid, attrelid, attnum, 'UPDATE'))))
ORDER BY relname
"""
#: Holds True once this process, or the one that it was forked from, was checked.
_checked: list[bool] = []


def secret_key() -> str:
    """Return SECRET_KEY, or an empty string in a process that has none, where Django raises."""
    with suppress(ImproperlyConfigured):
        return str(settings.SECRET_KEY)
    return ""


@register(Tags.security)
def safe_in_production(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    if not settings.PRODUCTION:
        return []
    return [Error(sentence, id=f"config.E{number:03}") for number, sentence in unsafe()]


def unsafe() -> Iterator[tuple[int, str]]:
    """Yield the number and the sentence of each unsafe setting."""
    yield from _open_to_anyone()
    yield from _unsafe_keys()
    yield from _unsafe_connections()


def _open_to_anyone() -> Iterator[tuple[int, str]]:
    """Yield the settings that belong to a demonstration, or that anyone could exploit."""
    if settings.DEBUG:
        yield 1, "DEBUG shows settings and values to whoever meets an error: remove it from the production settings."
    secret = secret_key()
    if secret and (
        len(secret) < SECRET_LENGTH or len(set(secret)) < 5 or secret.startswith(("demo-only", "test-only"))
    ):
        yield 2, f"SECRET_KEY can be guessed: set it to at least {SECRET_LENGTH} random characters."
    if "*" in settings.ALLOWED_HOSTS or not settings.ALLOWED_HOSTS:
        yield 3, "ALLOWED_HOSTS accepts any name: set it to the portal's host names, separated by commas."
    if apps.is_installed("demo"):
        yield 4, "The demonstration lets anyone sign in as its people: remove “demo” from INSTALLED_APPS."
    if settings.TRUST_TEST_AUTHORITY:
        yield 5, "TRUST_TEST_AUTHORITY accepts papers that anyone can sign: set it to False."
    if not (settings.SESSION_COOKIE_SECURE and settings.CSRF_COOKIE_SECURE):
        yield 8, "Cookies would travel in clear: set SESSION_COOKIE_SECURE and CSRF_COOKIE_SECURE to True."


def _unsafe_keys() -> Iterator[tuple[int, str]]:
    """Yield the settings that could lose, replace or reveal a key."""
    if settings.MAKE_KEYRING:
        yield (
            6,
            "MAKE_KEYRING would replace a lost keyring by an empty one in silence: set it to False and run"
            " `manage.py make_keyring` once.",
        )
    for word in keyrings.words():
        try:
            keyrings.path_of(word)
        except keyrings.KeyringError as error:
            yield 24, str(error)
    if any(word.startswith("transit+http:") for word in keyrings.words()):
        yield (
            16,
            "KEYRING goes to the key service in clear: anyone on the way could read every resident's key."
            " Set it to transit+https://….",
        )
    if settings.MAKE_SEAL_KEY:
        yield (
            10,
            "MAKE_SEAL_KEY would seal dossiers with a key that no agency knows: set it to False,"
            " and SEAL_KEY to the city's own.",
        )
    if settings.SEAL_KEY.is_file() and stat.S_IMODE(settings.SEAL_KEY.stat().st_mode) & 0o077:
        yield (
            14,
            "Others than its owner may read SEAL_KEY, and could sign as the city:"
            f" run “chmod 600 {settings.SEAL_KEY}”.",
        )
    if settings.MAKE_CHECKPOINT_KEY:
        yield (
            17,
            "MAKE_CHECKPOINT_KEY would replace a lost key in silence: set it to False and run"
            " `manage.py make_checkpoint_key` once.",
        )
    if settings.MAKE_RECEIPT_KEY:
        yield (
            15,
            "MAKE_RECEIPT_KEY would sign receipts with a new key where the city's own is missing:"
            " set it to False and run"
            " `manage.py make_receipt_key` once.",
        )


def _unsafe_connections() -> Iterator[tuple[int, str]]:
    """Yield the settings of the database, the cache, the proxies, the URL and the identity providers."""
    if any(cache["BACKEND"] != environment.CACHE for cache in settings.CACHES.values()):
        yield (
            7,
            "CACHES names another cache than the portal's own. One of each process for itself multiplies every rate"
            " limit, and Django's keep pickles: whoever writes there would run code here."
            " Remove CACHES, and set CACHE_URL to redis://… or leave it empty (the database).",
        )
    if settings.OUTGOING_ALLOWED:
        yield (
            18,
            "OUTGOING_ALLOWED lets the addresses that publishers write lead into this machine:"
            " it is for a demonstration. Leave it empty.",
        )
    if not settings.SITE_URL.startswith("https://"):
        yield (
            11,
            "SITE_URL is printed on dossiers for the agencies that verify them:"
            " set it to the portal's public https:// address.",
        )
    if urlsplit(settings.SITE_URL).path:
        yield (
            22,
            "SITE_URL has a path: the portal answers at the root of a host name, whose cookies no other site shares."
            " Give it a host name of its own, such as https://coffre.ville.example.",
        )
    if settings.EMAIL_USE_TLS and settings.EMAIL_USE_SSL:
        yield (
            23,
            "EMAIL_TLS and EMAIL_SSL are both 1: keep EMAIL_SSL for a server that speaks TLS at once (port 465),"
            " EMAIL_TLS for one that begins it by STARTTLS (port 587).",
        )
    if settings.ALLAUTH_TRUSTED_PROXY_COUNT == 0:
        yield (
            13,
            "TRUSTED_PROXIES is 0: every visitor would have the proxy's address,"
            " and one of them could use up the others' tries."
            " Set it to how many proxies of yours stand before the application, 1 for a single one.",
        )
    for name, provider in settings.SOCIALACCOUNT_PROVIDERS.items():
        if not provider["APPS"][0]["settings"]["issuer"].startswith("https://"):
            yield (
                12,
                f"{name.upper()}_ISSUER is not https://: anyone on the way could sign in as anyone."
                " Set the habilitation's address.",
            )


@register()
def connectors_are_whole(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    return [Error(sentence, id="config.E030") for sentence in half_set_connectors()]


def half_set_connectors() -> Iterator[str]:
    """Yield the connectors that lack some of their settings, or in production use a URL without encryption."""
    for connector in connectors.all_connectors().values():
        variable = f"CONNECTOR_{connector.code.upper()}"
        for name in connectors.missing(connector):
            yield (
                f"{variable}_{name.upper()} is not set: {connector.settings[name]}."
                " Set all of this API's variables, or none."
            )
        for name, value in connectors.config(connector).items():
            if settings.PRODUCTION and name.endswith("url") and not value.startswith("https://"):
                yield (
                    f"{variable}_{name.upper()} is not https://: anyone on the way could read what residents receive."
                )


@register(Tags.database)
def journal_out_of_reach(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Check that the web role may not change the journal.

    Runs only with `check --database default`, not for the owner.
    """
    if not databases or environment.migrating():
        return []
    return [Error(sentence, id="config.E020") for sentence in journal_within_reach()]


@register(Tags.database)
def portals_role(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Check, before the owner migrates, that the migrations will limit the role that runs the portal."""
    if not (databases and settings.PRODUCTION and sys.argv[1:2] == ["migrate"]):
        return []
    return [Error(sentence, id="config.E021") for sentence in unlimited_role()]


def unlimited_role() -> Iterator[str]:
    """Yield why the role of DATABASE_URL would keep every right on the journal and the keys."""
    runs = environment.database(environment.text("DATABASE_URL"))["USER"]
    if runs and runs != settings.WEB_ROLE:
        yield (
            f"The portal runs as the role {runs}, and migrations limit the role {settings.WEB_ROLE}, which would leave"
            f" {runs} every right on the journal and the keys. Set WEB_ROLE={runs}, or connect as {settings.WEB_ROLE}"
            " in DATABASE_URL."
        )
        return
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT current_user, EXISTS (SELECT FROM pg_roles WHERE rolname = %s)", [settings.WEB_ROLE])
        owner, exists = cursor.fetchone()
    if not exists:
        yield (
            f"The database has no role {settings.WEB_ROLE}, which runs the portal: create it before the first"
            " migration (docs/operations.md), or set WEB_ROLE to the name that it has."
        )
    elif owner == settings.WEB_ROLE:
        yield (
            f"{owner} runs the portal and would own the tables, so it could rewrite the journal: set"
            " MIGRATION_DATABASE_URL to the same database as another role."
        )


def journal_within_reach() -> Iterator[str]:
    """Yield the journal's tables, and that of the city's key, that this database role may rewrite, itself or as a role
    that it may take.
    """
    role = "session_user" if settings.PRODUCTION else "current_user"
    with connections["default"].cursor() as cursor:
        cursor.execute(WITHIN_REACH.format(role=role))
        tables = [name for (name,) in cursor.fetchall()]
    for name in tables:
        yield (
            f"This database role may rewrite {name}: connect as the role {settings.WEB_ROLE}."
            " MIGRATION_DATABASE_URL is for the owner, in the environment of the commands that need it."
        )


def public_demonstration(served: Sequence[str] = ()) -> Iterator[str]:
    """Yield the reason why a demonstration may not answer to others than this machine."""
    if apps.is_installed("demo") and not settings.DEMO_PUBLIC and {*settings.ALLOWED_HOSTS, *served} - OWN_NAMES:
        yield (
            "Anyone who reaches the demonstration can sign in as its people. To show it all the same, set"
            " DEMO_PUBLIC=yes; otherwise leave ALLOWED_HOSTS, and the server's --host, to this machine."
        )


def refuse_to_start() -> None:
    """Refuse to start on unsafe settings. For processes of every kind, as Django starts.

    Raises:
        ImproperlyConfigured: with all sentences at once.
    """
    unsafe_settings = [sentence for _number, sentence in unsafe()] if settings.PRODUCTION else []
    _refuse([*unsafe_settings, *public_demonstration()])


def refuse_to_answer(*served: str) -> None:
    """Refuse to start a web server that is unsafe, or that lacks a key: each page would then fail.

    A key service or a database that is down does not stop it: pages answer 503 until it is back. What the role may do
    is then asked at the first connection of each process.

    Raises:
        ImproperlyConfigured: with all sentences at once.
    """
    refuse_to_serve(*served, ask=_ask_now_or_later)
    _refuse(list(_lacking()), "The web server cannot answer")


def _lacking() -> Iterator[str]:
    for word in keyrings.words():
        try:
            if path := keyrings.path_of(word):
                files.load(path, make=settings.MAKE_KEYRING)
        except keyrings.KeyringError as error:
            yield str(error)
    if not (settings.MAKE_SEAL_KEY or settings.SEAL_KEY.is_file()):
        yield f"There is no seal at {settings.SEAL_KEY}: put it back from its copy (docs/operations.md)."


def _ask_patiently() -> list[str]:
    last = time.monotonic() + DATABASE_SECONDS
    while True:
        try:
            return _look_at_role()
        except OperationalError:
            if time.monotonic() > last:
                return ["The database does not answer, so what its role may do to the journal is not known."]
            time.sleep(1)
        finally:
            connections["default"].close()


def _ask_now_or_later() -> list[str]:
    try:
        return _look_at_role()
    except OperationalError:
        logger.warning("the database does not answer yet: pages are 503 until it does")
        connection_created.connect(_ask_at_first_connection)
        return []
    finally:
        connections["default"].close()


def _ask_at_first_connection(connection: BaseDatabaseWrapper, **_sent: object) -> None:
    """Ask at a process's first connection what its role may do. End the web server if it may not go on."""
    try:
        _refuse(_look_at_role())
    except (ImproperlyConfigured, DatabaseError) as reason:
        # Django has kept the connection already, and would not ask at its next statement.
        connection.close()
        if isinstance(reason, ImproperlyConfigured):
            logger.critical("the database's role is not safe, or it has no tables; the next start says which")
            os.kill(os.getppid(), signal.SIGTERM)
        raise
    connection_created.disconnect(_ask_at_first_connection)


def _look_at_role() -> list[str]:
    return [*journal_within_reach(), *_no_tables()]


def refuse_to_serve(*served: str, signs: bool = True, ask: Callable[[], list[str]] = _ask_patiently) -> None:
    """Refuse to start a web server, a worker or the scheduler that is unsafe or whose role may rewrite the journal.

    A developer's own database may have a single role, so DEBUG skips that check. A web process that is forked from a
    checked one does not ask again, since its database may be down. Cost: one connection, once.

    Args:
        served: the addresses that the web server will listen on.
        signs: False for a process that needs no SECRET_KEY, and in production may not have it.
        ask: says what is wrong with the role; the usual one gives the database half a minute.

    Raises:
        ImproperlyConfigured: with all sentences at once.
    """
    refuse_to_start()
    owner = [OWNER_KNOWN] if settings.PRODUCTION and environment.text("MIGRATION_DATABASE_URL") else []
    _refuse([*half_set_connectors(), *public_demonstration(served), *owner, *_misplaced_secret(signs)])
    if not (settings.DEBUG or _checked):
        _refuse(ask())
        _checked.append(True)


def _misplaced_secret(signs: bool) -> Iterator[str]:
    if settings.PRODUCTION and signs and not secret_key():
        yield MUST_SIGN
    if settings.PRODUCTION and not signs and secret_key():
        yield SIGNS_NOTHING


def _no_tables() -> Iterator[str]:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.core_journalleaf') IS NULL")
        if cursor.fetchone()[0]:
            yield "The database has no tables: run “manage.py migrate” with MIGRATION_DATABASE_URL, then start again."


def _refuse(sentences: Sequence[str], said: str = "These settings are not safe") -> None:
    if sentences:
        raise ImproperlyConfigured(f"{said}:\n" + "\n".join(f"  {sentence}" for sentence in sentences))
