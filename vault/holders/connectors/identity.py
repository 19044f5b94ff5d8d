"""Check that a holder's answer is about the resident, in case the holder confuses two people."""

from collections.abc import Iterable, Mapping
from typing import Any

from vault.holders.connectors.frame import Civil
from vault.types.names import is_named


def civil(pivot: Mapping[str, Any]) -> Civil | None:
    """Return the civil status in a payload of `identite.pivot`; None if a name or the birth date is missing."""
    given = pivot.get("given_name_array") or str(pivot.get("given_name") or "").split()
    if not (pivot.get("family_name") and given and pivot.get("birthdate")):
        return None
    return Civil(
        family_name=str(pivot["family_name"]),
        given_names=[str(one) for one in given],
        birthdate=str(pivot["birthdate"]),
        gender=str(pivot.get("gender") or ""),
        usage_name=str(pivot.get("preferred_username") or ""),
        birthplace=str(pivot.get("birthplace") or ""),
        birthcountry=str(pivot.get("birthcountry") or ""),
    )


def is_among(person: Civil, names: Iterable[str]) -> bool:
    """Return True if one of the names is the person's.

    One typing error, accents and hyphens are ignored. A family name alone does not match.
    """
    families = [person.family_name, person.usage_name]
    return any(is_named(name, families, person.given_names) for name in names)
