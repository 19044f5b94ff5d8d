"""After a decision: its letter, the agreement that starts a label, a change, and the publisher heard before a stop."""

from datetime import timedelta

import pypdfium2
import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import PublisherRole
from accounts.two_persons import NotTwo
from certification.labels.actions import labels, notices, requests
from certification.labels.actions.labels import NotHeard
from certification.labels.enums import Change, LabelState, RequestKind, Verdict
from certification.labels.models import Label, LabelChange, LabelRequest
from certification.labels.recipient import label_for
from certification.labels.states import NotNow
from core.journal import register
from tests.accounts.factories import AgentFactory, signed_in
from tests.certification.made import (
    SIRETS,
    asked,
    at,
    charter,
    filled,
    labelled,
    member,
    proposed,
    publisher,
    service,
    version_of,
)
from vault.records.content import paper_kinds

pytestmark = pytest.mark.django_db(transaction=True)


def text_of(answer):
    assert answer["Content-Type"] == "application/pdf"
    pages = [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(answer.content)]
    return " ".join(" ".join(pages).split())


# The letter


def test_the_letter_of_a_refusal_has_reasons_remedies_and_appeals(owner, one):
    first, second = AgentFactory(), AgentFactory(name="Solène Abadie")
    request = proposed(owner, one, first)
    requests.refuse(request=request, by=second, reasons="Elle revend (C07).", remedies="Cessez la revente.")
    letter = text_of(signed_in(owner).get(at("letter", request.pk)))
    for words in ("Elle revend (C07).", "Cessez la revente.", "telerecours", "deux mois", "Solène Abadie", "Un Toit"):
        assert words in letter
    assert first.name not in letter


def test_the_letter_says_what_is_partly_met(owner, one):
    first = AgentFactory()
    request = filled(owner, one)
    requests.submit(request=request, by=owner)
    requests.take(request=request, by=first)
    for criterion in request.charter.criteria.all():
        verdict = Verdict.PARTLY if criterion.code == "C22" else Verdict.MET
        requests.review(request=request, by=first, criterion=criterion, verdict=verdict, text="Page de 2,1 Mo.")
    requests.propose(request=request, by=first, favourable=True, opinion="Oui.", months=12)
    request.refresh_from_db()
    requests.accept(request=request, by=AgentFactory(), reasons="Bien.")
    letter = text_of(signed_in(owner).get(at("letter", request.pk)))
    assert "12 mois" in letter and "C22" in letter and "2,1 Mo" in letter and "C01" not in letter


def test_the_letter_is_for_the_publishers_members_and_for_agents_who_may_decide(owner, one, house, client, resident):
    request = proposed(owner, one, AgentFactory())
    url, ours = at("agents_letter", request.pk), at("letter", request.pk)
    assert signed_in(owner).get(ours).status_code == 404
    assert signed_in(AgentFactory()).get(url).status_code == 404
    requests.refuse(request=request, by=AgentFactory(), reasons="Non.", remedies="Corrigez.")
    assert signed_in(member(house, PublisherRole.DEVELOPER)).get(ours).status_code == 200
    assert signed_in(AgentFactory()).get(url).status_code == 200
    assert signed_in(AgentFactory(new=True)).get(url).status_code == 403
    assert signed_in(member(publisher("Autre", SIRETS[1]))).get(ours).status_code == 404
    assert signed_in(resident).get(ours).status_code == signed_in(resident).get(url).status_code == 403
    assert client.get(ours).status_code == 302


def test_the_database_refuses_a_refusal_without_remedies(owner, one):
    request = proposed(owner, one, AgentFactory())
    request.state, request.decided_by, request.decided_at, request.reasons = (
        "refused",
        AgentFactory(),
        timezone.now(),
        "Non.",
    )
    with pytest.raises(IntegrityError, match="refused_with_remedies"), transaction.atomic():
        request.save()


def test_the_page_of_decision_asks_a_refusal_for_remedies(owner, one):
    request = proposed(owner, one, AgentFactory())
    browser = signed_in(AgentFactory())
    refused = {"answer": "refuse", "text": "Non.", "shown": request.mark}
    answer = browser.post(at("decide", request.pk), refused)
    assert "comment y remédier" in answer.content.decode()
    browser.post(at("decide", request.pk), {**refused, "remedies": "Corrigez."})
    assert LabelRequest.objects.get().remedies == "Corrigez."


# The agreement


def granted(owner, one):
    request = proposed(owner, one, AgentFactory())
    return requests.accept(request=request, by=AgentFactory(), reasons="Tout est rempli.")


def test_a_label_allows_nothing_before_both_accepted_its_agreement(owner, one, house):
    label = granted(owner, one)
    version = version_of(label)
    assert label_for(one.pk, version.pk) is None and not Label.objects.listed().exists()
    for person in (member(house, PublisherRole.DEVELOPER), AgentFactory()):
        with pytest.raises(PermissionDenied):
            labels.accept_agreement(label=label, by=person)
    labels.accept_agreement(label=label, by=owner)
    labels.accept_agreement(label=label, by=owner)
    assert label_for(one.pk, version.pk) == label
    events = [(entry.event, entry.content.get("sha256")) for entry in register.of("label", one.pk)]
    assert events == [("label_granted", label.sha256), ("label_accepted", label.sha256)]
    assert label.text["agreement"]["fr"] and len(label.text["agreement"]["fr"]) == len(label.text["agreement"]["en"])


def test_a_label_that_was_given_up_is_not_accepted(owner, one):
    label = granted(owner, one)
    labels.renounce(label=label, by=owner)
    with pytest.raises(NotNow):
        labels.accept_agreement(label=label, by=owner)


def test_the_owner_accepts_on_the_page_of_the_label(owner, one, house):
    label = granted(owner, one)
    developer = signed_in(member(house, PublisherRole.DEVELOPER))
    assert "Aucune lecture n’est encore permise" in developer.get(at("own_label", label.pk)).content.decode()
    assert developer.post(at("accept_agreement", label.pk)).status_code == 403
    browser = signed_in(owner)
    assert "90 jours" in browser.get(at("accept_agreement", label.pk)).content.decode()
    browser.post(at("accept_agreement", label.pk))
    assert Label.objects.get().state == LabelState.ACTIVE
    assert browser.get(at("accept_agreement", label.pk)).status_code == 404
    outsider = signed_in(member(publisher("Autre", SIRETS[1])))
    assert outsider.get(at("own_label", label.pk)).status_code == 404


def test_a_label_that_waits_for_its_agreement_is_only_withdrawn(owner, one):
    label = granted(owner, one)
    page = signed_in(AgentFactory()).get(at("propose_change", label.pk)).content.decode()
    assert 'value="withdraw"' in page and 'value="suspend"' not in page and 'value="lift"' not in page


# Change and renewal


def again(owner, one, *, change):
    request = requests.start(service=one, by=owner, change=change)
    asked(request.purposes.get(), owner, "logement.domicile#/loyer")
    requests.submit(request=request, by=owner)
    first = AgentFactory()
    requests.take(request=request, by=first)
    for criterion in request.charter.criteria.all():
        requests.review(request=request, by=first, criterion=criterion, verdict=Verdict.MET, text="")
    requests.propose(request=request, by=first, favourable=True, opinion="Oui.", months=12)
    request.refresh_from_db()
    return requests.accept(request=request, by=AgentFactory(), reasons="Oui.")


def test_the_old_label_stands_while_a_change_is_asked_for_and_ends_with_it(owner, one):
    old = labelled(owner, one)
    new = again(owner, one, change=True)
    assert new.request.kind == RequestKind.CHANGE
    assert [label.pk for label in Label.objects.in_force()] == [old.pk]
    labels.accept_agreement(label=new, by=owner)
    assert [label.pk for label in Label.objects.in_force()] == [new.pk]
    old.refresh_from_db()
    assert old.state == LabelState.REPLACED
    assert label_for(one.pk, version_of(old).pk) is None


def test_a_renewal_lets_the_old_label_run_to_its_end(owner, one):
    old = labelled(owner, one)
    new = again(owner, one, change=False)
    labels.accept_agreement(label=new, by=owner)
    assert {label.pk for label in Label.objects.in_force()} == {old.pk, new.pk}


def test_a_change_is_asked_for_on_the_publishers_page(owner, one):
    labelled(owner, one)
    browser = signed_in(owner)
    assert "Demander un changement" in browser.get(at("publisher")).content.decode()
    browser.post(at("start_request", one.pk), {"change": "1"})
    assert LabelRequest.objects.open().get().kind == RequestKind.CHANGE


# The publisher is heard


def test_two_agents_suspend_once_the_publisher_was_heard(owner, one, house):
    label = labelled(owner, one)
    first, second = AgentFactory(), AgentFactory()
    change = labels.propose_change(label=label, by=first, what=Change.SUSPEND, reasons="Il ne répond plus.")
    with pytest.raises(NotHeard):
        labels.decide_change(change=change, by=second, agree=True)
    for person in (member(publisher("Autre", SIRETS[1])), AgentFactory()):
        with pytest.raises(PermissionDenied):
            labels.answer_change(change=change, by=person, text="Nous répondons.")
    labels.answer_change(change=change, by=member(house, PublisherRole.DPO), text="Notre boîte était pleine.")
    with pytest.raises(NotNow):
        labels.answer_change(change=change, by=owner, text="Encore.")
    with pytest.raises(NotNow):
        labels.decide_change(change=change, by=second, agree=True)  # the page before the answer
    change.refresh_from_db()
    with pytest.raises(NotTwo):
        labels.decide_change(change=change, by=first, agree=True)
    labels.decide_change(change=change, by=second, agree=True)
    assert Label.objects.get().state == LabelState.SUSPENDED
    letter = text_of(signed_in(owner).get(at("change_letter", change.pk)))
    assert "Notre boîte était pleine." in letter and "Il ne répond plus." in letter and "telerecours" in letter


def test_an_urgent_suspension_has_its_letter_by_the_one_agent_who_decided(owner, one, house):
    label = labelled(owner, one)
    labels.suspend(label=label, by=AgentFactory(name="Solène Abadie"), reasons="Une fuite est signalée.")
    change = label.changes.get()
    assert (change.what, change.decided_by, change.is_heard) == (Change.URGENT, None, True)
    assert "Suspendre en urgence (PDF)" in signed_in(owner).get(at("own_label", label.pk)).content.decode()
    letter = text_of(signed_in(owner).get(at("change_letter", change.pk)))
    for words in ("Une fuite est signalée.", "Solène Abadie", "L121-2", "telerecours", "deux agents lèvent"):
        assert words in letter
    with pytest.raises(NotNow):
        labels.propose_change(label=label, by=AgentFactory(), what=Change.URGENT, reasons="Encore.")


def test_without_an_answer_two_agents_decide_after_fifteen_days(owner, one):
    label = labelled(owner, one)
    change = labels.propose_change(label=label, by=AgentFactory(), what=Change.WITHDRAW, reasons="Il revend.")
    second = AgentFactory()
    with time_machine.travel(timezone.now() + timedelta(days=14), tick=False), pytest.raises(NotHeard):
        labels.decide_change(change=change, by=second, agree=True)
    with time_machine.travel(timezone.now() + timedelta(days=15, minutes=1), tick=False):
        labels.decide_change(change=change, by=second, agree=True)
        assert Label.objects.get().state == LabelState.WITHDRAWN


def test_the_database_refuses_a_stop_before_the_publisher_was_heard(owner, one):
    label = labelled(owner, one)
    change = labels.propose_change(label=label, by=AgentFactory(), what=Change.WITHDRAW, reasons="Il revend.")
    change.decided_by, change.decided_at, change.agreed = AgentFactory(), timezone.now(), True
    with pytest.raises(IntegrityError, match="agreed_once_heard"), transaction.atomic():
        change.save()
    other = labelled(owner, service(owner, one.publisher, "Autre"))
    with pytest.raises(IntegrityError, match="label_change_heard"), transaction.atomic():
        LabelChange.objects.create(
            label=other,
            what=Change.SUSPEND,
            reasons="Non.",
            proposed_by=AgentFactory(),
        )


def test_the_publisher_answers_on_its_page_and_both_agents_read_it(owner, one, mailoutbox):
    label = labelled(owner, one)
    first = AgentFactory()
    change = labels.propose_change(label=label, by=first, what=Change.SUSPEND, reasons="Il ne répond plus.")
    notices.send_due()
    assert [mail.to for mail in mailoutbox if "répondez" in mail.subject] == [[owner.email]]
    assert not [mail for mail in mailoutbox if "Une décision vous attend" in mail.subject]
    browser, second = signed_in(owner), signed_in(AgentFactory())
    assert "Vous pouvez répondre" in browser.get(at("own_label", label.pk)).content.decode()
    page = browser.get(at("answer_change", change.pk)).content.decode()
    assert "Il ne répond plus." in page and first.name not in page
    waiting = second.get(at("decide_change", change.pk)).content.decode()
    assert "qu’après la réponse" in waiting and 'value="agree"' not in waiting
    second.post(at("decide_change", change.pk), {"answer": "agree"})
    assert Label.objects.get().state == LabelState.ACTIVE
    browser.post(at("answer_change", change.pk), {"text": "Notre boîte était pleine."})
    assert browser.get(at("answer_change", change.pk)).status_code == 404
    assert "boîte était pleine" in second.get(at("decide_change", change.pk)).content.decode()
    notices.send_due()
    assert [mail for mail in mailoutbox if "Une décision vous attend" in mail.subject]


# Levels


def test_a_request_for_nothing_delicate_answers_the_blocking_requirements_only(owner, one):
    paper_kinds.load()
    charter()
    request = requests.start(service=one, by=owner)
    purpose = requests.write_purpose(
        request=request, by=owner, title="But", title_en="Aim", text="Il compare.", text_en="x", mode="look"
    )
    needed = {found.code for found in _missing(request) if found.code.startswith("C")}
    assert {"C20", "C22", "C23"} <= needed
    asked(purpose, owner, "logement.domicile#/loyer")
    light = {found.code for found in _missing(request) if found.code.startswith("C")}
    assert needed - light == {"C20", "C22", "C23"}
    page = signed_in(owner).get(at("request", request.pk)).content.decode()
    assert "exigences bloquantes seules" in page and "C22." not in page
    requests.ask_paper(purpose=purpose, by=owner, kind="rib", required=False, why="Pour payer.", why_en="To pay.")
    assert {found.code for found in _missing(request) if found.code.startswith("C")} == needed


def _missing(request):
    from certification.labels.missing import missing

    return missing(LabelRequest.objects.get(pk=request.pk))


@pytest.mark.parametrize("accepted", [False, True])
def test_a_suspension_stops_the_renewal_too_which_only_two_agents_lift(owner, one, accepted):
    old = labelled(owner, one)
    new = again(owner, one, change=False)
    if accepted:
        labels.accept_agreement(label=new, by=owner)
    labels.suspend(label=old, by=AgentFactory(), reasons="Une faille.")
    new = labels.accept_agreement(label=new, by=owner)
    assert new.state == LabelState.SUSPENDED
    assert label_for(one.pk, version_of(old).pk) is None
    told = [entry.content["label"] for entry in register.of("label", one.pk) if entry.event == "label_suspended"]
    assert sorted(told) == sorted([old.number, new.number])
    change = labels.propose_change(label=new, by=AgentFactory(), what=Change.LIFT, reasons="Corrigée.")
    labels.decide_change(change=change, by=AgentFactory(), agree=True)
    assert label_for(one.pk, new.allowed.get().version_id) is not None


def test_a_withdrawal_ends_the_renewal_too(owner, one):
    old = labelled(owner, one)
    labels.accept_agreement(label=again(owner, one, change=False), by=owner)
    change = labels.propose_change(label=old, by=AgentFactory(), what=Change.WITHDRAW, reasons="Il revend.")
    labels.answer_change(change=change, by=owner, text="Nous arrêtons.")
    change.refresh_from_db()
    labels.decide_change(change=change, by=AgentFactory(), agree=True)
    assert {label.state for label in Label.objects.all()} == {LabelState.WITHDRAWN}


def test_the_services_of_a_closed_publisher_read_nothing(owner, one, house):
    label = labelled(owner, one)
    house.is_active = False
    house.save()
    assert label_for(one.pk, version_of(label).pk) is None


def test_a_suspension_stops_the_change_that_waits_too(owner, one):
    old = labelled(owner, one)
    new = again(owner, one, change=True)
    labels.suspend(label=old, by=AgentFactory(), reasons="Une faille.")
    labels.accept_agreement(label=new, by=owner)
    assert not Label.objects.in_force().exists()
