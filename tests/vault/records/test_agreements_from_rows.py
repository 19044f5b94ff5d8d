"""An agreement may be made from a row, by a prefix, and may ask for kinds of papers: the resident picks which."""

from dataclasses import replace
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone
from django_scopes import scope

from tests.vault.couples import TRIED, granted
from vault.records.actions import grants
from vault.records.actions.grants import Recipient
from vault.records.enums import Mode, PaperState
from vault.records.grants import agreements, recipients
from vault.records.grants.agreements import PaperItem
from vault.records.grants.recipients import RecipientKind
from vault.records.grants.terms import Terms
from vault.records.models import Paper
from vault.sharing.actions.mandates import never_again

pytestmark = pytest.mark.django_db(transaction=True)
ASKS_PAPERS = replace(
    TRIED,
    items=TRIED.items[1:],
    papers=(PaperItem("avis_impot", "Votre avis d’impôt", required=True), PaperItem("rib", "Votre RIB")),
    recipient_kind="shop",
)


@pytest.fixture(autouse=True)
def shop(monkeypatch):
    monkeypatch.setitem(recipients._kinds, "shop", RecipientKind("shop", "un magasin", never_again))


def paper(resident, kind, state=PaperState.KEPT):
    with scope(resident=resident.pk):
        return Paper.objects.create(
            resident_id=resident.pk, kind=kind, state=state, content=b"", token=uuid4(), kept_at=timezone.now()
        ).pk


def give(resident, *papers, items=()):
    recipient = Recipient("shop", uuid4(), "Le magasin")
    with scope(resident=resident.pk), transaction.atomic():
        return grants.give(
            resident_id=resident.pk,
            by=resident.pk,
            agreement=ASKS_PAPERS,
            recipient=recipient,
            terms=Terms(items, Mode.LOOK, 1, papers=papers),
        )


def test_the_papers_that_the_resident_picked_are_in_the_grant(resident):
    notice, bank = paper(resident, "avis_impot"), paper(resident, "rib")
    for picked in ([notice], [notice, bank]):
        grant = give(resident, *picked)
        with scope(resident=resident.pk):
            assert set(grant.papers.values_list("paper_id", flat=True)) == set(picked)


def test_a_paper_that_was_not_asked_for_is_refused_and_a_required_one_is_needed(resident, stranger):
    notice, bank, other = paper(resident, "avis_impot"), paper(resident, "rib"), paper(resident, "bail")
    waiting, theirs = paper(resident, "rib", PaperState.TO_CONFIRM), paper(stranger, "rib")
    for picked in ([notice, other], [bank], [notice, waiting], [notice, theirs]):
        with pytest.raises(ValueError, match="not offered"):
            give(resident, *picked)
    with pytest.raises(ValueError, match="not offered"):
        give(resident, items=["parts"])


def test_the_kinds_of_papers_are_in_the_hash_of_the_text():
    others = [
        replace(ASKS_PAPERS, papers=ASKS_PAPERS.papers[:1]),
        replace(ASKS_PAPERS, papers=(PaperItem("avis_impot", "Votre avis d’impôt"), ASKS_PAPERS.papers[1])),
        replace(ASKS_PAPERS, papers=()),
    ]
    hashes = {one.notice_hash("fr") for one in [ASKS_PAPERS, *others]}
    assert len(hashes) == 4


def test_an_agreement_is_found_by_its_prefix_and_its_id(resident, monkeypatch):
    monkeypatch.setitem(agreements._resolvers, "row", {"7": ASKS_PAPERS}.get)
    assert agreements.get("row:7") is ASKS_PAPERS
    assert agreements.of(granted(resident, agreement="row:7")) is ASKS_PAPERS
    assert agreements.of(granted(resident, agreement="row:8")) is None
    with pytest.raises(KeyError):
        agreements.get("row:8")
    with pytest.raises(KeyError):
        agreements.get("other:7")
