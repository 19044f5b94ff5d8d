"""Compte Mobilité Standardisé (fabmob/CMS): each field is `{value, source, certificationDate}`.

Its documents (identity, personal information, DGFiP, CAF, MESRI) come alone or several under one root. Nothing is
signed: values are declared, whatever source a field names.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from vault.readers import sentences
from vault.readers.files import plain
from vault.readers.files.opening import guarded, json_has, json_of
from vault.readers.found import Found
from vault.readers.reading import Ask, Reading, Unreadable

FORMAT = "compte_mobilite"
VERSION = "1.0.0"
HOLDER = "Compte Mobilité"
SHOWS = (
    "familyQuotient",
    "recipientNumber",
    "taxNotices",
    "studentStartDate",
    "scholarship",
    "primaryPostalAddress",
    "certificationDate",
)
SOURCES = {"franceconnect": "FranceConnect", "dgfip": "dgfip", "caf": "caf", "msa": "msa", "mesri": "mesri_men"}
#: ISO/IEC 5218, without 0 (unknown) and 9 (not applicable).
GENDERS = {1: "male", 2: "female"}
LINES = tuple(f"line{number}" for number in range(1, 8))
DEPTH = 3
MAX_BLOCKS = 50
MAX_NOTICES = 10

Block = Mapping[str, Any]


def recognises(data: bytes, ask: Ask) -> bool:
    """Recognise the documents, but not their JSON Schema, which has the same keys."""
    return json_has(data, *SHOWS) and json_has(data, "value") and not json_has(data, "$schema", "$defs")


@guarded
def read(data: bytes, ask: Ask) -> Reading:
    found = Found(data, reader=FORMAT, version=VERSION, media_type="application/json", holder=HOLDER)
    blocks = list(_blocks(json_of(data), DEPTH))[:MAX_BLOCKS]
    for block in blocks:
        _read_block(block, found)
    if not found.records:
        raise Unreadable("no_data")
    return found.reading()


def _blocks(node: object, depth: int) -> Iterator[Block]:
    """Yield the root and the objects under it that are not fields."""
    if not isinstance(node, dict) or "value" in node:
        return
    yield node
    if depth:
        for name, inner in node.items():
            if name not in {"declarant1", "declarant2"}:
                yield from _blocks(inner, depth - 1)


def _read_block(block: Block, found: Found) -> None:
    if "familyQuotient" in block:
        _quotient(block, found)
    elif "lastName" in block or "firstName" in block:
        _identity(block, found)
    if block.keys() & {"email", "primaryPostalAddress", "primaryPhoneNumber"}:
        _contact(block, found)
    for notice in _listed(block, "taxNotices"):
        _notice(notice, block, found)
    if block.keys() & {"student", "scholarship"}:
        _student(block, found)


def _identity(block: Block, found: Found) -> None:
    country = _inner(block, "birthCountry").get("isoValue")
    born = plain.partial_day(_value(block, "birthDate"))
    payload = {
        "given_name": plain.joined(_value(block, "firstName"), _value(block, "middleNames")),
        "family_name": plain.text(_value(block, "lastName")),
        "birthdate": born,
        "gender": GENDERS.get(plain.integer(_value(block, "gender")) or 0),
        "birthplace": plain.commune_code(_inner(block, "birthPlace").get("inseeValue")),
        "birthcountry": "99100" if plain.text(country) == "FRA" else None,
    }
    found.keep(
        "identite.pivot",
        payload,
        holder=_source(block, "lastName", HOLDER),
        quality=["partial_date"] if born and "-00" in born else [],
    )
    if None in (payload["given_name"], payload["family_name"], born, payload["gender"], payload["birthcountry"]):
        found.warn(sentences.MASKED)


def _contact(block: Block, found: Found) -> None:
    payload = plain.known(
        {
            "email": plain.email(_value(block, "email")),
            "telephone": plain.text(_value(block, "primaryPhoneNumber")),
            "adresse": _address(_value(block, "primaryPostalAddress")),
        }
    )
    if payload:
        found.keep("identite.contact", payload)


def _quotient(block: Block, found: Found) -> None:
    """Keep the quotient. Its month is not given: that of its certification is used, with a warning."""
    value, certified = (
        plain.integer(_value(block, "familyQuotient")),
        plain.day(_inner(block, "familyQuotient").get("certificationDate")),
    )
    if value is None:
        return
    on = date.fromisoformat(certified) if certified else None
    holder = _source(block, "familyQuotient", "caf")
    payload = {
        "fournisseur": "MSA" if holder == "msa" else "CNAF",
        "valeur": value,
        "annee": on and on.year,
        "mois": on and on.month,
    }
    found.keep("social.quotient_familial", payload, holder=holder, quality=["estimated"])
    found.warn(sentences.MONTH_OF_CERTIFICATION if on else sentences.MASKED)


def _notice(notice: Block, block: Block, found: Found) -> None:
    """Keep a notice, which has the year of the declaration: the income is of the year before."""
    year = plain.integer(_value(notice, "declarationYear"))
    payload = {
        "annee_revenus": year - 1 if year else None,
        "declarant1": _declarant(block, "declarant1"),
        "declarant2": _declarant(block, "declarant2"),
        "revenu_fiscal_reference": plain.integer(_value(notice, "referenceTaxIncome")),
        "nombre_parts": plain.shares(_value(notice, "numberOfShares")),
        "revenu_brut_global": plain.integer(_value(notice, "grossIncome")),
        "revenu_imposable": plain.integer(_value(notice, "taxableIncome")),
        "impot_revenu_net": plain.integer(_value(notice, "taxAmount")),
    }
    if payload["revenu_fiscal_reference"] is None:
        return
    found.keep("fiscal.avis_ir", payload, holder=_source(notice, "referenceTaxIncome", "dgfip"), role="household")
    if None in (year, payload["nombre_parts"]):
        found.warn(sentences.MASKED)


def _student(block: Block, found: Found) -> None:
    student, grant = plain.yes_no(_value(block, "student")), plain.yes_no(_value(block, "scholarship"))
    starts, ends = plain.day(_value(block, "studentStartDate")), plain.last_day(_value(block, "studentEndDate"))[0]
    if student is not None:
        payload = {"date_debut": starts, "date_fin": ends, "est_inscrit": student}
        found.keep("etudes.inscription", payload, holder=_source(block, "student", "mesri_men"))
        if not (starts and ends):
            found.warn(sentences.MASKED)
    if grant is not None:
        payload = {"est_boursier": grant, "date_rentree": plain.day(_value(block, "scholarshipStartDate"))}
        found.keep("etudes.bourse", payload, holder=_source(block, "scholarship", "mesri_men"))


def _declarant(block: Block, name: str) -> str | None:
    person = _inner(block, name)
    return plain.joined(_value(person, "lastName") or _value(person, "birthName"), _value(person, "firstName"))


def _address(value: object) -> dict[str, Any]:
    """Build a postal address of AFNOR NF Z 10-011: street in line 4, postcode and town in line 6, often misplaced."""
    lines = [line for name in LINES if isinstance(value, dict) and (line := plain.text(value.get(name)))]
    place = next((line for line in lines if plain.POSTCODE_TOWN.fullmatch(line)), None)
    apart = (
        plain.address(street=value.get("line4") if isinstance(value, dict) else None, code_and_town=place)
        if place
        else {}
    )
    return {"lignes": lines, **apart} if lines else {}


def _inner(block: Block, name: str) -> Block:
    inner = block.get(name)
    return inner if isinstance(inner, dict) else {}


def _value(block: Block, name: str) -> Any:  # noqa: ANN401 - a field's value
    return _inner(block, name).get("value")


def _source(block: Block, name: str, otherwise: str) -> str:
    return SOURCES.get((plain.text(_inner(block, name).get("source")) or "").lower().replace(" ", ""), otherwise)


def _listed(block: Block, name: str) -> list[Block]:
    rows = block.get(name)
    return [row for row in rows[:MAX_NOTICES] if isinstance(row, dict)] if isinstance(rows, list) else []
