"""Many records at once: all or none, each once, one entry; a better proof and the resident's own value stay."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_scopes import scope

from core import journal
from tests.vault.made import IDENTITY, add
from vault import types
from vault.records import actions, gate
from vault.records.models import Record
from vault.types import envelope

pytestmark = pytest.mark.django_db(transaction=True)

POINT = "14500000000001"


def operation(
    amount="-12.50",
    *,
    day="2026-03-04",
    label="CARTE BOULANGERIE",
    holder="Banque d’essai",
    assurance="declared",
    **more,
):
    payload = {"compte": "0042", "date_operation": day, "montant": amount, "devise": "EUR", "libelle": label, **more}
    return made("banque.operation", payload, holder=holder, assurance=assurance)


def block(values, *, start="2026-03-01T00:00:00+01:00", step=1800, **more):
    payload = {
        "point": POINT,
        "flux": "soutirage",
        "grandeur": "energie",
        "unite": "Wh",
        "debut": start,
        "pas_s": step,
        "valeurs": values,
        "fuseau": "Europe/Paris",
    }
    return made("energie.serie", payload, holder="enedis", **more)


def quotient(value, *, month=3, **more):
    payload = {"fournisseur": "CNAF", "valeur": value, "annee": 2026, "mois": month}
    return made("social.quotient_familial", payload, holder="caf", **more)


def made(type_code, payload, *, holder, assurance="declared", method="upload"):
    provenance = envelope.provenance(holder=holder, method=method, assurance=assurance)
    return envelope.build(type=type_code, payload=payload, provenance=provenance)


def write(resident, *envelopes, **more):
    return actions.write_many(resident_id=resident.pk, by=resident.pk, envelopes=envelopes, **more)


def pulled(resident, *envelopes):
    return write(resident, *envelopes, reception=actions.Reception(method="api_pull", assurance="holder_verified"))


def current(resident, type_code):
    fields = types.fields_of(type_code)
    return gate.read_own(resident_id=resident.pk, purpose="Essai", fields=fields).of_type(type_code)


def amounts(resident):
    return sorted(record.payload["montant"] for record in current(resident, "banque.operation"))


def entries(resident, event="records_received"):
    return [entry for entry in journal.entries(resident_id=resident.pk, limit=50) if entry.event == event]


def test_a_value_that_its_holder_sends_is_never_implausible_but_a_declared_one_is(resident):
    huge = quotient(10_000_000)
    refused = write(resident, huge)
    assert refused.added == 0 and current(resident, "social.quotient_familial") == []
    pulled(resident, huge)
    assert [one.payload["valeur"] for one in current(resident, "social.quotient_familial")] == [10_000_000]


def test_all_the_records_are_written_with_one_entry(resident):
    written = write(resident, *[operation(f"-{number}.00") for number in range(1, 41)])
    assert (written.added, written.replaced, written.known) == (40, 0, 0)
    assert len(amounts(resident)) == 40
    (entry,) = entries(resident)
    assert entry.details == {"holder": "Banque d’essai", "count": "40"}
    assert "banque.operation#/montant" in entry.fields
    assert not any("12" in field for field in entry.fields), "names, never values"


def test_the_number_of_queries_does_not_grow_with_the_records(resident):
    def cost(envelopes):
        with CaptureQueriesContext(connection) as captured:
            write(resident, *envelopes)
        return len(captured)

    cost([operation("-1.00")])
    assert cost([operation("-2.00")]) == cost([operation(f"-{number}.00", day="2026-04-01") for number in range(300)])


def test_the_same_envelopes_twice_write_no_record_twice(resident):
    envelopes = [operation("-12.50"), operation("-12.50"), block([1, None, 3]), quotient(526)]
    assert write(resident, *envelopes).added == 4
    assert write(resident, *envelopes).known == 4
    assert amounts(resident) == ["-12.50", "-12.50"]
    assert len(entries(resident)) == 2


def test_two_equal_payments_stay_two_and_a_later_file_adds_only_the_third(resident):
    write(resident, operation(reference="a"), operation(reference="b"))
    written = write(resident, operation(reference="c"), operation(reference="b"), operation(reference="a"))
    assert (written.added, written.known) == (1, 2)


def test_a_payment_whose_label_changed_is_superseded(resident):
    write(resident, operation(label="PAIEMENT EN COURS", reference="F1"))
    written = write(resident, operation(label="CARTE 04/03 BOULANGERIE", reference="F1"))
    assert (written.added, written.replaced) == (0, 1)
    (record,) = current(resident, "banque.operation")
    assert record.payload["libelle"] == "CARTE 04/03 BOULANGERIE"


def test_a_payment_and_its_refund_on_one_day_are_two(resident):
    write(resident, operation("-12.50"), operation("12.50"))
    assert amounts(resident) == ["-12.50", "12.50"]


def test_new_measures_complete_the_month(resident):
    write(resident, block([1, 2, 3, 4]))
    write(resident, block([None, 30, 40, 50], start="2026-03-01T01:00:00+01:00"))
    (record,) = current(resident, "energie.serie")
    assert record.payload["valeurs"] == [1, 2, 3, 30, 40, 50]


def test_earlier_measures_move_the_start_of_the_month(resident):
    write(resident, block([3, 4], start="2026-03-05T00:00:00+01:00", step=86400))
    write(resident, block([1], start="2026-03-03T00:00:00+01:00", step=86400))
    (record,) = current(resident, "energie.serie")
    assert record.payload["valeurs"] == [1, None, 3, 4]
    assert record.payload["debut"].startswith("2026-03-03")


def test_days_around_the_clock_change_stay_days(resident):
    write(resident, block([1] * 28, start="2026-03-01T00:00:00+01:00", step=86400))
    write(resident, block([2, 2], start="2026-03-30T00:00:00+02:00", step=86400))
    (record,) = current(resident, "energie.serie")
    assert record.payload["valeurs"] == [1] * 28 + [None] + [2, 2]


def test_measures_with_other_steps_are_another_record(resident):
    write(resident, block([1, 2]))
    write(resident, block([9, 9], start="2026-03-01T00:10:00+01:00"))
    assert len(current(resident, "energie.serie")) == 2


def test_another_month_is_another_record(resident):
    write(resident, block([1]), block([2], start="2026-04-01T00:00:00+02:00"))
    assert len(current(resident, "energie.serie")) == 2


def test_a_better_proof_of_the_same_value_supersedes_it(resident):
    write(resident, quotient(526))
    assert pulled(resident, quotient(526)).replaced == 1
    (record,) = current(resident, "social.quotient_familial")
    assert record.assurance == "holder_verified"
    assert pulled(resident, quotient(526)).known == 1


def test_a_file_without_proof_does_not_supersede_the_holder_s_value(resident):
    pulled(resident, quotient(526))
    assert write(resident, quotient(900)).better == 1
    (record,) = current(resident, "social.quotient_familial")
    assert record.payload["valeur"] == 526


def test_measures_without_proof_complete_a_month_without_changing_its_proven_values(resident):
    pulled(resident, block([1, 2]))
    write(resident, block([9, 9, 3]))
    (record,) = current(resident, "energie.serie")
    assert record.payload["valeurs"] == [1, 2, 3]
    assert record.assurance == "declared", "the block promises no more than its weakest part"


def test_a_correction_stays_until_the_holder_sends_another_value(resident):
    pulled(resident, quotient(526))
    with scope(resident=resident.pk):
        record = Record.objects.current().get()
    actions.correct_record(
        record=record, by=resident.pk, payload={"fournisseur": "CNAF", "valeur": 480, "annee": 2026, "mois": 3}
    )
    assert pulled(resident, quotient(526)).known == 1
    assert current(resident, "social.quotient_familial")[0].payload["valeur"] == 480
    assert pulled(resident, quotient(610)).replaced == 1
    assert current(resident, "social.quotient_familial")[0].payload["valeur"] == 610


def test_a_pull_does_not_write_a_withdrawn_value_again(resident):
    pulled(resident, quotient(526))
    with scope(resident=resident.pk):
        actions.withdraw_record(record=Record.objects.current().get(), by=resident.pk)
    assert pulled(resident, quotient(526)).known == 1
    assert current(resident, "social.quotient_familial") == []


def test_a_file_from_the_resident_writes_a_withdrawn_value_again(resident):
    write(resident, operation())
    with scope(resident=resident.pk):
        actions.withdraw_record(record=Record.objects.current().get(), by=resident.pk)
    assert write(resident, operation()).added == 1


def test_an_identity_keeps_the_values_that_the_organisation_lacks(resident):
    add(resident, "identite.pivot", {**IDENTITY, "preferred_username": "Kerv"})
    identity = {name: value for name, value in IDENTITY.items() if name != "given_name_array"}
    assert pulled(resident, made("identite.pivot", identity, holder="FranceConnect")).replaced == 1
    (record,) = current(resident, "identite.pivot")
    assert record.payload["preferred_username"] == "Kerv"
    assert record.origin("birthdate").holder == "FranceConnect"
    assert record.origin("preferred_username").method == "typed"
    assert pulled(resident, made("identite.pivot", identity, holder="FranceConnect")).known == 1


def test_an_invalid_record_is_left_out_and_reported(resident):
    written = write(resident, operation("-1.00"), operation("douze"))
    assert (written.added, written.refused) == (1, 1)
    assert written.problems == ("Montant\u00a0: écrivez un montant en euros, par exemple 1250.40.",)


def test_nothing_is_written_when_the_job_was_cancelled(resident):
    class Stop(Exception):
        pass

    def stop() -> None:
        raise Stop

    with pytest.raises(Stop):
        write(resident, operation(), finish=stop)
    assert amounts(resident) == [] and entries(resident) == []


def test_nobody_else_may_write(resident, stranger):
    with pytest.raises(PermissionDenied):
        actions.write_many(resident_id=resident.pk, by=stranger.pk, envelopes=[operation()])


def test_only_the_month_is_stored_in_plaintext(resident):
    """The day of a payment and the hour of a trip are values."""
    trip = {"debut": "2026-03-17T07:41:00+01:00", "fin": "2026-03-17T08:10:00+01:00", "segments": []}
    write(
        resident,
        operation(label="PHARMACIE DES TANNERIES", day="2026-03-17"),
        made("mobilite.trajet", trip, holder="GPX"),
    )
    with scope(resident=resident.pk):
        for record in Record.objects.all():
            assert b"PHARMACIE" not in bytes(record.content)
            assert str(record.period_start) == "2026-02-28 23:00:00+00:00"
            assert str(record.period_end) == "2026-03-31 21:59:59+00:00"


def test_the_journal_has_a_sentence_for_the_reception(resident):
    from vault.journal import sentences as journal_sentences

    pulled(resident, quotient(526))
    (presented,) = [journal_sentences.present_entry(entry, {}, resident.pk) for entry in entries(resident)]
    assert presented.sentence == "Votre coffre a reçu des données de CAF\u00a0: «\u00a0Quotient familial\u00a0» (1)."
