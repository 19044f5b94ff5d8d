"""Purchases exported by shops: receipts joined with their lines, exact to the cent, and codes internal to a shop."""

import io
from typing import Any

import pytest

from tests.fixtures import documents
from tests.fixtures.workbooks import workbook
from vault import readers, types
from vault.readers import Reading, Unreadable, sentences
from vault.readers.formats.receipts.reader import is_barcode
from vault.types import envelope


def read(data: bytes) -> Reading:
    reading = readers.read(io.BytesIO(data), trust_test_authority=False)
    for record in reading.records:
        envelope.validate(record)
        assert types.validate("achats.ticket", record["payload"]) == []
        assert record["provenance"]["holder"] == "enseigne"
    return reading


def tickets(data: bytes) -> list[dict[str, Any]]:
    return [record["payload"] for record in read(data).records]


def facts(reading: Reading) -> dict[str, str]:
    return {fact.code: fact.value for fact in reading.facts}


TOTALS = {
    "Auchan": ["7.09", "1.85"],
    "Carrefour": ["2.40", "1.85"],
    "E.Leclerc": ["7.82", "1.85"],
    "Intermarché": ["5.55"],
    "Picard": ["9.90"],
}


@pytest.mark.parametrize("chain", TOTALS)
def test_each_chain_s_receipts_add_up(chain: str) -> None:
    found = tickets(documents.RECEIPTS[chain])
    assert {one["enseigne"] for one in found} == {chain}
    assert [one["total"] for one in found] == TOTALS[chain]


def test_a_receipt_is_read_whole() -> None:
    first = tickets(documents.RECEIPTS["Carrefour"])[0]
    assert first == {
        "enseigne": "Carrefour",
        "magasin": "CITY JAURES",
        "date": "2026-05-27",
        "numero": "000123",
        "total": "2.40",
        "lignes": [
            {
                "ean": "3029330003533",
                "libelle": "PAIN DE MIE COMPLET",
                "quantite": 2.0,
                "unite": "piece",
                "prix_unitaire": "1.70",
                "montant": "3.40",
                "remise": "0.30",
            },
            {
                "code_interne": "CAR001",
                "libelle": "Coupon FIDELITE",
                "quantite": 1.0,
                "unite": "piece",
                "prix_unitaire": "-1.00",
                "montant": "-1.00",
            },
        ],
    }


def test_two_receipts_of_one_day_stay_two() -> None:
    assert [one["numero"] for one in tickets(documents.RECEIPTS["Carrefour"])] == ["000123", "000124"]


def test_a_product_sold_loose_is_weighed_and_has_a_code_of_the_shop() -> None:
    _, apples, bananas = tickets(documents.RECEIPTS["Auchan"])[0]["lignes"]
    assert (apples["code_interne"], apples["unite"], apples["quantite"], apples["montant"]) == (
        "200512000000",
        "kg",
        0.754,
        "2.19",
    )
    assert (bananas["code_interne"], "ean" in bananas) == ("4400", False)


def test_a_price_of_a_line_is_divided_and_a_price_of_a_piece_multiplied() -> None:
    of_line, of_piece = (tickets(documents.RECEIPTS[chain])[0]["lignes"][0] for chain in ("E.Leclerc", "Auchan"))
    assert (of_line["montant"], of_line["prix_unitaire"]) == ("3.70", "1.85")
    assert (of_piece["montant"], of_piece["prix_unitaire"]) == ("3.70", "1.85")


@pytest.mark.parametrize(
    "data", [documents.LECLERC_TICKETS.encode(), documents.LECLERC_LINES.encode()], ids=["receipts", "lines"]
)
def test_one_of_two_files_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable) as refusal:
        read(data)
    assert refusal.value.code == "two_files"


def test_the_two_files_already_joined_are_read_too() -> None:
    joined = "ticket,date_ticket,code_postal,ean,article_libelle,article_quantite_vendue,article_ca\n"
    joined += "T1,2026-05-27,17000,3029330003533,PAIN DE MIE,2,3.70\n"
    assert tickets(joined.encode())[0]["magasin"] == "17000"


def test_two_tables_one_below_the_other_are_joined() -> None:
    (ticket,) = tickets(documents.RECEIPTS["Picard"])
    assert (ticket["date"], ticket["magasin"], ticket["numero"]) == ("2026-05-27", "LA ROCHELLE", "88")
    assert [line["code_interne"] for line in ticket["lignes"]] == ["51234", "1234"]


def test_a_workbook_with_two_sheets_is_read() -> None:
    rows = [line.split(";") for line in documents.CARREFOUR.splitlines()]
    book = workbook({"Tickets": rows, "Remises": [["Remise", "Montant"], ["PASS", "0,30"]]})
    assert [one["total"] for one in tickets(book)] == TOTALS["Carrefour"]


def test_a_formula_stays_text() -> None:
    assert tickets(documents.RECEIPTS["Intermarché"])[0]["lignes"][1]["libelle"] == "=SOMME(A1:A9)"


def test_the_totals_of_the_file_are_facts() -> None:
    assert facts(read(documents.RECEIPTS["Auchan"])) == {
        "chain": "Auchan",
        "receipts": "2",
        "items": "4",
        "total": "8.94",
        "first_day": "2026-10-03",
        "last_day": "2026-10-10",
    }


def test_an_empty_line_is_left_out_with_a_warning() -> None:
    reading = read(
        (documents.AUCHAN + "3029330003533;;1.85;1;2026-10-10;17000\n3029330003533;X;1.85;1;hier;17000\n").encode()
    )
    assert facts(reading)["items"] == "4"
    assert reading.warnings == [sentences.LINES_LEFT_OUT]


@pytest.mark.parametrize(
    ("digits", "sold_everywhere"),
    [
        ("3029330003533", True),
        ("3029330003534", False),
        ("0036000291452", True),
        ("036000291452", True),
        ("96385074", True),
        ("2630329000000", False),
        ("2630329123456", False),
        ("0212345678909", False),
        ("212345678909", False),
        ("21234569", False),
        ("0027000123454", True),
        ("4400", False),
        ("51234", False),
        ("CAR001", False),
    ],
)
def test_a_barcode_has_its_check_digit_and_is_not_the_shop_s_own(digits: str, sold_everywhere: bool) -> None:
    assert is_barcode(digits) == sold_everywhere


def test_unknown_columns_are_not_a_receipt() -> None:
    with pytest.raises(Unreadable) as refusal:
        read(b"nom;prix\npain;1\n")
    assert refusal.value.code == "unknown_data"
