"""The amounts of a bank's table: never a balance, never a guessed sign, thousand, day or century in silence."""

import pytest

from tests.fixtures.readings import facts, payloads, read
from vault.readers import Reading, Unreadable
from vault.readers.sentences import (
    ALL_COME_IN,
    BALANCES_DIFFER,
    DAYS_FIRST,
    ROWS_NOT_READ,
    ROWS_WITHOUT_DIRECTION,
    SHORT_YEARS,
)

WRITTEN = (
    "Date d'écriture;Libellé;Débit;Crédit;Solde\n"
    "02/03/2026;BOULANGERIE;4,50;;1200,00\n"
    "13/03/2026;SALAIRE;;1500,00;2700,00\n"
)


def as_guessed(text: str) -> Reading:
    asked = read(text)
    assert asked.table is not None
    return read(text, columns=asked.table.guess)


def amounts(reading: Reading) -> list[str]:
    return [one["montant"] for one in payloads(reading, "banque.operation")]


def days(reading: Reading) -> list[str]:
    return [one["date_operation"] for one in payloads(reading, "banque.operation")]


def refusal(text: str, **columns: str) -> str:
    with pytest.raises(Unreadable) as refused:
        read(text, columns={header: field for field, header in columns.items()}) if columns else as_guessed(text)
    return refused.value.code


def test_a_balance_is_no_amount_where_debit_and_credit_are_known() -> None:
    reading = as_guessed(WRITTEN)
    assert (amounts(reading), facts(reading)["balance"]) == (["-4.50", "1500.00"], "2700.00")
    assert reading.warnings == []


def test_a_balance_under_an_unknown_header_is_no_amount_either() -> None:
    guess = read(WRITTEN.replace("Solde", "Position").replace("Date d'écriture", "Quand")).table
    assert guess is not None
    assert guess.guess == {"Quand": "date_operation", "Libellé": "libelle", "Débit": "debit", "Crédit": "credit"}


def test_a_column_of_dates_is_no_amount() -> None:
    text = "Date;Valeur;Libellé;Montant\n13/03/2026;14/03/2026;PAIN;-4,50\n"
    assert amounts(as_guessed(text)) == ["-4.50"]


def test_an_amount_together_with_a_debit_and_a_credit_is_refused() -> None:
    columns = {"date_operation": "Date d'écriture", "montant": "Solde", "debit": "Débit", "credit": "Crédit"}
    assert refusal(WRITTEN, **columns) == "amount_twice"


@pytest.mark.parametrize(
    ("header", "out", "come"),
    [
        ("Sens", "D", "C"),
        ("D/C", "Débit", "Crédit"),
        ("Direction", "OUT", "IN"),
        ("TRNTYPE", "DEBIT", "CREDIT"),
        ("Débit/Crédit", "-", "+"),
        ("Nom quelconque", "Sortie", "Entrée"),
    ],
)
def test_a_column_of_directions_gives_the_sign(header: str, out: str, come: str) -> None:
    text = f"Date;Libellé;Montant;{header}\n13/03/2026;PAIN;4,50;{out}\n14/03/2026;SALAIRE;1500,00;{come}\n"
    reading = as_guessed(text)
    assert (amounts(reading), reading.warnings) == (["-4.50", "1500.00"], [])


def test_a_row_whose_direction_is_unknown_or_contradicts_its_sign_is_left_out_and_said() -> None:
    head = "Date;Libellé;Montant;Sens\n"
    unknown = as_guessed(f"{head}13/03/2026;PAIN;4,50;D\n14/03/2026;LAIT;2,00;X\n")
    against = as_guessed(f"{head}13/03/2026;PAIN;-4,50;D\n14/03/2026;LAIT;-2,00;C\n")
    for reading in (unknown, against):
        assert (amounts(reading), reading.warnings) == (["-4.50"], [ROWS_WITHOUT_DIRECTION])


def test_a_column_that_gives_no_direction_is_asked_again() -> None:
    text = "Date;Libellé;Montant;Sens\n13/03/2026;PAIN;4,50;Carte\n"
    assert refusal(text) == "direction_unclear"


def test_amounts_that_all_come_in_are_said() -> None:
    text = "Date;Libellé;Montant\n13/03/2026;PAIN;4,50\n14/03/2026;LAIT;2,00\n"
    assert as_guessed(text).warnings == [ALL_COME_IN]


def test_a_thousand_that_reads_two_ways_is_asked() -> None:
    assert refusal('Date,Description,Amount\n2026-03-13,RENT,"-1,200"\n2026-03-14,PAY,"1,500"\n') == "amount_unclear"
    assert refusal("Date;Libellé;Montant\n13/03/2026;LOYER;-1.200\n") == "amount_unclear"


@pytest.mark.parametrize(
    ("written", "kept"),
    [(('"-1,200"', "4.50"), "-1200.00"), (("-1.200", "4,50"), "-1200.00"), (("-1,200", "4,50"), "-1.20")],
)
def test_the_other_amounts_of_a_table_say_what_a_comma_is(written: tuple[str, str], kept: str) -> None:
    text = "Date;Libellé;Montant\n" + "".join(f"13/03/2026;PAIN;{amount}\n" for amount in written)
    assert amounts(as_guessed(text))[0] == kept


def test_a_qif_thousand_that_reads_two_ways_is_refused() -> None:
    with pytest.raises(Unreadable) as refused:
        read("!Type:Bank\nD13/03/2026\nT-1,200\nPLOYER\n^\n")
    assert refused.value.code == "amount_unclear"


def test_a_day_that_may_be_a_month_is_said() -> None:
    text = "Date;Libellé;Montant\n10/02/2026;PAIN;-4,50\n"
    assert (days(as_guessed(text)), as_guessed(text).warnings) == (["2026-02-10"], [DAYS_FIRST])
    assert as_guessed(text + "13/02/2026;PAIN;-4,50\n").warnings == []
    assert as_guessed("Date;Libellé;Montant\n2026-02-10;PAIN;-4,50\n").warnings == []


def test_a_year_of_two_figures_is_said_and_is_of_the_last_century_from_1970() -> None:
    reading = as_guessed("Date;Libellé;Montant\n13/02/26;PAIN;-4,50\n14/02/98;PAIN;-4,50\n")
    assert (days(reading), reading.warnings) == (["2026-02-13", "1998-02-14"], [SHORT_YEARS])


def test_an_amount_in_parentheses_in_the_first_row_is_negative() -> None:
    reading = as_guessed("Date;Libellé;Montant\n13/03/2026;PAIN;(12,50)\n14/03/2026;SALAIRE;1500,00\n")
    assert (amounts(reading), reading.warnings) == (["-12.50", "1500.00"], [])


def test_a_first_row_that_is_not_understood_hides_no_header_and_is_said() -> None:
    reading = as_guessed("Date;Libellé;Montant\n13/03/2026;PAIN;douze\n14/03/2026;SALAIRE;-15,00\n")
    assert (amounts(reading), reading.warnings) == (["-15.00"], [ROWS_NOT_READ])


@pytest.mark.parametrize("newest_first", [False, True])
def test_the_balances_are_compared_with_the_operations(newest_first: bool) -> None:
    rows = ["13/03/2026;PAIN;-4,50;95,50", "13/03/2026;LAIT;-2,00;93,50", "14/03/2026;PAIE;100,00;193,50"]
    ordered = rows[::-1] if newest_first else rows
    reading = as_guessed("\n".join(["Date;Libellé;Montant;Solde", *ordered, ""]))
    assert (facts(reading)["balance"], reading.warnings) == ("193.50", [])
    assert [one.outcome for one in reading.checks] == ["passed"]


def test_a_difference_with_the_balances_is_said_before_anything_is_kept() -> None:
    rows = "13/03/2026;PAIN;-12,50;87,50\n14/03/2026;LAIT;-2,00;80,00\n"
    reading = as_guessed(f"Date;Libellé;Montant;Solde\n{rows}")
    assert (facts(reading)["balance_difference"], reading.warnings) == ("-5.50", [BALANCES_DIFFER])
    assert [one.outcome for one in reading.checks] == ["failed"]


def test_a_balance_given_once_a_day_is_compared_too() -> None:
    rows = ["13/03/2026;PAIN;-4,50;", "13/03/2026;LAIT;-2,00;93,50", "14/03/2026;PAIE;100,00;193,50"]
    reading = as_guessed("\n".join(["Date;Libellé;Montant;Solde", *rows, ""]))
    assert [one.outcome for one in reading.checks] == ["passed"]
