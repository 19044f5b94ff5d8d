"""One person, with or without the portal's role in the database, while another's account, place or act is hidden.

A row that a query misses for a moment is genuine again once its column is written back, or the row inserted again. So
what decides is found by columns that never change, and in rows that nobody deletes.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.urls import reverse

from accounts.actions import city_decisions, members, notices, pending
from accounts.models import (
    CityDecision,
    Membership,
    Organisation,
    PendingAccount,
    Publisher,
    PublisherMember,
    PublisherRole,
    User,
)
from accounts.two_persons import NotTwo, find_account_makers
from campaigns.panel.actions import panels
from certification.labels.actions import requests
from certification.labels.models import Label, LabelRequest
from certification.labels.states import NotNow
from core.rows import Forged
from tests.accounts.factories import AgentFactory, CompanionFactory, signed_in
from tests.attacks.insider import town  # noqa: F401 - a fixture
from tests.attacks.test_insider_behind_accounts import MINE, offered
from tests.attacks.test_rows_put_back import kept, put_back, sql
from tests.campaigns.panel import seated
from tests.certification import made

pytestmark = pytest.mark.django_db
REFUSED = (PermissionDenied, NotTwo, Forged, DatabaseError, NotNow, ValueError)


@pytest.fixture
def manager(db: None) -> User:
    return AgentFactory(name="Agathe", manages_agents=True, at_desk=True)


@contextmanager
def hidden(statement: str, *tables: str) -> Iterator[None]:
    """Hide rows by a statement meanwhile, and put these tables back. The database may refuse either."""
    copy = kept(*tables)
    try:
        with transaction.atomic():
            sql(statement)
    except DatabaseError:
        copy = {}
    yield
    put_back(copy)


def attempted(act: Any, **arguments: Any) -> None:
    """Call a verb, which may refuse."""
    with suppress(*REFUSED), transaction.atomic():
        act(**arguments)


def test_who_offered_an_account_first_takes_no_part_after_another_offered_it_again(manager, mailoutbox, client):
    """The second manager, in good faith, posts what the first one did: one offer replaces the other."""
    house, page = made.publisher(), reverse("admin:accounts_publishermember_add")
    form = {"name": "Odile Roux", "email": MINE, "publisher": house.pk, "role": "owner"}
    signed_in(manager).post(page, form)
    owner = offered(
        AgentFactory(name="Noé", manages_agents=True),
        "admin:accounts_publishermember_add",
        mailoutbox,
        client,
        publisher=house.pk,
        role="owner",
    )
    assert manager in find_account_makers(owner)
    request = made.proposed(owner, made.service(owner, house), AgentFactory(name="Camille"))
    with pytest.raises(PermissionDenied):
        requests.accept(request=request, by=manager, reasons="Tout est rempli.")


def test_an_offer_that_nobody_opened_to_somebody_who_is_there_keeps_nobody_apart(manager):
    """Or one manager would keep two others from deciding together, by mistake or not."""
    colleague = AgentFactory(name="Diane")
    pending.offer(email=colleague.email, name="Diane", by=manager, link=str)
    assert find_account_makers(colleague) == set()


def test_who_is_behind_a_publisher_is_known_while_its_members_are_hidden(manager, mailoutbox, client):
    house = made.publisher()
    page = "admin:accounts_publishermember_add"
    owner = offered(manager, page, mailoutbox, client, publisher=house.pk, role="owner")
    request = made.proposed(owner, made.service(owner, house), AgentFactory(name="Camille"))
    with hidden("DELETE FROM accounts_publishermember", "accounts_publishermember"):
        attempted(requests.accept, request=request, by=manager, reasons="Tout est rempli.")
    assert not Label.objects.exists()


def test_nobody_adds_alone_a_member_of_a_publisher_whose_members_are_hidden(manager):
    house = made.publisher()
    made.member(house)
    tables = ("accounts_publisherpermission", "accounts_publishermember")
    with hidden("DELETE FROM accounts_publishermember", *tables):
        attempted(members.add, by=manager, email=MINE, name="Moi", where=house, link=str, role=PublisherRole.OWNER)
    assert not PendingAccount.objects.filter(email=MINE).exists()


def test_nobody_adds_alone_a_companion_of_an_organisation_whose_companions_are_hidden(manager):
    CompanionFactory(name="Théo Lassalle", organisation="Un Toit")
    house = Organisation.objects.get()
    with hidden("UPDATE accounts_user SET is_companion = false", "accounts_user"):
        attempted(members.add, by=manager, email=MINE, name="Moi", where=house, link=str)
    assert not PendingAccount.objects.filter(email=MINE).exists()


def test_a_first_account_is_offered_once(manager):
    """Also once who opened it is gone from the table."""
    house = made.publisher()
    row = pending.offer(email=MINE, name="Odile", by=manager, link=str, publisher=house, role=PublisherRole.OWNER)
    with transaction.atomic():
        assert pending.is_first(where=house, email=MINE), "nobody opened it yet"
        PendingAccount.objects.filter(pk=row.pk).update(opened_at=row.offered_at, account=AgentFactory())
        assert not pending.is_first(where=house, email=MINE)


@pytest.mark.parametrize("place", ["membership", "officemember", "publishermember", "user"])
def test_an_access_that_a_manager_ends_is_ended_though_it_was_hidden(manager, place):
    """Or else the page says so, of whom."""
    two = {
        "membership": lambda: [CompanionFactory(name=f"Théo {n}").memberships.get() for n in range(2)],
        "officemember": lambda: [_member_of_an_office(n) for n in range(2)],
        "publishermember": lambda: [_member_of_a_publisher(n) for n in range(2)],
        "user": lambda: [AgentFactory(name=f"Zoé {n}") for n in range(2)],
    }[place]()
    gone = two[1]
    person = gone if isinstance(gone, User) else gone.person
    statement = (
        f"DELETE FROM accounts_publishermember WHERE id = '{gone.pk}'"
        if place == "publishermember"
        else f"UPDATE accounts_user SET is_staff = false, is_companion = false WHERE id = '{person.pk}'"
    )
    action = "close" if place == "user" else "end"
    form = {"action": action, "_selected_action": [one.pk for one in two], "confirmed": "1"}
    with hidden(statement, "accounts_user", "accounts_publishermember"):
        signed_in(manager).post(reverse(f"admin:accounts_{place}_changelist"), form)
    after = type(gone).objects.get(pk=gone.pk)
    assert not after.is_active if isinstance(after, User) else after.ended_at is not None


def _member_of_an_office(number: int) -> Membership:
    office, _made = Organisation.objects.get_or_create(
        name="Éducation", defaults={"receives": True, "address": "1 rue du Lac", "phone": "04 65 71 20 18"}
    )
    return Membership.objects.create(person=AgentFactory(name=f"Zoé {number}"), organisation=office)


def _member_of_a_publisher(number: int) -> PublisherMember:
    house = Publisher.objects.first() or made.publisher()
    return made.member(house, email=f"membre{number}@untoit.example").publisher_memberships.get()


@pytest.mark.parametrize("place", ["membership", "user"])
def test_a_page_does_not_say_that_it_ended_what_it_did_not_find(manager, place):
    """One that left the list meanwhile: the filter of the list, or of the page, no longer has it."""
    one = CompanionFactory().memberships.get() if place == "membership" else AgentFactory()
    action = "close" if place == "user" else "end"
    gone = "00000000-0000-4000-8000-000000000001"
    form = {"action": action, "_selected_action": [one.pk, gone], "confirmed": "1"}
    page = signed_in(manager).post(reverse(f"admin:accounts_{place}_changelist"), form, follow=True)
    said = page.content.decode()
    assert "C’est fait." not in said and "Rien n’a changé" in said
    after = type(one).objects.get(pk=one.pk)
    assert after.is_active if isinstance(after, User) else after.ended_at is None


def test_nobody_names_alone_an_association_behind_which_they_are(manager, mailoutbox, client, resident):
    house, panel = Organisation.objects.create(name="Un Toit"), seated.seated(resident)
    offered(manager, "admin:accounts_membership_add", mailoutbox, client, organisation=house.pk)
    CompanionFactory(name="Théo Lassalle", organisation="Un Toit")
    statement = f"UPDATE accounts_user SET is_companion = false WHERE email = '{MINE}'"
    with hidden(statement, "accounts_user"):
        attempted(panels.name_association, panel=panel, organisation=house, by=manager)
    assert not panel.associations.exists()


def test_who_offered_an_account_that_was_closed_since_does_not_name_its_association(
    manager, mailoutbox, client, resident
):
    house, panel = Organisation.objects.create(name="Un Toit"), seated.seated(resident)
    mine = offered(manager, "admin:accounts_membership_add", mailoutbox, client, organisation=house.pk)
    CompanionFactory(name="Théo Lassalle", organisation="Un Toit")
    sql("UPDATE accounts_user SET is_active = false WHERE id = %s", mine.pk)
    attempted(panels.name_association, panel=panel, organisation=house, by=manager)
    assert not panel.associations.exists()


def test_nobody_takes_the_name_of_a_colleague_who_is_hidden():
    AgentFactory(name="Diane Roche")
    with hidden("UPDATE accounts_user SET is_staff = false WHERE name = 'Diane Roche'", "accounts_user"):
        assert User.objects.is_a_colleagues_name("Diane Roche")


def test_no_label_is_granted_on_reviews_that_were_deleted_since():
    house, instructor = made.publisher(), AgentFactory(name="Camille")
    owner = made.member(house)
    request = made.proposed(owner, made.service(owner, house), instructor)
    with suppress(DatabaseError), transaction.atomic():
        sql("DELETE FROM labels_review")
    read = LabelRequest.objects.get(pk=request.pk)
    attempted(requests.accept, request=read, by=AgentFactory(name="Diane"), reasons="Tout est rempli.")
    assert not Label.objects.exists() or read.reviews.exists()


@pytest.mark.django_db(transaction=True)
def test_no_label_is_granted_without_a_review_of_each_criterion(databases):
    """Also where whoever owns the table deleted them."""
    house, instructor = made.publisher(), AgentFactory(name="Camille")
    owner = made.member(house)
    request = made.proposed(owner, made.service(owner, house), instructor)
    databases.admin.execute("DELETE FROM labels_review")
    with pytest.raises(requests.Incomplete):
        requests.accept(request=request, by=AgentFactory(name="Diane"), reasons="Tout est rempli.")


def test_a_refused_decision_of_the_city_is_not_forgotten(manager):
    other = AgentFactory(manages_agents=True)
    city_decisions.change(what="phone", value="01 99 00 66 66", by=manager)
    [asked] = CityDecision.objects.all()
    city_decisions.decide(decision=asked, by=other, agree=False)
    with suppress(DatabaseError), transaction.atomic():
        sql("DELETE FROM accounts_citydecision")
    city_decisions.change(what="phone", value="01 99 00 77 77", by=manager)
    [again] = CityDecision.objects.filter(decided_at=None)
    page = signed_in(other).get(reverse("city_decision", args=[again.pk])).content.decode()
    assert "refus" in page.lower() and CityDecision.objects.count() == 2


def test_whoever_governs_is_told_though_they_were_hidden(manager, mailoutbox):
    hidden_one = AgentFactory(name="Diane", manages_agents=True)
    city_decisions.change(what="phone", value="01 99 00 66 66", by=manager)
    columns = "is_staff = false, is_active = false, is_superuser = false"
    with hidden(f"UPDATE accounts_user SET {columns} WHERE id = '{hidden_one.pk}'", "accounts_user"):
        mailoutbox.clear()
        with suppress(*REFUSED):
            notices.notify_decisions()
    with suppress(*REFUSED):
        notices.notify_decisions()
    assert hidden_one.email in {one for letter in mailoutbox for one in letter.to}
    assert re.search("deux", mailoutbox[0].subject + mailoutbox[0].body)
