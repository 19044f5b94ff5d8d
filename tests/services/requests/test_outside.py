"""Requests to offices outside Garant, such as the CAF: noted by hand, followed, told when their time has passed."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from accounts import reminding
from core import journal
from services.requests.actions import answering
from services.requests.actions import outside as actions
from services.requests.enums import OutsideAnswer, OutsideStep
from services.requests.models import OutsideRequest
from tests.accounts.factories import AgentFactory, signed_in
from tests.services.procedures.written import CANTEEN, document, published
from tests.services.requests.made import finished, opened_office, sent
from tests.services.requests.test_pages import text
from tests.vault.records.test_export import opened as opened_copy
from vault.records.content import paper_kinds
from vault.types.spans import add_months

pytestmark = pytest.mark.django_db(transaction=True)


def ago(days):
    return timezone.localdate() - timedelta(days=days)


def noted(resident, *aids, on=None, **more):
    dossier = finished(resident, aids=list(aids or ["prime_activite"]), title="Prime d’activité")
    given: dict[str, Any] = {
        "office": "CAF de Villebrume",
        "number": "0427781",
        "on": on or timezone.localdate(),
        "token": uuid4(),
    }
    return actions.note_sent(resident_id=resident.pk, by=resident.pk, dossier=dossier, **(given | more))


def fresh(row):
    with scope(resident=row.resident_id):
        return OutsideRequest.objects.get(pk=row.pk)


def test_a_request_to_the_caf_is_followed_by_hand_from_the_dossier_to_its_answer(resident, stranger):
    browser, dossier = signed_in(resident), finished(resident, aids=["prime_activite"])
    url = reverse("requests:outside_note", args=[dossier.pk])
    assert url in text(browser.get(reverse("dossiers:dossier", args=[dossier.pk])))
    page = browser.get(url)
    assert "Service Enfance" in text(page) and "L’organisme n’en sait rien" in text(page)
    day = timezone.localdate()
    data = {
        "token": page.context["form"]["token"].value(),
        "office": "CAF de Villebrume",
        "number": "",
        "on_day": day.day,
        "on_month": day.month,
        "on_year": day.year,
    }
    tomorrow = day + timedelta(days=1)
    wrong = data | {"on_day": tomorrow.day, "on_month": tomorrow.month, "on_year": tomorrow.year}
    assert "pas encore arrivée" in text(browser.post(url, wrong))
    assert browser.post(url, data | {"office": ""}).status_code == 400
    followed = browser.post(url, data, follow=True)
    browser.post(url, data)
    with scope(resident=resident.pk):
        row = OutsideRequest.objects.get()
    assert row.due_on == add_months(day, 2) and "Sans réponse ce jour-là, c’est un refus." in text(followed)
    assert "hors de Garant" in text(browser.get(reverse("requests:home")))

    number = reverse("requests:outside_step", args=[row.pk, "numero"])
    assert browser.post(number, {"office": "", "number": ""}).status_code == 400
    assert "n° 0427781" in text(browser.post(number, {"office": "CAF", "number": "0427781"}, follow=True))
    asked = reverse("requests:outside_step", args=[row.pk, "papier-demande"])
    on = {name: data[name] for name in ("on_day", "on_month", "on_year")}
    assert "attend un papier de vous" in text(browser.post(asked, on, follow=True))
    assert "Noter" in text(browser.get(asked)) and browser.post(asked, {}).status_code == 400
    answer = reverse("requests:outside_step", args=[row.pk, "reponse"])
    assert "Dites ce qu’il a répondu." in text(browser.post(answer, on))
    refused = text(browser.post(answer, on | {"answer": "refused"}, follow=True))
    assert "L’organisme a dit non." in refused and "Contester, dans cet ordre" in refused
    assert "Refusée" in text(browser.get(reverse("requests:home")))
    assert "attend un papier de vous" in text(browser.post(answer, {"undo": "1"}, follow=True))

    pages = [
        reverse("requests:outside", args=[row.pk]),
        number,
        asked,
        reverse("requests:outside_forget", args=[row.pk]),
    ]
    for one in (url, *pages):
        assert signed_in(stranger).get(one).status_code == 404
        assert Client().get(one).status_code == 302
    assert browser.get(reverse("requests:outside_step", args=[row.pk, "jamais"])).status_code == 404
    browser.post(pages[-1])
    assert browser.get(pages[0]).status_code == 404
    events = [one.event for one in journal.entries(resident_id=resident.pk, limit=20)]
    assert {"outside_sent", "outside_noted", "outside_deleted"} <= set(events)


def test_the_time_stops_while_the_office_waits_for_a_paper(resident):
    row = noted(resident, on=ago(40))
    (copied,) = json.loads(opened_copy(resident).read("demandes_ailleurs.json"))
    assert copied["content"] == {"office": "CAF de Villebrume", "number": "0427781"}
    row = actions.note_step(request=row, by=resident.pk, step=OutsideStep.ASKED, on=ago(30))
    assert row.due_on is None and row.is_stopped
    row = actions.note_step(request=row, by=resident.pk, step=OutsideStep.SUPPLIED, on=ago(20))
    assert row.due_on == add_months(ago(40), 2) + timedelta(days=10)
    row = actions.note_step(request=row, by=resident.pk, step=OutsideStep.ASKED, on=ago(5))
    assert row.supplied_on is None and row.is_stopped
    row = actions.note_step(request=row, by=resident.pk, step=OutsideStep.ASKED, on=None)
    assert row.due_on == add_months(ago(40), 2)


@pytest.mark.parametrize(
    ("step", "days"),
    [(OutsideStep.ASKED, 41), (OutsideStep.SUPPLIED, 1), (OutsideStep.SENT, -1), (OutsideStep.SENT, 5)],
)
def test_a_day_that_contradicts_the_others_is_refused(resident, step, days):
    row = noted(resident, on=ago(40))
    row = actions.note_step(
        request=row, by=resident.pk, step=OutsideStep.ANSWERED, on=ago(10), answer=OutsideAnswer.GRANTED
    )
    with pytest.raises(actions.WrongDay):
        actions.note_step(request=row, by=resident.pk, step=step, on=ago(days))
    with pytest.raises(actions.WrongDay):
        actions.note_step(request=row, by=resident.pk, step=OutsideStep.SENT, on=None)


def test_a_later_version_of_the_procedure_changes_neither_the_time_nor_the_silence(resident):
    paper_kinds.load()
    agents, delay = (AgentFactory(), AgentFactory()), document()["decision_delay"]
    published(*agents, document(decision_delay={**delay, "months": 4, "silence_means": "accepted"}))
    row = noted(resident, CANTEEN)
    assert row.due_on == add_months(timezone.localdate(), 4) and actions.silence_grants(row)
    with time_machine.travel(timezone.now() + timedelta(days=3)):
        published(*agents, document(decision_delay={**delay, "months": 1, "silence_means": "refused"}))
        assert actions.silence_grants(row) and actions.months_of(row) == 4
        assert not actions.silence_grants(noted(resident, CANTEEN)), "one sent today is under the new one"


def test_a_time_that_passed_is_told_once_and_says_what_silence_means(resident, mailoutbox):
    refused, granted = noted(resident, on=ago(70)), noted(resident, "c2s", on=ago(70))
    stopped = noted(resident, on=ago(70))
    actions.note_step(request=stopped, by=resident.pk, step=OutsideStep.ASKED, on=ago(69))
    mailoutbox.clear()
    assert answering.follow() == 2 and answering.follow() == 0
    assert len(mailoutbox) == 2 and "CAF" not in mailoutbox[0].body
    browser = signed_in(resident)
    assert "restée sans réponse" in text(browser.get(reverse("home")))
    first = text(browser.get(reverse("requests:outside", args=[refused.pk])))
    assert "c’est un refus" in first and "Contester" in first
    second = text(browser.get(reverse("requests:outside", args=[granted.pk])))
    assert "c’est accordé" in second and "Contester" not in second
    later = actions.note_step(request=fresh(refused), by=resident.pk, step=OutsideStep.SENT, on=ago(75))
    assert later.told_at is None


def test_one_request_that_fails_stops_no_other(resident, monkeypatch):
    noted(resident, on=ago(70))
    second = noted(resident, on=ago(80))
    tell = reminding.remind
    failed: list[dict[str, Any]] = []

    def remind(**given):
        if not failed:
            failed.append(given)
            raise ConnectionError
        return tell(**given)

    monkeypatch.setattr(reminding, "remind", remind)
    assert answering.follow() == 1 and failed
    assert answering.follow() == 1 and fresh(second).told_at


def granted(resident, *, ends_on, **more):
    row = noted(resident, on=ago(40), **more)
    step = {"step": OutsideStep.ANSWERED, "on": ago(10), "answer": OutsideAnswer.GRANTED}
    return actions.note_step(request=row, by=resident.pk, ends_on=ends_on, **step)


def test_what_an_office_outside_granted_is_reminded_a_month_before_its_end_once(resident, mailoutbox):
    row = granted(resident, ends_on=ago(-20))
    granted(resident, ends_on=ago(-40))
    mailoutbox.clear()
    assert answering.follow() == 1 and answering.follow() == 0
    assert len(mailoutbox) == 1 and "CAF" not in mailoutbox[0].body and "finit dans un mois" in mailoutbox[0].body
    browser = signed_in(resident)
    assert text(browser.get(reverse("home"))).count("Redemander :") == 1
    listed = text(browser.get(reverse("requests:home")))
    assert listed.count("Bientôt fini") == 1 and listed.count("accordée jusqu’au") == 2
    page = text(browser.get(reverse("requests:outside", args=[row.pk])))
    assert "Nous vous le rappelons un mois avant la fin." in page and "quand le délai passe" not in page
    assert "L’organisme a dit oui, jusqu’au" in page and f"{reverse('dossiers:new')}?aide=prime_activite" in page
    later = actions.note_step(
        request=fresh(row), by=resident.pk, step=OutsideStep.ANSWERED, on=ago(10), answer="granted", ends_on=ago(-25)
    )
    assert later.renewal_told_at is None and answering.follow() == 1, "another end is told again"
    (copied, _other) = json.loads(opened_copy(resident).read("demandes_ailleurs.json"))
    assert copied["ends_on"] == ago(-25).isoformat()


@pytest.mark.parametrize("where", ["outside", "inside"])
def test_what_was_asked_for_again_is_not_reminded(resident, where, mailoutbox):
    granted(resident, ends_on=ago(-20))
    if where == "outside":
        noted(resident, on=ago(5))
    else:
        sent(resident, opened_office(), finished(resident, aids=["prime_activite"]))
    mailoutbox.clear()
    assert answering.follow() == 0 and not mailoutbox
    assert "Redemander :" not in text(signed_in(resident).get(reverse("home")))


def test_an_end_is_noted_with_a_granted_answer_only_and_not_before_it(resident):
    browser, row = signed_in(resident), noted(resident, on=ago(40))
    url = reverse("requests:outside_step", args=[row.pk, "reponse"])

    def told(answer, ends_on):
        days = {"on": ago(10), "ends_on": ends_on}
        sent = {
            f"{name}_{part}": getattr(day, part) for name, day in days.items() for part in ("day", "month", "year")
        }
        return browser.post(url, {**sent, "answer": answer})

    refused = told("granted", ago(20))
    assert refused.status_code == 400 and "avant la réponse" in text(refused) and fresh(row).answer == ""
    assert told("granted", ago(-90)).status_code == 302 and fresh(row).ends_on == ago(-90)
    assert told("refused", ago(-90)).status_code == 302 and fresh(row).ends_on is None
    told("granted", ago(-90))
    browser.post(url, {"undo": "1"})
    assert (fresh(row).answer, fresh(row).ends_on) == ("", None)
