"""What the city's rules may read of a household and its people: the facts of the table, read from the vault's values.

A fact that the vault does not give is `None`. `undecided` has, for a fact that is a list, the values that may still be
true besides those listed: a rule that names one of them is neither met nor refused by the list.
"""

from typing import Any

from services.aids.facts.from_vault import Read
from services.aids.household import Household, Person
from services.aids.local.conditions import FACTS
from services.aids.local.conditions.kinds import Facts, Known


def household_facts(read: Read, commune: str) -> dict[str, Any]:
    household = read.household
    return _read(
        Known(
            household=household,
            person=household.applicant,
            commune=commune,
            quotient=read.quotient,
            postcode=_postcode(read, commune),
            facts={"undecided": {}},
        ),
        of_person=False,
    )


def person_facts(person: Person, household: Household, base: Facts) -> dict[str, Any]:
    """Return the facts of a person, with those of the household, which `base` has."""
    return _read(
        Known(
            household=household,
            person=person,
            commune=base["commune"] or "",
            quotient=base["qf"],
            postcode=base["postcode"],
            facts=base,
        ),
        of_person=True,
    )


def _read(known: Known, *, of_person: bool) -> dict[str, Any]:
    facts = [fact for fact in FACTS.values() if fact.read and fact.of_person == of_person]
    undecided = {fact.name: fact.undecided(known) for fact in facts if fact.undecided}
    return {
        **known.facts,
        **{fact.name: fact.read(known) for fact in facts if fact.read},
        "undecided": {**known.facts["undecided"], **undecided},
    }


def _postcode(read: Read, commune: str) -> str | None:
    """Return the postcode of the home's address, if that address is in this commune."""
    home = read.source("housing")
    address = (home.payload.get("adresse") or {}) if home else {}
    return address.get("code_postal") if address.get("cog") in {commune, None} else None
