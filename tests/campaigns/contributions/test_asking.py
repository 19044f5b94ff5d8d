"""Asking a holder together: the resident's own letter by the existing verbs, and a row that holds how far it is."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from campaigns.contributions import requests
from campaigns.contributions.actions import asking, contributing
from campaigns.contributions.models import Participation
from campaigns.contributions.offer import of_answers
from campaigns.noise.refusals import PlanRefused
from tests.accounts.factories import signed_in
from tests.campaigns import given
from tests.campaigns.made import document, plan
from vault.holders.actions.requests import note_step, start_request
from vault.holders.enums import RequestAnswer, RequestStep
from vault.holders.models import DataRequest
from vault.records.actions import grants
from vault.records.enums import Right
from vault.records.models import Grant, Holder

pytestmark = pytest.mark.django_db


@pytest.fixture
def holder(holders):
    return next(
        one for one in Holder.objects.filter(several=False).order_by("code") if Right.PORTABILITY in one.rights
    )


@pytest.fixture
def campaign(db, databases, keys_of, holder):
    one = given.asking(holder.code)
    keys_of(one)
    return one


@pytest.fixture
def theirs(resident):
    return signed_in(resident)


def page_of(campaign):
    return reverse("contributions:ask", args=[campaign.code])


def sent(resident, campaign, *, ago):
    """Prepare the resident's request, and note that it was sent some days ago."""
    row = asking.prepare(resident=resident, by=resident.pk, campaign=campaign)
    on = timezone.localdate() - timedelta(days=ago)
    return note_step(request=row, by=resident.pk, step=RequestStep.SENT, on=on)


def test_the_letter_is_prepared_once_for_the_holder_of_the_plan(theirs, resident, campaign, holder):
    assert "Préparer ma demande" in theirs.get(page_of(campaign)).content.decode()
    first = theirs.post(page_of(campaign), {"answer": "prepare"})
    with scope(resident=resident.pk):
        [row] = DataRequest.objects.all()
    assert first.url == reverse("holders:request", args=[row.pk])
    assert (row.holder, row.right) == (holder.code, Right.PORTABILITY)
    assert theirs.post(page_of(campaign), {"answer": "prepare"}).url == first.url
    page = theirs.get(page_of(campaign)).content.decode()
    assert "Votre lettre est prête" in page and "Ce qui partirait" not in page
    with pytest.raises(asking.NotSent):
        asking.contribute(resident_id=resident.pk, by=resident.pk, campaign=campaign, seen="")


def test_a_letter_that_the_resident_began_by_themselves_is_the_one(resident, campaign, holder):
    own = start_request(
        resident_id=resident.pk, by=resident.pk, holder=holder, right=Right.PORTABILITY, parts={"name": "Awa"}
    )
    assert asking.prepare(resident=resident, by=resident.pk, campaign=campaign) == own


@pytest.mark.parametrize(
    ("ago", "answered", "state"), [(3, False, "sent"), (29, True, "answered"), (29, False, "late")]
)
def test_a_row_holds_how_far_the_request_is_and_nothing_else(
    theirs, resident, campaign, monkeypatch, ago, answered, state
):
    row = sent(resident, campaign, ago=ago)
    if answered:
        row = note_step(
            request=row, by=resident.pk, step=RequestStep.ANSWERED, on=timezone.localdate(), answer=RequestAnswer.WHOLE
        )
    if state == "late":
        with scope(resident=resident.pk):
            DataRequest.objects.update(due_on=timezone.localdate() - timedelta(days=1))
            row = DataRequest.objects.get()
    offered = requests.offered(campaign, row, timezone.localdate())
    assert offered.row == {"request": ("sent", "answered", "late").index(state)}
    page = theirs.get(page_of(campaign))
    assert page.context["seen"] == offered.seen
    assert theirs.post(page_of(campaign), {"answer": "yes", "seen": offered.seen}).status_code == 302
    assert given.waiting() == 1
    with scope(resident=resident.pk):
        grant = Grant.objects.get()
        assert not grant.fields.exists()
        grants.stop(grant=grant, by=resident.pk)
        assert not Participation.objects.exists() and DataRequest.objects.exists()


def test_what_the_page_did_not_show_is_not_sent(theirs, resident, campaign):
    sent(resident, campaign, ago=3)
    answer = theirs.post(page_of(campaign), {"answer": "yes", "seen": "another state"})
    assert "a changé entre-temps" in answer.content.decode()
    assert theirs.post(page_of(campaign), {"answer": "no"}).url == reverse("home")
    assert given.waiting() == 0


def test_a_request_of_before_the_opening_does_not_count(resident, campaign):
    sent(resident, campaign, ago=31)
    with scope(resident=resident.pk):
        assert requests.of(campaign) is None


def test_nobody_answers_for_a_request_or_in_another_vault(theirs, resident, stranger, campaign):
    typed = of_answers(campaign.plan, {"request": 1})
    with pytest.raises(contributing.NotOpen):
        contributing.from_answers(resident_id=resident.pk, by=resident.pk, campaign=campaign, answered=typed)
    for name in ("take_part", "answer"):
        assert theirs.get(reverse(f"contributions:{name}", args=[campaign.code])).url == page_of(campaign)
    row = sent(resident, campaign, ago=3)
    seen = requests.offered(campaign, row, timezone.localdate()).seen
    with pytest.raises(PermissionDenied):
        asking.contribute(resident_id=resident.pk, by=stranger.pk, campaign=campaign, seen=seen)
    assert "Préparer ma demande" in signed_in(stranger).get(page_of(campaign)).content.decode()
    assert given.waiting() == 0


def test_only_a_plan_that_names_a_holder_asks_one(theirs, resident, keys_of):
    plain = given.opened(code="plain")
    keys_of(plain)
    assert theirs.get(page_of(plain)).status_code == 404
    with pytest.raises(contributing.NotOpen):
        asking.prepare(resident=resident, by=resident.pk, campaign=plain)


def test_a_portability_plan_counts_states_of_requests_alone():
    with pytest.raises(PlanRefused, match="portability_shape"):
        plan(holder="enedis")
    with pytest.raises(PlanRefused, match="no_holder"):
        plan(holder="")
    assert plan().holder == "" and "holder" not in document()
