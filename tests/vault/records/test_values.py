"""Records are added, corrected and withdrawn. Nothing is overwritten, and the history shows it."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django_scopes import scope

from core import journal
from core.models import City
from tests.vault.made import HOME, HOUSEHOLD, IDENTITY, NOTICE, add, add_signed_notice
from vault.records import actions, gate
from vault.records.models import Record

pytestmark = pytest.mark.django_db(transaction=True)
RENT = "logement.domicile#/loyer"


def opened(resident, *fields):
    return gate.read_own(resident_id=resident.pk, purpose="essai", fields=fields)


def count(resident):
    with scope(resident=resident.pk):
        return Record.objects.count()


def test_a_typed_value_is_declared_by_its_resident(resident):
    add(resident, "logement.domicile", HOME)
    record = opened(resident, RENT)[0]
    assert (record.assurance, record.method, record.holder) == ("declared", "typed", "résident")


def test_the_database_refuses_a_typed_value_with_a_verified_assurance(resident):
    with pytest.raises(IntegrityError), transaction.atomic():
        add(resident, "logement.domicile", HOME, assurance="holder_verified")


def test_another_person_cannot_add_a_record(resident, stranger):
    with pytest.raises(PermissionDenied):
        actions.add_record(
            resident_id=resident.pk,
            by=stranger.pk,
            subject=actions.Subject(type="logement.domicile", person=resident.pk),
            payload=HOME,
        )
    assert count(resident) == 0


@pytest.mark.parametrize(
    ("type_code", "payload"),
    [
        ("logement.domicile", {"loyer": "612.00"}),
        ("logement.domicile", {**HOME, "inconnu": 1}),
        ("logement.domicile", {**HOME, "loyer": "beaucoup"}),
        ("emploi.revenu", {"mois": "2026-10", "net_avant_impot": "-12.00"}),
        ("fiscal.avis_ir", {**NOTICE, "revenu_fiscal_reference": -5}),
        ("fiscal.avis_ir", {**NOTICE, "annee_revenus": 20255}),
        ("fiscal.avis_ir", {**NOTICE, "annee_revenus": 9999}),
        ("social.quotient_familial", {"fournisseur": "CNAF", "valeur": 526, "annee": 0, "mois": 11}),
        ("social.quotient_familial", {"fournisseur": "CNAF", "valeur": 526, "annee": 10**9, "mois": 11}),
        ("identite.pivot", {**IDENTITY, "birthdate": "2093-01-01"}),
        ("identite.pivot", {**IDENTITY, "birthdate": "1793-01-01"}),
        (
            "foyer.composition",
            {
                **HOUSEHOLD,
                "enfants": [{"nom_naissance": "Kervella", "prenoms": "Aïeul", "date_naissance": "1950-01-01"}],
            },
        ),
    ],
)
def test_an_implausible_value_is_refused_with_a_sentence(resident, type_code, payload):
    with pytest.raises(actions.Invalid) as refusal:
        add(resident, type_code, payload)
    assert all(isinstance(problem, str) and problem.endswith(".") for problem in refusal.value.problems)
    assert count(resident) == 0


TWENTY_MILLIONS = {**NOTICE, "revenu_fiscal_reference": 20_500_000}


def test_what_a_signature_proves_is_never_implausible(resident):
    """A tax notice of 20.5 million euros, more than a hundred times the usual range, is what the holder signed."""
    record = add_signed_notice(resident, **TWENTY_MILLIONS)
    field = "fiscal.avis_ir#/revenu_fiscal_reference"
    assert opened(resident, field).value(field) == 20_500_000
    actions.correct_record(record=record, by=resident.pk, payload={**TWENTY_MILLIONS, "nombre_parts": 3})
    assert count(resident) == 2


@pytest.mark.parametrize(
    "change", [{"nombre_parts": 900}, {"revenu_fiscal_reference": 21_000_000}], ids=["another", "the same field"]
)
def test_what_a_person_types_over_a_signed_value_is_checked(resident, change):
    record = add_signed_notice(resident, **TWENTY_MILLIONS)
    with pytest.raises(actions.Invalid) as refusal:
        actions.correct_record(record=record, by=resident.pk, payload={**TWENTY_MILLIONS, **change})
    assert len(refusal.value.problems) == 1 and count(resident) == 1


def test_the_same_value_typed_is_refused(resident):
    with pytest.raises(actions.Invalid):
        add(resident, "fiscal.avis_ir", TWENTY_MILLIONS)
    assert count(resident) == 0


def test_an_unknown_type_is_refused(resident):
    with pytest.raises(LookupError):
        add(resident, "rien.du_tout", {})


def test_a_correction_supersedes_and_the_other_values_keep_their_origin(resident):
    old = add_signed_notice(resident)
    actions.correct_record(record=old, by=resident.pk, payload={**NOTICE, "nombre_parts": 3})
    record = opened(resident, "fiscal.avis_ir#/nombre_parts", "fiscal.avis_ir#/revenu_fiscal_reference")[0]
    assert record.assurance == "declared"
    assert record.origin("nombre_parts").method == "typed"
    assert (record.origin("revenu_fiscal_reference").assurance, record.origin("revenu_fiscal_reference").holder) == (
        "signature_verified",
        "dgfip",
    )
    assert count(resident) == 2


def test_a_second_correction_keeps_the_origin_of_the_other_values(resident):
    first = actions.correct_record(
        record=add_signed_notice(resident), by=resident.pk, payload={**NOTICE, "nombre_parts": 3}
    )
    actions.correct_record(record=first, by=resident.pk, payload={**NOTICE, "nombre_parts": 3.5})
    assert (
        opened(resident, "fiscal.avis_ir#/revenu_fiscal_reference")[0].origin("revenu_fiscal_reference").assurance
        == "signature_verified"
    )


def test_the_same_correction_twice_gives_one_record(resident):
    old = add_signed_notice(resident)
    twice = [
        actions.correct_record(record=old, by=resident.pk, payload={**NOTICE, "nombre_parts": 3}) for _ in range(2)
    ]
    assert twice[0].pk == twice[1].pk
    assert count(resident) == 2


def test_another_correction_of_a_superseded_record_is_refused(resident):
    old = add_signed_notice(resident)
    actions.correct_record(record=old, by=resident.pk, payload={**NOTICE, "nombre_parts": 3})
    with pytest.raises(actions.Superseded):
        actions.correct_record(record=old, by=resident.pk, payload={**NOTICE, "nombre_parts": 4})


def test_correcting_the_year_moves_the_period(resident):
    old = add_signed_notice(resident)
    new = actions.correct_record(record=old, by=resident.pk, payload={**NOTICE, "annee_revenus": 2024})
    assert new.period_start is not None and new.period_start.year == 2024


def test_simultaneous_writes_about_the_same_thing_leave_one_current_record(resident):
    together = Barrier(8)

    def write(number):
        together.wait(10)
        try:
            payload = {"mois": "2026-10", "net_avant_impot": f"{1100 + number}.00"}
            return add(resident, "emploi.revenu", payload, in_place=True).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(write, range(8)))) == 8
    assert len(opened(resident, "emploi.revenu#/net_avant_impot")) == 1
    assert journal.verify(resident_id=resident.pk).bad == []


def test_a_withdrawn_record_stays_in_the_history_and_no_older_one_becomes_current(resident, browser):
    old = add_signed_notice(resident)
    new = actions.correct_record(record=old, by=resident.pk, payload={**NOTICE, "nombre_parts": 3})
    actions.withdraw_record(record=new, by=resident.pk)
    actions.withdraw_record(record=new, by=resident.pk)
    assert len(opened(resident, "fiscal.avis_ir#/nombre_parts")) == 0
    page = browser.get(reverse("records:history", args=[old.pk])).content.decode()
    assert "Retirée" in page and "Remplacée" in page
    assert page.count("Nombre de parts") == 2


def test_a_superseded_record_cannot_be_withdrawn(resident):
    old = add_signed_notice(resident)
    actions.correct_record(record=old, by=resident.pk, payload={**NOTICE, "nombre_parts": 3})
    with pytest.raises(actions.Superseded):
        actions.withdraw_record(record=old, by=resident.pk)


def test_in_place_supersedes_the_record_of_the_same_month_only(resident):
    for month, net in (("2026-09", "1100.00"), ("2026-10", "1140.00"), ("2026-10", "1150.00")):
        add(resident, "emploi.revenu", {"mois": month, "net_avant_impot": net}, in_place=True)
    found = opened(resident, "emploi.revenu#/net_avant_impot")
    assert [record.payload["net_avant_impot"] for record in found] == ["1100.00", "1150.00"]


def test_two_benefits_and_two_employers_are_separate_records(resident):
    for benefit in ("rsa", "aah"):
        add(resident, "social.prestation", {"prestation": benefit, "est_beneficiaire": True}, in_place=True)
    for employer in ("Ateliers du Lavoir", "Boulangerie Opale", "ATELIERS DU LAVOIR"):
        add(
            resident,
            "emploi.revenu",
            {"mois": "2026-10", "employeur": employer, "net_avant_impot": "500.00"},
            in_place=True,
        )
    found = opened(resident, "social.prestation#/prestation", "emploi.revenu#/employeur")
    assert len(found.of_type("social.prestation")) == 2
    assert len(found.of_type("emploi.revenu")) == 2, "another spelling is the same employer"


def test_the_journal_names_the_changed_field_and_never_its_value(resident):
    old = add_signed_notice(resident)
    actions.correct_record(record=old, by=resident.pk, payload={**NOTICE, "nombre_parts": 3.25})
    entry = journal.entries(resident_id=resident.pk, limit=1)[0]
    assert (entry.event, entry.fields) == ("record_corrected", ["fiscal.avis_ir#/nombre_parts"])
    assert "3.25" not in repr(entry)


def test_the_correction_page_shows_the_value_and_keeps_the_new_one(resident, browser):
    record = add(resident, "logement.domicile", HOME)
    url = reverse("records:correct", args=[record.pk]) + "?champ=loyer"
    page = browser.get(url).content.decode()
    assert "612\u00a0€ par mois" in page and 'value="612' in page
    response = browser.post(url, {"answer": "1 640,50 €"})
    assert response.status_code == 302
    assert opened(resident, RENT).value(RENT) == "1640.50"


@pytest.mark.parametrize("answer", ["", "beaucoup", "1e99", "12,345", "--5"])
def test_an_invalid_number_is_refused_on_the_page(resident, browser, answer):
    record = add(resident, "logement.domicile", HOME)
    response = browser.post(reverse("records:correct", args=[record.pk]) + "?champ=loyer", {"answer": answer})
    assert response.status_code == 400
    assert "Erreur" in response.content.decode()
    assert count(resident) == 1


def test_the_city_s_own_name_gives_its_insee_code(resident, browser):
    City(name="Villebrume", of_name="de Villebrume", insee="00042").save()
    record = add(resident, "logement.domicile", HOME)
    answers = {"voie": "3 place du Lavoir", "code_postal": "00420", "commune": "VILLEBRUME"}
    browser.post(reverse("records:correct", args=[record.pk]) + "?champ=adresse", answers)
    assert opened(resident, "logement.domicile#/adresse").value("logement.domicile#/adresse")["cog"] == "00042"


def test_correcting_a_withdrawn_record_is_not_found(resident, browser):
    record = add(resident, "logement.domicile", HOME)
    actions.withdraw_record(record=record, by=resident.pk)
    assert (
        browser.post(reverse("records:correct", args=[record.pk]) + "?champ=loyer", {"answer": "5"}).status_code == 404
    )


@pytest.mark.parametrize(
    ("name", "query", "data"), [("withdraw", "", {}), ("correct", "?champ=loyer", {"answer": "590"})]
)
def test_the_page_of_a_superseded_record_redirects_to_its_history(resident, browser, name, query, data):
    old = add(resident, "logement.domicile", HOME)
    actions.correct_record(record=old, by=resident.pk, payload={**HOME, "loyer": "650.00"})
    for answer in (browser.get, browser.post):
        response = answer(reverse(f"records:{name}", args=[old.pk]) + query, data)
        assert response.url == reverse("records:history", args=[old.pk])
    assert "a changé entre-temps" in browser.get(response.url).content.decode()
    assert [record.payload["loyer"] for record in opened(resident, RENT)] == ["650.00"]


def test_the_withdrawal_page_asks_for_confirmation(resident, browser):
    record = add(resident, "logement.domicile", HOME)
    url = reverse("records:withdraw", args=[record.pk])
    assert "612" in browser.get(url).content.decode()
    assert len(opened(resident, RENT)) == 1
    browser.post(url)
    assert len(opened(resident, RENT)) == 0
