"""An office has the time that its procedure says, and its silence means what the procedure says."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from services.procedures import finding
from services.requests import letters
from services.requests.actions import answering
from tests.accounts.factories import AgentFactory, signed_in
from tests.services.procedures.written import CANTEEN, document, published
from tests.services.requests.made import finished, fresh, member, sent
from vault.records.content import paper_kinds
from vault.types.spans import add_months

pytestmark = pytest.mark.django_db


def text(answer):
    return answer.content.decode().replace("\u00a0", " ").replace("\u202f", " ")


@pytest.fixture
def canteen(db):
    """A canteen whose silence means yes after four months; its agents."""
    paper_kinds.load()
    agents = AgentFactory(name="Awa Sorel"), AgentFactory(name="Hugo Bastide")
    delay = {**document()["decision_delay"], "months": 4}
    return agents, published(agents[0], agents[1], document(decision_delay=delay))


def asked(resident, office):
    return sent(resident, office, finished(resident, aids=[CANTEEN], title="Inscription à la cantine"))


def test_the_time_and_the_silence_are_those_of_the_procedure(resident, office, canteen, time_machine):
    row = asked(resident, office)
    received = timezone.localdate(row.sent_at)
    assert row.due_on == add_months(received, 4) == row.clock().due
    browser: Client = signed_in(resident)
    page = text(browser.get(reverse("requests:request", args=[row.pk])))
    assert "Le service a 4 mois. Sans réponse, c’est un accord." in page
    with scope(resident=resident.pk):
        (then,) = [part.text for part in letters._receipt(row, None) if part.title.startswith("Quand")]
        appeals = letters._receipt(row, None)[-1].text
    assert "votre demande est acceptée" in then and "L231-4" not in then
    assert "1. Maire ou président du CCAS" in appeals
    member(office, "Claire Morvan")
    member(office, "Hugo Bastide", instructs=False, may_decide=True)
    time_machine.move_to(timezone.now() + timedelta(days=130), tick=False)
    answering.follow()
    late = fresh(row)
    with scope(resident=resident.pk):
        assert late.silence_told_at is not None and not late.is_refused()
    page = text(signed_in(resident).get(reverse("requests:request", args=[row.pk])))
    assert "sans réponse, c’est un accord" in page and "Vous pouvez contester" not in page


@pytest.mark.parametrize(("aid", "meaning"), [(CANTEEN, "Accord, le"), ("ville_cantine", "Refus, le")])
def test_the_office_reads_of_silence_what_the_resident_reads(resident, office, canteen, aid, meaning):
    row = sent(resident, office, finished(resident, aids=[aid]))
    agent = signed_in(member(office, "Claire Morvan").person)
    agent.post(reverse("requests:take", args=[row.pk]))
    assert meaning in text(agent.get(reverse("requests:office", args=[row.pk])))


def test_what_changes_after_the_receipt_changes_nothing_for_it(resident, office, canteen):
    row = asked(resident, office)
    agents, _former = canteen
    published(
        agents[0], agents[1], document(decision_delay={**document()["decision_delay"], "silence_means": "refused"})
    )
    later = fresh(row)
    assert (later.terms.months, later.silence_grants) == (4, True)
    assert finding.terms([CANTEEN], timezone.now()).silence == "refused"


def test_without_a_procedure_of_the_city_silence_is_a_refusal_after_two_months(resident, office):
    row = sent(resident, office)
    assert row.due_on == add_months(timezone.localdate(row.sent_at), 2) and not row.silence_grants
    page = text(signed_in(resident).get(reverse("requests:request", args=[row.pk])))
    assert "Le service a 2 mois. Sans réponse, c’est un refus, que vous pouvez contester." in page
