"""What is paid beside what is computed: a reason is named only if it gives what is paid. Letters and PDFs."""

import io
from collections.abc import Iterator
from dataclasses import replace

import pikepdf
import pytest
import time_machine
from django.test import Client

from accounts.models import User
from core import journal
from services.aids import results
from services.aids.actions import compare as actions
from services.aids.household import Household, PaidBenefit
from services.aids.household.from_json import read
from services.aids.trials import gaps
from tests.accounts.factories import ResidentFactory, signed_in
from tests.services.aids import people
from tests.services.aids.test_pages import text

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
NOW = "2025-11-20 10:00:00+01:00"
PAGE = "/aides/comparer/"


@pytest.fixture(autouse=True)
def november() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


def reasons(household: Household, code: str, paid: float) -> list[str]:
    types = {"prime_activite": "ppa", "aide_logement": "aide_logement", "rsa": "rsa"}
    paying = replace(household, benefits=(PaidBenefit(types[code], round(paid, 2)),))
    line = next(line for line in actions._lines(paying) if line.benefit.code == code)
    return [one.reason for one in line.reasons]


def amount(household: Household, code: str) -> float:
    return results.amounts_of([household])[0][code]


def rising() -> Household:
    """A wage that rose four months ago."""
    case = people.single()
    wage = case["people"][0]["incomes"][0]
    case["people"][0]["incomes"] = [
        wage | {"to": "2025-06"},
        wage | {"from": "2025-07", "net": 1300, "taxable": 1348.1, "gross": 1666.6},
    ]
    return read(case)


def test_a_gap_is_explained_by_the_months_declared_before() -> None:
    household = replace(rising(), benefits=(PaidBenefit("ppa", 100.0),))
    former = next(
        one for one in gaps.seen(household) if one.reason == "months" and one.words == ("2025-04", "2025-06")
    )
    paid = amount(former.household, "prime_activite")
    assert abs(paid - amount(household, "prime_activite")) > 20
    assert reasons(rising(), "prime_activite", paid)[0] == "months"


def test_a_gap_is_explained_by_the_rent_the_home_and_the_partner() -> None:
    case = people.family()
    case["housing"] |= {"rent": 250, "charges": 60, "shared": False}
    household = read(case)
    ways = {one.reason: one.household for one in gaps.seen(household)}
    assert {"charges", "shared", "couple"} <= ways.keys() and "months" not in ways
    for reason, code, type in (("charges", "aide_logement", "aide_logement"), ("couple", "prime_activite", "ppa")):
        paid = amount(replace(ways[reason], benefits=(PaidBenefit(type, 200.0),)), code)
        assert abs(paid - amount(household, code)) > actions.SMALLEST
        assert reason in reasons(household, code, paid)


def test_the_notice_of_another_year_is_a_reason() -> None:
    case = people.family(tax_notices=[{"income_year": 2023, "rfr": 10080, "parts": 2.5}])
    assert "notice" not in {one.reason for one in gaps.seen(read(case))}
    case["tax_notices"].append({"income_year": 2024, "rfr": 42000, "parts": 2.5})
    [other] = [one for one in gaps.seen(read(case)) if one.reason == "notice"]
    assert other.words == ("2024", "2023")
    assert [one.rfr for one in other.household.tax_notices or () if one.income_year == 2023] == [42000]


def test_a_gap_that_no_value_explains_is_not_explained() -> None:
    assert reasons(read(people.single()), "aide_logement", 777.0) == []


def test_the_page_puts_the_statement_beside_the_calculation(awa: Client, resident: User) -> None:
    entries = len(journal.entries(resident_id=resident.pk, limit=500))
    page = text(awa, PAGE)
    assert "Votre paiement (octobre 2025)" in page
    assert "210 €" in page and "la CAF lit vos revenus entre juillet 2025 et septembre 2025" in page
    assert "Elle n’est pas sur votre paiement" in page
    added = journal.entries(resident_id=resident.pk, limit=500)[:-entries]
    assert [(one.event, one.purpose) for one in added] == [("read", actions.COMPARE)]


def test_the_letter_names_amounts_and_asks_for_the_detail(awa: Client, resident: User) -> None:
    answer = awa.get(f"{PAGE}lettre/")
    assert answer.headers["Content-Type"] == "application/pdf"
    with pikepdf.open(io.BytesIO(answer.content)) as pdf:
        assert "/StructTreeRoot" in pdf.Root and str(pdf.Root.Lang) == "fr"
    from services.aids.presenting import compare as presenting

    found = actions.compare(resident_id=resident.pk)
    assert isinstance(found, actions.Comparison)
    told = presenting.letter(found)
    body = "\n".join(f"{part.title}\n{part.text}" for part in told.parts)
    assert "Vous me versez 210\u00a0€ par mois" in body and "L311-3-1" in body and told.signed == "Awa Traoré"


def test_without_a_statement_there_is_neither_comparison_nor_letter(villebrume: object, resident: User) -> None:
    people.identity(resident)
    client = signed_in(resident)
    assert "attestation de paiement" in text(client, PAGE)
    assert client.get(f"{PAGE}lettre/").headers["Location"] == PAGE
    empty = signed_in(ResidentFactory(email="vide@example.org"))
    assert empty.get(PAGE).status_code in {200, 302}
    assert Client().get(PAGE).status_code == 302


def test_an_explanation_prints_as_a_tagged_pdf_in_the_language_of_the_page(awa: Client, resident: User) -> None:
    answer = awa.get("/aides/prime_activite/pourquoi/imprimer/", headers={"Accept-Language": "en"})
    assert answer.headers["Content-Type"] == "application/pdf" and answer.headers["Cache-Control"] == "no-store"
    with pikepdf.open(io.BytesIO(answer.content)) as pdf:
        assert "/StructTreeRoot" in pdf.Root and str(pdf.Root.Lang) == "en"
    assert awa.get("/aides/xyzzy/pourquoi/imprimer/").status_code == 404
