"""A resident's dossier is sent to an office, corrected, decided, and the decision is in the vault."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django_scopes import scope

from core import journal
from services.requests.actions import answering
from services.requests.actions import office as actions
from services.requests.enums import Fault, Happened, State
from services.requests.models import Correction, Letter
from tests.services.dossiers.made import add_paper
from tests.services.requests.made import PAPER, fresh, proposed, sent, work
from tests.vault.records.test_export import opened as opened_copy
from vault.records import gate
from vault.records.models import Grant, Paper

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_request_is_sent_corrected_decided_and_the_decision_is_in_the_vault(resident, office, claire, hugo):
    today = timezone.localdate()
    ends_on = today + timedelta(days=270)
    row = sent(resident, office)
    assert row.state == State.RECEIVED and row.grant.state == "active" and row.grant.subject_id == row.dossier_id
    actions.take(request=row, place=claire)
    opened = actions.open_request(request=fresh(row), place=claire)
    assert opened.content.applicant == "Nadia Kervella"
    assert [line.label for line in opened.content.lines] == ["Demandeur", "Quotient familial", "Facture d’août"]

    actions.ask_correction(
        request=fresh(row), place=claire, line=PAPER, fault=Fault.OUTDATED, message="Moins de 3 mois."
    )
    first = fresh(row)
    assert first.state == State.CORRECTION and first.stopped_since
    paper = add_paper(resident, "justificatif_domicile")
    with scope(resident=resident.pk):
        correction = Correction.objects.get()
    answering.correct(correction=correction, by=resident.pk, paper_id=paper.pk)
    second = fresh(row)
    assert second.state == State.REVIEW and second.stopped_since is None and second.grant_id != first.grant_id
    line = actions.open_request(request=second, place=claire).content.line(PAPER)
    assert line is not None and line.before == "daté du 14 août 2026" and line.paper == str(paper.pk)
    _opened, file = gate.read_file(grant=second.grant, paper_id=paper.pk, position=0, visit=None)
    with file:
        assert file.read(4) == b"%PDF"
    with pytest.raises(gate.Refused):
        gate.read_file(grant=first.grant, paper_id=paper.pk, position=0, visit=None)

    proposed(second, claire, starts_on=today, ends_on=ends_on)
    actions.decide(request=fresh(row), place=hugo)
    done = fresh(row)
    assert done.state == State.GRANTED and done.ends_on == ends_on
    found = gate.own_of_type(resident_id=resident.pk, purpose="Essayer", type_code="droit.decision")
    assert [one.payload["accorde"] for one in found] == ["1,20 € le repas"]
    work()
    work()
    proven = gate.own_of_type(resident_id=resident.pk, purpose="Essayer", type_code="droit.decision")
    with scope(resident=resident.pk):
        paper = Paper.objects.get(kind="decision_demande")
        assert [one.paper_id for one in proven] == [paper.pk] and proven[0].payload == found[0].payload
        assert (paper.state, paper.expires_on) == ("kept", ends_on)
        assert set(Letter.objects.values_list("kind", flat=True)) == {"receipt", "decision"}
        kinds = list(done.events.values_list("happened", flat=True))
    assert kinds.count(Happened.OPENED) == 2
    events = [one.event for one in journal.entries(resident_id=resident.pk, limit=60)]
    assert events.count("granted_request_opened") == 2 and "request_decided" in events

    names = opened_copy(resident).namelist()
    assert {"demandes_envoyees.json", "demandes_corrections.json", f"demandes/{done.number}-receipt.pdf"} <= {*names}

    answering.withdraw(request=done, by=resident.pk)
    gone = fresh(row)
    assert gone.content is None and gone.state == State.GRANTED
    with pytest.raises(actions.Gone):
        actions.open_request(request=gone, place=claire)
    with pytest.raises(gate.Refused):
        actions.open_request(request=done, place=claire)
    with scope(resident=resident.pk):
        assert not Grant.objects.standing().filter(recipient_kind="office").exists()
