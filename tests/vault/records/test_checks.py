"""Each automatic check passes, fails or is inconclusive."""

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from django.utils import translation

from tests.vault.made import HOME, IDENTITY, NOTICE
from vault.records.enums import Outcome
from vault.records.models import PaperKind
from vault.records.papers import checks
from vault.records.papers.checks.check_input import CheckInput
from vault.records.values.decrypted import CheckLine, Opened, Values
from vault.records.values.periods import period_of
from vault.types.spans import Span

TODAY = date(2026, 11, 25)
ME = uuid4()
F, P, U = Outcome.FAILED, Outcome.PASSED, Outcome.INCONCLUSIVE


def held(type_code, payload, person=ME):
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Opened(
        record_id=uuid4(),
        type=type_code,
        type_version="1.0.0",
        person=person,
        role="self",
        period=period_of(payload),
        validity=Span(),
        holder="x",
        assurance="declared",
        method="typed",
        retrieved_at=at,
        issued_at=None,
        paper_id=None,
        created_at=at,
        withdrawn_at=None,
        payload=payload,
    )


def check_input(kind="avis_impot", *, records=(), known=(), **more) -> CheckInput:
    facts = {"declared": kind, "recognised": kind, "media_type": "application/pdf", "pages": 1, "today": TODAY, **more}
    kinds = {
        "avis_impot": PaperKind(code="avis_impot", validity="until_next_issue"),
        "cni": PaperKind(code="cni", validity="until_date_on_paper", renewal_notice_days=90),
        "facture_eau": PaperKind(code="facture_eau", validity="max_age_when_presented", validity_months=3),
        "acte_naissance": PaperKind(code="acte_naissance", validity="max_age_when_presented", validity_months=3),
        "certificat_medical_mdph": PaperKind(
            code="certificat_medical_mdph", validity="max_age_when_presented", validity_months=12
        ),
    }
    envelopes = [{"type": type_code, "payload": payload} for type_code, payload in records]
    return CheckInput(
        resident_id=ME,
        kind=kinds.get(kind),
        records=envelopes,
        known=Values([held(*one) for one in known]),
        insee="00042",
        town="Villebrume",
        **facts,
    )


def notice(**changes):
    return ("fiscal.avis_ir", {**NOTICE, **changes})


ME_KNOWN = ("identite.pivot", IDENTITY)


@pytest.mark.parametrize(
    ("read", "family", "usage", "outcome"),
    [
        ("KERVELLA NADIA", "Kervella", "", P),
        ("Mme Nadia KERVELLA", "Kervella", "", P),
        ("KERVELA NADIA", "Kervella", "", P),
        ("MARTIN NADIA", "Kervella", "Martin", P),
        ("LE GOFF NADIA", "Le Goff", "", P),
        ("LE-GOFF MAELLE NADIA", "Le Goff", "", P),
        ("KERVELLA", "Kervella", "", U),
        ("KERVELLA BRUNO ET MARTIN NADIA", "Kervella", "", F),
        ("KERVELLA BRUNO", "Kervella", "", F),
        ("LASSALLE BRUNO", "Kervella", "", F),
        ("KERVELLA NADIA", "", "", U),
        (None, "Kervella", "", U),
    ],
)
def test_the_name_on_the_paper(read, family, usage, outcome):
    identity = ("identite.pivot", {**IDENTITY, "family_name": family, "preferred_username": usage})
    assert (
        checks.RULES["name_matches_identity"](check_input(records=[notice(declarant1=read)], known=[identity]))
        == outcome
    )


def test_the_second_declarant_may_be_the_resident():
    paper = check_input(records=[notice(declarant1="LASSALLE BRUNO", declarant2="KERVELLA NADIA")], known=[ME_KNOWN])
    assert checks.RULES["name_matches_identity"](paper) == P


@pytest.mark.parametrize(
    ("code", "year", "outcome"),
    [
        ("tax_year", 2025, P),
        ("tax_year", 2024, P),
        ("tax_year", 2023, F),
        ("tax_year", 2026, F),
        ("tax_year", None, U),
        ("tax_not_too_old", 2023, P),
        ("tax_not_too_old", 2022, F),
        ("tax_not_too_old", None, U),
    ],
)
def test_the_year_of_a_notice(code, year, outcome):
    assert checks.RULES[code](check_input(records=[notice(annee_revenus=year)])) == outcome


@pytest.mark.parametrize(
    ("known", "outcome"),
    [
        ([], P),
        ([notice()], P),
        ([notice(annee_revenus=2024, nombre_parts=1)], P),
        ([notice(revenu_fiscal_reference=1)], F),
        ([notice(nombre_parts=3)], F),
    ],
)
def test_two_notices_for_a_year_contradict_each_other_only_by_their_values(known, outcome):
    assert checks.RULES["tax_same_year"](check_input(records=[notice()], known=known)) == outcome


def test_a_corrected_notice_fails():
    later = notice(date_etablissement="2026-10-01")
    assert checks.RULES["tax_no_newer"](check_input(records=[notice(correctif="oui")])) == F
    assert (
        checks.RULES["tax_no_newer"](check_input(records=[notice(date_etablissement="2026-07-31")], known=[later]))
        == F
    )
    assert checks.RULES["tax_no_newer"](check_input(records=[notice()])) == U


@pytest.mark.parametrize(
    ("code", "kind", "issued", "expires", "outcome"),
    [
        ("expiry_date", "cni", None, TODAY, P),
        ("expiry_date", "cni", None, date(2026, 11, 24), F),
        ("expiry_date", "cni", None, None, U),
        ("expiry_soon", "cni", None, date(2027, 2, 23), F),
        ("expiry_soon", "cni", None, date(2027, 2, 24), P),
        ("expiry_soon", "cni", None, None, U),
        ("address_recent", "facture_eau", date(2026, 8, 26), None, P),
        ("address_recent", "facture_eau", date(2026, 8, 25), None, F),
        ("address_recent", "facture_eau", None, None, U),
        ("birth_record_recent", "acte_naissance", date(2026, 1, 1), None, F),
        ("medical_certificate_recent", "certificat_medical_mdph", date(2026, 1, 1), None, P),
        ("school_year", "cni", date(2026, 9, 1), None, P),
        ("school_year", "cni", date(2026, 7, 31), None, F),
        ("school_year", "cni", None, None, U),
    ],
)
def test_dates(code, kind, issued, expires, outcome):
    assert checks.RULES[code](check_input(kind, issued_on=issued, expires_on=expires)) == outcome


@pytest.mark.parametrize(("month", "outcome"), [(8, P), (7, F), (None, U)])
def test_a_quotient_counts_three_months(month, outcome):
    payload = {"fournisseur": "CNAF", "valeur": 526, "annee": 2026, "mois": month} if month else {}
    records = [("social.quotient_familial", payload)] if month else []
    assert checks.RULES["qf_fresh"](check_input(records=records)) == outcome


@pytest.mark.parametrize(
    ("read", "outcome"),
    [
        ({"voie": "14, RUE DES TANNERIES", "code_postal": "00420", "commune": "VILLEBRUME"}, P),
        ({"lignes": ["14 RUE DES TANNERIES 00420 VILLEBRUME"], "code_postal": "00420", "commune": "VILLEBRUME"}, P),
        ({"voie": "15 rue des Tanneries", "code_postal": "00420"}, F),
        ({"voie": "14 rue des Tanneries", "code_postal": "00999"}, F),
        ({"voie": "14 rue des Tanneries"}, U),
        ({}, U),
    ],
)
def test_the_address_on_the_paper(read, outcome):
    home = ("logement.domicile", HOME)
    assert checks.RULES["address_matches"](check_input(records=[notice(adresse=read)], known=[home])) == outcome


@pytest.mark.parametrize(
    ("read", "outcome"),
    [
        ({"cog": "00042"}, P),
        ({"cog": "00043"}, F),
        ({"commune": "VILLEBRUME"}, P),
        ({"commune": "Ailleurs"}, U),
        ({}, U),
    ],
)
def test_the_address_is_in_the_town(read, outcome):
    assert checks.RULES["address_in_territory"](check_input(records=[notice(adresse=read)])) == outcome


@pytest.mark.parametrize(
    ("declared", "recognised", "outcome"),
    [("cni", "cni", P), ("", "cni", P), ("cni", "avis_impot", F), ("cni", "", U)],
)
def test_the_file_is_of_the_chosen_kind(declared, recognised, outcome):
    assert checks.RULES["file_kind"](check_input(declared=declared, recognised=recognised)) == outcome


def test_only_the_checks_of_this_kind_run_and_the_reader_s_come_first():
    found = [CheckLine("2ddoc_signature", "passed", "x"), CheckLine("file_readable", "passed", "Le fichier s’ouvre.")]
    codes = [check.code for check in checks.run(check_input(records=[notice()]), found)]
    assert codes[:2] == ["2ddoc_signature", "file_readable"]
    assert codes.count("file_readable") == 1
    assert "tax_year" in codes and "front_and_back" not in codes


@pytest.mark.parametrize("code", checks.FORGED)
def test_a_forged_code_is_found(code):
    forged = CheckLine(code, "failed", "x")
    assert checks.forged([forged]) == forged
    assert checks.forged([CheckLine(code, "inconclusive", "x"), CheckLine("tax_year", "failed", "x")]) is None


def test_each_outcome_has_its_text_in_both_languages():
    check = CheckLine("tax_year", "failed", "")
    assert checks.text(check).startswith("L’avis n’est pas")
    with translation.override("en"):
        assert checks.text(check).startswith("The notice is not")


def test_a_check_that_left_the_content_keeps_its_stored_text():
    assert checks.text(CheckLine("autrefois", "failed", "Ce qui avait été dit.")) == "Ce qui avait été dit."
