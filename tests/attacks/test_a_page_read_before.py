"""The second of two persons decides what their page showed: a page read before another proposal decides nothing."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from accounts.actions import sheet_closing
from accounts.models import SheetClosing, User
from campaigns.plans.actions import campaigns
from campaigns.plans.states import State as PlanState
from certification.labels.actions import labels, requests
from certification.labels.enums import Change
from core.models import City
from services.procedures.actions import procedures
from services.requests.actions import office as office_verbs
from services.versions.actions import versions
from tests.accounts.factories import AgentFactory, ResidentFactory, signed_in
from tests.campaigns.made import days_ahead
from tests.campaigns.made import document as plan_document
from tests.certification import made as labels_made
from tests.services.procedures.written import document as procedure_document
from tests.services.requests.made import fresh, member, opened_office, proposed, sent
from tests.vault.at_desk import come_back, keeper, opened, owner, sheet_of
from vault.records.content import paper_kinds

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _city(db):
    cache.clear()
    City.objects.create(name="Villebrume", of_name="de Villebrume", insee="00042")
    with translation.override("fr"):
        yield


@dataclass
class Stage:
    """A proposal that waits for its second person.

    Args:
        page: where they read it, `answers` to: where they answer.
        change: puts another proposal in its place.
        undecided: says that nobody has decided.
    """

    second: User
    page: str
    to: str
    answer: dict[str, Any]
    change: Callable[[], Any]
    undecided: Callable[[], bool]
    browser: Client | None = None


def a_request() -> Stage:
    office = opened_office()
    first, second = member(office, "Claire Morvan"), member(office, "Hugo Bastide", instructs=False, may_decide=True)
    row = proposed(sent(ResidentFactory(), office), first)

    def change() -> None:
        office_verbs.send_back(request=fresh(row), place=second)
        proposed(fresh(row), first, given="10 000 €")

    page = reverse("requests:office", args=[row.pk])
    to = reverse("requests:decide", args=[row.pk])
    return Stage(second.person, page, to, {"answer": "yes"}, change, lambda: fresh(row).decided_at is None)


def a_label() -> Stage:
    house, first, second = labels_made.publisher(), AgentFactory(), AgentFactory()
    person = labels_made.member(house)
    row = labels_made.proposed(person, labels_made.service(person, house), first)

    def change() -> None:
        row.refresh_from_db()
        requests.send_back(request=row, by=AgentFactory(), text="Regardez encore.")
        row.refresh_from_db()
        requests.propose(request=row, by=first, favourable=True, opinion="Pour trois ans.", months=24)

    def undecided() -> bool:
        row.refresh_from_db()
        return row.decided_at is None

    page = reverse("labels:decide", args=[row.pk])
    return Stage(second, page, page, {"answer": "accept", "text": "Tout est là."}, change, undecided)


def a_change_of_a_label() -> Stage:
    house, first, second = labels_made.publisher(), AgentFactory(), AgentFactory()
    person = labels_made.member(house)
    label = labels_made.labelled(person, labels_made.service(person, house))
    row = labels.propose_change(label=label, by=first, what=Change.WITHDRAW, reasons="Il ne répond plus.")
    row.answer_until = timezone.now() - timedelta(hours=1)
    row.save()

    def undecided() -> bool:
        row.refresh_from_db()
        return row.decided_at is None

    def change() -> None:
        labels.answer_change(change=row, by=person, text="Si : voici notre réponse.")

    page = reverse("labels:decide_change", args=[row.pk])
    return Stage(second, page, page, {"answer": "agree"}, change, undecided)


def a_plan() -> Stage:
    first, second, officer = AgentFactory(), AgentFactory(), AgentFactory()
    officer.is_dpo = True
    officer.save()
    row = campaigns.begin(by=first, template="travel", document=plan_document(**days_ahead()))

    def submitted() -> None:
        campaigns.submit(campaign=row, by=first, today=timezone.localdate())
        row.refresh_from_db()
        campaigns.give_opinion(campaign=row, by=officer, favourable=True, words="Les cases sont larges.")
        row.refresh_from_db()

    submitted()

    def change() -> None:
        campaigns.send_back(campaign=row, by=AgentFactory(), words="À revoir.")
        row.refresh_from_db()
        document = row.document | {"title": {"fr": "Une autre question", "en": "Another question"}}
        campaigns.change(campaign=row, by=first, document=document)
        row.refresh_from_db()
        submitted()

    def undecided() -> bool:
        row.refresh_from_db()
        return row.state == PlanState.SUBMITTED

    page = reverse("plans:plan", args=[row.code])
    to = reverse("plans:decide", args=[row.code])
    return Stage(second, page, to, {"decision": "approve", "words": ""}, change, undecided)


def a_closing() -> Stage:
    first, second = keeper(), keeper("Hugo Ferrand")
    browser, theirs = signed_in(first), signed_in(second)
    visit = opened(first, browser)
    sheet = sheet_of(visit, first)
    person = owner(visit)
    sheet_closing.ask(person=person, by=first)
    back = come_back(second, theirs, sheet)

    def change() -> None:
        sheet_closing.cancel(person=person, by=first)
        sheet_closing.ask(person=person, by=keeper("Inès Delaunay"))

    def undecided() -> bool:
        return not SheetClosing.objects.filter(confirmed_at__isnull=False).exists()

    page = reverse("sharing:desk_close", args=[back.pk])
    return Stage(second, page, page, {"present": "on", "step": "confirm"}, change, undecided, theirs)


STAGES = [a_request, a_label, a_change_of_a_label, a_plan, a_closing]


def carried(browser: Client, page: str) -> dict[str, str]:
    """Return what the second person's page carries to its answer: its hidden fields, or those of the page it leads to,
    at the address that it has.
    """
    shown = browser.get(page).content.decode()
    if "/decider/" in shown and "shown" not in shown and (link := re.search(r'href="([^"]*/decider/[^"]*)"', shown)):
        shown = browser.get(link[1]).content.decode()
    found = re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"', shown)
    return {name: value for name, value in found if name != "csrfmiddlewaretoken"}


each_stage = pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.__name__)


@each_stage
def test_a_page_read_before_another_proposal_decides_nothing(stage):
    found = stage()
    browser = found.browser or signed_in(found.second)
    read = carried(browser, found.page)
    found.change()
    answer = browser.post(found.to, read | found.answer)
    assert found.undecided() and answer.status_code in {200, 302, 409}


@each_stage
def test_the_page_that_was_read_last_decides(stage):
    found = stage()
    browser = found.browser or signed_in(found.second)
    found.change()
    browser.post(found.to, carried(browser, found.page) | found.answer)
    assert not found.undecided()


def test_a_version_is_published_from_its_own_page():
    paper_kinds.load()
    first = AgentFactory()
    row = versions.try_out(row=procedures.begin(by=first, item=procedure_document()), by=first)
    assert signed_in(AgentFactory()).get(reverse("procedures:publish", args=[row.pk])).status_code == 302
