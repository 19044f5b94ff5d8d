"""A visitor who writes to the database beside their own cookie, as the portal's own role but without the keyring.

They know the key of their session, so they read and seal its data; what they write there obtains nothing.
"""

import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_scopes import scopes_disabled

from accounts.actions import accounts
from accounts.models import Session, User
from accounts.sign_in import sessions
from accounts.sign_in.sessions import SessionStore, hashed
from campaigns.debates.actions import identities
from core import journal, rows
from core.journal.accounts import Accounts, State
from core.models import JournalLeaf
from tests.accounts.factories import AgentFactory, signed_in
from tests.accounts.mailbox import sent_code
from tests.accounts.test_passkeys import is_in
from tests.attacks.test_rows_put_back import kept, put_back, sql
from vault.sharing.actions import desk
from vault.sharing.perms import may_help_at_desk

pytestmark = pytest.mark.django_db
COOKIE = settings.SESSION_COOKIE_NAME


def key_of(client: Client) -> str:
    return client.cookies[COOKIE].value


def write_into(client: Client, **values: Any) -> None:
    """Write values into the session of this browser, sealed under its cookie, as its visitor can."""
    store = SessionStore(key_of(client))
    row = kept("accounts_session")["accounts_session"]
    mine = next(one for one in row if one["key_hash"] == hashed(key_of(client)))
    data = store.decode(bytes(mine["data"])) | values
    sql("UPDATE accounts_session SET data = %s WHERE id = %s", store.encode(data), mine["id"])


def asks_for_a_code(email: str) -> tuple[Client, str]:
    client = Client()
    client.post(reverse("account_login"), {"email": email})
    return client, sent_code()


def leaves(account: User) -> int:
    with scopes_disabled():
        return JournalLeaf.objects.filter(resident_id=rows.accounts.chain_of(account.pk)).count()


def test_another_persons_address_beside_ones_own_code_signs_nobody_in(resident: User, stranger: User) -> None:
    client, code = asks_for_a_code(stranger.email)
    asked = SessionStore(key_of(client))["code"]
    write_into(client, code=asked | {"email": resident.email})
    client.post(reverse("account_confirm_login_code"), {"code": code})
    assert not is_in(client)


def test_an_address_written_as_proved_opens_no_vault(db: None) -> None:
    client, _code = asks_for_a_code("voleur@courriel.example")
    write_into(client, proved_address={"email": "maire@villebrume.example", "at": time.time(), "next": ""})
    client.post(reverse("account_signup"), {"name": "Voleur"})
    assert not User.objects.filter(email="maire@villebrume.example").exists()


def test_a_second_factor_written_as_given_is_not() -> None:
    agent = AgentFactory()
    client = signed_in(agent, second_factor=False)
    records = [{"method": "mfa", "at": time.time(), "type": "totp"}]
    write_into(client, **{AUTHENTICATION_METHODS_SESSION_KEY: records})
    assert client.get(reverse("admin:index")).status_code != 200


def test_an_identity_written_as_proved_is_no_voters(resident: User) -> None:
    client = signed_in(resident)
    pseudonym = {"user": str(resident.pk), "at": time.time(), "pseudonym": b"another person".hex()}
    write_into(client, **{identities.PLACE: pseudonym})
    assert SessionStore(key_of(client)).get(identities.PLACE) is None


@pytest.mark.parametrize("column", ["last_seen_at", "started_at"])
def test_a_session_that_is_over_does_not_go_on_by_another_time(resident: User, column: str) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client = signed_in(resident)
        for _hour in range(0 if column == "last_seen_at" else 11):
            clock.shift(timedelta(hours=1))
            assert is_in(client)
        clock.shift(timedelta(hours=3))
        sql("UPDATE accounts_session SET last_seen_at = %s", timezone.now())
        if column == "started_at":
            sql("UPDATE accounts_session SET started_at = %s", timezone.now())
        assert not is_in(client)


def test_a_session_given_to_another_account_is_nobodys(resident: User, stranger: User) -> None:
    client = signed_in(stranger)
    sql("UPDATE accounts_session SET user_id = %s", resident.pk)
    assert SessionStore(key_of(client)).get("_auth_user_id") is None


def sign_out(client: Client, _user: User) -> None:
    client.post(reverse("account_logout"))


def end_from_another(client: Client, user: User) -> None:
    row = Session.objects.get(key_hash=hashed(key_of(client)))
    signed_in(user).post(reverse("end_session", args=[row.pk]))


def end_others_from_another(_client: Client, user: User) -> None:
    signed_in(user).post(reverse("end_other_sessions"))


def end_all_of_an_account(_client: Client, user: User) -> None:
    accounts.end_other_sessions(user=user, current_key=None)


def change_key(client: Client, _user: User) -> None:
    store = SessionStore(key_of(client))
    store.cycle_key()
    store.save()


def restore(_client: Client, _user: User) -> None:
    sessions.end_all(settings.VAR)


@pytest.mark.parametrize(
    "end",
    [
        sign_out,
        end_from_another,
        end_others_from_another,
        end_all_of_an_account,
        change_key,
        restore,
    ],
)
def test_a_session_that_ended_stays_ended_when_its_row_is_put_back(resident: User, end: Any) -> None:
    client = signed_in(resident)
    assert is_in(client)
    stolen, copy = Client(), kept("accounts_session")
    stolen.cookies[COOKIE] = key_of(client)
    end(client, resident)
    put_back(copy)
    assert not is_in(stolen)


def test_an_ended_session_put_back_with_its_account_opens_nothing(resident: User) -> None:
    client = signed_in(resident)
    stolen, copy = Client(), kept("accounts_session", "accounts_user")
    stolen.cookies[COOKIE] = key_of(client)
    sign_out(client, resident)
    put_back(copy)
    assert not is_in(stolen)


def test_an_ended_session_keeps_no_visit_at_the_desk_open() -> None:
    agent = AgentFactory(at_desk=True)
    client = signed_in(agent)
    row, copy = Session.objects.get(user=agent), kept("accounts_session")
    visit = desk.open_vault(agent=agent, session=row, name="Rosa Delmas", token=uuid4())
    sign_out(client, agent)
    put_back(copy)
    assert not may_help_at_desk(visit, agent)


def test_a_changed_session_is_no_session_and_alerts(resident: User, caplog: pytest.LogCaptureFixture) -> None:
    client = signed_in(resident)
    write_into(client, voter={})
    page = client.get(reverse("account"))
    assert page.status_code == 302 and page["Location"].startswith(reverse("account_login"))
    assert client.get(reverse("home")).status_code == 200
    assert "row_refused" in [entry.event for entry in journal.entries(resident_id=resident.pk, limit=3)]
    assert any("not what the portal wrote" in record.message for record in caplog.records)


def test_only_what_begins_or_ends_a_session_writes_a_leaf(resident: User) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client, before = signed_in(resident), leaves(resident)
        clock.shift(timedelta(minutes=5))
        client.post(reverse("change_name"), {"name": resident.name})
        assert is_in(client) and leaves(resident) == before, "a request"
        clock.shift(timedelta(hours=13))
        SessionStore.clear_expired()
        assert not is_in(client) and leaves(resident) == before, "an expiry and the purge"
        client = signed_in(resident)
        assert leaves(resident) == before + 1
        sign_out(client, resident)
        assert leaves(resident) == before + 2
        asks_for_a_code(resident.email)
        assert leaves(resident) == before + 2, "a visitor"


def test_another_session_that_was_changed_is_not_listed_and_alerts(
    resident: User, caplog: pytest.LogCaptureFixture, django_capture_on_commit_callbacks: Any
) -> None:
    client, other = signed_in(resident), signed_in(resident)
    sql("UPDATE accounts_session SET device = 'Firefox/' WHERE key_hash = %s", hashed(key_of(other)))
    with django_capture_on_commit_callbacks(execute=True):
        page = client.get(reverse("sessions"))
    assert page.status_code == 200 and [one.pk for one in page.context["sessions"]] == [page.context["current"]]
    assert any("not what the portal wrote" in record.message for record in caplog.records)


def test_a_session_that_an_account_put_back_would_begin_answers_503(
    resident: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, code = asks_for_a_code(resident.email)
    copy = kept("accounts_user")
    accounts.change_name(user=resident, name="Awa D.")
    put_back(copy)
    monkeypatch.setattr(Accounts, "check", lambda self, account, text=None: State.read("0:: "))
    page = client.post(reverse("account_confirm_login_code"), {"code": code})
    assert page.status_code == 503 and SessionStore(key_of(client)).get("_auth_user_id") is None
