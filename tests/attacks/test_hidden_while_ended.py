"""A row that somebody makes look ended, while its owner ends it, is not taken for one that ended.

Whoever writes as the portal's role changes one column, keeps the MAC, and writes the former value back afterwards: the
row is then genuine again. So a verb that ends something refuses a row that is not as the portal wrote it.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from http import HTTPStatus
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from accounts.actions import accounts, identities, pending
from accounts.models import Nomination, User
from accounts.sign_in.openid import Identity
from core.rows import Forged
from tests.accounts.factories import AgentFactory, signed_in
from tests.attacks.test_written_rows import INCOME
from tests.vault.couples import TRIED, agreed, couple, granted
from tests.vault.entrusted import said
from tests.vault.made import HOME, add, add_signed_notice
from tests.vault.records.test_bulk import operation, write
from tests.vault.shown import PARTS, linked
from vault.holders.actions import connections
from vault.holders.models import Connection
from vault.records import actions
from vault.records.actions import grants
from vault.records.enums import HouseholdRole
from vault.records.grants import agreements
from vault.records.models import Grant, Record
from vault.sharing.actions import household, links, mandates

pytestmark = pytest.mark.django_db
#: Tables in which nothing is put back: the database takes the MAC away, or refuses.
WRITTEN_ONCE = {"accounts_nomination", "accounts_pendingaccount", "sharing_invitation", "sharing_member"}


def change(table: str, columns: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone()[0] == "web", "the attacker has the portal's own role"
        cursor.execute(f"UPDATE {table} SET {columns}")
        assert cursor.rowcount > 0, "the attack reached nothing"


class Ending(NamedTuple):
    """What somebody writes in a table, what they write back, and the act of its owner."""

    table: str
    hidden: str
    shown: str
    act: Callable[[], object]


@pytest.fixture
def giver(resident: User, monkeypatch: pytest.MonkeyPatch) -> User:
    monkeypatch.setitem(agreements._agreements, TRIED.code, TRIED)
    add_signed_notice(resident)
    add(resident, "logement.domicile", HOME)
    return resident


def of_a_grant(verb: Callable[..., Grant], column: str = "stopped_at", **more: Any) -> Callable[..., Ending]:
    def made(giver: User, stranger: User) -> Ending:
        grant = granted(giver, INCOME, PARTS)
        return Ending(
            "records_grant", f"{column} = now()", f"{column} = NULL", lambda: verb(grant=grant, by=giver.pk, **more)
        )

    return made


def a_renewed_grant(giver: User, stranger: User) -> Ending:
    couple(giver, stranger)
    agreed(giver, stranger, "tried", "income")
    return Ending(
        "records_grant", "stopped_at = now()", "stopped_at = NULL", lambda: agreed(giver, stranger, "tried", "income")
    )


def all_links(giver: User, stranger: User) -> Ending:
    linked(giver, INCOME)
    return Ending(
        "records_grant",
        "stopped_at = now()",
        "stopped_at = NULL",
        lambda: links.stop_all(resident_id=giver.pk, by=giver.pk),
    )


def of_a_household(table: str, column: str) -> Callable[..., Ending]:
    def made(giver: User, stranger: User) -> Ending:
        couple(giver, stranger)
        agreed(giver, stranger, "tried", "income")
        return Ending(
            table,
            f"{column} = now()",
            f"{column} = NULL",
            lambda: household.leave(resident_id=giver.pk, by=giver.pk),
        )

    return made


def an_invitation(giver: User, stranger: User) -> Ending:
    household.invite(resident_id=giver.pk, by=giver.pk, role=HouseholdRole.PARTNER)
    return Ending(
        "sharing_invitation",
        "cancelled_at = now()",
        "cancelled_at = NULL",
        lambda: household.cancel_invitation(resident_id=giver.pk, by=giver.pk),
    )


def a_code(giver: User, stranger: User) -> Ending:
    said(giver, "home")
    return Ending(
        "sharing_appointment",
        "cancelled_at = now()",
        "cancelled_at = NULL",
        lambda: mandates.cancel_code(resident_id=giver.pk, by=giver.pk),
    )


def a_connection(giver: User, stranger: User) -> Ending:
    with scope(resident=giver.pk):
        row = Connection(pk=uuid4(), resident_id=giver.pk, connector="caf", holder="caf", state="active")
        row.datasets, row.expires_on, row.unattended = ["quotient"], date(2999, 1, 1), True
        connections.seal_content(row, {"kept": {}, "reached": {}, "outcomes": {}})
        row.save(force_insert=True)
    return Ending(
        "holders_connection",
        "state = 'stopped'",
        "state = 'active'",
        lambda: connections.stop(connection=row, by=giver.pk),
    )


def a_value(giver: User, stranger: User) -> Ending:
    with scope(resident=giver.pk):
        record = Record.objects.current().get(type="logement.domicile")
    return Ending(
        "records_record",
        "withdrawn_at = now()",
        "withdrawn_at = NULL",
        lambda: actions.withdraw_record(record=record, by=giver.pk),
    )


def data(giver: User, stranger: User) -> Ending:
    write(giver, operation("-1.00"))
    return Ending(
        "records_record",
        "withdrawn_at = now()",
        "withdrawn_at = NULL",
        lambda: actions.withdraw_data(resident_id=giver.pk, by=giver.pk, type_code="banque.operation"),
    )


def an_identity(giver: User, stranger: User) -> Ending:
    identities.link(user=giver, identity=Identity("franceconnect", "une", "eidas1"))
    return Ending(
        "socialaccount_socialaccount",
        "provider = 'x'",
        "provider = 'franceconnect'",
        lambda: identities.unlink(user=giver, provider="franceconnect", current_key=None),
    )


def an_agents_invitation(giver: User, stranger: User) -> Ending:
    agent, manager = AgentFactory(), AgentFactory(manages_agents=True)
    identities.invite(agent=agent, by=manager)
    return Ending(
        "accounts_invitation",
        "used_at = now()",
        "used_at = NULL",
        lambda: identities.invite(agent=agent, by=manager),
    )


def an_offered_account(giver: User, stranger: User) -> Ending:
    def offer() -> object:
        return pending.offer(email="z@ville.example", name="Zoé", by=manager, link=str)

    manager = AgentFactory(manages_agents=True)
    offer()
    return Ending("accounts_pendingaccount", "withdrawn_at = now()", "withdrawn_at = NULL", offer)


def an_agent(giver: User, stranger: User) -> Ending:
    agent, manager = AgentFactory(), AgentFactory(manages_agents=True)
    assert Nomination.objects.filter(person=agent, ended_at=None).exists()
    return Ending(
        "accounts_nomination",
        f"ended_at = CASE WHEN person_id = '{agent.pk}' THEN now() ELSE ended_at END",
        f"ended_at = CASE WHEN person_id = '{agent.pk}' THEN NULL ELSE ended_at END",
        lambda: accounts.close_agent(agent=agent, by=manager),
    )


ENDINGS = [
    of_a_grant(grants.stop),
    of_a_grant(grants.pause, "paused_at"),
    of_a_grant(grants.take_out, line=PARTS),
    of_a_grant(grants.shorten, ends_at=timezone.now() + timedelta(days=1)),
    a_renewed_grant,
    all_links,
    of_a_household("records_grant", "stopped_at"),
    of_a_household("sharing_member", "left_at"),
    an_invitation,
    a_code,
    a_connection,
    a_value,
    data,
    an_identity,
    an_agents_invitation,
    an_offered_account,
    an_agent,
]


@pytest.mark.parametrize("made", ENDINGS)
def test_what_somebody_made_look_ended_is_not_taken_for_ended(
    giver: User, stranger: User, made: Callable[..., Ending]
) -> None:
    table, hidden, shown, act = made(giver, stranger)
    change(table, hidden)
    with pytest.raises(Forged):
        act()
    if table in WRITTEN_ONCE:
        with suppress(DatabaseError), transaction.atomic():
            change(table, shown)
        with pytest.raises(Forged):
            act()
    else:
        change(table, shown)
        act()


def test_the_list_of_shares_shows_no_share_as_stopped_that_goes_on(giver: User) -> None:
    granted(giver, INCOME, PARTS)
    browser = signed_in(giver)
    assert browser.get(reverse("sharing:shares")).status_code == HTTPStatus.OK
    change("records_grant", "stopped_at = now()")
    assert browser.get(reverse("sharing:shares")).status_code == HTTPStatus.SERVICE_UNAVAILABLE
