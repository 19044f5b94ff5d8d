"""Every test has its worker's own database, its process's own var folder, and no network beyond this machine."""

import gc
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.conf import settings
from django.db import connections
from django.test import TransactionTestCase
from django.utils import translation
from hypothesis import HealthCheck
from hypothesis import settings as examples

from ops import binaries, cluster
from ops.databases import MigrationFailed, Server, fingerprint
from tests import emptying

if TYPE_CHECKING:
    from accounts.models import User

# Where the environment keeps no byte code, each process that a test starts would compile 700 modules again.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

ROOT = cluster.ROOT
CLUSTER = cluster.of_this_clone()
COPY = f"test_{os.getpid()}"
NOT_DURABLE = "-c synchronous_commit=off"
# No test measures time. The first text that hypothesis draws takes seconds in a fresh clone.
examples.register_profile("garant", deadline=None, suppress_health_check=[HealthCheck.too_slow])
examples.load_profile("garant")
#: A test moves Python's clock years ahead, and not the server's: leaves may then be of any time to come.
ANY_CLOCK = """CREATE OR REPLACE FUNCTION core_leaf_not_after() RETURNS timestamptz LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$ SELECT 'infinity'::timestamptz $$"""
#: Django's admin has a transaction around the page that offers an account: it locks what this page wrote alone.
OFFERS = "account/email/pending_"
LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0", "::ffff:127.")


class Databases:
    """One migrated template for each state of the migrations, kept between runs; one copy of it for each worker.

    After a test that committed, tests/emptying.py brings the copy back: the journal refuses DELETE and TRUNCATE, so
    flush fails.
    """

    cluster = CLUSTER
    shape: object = None
    #: Stays open: a session that has planned the statements of `emptying` runs them ten times faster.
    admin: psycopg.Connection[tuple[object, ...]]

    def __init__(self) -> None:
        if address := os.environ.get("DATABASE_URL"):
            self.server = Server(address, embedded=False)
            self.server.make_roles()
        else:
            self.share = CLUSTER.join()
            self.server = CLUSTER.server
        CLUSTER.prepare()
        self.template = f"template_{fingerprint(self.sources())}"
        with cluster.locked(CLUSTER.control / "template.lock"):
            if not self.server.exists(self.template):
                self.make_template()
            if self.server.embedded:
                self.server.tidy()
        self.tidy_folders()

    def tidy_folders(self) -> None:
        for folder in (CLUSTER.var / "tests").glob("[0-9]*"):
            if not Path("/proc", folder.name).exists():
                shutil.rmtree(folder, ignore_errors=True)

    def sources(self) -> Iterator[Path]:
        yield ROOT / "requirements.txt"
        yield ROOT / "ops" / "databases.py"
        yield ROOT / "ops" / "statistics.sql"
        yield from (ROOT / "platform" / "config" / "settings").glob("*.py")
        for room in ("accounts", "campaigns", "certification", "platform", "services", "vault"):
            yield from (ROOT / room).glob("**/migrations/*.py")

    def make_template(self) -> None:
        fresh = f"{self.template}_new"
        try:
            self.server.create_migrated(fresh)
        except MigrationFailed as reason:
            pytest.exit(str(reason), returncode=3)
        self.server.rename(fresh, self.template)

    def send_template(self, server: Server, database: str) -> None:
        """Fill an empty database of another server as the migrations would, which take twenty seconds."""
        source = self.server.url(role="admin", database=self.template)
        target = server.url(role="admin", database=database)
        dump = subprocess.run([binaries.find() / "pg_dump", "-Fc", source], check=True, capture_output=True)
        subprocess.run([binaries.find() / "pg_restore", "-e", "-d", target], check=True, input=dump.stdout)

    def fresh_copy(self) -> None:
        connections.close_all()
        self.server.copy(self.template, COPY)
        self.admin = self.server.admin(COPY)
        self.admin.execute("INSERT INTO core_citykey (id, protected, made_at) VALUES (1, %s, now())", [self.city_key])
        self.admin.execute(ANY_CLOCK)
        self.shape = emptying.keep(self.admin)

    @cached_property
    def city_key(self) -> str:
        """The city's key, the same in each copy, since a process reads it once."""
        from core import rows

        return rows.protect_key(bytes.fromhex("11" * 32), rows.state_of_new_city())

    def empty(self) -> None:
        if not emptying.restore(self.admin, self.shape, idle=[*self.idle()]):
            self.fresh_copy()

    def idle(self) -> Iterator[int]:
        """Close this thread's connections, except one that may serve the next test: it has planned its queries."""
        from core.database.postgres.base import PLAIN

        expected = psycopg.conninfo.conninfo_to_dict(self.url("web"))
        web = (expected["user"], expected["dbname"], f"{PLAIN} {expected['options']}")
        for connection in connections.all(initialized_only=True):
            used = connection.connection
            if (
                used is not None
                and not used.closed
                and not connection.in_atomic_block
                and used.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
                and (used.info.user, used.info.dbname, used.info.options) == web
            ):
                yield used.info.backend_pid
            else:
                connection.close()

    def url(self, role: str, database: str = COPY) -> str:
        """Return an address whose commits wait for no disk."""
        return self.server.url(role=role, database=database, settings=NOT_DURABLE)


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    databases = Databases()
    yield databases
    connections.close_all()
    databases.server.drop(COPY)


@pytest.fixture(scope="session")
def django_db_setup(databases: Databases, django_test_environment: None, django_db_blocker: Any) -> None:
    from config import environment
    from core import rows

    databases.fresh_copy()
    # The server is this machine's: asking it before each request whether it is there takes a twentieth of the time.
    connections["default"].settings_dict.update(
        environment.database(databases.url("web")) | {"CONN_HEALTH_CHECKS": False}
    )
    os.environ["DATABASE_URL"] = databases.url("web")
    os.environ["MIGRATION_DATABASE_URL"] = databases.url("owner")
    os.environ["RELEASE_DATABASE_URL"] = databases.url("release")
    with django_db_blocker.unblock():
        rows.city_key()
    TransactionTestCase._fixture_teardown = lambda _case: databases.empty()  # type: ignore[attr-defined]
    # `Databases.idle` says which connections stay open.
    TransactionTestCase._should_reload_connections = lambda _case: False  # type: ignore[attr-defined]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--kills",
        type=int,
        default=8,
        help="how many times tests/faults kills the web server in the middle of uploads",
    )


def pytest_configure(config: pytest.Config) -> None:
    """A process that a test starts reads the same settings, database and folder as its test."""
    if config.getoption("numprocesses", default=None):
        return
    os.environ["GARANT_TEST"] = "1"
    os.environ["GARANT_VAR"] = str(settings.VAR)
    run = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    os.environ["GARANT_RUN"] = str(settings.VAR.parent / str(run))
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "platform")])
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # or each server of pages warns that it lacks it


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a long value by its size: each worker sends the ids of all tests, and of the values in them."""
    if isinstance(val, str | bytes) and len(val) > 100:
        return f"{argname} of {len(val)}"
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Send the pages of the running portal to one worker, and its paths to another, before xdist reads the groups.

    xdist sends tests of no group to the next free worker, after all groups. A module whose fixture takes seconds names
    a group, or each worker would make it; so does a module with a test of a minute, which would run alone at the end.
    """
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if "live" in fixtures:
            item.add_marker(pytest.mark.xdist_group("pages" if "sweep" in fixtures else "paths"))
            item.add_marker(pytest.mark.slow)
        if ROOT / "tests" / "journeys" in item.path.parents:
            item.add_marker(pytest.mark.journey)


def pytest_collection_finish() -> None:
    """Leave what was loaded out of the garbage collections: they took a fifth of the processor's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def pytest_unconfigure(config: pytest.Config) -> None:
    if os.environ.get("GARANT_VAR") == str(settings.VAR):
        shutil.rmtree(settings.VAR, ignore_errors=True)


def is_here(address: Any) -> bool:
    return not isinstance(address, tuple) or str(address[0]).startswith(LOOPBACK)


@pytest.fixture
def may_sign(databases: Databases) -> Iterator[None]:
    """Let the test's own connection change the city's key, as `rows sign` does as the owner of the tables."""
    databases.admin.execute("GRANT UPDATE ON core_citykey TO web")
    yield
    databases.admin.execute("REVOKE UPDATE ON core_citykey FROM web")


@pytest.fixture
def may_change_keys(databases: Databases) -> Iterator[None]:
    """Let the test's own connection change residents' keys, as the owner of the tables may."""
    databases.admin.execute("GRANT UPDATE ON keystore.resident_key TO web")
    yield
    databases.admin.execute("REVOKE UPDATE ON keystore.resident_key FROM web")


@pytest.fixture(autouse=True)
def first_language() -> Iterator[None]:
    """A request leaves its language to the thread: to the test that comes next, and to the fixtures it makes."""
    translation.deactivate()
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def no_lock_without_a_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse a lock where the product opened no transaction, as Django does: the test's own hides it from Django."""
    from django.db import connection
    from django.db.models.sql.compiler import SQLCompiler
    from django.db.transaction import TransactionManagementError

    compiled = SQLCompiler.as_sql

    def as_sql(compiler: SQLCompiler, *given: Any, **more: Any) -> Any:
        if compiler.query.select_for_update and not _is_in_a_transaction():
            raise TransactionManagementError("a lock needs a transaction of the product")
        return compiled(compiler, *given, **more)

    def _is_in_a_transaction() -> bool:
        return any(not vars(block)["_from_testcase"] for block in connection.atomic_blocks)

    monkeypatch.setattr(SQLCompiler, "as_sql", as_sql)


@pytest.fixture(autouse=True)
def no_message_in_a_transaction(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whoever waits for a mail server or for text messages locks no row: no transaction is open but the test's own."""
    from django.db import connection

    from core.messages import mails, sms

    inside: list[str] = []
    write, send = mails.write, sms.send

    def look(about: str) -> None:
        if any(not vars(block)["_from_testcase"] for block in connection.atomic_blocks):
            inside.append(about)

    def written(template: str, **more: Any) -> Any:
        if not template.startswith(OFFERS):
            look(template)
        return write(template, **more)

    def texted(*, number: str, text: str) -> bool:
        look("a text message")
        return send(number=number, text=text)

    monkeypatch.setattr(mails, "write", written)
    monkeypatch.setattr(sms, "send", texted)
    yield
    assert inside == []


@pytest.fixture(autouse=True)
def done_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw, read and simulate the same things once, except in the tests of the children and of the engine."""
    from tests import once

    monkeypatch.setattr("demo.papers.specimens._drawn", once.drawn)
    if request.path.name != "test_pdf_apart.py":
        monkeypatch.setattr("core.pdf.apart.draw", once.letter)
    if request.path.name != "test_process.py":
        monkeypatch.setattr("services.dossiers.pdf.render.ask", once.dossier)
    if not {ROOT / "tests" / "vault" / "readers", ROOT / "tests" / "faults"} & {*request.path.parents}:
        monkeypatch.setattr("vault.readers.sandbox._child", once.child)
    if request.path.name not in {"test_engine.py", "test_corrected.py", "test_edges.py", "test_properties.py"}:
        once.engine(monkeypatch)


@pytest.fixture(autouse=True)
def outside() -> Iterator[None]:
    """Delete the checkpoints and the ledger that a test wrote: no row of the next test's database names them."""
    yield
    for name in ("checkpoints", "erasures"):
        shutil.rmtree(settings.VAR / name, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """A test that reaches for another machine fails, wherever it runs."""
    patch = pytest.MonkeyPatch()
    for name in ("connect", "connect_ex"):
        real = getattr(socket.socket, name)

        def guarded(self: socket.socket, address: Any, real: Any = real) -> Any:
            if not is_here(address):
                raise RuntimeError(f"A test tried to reach {address}: tests stay on this machine.")
            return real(self, address)

        patch.setattr(socket.socket, name, guarded)
    yield
    patch.undo()


@pytest.fixture
def tamper(databases: Databases) -> Callable[[], AbstractContextManager[psycopg.Connection[Any]]]:
    """Return a function that connects as the server's administrator, whom triggers do not stop."""

    @contextmanager
    def open_as_admin() -> Iterator[psycopg.Connection[Any]]:
        with psycopg.connect(databases.url("admin"), autocommit=True) as admin:
            admin.execute("SET session_replication_role = replica")
            yield admin

    return open_as_admin


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    """Sealed files are kept in a folder of this test's own, which it may look into."""
    options = {"location": str(tmp_path / "files")}
    settings.STORAGES = {
        **settings.STORAGES,
        "sealed": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": options},
    }
    return tmp_path / "files"


@pytest.fixture
def autumn_2026() -> Iterator[None]:
    """Python's clock goes on from a day on which the values and papers of tests are current, whatever day it is."""
    import time_machine

    with time_machine.travel("2026-11-25T10:00:00+01:00"):
        yield


@pytest.fixture
def resident(db: None) -> "User":
    from tests.accounts.factories import ResidentFactory

    return ResidentFactory(name="Awa")


@pytest.fixture(params=["address", "franceconnect"])
def signing_in(request: pytest.FixtureRequest, resident: "User") -> "User":
    """A resident who signs in by their address alone, then one who does by FranceConnect alone."""
    from accounts.actions import identities
    from accounts.actions.accounts import keep_proved_address
    from accounts.sign_in.openid import Identity

    if request.param == "franceconnect":
        identities.link(user=resident, identity=Identity("franceconnect", "awa", "eidas1"))
        resident.email = ""
        resident.save(update_fields=["email"])
        keep_proved_address(resident)
    return resident


@pytest.fixture
def stranger(db: None) -> "User":
    from tests.accounts.factories import ResidentFactory

    return ResidentFactory(name="Bruno")


@pytest.fixture
def agent(db: None) -> "User":
    from tests.accounts.factories import AgentFactory

    return AgentFactory(name="Chloé")
