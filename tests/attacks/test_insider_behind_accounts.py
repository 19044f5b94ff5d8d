"""What one dishonest manager does with accounts that they offered to mailboxes of their own, outside the city's."""

import re
from contextlib import suppress
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from accounts.models import CityDecision, Membership, Organisation, Publisher, User
from accounts.two_persons import NotTwo
from campaigns.panel.actions import panels
from campaigns.panel.models import Opinion
from certification.labels.actions import complaints, requests
from certification.labels.models import Complaint, Label
from core.files.storage import sealed_storage
from core.files.uploads import SealedUpload
from tests.accounts.factories import TOTP_SECRET, AgentFactory, CompanionFactory, ResidentFactory, signed_in
from tests.attacks.insider import town  # noqa: F401 - a fixture
from tests.campaigns.panel import seated
from tests.certification import made
from tests.vault.at_desk import opened
from tests.vault.sharing.test_paper_mandates import hand_in
from vault.records.enums import GrantChannel, Mode
from vault.records.grants.terms import Terms
from vault.sharing.across import mandates
from vault.sharing.actions import desk

pytestmark = pytest.mark.django_db(transaction=True)
MINE = "moi@ailleurs.example"


@pytest.fixture
def manager(db):
    return AgentFactory(name="Agathe", manages_agents=True, at_desk=True)


def offered(manager: User, page: str, mailoutbox, client, **form) -> User:
    """Offer an account by the admin's page, open it by the e-mail, and set a second factor up."""
    mailoutbox.clear()
    signed_in(manager).post(reverse(page), {"name": "Odile Roux", "email": MINE} | form)
    [link] = re.findall(r"https?://[^/\s]+(/\S+)", mailoutbox[-1].body)[:1]
    client.post(link)
    person = User.objects.get(email=MINE)
    TOTP.activate(person, TOTP_SECRET)
    return person


@pytest.fixture
def owner(manager, mailoutbox, client):
    form = {"name": "Un Toit", "siret": made.SIRETS[0], "is_active": "on"}
    signed_in(manager).post(reverse("admin:accounts_publisher_add"), form)
    house = Publisher.objects.get()
    return offered(manager, "admin:accounts_publishermember_add", mailoutbox, client, publisher=house.pk, role="owner")


def test_who_offered_the_account_of_a_publisher_does_not_examine_its_request(manager, owner):
    """Two other agents decide on its label: docs/privacy.md, known weaknesses."""
    one = made.service(owner, Publisher.objects.get())
    with suppress(PermissionDenied, NotTwo):
        request = made.proposed(owner, one, manager)
        requests.accept(request=request, by=AgentFactory(name="Camille"), reasons="Tout est rempli.")
    assert not Label.objects.exists()


def test_who_offered_the_account_of_a_publisher_reads_no_report_on_its_service(manager, owner):
    """A report is never read by the publisher."""
    one, alma = made.service(owner, Publisher.objects.get()), ResidentFactory()
    report = complaints.complain(
        resident_id=alma.pk,
        by=alma.pk,
        service=one,
        about=next(iter(Complaint.About)),
        message="Il revend mon adresse.",
    )
    with pytest.raises(PermissionDenied):
        complaints.read(complaint=report, by=manager)


def test_who_offered_the_account_of_a_companion_gives_them_no_mandate_at_the_desk(manager, mailoutbox, client):
    """The scan may be any file: one person would read, for a year, a vault that they opened with its resident."""
    house = Organisation.objects.create(name="Un Toit")
    mine = offered(manager, "admin:accounts_membership_add", mailoutbox, client, organisation=house.pk)
    browser = signed_in(manager)
    visit = opened(manager, browser)
    hand_in(browser, visit, mine)
    assert mandates.live(mine) == []
    page = reverse("sharing:desk_mandate", args=[visit.pk])
    assert mine.name not in browser.get(page).content.decode(), "the page offers another companion only"
    with sealed_storage.create(resident_id=visit.resident_id) as sealed:
        sealed.write(b"any file")
    upload = SealedUpload(name="mandat.pdf", content_type="application/pdf", sealed=sealed)
    terms = Terms(["home"], Mode.LOOK, 1, channel=GrantChannel.DESK)
    said: dict[str, Any] = {
        "visit": visit,
        "membership_id": mine.memberships.get().pk,
        "terms": terms,
        "allowed": [],
        "keep": False,
    }
    with pytest.raises(PermissionDenied):
        desk.sign_on_paper(agent=manager, upload=upload, **said)


def test_nobody_alone_writes_an_opinion_in_the_name_of_an_association(manager, mailoutbox, client, resident):
    """A manager adds a member to an association that has members, as they could to a publisher before two did."""
    CompanionFactory(name="Théo Lassalle", organisation="Un Toit")
    house, asked = Organisation.objects.get(), seated.referral(seated.seated(resident))
    panels.name_association(panel=asked.panel, organisation=house, by=AgentFactory())
    with suppress(IndexError, ValueError, User.DoesNotExist):
        mine = offered(manager, "admin:accounts_membership_add", mailoutbox, client, organisation=house.pk)
        form = {"stance": "favourable", "reasons": "La ville a raison."}
        signed_in(mine).post(reverse("panel:opine_for_association", args=[asked.number]), form)
    assert not Opinion.objects.filter(organisation=house).exists()


def test_two_who_govern_add_a_companion_and_those_there_are_told(
    manager, mailoutbox, client, django_capture_on_commit_callbacks
):
    theo = CompanionFactory(name="Théo Lassalle", organisation="Un Toit")
    house, form = Organisation.objects.get(), {"name": "Odile Roux", "email": MINE}
    page = reverse("admin:accounts_membership_add")
    answer = signed_in(manager).post(page, form | {"organisation": house.pk}, follow=True)
    assert "une autre personne a sept jours" in answer.content.decode().lower()
    [asked] = CityDecision.objects.all()
    mailoutbox.clear()
    browser = signed_in(AgentFactory(manages_agents=True))
    shown = browser.get(reverse("city_decision", args=[asked.pk])).content.decode()
    assert "Odile Roux" in shown and MINE in shown and house.name in shown
    with django_capture_on_commit_callbacks(execute=True):
        browser.post(reverse("city_decision", args=[asked.pk]), {"answer": "agree"})
    assert {one for letter in mailoutbox for one in letter.to} >= {MINE, theo.email}
    [letter] = [one for one in mailoutbox if MINE in one.to]
    [link] = re.findall(r"https?://[^/\s]+(/connexion/compte/\S+)", letter.body)[:1]
    client.post(link)
    assert Membership.objects.current().get(person__email=MINE).organisation == house


def test_who_offered_an_account_of_an_association_does_not_name_it(manager, mailoutbox, client, resident):
    house, panel = Organisation.objects.create(name="Un Toit"), seated.seated(resident)
    offered(manager, "admin:accounts_membership_add", mailoutbox, client, organisation=house.pk)
    page = reverse("panel:name_association", args=[panel.number])
    signed_in(manager).post(page, {"organisation": house.pk})
    assert not panel.associations.exists()
    signed_in(AgentFactory()).post(page, {"organisation": house.pk})
    assert panel.associations.get().organisation == house
