"""Unsafe settings stop the start of every kind of process, with a message that says what to set."""

import ast
import inspect
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pytest
from django.core.checks import Error
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.test import override_settings
from requests.utils import should_bypass_proxies

from config import checks, environment
from core.keyrings import files
from ops.cluster import ROOT, Cluster

pytestmark = pytest.mark.xdist_group("production")
COMPLETE = {
    "DJANGO_SETTINGS_MODULE": "config.settings.prod",
    "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
    "DATABASE_URL": "postgresql://web@db.villebrume.example/garant",
    "ALLOWED_HOSTS": "coffre.villebrume.example",
    "SITE_URL": "https://coffre.villebrume.example",
    "TRUSTED_PROXIES": "1",
}
PRODUCTION = {
    "PRODUCTION": True,
    "SECRET_KEY": COMPLETE["SECRET_KEY"],
    "ALLOWED_HOSTS": ["coffre.villebrume.example"],
    "TRUST_TEST_AUTHORITY": False,
    "MAKE_KEYRING": False,
    "MAKE_SEAL_KEY": False,
    "MAKE_CHECKPOINT_KEY": False,
    "MAKE_RECEIPT_KEY": False,
    "SITE_URL": COMPLETE["SITE_URL"],
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_SECURE": True,
    "ALLAUTH_TRUSTED_PROXY_COUNT": 1,
}


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    keyring = tmp_path_factory.mktemp("keys") / "keyring.json"
    variables = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "MIGRATION_DATABASE_URL", "GARANT_TEST"}
    }
    seal = keyring.with_name("seal.p12")
    seal.touch(mode=0o600)
    variables |= COMPLETE | {
        "KEYRING": str(keyring),
        "SEAL_KEY": str(seal),
        "CHECKPOINT_KEY": str(keyring.with_name("checkpoints.pem")),
    }
    variables["RECEIPT_KEYS"] = str(keyring.with_name("receipts.json"))
    files.make_file(keyring)
    for command in ("make_checkpoint_key", "make_receipt_key"):
        made = run("manage.py", command, variables=variables)
        assert made.returncode == 0, made.stderr
    return variables


def run(*words: str, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=dict(variables), capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_the_deployment_check_passes_in_production(production: dict[str, str]) -> None:
    done = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", variables=production)
    assert (done.returncode, done.stderr) == (0, "")
    assert "no issues (2 silenced)" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL", "KEYRING", "ALLOWED_HOSTS"])
def test_production_does_not_start_without(name: str, production: dict[str, str]) -> None:
    done = run("-c", "import config.wsgi", variables={**production, name: ""})
    assert done.returncode == 1
    assert f"  {name}: " in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("module", ["config.wsgi", "config.settings.prod"])
def test_a_weak_secret_stops_the_web_server(module: str, production: dict[str, str]) -> None:
    weak = {**production, "SECRET_KEY": "short"}
    command = ("-c", "import config.wsgi") if module == "config.wsgi" else ("manage.py", "check")
    done = run(*command, variables=weak)
    assert done.returncode == 1
    assert "SECRET_KEY can be guessed" in done.stderr


@pytest.mark.slow
def test_a_weak_secret_stops_the_worker(production: dict[str, str]) -> None:
    done = run(
        "-m", "celery", "-A", "config", "worker", "--pool", "solo", variables={**production, "SECRET_KEY": "short"}
    )
    assert done.returncode != 0
    assert "SECRET_KEY can be guessed" in done.stderr


def sentences(**changes: object) -> list[str]:
    """Return the errors of production with `changes`, except the one about the demonstration, installed in tests."""
    with override_settings(**{**PRODUCTION, **changes}):
        return [
            str(error.msg)
            for error in checks.safe_in_production(None)
            if isinstance(error, Error) and error.id != "config.E004"
        ]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"DEBUG": True}, "DEBUG"),
        ({"SECRET_KEY": "x" * 60}, "SECRET_KEY"),
        ({"CACHES": {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache"}}}, "pickles"),
        ({"CACHES": {"default": {"BACKEND": environment.CACHE}, "more": {"BACKEND": "x.Cache"}}}, "pickles"),
        ({"SECRET_KEY": "demo-only-" + "abcdefgh" * 10}, "SECRET_KEY"),
        ({"ALLOWED_HOSTS": ["*"]}, "ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": []}, "ALLOWED_HOSTS"),
        ({"TRUST_TEST_AUTHORITY": True}, "TRUST_TEST_AUTHORITY"),
        ({"MAKE_KEYRING": True}, "MAKE_KEYRING"),
        ({"KEYRING": "/srv/la ville/keyring.json"}, "file:///a%20folder"),
        ({"KEYRING": "transit+http://vault.example:8200/transit/garant?token=/t"}, "transit+https"),
        ({"MAKE_SEAL_KEY": True}, "SEAL_KEY"),
        ({"MAKE_CHECKPOINT_KEY": True}, "MAKE_CHECKPOINT_KEY"),
        ({"MAKE_RECEIPT_KEY": True}, "make_receipt_key"),
        ({"SITE_URL": "http://localhost:8000"}, "SITE_URL"),
        ({"OUTGOING_ALLOWED": ["127.0.0.1:8100"]}, "OUTGOING_ALLOWED"),
        ({"CACHES": {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}}, "CACHE_URL"),
        ({"CACHES": {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}}, "CACHE_URL"),
        ({"SESSION_COOKIE_SECURE": False}, "SESSION_COOKIE_SECURE"),
        ({"CSRF_COOKIE_SECURE": False}, "CSRF_COOKIE_SECURE"),
        ({"ALLAUTH_TRUSTED_PROXY_COUNT": 0}, "TRUSTED_PROXIES"),
        ({"SITE_URL": "https://www.villebrume.example/coffre"}, "host name of its own"),
        ({"EMAIL_USE_TLS": True, "EMAIL_USE_SSL": True}, "port 465"),
    ],
)
def test_production_refuses(change: dict[str, object], says: str) -> None:
    (sentence,) = sentences(**change)
    assert says in sentence


@pytest.mark.parametrize(("mode", "refused"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True)])
def test_production_refuses_a_seal_key_readable_by_others(tmp_path: Path, mode: int, refused: bool) -> None:
    seal = tmp_path / "seal.p12"
    seal.touch()
    seal.chmod(mode)
    errors = sentences(SEAL_KEY=seal)
    assert len(errors) == refused
    assert all(f"chmod 600 {seal}" in sentence for sentence in errors)


def test_each_check_has_its_own_number() -> None:
    source = inspect.getsource(checks)
    yielded = [
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple)
    ]
    numbers = [f"{ast.literal_eval(pair.elts[0]):03}" for pair in yielded] + re.findall(r'"config\.E(\d+)"', source)
    assert len(numbers) > 15
    assert sorted(numbers) == sorted(set(numbers))


def test_safe_settings_are_accepted() -> None:
    assert sentences() == []


def test_the_demonstration_is_refused_in_production() -> None:
    with override_settings(**PRODUCTION):
        assert [error.id for error in checks.safe_in_production(None)] == ["config.E004"]
        with pytest.raises(ImproperlyConfigured, match="demonstration"):
            checks.refuse_to_start()


def test_checks_apply_only_in_production() -> None:
    assert checks.safe_in_production(None) == []
    checks.refuse_to_start()


@pytest.mark.django_db
def test_the_web_role_passes_the_journal_check() -> None:
    assert checks.journal_out_of_reach(None, databases=["default"]) == []


@pytest.mark.django_db
def test_a_role_that_may_rewrite_the_journal_fails_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    owner = environment.database(os.environ["MIGRATION_DATABASE_URL"])
    other = DatabaseWrapper({**connections["default"].settings_dict, **owner})
    monkeypatch.setattr(checks, "connections", {"default": other})
    try:
        assert {error.id for error in checks.journal_out_of_reach(None, databases=["default"])} == {"config.E020"}
    finally:
        other.close()


@pytest.mark.parametrize(
    ("read", "value", "says"),
    [
        (environment.database, "mysql://web@db/garant", "only postgresql"),
        (environment.storage, "ftp://files", "file:///"),
        (environment.storage, "s3:///no-bucket", "s3://bucket"),
        (environment.storage, "s3://bucket/x?unknown=1", "endpoint_url, region_name"),
        (environment.cache, "memcached://here", "redis://"),
        (lambda url: environment.broker_options(url, ROOT), "kafka://here", "amqp://"),
    ],
)
def test_an_invalid_url_is_reported_with_the_valid_forms(read: object, value: str, says: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=says):
        read(value)  # type: ignore[operator]


def test_a_flag_is_on_off_or_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for value, expected in {"1": True, "yes": True, "0": False, "": False}.items():
        monkeypatch.setenv("EMAIL_TLS", value)
        assert environment.flag("EMAIL_TLS") is expected
    monkeypatch.setenv("EMAIL_TLS", "perhaps")
    with pytest.raises(ImproperlyConfigured, match="EMAIL_TLS"):
        environment.flag("EMAIL_TLS")


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_a_proxy_is_not_for_this_machine_s_own_addresses(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for other in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.ville.example:3128")
    monkeypatch.setenv(name, "intranet.ville.example")
    environment.keep_loopback_direct()
    for host in ("127.0.0.1:8000", "localhost:8000", "intranet.ville.example"):
        assert urllib.request.proxy_bypass(host) and should_bypass_proxies(f"http://{host}/", None)
    assert not urllib.request.proxy_bypass("www.ville.example")


def test_a_database_url_may_have_a_socket_folder_and_an_escaped_password() -> None:
    read = environment.database("postgresql://we%40b:p%2Fw@/garant?host=/run/garant&sslmode=disable")
    assert (read["USER"], read["PASSWORD"], read["HOST"], read["NAME"]) == ("we@b", "p/w", "/run/garant", "garant")
    assert read["OPTIONS"] == {"sslmode": "disable"}


def test_only_owner_commands_connect_as_the_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://web@/garant")
    monkeypatch.setenv("MIGRATION_DATABASE_URL", "postgresql://owner@/garant")
    for command, role in {"migrate": "owner", "shell": "web"}.items():
        monkeypatch.setattr(sys, "argv", ["manage.py", command])
        assert environment.database(environment.database_url())["USER"] == role


ENEDIS = {"CONNECTOR_ENEDIS_URL": "https://gw.enedis.example", "CONNECTOR_ENEDIS_CLIENT_ID": "ville"}


def test_a_partly_configured_api_stops_the_start(production: dict[str, str]) -> None:
    done = run("manage.py", "check", variables=production | ENEDIS)
    assert done.returncode == 1
    for name in ("CONNECTOR_ENEDIS_TOKEN_URL", "CONNECTOR_ENEDIS_AUTHORIZE_URL", "CONNECTOR_ENEDIS_CLIENT_SECRET"):
        assert name in done.stderr


@pytest.mark.parametrize(("address", "faults"), [("https://api.example", 0), ("http://api.example", 1)])
def test_production_refuses_an_unencrypted_api(address: str, faults: int) -> None:
    api = {"api_particulier": {"url": address, "token": "t", "recipient": "00000000000042"}}
    with override_settings(CONNECTORS=api, **PRODUCTION):
        assert len(list(checks.half_set_connectors())) == faults


def test_variables_of_connectors_are_read_by_api(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENEDIS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CONNECTOR_API_PARTICULIER_TOKEN", " t ")
    monkeypatch.setenv("CONNECTOR_NOBODY_URL", "https://x.example")
    assert environment.connectors() == {
        "enedis": {"url": "https://gw.enedis.example", "client_id": "ville"},
        "api_particulier": {"token": "t"},
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("runs", "named", "says"),
    [
        ("portail", "web", "Set WEB_ROLE=portail"),
        ("nobody_here", "nobody_here", "no role nobody_here"),
        ("web", "web", "would own the tables"),
    ],
)
def test_migrate_refuses_a_role_that_it_would_not_limit(
    runs: str, named: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://{runs}@db/garant")
    monkeypatch.setattr(sys, "argv", ["manage.py", "migrate"])
    with override_settings(**PRODUCTION, WEB_ROLE=named):
        (error,) = checks.portals_role(None, databases=["default"])
    assert says in str(error.msg)


def test_only_migrate_asks_for_the_role(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["manage.py", "check"])
    with override_settings(**PRODUCTION, WEB_ROLE="nobody_here"):
        assert checks.portals_role(None, databases=["default"]) == []


def test_the_embedded_database_may_lie_in_a_folder_with_spaces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "Mes données + 100 %"
    monkeypatch.setattr(environment, "VAR", folder)
    assert environment.database(environment.embedded("web"))["HOST"] == str(folder / "postgres" / "run")
    cluster = Cluster(folder)
    monkeypatch.setattr(Cluster, "sockets", folder)
    assert environment.database(cluster.server.url(role="web", database="garant"))["HOST"] == str(folder)
