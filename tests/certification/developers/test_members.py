"""Members of a publisher: invited and removed by the one who answers for it."""

import re

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.test import Client as Browser
from django.urls import reverse

from accounts.actions import members, pending
from accounts.models import PendingAccount, PublisherMember, PublisherRole
from tests.accounts.factories import AgentFactory, signed_in
from tests.certification.made import SIRETS, member, publisher
from tests.vault.shown import main

pytestmark = pytest.mark.django_db(transaction=True)
NEW = {"name": "Noé", "email": "noe@loyerjuste.example", "role": "developer"}


def page(name, *parts):
    return reverse(f"developers:{name}", args=parts)


def test_who_answers_for_the_publisher_invites_a_member_who_opens_the_account(owner, house):
    hers = signed_in(owner)
    assert "checked" not in hers.get(page("invite_member")).content.decode()
    assert hers.post(page("invite_member"), NEW).status_code == 302
    assert "noe@loyerjuste.example" in main(hers.get(page("members")))
    [letter] = mail.outbox
    found = re.search(r"/connexion/compte/[\w-]+/", str(letter.body))
    assert found
    Browser().post(found[0])
    place = PublisherMember.objects.current().get(person__email=NEW["email"])
    assert (place.publisher, place.role) == (house, PublisherRole.DEVELOPER)


def test_a_removed_member_is_signed_out_at_once(owner, developer, house):
    theirs = signed_in(developer)
    place = PublisherMember.objects.get(person=developer)
    hers = signed_in(owner)
    assert "Retirer" in main(hers.get(page("remove_member", place.pk)))
    hers.post(page("remove_member", place.pk))
    developer.refresh_from_db()
    assert not developer.is_active and theirs.get(page("members")).status_code == 302
    assert hers.get(page("remove_member", place.pk)).status_code == 404


def test_nobody_removes_themselves_or_anothers_member(owner, developer, house):
    mine = PublisherMember.objects.get(person=owner)
    other = PublisherMember.objects.get(person=member(publisher("Autre", SIRETS[1])))
    hers = signed_in(owner)
    assert hers.post(page("remove_member", mine.pk)).status_code == 404
    assert hers.post(page("remove_member", other.pk)).status_code == 404
    for place, by in ((mine, owner), (other, owner), (mine, developer)):
        with pytest.raises(PermissionDenied):
            members.remove(place=place, by=by)


def test_other_members_see_and_change_nothing(owner, developer, resident, client):
    theirs = signed_in(developer)
    shown = main(theirs.get(page("members")))
    assert owner.name in shown and "Le responsable invite" in shown
    assert theirs.get(page("invite_member")).status_code == theirs.post(page("invite_member"), NEW).status_code == 403
    for who in (resident, AgentFactory()):
        assert signed_in(who).get(page("members")).status_code == 403
    assert client.get(page("members")).status_code == 302
    with pytest.raises(PermissionDenied):
        members.invite(by=developer, email="x@x.example", name="X", role=PublisherRole.OWNER, link=str)


def test_inviting_tells_nothing_of_an_address_and_ends_no_other_offer(owner, resident):
    manager = AgentFactory(manages_agents=True)
    offered = pending.offer(email="agente@ville.example", name="Une agente", by=manager, link=str)
    hers = signed_in(owner)
    answers = [
        hers.post(page("invite_member"), {**NEW, "email": email}, follow=True)
        for email in (resident.email, "agente@ville.example", "personne@ville.example")
    ]
    assert len({answer.redirect_chain[-1] for answer in answers}) == 1
    offered.refresh_from_db()
    assert offered.withdrawn_at is None
    hers.post(page("invite_member"), {**NEW, "email": "personne@ville.example"})
    assert PendingAccount.objects.filter(email="personne@ville.example", withdrawn_at=None).count() == 1


def test_ten_invitations_a_day(owner):
    hers = signed_in(owner)
    for number in range(members.A_DAY):
        hers.post(page("invite_member"), {**NEW, "email": f"a{number}@loyerjuste.example"})
    refused = hers.post(page("invite_member"), NEW)
    assert "dix invitations" in main(refused) and len(mail.outbox) == members.A_DAY
