"""Checks that compare several papers or values: consecutive months, amounts, an old card, lines with check digits."""

import io
from dataclasses import replace
from datetime import date

import pytest

from tests.fixtures.signed import pdf
from tests.vault.made import IDENTITY
from tests.vault.records.test_checks import ME_KNOWN, F, P, U, check_input, held, notice
from vault.readers import read
from vault.readers.formats.paper import mrz, printed
from vault.records.papers import checks
from vault.records.papers.checks import identity
from vault.records.values.decrypted import Values

#: Specimens of ICAO 9303, and a French card of our own making.
PASSPORT = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
CARD = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<"
SHORT = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6"


def rule(code, **more):
    return checks.RULES[code](check_input(**more))


def payslip(month, **more):
    return ("emploi.revenu", {"mois": month, **more})


# ---------- months


@pytest.mark.parametrize(
    ("month", "known", "siblings", "outcome"),
    [
        ("2026-10", ["2026-09", "2026-08"], [], P),
        ("2026-11", ["2026-10", "2026-09"], [], P),
        ("2026-10", ["2026-09"], [date(2026, 8, 31)], P),
        ("2026-10", ["2026-09", "2026-07"], [], F),
        ("2026-10", [], [], F),
        ("2025-10", ["2025-09", "2025-08"], [], F),
        (None, ["2026-10", "2026-09", "2026-08"], [], U),
    ],
)
def test_three_payslips(month, known, siblings, outcome):
    records = [payslip(month)] if month else []
    found = [payslip(one) for one in known]
    assert (
        rule("payslip_three_months", kind="bulletin_salaire", records=records, known=found, siblings=siblings)
        == outcome
    )


@pytest.mark.parametrize(
    ("month", "known", "outcome"),
    [
        ("2026-10", ["2026-09", "2026-08"], P),
        ("2026-01", ["2025-12", "2025-11"], P),
        ("2026-10", ["2026-09"], P),
        ("2026-10", ["2026-08", "2026-07"], F),
        ("2026-10", ["2026-10"], U),
        (None, ["2026-10", "2026-08"], U),
    ],
)
def test_payslips_follow_each_other(month, known, outcome):
    records = [payslip(month)] if month else []
    assert rule("payslip_continuity", records=records, known=[payslip(one) for one in known]) == outcome


@pytest.mark.parametrize(
    ("issued", "siblings", "outcome"),
    [
        (date(2026, 10, 5), [date(2026, 9, 5), date(2026, 8, 5)], P),
        (date(2026, 11, 5), [date(2026, 10, 5), date(2026, 9, 5)], P),
        (date(2026, 10, 5), [date(2026, 8, 5)], F),
        (None, [date(2026, 10, 5), date(2026, 9, 5), date(2026, 8, 5)], U),
    ],
)
def test_three_rent_receipts(issued, siblings, outcome):
    assert rule("rent_three_receipts", issued_on=issued, siblings=siblings) == outcome


# ---------- amounts


def with_assurance(type_code, payload, assurance):
    return replace(held(type_code, payload), assurance=assurance)


def amount(code, record, *known):
    inputs = check_input(records=[record])
    return checks.RULES[code](replace(inputs, known=Values(known)))


@pytest.mark.parametrize(
    ("declared", "outcome"),
    [("1180.00", P), ("1070.00", P), ("1300.00", P), ("1000.00", F), ("1400.00", F), (None, U)],
)
def test_the_declared_amount_is_that_of_the_payslip(declared, outcome):
    known = (
        [with_assurance("emploi.revenu", {"mois": "2026-10", "net_avant_impot": declared}, "declared")]
        if declared
        else []
    )
    assert amount("payslip_amount", payslip("2026-10", net_avant_impot="1180.00"), *known) == outcome


def test_another_month_and_a_proven_value_are_not_compared():
    record = payslip("2026-10", net_avant_impot="1180.00")
    other = with_assurance("emploi.revenu", {"mois": "2026-09", "net_avant_impot": "10.00"}, "declared")
    proven = with_assurance("emploi.revenu", {"mois": "2026-10", "net_avant_impot": "10.00"}, "holder_verified")
    assert amount("payslip_amount", record, other, proven) == U


@pytest.mark.parametrize(
    ("value", "month", "assurance", "outcome"),
    [
        (526, 11, "holder_verified", P),
        (620, 11, "holder_verified", F),
        (526, 10, "holder_verified", U),
        (620, 11, "declared", U),
    ],
)
def test_the_quotient_is_compared_with_the_benefits_office(value, month, assurance, outcome):
    record = ("social.quotient_familial", {"valeur": 526, "annee": 2026, "mois": 11})
    known = with_assurance("social.quotient_familial", {"valeur": value, "annee": 2026, "mois": month}, assurance)
    assert amount("qf_matches_source", record, known) == outcome


@pytest.mark.parametrize(
    ("read_level", "declared", "outcome"), [("4", "4", P), ("4", "5", F), (None, "5", U), ("4", None, U)]
)
def test_the_level_of_a_grant(read_level, declared, outcome):
    known = [with_assurance("etudes.bourse", {"echelon": declared}, "declared")]
    assert amount("grant_amount", ("etudes.bourse", {"echelon": read_level}), *known) == outcome


@pytest.mark.parametrize(
    ("iban", "outcome"), [("FR7630006000011234567890189", P), ("FR7630006000011234567890188", F), (None, U)]
)
def test_an_iban_is_well_formed(iban, outcome):
    assert rule("rib_iban_valid", records=[("banque.compte", {"identifiant": iban})]) == outcome


@pytest.mark.parametrize(
    ("names", "outcome"),
    [
        (["MME NADIA KERVELLA"], P),
        (["M PAUL ASTRUC OU MME NADIA KERVELLA"], P),
        (["KERVELLA-ASTRUC NADIA"], P),
        (["M PAUL ASTRUC"], F),
        (["KERVELLA"], U),
        ([], U),
    ],
)
def test_the_account_is_in_the_resident_s_name(names, outcome):
    assert rule("rib_holder", known=[ME_KNOWN], read_names=names) == outcome


# ---------- tax


@pytest.mark.parametrize(("records", "failed", "outcome"), [([notice()], False, P), ([], True, F), ([], False, U)])
def test_the_code_of_a_notice(records, failed, outcome):
    assert rule("tax_2ddoc_read", records=records, code_failed=failed) == outcome


@pytest.mark.parametrize(
    ("today", "issued", "outcome"),
    [
        (date(2026, 11, 25), date(2026, 9, 1), P),
        (date(2026, 11, 25), date(2025, 9, 1), F),
        (date(2026, 6, 1), date(2025, 9, 1), P),
        (date(2026, 6, 1), date(2024, 9, 1), F),
        (date(2026, 6, 1), None, U),
    ],
)
def test_the_year_of_a_property_tax_notice(today, issued, outcome):
    assert rule("property_tax_year", today=today, issued_on=issued) == outcome


# ---------- an old identity card


@pytest.mark.parametrize(
    ("issued", "expires", "born", "outcome"),
    [
        (date(2012, 5, 3), date(2022, 5, 2), "1988-03-31", P),
        (date(2004, 1, 2), date(2014, 1, 1), "1980-03-31", P),
        (date(2013, 12, 31), date(2023, 12, 30), "1980-03-31", P),
        (date(2004, 1, 1), date(2014, 1, 1), "1980-03-31", F),
        (date(2014, 1, 1), date(2024, 1, 1), "1980-03-31", F),
        (date(2012, 5, 3), date(2022, 5, 2), "1994-05-04", F),
        (date(2012, 5, 3), date(2022, 5, 2), "1994-05-03", P),
        (date(2012, 5, 3), date(2022, 5, 2), None, U),
        (None, date(2022, 5, 2), "1988-03-31", U),
        (date(2022, 5, 3), date(2032, 5, 2), "1988-03-31", None),
    ],
)
def test_an_old_card_is_valid_five_more_years(issued, expires, born, outcome):
    known = [("identite.pivot", {**IDENTITY, "birthdate": born} if born else {"family_name": "Kervella"})]
    assert rule("cni_extension", kind="cni", issued_on=issued, expires_on=expires, known=known) == outcome


def test_the_five_years_are_added_once():
    issued, printed_on, born = date(2012, 5, 3), date(2022, 5, 2), date(1988, 3, 31)
    counts = identity.counts_until("cni", issued, printed_on, born)
    assert counts == date(2027, 5, 2)
    assert identity.counts_until("cni", issued, counts, born) == counts
    assert identity.counts_until("cni", issued, printed_on, None) == printed_on
    assert identity.counts_until("passeport", issued, printed_on, born) == printed_on
    assert identity.counts_until("cni", date(2022, 5, 3), date(2032, 5, 2), born) == date(2032, 5, 2)


# ---------- the text of a file


@pytest.mark.parametrize("lines", [PASSPORT, CARD, SHORT], ids=["passport", "card", "two lines of 36"])
def test_lines_with_right_and_wrong_check_digits(lines):
    assert mrz.holds(f"RÉPUBLIQUE\n{lines}\n") is True
    assert mrz.holds(lines.replace("<<", "< <")) is True, "spaces of a layout"
    broken = lines.replace("740812", "740813")
    assert mrz.holds(broken) is False


def test_the_old_french_card():
    first = "IDFRADUPONT".ljust(30, "<") + "123456"
    number, birth = "880692310285", "651206"
    right = f"{number}{mrz._digit(number)}{'CORINNE<<<<<<<'}{birth}{mrz._digit(birth)}F"
    assert len(right) == 35
    assert mrz.holds(f"{first}\n{right}{mrz._digit(first + right)}") is True
    wrong = str((int(mrz._digit(first + right)) + 1) % 10)
    assert mrz.holds(f"{first}\n{right}{wrong}") is False


@pytest.mark.parametrize("text", ["", "Rien ici", "A<B<C", "P<" + "<" * 42, "\n" * 500, "<" * 44 + "\n" + "<" * 44])
def test_text_without_coded_lines_is_inconclusive(text):
    assert mrz.holds(text) is None


@pytest.mark.parametrize(
    ("text", "leaves"),
    [("Page 1/4 … Page 2/4", 4), ("Feuillet n° 1 sur 3", 3), ("page 5/4", 0), ("le 01/12/2026", 0), ("", 0)],
)
def test_the_number_of_leaves_printed_on_a_paper(text, leaves):
    assert printed.announced(text) == leaves


def reading(*pages: str):
    return read(io.BytesIO(pdf(*pages)), trust_test_authority=False)


def outcomes(found) -> dict[str, str]:
    return {one.code: one.outcome for one in found.checks}


def test_the_reading_of_a_notice_gives_its_number_of_leaves():
    text = "Avis d’impôt sur les revenus\nPage {}/2"
    assert reading(text.format(1)).leaves == 2
    assert reading("Avis d’impôt sur les revenus").leaves == 0


@pytest.mark.parametrize(("leaves", "pages", "outcome"), [(2, 1, F), (2, 2, P), (4, 5, P), (0, 3, U), (2, 0, U)])
def test_a_notice_with_missing_leaves_fails(leaves, pages, outcome):
    assert rule("tax_all_leaves", leaves=leaves, pages=pages) == outcome


def test_the_account_holder_is_read_on_a_bank_s_paper():
    found = reading(
        "Relevé d’identité bancaire\nTitulaire du compte : MME NADIA KERVELLA\nIBAN FR76 3000 6000 0112 3456 7890 189"
    )
    assert found.kind == "rib" and found.names == ["MME NADIA KERVELLA"]
    assert outcomes(found)["rib_iban_valid"] == "passed"
    wrong = reading("Relevé d’identité bancaire\nIBAN FR76 3000 6000 0112 3456 7890 188")
    assert outcomes(wrong)["rib_iban_valid"] == "failed" and wrong.names == []


def test_the_lines_of_a_passport_in_a_pdf():
    escaped = PASSPORT.replace("<", "&lt;")
    assert outcomes(reading(f"PASSEPORT\n{escaped}"))["mrz_consistent"] == "passed"
    assert outcomes(reading(f"PASSEPORT\n{escaped.replace('740812', '740813')}"))["mrz_consistent"] == "failed"
