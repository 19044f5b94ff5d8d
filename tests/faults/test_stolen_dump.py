"""A thief with the whole database: no value in it opens a session, and no secret in use can be read."""

import base64
import json
import os
import re
from uuid import UUID

import psycopg
import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts.sign_in.sessions import SessionStore
from tests.accounts.factories import TOTP_SECRET, AgentFactory, ResidentFactory, signed_in
from tests.accounts.mailbox import sent_code
from tests.faults.test_not_anchored import HOME
from tests.vault.made import add
from vault.records.enums import HouseholdRole
from vault.sharing.actions import household

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "un cheval sur la pile 42"


@pytest.fixture
def secrets_in_use():
    """Return secrets in use, by name, of residents who are signed in, waiting for a second factor, or invited."""
    awa, agent = ResidentFactory(name="Awa", password=PASSWORD), AgentFactory()
    add(awa, "logement.domicile", HOME)
    browser, office, half = signed_in(awa), signed_in(agent), Client()
    office.post(reverse("mfa_generate_recovery_codes"))
    half.post(reverse("account_login"), {"email": awa.email})
    codes = RecoveryCodes(agent.authenticator_set.get(type="recovery_codes")).get_unused_codes()
    return {
        "a resident's session": browser.cookies[settings.SESSION_COOKIE_NAME].value,
        "an agent's session": office.cookies[settings.SESSION_COOKIE_NAME].value,
        "a session that waits for its code": half.cookies[settings.SESSION_COOKIE_NAME].value,
        "a password": PASSWORD,
        "a code sent by mail": sent_code(),
        "a second factor": TOTP_SECRET,
        "a recovery code": codes[0],
        "an invitation into a household": household.invite(resident_id=awa.pk, by=awa.pk, role=HouseholdRole.PARTNER),
        "a rent": HOME["loyer"],
    }


def dump() -> list[object]:
    """Return every value of every row, including those inside JSON."""
    found: list[object] = []
    with psycopg.connect(os.environ["MIGRATION_DATABASE_URL"]) as owner, owner.cursor() as cursor:
        cursor.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
            " WHERE schemaname IN ('public', 'keystore', 'campaigns')"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT * FROM {table}")
            for row in cursor.fetchall():
                found += [leaf for value in row for leaf in leaves(value)]
    return found


def leaves(value):
    if isinstance(value, dict | list):
        for inside in value.values() if isinstance(value, dict) else value:
            yield from leaves(inside)
    elif isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            yield from leaves(json.loads(value))
        except ValueError:
            yield value
    else:
        yield bytes(value) if isinstance(value, memoryview) else value


def spelled(value) -> str:
    """Return bytes as text, in which code could have stored a secret."""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def test_no_secret_in_use_is_in_the_dump(secrets_in_use):
    values = [spelled(value) for value in dump() if value is not None]
    assert len(values) > 100
    for name, secret in secrets_in_use.items():
        for form in (secret, secret.encode().hex(), base64.b64encode(secret.encode()).decode().rstrip("=")):
            word = re.compile(rf"(?<![0-9A-Za-z]){re.escape(form)}(?![0-9A-Za-z])")
            assert not [value for value in values if word.search(value)], name


def test_no_value_opens_a_session(secrets_in_use):
    """Try each value as a cookie: as is, in hexadecimal and in base64; then each row's id."""
    tried = set()
    for value in dump():
        if isinstance(value, bytes):
            tried |= {value.hex(), base64.urlsafe_b64encode(value).decode().rstrip("=")}
        elif isinstance(value, str | UUID):
            tried |= {str(value), getattr(value, "hex", "")}
    usable = {
        text
        for text in tried
        if 8 <= len(text) <= 200 and text.isascii() and text.isprintable() and not set(text) & set('; ,"\\')
    }
    assert len(usable) > 50
    assert [text for text in usable if SessionStore(text).load()] == []
    assert SessionStore(secrets_in_use["a resident's session"]).load()
    for text, status in ((min(usable), 302), (secrets_in_use["a resident's session"], 200)):
        visitor = Client()
        visitor.cookies[settings.SESSION_COOKIE_NAME] = text
        assert visitor.get(reverse("account")).status_code == status
