"""The city withdraws a label: readings stop at once, agreements end, erasures are asked for, all is told."""

import re

import pypdfium2
import pytest
from authlib.integrations.base_client import OAuthError
from django.conf import settings
from django.test import Client as Browser
from django.urls import reverse
from django_scopes import scope

from certification.access.actions import consent
from certification.access.asking import Asked
from certification.labels import recipient
from certification.labels.actions import labels, resident_notices, withdrawing
from certification.labels.enums import Change
from certification.labels.tasks import end_grants
from core import journal
from core.database import locks
from tests.accounts.factories import AgentFactory, ResidentFactory, signed_in
from tests.certification.access.program import body, called, connected
from tests.certification.developers.played import basic
from tests.certification.made import INCOME, PARTS, given, labelled, version_of
from tests.vault.shown import main
from vault.records.actions import grants
from vault.records.enums import GrantState, Happened, Mode
from vault.records.grants.terms import Terms
from vault.records.models import Grant, GrantEvent
from vault.sharing.enums import ErasureCause, ErasureState
from vault.sharing.models import ErasureRequest

pytestmark = pytest.mark.django_db(transaction=True)
FIELDS, GRANT, ERASURES = "/api/v1/me/fields", "/api/v1/me/grant", "/api/v1/erasures"
TOKEN = f"{settings.SITE_URL}/oauth/token"
FINAL = (403, "label_withdrawn")


def withdraw(label):
    change = labels.propose_change(label=label, by=AgentFactory(), what=Change.WITHDRAW, reasons="Il revend (C07).")
    labels.answer_change(change=change, by=label.accepted_by, text="Non.")
    change.refresh_from_db()
    return labels.decide_change(change=change, by=AgentFactory(), agree=True)


def said(answer):
    return answer.status_code, body(answer)["code"]


def grant_of(person):
    with scope(resident=person.pk):
        return Grant.objects.get()


def renewed(session, token):
    with pytest.raises(OAuthError) as refused:
        session.refresh_token(TOKEN, refresh_token=token["refresh_token"])
    return refused.value.error


def test_from_the_decision_to_the_last_erasure(session, registered, browser, tenant, label, mailoutbox):
    token = connected(session, browser, items=[PARTS])
    read = token["access_token"]
    assert called(read, FIELDS).status_code == 200
    withdraw(label)
    assert said(called(read, FIELDS)) == FINAL, "before the scheduler has ended anything"
    assert renewed(session, token) == "invalid_grant"
    end_grants()
    assert said(called(read, FIELDS)) == said(called(read, GRANT)) == FINAL
    assert renewed(session, token) == "invalid_grant"
    grant = grant_of(tenant)
    assert grant.state == GrantState.STOPPED
    client, secret = registered
    known = basic(client.client_id, secret)
    [asked] = body(Browser().get(ERASURES, headers=known))["erasures"]
    assert (asked["cause"], asked["fields"]) == (ErasureCause.WITHDRAWN, sorted([INCOME, PARTS]))
    page = main(signed_in(tenant).get(reverse("sharing:share", args=[grant.pk])))
    assert all(word in page for word in ("Retiré par la ville", "Il revend (C07).", "Terminé par la ville"))
    assert "la ville a retiré son autorisation" in signed_in(tenant).get(reverse("home")).content.decode()
    resident_notices.send_due()
    assert [mail.to for mail in mailoutbox if "ne lit plus rien" in mail.subject] == [[tenant.email]]
    answered = Browser().post(
        f"{ERASURES}/{asked['id']}", {"answer": "confirmed"}, content_type="application/json", headers=known
    )
    assert answered.status_code == 200
    with scope(resident=tenant.pk):
        assert ErasureRequest.objects.get().state == ErasureState.CONFIRMED
    told = [entry.event for entry in journal.entries(resident_id=tenant.pk, limit=9)]
    assert "grant_revoked" in told and "erasure_asked" in told and "erasure_confirmed" in told


def test_the_end_is_written_once_and_a_grant_of_somebody_else_stays(label, owner, granted_label, tenant):
    other = granted_label(name="Une autre")
    mine, kept = given(tenant, version_of(label), INCOME), given(tenant, version_of(other), INCOME)
    withdraw(label)
    assert (withdrawing.end_grants(), withdrawing.end_grants()) == (1, 0)
    with scope(resident=tenant.pk):
        assert GrantEvent.objects.filter(grant=mine, happened=Happened.REVOKED).count() == 1
        assert Grant.objects.get(pk=kept.pk).stands


def test_a_paused_grant_ends_too_and_one_that_the_resident_stopped_keeps_its_own_end(label, tenant):
    quiet = ResidentFactory()
    paused, stopped = given(tenant, version_of(label), INCOME), given(quiet, version_of(label), INCOME)
    grants.pause(grant=paused, by=tenant.pk)
    grants.stop(grant=stopped, by=quiet.pk)
    withdraw(label)
    assert withdrawing.end_grants() == 1
    assert grant_of(tenant).state == GrantState.STOPPED
    with scope(resident=quiet.pk):
        assert not GrantEvent.objects.filter(happened=Happened.REVOKED).exists()


def test_what_is_agreed_to_under_a_later_label_stays(session, browser, tenant, label, owner):
    given(tenant, version_of(label), INCOME)
    withdraw(label)
    withdrawing.end_grants()
    later = labelled(owner, label.service)
    assert version_of(later) == version_of(label), "the same words, again"
    token = connected(session, browser, items=[PARTS])["access_token"]
    assert withdrawing.end_grants() == 0
    assert called(token, FIELDS).status_code == 200


def test_a_suspension_is_not_final(session, browser, tenant, label):
    token = connected(session, browser)["access_token"]
    labels.suspend(label=label, by=AgentFactory(), reasons="Une faille.")
    assert withdrawing.end_grants() == 0
    assert said(called(token, FIELDS)) == (403, "label")
    assert grant_of(tenant).stands


def test_nobody_agrees_while_the_city_withdraws(tenant, label, monkeypatch):
    """The label is looked at under the service's lock, which a withdrawal takes alone."""
    held = []
    monkeypatch.setattr(locks, "hold_shared", lambda *key: held.append(key))
    monkeypatch.setattr(recipient, "may_ask", lambda *_args: bool(held) and pytest.fail("refused"))
    asked = Asked(label.service, label, version_of(label), None, (), ())  # type: ignore[arg-type]
    with pytest.raises(pytest.fail.Exception), scope(resident=tenant.pk):
        consent.give(resident_id=tenant.pk, by=tenant.pk, asked=asked, terms=Terms((), Mode.LOOK))
    assert held == [("label", label.service_id)]


def test_the_letter_says_what_is_final(label, owner):
    change = withdraw(label)
    answer = signed_in(owner).get(reverse("labels:change_letter", args=[change.pk]))
    pages = [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(answer.content)]
    letter = " ".join(re.split(r"\s+", " ".join(pages)))
    assert "Cette décision est définitive." in letter and "trente jours" in letter
