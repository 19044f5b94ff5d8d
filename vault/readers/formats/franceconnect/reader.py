"""The claims (userinfo) of FranceConnect about a person who signs in.

A birth date may be `1992-11-00` or `1992-00-00`. The birth place is kept only for people born in France (country
99100).
"""

import re
from collections.abc import Mapping
from typing import Any

from vault.readers import sentences
from vault.readers.files import plain
from vault.readers.files.opening import guarded, json_has, json_of
from vault.readers.found import Found
from vault.readers.reading import Ask, Reading, Unreadable

FORMAT = "franceconnect"
VERSION = "1.0.0"
HOLDER = "FranceConnect"
FRANCE = "99100"
#: INSEE's code of a country.
COUNTRY = re.compile("[0-9]{5}")
GENDERS = {"female", "male"}
MAX_NAMES = 20


def recognises(data: bytes, ask: Ask) -> bool:
    return json_has(data, "given_name", "family_name") and json_has(
        data, "birthdate", "birthcountry", "birthplace", "idp_birthdate"
    )


@guarded
def read(data: bytes, ask: Ask) -> Reading:
    claims = json_of(data)
    if not isinstance(claims, dict):
        raise Unreadable("other_shape")
    found = Found(data, reader=FORMAT, version=VERSION, media_type="application/json", holder=HOLDER)
    identity, contact = pivot(claims), _contact(claims)
    if identity.keys() <= {"sub", "acr"}:
        raise Unreadable("no_data")
    partial = "-00" in identity.get("birthdate", "")
    found.keep("identite.pivot", identity, quality=["partial_date"] if partial else [])
    if contact:
        found.keep("identite.contact", contact)
    if partial:
        found.warn(sentences.PARTIAL_DATE)
    if not {"family_name", "given_name", "birthdate", "gender", "birthcountry"} <= identity.keys():
        found.warn(sentences.MASKED)
    return found.reading()


def pivot(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Return a payload of `identite.pivot`. Empty claims are left out."""
    country, gender = plain.text(claims.get("birthcountry")), plain.text(claims.get("gender"))
    names = claims.get("given_name_array")
    listed = [name for one in names[:MAX_NAMES] if (name := plain.text(one))] if isinstance(names, list) else []
    return plain.known(
        {
            "sub": plain.text(claims.get("sub")),
            "given_name": plain.text(claims.get("given_name")) or " ".join(listed) or None,
            "given_name_array": listed or None,
            "family_name": plain.text(claims.get("family_name")),
            "preferred_username": plain.text(claims.get("preferred_username")),
            "birthdate": plain.partial_day(claims.get("birthdate")) or plain.partial_day(claims.get("idp_birthdate")),
            "gender": gender if gender in GENDERS else None,
            "birthplace": plain.commune_code(claims.get("birthplace")) if country == FRANCE else None,
            "birthcountry": country if country and COUNTRY.fullmatch(country) else None,
            "acr": plain.text(claims.get("acr")),
        }
    )


def _contact(claims: Mapping[str, Any]) -> dict[str, Any]:
    return plain.known(
        {"email": plain.email(claims.get("email")), "telephone": plain.text(claims.get("phone_number"))}
    )
