"""Publishers' members: added by who manages agents, they sign in with a second factor and see no vault."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from accounts.actions import pending, places
from accounts.actions.accounts import AddressTaken
from accounts.models import PendingAccount, Publisher, PublisherMember, PublisherRole, User
from accounts.models.publishers import check_siret
from tests.accounts.factories import AgentFactory, CompanionFactory, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def house():
    return Publisher.objects.create(name="Un Toit", siret="13002526500013")


def add(house, email="odile@untoit.example"):
    return places.add_member(email=email, name="Odile", publisher=house, role=PublisherRole.OWNER)


@pytest.mark.parametrize("siret", ["13002526500013", "35600000000048", "35600000049837"])
def test_a_siret_with_its_key_is_accepted(siret):
    check_siret(siret)


@pytest.mark.parametrize(
    "siret", ["13002526500014", "1300252650001", "130025265000131", "13002526500 13", "١٣٠٠٢٥٢٦٥٠٠٠١٣"]
)
def test_another_siret_is_refused(siret):
    with pytest.raises(ValidationError):
        check_siret(siret)


def test_a_member_opens_the_account_that_was_offered_to_their_address(house, client, mailoutbox):
    manager = AgentFactory(manages_agents=True)
    sent = {"name": "Odile", "email": "odile@untoit.example", "publisher": house.pk, "role": "owner"}
    signed_in(manager).post(reverse("admin:accounts_publishermember_add"), sent)
    assert "Un Toit" in mailoutbox[0].body
    tokens = []
    pending.offer(
        email="odile@untoit.example",
        name="Odile",
        publisher=house,
        role=PublisherRole.OWNER,
        by=manager,
        link=lambda token: tokens.append(token) or "http://localhost/",  # type: ignore[func-returns-value]
    )
    assert "Un Toit" in client.get(reverse("open_account", args=tokens)).content.decode()
    client.post(reverse("open_account", args=tokens))
    found = PublisherMember.objects.get()
    assert (found.person.email, found.role, found.person.is_publisher) == ("odile@untoit.example", "owner", True)
    assert PendingAccount.objects.exclude(opened_at=None).count() == 1


def test_a_member_needs_a_second_factor_and_gets_short_sessions(house):
    person = add(house).person
    assert person.works_for_others
    without = signed_in(person, second_factor=False)
    assert without.get(reverse("account"))["Location"].startswith(reverse("mfa_activate_totp"))


def test_a_member_sees_no_vault_and_no_agents_page(house):
    browser = signed_in(add(house).person)
    for name in ("records:home", "sharing:shares", "sharing:accompanying", "two_persons", "labels:inbox"):
        assert browser.get(reverse(name)).status_code == 403


def test_an_address_of_another_kind_of_user_is_taken(house, resident):
    for email in (resident.email, AgentFactory().email, CompanionFactory().email):
        with pytest.raises(AddressTaken):
            add(house, email)
    other = Publisher.objects.create(name="Autre", siret="21690123100011")
    add(house)
    with pytest.raises(AddressTaken):
        add(other)


def test_a_membership_that_ends_closes_the_account_and_a_new_one_opens_it_again(house):
    membership = add(house)
    browser = signed_in(membership.person)
    places.end(place=membership)
    assert browser.get(reverse("account")).status_code == 302
    assert places.of_member(membership.person) is None
    again = add(house)
    assert again.person == membership.person and User.objects.get(pk=again.person_id).is_active
