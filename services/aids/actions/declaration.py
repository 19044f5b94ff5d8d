"""Read what the quarterly declaration should say. Nothing of it is kept: what the CAF filled in is typed and shown."""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_noop

from services.aids import prefilled
from vault.records import gate
from vault.records.values import persons
from vault.records.values.decrypted import Values

CHECK: Final = gettext_noop("Vérifier votre déclaration préremplie")


@dataclass(frozen=True, slots=True)
class Declaration:
    """The resident's incomes of the months that the declaration of `month` reads."""

    values: Values
    month: str
    person: UUID
    name: str

    @property
    def months(self) -> list[str]:
        return prefilled.months_of(self.month)


def read(*, resident_id: UUID, today: date | None = None) -> Declaration:
    """Return the incomes. Write one journal entry."""
    fields = [*prefilled.FIELDS, *persons.FIELDS]
    values = gate.read_own(resident_id=resident_id, purpose=CHECK, fields=fields)
    people = persons.persons(values, resident_id=resident_id)
    name = next((person.full_name for person in people if person.role == "self"), "")
    return Declaration(values, (today or timezone.localdate()).strftime("%Y-%m"), resident_id, name)
