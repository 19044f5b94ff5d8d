"""A key service that is down, slow or has another key: vaults stay closed, and an erased resident stays erased."""

import time

import pytest
from django.db import transaction
from django_scopes import scope

from core import journal, keys
from core.keyrings import KeyringError, KeysDown, kms, transit
from core.models import ResidentKey
from tests.accounts.factories import ResidentFactory, signed_in
from tests.ui.pages import assert_clean, text

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def quick(monkeypatch):
    """Use time-outs of one second instead of three."""
    monkeypatch.setattr(transit, "TIMEOUT", (1, 1))
    monkeypatch.setattr(kms, "READ", 1)


@pytest.fixture
def awa(remote, db):
    person = ResidentFactory(name="Awa")
    keys._cache.clear()
    return person


@pytest.fixture
def browser(awa):
    return signed_in(awa)


@pytest.mark.parametrize("trouble", ["503", "garbage", "slow"])
def test_a_vault_answers_503_and_nothing_is_read(remote, awa, browser, trouble, quick, caplog):
    before = len(journal.entries(resident_id=awa.pk, limit=100))
    keys._cache.clear()
    remote.trouble = trouble
    started = time.monotonic()
    answer = browser.get("/coffre/")
    assert time.monotonic() - started < 4
    assert answer.status_code == 503
    assert answer["Retry-After"] == "60"
    assert "Les coffres sont fermés pour le moment" in text(answer)
    assert_clean(answer, whole_page=True)
    assert [type(record.exc_info[1]).__name__ for record in caplog.records if record.exc_info] == ["KeysDown"]

    remote.trouble = ""
    keys._cache.clear()
    assert len(journal.entries(resident_id=awa.pk, limit=100)) == before
    assert browser.get("/coffre/").status_code == 200


def test_a_slow_service_delays_one_request_only(remote, awa, quick, monkeypatch):
    remote.trouble = "slow"
    with pytest.raises(KeysDown):
        keys.key_of(resident_id=awa.pk)
    asked = len(remote.asked)
    started = time.monotonic()
    for _ in range(20):
        with pytest.raises(KeysDown):
            keys.key_of(resident_id=awa.pk)
    assert time.monotonic() - started < 0.5
    assert len(remote.asked) == asked
    remote.trouble = ""
    later = time.monotonic() + keys.REST
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert keys.key_of(resident_id=awa.pk)


def test_a_service_that_refuses_quickly_is_asked_again(remote, awa):
    remote.trouble = "503"
    with pytest.raises(KeysDown):
        keys.key_of(resident_id=awa.pk)
    remote.trouble = ""
    assert keys.key_of(resident_id=awa.pk)


def test_an_unreachable_service_counts_as_down(remote, awa, browser, settings, client):
    if "kms" in remote.url:
        settings.KEYRING = "kms://eu-west-3/alias/garant?endpoint=http://127.0.0.1:1"
    else:
        settings.KEYRING = f"transit+http://127.0.0.1:1/transit/garant?token={remote.token}"
    assert browser.get("/coffre/").status_code == 503
    assert "keys" in client.get("/ready").json()["down"]
    assert client.get("/").status_code == 200


def test_a_cached_key_is_used_for_a_minute_and_never_after_erasure(remote, awa):
    keys.key_of(resident_id=awa.pk)
    remote.trouble = "503"
    assert keys.key_of(resident_id=awa.pk)
    with transaction.atomic(), scope(resident=awa.pk):
        ResidentKey.objects.all().delete()
    with pytest.raises(keys.KeyMissing):
        keys.key_of(resident_id=awa.pk)


def test_another_key_of_the_same_name_is_refused(remote, awa, browser):
    remote.keys = dict.fromkeys(remote.keys, b"n" * 32)
    answer = browser.get("/coffre/")
    assert answer.status_code == 503
    with pytest.raises(KeyringError, match="not the one"):
        keys.key_of(resident_id=awa.pk)
