"""What an attacker gains from a careless start: a missing variable, an open demonstration, a role that may do all."""

import os
import re
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config import checks, environment
from core.pdf.layout import lay_out
from ops import launch, services
from ops.cluster import ROOT
from tests.accounts.factories import ResidentFactory
from tests.accounts.mailbox import sent_code
from tests.ops.test_settings import production  # noqa: F401 - a fixture

UNNAMED = {
    "command": ["manage.py", "check"],
    "worker": ["-m", "celery", "-A", "config", "worker"],
    "scheduler": ["-m", "celery", "-A", "config", "beat"],
    "server": ["-m", "config.serve"],
    "wsgi": ["-c", "import config.wsgi"],
}
SHOWN = "import django; django.setup(); from django.conf import settings; print(settings.SECRET_KEY)"


def run(*words: str, variables: Mapping[str, str] = {}, without: str = "") -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in {"SECRET_KEY", without}}
    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=kept | dict(variables),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", UNNAMED)
def test_without_named_settings_every_process_is_in_production(kind: str) -> None:
    """It then lacks production's variables and refuses to start, instead of showing errors and accepting specimens."""
    done = run(*UNNAMED[kind], without="DJANGO_SETTINGS_MODULE")
    assert done.returncode != 0
    assert "Set these environment variables" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("manage.py", "shell", "-c", "print('started')"),
        ("-m", "celery", "-A", "config", "beat"),
        ("-c", "import django; django.setup(); print('started')"),
    ],
)
def test_unsafe_settings_stop_a_process_of_any_kind(words: tuple[str, ...], production: dict[str, str]) -> None:  # noqa: F811
    done = run(*words, variables={**production, "SECRET_KEY": "short"})
    assert done.returncode != 0
    assert "SECRET_KEY can be guessed" in done.stderr
    assert "started" not in done.stdout


@pytest.mark.slow
def test_the_owner_s_address_stops_a_server_in_production(production: dict[str, str]) -> None:  # noqa: F811
    done = run("-c", "import config.wsgi", variables={**production, "MIGRATION_DATABASE_URL": "postgresql://owner@/g"})
    assert done.returncode != 0
    assert "MIGRATION_DATABASE_URL" in done.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "coffre.villebrume.example"])
def test_the_demonstration_is_refused_on_a_public_address(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "refusal", lambda *_: None)
    monkeypatch.setenv("HOST", host)
    for answer in ("", "no"):
        monkeypatch.setenv("DEMO_PUBLIC", answer)
        with pytest.raises(launch.Failed, match="DEMO_PUBLIC=yes"):
            launch.address()
    monkeypatch.setenv("DEMO_PUBLIC", "yes")
    assert launch.address()[0] == host


def test_a_demonstration_that_answers_to_a_public_name_does_not_start(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["localhost", "coffre.villebrume.example"]
    with pytest.raises(ImproperlyConfigured, match="DEMO_PUBLIC=yes"):
        checks.refuse_to_start()
    settings.ALLOWED_HOSTS = ["localhost"]
    with pytest.raises(ImproperlyConfigured, match="DEMO_PUBLIC=yes"):
        checks.refuse_to_serve("0.0.0.0")
    settings.DEMO_PUBLIC = True
    checks.refuse_to_start()


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["/", "/accessibilite/", "/nulle-part/", "/admin/login/"])
def test_a_public_demonstration_says_so_on_every_page(page: str, client: Client, settings: Any) -> None:
    banner = "Démonstration ouverte à tous"
    settings.DEMO_PUBLIC = False
    assert banner not in client.get(page, follow=True).content.decode()
    settings.DEMO_PUBLIC = True
    assert banner in client.get(page, follow=True).content.decode()


@pytest.mark.slow
def test_each_start_of_the_demonstration_signs_with_another_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    demo = {"DJANGO_SETTINGS_MODULE": "config.settings.demo"}
    first, second = (run("-c", SHOWN, variables=demo, without="GARANT_TEST").stdout.strip() for _ in range(2))
    assert min(len(first), len(second)) >= 50
    assert first != second
    monkeypatch.delenv("SECRET_KEY")
    chosen = [launch.settings("127.0.0.1")["SECRET_KEY"] for _ in range(2)]
    assert len({*chosen, first, second}) == 4


def test_no_process_of_the_portal_has_the_owner_s_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Mapping[str, str]] = []

    def start(*_words: object, env: Mapping[str, str], **_options: object) -> SimpleNamespace:
        given.append(env)
        return SimpleNamespace()

    monkeypatch.setattr("ops.services.subprocess.Popen", start)
    monkeypatch.setattr(services.Services, "wait_until_web_listens", lambda _self: None)
    owner = {"MIGRATION_DATABASE_URL": "postgresql://owner@/garant", "RELEASE_DATABASE_URL": "postgresql://r@/garant"}
    monkeypatch.setenv("MIGRATION_DATABASE_URL", "postgresql://owner@/garant")
    services.Services("127.0.0.1", 8000, owner, tmp_path, holders_port=8001).start()
    assert len(given) == 6
    assert not any("postgresql://owner@/garant" in variables.values() for variables in given)
    assert sum("postgresql://r@/garant" in variables.values() for variables in given) == 1


def test_only_the_web_and_its_worker_know_the_portal_s_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever takes the scheduler, or the worker that loads the engine, signs no cookie and guesses no hashed code."""
    given: dict[str, Mapping[str, str]] = {}

    def start(words: list[str], env: Mapping[str, str], **_options: object) -> SimpleNamespace:
        given[" ".join(words[1:])] = env
        return SimpleNamespace()

    monkeypatch.setattr("ops.services.subprocess.Popen", start)
    monkeypatch.setattr(services.Services, "wait_until_web_listens", lambda _self: None)
    monkeypatch.setenv("SECRET_KEY", "the secret " * 6)
    release = {"RELEASE_DATABASE_URL": "postgresql://r@/garant"}
    programs = {"par4chemins": 8002}
    services.Services("127.0.0.1", 8000, release, tmp_path, holders_port=8001, programs=programs).start()
    knowing = {command.split(" --")[0] for command, variables in given.items() if "SECRET_KEY" in variables}
    assert knowing == {"-m config.serve", "-m config.work"}
    assert not any("SECRET_KEY" in given[command] for command in given if "watch" in command or "releases" in command)


def test_systemd_and_the_containers_give_the_secret_to_the_web_and_its_worker_alone() -> None:
    units = (ROOT / "ops" / "systemd").glob("*.service")
    knowing = {unit.stem for unit in units if "EnvironmentFile=/etc/garant/secret\n" in unit.read_text()}
    assert knowing == {"garant-web", "garant-worker"}
    page = (ROOT / "docs" / "debian.md").read_text()
    variables = page[page.index("cat > /etc/garant/environment") : page.index("\nVARIABLES\n")]
    assert "SECRET_KEY" not in variables and "> /etc/garant/secret" in page
    composed = (ROOT / "compose.yaml").read_text()
    knowing = {
        part.partition(":")[0].strip()
        for part in re.split(r"\n  (?=\w)", composed)
        if re.search(r"env_file: \[.*\bsecret\b", part)
    }
    assert knowing == {"web", "worker", "owner"}, "the commands too"


@pytest.mark.slow
@pytest.mark.parametrize("queues", ["watch", "releases"])
def test_a_process_that_signs_nothing_starts_without_the_secret_and_not_with_it(
    queues: str,
    production: dict[str, str],  # noqa: F811
) -> None:
    """The database does not answer here: what is said before is what counts."""
    address = "postgresql://web@127.0.0.1:1/garant"
    unreachable = production | {"DATABASE_URL": address, "MIGRATION_DATABASE_URL": ""}
    script = (
        "import django; from config import checks; checks.DATABASE_SECONDS = 0; django.setup();"
        f" from config.celery import app; from config import work; work.work(app, '{queues}', workers=1)"
    )
    with_it = run("-c", script, variables=unreachable)
    assert with_it.returncode != 0 and "SECRET_KEY is in the environment" in with_it.stderr
    without = run("-c", script, variables={**unreachable, "SECRET_KEY": ""})
    assert "SECRET_KEY" not in without.stderr and "The database does not answer" in without.stderr
    script = script.replace(queues, f"default,{queues}")
    needs = run("-c", script, variables={**unreachable, "SECRET_KEY": ""})
    assert needs.returncode != 0 and "  SECRET_KEY: " in needs.stderr


@pytest.mark.slow
def test_what_the_demonstration_writes_in_clear_is_its_user_s_alone(tmp_path: Path) -> None:
    """Its e-mails hold codes, its tour a dossier."""
    (tmp_path / "mail").mkdir(mode=0o755)
    variables = {"DJANGO_SETTINGS_MODULE": "config.settings.demo", "GARANT_VAR": str(tmp_path)}
    done = run("-c", "import django; django.setup()", variables=variables)
    assert done.returncode == 0, done.stderr
    assert {name: (tmp_path / name).stat().st_mode & 0o777 for name in ("mail", "sms", "tour")} == {
        "mail": 0o700,
        "sms": 0o700,
        "tour": 0o700,
    }


def test_no_process_leaves_its_memory_in_a_file() -> None:
    """This process has loaded Django, as each one does; the limit is hard."""
    assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)


def test_the_renderer_s_folder_of_a_killed_process_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder of a process that still renders stays until it has ended."""
    from core.pdf import leftovers

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    script = (
        "import os; from core.pdf.layout import lay_out;"
        " made = lay_out('<html lang=\"fr\"><p>é</p></html>', style=''); os.kill(os.getpid(), 9)"
    )
    killed = run("-c", script, variables={"TMPDIR": str(tmp_path)})
    assert killed.returncode == -9
    mine = lay_out('<html lang="fr"><p>é</p></html>', style="")
    assert len(list(tmp_path.glob("weasyprint-*"))) == 2
    leftovers.remove()
    assert len(list(tmp_path.glob("weasyprint-*"))) == 1
    del mine


@pytest.fixture
def awa_s_browser(db: None) -> Client:
    """Return a browser whose user signed in by code once, and signed out."""
    ResidentFactory(email="awa@courriel.example")
    browser = Client(REMOTE_ADDR="192.0.2.1")
    assert ask(browser, "Awa@courriel.example") == 302
    answer = browser.post(reverse("account_confirm_login_code"), {"code": sent_code()})
    assert answer.status_code == 302
    browser.post(reverse("account_logout"))
    return browser


def ask(browser: Client, email: str) -> int:
    return browser.post(reverse("account_login"), {"email": email}).status_code


def exhaust(email: str, clock: Any) -> None:
    """Ask for codes from many addresses until none is sent any more."""
    for number in range(20):
        ask(Client(REMOTE_ADDR=f"198.51.{number}.1"), email)
        clock.shift(21)


def test_codes_that_strangers_ask_for_do_not_lock_the_person_out(awa_s_browser: Client, time_machine: Any) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    exhaust("awa@courriel.example", time_machine)
    assert ask(Client(REMOTE_ADDR="203.0.113.5"), "awa@courriel.example") == 429
    assert ask(awa_s_browser, "awa@courriel.example") == 302


@pytest.mark.django_db
def test_codes_asked_from_one_address_do_not_lock_out_the_others(time_machine: Any) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    stranger = []
    for _ in range(12):
        time_machine.shift(61)
        stranger.append(ask(Client(REMOTE_ADDR="198.51.100.1"), "awa@courriel.example"))
    assert stranger[-1] == 429
    assert ask(Client(REMOTE_ADDR="203.0.113.5"), "awa@courriel.example") == 302


@pytest.mark.django_db
def test_a_device_that_proved_itself_has_a_limit_too(awa_s_browser: Client, time_machine: Any) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    answers = []
    for _ in range(16):
        time_machine.shift(61)
        answers.append(ask(awa_s_browser, "awa@courriel.example"))
    assert answers == [302] * 15 + [429]


@pytest.fixture
def as_role(databases: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Return a function that makes a role with these rights, and connects the checks as this role."""
    made: list[DatabaseWrapper] = []
    role = f"portail_{os.getpid()}"

    def connect(rights: str) -> None:
        with psycopg.connect(databases.url("admin"), autocommit=True) as admin:
            admin.execute(f"CREATE ROLE {role} NOINHERIT LOGIN; GRANT USAGE ON SCHEMA public TO {role}")
            admin.execute(rights.format(role=role))
        name = connections["default"].settings_dict["NAME"]
        url = databases.server.url(role="admin", database=name, settings=f"-c role={role}")
        made.append(DatabaseWrapper({**connections["default"].settings_dict, **environment.database(url)}))
        monkeypatch.setattr(checks, "connections", {"default": made[-1]})

    monkeypatch.setattr(checks, "_checked", [])
    yield connect
    for one in made:
        one.close()
    with psycopg.connect(databases.url("admin"), autocommit=True) as admin:
        admin.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


RIGHTS = {
    "by update": "GRANT UPDATE ON core_journalentry TO {role}",
    "by deletion": "GRANT DELETE ON core_journalseal TO {role}",
    "by a column": "GRANT UPDATE (note) ON core_checkpoint TO {role}",
    "by a trigger": "GRANT TRIGGER ON core_journalleaf TO {role}",
    "as the owner": "GRANT owner TO {role}",
}


@pytest.mark.django_db
@pytest.mark.parametrize("how", RIGHTS)
def test_a_role_that_may_rewrite_the_journal_stops_the_server_whatever_its_name(
    how: str, as_role: Callable[[str], None]
) -> None:
    as_role(RIGHTS[how])
    with pytest.raises(ImproperlyConfigured, match="may rewrite"):
        checks.refuse_to_serve()


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("words", [("-c", "import config.wsgi"), ("-m", "celery", "-A", "config", "beat")])
def test_a_server_does_not_start_as_the_owner(words: tuple[str, ...], databases: Any) -> None:
    done = run(*words, variables={"DATABASE_URL": databases.url("owner")})
    assert done.returncode != 0
    assert "may rewrite core_checkpoint" in done.stderr


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize(("name", "says"), [("KEYRING", "No keyring at"), ("SEAL_KEY", "There is no seal at")])
def test_the_web_server_does_not_start_without_its_keys(
    name: str,
    says: str,
    production: dict[str, str],  # noqa: F811
    databases: Any,
    tmp_path: Path,
) -> None:
    lost = production | {"DATABASE_URL": databases.url("web"), name: str(tmp_path / "lost")}
    done = run("-c", "import config.wsgi", variables=lost, without="MIGRATION_DATABASE_URL")
    assert done.returncode != 0 and f"The web server cannot answer:\n  {says}" in done.stderr
    assert not (tmp_path / "lost").exists(), "nothing is made in its place"


@pytest.mark.slow
@pytest.mark.django_db
def test_the_web_server_starts_while_the_key_service_is_down(
    production: dict[str, str],  # noqa: F811
    databases: Any,
) -> None:
    away = production | {"DATABASE_URL": databases.url("web"), "KEYRING": "keeper:///nowhere/socket"}
    done = run("-c", "import config.wsgi", variables=away, without="MIGRATION_DATABASE_URL")
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.django_db
def test_no_server_starts_without_tables(production: dict[str, str], databases: Any) -> None:  # noqa: F811
    name = f"test_{os.getpid()}_empty"
    databases.server.drop(name)
    databases.server.create(name)
    try:
        empty = production | {"DATABASE_URL": databases.url("web", name)}
        done = run("-c", "import config.wsgi", variables=empty, without="MIGRATION_DATABASE_URL")
        assert done.returncode != 0 and "The database has no tables: run “manage.py migrate”" in done.stderr
    finally:
        databases.server.drop(name)


@pytest.mark.django_db
def test_a_role_that_may_only_write_the_journal_starts(as_role: Callable[[str], None]) -> None:
    as_role(
        "GRANT SELECT, INSERT ON core_journalleaf TO {role}; GRANT UPDATE (anchored_at) ON core_checkpoint TO {role}"
    )
    checks.refuse_to_serve()
