"""The gate returns the resident's own values: only the requested fields, and never without a journal entry."""

from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django_scopes import scope
from django_scopes.exceptions import ScopeError

from core import journal
from core.keys.sealed import Unreadable
from tests.telling import tells
from tests.vault.made import HOME, HOUSEHOLD, NOTICE, add, add_signed_notice
from vault.records import actions, gate
from vault.records.gate import own_reads
from vault.records.gate.decrypting import decrypt_loaded
from vault.records.models import Record

pytestmark = pytest.mark.django_db(transaction=True)
INCOME = "fiscal.avis_ir#/revenu_fiscal_reference"
PARTS = "fiscal.avis_ir#/nombre_parts"


def entries_of(resident):
    return journal.entries(resident_id=resident.pk, limit=50)


def test_a_value_is_read_and_the_entry_has_its_field_and_purpose(resident):
    add_signed_notice(resident)
    values = gate.read_own(resident_id=resident.pk, purpose="Calculer vos aides", fields=[INCOME])

    assert values.value(INCOME) == 12312
    entry = entries_of(resident)[0]
    assert (entry.event, entry.purpose, entry.fields, entry.actor_id) == (
        "read",
        "Calculer vos aides",
        [INCOME],
        resident.pk,
    )


def test_the_entry_holds_no_value(resident):
    add_signed_notice(resident)
    gate.read_own(resident_id=resident.pk, purpose="Calculer vos aides", fields=[INCOME])
    assert not tells(repr(entries_of(resident)), "12312")


def test_only_the_requested_fields_are_returned(resident):
    add_signed_notice(resident)
    opened = gate.read_own(resident_id=resident.pk, purpose="essai", fields=[PARTS])[0]
    assert opened.payload == {"nombre_parts": 2.5}


def test_one_part_of_each_item_of_a_list_is_returned(resident):
    add(resident, "foyer.composition", HOUSEHOLD)
    opened = gate.read_own(
        resident_id=resident.pk, purpose="essai", fields=["foyer.composition#/enfants/*/date_naissance"]
    )[0]
    assert opened.payload == {"enfants": [{"date_naissance": "2017-05-12"}, {"date_naissance": "2022-02-02"}]}


@pytest.mark.parametrize("field", ["fiscal.avis_ir#/salaire_cache", "rien.du_tout#/x", "fiscal.avis_ir", ""])
def test_an_unknown_field_decrypts_nothing_and_writes_no_entry(resident, field):
    add_signed_notice(resident)
    before = len(entries_of(resident))
    with pytest.raises(gate.UnknownField):
        gate.read_own(resident_id=resident.pk, purpose="essai", fields=[INCOME, field])
    assert len(entries_of(resident)) == before


def test_nothing_is_read_if_the_entry_cannot_be_written(resident, monkeypatch):
    add_signed_notice(resident)
    opened = []
    monkeypatch.setattr(own_reads, "decrypt_loaded", lambda *args, **_named: opened.append(args))

    def broken(**_kwargs):
        raise DatabaseError("no space left")

    monkeypatch.setattr(journal, "write", broken)
    with pytest.raises(DatabaseError):
        gate.read_own(resident_id=resident.pk, purpose="essai", fields=[INCOME])
    assert opened == []


def test_nothing_is_read_if_the_database_refuses_the_entry(resident, monkeypatch):
    """The database itself refuses: two entries cannot have the same number."""
    add_signed_notice(resident)
    opened = []
    monkeypatch.setattr(own_reads, "decrypt_loaded", lambda *args, **_named: opened.append(args))
    assert journal.ROW.startswith("(%s, %s, %s,")
    monkeypatch.setattr(journal, "ROW", journal.ROW.replace("(%s, %s, %s,", "(%s, %s, least(%s, 1),"))
    with pytest.raises(DatabaseError):
        gate.read_own(resident_id=resident.pk, purpose="essai", fields=[INCOME])
    assert opened == []


def test_the_entry_is_written_before_anything_is_decrypted(resident, monkeypatch):
    add_signed_notice(resident)
    order = []

    def watched(name, verb):
        def run(*args, **kwargs):
            order.append(name)
            return verb(*args, **kwargs)

        return run

    monkeypatch.setattr(journal, "write", watched("entry", journal.write))
    monkeypatch.setattr(own_reads, "decrypt_loaded", watched("decrypt", decrypt_loaded))
    gate.read_own(resident_id=resident.pk, purpose="essai", fields=[INCOME])
    assert order == ["entry", "decrypt"]


def test_the_entry_names_what_was_there_to_read(resident):
    """An empty vault was asked for many values, of which it gave none."""
    fields = [INCOME, "logement.domicile#/loyer"]
    gate.read_own(resident_id=resident.pk, purpose="essai", fields=fields)
    assert journal.entries(resident_id=resident.pk, limit=1)[0].fields == []
    add_signed_notice(resident)
    gate.read_own(resident_id=resident.pk, purpose="essai", fields=fields)
    assert journal.entries(resident_id=resident.pk, limit=1)[0].fields == [INCOME]


def test_a_read_inside_a_longer_transaction_is_refused(resident):
    with transaction.atomic(), pytest.raises(RuntimeError):
        gate.read_own(resident_id=resident.pk, purpose="essai", fields=[INCOME])


def test_a_superseded_or_withdrawn_record_is_not_read(resident):
    old = add_signed_notice(resident)
    new = actions.correct_record(record=old, by=resident.pk, payload={**NOTICE, "revenu_fiscal_reference": 9000})
    values = gate.read_own(resident_id=resident.pk, purpose="essai", fields=[INCOME])
    assert [opened.payload["revenu_fiscal_reference"] for opened in values] == [9000]

    actions.withdraw_record(record=new, by=resident.pk)
    assert len(gate.read_own(resident_id=resident.pk, purpose="essai", fields=[INCOME])) == 0


def test_another_resident_s_values_are_not_read(resident, stranger):
    record = add_signed_notice(resident)
    assert len(gate.read_own(resident_id=stranger.pk, purpose="essai", fields=[INCOME])) == 0
    assert gate.own_record(resident_id=stranger.pk, purpose="essai", record_id=record.pk) is None
    assert gate.own_history(resident_id=stranger.pk, purpose="essai", record_id=record.pk) == []


def test_the_latest_notice_is_that_of_the_latest_year_even_when_it_came_first(resident):
    add_signed_notice(resident)
    add_signed_notice(resident, annee_revenus=2024, revenu_fiscal_reference=13050)
    values = gate.read_own(resident_id=resident.pk, purpose="essai", fields=[INCOME, "fiscal.avis_ir#/annee_revenus"])
    assert [opened.payload["annee_revenus"] for opened in values.of_type("fiscal.avis_ir")] == [2024, 2025]
    assert values.value(INCOME) == 12312


def test_values_can_be_limited_to_one_person(resident):
    other = uuid4()
    add(resident, "emploi.revenu", {"mois": "2026-10", "net_avant_impot": "1140.00"})
    add(resident, "emploi.revenu", {"mois": "2026-10", "net_avant_impot": "900.00"}, person=other, role="spouse")
    values = gate.read_own(resident_id=resident.pk, purpose="essai", fields=["emploi.revenu#/net_avant_impot"])
    assert values.value("emploi.revenu#/net_avant_impot", person=other) == "900.00"
    assert values.value("emploi.revenu#/net_avant_impot", person=resident.pk) == "1140.00"
    assert values.latest("emploi.revenu", uuid4()) is None


def test_a_sealed_content_moved_to_another_record_is_not_decrypted(resident):
    first, second = add_signed_notice(resident), add_signed_notice(resident, annee_revenus=2024)
    with scope(resident=resident.pk):
        Record.objects.filter(pk=second.pk).update(content=first.content)
    with pytest.raises(Unreadable):
        gate.read_own(resident_id=resident.pk, purpose="essai", fields=[INCOME])
    assert entries_of(resident)[0].event == "record_added"


def test_outside_a_scope_no_row_is_found(resident):
    add(resident, "logement.domicile", HOME)
    with pytest.raises(ScopeError):
        list(Record.objects.all())


def test_a_page_writes_one_entry_and_costs_the_same_queries_for_one_record_as_for_eleven(resident):
    def queries():
        with scope(resident=resident.pk):
            ids = list(Record.objects.values_list("pk", flat=True))
        with CaptureQueriesContext(connection) as captured:
            gate.own_page(
                resident_id=resident.pk,
                purpose="Afficher votre coffre",
                record_ids=ids,
                codes={"fiscal.avis_ir"},
                paper_ids=[],
            )
        return len(captured)

    add_signed_notice(resident)
    alone = queries()
    for year in range(2015, 2025):
        add_signed_notice(resident, annee_revenus=year)
    assert queries() == alone
    assert sum(entry.event == "vault_read" for entry in entries_of(resident)) == 2
