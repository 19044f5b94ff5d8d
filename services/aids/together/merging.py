"""Merge a couple's values into one household. The partner's own records replace the values that the resident had
entered about them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from vault.records.enums import Role
from vault.records.values import persons
from vault.records.values.decrypted import Opened, Values

NOTICE = "fiscal.avis_ir"
FAMILY = "foyer.composition"


def merged(own: Values, theirs: Values, *, resident_id: UUID, partner_id: UUID, name: str) -> tuple[Values, UUID]:
    """Return the values to compute with, and the partner's id in that household."""
    people = persons.persons(own, resident_id=resident_id)
    spouse = next((person for person in people if person.role == Role.SPOUSE), None)
    spouse_id = spouse.id if spouse else partner_id
    names = {record.type: set[str]() for record in theirs}
    for record in theirs:
        names[record.type] |= set(record.payload)
    kept = [_without(record, names, spouse_id) for record in own]
    added = [
        replace(record, person=spouse_id, role=Role.SPOUSE)
        for record in theirs
        if record.type not in {NOTICE, "identite.pivot"}
    ]
    found = Values([*(record for record in kept if record is not None), *added, *_notices(own, theirs)])
    return _with_partner(found, theirs, resident_id=resident_id, spouse_id=spouse_id, name=name), spouse_id


def _without(record: Opened, names: Mapping[str, set[str]], spouse_id: UUID) -> Opened | None:
    """Remove the values that the partner shares. Values outside the agreement stay as the resident entered them."""
    if record.person != spouse_id or record.type not in names:
        return record
    payload = {name: value for name, value in record.payload.items() if name not in names[record.type]}
    return replace(record, payload=payload) if payload else None


def _notices(own: Values, theirs: Values) -> Sequence[Opened]:
    """Return the partner's notices of years without one; none if the partners are taxed separately."""
    if own.value(f"{FAMILY}#/imposition_separee"):
        return []
    years = {record.payload.get("annee_revenus") for record in own.of_type(NOTICE)}
    return [record for record in theirs.of_type(NOTICE) if record.payload.get("annee_revenus") not in years]


def _with_partner(values: Values, theirs: Values, *, resident_id: UUID, spouse_id: UUID, name: str) -> Values:
    """List the partner in the household, with their birth date if known. Without a composition record, the household
    stays unknown.
    """
    family = values.latest(FAMILY)
    if family is None:
        return values
    adults = [dict(adult) for adult in family.payload.get("allocataires") or []]
    known = theirs.value("identite.pivot#/birthdate")
    line = next((adult for adult in adults if _is(adult, resident_id, spouse_id)), None)
    if line is None:
        line = {"prenoms": name}
        adults.append(line)
    line["id"] = str(spouse_id)
    line["date_naissance"] = known or line.get("date_naissance")
    completed = replace(family, payload={**family.payload, "allocataires": adults})
    return Values([record if record is not family else completed for record in values])


def _is(adult: Mapping[str, Any], resident_id: UUID, spouse_id: UUID) -> bool:
    return spouse_id in {UUID(adult["id"]) if adult.get("id") else None, persons.derived_id(resident_id, adult)}
