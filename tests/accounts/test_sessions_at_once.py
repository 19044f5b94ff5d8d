"""Sessions of one account that begin, go on and end at the same time: none is lost, none is forged, nothing waits."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.actions import accounts, places
from accounts.models import Membership, Session, User
from accounts.sign_in import sessions
from accounts.sign_in.sessions import SessionStore
from core import rows
from core.database import locks
from tests.accounts.factories import CompanionFactory, signed_in
from tests.accounts.soft_key import SoftKey
from tests.accounts.test_passkeys import browser, is_in, options_of
from tests.at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)
SIX = 6


def together(*work: Callable[[], object]) -> list[BaseException]:
    """Run these at once, each with a connection of its own. Return what they raised."""
    waiting, barrier = list(work), threading.Barrier(len(work))
    raised: list[BaseException] = []

    def run() -> None:
        one = waiting.pop()
        barrier.wait()
        try:
            one()
        except Exception as error:  # noqa: BLE001 - whatever it is
            raised.append(error)

    at_once(run, times=len(work))
    return raised


def key_of(client: Client) -> str:
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def all_is_well() -> bool:
    return not list(rows.forged_rows()) and not list(rows.put_back())


def test_six_sign_ins_at_once_are_six_sessions(resident: User) -> None:
    clients: list[Client] = []
    assert together(*[lambda: clients.append(signed_in(resident))] * SIX) == []
    assert all(is_in(client) for client in clients) and len(clients) == SIX
    assert len(User.objects.get(pk=resident.pk).live_sessions) == SIX and all_is_well()


def test_requests_of_one_session_at_once_leave_it_genuine(resident: User) -> None:
    client = signed_in(resident)
    Session.objects.update(last_seen_at=timezone.now() - timedelta(minutes=5))

    def request(number: int) -> None:
        store = SessionStore(key_of(client))
        store[f"value {number}"] = number
        store.save()
        seen = SessionStore(key_of(client))
        seen.load()
        seen.seen()

    assert together(*[lambda n=n: request(n) for n in range(SIX)]) == []
    assert is_in(client) and all_is_well()


def test_a_session_that_ends_during_a_request_does_not_come_back(resident: User) -> None:
    client = signed_in(resident)
    store = SessionStore(key_of(client))
    store["value"] = 1
    accounts.end_other_sessions(user=resident, current_key=None)
    assert together(store.save) and together(store.seen) == []
    assert not is_in(client) and not Session.objects.exists() and all_is_well()


def test_a_session_that_ends_while_its_key_changes_does_not_go_on(resident: User) -> None:
    client = signed_in(resident)
    store = SessionStore(key_of(client))
    store.cycle_key()
    accounts.end_other_sessions(user=resident, current_key=None)
    with pytest.raises(UpdateError):
        store.save()
    assert not Session.objects.exists() and all_is_well()


def test_signing_in_waits_for_no_other_change_of_the_account_forever(resident: User) -> None:
    """Each of these locks the account's row and its chain: in the same order, or two of them would stop each other."""
    clients = [signed_in(resident) for _ in range(3)]

    def rename(number: int) -> None:
        accounts.change_name(user=User.objects.get(pk=resident.pk), name=f"Awa {number}")

    # Its session may be ended meanwhile, as any other: the form is then answered by a page to sign in.
    adding = signed_in(resident, client=browser())
    options = options_of(adding.get(reverse("mfa_add_webauthn")))
    form = {"name": "Téléphone", "credential": SoftKey().create(options)}
    work: list[Callable[[], object]] = [lambda: adding.post(reverse("mfa_add_webauthn"), form)]
    for number in range(3):
        work += [
            lambda: signed_in(resident),
            lambda n=number: rename(n),  # type: ignore[misc]
            lambda n=number: clients[n].post(reverse("account_logout")),  # type: ignore[misc]
            lambda: accounts.forget_second_factor(user=resident, current_key=key_of(clients[0])),
        ]
    assert together(*work) == []
    assert all_is_well()


def sign_in(user: User) -> None:
    signed_in(user)


def forget_second_factor(user: User) -> None:
    accounts.forget_second_factor(user=user)


def end_place(user: User) -> None:
    places.end(place=Membership.objects.get(person=user))


def set_password(user: User) -> None:
    accounts.set_password(user=user, password="quatre mots au hasard", current_key=None)


def change_address(user: User) -> None:
    accounts.change_sign_in_address(user=user, email="nouvelle@courriel.example", current_key=None)


def sign_out(user: User) -> None:
    sessions.end(Session.objects.filter(user=user))


@pytest.mark.parametrize("act", [sign_in, forget_second_factor, end_place, set_password, change_address, sign_out])
def test_each_act_on_sessions_locks_the_accounts_row_before_its_chain(act: Callable[[User], None]) -> None:
    user = CompanionFactory()
    signed_in(user)
    with CaptureQueriesContext(connection) as queries:
        act(user)
    asked = [query["sql"] for query in queries]
    row = next(n for n, sql in enumerate(asked) if '"accounts_user"' in sql and "FOR NO KEY UPDATE" in sql)
    chain = next(n for n, sql in enumerate(asked) if str(locks.key("account", user.pk)) in sql)
    assert row < chain
