"""Read a household from the vault: each value has its record, and missing values stay unknown."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.aids.asking import questions
from services.aids.facts import from_vault
from services.aids.facts.vault_money import paid_type
from services.aids.household import BadHousehold, months
from services.aids.local.conditions import ASKED
from tests.services.aids import people
from vault import types
from vault.records.values.decrypted import Opened, Values
from vault.types.spans import Span

ME = UUID("00000000-0000-4000-8000-0000000000aa")
MONTH = "2025-11"


def record(
    type: str, payload: Mapping[str, Any], person: UUID = ME, role: str = "self", at: str = "2025-11-01"
) -> Opened:
    moment = datetime.fromisoformat(f"{at}T00:00:00").replace(tzinfo=UTC)
    assert types.validate(type, payload) == [], (type, payload)
    return Opened(
        record_id=uuid4(), type=type, type_version="1.0.0", person=person, role=role, period=Span(), validity=Span(),
        holder="résident", assurance="declared", method="typed", retrieved_at=moment, issued_at=None, paper_id=None,
        created_at=moment, withdrawn_at=None, payload=payload,
    )  # fmt: skip


IDENTITY = {
    "given_name": "Awa",
    "family_name": "TRAORÉ",
    "birthdate": "1993-04-12",
    "gender": "female",
    "birthcountry": "99100",
}


def identity(**changes: str) -> Opened:
    return record("identite.pivot", IDENTITY | changes)


def member(prenoms: str, born: str, sex: str = "F", id: UUID | None = None) -> dict[str, str]:
    found = {"nom_naissance": "TRAORÉ", "prenoms": prenoms, "date_naissance": born, "sexe": sex}
    return found | ({"id": str(id)} if id else {})


def family(*children: dict[str, str], partner: dict[str, str] | None = None, **more: Any) -> Opened:
    adults = [member("Awa", "1993-04-12", id=ME), *([partner] if partner else [])]
    return record("foyer.composition", {"allocataires": adults, "enfants": list(children), **more}, role="household")


def payslip(month: str, net: str = "900.00", **more: str) -> Opened:
    return record("emploi.revenu", {"mois": month, "net_avant_impot": net, "net_social": net, **more})


def notice(year: int, rfr: int = 10080, **more: Any) -> Opened:
    return record(
        "fiscal.avis_ir", {"annee_revenus": year, "revenu_fiscal_reference": rfr, "nombre_parts": 1.5, **more}
    )


def home(**payload: Any) -> Opened:
    return record("logement.domicile", {"adresse": {"cog": "00042"}, **payload})


def read(*records: Opened, month: str = MONTH) -> Any:
    return from_vault.read(
        Values(records), resident_id=ME, month=month, communes={"00042": "17300"}, default_commune="00042"
    )


def test_fields_exist_and_are_listed_once():
    assert all(types.field_exists(field) for field in from_vault.FIELDS)
    assert len(set(from_vault.FIELDS)) == len(from_vault.FIELDS)


def test_an_identity_alone_leaves_everything_else_unknown():
    found = read(identity()).household
    person = found.applicant
    assert person.birth_date.isoformat() == "1993-04-12"
    assert (person.status, person.incomes, person.nationality, person.disability_rate, person.pregnant) == (
        None,
        None,
        None,
        None,
        None,
    )
    assert (found.housing, found.tax_notices, found.benefits) == (None, None, None)
    assert "household.people" in found.unknown


def test_a_notice_alone_does_not_invent_a_birth_date():
    found = read(notice(2023), notice(2024)).household
    assert f"people[{ME}].birth_date" in found.unknown
    assert [one.income_year for one in found.tax_notices or ()] == [2023, 2024]


def test_both_years_are_kept_and_the_newer_notice_of_a_year_wins():
    older = notice(2023, 9000)
    newer = record(
        "fiscal.avis_ir", {"annee_revenus": 2023, "revenu_fiscal_reference": 9500, "nombre_parts": 1}, at="2025-11-09"
    )
    found = read(identity(), older, newer, notice(2024))
    assert found.household.notice(2023).rfr == 9500 and found.household.notice(2024).rfr == 10080
    assert found.source("tax_notices[2023].rfr").record_id == newer.record_id


def test_net_taxable_income_is_what_a_grant_contract_reads():
    assert (
        read(identity(), notice(2023, revenu_imposable=11000, revenu_brut_global=12000)).household.notice(2023).rni
        == 11000
    )
    assert read(identity(), notice(2023)).household.notice(2023).rni == 10080


def test_a_payslip_gives_three_figures_and_its_own_record():
    slip = payslip("2025-10", "900.00", net_imposable="940.00", brut="1160.00")
    found = read(identity(), family(), slip)
    october = next(income for income in found.household.applicant.incomes if income.first == "2025-10")
    assert (october.net, october.taxable, october.gross) == (900, 940, 1160)
    assert found.source(f"people[{ME}].incomes.salary").record_id == slip.record_id


def test_missing_payslip_amount_is_derived_with_a_hypothesis():
    found = read(identity(), payslip("2025-10"))
    october = next(income for income in found.household.applicant.incomes if income.first == "2025-10")
    assert october.taxable > 900 and october.gross > october.taxable
    assert any("déduits du net" in text for text in found.hypotheses)


def test_months_without_a_document_copy_the_nearest_and_raise_a_question():
    found = read(identity(), payslip("2025-10"), payslip("2025-06", "700.00"))
    by_month = {income.first: income.net for income in found.household.applicant.incomes}
    assert by_month["2025-11"] == 900 and by_month["2025-05"] == 700 and by_month["2024-10"] == 700
    assert f"people[{ME}].incomes" in found.household.unknown
    assert any("Les mois sans document" in text for text in found.hypotheses)


def test_thirteen_months_of_payslips_leave_nothing_to_ask_about_months():
    slips = [payslip(months.shift(MONTH, -ago)) for ago in range(1, 14)]
    assert f"people[{ME}].incomes" not in read(identity(), *slips).household.unknown


def test_an_income_that_ended_long_ago_is_not_carried_on():
    found = read(identity(), payslip("2025-02"), payslip("2025-03")).household
    assert {income.first for income in found.applicant.incomes} <= set(months.between("2024-10", "2025-03"))


def test_a_declared_zero_is_a_known_income():
    found = read(identity(), family(), payslip("2025-10", "0.00")).household
    assert found.applicant.incomes is not None and sum(income.net for income in found.applicant.incomes) == 0


def test_the_months_of_a_past_year_come_from_its_notice():
    found = read(identity(), family(), payslip("2025-10"), notice(2023, 10800, revenu_brut_global=12000))
    year = [income for income in found.household.applicant.incomes if income.first.startswith("2023")]
    assert len(year) == 12 and sum(income.taxable for income in year) == pytest.approx(12000, abs=1)
    assert any("avis d’impôt" in text for text in found.hypotheses)


def test_a_documented_month_of_a_past_year_is_kept():
    found = read(identity(), family(), payslip("2025-10"), payslip("2023-05", "1500.00"), notice(2023))
    may = [income for income in found.household.applicant.incomes if income.first == "2023-05"]
    assert [income.net for income in may] == [1500]


def test_a_couple_shares_its_notice_as_today_s_incomes_are_shared():
    partner = UUID("00000000-0000-4000-8000-0000000000bb")
    wage = record("emploi.revenu", {"mois": "2025-10", "net_avant_impot": "1800.00"}, partner, "spouse")
    found = read(
        identity(),
        family(partner=member("Bruno", "1990-01-01", "M", partner)),
        payslip("2025-10"),
        wage,
        notice(2023, 9720, revenu_brut_global=12000),
    )
    shares = [
        sum(i.taxable for i in person.incomes if i.first.startswith("2023")) for person in found.household.parents
    ]
    assert shares == pytest.approx([4000, 8000], abs=2)


def test_benefits_come_from_the_latest_recent_statement():
    old = record("social.paiement", {"mois": "2025-09", "lignes": [{"libelle": "RSA", "montant": "500.00"}]})
    lines = [
        {"libelle": "Allocations familiales", "montant": "151.80"},
        {"libelle": "APL", "montant": "250.00"},
        {"libelle": "Retenue", "montant": "-20.00"},
    ]
    found = read(identity(), old, record("social.paiement", {"mois": "2025-10", "lignes": lines})).household
    assert {paid.type: paid.monthly for paid in found.benefits} == {"af": 151.8, "aide_logement": 250}


def test_old_statement_is_ignored():
    old = record("social.paiement", {"mois": "2025-01", "lignes": [{"libelle": "RSA", "montant": "500.00"}]})
    assert read(identity(), old).household.benefits is None


def test_a_benefit_known_without_its_amount_is_received():
    yes = record("social.prestation", {"prestation": "prime_activite", "est_beneficiaire": True})
    no = record("social.prestation", {"prestation": "rsa", "est_beneficiaire": False})
    found = read(identity(), yes, no).household
    assert found.receives == {"ppa"} and found.benefits == ()


@pytest.mark.parametrize(
    ("label", "type"),
    [
        ("Revenu de solidarité active", "rsa"), ("Prime d’activité", "ppa"), ("Prime d'activité", "ppa"),
        ("Aide personnalisée au logement", "aide_logement"),
        ("ALLOCATION DE LOGEMENT SOCIALE", "aide_logement"), ("Allocation de soutien familial", "asf"),
        ("Allocations familiales", "af"), ("Complément familial", "cf"), ("PAJE - allocation de base", "paje_base"),
        ("AAH", "aah"), ("Ce qui n’existe pas", None),
    ],
)  # fmt: skip
def test_the_labels_of_the_caf_are_recognised(label, type):
    assert paid_type(label) == type


def test_fictional_commune_uses_the_zone_of_a_real_one():
    assert read(identity(), home(statut_occupation="locataire_hlm", loyer="430.00")).household.housing.insee == "17300"


def test_missing_rent_is_unknown_for_a_tenant_and_zero_for_an_owner():
    assert read(identity(), home(statut_occupation="locataire_hlm")).household.housing.rent is None
    assert read(identity(), home(statut_occupation="proprietaire")).household.housing.rent == 0
    assert read(identity(), home()).household.housing.status is None


@pytest.mark.parametrize(
    ("born", "school"),
    [
        ("2022-02-02", "maternelle"),
        ("2018-03-10", "primaire"),
        ("2013-12-31", "college"),
        ("2009-01-01", "lycee"),
        ("2024-01-01", None),
    ],
)
def test_a_child_s_school_follows_the_birth_year(born, school):
    child = read(identity(), family(member("Moussa", born, "M"))).household.children[0]
    assert child.school == school


def test_a_child_has_no_income_and_its_custody_is_asked_of_a_lone_parent_only():
    alone = read(identity(), family(member("Moussa", "2018-03-10", "M"))).household.children[0]
    assert alone.incomes == () and alone.shared_custody is None
    couple = read(
        identity(), family(member("Moussa", "2018-03-10", "M"), partner=member("Bruno", "1990-01-01", "M"))
    ).household
    assert couple.children[0].shared_custody is False


def test_expired_disability_decision_is_ignored():
    over = record("handicap.decision", {"taux_incapacite": 0.8, "date_fin": "2024-12-31"})
    assert read(identity(), over).household.applicant.disability_rate is None
    running = record("handicap.decision", {"taux_incapacite": 0.5, "rsdae": True, "date_fin": "2027-12-31"})
    person = read(identity(), running).household.applicant
    assert (person.disability_rate, person.rsdae) == (0.5, True)


def test_a_disability_card_stands_for_a_rate_of_80_percent():
    assert (
        read(identity(), record("handicap.cmi", {"mentions": ["invalidite"]})).household.applicant.disability_rate
        == 0.8
    )
    assert (
        read(identity(), record("handicap.cmi", {"mentions": ["priorite"]})).household.applicant.disability_rate
        is None
    )


def test_a_job_seeker_a_student_and_a_pensioner_are_recognised_from_their_papers():
    seeker = record("emploi.inscription_ft", {"date_debut": "2025-01-01", "categorie_code": 1})
    assert read(identity(), seeker).household.applicant.status == "unemployed"
    student = record("etudes.inscription", {"date_debut": "2025-09-01", "date_fin": "2026-08-31", "est_inscrit": True})
    assert read(identity(birthdate="2004-01-01"), student).household.applicant.status == "student"
    pension = record("revenu.mensuel", {"mois": "2025-10", "nature": "retraite", "net": "800.00"})
    assert read(identity(birthdate="1955-01-01"), pension).household.applicant.status == "retired"


def test_pregnancy_is_not_asked_of_a_man_nor_past_fifty():
    assert read(identity(gender="male")).household.applicant.pregnant is False
    assert read(identity(birthdate="1960-01-01")).household.applicant.pregnant is False


def test_child_older_than_its_parents_is_refused_with_its_field():
    with pytest.raises(BadHousehold) as refusal:
        read(identity(), family(member("Moussa", "1980-01-01", "M")))
    assert refusal.value.field == "people[1].birth_date"


def test_only_the_quotient_of_the_caf_is_read():
    mine = record("social.quotient_familial", {"fournisseur": "commune", "valeur": 300, "annee": 2025, "mois": 10})
    caf = record("social.quotient_familial", {"fournisseur": "CNAF", "valeur": 480, "annee": 2025, "mois": 10})
    assert read(identity(), caf, mine).quotient == 480 and read(identity(), mine).quotient is None


def test_a_full_vault_leaves_nothing_to_ask():
    full = [
        identity(), family(member("Moussa", "2018-03-10", "M", people.CHILD), separation_recente=False),
        record("foyer.situation", {"activite": "actif", "nationalite": "FR", "enceinte": False, "ass_ouverte": False}),
        record("foyer.situation", {"garde_alternee": False}, people.CHILD, "child"),
        record("handicap.decision", {"taux_incapacite": 0}),
        record("handicap.decision", {"taux_incapacite": 0}, people.CHILD, "child"),
        home(statut_occupation="locataire_hlm", loyer="430.00"), notice(2023), notice(2024),
        record("revenu.mensuel", {"mois": "2025-10", "nature": "pension_alimentaire_recue", "net": "0.00"}),
        *[payslip(months.shift(MONTH, -ago)) for ago in range(1, 14)],
    ]  # fmt: skip
    found = read(*full)
    assert questions.open_questions(found.household) == []
    assert all(
        found.source(key)
        for key in (f"people[{ME}].incomes.salary", "housing.rent", "tax_notices[2023].rfr", "household.people")
    )


def test_two_years_of_work_are_read_from_the_situation():
    assert read(identity()).household.applicant.worked_two_years is None
    found = read(identity(), record("foyer.situation", {"deux_ans_de_travail": True}))
    assert found.household.applicant.worked_two_years is True
    assert "foyer.situation#/deux_ans_de_travail" in from_vault.FIELDS, "the vault opens it for a computation"


def test_a_permit_is_read_from_the_situation():
    found = read(identity(), record("foyer.situation", {"nationalite": "autre", "titre_sejour": "protege"}))
    assert found.household.applicant.permit == "protected"
    assert read(identity()).household.applicant.permit is None


@pytest.mark.parametrize("field", sorted(asked.vault_field for asked, _fact in ASKED.values()))
def test_the_answer_to_each_question_of_the_city_is_read(field):
    assert field in from_vault.FIELDS, "write it there, with a new version of the agreement of the watch"
