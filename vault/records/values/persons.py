"""The people of a vault: its resident and the household, from the types of identity, household and situation."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from vault import types
from vault.records.enums import Role
from vault.records.values.decrypted import Values
from vault.types import plausible
from vault.types.names import first_name, is_named, is_stand_in
from vault.types.plausible import Doubts, Member, first_day
from vault.types.spans import read_day

IDENTITY = "identite.pivot"
HOUSEHOLD = "foyer.composition"
SITUATION = "foyer.situation"
#: The fields that `persons` needs from the gate.
FIELDS = (
    *types.field_ids(
        IDENTITY, "family_name", "given_name", "given_name_array", "preferred_username", "birthdate", "gender"
    ),
    *types.field_ids(HOUSEHOLD, "allocataires", "enfants", "situation_familiale"),
)

#: The fields that `members` needs from the gate.
RELATED = (*FIELDS, *types.field_ids(SITUATION, "activite"))
RETIRED = "retraite"
#: The typed values that `find_doubts` compares with the household.
COMPARED = (f"{IDENTITY}#/birthdate", f"{SITUATION}#/activite")
#: Payloads by their type and the person they are about; the household is about the resident.
Payloads = Mapping[tuple[str, UUID], Mapping[str, Any]]


@dataclass(frozen=True)
class Person:
    """One person of a vault. `stand_in` has the words that stand for first names nobody gave: no civil status."""

    id: UUID
    role: str
    given_name: str
    family_name: str
    usage_name: str = ""
    birth_date: date | None = None
    gender: str = ""
    stand_in: str = ""

    @property
    def called(self) -> str:
        """Return how a page calls this person. No document does: “Mon conjoint” names nobody."""
        return self.given_name or self.stand_in

    @property
    def label(self) -> str:
        if self.role == Role.SELF:
            return _("Vous")
        age = self.age
        if age is None:
            return self.called
        return ngettext("%(name)s, %(age)s an", "%(name)s, %(age)s ans", age) % {"name": self.called, "age": age}

    @property
    def full_name(self) -> str:
        """Return the name by the civil status, as the vault has it; empty if it has none."""
        return f"{self.given_name} {self.usage_name or self.family_name}".strip()

    @property
    def age(self) -> int | None:
        if self.birth_date is None:
            return None
        today = timezone.localdate()
        return (
            today.year
            - self.birth_date.year
            - ((today.month, today.day) < (self.birth_date.month, self.birth_date.day))
        )

    def is_named(self, text: str) -> bool:
        return is_named(text, [self.family_name, self.usage_name], [self.given_name])


def persons(values: Values, *, resident_id: UUID) -> list[Person]:
    """Return the resident, then their partner, then the children. Their ids are the same in each read."""
    myself = _resident(values, resident_id)
    household = values.latest(HOUSEHOLD)
    if household is None:
        return [myself]
    adults = list(household.payload.get("allocataires") or [])
    own = _own_item(adults, myself)
    if own is not None and not myself.given_name:
        written = _member(own, Role.SELF, resident_id, known_id=resident_id)
        myself = replace(written, birth_date=written.birth_date or myself.birth_date)
    others = [_member(adult, Role.SPOUSE, resident_id) for adult in adults if adult is not own]
    children = [_member(child, Role.CHILD, resident_id) for child in household.payload.get("enfants") or []]
    return [myself, *others, *children]


def related_payloads(values: Values, *, resident_id: UUID) -> Payloads:
    """Return the current payloads that say who lives in a household, when they were born and what they do."""
    about = [(one, resident_id if one.type == HOUSEHOLD else one.person) for one in values]
    return {(one.type, person): one.payload for one, person in about if one.type in {IDENTITY, HOUSEHOLD, SITUATION}}


def members(payloads: Payloads, *, resident_id: UUID) -> list[Member]:
    """Return the people of a household whose birth is known, as `vault.types.plausible` compares them."""
    household = payloads.get((HOUSEHOLD, resident_id), {})
    adults, children = list(household.get("allocataires") or []), list(household.get("enfants") or [])
    own = _own_item(adults, _person_of(payloads.get((IDENTITY, resident_id), {}), resident_id))
    items = [*adults, *children] if own is not None else [{"id": str(resident_id)}, *adults, *children]
    found = []
    for item in items:
        person = resident_id if item is own else UUID(str(item.get("id") or derived_id(resident_id, item)))
        said = payloads.get((IDENTITY, person), {}).get("birthdate")
        born = first_day(said) or first_day(item.get("date_naissance"))
        if born is not None:
            retired = payloads.get((SITUATION, person), {}).get("activite") == RETIRED
            found.append(Member(born, is_child=any(item is one for one in children), is_retired=retired))
    return found


def find_doubts(
    payloads: Payloads,
    *,
    resident_id: UUID,
    place: tuple[str, UUID],
    name: str,
    value: Any,  # noqa: ANN401
) -> Doubts:
    """Return what one typed value makes impossible or odd among the people that the payloads know."""
    answered = {**payloads, place: {**payloads.get(place, {}), name: value}}
    return plausible.find_doubts(
        members(payloads, resident_id=resident_id), members(answered, resident_id=resident_id)
    )


def derived_id(resident_id: UUID, member: Mapping[str, Any]) -> UUID:
    """Return the id of a member who came without one. It stays the same while their first names and birth date do."""
    return uuid5(resident_id, f"{member.get('prenoms', '')}|{member.get('date_naissance', '')}")


def with_ids(payload: Mapping[str, Any], *, values: Values, resident_id: UUID) -> dict[str, Any]:
    """Return a household whose members all have an id; the resident's item has the resident's own."""
    adults = [dict(adult) for adult in payload.get("allocataires") or []]
    children = [dict(child) for child in payload.get("enfants") or []]
    own = _own_item(adults, _resident(values, resident_id))
    for member in [*adults, *children]:
        member.setdefault("id", str(resident_id if member is own else derived_id(resident_id, member)))
    return {**payload, "allocataires": adults, "enfants": children}


def _resident(values: Values, resident_id: UUID) -> Person:
    identity = values.latest(IDENTITY, resident_id)
    return _person_of(identity.payload if identity else {}, resident_id)


def _person_of(payload: Mapping[str, Any], resident_id: UUID) -> Person:
    return Person(
        id=resident_id,
        role=Role.SELF,
        given_name=payload.get("given_name", ""),
        family_name=payload.get("family_name", ""),
        usage_name=payload.get("preferred_username") or "",
        birth_date=read_day(payload.get("birthdate")),
        gender={"female": "F", "male": "M"}.get(payload.get("gender", ""), ""),
    )


def _own_item(adults: list[dict[str, Any]], myself: Person) -> dict[str, Any] | None:
    by_id = next((adult for adult in adults if adult.get("id") == str(myself.id)), None)
    named = next((adult for adult in adults if myself.family_name and myself.is_named(_written(adult))), None)
    return by_id or named or (adults[0] if adults and not myself.family_name else None)


def _written(member: Mapping[str, Any]) -> str:
    return f"{member.get('nom_naissance', '')} {member.get('prenoms', '')}"


def _member(member: Mapping[str, Any], role: str, resident_id: UUID, known_id: UUID | None = None) -> Person:
    written = first_name(member.get("prenoms"))
    own_id = UUID(member["id"]) if member.get("id") else derived_id(resident_id, member)
    return Person(
        id=known_id or own_id,
        role=role,
        given_name="" if is_stand_in(written) else written,
        family_name=member.get("nom_naissance", ""),
        usage_name=member.get("nom_usage") or "",
        birth_date=read_day(member.get("date_naissance")),
        gender=member.get("sexe") or "",
        stand_in=written if is_stand_in(written) else "",
    )
