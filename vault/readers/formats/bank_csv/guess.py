"""Guess the field of each column by its header, as French banks write it, else by its content."""

import re
from collections.abc import Mapping, Sequence

from vault.readers.files.opening import decimal, fold
from vault.readers.formats.bank_csv.amounts import DIRECTIONS

MONEY = {"montant", "debit", "credit", "solde"}
#: The headers of each field. The first matching column is kept.
HEADERS: Mapping[str, str] = {
    "date_valeur": r"date (de )?valeur|dateval|date val|value date|date de valeur",
    "date_operation": r"date|dateop|dtposted|date (d'?|de l'?)?\W?(operation|ecriture)"
    r"|date[ _](de )?comptabilisation|booking date"
    r"|completed date|date (comptable|de debit|de transaction)|transaction date|jour",
    "sens": r"sens.*|(debit|dr?) ?[/-] ?(credit|cr?)|(credit|cr?) ?[/-] ?(debit|dr?)|dc|direction|trntype|cdtdbtind"
    r"|debit ou credit|signe",
    "debit": r"debit.*|montant debit.*|sorties?|money out|paid out|depenses?",
    "credit": r"credit.*|montant credit.*|entrees?|money in|paid in|recettes?",
    "montant": r"montant.*|amount.*|trnamt|valeur|somme|montant_operation",
    "solde": r"(nouveau |account |running )?(solde|balance).*|accountbalance",
    "devise": r"devise|currency|monnaie",
    "compte": r"(numero|n°|n|no)?\W*(de )?compte.*|accountnum|account( number)?|iban",
    "contrepartie": r"contrepartie|payee|tiers|beneficiaire|emetteur.*|supplierfound|nom du (tiers|beneficiaire)"
    r"|merchant",
    "reference": r"ref|reference.*|numero d'?operation|transaction id|id",
    "categorie": r"categorie|category|rubrique",
    "etat": r"etat|statut|status|state|situation|etat de l'operation",
    "libelle": r"libelle.*|label|description|intitule|details?|nature|motif|name|payment reference"
    r"|informations complementaires",
}


def guess(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, str]:
    """Return the field of each header. Debit and credit columns replace an amount column.

    A column of dates is no amount, whatever its header: `Valeur` is often a date. The words of a column may show that
    it gives the direction of the amount.
    """
    dated = {
        header for rank, header in enumerate(headers) if any(_is_date(row[rank]) for row in rows if rank < len(row))
    }
    names = {
        header: re.sub(r"\s+", " ", re.sub(r"[\u2019']", "'", fold(header.replace("\u2019", "'")))).strip()
        for header in headers
    }
    found: dict[str, str] = {}
    for field, words in HEADERS.items():
        pattern = re.compile(words)
        for header, name in names.items():
            if header in found or field in found.values() or field in MONEY and header in dated:
                continue
            if pattern.fullmatch(name):
                found[header] = field
    if "date_operation" not in found.values():
        found |= _by_content(headers, rows, found)
    dropped = {"montant"} if {"debit", "credit"} <= set(found.values()) else {"debit", "credit"}
    if "montant" in found.values():
        found = {header: field for header, field in found.items() if field not in dropped}
    if "montant" in found.values() and "sens" not in found.values():
        found |= _directions(headers, rows, found)
    return found


def _directions(headers: Sequence[str], rows: Sequence[Sequence[str]], known: Mapping[str, str]) -> dict[str, str]:
    """Return the first unknown column whose words all are directions, such as D and C."""
    for rank, header in enumerate(headers):
        said = {fold(row[rank]) for row in rows if rank < len(row)} - {""}
        if header not in known and said and said <= set(DIRECTIONS):
            return {header: "sens"}
    return {}


def _is_date(cell: str) -> bool:
    return re.match(r"\d{1,4}[/.-]\d{1,2}[/.-]\d{2,4}", cell.strip()) is not None


def _by_content(headers: Sequence[str], rows: Sequence[Sequence[str]], known: Mapping[str, str]) -> dict[str, str]:
    """Guess by content: the first column of dates, the first of amounts with cents or a sign, the longest texts."""
    columns = {
        header: [row[rank].strip() for row in rows if rank < len(row)]
        for rank, header in enumerate(headers)
        if header not in known
    }
    days = [header for header, cells in columns.items() if cells and all(map(_is_date, cells))]
    money = [
        header
        for header, cells in columns.items()
        if cells and all(re.search(r"[-+,.]", cell) and decimal(cell) is not None for cell in cells)
    ]
    texts = sorted(
        (header for header in columns if header not in {*days, *money}),
        key=lambda header: -sum(map(len, columns[header])),
    )
    found: dict[str, str] = {}
    has_two = {"debit", "credit"} & set(known.values())
    for field, candidates in (
        ("date_operation", days),
        ("date_valeur", days[1:]),
        ("montant", [] if has_two else money),
        ("libelle", texts),
    ):
        if candidates and field not in known.values():
            found[candidates[0]] = field
    return found
