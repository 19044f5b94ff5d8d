"""A version of a procedure: written by one agent, published by another, and never changed afterwards."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from accounts.two_persons import NotTwo
from core.journal import register
from services.procedures import finding, rules, shipping
from services.procedures.actions import procedures as actions
from services.procedures.models import Procedure
from services.versions.actions import versions
from services.versions.models import State
from tests.accounts.factories import AgentFactory
from tests.services.procedures.written import CANTEEN, NURSERY, asking, document, published

pytestmark = pytest.mark.django_db


def test_a_version_goes_from_draft_to_closed(author, second):
    draft = actions.begin(by=author, item=document())
    with pytest.raises(versions.NotNow):
        versions.publish(row=draft, by=second)
    proposed = versions.try_out(row=draft, by=author)
    with pytest.raises(NotTwo):
        versions.publish(row=proposed, by=author)
    first = versions.publish(row=proposed, by=second)
    with pytest.raises(versions.NotNow):
        versions.publish(row=proposed, by=second)
    later = versions.renew(row=first, by=author, begin=actions.begin)
    assert (later.version, later.state, later.rules) == (2, State.DRAFT, first.rules)
    versions.publish(row=versions.try_out(row=later, by=author), by=second)
    first.refresh_from_db()
    assert first.state == State.CLOSED
    versions.close(row=later)
    with pytest.raises(versions.NotNow):
        versions.close(row=later)
    told = [entry.event for entry in register.of(Procedure.KIND, Procedure.subject_of(CANTEEN))]
    assert told == ["procedure_published", "procedure_published", "procedure_closed"]


def test_only_its_author_changes_a_draft_and_a_new_agent_publishes_nothing(author, second, resident):
    draft = actions.begin(by=author, item=document())
    with pytest.raises(PermissionDenied):
        versions.try_out(row=draft, by=second)
    with pytest.raises(PermissionDenied):
        versions.drop(row=draft, by=second)
    with pytest.raises(PermissionDenied):
        actions.change(row=draft, by=second, seen=0, label="Autre")
    with pytest.raises(PermissionDenied):
        actions.begin(by=resident, item=document())
    versions.try_out(row=draft, by=author)
    with pytest.raises(NotTwo):
        versions.publish(row=draft, by=AgentFactory(new=True))
    versions.drop(row=draft, by=author)
    assert not Procedure.objects.exists()


def test_an_old_page_changes_nothing(author):
    draft = actions.begin(by=author, item=document())
    actions.change(row=draft, by=author, seen=0, label="Cantine")
    with pytest.raises(versions.NotNow):
        actions.change(row=draft, by=author, seen=0, label="Autre")
    draft.refresh_from_db()
    assert (draft.label, draft.changes) == ("Cantine", 1)
    versions.drop(row=draft, by=author)
    with pytest.raises(versions.NotNow):
        actions.change(row=draft, by=author, seen=1, label="Autre")


def test_a_proposed_version_that_changes_is_to_be_proposed_again(author, second):
    draft = versions.try_out(row=actions.begin(by=author, item=document()), by=author)
    assert actions.change(row=draft, by=author, seen=0, label="Cantine").state == State.DRAFT
    with pytest.raises(versions.NotNow):
        versions.publish(row=draft, by=second)


def test_no_agent_writes_a_national_procedure_and_a_new_one_never_takes_its_code(author):
    with pytest.raises(PermissionDenied):
        actions.begin(by=author, item={**document(), "code": "rsa"})
    made = actions.begin_new(by=author, item=document(title="RSA"))
    assert made.code == "rsa-2"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE procedures_procedure SET label = 'x'",
        "UPDATE procedures_procedure SET rules = '{}'",
        "UPDATE procedures_procedure SET closes_on = '2030-01-01'",
        "UPDATE procedures_procedure SET state = 'draft'",
        "UPDATE procedures_procedure SET state = 'closed', label = 'x'",
        "DELETE FROM procedures_procedure",
    ],
)
def test_the_database_refuses_to_change_a_published_version(change):
    shipping.write(document())
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


def test_the_database_refuses_one_person_alone_and_a_version_that_nobody_proposed(author):
    draft = actions.begin(by=author, item=document())
    with pytest.raises(DatabaseError, match="only a proposed"), transaction.atomic():
        Procedure.objects.filter(pk=draft.pk).update(state=State.PUBLISHED, published_by=author)
    versions.try_out(row=draft, by=author)
    with pytest.raises(IntegrityError, match="two_persons"), transaction.atomic():
        Procedure.objects.filter(pk=draft.pk).update(state=State.PUBLISHED, published_by=author)


def test_a_huge_or_broken_document_is_refused_in_a_sentence(author):
    fields = [f"foyer.composition#/champ_{number}" for number in range(400)]
    with pytest.raises(versions.Faulty, match="60 informations"):
        actions.begin(by=author, item=asking(*fields))
    with pytest.raises(versions.Faulty, match="40 papiers"):
        actions.begin(by=author, item=document(papers=document()["papers"] * 40))
    for broken in (
        {"code": "x"},
        document(papers=[{"kind": "cni"}]),
        document(sections="non"),
        document(opens_on="2026-02-31"),
        document(opens_on="2026-09-01", closes_on="2026-08-01"),
        asking("foyer.composition#/inconnu"),
        document(papers=[{**document()["papers"][0], "condition": {"type": "eval", "question": "?"}}]),
    ):
        with pytest.raises(versions.Faulty):
            actions.begin(by=author, item=broken)
    assert not Procedure.objects.exists()


def test_a_row_of_the_city_takes_the_place_of_what_came_with_the_portal(author, second):
    assert [one.version for one in finding.current([NURSERY])] == [0]
    published(author, second, document(NURSERY))
    (found,) = finding.current([NURSERY])
    assert (found.version, found.organisation) == (1, "Ville de Villebrume, service Petite enfance")
    assert [one.version for one in finding.chosen([NURSERY], {})] == [0], "a dossier keeps what it began with"


def test_a_closed_or_future_procedure_cannot_be_begun(author, second):
    today = timezone.localdate()
    row = published(author, second, document(closes_on=today.isoformat()))
    assert finding.current([CANTEEN])
    closed = published(author, second, document(closes_on=(today - timedelta(days=1)).isoformat()))
    with pytest.raises(finding.Unknown):
        finding.current([CANTEEN])
    assert CANTEEN not in [one.code for one in finding.startable()]
    later = published(author, second, document(opens_on=(today + timedelta(days=1)).isoformat()))
    with pytest.raises(finding.Unknown):
        finding.current([CANTEEN])
    assert {row.version, closed.version, later.version} == {1, 2, 3}


def test_terms_are_those_of_the_day_of_receipt(author, second):
    before = timezone.now()
    assert finding.terms([CANTEEN], before) == finding.Terms()
    published(author, second, document())
    received = timezone.now()
    published(author, second, document(decision_delay={**document()["decision_delay"], "months": 4}))
    assert (finding.terms([CANTEEN], received).months, finding.terms([CANTEEN], received).silence) == (2, "accepted")
    assert finding.terms([CANTEEN], timezone.now()).months == 4
    assert finding.terms(["rsa"], timezone.now()) == finding.Terms()
    both = finding.terms([CANTEEN, "rsa"], timezone.now())
    assert both.silence == "refused", "a request for two things is accepted only if both say so"
    versions.close(row=Procedure.objects.published().get())
    assert finding.terms([CANTEEN], timezone.now()) == finding.Terms(), "what is closed promises nothing more"


def test_a_draft_lacks_its_act_and_its_silence(author):
    lacking = rules.to_write(rules.blank("Carte", "Ville", timezone.localdate()))
    assert len(lacking) == 4
