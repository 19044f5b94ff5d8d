"""Guess the field of each column by its header, as French banks write it, else by its content."""

import re
from collections.abc import Mapping, Sequence

from vault.readers.files.opening import decimal, fold

#: The headers of each field. The first matching column is kept.
HEADERS: Mapping[str, str] = {
    "date_valeur": r"date (de )?valeur|dateval|date val|value date|date de valeur",
    "date_operation": r"date|dateop|date (d'?|de l'?)?\W?operation|date[ _](de )?comptabilisation|booking date"
    r"|completed date|date (comptable|de debit|de transaction)|transaction date|jour",
    "debit": r"debit.*|montant debit.*|sorties?|money out|paid out|depenses?",
    "credit": r"credit.*|montant credit.*|entrees?|money in|paid in|recettes?",
    "montant": r"montant.*|amount.*|valeur|somme|montant_operation",
    "devise": r"devise|currency|monnaie",
    "compte": r"(numero|n°|n|no)?\W*(de )?compte.*|accountnum|account( number)?|iban",
    "contrepartie": r"contrepartie|payee|tiers|beneficiaire|emetteur.*|supplierfound|nom du (tiers|beneficiaire)"
    r"|merchant",
    "reference": r"ref|reference.*|numero d'?operation|transaction id|id",
    "categorie": r"categorie|category|rubrique",
    "etat": r"etat|statut|status|state|situation|etat de l'operation",
    "libelle": r"libelle.*|label|description|intitule|details?|nature|motif|payment reference"
    r"|informations complementaires",
}


def guess(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, str]:
    """Return the field of each header. Debit and credit columns replace an amount column."""
    names = {
        header: re.sub(r"\s+", " ", re.sub(r"[\u2019']", "'", fold(header.replace("\u2019", "'")))).strip()
        for header in headers
    }
    found: dict[str, str] = {}
    for field, words in HEADERS.items():
        pattern = re.compile(words)
        for header, name in names.items():
            if header not in found and field not in found.values() and pattern.fullmatch(name):
                found[header] = field
    if {"debit", "credit"} <= set(found.values()):
        found = {header: field for header, field in found.items() if field != "montant"}
    return found if {"date_operation"} & set(found.values()) else found | _by_content(headers, rows, found)


def _by_content(headers: Sequence[str], rows: Sequence[Sequence[str]], known: Mapping[str, str]) -> dict[str, str]:
    """Guess by content: the first column of dates, the first of amounts with cents or a sign, the longest texts."""
    columns = {
        header: [row[rank].strip() for row in rows if rank < len(row)]
        for rank, header in enumerate(headers)
        if header not in known
    }
    days = [
        header
        for header, cells in columns.items()
        if cells and all(re.match(r"\d{1,4}[/.-]\d{1,2}[/.-]\d{2,4}", cell) for cell in cells)
    ]
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
    for field, candidates in (
        ("date_operation", days),
        ("date_valeur", days[1:]),
        ("montant", money),
        ("libelle", texts),
    ):
        if candidates and field not in known.values():
            found[candidates[0]] = field
    return found


def _is_amount(cell: str) -> bool:
    return bool(re.search(r"[-+,.]", cell)) and decimal(cell) is not None
