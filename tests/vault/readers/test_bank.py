"""Bank files: OFX with unclosed tags, CAMT of each version, tables of any layout, statements that do not add up."""

from typing import Any

import pytest

from tests.fixtures.readings import facts, payloads, read
from vault.readers import Reading, Unreadable
from vault.readers.formats.bank_csv import reader as bank_csv
from vault.readers.sentences import DAYS_FIRST, NOT_MADE, OLDER, PENDING, ROWS_NOT_READ
from vault.readers.subjects import bank

SGML = "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:USASCII\nCHARSET:1252\n\n"
XML = '<?xml version="1.0" encoding="UTF-8"?>\n<?OFX OFXHEADER="200" VERSION="211"?>\n'


def transaction(
    amount: str, fitid: str = "1", label: str = "ACHAT CB", day: str = "20240105", closed: bool = False
) -> str:
    values = {"TRNTYPE": "DEBIT", "DTPOSTED": day, "TRNAMT": amount, "FITID": fitid, "NAME": label}
    leaves = "".join(f"<{name}>{value}{f'</{name}>' if closed else ''}\n" for name, value in values.items())
    return f"<STMTTRN>\n{leaves}</STMTTRN>\n"


def statement(
    *transactions: str,
    currency: str = "EUR",
    account: str = "<BANKID>30004<BRANCHID>00999<ACCTID>00012345678<ACCTTYPE>CHECKING",
) -> str:
    balance = "<LEDGERBAL><BALAMT>1250,40<DTASOF>20240131</LEDGERBAL>"
    listed = (
        f"<BANKTRANLIST><DTSTART>20240101<DTEND>20240131{''.join(transactions)}</BANKTRANLIST>" if transactions else ""
    )
    return f"<STMTRS><CURDEF>{currency}<BANKACCTFROM>{account}</BANKACCTFROM>{listed}{balance}</STMTRS>"


def ofx(*statements: str, head: str = SGML) -> str:
    wrapped = "".join(f"<STMTTRNRS>{one}</STMTTRNRS>" for one in statements)
    return f"{head}<OFX><BANKMSGSRSV1>{wrapped}</BANKMSGSRSV1></OFX>"


def amounts(reading: Reading) -> list[str]:
    return [one["montant"] for one in payloads(reading, "banque.operation")]


def test_sgml_and_xml_give_the_same_records() -> None:
    old = read(ofx(statement(transaction("-12,50", "1"), transaction("1500.00", "2", "VIR SALAIRE"))))
    new = read(
        ofx(
            statement(
                transaction("-12,50", "1", closed=True), transaction("1500.00", "2", "VIR SALAIRE", closed=True)
            ),
            head=XML,
        )
    )
    for reading in (old, new):
        assert amounts(reading) == ["-12.50", "1500.00"]
        assert [one["libelle"] for one in payloads(reading, "banque.operation")] == ["ACHAT CB", "VIR SALAIRE"]
        (account,) = payloads(reading, "banque.compte")
        assert (account["identifiant"], account["type"], account["solde"]) == (
            "30004 00999 00012345678",
            "courant",
            "1250.40",
        )


def test_an_empty_statement_and_a_bank_number_of_ten_digits_are_accepted() -> None:
    reading = read(ofx(statement(account="<BANKID>5472369148<ACCTID>9"), statement(account="<BANKID>1<ACCTID>2")))
    assert [one["identifiant"] for one in payloads(reading, "banque.compte")] == ["5472369148 9", "1 2"]
    assert facts(reading)["operations"] == "0"


def test_windows_1252_entities_and_cdata_are_decoded() -> None:
    text = ofx(statement(transaction("-1.00", label="CAFÉ &amp; THÉ"), transaction("-2.00", "2", "<![CDATA[A < B]]>")))
    assert [one["libelle"] for one in payloads(read(text.encode("cp1252")), "banque.operation")] == [
        "CAFÉ & THÉ",
        "A < B",
    ]


def test_a_tag_without_a_value_is_empty() -> None:
    text = ofx(
        statement(
            "<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20240105<TRNAMT>-3.00<FITID>1<NAME>PAIN<MEMO></STMTTRN>",
            transaction("-4.00", "2"),
        )
    )
    assert amounts(read(text)) == ["-3.00", "-4.00"]


def test_unclosed_transactions_are_read() -> None:
    text = ofx(statement(transaction("-3.00", "1"), transaction("-4.00", "2"))).replace("</STMTTRN>", "")
    assert amounts(read(text)) == ["-3.00", "-4.00"]
    assert payloads(read(text), "banque.compte")[0]["solde"] == "1250.40"


@pytest.mark.parametrize(
    ("written", "kept"),
    [("-0,1", "-0.10"), ("1 234,56", "1234.56"), ("1.234,56", "1234.56"), ("1,234.56", "1234.56"), ("$120", "120.00")],
)
def test_an_amount_is_decimal_however_it_is_written(written: str, kept: str) -> None:
    assert amounts(read(ofx(statement(transaction(written))))) == [kept]


def test_cents_add_up_exactly() -> None:
    """In floating point, 0.1 + 0.2 is 0.30000000000000004."""
    reading = read(ofx(statement(*(transaction("0.10", str(rank)) for rank in range(3)), transaction("-0.30", "9"))))
    assert facts(reading)["money_net"] == "0.00"
    assert facts(reading)["money_in"] == "0.30"


def test_two_equal_payments_give_two_records() -> None:
    reading = read(ofx(statement(transaction("-2.00", ""), transaction("-2.00", ""))))
    assert len({record["provenance"]["raw_sha256"] for record in reading.records}) == 3


def test_another_currency_is_written_after_its_amounts() -> None:
    reading = read(ofx(statement(transaction("-59.50"), currency="USD")))
    assert facts(reading)["money_net"] == "-59.50 USD"
    assert payloads(reading, "banque.operation")[0]["devise"] == "USD"


def test_a_card_is_an_account() -> None:
    text = ofx(statement(transaction("-5.00"))).replace("STMTRS", "CCSTMTRS").replace("BANKACCTFROM", "CCACCTFROM")
    assert payloads(read(text), "banque.compte")[0]["type"] == "carte"


def test_the_time_of_a_balance_keeps_its_offset() -> None:
    text = ofx(statement()).replace("<DTASOF>20240131", "<DTASOF>20240131120000.000[-7:PDT]")
    assert payloads(read(text), "banque.compte")[0]["date_solde"] == "2024-01-31T19:00:00+00:00"


@pytest.mark.parametrize(
    "text",
    [
        ofx(statement(transaction("beaucoup"))),
        ofx(statement(transaction("-1.00", day="hier"))),
        ofx(statement(transaction("1e5"))),
    ],
)
def test_a_broken_ofx_is_refused(text: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        read(text)
    assert refusal.value.code in {"damaged", "other_shape"}


def entry(
    amount: str, direction: str = "DBIT", status: str = "<Sts>BOOK</Sts>", party: str = "<Nm>Boulangerie</Nm>"
) -> str:
    parties = f"<RltdPties><Cdtr>{party}</Cdtr></RltdPties><RmtInf><Ustrd>PAIN</Ustrd></RmtInf>"
    return (
        f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd>{status}<BookgDt>'
        "<Dt>2024-01-05</Dt></BookgDt>"
        "<ValDt><Dt>2024-01-06</Dt></ValDt><NtryDtls><TxDtls><Refs>"
        f"<EndToEndId>NOTPROVIDED</EndToEndId></Refs>{parties}</TxDtls></NtryDtls></Ntry>"
    )


def balance(code: str, amount: str, direction: str = "CRDT") -> str:
    kind = f"<Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
    return (
        f'<Bal>{kind}<Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd><Dt><Dt>2024-01-31</Dt></Dt></Bal>'
    )


def camt(*entries: str, version: str = "02", opening: str = "100.00", closing: str = "95.00") -> str:
    account = "<Acct><Id><IBAN>FR7630004009990001234567843</IBAN></Id><Ccy>EUR</Ccy></Acct>"
    balances = balance("OPBD", opening) + balance("CLBD", closing)
    return (
        f'<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"><BkToCstmrStmt>'
        f"<Stmt>{account}{balances}{''.join(entries)}</Stmt></BkToCstmrStmt></Document>"
    )


V8 = {"status": "<Sts><Cd>BOOK</Cd></Sts>", "party": "<Pty><Nm>Boulangerie</Nm></Pty>"}


@pytest.mark.parametrize(("version", "wrapped"), [("02", {}), ("03", {}), ("04", {}), ("08", V8), ("13", V8)])
def test_each_version_gives_the_same_operation(version: str, wrapped: dict[str, Any]) -> None:
    reading = read(camt(entry("5.00", **wrapped), version=version))
    (operation,) = payloads(reading, "banque.operation")
    found = (
        operation["montant"],
        operation["date_operation"],
        operation["date_valeur"],
        operation["contrepartie"],
        operation["libelle"],
    )
    assert found == ("-5.00", "2024-01-05", "2024-01-06", "Boulangerie", "PAIN")
    assert "reference" not in operation
    assert [check.outcome for check in reading.checks] == ["passed"]


def test_a_statement_that_does_not_add_up_is_flagged_and_not_corrected() -> None:
    reading = read(camt(entry("5.00"), closing="94.95"))
    assert amounts(reading) == ["-5.00"]
    assert payloads(reading, "banque.compte")[0]["solde"] == "94.95"
    assert facts(reading)["balance_difference"] == "-0.05"
    assert [check.outcome for check in reading.checks] == ["failed"]
    assert all(record["provenance"]["quality"] == ["unreconciled"] for record in reading.records)


def test_amounts_are_rounded_to_cents_and_flagged() -> None:
    reading = read(camt(entry("5.000"), entry("1.005"), closing="93.995"))
    assert amounts(reading) == ["-5.00", "-1.00"]
    assert [record["provenance"].get("quality") for record in reading.records[1:]] == [None, ["truncated"]]
    assert [check.outcome for check in reading.checks] == ["passed"]


def test_pending_operations_are_left_out() -> None:
    reading = read(
        camt(entry("5.00"), entry("7.00", status="<Sts>PDNG</Sts>"), entry("8.00", status="<Sts><Cd>PDNG</Cd></Sts>"))
    )
    assert amounts(reading) == ["-5.00"]
    assert reading.warnings == [PENDING]


def test_an_overdraft_is_negative() -> None:
    text = camt(entry("5.00"), closing="0").replace(balance("CLBD", "0"), balance("CLBD", "12.00", "DBIT"))
    assert payloads(read(text), "banque.compte")[0]["solde"] == "-12.00"


def test_an_entity_is_refused() -> None:
    bomb = (
        camt(entry("5.00"))
        .replace("<Document", '<!DOCTYPE a [<!ENTITY b "5.00">]><Document', 1)
        .replace(">5.00<", ">&b;<")
    )
    with pytest.raises(Unreadable) as refusal:
        read(bomb)
    assert refusal.value.code in {"damaged", "other_shape"}


CREDIT_MUTUEL = (
    "Date;Date de valeur;Débit;Crédit;Libellé;Solde\n"
    "05/01/2024;06/01/2024;-12,50;;CARTE BOULANGERIE;100,00\n"
    "31/01/2024;31/01/2024;;1 500,00;VIR SALAIRE;1600,00\n"
)
BOURSORAMA = (
    "dateOp;dateVal;label;category;categoryParent;supplierFound;amount;comment;accountNum;accountLabel;"
    "accountbalance\n"
    '2024-01-05;2024-01-06;"CARTE 04/01/24 BOULANGERIE";"Alimentation";"Vie";"boulangerie";-12,50;;'
    '00040123456;"BoursoBank";1250,4\n'
)
CAISSE_EPARGNE = (
    "Date de comptabilisation;Libelle simplifie;Libelle operation;Reference;Informations complementaires;"
    "Type operation;"
    "Categorie;Sous categorie;Debit;Credit;Date operation;Date de valeur;Pointage operation\n"
    "05/01/2024;Boulangerie;CB BOULANGERIE;AB12;;Carte;Alimentation;Pain;-12,50;;04/01/2024;05/01/2024;0\n"
)
CREDIT_AGRICOLE = (
    "Téléchargement du 01/02/2024;\n\nMme DUPONT;\nCompte de Dépôt n° 12345678901;\nSolde au 31/01/2024 1 250,40 €\n\n"
    'Date;Libellé;Débit euros;Crédit euros;\n05/01/2024;"PAIEMENT PAR CARTE\nBOULANGERIE";12,50;;\n'
    '31/01/2024;"VIREMENT";;1 500,00;\n'
)
SOCIETE_GENERALE = (
    '="0300412345678";01/01/2024;31/01/2024;2;31/01/2024;1250,40 EUR\n\n'
    "Date de l'opération;Libellé;Détail de l'écriture;Montant de l'opération;Devise\n"
    "05/01/2024;CARTE;CARTE X1234 BOULANGERIE;-12,50;EUR\n"
)
REVOLUT = (
    "Type,Product,Started Date,Completed Date,Description,Amount,Fee,Currency,State,Balance\n"
    "CARD_PAYMENT,Current,2024-01-04 10:00:00,2024-01-05 08:00:00,Bakery,-12.50,0.00,EUR,COMPLETED,87.50\n"
)
BARE = "05/01/2024;CARTE BOULANGERIE;-12,50\n06/01/2024;RETRAIT;-40,00\n"


@pytest.mark.parametrize(
    "text",
    [CREDIT_MUTUEL, BOURSORAMA, CAISSE_EPARGNE, CREDIT_AGRICOLE, SOCIETE_GENERALE, REVOLUT, BARE],
    ids=[
        "Crédit Mutuel",
        "Boursorama",
        "Caisse d’Épargne",
        "Crédit Agricole",
        "Société Générale",
        "Revolut",
        "no header",
    ],
)
def test_a_table_asks_for_its_columns_and_is_read_with_the_guess(text: str) -> None:
    asked = read(text)
    assert (asked.format, asked.records) == ("bank_csv", [])
    assert asked.table is not None
    reading = read(text, columns=asked.table.guess)
    first = payloads(reading, "banque.operation")[0]
    assert (first["date_operation"], first["montant"], first["devise"]) == ("2024-01-05", "-12.50", "EUR")
    assert "boulangerie" in first["libelle"].lower() or first["libelle"] in {"Bakery", "CARTE"}


def test_of_a_table_of_too_many_operations_the_newest_days_are_kept_and_the_others_counted(monkeypatch: Any) -> None:
    monkeypatch.setattr(bank, "MOST_OPERATIONS", 4)
    days = ["05/01/2024", "05/01/2024", "03/01/2024", "03/01/2024", "04/01/2024", "01/01/2024"]
    text = "Date;Libellé;Montant\r\n" + "".join(f"{day};PAIN;-{rank},50\r\n" for rank, day in enumerate(days))
    asked = read(text)
    assert asked.table is not None
    reading = read(text, columns=asked.table.guess)
    assert amounts(reading) == ["-0.50", "-1.50", "-4.50"]
    assert (facts(reading)["operations"], facts(reading)["rows_older"]) == ("3", "3")
    assert OLDER in reading.warnings


def test_a_section_of_pending_operations_is_left_out_of_a_long_table_too(monkeypatch: Any) -> None:
    monkeypatch.setattr(bank, "MOST_OPERATIONS", 2)
    days = "05/01/2024;PAIN;-1,50\r\n03/01/2024;LAIT;-2,50\r\n"
    text = f"Date;Libellé;Montant\r\n{days}Opérations à venir;;\r\n06/01/2024;LOYER;-500,00\r\n"
    asked = read(text)
    assert asked.table is not None
    reading = read(text, columns=asked.table.guess)
    assert amounts(reading) == ["-1.50"]
    assert set(reading.warnings) >= {PENDING, OLDER}


def test_a_table_within_the_limit_keeps_every_day(monkeypatch: Any) -> None:
    monkeypatch.setattr(bank, "MOST_OPERATIONS", 2)
    text = "Date;Libellé;Montant\r\n05/01/2024;PAIN;-1,50\r\n03/01/2024;LAIT;-2,50\r\nTotal;;-4,00\r\n"
    asked = read(text)
    assert asked.table is not None
    reading = read(text, columns=asked.table.guess)
    assert amounts(reading) == ["-1.50", "-2.50"] and "rows_older" not in facts(reading)


def test_a_table_whose_newest_day_is_too_long_is_refused(monkeypatch: Any) -> None:
    monkeypatch.setattr(bank, "MOST_OPERATIONS", 2)
    text = "Date;Libellé;Montant\r\n" + "05/01/2024;LAIT;-2,50\r\n" * 3
    asked = read(text)
    assert asked.table is not None
    with pytest.raises(Unreadable) as refusal:
        read(text, columns=asked.table.guess)
    assert refusal.value.code == "too_many"


def test_a_table_of_too_many_rows_is_refused_before_its_columns_are_asked(monkeypatch: Any) -> None:
    monkeypatch.setattr(bank_csv, "MOST_ROWS", 5)
    monkeypatch.setattr(bank_csv, "LINES_ABOVE", 2)
    row = "03/01/2024;BOULANGERIE;-4,50\r\n"
    assert read(f"Date;Libellé;Montant\r\n{row * 6}").table is not None
    with pytest.raises(Unreadable) as refusal:
        read(f"Date;Libellé;Montant\r\n{row * 8}")
    assert refusal.value.code == "too_many"


def test_an_account_of_too_many_operations_is_refused(monkeypatch: Any) -> None:
    monkeypatch.setattr(bank, "MOST_OPERATIONS", 1)
    with pytest.raises(Unreadable) as refusal:
        read(ofx(statement(transaction("-1.00", "1"), transaction("-2.00", "2"))))
    assert refusal.value.code == "too_many"


def test_the_resident_s_answer_replaces_the_guess() -> None:
    text = "A;B;C;D\n05/01/2024;12,50;PAIN;06/01/2024\n"
    reading = read(text, columns={"D": "date_operation", "B": "debit", "C": "libelle"})
    (operation,) = payloads(reading, "banque.operation")
    assert (operation["date_operation"], operation["montant"], operation["libelle"]) == (
        "2024-01-06",
        "-12.50",
        "PAIN",
    )


def test_rows_that_are_not_operations_are_left_out_and_counted() -> None:
    text = CREDIT_MUTUEL + "Total;;-12,50;1500,00;;\n99/99/2024;;1,00;;X;\n"
    asked = read(text)
    assert asked.table is not None
    reading = read(text, columns=asked.table.guess)
    assert (facts(reading)["operations"], facts(reading)["rows_not_read"]) == ("2", "2")
    assert reading.warnings == [ROWS_NOT_READ]


def test_months_come_first_only_if_the_dates_are_impossible_otherwise() -> None:
    columns = {"Date": "date_operation", "Amount": "montant"}
    american = read("Date,Description,Amount\n01/05/2024,A,-1.00\n01/31/2024,B,-2.00\n", columns=columns)
    assert [one["date_operation"] for one in payloads(american, "banque.operation")] == ["2024-01-05", "2024-01-31"]
    french = read("Date,Description,Amount\n01/05/2024,A,-1.00\n", columns=columns)
    assert [one["date_operation"] for one in payloads(french, "banque.operation")] == ["2024-05-01"]


def test_a_formula_stays_text_and_columns_of_the_same_name_stay_separate() -> None:
    text = 'Date;Libellé;Libellé;Montant\n05/01/2024;"=HYPERLINK(""http://x"")";PAIN;-1,00\n'
    asked = read(text)
    assert asked.table is not None and asked.table.headers == ["Date", "Libellé", "Libellé (3)", "Montant"]
    (operation,) = payloads(read(text, columns=asked.table.guess), "banque.operation")
    assert operation["libelle"] == '=HYPERLINK("http://x")'


def test_a_text_without_dates_and_amounts_is_not_a_bank_file() -> None:
    for text, code in (
        ("nom;prenom;ville\nDupont;Jean;Nantes\n", "unknown_data"),
        ("Cher journal, le 05/01/2024 il a plu 12,5 mm.\n", "unknown_media"),
        ("\x00;1;2", "unknown_media"),
    ):
        with pytest.raises(Unreadable) as refusal:
            read(text)
        assert refusal.value.code == code


def test_columns_missing_from_the_file_are_refused() -> None:
    with pytest.raises(Unreadable) as refusal:
        read(CREDIT_MUTUEL, columns={"Jour": "date_operation"})
    assert refusal.value.code in {"damaged", "other_shape"}


@pytest.mark.parametrize(
    "text",
    [
        "Date;Heure;Consommation (kWh);Coût\n05/01/2024;10:00;1,25;0,31\n",
        "Jour;Type;Valeur en Wh\n05/01/2024;HP;1250,5\n",
        "Jour;Lieu;Latitude;Longitude\n05/01/2024;Port;46,16;-1,15\n",
        "jour,name,lat,lon\n" + "2024-01-05,Port,46.16,-1.15\n" * 4,
    ],
)
def test_a_table_of_energy_or_of_places_is_not_a_bank_s(text: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        read(text)
    assert refusal.value.code == "unknown_data"


STATES = (
    "Date;Libellé;Montant;Statut\n05/01/2024;PAIN;-1,50;Comptabilisée\n06/01/2024;HOTEL;-90,00;En attente\n"
    "07/01/2024;TAXI;-20,00;Annulée\n"
)


def test_pending_and_cancelled_operations_of_a_table_are_left_out_and_said() -> None:
    guess = read(STATES).table
    assert guess is not None and guess.guess["Statut"] == "etat"
    reading = read(STATES, columns=guess.guess)
    assert (amounts(reading), reading.warnings) == (["-1.50"], [PENDING, NOT_MADE, DAYS_FIRST])


def test_operations_under_a_title_of_pending_ones_are_left_out() -> None:
    text = (
        "Date;Libellé;Montant\n05/01/2024;PAIN;-1,50\nOpérations à venir;;\n06/01/2024;HOTEL;-90,00\n"
        "Opérations passées;;\n04/01/2024;TAXI;-20,00\n"
    )
    columns = {"Date": "date_operation", "Libellé": "libelle", "Montant": "montant"}
    reading = read(text, columns=columns)
    assert amounts(reading) == ["-1.50", "-20.00"] and PENDING in reading.warnings


def test_pending_operations_of_an_ofx_are_left_out() -> None:
    pending = "<BANKTRANLISTP><STMTTRNP><DTTRAN>20240130<TRNAMT>-99,00<NAME>HOTEL</STMTTRNP></BANKTRANLISTP>"
    whole = ofx(statement(transaction("-1.50")))
    reading = read(whole.replace("<LEDGERBAL>", f"{pending}<LEDGERBAL>"))
    assert (amounts(reading), reading.warnings) == (amounts(read(whole)), [PENDING])
    assert facts(reading)["balance"] == facts(read(whole))["balance"]


def test_currencies_are_not_added_up() -> None:
    text = (
        "Date;Libellé;Montant;Devise\n05/01/2024;PAIN;-1,50;EUR\n06/01/2024;PUB;-4,00;GBP\n07/01/2024;CAFE;-2,00;EUR\n"
    )
    columns = {"Date": "date_operation", "Libellé": "libelle", "Montant": "montant", "Devise": "devise"}
    reading = read(text, columns=columns)
    assert [(one.value, one.unit) for one in reading.facts if one.code == "money_out"] == [
        ("-3.50", "EUR"),
        ("-4.00 GBP", ""),
    ]


@pytest.mark.parametrize(
    ("header", "amount", "currency"),
    [
        ("Montant", "$12.00", "USD"),
        ("Montant (GBP)", "12,00", "GBP"),
        ("Montant", "12,00 CHF", "CHF"),
        ("Montant", "12,00 €", "EUR"),
    ],
)
def test_the_currency_of_an_amount_is_that_which_is_written(header: str, amount: str, currency: str) -> None:
    text = f"Date;Libellé;{header}\n05/01/2024;PAIN;{amount}\n"
    reading = read(text, columns={"Date": "date_operation", "Libellé": "libelle", header: "montant"})
    assert [one["devise"] for one in payloads(reading, "banque.operation")] == [currency]


def test_an_ofx_cut_inside_an_amount_leaves_that_operation_out() -> None:
    whole = ofx(statement(transaction("-1.50"), transaction("-123.45")))
    cut = whole[: whole.index("-123.45") + 4]
    assert amounts(read(cut)) == ["-1.50"]
