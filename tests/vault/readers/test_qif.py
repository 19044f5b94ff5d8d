"""QIF: dates and amounts in each program's format, splits, several accounts, lists that are not payments."""

import pytest

from tests.fixtures.readings import facts, payloads, read
from vault.readers import Reading, Unreadable
from vault.readers.sentences import DAYS_FIRST, END_MISSING, HOLDINGS_LEFT_OUT, NOTHING_INSIDE


def entry(day: str = "31/01/2024", amount: str = "-12,50", *lines: str) -> str:
    return "\n".join([f"D{day}", f"T{amount}", *(lines or ("PACHAT CB",)), "^", ""])


def qif(*entries: str, head: str = "!Type:Bank\n") -> str:
    return head + "".join(entries)


def operations(reading: Reading) -> list[tuple[str, str]]:
    return [(one["date_operation"], one["montant"]) for one in payloads(reading, "banque.operation")]


def first(*lines: str) -> dict[str, str]:
    found: dict[str, str] = payloads(read(qif(entry("31/01/2024", "-1,00", *lines))), "banque.operation")[0]
    return found


def refused(text: str) -> str:
    with pytest.raises(Unreadable) as refusal:
        read(text)
    return refusal.value.code


def test_operations_are_read_with_labels_and_totals() -> None:
    reading = read(qif(entry(), entry("02/02/2024", "1500.00", "PVIR SALAIRE", "MFEVRIER")))
    assert reading.format == "qif" and reading.warnings == [] and reading.checks == []
    assert operations(reading) == [("2024-01-31", "-12.50"), ("2024-02-02", "1500.00")]
    assert [one["libelle"] for one in payloads(reading, "banque.operation")] == ["ACHAT CB", "VIR SALAIRE FEVRIER"]
    assert payloads(reading, "banque.operation")[0]["devise"] == "EUR"
    assert (facts(reading)["money_in"], facts(reading)["money_out"]) == ("1500.00", "-12.50")
    assert payloads(reading, "banque.compte") == []


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("31/01/2024", "2024-01-31"),
        ("31/01/24", "2024-01-31"),
        ("31/1/98", "1998-01-31"),
        ("31/1'24", "2024-01-31"),
        ("31/ 1' 4", "2004-01-31"),
        ("31.01.2024", "2024-01-31"),
        ("31-01-2024", "2024-01-31"),
        ("2024-01-31", "2024-01-31"),
        ("1/31/2024", "2024-01-31"),
        ("1/31'24", "2024-01-31"),
    ],
)
def test_a_date_is_read_in_every_format(written: str, kept: str) -> None:
    assert operations(read(qif(entry(written)))) == [(kept, "-12.50")]


def test_one_day_over_twelve_gives_the_order_of_all_dates() -> None:
    french, american = (read(qif(entry("05/04/2024"), entry(other))) for other in ("30/04/2024", "04/30/2024"))
    assert operations(french)[0][0] == "2024-04-05"
    assert operations(american)[0][0] == "2024-05-04"
    assert french.warnings == american.warnings == []


def test_the_day_comes_first_with_a_warning_if_the_order_is_unknown() -> None:
    reading = read(qif(entry("05/04/2024"), entry("12/04/2024")))
    assert operations(reading)[0][0] == "2024-04-05"
    assert reading.warnings == [DAYS_FIRST]


def test_dates_of_both_orders_in_one_file_are_refused() -> None:
    assert refused(qif(entry("31/01/2024"), entry("01/31/2024"))) == "other_shape"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("-12,50", "-12.50"),
        ("-12.50", "-12.50"),
        ("1 234,56", "1234.56"),
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("+3", "3.00"),
    ],
)
def test_an_amount_is_read_in_every_format(written: str, kept: str) -> None:
    assert operations(read(qif(entry(amount=written)))) == [("2024-01-31", kept)]


def test_cents_after_a_point_make_commas_thousands() -> None:
    assert operations(read(qif(entry(amount="-1,200"), entry(amount="-0.50")))) == [
        ("2024-01-31", "-1200.00"),
        ("2024-01-31", "-0.50"),
    ]


def test_the_second_amount_replaces_a_missing_first_one() -> None:
    assert operations(read("!Type:Bank\nD31/01/2024\nU-7,00\n^\n")) == [("2024-01-31", "-7.00")]


def test_a_split_is_one_operation_without_a_category() -> None:
    split = ("PHYPERMARCHE", "L--Split--", "SAlimentation", "ECourses", "$-20,00", "SMaison", "$-30,00")
    reading = read(qif(entry("31/01/2024", "-50,00", *split)))
    (operation,) = payloads(reading, "banque.operation")
    assert (operation["montant"], operation["libelle"]) == ("-50.00", "HYPERMARCHE")
    assert "categorie" not in operation


def test_a_category_loses_its_class_and_a_transfer_names_the_other_account() -> None:
    assert first("PPAIN", "LAlimentation:Pain/Vacances")["categorie"] == "Alimentation:Pain"
    transfer = first("PVIREMENT", "L[Livret A]")
    assert transfer["contrepartie"] == "Livret A" and "categorie" not in transfer


def test_the_means_of_payment_is_not_a_reference() -> None:
    """Otherwise two card payments of one day would be merged."""
    assert first("PPAIN", "N1234567")["reference"] == "1234567"
    assert "reference" not in first("PPAIN", "NCB")


def test_an_opening_balance_is_not_an_operation_and_names_the_account() -> None:
    opening = entry("01/01/2024", "100,00", "POpening Balance", "L[Compte courant]")
    reading = read(qif(opening, entry()))
    assert operations(reading) == [("2024-01-31", "-12.50")]
    assert payloads(reading, "banque.operation")[0]["compte"] == "Compte courant"


def test_several_accounts_keep_their_own_operations() -> None:
    text = (
        "!Option:AutoSwitch\n!Account\nNCompte courant\nTBank\n^\nNCarte\nTCCard\n^\n!Clear:AutoSwitch\n"
        "!Option:AutoSwitch\n!Account\nNCompte courant\nTBank\n$100,00\n^\n"
        + qif(entry())
        + "!Account\nNCarte\nTCCard\n^\n"
        "!Type:CCard \n" + entry(amount="-5,00")
    )
    reading = read(text)
    assert [(one["compte"], one["montant"]) for one in payloads(reading, "banque.operation")] == [
        ("Compte courant", "-12.50"),
        ("Carte", "-5.00"),
    ]
    assert [one["type"] for one in payloads(reading, "banque.compte")] == ["courant", "carte"]


def test_lists_that_are_not_payments_are_left_out() -> None:
    lists = "!Type:Cat\nNAlimentation\nE\n^\n!Type:Class\nNVacances\n^\n!Type:Memorized\nKP\nT-9,00\nPLOYER\n^\n"
    shares = "!Type:Invst\nD31/01/2024\nNBuy\nYACTIONS\nI10\nQ5\nT50,00\n^\n"
    reading = read(lists + shares + qif(entry()))
    assert operations(reading) == [("2024-01-31", "-12.50")]
    assert reading.warnings == [HOLDINGS_LEFT_OUT]
    alone = read(shares)
    assert alone.records == [] and alone.warnings == [HOLDINGS_LEFT_OUT, NOTHING_INSIDE]


def test_two_equal_payments_give_two_records() -> None:
    reading = read(qif(entry(), entry()))
    assert len({record["provenance"]["raw_sha256"] for record in reading.records}) == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_each_encoding_and_line_ending_is_read(encoding: str, ends: str) -> None:
    data = qif(entry("31/01/2024", "-1,00", "PCAFÉ")).replace("\n", ends).encode(encoding)
    (operation,) = payloads(read(data), "banque.operation")
    assert operation["libelle"] == "CAFÉ"


def test_a_truncated_file_gives_a_warning() -> None:
    assert read(qif(entry(), entry()).rstrip("\n^")).warnings == [END_MISSING]


@pytest.mark.parametrize(
    "lines",
    [
        "D31/01/2024\nPPAIN\n^\n",
        "T-1,00\n^\n",
        "Dhier\nT-1,00\n^\n",
        "D31/02/2024\nT-1,00\n^\n",
        "D31/01/2024\nTtrop\n^\n",
    ],
)
def test_an_operation_without_day_or_amount_is_refused(lines: str) -> None:
    assert refused(qif(entry(), lines)) == "other_shape"
