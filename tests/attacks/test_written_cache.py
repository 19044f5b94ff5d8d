"""Whoever writes to the shared cache, as the portal's role or in Redis, runs no code and decides nothing.

Each attack writes rows of the cache by SQL, then uses the portal as anybody does.
"""

import base64
import json
import pickle
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import time_machine
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from joserfc import jwt
from joserfc.jwk import ECKey

from accounts.sign_in import openid
from config.celery import app
from ops.cluster import ROOT
from tests.accounts.test_openid import ISSUER, US, Provider, identify
from tests.attacks.test_written_rows import sql

pytestmark = pytest.mark.django_db
FAR = "2100-01-01T00:00:00+00:00"
#: Modules that run what they read, or may.
UNSAFE = r"(?:pickle|_pickle|cPickle|dill|cloudpickle|shelve|marshal|joblib|jsonpickle|multiprocessing|billiard)"
PRODUCT = ("platform", "accounts", "vault", "services", "certification", "campaigns")
#: What else reads a pickle if it is asked to.
OPTIONS = r"allow_pickle\s*=\s*True|read_pickle|RedisSerializer|PickleSerializer|django\.core\.cache\.backends\.redis"


class Canary:
    """Runs a line of Python where it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.write_text, (self.file, "it ran")


def write(key: str, value: object) -> None:
    """Write a value under a name, as a row of the cache looked when it held pickles."""
    text = base64.b64encode(pickle.dumps(value)).decode()
    sql("INSERT INTO core_cache (cache_key, value, expires) VALUES (%s, %s, %s)", f":1:{key}", text, FAR)


def rows() -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key, value FROM core_cache")
        found: list[tuple[str, str]] = cursor.fetchall()
    return found


@pytest.mark.parametrize("key", ["developers_status", "labels_residents", "sharing_totals"])
def test_a_pickle_written_into_the_cache_runs_no_code(key: str, tmp_path: Path) -> None:
    file = tmp_path / "ran"
    write(key, Canary(file))
    visitor = Client(raise_request_exception=False)
    for page in ("developers:status", "labels:registry_json"):
        visitor.get(reverse(page))
    cache.get(key)
    assert not file.exists()


def test_a_pickle_put_in_the_place_of_a_value_runs_no_code(tmp_path: Path) -> None:
    file = tmp_path / "ran"
    cache.set("counter", [1.0], 60)
    sql("UPDATE core_cache SET value = %s", base64.b64encode(pickle.dumps(Canary(file))).decode())
    assert cache.get("counter") is None
    assert not file.exists()


def test_a_value_copied_from_another_key_is_a_miss_and_an_alert(caplog: pytest.LogCaptureFixture) -> None:
    cache.set("mine", [1.0], 60)
    ((_name, text),) = rows()
    cache.set("theirs", [1.0, 2.0, 3.0], 60)
    sql("UPDATE core_cache SET value = %s", text)
    assert cache.get("theirs") is None
    assert "a value of the cache is not what the portal wrote" in caplog.text
    assert cache.get("mine") == [1.0]


def test_a_value_does_not_last_longer_than_the_portal_said() -> None:
    cache.set("counter", [1.0], 60)
    sql("UPDATE core_cache SET expires = %s", FAR)
    assert cache.get("counter") == [1.0]
    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        assert cache.get("counter") is None


def test_the_stored_names_say_nothing_of_whom_and_what_they_count() -> None:
    cache.add("second-factor:7a7a7a7a:123456", 1, 60)
    ((name, text),) = rows()
    assert "second" not in name + text and "123456" not in name + text and "7a7a7a7a" not in name + text


def test_nothing_of_the_product_reads_what_could_run() -> None:
    found = [
        f"{file.relative_to(ROOT)}: {line.strip()}"
        for folder in PRODUCT
        for file in (ROOT / folder).rglob("*.py")
        for line in file.read_text().splitlines()
        if re.match(rf"\s*(?:import|from)\s+{UNSAFE}\b|.*\bimport_module\(.{UNSAFE}\b", line)
        or re.search(OPTIONS, line)
    ]
    assert found == []
    assert [one["BACKEND"] for one in settings.CACHES.values()] == ["core.database.cache.Cache"]
    assert settings.SESSION_ENGINE == "accounts.sign_in.sessions"
    chosen = app.conf
    assert {chosen.task_serializer, chosen.result_serializer, chosen.event_serializer} == {"json"}
    assert {*chosen.accept_content, *(chosen.result_accept_content or ())} == {"json"}
    # The default scheduler keeps when it sent what in a shelve, which is a file of pickles.
    assert chosen.beat_scheduler == "celery.beat:Scheduler"


# Who signs in


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    openid._documents.clear()
    found = Provider()
    monkeypatch.setattr(
        requests.Session, "request", lambda self, method, url, **more: found(self, method, url, **more)
    )
    return found


def test_keys_written_into_the_cache_sign_nobody_in(provider: Provider) -> None:
    thief = ECKey.generate_key("P-256", auto_kid=True)
    cache.set(f"openid-keys:{ISSUER}", [thief.as_dict(private=False)], 3600)

    def signed(claims: dict[str, Any]) -> bytes:
        return jwt.encode({"alg": "ES256", "kid": thief.kid}, claims, thief).encode()

    provider.signed = signed  # type: ignore[method-assign]
    with pytest.raises(openid.Untrusted):
        identify()


def test_addresses_written_into_the_cache_receive_no_secret(provider: Provider) -> None:
    cache.set(f"openid:{ISSUER}", {name: f"https://voleur.example/{name}" for name in openid.ENDPOINTS}, 3600)
    assert openid.endpoint(US, "token_endpoint").startswith(f"{ISSUER}/")


@pytest.mark.parametrize("name", openid.ENDPOINTS)
@pytest.mark.parametrize(
    "address",
    [
        "https://voleur.example/x",
        "https://oidc.example.voleur.example/x",
        "https://oidc.example@voleur.example/x",
        "https://oidc.example:8443/x",
    ],
)
def test_a_provider_described_at_another_host_is_refused(provider: Provider, name: str, address: str) -> None:
    provider.configuration[name] = address
    with pytest.raises(openid.Untrusted) as refusal:
        openid.endpoint(US, name)
    assert refusal.value.code == "endpoints"


def test_tokens_with_random_keys_do_not_make_the_portal_hammer_the_provider(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def request(session: requests.Session, method: str, url: str, **more: Any) -> requests.Response:
        asked.append(url)
        return provider(session, method, url, **more)

    monkeypatch.setattr(requests.Session, "request", request)

    def signed(claims: dict[str, Any]) -> bytes:
        other = ECKey.generate_key("P-256", auto_kid=True)
        return jwt.encode({"alg": "ES256", "kid": other.kid}, claims, other).encode()

    provider.signed = signed  # type: ignore[method-assign]
    for _ in range(10):
        with pytest.raises(openid.Untrusted):
            identify()
    assert len([url for url in asked if url.endswith("jwks_uri")]) <= 2
    assert json.dumps(asked).count("openid-configuration") == 1
