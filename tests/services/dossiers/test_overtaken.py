"""A finished dossier is flagged as outdated when a paper expires or leaves, or a value changes."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from services.dossiers.actions import dossiers as actions
from services.dossiers.content import overtaken
from services.dossiers.models import Dossier
from tests.accounts.factories import signed_in
from tests.services.dossiers.made import add_paper, built, fill
from tests.vault.made import add_signed_notice
from vault.records import actions as vault_actions
from vault.records.models import Paper, Record

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ready(resident):
    fill(resident)
    add_paper(resident, "avis_impot")
    return built(resident, drawn=False)


def reasons_of(resident) -> list[str]:
    with scope(resident=resident.pk):
        return [reason for reasons in overtaken.reasons(Dossier.objects.all()).values() for reason in reasons]


def the_paper(resident) -> Paper:
    with scope(resident=resident.pk):
        return Paper.objects.get()


def pages(resident) -> str:
    client = signed_in(resident)
    with scope(resident=resident.pk):
        dossier = Dossier.objects.get()
    answers = (client.get(reverse("dossiers:home")), client.get(reverse("dossiers:dossier", args=[dossier.pk])))
    return " ".join(answer.content.decode().replace("\u00a0", " ") for answer in answers)


def test_up_to_date_dossier_has_no_reason(ready, resident):
    assert ready.used_papers == [str(the_paper(resident).pk)] and ready.used_records
    assert reasons_of(resident) == []
    assert "plus à jour" not in pages(resident)


def test_a_paper_that_expires_flags_the_dossier_that_holds_it(ready, resident):
    with scope(resident=resident.pk):
        Paper.objects.update(expires_on=timezone.localdate() - timedelta(days=1))
    assert reasons_of(resident) == ["Un de ses papiers a expiré."]
    shown = pages(resident)
    assert "À refaire" in shown and "plus à jour" in shown and shown.count("a expiré") == 2


def test_paper_is_valid_on_its_last_day(ready, resident):
    with scope(resident=resident.pk):
        Paper.objects.update(expires_on=timezone.localdate())
    assert reasons_of(resident) == []


def test_withdrawn_paper_flags_the_dossier(ready, resident):
    vault_actions.delete_paper(paper=the_paper(resident), by=resident.pk)
    assert reasons_of(resident) == ["Un de ses papiers n’est plus dans votre coffre."]


def test_corrected_or_withdrawn_value_flags_the_dossier(ready, resident):
    with scope(resident=resident.pk):
        record = Record.objects.get(pk=ready.used_records[0])
    vault_actions.withdraw_record(record=record, by=resident.pk)
    assert reasons_of(resident) == ["Une de ses valeurs a changé."]


def test_value_outside_the_dossier_may_change(ready, resident):
    add_signed_notice(resident, annee_revenus=2019)
    assert reasons_of(resident) == []


def test_draft_is_not_flagged(resident):
    fill(resident)
    actions.start(resident_id=resident.pk, aids=["ville_cantine"])
    assert reasons_of(resident) == []


def test_many_dossiers_cost_five_queries(ready, resident, django_assert_num_queries):
    with scope(resident=resident.pk):
        dossiers = list(Dossier.objects.all()) * 20
        with django_assert_num_queries(5):
            overtaken.reasons(dossiers)
