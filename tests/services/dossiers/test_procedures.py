"""Dossiers of the city's procedures: their version, their guarantors, their closing date."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from accounts import reminding
from core.messages.mails import NotSent
from services.dossiers import tasks
from services.dossiers.across import may_have_parts
from services.dossiers.actions import building
from services.dossiers.actions import dossiers as actions
from services.dossiers.enums import Choice, NeedState
from services.dossiers.models import Dossier
from services.procedures import finding, shipping
from services.procedures.models import Procedure
from services.requests.actions.outside import note_sent
from services.versions.actions import versions
from tests.accounts.factories import AgentFactory, signed_in
from tests.services.dossiers.made import add_paper, built, fresh, one_page, start, work
from tests.services.procedures.written import CANTEEN, NURSERY, RENTAL, document, paper, published
from tests.vault.made import HOME, IDENTITY, add

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]


@pytest.fixture
def agents(db) -> tuple[Any, Any]:
    return AgentFactory(name="Awa Sorel"), AgentFactory(name="Hugo Bastide")


@pytest.fixture
def shipped(kinds) -> None:
    shipping.load()


def keys(dossier: Dossier) -> dict[str, Any]:
    return {need.key: need for need in actions.read_needs(fresh(dossier))}


def text(answer: Any) -> Any:
    return answer.content.decode().replace("\u00a0", " ").replace("\u202f", " ")


def page(browser: Any, dossier: Dossier) -> Any:
    return text(browser.get(reverse("dossiers:dossier", args=[dossier.pk]), follow=True))


def test_a_dossier_asks_what_its_procedure_asks(resident, shipped):
    dossier = start(resident, CANTEEN)
    found = keys(dossier)
    assert dossier.versions == {CANTEEN: 1}
    assert {"values:identite.pivot", "values:social.quotient_familial"} <= set(found)
    assert found["paper:attestation_qf:household"].state == NeedState.MISSING
    assert "paper:bulletin_salaire:household" not in found


def test_a_draft_keeps_its_list_when_the_procedure_changes_and_says_so(resident, agents, shipped):
    browser, dossier = signed_in(resident), start(resident, CANTEEN)
    actions.choose(dossier=dossier, by=resident.pk, key="paper:attestation_qf:household", choice=Choice.LEFT_OUT)
    published(agents[0], agents[1], document(papers=[*document()["papers"], paper("livret_famille")]))
    assert "paper:livret_famille:applicant" not in keys(dossier)
    shown = page(browser, dossier)
    assert "Cette démarche a changé" in shown and "Livret de famille" in shown
    answer = browser.post(reverse("dossiers:take_new_lists", args=[dossier.pk]), follow=True)
    assert "Cette démarche a changé" not in text(answer)
    found = keys(dossier)
    assert found["paper:livret_famille:applicant"].state == NeedState.MISSING
    assert found["paper:attestation_qf:household"].state == NeedState.LEFT_OUT, "choices stay"
    assert start(resident, CANTEEN).versions == {CANTEEN: 2}


def test_a_new_list_taken_during_the_build_counts(resident, agents, shipped, monkeypatch):
    add(resident, "identite.pivot", IDENTITY)
    dossier = start(resident, CANTEEN)
    published(agents[0], agents[1], document(title="Inscription à la cantine scolaire"))
    actions.build(dossier=dossier, by=resident.pk)
    draw: Any = vars(building)["draw"]

    def take_while_drawing(*args: Any, **kwargs: Any) -> Any:
        actions.take_new_lists(dossier=fresh(dossier), by=resident.pk)
        return draw(*args, **kwargs)

    monkeypatch.setattr(building, "draw", take_while_drawing)
    work()
    assert fresh(dossier).job.problem == "changed"


def test_a_procedure_that_closes_leaves_its_drafts_and_begins_no_other(resident, agents, shipped):
    browser, dossier = signed_in(resident), start(resident, CANTEEN)
    versions.close(row=Procedure.objects.get(code=CANTEEN))
    shown = page(browser, dossier)
    assert "Cette démarche est fermée" in shown and "Faire le dossier" in shown
    answer = browser.post(reverse("dossiers:take_new_lists", args=[dossier.pk]), follow=True)
    assert "votre dossier garde sa liste" in text(answer) and keys(dossier)
    again = browser.post(reverse("dossiers:again", args=[dossier.pk]), follow=True)
    assert "on ne peut plus en faire un nouveau dossier" in text(again)
    assert browser.get(reverse("dossiers:new"), {"aide": CANTEEN}).status_code == 404
    with pytest.raises(actions.UnknownAid):
        start(resident, CANTEEN)
    assert fresh(dossier).versions == {CANTEEN: 1}


def test_a_finished_dossier_says_that_its_procedure_changed(resident, agents, shipped):
    add(resident, "identite.pivot", IDENTITY)
    dossier = built(resident, CANTEEN, drawn=False)
    published(agents[0], agents[1], document(title="Inscription à la cantine scolaire"))
    assert "Ce que demande sa démarche a changé." in page(signed_in(resident), dossier)
    answer = signed_in(resident).post(reverse("dossiers:take_new_lists", args=[dossier.pk]), follow=True)
    assert "Ce dossier est déjà fait" in text(answer)


def test_a_condition_of_the_city_reads_the_vault(resident, agents):
    condition = {"type": "value", "field": "logement.domicile#/statut_occupation", "question": "Êtes-vous locataire ?"}
    asked = paper("bail", condition={**condition, "in": ["locataire_hlm"]}, required=True)
    published(agents[0], agents[1], document(papers=[asked]))
    dossier = start(resident, CANTEEN)
    line = keys(dossier)["paper:bail:applicant"]
    assert (line.state, line.question) == (NeedState.ASK, "Êtes-vous locataire ?")
    add(resident, "logement.domicile", {**HOME, "statut_occupation": "locataire_hlm"})
    assert keys(dossier)["paper:bail:applicant"].state == NeedState.MISSING
    add(resident, "logement.domicile", {**HOME, "statut_occupation": "proprietaire"})
    assert keys(dossier)["paper:bail:applicant"].state == NeedState.NOT_CONCERNED


CARD = "paper:cni:guarantor1"


def test_the_paper_of_a_guarantor_is_what_was_added_for_them_and_answers_nothing_else(resident, shipped):
    browser, dossier = signed_in(resident), start(resident, RENTAL)
    own = add_paper(resident, "cni")
    assert not [key for key in keys(dossier) if "guarantor" in key]
    assert "Combien en avez-vous ?" in page(browser, dossier)
    browser.post(reverse("dossiers:guarantors", args=[dossier.pk]), {"count": "2"})
    found = keys(dossier)
    assert {key for key in found if key.endswith("guarantor2")} == {
        "paper:cni:guarantor2",
        "paper:bulletin_salaire:guarantor2",
        "paper:avis_impot:guarantor2",
    }
    assert found[CARD].state == NeedState.MISSING and found["paper:cni:applicant"].papers == (own.pk,)
    theirs = add_paper(resident, "cni")
    actions.add_for_guarantor(dossier=fresh(dossier), by=resident.pk, key=CARD, paper=theirs.pk)
    found = keys(dossier)
    assert found["paper:cni:applicant"].papers == (own.pk,), "even one of the same kind, and newer"
    assert found[CARD].papers == (theirs.pk,) and found["paper:cni:guarantor2"].state == NeedState.MISSING
    assert "de votre garant n° 1" in found[CARD].title.replace("\u00a0", " ")
    browser.post(reverse("dossiers:guarantors", args=[dossier.pk]), {"count": "0"})
    browser.post(reverse("dossiers:guarantors", args=[dossier.pk]), {"count": "1"})
    assert keys(dossier)[CARD].state == NeedState.MISSING, "what was said to be gone does not come back"


def test_a_guarantor_s_paper_is_added_on_its_page(resident, shipped):
    browser, dossier = signed_in(resident), start(resident, RENTAL)
    actions.say_guarantors(dossier=dossier, by=resident.pk, count=9)
    assert not [key for key in keys(dossier) if key.endswith("guarantor3")], "two at most"
    address = f"{reverse('dossiers:line', args=[dossier.pk])}?cle={CARD}"
    form = browser.get(address).context["form"]
    file = SimpleUploadedFile("carte.pdf", one_page(), content_type="application/pdf")
    told = {"token": form["token"].value(), "file": file}
    assert browser.post(address, told).status_code == 302
    line = keys(dossier)[CARD]
    assert line.state == NeedState.CHECKING


def test_a_procedure_says_whether_the_partner_gives_a_part(resident, shipped):
    assert may_have_parts(start(resident, NURSERY)) and not may_have_parts(start(resident, CANTEEN))


# The closing date


@pytest.fixture
def closing(resident, agents) -> Dossier:
    """A draft of a procedure that closes in seven days."""
    last = timezone.localdate() + timedelta(days=7)
    published(agents[0], agents[1], document(closes_on=last.isoformat()))
    return start(resident, CANTEEN)


def warn() -> list[Any]:
    mail.outbox.clear()
    tasks.warn_of_closing()
    return list(mail.outbox)


def test_who_has_not_sent_is_warned_seven_days_then_two_days_before_once_each(resident, closing, time_machine):
    today = timezone.now()
    time_machine.move_to(today - timedelta(days=1), tick=False)
    assert warn() == [], "too early"
    told = []
    for days in range(9):
        time_machine.move_to(today + timedelta(days=days), tick=False)
        told += [(days, message) for _hour in range(2) for message in warn()]
    assert [days for days, _message in told] == [0, 5]
    for _days, message in told:
        assert message.to == [resident.email]
        assert "cantine" not in f"{message.subject} {message.body}".lower()
        assert closing.number not in message.body


def test_the_page_says_until_when_to_send(resident, agents, closing):
    assert "À envoyer au plus tard le" in page(signed_in(resident), closing)
    published(agents[0], agents[1], document())
    later = start(resident, CANTEEN)
    assert "À envoyer au plus tard le" not in page(signed_in(resident), later)
    published(agents[0], agents[1], document(closes_on=(timezone.localdate() + timedelta(days=3)).isoformat()))
    assert "À envoyer au plus tard le" in page(signed_in(resident), later), "the new date counts, whatever its list"


def test_who_has_sent_is_not_warned(resident, closing):
    note_sent(
        resident_id=resident.pk,
        by=resident.pk,
        dossier=closing,
        office="Service Enfance",
        number="",
        on=timezone.localdate(),
        token=uuid4(),
    )
    assert warn() == []


def test_a_message_that_does_not_leave_keeps_no_other_from_leaving(resident, stranger, closing, monkeypatch):
    start(stranger, CANTEEN)
    real, refused = reminding.remind, list[Any]()

    def refuses(*, user_id: Any, template: str) -> bool:
        if not refused:
            refused.append(user_id)
            raise NotSent
        return real(user_id=user_id, template=template)

    monkeypatch.setattr(reminding, "remind", refuses)
    first = [message.to for message in warn()]
    assert len(first) == 1
    second = [message.to for message in warn()]
    assert len(second) == 1 and first != second, "the next hour tries it again"


def test_a_stopped_scheduler_tells_only_the_nearest(resident, closing, time_machine):
    time_machine.move_to(timezone.now() + timedelta(days=6), tick=False)
    assert len(warn()) == 1
    assert warn() == []


def test_national_procedures_cost_no_query(resident, django_assert_num_queries):
    dossier = start(resident, "rsa", "aide_logement")
    with django_assert_num_queries(0):
        assert [one.code for one in finding.chosen(dossier.aids, dossier.versions)] == ["rsa", "aide_logement"]
        assert finding.changes(dossier.aids, dossier.versions) == []
        assert dossier.name


def test_a_worker_killed_between_the_message_and_the_end_tells_nothing_twice(resident, closing, monkeypatch):
    real = reminding.remind

    def killed(**named: Any) -> bool:
        real(**named)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(reminding, "remind", killed)
        with pytest.raises(KeyboardInterrupt):
            warn()
    assert len(mail.outbox) == 1
    assert warn() == []
