"""Sessions: the table's content opens none, each one expires, and users can end only their own."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.actions import accounts as actions
from accounts.models import Lifetime, Session
from accounts.sign_in.sessions import SessionStore, hashed
from accounts.tasks import purge_sessions
from tests.accounts.factories import AgentFactory, ResidentFactory, signed_in

pytestmark = pytest.mark.django_db
COOKIE = settings.SESSION_COOKIE_NAME


def is_in(client):
    return client.get(reverse("account")).status_code == 200


def with_cookie(value):
    client = Client()
    client.cookies[COOKIE] = value
    return client


def test_the_tables_content_does_not_open_a_session(resident):
    client = signed_in(resident)
    key = client.cookies[COOKIE].value
    row = Session.objects.get(user=resident)

    assert key not in json.dumps([str(value) for value in vars(row).values()]) and key.encode() not in bytes(row.data)
    for stolen in (row.key_hash, str(row.pk), bytes(row.data).hex()):
        assert not is_in(with_cookie(stolen))
    assert is_in(with_cookie(key))


def test_session_data_cannot_be_read_from_the_table(resident):
    store = SessionStore()
    store["code"] = "a pending code"
    store.save()
    row = Session.objects.get(key_hash=hashed(store.session_key or ""))
    assert b"pending" not in bytes(row.data)
    assert SessionStore(store.session_key)["code"] == "a pending code"


def test_messages_are_in_the_session_not_in_a_cookie(resident):
    """Django's own storage writes them, readable, into a cookie."""
    client = signed_in(resident)
    client.post(reverse("change_name"), {"name": "Awa Diop"})
    assert set(client.cookies) <= {COOKIE, settings.CSRF_COOKIE_NAME}
    assert "Votre nom est changé." in client.get(reverse("account")).content.decode()
    assert "Votre nom est changé." not in client.get(reverse("account")).content.decode()


def test_a_sessions_data_cannot_be_decrypted_by_another():
    mine, other = SessionStore(), SessionStore()
    mine["who"] = "me"
    for store in (mine, other):
        store.save()
    Session.objects.filter(key_hash=hashed(other.session_key or "")).update(
        data=Session.objects.get(key_hash=hashed(mine.session_key or "")).data
    )
    assert dict(SessionStore(other.session_key).items()) == {}


def test_signing_in_replaces_the_key(resident):
    client = Client()
    client.post(reverse("account_login"), {"email": resident.email})
    before = client.cookies[COOKIE].value
    client.force_login(resident)

    assert client.cookies[COOKIE].value != before
    assert not is_in(with_cookie(before))
    assert not Session.objects.filter(key_hash=hashed(before)).exists()


def test_signing_out_ends_the_session_on_the_server(resident):
    client = signed_in(resident)
    key = client.cookies[COOKIE].value
    client.post(reverse("account_logout"))
    assert not is_in(with_cookie(key))


def test_opening_the_sign_out_page_ends_no_session(resident):
    client = signed_in(resident)
    assert client.get(reverse("account_logout")).status_code == 200
    assert is_in(client)


def test_the_cookie_ends_with_the_browser_and_is_hidden_from_scripts(resident):
    client = Client()
    client.post(reverse("account_login"), {"email": resident.email})
    cookie = client.cookies[COOKIE]
    assert (cookie["max-age"], cookie["expires"]) == ("", "")
    assert cookie["httponly"] and cookie["samesite"] == "Lax"


@pytest.mark.parametrize(("make", "lifetime"), [(ResidentFactory, Lifetime.RESIDENT), (AgentFactory, Lifetime.AGENT)])
def test_an_idle_session_ends(make, lifetime):
    idle, _absolute = lifetime
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client = signed_in(make())
        clock.shift(idle - timedelta(minutes=2))
        assert is_in(client)
        clock.shift(idle + timedelta(minutes=2))
        assert not is_in(client)


@pytest.mark.parametrize(("make", "lifetime"), [(ResidentFactory, Lifetime.RESIDENT), (AgentFactory, Lifetime.AGENT)])
def test_an_active_session_ends_after_its_maximum(make, lifetime):
    idle, absolute = lifetime
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client = signed_in(make())
        steps = int(absolute / (idle / 2))
        for _step in range(steps - 1):
            clock.shift(idle / 2)
            assert is_in(client)
        clock.shift(idle / 2 + timedelta(minutes=1))
        assert not is_in(client)


def test_changing_the_password_does_not_lengthen_the_session(resident):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client = signed_in(resident)
        started = Session.objects.get(user=resident).started_at
        clock.shift(300)
        client.post(reverse("account_change_password"), {"password": "quatre mots au hasard"})
        assert is_in(client)
        assert Session.objects.get(user=resident).started_at == started


def test_closing_an_account_ends_its_sessions(agent):
    client = signed_in(agent)
    assert is_in(client)
    actions.close_agent(agent=agent, by=AgentFactory(manages_agents=True))
    assert not is_in(client)
    assert not Session.objects.filter(user=agent).exists()


def test_an_account_closed_in_the_database_is_signed_out(resident):
    client = signed_in(resident)
    type(resident).objects.filter(pk=resident.pk).update(is_active=False)
    assert not is_in(client)


def test_the_purge_deletes_only_expired_sessions(resident, agent):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        signed_in(agent)
        visitor = SessionStore()
        visitor.save()
        clock.shift(timedelta(minutes=121))
        signed_in(resident)
        call_command("purge_sessions")
        assert [session.user for session in Session.objects.all()] == [resident]


def test_the_scheduler_purges_too(resident):
    assert settings.CELERY_BEAT_SCHEDULE["purge_sessions"]["task"] == purge_sessions.name
    with time_machine.travel(timezone.now(), tick=False) as clock:
        signed_in(resident)
        clock.shift(timedelta(hours=13))
        purge_sessions()
    assert not Session.objects.exists()


def test_the_page_lists_my_sessions_only_and_marks_this_one(resident, stranger):
    client = signed_in(resident, client=Client(HTTP_USER_AGENT="Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"))
    other = signed_in(resident)
    signed_in(stranger)
    response = client.get(reverse("sessions"))
    assert {session.user_id for session in response.context["sessions"]} == {resident.pk}
    assert len(response.context["sessions"]) == 2
    current = Session.objects.get(key_hash=hashed(client.cookies[COOKIE].value))
    assert response.context["current"] == current.pk
    assert reverse("end_session", args=[current.pk]) not in response.content.decode()
    assert is_in(other)


def test_ending_one_session_leaves_the_others(resident):
    client, lost, third = signed_in(resident), signed_in(resident), signed_in(resident)
    lost_row = Session.objects.get(key_hash=hashed(lost.cookies[COOKIE].value))
    assert client.post(reverse("end_session", args=[lost_row.pk]))["Location"] == reverse("sessions")
    assert (is_in(client), is_in(lost), is_in(third)) == (True, False, True)


def test_ending_this_session_signs_out(resident):
    client = signed_in(resident)
    client.post(reverse("end_session", args=[Session.objects.get(user=resident).pk]))
    assert not is_in(client)


def test_ending_all_the_others(resident, stranger):
    client, lost, bystander = signed_in(resident), signed_in(resident), signed_in(stranger)
    client.post(reverse("end_other_sessions"))
    assert (is_in(client), is_in(lost), is_in(bystander)) == (True, False, True)


@pytest.mark.parametrize(
    ("who", "status", "survives"),
    [("owner", 302, False), ("stranger", 404, True), ("agent", 404, True), ("nobody", 302, True)],
)
def test_only_its_user_may_end_a_session(resident, stranger, agent, who, status, survives):
    victim = signed_in(resident)
    row = Session.objects.get(user=resident)
    people = {"owner": resident, "stranger": stranger, "agent": agent}
    client = signed_in(people[who]) if who in people else Client()
    assert client.post(reverse("end_session", args=[row.pk])).status_code == status
    assert is_in(victim) == survives


def test_sessions_end_by_post_only(resident):
    client = signed_in(resident)
    row = Session.objects.get(user=resident)
    assert client.get(reverse("end_session", args=[row.pk])).status_code == 405
    assert client.get(reverse("end_other_sessions")).status_code == 405
    assert is_in(client)
