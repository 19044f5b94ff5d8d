"""The fictional papers: the same facts give the same bytes, marked as a specimen, and each is recognised."""

import io
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pypdfium2 as pdfium
import pytest

from demo.papers import specimens
from vault import readers
from vault.readers.subjects.iban import iban_is_valid

AWA, HOME = specimens.Holder("Diallo", "Awa", "Mme", "0123456789012"), specimens.Home("2 rue Basse")
MONTH = date(2026, 10, 1)


def notice() -> bytes:
    return specimens.tax_notice(
        declarants=[AWA], home=HOME, income_year=2025, income=0, parts=Decimal(1), issued_on=date(2026, 7, 31)
    )


def payslip() -> bytes:
    gross, net, net_social, taxable = map(Decimal, ("1801.80", "1426.30", "1460.12", "1478.90"))
    return specimens.payslip(
        person=AWA,
        home=HOME,
        employer="Boulangerie fictive",
        month=MONTH,
        gross=gross,
        net=net,
        net_social=net_social,
        taxable=taxable,
    )


def benefits() -> bytes:
    lines = [("Aide au logement", Decimal("212")), ("Prime d’activité", Decimal("87.45"))]
    return specimens.benefits_statement(
        person=AWA, home=HOME, month=MONTH, issued_on=date(2026, 11, 5), lines=lines, quotient=612
    )


def receipt() -> bytes:
    rent, charges = Decimal(480), Decimal("65.5")
    return specimens.rent_receipt(
        person=AWA, home=HOME, landlord="Villebrume Habitat", month=MONTH, rent=rent, charges=charges
    )


def bank_details() -> bytes:
    return specimens.bank_details(person=AWA, home=HOME, account="12345")


PAPERS = [
    (notice, "avis_impot", "Revenu fiscal de référence\u00a0: 0\u00a0€"),
    (payslip, "bulletin_salaire", "1\u00a0426,30\u00a0€"),
    (benefits, "attestation_paiement_caf", "299,45\u00a0€"),
    (receipt, "quittance_loyer", "545,50\u00a0€"),
    (bank_details, "rib", "VILBFR00XXX"),
]


@pytest.mark.parametrize(("make", "kind", "holds"), PAPERS)
def test_a_paper_is_recognised_with_its_values_and_marked_as_a_specimen(
    make: Callable[[], bytes], kind: str, holds: str
) -> None:
    made = make()
    assert readers.read(io.BytesIO(made), trust_test_authority=False).kind == kind
    document = pdfium.PdfDocument(made)
    for page in document:
        text = page.get_textpage().get_text_range()
        assert "SPÉCIMEN – ville fictive" in text
        assert holds.replace("\u00a0", " ") in text.replace("\u00a0", " ")


@pytest.mark.parametrize("make", [make for make, _, _ in PAPERS])
def test_the_same_facts_give_the_same_bytes(make: Callable[[], bytes]) -> None:
    assert make() == make()


def test_an_identity_card_is_a_photo() -> None:
    card = specimens.identity_card(person=AWA, birthdate=date(1993, 4, 12), sex="F", expires_on=date(2031, 5, 1))
    assert readers.read(io.BytesIO(card), trust_test_authority=False).media_type == "image/jpeg"


def test_an_account_number_has_valid_check_digits() -> None:
    assert iban_is_valid(specimens.iban("12345"))
    assert not iban_is_valid(specimens.iban("12345").replace("5", "6"))
